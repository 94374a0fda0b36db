/**
 * Turns the commands in advice into commands that exist where the program was started.
 */
// @effect-diagnostics processEnv:off
import { statSync } from "node:fs"
import { basename, delimiter, dirname, join, relative } from "node:path"

export interface Started {
  /** Absolute path of the script that Node runs, with symbolic links as they were typed. */
  readonly script: string
  readonly cwd: string
  /** Folders that a shell looks for programs in, as in PATH. */
  readonly path: string
}

const NAME = "claude-memory"

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const isOnPath = (path: string): boolean =>
  path.split(delimiter).some((folder) =>
    folder !== "" && [NAME, `${NAME}.cmd`].some((name) => isFile(join(folder, name)))
  )

/** Quotes a word for a shell where that is needed. */
export const quoted = (path: string): string =>
  /^[\p{L}\p{N}_.,:@%+=/\\-]+$/u.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

const ofNode = (script: string, cwd: string): string => {
  const near = relative(cwd, script)
  return `node ${quoted(near.length < script.length ? near : script)}`
}

/** The package's scripts that nobody types. */
const OTHERS: ReadonlySet<string> = new Set(["capture.js", "hook.cjs", "mcp.js"])

/**
 * Returns the words that start the command line again. A script named other than the package's own ones was started by its link
 * (npm link, npm install -g). Package managers that start main.js itself by a shim put a `claude-memory` on PATH, as for the server
 * and the hook, which nobody types.
 */
export const commandOf = ({ cwd, path, script }: Started): string => {
  const name = basename(script)
  const isMain = /^main(?:\.[jt]s)?$/.test(name)
  if (isMain && !/[\\/]node_modules[\\/]/.test(script)) return ofNode(script, cwd)
  if (!isMain && !OTHERS.has(name) || isOnPath(path)) return NAME
  return ofNode(join(dirname(script), "main.js"), cwd)
}

/** `claude-memory` where a command follows: in backticks, after a prompt, or at an indented line's beginning. */
const COMMAND = /(`|[!$] |^ {2})claude-memory (?=[a-z<-])/gm

let known: string | undefined

/** Returns a text for a person, with each command in it as it can be typed here. Texts that quote a person's words don't go through this. */
export const advice = (text: string): string =>
  text.replace(COMMAND, (_, before: string) => {
    known ??= commandOf({ script: process.argv[1] ?? NAME, cwd: process.cwd(), path: process.env["PATH"] ?? "" })
    return `${before}${known} `
  })
