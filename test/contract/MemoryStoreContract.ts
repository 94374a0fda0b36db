/**
 * The contract of every `MemoryStore`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { MAX_SEGMENT_MESSAGES } from "../../src/domain/Conversation.ts"
import { idOf } from "../../src/domain/Ids.ts"
import { fieldsOf } from "../../src/domain/Lexical.ts"
import { evidence, MAX_EVIDENCE, type MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { unitOf } from "../../src/domain/Saved.ts"
import type { SearchFilter } from "../../src/domain/Search.ts"
import { lexemes, queryLexemes } from "../../src/domain/Tokenizer.ts"
import * as Duplicates from "../../src/store/Duplicates.ts"
import {
  EMBEDDED,
  MAX_ATTEMPTS,
  MemoryStore,
  retryDelay,
  type SessionFilter,
  StoreError,
  type WorkItem
} from "../../src/store/MemoryStore.ts"
import { LEASE_MS } from "../../src/store/WorkLease.ts"
import { times } from "../data.ts"
import { batch, cursor, everything, facts, known, message, project, unit } from "./made.ts"

/** Writes units through the queue, as the pipeline does; their origin is the segment of a new message. */
export const write = (units: ReadonlyArray<MemoryUnit>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const path = `/written/${units[0]?.id}`
    const prompt = message(`prompt of ${path}`, { sessionId: `session of ${path}`, isPrompt: true })
    yield* store.append(batch([prompt], { cursor: cursor(path, 1) }))
    const origin = idOf("segment", prompt.uuid)
    const claimed = yield* store.claim("segment", 10_000)
    yield* store.commit(claimed.filter(({ key }) => key === origin), units.map((each) => ({ ...each, origin })))
    yield* store.release(claimed.filter(({ key }) => key !== origin))
  })

/** Appends a message to the segment of this name, and compresses the segment: these are its units now. */
export const compress = (name: string, ...units: ReadonlyArray<MemoryUnit>) => compressAll({ [name]: units })

/** Does the same for several segments, in one commit. */
export const compressAll = (made: Readonly<Record<string, ReadonlyArray<MemoryUnit>>>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const written: Array<MemoryUnit> = []
    for (const [name, units] of Object.entries(made)) {
      const path = `/grown/${name}`
      const previous = (yield* store.cursors([path])).get(path)
      const at = (previous?.offset ?? 0) + 1
      const grown = message(`${name} ${at}`, { sessionId: `session of ${name}`, isPrompt: at === 1 })
      yield* store.append(batch([grown], { previous, cursor: cursor(path, at) }))
      const origin = idOf("segment", `${name} 1`)
      written.push(...units.map((each) => ({ ...each, origin })))
    }
    const origins = new Set(Object.keys(made).map((name) => idOf("segment", `${name} 1`)))
    const claimed = yield* store.claim("segment", 10_000)
    yield* store.commit(claimed.filter(({ key }) => origins.has(key)), written)
    yield* store.release(claimed.filter(({ key }) => !origins.has(key)))
  })

/** Reads a prompt of a session in a transcript of this project. */
const readIn = (sessionId: string, name: "one" | "two", at: number) =>
  Effect.flatMap(MemoryStore, (store) =>
    store.append(
      batch([message(`${sessionId} ${name}`, { sessionId, isPrompt: true, occurredAt: at })], {
        cursor: cursor(`/t/${name}/${sessionId}`, 1),
        project: project(name),
        facts: [facts(sessionId, { cwd: `/work/${name}`, startedAt: at, endedAt: at })]
      })
    ))

const NAMES =
  ("alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo " +
    "sierra tango uniform victor whiskey yankee zulu amber bronze copper diamond emerald").split(" ")

/** Returns `count` different words, starting at index `from`. */
export const words = (count: number, from = 0): string => NAMES.slice(from, from + count).join(" ")

/** Returns the state of units by id: `also` of active ones, the successor of superseded ones. */
const standing = (...ids: ReadonlyArray<string>) =>
  Effect.flatMap(
    MemoryStore,
    (store) =>
      Effect.map(store.units(ids), (units) =>
        Object.fromEntries(
          units.map(({ active, also, id, supersededBy }) => [id, active ? also : `in ${supersededBy}`])
        ))
  )

const keys = (items: ReadonlyArray<WorkItem>) => items.map(({ key }) => key).sort()

const pending = (kind: WorkItem["kind"]) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const items = yield* store.claim(kind, 10_000)
    yield* store.release(items)
    return items
  })

/** Appends a session of these prompts, each the start of a segment. */
const talk = (sessionId: string, ...uuids: ReadonlyArray<string>) =>
  Effect.flatMap(
    MemoryStore,
    (store) =>
      store.append(batch(uuids.map((uuid) => message(uuid, { sessionId, isPrompt: true })), {
        cursor: cursor(`/t/${sessionId}/${uuids.join()}`, 1)
      }))
  )

const segmentsOf = (...uuids: ReadonlyArray<string>) => uuids.map((uuid) => idOf("segment", uuid))

const request = (sessionId: string, isWanted: boolean, ...uuids: ReadonlyArray<string>) => ({
  sessionId,
  segmentIds: segmentsOf(...uuids),
  isWanted
})

/** Returns keys and revisions of queued reviews, then of recaps, each in the order of the queue. */
const reviews = Effect.map(
  Effect.all([pending("review"), pending("recap")]),
  (all) => all.flat().map(({ key, revision }) => [key, revision] as const)
)

/** Claims and fails work of this kind until it is dead. */
const exhaust = (kind: WorkItem["kind"]) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
      yield* store.fail(yield* store.claim(kind, 10), `the ${attempts}. time`)
      yield* TestClock.adjust(retryDelay(attempts))
    }
  })

/** Returns the ids that lexical search finds for a question. */
const found = (question: string, filter: SearchFilter = everything, limit = 100) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const { candidates } = yield* store.lexical(queryLexemes(question), filter, limit)
    return candidates.map(({ unitId }) => unitId).sort()
  })

/**
 * `readsApart`: the store reads through a separate connection, so that no read waits for a transaction. `isChosen` selects the tests by
 * their turn, all by default.
 */
