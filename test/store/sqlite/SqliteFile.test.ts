import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { build } from "esbuild"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { idOf } from "../../../src/domain/Ids.ts"
import { fieldsOf } from "../../../src/domain/Lexical.ts"
import type { MemoryUnit } from "../../../src/domain/MemoryUnit.ts"
import type { SearchFilter } from "../../../src/domain/Search.ts"
import { queryLexemes } from "../../../src/domain/Tokenizer.ts"
import * as EmbeddedIndex from "../../../src/index/sqlite/EmbeddedIndex.ts"
import { VectorIndex } from "../../../src/index/VectorIndex.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { open } from "../../../src/resources/Sqlite.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import * as Copies from "../../../src/store/sqlite/Copies.ts"
import { LATEST, migrate, STEPS } from "../../../src/store/sqlite/migrations.ts"
import { linesOf, PACK_LENGTH, register } from "../../../src/store/sqlite/Packs.ts"
import { DATABASE, SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import { NEWEST } from "../../../src/store/sqlite/SqliteReads.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { batch, cursor, everything, message, project, unit } from "../../contract/made.ts"
import { environment, oneIn, root, slow } from "../../data.ts"
import { owned } from "../../resources/owned.ts"

const base = Layer.merge(ResourceLedger.layer, NodeContext.layer)

const options = { readOnly: false, busyTimeoutMs: 2_000, skipGarbageCollection: true }

/** Leaves nothing beside the file on Node 20 either. */
const collecting = { skipGarbageCollection: false }

/** The store in a folder; each use opens its own connections. */
const storeIn = (folder: string, more: Partial<typeof options> = {}) =>
  SqliteStore.layer.pipe(
    Layer.provideMerge(SqliteFile.layer({ folder, ...options, ...more })),
    Layer.provide(base)
  )

/** Runs an effect on a store that is closed afterwards. */
const within = <A, E>(
  folder: string,
  effect: Effect.Effect<A, E, MemoryStore | SqliteFile>,
  more: Partial<typeof options> = {}
) => Effect.provide(effect, storeIn(folder, more))

const append = (uuid: string) =>
  Effect.flatMap(MemoryStore, (store) => store.append(batch([message(uuid)], { cursor: cursor(`/t/${uuid}`, 1) })))
const messages = Effect.flatMap(MemoryStore, (store) => Effect.map(store.status, (status) => status.messages))

const test = <E>(
  title: string,
  body: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<void, E, NodeContext.NodeContext | Scope.Scope>,
  timeout?: number
) =>
  it.scopedLive(title, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-file-" })
      yield* body(join(parent, "home"), fs)
    }).pipe(Effect.provide(NodeContext.layer)), timeout)

/** Runs an effect in a transaction that stays open until `end`. */
const holding = <A, E>(effect: Effect.Effect<A, E, MemoryStore>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const done = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const fiber = yield* Effect.fork(store.transaction(
      effect.pipe(Effect.zipRight(Deferred.succeed(done, undefined)), Effect.zipRight(Deferred.await(go)))
    ))
    yield* Deferred.await(done)
    return { end: Effect.zipRight(Deferred.succeed(go, undefined), Fiber.join(fiber)) }
  })

const modeOf = (fs: FileSystem.FileSystem, path: string) => Effect.map(fs.stat(path), ({ mode }) => mode & 0o777)

const names = (fs: FileSystem.FileSystem, folder: string) =>
  Effect.map(fs.readDirectory(folder), (list) => [...list].sort())

/** Creates a database with one message in the folder and closes it. */
const made = (folder: string) => within(folder, append("a"), collecting)

/** Returns the reasons why opening for writing and for reading fails; neither may change the file or leave another beside it. */
const refusals = (folder: string, fs: FileSystem.FileSystem) =>
  Effect.gen(function*() {
    const file = join(folder, DATABASE)
    const before = yield* fs.readFile(file)
    const errors = []
    for (const readOnly of [false, true]) {
      errors.push(yield* Effect.flip(within(folder, messages, { readOnly, ...collecting })))
      assert.deepStrictEqual(Buffer.compare(yield* fs.readFile(file), before), 0, "the file was changed")
      assert.deepStrictEqual(yield* names(fs, folder), [DATABASE])
    }
    return errors.map(({ reason }) => reason)
  })

