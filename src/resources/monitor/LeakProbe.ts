/**
 * What the operating system and Node say is open, beside what the ledger says.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

const Count = Schema.NonNegativeInt

/**
 * Counts of this process; null where the operating system does not tell (fds and children outside Linux). On Linux, sockets and
 * workers (by their event loops) are counted among the descriptors; elsewhere Node tells those that keep it running.
 */
export const Reading = Schema.Struct({
  fds: Schema.NullOr(Count),
  sockets: Count,
  timers: Count,
  watchers: Count,
  workers: Count,
  children: Schema.NullOr(Count)
})
export type Reading = Schema.Schema.Type<typeof Reading>

const count = (names: ReadonlyArray<string>, wanted: ReadonlyArray<string>) =>
  names.filter((name) => wanted.includes(name)).length

/**
 * What a process keeps from its first use on: inotify Node's, from the first watcher; /dev/null libuv's, from the first stream (a
 * socket, where stdout and stderr are files).
 */
const KEPT: ReadonlySet<string> = new Set(["anon_inode:inotify", "/dev/null"])

/** What each open descriptor is, as in "socket:[4711]"; null outside Linux. */
const openDescriptors = (): ReadonlyArray<string> | null => {
  try {
    return readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)]
      } catch {
        // The one that the listing itself held open.
        return []
      }
    }).filter((each) => !KEPT.has(each))
  } catch {
    return null
  }
}

const eventLoops = (descriptors: ReadonlyArray<string>) => count(descriptors, ["anon_inode:[eventpoll]"])
/** Node's own, before there is a worker. */
const ownEventLoops = eventLoops(openDescriptors() ?? [])

const childProcesses = (): number | null => {
  try {
    return readdirSync("/proc/self/task").reduce((sum, thread) => {
      const children = readFileSync(`/proc/self/task/${thread}/children`, "utf8").trim()
      return sum + (children === "" ? 0 : children.split(" ").length)
    }, 0)
  } catch {
    return null
  }
}

export const read: Effect.Effect<Reading> = Effect.sync(() => {
  const active = process.getActiveResourcesInfo()
  const descriptors = openDescriptors()
  return {
    fds: descriptors?.length ?? null,
    sockets: descriptors?.filter((each) => each.startsWith("socket:")).length ??
      count(active, ["TCPSocketWrap", "TCPServerWrap", "TLSWrap", "UDPWrap"]),
    timers: count(active, ["Timeout", "Immediate"]),
    watchers: count(active, ["FSEventWrap", "StatWatcher"]),
    workers: descriptors === null
      ? count(active, ["Worker", "MessagePort"])
      : Math.max(0, eventLoops(descriptors) - ownEventLoops),
    children: childProcesses()
  }
})

/** How many handles `after` has that `before` had not, each kind counted by itself and never below zero. */
export const beyond = (before: Reading, after: Reading): number =>
  (["fds", "sockets", "timers", "watchers", "workers", "children"] as const).reduce(
    (sum, kind) => sum + Math.max(0, (after[kind] ?? 0) - (before[kind] ?? 0)),
    0
  )
