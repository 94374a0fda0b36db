/**
 * Backups and restores of memories on real files.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { gunzipSync } from "node:zlib"
import { kindOf } from "../../../src/domain/BackupFile.ts"
import { idOf } from "../../../src/domain/Ids.ts"
import { queryLexemes } from "../../../src/domain/Tokenizer.ts"
import * as EmbeddedIndex from "../../../src/index/sqlite/EmbeddedIndex.ts"
import { VectorIndex } from "../../../src/index/VectorIndex.ts"
import type { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { type Backup, BackupError, Backups, DailyBackup, type Report } from "../../../src/store/Backups.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import * as BackupFolder from "../../../src/store/sqlite/BackupFolder.ts"
import { encode, HEADER_BYTES } from "../../../src/store/sqlite/BackupFormat.ts"
import { LATEST } from "../../../src/store/sqlite/migrations.ts"
import * as SqliteBackups from "../../../src/store/sqlite/SqliteBackups.ts"
import { DATABASE, SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { UNWIPED } from "../../../src/store/sqlite/Wiping.ts"
import { base } from "../../contract/layers.ts"
import { batch, cursor, everything, facts, message, project, unit } from "../../contract/made.ts"
import { write } from "../../contract/MemoryStoreContract.ts"
import { vector } from "../../contract/VectorIndexContract.ts"
import { slow, times } from "../../data.ts"
import { takeBack, withDatabase } from "../../e2e/damage.ts"
import { isLeft, leaveBytes, LEFT } from "./left.ts"

const HARBOUR = "The harbour master wants every crane inspected before sunrise."
const LANTERN = "Lanterns are kept in the shed behind the old boathouse."
const TIDE = "High tide decides when the ferries may leave the northern pier."

const silent: Report = () => Effect.void

type Memory = Backups | MemoryStore | SqliteFile | VectorIndex

const store = (folder: string, name: string, readOnly = false) =>
  Layer.merge(SqliteStore.layer, EmbeddedIndex.layer).pipe(
    Layer.provideMerge(
      SqliteFile.layer({ folder, readOnly, busyTimeoutMs: 5_000, skipGarbageCollection: true, name })
    )
  )

const LIMITS = { kept: 7, bytes: 1e9 }
const backupsIn = (folder: string, limits = LIMITS) => SqliteBackups.layer({ folder, busyTimeoutMs: 5_000, limits })

const temporary = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "claude-memory-backups-" })
)

/** Opens a memory in a folder, as a server has it open, with its backups. */
const inMemory = (folder: string) => <A, E, R>(body: Effect.Effect<A, E, R | Memory>) =>
  Effect.provide(body, Layer.merge(store(folder, "server"), backupsIn(folder)))

const withMemory = <E>(
  body: (
    folder: string
  ) => Effect.Effect<void, E, FileSystem.FileSystem | Path.Path | Memory | ResourceLedger | Scope.Scope>
) =>
  Effect.gen(function*() {
    const folder = yield* temporary
    // What the body opens is closed before the memory.
    yield* inMemory(folder)(Effect.scoped(body(folder)))
  }).pipe(Effect.provide(base))

const text = (...sentences: ReadonlyArray<string>) => [{ kind: "text" as const, text: sentences.join(" ") }]

/** Captures a message of these sentences, and makes a unit of each. */
const tell = (name: string, ...sentences: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const memory = yield* MemoryStore
    const told = message(name, { sessionId: `session-${name}`, isPrompt: true, blocks: text(...sentences) })
    yield* memory.append(batch([told], { cursor: cursor(`/t/${name}.jsonl`, 1) }))
    const units = sentences.map((content, i) =>
      unit(`${name}-${i}`, {
        origin: idOf("segment", name),
        cites: name,
        content,
        sessionId: told.sessionId,
        title: `Unit ${i} of ${name}`
      })
    )
    yield* memory.commit(yield* memory.claim("segment", 1_000), units)
  })

const found = (question: string) =>
  Effect.gen(function*() {
    const memory = yield* MemoryStore
    const { candidates } = yield* memory.lexical(queryLexemes(question), everything, 100)
    return candidates.map(({ unitId }) => unitId).sort()
  })

const sentencesOf = (uuid: string) =>
  Effect.gen(function*() {
    const memory = yield* MemoryStore
    return (yield* memory.messages([uuid])).flatMap(({ blocks }) => blocks.map((block) => block.text)).join(" ")
  })

const make = (to?: string) => Effect.flatMap(Backups, (backups) => backups.make(to, silent))
const verify = (path?: string) => Effect.flatMap(Backups, (backups) => backups.verify(path, silent))
const restore = (path: string, isForced = false) =>
  Effect.flatMap(Backups, (backups) => backups.restore(path, isForced, silent))

