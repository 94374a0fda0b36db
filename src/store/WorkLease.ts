/**
 * Identifies the owner of a claim on work. An owner on this machine loses its claims as soon as its process has ended, even if another
 * process has its number now (a restarted container reuses numbers). An owner on another machine loses them when the lease lapses.
 */
// @effect-diagnostics globalRandom:off
import { hostname } from "node:os"
import * as ProcessStart from "../resources/monitor/ProcessStart.ts"

export const LEASE_MS = 60_000

export const ownerOf = (host: string, pid: number, start: string | null): string => `${host}:${pid}:${start ?? ""}`

/** Threads of a process are owners of their own. Each loads this module for itself, so that chance tells them apart. */
const THREAD = Math.random().toString(36).slice(2, 10)

export const OWNER = `${ownerOf(hostname(), process.pid, ProcessStart.of(process.pid))}:${THREAD}`

export const isAlive = (owner: string): boolean => {
  const [host, pid, start = ""] = owner.split(":")
  return host !== hostname() || ProcessStart.stateOf(Number(pid), start === "" ? null : start) !== "ended"
}
