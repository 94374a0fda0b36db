import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { Lease } from "../../src/store/Lease.ts"
import { slow } from "../data.ts"

/** Intervals of the waiters' attempts and of the holder's heartbeats, as in Lease.ts. */
const ASKS_EVERY = "2 seconds"
const BEATS_EVERY = "15 seconds"

/** Runs a test with the lease of a folder that does not exist yet. */
const inFolder = <A, E>(
  test: (folder: string, lease: Lease["Type"]) => Effect.Effect<A, E, ResourceLedger | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = join(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-lease-" }), "home")
    yield* TestClock.setTime(performance.timeOrigin + performance.now())
    return yield* Effect.provide(Effect.flatMap(Lease, (lease) => test(folder, lease)), Lease.layer(folder))
  }).pipe(Effect.scoped, Effect.provide(Layer.merge(ResourceLedger.layer, NodeContext.layer)))

/** Waits in real time for file operations, which ignore the test's clock. */
const settled = TestServices.provideLive(Effect.sleep("20 millis"))
const later = (duration: string) => Effect.zipRight(TestClock.adjust(duration as "1 second"), settled)

/** Waits for the lease in the background, and holds it until `letGo`. */
const holding = (lease: Lease["Type"], name = "x") =>
  Effect.gen(function*() {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const fiber = yield* Effect.forkScoped(Scope.extend(lease.hold(name), scope))
    yield* settled
    return {
      isHeld: Effect.map(Effect.zipRight(settled, Fiber.poll(fiber)), (exit) => exit._tag === "Some"),
      keep: Effect.flatMap(Fiber.join(fiber), ({ keep }) => Effect.forkScoped(keep)),
      letGo: Effect.zipRight(Fiber.interrupt(fiber), Scope.close(scope, Exit.void))
    }
  })

it.effect("one holds it, and the next when that lets go", () =>
  inFolder((folder, lease) =>
    Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      const [first, second, other] = [yield* holding(lease), yield* holding(lease), yield* holding(lease, "y")]
      assert.deepStrictEqual([yield* first.isHeld, yield* second.isHeld, yield* other.isHeld], [true, false, true])
      yield* later("10 seconds")
      assert.isFalse(yield* second.isHeld)
      yield* first.letGo
      yield* later(ASKS_EVERY)
      assert.isTrue(yield* second.isHeld)
      assert.deepStrictEqual((yield* ledger.snapshot).map(({ kind, name }) => `${kind} ${name}`).sort(), [
        "lock x",
        "lock y"
      ])
      assert.deepStrictEqual(readdirSync(folder).sort(), ["x.lock", "y.lock"])
      assert.strictEqual(statSync(join(folder, "x.lock")).size, 0)
      if (process.platform !== "win32") {
        assert.strictEqual(statSync(folder).mode & 0o777, 0o700)
        assert.strictEqual(statSync(join(folder, "x.lock")).mode & 0o777, 0o600)
      }
      yield* second.letGo
      yield* other.letGo
      assert.deepStrictEqual(yield* ledger.snapshot, [])
    })
  ))

it.effect("of many that want it, one at a time has it, and each in its turn", () =>
  inFolder((folder) =>
    Effect.gen(function*() {
      let holders = 0
      let most = 0
      const turn = Effect.gen(function*() {
        const lease = yield* Lease
        yield* lease.hold("x")
        most = Math.max(most, ++holders)
        yield* Effect.sleep("500 millis")
        holders--
      }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Lease.layer(folder))))
      const all = yield* Effect.fork(Effect.all(Array.from({ length: 8 }, () => turn), { concurrency: "unbounded" }))
      yield* Effect.repeat(later("1 second"), { until: () => all.unsafePoll() !== null })
      yield* Fiber.join(all)
      assert.deepStrictEqual([holders, most], [0, 1])
    })
  ))

slow(it.effect)(
  "its holder beats; one that stands still loses it, and finds out",
  () =>
    inFolder((folder, lease) =>
      Effect.gen(function*() {
        const file = join(folder, "x.lock")
        const beatenAt = () => statSync(file).mtimeMs
        const first = yield* holding(lease)
        const kept = yield* first.keep
        const second = yield* holding(lease)
        const third = yield* holding(lease)
        for (let i = 0; i < 5; i++) {
          const before = beatenAt()
          yield* later(BEATS_EVERY)
          assert.strictEqual(Math.round((beatenAt() - before) / 1_000), 15)
        }
        assert.isFalse(yield* second.isHeld)

        // After 70 seconds without a heartbeat, the second attempt takes the lease, not the first.
        const still = (yield* TestClock.currentTimeMillis) / 1_000 - 70
        utimesSync(file, still, still)
        yield* later(ASKS_EVERY)
        assert.isFalse((yield* second.isHeld) || (yield* third.isHeld))
        yield* later(ASKS_EVERY)
        yield* later(ASKS_EVERY)
        const held = [yield* second.isHeld, yield* third.isHeld]
        assert.deepStrictEqual(held.filter(Boolean), [true])
        const other = yield* (held[0] === true ? second : third).keep
        assert.isNull(kept.unsafePoll())
        yield* later(BEATS_EVERY)
        assert.isTrue(Exit.isSuccess(kept.unsafePoll() ?? Exit.die("it did not find out")))
        yield* later("30 seconds")
        assert.isNull(other.unsafePoll())
        assert.deepStrictEqual([yield* second.isHeld, yield* third.isHeld], held)
      })
    )
)

it.effect("a file that nobody holds is no holder, however old it is", () =>
  inFolder((folder, lease) =>
    Effect.gen(function*() {
      const first = yield* holding(lease)
      yield* first.letGo
      utimesSync(join(folder, "x.lock"), 1, 1)
      const second = yield* holding(lease)
      assert.isTrue(yield* second.isHeld)
      const kept = yield* second.keep
      // `uninstall --purge` and a new start remove and recreate the folder.
      rmSync(folder, { recursive: true })
      const third = yield* holding(lease)
      assert.isTrue(yield* third.isHeld)
      yield* later(BEATS_EVERY)
      assert.isNotNull(kept.unsafePoll())
    })
  ))

it.effect("a folder that can't be is told", () =>
  inFolder((folder, lease) =>
    Effect.gen(function*() {
      writeFileSync(folder, "")
      const error = yield* Effect.flip(lease.hold("x"))
      assert.strictEqual(error.reason, "Other")
      assert.include(error.message, join(folder, "x.lock"))
    })
  ))

it.effect("without others it is held at once, and kept", () =>
  Effect.scoped(Effect.gen(function*() {
    const { keep } = yield* Effect.flatMap(Lease, (lease) => lease.hold("x"))
    const kept = yield* Effect.forkScoped(keep)
    yield* TestClock.adjust("1 day")
    assert.isNull(kept.unsafePoll())
  })))
