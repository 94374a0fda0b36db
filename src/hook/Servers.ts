/**
 * Finds the servers of a memory that may be asked to answer a hook (Ask.ts), by the files that they write.
 */
// @effect-diagnostics globalDate:off
import { readdirSync, readFileSync, statSync, utimesSync } from "node:fs"
import { hostname } from "node:os"
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
    const info = statSync(file)
    // To open a pipe would wait for who writes into it.
    if (!info.isFile() || info.size > MAX_ADDRESS) return undefined
    const { address, host } = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>
    // Another host's server, as in another container, sees other files in the same folders.
    return typeof address === "string" && host === hostname() ? address : undefined
  }, undefined)

/** Time of change of the file of a server that did not answer in time. */
const LATE = 0

/** A server that may be asked. */
export interface Server {
  readonly address: string
  readonly file: string
  /** True when it did not answer in time when it was asked last, for instance since its process is stopped. */
  readonly isLate: boolean
}

/** Returns this home's servers, the newest first and late ones last; servers that were killed leave their files. */
export const serversIn = (home: string): ReadonlyArray<Server> => {
  const folder = folderOf(home)
  return attempt<ReadonlyArray<string>>(() => readdirSync(folder), [])
    .filter((name) => PATTERN.test(name))
    .map((name) => join(folder, name))
    .map((file) => ({ file, at: attempt(() => statSync(file).mtimeMs, LATE) }))
    .sort((a, b) => b.at - a.at)
    .flatMap(({ at, file }) => {
      const address = addressIn(file)
      return address === undefined ? [] : [{ address, file, isLate: at === LATE }]
    })
}

/** Notes whether a server answered in time, where it was otherwise before. */
export const note = ({ file, isLate }: Server, isNowLate: boolean): void => {
  if (isLate !== isNowLate) {
    attempt(() => utimesSync(file, Date.now() / 1000, isNowLate ? LATE : Date.now() / 1000), undefined)
  }
}
