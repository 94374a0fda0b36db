import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import type { SqlClient } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { isBuiltin } from "node:module"
import type { DatabaseSync } from "node:sqlite"
import * as LeakProbe from "../../src/resources/monitor/LeakProbe.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { open, type OpenOptions, reasonOf, SqliteError, transaction } from "../../src/resources/Sqlite.ts"
import { slow, times } from "../data.ts"
import { owned } from "./owned.ts"

const base = Layer.merge(ResourceLedger.layer, NodeContext.layer)

/** Runs `body` in a folder of its own. */
const inFolder = <A, E>(
  body: (path: (name: string) => string) => Effect.Effect<A, E, ResourceLedger | FileSystem.FileSystem | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-sqlite-" })
    return yield* body((name) => `${folder}/${name}`)
  }).pipe(Effect.scoped, Effect.provide(base))

/** Counts the connections of these tests, since each has a name of its own. */
let opened = 0

const at = (path: string, options: Partial<OpenOptions> = {}) =>
  owned(open({ name: `test ${++opened}`, path, readOnly: false, busyTimeoutMs: 0, ...options }))

/** Runs `body` with a table `t (id INTEGER PRIMARY KEY, text)`. */
const withTable = <A, E>(
  body: (sql: SqlClient, path: string) => Effect.Effect<A, E, ResourceLedger | FileSystem.FileSystem | Scope.Scope>
) =>
  inFolder((path) =>
    Effect.gen(function*() {
      // What a test of statements leaves is collected with the rest.
      const sql = yield* at(path("memory.db"), { skipGarbageCollection: true })
      yield* sql`CREATE TABLE t (id INTEGER PRIMARY KEY, text)`
      return yield* body(sql, path("memory.db"))
    })
  )

const idsOf = (sql: SqlClient) =>
  Effect.map(sql<{ id: number }>`SELECT id FROM t ORDER BY id`, (rows) => rows.map(({ id }) => id))
const add = (sql: SqlClient, id: number) => sql`INSERT INTO t VALUES (${id}, 'text')`

/** Limits the file to 2 pages more than it has. */
const fillUp = (sql: SqlClient) =>
  Effect.gen(function*() {
    const [pages] = yield* sql<{ page_count: number }>`PRAGMA page_count`
    yield* sql.unsafe(`PRAGMA max_page_count = ${pages!.page_count + 2}`)
  })
const addMuch = (sql: SqlClient, id: number) => sql`INSERT INTO t VALUES (${id}, randomblob(100000))`

/**
 * Runs `body` beside a transaction that has written and not ended. Inside of it, @effect/sql would give the
 * transaction's connection to the statements of every client.
 */
const beside = <A, E, A2, E2, R2>(sql: SqlClient, write: Effect.Effect<A, E>, body: Effect.Effect<A2, E2, R2>) =>
  Effect.gen(function*() {
    const written = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const writing = transaction(sql, Effect.all([write, Deferred.succeed(written, undefined), Deferred.await(go)]))
    const fiber = yield* Effect.fork(writing)
    yield* Deferred.await(written)
    const value = yield* body
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(fiber)
    return value
  })

const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert(error instanceof SqlError || error instanceof SqliteError, String(error))
    return reasonOf(error)
  })

