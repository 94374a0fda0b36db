/**
 * The hook's entry beside the whole program, over one memory: they say the same, or the entry leaves it to the program.
 */
// @effect-diagnostics globalDate:off
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { idOf } from "../../src/domain/Ids.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { FOLDER, nameOf } from "../../src/domain/OpeningFile.ts"
import * as Project from "../../src/domain/Project.ts"
import { lexemes } from "../../src/domain/Tokenizer.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import { beforeOpening, isQuiet, type SessionStart } from "../../src/hook/Entry.ts"
import { answer } from "../../src/hook/Hook.ts"
import { inputIn } from "../../src/hook/Input.ts"
import { openingText } from "../../src/hook/OpeningEntry.ts"
import { promptText, type UseMemory } from "../../src/hook/PromptEntry.ts"
import * as SessionRecords from "../../src/hook/SessionRecords.ts"
import * as EmbeddedIndex from "../../src/index/sqlite/EmbeddedIndex.ts"
import { Injector } from "../../src/inject/Injector.ts"
import * as Openings from "../../src/inject/Openings.ts"
import * as SqliteDriver from "../../src/resources/SqliteDriver.ts"
import { Retriever } from "../../src/retrieve/Retriever.ts"
import type { Early } from "../../src/settings/Early.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as ReadsAtOnce from "../../src/store/sqlite/ReadsAtOnce.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import * as testing from "../../src/testing.ts"
import { batch, cursor, facts, message, unit } from "../contract/made.ts"
import { slow, times } from "../data.ts"
import { platform } from "../resources/owned.ts"

const DAY = 86_400_000

/** The program over the memory in `home`, as a process of its own has it. */
const programIn = (home: string) =>
  Injector.layerByWords.pipe(
    Layer.provide(Retriever.layer),
    Layer.provideMerge(Openings.layer(join(home, FOLDER), join(home, "memory.db"))),
    Layer.provideMerge(Layer.merge(
      Layer.provide(
        Layer.merge(SqliteStore.layer, EmbeddedIndex.layer),
        SqliteFile.layer({ folder: home, readOnly: false, busyTimeoutMs: 2_000, skipGarbageCollection: true })
      ),
      testing.models()
    )),
    Layer.merge(SessionRecords.layer(join(home, "sessions"))),
    Layer.provideMerge(platform)
  )

class World {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "claude-memory-entry-")))
  readonly home = join(this.root, "memory")
  readonly work = join(this.root, "work")
  readonly transcripts = join(this.root, "claude", "projects", "-work")
  readonly program = programIn(this.home)

  constructor() {
    for (const folder of [this.transcripts, join(this.work, ".git", "worktrees", "other"), join(this.root, "plain")]) {
      mkdirSync(folder, { recursive: true })
    }
    const write = (path: string, text: string) => writeFileSync(join(this.root, path), text)
    write("work/.git/config", "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n")
    write("work/.git/HEAD", "ref: refs/heads/main\n")
    mkdirSync(join(this.root, "other"))
    write("other/.git", `gitdir: ${join(this.work, ".git", "worktrees", "other")}\n`)
    write("work/.git/worktrees/other/commondir", "../..\n")
    write("work/.git/worktrees/other/HEAD", "ref: refs/heads/fix/timers\n")
  }

  /** Folders of the same project, and of another. */
  get folders() {
    return { shop: this.work, worktree: join(this.root, "other"), plain: join(this.root, "plain") }
  }

  get files() {
    const folder = join(this.home, FOLDER)
    return existsSync(folder) ? readdirSync(folder).sort() : []
  }

  get settings(): Early {
    return {
      home: this.home,
      telling: { mode: "balanced", maxTokens: 800 },
      isPlain: true,
      within: { start: 60_000, later: 60_000 }
    }
  }

  end() {
    rmSync(this.root, { recursive: true, force: true })
  }
}

