/**
 * The hook's entry beside the whole program, over one memory: they say the same, or the entry leaves it to the program.
 */
import { assert, describe, it } from "@effect/vitest"
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
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { FOLDER } from "../../src/domain/OpeningFile.ts"
import * as Project from "../../src/domain/Project.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import { textFor } from "../../src/hook/Entry.ts"
import { answer } from "../../src/hook/Hook.ts"
import { inputIn } from "../../src/hook/Input.ts"
import * as SessionRecords from "../../src/hook/SessionRecords.ts"
import * as EmbeddedIndex from "../../src/index/sqlite/EmbeddedIndex.ts"
import { Injector } from "../../src/inject/Injector.ts"
import * as Openings from "../../src/inject/Openings.ts"
import { Retriever } from "../../src/retrieve/Retriever.ts"
import type { Early } from "../../src/settings/Early.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import * as testing from "../../src/testing.ts"
import { batch, cursor, facts, message, unit } from "../contract/made.ts"
import { times } from "../data.ts"
import { platform } from "../resources/owned.ts"

const DAY = 86_400_000

/** The program over the memory in `home`, as a process of its own has it. */
const programIn = (home: string) =>
  Injector.layerByWords.pipe(
    Layer.provide(Retriever.layer),
    Layer.provideMerge(Openings.layer(join(home, FOLDER))),
    Layer.provideMerge(Layer.merge(
      Layer.provide(
        Layer.merge(SqliteStore.layer, EmbeddedIndex.layer),
        SqliteFile.layer({ folder: home, readOnly: false, busyTimeoutMs: 2_000 })
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
    return { home: this.home, isOff: false, isPlain: true, within: { start: 60_000, later: 60_000 } }
  }

  end() {
    rmSync(this.root, { recursive: true, force: true })
  }
}

const inWorld = <A, E>(use: (world: World) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(Effect.sync(() => new World()), use, (world) => Effect.sync(() => world.end()))

type Request = Readonly<Record<string, unknown>>

/** Answers like the entry: undefined where it leaves the answer to the program. */
const entryText = (world: World, request: Request) => {
  const input = inputIn({ bytes: Buffer.from(JSON.stringify(request)), isWhole: true })
  return textFor(world.settings, input!, Date.now())
}

const recordOf = (world: World, sessionId: string) => {
  const file = join(world.home, "sessions", sessionId)
  return existsSync(file) ? readFileSync(file, "utf8").replace(/"at":\d+/g, "\"at\":0") : undefined
}

const setRecord = (world: World, sessionId: string, text: string | undefined) => {
  const file = join(world.home, "sessions", sessionId)
  rmSync(file, { force: true })
  if (text === undefined) return
  mkdirSync(join(world.home, "sessions"), { recursive: true })
  writeFileSync(file, text)
}

/** Compares the entry with the program: the texts, and what is recorded. Returns the entry's text. */
const assertSame = (world: World, request: Request, record?: string) =>
  Effect.gen(function*() {
    const sessionId = String(request["session_id"])
    setRecord(world, sessionId, record)
    const text = entryText(world, request)
    const recorded = recordOf(world, sessionId)
    setRecord(world, sessionId, record)
    if (text === undefined) {
      assert.strictEqual(recorded, record)
      return undefined
    }
    assert.strictEqual(text, yield* answer(request as Parameters<typeof answer>[0]))
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
    files: FastCheck.subarray(["/work/src/a.ts", "C:\\work\\b.ts", "src/search/index.ts", "README.md"])
  }),
  { maxLength: 45 }
).map((all) => {
  const now = Date.now()
  return all.map(({ content, days, files, session, title: [title, length], type }, i): MemoryUnit => ({
    ...unit(`0000${i}`.slice(-4) + "-unit", {
      type,
      sessionId: `s${session}`,
      title: title.slice(0, length),
      content,
      files,
      position: i,
      occurredAt: now - days * DAY - i
    }),
    tokens: Tokens.estimate(content)
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
    "{\"uuid\":\"m-x\",\"type\":\"user\"}\n"
  ),
  record: FastCheck.constantFrom(
    undefined,
    undefined,
    undefined,
    "off\n",
    "off\non\n",
    "open\n0001-unit\n?0002-unit\n",
    "{\"at\":0,\"event\":\"SessionStart\",\"offset\":0,\"tokens\":9,\"ids\":[],\"pointed\":[],\"isOpening\":true,\"words\":[]}\n"
  ),
  prompt: FastCheck.constantFrom(undefined, undefined, undefined, "why did we move away from Meilisearch?")
})

describe("the hook's entry", () => {
  const seen = { same: 0, silent: 0, left: 0 }

  it.live.prop(
    "says what the whole program says, and records the same, or leaves it to that",
    [units, FastCheck.array(requests, { minLength: 12, maxLength: 12 })],
    ([units, requests]) =>
      inWorld((world) =>
        Effect.gen(function*() {
          yield* remember(world, units)
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
            if (transcript !== undefined && transcript !== "none") writeFileSync(transcript_path, transcript)
            const text = yield* assertSame(world, {
              ...rest,
              ...(prompt === undefined
                ? { hook_event_name: "SessionStart", source }
                : { hook_event_name: "UserPromptSubmit", prompt }),
              ...(transcript !== undefined && { transcript_path }),
              cwd: world.folders[folder]
            }, rest.session_id.includes("/") ? undefined : record)
            if (text === undefined) seen.left++
            else if (text === "") seen.silent++
            else seen.same++
          }
        }).pipe(Effect.provide(world.program))
      ),
    { fastCheck: { numRuns: times(25) } }
  )

  it("says something often enough for that to mean something", () => {
    for (const [name, count] of Object.entries(seen)) assert.isAtLeast(count, 20, name)
  })
})
