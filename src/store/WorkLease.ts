/**
 * Identifies the owner of a claim on work. An owner on this machine loses its claims as soon as its process has ended, even if another
 * process has its number now (a restarted container reuses numbers). An owner on another machine loses them when the lease lapses.
 */
import { hostname } from "node:os"
import * as ProcessStart from "../resources/monitor/ProcessStart.ts"

export const LEASE_MS = 60_000

export const ownerOf = (host: string, pid: number, start: string | null): string => `${host}:${pid}:${start ?? ""}`

export const OWNER = ownerOf(hostname(), process.pid, ProcessStart.of(process.pid))

export const isAlive = (owner: string): boolean => {
  const [host, pid, start = ""] = owner.split(":")
  return host !== hostname() || ProcessStart.stateOf(Number(pid), start === "" ? null : start) !== "ended"
}