describe("the folder and the file", () => {
  test("are the person's alone", (folder, fs) =>
    Effect.gen(function*() {
      if (process.platform === "win32") return
      yield* fs.makeDirectory(folder, { mode: 0o755 })
      yield* within(
        folder,
        Effect.gen(function*() {
          yield* append("a")
          assert.strictEqual(yield* modeOf(fs, folder), 0o700)
          const open = yield* names(fs, folder)
          assert.deepStrictEqual(open, [DATABASE, `${DATABASE}-shm`, `${DATABASE}-wal`])
          for (const name of open) assert.strictEqual(yield* modeOf(fs, join(folder, name)), 0o600, name)
        })
      )
      assert.strictEqual(yield* modeOf(fs, join(folder, DATABASE)), 0o600)
    }))

  slow(test)(
    "leave nothing but the database when they are closed, and all is in it",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* made(folder)
        assert.deepStrictEqual(yield* names(fs, folder), [DATABASE])
        yield* within(folder, append("b"), collecting)
        assert.deepStrictEqual(yield* names(fs, folder), [DATABASE])
        assert.strictEqual(yield* within(folder, messages, { readOnly: true, ...collecting }), 2)
      })
  )

  slow(test)("are refused when a newer program wrote them", (folder, fs) =>
    Effect.gen(function*() {
      yield* made(folder)
      yield* within(
        folder,
        Effect.flatMap(SqliteFile, ({ writer }) => writer.unsafe(`PRAGMA user_version = ${LATEST + 1}`)),
        collecting
      )
      assert.deepStrictEqual(yield* refusals(folder, fs), ["Newer", "Newer"])
      const error = yield* Effect.flip(within(folder, messages))
      assert.include(error.message, `schema ${LATEST + 1}`)
      assert.include(error.message, "Update claude-memory")
    }))

  test("are refused when a newer program is still writing them", (folder) =>
    within(
      folder,
      Effect.gen(function*() {
        const { writer } = yield* SqliteFile
        yield* writer.unsafe(`PRAGMA user_version = ${LATEST + 1}`)
        assert.strictEqual((yield* Effect.flip(within(folder, messages))).reason, "Newer")
        assert.strictEqual((yield* Effect.flip(within(folder, messages, { readOnly: true }))).reason, "Newer")
      })
    ))

  test("are refused when they are no database", (folder, fs) =>
    Effect.gen(function*() {
      const random = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7_919 + (i >> 3) * 104_729) & 0xff)
      for (const bytes of [random, new TextEncoder().encode("not a database\n".repeat(100)), random.subarray(0, 30)]) {
        yield* fs.makeDirectory(folder, { recursive: true })
        yield* fs.writeFile(join(folder, DATABASE), bytes)
        assert.deepStrictEqual(yield* refusals(folder, fs), ["Damaged", "Damaged"])
      }
      assert.include((yield* Effect.flip(within(folder, messages))).message, "left untouched")
    }))

  test("are refused when the database was cut off", (folder, fs) =>
    Effect.gen(function*() {
      yield* made(folder)
      const whole = yield* fs.readFile(join(folder, DATABASE))
      for (const share of [0.9, 0.5, 0.1]) {
        yield* fs.writeFile(join(folder, DATABASE), whole.subarray(0, Math.floor(whole.length * share)))
        assert.deepStrictEqual(yield* refusals(folder, fs), ["Damaged", "Damaged"])
      }
    }))

  slow(test)("may be empty: a first start that was cut short", (folder, fs) =>
    Effect.gen(function*() {
      yield* fs.makeDirectory(folder, { recursive: true })
      yield* fs.writeFile(join(folder, DATABASE), new Uint8Array())
      yield* within(folder, append("a"))
      assert.strictEqual(yield* within(folder, messages), 1)
    }))

  test("are refused where the log of another lies, which stays as it is", (folder, fs) =>
    Effect.gen(function*() {
      const path = join(folder, DATABASE)
      yield* within(
        folder,
        Effect.gen(function*() {
          yield* append("a")
          yield* fs.copyFile(`${path}-wal`, join(folder, "log"))
        })
      )
      const log = yield* fs.readFile(join(folder, "log"))
      assert.isAbove(log.length, 0)
      yield* fs.rename(path, join(folder, "moved"))
      const isRefused = Effect.gen(function*() {
        for (const readOnly of [true, false]) {
          const error = yield* Effect.flip(within(folder, messages, { readOnly, ...collecting }))
          assert.strictEqual(error.reason, "Moved")
          assert.include(error.message, "End all sessions")
          assert.strictEqual(Buffer.compare(yield* fs.readFile(`${path}-wal`), log), 0)
        }
      })
      yield* fs.writeFile(`${path}-wal`, log)
      yield* isRefused
      assert.isFalse(yield* fs.exists(path))
      yield* fs.writeFile(path, new Uint8Array())
      yield* isRefused
    }))

  test("are denied where no folder can be", (folder, fs) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(folder, "a file")
      const error = yield* Effect.flip(within(join(folder, "below"), messages))
      assert.strictEqual(error.reason, "Denied")
      assert.include(error.message, "CLAUDE_MEMORY_HOME")
      assert.strictEqual((yield* Effect.flip(within(folder, messages))).reason, "Denied")
    }))

  test(
    "are missing for a reader before anything is remembered, and it makes nothing",
    (folder, fs) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(within(folder, messages, { readOnly: true }))
        assert.strictEqual(error.reason, "Missing")
        assert.include(error.message, "claude-memory import")
        assert.isFalse(yield* fs.exists(folder))
      })
  )
})