describe("a database that is not where it was", () => {
  for (const how of ["moved", "deleted", "replaced"] as const) {
    for (const isReplaced of [false, true]) {
      it.live.skipIf(process.platform !== "linux" && isReplaced)(
        `takes no more connections that write when its log's index was deleted${
          isReplaced ? " and is there again" : ""
        }`,
        () =>
          withTable((sql, path) =>
            Effect.gen(function*() {
              const fs = yield* FileSystem.FileSystem
              yield* sql.unsafe("PRAGMA journal_mode = WAL")
              yield* add(sql, 1)
              yield* fs.remove(`${path}-shm`)
              if (isReplaced) yield* fs.writeFile(`${path}-shm`, new Uint8Array(32_768))
              const other = yield* at(path)
              assert.strictEqual(yield* refused(transaction(other, add(other, 2))), "LogGone")
              assert.strictEqual(yield* refused(transaction(other, add(other, 3))), "LogGone")
            })
          )
      )
    }

    it.effect(`is neither read nor written when it was ${how}`, () =>
      withTable((sql, path) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          yield* add(sql, 1)
          yield* how === "deleted" ? fs.remove(path) : fs.rename(path, `${path}.old`)
          if (how === "replaced") yield* fs.copyFile(`${path}.old`, path)
          assert.strictEqual(yield* refused(transaction(sql, add(sql, 2))), "Moved")
          assert.strictEqual(yield* refused(add(sql, 2)), "Moved")
          assert.strictEqual(yield* refused(idsOf(sql)), "Moved")
          if (how === "deleted") return
          yield* fs.rename(`${path}.old`, path)
          yield* transaction(sql, add(sql, 3))
          assert.deepStrictEqual(yield* idsOf(sql), [1, 3])
        })
      ))
  }

  it.effect("is not committed to when it was moved meanwhile", () =>
    withTable((sql, path) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const write = Effect.zipRight(add(sql, 1), fs.rename(path, `${path}.old`))
        assert.strictEqual(yield* refused(Effect.catchTag(transaction(sql, write), "SystemError", Effect.die)), "Moved")
        yield* fs.rename(`${path}.old`, path)
        assert.deepStrictEqual(yield* idsOf(sql), [])
      })
    ))

  it.scoped("keeps its log when it is closed", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const [there, moved] = [path("memory.db"), path("moved.db")]
        yield* Effect.scoped(Effect.gen(function*() {
          const sql = yield* at(there)
          yield* sql`CREATE TABLE t (id INTEGER PRIMARY KEY, text)`
          yield* add(sql, 1)
          yield* fs.rename(there, moved)
        }))
        assert.isAbove(Number((yield* fs.stat(`${there}-wal`)).size), 0)
        // Its log and its index must be moved, too, before another begins there.
        assert.strictEqual(yield* refused(at(there)), "LogAlone")
        yield* fs.writeFile(there, new Uint8Array())
        assert.strictEqual(yield* refused(at(there)), "LogAlone")
        yield* fs.remove(there)
        for (const end of ["-wal", "-shm"]) yield* fs.rename(`${there}${end}`, `${moved}${end}`)
        assert.deepStrictEqual(yield* idsOf(yield* at(moved)), [1])
      })
    ))
})

describe("a schema that a newer program migrated", () => {
  it.effect("is read, and not written by who has it open", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const sql = yield* at(path("memory.db"), { newestSchema: 1 })
        yield* sql`CREATE TABLE t (id INTEGER PRIMARY KEY, text)`
        yield* transaction(sql, add(sql, 1))
        const newer = yield* at(path("memory.db"), { newestSchema: 2 })
        yield* transaction(newer, newer.unsafe("PRAGMA user_version = 2"))
        const error = yield* Effect.flip(transaction(sql, add(sql, 2)))
        assert.strictEqual(reasonOf(error), "Newer")
        yield* transaction(newer, add(newer, 3))
        assert.deepStrictEqual(yield* idsOf(sql), [1, 3])
      })
    ))
})