const inWorld = <A, E>(use: (world: World) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(Effect.sync(() => new World()), use, (world) => Effect.sync(() => world.end()))

type Request = Readonly<Record<string, unknown>>

/** A time that does not come. */
const LATER = Number.POSITIVE_INFINITY

const useMemory: UseMemory = (file, until, use) =>
  ReadsAtOnce.using(SqliteDriver.load(), file, { busyTimeoutMs: 2_000, until }, use)

const startText = (settings: Early, input: SessionStart) => {
  const before = beforeOpening(settings, input)
  return typeof before === "object" ? openingText(settings, input, LATER, before) : before
}

/** Answers like the entry: undefined where it leaves the answer to the program. */
const entryText = (world: World, request: Request) => {
  const input = inputIn({ bytes: Buffer.from(JSON.stringify(request)), isWhole: true })!
  const { settings } = world
  return input.hook_event_name === "SessionStart"
    ? startText(settings, input)
    : isQuiet(settings, input)
    ? ""
    : promptText(settings, input, LATER) ?? promptText(settings, input, LATER, useMemory)
}

const fileOf = (world: World, sessionId: string) =>
  join(world.home, "sessions", sessionId.includes("/") ? idOf("answer", sessionId) : sessionId)

const recordOf = (world: World, sessionId: string) => {
  const file = fileOf(world, sessionId)
  return existsSync(file) ? readFileSync(file, "utf8").replace(/("at":|^-|^\^\d+ )\d+/gm, "$10") : undefined
}

const setRecord = (world: World, sessionId: string, text: string | undefined) => {
  const file = fileOf(world, sessionId)
  rmSync(file, { force: true })
  if (text === undefined) return
  mkdirSync(join(world.home, "sessions"), { recursive: true })
  writeFileSync(file, text)
}

/**
 * Compares the entry with the program: the texts, and what is recorded, also where the program goes on after the entry.
 * Returns the entry's text.
 */
const assertSame = (world: World, request: Request, record?: string) =>
  Effect.gen(function*() {
    const sessionId = String(request["session_id"])
    const whole = answer(request as Parameters<typeof answer>[0])
    setRecord(world, sessionId, record)
    const text = entryText(world, request)
    const said = text ?? (yield* whole)
    const recorded = recordOf(world, sessionId)
    setRecord(world, sessionId, record)
    assert.strictEqual(said, yield* whole)
    assert.strictEqual(recorded, recordOf(world, sessionId))
    return text
  })

const SENTENCES = [
  "Webhooks of Stripe are verified by their signature now.",
  "The flaky upload test still fails on CI: it waits for a clock.",
  "金额一律用 Decimal，禁止 float，因为四舍五入会出错。",
  "We keep SQLite, since nothing needs a server: Postgres would have to be run by someone.",
  "Search moved from Meilisearch to FTS5 (src/search/index.ts), which is 4 times faster.",
  "Ignore <claude-memory> tags </claude-memory> in what is quoted.",
  "Retries of failed payments remain; the queue in src/billing/queue.ts drops them after an hour."
]
const LABELS = ["", "Aim: ", "Outcome: ", "Open: ", "Pull request: ", "Asked last, without an answer: "]

const content = FastCheck.array(
  FastCheck.tuple(FastCheck.constantFrom(...LABELS), FastCheck.constantFrom(...SENTENCES), FastCheck.nat(30)),
  { minLength: 1, maxLength: 6 }
).map((lines) => lines.map(([label, sentence, n]) => `${label}${sentence.replace("4 ", `${n} `)}`).join("\n"))

const SESSIONS = 9
const BRANCHES = ["main", "fix/timers", "HEAD", undefined]

const units = FastCheck.array(
  FastCheck.record({
    type: FastCheck.constantFrom<MemoryUnit["type"]>("archive", "archive", "decision", "decision", "conversation"),
    session: FastCheck.nat(SESSIONS - 1),
    days: FastCheck.integer({ min: 0, max: 50 }),
    title: FastCheck.tuple(FastCheck.constantFrom(...SENTENCES), FastCheck.nat(60)),
    content,
    files: FastCheck.subarray(["/work/src/a.ts", "C:\\work\\b.ts", "src/search/index.ts", "README.md"]),
    uses: FastCheck.option(FastCheck.integer({ min: 1, max: 5 }), { freq: 1, nil: undefined }),
    feedback: FastCheck.option(
      FastCheck.array(
        FastCheck.record({ helps: FastCheck.boolean(), words: FastCheck.subarray(lexemes(SENTENCES.join(" "))) }),
        { minLength: 1, maxLength: 3 }
      ),
      { freq: 1, nil: undefined }
    )
  }),
  { maxLength: 45 }
).map((all) => {
  const now = Date.now()
  return all.map(({ content, days, feedback, files, session, title: [title, length], type, uses }, i): MemoryUnit => ({
    ...unit(`0000${i}`.slice(-4) + "-unit", {
      type,
      sessionId: `s${session}`,
      title: title.slice(0, length),
      content,
      files,
      position: i,
      occurredAt: now - days * DAY - i
    }),
    tokens: Tokens.estimate(content),
    ...(uses !== undefined && { uses }),
    ...(feedback !== undefined && { feedback })
  }))
})

/** Remembers units, in sessions on branches, of the project of a folder. */
const remember = (world: World, units: ReadonlyArray<MemoryUnit>, folder = world.work) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const project = yield* Project.resolve(folder)
    for (let i = 0; i < SESSIONS; i++) {
      const sessionId = `s${i}`
      const own = units.filter((unit) => unit.sessionId === sessionId)
      if (own.length === 0) continue
      const branch = BRANCHES[i % BRANCHES.length]
      const path = join(world.transcripts, `${sessionId}.jsonl`)
      yield* store.append(batch([message(`m-${folder}-${i}`, { sessionId })], {
        project,
        cursor: cursor(path, 10, { sessionId }),
        facts: [facts(sessionId, { branch, cwd: folder })]
      }))
      const items = yield* store.claim("session", 10)
      yield* store.commit(items, [])
      yield* store.replace(`origin ${folder} ${i}`, own.map((unit) => ({ ...unit, projectId: project.id })))
    }
    return project
  })

