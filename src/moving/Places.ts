/**
 * Finds the project of ours that a foreign project is: by its name, by the folder that its files lie in, or else one of its own.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { makeProjectOf } from "../capture/Exclude.ts"
import { maskTexts } from "../capture/redact/Masking.ts"
import { idOf } from "../domain/Ids.ts"
import * as Project from "../domain/Project.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { isAbsolute } from "./Fields.ts"
import type { ForeignProject, Source } from "./ForeignMemory.ts"

/** Where the records of a foreign project go. */
export interface Placed {
  /** Its name there. */
  readonly name: string
  readonly project: Project.Project
  /** `known`: a project of ours has the name. `folder`: found by its folder. `own`: made for it. */
  readonly how: "known" | "folder" | "own"
  /** True when the settings or the person keep this project from being captured, so that nothing is brought into it. */
  readonly isExcluded: boolean
}

/** Longest name of a project, in characters. */
const MAX_NAME = 200

/** Returns a project for what has no other: it is called as it was there. Its root names the source, since there is no folder. */
export const ownProject = (source: Source, name: string): Project.Project => {
  const called = name.replace(/\s+/g, " ").trim().slice(0, MAX_NAME).replace(/[\ud800-\udbff]$/, "") || source
  const key = `${source}:${name}`
  return { id: idOf("project", key), name: called, root: `${source}:${called}`, key }
}

/** Returns the names to look for: of a worktree, which claude-mem calls REPOSITORY/WORKTREE, the repository's too. */
export const namesOf = (name: string): ReadonlyArray<string> => {
  const [repository = ""] = name.split("/")
  return repository === "" || repository === name ? [name] : [name, repository]
}

/** Returns the one project of ours with this name, a merged one's too; of several, the one in whose folder the files lie. */
export const byName = (
  known: ReadonlyArray<Project.KnownProject>,
  name: string,
  paths: ReadonlyArray<string>
): Project.KnownProject | undefined => {
  const isCalled = (project: Project.Project) => project.name.toLowerCase() === name.toLowerCase()
  const found = known.filter((project) => isCalled(project) || project.merged.some(isCalled))
  if (found.length < 2) return found[0]
  const holding = found.filter(({ merged, root }) =>
    [root, ...merged.map((other) => other.root)].some((folder) =>
      paths.some((path) => path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`))
    )
  )
  return holding.length === 1 ? holding[0] : undefined
}

/** Returns the folders of this name in which the files lie: /home/mei/work/shop for shop and /home/mei/work/shop/src/a.ts. */
export const foldersCalled = (name: string, paths: ReadonlyArray<string>): ReadonlyArray<string> => {
  const folders = new Set<string>()
  for (const path of paths.filter(isAbsolute)) {
    const parts = path.split(/([\\/])/)
    // Separators stand at the odd places; the last part is the file.
    const at = parts.findIndex((part, i) => i % 2 === 0 && i < parts.length - 1 && part === name)
    if (at > 0) folders.add(parts.slice(0, at + 1).join(""))
  }
  return [...folders]
}

/** Makes a function that places foreign projects among those that are known now. */
export const makePlace = (source: Source) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const store = yield* MemoryStore
    const projectOf = yield* makeProjectOf
    const all = yield* store.projects
    // What an earlier run made has the name too.
    const known = all.filter(({ key }) => !key.startsWith(`${source}:`))
    return ({ files, folders, name }: ForeignProject) =>
      Effect.gen(function*() {
        const names = namesOf(name)
        for (const each of names) {
          const project = byName(known, each, [...folders, ...files])
          if (project !== undefined) {
            const placed: Placed = { name, project, how: "known", isExcluded: project.isExcluded }
            return placed
          }
        }
        const called = folders.length > 0 ? folders : names.flatMap((each) => foldersCalled(each, files))
        const there = yield* Effect.filter([...new Set(called)], (folder) =>
          Effect.orElseSucceed(
            Effect.map(fs.stat(folder), ({ type }) => type === "Directory"),
            () => false
          ))
        if (there.length === 1) {
          const resolved = yield* Project.resolve(there[0]!)
          const isExcluded = Option.isNone(yield* projectOf(there[0]!))
          const project = Project.findById(all, resolved.id) ?? resolved
          const placed: Placed = { name, project, how: "folder", isExcluded }
          return placed
        }
        const [maskedName = ""] = yield* maskTexts([name])
        const own = ownProject(source, maskedName)
        const before = Project.findById(all, own.id)
        const placed: Placed = {
          name,
          project: before ?? own,
          how: "own",
          isExcluded: before?.isExcluded === true
        }
        return placed
      })
  })
