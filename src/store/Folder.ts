/**
 * Looks whether the folder of a memory's files can be written.
 */
import { statSync } from "node:fs"
import { tryMake, tryWrite } from "../resources/Disk.ts"
import type { Finding } from "./Integrity.ts"

/** Bytes of the trial write: more than a disk that is full has left in a page of its own. */
const TRIAL_BYTES = 256 * 1024

const found = (state: Finding["state"], detail: string): Finding => ({ name: "folder", state, detail })

/** Says why the trial write failed. */
const writeFailure = (folder: string, cause: unknown): string => {
  const { code = "", message } = cause as NodeJS.ErrnoException
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return `the disk that holds ${folder} is full, so nothing more can be remembered; what is remembered is still there. Free ` +
        "some space"
    case "EFBIG":
      return `a limit on the size of files keeps ${folder} from growing, so nothing more can be remembered; see ulimit -f`
    case "EROFS":
      return `${folder} is on a file system that is mounted read-only, so nothing more can be remembered; mount it writable, or set ` +
        "CLAUDE_MEMORY_HOME to a folder elsewhere"
    case "EACCES":
    case "EPERM":
      return `${folder} can't be written, so nothing more can be remembered: give it to yourself (chown), or run chmod u+rwx on it`
    default:
      return `${folder} can't be written, so nothing more can be remembered: ${message}`
  }
}

/** Checks the folder; undefined where there is none yet, but can be. `isFolder` is true where there is one. */
export const lookAtFolder = (folder: string): { readonly finding: Finding; readonly isFolder: boolean } | undefined => {
  let isFolder = false
  try {
    const info = statSync(folder, { throwIfNoEntry: false })
    if (info === undefined) {
      tryMake(folder)
      return undefined
    }
    if (!info.isDirectory()) {
      const detail =
        `${folder} is a file, so nothing can be remembered: move it away, or set CLAUDE_MEMORY_HOME to a folder`
      return { finding: found("wrong", detail), isFolder }
    }
    isFolder = true
    tryWrite(folder, TRIAL_BYTES)
    return { finding: found("ok", `${folder} can be written`), isFolder }
  } catch (cause) {
    return { finding: found("wrong", writeFailure(folder, cause)), isFolder }
  }
}