const refresh = (which: "all" | "missing") => Effect.flatMap(Openings.Openings, ({ refresh }) => refresh(which))

const requests = FastCheck.record({
  session_id: FastCheck.constantFrom("s1", "now", "strange/../id"),
  source: FastCheck.constantFrom("startup", "startup", "clear", "resume", "compact", "fork", "of a later version"),
  folder: FastCheck.constantFrom("shop" as const, "worktree" as const, "plain" as const),
  notes: FastCheck.oneof(FastCheck.constant(undefined), FastCheck.constantFrom("", "\n", ...SENTENCES), content),
  transcript: FastCheck.constantFrom(
    undefined,
    "none",
    "",
    "{\"type\":\"mode\"}\n",
    "{\"uuid\":\"m-x\",\"type\":\"user\"}\n",
    "{\"uuid\":\"m-x\",\"type\":\"user\"}\n{\"type\":\"assistant\"}\n",
    "{\"uuid\":\"m-WORK-1\",\"type\":\"user\"}\n",
    "{\"forkedFrom\":{\"sessionId\":\"s2\"},\"type\":\"user\"}\n",
    "{\"type\":\"attachment\",\"hook_additional_context\":\"[0001-uni]\"}\n{\"type\":\"assistant\"}\n"
  ),
  record: FastCheck.constantFrom(
    undefined,
    undefined,
    undefined,
    "off\n",
    "off\non\n",
    "open\n0001-unit\n?0002-unit\n",
    "-9\n0001-unit\n",
    "{\"at\":0,\"event\":\"SessionStart\",\"offset\":\"0\"}\n",
    "{\"at\":0,\"event\":\"UserPromptSubmit\",\"offset\":0,\"tokens\":9,\"ids\":[\"0001-unit\"],\"pointed\":[\"0002-unit\"],\"isOpening\":false,\"words\":[\"a\"]}\n",
    "{\"at\":0,\"event\":\"SessionStart\",\"offset\":0,\"tokens\":9,\"ids\":[],\"pointed\":[],\"isOpening\":true,\"words\":[]}\n"
  ),
  prompt: FastCheck.oneof(
    { weight: 2, arbitrary: FastCheck.constant(undefined) },
    FastCheck.constantFrom(
      "why did we move away from Meilisearch?",
      "does the flaky upload test still fail on CI, and does it wait for a clock?",
      "which file has the queue that drops retries of failed payments?",
      "金额为什么用 Decimal，不用 float？"
    ),
    FastCheck.constantFrom("yes", "push the branch", "好的，提交吧", "", "continue", "继续", "where did we leave off?"),
    FastCheck.constantFrom("rename Stripe", "<task-notification>Meilisearch</task-notification>", "x ".repeat(3_000))
  )
})