/** The schema, and what all tables hold, but for the marks that a restore renews. */
const contentOf = (database: string) =>
  withDatabase(database, (sql) => {
    const tables = sql.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
      AND name NOT IN ('vector_lanes', 'sqlite_sequence') ORDER BY name`).all()
    const rowsOf = (select: string) => sql.prepare(select).all().map((row) => JSON.stringify(Object.values(row))).sort()
    return Object.fromEntries([
      ["the schema", rowsOf("SELECT type, name, tbl_name, sql FROM sqlite_schema")],
      ...tables.map(({ name }) => [name, rowsOf(`SELECT * FROM "${name}"`)])
    ])
  })

const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, BackupError)
    return error
  })

/** The index as another process sees it that only reads. */
const indexOfOther = (folder: string) =>
  Effect.map(Layer.build(store(folder, "other", true)), (context) => Context.get(context, VectorIndex))

/** Tests whether a backup holds a word, in the open or in a compressed text. */
const holds = (path: string, word: string): boolean => {
  const bytes = gunzipSync(readFileSync(path))
  const copy = join(mkdtempSync(join(tmpdir(), "claude-memory-unpacked-")), "memory.db")
  writeFileSync(copy, bytes)
  const texts = withDatabase(
    copy,
    (database) =>
      database.prepare("SELECT unpacked(body) AS text FROM packs UNION ALL SELECT unpacked(body) FROM units")
        .all() as unknown as ReadonlyArray<{ readonly text: string }>
  )
  rmSync(dirname(copy), { recursive: true })
  return bytes.includes(word) || texts.some(({ text }) => text.includes(word))
}

/** Names of what is in the folder of backups beside finished ones. */
const unfinished = (folder: string) => readdirSync(join(folder, "backups")).filter((name) => kindOf(name) === undefined)

describe("a backup", () => {
  slow(it.scopedLive)(
    "is one file for its owner only, which gunzip alone unpacks, and says what it holds",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          yield* tell("a", HARBOUR, LANTERN)
          const { header, path, size } = yield* make()
          assert.strictEqual(dirname(path), join(folder, "backups"))
          assert.strictEqual(kindOf(basename(path)), "memory")
          if (process.platform !== "win32") {
            assert.strictEqual(statSync(path).mode & 0o777, 0o600)
            assert.strictEqual(statSync(dirname(path)).mode & 0o777, 0o700)
          }
          assert.deepInclude(header, { units: 2, sessions: 1, messages: 1, schema: LATEST })
          assert.strictEqual(size, statSync(path).size)
          const content = gunzipSync(readFileSync(path))
          assert.strictEqual(content.length, header.bytes)
          assert.strictEqual(createHash("sha256").update(content).digest("hex"), header.sha256)
          assert.deepStrictEqual(unfinished(folder), [])
          assert.deepStrictEqual(yield* verify(), yield* verify(path))

          // Into a file or a folder that is named, and never over what is there.
          const elsewhere = yield* temporary
          assert.strictEqual((yield* make(join(elsewhere, "mine.gz"))).path, join(elsewhere, "mine.gz"))
          assert.strictEqual(dirname((yield* make(elsewhere)).path), elsewhere)
          assert.strictEqual((yield* refused(make(join(elsewhere, "mine.gz")))).reason, "Exists")
          assert.strictEqual((yield* refused(make(join(elsewhere, "none", "mine.gz")))).reason, "Denied")
          assert.deepStrictEqual(unfinished(folder), [])
        })
      )
  )

  slow(it.scopedLive)("holds nothing of the bin", () =>
    withMemory(() =>
      Effect.gen(function*() {
        yield* tell("a", HARBOUR)
        const { writer } = yield* SqliteFile
        const memory = yield* MemoryStore
        yield* tell("b", `The quince orchard is sold. ${LANTERN}`, TIDE)
        yield* memory.forget(["b-0"])
        const { path } = yield* make()
        assert.isTrue(holds(path, "crane inspected"))
        assert.isFalse(holds(path, "quince"))
        assert.isFalse(holds(path, "boathouse"))
        assert.isAbove((yield* writer`SELECT 1 FROM bin_entries`).length, 0)
        // Its forgetting can be undone here, and not where the backup is restored.
        const other = yield* temporary
        yield* Effect.provide(restore(path), backupsIn(other))
        yield* Effect.provide(
          Effect.flatMap(MemoryStore, ({ undo }) => Effect.map(undo(), (undone) => assert.isUndefined(undone))),
          store(other, "restored")
        )
        assert.deepInclude(yield* memory.undo(), { _tag: "Forget" })
        assert.include(yield* found("quince"), "b-0")
      })
    ))

  slow(it.scopedLive)(
    "holds no bytes of what was forgotten for good, which a restore leaves to be wiped",
    () =>
      withMemory(() =>
        Effect.gen(function*() {
          yield* tell("a", HARBOUR, LANTERN)
          const { file, writer } = yield* SqliteFile
          yield* Effect.flatMap(MemoryStore, ({ forget }) => forget(["a-1"], { isNow: true }))
          yield* writer`PRAGMA wal_checkpoint(TRUNCATE)`
          leaveBytes(file)
          const { path } = yield* make()
          const bytes = gunzipSync(readFileSync(path))
          assert.deepStrictEqual([LEFT, UNWIPED].filter((text) => bytes.includes(text)), [])
          yield* restore(path)
          assert.lengthOf(yield* writer`SELECT 1 FROM properties WHERE name = ${UNWIPED}`, 1)
          yield* Effect.flatMap(MemoryStore, ({ wipe }) => wipe)
          assert.isFalse(yield* isLeft(file))
        })
      )
  )

  slow(it.scopedLive)(
    "that is being made when something is forgotten is made anew, without it",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          yield* tell("a", HARBOUR, LANTERN)
          const memory = yield* MemoryStore
          const backups = yield* Backups
          let forgets = 1
          const made = yield* backups.make(
            undefined,
            ({ what }) =>
              what === "packing" && forgets-- > 0 ? Effect.orDie(memory.forget(["a-1"], { isNow: true })) : Effect.void
          )
          assert.isBelow(forgets, 0)
          assert.isTrue(holds(made.path, "crane"))
          assert.isFalse(holds(made.path, "boathouse"))
          // Where that goes on it is given up.
          yield* tell("b", LANTERN.replace("old", "new"), TIDE, HARBOUR.replace("crane", "winch"))
          let next = 0
          const busy = yield* refused(
            backups.make(undefined, ({ done, total, what }) =>
              what === "packing" && done === total
                ? Effect.orDie(memory.forget([`b-${next++}`], { isNow: true }))
                : Effect.void)
          )
          assert.strictEqual(busy.reason, "Busy")
          assert.deepStrictEqual(readdirSync(join(folder, "backups")), [])
        })
      )
  )

  slow(it.scopedLive)(
    "is deleted with what is forgotten for good, also one that a process has left unfinished",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          yield* tell("a", HARBOUR, LANTERN)
          const { path } = yield* make()
          writeFileSync(`${path}.12.copy.tmp`, "boathouse")
          const memory = yield* MemoryStore
          yield* memory.forget(["a-1"], { isNow: true })
          assert.deepStrictEqual(readdirSync(join(folder, "backups")), [])
          assert.strictEqual((yield* refused(verify())).reason, "None")
          yield* make()
          assert.lengthOf(yield* BackupFolder.deleteAll(join(folder, DATABASE)), 1)
        })
      )
  )

  slow(it.scopedLive)(
    "that is torn or changed anywhere is refused, and nothing is changed",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          yield* tell("a", HARBOUR, LANTERN)
          // Some parts, so that whole ones can be missing or exchanged.
          const { writer } = yield* SqliteFile
          yield* writer`INSERT INTO properties VALUES ('filler', hex(randomblob(1500000)))`
          const { path } = yield* make()
          const bytes = readFileSync(path)
          yield* tell("b", TIDE)
          const before = contentOf(join(folder, DATABASE))
          const broken = join(folder, "broken.gz")
          const members: Array<number> = []
          for (let at = HEADER_BYTES; at < bytes.length; at += bytes.readUInt32LE(at + 16)) members.push(at)
          assert.isAbove(members.length, 2)
          const cut = (from: number, to: number) => Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
          const flipped = (at: number) => {
            const changed = Buffer.from(bytes)
            changed[at]! ^= 0x10
            return changed
          }
          const cases: Record<string, Buffer> = {
            empty: Buffer.alloc(0),
            "the header alone": bytes.subarray(0, HEADER_BYTES),
            "cut in the header": bytes.subarray(0, 500),
            "cut in a part": bytes.subarray(0, members[1]! + 1_000),
            "cut in the beginning of a part": bytes.subarray(0, members[1]! + 7),
            "without the last part": bytes.subarray(0, members.at(-1)),
            "without the first part": cut(members[0]!, members[1]!),
            "with a part twice": Buffer.concat([bytes.subarray(0, members[1]), bytes.subarray(members[0])]),
            "with two parts exchanged": Buffer.concat([
              bytes.subarray(0, members[0]),
              bytes.subarray(members[1], members[2]),
              bytes.subarray(members[0], members[1]),
              bytes.subarray(members[2])
            ]),
            "with something behind it": Buffer.concat([bytes, Buffer.from("more")]),
            "another file": Buffer.from("This is a text, and no backup.".repeat(100))
          }
          for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
            cases[`with a bit changed at ${share}`] = flipped(
              HEADER_BYTES + Math.floor(share * (bytes.length - HEADER_BYTES))
            )
          }
          for (const [what, content] of Object.entries(cases)) {
            writeFileSync(broken, content)
            for (const refusal of [yield* refused(verify(broken)), yield* refused(restore(broken))]) {
              assert.include(["Damaged", "NotABackup"], refusal.reason, what)
            }
          }
          // A header that is right of itself, and of another memory's content.
          const parsed = yield* verify(path)
          for (
            const change of [{ units: 1 }, { messages: 7 }, { memory: "0123456789abcdef" }, { schema: LATEST - 1 }]
          ) {
            writeFileSync(
              broken,
              Buffer.concat([encode({ ...parsed.header, ...change }), bytes.subarray(HEADER_BYTES)])
            )
            assert.strictEqual((yield* refused(restore(broken))).reason, "Damaged", JSON.stringify(change))
          }
          assert.deepStrictEqual(contentOf(join(folder, DATABASE)), before)
          assert.deepStrictEqual(readdirSync(join(folder, "backups")), [basename(path)])
        })
      ),
    60_000
  )

  it.scopedLive("of a newer schema or format is refused", () =>
    withMemory((folder) =>
      Effect.gen(function*() {
        yield* tell("a", HARBOUR)
        const { header, path } = yield* make()
        const newer = join(folder, "newer.gz")
        for (const change of [{ schema: LATEST + 1 }, { format: header.format + 1 }]) {
          writeFileSync(
            newer,
            Buffer.concat([encode({ ...header, ...change }), readFileSync(path).subarray(HEADER_BYTES)])
          )
          assert.strictEqual((yield* refused(restore(newer))).reason, "Newer")
          assert.match((yield* refused(verify(newer))).message, /newer claude-memory.+Update/)
        }
      })
    ))
})

describe("a restore", () => {
  slow(it.scopedLive)(
    "puts all of it back, for processes too that have the memory open, and keeps what was there",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          const memory = yield* MemoryStore
          const reading = yield* Effect.map(
            Layer.build(store(folder, "other", true)),
            (context) => Context.get(context, MemoryStore)
          )
          const index = yield* VectorIndex
          yield* index.ensure({ id: "test@1", dimension: 4 })
          yield* tell("a", HARBOUR, LANTERN)
          yield* index.upsert([{ unitId: "a-0", vector: vector(1, 0, 0, 0) }])
          const before = contentOf(join(folder, DATABASE))
          const backup = yield* make()
          yield* tell("b", TIDE)
          yield* memory.save(unit("s", { content: "A note.", passages: [], pinned: true }), project("two"))
          assert.deepStrictEqual(yield* found("ferries"), ["b-0"])

          const restored = yield* restore(backup.path)
          assert.deepStrictEqual(contentOf(join(folder, DATABASE)), before)
          assert.deepInclude(restored, { units: 2, sessions: 1, messages: 1, lostTombstones: 0 })
          assert.deepStrictEqual(yield* found("ferries"), [])
          assert.deepStrictEqual(yield* found("lanterns"), ["a-1"])
          assert.lengthOf((yield* reading.lexical(queryLexemes("ferries"), everything, 9)).candidates, 0)
          // The transcript is read again from where it stood.
          assert.deepStrictEqual([...(yield* memory.cursors(["/t/a.jsonl", "/t/b.jsonl"])).keys()], ["/t/a.jsonl"])

          // The processes go on.
          yield* tell("b", TIDE)
          assert.deepStrictEqual(yield* found("ferries"), ["b-0"])
          assert.lengthOf((yield* reading.lexical(queryLexemes("ferries"), everything, 9)).candidates, 1)
          assert.strictEqual((yield* verify(restored.before)).header.units, 4)
          yield* restore(restored.before!)
          assert.deepStrictEqual((yield* memory.units(["s"])).map(({ content }) => content), ["A note."])
        })
      )
  )

  slow(it.scopedLive)(
    "leaves what was excluded since the backup excluded",
    () =>
      withMemory(() =>
        Effect.gen(function*() {
          const memory = yield* MemoryStore
          yield* tell("a", HARBOUR)
          yield* memory.addProject(project("part"))
          const { path } = yield* make()
          yield* memory.excludeProject(project("one"), true)
          yield* memory.excludeProject(project("later"), true)
          // Merged into an excluded one, it is excluded with that.
          yield* memory.mergeProjects(project("part"), project("one"))
          yield* memory.addProject(project("read"))
          yield* restore(path)
          const { projects } = yield* memory.status
          assert.deepStrictEqual(
            projects.filter(({ isExcluded }) => isExcluded).map(({ id }) => id).sort(),
            ["project-later", "project-one", "project-part"]
          )
          yield* memory.excludeProject(project("one"), false)
          yield* restore(path)
          const again = yield* memory.status
          assert.isFalse(again.projects.find(({ id }) => id === "project-one")?.isExcluded)
        })
      )
  )

  slow(it.scopedLive)(
    "gives no row and no vector to another process that are of a memory made after the backup",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          const index = yield* VectorIndex
          const reading = yield* indexOfOther(folder)
          yield* index.ensure({ id: "test@1", dimension: 4 })
          yield* tell("a", HARBOUR)
          yield* index.upsert([{ unitId: "a-0", vector: vector(1, 0, 0, 0) }])
          const { path } = yield* make()
          yield* tell("b", TIDE)
          yield* index.upsert([
            { unitId: "a-0", vector: vector(0, 0, 0, 1) },
            { unitId: "b-0", vector: vector(0, 1, 0, 0) }
          ])
          assert.lengthOf(yield* reading.search(vector(0, 1, 0, 0), everything, 9), 2)
          yield* restore(path)
          const [own] = yield* reading.search(vector(1, 0, 0, 0), everything, 9)
          assert.closeTo(own?.score ?? 0, 1, 0.01)
          yield* tell("c", LANTERN)
          yield* index.upsert([{ unitId: "c-0", vector: vector(0, 0, 1, 0) }])
          const [hit] = yield* reading.search(vector(0, 0, 1, 0), everything, 9)
          assert.strictEqual(hit?.unitId, "c-0")
          assert.closeTo(hit?.score ?? 0, 1, 0.01)
          const { reader } = yield* SqliteFile
          assert.deepStrictEqual(yield* reader`SELECT row FROM units ORDER BY row`, [{ row: 1 }, { row: 3 }])
        })
      )
  )

  slow(it.scopedLive)("into a folder without a memory makes it", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* temporary, yield* temporary]
      const { path } = yield* inMemory(one)(Effect.zipRight(tell("a", HARBOUR), make()))
      const { before } = yield* Effect.provide(restore(path), backupsIn(two))
      assert.isUndefined(before)
      assert.deepStrictEqual(contentOf(join(two, DATABASE)), contentOf(join(one, DATABASE)))
    }).pipe(Effect.provide(base)))

  slow(it.scopedLive)(
    "of an earlier schema brings it to the newest",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          yield* tell("a", HARBOUR)
          const { path } = yield* make()
          const old = yield* temporary
          writeFileSync(join(old, DATABASE), gunzipSync(readFileSync(path)))
          takeBack(join(old, DATABASE))
          const bytes = readFileSync(join(old, DATABASE))
          // As the program of that time has made it.
          const packed = yield* packedOf(bytes, { ...(yield* verify(path)), path: join(folder, "old.gz") })
          yield* tell("b", TIDE)
          const restored = yield* restore(packed)
          assert.strictEqual(restored.backup.header.schema, LATEST - 1)
          assert.deepStrictEqual(yield* found("harbour"), ["a-0"])
          assert.deepStrictEqual(yield* found("ferries"), [])
        })
      )
  )

  slow(it.scopedLive)(
    "leaves out what was forgotten since: sentences, units, titles and lines",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          const memory = yield* MemoryStore
          const letter = { path: "/t/a.jsonl", offset: 3, reason: "not JSON", line: `{"text":"${LANTERN}"` }
          const told = message("a", { sessionId: "s", isPrompt: true, blocks: text(HARBOUR, LANTERN) })
          const again = message("c", { sessionId: "s", blocks: text(TIDE, LANTERN) })
          yield* memory.append(batch([told, again], {
            facts: [facts("s", { cwd: "/work/one", startedAt: 1, endedAt: 2, title: LANTERN })],
            deadLetters: [letter]
          }))
          const segment = idOf("segment", "a")
          const made = (id: string, content: string) =>
            unit(id, { origin: segment, cites: "a", content, sessionId: "s" })
          yield* memory.commit(yield* memory.claim("segment", 9), [made("u", HARBOUR), made("v", LANTERN)])
          const outside = yield* temporary
          const { path } = yield* make(outside)
          yield* memory.forget(["v"], { isNow: true })
          yield* tell("b", TIDE)

          const { cut } = yield* restore(path)
          assert.deepStrictEqual(cut, { units: 2, messages: 2, titles: 1, deadLetters: 1 })
          assert.deepStrictEqual(yield* found("lanterns boathouse"), [])
          assert.strictEqual(yield* sentencesOf("a"), HARBOUR)
          assert.strictEqual(yield* sentencesOf("c"), TIDE)
          assert.isNull((yield* memory.sessions(["s"])).get("s")?.title)
          assert.deepStrictEqual((yield* memory.deadLetters(9)).map(({ line }) => line), [""])
          // Its segment is compressed again, and the sentence is not captured again.
          assert.include((yield* memory.claim("segment", 9)).map(({ key }) => key), segment)
          yield* tell("d", LANTERN)
          assert.deepStrictEqual(yield* found("lanterns boathouse"), [])
          const { writer } = yield* SqliteFile
          yield* writer`PRAGMA wal_checkpoint(TRUNCATE)`
          assert.isFalse(readFileSync(join(folder, DATABASE)).includes("boathouse"))
          for (const name of readdirSync(join(folder, "backups"))) {
            assert.isFalse(holds(join(folder, "backups", name), "boathouse"))
          }
        })
      )
  )

  slow(it.scopedLive)(
    "leaves out sessions, edits and history that were forgotten since, which can be brought back as before",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          const memory = yield* MemoryStore
          yield* tell("a", HARBOUR, LANTERN)
          yield* tell("b", TIDE)
          yield* memory.edit("a-1", { content: "The quince orchard is sold." }, "person")
          yield* memory.edit("a-0", { pinned: true }, "person")
          const { path } = yield* make(yield* temporary)
          yield* memory.forget(["a-1"])
          yield* memory.forgetSessions(["session-b"])
          const forgotten = contentOf(join(folder, DATABASE))

          const { cut } = yield* restore(path)
          assert.deepInclude(cut, { units: 2, messages: 2 })
          for (const question of ["quince orchard", "lanterns boathouse", "ferries"]) {
            assert.deepStrictEqual(yield* found(question), [], question)
          }
          assert.strictEqual(yield* sentencesOf("b"), "")
          assert.deepStrictEqual((yield* memory.units(["a-0"])).map(({ pinned }) => pinned), [true])
          const { reader } = yield* SqliteFile
          for (const table of ["overlay", "operations"]) {
            const rows = yield* reader<{ id: string }>`SELECT DISTINCT unit_id AS id FROM ${reader(table)}
            WHERE unit_id IS NOT NULL`
            assert.deepStrictEqual(rows, [{ id: "a-0" }], table)
          }
          assert.deepStrictEqual(contentOf(join(folder, DATABASE))["bin_entries"], forgotten["bin_entries"])

          for (const _ of ["the session", "the memory"]) assert.deepInclude(yield* memory.undo(), { _tag: "Forget" })
          assert.deepStrictEqual(yield* found("quince orchard"), ["a-1"])
          assert.deepStrictEqual(yield* found("ferries"), ["b-0"])
          assert.strictEqual(yield* sentencesOf("b"), TIDE)
        })
      )
  )

  slow(it.scopedLive)(
    "leaves out what was forgotten since, and keeps the bin, where others write all the time",
    () =>
      withMemory(() =>
        Effect.gen(function*() {
          const memory = yield* MemoryStore
          const backups = yield* Backups
          yield* tell("a", HARBOUR, LANTERN)
          const { path } = yield* make(yield* temporary)
          yield* memory.forget(["a-1"])
          // Two attempts are void, and the third one excludes the others.
          let writes = 0
          const restored = yield* backups.restore(path, false, ({ done, total, what }) =>
            what === "packing" && done === total && writes < 2
              ? Effect.provideService(Effect.orDie(tell(`w${writes++}`, TIDE)), MemoryStore, memory)
              : Effect.void)
          assert.strictEqual(writes, 2)
          assert.isAbove(restored.cut.units, 0)
          assert.deepStrictEqual(yield* found("lanterns boathouse"), [])
          assert.notInclude(yield* sentencesOf("a"), LANTERN)
          assert.isTrue(holds(restored.before!, "ferries"))
          assert.isFalse(holds(restored.before!, "boathouse"))
          assert.deepInclude(yield* memory.undo(), { _tag: "Forget" })
          assert.deepStrictEqual(yield* found("lanterns boathouse"), ["a-1"])
        })
      )
  )

  slow(it.scopedLive)(
    "leaves what is remembered still, though another memory that said the same was forgotten since",
    () =>
      withMemory(() =>
        Effect.gen(function*() {
          const memory = yield* MemoryStore
          yield* tell("a", LANTERN, TIDE)
          for (const id of ["a-0", "a-1"]) yield* memory.edit(id, { content: `${HARBOUR} So says ${id}.` }, "person")
          const { path } = yield* make()
          yield* memory.forget(["a-0"])
          assert.deepStrictEqual(yield* found("harbour crane"), ["a-1"])
          assert.strictEqual((yield* restore(path)).cut.units, 1)
          assert.deepStrictEqual(yield* found("harbour crane"), ["a-1"])
          // What says it no more has not said it in vain.
          yield* memory.edit("a-1", { content: TIDE }, "person")
          yield* restore(path)
          assert.deepStrictEqual(yield* found("harbour crane"), [])
        })
      )
  )

  slow(it.scopedLive)("of another memory is refused, unless it is forced", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* temporary, yield* temporary]
      const { path } = yield* inMemory(one)(Effect.gen(function*() {
        yield* tell("a", HARBOUR, LANTERN)
        yield* tell("b", TIDE)
        yield* Effect.flatMap(MemoryStore, (memory) => memory.forget(["b-0"]))
        return yield* make()
      }))
      yield* inMemory(two)(Effect.gen(function*() {
        yield* tell("c", LANTERN)
        yield* Effect.flatMap(MemoryStore, (memory) => memory.forget(["c-0"]))
        const before = contentOf(join(two, DATABASE))
        const error = yield* refused(restore(path))
        assert.strictEqual(error.reason, "OtherMemory")
        assert.match(error.message, /another memory.+--force/)
        assert.deepStrictEqual(contentOf(join(two, DATABASE)), before)

        const { cut, lostTombstones } = yield* restore(path, true)
        assert.isAbove(lostTombstones, 0)
        assert.strictEqual(cut.units, 2)
        assert.deepStrictEqual(yield* found("lanterns"), [])
        // What the other memory has forgotten stays so.
        yield* tell("d", TIDE)
        assert.deepStrictEqual(yield* found("ferries"), [])
      }))
      // A copy that has forgotten something else since: its hashes have another key.
      const three = yield* temporary
      yield* Effect.provide(restore(path), backupsIn(three))
      withDatabase(join(three, DATABASE), (sql) => sql.exec("UPDATE properties SET value = 'x' WHERE name = 'secret'"))
      assert.strictEqual((yield* refused(Effect.provide(restore(path), backupsIn(three)))).reason, "OtherMemory")
    }).pipe(Effect.provide(base)))

  slow(it.scopedLive)(
    "while another process writes all the time comes between two writes, and no write is lost",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          yield* tell("a", HARBOUR)
          const { path } = yield* make()
          const written: Array<string> = []
          const writing = Effect.forever(Effect.gen(function*() {
            const name = `w${written.length}`
            yield* tell(name, `${TIDE} This is written for the ${written.length}th time.`)
            written.push(name)
            yield* Effect.sleep("1 millis")
          }))
          const restored = yield* Effect.raceFirst(restore(path), Effect.provide(writing, store(folder, "writing")))
          assert.isAbove(written.length, 2)
          // Each is in the memory as it was before, or has come after.
          const after = (yield* Effect.flatMap(MemoryStore, (memory) => memory.messages(written))).map(({ uuid }) =>
            uuid
          )
          yield* restore(restored.before!)
          const before = (yield* Effect.flatMap(MemoryStore, (memory) => memory.messages(written))).map(({ uuid }) =>
            uuid
          )
          assert.sameMembers([...before, ...after], written)
          assert.isAbove(before.length, 0)
        })
      )
  )

  slow(it.scopedLive.prop)(
    "gives the memory that was backed up, and searches of other processes find its vectors",
    [
      FastCheck.array(
        FastCheck.tuple(FastCheck.constantFrom("write", "remove", "restore", "back up"), FastCheck.nat({ max: 5 })),
        { minLength: 3, maxLength: 6 }
      )
    ],
    ([changes]) =>
      withMemory((folder) =>
        Effect.gen(function*() {
          const index = yield* VectorIndex
          const reading = yield* indexOfOther(folder)
          yield* index.ensure({ id: "test@1", dimension: 4 })
          const ids = Array.from({ length: 6 }, (_, i) => `u${i}`)
          const angle = (n: number) => vector(Math.cos(n / 9), Math.sin(n / 9), 0, 0)
          let state = {
            backup: yield* make(),
            content: contentOf(join(folder, DATABASE)),
            vectors: new Map<string, number>()
          }
          const vectors = new Map<string, number>()
          for (const [step, [what, i]] of [...changes, ["restore", 0] as const].entries()) {
            const id = ids[i]!
            if (what === "write") {
              yield* write([unit(id, { content: `content of ${id} after ${step} steps` })])
              yield* index.upsert([{ unitId: id, vector: angle(step) }])
              vectors.set(id, step)
            } else if (what === "remove") {
              yield* index.remove([id])
              vectors.delete(id)
            } else if (what === "back up") {
              state = { backup: yield* make(), content: contentOf(join(folder, DATABASE)), vectors: new Map(vectors) }
            } else {
              yield* restore(state.backup.path)
              assert.deepStrictEqual(contentOf(join(folder, DATABASE)), state.content)
              vectors.clear()
              for (const [id, n] of state.vectors) vectors.set(id, n)
            }
            for (const each of [index, reading]) {
              const hits = yield* each.search(angle(0), everything, 20)
              const wanted = [...vectors].map(([id, n]) => ({ id, score: Math.cos(n / 9) })).sort((a, b) =>
                b.score - a.score
              )
              assert.sameMembers(hits.map(({ unitId }) => unitId), wanted.map(({ id }) => id))
              hits.forEach(({ score }, i) => assert.closeTo(score, wanted[i]!.score, 0.03))
            }
          }
        })
      ),
    { fastCheck: { numRuns: times(3) }, timeout: 60_000 }
  )
})

describe("daily backups", () => {
  const day = "24 hours"
  const dailies = (folder: string) =>
    readdirSync(join(folder, "backups")).filter((name) => kindOf(name) === "daily").sort()

  slow(it.scoped)(
    "are made when the newest is a day old, as many as the limits allow, the newest two in any case",
    () =>
      withMemory((folder) =>
        Effect.gen(function*() {
          yield* TestClock.adjust("20000 days")
          const daily = (limits: BackupFolder.Limits) =>
            Effect.provide(Effect.flatMap(Backups, (backups) => backups.daily), backupsIn(folder, limits))
          const [few, small] = [{ kept: 3, bytes: 1e9 }, { kept: 9, bytes: 1 }]
          yield* tell("a", HARBOUR)
          yield* make()
          assert.isUndefined(yield* daily(few))
          for (const kept of [1, 2, 3, 3]) {
            yield* TestClock.adjust(day)
            const made = yield* daily(few)
            assert.strictEqual(dailies(folder).at(-1), basename(made?.path ?? ""))
            assert.lengthOf(dailies(folder), kept)
            assert.isUndefined(yield* daily(few))
          }
          yield* TestClock.adjust(day)
          yield* daily(small)
          assert.lengthOf(dailies(folder), 2)
          // Those that were asked for stay.
          const { backups } = yield* Effect.flatMap(Backups, ({ list }) => list)
          assert.lengthOf(backups, 3)
          // A clock that was put back makes none count that are from later, and these go first.
          yield* TestClock.setTime(19_990 * 86_400_000)
          const now = yield* daily({ kept: 2, bytes: 1e9 })
          assert.lengthOf(dailies(folder), 2)
          assert.include(dailies(folder), basename(now?.path ?? ""))
          assert.isUndefined(yield* daily(few))
        })
      )
  )

  slow(it.scoped)(
    "outlast the emptying of the bin when they are from after the forgetting",
    () =>
      Effect.gen(function*() {
        const folder = yield* temporary
        yield* TestClock.adjust("20000 days")
        const after = yield* inMemory(folder)(Effect.gen(function*() {
          const memory = yield* MemoryStore
          yield* tell("a", HARBOUR, LANTERN)
          yield* make()
          yield* TestClock.adjust("1 hour")
          yield* memory.forget(["a-1"])
          yield* TestClock.adjust("7 days")
          yield* TestClock.adjust("1 hour")
          return yield* make()
        }))
        assert.lengthOf(readdirSync(join(folder, "backups")), 2)
        // What writes next empties the bin.
        yield* inMemory(folder)(Effect.void)
        assert.deepStrictEqual(readdirSync(join(folder, "backups")), [basename(after.path)])
      }).pipe(Effect.provide(base))
  )

  it.scopedLive("that fail are told of until one is made", () =>
    withMemory((folder) =>
      Effect.gen(function*() {
        yield* tell("a", HARBOUR)
        const at = Layer.build(SqliteBackups.layerDaily({ folder, busyTimeoutMs: 100, limits: LIMITS }))
        const daily = Context.get(yield* at, DailyBackup)!
        // No database.
        const { writer } = yield* SqliteFile
        yield* writer`ALTER TABLE tombstones RENAME TO hidden`
        yield* daily.makeIfDue
        const { failure } = yield* Effect.flatMap(Backups, ({ list }) => list)
        assert.match(failure?.detail ?? "", /no such table/)
        assert.deepStrictEqual(unfinished(folder), ["failed.json"])
        yield* writer`ALTER TABLE hidden RENAME TO tombstones`
        yield* daily.makeIfDue
        assert.isUndefined((yield* Effect.flatMap(Backups, ({ list }) => list)).failure)
        assert.lengthOf(dailies(folder), 1)
      })
    ))
})

/** Packs a database as a backup with this header, but for the bytes and their checksum, and the schema before. */
const packedOf = ({ buffer, byteLength, byteOffset }: Buffer, { header, path }: Backup) =>
  Effect.gen(function*() {
    const { Files } = yield* Effect.promise(() => import("../../../src/resources/Files.ts"))
    const { pack } = yield* Effect.promise(() => import("../../../src/store/sqlite/BackupPacking.ts"))
    writeFileSync(path, "")
    writeFileSync(`${path}.db`, new Uint8Array(buffer, byteOffset, byteLength))
    const packing = Effect.flatMap(Files, (files) =>
      pack(files, { from: `${path}.db`, to: path, header: { ...header, schema: LATEST - 1 }, report: silent }))
    yield* Effect.provide(packing, Files.layer)
    return path
  })
