/**
 * A person's changes to memories and projects, through the whole service over the sample sessions.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { dirname, join } from "node:path"
import { Collector } from "../../src/capture/Collector.ts"
import * as Extractive from "../../src/compress/extractive/Extractive.ts"
import { evidence, type MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { SaveRequest } from "../../src/domain/Saved.ts"
import * as SessionRecords from "../../src/hook/SessionRecords.ts"
import * as EmbeddedIndex from "../../src/index/sqlite/EmbeddedIndex.ts"
import { Injector } from "../../src/inject/Injector.ts"
import * as Pipeline from "../../src/Pipeline.ts"
import * as EventLoop from "../../src/resources/EventLoop.ts"
import { load } from "../../src/resources/SqliteDriver.ts"
import { Retriever } from "../../src/retrieve/Retriever.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as Forgetting from "../../src/store/Forgetting.ts"
import { MemoryStore, type TakenAlso } from "../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import { layer as inMemory } from "../../src/testing.ts"
import * as testing from "../../src/testing.ts"
import { base, sqliteFile } from "../contract/layers.ts"
import { oneIn, samples, slow } from "../data.ts"
import { copied } from "../e2e/sessions.ts"
import { isLeft, leaveBytes } from "../store/sqlite/left.ts"

const service = ClaudeMemory.layer.pipe(
  Layer.provideMerge(Layer.merge(Injector.layer, SessionRecords.layerInMemory)),
  Layer.provideMerge(Layer.mergeAll(Retriever.layer, Collector.layer, Extractive.layer)),
  Layer.provideMerge(Layer.merge(EmbeddedIndex.layer, testing.models())),
  Layer.provideMerge(SqliteStore.layer),
  Layer.provideMerge(sqliteFile),
  Layer.provideMerge(base)
)

const SHOP = join(samples, "-home-mei-work-shop-api", "43a24c26-cf56-4141-8bb4-24d85373a64c.jsonl")
const DATA = join(samples, "-home-mei-work-----", "8d7b33bc-4278-49e1-b843-700e8fc5ce5c.jsonl")
const RUST = join(samples, "-home-mei-work-rust-indexer", "66698404-81f4-4b9b-ac76-f9a1db17fded.jsonl")

const everywhere = { projects: "all" } as const

const ingest = (...paths: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    yield* Stream.runDrain(memory.ingest(yield* memory.discover(paths)))
  })

const search = (text: string, projects: "all" | ReadonlyArray<string> = "all") =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { results } = yield* memory.search({ projects, text, mode: "hybrid", limit: 20, minScore: 0 })
    return results.map(({ unit }) => unit)
  })

const injected = (prompt: string, projects: "all" | ReadonlyArray<string> = "all") =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const request = { projects, prompt, mode: "comprehensive", maxTokens: 8_000, maxChars: 100_000 } as const
    return (yield* memory.inject(request)).text
  })

const allUnits = Effect.flatMap(MemoryStore, (store) => store.recent(everywhere, 10_000))

const wordsIn = (text: string) => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(" ")
const holds = (sentence: string) => ({ content, summary, title }: MemoryUnit) =>
  [content, summary, title].some((text) => wordsIn(text).includes(wordsIn(sentence)))

const assertGone = (sentence: string) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    assert.deepStrictEqual((yield* allUnits).filter(holds(sentence)).map(({ id }) => id), [])
    assert.deepStrictEqual((yield* search(sentence)).filter(holds(sentence)), [])
    assert.notInclude(wordsIn(yield* injected(sentence)), wordsIn(sentence))
    const { lines, pending } = yield* memory.status
    const skipped = Object.values(lines.skipped).reduce((sum, n) => sum + n, 0)
    assert.strictEqual(lines.total, lines.stored + skipped + lines.deadLetter)
    assert.strictEqual(pending, 0)
    const { missing, orphans } = yield* memory.index.verify
    assert.deepStrictEqual([missing, orphans], [0, 0])
  })

/** Compresses everything captured once more. */
const compressAgain = Effect.gen(function*() {
  const store = yield* MemoryStore
  const { reader } = yield* SqliteFile
  const segments = yield* reader<{ id: string }>`SELECT DISTINCT segment_id AS id FROM messages`
  const sessions = yield* reader<{ id: string }>`SELECT id FROM sessions`
  yield* store.queue("segment", segments.map(({ id }) => id))
  yield* store.queue("session", sessions.map(({ id }) => id))
  yield* Stream.runDrain(Pipeline.settle)
})