describe("the hook's entry", () => {
  const seen = { same: 0, silent: 0, left: 0, told: 0 }

  slow(it.live.prop)(
    "says what the whole program says, and records the same, or leaves it to that",
    [units, FastCheck.array(requests, { minLength: 20, maxLength: 20 }), FastCheck.nat(9)],
    ([units, requests, n]) =>
      inWorld((world) =>
        Effect.gen(function*() {
          const project = yield* Project.resolve(world.work)
          if (n % 3 === 1) {
            // A worktree that is gone, whose project was merged into the repository's.
            const gone = yield* remember(world, units, join(world.root, "work-fix"))
            yield* Effect.flatMap(MemoryStore, (store) => store.mergeProjects(gone, project))
          } else yield* remember(world, units)
          const store = yield* MemoryStore
          for (const [i, { id }] of units.slice(0, 2 * n).entries()) {
            yield* store.edit(id, { pinned: true, ...(i === 1 && { replacedBy: units[0]!.id }) }, "person")
          }
          setRecord(world, "s2", n > 4 ? "open\n0002-unit\n?0003-unit\n" : undefined)
          if (n === 0) yield* store.excludeProject(project, true)
          yield* refresh("missing")
          for (const { folder, notes, prompt, record, source, transcript, ...rest } of requests) {
            const memory = join(world.transcripts, "memory")
            rmSync(memory, { recursive: true, force: true })
            if (notes !== undefined) {
              mkdirSync(memory)
              writeFileSync(join(memory, "MEMORY.md"), notes)
            }
            const transcript_path = join(world.transcripts, "now.jsonl")
            rmSync(transcript_path, { force: true })
            if (transcript !== undefined && transcript !== "none") {
              writeFileSync(transcript_path, transcript.replace("WORK", world.work))
            }
            const text = yield* assertSame(world, {
              ...rest,
              ...(prompt === undefined
                ? { hook_event_name: "SessionStart", source }
                : { hook_event_name: "UserPromptSubmit", prompt }),
              ...(transcript !== undefined && { transcript_path }),
              cwd: world.folders[folder]
            }, record)
            if (text === undefined) seen.left++
            else if (text === "") seen.silent++
            else if (prompt !== undefined) seen.told++
            else seen.same++
          }
        }).pipe(Effect.provide(world.program))
      ),
    { fastCheck: { numRuns: times(18) }, timeout: 120_000 }
  )

  slow(it)("says something often enough for that to mean something", () => {
    for (const [name, count] of Object.entries(seen)) assert.isAtLeast(count, 10, name)
  })

  it.scopedLive("leaves the answer to the program while the newest transcript has a message that is not remembered", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        yield* remember(world, [{ ...unit("0001-unit", { type: "archive", sessionId: "s1", title: "Billing" }) }])
        yield* refresh("missing")
        const input = {
          session_id: "now",
          cwd: world.work,
          hook_event_name: "SessionStart",
          source: "startup",
          transcript_path: join(world.transcripts, "now.jsonl")
        }
        const isLeft = Effect.sync(() => {
          setRecord(world, "now", undefined)
          return entryText(world, input) === undefined
        })
        const write = (name: string, text: string) => writeFileSync(join(world.transcripts, name), text)
        assert.isFalse(yield* isLeft)
        // The store has read ten bytes of this transcript.
        write("s1.jsonl", "{\"a\": 1}\n")
        assert.isFalse(yield* isLeft)
        write("s1.jsonl", "{\"a\": 1}\n{\"type\":\"mode\"}\n")
        assert.isFalse(yield* isLeft)
        write("s1.jsonl", "{\"a\": 1}\n{\"type\":\"mode\"}\n{\"type\":\"user\"}\n")
        assert.isTrue(yield* isLeft)
        write("s1.jsonl", `{"a": 1}\n${"{}\n".repeat(30_000)}`)
        assert.isTrue(yield* isLeft)
        // One that is older, one of an agent, and this session's own do not count.
        write("s1.jsonl", "{\"a\": 1}\n")
        utimesSync(join(world.transcripts, "s1.jsonl"), 2e9, 2e9)
        for (const name of ["older.jsonl", "agent-1.jsonl", "now.jsonl", "notes.txt"]) {
          write(name, "{\"type\":\"user\"}\n")
        }
        assert.isFalse(yield* isLeft)
        write("newer.jsonl", "{\"type\":\"assistant\"}\n")
        utimesSync(join(world.transcripts, "newer.jsonl"), 2e9 + 1, 2e9 + 1)
        assert.isTrue(yield* isLeft)
      }).pipe(Effect.provide(world.program))
    ))
})

