/**
 * Which segments and sessions a language model compresses again: on SQLite, with a fake model.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { mkdtempSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { Collector } from "../src/capture/Collector.ts"
import { CompressionError, Compressor } from "../src/compress/Compressor.ts"
import * as Extractive from "../src/compress/extractive/Extractive.ts"
import * as Review from "../src/compress/Review.ts"
import type { Message } from "../src/domain/Conversation.ts"
import { idOf } from "../src/domain/Ids.ts"
import type { MemoryUnit } from "../src/domain/MemoryUnit.ts"
import * as SessionRecords from "../src/hook/SessionRecords.ts"
import * as EmbeddedIndex from "../src/index/sqlite/EmbeddedIndex.ts"
import { Injector } from "../src/inject/Injector.ts"
import * as Pipeline from "../src/Pipeline.ts"
import { Retriever } from "../src/retrieve/Retriever.ts"
import { ClaudeMemory } from "../src/serve/ClaudeMemory.ts"
import { MAX_ATTEMPTS, MemoryStore, retryDelay } from "../src/store/MemoryStore.ts"
import { SqliteFile } from "../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../src/store/sqlite/SqliteStore.ts"
import * as testing from "../src/testing.ts"
import { asks, fails, messagesOf, runs, says, type Step } from "./compress/sessions.ts"
import { base } from "./contract/layers.ts"
import { batch, cursor, everything, facts, unit } from "./contract/made.ts"
import { slow } from "./data.ts"

const refused = (reason: CompressionError["reason"]) =>
  Effect.fail(new CompressionError({ reason, operation: "compress", detail: "no answer", cause: undefined }))

/** Fake model that writes one unit for each segment and session, after `reply`. */
const makeModel = () => {
  const model = {
    /** Segments and sessions that the model was called for, in order. */
    calls: [] as Array<string>,
    reply: (_key: string): Effect.Effect<void, CompressionError> => Effect.void
  }
  const write = (origin: string, overrides: Partial<MemoryUnit>) =>
    Effect.suspend(() => {
      model.calls.push(origin)
      return Effect.as(model.reply(origin), [
        unit(written(origin), { origin, content: `written of ${origin}`, ...overrides })
      ])
    })
  const compressor = Compressor.of({
    version: 1,
    compress: ({ position, segment, session }) => write(segment.id, { sessionId: session.id, position }),
    summarize: ({ session }) => write(session.id, { sessionId: session.id, type: "archive", position: 9_000 })
  })
  return Object.assign(model, { compressor })
}
type Model = ReturnType<typeof makeModel>

/** Id of the unit that the model writes for a segment or session. */
const written = (origin: string) => idOf("unit", "written", origin)

/** The service over a folder; each use opens its own connections. */
const serviceIn = (
  folder: string,
  mode: Review.ReviewMode,
  model: Model,
  index: typeof testing.index | typeof EmbeddedIndex.layer = EmbeddedIndex.layer
) =>
  ClaudeMemory.layer.pipe(
    Layer.provideMerge(Layer.merge(Injector.layer, SessionRecords.layerInMemory)),
    Layer.provideMerge(Layer.mergeAll(Retriever.layer, Collector.layer, Extractive.layer)),
    Layer.provideMerge(Layer.mergeAll(
      index,
      testing.models(),
      Layer.provide(Review.layer(mode), Layer.succeed(Compressor, model.compressor))
    )),
    Layer.provideMerge(SqliteStore.layer),
    Layer.provide(SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 5_000, skipGarbageCollection: true })),
    Layer.provideMerge(base)
  )

const newFolder = () => mkdtempSync(join(homedir(), "review-"))

const service = (mode: Review.ReviewMode, model: Model) => Layer.suspend(() => serviceIn(newFolder(), mode, model))

const sessionMessages = (sessionId: string, steps: ReadonlyArray<Step>): ReadonlyArray<Message> =>
  messagesOf(steps, `${sessionId}/`).map((each) => ({ ...each, sessionId }))

/** Captures a session and returns its segment ids in order. */
const talk = (sessionId: string, ...steps: ReadonlyArray<Step>) =>
  Effect.flatMap(MemoryStore, (store) => {
    const messages = sessionMessages(sessionId, steps)
    return Effect.as(
      store.append(batch(messages, { cursor: cursor(`/t/${sessionId}`, 1) })),
      messages.filter(({ isPrompt }) => isPrompt).map(({ uuid }) => idOf("segment", uuid))
    )
  })

const SUBJECTS = ["billing", "search", "upload", "login", "import", "export", "mail", "cache"]