describe("what is forgotten", () => {
  it.scoped.each(
    [
      ["In tests never use new Date() without fake timers, that goes for all of us.", SHOP],
      ["以后金额一律用 Decimal，禁止 float", DATA]
    ] as const
  )("is in no memory any more, and does not come again: %s", ([sentence, session]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const memory = yield* ClaudeMemory
      const { file, writer } = yield* SqliteFile
      yield* ingest(session)
      const [unit] = (yield* search(sentence)).filter(holds(sentence))
      assert.include(wordsIn(yield* injected(sentence)), wordsIn(sentence))
      const before = (yield* allUnits).length

      const { messages, units } = yield* memory.forget([unit!.id.slice(0, 13)])
      assert.include(units.map(({ id }) => id), unit!.id)
      assert.isAtLeast(messages.length, 1)
      yield* assertGone(sentence)
      assert.strictEqual((yield* Effect.flip(memory.show(unit!.id)))._tag, "NotFound")
      assert.isAtLeast((yield* allUnits).length, before - 4)

      yield* compressAgain
      yield* writer`DELETE FROM cursors`
      yield* ingest(session)
      yield* assertGone(sentence)
      // A resumed session copies earlier messages, under other uuids.
      const copy = join(yield* fs.makeTempDirectoryScoped(), "copy.jsonl")
      yield* fs.writeFileString(copy, copied(yield* fs.readFileString(session), 1))
      const { messages: known } = yield* memory.status
      yield* ingest(copy)
      assert.isAbove((yield* memory.status).messages, known)
      yield* assertGone(sentence)

      yield* TestClock.adjust("8 days")
      assert.strictEqual(yield* Effect.flatMap(MemoryStore, (store) => store.emptyBin), units.length)
      yield* writer`PRAGMA wal_checkpoint(TRUNCATE)`
      const bytes = Buffer.from(yield* fs.readFile(file))
      for (const written of [sentence, JSON.stringify(sentence).slice(1, -1)]) assert.isFalse(bytes.includes(written))
    }).pipe(Effect.provide(service)))

  it.scoped("leaves none of its words in the database file, the full-text index included", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const memory = yield* ClaudeMemory
      const { file, writer } = yield* SqliteFile
      const { id } = yield* memory.save({
        content: "The quizzaciously named service listens on port 4711.",
        project: { folder: yield* fs.makeTempDirectoryScoped() }
      })
      const isIn = Effect.gen(function*() {
        yield* writer`PRAGMA wal_checkpoint(TRUNCATE)`
        return Buffer.from(yield* fs.readFile(file)).includes("uizzac")
      })
      assert.isTrue(yield* isIn)
      yield* memory.forget([id], { isNow: true })
      assert.isFalse(yield* isIn)
    }).pipe(Effect.provide(service)))

  it.scoped("leaves no bytes of it in the free parts of the file's pages", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const memory = yield* ClaudeMemory
      const { file, writer } = yield* SqliteFile
      const folder = yield* fs.makeTempDirectoryScoped()
      const [first, second] = yield* Effect.forEach(
        ["The harbour office closes at noon.", "Invoices are due in May."],
        (content) => memory.save({ content, project: { folder } })
      )
      yield* writer`PRAGMA wal_checkpoint(TRUNCATE)`
      assert.isFalse(yield* isLeft(file))
      leaveBytes(file)
      yield* memory.wipe
      assert.isTrue(yield* isLeft(file), "nothing was forgotten")
      yield* memory.forget([first!.id])
      yield* memory.wipe
      assert.isTrue(yield* isLeft(file), "it can be undone")

      yield* memory.forget([second!.id], { isNow: true })
      yield* memory.wipe
      assert.isFalse(yield* isLeft(file))
      leaveBytes(file)
      yield* memory.wipe
      assert.isTrue(yield* isLeft(file), "it was wiped already")
    }).pipe(Effect.provide(service)))

  it.scoped.each(["capture", "work"] as const)(
    "leaves no bytes of it once a process that runs for long has seen it: %s",
    (what) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const memory = yield* ClaudeMemory
        const { file, writer } = yield* SqliteFile
        const folder = yield* fs.makeTempDirectoryScoped()
        const { id } = yield* memory.save({ content: "The harbour office closes at noon.", project: { folder } })
        yield* writer`PRAGMA wal_checkpoint(TRUNCATE)`
        leaveBytes(file)
        yield* Effect.forkScoped(Stream.runDrain(what === "work" ? memory.work : memory.capture([folder])))
        yield* memory.forget([id], { isNow: true })
        yield* TestClock.adjust("4 minutes")
        assert.isTrue(yield* isLeft(file))
        yield* TestClock.adjust("2 minutes")
        yield* Effect.repeat(Effect.zipRight(EventLoop.turn, isLeft(file)), { until: (left) => !left, times: 1_000 })
        assert.isFalse(yield* isLeft(file))
      }).pipe(Effect.provide(service))
  )

  slow(it.scoped)(
    "leaves its bytes while another program reads what was there before, and says so",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const memory = yield* ClaudeMemory
        const { file } = yield* SqliteFile
        const folder = yield* fs.makeTempDirectoryScoped()
        const { id } = yield* memory.save({ content: "The harbour office closes at noon.", project: { folder } })
        yield* Effect.acquireUseRelease(
          Effect.sync(() => new (load().DatabaseSync)(file)),
          (other) =>
            Effect.gen(function*() {
              other.exec("BEGIN; PRAGMA user_version")
              yield* memory.forget([id], { isNow: true })
              assert.strictEqual((yield* Effect.flip(memory.wipe)).reason, "Locked")
              other.exec("COMMIT")
            }),
          (other) => Effect.sync(() => other.close())
        )
        yield* memory.wipe
      }).pipe(Effect.provide(service))
  )

  it.scoped("leaves the words of prompts in the records of sessions until it is forgotten for good, alone or with others", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const memory = yield* ClaudeMemory
      const records = yield* SessionRecords.SessionRecords
      const folder = yield* fs.makeTempDirectoryScoped()
      const { id: project } = yield* memory.project(folder)
      const saved = ["Our buyer is Quendolyn Meier.", "The harbour office closes at noon.", "Invoices are due in May."]
      const ids = yield* Effect.forEach(
        saved,
        (content) => Effect.map(memory.save({ content, project: { folder } }), ({ id }) => id)
      )
      for (const [at, id] of ids.entries()) {
        const sent = { at, offset: 0, tokens: 1, ids: [id], pointed: [], isOpening: false, words: [`word-${at}`] }
        yield* records.add("s", { ...sent, event: "UserPromptSubmit" })
      }
      const left = Effect.map(records.get("s"), ({ injections }) => injections.flatMap(({ words }) => words))
      const { operation } = yield* memory.forget([ids[0]!])
      assert.deepStrictEqual(yield* left, ["word-0", "word-1", "word-2"])
      yield* memory.undo(undefined, operation!)
      yield* memory.forget([ids[0]!], { isNow: true })
      assert.deepStrictEqual(yield* left, ["word-1", "word-2"])
      yield* memory.forget([ids[1]!])
      yield* memory.forget([ids[1]!], { isNow: true })
      assert.deepStrictEqual(yield* left, ["word-2"])
      const criteria = { projects: [project], query: "invoices" }
      yield* Stream.runDrain(memory.forgetSelected(criteria, { isNow: true }))
      assert.deepStrictEqual(yield* left, [])
    }).pipe(Effect.provide(service)))

  it.scoped("leaves no trace in what is made again, whichever memory it was", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* ingest(SHOP, DATA)
      const all = yield* allUnits
      // Short sentences and paths are left out, because other units near them say nearly the same.
      const wordsOf = (unit: MemoryUnit) =>
        Forgetting.contentSentences([unit]).filter(({ lexemes, words }) =>
          lexemes.size >= 6 && !/ (?:home|ts|py|sql|md) /.test(words)
        )
      for (const unit of all.filter((_, i) => i % 4 === 0)) {
        const rolledBack = yield* Effect.flip(store.transaction(Effect.gen(function*() {
          yield* store.forget([unit.id])
          yield* Stream.runDrain(Pipeline.settle)
          const remaining = new Set((yield* allUnits).flatMap(wordsOf).map(({ words }) => words))
          const found = wordsOf(unit).filter(({ words }) => remaining.has(words))
          assert.deepStrictEqual(found, [], `${unit.type} ${unit.id}`)
          return yield* Effect.fail("rolled back")
        })))
        assert.strictEqual(rolledBack, "rolled back")
      }
    }).pipe(Effect.provide(inMemory)))

  slow(it.scoped)(
    "says of which others it takes, and which of them are gone, and undone all is as it was",
    () =>
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* ingest(SHOP, RUST, DATA)
        const before = yield* allUnits
        const saying = ({ content, summary, title }: MemoryUnit) => `${title}\n${summary}\n${content}`
        let named = 0
        for (const unit of before.filter(oneIn(1, 4))) {
          const planned = yield* memory.forgetting([unit.id], false)
          const { also, operation } = yield* memory.forget([unit.id])
          const idsOf = ({ gone, units }: TakenAlso) => [...units, ...gone].map(({ id }) => id)
          assert.includeMembers(idsOf(also), idsOf(planned.also), unit.title)
          const now = yield* allUnits
          const left = new Set(now.map(saying))
          const cited = new Set(now.flatMap((each) => evidence(each).map((uuid) => `${each.type} ${uuid}`)))
          for (const { gone } of [planned.also, also]) {
            for (const each of gone) assert.isFalse(left.has(saying(each)), `${unit.title}: ${each.title}`)
          }
          for (const each of also.units) {
            assert.isTrue(evidence(each).some((uuid) => cited.has(`${each.type} ${uuid}`)), each.title)
          }
          for (const other of also.units) assert.isFalse(left.has(saying(other)), `${unit.title}: ${other.title}`)
          named += also.units.length
          yield* memory.undo(undefined, operation!)
          const back = new Map((yield* allUnits).map((each) => [each.id, saying(each)]))
          for (const each of before) assert.strictEqual(back.get(each.id), saying(each), unit.title)
          assert.strictEqual(back.size, before.length)
        }
        assert.isAbove(named, 3)
      }).pipe(Effect.provide(service))
  )
})

