/**
 * A memory that may not grow beyond a limit, through the whole service over the sample sessions.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { randomBytes } from "node:crypto"
import { Collector } from "../../../src/capture/Collector.ts"
import * as Extractive from "../../../src/compress/extractive/Extractive.ts"
import { evidence } from "../../../src/domain/MemoryUnit.ts"
import { savedBy } from "../../../src/domain/SavedBy.ts"
import * as SessionRecords from "../../../src/hook/SessionRecords.ts"
import * as EmbeddedIndex from "../../../src/index/sqlite/EmbeddedIndex.ts"
import { Injector } from "../../../src/inject/Injector.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { Retriever } from "../../../src/retrieve/Retriever.ts"
import { ClaudeMemory } from "../../../src/serve/ClaudeMemory.ts"
import { isBalanced } from "../../../src/serve/Wording.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import { type LetGo, type Limits, Retention } from "../../../src/store/Retention.ts"
import { memoryParts } from "../../../src/store/sqlite/MemoryParts.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteRetention from "../../../src/store/sqlite/SqliteRetention.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import * as testing from "../../../src/testing.ts"
import { base, sqliteFile } from "../../contract/layers.ts"
import { batch, cursor, everything, facts, message } from "../../contract/made.ts"
import { samples, slow } from "../../data.ts"

const service = (limits: Partial<Limits>) =>
  ClaudeMemory.layer.pipe(
    Layer.provideMerge(Layer.merge(Injector.layer, SessionRecords.layerInMemory)),
    Layer.provideMerge(Layer.mergeAll(Retriever.layer, Collector.layer, Extractive.layer)),
    Layer.provideMerge(SqliteRetention.layer({ bytes: 0, ages: {}, ...limits })),
    Layer.provideMerge(Layer.merge(EmbeddedIndex.layer, testing.models())),
    Layer.provideMerge(SqliteStore.layer),
    Layer.provideMerge(sqliteFile),
    Layer.provideMerge(base)
  )

/** Long after the sample sessions. */
const LATER = Date.UTC(2030, 0, 1)
const DAY_MS = 86_400_000

const test = <E>(
  title: string,
  limits: Partial<Limits>,
  body: Effect.Effect<
    void,
    E,
    Layer.Layer.Success<ReturnType<typeof service>>
  >
) =>
  it.effect(title, () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(LATER)
      const memory = yield* ClaudeMemory
      yield* Stream.runDrain(memory.ingest(yield* memory.discover([samples])))
      yield* body
    }).pipe(Effect.provide(service(limits))), 30_000)

/** Takes all steps, and returns them; fails when they have no end. */
const letGo = Effect.gen(function*() {
  const { step } = yield* Retention
  const steps: Array<LetGo> = []
  for (let i = 0; i < 2_000; i++) {
    const done = yield* step
    if (done === undefined) return steps
    steps.push(done)
  }
  return yield* Effect.dieMessage("there is always more to let go")
})

const sumOf = (steps: ReadonlyArray<LetGo>, of: keyof LetGo) => steps.reduce((sum, step) => sum + step[of], 0)

const allUnits = Effect.flatMap(MemoryStore, (store) => store.recent(everything, 10_000))
const messages = Effect.flatMap(MemoryStore, ({ status }) => Effect.map(status, (status) => status.messages))

/** Compresses and reads everything once more. */
const makeAgain = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const store = yield* MemoryStore
  const { writer } = yield* SqliteFile
  const segments = yield* writer<{ id: string }>`SELECT DISTINCT segment_id AS id FROM messages
    UNION SELECT origin FROM let_go`
  const sessions = yield* writer<{ id: string }>`SELECT id FROM sessions`
  yield* store.queue("segment", segments.map(({ id }) => id))
  yield* store.queue("session", sessions.map(({ id }) => id))
  yield* store.queue("upgrade", sessions.map(({ id }) => id))
  yield* writer`DELETE FROM cursors`
  yield* Stream.runDrain(memory.ingest(yield* memory.discover([samples])))
  yield* Stream.runDrain(Pipeline.upgrade)
})

const assertWhole = Effect.gen(function*() {
  const { reader } = yield* SqliteFile
  assert.deepStrictEqual(yield* memoryParts.compareQuickly(reader), [])
  assert.deepStrictEqual(yield* memoryParts.compare(reader), [])
  assert.deepStrictEqual(yield* reader`SELECT uuid FROM messages WHERE body IS NULL OR body = ''`, [])
  const [orphans] = yield* reader<{ n: number }>`SELECT count(*) AS n FROM message_rows
    WHERE session NOT IN (SELECT number FROM names) OR segment NOT IN (SELECT number FROM names)`
  assert.strictEqual(orphans?.n, 0)
  const { missing, orphans: points } = yield* (yield* ClaudeMemory).index.verify
  assert.deepStrictEqual([missing, points], [0, 0])
})