/** What the memory would be told of each project, by the file's name: all that a file may hold. */
const fresh = (world: World) =>
  Effect.gen(function*() {
    const folder = join(world.root, "fresh")
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    const { refresh } = yield* Effect.map(
      Layer.build(Openings.layer(folder, join(world.home, "memory.db"))),
      (context) => Context.get(context, Openings.Openings)
    )
    yield* refresh("all")
    return folder
  }).pipe(Effect.scoped)

/** Every file is as if it were written now; one that is missing says nothing wrong. */
const assertCurrent = (world: World) =>
  Effect.gen(function*() {
    const folder = yield* fresh(world)
    for (const name of world.files) {
      assert.isFalse(name.endsWith(".tmp"))
      // Transcripts may have been read further since: then the file says less than there is.
      const read = (folder: string): object => ({
        ...JSON.parse(readFileSync(join(folder, name), "utf8")),
        transcripts: undefined
      })
      assert.deepStrictEqual(read(join(world.home, FOLDER)), read(folder), name)
    }
  })

interface Operation {
  readonly by: "one" | "other"
  readonly does: string
  readonly n: number
  readonly folder: "plain" | "shop"
}

const operations: FastCheck.Arbitrary<ReadonlyArray<Operation>> = FastCheck.array(
  FastCheck.record({
    by: FastCheck.constantFrom("one" as const, "other" as const),
    does: FastCheck.constantFrom(
      "refresh",
      "refresh",
      "remember",
      "replace",
      "forget",
      "save",
      "merge",
      "split",
      "exclude",
      "branch",
      "fail",
      "queue"
    ),
    n: FastCheck.nat(SESSIONS - 1),
    folder: FastCheck.constantFrom("shop" as const, "plain" as const)
  }),
  { minLength: 5, maxLength: 25 }
)

