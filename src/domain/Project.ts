/**
 * Resolves a folder to its project. The write path and the read path share `resolve`.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { idOf } from "./Ids.ts"
import {
  type Ask,
  type Asking,
  branchIn,
  identityOf,
  keyToday,
  locate,
  MAX_TEXT,
  type Place,
  rootsIn,
  withDrive
} from "./ProjectFiles.ts"

export {
  differing,
  findById,
  finderOf,
  idsOf,
  includedIds,
  resolveForInjection,
  resolveRequested
} from "./KnownProjects.ts"
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

/** Most characters of a project's name. */
export const MAX_NAME = 100

/** Answers the questions of ProjectFiles.ts by the file system. */
export const answering = <A>(asking: Asking<A>): Effect.Effect<A, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const textOf = (path: string) =>
      Effect.flatMap(fs.stat(path), ({ size, type }) =>
        Effect.map(
          Effect.when(fs.readFileString(path), () => type === "File" && size <= MAX_TEXT),
          Option.getOrUndefined
        ))
    const answer = ({ of, path }: Ask) =>
      of === "exists"
        ? Effect.map(Effect.orElseSucceed(fs.exists(path), () => false), (isThere) => isThere ? path : undefined)
        : Effect.orElseSucceed(of === "read" ? textOf(path) : fs.realPath(path), () => undefined)
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

/** Returns the project of a place. */
export const at = (place: Place): Effect.Effect<Project, never, FileSystem.FileSystem> =>
  Effect.map(answering(identityOf(place)), ({ key, name, root }) => ({ id: idOf("project", key), name, root, key }))

/** Returns a project as its folders resolve today, under another id where an earlier version wrote its key otherwise. */
export const today = ({ id, key, name, root }: Project): Project => {
  const now = keyToday(key)
  return { id: now === key ? id : idOf("project", now), name, root: withDrive(root), key: now }
}

/**
 * Resolves a folder to its project. Reads git's own files and never runs git. Worktrees resolve to their common
 * directory, clones of one remote to one project. A folder that is gone is a project by its path, unless a repository is
 * around it, and so is one that may not be read. Never fails.
 */
export const resolve = (folder: string): Effect.Effect<Project, never, FileSystem.FileSystem> =>
  Effect.flatMap(answering(locate(folder)), at)
