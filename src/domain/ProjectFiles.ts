/**
 * Finds the project, the repository and the branch of a folder in git's own files. Each function asks for the files one
 * by one, so that Project.ts answers by the file system of Effect, and the hook's entry at once.
 */
import { homedir } from "node:os"
import { basename, dirname, isAbsolute, join, normalize, resolve, win32 } from "node:path"

/** Asks for a file's text, for a real path, or whether something exists. The answer is undefined where it does not. */
export interface Ask {
  readonly of: "exists" | "read" | "realPath"
  readonly path: string
}

/** Most bytes of a text that is read. What is larger, or no file (a pipe, a device), counts as missing. */
export const MAX_TEXT = 4 * 1024 * 1024

/** Yields questions, takes their answers, and returns a result. */
export type Asking<A> = Generator<Ask, A, string | undefined>

/** A remote on this machine: sharing it does not make two clones one project. */
const LOCAL_REMOTE = /^(?:[/\\.~]|file:|[a-z]:[/\\])/i

/** Hosts that don't distinguish letters by their case, each with that for SSH over the port of HTTPS. */
const CASELESS: ReadonlyMap<string, string> = new Map([
  ["github.com", "ssh.github.com"],
  ["gitlab.com", "altssh.gitlab.com"],
  ["bitbucket.org", "altssh.bitbucket.org"]
])

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
  if (match === null) return undefined
  const host = match[1]!.toLowerCase()
  return `${[...CASELESS].find(([, other]) => other === host)?.[0] ?? host}/${match[2]!}`
}

const keyOf = (remote: string): string =>
  `remote:${CASELESS.has(remote.slice(0, remote.indexOf("/"))) ? remote.toLowerCase() : remote}`

/** Common folders of worktrees inside their repository. */
const WORKTREES = /^(.+)[\\/]\.?worktrees[\\/].*$/s
const CLAUDES = /[\\/]\.claude$/

/** Returns a project's key as it is written today: earlier versions kept the case of a remote and of a drive. */
export const keyToday = (key: string): string => {
  const [, kind, rest = ""] = /^(remote|path):(.*)$/s.exec(key) ?? []
  return kind === "remote" ? keyOf(rest) : kind === "path" ? `path:${withDrive(rest)}` : key
}

/** A path as Windows writes them, on whichever system it is read. */
const OF_WINDOWS = /^(?:[a-z]:[\\/]|\\\\)/i

/** Writes the letter of a drive as a capital: programs of one machine write it either way. */
export const withDrive = (path: string): string => path.replace(/^[a-z]:(?=[\\/])/, (drive) => drive.toUpperCase())

const nameOf = (folder: string): string =>
  (OF_WINDOWS.test(folder) ? win32.basename(folder) : basename(folder)) || folder

/** Returns the folder around a common folder of worktrees in a path. */
const aroundWorktrees = (path: string): string | undefined => WORKTREES.exec(path)?.[1]?.replace(CLAUDES, "")

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

export interface Repository {
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
function* repositoryOf(dotGit: string): Asking<Repository> {
  const directory = dirname(dotGit)
  const pointer = yield { of: "read", path: dotGit }
  const gitdir = /^gitdir:\s*(.+)$/m.exec(pointer ?? "")?.[1]?.trim()
  if (gitdir === undefined) return { head: join(dotGit, "HEAD"), common: dotGit, root: directory, directory }
  const own = resolve(directory, gitdir)
  const head = join(own, "HEAD")
  const shared = yield { of: "read", path: join(own, "commondir") }
  if (shared === undefined) return { head, common: own, root: directory, directory }
  const common = resolve(own, shared.trim())
  return { head, common, root: basename(common) === ".git" ? dirname(common) : common, directory }
}

/** Most characters of a path that may name a folder: PATH_MAX of Linux. A line may hold any text in its place. */
export const MAX_PATH = 4096

export interface Place {
  /** The folder's real path. */
  readonly start: string
  /** The repository that it is a part of. */
  readonly repository: Repository | undefined
  /** The repository that git finds around it: of the two below a person's home folder, it may have this one alone. */
  readonly around: Repository | undefined
}

/** True for the home folder and the root of the file system: most of what lies below has nothing to do with a repository there. */
function* isAroundAll(folder: string): Asking<boolean> {
  if (dirname(folder) === folder) return true
  const home = homedir()
  return folder === withDrive((yield { of: "realPath", path: home }) ?? home)
}

/**
 * Finds the repository around a folder, also around one that is gone. A repository in the home folder, as of settings, or
 * at the root of the file system has no part but its own folder. A worktree that is gone together with the
 * repository around it is at the repository's place. A path of another system, as of Windows in a transcript that is read
 * on Linux, or one that is too long, names no folder here: nothing is around it.
 */
export function* locate(folder: string): Asking<Place> {
  const isHere = isAbsolute(folder) && folder.length <= MAX_PATH
  const real = isHere ? yield { of: "realPath", path: folder } : undefined
  const start = withDrive(real ?? normalize(folder))
  let around: Repository | undefined
  for (let directory = start; isHere && around === undefined; directory = dirname(directory)) {
    const dotGit = join(directory, ".git")
    if ((yield { of: "exists", path: dotGit }) !== undefined) {
      around = yield* repositoryOf(dotGit)
      if (directory === start || !(yield* isAroundAll(directory))) return { start, repository: around, around }
    }
    if (dirname(directory) === directory) break
  }
  const outer = real === undefined ? aroundWorktrees(start) : undefined
  const isGone = outer !== undefined && outer !== "" &&
    (!isHere || (yield { of: "exists", path: outer }) === undefined)
  return { start: isGone ? outer : start, repository: undefined, around }
}

/** Returns the branch that is checked out; undefined outside a repository, or when no branch is. */
export function* branchIn({ around }: Place): Asking<string | undefined> {
  if (around === undefined) return undefined
  const head = yield { of: "read", path: around.head }
  return /^ref: refs\/heads\/(.+)$/m.exec(head ?? "")?.[1]?.trim()
}

/** Returns the folder by which Claude Code names a project, and the folder of the project's personal settings. */
export const rootsIn = ({ around, start }: Place): { readonly root: string; readonly settings: string } => ({
  root: around?.root ?? start,
  settings: around === undefined
    ? start
    : around.root === around.common
    ? around.directory
    : around.root
})

/** What tells a project from others, and what it is called by. */
export interface Identity {
  readonly key: string
  readonly name: string
  readonly root: string
}

/** Returns the project of a place. Worktrees resolve to their common directory, clones of one remote to one project. */
export function* identityOf({ repository, start }: Place): Asking<Identity> {
  if (repository === undefined) return { key: `path:${start}`, name: nameOf(start), root: start }
  const { common, directory, root } = repository
  // A worktree may go; the folder of the main one stays.
  const lasting = root === common ? directory : root
  const config = yield { of: "read", path: join(common, "config") }
  const url = config === undefined ? undefined : originUrl(config)
  const remote = url === undefined ? undefined : normalizeRemote(url)
  return remote === undefined
    ? { key: `path:${root}`, name: basename(root), root }
    : { key: keyOf(remote), name: basename(remote), root: lasting }
}
