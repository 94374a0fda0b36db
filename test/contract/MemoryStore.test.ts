import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { idOf } from "../../src/domain/Ids.ts"
import { type MemoryUnit, UnitType } from "../../src/domain/MemoryUnit.ts"
import { unitOf } from "../../src/domain/Saved.ts"
import type { SearchFilter } from "../../src/domain/Search.ts"
import { queryLexemes } from "../../src/domain/Tokenizer.ts"
import { type AppendResult, MemoryStore, type WorkItem } from "../../src/store/MemoryStore.ts"
import { oneIn, slow, times } from "../data.ts"
import { address, postgresStore } from "../postgres.ts"
import { suite as archive } from "./ArchiveContract.ts"
import { sqliteStore, storeInMemory } from "./layers.ts"
import { batch, cursor, everything, facts, message, project, unit } from "./made.ts"
import { compressAll, suite, unitsOf, write } from "./MemoryStoreContract.ts"
import { suite as overlay } from "./OverlayContract.ts"
import { suite as remembering } from "./RememberingContract.ts"

suite("SqliteStore", sqliteStore)
suite("SqliteStore in memory", storeInMemory, { readsApart: false })
archive("SqliteStore", sqliteStore)
overlay("SqliteStore", sqliteStore)
overlay("SqliteStore in memory", storeInMemory)
remembering("SqliteStore", sqliteStore)
remembering("SqliteStore in memory", storeInMemory)

const WORDS = [
  "λόγος",
  "ユーザー・認証",
  "ﬁnal",
  "ſaved",
  "İstanbul",
  "retry",
  "cache",
  "getUserProfile",
  "max_retry_count",
  "数据库",
  "连接错误",
  "migrations",
  "v2",
  "naïve",
  "ログイン",
  "the"
]
const FILES = ["/work/one/src/app.ts", "C:\\work\\app.ts", "/work/it's 100%.ts", "app.ts"]
const SESSIONS = ["s1", "s2", "s3"]
const KINDS = ["segment", "session", "index", "review", "recap", "upgrade", "reconcile"] as const
const CONTENT_KINDS = ["text", "tool_use", "tool_result", "thinking"] as const

const line = FastCheck.record({
  uuid: FastCheck.nat({ max: 60 }),
  isPrompt: FastCheck.boolean(),
  role: FastCheck.constantFrom("human" as const, "assistant" as const, "system" as const),
  thread: FastCheck.constantFrom("main", "main", "agent"),
  kind: FastCheck.constantFrom(...CONTENT_KINDS),
  file: FastCheck.constantFrom(undefined, ...FILES),
  says: FastCheck.array(FastCheck.subarray(WORDS, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 3 })
})