describe("what is saved", () => {
  const STATEMENT = "Invoices are numbered without gaps, by the accounting office in Graz."

  it.scoped("is found and injected at once, once, and in its project alone; forgotten, and saved again", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const { id: projectId } = yield* memory.project(folder)
      const request = { content: STATEMENT, files: ["invoices.ts"], project: { folder } }
      const unit = yield* memory.save(request)
      assert.deepInclude(unit, {
        projectId,
        type: "decision",
        title: STATEMENT,
        sessionId: `saved:${unit.id}`,
        content: STATEMENT
      })
      assert.deepStrictEqual(yield* memory.save({ ...request, title: "Another" }), unit)
      assert.deepStrictEqual((yield* search("how are invoices numbered", [projectId])).map(({ id }) => id), [unit.id])
      assert.deepStrictEqual(yield* search("how are invoices numbered", ["another"]), [])
      assert.include(yield* injected("how are invoices numbered in Graz", [projectId]), STATEMENT)
      assert.deepStrictEqual((yield* memory.show(unit.id)).messages, [])
      assert.strictEqual((yield* memory.index.verify).found, 1)

      const { messages, units } = yield* memory.forget([unit.id])
      assert.deepStrictEqual({ units, messages }, { units: [unit], messages: [] })
      assert.deepStrictEqual(yield* search("how are invoices numbered"), [])
      assert.strictEqual((yield* memory.save(request)).id, unit.id)
      assert.strictEqual((yield* search("how are invoices numbered")).length, 1)
      assert.notStrictEqual((yield* memory.save({ ...request, project: { folder: dirname(folder) } })).id, unit.id)
    }).pipe(Effect.provide(service)))

  it.scoped("may be told again in a session once its text is changed, and once that is undone; not with its title", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const memory = yield* ClaudeMemory
      const records = yield* SessionRecords.SessionRecords
      const folder = yield* fs.makeTempDirectoryScoped()
      const { id } = yield* memory.save({ content: "The staging database listens on 5432.", project: { folder } })
      const isTold = Effect.map(records.get("told"), ({ ids }) => ids.has(id))
      const tell = records.add("told", {
        at: yield* Clock.currentTimeMillis,
        event: "UserPromptSubmit",
        offset: 0,
        tokens: 9,
        ids: [id],
        pointed: [],
        isOpening: false,
        words: []
      })
      yield* tell
      yield* memory.edit(id, { title: "Staging" }, "person")
      assert.isTrue(yield* isTold)
      yield* memory.edit(id, { content: "The staging database listens on 5433." }, "person")
      assert.isFalse(yield* isTold)
      yield* tell
      yield* memory.undo("person")
      assert.isFalse(yield* isTold)
    }).pipe(Effect.provide(service)))

  it.scoped("has its secrets masked, the title it is given, and nothing in common with what else is saved", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const secret = `ghp_${"a1B2c3D4".repeat(4)}abcd`
      const project = { folder: "/" }
      const unit = yield* memory.save({
        content: `The token is ${secret}.`,
        title: `Use ${secret}`,
        type: "documentation",
        project
      })
      assert.notInclude(JSON.stringify(unit), secret)
      assert.match(unit.content, /^The token is \[redacted:/)
      assert.match(unit.title, /\[redacted:/)
      const other = yield* memory.save({ content: STATEMENT, sessionId: "s1", project })
      assert.deepStrictEqual([unit.type, other.sessionId], ["documentation", "s1"])
      const store = yield* MemoryStore
      assert.deepStrictEqual(yield* store.neighbours([unit.id, other.id]), [])
      const unknown = yield* Effect.flip(memory.save({ content: STATEMENT, project: { id: "no-such" } }))
      assert.match(unknown.message, /no project is called no-such/)
    }).pipe(Effect.provide(service)))

  it("says something, and no more than a memory holds", () => {
    const decode = (content: string) => Schema.decodeUnknownEither(SaveRequest)({ content, project: { folder: "/" } })
    assert.strictEqual(Either.getOrThrow(decode(`  ${STATEMENT}\n`)).content, STATEMENT)
    for (const content of ["", " \n", "word ".repeat(280), "字".repeat(401)]) {
      assert.isTrue(Either.isLeft(decode(content)))
    }
    assert.isTrue(Either.isRight(decode("字".repeat(399))))
  })
})

