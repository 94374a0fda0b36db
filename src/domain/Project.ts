/**
 * Resolves a folder to its project. The write path and the read path share `resolve`.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { idOf } from "./Ids.ts"

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

/** A remote on this machine: sharing it does not make two clones one project. */
const LOCAL_REMOTE = /^(?:[/\\.~]|file:|[a-z]:[/\\])/i

/**
 * Reduces "git@github.com:a/b.git" and "https://user:token@github.com/a/b" to "github.com/a/b"; keeps no credentials.
 */
export const normalizeRemote = (url: string): string | undefined => {
  const address = url.trim().replace(/^"(.*)"$/, "$1")
  if (LOCAL_REMOTE.test(address)) return undefined
  const bare = address.replace(/^[a-z+]+:\/\//i, "")
  // A password may hold any character, "/" and "@" too.
  const at = bare.lastIndexOf("@")
  const hostAndPath = at >= 0 && /:|^[^/]*$/.test(bare.slice(0, at)) ? bare.slice(at + 1) : bare
  const match = /^([^:/\s]+)(?::\d+(?=\/))?[:/]\/*(.+?)(?:\.git)?\/*$/.exec(hostAndPath.replace(/[?#].*$/s, ""))
  return match === null ? undefined : `${match[1]!.toLowerCase()}/${match[2]!}`
}

/** Common folders of worktrees inside their repository: a deleted worktree resolves to the repository. */
const WORKTREE = /[\\/](?:\.claude[\\/])?\.?worktrees[\\/].*$/

const originUrl = (config: string): string | undefined => {
  let inOrigin = false
  for (const line of config.split(/\r?\n/)) {
    const section = /^\s*\[(.*)\]/.exec(line)
    if (section !== null) inOrigin = /^remote\s+"origin"$/i.test(section[1]!.trim())
    const url = inOrigin ? /^\s*url\s*=\s*(.+)$/i.exec(line) : null
    if (url !== null) return url[1]
  }
  return undefined
}

const makeProject = (key: string, name: string, root: string): Project => ({
  id: idOf("project", key),
  name,
  root,
  key
})

interface Repository {
  /** File that names the branch of this worktree. */
  readonly head: string
  /** Folder that holds `config`. */
  readonly common: string
  /** Folder of the main worktree, shared by all worktrees; of a bare repository, the repository itself. */
  readonly root: string
  /** Folder of the worktree that holds the `.git` entry. */
  readonly directory: string
}

/** Returns the repository of a `.git` entry: a folder, or a worktree's or submodule's file that points to one. */
const repositoryOf = (dotGit: string): Effect.Effect<Repository, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const directory = path.dirname(dotGit)
    const pointer = yield* read(dotGit)
    const gitdir = Option.flatMap(
      pointer,
      (text) => Option.fromNullable(/^gitdir:\s*(.+)$/m.exec(text)?.[1]?.trim())
    )
    if (Option.isNone(gitdir)) return { head: path.join(dotGit, "HEAD"), common: dotGit, root: directory, directory }
    const own = path.resolve(directory, gitdir.value)
    const head = path.join(own, "HEAD")
    const shared = yield* read(path.join(own, "commondir"))
    if (Option.isNone(shared)) return { head, common: own, root: directory, directory }
    const common = path.resolve(own, shared.value.trim())
    return { head, common, root: path.basename(common) === ".git" ? path.dirname(common) : common, directory }
  })

const read = (file: string) => Effect.option(Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)))

/** Returns the folder's real path and the repository around it. */
const locate = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const start = yield* fs.realPath(folder).pipe(
      Effect.orElseSucceed(() => path.normalize(folder.replace(WORKTREE, "")))
    )
    for (let directory = start;; directory = path.dirname(directory)) {
      const dotGit = path.join(directory, ".git")
      if (yield* Effect.orElseSucceed(fs.exists(dotGit), () => false)) {
        return { start, repository: yield* repositoryOf(dotGit) }
      }
      if (path.dirname(directory) === directory) return { start, repository: undefined }
    }
  })

/** Returns the branch that is checked out in a folder; nothing outside a repository, or when no branch is. */
export const branchOf = (
  folder: string
): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const { repository } = yield* locate(folder)
    const head = repository === undefined ? Option.none() : yield* read(repository.head)
    return Option.flatMap(head, (text) => Option.fromNullable(/^ref: refs\/heads\/(.+)$/m.exec(text)?.[1]?.trim()))
  })

/** Returns the folder by which Claude Code names a project, and the folder of the project's personal settings. */
export const rootsOf = (folder: string) =>
  Effect.map(locate(folder), ({ repository, start }) => ({
    root: repository?.root ?? start,
    settings: repository === undefined
      ? start
      : repository.root === repository.common
      ? repository.directory
      : repository.root
  }))

/**
 * Resolves a folder to its project. Reads git's own files and never runs git. Worktrees resolve to their common
 * directory, clones of one remote to one project. A folder that is gone, or that may not be read, is a project by its
 * path. Never fails.
 */
export const resolve = (folder: string): Effect.Effect<Project, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const { repository, start } = yield* locate(folder)
    if (repository === undefined) return makeProject(`path:${start}`, path.basename(start) || start, start)
    const { common, directory, root } = repository
    const config = yield* read(path.join(common, "config"))
    const remote = Option.flatMap(config, (text) => Option.fromNullable(originUrl(text))).pipe(
      Option.flatMap((url) => Option.fromNullable(normalizeRemote(url)))
    )
    return Option.isSome(remote)
      ? makeProject(`remote:${remote.value}`, path.basename(remote.value), directory)
      : makeProject(`path:${root}`, path.basename(root), root)
  })