const operation = FastCheck.oneof(
  FastCheck.record({
    _tag: FastCheck.constant("append" as const),
    lines: FastCheck.array(line, { maxLength: 6 }),
    session: FastCheck.constantFrom(...SESSIONS),
    file: FastCheck.nat({ max: 2 }),
    isStale: FastCheck.boolean(),
    title: FastCheck.constantFrom(undefined, "A title", "Another"),
    time: FastCheck.constantFrom(undefined, 5, 50, 500),
    skipped: FastCheck.nat({ max: 2 }),
    dead: FastCheck.nat({ max: 1 })
  }),
  FastCheck.record({
    _tag: FastCheck.constant("compress" as const),
    kind: FastCheck.constantFrom(
      "segment" as const,
      "segment" as const,
      "session" as const,
      "review" as const,
      "recap" as const
    ),
    limit: FastCheck.integer({ min: 1, max: 5 }),
    made: FastCheck.array(
      FastCheck.record({
        words: FastCheck.array(FastCheck.constantFrom(...WORDS), { maxLength: 8 }),
        title: FastCheck.constantFrom("", ...WORDS),
        files: FastCheck.subarray(FILES),
        type: FastCheck.constantFrom(...UnitType.literals),
        kind: FastCheck.constantFrom(...CONTENT_KINDS),
        occurredAt: FastCheck.nat({ max: 100 }),
        isActive: FastCheck.boolean()
      }),
      { maxLength: 3 }
    ),
    /** True: an append comes between the claim and the commit. */
    isLate: FastCheck.boolean()
  }),
  FastCheck.record({
    _tag: FastCheck.constant("release" as const),
    kind: FastCheck.constantFrom("segment" as const, "index" as const)
  }),
  FastCheck.record({ _tag: FastCheck.constant("done" as const), limit: FastCheck.integer({ min: 1, max: 5 }) }),
  FastCheck.record({ _tag: FastCheck.constant("forget" as const), which: FastCheck.nat() }),
  FastCheck.record({
    _tag: FastCheck.constant("save" as const),
    words: FastCheck.subarray(WORDS, { minLength: 1 }),
    isInTwo: FastCheck.boolean()
  }),
  FastCheck.record({
    _tag: FastCheck.constantFrom("merge" as const, "split" as const, "exclude" as const, "rename" as const),
    isTwo: FastCheck.boolean()
  }),
  FastCheck.record({ _tag: FastCheck.constant("undone" as const), uuid: FastCheck.nat({ max: 60 }) }),
  FastCheck.record({
    _tag: FastCheck.constant("queueReviews" as const),
    session: FastCheck.constantFrom(...SESSIONS),
    uuids: FastCheck.array(FastCheck.nat({ max: 60 }), { maxLength: 3 }),
    isWanted: FastCheck.boolean()
  }),
  FastCheck.record({
    _tag: FastCheck.constant("reviewAgain" as const),
    sessions: FastCheck.subarray(SESSIONS)
  }),
  /** Some of the claimed items fail; the others stay claimed. */
  FastCheck.record({
    _tag: FastCheck.constant("fail" as const),
    kind: FastCheck.constantFrom(...KINDS),
    limit: FastCheck.integer({ min: 1, max: 5 }),
    failing: FastCheck.nat({ max: 5 })
  }),
  /** Time passes; leases lapse unless they are renewed. */
  FastCheck.record({
    _tag: FastCheck.constant("wait" as const),
    minutes: FastCheck.constantFrom(0.5, 1, 1.001, 2, 8),
    isRenewed: FastCheck.boolean()
  })
)
type Operation = typeof operation extends FastCheck.Arbitrary<infer A> ? A : never
type Append = Extract<Operation, { _tag: "append" }>

const append = ({ dead, file, isStale, lines, session, skipped, time, title }: Append) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const path = `/t/${file}`
    const current = (yield* store.cursors([path])).get(path)
    const from = current?.offset ?? 0
    const messages = lines.map(({ file, isPrompt, kind, role, says, thread, uuid }) =>
      message(`m${uuid}`, {
        sessionId: session,
        isPrompt,
        role,
        thread,
        blocks: [{ kind, text: says.map((words) => words.join(" ")).join(".\n"), ...(file !== undefined && { file }) }]
      })
    )
    return yield* store.append(batch(messages, {
      previous: isStale ? cursor(path, from + 1) : current,
      cursor: cursor(path, from + 10, { sessionId: session }),
      project: project(session === "s3" ? "two" : "one"),
      facts: [facts(session, { title, startedAt: time, endedAt: time, cwd: `/work/${session}` })],
      skipped: { empty: skipped },
      redactions: { token: skipped },
      deadLetters: Array.from({ length: dead }, () => ({ path, offset: from, reason: "bad", line: "?" }))
    }))
  })