/** A segment about a subject that no other segment mentions. */
const about = (subject: string): ReadonlyArray<Step> => [
  asks(`Where does the ${subject} service of the shop keep its timeout?`),
  says(`The ${subject} service keeps its timeout in config/${subject}.ts, in milliseconds, read once at the start.`)
]

/** Captures a session of `segments` segments. */
const talkAbout = (sessionId: string, segments: number) =>
  talk(sessionId, ...SUBJECTS.slice(0, segments).flatMap((subject) => about(`${subject} ${sessionId}`)))

const stepsOf = <E, R>(stream: Stream.Stream<Pipeline.Step, E, R>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const drained = stepsOf(Pipeline.drain)

const postponed = (steps: ReadonlyArray<Pipeline.Step>) =>
  steps.flatMap((step) => step._tag === "Postponed" ? [[step.kind, step.error._tag, step.error.reason]] : [])

const reviewedBy = (steps: ReadonlyArray<Pipeline.Step>) =>
  steps.flatMap((step) => step._tag === "Reviewed" ? [[step.items, step.units.length]] : [])

/** Filters `origins` to those that the model has written. */
const writtenOf = (origins: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const units = yield* (yield* MemoryStore).units(origins.map(written))
    return units.map(({ origin }) => origin)
  })

const pending = Effect.flatMap(MemoryStore, (store) => Effect.map(store.status, (status) => status.pending))

const failures = Effect.flatMap(
  MemoryStore,
  (store) =>
    Effect.map(
      store.failures(100),
      (all) => all.map(({ attempts, isDead, key, kind }) => [kind, key, attempts, isDead])
    )
)

/** Lets other fibers run until `isSo` holds. */
const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<boolean, E, R> =>
  Effect.zipRight(Effect.yieldNow(), condition).pipe(Effect.repeat({ until: (holds) => holds }))

const countOf = (calls: ReadonlyArray<string>, key: string) => calls.filter((each) => each === key).length

const test = <E>(
  title: string,
  mode: Review.ReviewMode,
  body: (
    model: Model
  ) => Effect.Effect<void, E, Layer.Layer.Success<ReturnType<typeof service>>>
) =>
  it.effect(title, () => {
    const model = makeModel()
    return Effect.provide(body(model), service(mode, model))
  })

describe("sessions that a language model looks at", () => {
  const exchange = (text: string): ReadonlyArray<Step> => [asks(text), says("It is done as far as it was planned.")]
  const sessions: ReadonlyArray<readonly [id: string, steps: ReadonlyArray<Step>, isWanted: boolean]> = [
    ["plain", exchange("How far is the test of the parser?"), false],
    ["decision", [asks("Always use pnpm instead of npm here, because the lockfile is shared."), says("Noted.")], true],
    ["error", [
      asks("Please make the type check of the billing module pass again"),
      fails("npm run typecheck", "Exit code 2\nsrc/total.ts(12,7): error TS2322: Type 'string' is not assignable."),
      says("The total is a string because the API sends amounts as text."),
      runs("npm run typecheck", "")
    ], true],
    ["refactor", exchange("How far is the refactor of the parser?"), true],
    ["refactoring", exchange("How far is the Refactoring of the parser?"), true],
    ["architecture", exchange("Where is the architecture decision about the parser?"), true],
    ["重构", exchange("解析器的重构到哪一步了？"), true],
    ["架构决定", exchange("这个架构决定写在哪个文件里？"), true],
    ["系统重写", exchange("系统重写到哪一步了？"), true],
    ["测试", exchange("解析器的测试到哪一步了？"), false],
    ["factory", exchange("How far is the refactory of the parser?"), false],
    ["printed", [asks("Show the notes"), runs("cat notes.md", "the refactor, 重构"), says("Here they are.")], false],
    ["late", [...about("late"), asks("Continue"), says("Then comes the refactor of the parser.")], true]
  ]

  it.effect.each<readonly [Review.ReviewMode, ReadonlyArray<string>]>([
    ["manual", []],
    ["hybrid", sessions.flatMap(([id, , isWanted]) => isWanted ? [id] : [])],
    ["abstractive", sessions.map(([id]) => id)]
  ])("%s", ([mode, expected]) => {
    const model = makeModel()
    return Effect.gen(function*() {
      const segments = new Map<string, ReadonlyArray<string>>()
      for (const [id, steps] of sessions) segments.set(id, yield* talk(id, ...steps))
      yield* drained
      // All segments of a session are reviewed before its recap.
      const all = [...expected.flatMap((id) => segments.get(id)!), ...expected]
      assert.sameMembers(model.calls, all)
      assert.deepStrictEqual(model.calls.slice(-expected.length).sort(), [...expected].sort())
      assert.sameMembers(yield* writtenOf(all), all)
      assert.strictEqual(yield* pending, 0)
    }).pipe(Effect.provide(service(mode, model)))
  })
})

