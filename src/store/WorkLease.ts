/**
 * Identifies the owner of a claim on work. An owner in this place loses its claims as soon as its process has ended, even if another
 * process has its number now. An owner on another machine, or in another container, loses them when the lease lapses.
 */
// @effect-diagnostics globalRandom:off
import * as ProcessStart from "../resources/monitor/ProcessStart.ts"

export const LEASE_MS = 60_000

export const ownerOf = (place: string, pid: number, start: string | null): string => `${place}:${pid}:${start ?? ""}`

const PLACE = ProcessStart.place()

/** Threads of a process are owners of their own. Each loads this module for itself, so that chance tells them apart. */
const THREAD = Math.random().toString(36).slice(2, 10)

export const OWNER = `${ownerOf(PLACE, process.pid, ProcessStart.of(process.pid))}:${THREAD}`

export const isAlive = (owner: string): boolean => {
  const [place, pid, start = ""] = owner.split(":")
  return place !== PLACE || ProcessStart.stateOf(Number(pid), start === "" ? null : start) !== "ended"
}