/** Runs an operation; sorts results whose order depends on the store. */
const run = (operation: Operation): Effect.Effect<unknown, unknown, MemoryStore> =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    switch (operation._tag) {
      case "append":
        return yield* append(operation)
      case "compress": {
        const items = yield* store.claim(operation.kind, operation.limit)
        if (operation.isLate) {
          yield* store.append(batch([message(`late ${items[0]?.key}`, { sessionId: "s1" })], {
            cursor: cursor(`/late/${items[0]?.key}/${items[0]?.revision}`, 1)
          }))
        }
        const units = items.flatMap(({ key }, n) =>
          operation.made.map((made, i): MemoryUnit =>
            unit(idOf("unit", key, String(i)), {
              origin: key,
              projectId: n % 2 === 0 ? "project-one" : "project-two",
              sessionId: SESSIONS[n % 3]!,
              position: n + i / 1_000,
              content: made.words.join(" "),
              title: made.title,
              files: made.files,
              type: made.type,
              kind: made.kind,
              cites: `m${(n * 7 + i) % 61}`,
              occurredAt: made.occurredAt,
              active: made.isActive
            })
          )
        )
        yield* store.commit(items, units)
        return items
      }
      case "release": {
        const items = yield* store.claim(operation.kind, 3)
        yield* store.release(items)
        return items
      }
      case "done": {
        const items = yield* store.claim("index", operation.limit)
        yield* store.done(items)
        return items
      }
      case "forget": {
        const ids = (yield* store.recent(everything, 10_000)).map(({ id }) => id).sort()
        // The clock goes on from store to store, and a database's numbers need not begin at one.
        const { operation: recorded, until: _, ...rest } = yield* store.forget(
          ids.length === 0 ? [] : [ids[operation.which % ids.length]!]
        )
        return { ...rest, isRecorded: recorded !== null }
      }
      case "save": {
        const place = project(operation.isInTwo ? "two" : "one")
        return yield* store.save(unitOf({ content: operation.words.join(" ") }, place.id, 1), place)
      }
      case "merge":
        // Numbers of operations are each store's own.
        return yield* Effect.map(
          operation.isTwo
            ? store.mergeProjects(project("two"), project("one"))
            : store.mergeProjects(project("one"), project("three")),
          (number) => number !== null
        )
      case "split":
        return yield* store.splitProject(operation.isTwo ? "project-two" : "project-one")
      case "exclude":
        return yield* store.excludeProject(project("two"), operation.isTwo)
      case "rename":
        return yield* store.renameProject("project-one", operation.isTwo ? "zwei" : "eins")
      case "queueReviews": {
        const { isWanted, session: sessionId, uuids } = operation
        return yield* store.queueReviews([
          { sessionId, segmentIds: uuids.map((uuid) => idOf("segment", `m${uuid}`)), isWanted }
        ])
      }
      case "reviewAgain":
        return yield* store.reviewAgain(operation.sessions)
      case "fail": {
        const items = yield* store.claim(operation.kind, operation.limit)
        yield* store.fail(items.slice(0, operation.failing), `no ${operation.limit}`)
        return items
      }
      case "wait": {
        yield* TestClock.adjust(`${operation.minutes} minutes`)
        return operation.isRenewed ? yield* store.renew(ANY_WORK) : undefined
      }
      case "undone": {
        const one = batch([message(`m${operation.uuid}`)], { cursor: cursor("/undone", 1) })
        return yield* Effect.flip(
          store.transaction(Effect.flatMap(store.append(one), (result: AppendResult) => Effect.fail(result)))
        )
      }
    }
  })

/** All items that the operations may queue for segments and sessions. */
const ANY_WORK = KINDS.flatMap((kind) =>
  [...SESSIONS, ...Array.from({ length: 61 }, (_, i) => idOf("segment", `m${i}`))].map((key): WorkItem => ({
    kind,
    key,
    revision: 1
  }))
)

const FILTERS: ReadonlyArray<SearchFilter> = [
  everything,
  { projects: ["project-two"] },
  { projects: "all", types: ["decision", "archive"], since: 20, until: 80 },
  { projects: "all", sessions: ["s2", "of nobody"] },
  { projects: "all", files: ["app.ts"] },
  { projects: "all", files: ["it's 100%.ts", "./src/app.ts"] }
]

