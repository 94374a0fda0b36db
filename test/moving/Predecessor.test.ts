import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { add, empty } from "../../src/cli/ImportFrom.ts"
import { type ForeignError, ForeignMemory } from "../../src/moving/ForeignMemory.ts"
import * as Predecessor from "../../src/moving/postgres/Predecessor.ts"
import { toRead } from "../../src/moving/PredecessorRows.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as testing from "../../src/testing.ts"
import { address } from "../postgres.ts"
import { queryAt, temporaryDatabase } from "../postgresDatabase.ts"

const base = Layer.merge(ResourceLedger.layer, NodeContext.layer)

const TABLES = [
  `CREATE TABLE conversations (
    id uuid PRIMARY KEY, project_id varchar(255), session_id varchar(255), title text, started_at timestamptz, message_count integer
  )`,
  `CREATE TABLE messages (id uuid PRIMARY KEY, conversation_id uuid, message_type varchar(20), content text, timestamp timestamptz)`,
  `CREATE TABLE memory_units (
    id uuid PRIMARY KEY, project_id varchar(255), conversation_id uuid, unit_type varchar(50), title text, summary text, content text,
    keywords text[], relevance_score double precision, token_count integer, created_at timestamp, updated_at timestamp,
    expires_at timestamptz, metadata jsonb, is_active boolean
  )`
]

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`

const unit = (n: number, { active = true, expires = "NULL", project = "shop", type = "decision" } = {}) =>
  `INSERT INTO memory_units VALUES ('${uuid(n)}', '${project}', '${uuid(0)}', '${type}', 'Title ${n}', 'In short, ${n}',
    'The service number ${n} keeps its state in table${n}, because of reason${n} and of cause${n}, as person${n} said.',
    ARRAY['state', 'word${n}'], 0.8, 20, '2025-08-0${1 + n % 9} 10:00:00', now(), ${expires}, '{"a": 1}', ${active})`

const foreign = (url: string) => Layer.provide(Predecessor.layer({ url: Redacted.make(url) }), base)

const move = (url: string, isDryRun = false) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const source = yield* ForeignMemory
    const steps = yield* Stream.runCollect(memory.moveIn(source, isDryRun))
    const report = Chunk.toReadonlyArray(steps).reduce(
      (sum, step) => step._tag === "Moved" ? add(sum, step) : sum,
      empty
    )
    return { ...report, left: source.left, place: source.place, total: source.total }
  }).pipe(Effect.provide(foreign(url)))

const withDatabase = <A, E>(
  statements: ReadonlyArray<string>,
  body: (url: string) => Effect.Effect<A, E, ClaudeMemory>
) =>
  Effect.gen(function*() {
    const url = (yield* temporaryDatabase(address!)).href
    if (statements.length > 0) yield* queryAt(url, ...statements)
    return yield* Effect.provide(body(url), testing.layer)
  }).pipe(Effect.scoped)

describe.skipIf(address === undefined)("the predecessor's memory", () => {
  it.live("is brought in page by page, once, with what changed since", () =>
    withDatabase(
      [
        ...TABLES,
        `INSERT INTO conversations VALUES ('${uuid(0)}', 'shop')`,
        `INSERT INTO messages VALUES ('${uuid(1)}', '${uuid(0)}', 'human', 'hello'), ('${uuid(2)}', '${
          uuid(0)
        }', 'assistant', 'hi')`,
        ...Array.from({ length: 120 }, (_, n) => unit(n)),
        unit(200, { active: false }),
        unit(201, { expires: "'2025-09-01'" }),
        unit(202, { type: "global_summary", project: "global", expires: "'2099-01-01'" })
      ],
      (url) =>
        Effect.gen(function*() {
          const memory = yield* ClaudeMemory
          const digest = queryAt(url, "SELECT md5(string_agg(m::text, ',' ORDER BY id)) AS all FROM memory_units AS m")
          const before = yield* digest
          const tried = yield* move(url, true)
          assert.lengthOf(yield* memory.recent({ projects: "all" }, 10), 0)
          const first = yield* move(url)
          assert.deepStrictEqual(tried, first)
          assert.deepStrictEqual([first.total, first.read, first.moved], [123, 123, 121])
          assert.deepStrictEqual(first.skipped, { "not active there": 1, expired: 1 })
          assert.deepStrictEqual(first.left, { conversations: 1, messages: 2 })
          assert.notInclude(first.place, new URL(url).password || "no password")
          const [found] = (yield* memory.search({
            text: "reason17 person17",
            projects: "all",
            limit: 1,
            minScore: 0,
            mode: "keyword"
          })).results
          assert.deepInclude(found!.unit, {
            type: "decision",
            title: "Title 17",
            summary: "In short, 17",
            keywords: ["state", "word17"],
            quality: 0.8,
            occurredAt: Date.UTC(2025, 7, 9, 10),
            expiresAt: null
          })
          const [other] = yield* memory.recent({ projects: "all", types: ["documentation"] }, 5)
          assert.strictEqual(other!.expiresAt, Date.UTC(2099, 0, 1))

          assert.deepStrictEqual([(yield* move(url)).moved, (yield* move(url)).there], [0, 121])
          assert.deepStrictEqual(yield* digest, before)
          yield* queryAt(
            url,
            `UPDATE memory_units SET content = 'Everything about it was said anew.' WHERE id = '${uuid(17)}'`
          )
          assert.strictEqual((yield* move(url)).moved, 1)
          const after = (yield* memory.recent({ projects: "all" }, 1_000)).filter(({ title }) => title === "Title 17")
          assert.deepStrictEqual(after.map(({ content }) => content), ["Everything about it was said anew."])
        })
    ))

  it.live("is found by SQLAlchemy's address too, and is said to be missing where it is", () =>
    withDatabase(TABLES, (url) =>
      Effect.gen(function*() {
        const sqlalchemy = url.replace(/^postgres(?:ql)?:/, "postgresql+asyncpg:")
        assert.strictEqual((yield* move(sqlalchemy)).read, 0)
        const reasonAt = (url: string) =>
          Effect.map(Effect.flip(Effect.provide(ForeignMemory, foreign(url))), (error: ForeignError) => error)
        yield* queryAt(url, "ALTER TABLE memory_units DROP COLUMN title")
        assert.include((yield* reasonAt(url)).message, "memory_units is without title")
        yield* queryAt(url, "DROP TABLE memory_units")
        const unknown = yield* reasonAt(url)
        assert.strictEqual(unknown.reason, "UnknownSchema")
        assert.include(unknown.message, "it has conversations, messages in the schema public; memory_units is expected")
        const gone = yield* reasonAt(url.replace(/\/[^/]*$/, "/no-such-database"))
        assert.strictEqual(gone.reason, "Server")
        assert.include(gone.message, "has no such database")
        assert.include((yield* reasonAt("postgresql://127.0.0.1:1/x")).message, "can't be reached")
        assert.include((yield* reasonAt("nonsense")).message, "postgresql://USER")
      })))
})

describe("a row of the predecessor", () => {
  it("is a record, whatever it holds", () => {
    assert.deepStrictEqual(toRead({ is_active: "false", content: "x" }), {
      _tag: "Skipped",
      reason: "not active there"
    })
    assert.deepStrictEqual(toRead({}), { _tag: "Skipped", reason: "empty" })
    assert.deepInclude(
      toRead({
        id: "7",
        unit_type: "ERROR_LOG",
        summary: "a ".repeat(200),
        content: "The cause was a lock.",
        keywords: "a, b",
        relevance_score: "17",
        created_at: "2025-08-01T10:00:00.5"
      }),
      {
        _tag: "Record",
        key: "7",
        type: "error_log",
        paragraphs: ["The cause was a lock.", "a ".repeat(200).trim()],
        keywords: ["a", "b"],
        quality: 1,
        occurredAt: Date.UTC(2025, 7, 1, 10, 0, 0, 500)
      }
    )
  })
})