describe("a memory without a limit", () => {
  slow(test)(
    "lets nothing go",
    {},
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* letGo, [])
      const size = yield* (yield* ClaudeMemory).size
      assert.strictEqual(size?.limit, 0)
      assert.deepStrictEqual(size?.letGo, { messages: 0, units: 0, at: null })
      assert.isAtLeast(size!.fileBytes, size!.bytes)
    })
  )
})

describe("a memory larger than its limit", () => {
  slow(test)(
    "lets messages of the oldest session go that no memory cites, and keeps every memory",
    { bytes: 800_000 },
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const store = yield* MemoryStore
      const bulk = Array.from({ length: 30 }, (_, i) =>
        message(`bulk-${i}`, {
          sessionId: "bulk",
          role: "assistant",
          blocks: [{ kind: "tool_result", text: randomBytes(10_000).toString("base64") }]
        }))
      const captured = batch(bulk, {
        cursor: cursor("/t/bulk", 1),
        facts: [facts("bulk", { startedAt: 1, endedAt: 1_000 })]
      })
      const before = yield* allUnits
      const held = yield* messages
      yield* store.append(captured)
      yield* Stream.runDrain(Pipeline.settle)
      const steps = yield* letGo
      assert.deepStrictEqual([sumOf(steps, "messages"), sumOf(steps, "units")], [30, 0])
      assert.strictEqual(yield* messages, held)
      assert.deepStrictEqual(yield* allUnits, before)
      const size = yield* memory.size
      assert.deepStrictEqual(size?.letGo, { messages: 30, units: 0, at: LATER })
      assert.isAtMost(size!.fileBytes, 800_000)
      yield* assertWhole
      // Read once more from the beginning, as a copy of the transcript is.
      yield* store.append({ ...captured, cursor: cursor("/t/copy", 1) })
      assert.strictEqual(yield* messages, held)
    })
  )

  slow(test)(
    "lets the lines of dead letters go before anything else, the oldest first",
    { bytes: 1_000_000 },
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const { reader } = yield* SqliteFile
      const before = [yield* messages, yield* allUnits]
      for (const [file, length] of [["z", 500], ["a", 10]] as const) {
        const deadLetters = Array.from({ length }, (_, i) => ({
          path: `/t/${file}`,
          offset: i,
          reason: "no type",
          line: "x".repeat(2_000)
        }))
        yield* store.append(batch([], { cursor: cursor(`/t/${file}`, length), facts: [], deadLetters }))
      }
      const { lines } = yield* store.status
      const left = Effect.map(
        reader<{ path: string }>`SELECT path FROM dead_letters WHERE line <> '' ORDER BY rowid`,
        (rows) => rows.map(({ path }) => path)
      )
      yield* letGo
      const kept = yield* left
      assert.isBelow(kept.length, 510)
      assert.lengthOf(kept.filter((path) => path === "/t/a"), 10)
      assert.deepStrictEqual([yield* messages, yield* allUnits], before)
      const after = (yield* store.status).lines
      assert.deepStrictEqual(after, lines)
      assert.isTrue(isBalanced(after))
    })
  )

  slow(test)(
    "keeps what is remembered when what was forgotten takes more than that",
    { bytes: 800_000 },
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const store = yield* MemoryStore
      const { size, step } = yield* Retention
      const said = (i: number) =>
        Array.from({ length: 40 }, (_, j) => `Crane ${i} lifts the container ${j} onto the northern pier.`).join(" ")
      const bulk = Array.from({ length: 100 }, (_, i) => message(`bulk-${i}`, { sessionId: "bulk", text: said(i) }))
      yield* store.append(batch(bulk, {
        cursor: cursor("/t/bulk", 1),
        facts: [facts("bulk", { startedAt: 1, endedAt: 1_000 })]
      }))
      yield* Stream.runDrain(Pipeline.settle)
      yield* memory.save({ content: "Releases are signed by Ines.", project: { folder: "/work/one" } })
      yield* store.forgetSessions(["bulk"])
      const before = [yield* messages, yield* allUnits]
      const { bytes, fileBytes, forgottenBytes } = (yield* size)!
      assert.isAbove(forgottenBytes, 800_000)
      assert.isBelow(bytes, 800_000)
      assert.isAtLeast(fileBytes, bytes + forgottenBytes)
      assert.isUndefined(yield* step)
      assert.deepStrictEqual([yield* messages, yield* allUnits], before)
    })
  )

  slow(test)(
    "then lets memories go, but no pinned one, and saved ones last, and gives its pages back",
    { bytes: 440_000 },
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const save = (content: string, by: "claude" | "person") =>
        memory.save({ content, by, project: { folder: "/work/one" } })
      yield* save("Releases are signed by Ines.", "person")
      yield* save("The staging cluster has three nodes.", "claude")
      const before = yield* allUnits
      const steps = yield* letGo
      const after = yield* allUnits
      assert.isAbove(sumOf(steps, "units"), 10)
      assert.deepStrictEqual(
        after.filter((unit) => savedBy(unit) !== undefined),
        before.filter((unit) => savedBy(unit) !== undefined)
      )
      const size = yield* memory.size
      assert.isAtMost(size!.bytes, 440_000)
      assert.isAtMost(size!.fileBytes, 1.02 * 440_000)
      assert.isAtMost(before.length - after.length, size!.letGo.units)
      for (const unit of after.filter((unit) => savedBy(unit) === undefined)) {
        const { letGoAt, messages } = yield* memory.show(unit.id)
        assert.strictEqual(letGoAt, LATER)
        assert.deepStrictEqual(messages.map(({ uuid }) => uuid).sort(), [...evidence(unit)].sort())
      }
      yield* assertWhole

      const left = yield* messages
      yield* makeAgain
      assert.deepStrictEqual((yield* allUnits).map(({ id }) => id), after.map(({ id }) => id))
      assert.strictEqual(yield* messages, left)
      yield* assertWhole
    })
  )

  test(
    "keeps what is pinned or kept whatever the limit, and stops",
    { bytes: 1 },
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const [derived] = (yield* allUnits).filter(({ type }) => type === "conversation")
      const noted = yield* memory.save({
        content: "Releases are signed by Ines.",
        by: "claude",
        project: { folder: "/work/one" }
      })
      yield* memory.save({ content: "The staging cluster has three nodes.", project: { folder: "/work/one" } })
      yield* memory.edit(noted.id, { pinned: true }, "person")
      yield* memory.edit(derived!.id, { kept: true }, "person")
      yield* letGo
      assert.deepStrictEqual((yield* allUnits).map(({ id }) => id).sort(), [derived!.id, noted.id].sort())
      // Those that it cites.
      assert.strictEqual(yield* messages, evidence(derived!).length)
      yield* assertWhole
      assert.isUndefined(yield* (yield* Retention).step)
    })
  )

  slow(test)(
    "leaves sessions alone of which something was forgotten that can be brought back",
    { bytes: 1, ages: { conversation: 10 * DAY_MS } },
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const [forgotten] = (yield* allUnits).filter(({ type }) => type === "conversation")
      const said = Effect.map(
        store.messages(evidence(forgotten!)),
        (messages) => messages.flatMap(({ blocks }) => blocks.map(({ text }) => text))
      )
      const before = yield* said
      yield* store.forget([forgotten!.id])
      yield* Stream.runDrain(Pipeline.settle)
      assert.notDeepEqual(yield* said, before)
      const steps = yield* letGo
      assert.isAbove(sumOf(steps, "messages"), 0)
      assert.isAbove(sumOf(steps, "units"), 0)
      assert.deepInclude(yield* store.undo(), { _tag: "Forget" })
      assert.deepStrictEqual(yield* said, before)
      yield* Stream.runDrain(Pipeline.settle)
      assert.include((yield* allUnits).map(({ id }) => id), forgotten!.id)
      yield* assertWhole
    })
  )

  test(
    "leaves sessions of the last day alone",
    { bytes: 1 },
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const { writer } = yield* SqliteFile
      yield* writer`UPDATE sessions SET ended_at = ${LATER - DAY_MS / 2}`
      const before = [yield* messages, (yield* allUnits).length]
      assert.strictEqual(sumOf(yield* letGo, "messages"), 0)
      assert.deepStrictEqual([yield* messages, (yield* allUnits).length], before)
      assert.strictEqual((yield* store.status).sessions > 0, true)
    })
  )

  slow(test)(
    "remembers how a session goes on of which something was let go",
    { bytes: 1 },
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const { reader } = yield* SqliteFile
      yield* letGo
      const [session] = yield* reader<{ id: string; ended_at: number }>`SELECT id, ended_at FROM sessions LIMIT 1`
      const { ended_at: endedAt, id: sessionId } = session!
      const said = (uuid: string, occurredAt: number) =>
        message(uuid, {
          sessionId,
          occurredAt,
          isPrompt: true,
          text: `We decided that ${uuid} signs all releases from now on.`
        })
      const went = [said("ines", endedAt + 1), said("old", endedAt)]
      yield* store.append(
        batch(went, { cursor: cursor("/t/on", 1), facts: [facts(sessionId, { endedAt: endedAt + 1 })] })
      )
      yield* Stream.runDrain(Pipeline.settle)
      assert.strictEqual(yield* messages, 1)
      const units = yield* allUnits
      assert.isAbove(units.length, 0)
      assert.isTrue(units.every(({ content }) => !content.includes("that old signs")))
      yield* assertWhole
    })
  )
})

describe("a type of memories with an age", () => {
  slow(test)(
    "goes when it is older, whatever the size",
    { ages: { conversation: 10 * DAY_MS } },
    Effect.gen(function*() {
      const before = yield* allUnits
      yield* letGo
      const after = yield* allUnits
      assert.deepStrictEqual(after.filter(({ type }) => type === "conversation"), [])
      assert.deepStrictEqual(after, before.filter(({ type }) => type !== "conversation"))
      yield* assertWhole
      yield* makeAgain
      assert.deepStrictEqual((yield* allUnits).filter(({ type }) => type === "conversation"), [])
    })
  )
})