describe("a database of an earlier schema", () => {
  it("is one that the hook's entry leaves to the whole program", () => assert.strictEqual(NEWEST, LATEST))

  const prompts = ["a", "b", "c"].map((uuid) =>
    message(uuid, { isPrompt: true, sessionId: uuid === "c" ? "s2" : "s1" })
  )
  const segmentOf = (uuid: string) => idOf("segment", uuid)
  const said = "the pool leaks because every query opens another client and nobody closes \ud83d 数据库 it"
  const units = ["a", "b"].map((uuid) =>
    unit(`unit-${uuid}`, { origin: segmentOf(uuid), content: said, cites: uuid, position: 1.001, quality: 0.1 + 0.2 })
  )

  /** Creates a database of schema 1: three segments in two sessions, and duplicate units of the first two segments. */
  const old = (folder: string, fs: FileSystem.FileSystem) =>
    Effect.gen(function*() {
      yield* fs.makeDirectory(folder, { recursive: true })
      const sql = yield* owned(open({
        name: "schema 1",
        path: join(folder, DATABASE),
        readOnly: false,
        busyTimeoutMs: 0
      }))
      for (const statement of STEPS[0]!) yield* sql.unsafe(statement)
      yield* sql.unsafe("PRAGMA user_version = 1")
      yield* sql`INSERT INTO projects ${sql.insert({ ...project("one") })}`
      for (const id of ["s1", "s2"]) {
        yield* sql`INSERT INTO sessions VALUES (${id}, 'project-one', NULL, '/work/one', NULL, NULL, 1, 2)`
      }
      for (const { body, ...each } of prompts.map((each) => ({ ...each, body: JSON.stringify(each) }))) {
        yield* sql`INSERT INTO messages (uuid, session_id, thread, segment_id, role, is_prompt, said, occurred_at, body)
          VALUES (${each.uuid}, ${each.sessionId}, 'main', ${segmentOf(each.uuid)}, 'human', 1, 1, 1000, ${body})`
      }
      yield* sql`INSERT INTO cursors VALUES ('/t/a.jsonl', 100, 'f1', 's1')`
      // One segment is in the queue already.
      yield* sql`INSERT INTO work (kind, key, revision) VALUES ('segment', ${segmentOf("c")}, 7)`
      for (const [i, each] of units.entries()) {
        const { also: _, ...body } = each
        const fields = fieldsOf(each)
        const count = fields.flat().length
        yield* sql`INSERT INTO units VALUES (${i + 1}, ${each.id}, ${each.projectId}, ${each.sessionId}, ${each.origin},
          ${each.position}, ${each.type}, ${each.occurredAt}, 1, ${count}, '[]', ${
          JSON.stringify(each.passages.map(({ uuid }) => uuid))
        }, ${JSON.stringify(body)})`
        const [title, text, use, result] = fields.map((field) => field.join(" "))
        yield* sql`INSERT INTO lexemes (rowid, title, text, tool_use, tool_result)
          VALUES (${i + 1}, ${title!}, ${text!}, ${use!}, ${result!})`
        yield* sql`UPDATE totals SET units = units + 1, lexemes = lexemes + ${count}`
      }
    }).pipe(Effect.scoped, Effect.provide(base))

  const ids = units.map(({ id }) => id)
  const found = Effect.gen(function*() {
    const store = yield* MemoryStore
    const { candidates } = yield* store.lexical(queryLexemes("pool 数据库"), everything, 10)
    return candidates.map(({ unitId }) => unitId).sort()
  })
  const version = Effect.gen(function*() {
    const { reader } = yield* SqliteFile
    return (yield* reader.unsafe<{ user_version: number }>("PRAGMA user_version"))[0]?.user_version
  })

  test(
    "is brought to the newest one: its units are found as before, and all is compressed again",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* old(folder, fs)
        for (const round of [1, 2]) {
          yield* within(
            folder,
            Effect.gen(function*() {
              const store = yield* MemoryStore
              assert.strictEqual(yield* version, LATEST)
              assert.deepStrictEqual(yield* store.units(ids), units)
              assert.deepStrictEqual(yield* found, ids)
              assert.strictEqual((yield* store.status).units.total, 2)
              assert.strictEqual((yield* store.status).pending, 3 + 2)
              const segments = yield* store.claim("segment", 10)
              assert.deepStrictEqual(
                segments.map(({ key, revision }) => [key, revision]).sort(),
                [[segmentOf("a"), 1], [segmentOf("b"), 1], [segmentOf("c"), 8]].sort()
              )
              const sessions = yield* store.claim("session", 10)
              assert.deepStrictEqual(sessions.map(({ key }) => key).sort(), ["s1", "s2"])
              yield* store.release([...segments, ...sessions])
              const known = (yield* store.cursors(["/t/a.jsonl"])).get("/t/a.jsonl")
              assert.deepStrictEqual(known, cursor("/t/a.jsonl", 100, { tail: "", modifiedAt: 0 }), `round ${round}`)
            })
          )
        }
      })
  )

  test(
    "merges what says the same once it is compressed again, though it comes out as before",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* old(folder, fs)
        yield* within(
          folder,
          Effect.gen(function*() {
            const store = yield* MemoryStore
            const compress = (made: ReadonlyArray<MemoryUnit>) =>
              Effect.gen(function*() {
                const items = yield* store.claim("segment", 10)
                const own = items.filter(({ key }) => made.some(({ origin }) => origin === key))
                yield* store.commit(own, made)
                yield* store.release(items)
              })
            yield* compress([units[0]!])
            assert.deepStrictEqual(yield* found, ids)
            yield* compress([units[1]!])
            assert.deepStrictEqual(yield* found, ["unit-b"])
            const [a, b] = yield* store.units(ids)
            assert.deepStrictEqual([a?.active, a?.supersededBy, b?.also], [false, "unit-b", ["a"]])
            assert.strictEqual((yield* store.status).units.total, 1)
          })
        )
      })
  )

  /** Creates a database of this version of the schema. */
  const openedAt = (version: number, folder: string, fs: FileSystem.FileSystem) =>
    Effect.gen(function*() {
      yield* fs.makeDirectory(folder, { recursive: true })
      const path = join(folder, DATABASE)
      const sql = yield* owned(open({ name: `schema ${version}`, path, readOnly: false, busyTimeoutMs: 0 }))
      for (const statement of STEPS.slice(0, version).flat()) yield* sql.unsafe(statement)
      yield* sql.unsafe(`PRAGMA user_version = ${version}`)
      return sql
    })

  /** Creates a database of schema 3: a session of two segments, with work of each kind. */
  const schema3 = (folder: string, fs: FileSystem.FileSystem) =>
    Effect.gen(function*() {
      const sql = yield* openedAt(3, folder, fs)
      yield* sql`INSERT INTO projects ${sql.insert({ ...project("one") })}`
      yield* sql`INSERT INTO sessions VALUES ('s1', 'project-one', NULL, '/work/one', NULL, NULL, 1, 2)`
      for (const uuid of ["a", "b"]) {
        yield* sql`INSERT INTO messages (uuid, session_id, thread, segment_id, role, is_prompt, said, occurred_at, body)
          VALUES (${uuid}, 's1', 'main', ${segmentOf(uuid)}, 'human', 1, 1, 1000, ${JSON.stringify(message(uuid))})`
      }
      for (const [kind, key, revision] of waiting) yield* sql`INSERT INTO work ${sql.insert({ kind, key, revision })}`
      // The lease of this item has lapsed.
      yield* sql`UPDATE work SET owner = 'elsewhere:1:', until = 1 WHERE kind = 'index'`
    }).pipe(Effect.scoped, Effect.provide(base))

  const waiting = [["segment", segmentOf("a"), 3], ["session", "s1", 2], ["index", "unit-x", 1]] as const

  test(
    "of the version before keeps its work, which has failed never, and has no reviews to do",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* schema3(folder, fs)
        const isAsItWas = Effect.gen(function*() {
          const store = yield* MemoryStore
          assert.strictEqual((yield* store.status).pending, waiting.length)
          assert.deepStrictEqual(yield* store.failures(10), [])
        })
        yield* within(folder, Effect.zipRight(Effect.map(version, (at) => assert.strictEqual(at, 3)), isAsItWas), {
          readOnly: true
        })
        yield* within(
          folder,
          Effect.gen(function*() {
            const store = yield* MemoryStore
            const { reader } = yield* SqliteFile
            assert.strictEqual(yield* version, LATEST)
            yield* isAsItWas
            assert.deepStrictEqual(
              yield* reader.unsafe("SELECT DISTINCT attempts, error, not_before FROM work"),
              [{ attempts: 0, error: null, not_before: 0 }]
            )
            yield* store.queueReviews([{ sessionId: "s1", segmentIds: [segmentOf("a")], isWanted: false }])
            for (const kind of ["review", "recap"] as const) assert.deepStrictEqual(yield* store.claim(kind, 10), [])
            for (const [kind, key, revision] of waiting) {
              const items = yield* store.claim(kind, 10)
              assert.deepStrictEqual(items, [{ kind, key, revision }])
              yield* store.fail(items, "no")
            }
            assert.deepStrictEqual((yield* store.failures(10)).map(({ attempts }) => attempts), [1, 1, 1])
            assert.strictEqual(yield* store.reviewAgain(["s1"]), 2)
          })
        )
      })
  )

  slow(test)(
    "in which projects were merged splits them by the folders of their sessions",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const sql = yield* openedAt(7, folder, fs)
          for (const name of ["one", "two", "one/three"]) {
            yield* sql`INSERT INTO projects ${
              sql.insert({ ...project(name), excluded: 0, merged_into: name === "one" ? null : "project-one" })
            }`
          }
          for (
            const [i, cwd] of ["/work/one", "/work/two", "/work/two/src", "/work/twofold", "/work/one/three"].entries()
          ) {
            yield* sql`INSERT INTO sessions VALUES (${`s${i}`}, 'project-one', NULL, ${cwd}, NULL, NULL, 1, 2)`
          }
        })).pipe(Effect.provide(base))
        const traces = Effect.flatMap(MemoryStore, (store) => store.traces)
        assert.deepStrictEqual((yield* within(folder, traces, { readOnly: true })).sessions, [])
        yield* within(
          folder,
          Effect.gen(function*() {
            const store = yield* MemoryStore
            yield* store.splitProject("project-two")
            assert.deepStrictEqual(
              (yield* store.sessionsByPrefix("s")).map(({ projectId }) => projectId),
              ["project-one", "project-two", "project-two", "project-one", "project-one"]
            )
            yield* store.splitProject("project-one/three")
            assert.strictEqual((yield* store.sessionsByPrefix("s4"))[0]?.projectId, "project-one/three")
          })
        )
      })
  )

  slow(test)(
    "in which vectors do not lie by project is searched once it is brought to the newest one",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const sql = yield* openedAt(8, folder, fs)
          yield* sql`INSERT INTO vector_indexes VALUES (1, 'test@1', 2, 1)`
          for (const [row, name] of ["one", "two"].entries()) {
            yield* sql`INSERT INTO projects ${sql.insert({ ...project(name), excluded: 0, merged_into: null })}`
            const body = JSON.stringify(unit(name, { projectId: project(name).id }))
            yield* sql`INSERT INTO units VALUES (${row + 1}, ${name}, ${
              project(name).id
            }, 's1', 'origin', 1, 'conversation', 1,
              1, 1, '[]', '[]', ${body}, NULL, NULL)`
            yield* sql`INSERT INTO vectors VALUES (1, ${row + 1}, ${Uint8Array.of(127, row)})`
          }
        })).pipe(Effect.provide(base))
        const found = (projects: SearchFilter["projects"]) =>
          Effect.flatMap(
            VectorIndex,
            (index) =>
              Effect.map(
                index.search(Float32Array.of(1, 0), { projects }, 5),
                (hits) => hits.map(({ unitId }) => unitId)
              )
          ).pipe(Effect.provide(Layer.provide(EmbeddedIndex.layer, base)))
        const early = yield* within(folder, Effect.flip(found("all")), { readOnly: true })
        assert.match(early.message, /an earlier version made it.*claude-memory import/)
        assert.deepStrictEqual(yield* within(folder, found("all")), ["one", "two"])
        assert.deepStrictEqual(yield* within(folder, found(["project-two"])), ["two"])
      })
  )

  /** Returns the version and the units' ids in a copy, read beside it, so that it stays as it is. */
  const contentsOf = (copy: string, fs: FileSystem.FileSystem) =>
    Effect.gen(function*() {
      const path = join(yield* fs.makeTempDirectoryScoped(), "copy.db")
      yield* fs.copyFile(copy, path)
      const sql = yield* owned(open({ name: path, path, readOnly: true, busyTimeoutMs: 0 }))
      const [at] = yield* sql.unsafe<{ user_version: number }>("PRAGMA user_version")
      const rows = yield* sql<{ id: string }>`SELECT id FROM units ORDER BY id`
      return [at?.user_version, rows.map(({ id }) => id)]
    }).pipe(Effect.scoped, Effect.provide(base))

  slow(test)(
    "is kept in a copy for its owner, one of each version, until something is forgotten",
    (folder, fs) =>
      Effect.gen(function*() {
        const copy = join(folder, `${DATABASE}.schema-1`)
        yield* old(folder, fs)
        yield* within(folder, messages, { readOnly: true, ...collecting })
        assert.isFalse(yield* fs.exists(copy))
        // An unfinished copy of a process that was killed.
        const abandoned = join(folder, `${DATABASE}.schema-1.1.tmp`)
        yield* fs.writeFileString(abandoned, said)
        yield* fs.utimes(abandoned, 1, 1)

        for (const _round of [1, 2]) yield* within(folder, messages, collecting)
        assert.deepStrictEqual(
          (yield* names(fs, folder)).filter((name) => name.startsWith(DATABASE)),
          [DATABASE, `${DATABASE}.schema-1`]
        )
        if (process.platform !== "win32") assert.strictEqual(yield* modeOf(fs, copy), 0o600)
        assert.deepStrictEqual(yield* contentsOf(copy, fs), [1, ids])
        yield* fs.writeFileString(`${copy}.7.tmp`, said)

        yield* within(folder, Effect.flatMap(MemoryStore, (store) => store.forget(ids, { isNow: true })), collecting)
        assert.deepStrictEqual(yield* names(fs, folder), [DATABASE])
        assert.isFalse(Buffer.from(yield* fs.readFile(join(folder, DATABASE))).includes("nobody closes"))
      })
  )

  test(
    "holds no word that a memory had before it was compressed again, once that is forgotten for good",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* within(
          folder,
          Effect.gen(function*() {
            const store = yield* MemoryStore
            for (const place of ["boathouse", "harbour"]) {
              yield* store.replace("o", [unit("u", { origin: "o", content: `The ${place} opens at six.` })])
            }
            yield* store.forget(["u"], { isNow: true })
          })
        )
        const bytes = Buffer.from(yield* fs.readFile(join(folder, DATABASE)))
        for (const lexeme of ["boathous", "harbour"]) assert.isFalse(bytes.includes(lexeme), lexeme)
      })
  )

  slow(test)(
    "is not changed without a copy, and forgets nothing that a copy keeps",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* old(folder, fs)
        const copy = join(folder, `${DATABASE}.schema-1`)
        // Nothing takes the place of a folder.
        yield* fs.makeDirectory(join(copy, "full"), { recursive: true })
        yield* Effect.flip(within(folder, messages))
        assert.deepStrictEqual((yield* names(fs, folder)).filter((name) => name.endsWith(".tmp")), [])
        yield* within(folder, Effect.map(version, (at) => assert.strictEqual(at, 1)), { readOnly: true })
        yield* fs.remove(copy, { recursive: true })
        yield* within(folder, messages)
        yield* fs.remove(copy)
        yield* fs.makeDirectory(copy)
        const forgetting = Effect.flatMap(MemoryStore, (store) => store.forget(ids, { isNow: true }))
        assert.strictEqual((yield* Effect.flip(within(folder, forgetting))).reason, "Locked")
        assert.deepStrictEqual(yield* within(folder, found), ids)
      })
  )

  test(
    "has its messages in packs afterwards, each under the number that it had",
    (folder, fs) =>
      Effect.gen(function*() {
        yield* old(folder, fs)
        const path = join(folder, DATABASE)
        const texts = new Map<number, string>()
        yield* Effect.gen(function*() {
          const sql = yield* owned(open({ name: "schema 1", path, readOnly: false, busyTimeoutMs: 0 }))
          // Of lengths around that of a pack, with numbers that are missing.
          for (const [i, length] of [10, PACK_LENGTH, 3 * PACK_LENGTH, 5, PACK_LENGTH - 20, 40, 0].entries()) {
            const seq = 100 + i + (i > 3 ? 7 : 0)
            const body = JSON.stringify(message(`m${i}`, { text: `é\n${"x".repeat(length)}` }))
            texts.set(seq, body)
            yield* sql`INSERT INTO messages (seq, uuid, session_id, thread, segment_id, role, is_prompt, said, occurred_at, body)
            VALUES (${seq}, ${`m${i}`}, 's2', 'main', ${segmentOf("c")}, 'human', 1, 1, 1000, ${body})`
          }
        }).pipe(Effect.scoped, Effect.provide(base))
        yield* within(
          folder,
          Effect.gen(function*() {
            const { reader } = yield* SqliteFile
            const held = yield* reader<{ seq: number; body: string }>`SELECT seq, body FROM messages WHERE seq >= 100
            ORDER BY seq`
            assert.deepStrictEqual(new Map(held.map(({ body, seq }) => [seq, body])), texts)
            const packs = yield* reader<{ body: Uint8Array }>`SELECT body FROM packs`
            assert.isAbove(packs.length, 4)
            for (const lines of packs.map(({ body }) => linesOf(body))) {
              assert.isBelow(lines.slice(1).reduce((sum, line) => sum + line.length, 0), PACK_LENGTH)
            }
            assert.deepStrictEqual(
              yield* reader`SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'messages'`,
              []
            )
            assert.deepStrictEqual(yield* reader`PRAGMA auto_vacuum`, [{ auto_vacuum: 2 }])
            assert.deepStrictEqual(yield* reader`PRAGMA freelist_count`, [{ freelist_count: 0 }])
          })
        )
      })
  )

  test("is kept with what an earlier program writes while it is copied", (folder, fs) =>
    Effect.gen(function*() {
      yield* old(folder, fs)
      const path = join(folder, DATABASE)
      const at = (name: string) => owned(open({ name, path, readOnly: false, busyTimeoutMs: 0, register }))
      const writer = yield* at("newer")
      const earlier = yield* at("earlier")
      let copies = 0
      yield* migrate(writer, STEPS, (version) =>
        Effect.zipRight(
          Copies.keep(writer, path, version),
          ++copies > 1 ? Effect.void : earlier`INSERT INTO cursors VALUES ('/t/later.jsonl', 1, 'f', 's1')`
        ))
      assert.strictEqual(copies, 2)
      const place = join(yield* fs.makeTempDirectoryScoped(), "copy.db")
      yield* fs.copyFile(`${path}.schema-1`, place)
      const kept = yield* owned(open({ name: "kept", path: place, readOnly: true, busyTimeoutMs: 0 }))
      assert.deepStrictEqual(yield* kept`SELECT path FROM cursors ORDER BY path`, [
        { path: "/t/a.jsonl" },
        { path: "/t/later.jsonl" }
      ])
    }).pipe(Effect.scoped, Effect.provide(base)))

  test("is read as it is by a reader, which changes nothing", (folder, fs) =>
    Effect.gen(function*() {
      yield* old(folder, fs)
      const before = yield* fs.readFile(join(folder, DATABASE))
      yield* within(
        folder,
        Effect.gen(function*() {
          const store = yield* MemoryStore
          assert.strictEqual(yield* version, 1)
          assert.deepStrictEqual(yield* store.units(ids), units)
          assert.deepStrictEqual(yield* store.recent(everything, 5), units)
          assert.deepStrictEqual(yield* found, ids)
          assert.strictEqual((yield* store.status).units.total, 2)
        }),
        { readOnly: true }
      )
      assert.strictEqual(Buffer.compare(yield* fs.readFile(join(folder, DATABASE)), before), 0)
    }))
})