describe("a review", () => {
  test(
    "comes when all can be found already, and each of its results is there at once",
    "abstractive",
    (model) =>
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const segments = yield* talkAbout("s1", 3)
        const go = yield* Deferred.make<void>()
        model.reply = (key) => key === segments[2] ? Deferred.await(go) : Effect.void
        const steps: Array<Pipeline.Step> = []
        const fiber = yield* Effect.fork(
          Stream.runForEach(Pipeline.drain, (step) => Effect.sync(() => steps.push(step)))
        )
        yield* until(Effect.map(writtenOf(segments), ({ length }) => length === 2))

        assert.deepStrictEqual(steps.map(({ _tag }) => _tag), ["Compressed", "Compressed", "Indexed"])
        assert.deepStrictEqual(yield* writtenOf(segments), segments.slice(0, 2))
        const query = { text: "upload", projects: "all", limit: 10, minScore: 0 } as const
        for (const mode of ["keyword", "semantic"] as const) {
          const { degraded, results } = yield* memory.search({ ...query, mode })
          assert.deepStrictEqual(degraded, [])
          assert.isTrue(results.some(({ unit }) => unit.origin === segments[2]), mode)
        }

        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(reviewedBy(steps), [[3, 3], [1, 1]])
        assert.strictEqual(steps.at(-1)?._tag, "Indexed")
        const units = yield* memory.recent(everything, 100)
        assert.sameMembers(units.map(({ id }) => id), [...segments, "s1"].map(written))
        assert.strictEqual((yield* memory.indexStatus).count, units.length)
        assert.strictEqual(yield* pending, 0)
        assert.deepStrictEqual(yield* drained, [])
      })
  )

  test(
    "of what changes while the model works is not paid for again in the same run",
    "manual",
    (model) =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [segment] = yield* talkAbout("s1", 1)
        yield* drained
        yield* store.reviewAgain(["s1"])
        model.reply = () =>
          Effect.orDie(store.queueReviews([{ sessionId: "s1", segmentIds: [segment!], isWanted: false }]))
        yield* stepsOf(Pipeline.review)
        assert.deepStrictEqual(model.calls, [segment, "s1"])
        model.reply = () => Effect.void
        yield* stepsOf(Pipeline.review)
        assert.deepStrictEqual(model.calls, [segment, "s1", segment, "s1"])
        assert.sameMembers(yield* writtenOf([segment!, "s1"]), [segment!, "s1"])
      })
  )

  test("sends nothing of a project that was excluded meanwhile", "manual", (model) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* talkAbout("s1", 2)
      yield* drained
      yield* store.reviewAgain(["s1"])
      const [project] = yield* store.projects
      yield* store.excludeProject(project!, true)
      yield* stepsOf(Pipeline.review)
      assert.deepStrictEqual(model.calls, [])
      assert.strictEqual(yield* pending, 0)
    }))

  test("goes on with what comes to a session, and with its title", "hybrid", (model) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* talk("s1", asks("How far is the refactor?"), says("The refactor of the parser is done."))
      yield* drained
      model.calls.length = 0
      const more = sessionMessages("more", about("mail")).map((each) => ({ ...each, sessionId: "s1" }))
      yield* store.append(batch(more, { cursor: cursor("/t/more", 1) }))
      yield* drained
      assert.deepStrictEqual(model.calls, [idOf("segment", more[0]!.uuid), "s1"])

      model.calls.length = 0
      yield* store.append(batch([], { cursor: cursor("/t/title", 1), facts: [facts("s1", { title: "The parser" })] }))
      yield* drained
      assert.deepStrictEqual(model.calls, ["s1"])
      assert.deepStrictEqual(yield* writtenOf(["s1"]), ["s1"])
    }))

  it.effect.each<readonly [CompressionError["reason"], number]>([["Model", 1], ["Postponed", 0]])(
    "that fails for %s waits with what comes after it; the others' results stay",
    ([reason, attempts]) => {
      const model = makeModel()
      return Effect.gen(function*() {
        const segments = yield* talkAbout("s1", 6)
        const bad = segments[1]!
        model.reply = (key) => key === bad ? refused(reason) : Effect.void
        const steps = yield* drained
        assert.deepStrictEqual(postponed(steps), [["review", "CompressionError", reason]])
        // Four run at a time; the model was never called for the last two.
        assert.sameMembers(model.calls, segments.slice(0, 4))
        assert.deepStrictEqual(yield* writtenOf(segments), [segments[0], segments[2], segments[3]])
        assert.deepStrictEqual(yield* failures, attempts === 0 ? [] : [["review", bad, attempts, false]])
        assert.strictEqual(yield* pending, 4)
        const { textMessages } = yield* (yield* MemoryStore).status
        assert.isAbove(textMessages.cited, 3, "what was extracted of the others is still there")

        // After a model error the segment waits for a minute; an exceeded budget is no failure of the segment.
        model.calls.length = 0
        const again = yield* drained
        assert.sameMembers(model.calls, reason === "Model" ? [...segments.slice(4), "s1"] : [bad, ...segments.slice(4)])
        assert.strictEqual(postponed(again).length, reason === "Model" ? 0 : 1)
        assert.deepStrictEqual(yield* failures, attempts === 0 ? [] : [["review", bad, attempts, false]])

        model.reply = () => Effect.void
        yield* TestClock.adjust(retryDelay(1))
        // The session's recap is written again, now with the segment that failed before.
        assert.deepStrictEqual(reviewedBy(yield* drained), [[1, 1], [1, 1]])
        assert.deepStrictEqual(yield* writtenOf(segments), segments)
        assert.deepStrictEqual(yield* failures, [])
        assert.strictEqual(yield* pending, 0)
      }).pipe(Effect.provide(service("abstractive", model)))
    }
  )

  test("is written with the recap that it makes necessary, or not", "abstractive", (model) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const [bad = "", ...others] = yield* talkAbout("s1", 3)
      model.reply = (key) => key === bad ? refused("Model") : Effect.void
      yield* drained
      yield* drained
      assert.sameMembers(yield* writtenOf([bad, ...others, "s1"]), [...others, "s1"])
      model.reply = () => Effect.void
      yield* TestClock.adjust(retryDelay(1))
      const killed = { ...store, queueReviews: () => Effect.interrupt }
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(Effect.provideService(drained, MemoryStore, killed))))
      assert.deepStrictEqual(yield* writtenOf([bad]), [])
      assert.deepStrictEqual(reviewedBy(yield* drained), [[1, 1], [1, 1]])
      assert.deepStrictEqual(yield* writtenOf([bad]), [bad])
    }))

  test("that failed too often is left until somebody asks for it", "abstractive", (model) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const [bad] = yield* talkAbout("session-1", 1)
      yield* talkAbout("session-2", 1)
      model.reply = (key) => key === bad ? refused("Model") : Effect.void
      for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
        assert.strictEqual(postponed(yield* drained).length, 1)
        assert.deepStrictEqual(yield* failures, [["review", bad, attempts, attempts === MAX_ATTEMPTS]])
        yield* TestClock.adjust(retryDelay(attempts))
      }
      // A dead review no longer holds back its session's recap.
      assert.deepStrictEqual(reviewedBy(yield* drained), [[2, 2]])
      yield* TestClock.adjust("365 days")
      assert.deepStrictEqual(yield* drained, [])
      assert.strictEqual(countOf(model.calls, bad!), MAX_ATTEMPTS)
      assert.strictEqual(yield* pending, 0)
      const [failed] = yield* memory.failures(10)
      assert.deepStrictEqual([failed?.isDead, failed?.error], [
        true,
        "no answer; what was to be compressed stays in the queue"
      ])

      for (const [name, known] of [["session-", ["session-1", "session-2"]], ["other", []]] as const) {
        const error = yield* Effect.flip(stepsOf(memory.review(["session-2", name])))
        assert.deepInclude(error, { _tag: "NotFound", what: "session", asked: name, known })
      }
      assert.strictEqual(yield* pending, 0)

      model.calls.length = 0
      model.reply = () => Effect.void
      assert.deepStrictEqual(reviewedBy(yield* stepsOf(memory.review(["session-1"]))), [[1, 1], [1, 1]])
      assert.deepStrictEqual(model.calls, [bad, "session-1"])
      assert.deepStrictEqual(yield* writtenOf([bad!]), [bad])
      assert.deepStrictEqual(yield* failures, [])
    }))

  test("by hand is of what is named, and without a name of what waits", "manual", (model) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const one = yield* talkAbout("s1", 2)
      yield* talkAbout("s2", 1)
      yield* drained
      model.reply = () => refused("Postponed")
      assert.deepStrictEqual(postponed(yield* stepsOf(memory.review(["s1"]))).map(([kind]) => kind), ["review"])
      model.reply = () => Effect.void
      assert.deepStrictEqual(reviewedBy(yield* stepsOf(memory.review([]))), [[2, 2], [1, 1]])
      assert.sameMembers(yield* writtenOf([...one, "s1"]), [...one, "s1"])
      assert.deepStrictEqual(yield* stepsOf(memory.review([])), [])
      // "all" covers the sessions that have not been reviewed.
      assert.deepStrictEqual(reviewedBy(yield* stepsOf(memory.review("all"))), [[1, 1], [1, 1]])
      assert.include(model.calls, "s2")
      assert.deepStrictEqual(yield* stepsOf(memory.review("all")), [])
    }))

  slow(test)(
    "that is interrupted, wherever, loses nothing and asks for nothing again that was written",
    "manual",
    (model) => {
      // Answers take 0, 3, 6 or 9 turns, by the number of calls so far.
      model.reply = () => Effect.repeatN(Effect.yieldNow(), 3 * (model.calls.length % 4))
      const interruptedAt = (turn: number) =>
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const all = [...(yield* talkAbout(`s${turn}`, 6)), `s${turn}`]
          yield* Stream.runDrain(Pipeline.drain)
          yield* store.reviewAgain([`s${turn}`])
          model.calls.length = 0
          const fiber = yield* Effect.fork(Effect.withMaxOpsBeforeYield(Stream.runDrain(Pipeline.review), 24))
          yield* Effect.repeatN(Effect.yieldNow(), 5 * turn)
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(new Set(model.calls).size, model.calls.length)
          const before = yield* writtenOf(all)
          model.calls.length = 0
          yield* Stream.runDrain(Pipeline.review)
          assert.sameMembers(model.calls, all.filter((key) => !before.includes(key)), `interrupted at ${turn}`)
          assert.sameMembers(yield* writtenOf(all), all)
          assert.strictEqual(yield* pending, 0)
          assert.deepStrictEqual(yield* failures, [])
          return before.length
        })
      return Effect.gen(function*() {
        const done = yield* Effect.forEach(
          Array.from({ length: 36 }, (_, turn) => turn),
          interruptedAt
        )
        assert.isAbove(new Set(done).size, 4, `written before: ${done.join(" ")}`)
      })
    }
  )

  test("keeps its lease as long as the model takes", "abstractive", (model) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const segments = yield* talkAbout("s1", 2)
      const go = yield* Deferred.make<void>()
      model.reply = () => Deferred.await(go)
      const fiber = yield* Effect.fork(drained)
      yield* until(Effect.sync(() => model.calls.length === 2))
      for (let seconds = 0; seconds < 200; seconds += 10) {
        yield* TestClock.adjust("10 seconds")
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        assert.deepStrictEqual(yield* store.claim("review", 10), [], `after ${seconds} s`)
      }
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual(reviewedBy(yield* Fiber.join(fiber)), [[2, 2], [1, 1]])
      assert.sameMembers(model.calls, [...segments, "s1"])
    }))

  slow(it.live)("is done once where two work at one memory at a time", () => {
    const folder = newFolder()
    const models = [makeModel(), makeModel()]
    // The two models answer at different paces, and never without a pause.
    for (const [i, model] of models.entries()) {
      model.reply = () => Effect.repeatN(Effect.yieldNow(), 1 + (model.calls.length * (i + 3)) % 7)
    }
    const ids = Array.from({ length: 8 }, (_, i) => `s${i}`)
    return Effect.gen(function*() {
      const all = yield* Effect.gen(function*() {
        const segments = yield* Effect.forEach(ids, (id) => talkAbout(id, 5))
        yield* Stream.runDrain(Pipeline.drain)
        yield* (yield* MemoryStore).reviewAgain(ids)
        return [...segments.flat(), ...ids]
      }).pipe(Effect.provide(serviceIn(folder, "manual", makeModel())))
      // Two connections of one process cannot wait for each other in a transaction of several steps, such as the
      // index's.
      const service = (model: Model) => serviceIn(folder, "manual", model, testing.index)
      const start = yield* Effect.makeLatch()
      let ready = 0
      const work = Effect.gen(function*() {
        if (++ready === models.length) yield* start.open
        yield* start.await
        yield* Stream.runDrain(Pipeline.review)
      })
      yield* Effect.forEach(models, (model) => Effect.provide(work, service(model)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(models.flatMap(({ calls }) => calls).sort(), [...all].sort())
      for (const { calls } of models) assert.isNotEmpty(calls)
      yield* Effect.gen(function*() {
        assert.sameMembers(yield* writtenOf(all), all)
        assert.strictEqual(yield* pending, 0)
      }).pipe(Effect.provide(serviceIn(folder, "manual", makeModel())))
    })
  })
})