describe("projects", () => {
  const namesOf = (projects: ReadonlyArray<{ readonly name: string }>) => projects.map(({ name }) => name)

  it.scoped("are merged, renamed and named by what they were", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* ingest(SHOP, DATA, RUST)
      const [first, second, third] = yield* memory.projects.list
      assert.isAbove(first!.units, 0)
      yield* Effect.flip(memory.projects.merge([first!.name, "no-such"], second!.root))
      yield* Effect.flip(memory.projects.merge([first!.name, second!.name], second!.root))
      assert.lengthOf(yield* memory.projects.list, 3)
      const merged = yield* memory.projects.merge([first!.name], second!.root)
      assert.strictEqual(merged.id, second!.id)
      assert.strictEqual((yield* memory.project(first!.root)).id, second!.id)
      const list = yield* memory.projects.list
      assert.deepStrictEqual(namesOf(list), [second!.name, third!.name])
      assert.isAtMost(list[0]!.units, first!.units + second!.units)
      assert.isAtLeast(list[0]!.units, first!.units)
      assert.deepStrictEqual((yield* memory.index.verify).missing, 0)
      // The merged project's old name and id lead to the new one.
      assert.deepStrictEqual(namesOf(yield* memory.projectsNamed([first!.name, first!.id])), [
        second!.name,
        second!.name
      ])
      const [unit] = yield* memory.recent({ projects: [first!.id] }, 1)
      assert.strictEqual(unit?.projectId, second!.id)
      assert.isAbove((yield* search("test", [first!.id])).length, 0)

      for (const wrong of ["", " \t", "two\nlines", "a\u0007bell", "\u200b", "x".repeat(201)]) {
        const refused = yield* Effect.flip(memory.projects.rename(second!.id, wrong))
        assert.deepInclude(refused, { _tag: "ProjectError", reason: "Name" })
        assert.match(refused.message, /^a project's name has 1 to 100 characters/)
      }
      for (const taken of ["all", third!.id, third!.root]) {
        const refused = yield* Effect.flip(memory.projects.rename(second!.id, taken))
        assert.deepInclude(refused, { _tag: "ProjectError", reason: "Taken" })
      }
      for (const [name, reason] of [["", "Name"], ["y".repeat(101), "Name"], ["all", "Taken"]] as const) {
        assert.deepInclude(yield* Effect.flip(memory.given.project(name)), { _tag: "ProjectError", reason })
      }
      assert.strictEqual((yield* memory.projects.rename(second!.id, "x".repeat(100))).name, "x".repeat(100))
      assert.strictEqual((yield* memory.projects.rename(second!.id, " renamed\n")).name, "renamed")
      yield* ingest(SHOP, DATA, RUST)
      assert.deepStrictEqual(namesOf(yield* memory.projects.list), ["renamed", third!.name].sort())
      const same = yield* Effect.flip(memory.projects.merge(["renamed"], first!.name))
      assert.deepInclude(same, { _tag: "ProjectError", reason: "Same" })
      yield* memory.projects.rename(third!.id, "renamed")
      const several = yield* Effect.flip(memory.projects.exclude("renamed", true))
      assert.deepInclude(several, { _tag: "ProjectError", reason: "Several" })
      assert.include(several.message, third!.root)
      yield* memory.projects.exclude(third!.root, true)
      const excluded = yield* Effect.flip(memory.projects.merge([third!.root], second!.root))
      assert.deepInclude(excluded, { _tag: "ProjectError", reason: "Excluded", project: third!.root })
      assert.lengthOf(yield* memory.projects.list, 2)
      const missing = yield* Effect.flip(memory.projects.merge(["no-such"], "renamed"))
      assert.deepInclude(missing, { _tag: "NotFound", what: "project" })
    }).pipe(Effect.provide(service)))

  it.scoped("that are excluded are not read, and told to nobody who did not ask; what came meanwhile is caught up", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const memory = yield* ClaudeMemory
      const home = yield* Effect.flatMap(fs.makeTempDirectoryScoped(), fs.realPath)
      const folder = join(home, "secret-works")
      yield* fs.makeDirectory(folder)
      const transcript = join(home, "t.jsonl")
      const line = (uuid: string, content: string) =>
        JSON.stringify({
          type: "user",
          uuid,
          sessionId: "s1",
          cwd: folder,
          timestamp: "2026-11-01T10:00:00.000Z",
          message: { role: "user", content }
        })
      yield* fs.writeFileString(transcript, `${line("1", "Always paint the lighthouse door green, never red.")}\n`)

      // The project is excluded before anything of it was captured.
      const { id } = yield* memory.projects.exclude(folder, true)
      yield* ingest(transcript)
      assert.deepStrictEqual([yield* allUnits, (yield* memory.status).files], [[], 0])
      yield* memory.projects.exclude("secret-works", false)
      yield* ingest(transcript)
      assert.isAbove((yield* search("lighthouse door")).length, 0)

      yield* memory.projects.exclude(id, true)
      for (const by of ["person", "claude"] as const) {
        for (const project of [{ folder }, { id }]) {
          const refused = yield* Effect.flip(memory.save({ content: "The lighthouse is painted green.", by, project }))
          assert.strictEqual(refused._tag, "InvalidRequest")
          assert.include(refused.message, "claude-memory projects include")
        }
      }
      yield* fs.writeFileString(transcript, `${line("2", "Always keep the harbour lamp lit, never dark.")}\n`, {
        flag: "a"
      })
      yield* ingest(transcript)
      assert.deepStrictEqual(yield* search("lighthouse door"), [])
      assert.strictEqual(yield* injected("lighthouse door", [id]), "")
      assert.deepStrictEqual((yield* memory.timeline({ limit: 10 })).units, [])
      assert.isAbove((yield* search("lighthouse door", [id])).length, 0)
      assert.deepStrictEqual(
        yield* search("harbour lamp", [id]).pipe(Effect.map((all) => all.filter(holds("harbour lamp")))),
        []
      )

      yield* memory.projects.exclude(id, false)
      yield* ingest(transcript)
      assert.isAbove((yield* search("harbour lamp")).filter(holds("harbour lamp")).length, 0)
    }).pipe(Effect.provide(service)))

  it.scoped("that are excluded while they are read are read no further, and caught up later", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const memory = yield* ClaudeMemory
      const home = yield* Effect.flatMap(fs.makeTempDirectoryScoped(), fs.realPath)
      const sessions = ["one", "two", "three"]
      const files = sessions.map((name) => join(home, `${name}.jsonl`))
      for (const [i, name] of sessions.entries()) {
        const said = {
          type: "user",
          uuid: name,
          sessionId: name,
          cwd: home,
          timestamp: "2026-11-01T10:00:00.000Z",
          message: { role: "user", content: `Always paint lighthouse ${name} green, never red.` }
        }
        yield* fs.writeFileString(files[i]!, `${JSON.stringify(said)}\n`)
      }
      const read: Array<string> = []
      yield* Stream.runForEach(memory.ingest(yield* memory.discover(files)), (step) => {
        if (step._tag !== "Captured" || step.captured.result._tag === "Conflict") return Effect.void
        read.push(step.captured.file.path)
        return memory.projects.exclude(home, true)
      })
      assert.lengthOf(read, 1)
      assert.strictEqual((yield* memory.status).sessions, 1)
      yield* memory.projects.exclude(home, false)
      yield* ingest(...files)
      assert.strictEqual((yield* memory.status).sessions, 3)
    }).pipe(Effect.provide(service)))
})

