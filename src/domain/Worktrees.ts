/**
 * Recognizes worktrees of a repository by commands that make or remove them, by the usual places for them, and by their branches.
 * Pure.
 */
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path"
import { matchesIn } from "./Matches.ts"

/** True for a folder, and for all below it. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

/** A worktree that a command makes or removes: its path as written, and the folder that the command names to run in, if any. */
export interface Named {
  readonly path: string
  readonly from: string | undefined
}

/** Words of which some stand in every command that makes or removes a worktree. */
export const NAMING: ReadonlyArray<string> = ["worktree add", "worktree remove"]

const TOKEN = String.raw`"[^"\n]*"|'[^'\n]*'|[^\s;&|()\u0060]+`
const COMMAND = new RegExp(String.raw`\bgit\b([^\n;&|]*?)\bworktree (?:add|remove)\b([^\n;&|()\u0060]*)`, "g")
const CHANGED = new RegExp(String.raw`(?:^|[\s;&|(])(?:cd|pushd)\s+(${TOKEN})`, "g")
const OF_FOLDER = new RegExp(String.raw`\s-C\s+(${TOKEN})`)
/** Options that take a value (https://git-scm.com/docs/git-worktree). */
const WITH_VALUE = new Set(["-b", "-B", "--reason"])

const unquoted = (token: string): string => token.replace(/^(["'])(.*)\1$/, "$2")

/** True for what a shell takes as it stands. */
const isPlain = (path: string): boolean => path !== "" && !/[$*?<>{}[\]\\]|^-/.test(path)

/** Finds the worktrees that commands in a text make or remove; skips those whose path or folder a shell would have to work out. */
export const namedIn = (text: string): ReadonlyArray<Named> =>
  [...matchesIn(text, COMMAND)].flatMap(({ 1: before = "", 2: after = "", index }): ReadonlyArray<Named> => {
    const words = (after.match(new RegExp(TOKEN, "g")) ?? []).map(unquoted)
    const path = words.find((word, i) => !word.startsWith("-") && !WITH_VALUE.has(words[i - 1] ?? ""))
    const changed = [...matchesIn(text.slice(0, index), CHANGED)].at(-1)?.[1]
    const named = OF_FOLDER.exec(before)?.[1]
    const folders = [changed, named].flatMap((token) => token === undefined ? [] : [unquoted(token)])
    return path === undefined || ![path, ...folders].every(isPlain)
      ? []
      : [{ path, from: folders.length === 0 ? undefined : folders.reduce((at, next) => under(at, next)) }]
  })

const under = (folder: string, path: string): string =>
  isAbsolute(path) || path.startsWith("~") ? path : join(folder, path)

/** Returns the absolute path that is meant in a folder; `home` stands for `~`. */
export const meant = (path: string, folder: string, home: string): string =>
  path === "~" || path.startsWith("~/") ? resolve(home, path.slice(2)) : resolve(folder, path)

/** What a repository is called, and where it lies. */
export interface Called {
  readonly names: ReadonlyArray<string>
  /** Folders of its main worktrees. */
  readonly folders: ReadonlyArray<string>
}

/** True for a name with more after it: `shop-fix` and `shop.fix` go on from `shop`, `shopping` does not. */
const goesOn = (name: string, from: string): boolean =>
  name.startsWith(from) && /^[-._+@~ ]/.test(name.slice(from.length))

const HOLDS_WORKTREES = /^\.?(?:[\w-]*[-_])?worktrees?$/i

/** Tests the usual places of a worktree beside or apart from its repository. */
const isUsual = (path: string, name: string, folders: ReadonlyArray<string>): boolean => {
  const parts = path.split(sep)
  const last = basename(path)
  return last === name ||
    // shop-fix beside shop
    folders.some((folder) => dirname(folder) === dirname(path)) && goesOn(last, name) ||
    parts.some((part, i) => {
      const next = parts[i + 1]
      if (next === undefined) return false
      // shop.worktrees/fix
      return goesOn(part, name) && HOLDS_WORKTREES.test(part.slice(name.length + 1)) ||
        // worktrees/shop/fix and worktrees/shop-fix
        HOLDS_WORKTREES.test(part) && (next === name || goesOn(next, name))
    })
}

/**
 * Returns how much a folder's path looks like that of a worktree of the repository: the length of the name in which they
 * agree, so that `shop-api-fix` is rather one of `shop-api` than of `shop`; 0 when it does not.
 */
export const likeness = (path: string, { folders, names }: Called): number =>
  Math.max(0, ...names.filter((name) => name.length > 1 && isUsual(path, name, folders)).map(({ length }) => length))

/** Branches that most repositories have, which say nothing of which one it is. */
const COMMON_BRANCH =
  /^(?:main|master|trunk|dev|develop|development|test|testing|staging|stage|next|prod|production|release|stable|HEAD)$/i

export const isTelling = (branch: string): boolean => !COMMON_BRANCH.test(branch)
