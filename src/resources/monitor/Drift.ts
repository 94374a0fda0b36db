/**
 * Computes drift: how far the operating system's counts exceed those that the ledger accounts for (docs/resources.md
 * has the rule).
 */
import * as Schema from "effect/Schema"
import type { Resource } from "../ResourceLedger.ts"
import type * as LeakProbe from "./LeakProbe.ts"

const Count = Schema.NullOr(Schema.NonNegativeInt)

/** Null when either side is unknown; `fds` excludes sockets. Timers are left out, since Effect's sleeps are timers. */
export const Drift = Schema.Struct({ fds: Count, sockets: Count, watchers: Count, workers: Count, children: Count })
export type Drift = Schema.Schema.Type<typeof Drift>
export type Category = keyof Drift

export const CATEGORIES: ReadonlyArray<Category> = ["fds", "sockets", "watchers", "workers", "children"]

/** Descriptors of a worker: event loop, wake-up and signal pipe; one more when Node uses io_uring. */
const FDS_OF_WORKER = 5

type Counts = Readonly<Record<Category, number | null>>

const combine = (a: Counts, b: Counts, f: (a: number, b: number) => number): Drift => {
  const of = (category: Category) => {
    const [x, y] = [a[category], b[category]]
    return x === null || y === null ? null : f(x, y)
  }
  return {
    fds: of("fds"),
    sockets: of("sockets"),
    watchers: of("watchers"),
    workers: of("workers"),
    children: of("children")
  }
}

/** What of a resource is counted. */
type Held = Pick<Resource, "file" | "kind" | "sockets">

const accounted = (resources: ReadonlyArray<Held>): Counts => {
  const open = (kind: Resource["kind"]) => resources.filter((resource) => resource.kind === kind).length
  const files = new Set(resources.filter(({ kind }) => kind === "database").map(({ file }) => file))
  return {
    // A connection has the database and its log open; all connections of a process to a database share the log's index.
    fds: 2 * open("database") + files.size + open("file") + open("lock") + FDS_OF_WORKER * open("worker"),
    sockets: resources.reduce<number | null>(
      (sum, { sockets }) => sum === null || sockets === null ? null : sum + sockets,
      0
    ),
    watchers: open("watcher"),
    workers: open("worker"),
    children: open("child")
  }
}

/** Counts the handles outside the ledger; as a program starts, these are Node's own. */
export const unaccounted = (
  reading: LeakProbe.Reading,
  resources: ReadonlyArray<Held>
): Counts =>
  combine(
    { ...reading, fds: reading.fds === null ? null : reading.fds - reading.sockets },
    accounted(resources),
    (seen, expected) => seen - expected
  )

export const since = (baseline: Counts, now: Counts): Drift => combine(now, baseline, (a, b) => Math.max(0, a - b))

/** Returns the drift that two samples share: a handle on its way into or out of the ledger is seldom in both. */
export const inBoth = (a: Drift, b: Drift): Drift => combine(a, b, Math.min)
