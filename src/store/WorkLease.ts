/**
 * Identifies the owner of a claim on work. An owner in this place loses its claims as soon as its process has ended, even if another
 * process has its number now. An owner on another machine, or in another container, loses them when the lease lapses.
 */
// @effect-diagnostics globalRandom:off
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import * as ProcessStart from "../resources/monitor/ProcessStart.ts"
import type { WorkItem } from "./MemoryStore.ts"

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

/**
 * The condition on `key` for work that may be claimed now. A session is recapped when none of its segments is being reviewed: the one
 * that another process has would have it recapped again, and a model paid for both.
 */
export const mayBegin = (sql: SqlClient, kind: WorkItem["kind"]): Fragment =>
  kind === "recap"
    ? sql`key NOT IN (SELECT session_id FROM messages
        WHERE segment_id IN (SELECT key FROM work WHERE kind = 'review' AND owner IS NOT NULL))`
    : sql`TRUE`