describe("reasonOf", () => {
  it.effect("a file that another connection writes to is locked", () =>
    withTable((sql, path) =>
      Effect.gen(function*() {
        const other = yield* at(path)
        const reason = yield* beside(sql, add(sql, 1), refused(transaction(other, add(other, 2))))
        assert.strictEqual(reason, "Locked")
        yield* transaction(other, add(other, 2))
        assert.deepStrictEqual(yield* idsOf(sql), [1, 2])
      })
    ))

  it.live("a lock is waited for as long as the busy timeout says", () =>
    withTable((sql, path) =>
      Effect.gen(function*() {
        const other = yield* at(path, { busyTimeoutMs: 300 })
        const [took, reason] = yield* Effect.timed(beside(sql, add(sql, 1), refused(transaction(other, add(other, 2)))))
        assert.strictEqual(reason, "Locked")
        assert.isAtLeast(Duration.toMillis(took), 250)
      })
    ))

  it.live("who waits longer than that to write goes on when others have written, and ends when it is told to", () =>
    withTable((sql, path) =>
      Effect.gen(function*() {
        const patient = yield* at(path, { busyTimeoutMs: 0, lockTimeoutMs: 60_000 })
        const other = yield* at(path, { busyTimeoutMs: 60_000 })
        const waiting = yield* beside(
          sql,
          add(sql, 1),
          Effect.gen(function*() {
            const ended = yield* Effect.fork(transaction(patient, add(patient, 2)))
            yield* Effect.sleep("100 millis")
            yield* Fiber.interrupt(ended)
            const waiting = yield* Effect.fork(transaction(patient, add(patient, 3)))
            // A finalizer waits for as long as the busy timeout says.
            const finalizing = yield* Effect.fork(
              Effect.ensuring(Effect.never, Effect.orDie(transaction(other, add(other, 4))))
            )
            yield* Effect.sleep("100 millis")
            yield* Fiber.interruptFork(finalizing)
            yield* Effect.sleep("100 millis")
            return [waiting, finalizing] as const
          })
        )
        yield* Fiber.awaitAll(waiting)
        assert.deepStrictEqual(yield* idsOf(sql), [1, 3, 4])
      })
    ))

  it.effect("who waits long for a lock says so, once", () =>
    withTable((sql, path) =>
      Effect.gen(function*() {
        const other = yield* at(path, { busyTimeoutMs: 0, lockTimeoutMs: 60_000 })
        const warnings: Array<string> = []
        const logger = Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ message }) => warnings.push(String(message)))
        )
        const waiting = yield* beside(
          sql,
          add(sql, 1),
          Effect.gen(function*() {
            const waiting = yield* Effect.fork(Effect.provide(transaction(other, add(other, 2)), logger))
            yield* TestClock.adjust("1900 millis")
            assert.deepStrictEqual(warnings, [])
            yield* TestClock.adjust("20 seconds")
            assert.lengthOf(warnings, 1)
            assert.match(warnings[0]!, /^\S+ is locked by another writer; this one waits for it$/)
            return waiting
          })
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(waiting)
        assert.deepStrictEqual(yield* idsOf(sql), [1, 2])
      })
    ))

  it.live("who waits for a lock does not stop the others of its process, and goes on when it is free", () =>
    withTable((sql, path) =>
      Effect.gen(function*() {
        const other = yield* at(path, { busyTimeoutMs: 10_000 })
        // Both run on one thread: if the wait blocked it, the transaction that it waits for could never end.
        const waiting = yield* beside(
          sql,
          add(sql, 1),
          Effect.zipLeft(Effect.fork(transaction(other, add(other, 2))), Effect.sleep("100 millis"))
        )
        yield* Fiber.join(waiting)
        assert.deepStrictEqual(yield* idsOf(sql), [1, 2])
      })
    ))

  it.effect("a disk without room is full", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        yield* fillUp(sql)
        assert.strictEqual(yield* refused(addMuch(sql, 1)), "Full")
        assert.deepStrictEqual(yield* idsOf(sql), [])
      })
    ))

  it.effect("a file that is no database is damaged, and left as it is", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const text = "This is no database, but what somebody wrote down here. ".repeat(100)
        yield* fs.writeFileString(path("notes.db"), text)
        const error = yield* Effect.flip(Effect.scoped(at(path("notes.db"))))
        assert.strictEqual(error.reason, "Damaged")
        assert.include(error.message, path("notes.db"))
        const reading = Effect.flatMap(at(path("notes.db"), { readOnly: true }), (sql) => sql`SELECT * FROM t`)
        assert.strictEqual(yield* refused(Effect.scoped(reading)), "Damaged")
        assert.strictEqual(yield* fs.readFileString(path("notes.db")), text)
      })
    ))

  it.effect("a database with pages of rubbish is damaged", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* Effect.scoped(Effect.gen(function*() {
          const sql = yield* at(path("memory.db"))
          yield* sql`CREATE TABLE t (id INTEGER PRIMARY KEY, text)`
          for (let id = 0; id < 20; id++) yield* sql`INSERT INTO t VALUES (${id}, ${"word ".repeat(500)})`
        }))
        const bytes = yield* fs.readFile(path("memory.db"))
        yield* fs.writeFile(path("memory.db"), bytes.fill(0xa5, 4_096))
        const reading = Effect.flatMap(at(path("memory.db"), { readOnly: true }), (sql) => sql`SELECT * FROM t`)
        assert.strictEqual(yield* refused(Effect.scoped(reading)), "Damaged")
      })
    ))

  it.effect("what can't be opened or written is denied", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        assert.strictEqual(yield* refused(Effect.scoped(at(path("no/such/folder.db")))), "Denied")
        yield* fs.makeDirectory(path("folder"))
        assert.strictEqual(yield* refused(Effect.scoped(at(path("folder")))), "Denied")
        assert.strictEqual(yield* refused(Effect.scoped(at(path("absent.db"), { readOnly: true }))), "Denied")
      })
    ))

  it.effect("what is the statement's own fault is other, and its message is told", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        yield* add(sql, 1)
        for (const statement of [add(sql, 1), sql.unsafe("SELECT * FROM nothing"), sql.unsafe("SELEKT 1")]) {
          assert.strictEqual(yield* refused(statement), "Other")
        }
        const { cause } = yield* Effect.flip(sql.unsafe("SELEKT 1"))
        assert.match(new SqliteError({ reason: "Other", path: "here", cause }).message, /^here: .*syntax error/)
      })
    ))
})