describe("several at once", () => {
  slow(test)("six processes open a new database, and each writes to it", (folder, fs) =>
    Effect.gen(function*() {
      // The bundle lies beside node_modules, from which it imports the external packages.
      const place = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-child-" })
      yield* fs.symlink(join(root, "node_modules"), join(place, "node_modules"))
      const file = join(place, "child.mjs")
      yield* Effect.promise(() =>
        build({
          absWorkingDir: root,
          entryPoints: ["test/store/sqlite/open-child.ts"],
          outfile: file,
          bundle: true,
          format: "esm",
          platform: "node",
          external: ["@photostructure/sqlite"],
          banner: {
            js:
              "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);"
          },
          logLevel: "error"
        })
      )
      for (const round of [1, 2].filter(oneIn(2))) {
        const home = `${folder}${round}`
        // Late enough for all processes to have started.
        const startsAt = (yield* Clock.currentTimeMillis) + 1_500
        const results = yield* Effect.forEach(
          ["a", "b", "c", "d", "e", "f"],
          (name) =>
            Command.make(process.execPath, file, home, name, String(startsAt)).pipe(
              Command.env(environment(place)),
              Command.stderr("inherit"),
              Command.string
            ),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(results, results.map(() => "Appended"))
        assert.strictEqual(yield* within(home, messages), 6)
      }
    }), 60_000)

  test("two stores write to one file, and nothing is lost", (folder) =>
    Effect.gen(function*() {
      const writing = (name: string) =>
        within(
          folder,
          Effect.forEach(
            Array.from({ length: 40 }, (_, i) => `${name}${i}`),
            (uuid) => Effect.zipLeft(append(uuid), Effect.yieldNow())
          )
        )
      const results = yield* Effect.all([writing("a"), writing("b")], { concurrency: "unbounded" })
      assert.isTrue(results.flat().every(({ _tag }) => _tag === "Appended"))
      assert.strictEqual(yield* within(folder, messages), 80)
    }))

  test("a reader sees nothing of what is not yet committed, and does not wait for it", (folder) =>
    within(
      folder,
      Effect.gen(function*() {
        yield* append("a")
        const held = yield* holding(append("b"))
        assert.strictEqual(yield* messages, 1)
        assert.strictEqual(yield* within(folder, messages, { readOnly: true, busyTimeoutMs: 0 }), 1)
        yield* held.end
        assert.strictEqual(yield* within(folder, messages, { readOnly: true, busyTimeoutMs: 0 }), 2)
      })
    ))

  slow(test)("a reader can't write, and names the option", (folder) =>
    Effect.gen(function*() {
      yield* made(folder)
      const begin = Effect.flatMap(MemoryStore, (store) => store.transaction(Effect.void))
      for (const write of [append("b"), begin]) {
        const error = yield* Effect.flip(within(folder, write, { readOnly: true }))
        assert.strictEqual(error.reason, "ReadOnly")
        assert.include(error.message, "readOnly: false")
      }
      assert.strictEqual(yield* within(folder, messages), 1)
    }))

  test("a writer that waits too long for another says so, and goes on when it has finished", (folder) =>
    within(
      folder,
      Effect.gen(function*() {
        const held = yield* holding(append("a"))
        yield* within(
          folder,
          Effect.gen(function*() {
            const error = yield* Effect.flip(append("b"))
            assert.strictEqual(error.reason, "Locked", error.message)
            assert.include(error.message, "nothing was lost")
            yield* held.end
            assert.strictEqual((yield* append("b"))._tag, "Appended")
          }),
          { busyTimeoutMs: 50 }
        )
        assert.strictEqual(yield* messages, 2)
      })
    ))
})

describe("what SQLite refuses", () => {
  test("a full disk is said to be full, and what was there is still there", (folder) =>
    within(
      folder,
      Effect.gen(function*() {
        yield* append("a")
        const { writer } = yield* SqliteFile
        const [pages] = yield* writer.unsafe<{ page_count: number }>("PRAGMA page_count")
        yield* writer.unsafe(`PRAGMA max_page_count = ${pages!.page_count}`)
        const store = yield* MemoryStore
        // Nothing that can be compressed.
        const text = randomBytes(200_000).toString("base64")
        const large = batch([message("large", { text })], { cursor: cursor("/t/large", 1) })
        const error = yield* Effect.flip(store.append(large))
        assert.strictEqual(error.reason, "Full", error.message)
        const inside = yield* Effect.flip(store.transaction(store.append(large)))
        assert.strictEqual(inside.reason, "Full", inside.message)
        assert.strictEqual(yield* messages, 1)
        yield* writer.unsafe("PRAGMA max_page_count = 1000000")
        assert.strictEqual((yield* store.append(large))._tag, "Appended")
      })
    ))

  test("a commit that fails is undone, and the next one works", (folder) =>
    within(
      folder,
      Effect.gen(function*() {
        const { writer } = yield* SqliteFile
        const store = yield* MemoryStore
        yield* writer.unsafe("PRAGMA foreign_keys = ON")
        yield* writer.unsafe("CREATE TABLE broken (id TEXT REFERENCES projects(id) DEFERRABLE INITIALLY DEFERRED)")
        const error = yield* Effect.flip(
          store.transaction(Effect.zipRight(append("a"), writer.unsafe("INSERT INTO broken VALUES ('none')")))
        )
        assert.strictEqual(error._tag, "StoreError")
        assert.include(error.message, "FOREIGN KEY")
        assert.strictEqual(yield* messages, 0)
        assert.strictEqual((yield* append("a"))._tag, "Appended")
      })
    ))
})
