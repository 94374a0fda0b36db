/**
 * Answers the questions of ProjectFiles.ts at once, for the hook's entry, and reads parts of files. A path is looked at before it is
 * opened, since to open a pipe waits for who writes into it.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, realpathSync, statSync } from "node:fs"
import { type Ask, type Asking, MAX_TEXT } from "../domain/ProjectFiles.ts"

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Reads a text file like Effect's file system, without a byte order mark; none when it can't be read or is too large. */
export const textOf = (path: string): string | undefined =>
  attempt(() => {
    const info = statSync(path)
    return info.isFile() && info.size <= MAX_TEXT ? readFileSync(path, "utf8").replace(/^\ufeff/, "") : undefined
  })

const answerTo = ({ of, path }: Ask): string | undefined =>
  of === "exists"
    ? existsSync(path) ? path : undefined
    : of === "read"
    ? textOf(path)
    : attempt(() => realpathSync(path))

export const answering = <A>(asking: Asking<A>): A => {
  let step = asking.next()
  while (step.done !== true) step = asking.next(answerTo(step.value))
  return step.value
}

export const isFile = (path: string): boolean => attempt(() => statSync(path).isFile()) ?? false

/** False for a pipe or a device in place of a file, whose opening may wait for another program. */
export const isFileOrNone = (path: string): boolean => attempt(() => statSync(path).isFile()) ?? true

/** Returns a file's bytes; 0 when there is none. */
export const sizeOf = (path: string | undefined): number =>
  path === undefined ? 0 : attempt(() => statSync(path).size) ?? 0

/** Reads a part of a file; empty when there is none. */
export const partOf = (path: string, from: number, bytes: number): string => {
  const file = attempt(() => statSync(path).isFile() ? openSync(path, "r") : undefined)
  if (file === undefined) return ""
  try {
    const length = Math.max(0, Math.min(bytes, fstatSync(file).size - from))
    const part = Buffer.alloc(length)
    return part.subarray(0, readSync(file, part, 0, length, from)).toString("utf8")
  } catch {
    return ""
  } finally {
    closeSync(file)
  }
}