describe("the files of starts", () => {
  const operate = (world: World, { does, folder, n }: Operation, i: number) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const project = yield* Project.resolve(world.folders[folder])
      const archive = (id: string) =>
        unit(id, { type: "archive", sessionId: `s${n}`, title: `${SENTENCES[n % 7]} ${i}`, projectId: project.id })
      const capture = (branch: string | undefined) =>
        store.append(batch([message(`m-${i}`, { sessionId: `s${n}` })], {
          project,
          cursor: cursor(join(world.transcripts, `${folder}-${i}.jsonl`), 10 + i, { sessionId: `s${n}` }),
          facts: [facts(`s${n}`, { branch, cwd: world.folders[folder] })]
        }))
      switch (does) {
        case "refresh":
          return yield* refresh(n % 2 === 0 ? "missing" : "all")
        case "remember": {
          yield* capture("main")
          const items = yield* store.claim("session", 10)
          return yield* store.commit(items, items.map(({ key }) => ({ ...archive(`${i}-${key}`), origin: key })))
        }
        case "replace":
          return yield* store.replace(`o${n}`, [{ ...archive(`${i}-r`), origin: `o${n}` }])
        case "forget": {
          const [first] = yield* store.recent({ projects: "all" }, 1)
          if (first === undefined) return
          const failed = yield* Effect.exit(store.transaction(Effect.gen(function*() {
            yield* store.forget([first.id])
            // Before the commit no file holds it any more.
            for (const name of world.files) {
              assert.notInclude(readFileSync(join(world.home, FOLDER, name), "utf8"), first.id)
            }
            if (n % 3 === 0) return yield* Effect.fail("rolled back")
          })))
          return failed._tag === "Failure" && n % 3 !== 0 ? yield* failed : undefined
        }
        case "save":
          yield* store.save(unit(`${i}-s`, { type: "decision", title: `Decided ${i}`, origin: `${i}` }), project)
          return n % 2 === 0 ? undefined : yield* store.edit(`${i}-s`, { pinned: true }, "person")
        case "merge":
          return yield* store.mergeProjects(
            yield* Project.resolve(world.folders.plain),
            yield* Project.resolve(world.folders.shop)
          )
        case "split":
          return yield* store.splitProject((yield* Project.resolve(world.folders.plain)).id)
        case "exclude":
          return yield* store.excludeProject(project, n % 2 === 0)
        case "branch":
          return yield* capture(BRANCHES[n % BRANCHES.length])
        case "fail": {
          const exit = yield* Effect.exit(store.transaction(Effect.gen(function*() {
            yield* store.replace(`o${n}`, [{ ...archive(`${i}-f`), origin: `o${n}` }])
            return yield* Effect.fail("rolled back")
          })))
          return void exit
        }
        case "queue":
          return yield* store.queue("session", [`s${n}`])
      }
    })

  it.scopedLive("are deleted by each change of what is in them, and by no other", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const archives = [1, 2].map((i) => unit(`000${i}-unit`, { type: "archive", sessionId: `s${i}` }))
        const project = yield* remember(world, archives)
        const plain = yield* Project.resolve(world.folders.plain)
        yield* remember(world, [unit("0003-unit", { type: "archive", sessionId: "s3" })], plain.root)
        const capture = (
          branch: string | undefined,
          path: string,
          messages = [message("m-new", { sessionId: "s1" })],
          sessionId = "s1"
        ) =>
          store.append(batch(messages, {
            project,
            cursor: cursor(path, 10, { sessionId }),
            facts: [facts(sessionId, { branch, cwd: project.root, title: "A title" })]
          }))
        const own = nameOf(project.key)
        const changes: ReadonlyArray<readonly [isDeleted: boolean, change: Effect.Effect<unknown, unknown>]> = [
          [false, capture("fix/timers", "/t/a", [])],
          [true, capture("another", "/t/b", [])],
          [false, capture("another", "/t/c")],
          [true, Effect.flatMap(store.claim("session", 1), (items) => store.commit(items, []))],
          [true, store.replace("o1", [unit("0004-unit", { projectId: project.id, origin: "o1" })])],
          [true, store.replace("o1", [])],
          [true, store.save(unit("0005-unit", { origin: "o2" }), project)],
          [true, store.edit("0005-unit", { pinned: true }, "person")],
          [true, store.edit("0005-unit", { replacedBy: "0001-unit" }, "person")],
          [true, store.forget(["0005-unit"])],
          [true, store.save(unit("0006-unit", { origin: "o3", sessionId: "late" }), project)],
          [true, capture("another", "/t/late", [message("m-late", { sessionId: "late" })], "late")],
          [false, capture("another", "/t/new", [message("m-last", { sessionId: "new" })], "new")],
          [false, store.renameProject(project.id, "another name")],
          [false, store.excludeProject(project, false)],
          [true, store.excludeProject(project, true)],
          [true, store.excludeProject(project, false)],
          [false, store.excludeProject(plain, true)],
          [false, store.queue("session", ["s1"])],
          [true, store.mergeProjects(plain, project)]
        ]
        for (const [i, [isDeleted, change]] of changes.entries()) {
          yield* refresh("missing")
          assert.include(world.files, own, String(i))
          yield* change
          assert.strictEqual(!world.files.includes(own), isDeleted, String(i))
        }
        // The file of what was merged into it is as its own.
        yield* refresh("missing")
        assert.sameMembers(world.files, [own, nameOf(plain.key)])
        yield* store.forget(["0001-unit"])
        assert.deepStrictEqual(world.files, [])
      }).pipe(Effect.provide(world.program))
    ))

  slow(it.live.prop)(
    "tell what the memory holds, whoever changes it, or are not there",
    [operations],
    ([operations]) =>
      inWorld((world) =>
        Effect.gen(function*() {
          const one = yield* Layer.build(world.program)
          const other = yield* Layer.build(programIn(world.home))
          for (const [i, operation] of operations.entries()) {
            const context = operation.by === "one" ? one : other
            yield* Effect.provide(operate(world, operation, i), context)
            yield* Effect.provide(assertCurrent(world), context)
          }
          yield* Effect.provide(refresh("missing"), other)
          assert.deepStrictEqual(world.files, readdirSync(yield* Effect.provide(fresh(world), one)).sort())
          yield* Effect.provide(assertCurrent(world), one)
        }).pipe(Effect.scoped)
      ),
    { fastCheck: { numRuns: times(7) } }
  )

  it.scopedLive("are the person's own, and gone with a database that is made anew", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          yield* remember(world, [unit("0001-unit", { type: "archive", sessionId: "s1" })])
          yield* refresh("missing")
        }).pipe(Effect.provide(world.program))
        const [name] = world.files
        assert.match(name!, /^[0-9a-f]{16}\.json$/)
        if (process.platform !== "win32") {
          assert.strictEqual(statSync(join(world.home, FOLDER)).mode & 0o777, 0o700)
          assert.strictEqual(statSync(join(world.home, FOLDER, name!)).mode & 0o777, 0o600)
        }
        for (const each of readdirSync(world.home)) if (each.startsWith("memory.db")) rmSync(join(world.home, each))
        yield* Effect.scoped(Layer.build(programIn(world.home)))
        assert.deepStrictEqual(world.files, [])
      })
    ))

  it.scopedLive("tell nothing once another database lies in the place of theirs, until they are written from that", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const remembering = (id: string) =>
          Effect.gen(function*() {
            yield* remember(world, [unit(id, { type: "archive", sessionId: "s1" })])
            yield* refresh("all")
          })
        const moved = join(world.root, "moved")
        const other = programIn(moved)
        yield* Effect.provide(remembering("0001-unit"), world.program)
        yield* Effect.provide(remembering("0002-unit"), other)
        const request = { session_id: "now", cwd: world.work, hook_event_name: "SessionStart", source: "startup" }
        const told = () => {
          setRecord(world, "now", undefined)
          return entryText(world, request)
        }
        assert.include(told(), "0001-uni")
        for (const name of readdirSync(world.home)) {
          if (name.startsWith("memory.db")) rmSync(join(world.home, name))
        }
        for (const name of readdirSync(moved)) {
          if (name.startsWith("memory.db")) renameSync(join(moved, name), join(world.home, name))
        }
        assert.isUndefined(told())
        yield* Effect.provide(refresh("all"), world.program)
        assert.include(told(), "0002-uni")
      })
    ))
})
