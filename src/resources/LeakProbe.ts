/**
 * What the operating system and Node say is open, beside what the ledger says.
 */
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"

/** Counts of this process; null where the operating system does not tell (fds and children outside Linux). */
export interface Reading {
  readonly fds: number | null
  readonly sockets: number
  readonly timers: number
  readonly watchers: number
  readonly workers: number
  readonly children: number | null
}

const count = (names: ReadonlyArray<string>, wanted: ReadonlyArray<string>) =>
  names.filter((name) => wanted.includes(name)).length

const openFds = (): number | null => {
  try {
    // The listing itself holds one descriptor open.
    return readdirSync("/proc/self/fd").length - 1
  } catch {
    return null
  }
}

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
  return {
    fds: openFds(),
    sockets: count(active, ["TCPSocketWrap", "TCPServerWrap", "TLSWrap", "UDPWrap"]),
    timers: count(active, ["Timeout", "Immediate"]),
    watchers: count(active, ["FSEventWrap", "StatWatcher"]),
    workers: count(active, ["Worker", "MessagePort"]),
    children: childProcesses()
  }
})

/** How many handles `after` has that `before` had not, each kind counted by itself and never below zero. */
export const beyond = (before: Reading, after: Reading): number =>
  (["fds", "sockets", "timers", "watchers", "workers", "children"] as const).reduce(
    (sum, kind) => sum + Math.max(0, (after[kind] ?? 0) - (before[kind] ?? 0)),
    0
  )
