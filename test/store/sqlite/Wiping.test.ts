/**
 * Wiping of a memory's file where a disk has no room, and where another program is in the way.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { SqlClient } from "@effect/sql/SqlClient"
import { assert, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { statSync } from "node:fs"
import { dirname } from "node:path"
import { sqliteTemporaryFolders } from "../../../src/process/Environment.ts"
import type { freeAt } from "../../../src/resources/Disk.ts"
import { load } from "../../../src/resources/SqliteDriver.ts"
import { SqliteFile, toStoreError } from "../../../src/store/sqlite/SqliteFile.ts"
import * as Wiping from "../../../src/store/sqlite/Wiping.ts"
import { base } from "../../contract/layers.ts"

/** Runs `body` on a memory's file of its own, of which something was deleted for good. */
const test = <E>(
  title: string,
  body: (file: SqliteFile["Type"]) => Effect.Effect<void, E>
) =>
  it.scoped(title, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-wiping-" })
      yield* Effect.flatMap(SqliteFile, (file) => Effect.zipRight(Wiping.note(file.writer), body(file))).pipe(
        Effect.provide(SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 50, skipGarbageCollection: true }))
      )
    }).pipe(Effect.provide(base)))

const makeWipe = (memory: SqliteFile["Type"], free?: typeof freeAt) =>
  Effect.mapError(Wiping.make(memory, free), toStoreError("wipe"))

const isNoted = (sql: SqlClient) =>
  Effect.map(sql`SELECT 1 FROM properties WHERE name = ${Wiping.UNWIPED}`, (rows) => rows.length > 0)

/** Changes whenever the file is written anew. */
const schemaOf = (sql: SqlClient) => sql<{ schema_version: number }>`PRAGMA schema_version`

const logSize = (file: string) => statSync(`${file}-wal`).size

test("writes nothing where the disk of the file, or that of temporary files, has no room for it once more", (memory) =>
  Effect.gen(function*() {
    const { file, reader, writer } = memory
    const fold = writer`PRAGMA wal_checkpoint(TRUNCATE)`
    // Free pages need no room.
    yield* writer.unsafe("VACUUM")
    yield* fold
    const { size } = statSync(file)
    const before = yield* schemaOf(reader)
    const wipe = (free: (isHome: boolean) => ReturnType<typeof freeAt>) =>
      makeWipe(memory, (folder) => free(folder === dirname(file)))
    const refusedFor = (effect: ReturnType<typeof wipe>) =>
      Effect.map(Effect.flip(effect), ({ detail, reason }) => {
        assert.strictEqual(reason, "Full")
        assert.strictEqual(logSize(file), 0)
        assert.match(
          detail,
          / has no room for the \d+ MB that writing the memory's file anew takes meanwhile; free some space$/
        )
        return detail.includes(dirname(file))
      })
    const isFullAtHome = wipe((isHome) => isHome ? { device: 1, bytes: size - 1 } : { device: 2, bytes: size })
    assert.isTrue(yield* refusedFor(isFullAtHome))
    const isFullElsewhere = wipe((isHome) => isHome ? { device: 1, bytes: size } : { device: 2, bytes: size - 1 })
    assert.isFalse(yield* refusedFor(isFullElsewhere))
    // The log and the temporary file share it.
    assert.isTrue(yield* refusedFor(wipe(() => ({ device: 1, bytes: 2 * size - 1 }))))
    assert.deepStrictEqual(yield* schemaOf(reader), before)
    assert.isTrue(yield* isNoted(reader))

    for (const room of [{ device: 1, bytes: 2 * size }, undefined]) {
      yield* Wiping.note(writer)
      yield* fold
      yield* wipe(() => room)
      assert.isFalse(yield* isNoted(reader))
    }
    assert.notDeepEqual(yield* schemaOf(reader), before)
  }))

test("needs no room for free pages, and has it for those that the log alone has", (memory) =>
  Effect.gen(function*() {
    const { file, writer } = memory
    const needs = Effect.gen(function*() {
      const { detail } = yield* Effect.flip(makeWipe(memory, () => ({ device: 1, bytes: 0 })))
      return Number(/no room for the (\d+) MB/.exec(detail)?.[1])
    })
    const before = yield* needs
    yield* writer`CREATE TABLE other (bytes BLOB)`
    yield* writer`INSERT INTO other VALUES (randomblob(3000000))`
    assert.isBelow(statSync(file).size, 3_000_000)
    assert.isAtLeast(yield* needs, before + 5)
    yield* writer`DELETE FROM other`
    yield* writer`PRAGMA wal_checkpoint(TRUNCATE)`
    assert.isAbove(statSync(file).size, 3_000_000)
    assert.isAtMost(yield* needs, before + 1)
  }))

it.skipIf(process.platform === "win32")("looks for room where SQLite has its temporary files", () => {
  const folders = (variables: Readonly<Record<string, string>>) => {
    for (const name of ["SQLITE_TMPDIR", "TMPDIR", "TMP"]) vi.stubEnv(name, variables[name])
    const found = sqliteTemporaryFolders()
    vi.unstubAllEnvs()
    return found
  }
  const others = ["/var/tmp", "/usr/tmp", "/tmp", "."]
  assert.deepStrictEqual(folders({ TMP: "/a", TMPDIR: "" }), others)
  assert.deepStrictEqual(folders({ TMPDIR: "/tmp" }), ["/tmp", ...others])
  assert.deepStrictEqual(folders({ TMPDIR: "/b", SQLITE_TMPDIR: "/c" }), ["/c", "/b", ...others])
})

test("leaves an empty log where it could not be done", (memory) =>
  Effect.gen(function*() {
    const { file, writer } = memory
    assert.isAbove(logSize(file), 0)
    // VACUUM attaches its own, for which there is no place: SQLite takes ten.
    for (let i = 0; i < 10; i++) yield* writer.unsafe(`ATTACH ':memory:' AS other_${i}`)
    assert.include((yield* Effect.flip(makeWipe(memory))).detail, "attached")
    assert.strictEqual(logSize(file), 0)
  }))

test("is not done twice because another program reads what was there before, but for what is forgotten meanwhile", (memory) =>
  Effect.gen(function*() {
    const { file, reader, writer } = memory
    const wipe = makeWipe(memory)
    const refused = Effect.map(Effect.flip(wipe), ({ message, reason }) => {
      assert.strictEqual(reason, "Locked")
      assert.match(message, /^wipe: another process keeps .* locked; nothing was lost, try again when it has/)
    })
    yield* Effect.acquireUseRelease(
      Effect.sync(() => new (load().DatabaseSync)(file)),
      (other) =>
        Effect.gen(function*() {
          other.exec("BEGIN; SELECT 1 FROM properties")
          const before = yield* schemaOf(reader)
          yield* refused
          const once = yield* schemaOf(reader)
          assert.notDeepEqual(once, before)
          yield* refused
          assert.deepStrictEqual(yield* schemaOf(reader), once)
          yield* Wiping.note(writer)
          yield* refused
          const twice = yield* schemaOf(reader)
          assert.notDeepEqual(twice, once)
          other.exec("COMMIT")
          yield* wipe
          assert.deepStrictEqual(yield* schemaOf(reader), twice)
          assert.isFalse(yield* isNoted(reader))
        }),
      (other) => Effect.sync(() => other.close())
    )
  }))
