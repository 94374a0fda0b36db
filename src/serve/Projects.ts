/**
 * Projects by what they are called, and what a person may say of them.
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
  /** `Same`: a project is to be merged into itself. `Several`: more than one is called so. */
  reason: Schema.Literal("Same", "Several"),
  name: Schema.String,
  /** Of those that are called so. */
  folders: Schema.Array(Schema.String)
}) {
  override get message() {
    return this.reason === "Same"
      ? `${this.name} can't be merged into itself; nothing was changed`
      : `several projects are called ${this.name}; say which by its folder: ${this.folders.join(", ")}`
  }
}

/** The project of a folder; what it was merged into, if it was. */
export const of = (folder: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const resolved = yield* Project.resolve(folder)
    return Project.knownAs(yield* store.projects, resolved.id) ?? resolved
  })

/** Those called so (by name, id or root folder), else those that one called so was merged into. */
export const named = (names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const projects = yield* Effect.flatMap(MemoryStore, (store) => store.projects)
    const isCalled = (name: string) => (project: Project.Project) =>
      project.name === name || project.id === name || project.root === name
    return (yield* Effect.forEach(names, (name) => {
      const own = projects.filter(isCalled(name))
      const found = own.length > 0 ? own : projects.filter(({ merged }) => merged.some(isCalled(name)))
      return found.length > 0
        ? Effect.succeed(found)
        : Effect.fail(new NotFound({ what: "project", name, known: projects.map((project) => project.name) }))
    })).flat()
  })

/** The one called so, or that a folder belongs to, also when nothing is remembered of that yet. */
export const find = (name: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.catchTag(named([name]), "NotFound", (error) =>
      Effect.gen(function*() {
        const isThere = yield* Effect.orElseSucceed(fs.exists(name), () => false)
        return isThere ? [yield* of(name)] : yield* error
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
