import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Compressor } from "../src/compress/Compressor.ts"
import { VectorIndex } from "../src/index/VectorIndex.ts"
import { ModelError, ModelManager } from "../src/models/ModelManager.ts"
import * as Pipeline from "../src/Pipeline.ts"
import { ResourceLedger } from "../src/resources/ResourceLedger.ts"
import { MemoryStore } from "../src/store/MemoryStore.ts"
import * as testing from "../src/testing.ts"
import { batch, message, unit } from "./contract/made.ts"
import { oneIn, slow } from "./data.ts"

const SESSIONS = 160

/** All that works off the queue, with this compressor. */
const over = (compressor: Layer.Layer<Compressor>) =>
  Layer.mergeAll(testing.index, testing.models(), compressor).pipe(
    Layer.provideMerge(testing.store),
    Layer.provide(ResourceLedger.layer)
  )

slow(it.live)("a signal interrupts the making of memories, and the rest of the queue is worked off later", () => {
  let compressed = 0
  /** Compressor that keeps the CPU busy for 10 ms a segment and never yields. */
  const busy = Layer.succeed(
    Compressor,
    Compressor.of({
      version: 1,
      compress: () =>
        Effect.sync(() => {
          const end = performance.now() + 10
          while (performance.now() < end);
          compressed++
          return []
        }),
      summarize: () => Effect.succeed([])
    })
  )
  return Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* store.append(
      batch(Array.from({ length: SESSIONS }, (_, i) => message(`m${i}`, { sessionId: `s${i}`, isPrompt: true })))
    )
    const fiber = yield* Effect.fork(Stream.runDrain(Pipeline.drain))
    // The timer fires when the event loop turns, like a signal's handler.
    yield* Effect.async<void>((resume) => {
      setTimeout(() => resume(Effect.void), 1)
    })
    yield* Fiber.interrupt(fiber)
    assert.isBelow(compressed, SESSIONS)
    assert.isAbove((yield* store.status).pending, 0)
    yield* Stream.runDrain(Pipeline.drain)
    // The batch that was interrupted is compressed again; a batch holds 8.
    assert.isAtLeast(compressed, SESSIONS)
    assert.isBelow(compressed, SESSIONS + 8)
    assert.strictEqual((yield* store.status).pending, 0)
  }).pipe(
    Effect.provide(
      over(busy)
    )
  )
})

slow(it.effect)("wherever it is interrupted, claimed items that are not done return to the queue", () => {
  const instant = Layer.succeed(
    Compressor,
    Compressor.of({ version: 1, compress: () => Effect.succeed([]), summarize: () => Effect.succeed([]) })
  )
  const interruptedAt = (turn: number) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* store.append(
        batch(Array.from({ length: 20 }, (_, i) => message(`m${i}`, { sessionId: `s${i}`, isPrompt: true })))
      )
      const fiber = yield* Effect.fork(Effect.withMaxOpsBeforeYield(Stream.runDrain(Pipeline.drain), 24))
      yield* Effect.repeatN(Effect.yieldNow(), turn)
      const exit = yield* Fiber.interrupt(fiber)
      yield* Stream.runDrain(Pipeline.drain)
      assert.strictEqual((yield* store.status).pending, 0, `interrupted at turn ${turn}`)
      return Exit.isInterrupted(exit)
    }).pipe(
      Effect.provide(
        over(instant)
      )
    )
  const turns = Array.from({ length: 250 }, (_, turn) => turn).filter(oneIn(4))
  return Effect.map(
    Effect.forEach(turns, interruptedAt),
    (cut) => assert.isAbove(cut.filter(Boolean).length, turns.length / 5)
  )
}, 60_000)

it.effect("what a compressor dies of fails alone, and all else is remembered", () => {
  const dying = Layer.succeed(
    Compressor,
    Compressor.of({
      version: 2,
      compress: ({ segment }) =>
        Effect.sync(() => {
          if (segment.sessionId === "s3") throw new Error("no such letter")
          return [unit(`of ${segment.sessionId}`, { origin: segment.id, sessionId: segment.sessionId })]
        }),
      summarize: ({ session }) => session.id === "s5" ? Effect.die("a title without words") : Effect.succeed([])
    })
  )
  return Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* store.append(
      batch(Array.from({ length: 20 }, (_, i) => message(`m${i}`, { sessionId: `s${i}`, isPrompt: true })))
    )
    yield* Stream.runDrain(Pipeline.drain)
    assert.strictEqual((yield* store.status).units.total, 19)
    yield* Stream.runDrain(Pipeline.upgrade)
    assert.deepStrictEqual((yield* store.failures(10)).map(({ error, kind }) => `${kind}: ${error}`).sort(), [
      "segment: a bug: no such letter",
      "session: a bug: a title without words",
      "upgrade: a bug: no such letter"
    ])
  }).pipe(
    Effect.provide(
      over(dying)
    )
  )
})

