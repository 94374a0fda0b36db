/**
 * What programs that load nothing else need to know of the environment. It imports only Node's own modules.
 */
// @effect-diagnostics processEnv:off
import { statSync } from "node:fs"
import { homedir, userInfo } from "node:os"
import { isAbsolute, join, resolve } from "node:path"

const PREFIX = "CLAUDE_MEMORY_"
const HOME = `${PREFIX}HOME`

/** Returns the user's folder, also where HOME is empty or no whole path: then it would depend on the working directory. */
export const userFolder = (): string => {
  const named = homedir()
  return isAbsolute(named) ? named : userInfo().homedir
}

/** Returns a path as it is written, but with the user's folder in place of `~` at its beginning. */
export const expanded = (path: string): string =>
  path === "~" || /^~[\\/]/.test(path) ? join(userFolder(), path.slice(1)) : path

/** Returns the folder of the memory's files, in one form however it is named; the default where it is not. */
export const homeAt = (named: string | undefined): string =>
  named ? resolve(expanded(named)) : join(userFolder(), ".claude-memory")

/** Tests a name of that folder: a path from the working directory would be another memory in each folder. */
export const isHome = (named: string | undefined): boolean => !named || isAbsolute(expanded(named))

/** Returns the folder of the memory's files; undefined where its name is refused. */
export const home = (): string | undefined => isHome(process.env[HOME]) ? homeAt(process.env[HOME]) : undefined

/** Rights of others to write. */
const OTHERS_WRITE = 0o022

/**
 * True when only this user can write into a folder, when it can't be looked at, and on Windows. In another one anybody may
 * have left compiled code, addresses of servers and settings.
 */
export const isOwn = (folder: string): boolean => {
  if (process.getuid === undefined) return true
  try {
    const { mode, uid } = statSync(folder)
    return uid === process.getuid() && (mode & OTHERS_WRITE) === 0
  } catch {
    return true
  }
}

/** Names of all variables of the environment that begin like our settings. */
export const ownNames = (): ReadonlyArray<string> =>
  Object.keys(process.env).filter((name) => name.toUpperCase().startsWith(PREFIX) && process.env[name] !== "")

/**
 * Returns the folders of which SQLite takes the first that it can for its temporary files (https://sqlite.org/tempfiles.html, section 5);
 * none on Windows, where the system says it.
 */
export const sqliteTemporaryFolders = (): ReadonlyArray<string> =>
  process.platform === "win32"
    ? []
    : [process.env["SQLITE_TMPDIR"] ?? "", process.env["TMPDIR"] ?? "", "/var/tmp", "/usr/tmp", "/tmp", "."]
      .filter((folder) => folder !== "")

/** How Claude Code was started, as `cli` or `sdk-cli`; empty when it does not say. */
export const entryPoint = (): string => process.env["CLAUDE_CODE_ENTRYPOINT"] ?? ""

/**
 * Returns a number for the settings in the environment, but for the memory's folder: two programs of one folder with the
 * same number have the same settings. It is a hash (cyrb53), since some settings are keys.
 */
export const settings = (): number => {
  const text = Object.entries(process.env)
    .filter(([name, value]) => name.startsWith(PREFIX) && name !== HOME && value !== "")
    .map(([name, value]) => `${name}=${value}`)
    .sort().join("\n")
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2_654_435_761)
    b = Math.imul(b ^ code, 1_597_334_677)
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909)
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0)
}