export const suite = <E>(
  name: string,
  layer: Layer.Layer<MemoryStore, E>,
  { isChosen = () => true, readsApart = true }: {
    readonly readsApart?: boolean
    readonly isChosen?: (_: unknown, turn: number) => boolean
  } = {}
) => {
  let turn = 0
  const test = <E2>(title: string, body: Effect.Effect<void, E2, MemoryStore | Scope.Scope>) => {
    if (isChosen(title, turn++)) it.scoped(title, () => Effect.provide(body, layer))
  }
  const property = <A, E2>(
    title: string,
    arbitrary: FastCheck.Arbitrary<A>,
    body: (value: A) => Effect.Effect<void, E2, MemoryStore>
  ) =>
    it.effect.prop(title, [arbitrary], ([value]) => Effect.provide(body(value), layer), {
      fastCheck: { numRuns: times(4) }
    })

  describe(name, () => {
    describe("capture", () => {
      test(
        "stores a batch, moves its cursor and knows it again",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const messages = [message("a", { isPrompt: true }), message("b", { role: "assistant" })]
          const result = yield* store.append(batch(messages, { factLines: 1 }))
          assert.deepStrictEqual(result, { _tag: "Appended", stored: 3, duplicates: 0, newSessions: 1 })
          const cursors = yield* store.cursors(["/t/a.jsonl", "/t/never"])
          assert.deepStrictEqual([...cursors], [["/t/a.jsonl", cursor("/t/a.jsonl", 100)]])
          assert.deepStrictEqual(yield* store.messages(["b", "none", "a"]), messages)
          assert.deepStrictEqual([...(yield* store.places(["b", "none"]))], [["b", {
            sessionId: "s1",
            thread: "main"
          }]])
        })
      )

      test(
        "lists the transcripts of a project, and what of them is in their sessions' archives",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const read = (path: string, sessionId: string, modifiedAt: number, name = "one") =>
            store.append(batch([message(`m-${path}`, { sessionId })], {
              cursor: cursor(path, 100, { sessionId, modifiedAt }),
              project: project(name)
            }))
          yield* read("/t/old.jsonl", "s1", 1_000)
          yield* read("/t/new.jsonl", "s2", 2_000)
          yield* read("/t/other.jsonl", "s3", 3_000, "two")
          const list = store.transcripts(project("one").id, 10)
          assert.deepStrictEqual(yield* list, [
            { path: "/t/new.jsonl", remembered: 0 },
            { path: "/t/old.jsonl", remembered: 0 }
          ])
          const items = yield* store.claim("session", 10)
          yield* store.commit(items.filter(({ key }) => key === "s1"), [])
          assert.deepStrictEqual(yield* list, [
            { path: "/t/new.jsonl", remembered: 0 },
            { path: "/t/old.jsonl", remembered: 100 }
          ])
          assert.lengthOf(yield* store.transcripts(project("one").id, 1), 1)
          assert.deepStrictEqual(yield* store.transcripts("project-none", 10), [])
        })
      )

      test(
        "returns messages in the order of their lines, whatever their ids",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const messages = ["m", "z", "a", "k"].map((uuid) => message(uuid))
          yield* store.append(batch(messages))
          assert.deepStrictEqual(yield* store.messages(["a", "k", "m", "z"]), messages)
        })
      )

      test(
        "counts a message that it has as a duplicate, in the batch and from before",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([message("a")]))
          const again = batch([message("a"), message("b"), message("b")], { cursor: cursor("/t/b.jsonl", 5) })
          assert.deepStrictEqual(yield* store.append(again), {
            _tag: "Appended",
            stored: 1,
            duplicates: 2,
            newSessions: 0
          })
          const { lines, messages } = yield* store.status
          assert.deepStrictEqual(lines, { total: 4, stored: 2, skipped: { duplicate: 2 }, deadLetter: 0 })
          assert.strictEqual(messages, 2)
        })
      )

      test(
        "refuses a batch whose reader was overtaken, and writes nothing of it",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([message("a")]))
          const next = cursor("/t/a.jsonl", 200)
          const stale = [
            undefined,
            cursor("/t/a.jsonl", 50),
            cursor("/t/a.jsonl", 100, { fingerprint: "f2" })
          ]
          for (const previous of stale) {
            const result = yield* store.append(batch([message("b")], { cursor: next, previous, skipped: { empty: 3 } }))
            assert.deepStrictEqual(result, { _tag: "Conflict" })
          }
          assert.strictEqual((yield* store.status).lines.total, 1)
          assert.strictEqual((yield* store.cursors(["/t/a.jsonl"])).get("/t/a.jsonl")?.offset, 100)
          const result = yield* store.append(
            batch([message("b")], { cursor: next, previous: cursor("/t/a.jsonl", 100) })
          )
          assert.strictEqual(result._tag, "Appended")
        })
      )

      test(
        "lets only one of two readers of a file write",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const results = yield* Effect.all(
            [store.append(batch([message("a")])), store.append(batch([message("a")]))],
            {
              concurrency: "unbounded"
            }
          )
          assert.deepStrictEqual(results.map(({ _tag }) => _tag).sort(), ["Appended", "Conflict"])
        })
      )

      test(
        "takes the session of a file that another has replaced",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([message("a")]))
          const replaced = cursor("/t/a.jsonl", 7, { fingerprint: "f2", sessionId: "s2" })
          yield* store.append(batch([message("b", { sessionId: "s2" })], {
            cursor: replaced,
            previous: cursor("/t/a.jsonl", 100)
          }))
          assert.deepStrictEqual((yield* store.cursors(["/t/a.jsonl"])).get("/t/a.jsonl"), replaced)
        })
      )

      test(
        "keeps what a session's lines say: the first folder, the last title, the widest times",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const said = [
            facts("s1", { title: "First", cwd: "/work/one", startedAt: 50, endedAt: 60 }),
            facts("s1", { branch: "main", cwd: "/elsewhere", startedAt: 40, endedAt: 45 })
          ]
          yield* store.append(batch([message("a")], { facts: said }))
          yield* store.append(batch([message("b")], {
            cursor: cursor("/t/b.jsonl", 1),
            project: project("two"),
            facts: [facts("s1", { title: "Second", startedAt: 70, endedAt: 90 }), facts("s2")]
          }))
          const outlines = yield* store.outlines(["s1", "s2"])
          assert.deepStrictEqual(outlines.map(({ session }) => session).sort((a, b) => a.id < b.id ? -1 : 1), [
            {
              id: "s1",
              projectId: "project-one",
              title: "Second",
              cwd: "/work/one",
              branch: "main",
              startedAt: 40,
              endedAt: 90
            },
            {
              id: "s2",
              projectId: "project-two",
              title: null,
              cwd: "/work/two",
              branch: null,
              startedAt: 0,
              endedAt: 0
            }
          ])
          assert.deepStrictEqual(yield* store.projects, [known("one"), known("two")])
        })
      )

      test(
        "keeps any text as it is",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const odd = "nul \u0000, half a pair \ud83d, both 😀, quotes ' \" `, percent %, 修复, line\u2028end"
          const one = message("odd ' \"", { text: odd, sessionId: "s ' \" %" })
          const letter = { path: "/t/'\"%.jsonl", offset: 3, reason: "not JSON", line: "{\"a\": '%' 😀" }
          yield* store.append(batch([one], {
            cursor: cursor(letter.path, 9),
            facts: [facts(one.sessionId, { title: "it's \"quoted\" 100%" })],
            deadLetters: [letter]
          }))
          assert.deepStrictEqual(yield* store.messages([one.uuid]), [one])
          assert.deepStrictEqual(yield* store.deadLetters(10), [letter])
          assert.strictEqual((yield* store.outlines([one.sessionId]))[0]?.session.title, "it's \"quoted\" 100%")
          assert.isTrue((yield* store.cursors([letter.path])).has(letter.path))
        })
      )

      property(
        "ends with a sum that balances, whatever the batches",
        FastCheck.array(
          FastCheck.record({
            uuids: FastCheck.array(FastCheck.integer({ min: 0, max: 20 }), { maxLength: 8 }),
            factLines: FastCheck.nat({ max: 3 }),
            skipped: FastCheck.dictionary(
              FastCheck.constantFrom("empty", "progress", "duplicate", "two words"),
              FastCheck.nat(4)
            ),
            dead: FastCheck.nat({ max: 2 }),
            file: FastCheck.nat({ max: 2 })
          }),
          { maxLength: 12 }
        ),
        (plan) =>
          Effect.gen(function*() {
            const store = yield* MemoryStore
            let lines = 0
            for (const { dead, factLines, file, skipped, uuids } of plan) {
              const path = `/t/${file}`
              const previous = (yield* store.cursors([path])).get(path)
              const from = previous?.offset ?? 0
              const made = batch(uuids.map((uuid) => message(`m${uuid}`)), {
                previous,
                cursor: cursor(path, from + 100),
                factLines,
                skipped,
                deadLetters: Array.from(
                  { length: dead },
                  (_, i) => ({ path, offset: from + i, reason: "bad", line: "?" })
                )
              })
              lines += made.lines
              assert.strictEqual((yield* store.append(made))._tag, "Appended")
            }
            const { deadLetter, skipped, stored, total } = (yield* store.status).lines
            assert.strictEqual(total, lines)
            assert.strictEqual(stored + deadLetter + Object.values(skipped).reduce((sum, n) => sum + n, 0), total)
            assert.strictEqual((yield* store.deadLetters(1_000)).length, deadLetter)
          })
      )

      test(
        "gives dead letters by path and offset, as many as asked",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const letter = (path: string, offset: number) => ({
            path,
            offset,
            reason: "not JSON",
            line: `${path}:${offset}`
          })
          const [a, b, c] = [letter("/a", 2), letter("/a", 10), letter("/b", 1)]
          yield* store.append(batch([], { deadLetters: [c, b, a] }))
          assert.deepStrictEqual(yield* store.deadLetters(10), [a, b, c])
          assert.deepStrictEqual(yield* store.deadLetters(2), [a, b])
        })
      )
    })

    describe("segments and outlines", () => {
      test(
        "groups a prompt with what follows, by thread, in order",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const said = [
            message("p1", { isPrompt: true }),
            message("a1", { role: "assistant" }),
            message("x1", { isPrompt: true, thread: "agent" }),
            message("a2", { role: "assistant" }),
            message("p2", { isPrompt: true }),
            message("x2", { role: "assistant", thread: "agent" })
          ]
          yield* store.append(batch(said))
          yield* store.append(batch([message("a3", { role: "assistant" })], {
            previous: cursor("/t/a.jsonl", 100),
            cursor: cursor("/t/a.jsonl", 200)
          }))
          const ids = ["p2", "none", "p1", "x1"].map((uuid) => idOf("segment", uuid))
          const segments = yield* store.segments(ids)
          assert.deepStrictEqual(segments.map(({ segment }) => segment.messages.map(({ uuid }) => uuid)), [
            ["p2", "a3"],
            ["p1", "a1", "a2"],
            ["x1", "x2"]
          ])
          assert.deepStrictEqual(segments.map(({ segment }) => segment.id), [ids[0], ids[2], ids[3]])
          assert.deepStrictEqual(segments.map(({ segment }) => segment.thread), ["main", "main", "agent"])
          const [second, first, agent] = segments.map(({ position }) => position)
          assert(first! < agent! && agent! < second!)
          assert.strictEqual(segments[0]?.session.id, "s1")
        })
      )

      test(
        "goes on in a new segment after the greatest number of messages, across batches",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const messages = Array.from(
            { length: 2 * MAX_SEGMENT_MESSAGES + 50 },
            (_, i) => message(`m${i}`, { isPrompt: i === 0 })
          )
          yield* store.append(batch(messages.slice(0, 120)))
          yield* store.append(batch(messages.slice(120), {
            previous: cursor("/t/a.jsonl", 100),
            cursor: cursor("/t/a.jsonl", 200)
          }))
          const ids = [0, MAX_SEGMENT_MESSAGES, 2 * MAX_SEGMENT_MESSAGES].map((i) => idOf("segment", `m${i}`))
          assert.deepStrictEqual(keys(yield* pending("segment")), [...ids].sort())
          const segments = yield* store.segments(ids)
          assert.deepStrictEqual(segments.map(({ segment }) => segment.messages.length), [
            MAX_SEGMENT_MESSAGES,
            MAX_SEGMENT_MESSAGES,
            50
          ])
          assert.deepStrictEqual(segments.flatMap(({ segment }) => segment.messages), messages)
        })
      )

      test(
        "outlines a session by its first and its last prompts, its last answers and its files",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const use = (file: string) => ({ kind: "tool_use" as const, text: "Edit", tool: "Edit", file })
          const messages = Array.from({ length: 60 }, (_, i) => [
            message(`p${i}`, { isPrompt: true }),
            message(`u${i}`, { role: "assistant", blocks: [use(`/work/${i % 40}.ts`), use("/work/same.ts")] }),
            message(`a${i}`, { role: "assistant" })
          ]).flat()
          const side = message("side", { thread: "agent", isPrompt: true })
          const said = message("side answer", { thread: "agent", role: "assistant" })
          yield* store.append(batch([...messages, side, said, message("t", { sessionId: "s2" })]))
          const [outline, ...more] = yield* store.outlines(["s1", "none"])
          assert.deepStrictEqual(more, [])
          assert.deepStrictEqual(
            outline?.prompts.map(({ uuid }) => uuid),
            Array.from({ length: 50 }, (_, i) => `p${i < 25 ? i : i + 10}`)
          )
          assert.deepStrictEqual(outline?.closing.map(({ uuid }) => uuid), ["a54", "a55", "a56", "a57", "a58", "a59"])
          assert.strictEqual(outline?.files.length, 30)
          assert.strictEqual(new Set(outline?.files).size, 30)
          assert.isTrue(outline?.files.includes("/work/same.ts"))
        })
      )

      test(
        "outlines what was made of a session, by time, also what was merged, without archives",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a")
          yield* talk("s2", "b")
          const many = Array.from({ length: 205 }, (_, i) => unit(`u${i}`, { position: 1_000 - i }))
          yield* write([
            unit("archive", { type: "archive", position: 0 }),
            unit("merged", { active: false, position: 0 }),
            unit("elsewhere", { sessionId: "s2" }),
            unit("later", { occurredAt: unit("b").occurredAt + 1, position: 0 }),
            unit("b", { position: 1 }),
            unit("a", { position: 1, type: "decision" }),
            ...many
          ])
          const [one, two] = [...(yield* store.outlines(["s1", "s2"]))].sort((a, b) =>
            a.session.id < b.session.id ? -1 : 1
          )
          assert.deepStrictEqual(two?.units, [unit("elsewhere", { sessionId: "s2", origin: two!.units[0]!.origin })])
          assert.deepStrictEqual(
            one?.units.map(({ id }) => id),
            ["merged", "a", "b", ...many.map(({ id }) => id).reverse(), "later"].slice(-200)
          )
        })
      )

      test(
        "says what a session was for by the unit that sums it up, by its own title, or by its first unit",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const open = (sessionId: string, title?: string) =>
            store.append(batch([message(`m ${sessionId}`, { sessionId })], {
              cursor: cursor(`/t/${sessionId}`, 1, { sessionId }),
              facts: [facts(sessionId, title === undefined ? {} : { title })]
            }))
          yield* open("summed", "Called so")
          yield* open("titled", "Called otherwise")
          yield* open("neither")
          yield* open("empty")
          yield* write([
            unit("sum", { sessionId: "summed", type: "archive", title: "Sums it up" }),
            unit("part", { sessionId: "titled", title: "A part" }),
            unit("second", { sessionId: "neither", position: 3, title: "What came next" }),
            unit("first", { sessionId: "neither", position: 2, title: "What came first" }),
            unit("gone", { sessionId: "neither", position: 1, title: "Gone", active: false })
          ])
          const sessions = yield* store.sessionsIn({ projects: "all" }, 9)
          assert.deepInclude(Object.fromEntries(sessions.map(({ aim, id }) => [id, aim])), {
            summed: "Sums it up",
            titled: "Called otherwise",
            neither: "What came first",
            empty: null
          })
        })
      )

      test(
        "lists sessions, that which ended last first, with their units and the one that sums them up",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const open = (sessionId: string, from: number, to: number, name = "one") =>
            store.append(batch([message(`m ${sessionId}`, { sessionId, occurredAt: from })], {
              cursor: cursor(`/t/${sessionId}`, 1, { sessionId }),
              project: project(name),
              facts: [facts(sessionId, { cwd: "/work", startedAt: from, endedAt: to })]
            }))
          yield* open("first", 10_000, 20_000)
          yield* open("second", 30_000, 60_000)
          yield* open("third", 40_000, 50_000, "two")
          yield* write([
            unit("sum", { sessionId: "first", type: "archive" }),
            unit("part", { sessionId: "first" }),
            unit("gone", { sessionId: "first", active: false }),
            unit("other", { sessionId: "second" })
          ])
          const listed = (filter: SessionFilter, limit = 9) =>
            Effect.map(
              store.sessionsIn(filter, limit),
              (sessions) => sessions.map(({ archive, id, units }) => [id, units, archive?.id])
            )
          const [first, second, third] = [["first", 2, "sum"], ["second", 1, undefined], ["third", 0, undefined]]
          assert.deepStrictEqual(yield* listed(everything, 3), [second, third, first])
          assert.deepStrictEqual(yield* listed(everything, 1), [second])
          assert.deepStrictEqual(yield* listed({ projects: ["project-two"] }), [third])
          assert.deepStrictEqual(yield* listed({ projects: [] }), [])
          assert.deepStrictEqual(yield* listed({ projects: "all", since: 50_001 }), [second])
          assert.deepStrictEqual(yield* listed({ projects: "all", since: 20_000, until: 39_999 }), [second, first])
          const [newest] = yield* store.sessionsIn(everything, 1)
          const { aim: _aim, archive: _archive, units: _units, ...session } = newest!
          assert.deepStrictEqual([...(yield* store.sessions(["second"])).values()], [session])
          assert.deepStrictEqual(yield* store.transcriptsOf("second"), ["/t/second"])
          assert.deepStrictEqual(yield* store.transcriptsOf("none"), [])
        })
      )

      test(
        "is of the project in which it began, whichever of its transcripts is read first",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* readIn("forth", "one", 1_000)
          yield* readIn("forth", "two", 2_000)
          yield* readIn("back", "two", 2_000)
          yield* store.commit(yield* store.claim("segment", 9), [unit("made", { projectId: "project-two" })])
          yield* readIn("back", "one", 1_000)
          const sessions = [...(yield* store.sessions(["forth", "back"])).values()]
          assert.deepStrictEqual(
            sessions.map(({ cwd, projectId, startedAt }) => [cwd, projectId, startedAt]),
            [["/work/one", "project-one", 1_000], ["/work/one", "project-one", 1_000]]
          )
          // What is being made of the other transcript is made for this project.
          const again = yield* store.claim("segment", 9)
          assert.includeMembers(again.map(({ key }) => key), [idOf("segment", "back two")])
          assert.include((yield* store.claim("session", 9)).map(({ key }) => key), "back")
        })
      )

      test(
        "takes what was made of it to the project in which it began, but not what was saved in the other",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const made = (id: string, sessionId: string, content: string, overrides: Partial<MemoryUnit> = {}) =>
            unit(id, {
              projectId: "project-two",
              sessionId,
              origin: idOf("segment", `${sessionId} two`),
              cites: `${sessionId} two`,
              content,
              ...overrides
            })
          const rules = words(24)
          yield* readIn("other", "one", 500)
          yield* store.commit(yield* store.claim("segment", 9), [
            {
              ...made("kept", "other", rules),
              projectId: "project-one",
              origin: idOf("segment", "other one"),
              occurredAt: 9_000
            }
          ])
          yield* readIn("back", "two", 2_000)
          yield* store.commit(yield* store.claim("segment", 9), [
            made("edited", "back", "Zod validates every request that comes in."),
            made("same", "back", rules)
          ])
          yield* store.commit(yield* store.claim("session", 9), [
            made("aim", "back", "Aim: choose what validates.", { type: "archive", origin: "back" })
          ])
          const noted = unitOf(
            { content: "Yaks graze behind the depot.", by: "claude", sessionId: "back" },
            "project-two",
            5_000
          )
          yield* store.save(noted, project("two"))
          yield* store.edit("edited", { content: "Walruses validate every request." }, "person")
          yield* store.edit("aim", { content: "I chose what validates." }, "person")
          yield* readIn("back", "one", 1_000)
          const idsIn = (id: string) =>
            Effect.map(store.recent({ projects: [id] }, 9), (units) => units.map((unit) => unit.id).sort())
          assert.deepStrictEqual(yield* idsIn("project-one"), ["aim", "edited", "kept"])
          assert.deepStrictEqual(yield* idsIn("project-two"), [noted.id])
          assert.deepStrictEqual(
            (yield* store.units(["same"])).map(({ projectId, supersededBy }) => [projectId, supersededBy]),
            [
              ["project-one", "kept"]
            ]
          )
          const { candidates } = yield* store.lexical(queryLexemes("walruses"), { projects: ["project-one"] }, 9)
          assert.deepStrictEqual(candidates.map(({ unitId }) => unitId), ["edited"])
          // Made anew of both transcripts, what the person wrote stays.
          yield* store.commit(yield* store.claim("segment", 9), [
            { ...made("edited", "back", "Zod validates every request that comes in."), projectId: "project-one" }
          ])
          assert.deepStrictEqual(
            (yield* store.units(["edited"])).map(({ content, projectId }) => [content, projectId]),
            [
              ["Walruses validate every request.", "project-one"]
            ]
          )
          yield* store.undo()
          yield* store.undo()
          assert.deepStrictEqual(yield* idsIn("project-two"), [noted.id])
        })
      )

      test(
        "takes what was made of it along where the project in which it began is merged into another",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const read = (name: "one" | "two", at: number) =>
            store.append(
              batch([message(`back ${name}`, { sessionId: "back", isPrompt: true, occurredAt: at })], {
                cursor: cursor(`/t/${name}`, 1),
                project: project(name),
                facts: [facts("back", { cwd: `/work/${name}`, startedAt: at, endedAt: at })]
              })
            )
          yield* store.mergeProjects(project("one"), project("three"))
          yield* read("two", 2_000)
          yield* store.commit(yield* store.claim("segment", 9), [
            unit("edited", { projectId: "project-two", sessionId: "back", origin: idOf("segment", "back two") })
          ])
          yield* store.edit("edited", { content: "Walruses validate every request." }, "person")
          yield* read("one", 1_000)
          const place = Effect.map(store.units(["edited"]), (units) => units.map(({ projectId }) => projectId))
          assert.deepStrictEqual(yield* place, ["project-three"])
          yield* store.splitProject("project-one")
          assert.deepStrictEqual(yield* place, ["project-one"])
        })
      )

      test(
        "finds sessions by the beginning of their id, ten at most",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const many = Array.from({ length: 12 }, (_, i) => `s-${String(11 - i).padStart(2, "0")}`)
          for (const id of [...many, "A%b", "A_b", "Axb", "修复-1"]) yield* talk(id, `prompt of ${id}`)
          for (
            const [prefix, ids] of [
              ["s-0", many.slice(2).reverse()],
              ["s-", many.slice(2).reverse()],
              ["s-11", ["s-11"]],
              ["A", ["A%b", "A_b", "Axb"]],
              ["A%", ["A%b"]],
              ["A_", ["A_b"]],
              ["a", []],
              ["%", []],
              ["修", ["修复-1"]],
              ["s-111", []]
            ] as const
          ) {
            assert.deepStrictEqual((yield* store.sessionsByPrefix(prefix)).map(({ id }) => id), ids, prefix)
          }
          const [session] = yield* store.outlines(["Axb"])
          assert.deepStrictEqual(yield* store.sessionsByPrefix("Ax"), [session!.session])
          assert.deepStrictEqual(
            [...(yield* store.sessions(["Axb", "of nobody"]))],
            [["Axb", session!.session]]
          )
        })
      )

      test(
        "tells what was asked and said last in the thread before a segment",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const assistant = { role: "assistant" as const }
          const agent = { thread: "agent" }
          const silent = { ...assistant, blocks: [{ kind: "tool_use" as const, text: "ls", tool: "Bash" }] }
          yield* store.append(batch([
            message("p1", { isPrompt: true }),
            message("a1", assistant),
            message("a2", assistant),
            message("tool", silent),
            message("system", { role: "system" }),
            message("x1", { ...agent, isPrompt: true }),
            message("y1", { ...agent, ...assistant }),
            message("o1", { sessionId: "s2", isPrompt: true }),
            message("o2", { sessionId: "s2", ...assistant }),
            message("p2", { isPrompt: true })
          ]))
          yield* store.append(batch([
            message("h2"),
            message("p3", { isPrompt: true }),
            message("a3", assistant),
            message("x2", { ...agent, isPrompt: true }),
            message("p4", { isPrompt: true }),
            message("a4", assistant)
          ], { previous: cursor("/t/a.jsonl", 100), cursor: cursor("/t/a.jsonl", 200) }))
          const asked = ["p3", "p1", "x2", "o1", "p4", "p2", "x1"]
          const segments = yield* store.segments(asked.map((uuid) => idOf("segment", uuid)))
          assert.deepStrictEqual(
            segments.map(({ before, segment }) => [segment.messages[0]?.uuid, ...before.map(({ uuid }) => uuid)]),
            [["p3", "p2", "a2"], ["p1"], ["x2", "x1", "y1"], ["o1"], ["p4", "p3", "a3"], ["p2", "p1", "a2"], ["x1"]]
          )
          assert.deepStrictEqual(segments[0]?.before, [message("p2", { isPrompt: true }), message("a2", assistant)])
        })
      )

      test(
        "tells the prompt that a segment goes on with, when it is the second of one",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const messages = Array.from(
            { length: MAX_SEGMENT_MESSAGES + 5 },
            (_, i) => message(`m${i}`, i === 0 ? { isPrompt: true } : { role: "assistant" })
          )
          yield* store.append(batch(messages))
          const [second] = yield* store.segments([idOf("segment", `m${MAX_SEGMENT_MESSAGES}`)])
          assert.deepStrictEqual(second?.before, [messages[0]!, messages[MAX_SEGMENT_MESSAGES - 1]!])
        })
      )
    })

    describe("work", () => {
      test(
        "is claimed once, oldest first, and free again after a release or when the lease lapses",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const uuids = ["a", "b", "c", "d"]
          for (const uuid of uuids) {
            yield* store.append(batch([message(uuid, { isPrompt: true })], { cursor: cursor(`/t/${uuid}`, 1) }))
          }
          const ids = uuids.map((uuid) => idOf("segment", uuid))
          const first = yield* store.claim("segment", 2)
          assert.deepStrictEqual(first.map(({ key }) => key), ids.slice(0, 2))
          const second = yield* store.claim("segment", 10)
          assert.deepStrictEqual(second.map(({ key }) => key), ids.slice(2))
          assert.deepStrictEqual(yield* store.claim("segment", 10), [])
          yield* store.release(first)
          yield* store.release([{ kind: "segment", key: "none", revision: 1 }])
          assert.deepStrictEqual(yield* store.claim("segment", 10), first)
          yield* TestClock.adjust(LEASE_MS + 1)
          assert.deepStrictEqual(yield* store.claim("segment", 10), [...first, ...second])
          yield* store.done(first)
          assert.strictEqual((yield* store.status).pending, 2 + 1)
        })
      )

      test(
        "goes to one claimer each when many ask at once",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch(Array.from({ length: 40 }, (_, i) => message(`p${i}`, { isPrompt: true }))))
          const claims = yield* Effect.all(Array.from({ length: 12 }, () => store.claim("segment", 7)), {
            concurrency: "unbounded"
          })
          const claimed = claims.flat().map(({ key }) => key)
          assert.strictEqual(claimed.length, 40)
          assert.strictEqual(new Set(claimed).size, 40)
        })
      )

      test(
        "has kinds apart, and a revision that grows with each change",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([message("a", { isPrompt: true })]))
          yield* store.append(batch([message("b"), message("c")], {
            previous: cursor("/t/a.jsonl", 100),
            cursor: cursor("/t/a.jsonl", 200)
          }))
          const id = idOf("segment", "a")
          assert.deepStrictEqual(yield* pending("segment"), [{ kind: "segment", key: id, revision: 2 }])
          assert.deepStrictEqual(yield* pending("session"), [{ kind: "session", key: "s1", revision: 2 }])
          assert.deepStrictEqual(yield* pending("index"), [])
          for (const [revision, left] of [[1, 1], [2, 0]] as const) {
            yield* store.claim("segment", 1)
            yield* store.done([{ kind: "segment", key: id, revision }])
            assert.strictEqual((yield* pending("segment")).length, left)
          }
        })
      )

      test(
        "that changed while it was done is free at once",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([]))
          yield* store.queue("index", ["a", "b"])
          const claimed = yield* store.claim("index", 10)
          yield* store.queue("index", ["b"])
          yield* store.done(claimed)
          assert.deepStrictEqual(yield* store.claim("index", 10), [{ kind: "index", key: "b", revision: 2 }])
        })
      )

      test(
        "that another has done and that was queued anew is not done by a claim from before",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const origin = idOf("segment", "a")
          yield* store.append(batch([message("a", { isPrompt: true })]))
          const early = yield* store.claim("segment", 10)
          // As when its work was interrupted just after it had been done.
          yield* store.release(early)
          yield* store.commit(yield* store.claim("segment", 10), [unit("new", { origin })])
          yield* store.queue("segment", [origin])
          yield* store.commit(early, [unit("old", { origin })])
          yield* store.done(early)
          assert.deepStrictEqual((yield* store.units(["old", "new"])).map(({ id }) => id), ["new"])
          assert.deepStrictEqual(yield* store.claim("segment", 10), early)
        })
      )

      test(
        "is not queued again by messages already stored",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([message("a", { isPrompt: true })]))
          const items = [...(yield* store.claim("segment", 10)), ...(yield* store.claim("session", 10))]
          yield* store.done(items)
          yield* store.append(batch([message("a", { isPrompt: true })], { cursor: cursor("/t/copy.jsonl", 100) }))
          assert.strictEqual((yield* store.status).pending, 0)
        })
      )

      test(
        "replaces the units of an origin that is nobody's work, in place of a merged project too, but for what was forgotten",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([]))
          const of = (id: string, overrides: Parameters<typeof unit>[1] = {}) =>
            unit(id, { origin: "/notes", ...overrides })
          const other = unit("u9", { origin: "/other" })
          yield* store.replace("/other", [other])
          yield* store.replace("/notes", [of("u1"), of("u2")])
          yield* store.done(yield* store.claim("index", 10))
          const changed = of("u2", { content: "something else" })
          yield* store.replace("/notes", [of("u1", { createdAt: 9_000 }), changed, of("u3")])
          assert.deepStrictEqual(yield* store.units(["u1", "u2", "u3", "u9"]), [of("u1"), changed, of("u3"), other])
          assert.deepStrictEqual(keys(yield* pending("index")), ["u2", "u3"])
          yield* store.mergeProjects(project("one"), project("two"))
          yield* store.forget(["u3"])
          yield* store.replace("/notes", [of("u1"), of("u3")])
          assert.deepStrictEqual(yield* store.units(["u1", "u2", "u3"]), [{
            ...of("u1"),
            projectId: project("two").id
          }])
          yield* store.replace("/notes", [])
          assert.deepStrictEqual(yield* store.units(["u1", "u9"]), [{ ...other, projectId: project("two").id }])
        })
      )

      test(
        "commits: writes, keeps what is the same, removes what is gone, and tells the index",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const origin = idOf("segment", "a")
          const next = (uuid: string, offset: number) =>
            store.append(batch([message(uuid, { isPrompt: offset === 100 })], {
              previous: offset === 100 ? undefined : cursor("/t/a.jsonl", offset - 100),
              cursor: cursor("/t/a.jsonl", offset)
            }))
          yield* next("a", 100)
          const [one, two, three] = [unit("u1", { origin }), unit("u2", { origin }), unit("u3", { origin })]
          const other = unit("u9", { origin: "not claimed" })
          yield* store.commit(yield* store.claim("segment", 10), [one, two, three, other])
          assert.deepStrictEqual(yield* store.units(["u3", "u9", "u1", "u2"]), [three, one, two])
          assert.strictEqual((yield* pending("segment")).length, 0)
          const queued = yield* store.claim("index", 10)
          assert.deepStrictEqual(keys(queued), ["u1", "u2", "u3"])
          yield* store.done(queued)

          yield* next("b", 200)
          const changed = { ...two, content: "something else" }
          yield* store.commit(yield* store.claim("segment", 10), [{ ...one, createdAt: 9_000 }, changed])
          assert.deepStrictEqual(yield* store.units(["u1", "u2", "u3"]), [one, changed])
          assert.deepStrictEqual(keys(yield* pending("index")), ["u2", "u3"])
          assert.deepStrictEqual(yield* found("content u3"), ["u1"])
          assert.strictEqual((yield* store.status).units.total, 2)

          yield* next("c", 300)
          yield* store.commit(yield* store.claim("segment", 10), [])
          assert.deepStrictEqual(yield* store.units(["u1", "u2"]), [])
          assert.deepStrictEqual(keys(yield* pending("index")), ["u1", "u2", "u3"])
        })
      )

      test(
        "asks for the summary of a session again whose segment has other units than when it was made",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const origin = idOf("segment", "a")
          const summarized = Effect.flatMap(store.claim("session", 10), (items) => store.commit(items, []))
          const compressed = (units: ReadonlyArray<MemoryUnit>) =>
            Effect.gen(function*() {
              yield* store.queue("segment", [origin])
              yield* store.commit(yield* store.claim("segment", 10), units)
              return keys(yield* pending("session"))
            })
          const [one, two] = [unit("u1", { origin }), unit("u2", { origin })]
          yield* store.append(batch([message("a", { isPrompt: true })]))
          // Another process is at it while the segment is compressed.
          const early = yield* store.claim("session", 10)
          yield* store.commit(yield* store.claim("segment", 10), [one])
          yield* store.commit(early, [unit("early", { origin: "s1", type: "archive" })])
          assert.deepStrictEqual(yield* store.units(["early"]), [])
          assert.deepStrictEqual(keys(yield* pending("session")), ["s1"])
          yield* summarized
          assert.deepStrictEqual(yield* compressed([one]), [])
          assert.deepStrictEqual(yield* compressed([one, two]), ["s1"])
          yield* summarized
          assert.deepStrictEqual(yield* compressed([two]), ["s1"])
        })
      )

      test(
        "drops the units of an item whose revision has moved on, and leaves it in the queue, free",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(
            batch([message("a", { isPrompt: true }), message("z", { isPrompt: true, thread: "agent" })])
          )
          const items = yield* store.claim("segment", 10)
          yield* store.append(batch([message("b")], {
            previous: cursor("/t/a.jsonl", 100),
            cursor: cursor("/t/a.jsonl", 200)
          }))
          const [moved, still] = [idOf("segment", "a"), idOf("segment", "z")]
          yield* store.commit(items, [unit("old", { origin: moved }), unit("kept", { origin: still })])
          assert.deepStrictEqual((yield* store.units(["old", "kept"])).map(({ id }) => id), ["kept"])
          const again = yield* store.claim("segment", 10)
          assert.deepStrictEqual(again, [{ kind: "segment", key: moved, revision: 2 }])
          yield* store.commit(again, [unit("new", { origin: moved })])
          assert.deepStrictEqual((yield* store.units(["new"])).length, 1)
          yield* store.commit(again, [unit("newer", { origin: moved })])
          assert.deepStrictEqual(yield* store.units(["newer"]), [])
        })
      )

      test(
        "refuses two units of one id, and changes nothing",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* write([unit("u1")])
          yield* store.append(batch([message("a", { isPrompt: true })]))
          const items = yield* store.claim("segment", 10)
          const origin = idOf("segment", "a")
          const error = yield* Effect.flip(store.commit(items, [unit("u2", { origin }), unit("u1", { origin })]))
          assert.strictEqual(error._tag, "StoreError")
          assert.strictEqual((yield* store.units(["u1", "u2"])).length, 1)
          yield* store.commit(items, [unit("u2", { origin })])
          assert.strictEqual((yield* store.units(["u1", "u2"])).length, 2)
        })
      )
    })

    describe("reviews", () => {
      test(
        "are queued of sessions that are wanted: all that these hold at first, then what changes",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a", "b")
          yield* talk("s2", "c")
          const [a, b] = segmentsOf("a", "b") as [string, string]
          const steps: ReadonlyArray<
            readonly [string, ReadonlyArray<ReturnType<typeof request>>, ReadonlyArray<readonly [string, number]>]
          > = [
            ["none is wanted", [request("s1", false, "a"), request("s2", false, "c")], []],
            ["one is", [request("s2", false, "c"), request("s1", true, "b")], [[a, 1], [b, 1], ["s1", 1]]],
            ["it was once", [request("s1", false, "b")], [[a, 1], [b, 2], ["s1", 2]]],
            ["and again", [request("s1", true, "a"), request("s1", false, "a")], [[a, 3], [b, 2], ["s1", 4]]],
            ["nothing of it", [request("s1", false)], [[a, 3], [b, 2], ["s1", 5]]]
          ]
          for (const [title, requests, expected] of steps) {
            yield* store.queueReviews(requests)
            assert.deepStrictEqual(yield* reviews, expected, title)
          }
          const [first, second] = [yield* store.claim("review", 1), yield* store.claim("review", 10)]
          for (const items of [first, second]) {
            // No recap while a segment is being reviewed.
            assert.deepStrictEqual(yield* store.claim("recap", 10), [])
            yield* store.done(items)
          }
          yield* store.done(yield* store.claim("recap", 10))
          assert.deepStrictEqual(yield* reviews, [])
          yield* store.queueReviews([request("s1", false, "b")])
          assert.deepStrictEqual(yield* reviews, [[b, 1], ["s1", 1]])
        })
      )

      test(
        "of a segment that has changed meanwhile are not written, and wait again",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a")
          const origin = idOf("segment", "a")
          yield* store.commit(yield* store.claim("segment", 10), [unit("extracted", { origin })])
          yield* store.queueReviews([request("s1", true, "a")])
          const claimed = yield* store.claim("review", 10)
          yield* store.queueReviews([request("s1", false, "a")])
          yield* store.commit(claimed, [unit("of before", { origin })])
          const ids = ["extracted", "of before", "written"]
          assert.deepStrictEqual((yield* store.units(ids)).map(({ id }) => id), ["extracted"])
          const again = yield* store.claim("review", 10)
          assert.deepStrictEqual(again, [{ kind: "review", key: origin, revision: 2 }])
          yield* store.commit(again, [unit("written", { origin })])
          assert.deepStrictEqual((yield* store.units(ids)).map(({ id }) => id), ["written"])
          assert.deepStrictEqual(yield* pending("review"), [])
        })
      )

      test(
        "come in the order in which segments begin, also where a later one ends first",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([
            message("z", { isPrompt: true }),
            message("a", { isPrompt: true, thread: "agent" }),
            message("b", { role: "assistant" })
          ]))
          assert.strictEqual(yield* store.reviewAgain(["s1"]), 2)
          assert.deepStrictEqual((yield* pending("review")).map(({ key }) => key), segmentsOf("z", "a"))
        })
      )

      test(
        "are not yet asked for: sessions by their start",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const sessions = [["s1", 300], ["s2", 100], ["s3", 200]] as const
          yield* store.append(batch(sessions.map(([sessionId]) => message(`of ${sessionId}`, { sessionId })), {
            facts: sessions.map(([sessionId, startedAt]) => facts(sessionId, { startedAt }))
          }))
          assert.deepStrictEqual(yield* store.unreviewed("all"), ["s2", "s3", "s1"])
          assert.deepStrictEqual(yield* store.unreviewed(["s1", "s2", "none"]), ["s2", "s1"])
        })
      )

      test(
        "are asked for again, of all that a session holds, and that is told",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a", "b")
          yield* talk("s2", "c")
          const [a, b, c] = segmentsOf("a", "b", "c") as [string, string, string]
          assert.strictEqual(yield* store.reviewAgain([]), 0)
          assert.deepStrictEqual(yield* reviews, [])
          assert.deepStrictEqual(yield* store.unreviewed("all"), ["s1", "s2"])
          assert.strictEqual(yield* store.reviewAgain(["s1"]), 2)
          assert.deepStrictEqual(yield* reviews, [[a, 1], [b, 1], ["s1", 1]])
          assert.deepStrictEqual(yield* store.unreviewed("all"), ["s2"])
          assert.deepStrictEqual(yield* store.unreviewed(["s1"]), [])
          assert.strictEqual(yield* store.reviewAgain(["s2", "s1"]), 3)
          assert.deepStrictEqual(yield* reviews, [[a, 2], [b, 2], [c, 1], ["s1", 2], ["s2", 1]])
          // After that, their later segments are reviewed too.
          yield* store.queueReviews([request("s2", false, "c")])
          assert.deepStrictEqual(yield* reviews, [[a, 2], [b, 2], [c, 2], ["s1", 2], ["s2", 2]])
        })
      )
    })

    describe("work that failed", () => {
      test(
        "waits longer each time, then for good",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a")
          yield* talk("s2", "b")
          yield* store.reviewAgain(["s1"])
          const { pending: before } = yield* store.status
          const key = idOf("segment", "a")
          for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
            const items = yield* store.claim("review", 10)
            assert.deepStrictEqual(items, [{ kind: "review", key, revision: 1 }])
            yield* store.fail(items, `the ${attempts}. time`)
            const isDead = attempts === MAX_ATTEMPTS
            assert.deepStrictEqual(yield* store.failures(10), [
              {
                kind: "review",
                key,
                attempts,
                error: `the ${attempts}. time`,
                isDead,
                failedAt: yield* Clock.currentTimeMillis,
                nextAt: isDead ? null : (yield* Clock.currentTimeMillis) + retryDelay(attempts)
              }
            ])
            assert.strictEqual((yield* store.status).pending, isDead ? before - 1 : before)
            yield* TestClock.adjust(retryDelay(attempts) - 1)
            assert.deepStrictEqual(yield* store.claim("review", 10), [], `${attempts}: too early`)
            yield* TestClock.adjust(1)
          }
          yield* TestClock.adjust("365 days")
          assert.deepStrictEqual(yield* store.claim("review", 10), [])

          // What is dead waits for nobody.
          assert.deepStrictEqual(yield* store.waiting, { compress: 4, index: 0, review: 1 })
          yield* store.fail(yield* store.claim("segment", 10), "no model")
          assert.deepStrictEqual(
            (yield* store.failures(10)).map(({ attempts, isDead, kind }) => [kind, attempts, isDead]),
            [["review", MAX_ATTEMPTS, true], ["segment", 1, false], ["segment", 1, false]]
          )
          assert.deepStrictEqual((yield* store.failures(1)).map(({ kind }) => kind), ["review"])
        })
      )

      for (
        const [title, kind, change] of [
          [
            "a change of its segment",
            "segment",
            Effect.flatMap(
              MemoryStore,
              (store) => store.append(batch([message("more")], { cursor: cursor("/t/more", 1) }))
            )
          ],
          [
            "another request",
            "review",
            Effect.flatMap(MemoryStore, (store) => store.queueReviews([request("s1", false, "a")]))
          ],
          ["a review by hand", "review", Effect.flatMap(MemoryStore, (store) => store.reviewAgain(["s1"]))]
        ] as const
      ) {
        test(
          `is new again after ${title}`,
          Effect.gen(function*() {
            const store = yield* MemoryStore
            yield* talk("s1", "a")
            if (kind === "review") yield* store.reviewAgain(["s1"])
            yield* exhaust(kind)
            assert.isTrue((yield* store.failures(10))[0]?.isDead)
            yield* change
            assert.deepStrictEqual(yield* store.failures(10), [])
            const items = yield* store.claim(kind, 10)
            assert.deepStrictEqual(items, [{ kind, key: idOf("segment", "a"), revision: 2 }])
            yield* store.fail(items, "no")
            assert.deepStrictEqual((yield* store.failures(10)).map(({ attempts }) => attempts), [1])
          })
        )
      }

      test(
        "is queued once more, one item or all of it",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a", "b", "c")
          yield* store.reviewAgain(["s1"])
          yield* exhaust("review")
          const [a = "", b = "", c = ""] = ["a", "b", "c"].map((uuid) => idOf("segment", uuid))
          assert.strictEqual(yield* store.retry({ kind: "segment", key: a }), 0)
          assert.strictEqual(yield* store.retry({ kind: "review", key: b }), 1)
          assert.strictEqual(yield* store.retry({ kind: "review", key: b }), 0)
          assert.deepStrictEqual((yield* store.failures(10)).map(({ key }) => key).sort(), [a, c].sort())
          assert.deepStrictEqual(yield* store.claim("review", 10), [{ kind: "review", key: b, revision: 2 }])
          assert.strictEqual(yield* store.retry(), 2)
          assert.deepStrictEqual(yield* store.failures(10), [])
          assert.deepStrictEqual(keys(yield* store.claim("review", 10)), [a, c].sort())
          assert.strictEqual(yield* store.retry(), 0)
        })
      )

      test(
        "is only what is held: neither what is free, nor what is done, nor what is unknown",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a", "b")
          const items = yield* store.claim("segment", 10)
          yield* store.done(items.slice(0, 1))
          yield* store.release(items)
          yield* store.fail([...items, { kind: "recap", key: "none", revision: 1 }], "no")
          assert.deepStrictEqual(yield* store.failures(10), [])
          assert.deepStrictEqual(yield* store.claim("segment", 10), items.slice(1))
          // After the lease lapsed, the items were claimed again and released.
          yield* TestClock.adjust(LEASE_MS + 1)
          yield* store.release(yield* store.claim("segment", 10))
          yield* store.fail(items, "too late")
          assert.deepStrictEqual(yield* store.failures(10), [])
        })
      )

      test(
        "keeps its attempts when it is given back undone",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a")
          for (const attempts of [1, 2]) {
            yield* store.release(yield* store.claim("segment", 10))
            yield* store.fail(yield* store.claim("segment", 10), "no")
            assert.deepStrictEqual((yield* store.failures(10)).map((failed) => failed.attempts), [attempts])
            yield* TestClock.adjust(retryDelay(attempts))
          }
          yield* store.release(yield* store.claim("segment", 10))
          assert.deepStrictEqual((yield* store.failures(10)).map(({ attempts }) => attempts), [2])
        })
      )
    })

    describe("a lease", () => {
      test(
        "lasts as long as it is renewed, and lapses then",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a", "b")
          const [one, ...others] = yield* store.claim("segment", 10)
          for (let round = 0; round < 3; round++) {
            yield* TestClock.adjust(LEASE_MS - 1)
            yield* store.renew([one!])
            assert.deepStrictEqual(yield* store.claim("segment", 10), round === 1 ? others : [])
          }
          yield* TestClock.adjust(LEASE_MS + 1)
          assert.deepStrictEqual(keys(yield* store.claim("segment", 10)), keys([one!, ...others]))
        })
      )

      test(
        "that has lapsed is lost as soon as anybody claims of its kind",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a", "b", "c")
          const [one, ...others] = yield* store.claim("segment", 10)
          yield* TestClock.adjust(LEASE_MS + 1)
          assert.deepStrictEqual(yield* store.claim("segment", 1), [one!])
          yield* store.renew(others)
          yield* store.fail(others, "too late")
          assert.deepStrictEqual(yield* store.failures(10), [])
          assert.deepStrictEqual(yield* store.claim("segment", 10), others)
        })
      )

      test(
        "is not to be had by renewing what was given back",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* talk("s1", "a")
          const items = yield* store.claim("segment", 10)
          yield* store.release(items)
          yield* store.renew([...items, { kind: "recap", key: "none", revision: 1 }])
          assert.deepStrictEqual(yield* store.claim("segment", 10), items)
          assert.deepStrictEqual(yield* pending("recap"), [])
        })
      )
    })

    describe("units", () => {
      test(
        "come in the order asked, unknown ones left out",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* write(["c", "a", "b"].map((id) => unit(id)))
          const ids = (yield* store.units(["b", "x", "c", "a", "b"])).map(({ id }) => id)
          assert.deepStrictEqual(ids, ["b", "c", "a", "b"])
          assert.deepStrictEqual(yield* store.units([]), [])
        })
      )

      test(
        "are found by the beginning of their id, ten at most",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* write([
            ...Array.from({ length: 12 }, (_, i) => unit(`aa${String(i).padStart(2, "0")}`)),
            unit("ab"),
            unit("%_")
          ])
          const ids = (prefix: string) => Effect.map(store.unitsByPrefix(prefix), (units) => units.map(({ id }) => id))
          assert.deepStrictEqual(yield* ids("ab"), ["ab"])
          assert.deepStrictEqual(yield* ids("aa"), Array.from({ length: 10 }, (_, i) => `aa0${i}`))
          assert.deepStrictEqual(yield* ids("%"), ["%_"])
          assert.deepStrictEqual(yield* ids("a%"), [])
          assert.deepStrictEqual(yield* ids("AB"), [])
        })
      )

      test(
        "come newest first when asked for the latest",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* write([
            unit("old", { occurredAt: 1 }),
            unit("b", { occurredAt: 5 }),
            unit("a", { occurredAt: 5 }),
            unit("gone", { occurredAt: 9, active: false }),
            unit("new", { occurredAt: 7, projectId: "project-two" })
          ])
          const ids = (filter: SearchFilter, limit: number) =>
            Effect.map(store.recent(filter, limit), (units) => units.map(({ id }) => id))
          assert.deepStrictEqual(yield* ids(everything, 10), ["new", "a", "b", "old"])
          assert.deepStrictEqual(yield* ids({ projects: ["project-one"] }, 2), ["a", "b"])
        })
      )

      test(
        "come oldest first by their ids, in parts",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* write([
            unit("new", { occurredAt: 7 }),
            unit("b", { occurredAt: 5 }),
            unit("a", { occurredAt: 5, type: "decision" }),
            unit("gone", { occurredAt: 1, active: false }),
            unit("old", { occurredAt: 2, projectId: "project-two" }),
            unit("older", { occurredAt: 1 })
          ])
          assert.deepStrictEqual(yield* store.oldest(everything, 0, 10), ["older", "old", "b", "a", "new"])
          const conversations: SearchFilter = { projects: ["project-one"], types: ["conversation"] }
          assert.deepStrictEqual(yield* store.oldest(conversations, 0, 2), ["older", "b"])
          assert.deepStrictEqual(yield* store.oldest(conversations, 2, 2), ["new"])
          assert.deepStrictEqual(yield* store.oldest(conversations, 3, 2), [])
        })
      )

      test(
        "have neighbours in their session: one before, two or all after, inactive ones passed over",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* write([
            unit("e", { position: 5 }),
            unit("a", { position: 1 }),
            unit("c", { position: 2.5 }),
            unit("hidden", { position: 2, active: false }),
            unit("b", { position: 1.001 }),
            unit("d", { position: 4 }),
            unit("elsewhere", { position: 2.2, sessionId: "s2" })
          ])
          const around = (id: string) => Effect.map(store.neighbours([id]), (list) => [...list].sort(byOffset))
          assert.deepStrictEqual(yield* around("a"), [["a", "b", 1], ["a", "c", 2]])
          assert.deepStrictEqual(yield* around("b"), [["b", "a", -1], ["b", "c", 1], ["b", "d", 2]])
          assert.deepStrictEqual(yield* around("d"), [["d", "c", -1], ["d", "e", 1]])
          assert.deepStrictEqual(yield* around("hidden"), [["hidden", "b", -1], ["hidden", "c", 1], ["hidden", "d", 2]])
          assert.deepStrictEqual(yield* around("elsewhere"), [])
          assert.deepStrictEqual(yield* around("none"), [])
          assert.strictEqual((yield* store.neighbours(["a", "e", "b"])).length, 2 + 1 + 3)
          const story = (id: string, before: number, after: number) =>
            Effect.map(store.around(id, before, after), (list) => list.map((each) => each.id))
          assert.deepStrictEqual(yield* story("a", 3, 2), ["b", "c"])
          assert.deepStrictEqual(yield* story("hidden", 8, 8), ["a", "b", "c", "d", "e"])
          assert.deepStrictEqual(yield* story("d", 2, 1), ["b", "c", "e"])
          assert.deepStrictEqual(yield* story("e", 0, 8), [])
          assert.deepStrictEqual(yield* story("none", 8, 8), [])
        })
      )
    })

    describe("units that say the same", () => {
      const [all, most] = [words(24), words(20)]

      test(
        "become one: the fuller stays and cites the other's messages, the other counts no more",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* compress("one", unit("part", { content: most, cites: "m1", occurredAt: 9_000 }))
          yield* compress("two", unit("full", { content: all, cites: "m2" }))
          assert.deepStrictEqual(yield* standing("part", "full"), { part: "in full", full: ["m1"] })
          assert.deepStrictEqual(yield* found("alpha"), ["full"])
          assert.deepStrictEqual((yield* store.recent(everything, 9)).map(({ id }) => id), ["full"])
          assert.deepStrictEqual((yield* store.unitsByPrefix("part")).map(({ id }) => id), ["part"])
        })
      )

      test(
        "become the newer one when both say all, and of one time the one with the greater id",
        Effect.gen(function*() {
          yield* compress("one", unit("a new", { content: all, cites: "m1", occurredAt: 9_000 }))
          yield* compress("two", unit("b old", { content: all, cites: "m2" }))
          assert.deepStrictEqual(yield* standing("a new", "b old"), { "a new": ["m2"], "b old": "in a new" })
          yield* compress("three", unit("c same", { content: words(6, 24), cites: "m3" }))
          yield* compress("four", unit("d same", { content: words(6, 24), cites: "m3" }))
          assert.deepStrictEqual(yield* standing("c same", "d same"), { "c same": "in d same", "d same": [] })
        })
      )

      test(
        "are those of one project, that hold enough words and are no archives",
        Effect.gen(function*() {
          yield* compress("one", unit("a", { content: all }), unit("few a", { content: words(5, 24) }))
          yield* compress("two", unit("b", { content: all, projectId: "project-two" }))
          yield* compress(
            "three",
            unit("c", { content: all, type: "archive" }),
            unit("few b", { content: words(5, 24) })
          )
          yield* compress("four", unit("d", { content: all, type: "archive" }))
          const ids = ["a", "b", "c", "d", "few a", "few b"]
          assert.deepStrictEqual(yield* standing(...ids), Object.fromEntries(ids.map((id) => [id, []])))
        })
      )

      test(
        "are not those that only share a part, or have a title in common",
        Effect.gen(function*() {
          // "a" and "b" share 12 of 20 words each; "c" is contained in "a" but is half of it; then 17 of 20, where neither contains the other.
          yield* compress("one", unit("a", { content: words(20), title: words(6, 24) }))
          yield* compress("two", unit("b", { content: words(20, 8), title: words(6, 24) }))
          yield* compress("three", unit("c", { content: words(10) }))
          yield* compress("four", unit("d", { content: `${words(17)} ${words(3, 27)}` }))
          const ids = ["a", "b", "c", "d"]
          assert.deepStrictEqual(yield* standing(...ids), Object.fromEntries(ids.map((id) => [id, []])))
        })
      )

      test(
        "are found among many others",
        Effect.gen(function*() {
          const others = Array.from(
            { length: 300 },
            (_, i) =>
              unit(`other ${i}`, {
                content: Array.from({ length: 12 }, (_, w) => `w${(i * 31 + w * 17) % 211}x`).join(" ")
              })
          )
          yield* compress("others", ...others)
          const before = yield* Effect.flatMap(MemoryStore, (store) => store.status)
          yield* compress("one", unit("a", { content: all }))
          yield* compress("two", unit("b", { content: all }))
          const after = yield* Effect.flatMap(MemoryStore, (store) => store.status)
          assert.strictEqual(after.units.total, before.units.total + 1)
          assert.deepStrictEqual(yield* standing("a"), { a: "in b" })
        })
      )

      test(
        "are counted once, by project and type, and so are the messages they cite",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* compress("one", unit("a", { content: all, cites: "one 1", type: "decision" }))
          yield* compress("two", unit("b", { content: all, cites: "two 1", type: "decision" }))
          const { projects, textMessages, units } = yield* store.status
          assert.deepStrictEqual(units, { total: 1, byType: { decision: 1 } })
          assert.deepStrictEqual(textMessages, { total: 2, cited: 2 })
          assert.deepStrictEqual(projects.map(({ units }) => units), [1])
        })
      )

      test(
        "come to one of three, whatever their order, in one commit or in three",
        Effect.gen(function*() {
          const three = ["a", "b", "c"].map((id, i) => unit(id, { content: all, cites: `m-${id}`, occurredAt: i }))
          const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
          for (const [n, order] of orders.entries()) {
            const units = order.map((i) => ({ ...three[i]!, id: `${n}${three[i]!.id}`, projectId: `project-${n}` }))
            for (const unit of units) yield* compress(`${n} ${unit.id}`, unit)
            const { [`${n}c`]: stays, ...gone } = yield* standing(...units.map(({ id }) => id))
            assert.deepStrictEqual([...stays!].sort(), ["m-a", "m-b"])
            assert.strictEqual(Object.values(gone).filter((each) => typeof each === "string").length, 2)
          }
          yield* compress("all", ...three)
          const { c, ...gone } = yield* standing("a", "b", "c")
          assert.deepStrictEqual([...c!].sort(), ["m-a", "m-b"])
          assert.strictEqual(Object.values(gone).filter((each) => typeof each === "string").length, 2)
        })
      )

      test(
        "cite eight messages at most between them, their own first",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const citing = (id: string, from: number, count: number) => {
            const one = unit(id, { content: all })
            return {
              ...one,
              passages: Array.from({ length: count }, (_, i) => ({
                uuid: `m${from + i}`,
                kind: "text" as const,
                from: i === 0 ? 0 : all.length,
                to: all.length
              }))
            }
          }
          yield* compress("one", citing("a", 0, 5))
          yield* compress("two", citing("b", 4, 6))
          yield* compress("three", citing("c", 20, 1))
          const [a, b, c] = yield* store.units(["a", "b", "c"])
          assert.deepStrictEqual(b?.also, ["m0", "m1"])
          assert.deepStrictEqual(evidence(c!), ["m20", "m4", "m5", "m6", "m7", "m8", "m9", "m0"])
          assert.deepStrictEqual([a?.also, c?.also.length], [[], MAX_EVIDENCE - 1])
        })
      )

      test(
        "stay merged when either is compressed again and comes out the same, and nothing is written",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const [part, full] = [unit("part", { content: most }), unit("full", { content: all })]
          yield* compress("one", part)
          yield* compress("two", full)
          yield* store.done(yield* store.claim("index", 100))
          const before = yield* store.units(["part", "full"])
          yield* compress("one", { ...part, createdAt: 7_000 })
          yield* compress("two", { ...full, createdAt: 7_000 })
          yield* compressAll({ two: [full], one: [part] })
          assert.deepStrictEqual(yield* store.units(["part", "full"]), before)
          assert.deepStrictEqual(yield* pending("index"), [])
        })
      )

      test(
        "come apart when the one that stayed is compressed again without it",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* compress("one", unit("part", { content: most, cites: "one 1" }))
          yield* compress("two", unit("full", { content: all, cites: "two 1" }))
          yield* compress("two", unit("full", { content: "something else that nobody has said before today" }))
          assert.deepStrictEqual(yield* standing("part", "full"), { part: [], full: [] })
          assert.deepStrictEqual(yield* found("alpha"), ["part"])
          assert.deepStrictEqual((yield* store.recent(everything, 9)).map(({ id }) => id).sort(), ["full", "part"])
          yield* compress("two")
          assert.deepStrictEqual(yield* standing("part", "full"), { part: [] })
          assert.strictEqual((yield* store.status).units.total, 1)
        })
      )

      test(
        "are merged again when the one that went is compressed again",
        Effect.gen(function*() {
          yield* compress("one", unit("part", { content: most, cites: "m1" }))
          yield* compress("two", unit("full", { content: all, cites: "m2" }))
          yield* compress("one", unit("part", { content: most, cites: "m1", title: "Another title" }))
          assert.deepStrictEqual(yield* standing("part", "full"), { part: "in full", full: ["m1"] })
          // It replaces the other unit once it contains more.
          yield* compress("one", unit("part", { content: words(28), cites: "m1" }))
          assert.deepStrictEqual(yield* standing("part", "full"), { part: ["m2"], full: "in part" })
          yield* compress("one")
          assert.deepStrictEqual(yield* standing("part", "full"), { full: ["m1"] })
        })
      )

      test(
        "in a chain whose middle goes fall to its end, or count again",
        Effect.gen(function*() {
          const [a, b, c] = [
            unit("a", { content: words(20), cites: "ma" }),
            unit("b", { content: words(21), cites: "mb" }),
            unit("c", { content: words(22), cites: "mc" })
          ]
          yield* compress("one", a)
          yield* compress("two", b)
          yield* compress("three", c)
          assert.deepStrictEqual(yield* standing("a", "b", "c"), { a: "in b", b: "in c", c: ["mb", "ma"] })
          yield* compress("two")
          assert.deepStrictEqual(yield* standing("a", "b", "c"), { a: "in c", c: ["mb", "ma"] })
          yield* compress("three")
          assert.deepStrictEqual(yield* standing("a", "b", "c"), { a: [] })
          yield* compressAll({ two: [b], three: [c] })
          yield* compressAll({ two: [], three: [] })
          assert.deepStrictEqual(yield* standing("a", "b", "c"), { a: [] })

          // The ends of the chain are too different to be duplicates.
          const far = (id: string, count: number, cites: string) => unit(id, { content: words(count, 0), cites })
          const chain = [far("d", 20, "md"), far("e", 24, "me"), far("f", 30, "mf")]
          yield* compress("one")
          for (const [i, each] of chain.entries()) yield* compress(`far ${i}`, each)
          assert.deepStrictEqual(yield* standing("d", "e", "f"), { d: "in e", e: "in f", f: ["me", "md"] })
          yield* compress("far 1")
          assert.deepStrictEqual(yield* standing("d", "e", "f"), { d: [], f: ["me", "md"] })
        })
      )

      test(
        "are not those that a compressor has put out of use itself",
        Effect.gen(function*() {
          yield* compress("one", unit("off", { content: all, active: false }))
          yield* compress("two", unit("on", { content: all, cites: "m2" }))
          yield* compress("three", unit("off too", { content: all, active: false }))
          assert.deepStrictEqual(yield* standing("off", "on", "off too"), {
            off: "in null",
            on: [],
            "off too": "in null"
          })
        })
      )

      const kept = FastCheck.record({
        name: FastCheck.constantFrom("one", "two", "three", "four"),
        made: FastCheck.array(
          FastCheck.record({
            from: FastCheck.integer({ min: 0, max: 4 }),
            count: FastCheck.integer({ min: 4, max: 26 }),
            project: FastCheck.constantFrom("project-one", "project-one", "project-two"),
            type: FastCheck.constantFrom("conversation" as const, "decision" as const, "archive" as const),
            occurredAt: FastCheck.nat({ max: 3 }),
            cited: FastCheck.integer({ min: 1, max: 4 })
          }),
          { maxLength: 3 }
        )
      })

      property(
        "leave no two of them in use, whatever was compressed when; what went names what stands for it",
        FastCheck.array(kept, { minLength: 2, maxLength: 10 }),
        (plan) =>
          Effect.gen(function*() {
            const store = yield* MemoryStore
            for (const { made, name } of plan) yield* compress(name, ...unitsOf(name, made))
            const ids = ["one", "two", "three", "four"].flatMap((name) =>
              [0, 1, 2].map((i) => idOf("unit", name, String(i)))
            )
            const units = yield* store.units(ids)
            const byId = new Map(units.map((each) => [each.id, each]))
            const last = new Map(plan.map(({ made, name }) => [name, made.length]))
            assert.strictEqual(units.length, [...last.values()].reduce((sum, n) => sum + n, 0))
            for (const each of units) {
              assert.isAtMost(evidence(each).length, MAX_EVIDENCE)
              assert.strictEqual(each.active, each.supersededBy === null)
              let standing = each
              for (let steps = 0; standing.supersededBy !== null; steps++) {
                assert.isBelow(steps, units.length)
                standing = byId.get(standing.supersededBy)!
                assert.isDefined(standing)
                assert.strictEqual(standing.projectId, each.projectId)
              }
            }
            const worded = units.filter(({ active }) => active).map((unit) => {
              const held = Duplicates.wordsOf(fieldsOf(unit))
              return { unit, words: held, sketch: Duplicates.sketch(unit, held) }
            })
            for (const a of worded) {
              for (const b of worded) {
                if (a === b || !a.sketch.some((least) => b.sketch.includes(least))) continue
                assert.isUndefined(Duplicates.merge(a, b), `${a.unit.content} | ${b.unit.content}`)
              }
            }
            assert.strictEqual((yield* store.status).units.total, worded.length)
            // Compressing everything again changes nothing.
            const again = Object.fromEntries(plan.map(({ made, name }) => [name, unitsOf(name, made)]))
            yield* compressAll(again)
            assert.deepStrictEqual(yield* store.units(ids), units)
          })
      )
    })

    describe("the lexical lane", () => {
      test(
        "finds Chinese words, whole identifiers and their parts, and word forms",
        Effect.gen(function*() {
          yield* write([
            unit("chinese", { content: "修复了登录页面的数据库连接错误" }),
            unit("camel", { content: "we renamed getUserProfile to loadProfile" }),
            unit("snake", { content: "max_retry_count is read from the settings" }),
            unit("forms", { content: "migrating the tables took two migrations" }),
            unit("path", { content: "see src/store/sqlite/SqliteFile.ts", title: "Opening" })
          ])
          assert.deepStrictEqual(yield* found("数据库"), ["chinese"])
          assert.deepStrictEqual(yield* found("连接错误"), ["chinese"])
          assert.deepStrictEqual(yield* found("getUserProfile"), ["camel"])
          assert.deepStrictEqual(yield* found("profile"), ["camel"])
          assert.deepStrictEqual(yield* found("max_retry_count"), ["snake"])
          assert.deepStrictEqual(yield* found("RETRY"), ["snake"])
          assert.deepStrictEqual(yield* found("migration"), ["forms"])
          assert.deepStrictEqual(yield* found("sqlite opening"), ["path"])
          assert.deepStrictEqual(yield* found("nothing of this"), [])
        })
      )

      test(
        "counts each term in each field, and the units that hold it",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const content = "retry retry cache|call cache|out retry|thought"
          const passage = (kind: "text" | "tool_use" | "tool_result" | "thinking", from: number, to: number) => ({
            uuid: "m",
            kind,
            from,
            to
          })
          const full = unit("full", {
            title: "Retry policy",
            files: ["/work/cache.ts"],
            content,
            passages: [
              passage("text", 0, 17),
              passage("tool_use", 18, 28),
              passage("tool_result", 29, 38),
              passage("thinking", 39, content.length)
            ]
          })
          yield* write([
            full,
            unit("half", { content: "cache alone" }),
            unit("off", { content: "cache", active: false })
          ])
          const [retry, cache] = [lexemes("retry")[0]!, lexemes("cache")[0]!]
          const matches = yield* store.lexical([cache, "unheard", retry], everything, 10)
          assert.strictEqual(matches.documents, 3)
          assert.deepStrictEqual(matches.documentFrequencies, [3, 0, 1])
          const candidates = new Map(matches.candidates.map((candidate) => [candidate.unitId, candidate]))
          assert.deepStrictEqual([...candidates.keys()].sort(), ["full", "half"])
          assert.deepStrictEqual(candidates.get("full"), {
            unitId: "full",
            lengths: [5, 3, 2, 2],
            frequencies: [[1, 1, 1, 0], [0, 0, 0, 0], [1, 2, 0, 1]]
          })
          assert.deepStrictEqual(candidates.get("half")?.lengths, [0, 2, 0, 0])
          assert.closeTo(matches.averageLength, (12 + 2 + 1) / 3, 1e-12)
          const many = [...Array.from({ length: 300 }, (_, i) => `unheard${i}`), cache, retry]
          for (const terms of [[cache, "unheard", retry], many]) {
            const { candidates, documentFrequencies, documents } = yield* store.lexical(terms, everything, 0)
            assert.deepStrictEqual([documents, candidates], [3, []])
            assert.deepStrictEqual(
              documentFrequencies,
              terms.map((term) => term === cache ? 3 : term === retry ? 1 : 0)
            )
          }
        })
      )

      test(
        "keeps to the filter and to the limit, the best first",
        Effect.gen(function*() {
          yield* write([
            unit("one", { content: "needle here", type: "decision", occurredAt: 10 }),
            unit("two", { content: "needle there", projectId: "project-two", occurredAt: 20 }),
            unit("three", { content: "needle needle needle", type: "error_log", occurredAt: 30 }),
            unit("off", { content: "needle", active: false, occurredAt: 20 })
          ])
          const needle = (filter: Partial<SearchFilter>, limit?: number) =>
            found("needle", { ...everything, ...filter }, limit)
          assert.deepStrictEqual(yield* needle({}), ["one", "three", "two"])
          assert.deepStrictEqual(yield* needle({ projects: ["project-two"] }), ["two"])
          assert.deepStrictEqual(yield* needle({ projects: ["project-two", "project-one"] }), ["one", "three", "two"])
          assert.deepStrictEqual(yield* needle({ projects: [] }), [])
          assert.deepStrictEqual(yield* needle({ types: ["decision", "archive"] }), ["one"])
          assert.deepStrictEqual(yield* needle({ types: [] }), [])
          assert.deepStrictEqual(yield* needle({ since: 20 }), ["three", "two"])
          assert.deepStrictEqual(yield* needle({ until: 20 }), ["one", "two"])
          assert.deepStrictEqual(yield* needle({ since: 11, until: 29 }), ["two"])
          assert.deepStrictEqual(yield* needle({ projects: ["' OR 1=1 --"] }), [])
          assert.deepStrictEqual(yield* needle({}, 1), ["three"])
          assert.deepStrictEqual(yield* needle({}, 0), [])
        })
      )

      test(
        "matches files as a whole path or its end, on any system and with any name",
        Effect.gen(function*() {
          yield* write([
            unit("posix", { content: "needle", files: ["/home/mei/shop/src/app.ts", "/other.ts"] }),
            unit("windows", { content: "needle", files: ["C:\\Users\\mei\\src\\app.ts"] }),
            unit("near", { content: "needle", files: ["/home/mei/myapp.ts", "/home/app.tsx"] }),
            unit("odd", { content: "needle", files: ["/tmp/it's 100%_\"new\".ts"] }),
            unit("bare", { content: "needle", files: ["app.ts"] }),
            unit("none", { content: "needle" })
          ])
          const inFile = (...files: ReadonlyArray<string>) => found("needle", { projects: "all", files })
          assert.deepStrictEqual(yield* inFile("app.ts"), ["bare", "posix", "windows"])
          assert.deepStrictEqual(yield* inFile("src/app.ts"), ["posix"])
          assert.deepStrictEqual(yield* inFile("src\\app.ts"), ["windows"])
          assert.deepStrictEqual(yield* inFile("./app.ts"), ["bare", "posix", "windows"])
          assert.deepStrictEqual(yield* inFile("././src/app.ts", ".other.ts"), ["posix"])
          assert.deepStrictEqual(yield* inFile(".\\src\\app.ts"), ["windows"])
          assert.deepStrictEqual(yield* inFile("C:\\Users\\mei\\src\\app.ts"), ["windows"])
          assert.deepStrictEqual(yield* inFile("/home/mei/shop/src/app.ts"), ["posix"])
          assert.deepStrictEqual(yield* inFile("it's 100%_\"new\".ts"), ["odd"])
          assert.deepStrictEqual(yield* inFile("it's 100%_\"new\"_ts", "%", "_", "*"), [])
          assert.deepStrictEqual(yield* inFile("other.ts", "myapp.ts"), ["near", "posix"])
          assert.deepStrictEqual(yield* inFile(), ["bare", "near", "none", "odd", "posix", "windows"])
        })
      )

      test(
        "takes any term as a word and none as a command",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* write([unit("a", { content: "needle in the title" })])
          const hostile = [
            "\" OR *",
            "needle*",
            "NEAR(needle",
            "title:needle",
            "^needle",
            "",
            " ",
            "'; DROP TABLE units;--",
            "\u0000"
          ]
          const none = yield* store.lexical(hostile, everything, 10)
          assert.deepStrictEqual(none.candidates, [])
          assert.deepStrictEqual(none.documentFrequencies, hostile.map(() => 0))
          const some = yield* store.lexical([...hostile, lexemes("needle")[0]!], everything, 10)
          assert.deepStrictEqual(some.candidates.map(({ unitId }) => unitId), ["a"])
          const empty = yield* store.lexical([], everything, 10)
          assert.deepStrictEqual(empty, { documents: 1, averageLength: 2, documentFrequencies: [], candidates: [] })
        })
      )

      test(
        "answers when nothing is stored",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const nothing = { documents: 0, averageLength: 0, documentFrequencies: [0], candidates: [] }
          assert.deepStrictEqual(yield* store.lexical(["word"], everything, 10), nothing)
        })
      )

      test(
        "forgets what was removed",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.append(batch([message("a", { isPrompt: true })]))
          const origin = idOf("segment", "a")
          yield* store.commit(yield* store.claim("segment", 1), [unit("u", { origin, content: "needle needle" })])
          yield* store.append(batch([message("b")], {
            previous: cursor("/t/a.jsonl", 100),
            cursor: cursor("/t/a.jsonl", 200)
          }))
          yield* store.commit(yield* store.claim("segment", 1), [unit("u", { origin, content: "thread" })])
          const terms = [...lexemes("needle"), ...lexemes("thread")]
          const matches = yield* store.lexical(terms, everything, 10)
          assert.deepStrictEqual(matches.documentFrequencies, [0, 1])
          assert.strictEqual(matches.documents, 1)
          assert.strictEqual(matches.averageLength, 1)
        })
      )
    })

    describe("transactions", () => {
      const one = batch([message("a", { isPrompt: true })])
      const two = batch([message("b", { isPrompt: true })], { cursor: cursor("/t/b.jsonl", 1) })
      const messages = Effect.flatMap(MemoryStore, (store) => Effect.map(store.status, (status) => status.messages))

      if (readsApart) {
        test(
          "see their own writes, others do not, and all is there after",
          Effect.gen(function*() {
            const store = yield* MemoryStore
            const written = yield* Deferred.make<void>()
            const go = yield* Deferred.make<void>()
            const fiber = yield* Effect.fork(store.transaction(Effect.gen(function*() {
              yield* store.append(one)
              assert.strictEqual(yield* messages, 1)
              yield* Deferred.succeed(written, undefined)
              yield* Deferred.await(go)
            })))
            yield* Deferred.await(written)
            assert.strictEqual(yield* messages, 0)
            yield* Deferred.succeed(go, undefined)
            yield* Fiber.join(fiber)
            assert.strictEqual(yield* messages, 1)
          })
        )
      }

      test(
        "leave nothing when they fail or die, and the store goes on",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* write([unit("before", { content: "needle" })])
          const before = yield* store.status
          const failed = yield* Effect.flip(
            store.transaction(Effect.zipRight(store.append(one), Effect.fail("no" as const)))
          )
          assert.strictEqual(failed, "no")
          const died = yield* Effect.exit(store.transaction(Effect.zipRight(store.append(one), Effect.die("bug"))))
          assert.isTrue(Exit.isFailure(died))
          const changed = yield* Effect.exit(store.transaction(Effect.gen(function*() {
            yield* write([unit("inside", { content: "needle" })])
            assert.deepStrictEqual(yield* found("needle"), ["before", "inside"])
            return yield* Effect.fail("no")
          })))
          assert.isTrue(Exit.isFailure(changed))
          assert.deepStrictEqual(yield* store.status, before)
          assert.deepStrictEqual(yield* found("needle"), ["before"])
          assert.strictEqual((yield* store.append(one))._tag, "Appended")
        })
      )

      test(
        "leave nothing when they are interrupted",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const written = yield* Deferred.make<void>()
          const fiber = yield* Effect.fork(store.transaction(
            store.append(one).pipe(Effect.zipRight(Deferred.succeed(written, undefined)), Effect.zipRight(Effect.never))
          ))
          yield* Deferred.await(written)
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(yield* messages, 0)
          assert.strictEqual((yield* store.append(one))._tag, "Appended")
        })
      )

      test(
        "keep others' writes waiting, and do not take them along when they fail",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const written = yield* Deferred.make<void>()
          const go = yield* Deferred.make<void>()
          const failing = yield* Effect.fork(store.transaction(
            store.append(one).pipe(
              Effect.zipRight(Deferred.succeed(written, undefined)),
              Effect.zipRight(Deferred.await(go)),
              Effect.zipRight(Effect.fail("no"))
            )
          ))
          yield* Deferred.await(written)
          const other = yield* Effect.fork(store.append(two))
          yield* Effect.yieldNow()
          yield* Deferred.succeed(go, undefined)
          yield* Fiber.await(failing)
          assert.strictEqual((yield* Fiber.join(other))._tag, "Appended")
          assert.strictEqual(yield* messages, 1)
          assert.deepStrictEqual((yield* store.messages(["a", "b"])).map(({ uuid }) => uuid), ["b"])
        })
      )

      test(
        "nest: an inner one fails alone, an outer one takes the inner along",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.transaction(Effect.gen(function*() {
            yield* store.append(one)
            yield* Effect.ignore(store.transaction(Effect.zipRight(store.append(two), Effect.fail("inner"))))
            assert.strictEqual(yield* messages, 1)
          }))
          assert.strictEqual(yield* messages, 1)
          yield* Effect.ignore(store.transaction(Effect.gen(function*() {
            yield* store.transaction(store.append(two))
            assert.strictEqual(yield* messages, 2)
            return yield* Effect.fail("outer")
          })))
          assert.strictEqual(yield* messages, 1)
          yield* store.transaction(store.transaction(store.append(two)))
          assert.strictEqual(yield* messages, 2)
        })
      )

      test(
        "give an error of the store as it is",
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const error = new StoreError({ reason: "Full", operation: "test", detail: "as it is", cause: undefined })
          const { detail, reason } = yield* Effect.flip(store.transaction(Effect.fail(error)))
          assert.deepStrictEqual({ detail, reason }, { detail: "as it is", reason: "Full" })
        })
      )
    })

    test(
      "has a name of its own, which stays",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const name = yield* store.identity
        assert.match(name, /^[0-9a-f]{16}$/)
        yield* write([unit("a")])
        assert.strictEqual(yield* store.identity, name)
        const other = yield* Effect.provide(Effect.flatMap(MemoryStore, ({ identity }) => identity), Layer.fresh(layer))
        assert.notStrictEqual(other, name)
      })
    )

    test(
      "tells the ids of active units in their order, page by page",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        assert.deepStrictEqual(yield* store.unitIds("", 10), [])
        yield* write([unit("c"), unit("a"), unit("off", { active: false }), unit("B"), unit("d")])
        assert.deepStrictEqual(yield* store.unitIds("", 10), ["B", "a", "c", "d"])
        assert.deepStrictEqual(yield* store.unitIds("", 2), ["B", "a"])
        assert.deepStrictEqual(yield* store.unitIds("a", 2), ["c", "d"])
        assert.deepStrictEqual(yield* store.unitIds("d", 2), [])
      })
    )

    test(
      "has another index than before brought in line as a whole, once",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        assert.isFalse(yield* store.indexFor(EMBEDDED))
        assert.deepStrictEqual(keys(yield* pending("reconcile")), [])
        assert.isTrue(yield* store.indexFor("elsewhere"))
        assert.isFalse(yield* store.indexFor("elsewhere"))
        const claimed = yield* store.claim("reconcile", 10)
        assert.deepStrictEqual(claimed, [{ kind: "reconcile", key: "elsewhere", revision: 1 }])
        yield* store.done(claimed)
        assert.isTrue(yield* store.indexFor(EMBEDDED))
        assert.deepStrictEqual(keys(yield* pending("reconcile")), [EMBEDDED])
        yield* store.queue("reconcile", ["elsewhere", EMBEDDED])
        assert.deepStrictEqual((yield* pending("reconcile")).map(({ key, revision }) => [key, revision]), [
          [EMBEDDED, 2],
          ["elsewhere", 1]
        ])
      })
    )

    test(
      "records the version of the compressor, which only rises",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        assert.isFalse(yield* store.compressedBy(1))
        assert.isTrue(yield* store.compressedBy(3))
        assert.isFalse(yield* store.compressedBy(3))
        assert.isFalse(yield* store.compressedBy(2))
        assert.isTrue(yield* store.compressedBy(10))
      })
    )

    test(
      "queues units for the index when they stop to count, and when they count again",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("old", unit("short", { content: words(8), occurredAt: 1 }))
        yield* store.done(yield* store.claim("index", 10))
        yield* compress("new", unit("long", { content: words(9), occurredAt: 2 }))
        assert.deepStrictEqual(yield* standing("short"), { short: "in long" })
        const merged = yield* store.claim("index", 10)
        assert.deepStrictEqual(keys(merged), ["long", "short"])
        yield* store.done(merged)
        yield* compress("new")
        assert.deepStrictEqual(yield* standing("short"), { short: [] })
        assert.deepStrictEqual(keys(yield* store.claim("index", 10)), ["long", "short"])
      })
    )

    test(
      "has a status whose numbers are those of what was written",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const nothing = yield* store.status
        assert.deepStrictEqual(nothing, {
          lines: { total: 0, stored: 0, skipped: {}, deadLetter: 0 },
          redactions: {},
          sessions: 0,
          messages: 0,
          textMessages: { total: 0, cited: 0 },
          units: { total: 0, byType: {} },
          pending: 0,
          indexing: 0,
          files: 0,
          projects: []
        })
        const messages = [
          message("p", { isPrompt: true }),
          message("a", { role: "assistant" }),
          message("tool", { role: "assistant", blocks: [{ kind: "tool_use", text: "ls", tool: "Bash" }] }),
          message("system", { role: "system" })
        ]
        yield* store.append(batch(messages, {
          factLines: 1,
          skipped: { progress: 2, empty: 0 },
          deadLetters: [{ path: "/t/a.jsonl", offset: 5, reason: "not JSON", line: "?" }],
          redactions: { "GitHub token": 2 }
        }))
        yield* store.append(batch([], {
          cursor: cursor("/t/b.jsonl", 1),
          project: project("two"),
          redactions: { "GitHub token": 1 }
        }))
        const origin = idOf("segment", "p")
        yield* store.commit(yield* store.claim("segment", 10), [
          unit("u1", { origin, cites: "a", type: "decision" }),
          unit("u2", { origin, cites: "tool" }),
          unit("u3", { origin, cites: "p", active: false })
        ])
        assert.deepStrictEqual(yield* store.status, {
          lines: { total: 8, stored: 5, skipped: { progress: 2 }, deadLetter: 1 },
          redactions: { "GitHub token": 3 },
          sessions: 1,
          messages: 4,
          textMessages: { total: 2, cited: 1 },
          units: { total: 2, byType: { conversation: 1, decision: 1 } },
          pending: 1 + 3,
          indexing: 3,
          files: 2,
          projects: [{ ...known("one"), units: 2 }, { ...known("two"), units: 0 }]
        })
      })
    )
  })
}

const byOffset = (a: readonly [string, string, number], b: readonly [string, string, number]) => a[2] - b[2]

interface Made {
  readonly from: number
  readonly count: number
  readonly project: string
  readonly type: MemoryUnit["type"]
  readonly occurredAt: number
  readonly cited: number
}

/** Makes the units of a segment, each with its own id. */
export const unitsOf = (name: string, made: ReadonlyArray<Made>): ReadonlyArray<MemoryUnit> =>
  made.map(({ cited, count, from, occurredAt, project, type }, i) => {
    const one = unit(idOf("unit", name, String(i)), {
      content: words(count, from),
      projectId: project,
      sessionId: `session of ${name}`,
      position: i,
      type,
      occurredAt
    })
    const passages = Array.from(
      { length: cited },
      (_, n) => ({ ...one.passages[0]!, uuid: `${name} ${n}`, to: n === 0 ? one.content.length : 0 })
    )
    return { ...one, passages }
  })