it.effect("units that can't be stored fail with their segment alone", () => {
  const flawed = Layer.succeed(
    Compressor,
    Compressor.of({
      version: 1,
      compress: ({ segment: { id: origin, sessionId } }) => {
        const made = unit(`of ${sessionId}`, { origin, sessionId })
        switch (sessionId) {
          case "s1":
            return Effect.succeed([{ ...made, position: NaN }])
          case "s2":
            return Effect.succeed([made, made])
          case "s3":
            return Effect.succeed([{ ...made, title: undefined as unknown as string }])
          // Only the database can know.
          case "s4":
            return Effect.succeed([{ ...made, id: unit("of s0").id }])
        }
        return Effect.succeed([made])
      },
      summarize: () => Effect.succeed([])
    })
  )
  return Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* store.append(
      batch(Array.from({ length: 6 }, (_, i) => message(`m${i}`, { sessionId: `s${i}`, isPrompt: true })))
    )
    yield* Stream.runDrain(Pipeline.drain)
    assert.deepStrictEqual((yield* store.failures(10)).map(({ error }) => error).sort(), [
      "a bug: a unit's position is NaN",
      "a bug: a unit's title is wrong: Expected string, actual undefined",
      "a bug: commit: :memory:: UNIQUE constraint failed: units.id",
      "a bug: two units have the id of s2"
    ])
    assert.strictEqual((yield* store.status).units.total, 2)
  }).pipe(Effect.provide(over(flawed)))
})

/** Makes one memory of each session, whose text ends with "of " and the session. */
const oneEach = Layer.succeed(
  Compressor,
  Compressor.of({
    version: 1,
    compress: ({ segment }) =>
      Effect.succeed([unit(`of ${segment.sessionId}`, { origin: segment.id, sessionId: segment.sessionId })]),
    summarize: () => Effect.succeed([])
  })
)

/** Captures sessions s0, s1, … of one message each. */
const talk = (sessions: number) =>
  Effect.flatMap(MemoryStore, (store) =>
    store.append(
      batch(Array.from({ length: sessions }, (_, i) => message(`m${i}`, { sessionId: `s${i}`, isPrompt: true })))
    ))

/** Works off the queue with a model that answers 500 where `fails` holds. Records each request's purpose. */
const drainWith = (fails: (texts: ReadonlyArray<string>, request: number) => boolean) =>
  Effect.gen(function*() {
    const models = yield* ModelManager
    const asked: Array<string> = []
    const steps = yield* Pipeline.drain.pipe(
      Stream.provideService(ModelManager, {
        ...models,
        embed: (texts, purpose = "document") =>
          Effect.suspend(() =>
            fails(texts, asked.push(purpose))
              ? new ModelError({ reason: "Unavailable", model: "m", detail: "it answered 500", cause: undefined })
              : models.embed(texts, purpose)
          )
      }),
      Stream.runCollect
    )
    return { asked, isPostponed: [...steps].some(({ _tag }) => _tag === "Postponed") }
  })

const pointed = Effect.flatMap(VectorIndex, (vectors) => Effect.map(vectors.ids("", 1_000), ({ length }) => length))

const attempts = Effect.flatMap(
  MemoryStore,
  (store) => Effect.map(store.failures(100), (all) => all.map(({ attempts, error, kind }) => [kind, attempts, error]))
)

it.effect("a memory at which the model of vectors fails keeps no other one from its vector; a model that fails at all is left alone", () =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* talk(40)
    const { asked, isPostponed } = yield* drainWith(() => true)
    assert.deepStrictEqual([isPostponed, asked.length, yield* pointed, yield* attempts], [true, 2, 0, []])
    assert.isFalse((yield* drainWith((texts) => texts.some((text) => text.endsWith("of s17")))).isPostponed)
    assert.strictEqual(yield* pointed, 39)
    assert.deepStrictEqual(yield* attempts, [["index", 1, "model m: it answered 500"]])
    yield* TestClock.adjust("2 minutes")
    yield* drainWith(() => false)
    assert.deepStrictEqual([yield* pointed, (yield* store.status).pending], [40, 0])
  }).pipe(Effect.provide(over(oneEach))))

it.effect("a model of vectors that is there only for a moment is left alone soon, and no memory has failed", () =>
  Effect.gen(function*() {
    yield* talk(100)
    const { asked, isPostponed } = yield* drainWith((_, request) => request !== 2)
    assert.deepStrictEqual([isPostponed, yield* pointed, yield* attempts], [true, 0, []])
    // The batch, a question, three halves, and the question again.
    assert.deepStrictEqual(asked, ["document", "query", "document", "document", "document", "query"])
    yield* drainWith(() => false)
    assert.strictEqual(yield* pointed, 100)
  }).pipe(Effect.provide(over(oneEach))))

it.effect("memories at which the model of vectors fails have five attempts, also when nothing else is left", () =>
  Effect.gen(function*() {
    yield* talk(20)
    const bad = (texts: ReadonlyArray<string>) => texts.some((text) => /of s(?:3|4)$/.test(text))
    for (let i = 1; i < 5; i++) {
      // A model that takes no memory any more, also none that is in the index, but takes a question, is there.
      yield* drainWith(i < 3 ? bad : (texts) => texts.some((text) => /of s\d+$/.test(text)))
      assert.deepStrictEqual((yield* attempts).map(([, times]) => times), [i, i])
      yield* TestClock.adjust("10 minutes")
    }
    // A model that is away counts as no attempt, though these two are all that is left.
    const { asked, isPostponed } = yield* drainWith(() => true)
    assert.deepStrictEqual([isPostponed, asked.length], [true, 2])
    assert.deepStrictEqual((yield* attempts).map(([, times]) => times), [4, 4])
    yield* drainWith(bad)
    const { failures } = yield* MemoryStore
    assert.deepStrictEqual((yield* failures(100)).map(({ isDead }) => isDead), [true, true])
    assert.strictEqual(yield* pointed, 18)
  }).pipe(Effect.provide(over(oneEach))))
