/**
 * Asks the disk in one synchronous call: which file a path names, how it begins, and that a folder's entries outlast a loss of power.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { basename, dirname, join } from "node:path"
import { isMainThread } from "node:worker_threads"

/** Describes the file at this path; undefined when there is none, or a file where a folder should be. */
const infoOf = (path: string) => {
  try {
    // Inodes of 64 bits, as ZFS and NTFS have them, exceed a double.
    return statSync(path, { throwIfNoEntry: false, bigint: true })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOTDIR") return undefined
    throw cause
  }
}

/** Returns device and inode of the file at this path; undefined when there is none. */
export const identityOf = (path: string): string | undefined => {
  const info = infoOf(path)
  return info === undefined ? undefined : `${info.dev} ${info.ino}`
}

/** Tells whether this process has the file at this path open, not one that was there before (Linux; elsewhere always true). */
export const isOpenHere = (path: string): boolean => {
  try {
    const file = join(realpathSync(dirname(path)), basename(path))
    return readdirSync("/proc/self/fd").some((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`) === file
      } catch {
        // It was closed meanwhile.
        return false
      }
    })
  } catch {
    return true
  }
}

/**
 * Makes a folder of this user alone, and those above it; one that is there already stays as it is. Throws where it can't be made. Node's
 * own recursive form never returns where a file system, as /proc, answers ENOENT for a folder whose parent is there.
 */
export const makeFolder = (folder: string, once: typeof mkdirSync = mkdirSync): void => {
  const parent = dirname(folder)
  for (let isLast = false;; isLast = true) {
    try {
      once(folder, { mode: 0o700 })
      return
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === "EEXIST" && statSync(folder).isDirectory()) return
      if (code !== "ENOENT" || parent === folder || isLast) throw cause
      // Another process may have made the parent since.
      if (!existsSync(parent)) makeFolder(parent, once)
    }
  }
}

/** Makes the folder, or the first of its parents that is missing, and takes it back. Throws where it can't be made. */
export const tryMake = (folder: string): void => {
  const parent = dirname(folder)
  if (parent !== folder && !existsSync(parent)) return tryMake(parent)
  mkdirSync(folder, { mode: 0o700 })
  rmdirSync(folder)
}

/** Returns the size of the file at this path in bytes; undefined when there is none. */
export const sizeOf = (path: string): number | undefined => {
  const info = infoOf(path)
  return info === undefined ? undefined : Number(info.size)
}

/** True for a folder in which this user may make files. */
export const isWritable = (folder: string): boolean => {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return statSync(folder).isDirectory()
  } catch {
    return false
  }
}

/** Returns the bytes that this user may still write to the disk of a folder, and the disk's number; undefined where it can't be told. */
export const freeAt = (folder: string): { readonly device: number; readonly bytes: number } | undefined => {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder)
    // File systems without a size of their own have no blocks.
    return blocks === 0 ? undefined : { device: statSync(folder).dev, bytes: bavail * bsize }
  } catch {
    return undefined
  }
}

/**
 * Returns the first bytes of a file. Never of a database that may be open in this process: see `beginningOf`.
 */
export const readFrom = (path: string, length: number): Uint8Array => {
  const file = openSync(path, "r")
  try {
    const bytes = new Uint8Array(length)
    return bytes.subarray(0, readSync(file, bytes, 0, length, 0))
  } finally {
    closeSync(file)
  }
}

/**
 * Returns the first bytes of a SQLite database, or undefined when this process may have it open.
 *
 * POSIX takes all locks of a process on a file away when the process closes any of its descriptors of that file
 * (https://sqlite.org/howtocorrupt.html, section 2.2). Another process would then take itself for the last one, and delete the log that
 * this one goes on writing. A database that is in use has its log beside it, and other threads open theirs whenever they want.
 */
export const beginningOf = (database: string, length: number): Uint8Array | undefined =>
  isMainThread && !existsSync(`${database}-wal`) ? readFrom(database, length) : undefined

/** Makes the content of a file outlast a loss of power; the same holds for it as for `readFrom`. */
export const syncFile = (path: string): void => {
  const file = openSync(path, "r+")
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Overwrites parts of a file, which `parts` returns by their offset, so that they outlast a loss of power; others may append to it
 * meanwhile. The file keeps the time of its last change.
 */
export const overwrite = (path: string, parts: (bytes: Buffer) => ReadonlyMap<number, Uint8Array>): void => {
  const file = openSync(path, "r+")
  try {
    const { atime, mtime } = fstatSync(file)
    const written = parts(readFileSync(file))
    if (written.size === 0) return
    for (const [at, bytes] of written) writeSync(file, bytes, 0, bytes.length, at)
    fsyncSync(file)
    futimesSync(file, atime, mtime)
  } finally {
    closeSync(file)
  }
}

/** Makes the entries of a folder outlast a loss of power, where the system can (Windows opens no folders). */
export const syncFolder = (path: string): void => {
  let folder: number | undefined
  try {
    folder = openSync(path, "r")
    fsyncSync(folder)
  } catch {
    // The entries last as long as the file system keeps them by itself.
  } finally {
    if (folder !== undefined) closeSync(folder)
  }
}

/** Makes the entries of all folders above a path outlast a loss of power. */
export const syncAbove = (path: string): void => {
  const folder = dirname(path)
  syncFolder(folder)
  if (folder !== dirname(folder)) syncAbove(folder)
}

/** Windows refuses to rename, for a moment, what a scanner or a reader has open. */
const IN_USE = new Set(["EACCES", "EBUSY", "EPERM"])
/** Longest pause between attempts to rename, in milliseconds; each is twice as long as the one before. */
const LONGEST_PAUSE_MS = 640

/** Gives a file another name, in place of one that may have it. On Windows it is tried for a second and a quarter. */
export const rename = (
  from: string,
  to: string,
  { mayBeInUse, once }: { readonly mayBeInUse: boolean; readonly once: typeof renameSync } = {
    mayBeInUse: process.platform === "win32",
    once: renameSync
  }
): void => {
  for (let pause = 10;; pause *= 2) {
    try {
      return once(from, to)
    } catch (cause) {
      const isInUse = mayBeInUse && IN_USE.has((cause as NodeJS.ErrnoException).code ?? "")
      if (!isInUse || pause > LONGEST_PAUSE_MS) throw cause
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause)
    }
  }
}

/**
 * Gives a file of this user alone a new text at once, by a file beside it that takes its name; nothing is left of that where
 * it can't be written. Throws then.
 */
export const replaceFile = (file: string, text: string, temporary = `${file}.tmp`): void => {
  rmSync(temporary, { force: true })
  try {
    // Created exclusively ("wx"), so that a link in its place is not followed.
    writeFileSync(temporary, text, { mode: 0o600, flag: "wx" })
    rename(temporary, file)
  } catch (cause) {
    try {
      rmSync(temporary, { force: true })
    } catch {
      // Why it can't be written is said, not why a part of it stays.
    }
    throw cause
  }
}

/**
 * Writes bytes into a file of a folder and to the disk, and throws where that can't be done. The file has no name any more
 * when it is written, so that nothing is left of it, whenever the process ends.
 */
export const tryWrite = (folder: string, bytes: number): void => {
  const path = join(folder, `.trial-${process.pid}.tmp`)
  const file = openSync(path, "wx", 0o600)
  try {
    rmSync(path, { force: true })
    const data = new Uint8Array(bytes)
    for (let written = 0; written < bytes;) written += writeSync(file, data, written)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