/** The drivers, loaded here without `open`, which would choose one. Node 20 has only the second. */
const drivers: ReadonlyArray<readonly [string, () => Promise<typeof DatabaseSync>]> = [
  ...(isBuiltin("node:sqlite")
    ? [["node:sqlite", async () => (await import("node:sqlite")).DatabaseSync] as const]
    : []),
  [
    "@photostructure/sqlite",
    async () => (await import("@photostructure/sqlite")).DatabaseSync as unknown as typeof DatabaseSync
  ]
]

describe.each(drivers)("errors of %s", (_name, load) => {
  it.effect("say their reason, from exec and from a prepared statement", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const Database = yield* Effect.tryPromise(load)
        const scoped = (file: string, readOnly = false) =>
          Effect.acquireRelease(
            Effect.sync(() => new Database(path(file), { readOnly })),
            (database) => Effect.sync(() => database.close())
          )
        const reasons = (database: DatabaseSync, sql: string) =>
          Effect.forEach([() => database.exec(sql), () => database.prepare(sql).all()], (run) =>
            Effect.map(Effect.flip(Effect.try(run)), reasonOf))
        const first = yield* scoped("a.db")
        first.exec("CREATE TABLE t (a); PRAGMA journal_mode = WAL; BEGIN IMMEDIATE")
        const second = yield* scoped("a.db")
        assert.deepStrictEqual(yield* reasons(second, "INSERT INTO t VALUES (1)"), ["Locked", "Locked"])
        first.exec("ROLLBACK; PRAGMA max_page_count = 3")
        assert.deepStrictEqual(yield* reasons(first, "INSERT INTO t VALUES (randomblob(100000))"), ["Full", "Full"])
        const reader = yield* scoped("a.db", true)
        assert.deepStrictEqual(yield* reasons(reader, "INSERT INTO t VALUES (1)"), ["Denied", "Denied"])
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString(path("notes.db"), "no database ".repeat(100))
        const notes = yield* scoped("notes.db")
        assert.deepStrictEqual(yield* reasons(notes, "SELECT * FROM t"), ["Damaged", "Damaged"])
        assert.deepStrictEqual(yield* reasons(first, "INSERT INTO nothing VALUES (1)"), ["Other", "Other"])
      })
    ))
})

