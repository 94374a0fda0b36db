/**
 * The checks of `npm run chaos` name what is wrong with a memory, in either database, and find nothing in one that is right.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Client } from "pg"
import { samples } from "../../data.ts"
import { main, makeHome, makeImported, run } from "../../e2e/run.ts"
import * as StandIn from "../../index/qdrant/StandIn.ts"
import { address } from "../../postgres.ts"
import { temporaryDatabase } from "../../postgresDatabase.ts"
import { type Faults, faultsOf } from "./checks.ts"
import { contentsOf } from "./contents.ts"
import type { Memory } from "./memory.ts"
import { planOf } from "./plan.ts"
import { postgresColumns, postgresMemory } from "./postgresMemory.ts"
import { databaseOf } from "./setting.ts"
import { sqliteColumns, sqliteMemory, using } from "./sqliteMemory.ts"

const ROW = "(SELECT row FROM units WHERE type = 'decision' ORDER BY row LIMIT 1)"
const COPY =
  "id || 'x', project_id, session_id, origin, position, type, occurred_at, active, lexeme_count, files, evidence, body, superseded_by"

/** What is done to a memory, and what it then is: the kind of the fault, and a part of its name. */
type Damage = Readonly<Record<string, readonly [statement: string, kind: keyof Faults, name: string]>>

const damageOf = (
  { lexemes: [row], lines: [outcome, lines] }: Memory["columns"],
  { changed, uuids }: Readonly<Record<"changed" | "uuids", string>>
): Damage => ({
  "a lost memory": [`DELETE FROM units WHERE row = ${ROW}`, "lost", "unit "],
  "a message whose text is another": [
    changed,
    "lost",
    "is another"
  ],
  "a line that was counted as lost": [
    `UPDATE line_counts SET ${lines} = ${lines} - 1 WHERE ${outcome} = 'stored'`,
    "lost",
    "lines stored"
  ],
  "a memory that is there twice": [
    `INSERT INTO units (${COPY.replace("id || 'x'", "id")}) SELECT ${COPY} FROM units WHERE row = ${ROW}`,
    "duplicated",
    "memories with one text"
  ],
  "a line that was counted twice": [
    `UPDATE line_counts SET ${lines} = ${lines} + 1 WHERE ${outcome} = 'stored'`,
    "duplicated",
    "lines stored"
  ],
  "a message without a session": [
    "DELETE FROM sessions WHERE id = (SELECT min(session_id) FROM messages)",
    "orphans",
    "a message without a session"
  ],
  "a memory of messages that are not there": [
    uuids,
    "orphans",
    "a unit that cites a message that is not there"
  ],
  "a memory without words": [`DELETE FROM lexemes WHERE ${row} = ${ROW}`, "orphans", "a unit without words"],
  "work that a process that is gone has claimed": [
    "INSERT INTO work (kind, key, revision, owner, until) VALUES ('segment', 's', 1, 'here:1::x', 0)",
    "stuck",
    "is claimed by here:1::x"
  ],
  "a sum that is not kept": [
    "UPDATE totals SET lexemes = lexemes + 1",
    "damaged",
    "the number of words is not kept: "
  ]
})

const SQLITE_CHANGES = {
  changed: "UPDATE packs SET body = packed(replace(unpacked(body), 'pool', 'poll'))",
  uuids: "UPDATE message_rows SET uuid = uuid || 'x'"
}
const POSTGRES_CHANGES = {
  changed: `UPDATE messages SET body = replace(body, 'pool', 'poll')
    WHERE seq = (SELECT min(seq) FROM messages WHERE replace(body, 'pool', 'poll') <> body)`,
  uuids: "UPDATE messages SET uuid = uuid || 'x'"
}

const INDEX_DAMAGE: Damage = {
  "a vector without a memory": [
    "INSERT INTO vectors SELECT index_id, project_id, 1000000, vector FROM vectors LIMIT 1",
    "orphans",
    "a vector without a unit"
  ],
  "a memory that the index lacks": [
    `DELETE FROM vectors WHERE unit_row = ${ROW}`,
    "orphans",
    "an active unit that the index lacks"
  ]
}

const POSTGRES_DAMAGE: Damage = {
  "a memory whose words are not all there": [
    `UPDATE lexemes SET lexemes = lexemes[2:] WHERE row = ${ROW}`,
    "damaged",
    "words of units are not counted: 1"
  ],
  "a sum of a project that is not kept": [
    `UPDATE units SET project_id = (SELECT id FROM projects WHERE id <> units.project_id LIMIT 1) WHERE row = ${ROW}`,
    "damaged",
    "totals of projects are not kept: 2"
  ]
}

