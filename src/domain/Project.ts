/**
 * Resolves a folder to its project. The write path and the read path share `resolve`.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { idOf } from "./Ids.ts"
import { type Ask, type Asking, branchIn, identityOf, locate, rootsIn } from "./ProjectFiles.ts"

export { normalizeRemote } from "./ProjectFiles.ts"

/** Folders with the same `key` are one project: the remote's address, else the repository's or folder's real path. */
export interface Project {
  readonly id: string
  readonly name: string
  readonly root: string
  readonly key: string
}

/** A project that has memories, or that is excluded. */
export interface KnownProject extends Project {
  /** Its transcripts are not read, and its memories are returned only to a request that names the project. */
  readonly isExcluded: boolean
  /** Projects merged into this one, which holds their memories. */
  readonly merged: ReadonlyArray<Project>
}

/** Finds a project by its own id, or by that of a project merged into it. */
export const findById = (known: ReadonlyArray<KnownProject>, id: string): KnownProject | undefined =>
  known.find((project) => project.id === id || project.merged.some((other) => other.id === id))

/** Returns the ids of the projects that are not excluded. */
export const includedIds = (known: ReadonlyArray<KnownProject>): ReadonlyArray<string> =>
  known.filter(({ isExcluded }) => !isExcluded).map(({ id }) => id)

/**
 * Resolves requested ids to those under which memories are stored. "all" means every project that is not excluded; an
 * excluded project must be named.
 */
export const resolveRequested = (
  known: ReadonlyArray<KnownProject>,
  projects: "all" | ReadonlyArray<string>
): "all" | ReadonlyArray<string> =>
  projects !== "all"
    ? [...new Set(projects.map((id) => findById(known, id)?.id ?? id))]
    : known.some(({ isExcluded }) => isExcluded)
    ? includedIds(known)
    : "all"

/** Resolves ids like `resolveRequested`, but leaves out excluded projects: for injections, which nobody requested. */
export const resolveForInjection = (
  known: ReadonlyArray<KnownProject>,
  projects: "all" | ReadonlyArray<string>
): "all" | ReadonlyArray<string> => {
  const ids = resolveRequested(known, projects)
  return ids === "all" ? ids : ids.filter((id) => findById(known, id)?.isExcluded !== true)
}

/** Answers the questions of ProjectFiles.ts by the file system. */
export const answering = <A>(asking: Asking<A>): Effect.Effect<A, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const answer = ({ of, path }: Ask) =>
      of === "exists"
        ? Effect.map(Effect.orElseSucceed(fs.exists(path), () => false), (isThere) => isThere ? path : undefined)
        : Effect.orElseSucceed(of === "read" ? fs.readFileString(path) : fs.realPath(path), () => undefined)
    let step = asking.next()
    while (step.done !== true) step = asking.next(yield* answer(step.value))
    return step.value
  })

/** Returns the branch that is checked out in a folder; nothing outside a repository, or when no branch is. */
export const branchOf = (folder: string): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  Effect.map(
    Effect.flatMap(answering(locate(folder)), (place) => answering(branchIn(place))),
    Option.fromNullable
  )

/** Returns the folder by which Claude Code names a project, and the folder of the project's personal settings. */
export const rootsOf = (folder: string) => Effect.map(answering(locate(folder)), rootsIn)

/**
 * Resolves a folder to its project. Reads git's own files and never runs git. Worktrees resolve to their common
 * directory, clones of one remote to one project. A folder that is gone, or that may not be read, is a project by its
 * path. Never fails.
 */
export const resolve = (folder: string): Effect.Effect<Project, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const place = yield* answering(locate(folder))
    const { key, name, root } = yield* answering(identityOf(place))
    return { id: idOf("project", key), name, root, key }
  })
