/**
 * Which project a folder belongs to. The write path and the read path both ask this one function.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { idOf } from "./Ids.ts"

/** `key` is what makes two folders one project: the remote's address, else the repository's or folder's real path. */
export interface Project {
  readonly id: string
  readonly name: string
  readonly root: string
  readonly key: string
}

/** A project that something is remembered of, or of which nothing is to be. */
export interface KnownProject extends Project {
  /** Its transcripts are not read, and its memories are given to nobody but those who ask for it. */
  readonly isExcluded: boolean
  /** What was merged into it: their memories are its own. */
  readonly merged: ReadonlyArray<Project>
}

/** The one that an id stands for, its own or that of one merged into it. */
export const knownAs = (known: ReadonlyArray<KnownProject>, id: string): KnownProject | undefined =>
  known.find((project) => project.id === id || project.merged.some((other) => other.id === id))

/** Ids of those that are not excluded. */
export const included = (known: ReadonlyArray<KnownProject>): ReadonlyArray<string> =>
  known.filter(({ isExcluded }) => !isExcluded).map(({ id }) => id)

/** Ids as those that memories are kept under, for those who ask for them; "all" is every project but those that are excluded. */
export const asked = (
  known: ReadonlyArray<KnownProject>,
  projects: "all" | ReadonlyArray<string>
): "all" | ReadonlyArray<string> =>
  projects !== "all"
    ? [...new Set(projects.map((id) => knownAs(known, id)?.id ?? id))]
    : known.some(({ isExcluded }) => isExcluded)
    ? included(known)
    : "all"

/** The same without any that is excluded, for what is given to somebody who did not ask. */
export const unasked = (
  known: ReadonlyArray<KnownProject>,
  projects: "all" | ReadonlyArray<string>
): "all" | ReadonlyArray<string> => {
  const ids = asked(known, projects)
  return ids === "all" ? ids : ids.filter((id) => knownAs(known, id)?.isExcluded !== true)
}

/** A folder on this machine, which makes no two clones one project. */
const LOCAL = /^(?:[/\\.~]|file:|[a-z]:[/\\])/i

/** "git@github.com:a/b.git" and "https://user:token@github.com/a/b" both give "github.com/a/b"; nothing else is kept. */
export const normalizeRemote = (url: string): string | undefined => {
  const address = url.trim().replace(/^"(.*)"$/, "$1")
  if (LOCAL.test(address)) return undefined
  const bare = address.replace(/^[a-z+]+:\/\//i, "")
  // A password may hold any character, "/" and "@" too.
  const at = bare.lastIndexOf("@")
  const place = at >= 0 && /:|^[^/]*$/.test(bare.slice(0, at)) ? bare.slice(at + 1) : bare
  const match = /^([^:/\s]+)(?::\d+(?=\/))?[:/]\/*(.+?)(?:\.git)?\/*$/.exec(place.replace(/[?#].*$/s, ""))
  return match === null ? undefined : `${match[1]!.toLowerCase()}/${match[2]!}`
}

/** Where worktrees are commonly made inside their repository: one that is gone is known by the repository. */
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

const named = (key: string, name: string, root: string): Project => ({ id: idOf("project", key), name, root, key })

interface Repository {
  /** The folder that holds `config`. */
  readonly common: string
  /** What all worktrees share; that of a bare one is itself. */
  readonly root: string
  /** The worktree. */
  readonly directory: string
}

/** For a `.git` entry: what it is, or what a worktree's or submodule's file points to. */
const repositoryOf = (dotGit: string): Effect.Effect<Repository, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const directory = path.dirname(dotGit)
    const pointer = yield* read(dotGit)
    const gitdir = Option.flatMap(
      pointer,
      (text) => Option.fromNullable(/^gitdir:\s*(.+)$/m.exec(text)?.[1]?.trim())
    )
    if (Option.isNone(gitdir)) return { common: dotGit, root: directory, directory }
    const own = path.resolve(directory, gitdir.value)
    const shared = yield* read(path.join(own, "commondir"))
    if (Option.isNone(shared)) return { common: own, root: directory, directory }
    const common = path.resolve(own, shared.value.trim())
    return { common, root: path.basename(common) === ".git" ? path.dirname(common) : common, directory }
  })

const read = (file: string) => Effect.option(Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)))

/** What the folder is really called, and the repository that it is in. */
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

/** The folder by which Claude Code knows a project, and the one that it takes the person's own settings for it from. */
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
 * Reads git's own files and never runs git. Worktrees resolve to their common directory, clones of one remote to one project.
 * A folder that is gone, or that may not be read, is a project by its path. Never fails.
 */
export const resolve = (folder: string): Effect.Effect<Project, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const { repository, start } = yield* locate(folder)
    if (repository === undefined) return named(`path:${start}`, path.basename(start) || start, start)
    const { common, directory, root } = repository
    const config = yield* read(path.join(common, "config"))
    const remote = Option.flatMap(config, (text) => Option.fromNullable(originUrl(text))).pipe(
      Option.flatMap((url) => Option.fromNullable(normalizeRemote(url)))
    )
    return Option.isSome(remote)
      ? named(`remote:${remote.value}`, path.basename(remote.value), directory)
      : named(`path:${root}`, path.basename(root), root)
  })