const byId = <A extends { readonly unitId: string }>(list: ReadonlyArray<A>) =>
  [...list].sort((a, b) => a.unitId < b.unitId ? -1 : 1)

/** Reads everything that a store returns. */
const everythingIn = Effect.gen(function*() {
  const store = yield* MemoryStore
  const status = yield* store.status
  const work: Array<WorkItem> = []
  const failures = yield* store.failures(1_000)
  for (const kind of KINDS) work.push(...(yield* store.claim(kind, 1_000)))
  const units = yield* store.recent(everything, 10_000)
  const ids = [...new Set([...units.map(({ id }) => id), ...work.map(({ key }) => key)])].sort()
  const terms = [...new Set(WORDS.flatMap(queryLexemes))]
  const lexical = []
  for (const filter of FILTERS) {
    for (
      const [asked, limit] of [[terms, 1_000], [terms.slice(0, 2), 1_000], [terms, 3], [terms.slice(2, 5), 2]] as const
    ) {
      const matches = yield* store.lexical(asked, filter, limit)
      lexical.push({ ...matches, candidates: byId(matches.candidates) })
    }
  }
  const segmentIds = work.filter(({ kind }) => kind === "segment").map(({ key }) => key).sort()
  const segments = yield* store.segments(segmentIds)
  // Compares only the order of segments, since the distances between positions differ by store.
  const positions = segments.map(({ position }) => position).sort((a, b) => a - b)
  const outlines = yield* store.outlines(SESSIONS)
  return {
    status,
    failures,
    work: work.map(({ key, kind, revision }) => ({ key, kind, revision })),
    units: yield* store.units(ids),
    recent: yield* Effect.forEach(FILTERS, (filter) => store.recent(filter, 3)),
    prefix: yield* Effect.forEach(["", "a", "0"], store.unitsByPrefix),
    sessions: yield* Effect.forEach(["", "s", "s2", "S"], store.sessionsByPrefix),
    sessionsIn: yield* Effect.forEach(
      [everything, { projects: ["project-two"] }, { projects: "all", since: 30, until: 60 }] as const,
      (filter) => store.sessionsIn(filter, 2)
    ),
    transcripts: yield* Effect.forEach(SESSIONS, store.transcriptsOf),
    lexical,
    neighbours: [...(yield* store.neighbours(ids))].map((each) => each.join(" ")).sort(),
    around: (yield* Effect.forEach(ids, (id) => store.around(id, 3, 8))).flat().map(({ id }) => id),
    segments: segments.map((segment) => ({ ...segment, position: positions.indexOf(segment.position) })),
    outlines: [...outlines].sort((a, b) => a.session.id < b.session.id ? -1 : 1),
    messages: yield* store.messages(Array.from({ length: 61 }, (_, i) => `m${i}`)),
    places: [...(yield* store.places(Array.from({ length: 61 }, (_, i) => `m${i}`)))].sort(),
    cursors: [...(yield* store.cursors(["/t/0", "/t/1", "/t/2"])).values()].sort((a, b) => a.path < b.path ? -1 : 1),
    dead: yield* store.deadLetters(5),
    projects: yield* store.projects,
    traces: yield* store.traces,
    timeline: yield* store.timeline({ projects: "all" }, "after", { occurredAt: 40, position: 0.5, id: "" }, 20)
  }
})

