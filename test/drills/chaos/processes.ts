/**
 * Looks at a process from outside, so that a kill falls into a write (Linux; elsewhere no process is ever seen to write).
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"

/** The byte of the log's index that SQLite locks while a connection writes (https://sqlite.org/walformat.html#locking_matrix). */
const WRITE_LOCK = 120

const attempted = <A>(read: () => A, otherwise: A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** Tells whether the process holds the lock of a writer on this database, which has a write-ahead log. */
export const hasWriteLock = (pid: number, database: string): boolean =>
  attempted(() => {
    const { ino } = statSync(`${database}-shm`)
    const lock = new RegExp(`POSIX +\\S+ +WRITE ${pid} [^ ]+:${ino} ${WRITE_LOCK} ${WRITE_LOCK}$`, "m")
    return lock.test(readFileSync("/proc/locks", "utf8"))
  }, false)

/** Tells whether the process has been stopped by a signal, or has ended. */
export const isStopped = (pid: number): boolean =>
  attempted(() => /\) [TtZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8")), true)

/** Local ports of the TCP connections of a process. */
export const portsOf = (pid: number): ReadonlyArray<number> => {
  const descriptors = attempted(() => readdirSync(`/proc/${pid}/fd`), [])
  const sockets = new Set(descriptors.flatMap((name) => {
    const to = attempted(() => readlinkSync(`/proc/${pid}/fd/${name}`), "")
    return /^socket:\[(\d+)\]$/.exec(to)?.[1] ?? []
  }))
  const connections = attempted(() => readFileSync(`/proc/${pid}/net/tcp`, "utf8"), "").trim().split("\n").slice(1)
  return connections.flatMap((line) => {
    const [, local = "", , , , , , , , inode = ""] = line.trim().split(/\s+/)
    return sockets.has(inode) ? [Number.parseInt(local.split(":")[1]!, 16)] : []
  })
}
