/**
 * Finds projects by name, id or folder, and merges, splits, renames and excludes them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isAbsolute, resolve, win32 } from "node:path"
import { makeProjectOf } from "../capture/Exclude.ts"
import * as Project from "../domain/Project.ts"
import { withDrive } from "../domain/ProjectFiles.ts"
import { labelsOf } from "../domain/ProjectLabels.ts"
import * as Pipeline from "../Pipeline.ts"
import { quoted } from "../process/Advice.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { afterwards } from "./Afterwards.ts"
import { InvalidRequest } from "./InvalidRequest.ts"
import { NotFound } from "./NotFound.ts"

/** Stands for all projects in requests. */
const ALL = "all"

export class ProjectError extends Schema.TaggedError<ProjectError>()("ProjectError", {
  /**
   * `Excluded`: merging an excluded project into one that is not. `Name`: a new name that is none. `Same`: merging a project into itself. `Several`: more
   * than one project has this name. `Single`: splitting a project that is not merged into another. `Taken`: a new name that stands for another project, or
   * for all.
   */
  reason: Schema.Literal("Excluded", "Name", "Same", "Several", "Single", "Taken"),
  project: Schema.String,
  /** Root folders of the projects with this name. */
  folders: Schema.Array(Schema.String)
}) {
  override get message() {
    switch (this.reason) {
      case "Excluded":
        return `${this.project} is excluded, and what it is merged into is not; include it first, or exclude both; ` +
          "nothing was changed"
      case "Name":
        return `a project's name has 1 to ${Project.MAX_NAME} characters on one line, and none that can't be seen; ` +
          "nothing was changed"
      case "Same":
        return `${this.project} can't be merged into itself; nothing was changed`
      case "Several":
        return `several projects are called ${this.project}; say which by its folder: ${this.folders.join(", ")}`
      case "Taken":
        return `${this.project} stands for ${this.project === ALL ? "all projects" : "another project"}, and would ` +
          "lead there; nothing was changed, give another name"
      case "Single":
        return this.folders.length === 0
          ? `${this.project} is not merged into another project, so there is nothing to split`
          : `${this.project} is not merged into another project; those that are merged into it: ${
            this.folders.join(", ")
          }`
    }
  }
}

/**
 * Returns the project of a folder, a relative one being one of this process's, or the project that it was merged into; until it is known,
 * the one that goes by its path.
 */
export const byFolder = (folder: string) =>
  Effect.gen(function*() {
    const known = yield* Effect.flatMap(MemoryStore, (store) => store.projects)
    const resolved = yield* Project.resolve(win32.isAbsolute(folder) ? folder : resolve(folder))
    return Project.findById(known, resolved.id) ??
      known.find(({ key }) => key === `path:${resolved.root}`) ?? resolved
  })

const matching = (name: string) => ({ id, name: own, root }: Project.Project): boolean =>
  own === name || id === name || root === withDrive(name)

/**
 * Returns the projects with these names, also as lists tell projects of one name apart, ids or root folders. A name that only merged projects have stands for those
 * that they were merged into.
 */
export const byName = (names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const projects = yield* Effect.flatMap(MemoryStore, (store) => store.projects)
    const labels = labelsOf(projects)
    return (yield* Effect.forEach(names, (name) => {
      const ways = [
        projects.filter(matching(name)),
        projects.filter(({ id }) => labels.get(id) === name),
        projects.filter(({ merged }) => merged.some(matching(name)))
      ]
      const found = ways.find((projects) => projects.length > 0)
      return found !== undefined
        ? Effect.succeed(found)
        : Effect.fail(new NotFound({ what: "project", asked: name, known: [...labels.values()] }))
    })).flat()
  })

/** Returns the one project that was found under a name; fails when there are several. */
export const singleOf = (name: string, found: ReadonlyArray<Project.Project>) =>
  found.length === 1
    ? Effect.succeed(found[0]!)
    : Effect.fail(new ProjectError({ reason: "Several", project: name, folders: found.map(({ root }) => root) }))

/** Returns the one project with this name, or else the project of this folder, even if it has no memories yet. */
export const find = (name: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.catchTag(byName([name]), "NotFound", (error) =>
      Effect.gen(function*() {
        const isThere = yield* Effect.orElseSucceed(fs.exists(name), () => false)
        return isThere ? [yield* byFolder(resolve(name))] : yield* error
      }))
    return yield* singleOf(name, found)
  })

/**
 * Returns the projects with these names, of which the last may be the folder of another: then it is what that folder is today, a project
 * that may not be known yet.
 */
const findEach = (names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const found = yield* Effect.forEach(names, find)
    const last = found.at(-1)
    const isTwice = last !== undefined && found.slice(0, -1).some(({ id }) => id === last.id)
    if (!isTwice || !isAbsolute(names.at(-1)!)) return found
    const known = yield* Effect.flatMap(MemoryStore, (store) => store.projects)
    const now = yield* Project.resolve(names.at(-1)!)
    return [...found.slice(0, -1), Project.findById(known, now.id) ?? now]
  })

