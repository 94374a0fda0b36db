/**
 * Finds projects by name, id or folder, and merges, renames and excludes them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Project from "../domain/Project.ts"
import * as Pipeline from "../Pipeline.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { NotFound } from "./NotFound.ts"

export class ProjectError extends Schema.TaggedError<ProjectError>()("ProjectError", {
  /** `Same`: merging a project into itself. `Several`: more than one project has this name. */
  reason: Schema.Literal("Same", "Several"),
  name: Schema.String,
  /** Root folders of the projects with this name. */
  folders: Schema.Array(Schema.String)
}) {
  override get message() {
    return this.reason === "Same"
      ? `${this.name} can't be merged into itself; nothing was changed`
      : `several projects are called ${this.name}; say which by its folder: ${this.folders.join(", ")}`
  }
}

/** Returns the project of a folder, or the project that it was merged into. */
export const byFolder = (folder: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const resolved = yield* Project.resolve(folder)
    return Project.findById(yield* store.projects, resolved.id) ?? resolved
  })

/**
 * Returns the projects with these names, ids or root folders. A name that only merged projects have stands for those
 * that they were merged into.
 */
export const byName = (names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const projects = yield* Effect.flatMap(MemoryStore, (store) => store.projects)
    const matches = (name: string) => (project: Project.Project) =>
      project.name === name || project.id === name || project.root === name
    return (yield* Effect.forEach(names, (name) => {
      const own = projects.filter(matches(name))
      const found = own.length > 0 ? own : projects.filter(({ merged }) => merged.some(matches(name)))
      return found.length > 0
        ? Effect.succeed(found)
        : Effect.fail(new NotFound({ what: "project", name, known: projects.map((project) => project.name) }))
    })).flat()
  })

/** Returns the one project with this name, or else the project of this folder, even if it has no memories yet. */
export const find = (name: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.catchTag(byName([name]), "NotFound", (error) =>
      Effect.gen(function*() {
        const isThere = yield* Effect.orElseSucceed(fs.exists(name), () => false)
        return isThere ? [yield* byFolder(name)] : yield* error
      }))
    if (found.length === 1) return found[0]!
    return yield* new ProjectError({ reason: "Several", name, folders: found.map(({ root }) => root) })
  })

export const merge = (from: string, into: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const [a, b] = [yield* find(from), yield* find(into)]
    if (a.id === b.id) return yield* new ProjectError({ reason: "Same", name: from, folders: [] })
    yield* store.mergeProjects(a, b)
    yield* Stream.runDrain(Pipeline.catchUp)
    return b
  })

export const rename = (project: string, name: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const found = yield* find(project)
    yield* store.renameProject(found.id, name)
    return { ...found, name }
  })

export const exclude = (project: string, isExcluded: boolean) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    return yield* Effect.tap(find(project), (found) => store.excludeProject(found, isExcluded))
  })