describe("the checks of a memory in SQLite after kills", () => {
  const damaged = (statement: string) =>
    Effect.gen(function*() {
      const file = databaseOf(yield* makeImported)
      const memory = sqliteMemory(file)
      const should = yield* contentsOf(memory)
      using(file, (database) => database.exec(`PRAGMA foreign_keys = OFF; ${statement}`), false)
      return yield* faultsOf(memory, should)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

  it.live("find nothing in one that is right", () =>
    Effect.map(damaged(""), (faults) => assert.deepStrictEqual(Object.values(faults).flat(), [])))

  it.live.each(Object.entries({ ...damageOf(sqliteColumns, SQLITE_CHANGES), ...INDEX_DAMAGE }))(
    "name %s",
    ([, [statement, kind, name]]) =>
      Effect.map(damaged(statement), (faults) => assert.include(faults[kind].join("\n"), name))
  )
})

class Imported extends Context.Tag("test/Imported")<
  Imported,
  { readonly url: URL; readonly memory: Memory }
>() {
  static readonly layer = Layer.scoped(
    this,
    Effect.gen(function*() {
      const url = yield* temporaryDatabase(address!)
      const { origin } = yield* StandIn.make()
      const memory = yield* postgresMemory(url.href)
      const env = { ...memory.env, CLAUDE_MEMORY_QDRANT_URL: origin }
      const { code, stderr } = yield* run([main, "import", samples], { home: yield* makeHome, env })
      assert.strictEqual(code, 0, stderr)
      return { url, memory }
    })
  ).pipe(Layer.provideMerge(NodeContext.layer))
}

describe.skipIf(address === undefined)("the checks of a memory in PostgreSQL after kills", () => {
  layer(Imported.layer, { timeout: "60 seconds", excludeTestServices: true })((it) => {
    /** The faults of a memory to which this was done; all of it is taken back. */
    const damaged = (statement: string) =>
      Effect.flatMap(Imported, ({ memory }) =>
        Effect.acquireUseRelease(
          memory.rows("BEGIN"),
          () =>
            Effect.gen(function*() {
              const should = yield* contentsOf(memory)
              yield* memory.rows(statement)
              return yield* faultsOf(memory, should)
            }),
          () => Effect.orDie(memory.rows("ROLLBACK"))
        ))

    it.effect("find nothing in one that is right", () =>
      Effect.map(damaged("SELECT 1"), (faults) => assert.deepStrictEqual(Object.values(faults).flat(), [])))

    it.effect.each(Object.entries({ ...damageOf(postgresColumns, POSTGRES_CHANGES), ...POSTGRES_DAMAGE }))(
      "name %s",
      ([, [statement, kind, name]]) =>
        Effect.map(damaged(statement), (faults) => assert.include(faults[kind].join("\n"), name))
    )

    it.effect("find in it what SQLite holds after the same import", () =>
      Effect.scoped(Effect.gen(function*() {
        const { memory } = yield* Imported
        const is = yield* contentsOf(memory)
        const should = yield* contentsOf(sqliteMemory(databaseOf(yield* makeImported)))
        assert.deepStrictEqual(is, should)
      })))

    it.effect("find a word in each table that holds it", () =>
      Effect.gen(function*() {
        const { memory } = yield* Imported
        assert.includeMembers([...yield* memory.tablesWith("eilisearch")], ["lexemes", "messages", "units"])
        assert.deepStrictEqual(yield* memory.tablesWith("nowhereatall"), [])
      }))

    it.effect("see who writes, and wait for the connections of others", () =>
      Effect.gen(function*() {
        const { memory, url } = yield* Imported
        const other = new Client({ connectionString: url.href })
        const query = (statement: string) => Effect.promise(() => other.query(statement))
        yield* Effect.promise(() => other.connect())
        assert.isFalse(yield* memory.isWriting(process.pid))
        yield* query("BEGIN")
        yield* query("CREATE TABLE another (id integer)")
        assert.isTrue(yield* memory.isWriting(process.pid))
        assert.isFalse(yield* memory.isWriting(process.ppid))
        yield* query("ROLLBACK")
        assert.isFalse(yield* memory.isWriting(process.pid))
        const left = yield* Effect.fork(memory.left)
        yield* Effect.sleep("50 millis")
        assert.isNull(left.unsafePoll())
        yield* Effect.promise(() => other.end())
        assert.deepStrictEqual(yield* Fiber.join(left), [])
      }))
  })
})

it("a seed replays, and another one does not", () => {
  assert.deepStrictEqual(planOf(7, 3), planOf(7, 3))
  assert.notDeepEqual(planOf(7, 3), planOf(8, 3))
})