/** A project into which others were merged. */
export interface Merged extends Project.Project {
  /** Numbers of the merges, for `undo`. */
  readonly operations: ReadonlyArray<number>
}

/** Merges projects into another: all of them, or none where one is not known. */
export const merge = (from: ReadonlyArray<string>, into: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const all = yield* findEach([...from, into])
    const others = all.slice(0, -1)
    const target = all.at(-1)!
    const same = others.findIndex(({ id }) => id === target.id)
    if (same >= 0) return yield* new ProjectError({ reason: "Same", project: from[same]!, folders: [] })
    const known = yield* store.projects
    const isExcluded = ({ id }: Project.Project) => Project.findById(known, id)?.isExcluded === true
    const excluded = isExcluded(target) ? -1 : others.findIndex(isExcluded)
    if (excluded >= 0) return yield* new ProjectError({ reason: "Excluded", project: from[excluded]!, folders: [] })
    const operations: Array<number> = []
    for (const other of others) {
      const operation = yield* store.mergeProjects(other, target)
      if (operation !== null) operations.push(operation)
    }
    yield* afterwards(Pipeline.catchUp)
    return { ...target, operations } satisfies Merged
  })

/** Returns the one merged project with this name, id or root folder, and the project that it is merged into. */
const findMerged = (name: string) =>
  Effect.gen(function*() {
    const known = yield* Effect.flatMap(MemoryStore, (store) => store.projects)
    const found = known.flatMap((into) => into.merged.filter(matching(name)).map((project) => ({ project, into })))
    if (found.length === 1) return found[0]!
    return yield* found.length > 1
      ? new ProjectError({ reason: "Several", project: name, folders: found.map(({ project }) => project.root) })
      : Effect.flatMap(byName([name]), ([project]) =>
        new ProjectError({
          reason: "Single",
          project: name,
          folders: project?.merged.map(({ root }) => root) ?? []
        }))
  })

/** Undoes merges: of all these projects, or of none where one is not merged. Returns what each was merged into. */
export const split = (projects: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const found = yield* Effect.forEach(projects, findMerged)
    for (const { project } of found) yield* store.splitProject(project.id)
    yield* afterwards(Pipeline.catchUp)
    return found
  })

/** Records that each two of these projects are different, so that nobody is asked about them again. */
export const setDifferent = (projects: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const found = yield* findEach(projects)
    yield* store.setDifferent(found.map(({ id }) => id))
    return found
  })

/** Breaks of lines and other controls. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u
/** Any character that can be seen. */
const VISIBLE = /[^\p{Cf}\p{Default_Ignorable_Code_Point}\p{Z}]/u

/** Returns a new name without the blanks around it; fails where it can be no project's name. */
export const checkName = (name: string) => {
  const trimmed = name.trim()
  return !VISIBLE.test(trimmed) || CONTROL.test(trimmed) || [...trimmed].length > Project.MAX_NAME
    ? Effect.fail(new ProjectError({ reason: "Name", project: name, folders: [] }))
    : trimmed === ALL
    ? Effect.fail(new ProjectError({ reason: "Taken", project: trimmed, folders: [] }))
    : Effect.succeed(trimmed)
}

/** Gives a project another name, without the blanks around it. */
export const rename = (project: string, name: string) =>
  Effect.gen(function*() {
    const trimmed = yield* checkName(name)
    const store = yield* MemoryStore
    const found = yield* find(project)
    const others = (yield* store.projects).filter(({ id }) => id !== found.id)
    const isTaken = others.some((other) =>
      [other, ...other.merged].some(({ id, root }) => id === trimmed || root === trimmed)
    )
    if (isTaken) return yield* new ProjectError({ reason: "Taken", project: trimmed, folders: [] })
    yield* store.renameProject(found.id, trimmed)
    return { ...found, name: trimmed }
  })

export const exclude = (project: string, isExcluded: boolean) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    return yield* Effect.tap(find(project), (found) => store.excludeProject(found, isExcluded))
  })

/** Says why nothing is kept of a project, known by this name and this folder. */
export const excluded = (name: string, folder: string) =>
  new InvalidRequest({
    detail: `${name} is excluded, and nothing of it is kept; \`claude-memory projects include ${
      quoted(folder)
    }\` ends that, or CLAUDE_MEMORY_EXCLUDE_PATHS without its folder`
  })

/** Refuses what is to be kept of a project, in this folder, that is excluded: nothing of it is kept. */
export const mustBeIncluded = (project: Project.Project, folder: string) =>
  Effect.gen(function*() {
    const known = Project.findById(yield* Effect.flatMap(MemoryStore, (store) => store.projects), project.id)
    const projectOf = yield* makeProjectOf
    if (known?.isExcluded === true || Option.isNone(yield* projectOf(folder))) {
      return yield* excluded(project.name, project.root)
    }
  })
