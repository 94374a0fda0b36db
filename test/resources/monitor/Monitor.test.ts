import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import * as Drift from "../../../src/resources/monitor/Drift.ts"
import type * as LeakProbe from "../../../src/resources/monitor/LeakProbe.ts"
import * as Monitor from "../../../src/resources/monitor/Monitor.ts"
import * as RunFile from "../../../src/resources/monitor/RunFile.ts"
import { type ResourceKind, ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { slow } from "../../data.ts"
import { openLedger } from "../owned.ts"

const START: LeakProbe.Reading = { fds: 19, sockets: 2, timers: 1, watchers: 0, workers: 0, children: 0 }
const NONE = { fds: 0, sockets: 0, watchers: 0, workers: 0, children: 0 }

/** A home, the reading that the monitor gets, and its log. */
const makeWorld = () => {
  const home = mkdtempSync(join(homedir(), "monitor-"))
  const world = { home, reading: START, log: [] as Array<string> }
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => {
      world.log.push(`${logLevel._tag} ${String(message)}`)
    })
  )
  const options = { home, command: "test", read: Effect.sync(() => world.reading) }
  const file = join(home, "run", `${process.pid}.json`)
  const seen = () => Option.getOrThrow(RunFile.decode(readFileSync(file), process.pid))
  return Object.assign(world, { file, logger, options, seen })
}
type World = ReturnType<typeof makeWorld>

/** Runs `body` with a monitor that has started. */
const monitored = (
  body: (world: World, ledger: ResourceLedger["Type"]) => Effect.Effect<void, unknown, Scope.Scope>,
  { prepare = () => {} }: { readonly prepare?: (world: World) => void } = {}
) =>
  Effect.suspend(() => {
    const world = makeWorld()
    prepare(world)
    return Effect.scoped(Effect.flatMap(ResourceLedger, (ledger) => body(world, ledger))).pipe(
      Effect.provide(
        Layer.provideMerge(
          Monitor.layer(world.options),
          Layer.merge(ResourceLedger.layer, world.logger)
        )
      ),
      Effect.as(world)
    )
  })

const seconds = (n: number) => TestClock.adjust(`${n} seconds`)

const open = (ledger: ResourceLedger["Type"], kind: ResourceKind, name: string) =>
  openLedger(ledger).acquire({ kind, name, open: Effect.void, close: () => Effect.void, within: "1 second" })