describe("transaction", () => {
  it.effect("commits what succeeds, and another connection sees it then", () =>
    withTable((sql, path) =>
      Effect.gen(function*() {
        const reader = yield* at(path, { readOnly: true })
        assert.deepStrictEqual(yield* beside(sql, add(sql, 1), idsOf(reader)), [])
        assert.deepStrictEqual(yield* idsOf(reader), [1])
      })
    ))

  it.effect.each(
    [
      ["a failure", Effect.fail("no")],
      ["a defect", Effect.die("bug")],
      ["an interruption from within", Effect.interrupt]
    ] as const
  )(
    "%s rolls back, arrives as it is, and the connection goes on",
    ([, end]) =>
      withTable((sql) =>
        Effect.gen(function*() {
          const exit = yield* Effect.exit(transaction(sql, Effect.zipRight(add(sql, 1), end)))
          assert(Exit.isFailure(exit))
          const bare = yield* Effect.exit(end)
          assert(Exit.isFailure(bare))
          assert.deepStrictEqual(
            [...Cause.failures(exit.cause), ...Cause.defects(exit.cause), Cause.isInterrupted(exit.cause)],
            [...Cause.failures(bare.cause), ...Cause.defects(bare.cause), Cause.isInterrupted(bare.cause)]
          )
          assert.deepStrictEqual(yield* idsOf(sql), [])
          yield* transaction(sql, add(sql, 2))
          assert.deepStrictEqual(yield* idsOf(sql), [2])
        })
      )
  )

  it.effect("an interruption of its fiber rolls back", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        const written = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(
          transaction(
            sql,
            Effect.zipRight(add(sql, 1), Effect.zipRight(Deferred.succeed(written, undefined), Effect.never))
          )
        )
        yield* Deferred.await(written)
        assert(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        assert.deepStrictEqual(yield* idsOf(sql), [])
      })
    ))

  it.effect("one who is interrupted while it waits for another writes nothing", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        const interrupting = yield* beside(
          sql,
          add(sql, 1),
          Effect.gen(function*() {
            const waiting = yield* Effect.fork(transaction(sql, add(sql, 2)))
            yield* Effect.yieldNow()
            return yield* Effect.fork(Fiber.interrupt(waiting))
          })
        )
        assert(Exit.isInterrupted(yield* Fiber.join(interrupting)))
        assert.deepStrictEqual(yield* idsOf(sql), [1])
        yield* transaction(sql, add(sql, 3))
        assert.deepStrictEqual(yield* idsOf(sql), [1, 3])
      })
    ))

  it.effect("a disk that fills up in the middle is told as that, and all is rolled back", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        yield* fillUp(sql)
        assert.strictEqual(yield* refused(transaction(sql, Effect.zipRight(add(sql, 1), addMuch(sql, 2)))), "Full")
        assert.deepStrictEqual(yield* idsOf(sql), [])
        yield* transaction(sql, add(sql, 3))
        assert.deepStrictEqual(yield* idsOf(sql), [3])
      })
    ))

  it.effect("a disk that fills up in a nested one is told as that too", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        yield* fillUp(sql)
        const nested = transaction(sql, Effect.zipRight(add(sql, 1), transaction(sql, addMuch(sql, 2))))
        assert.strictEqual(yield* refused(nested), "Full")
        assert.deepStrictEqual(yield* idsOf(sql), [])
      })
    ))

  it.effect("a statement that ends the transaction by itself is told as what it was", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        yield* add(sql, 1)
        const error = yield* Effect.flip(transaction(
          sql,
          Effect.zipRight(add(sql, 2), sql`INSERT OR ROLLBACK INTO t VALUES (1, 'again')`)
        ))
        assert.match(String((error.cause as Error).message), /UNIQUE constraint failed/)
        assert.deepStrictEqual(yield* idsOf(sql), [1])
      })
    ))

  it.effect("a commit that is refused is an error, nothing of it stays, and the connection goes on", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        yield* sql`PRAGMA foreign_keys = ON`
        yield* sql`CREATE TABLE child (parent INTEGER REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)`
        const orphan = Effect.zipRight(add(sql, 1), sql`INSERT INTO child VALUES (99)`)
        const error = yield* Effect.flip(transaction(sql, orphan))
        assert(error instanceof SqlError)
        assert.match(String((error.cause as Error).message), /FOREIGN KEY constraint failed/)
        assert.deepStrictEqual(yield* idsOf(sql), [])
        yield* transaction(sql, add(sql, 2))
        assert.deepStrictEqual(yield* idsOf(sql), [2])
      })
    ))

  it.effect("within another is a part that can be taken back alone", () =>
    withTable((sql) =>
      Effect.gen(function*() {
        yield* transaction(
          sql,
          Effect.gen(function*() {
            yield* add(sql, 1)
            yield* Effect.ignore(transaction(sql, Effect.zipRight(add(sql, 2), Effect.fail("no"))))
            yield* transaction(sql, Effect.zipRight(add(sql, 3), transaction(sql, add(sql, 4))))
          })
        )
        assert.deepStrictEqual(yield* idsOf(sql), [1, 3, 4])
        yield* Effect.ignore(transaction(sql, Effect.zipRight(transaction(sql, add(sql, 5)), Effect.fail("no"))))
        assert.deepStrictEqual(yield* idsOf(sql), [1, 3, 4])
      })
    ))

  it.effect("fifty at once exclude one another, whenever they yield", () =>
    Effect.forEach([32, 47, 64, 2_048], (maxOps) =>
      withTable((sql) =>
        Effect.gen(function*() {
          yield* sql`INSERT INTO t VALUES (1, 0)`
          const increment = transaction(
            sql,
            Effect.gen(function*() {
              const [row] = yield* sql<{ text: number }>`SELECT text FROM t WHERE id = 1`
              yield* Effect.yieldNow()
              yield* sql`UPDATE t SET text = ${row!.text + 1} WHERE id = 1`
            })
          )
          const failing = transaction(
            sql,
            Effect.zipRight(
              sql`UPDATE t SET text = 1000 WHERE id = 1`,
              Effect.zipRight(Effect.yieldNow(), Effect.fail("no"))
            )
          )
          yield* Effect.forEach(
            Array.from({ length: 50 }),
            (_, i) => i % 5 === 4 ? Effect.ignore(failing) : increment,
            { concurrency: "unbounded", discard: true }
          ).pipe(Effect.withMaxOpsBeforeYield(maxOps))
          const [row] = yield* sql<{ text: number }>`SELECT text FROM t WHERE id = 1`
          assert.strictEqual(row?.text, 40)
        })
      )))

  it.effect("a statement beside it waits, and is not taken back with it", () =>
    Effect.forEach([32, 40, 47, 55, 64, 2_048], (maxOps) =>
      withTable((sql) =>
        Effect.gen(function*() {
          const failing = (i: number) =>
            transaction(sql, Effect.zipRight(add(sql, i), Effect.zipRight(Effect.yieldNow(), Effect.fail("no"))))
          yield* Effect.forEach(
            Array.from({ length: 60 }),
            (_, i) => Effect.ignore(i % 2 === 0 ? add(sql, i) : failing(i)),
            { concurrency: "unbounded", discard: true }
          ).pipe(Effect.withMaxOpsBeforeYield(maxOps))
          assert.strictEqual((yield* idsOf(sql)).length, 30, `yields after ${maxOps}`)
        })
      )))
})