describe("a memory's words", () => {
  it.scoped("are within their bounds, whoever gives them", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const project = { folder: "/yard" }
      const { id } = yield* memory.save({ content: " The crane moves on Friday. ", project })
      const refused = [
        memory.save({ content: " ", project }),
        memory.save({ content: "word ".repeat(120_000), project }),
        memory.save({ content: "The crane stays.", title: "t".repeat(201), project }),
        memory.edit(id, { title: "" }, "person"),
        memory.edit(id, { title: "t".repeat(201) }, "person"),
        memory.edit(id, { content: "中".repeat(500) }, "person"),
        memory.save({ content: "The crane stays.", type: "archive", project }),
        memory.edit(id, { type: "archive" }, "claude")
      ]
      const errors = yield* Effect.forEach(
        refused,
        (change) => Effect.flip<unknown, { message: string }, never>(change)
      )
      assert.deepStrictEqual(errors.map(({ message }) => message), [
        "there is nothing to save",
        "a memory holds at most 1320 characters (400 of Chinese) and 400 tokens; save it in parts",
        "a title has at most 200 characters; shorten it",
        "a title can't be empty",
        "a title has at most 200 characters; shorten it",
        "a memory holds at most 1320 characters (400 of Chinese) and 400 tokens; save it in parts",
        "an archive is made of a whole session; save it as another type",
        "only a session's summary has the type archive; choose another type"
      ])
      assert.deepStrictEqual(
        (yield* memory.recent(everywhere, 10)).map(({ content }) => content),
        ["The crane moves on Friday."]
      )
    }).pipe(Effect.provide(service)))
})