describe("the run file", () => {
  it.effect("is there after a second, written anew each second, and gone at the end", () =>
    Effect.gen(function*() {
      const { home } = yield* monitored((world, ledger) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(readdirSync(world.home), [])
          yield* seconds(1)
          const first = world.seen()
          assert.strictEqual(first.command, "test")
          assert.strictEqual(first.startedAt, 0)
          assert.strictEqual(first.updatedAt, 1_000)
          assert.deepStrictEqual(first.reading, START)
          assert.deepStrictEqual(first.drift, NONE)
          assert.isAbove(first.heapBytes, 1e6)
          assert.isAbove(first.rssBytes, first.heapBytes)
          assert.deepStrictEqual(first.resources.map(({ kind, name }) => [kind, name]), [["fibers", "Monitor"]])
          yield* open(ledger, "model", "answers")
          yield* seconds(1)
          const { resources, updatedAt } = world.seen()
          assert.strictEqual(updatedAt, 2_000)
          assert.deepInclude(resources[1], { kind: "model", name: "answers", acquiredAt: 1_000 })
          assert.match(resources[1]!.origin, /Monitor\.test\.ts:\d+/)
          assert.deepStrictEqual(readdirSync(join(world.home, "run")), [`${process.pid}.json`])
        })
      )
      assert.deepStrictEqual(readdirSync(home), [])
    }))

  it.effect("is written each ten seconds while nothing changes, and each second again when something has", () =>
    monitored((world, ledger) =>
      Effect.gen(function*() {
        const writtenAt = Effect.sync(() => world.seen().updatedAt)
        yield* seconds(31)
        assert.strictEqual(yield* writtenAt, 31_000)
        yield* seconds(9)
        assert.strictEqual(yield* writtenAt, 31_000)
        yield* seconds(1)
        assert.strictEqual(yield* writtenAt, 41_000)
        yield* open(ledger, "model", "answers")
        yield* seconds(10)
        assert.strictEqual(world.seen().resources.length, 2)
        for (const at of [52_000, 53_000]) {
          yield* seconds(1)
          assert.strictEqual(yield* writtenAt, at)
        }
        world.reading = { ...START, timers: START.timers + 1 }
        yield* seconds(30)
        assert.strictEqual(yield* writtenAt, 81_000)
      })
    ))

  it.effect("comes again when somebody has taken it away", () =>
    monitored((world) =>
      Effect.gen(function*() {
        yield* seconds(1)
        rmSync(join(world.home, "run"), { recursive: true })
        yield* seconds(1)
        assert.strictEqual(world.seen().updatedAt, 2_000)
        assert.deepStrictEqual(world.log, [])
      })
    ))

  it.effect("that can't be written is no matter but for one warning, and the watch goes on", () =>
    Effect.gen(function*() {
      const { log } = yield* monitored(
        (world) =>
          Effect.gen(function*() {
            world.reading = { ...START, fds: 20 }
            yield* seconds(30)
          }),
        { prepare: ({ home }) => writeFileSync(join(home, "run"), "in its way") }
      )
      assert.strictEqual(log.length, 2)
      assert.match(
        log[0]!,
        /^Warning the run file can't be written, so `claude-memory resources` does not show this process: E/
      )
      assert.match(log[1]!, /^Warning 1 fds more/)
    }))

  it.effect("of a process that has ended is removed at the start", () =>
    monitored(
      (world) => Effect.sync(() => assert.deepStrictEqual(readdirSync(world.home), [])),
      {
        prepare: ({ home }) => {
          mkdirSync(join(home, "run"))
          const dead: RunFile.Report = {
            version: 1,
            host: "elsewhere",
            pid: 7,
            processStart: null,
            command: "import",
            startedAt: 0,
            updatedAt: 0,
            resources: [],
            reading: START,
            drift: NONE,
            heapBytes: 0,
            rssBytes: 0
          }
          writeFileSync(join(home, "run", "7.json"), JSON.stringify(dead))
        }
      }
    ).pipe((effect) => Effect.zipRight(TestClock.adjust("2 minutes"), effect)))

  it.effect("tells of a shutdown to its end: what is built on the monitor closes first", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const Slow = Layer.scopedDiscard(Effect.flatMap(ResourceLedger, (ledger) =>
        openLedger(ledger).acquire({
          kind: "worker",
          name: "slow",
          open: Effect.void,
          close: () => Effect.sleep("4 seconds"),
          within: "5 seconds"
        })))
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(
        Slow.pipe(
          Layer.provide(Monitor.layer(world.options)),
          Layer.provide(Layer.merge(ResourceLedger.layer, world.logger))
        ),
        scope
      )
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* seconds(3)
      assert.strictEqual(world.seen().updatedAt, 3_000)
      assert.deepStrictEqual(world.seen().resources.map(({ name }) => name), ["Monitor", "slow"])
      yield* seconds(1)
      assert(Exit.isSuccess(yield* Fiber.join(closing).pipe(Effect.exit)))
      assert.deepStrictEqual(readdirSync(world.home), [])
      assert.deepStrictEqual(world.log, [])
    }))
})