describe("open", () => {
  it.effect("a read-only connection can't write, nor make what is missing", () =>
    withTable((_, path) =>
      Effect.gen(function*() {
        const reader = yield* at(path, { readOnly: true })
        for (
          const statement of [
            "INSERT INTO t VALUES (1, '')",
            "CREATE TABLE u (a)",
            "DROP TABLE t",
            "PRAGMA user_version = 7"
          ]
        ) {
          assert.isTrue(Exit.isFailure(yield* Effect.exit(reader.unsafe(statement))), statement)
        }
        assert.deepStrictEqual(yield* idsOf(reader), [])
        const [version] = yield* reader<{ user_version: number }>`PRAGMA user_version`
        assert.strictEqual(version?.user_version, 0)
      })
    ))

  it.effect("a reader does not wait for a writer", () =>
    withTable((sql, path) =>
      Effect.gen(function*() {
        yield* add(sql, 1)
        const reader = yield* at(path, { readOnly: true })
        assert.deepStrictEqual(yield* beside(sql, add(sql, 2), idsOf(reader)), [1])
      })
    ))

  it.effect("what it opened before it fails is closed", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const ledger = yield* ResourceLedger
        yield* fs.writeFileString(path("notes.db"), "no database ".repeat(100))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(at(path("notes.db"))))))
        assert.deepStrictEqual(yield* ledger.snapshot, [])
      })
    ))

  slow(it.live)(
    "gives every descriptor back, statements that were prepared or not",
    () =>
      inFolder((path) =>
        Effect.gen(function*() {
          const cycle = Effect.scoped(Effect.gen(function*() {
            const sql = yield* at(path("memory.db"))
            const reader = yield* at(path("memory.db"), { readOnly: true })
            yield* sql`CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, text)`
            yield* transaction(sql, sql`INSERT INTO t (text) VALUES ('a')`)
            yield* idsOf(reader)
            yield* Effect.ignore(sql.unsafe("SELEKT"))
          }))
          yield* cycle
          yield* Effect.sleep("50 millis")
          const before = yield* LeakProbe.read
          for (let i = 0; i < times(4); i++) yield* cycle
          yield* Effect.sleep("50 millis")
          const after = yield* LeakProbe.read
          assert.isAtMost(after.fds ?? 0, before.fds ?? 0)
        })
      )
  )
})