/** Runs the same operations on two stores and compares all results. */
const alike = (name: string, stores: ReadonlyArray<Layer.Layer<MemoryStore, unknown>>) =>
  describe(name, () => {
    const runs = (some: number) => ({ numRuns: times(some) })
    const same = <A, E>(program: Effect.Effect<A, E, MemoryStore>) =>
      Effect.gen(function*() {
        const [first, ...others] = yield* Effect.forEach(stores, (store) =>
          // Each has a clock of its own, which some operations move.
          Effect.provide(program, Layer.provideMerge(store, TestContext.TestContext)))
        for (const other of others) assert.deepStrictEqual(other, first)
      })

    slow(it.effect.prop)(
      "answer alike, whatever was done",
      [FastCheck.array(operation, { minLength: 4, maxLength: 30 })],
      ([operations]) =>
        Effect.gen(function*() {
          const program = Effect.all([Effect.forEach(operations, run), everythingIn])
          yield* same(program)
        }),
      { fastCheck: runs(4), timeout: times(120_000) }
    )

    const similar = FastCheck.record({
      from: FastCheck.integer({ min: 0, max: 3 }),
      count: FastCheck.integer({ min: 5, max: 27 }),
      project: FastCheck.constantFrom("project-one", "project-one", "project-one", "project-two"),
      type: FastCheck.constantFrom(
        "conversation" as const,
        "conversation" as const,
        "decision" as const,
        "archive" as const
      ),
      occurredAt: FastCheck.nat({ max: 3 }),
      cited: FastCheck.integer({ min: 1, max: 4 })
    })
    const NAMES = ["one", "two", "three", "four", "five"]

    slow(it.effect.prop)(
      "merge alike, whatever is compressed in which order and how much at once",
      [FastCheck.array(
        FastCheck.dictionary(FastCheck.constantFrom(...NAMES), FastCheck.array(similar, { maxLength: 3 }), {
          minKeys: 1,
          maxKeys: 3
        }),
        { minLength: 2, maxLength: 10 }
      )],
      ([plan]) =>
        Effect.gen(function*() {
          const program = Effect.gen(function*() {
            const store = yield* MemoryStore
            const ids = NAMES.flatMap((name) => [0, 1, 2].map((i) => idOf("unit", name, String(i))))
            const states = yield* Effect.forEach(plan, (made) =>
              Effect.zipRight(
                compressAll(
                  Object.fromEntries(Object.entries(made).map(([name, some]) => [name, unitsOf(name, some)]))
                ),
                store.units(ids)
              ))
            return [states, yield* everythingIn]
          })
          yield* same(program)
        }),
      { fastCheck: runs(5), timeout: times(240_000) }
    )

    const document = FastCheck.record({
      title: FastCheck.constantFrom("", ...WORDS),
      words: FastCheck.array(FastCheck.constantFrom(...WORDS), { maxLength: 30 }),
      kind: FastCheck.constantFrom(...CONTENT_KINDS),
      isActive: FastCheck.boolean()
    })

    it.effect.prop(
      "bring the same candidates, whatever a limit leaves out",
      [FastCheck.array(document, { minLength: 5, maxLength: 40 })],
      ([documents]) =>
        Effect.gen(function*() {
          const units = documents.map(({ isActive, kind, title, words }, i) =>
            unit(`u${i}`, { title, content: words.join(" "), kind, active: isActive || i % 3 > 0, position: i })
          )
          const terms = [...new Set(WORDS.flatMap(queryLexemes))]
          const program = Effect.gen(function*() {
            yield* write(units)
            const store = yield* MemoryStore
            return yield* Effect.forEach([1, 2, 3, 5, 8, 13, 100], (limit) =>
              Effect.forEach(
                [terms, terms.slice(0, 1), terms.slice(1, 4), terms.slice(3), [...terms].reverse()],
                (asked) =>
                  Effect.map(store.lexical(asked, everything, limit), (matches) => ({
                    ...matches,
                    candidates: byId(matches.candidates)
                  }))
              ))
          })
          yield* same(program)
        }),
      { fastCheck: runs(2), timeout: times(120_000) }
    )
  })

describe.skipIf(address === undefined)("Postgres", () => {
  suite("PostgresStore", postgresStore, { isChosen: oneIn(1, 4) })
  slow(archive)("PostgresStore", postgresStore)
  slow(overlay)("PostgresStore", postgresStore)
  slow(remembering)("PostgresStore", postgresStore)
  alike("SqliteStore and PostgresStore", [storeInMemory, postgresStore])
})