describe("drift", () => {
  it.effect("is told when three samples in a row show it, and no longer when one does not", () =>
    monitored((world) =>
      Effect.gen(function*() {
        const drifts = (reading: Partial<LeakProbe.Reading>) =>
          Effect.gen(function*() {
            world.reading = { ...START, ...reading }
            yield* seconds(1)
            return world.seen().drift
          })
        assert.deepStrictEqual(yield* drifts({}), NONE)
        assert.deepStrictEqual(yield* drifts({ fds: 22, watchers: 1 }), NONE)
        assert.deepStrictEqual(yield* drifts({ fds: 21, watchers: 1 }), NONE)
        assert.deepStrictEqual(yield* drifts({ fds: 20, watchers: 1 }), { ...NONE, fds: 1, watchers: 1 })
        assert.deepStrictEqual(yield* drifts({ fds: 23 }), { ...NONE, fds: 1 })
        assert.deepStrictEqual(yield* drifts({ fds: 22 }), { ...NONE, fds: 1 })
        assert.deepStrictEqual(yield* drifts({}), NONE)
      })
    ))

  it.effect("that lasts for ten samples is logged once, with the numbers and the newest of the ledger", () =>
    monitored((world, ledger) =>
      Effect.gen(function*() {
        for (const name of ["a", "b", "c", "d"]) yield* open(ledger, "model", name)
        yield* seconds(1)
        world.reading = { ...START, fds: 22, sockets: 4 }
        // A drift must be in three samples in a row, so the first two of these do not count.
        yield* seconds(11)
        assert.deepStrictEqual(world.log, [])
        yield* seconds(1)
        assert.strictEqual(world.log.length, 2)
        assert.match(
          world.log[0]!,
          /^Warning 1 fds more than the ledger accounts for, for 10s \(22 open in all\)\. Newest in the ledger: model b, opened at .*Monitor\.test\.ts:\d+.*; model c, .*; model d, /
        )
        assert.match(world.log[1]!, /^Warning 2 sockets more .* \(4 open in all\)/)
        yield* seconds(60)
        assert.strictEqual(world.log.length, 2)
      })
    ))

  slow(it.effect)(
    "that goes and comes again is logged again, one that never lasts is not",
    () =>
      monitored((world) =>
        Effect.gen(function*() {
          for (let i = 0; i < 20; i++) {
            world.reading = { ...START, children: i % 2 }
            yield* seconds(8)
          }
          assert.deepStrictEqual(world.log, [])
          for (const children of [1, 0, 2]) {
            world.reading = { ...START, children }
            yield* seconds(12)
          }
          assert.deepStrictEqual(world.log.map((line) => line.slice(0, 25)), [
            "Warning 1 children more t",
            "Warning 2 children more t"
          ])
        })
      )
  )

  it.effect("is not told of what is in the ledger, however it comes and goes", () =>
    monitored((world, ledger) =>
      Effect.gen(function*() {
        for (const [kind, more] of [["database", { fds: 22 }], ["watcher", { watchers: 1 }]] as const) {
          yield* Effect.scoped(Effect.gen(function*() {
            yield* open(ledger, kind, "mine")
            world.reading = { ...START, ...more }
            yield* seconds(20)
            assert.deepStrictEqual(world.seen().drift, NONE)
          }))
          world.reading = START
          yield* seconds(20)
        }
        assert.deepStrictEqual(world.log, [])
        world.reading = { ...START, watchers: 1 }
        yield* seconds(20)
        assert.match(world.log.join(), /^Warning 1 watchers more/)
      })
    ))

  it.effect("counts a pool's sockets by the pool's own word, and none where nobody gives it", () =>
    monitored((world, ledger) =>
      Effect.gen(function*() {
        const sockets = (n: number) => world.reading = { ...START, fds: START.fds! + n, sockets: START.sockets + n }
        const pool = { connected: 0 }
        yield* Effect.scoped(Effect.gen(function*() {
          yield* openLedger(ledger).acquire({
            kind: "pool",
            name: "models",
            open: Effect.succeed(pool),
            close: () => Effect.void,
            within: "1 second",
            sockets: ({ connected }) => connected
          })
          pool.connected = 3
          sockets(4)
          yield* seconds(3)
          assert.deepStrictEqual(world.seen().drift, { ...NONE, sockets: 1 })
          pool.connected = 4
          yield* seconds(1)
          assert.deepStrictEqual(world.seen().drift, NONE)
        }))
        yield* open(ledger, "server", "http")
        yield* seconds(20)
        assert.deepStrictEqual(world.seen().drift, { ...NONE, sockets: null })
        assert.deepStrictEqual(world.log, [])
      })
    ))

  it.effect("is a metric, by category", () =>
    monitored((world) =>
      Effect.gen(function*() {
        const read = (category: string) =>
          Effect.map(
            Metric.value(Metric.tagged(Metric.gauge("claude_memory_resources_drift"), "category", category)),
            ({ value }) => value
          )
        world.reading = { ...START, workers: 3, children: 1, fds: null }
        yield* seconds(3)
        const values = yield* Effect.forEach(Drift.CATEGORIES, read)
        assert.deepStrictEqual(values, [0, 0, 0, 3, 1])
        world.reading = START
        yield* seconds(1)
        assert.deepStrictEqual(yield* Effect.forEach(Drift.CATEGORIES, read), [0, 0, 0, 0, 0])
      })
    ))
})

describe("a resource", () => {
  slow(it.effect)(
    "older than its kind gets is logged once, with its origin; others may be as old as they like",
    () =>
      monitored((world, ledger) =>
        Effect.gen(function*() {
          world.reading = { ...START, fds: null }
          yield* open(ledger, "file", "forgotten.jsonl")
          yield* open(ledger, "database", "memory")
          yield* seconds(60)
          yield* open(ledger, "temporary folder", "samples")
          yield* seconds(14 * 60)
          assert.deepStrictEqual(world.log, [])
          yield* seconds(10)
          assert.strictEqual(world.log.length, 1)
          assert.match(
            world.log[0]!,
            /^Warning open for longer than 15m: file forgotten\.jsonl, opened at .*Monitor\.test\.ts:\d+/
          )
          yield* seconds(3_600)
          assert.strictEqual(world.log.length, 2)
          assert.match(world.log[1]!, /temporary folder samples/)
        })
      )
  )
})

describe("the monitor", () => {
  it.effect("that comes upon a bug says so, and the service goes on", () =>
    monitored((world, ledger) =>
      Effect.gen(function*() {
        yield* openLedger(ledger).acquire({
          kind: "pool",
          name: "bad",
          open: Effect.void,
          close: () => Effect.void,
          within: "1 second",
          sockets: () => {
            throw new Error("a bug")
          }
        })
        yield* seconds(5)
        assert.strictEqual(world.log.length, 1)
        assert.match(world.log[0]!, /^Warning the monitor has stopped/)
      })
    ))
})
