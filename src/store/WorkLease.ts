/**
 * Who holds a claim on work. An owner on this machine whose process is gone has lost its claims at once, also when its number has
 * gone to another (in a container that was started again it is the same); others when the lease lapses.
 */
import { hostname } from "node:os"
import * as ProcessStart from "../resources/monitor/ProcessStart.ts"

export const LEASE_MS = 60_000

export const ownerOf = (host: string, pid: number, start: string | null): string => `${host}:${pid}:${start ?? ""}`

export const OWNER = ownerOf(hostname(), process.pid, ProcessStart.of(process.pid))

export const isAlive = (owner: string): boolean => {
  const [host, pid, start = ""] = owner.split(":")
  return host !== hostname() || ProcessStart.standing(Number(pid), start === "" ? null : start) !== "ended"
}