describe("numbers and ids that are none", () => {
  it.scoped("find nothing, and change nothing", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* ingest(SHOP)
      const total = (yield* allUnits).length
      const lists = [
        (limit: number) => memory.recent(everywhere, limit),
        (limit: number) => memory.sessions(everywhere, limit),
        (limit: number) => memory.least("all", limit),
        (limit: number) => memory.deadLetters(limit),
        (limit: number) => memory.failures(limit),
        (limit: number) => memory.recentChanges(limit),
        (limit: number) => Effect.map(memory.timeline({ limit }), ({ units }) => units)
      ]
      for (const list of lists) for (const limit of [-1, NaN, 0]) assert.lengthOf(yield* list(limit), 0)
      assert.lengthOf(yield* memory.recent(everywhere, 1.5), 1)
      assert.lengthOf(yield* memory.recent(everywhere, Infinity), total)
      for (const operation of [1.5, NaN]) {
        const error = yield* Effect.flip(memory.undo("person", operation))
        assert.deepInclude(error, { _tag: "NotUndoable", reason: "Unknown" })
      }
      for (const id of ["", "\0"]) {
        assert.deepInclude(yield* Effect.flip(memory.session(id)), { what: "session", known: [] })
        assert.deepInclude(yield* Effect.flip(memory.sessionIdMeant(id)), { what: "session", known: [] })
        const error = yield* Effect.flip(memory.show(id))
        assert.deepInclude(error, { what: "unit", known: [] })
        assert.match(String(error), /^NotFound: no memory has the id/)
      }
    }).pipe(Effect.provide(service)))
})

