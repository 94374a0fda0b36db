/**
 * What an earlier version compressed is compressed again: session by session, resumable, and without a review.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Compressor, Reviewer } from "../src/compress/Compressor.ts"
import { idOf } from "../src/domain/Ids.ts"
import * as Pipeline from "../src/Pipeline.ts"
import { ResourceLedger } from "../src/resources/ResourceLedger.ts"
import { MemoryStore } from "../src/store/MemoryStore.ts"
import * as testing from "../src/testing.ts"
import { batch, everything, message, project, unit } from "./contract/made.ts"

/** Compressor of a version, whose units say by which version they are. */
const compressorOf = (version: number) =>
  Compressor.of({
    version,
    compress: ({ position, segment, session }) =>
      Effect.succeed([
        unit(idOf("unit", segment.id), {
          sessionId: session.id,
          origin: segment.id,
          position,
          content: `segment of ${session.id} by ${version}`,
          compressor: version
        })
      ]),
    summarize: ({ session }) =>
      Effect.succeed([
        unit(idOf("unit", session.id), {
          sessionId: session.id,
          origin: session.id,
          type: "archive",
          position: 9_000,
          content: `archive of ${session.id} by ${version}`,
          compressor: version
        })
      ])
  })

const by = (version: number) => Effect.provideService(Compressor, compressorOf(version))

const capture = (sessions: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* store.append(
      batch(sessions.map((sessionId) => message(`m-${sessionId}`, { sessionId, isPrompt: true })))
    )
    yield* by(1)(Stream.runDrain(Pipeline.drain))
  })

const contents = Effect.gen(function*() {
  const store = yield* MemoryStore
  return (yield* store.recent(everything, 100)).map(({ content }) => content).sort()
})

const upgrade = (version: number) => by(version)(Stream.runDrain(Pipeline.upgrade))

const run = <A, E>(effect: Effect.Effect<A, E, MemoryStore | Layer.Layer.Success<typeof services>>) =>
  Effect.provide(effect, services)

const services = Layer.mergeAll(testing.index, testing.models()).pipe(
  Layer.provideMerge(testing.store),
  Layer.provideMerge(ResourceLedger.layer)
)

describe("an upgrade", () => {
  it.effect("compresses every session again, once, and keeps what was saved and forgotten", () =>
    run(Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* capture(["s1", "s2"])
      const saved = unit("saved", { sessionId: "saved", origin: "saved", content: "always use pnpm", pinned: true })
      yield* store.save(saved, project("one"))
      yield* store.forget([idOf("unit", "s2")])
      yield* upgrade(1)
      assert.deepStrictEqual(yield* contents, [
        "always use pnpm",
        "archive of s1 by 1",
        "segment of s1 by 1",
        "segment of s2 by 1"
      ])
      yield* upgrade(2)
      assert.includeMembers([...(yield* contents)], ["always use pnpm", "archive of s1 by 2", "segment of s1 by 2"])
      assert.isEmpty((yield* contents).filter((content) => content.endsWith("by 1")))
      assert.strictEqual((yield* store.status).pending, 0)
      yield* upgrade(2)
      yield* upgrade(1)
      assert.isEmpty((yield* contents).filter((content) => content.endsWith("by 1")))
    })))

  it.effect("finds nothing to do in a memory that is new", () =>
    run(Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* store.append(batch([message("m1", { sessionId: "s1", isPrompt: true })]))
      yield* by(2)(Stream.runDrain(Pipeline.drain))
      let compressed = 0
      const counting = Compressor.of({
        ...compressorOf(2),
        compress: (context) =>
          Effect.suspend(() => {
            compressed++
            return compressorOf(2).compress(context)
          })
      })
      yield* Effect.provideService(Stream.runDrain(Pipeline.upgrade), Compressor, counting)
      assert.deepStrictEqual([compressed, (yield* store.status).pending], [0, 0])
    })))

  it.effect("does not bring back text that was forgotten", () =>
    run(Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* capture(["s1"])
      const same = { ...compressorOf(2), summarize: compressorOf(1).summarize }
      yield* store.forget([idOf("unit", "s1")])
      yield* Effect.provideService(Stream.runDrain(Pipeline.upgrade), Compressor, same)
      assert.deepStrictEqual(yield* contents, ["segment of s1 by 2"])
    })))

  it.effect("goes on after an interruption, at whatever session it was", () =>
    run(Effect.gen(function*() {
      const store = yield* MemoryStore
      const sessions = Array.from({ length: 12 }, (_, i) => `s${i}`)
      yield* capture(sessions)
      const interruptedAt = (step: "compress" | "summarize") =>
        Effect.gen(function*() {
          let done = 0
          const fifth = <A, B, E>(make: (source: A) => Effect.Effect<B, E>) => (source: A) =>
            Effect.suspend(() => ++done === 5 ? Effect.never : make(source))
          const { compress, summarize, version } = compressorOf(2)
          const counting = step === "compress"
            ? { version, compress: fifth(compress), summarize }
            : { version, compress, summarize: fifth(summarize) }
          const fiber = yield* Effect.fork(
            Effect.provideService(Stream.runDrain(Pipeline.upgrade), Compressor, counting)
          )
          while (done < 5) yield* Effect.yieldNow()
          yield* Fiber.interrupt(fiber)
          const half = yield* contents
          return ["by 2", "by 1"].map((by) => half.filter((content) => content.endsWith(by)).length)
        })
      // The session at which it was interrupted is as it was; summaries are written sixteen at a time.
      assert.deepStrictEqual(yield* interruptedAt("compress"), [4, 20])
      assert.deepStrictEqual(yield* interruptedAt("summarize"), [12, 12])
      yield* upgrade(2)
      assert.lengthOf((yield* contents).filter((content) => content.endsWith("by 2")), 24)
      assert.strictEqual((yield* store.status).pending, 0)
    })))

  it.effect("leaves what both versions write alike as it is, with its vector", () =>
    run(Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* capture(["s1"])
      const alike = { ...compressorOf(1), version: 2 }
      const compress: typeof alike.compress = (context) =>
        Effect.map(alike.compress(context), (units) => units.map((made) => ({ ...made, compressor: 2 })))
      yield* Effect.provideService(
        Stream.runDrain(Stream.takeUntil(Pipeline.upgrade, ({ _tag }) => _tag === "Compressed")),
        Compressor,
        { ...alike, compress }
      )
      assert.strictEqual((yield* store.status).indexing, 0)
      assert.deepStrictEqual(yield* contents, ["archive of s1 by 1", "segment of s1 by 1"])
    })))

  it.effect("leaves sessions that a model reviewed, and asks for no review", () =>
    run(Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* capture(["s1", "s2"])
      // Also one of which a review was asked after its upgrade was queued.
      yield* store.queue("upgrade", ["s1", "s2"])
      yield* store.queueReviews([{ sessionId: "s1", segmentIds: [], isWanted: true }])
      yield* store.done(yield* store.claim("review", 10))
      yield* store.done(yield* store.claim("recap", 10))
      const reviewer = Option.some({ compressor: compressorOf(1), isWanted: () => true })
      yield* Effect.provideService(upgrade(2), Reviewer, reviewer)
      assert.deepStrictEqual(yield* contents, [
        "archive of s1 by 1",
        "archive of s2 by 2",
        "segment of s1 by 1",
        "segment of s2 by 2"
      ])
      assert.strictEqual((yield* store.status).pending, 0)
    })))
})
