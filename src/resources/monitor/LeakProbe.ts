/**
 * Counts the handles that are open according to the operating system and Node, independently of the ledger.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

const Count = Schema.NonNegativeInt

/**
 * Counts of this process; null when the operating system does not report them (fds and children outside Linux). On
 * Linux, sockets and workers (by their event loops) are counted among the descriptors; elsewhere Node reports those
 * that keep it running.
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
 * Descriptors that a process keeps from their first use on: Node's inotify, from the first watcher; libuv's /dev/null,
 * from the first stream (a socket, if stdout and stderr are files).
 */
const KEPT: ReadonlySet<string> = new Set(["anon_inode:inotify", "/dev/null"])

/** Reads the target of each open descriptor, such as "socket:[4711]"; null outside Linux. */
const openDescriptors = (): ReadonlyArray<string> | null => {
  try {
    return readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)]
      } catch {
        // The listing's own descriptor is closed by now.
        return []
      }
    }).filter((each) => !KEPT.has(each))
  } catch {
    return null
  }
}

const eventLoops = (descriptors: ReadonlyArray<string>) => count(descriptors, ["anon_inode:[eventpoll]"])
/** Node's own event loops, counted before there is a worker. */
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

/** Counts of the thread that asks. */
const countsOfThread = () => {
  const active = process.getActiveResourcesInfo()
  return {
    active,
    timers: count(active, ["Timeout", "Immediate"]),
    watchers: count(active, ["FSEventWrap", "StatWatcher"])
  }
}

/** Counts what Node counts for each thread alone, quicker than `read`. */
export const readThread: Effect.Effect<Pick<Reading, "timers" | "watchers">> = Effect.sync(countsOfThread)

/**
 * Reads /proc where there is one. Timers include immediates, and descriptors that Node keeps from their first use on
 * are left out.
 */
export const read: Effect.Effect<Reading> = Effect.sync(() => {
  const { active, timers, watchers } = countsOfThread()
  const descriptors = openDescriptors()
  return {
    fds: descriptors?.length ?? null,
    sockets: descriptors?.filter((each) => each.startsWith("socket:")).length ??
      count(active, ["TCPSocketWrap", "TCPServerWrap", "TLSWrap", "UDPWrap"]),
    timers,
    watchers,
    workers: descriptors === null
      ? count(active, ["Worker", "MessagePort"])
      : Math.max(0, eventLoops(descriptors) - ownEventLoops),
    children: childProcesses()
  }
})

/** Counts the handles that `after` has beyond `before`; each kind is counted by itself and never below zero. */
export const beyond = (before: Reading, after: Reading): number =>
  (["fds", "sockets", "timers", "watchers", "workers", "children"] as const).reduce(
    (sum, kind) => sum + Math.max(0, (after[kind] ?? 0) - (before[kind] ?? 0)),
    0
  )
