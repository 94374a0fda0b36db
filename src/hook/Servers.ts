/**
 * Finds the servers of a memory that may be asked to answer a hook (Ask.ts), by the files that they write.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

/** Bytes of a file with an address. */
const MAX_ADDRESS = 4 * 1024

/** Folder of the servers' addresses, each in a file `<pid>.socket`. */
export const folderOf = (home: string): string => join(home, "run")

const PATTERN = /^[1-9]\d{0,9}\.socket$/

export const attempt = <A>(read: () => A, otherwise: A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

const addressIn = (file: string): string | undefined =>
  attempt(() => {
    if (statSync(file).size > MAX_ADDRESS) return undefined
    const { address } = JSON.parse(readFileSync(file, "utf8")) as { readonly address?: unknown }
    return typeof address === "string" ? address : undefined
  }, undefined)

/** Returns the addresses of this home's servers, the newest first; servers that were killed leave theirs. */
export const addressesIn = (home: string): ReadonlyArray<string> => {
  const folder = folderOf(home)
  return attempt<ReadonlyArray<string>>(() => readdirSync(folder), [])
    .filter((name) => PATTERN.test(name))
    .map((name) => join(folder, name))
    .map((file) => ({ file, at: attempt(() => statSync(file).mtimeMs, 0) }))
    .sort((a, b) => b.at - a.at)
    .flatMap(({ file }) => addressIn(file) ?? [])
}
