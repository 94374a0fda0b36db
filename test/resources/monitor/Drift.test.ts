import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Drift from "../../../src/resources/monitor/Drift.ts"
import type * as LeakProbe from "../../../src/resources/monitor/LeakProbe.ts"
import type { Resource } from "../../../src/resources/ResourceLedger.ts"

type Held = Pick<Resource, "file" | "kind" | "sockets">

const NONE = { fds: 0, sockets: 0, watchers: 0, workers: 0, children: 0 }
const START: LeakProbe.Reading = { fds: 19, sockets: 2, timers: 1, watchers: 0, workers: 0, children: 0 }
const held = (kind: Resource["kind"], sockets: number | null = 0): Held => ({ kind, sockets })

const connected = (file: string): Held => ({ ...held("database"), file })

/** Drift since a start with an empty ledger. */
const drift = (reading: Partial<LeakProbe.Reading>, resources: ReadonlyArray<Held> = []) =>
  Drift.since(Drift.unaccounted(START, []), Drift.unaccounted({ ...START, ...reading }, resources))

describe("drift", () => {
  it("is none of what was there at the start", () => assert.deepStrictEqual(drift({}), NONE))

  it("is what has come since and nobody accounts for, a socket not as a descriptor too", () => {
    assert.deepStrictEqual(drift({ fds: 20 }), { ...NONE, fds: 1 })
    assert.deepStrictEqual(drift({ fds: 21, sockets: 4 }), { ...NONE, sockets: 2 })
    assert.deepStrictEqual(drift({ watchers: 1 }), { ...NONE, watchers: 1 })
    assert.deepStrictEqual(drift({ workers: 2, fds: 29 }), { ...NONE, workers: 2, fds: 10 })
    assert.deepStrictEqual(drift({ children: 1, sockets: 5, fds: 22 }), { ...NONE, children: 1, sockets: 3 })
  })

  it("is not less than none, and timers are none of its business", () => {
    assert.deepStrictEqual(drift({ fds: 10, sockets: 0 }), NONE)
    assert.deepStrictEqual(drift({ timers: 50 }), NONE)
  })

  it.each<readonly [string, ReadonlyArray<Held>, Partial<LeakProbe.Reading>]>([
    ["a database: its file, its log, and the log's index", [connected("a")], { fds: 22 }],
    ["three connections to one: one index", [connected("a"), connected("a"), connected("a")], { fds: 26 }],
    ["connections to two: two indexes", [connected("a"), connected("a"), connected("b")], { fds: 27 }],
    ["a file", [held("file")], { fds: 20 }],
    ["a watcher", [held("watcher")], { watchers: 1 }],
    ["a worker and its event loop", [held("worker")], { workers: 1, fds: 24 }],
    ["a pool, by its own count", [held("pool", 3)], { sockets: 5, fds: 22 }],
    ["pools together", [held("pool", 3), held("pool", 1), held("file")], { sockets: 6, fds: 24 }]
  ])("%s is accounted for, and nothing beyond", (_, resources, reading) => {
    assert.deepStrictEqual(drift(reading, resources), NONE)
    assert.deepStrictEqual(drift({ ...reading, fds: (reading.fds ?? 19) + 1 }, resources), { ...NONE, fds: 1 })
    if (reading.sockets === undefined) return
    const more = { fds: (reading.fds ?? 0) + 1, sockets: reading.sockets + 1 }
    assert.deepStrictEqual(drift(more, resources), { ...NONE, sockets: 1 })
  })

  it.each(["fibers", "model", "temporary folder", "timer"] as const)(
    "a resource of kind %s accounts for nothing",
    (kind) =>
      assert.deepStrictEqual(drift({ fds: 24, sockets: 3, watchers: 1, workers: 1 }, [held(kind)]), {
        ...NONE,
        fds: 4,
        sockets: 1,
        watchers: 1,
        workers: 1
      })
  )

  it("is unknown where a side is", () => {
    assert.deepStrictEqual(drift({ sockets: 90, fds: 107 }, [held("server", null), held("pool", 1)]), {
      ...NONE,
      sockets: null
    })
    assert.deepStrictEqual(drift({ fds: null, children: null }), { ...NONE, fds: null, children: null })
  })

  it("counts what was open in the ledger at the start as well", () => {
    const before = Drift.unaccounted({ ...START, fds: 22 }, [held("database")])
    assert.deepStrictEqual(Drift.since(before, Drift.unaccounted(START, [])), NONE)
    assert.deepStrictEqual(Drift.since(before, Drift.unaccounted({ ...START, fds: 20 }, [])), { ...NONE, fds: 1 })
  })

  const count = FastCheck.option(FastCheck.nat({ max: 9 }))
  const any = FastCheck.record({ fds: count, sockets: count, watchers: count, workers: count, children: count })
  it("in two samples is what both saw", () =>
    FastCheck.assert(FastCheck.property(any, any, (a, b) => {
      const both = Drift.inBoth(a, b)
      for (const category of Drift.CATEGORIES) {
        const seen = [a[category], b[category]]
        assert.strictEqual(both[category], seen.includes(null) ? null : Math.min(...seen.map(Number)))
      }
    })))
})