describe("the timeline", () => {
  it.scoped("is the same from page to page, forward and back", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* ingest(SHOP, DATA)
      const total = (yield* allUnits).length
      const walk = (direction: "previous" | "next", from: Parameters<typeof memory.timeline>[0]) =>
        Effect.gen(function*() {
          const pages = [yield* memory.timeline(from)]
          for (let cursor = pages[0]![direction]; cursor !== null; cursor = pages.at(-1)![direction]) {
            pages.push(yield* memory.timeline({ projects: from.projects, limit: from.limit, cursor }))
          }
          return (direction === "next" ? pages : pages.reverse()).flatMap(({ units }) => units)
        })
      const back = yield* walk("previous", { limit: 7 })
      assert.strictEqual(back.length, total)
      const times = back.map(({ occurredAt }) => occurredAt)
      assert.deepStrictEqual(times, times.toSorted((a, b) => a - b))
      const forward = yield* walk("next", { limit: 11, around: { time: 0 } })
      assert.deepStrictEqual(forward.map(({ id }) => id), back.map(({ id }) => id))

      const own = back.filter(({ projectId }) => projectId === back[10]!.projectId)
      const at = Math.floor(own.length / 2)
      const unit = own[at]!
      const around = yield* memory.timeline({ limit: 5, around: { unit: unit.id.slice(0, 13) } })
      assert.deepStrictEqual(around.units.map(({ id }) => id), own.slice(at - 2, at + 3).map(({ id }) => id))
      const session = yield* memory.timeline({ limit: 100, sessionId: unit.sessionId.slice(0, 8) })
      assert.deepStrictEqual(new Set(session.units.map(({ sessionId }) => sessionId)), new Set([unit.sessionId]))
      assert.deepStrictEqual([session.previous, session.next], [null, null])

      assert.deepStrictEqual(yield* memory.timeline({ limit: 5, sessionId: "no-such" }), {
        units: [],
        previous: null,
        next: null
      })
      const wrong = yield* Effect.flip(memory.timeline({ limit: 5, cursor: "nonsense" }))
      assert.deepInclude(wrong, { _tag: "NotFound", what: "cursor" })
      const unknown = yield* Effect.flip(memory.timeline({ limit: 5, around: { unit: "no-such" } }))
      assert.deepInclude(unknown, { _tag: "NotFound", what: "unit" })
    }).pipe(Effect.provide(service)))
})
