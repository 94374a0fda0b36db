import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { join } from "node:path"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import * as Project from "../../src/domain/Project.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import { answer, type HookInput } from "../../src/hook/Hook.ts"
import * as SessionRecords from "../../src/hook/SessionRecords.ts"
import { Injector } from "../../src/inject/Injector.ts"
import { Retriever } from "../../src/retrieve/Retriever.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { batch, cursor, message, project, unit } from "../contract/made.ts"
import { platform } from "../resources/owned.ts"
import * as remembered from "../retrieve/remembered.ts"

const NOON = Date.UTC(2026, 10, 26, 12)
const DAY = 86_400_000
/** A path that exists on no machine. */
const CWD = "/nowhere/billing"

const services = Injector.layer.pipe(
  Layer.provide(Retriever.layer),
  Layer.provide(Layer.merge(testing.index, testing.models())),
  Layer.provideMerge(Layer.merge(testing.store, SessionRecords.layerInMemory)),
  Layer.provideMerge(platform)
)

const start = (source: string, overrides: Partial<HookInput> = {}): HookInput => ({
  session_id: "now",
  cwd: CWD,
  hook_event_name: "SessionStart",
  source,
  ...overrides
} as HookInput)

const prompt = (text: string, overrides: Partial<HookInput> = {}): HookInput => ({
  session_id: "now",
  cwd: CWD,
  hook_event_name: "UserPromptSubmit",
  prompt: text,
  ...overrides
} as HookInput)

const units: ReadonlyArray<MemoryUnit> = [
  unit("archive-1", {
    type: "archive",
    sessionId: "earlier",
    occurredAt: NOON - DAY,
    content:
      "Aim: charge customers by Stripe\nOutcome: webhooks are verified.\nOpen: retries of failed payments remain."
  }),
  unit("decision-1", {
    type: "decision",
    sessionId: "earlier",
    occurredAt: NOON - DAY,
    title: "Amounts are stored in cents",
    content: "We decided to store amounts in cents, since floats lose them."
  }),
  unit("conversation-1", {
    sessionId: "earlier",
    occurredAt: NOON - DAY,
    content: "The quokka importer reads its spreadsheets through a zebra queue."
  }),
  // It has the word of "where were we" that is not everyday.
  unit("conversation-2", {
    sessionId: "earlier",
    occurredAt: NOON - DAY,
    content: "The readme says where exports are."
  })
].map((each) => ({ ...each, tokens: Tokens.estimate(each.content) }))

const withUnits = <A, E, R>(effect: Effect.Effect<A, E, R>, more: ReadonlyArray<MemoryUnit> = []) =>
  Effect.gen(function*() {
    yield* TestClock.setTime(NOON)
    const of = yield* Project.resolve(CWD)
    yield* remembered.store([...units, ...more].map((each) => ({ ...each, projectId: of.id })), of)
    return yield* effect
  }).pipe(Effect.provide(services), Effect.scoped)

const QUOKKA = prompt("how does the quokka importer read spreadsheets")

describe("a session that begins", () => {
  it.effect("gets what its project's sessions left, and nothing twice", () =>
    withUnits(Effect.gen(function*() {
      const opening = yield* answer(start("startup"))
      assert.include(opening, "retries of failed payments remain")
      assert.include(opening, "store amounts in cents")
      assert.strictEqual(yield* answer(prompt("should amounts be stored in cents or floats")), "")
      assert.strictEqual(yield* answer(start("startup")), "")
      assert.strictEqual(yield* answer(start("startup", { session_id: "other", cwd: "/nowhere/else" })), "")
    })))

  it.effect("gets at a prompt what its start only named, once", () =>
    withUnits(
      Effect.gen(function*() {
        const opening = yield* answer(start("startup"))
        assert.include(opening, "Count the walruses")
        assert.notInclude(opening, "penguin ledger")
        assert.strictEqual(yield* answer(start("startup")), "")
        assert.include(yield* answer(prompt("which penguin ledger counts walruses")), "the penguin ledger")
        assert.strictEqual(yield* answer(prompt("which penguin ledger counts walruses")), "")
      }),
      [unit("conversation-3", {
        sessionId: "of one request",
        occurredAt: NOON - 2 * DAY,
        title: "Count the walruses",
        content: "Claude: Walruses are counted in the penguin ledger, one line each."
      })]
    ))

  it.effect("gets it again once its context was compacted or cleared", () =>
    withUnits(Effect.gen(function*() {
      const opening = yield* answer(start("startup"))
      assert.strictEqual(yield* answer(start("compact")), opening)
      assert.strictEqual(yield* answer(start("clear", { session_id: "next" })), opening)
    })))

  it.effect("when it goes on, gets only what others did since", () =>
    withUnits(Effect.gen(function*() {
      const store = yield* MemoryStore
      const of = yield* Project.resolve(CWD)
      yield* store.append(
        batch([message("m", { sessionId: "now", occurredAt: NOON - 2 * DAY })], {
          project: of,
          cursor: cursor("/t/now", 1)
        })
      )
      assert.include(yield* answer(start("resume")), "retries of failed payments")
      yield* store.append(
        batch([message("n", { sessionId: "late", occurredAt: NOON })], { project: of, cursor: cursor("/t/late", 1) })
      )
      assert.strictEqual(yield* answer(start("resume", { session_id: "late" })), "")
    })))

  it.effect("as a fork inherits what was injected into its parent, however its transcript names that", () =>
    withUnits(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-fork-" })
      yield* (yield* MemoryStore).append(batch([message("uuid-1", { sessionId: "now" })], { project: project("one") }))
      assert.include(yield* answer(QUOKKA), "zebra queue")
      for (
        const [name, line] of [
          ["uuids", { type: "user", uuid: "uuid-1", sessionId: "uuids" }],
          ["late", { type: "attachment", uuid: "of-a-hook", next: { uuid: "uuid-1" } }],
          ["named", { type: "user", uuid: "x", sessionId: "named", forkedFrom: { messageUuid: "x", sessionId: "now" } }]
        ] as const
      ) {
        const file = join(folder, `${name}.jsonl`)
        const says = { session_id: name, transcript_path: file }
        assert.strictEqual(yield* answer(start("fork", says)), "")
        yield* fs.writeFileString(file, `${JSON.stringify(line)}\n`)
        assert.strictEqual(yield* answer({ ...QUOKKA, ...says }), "")
      }
      assert.include(yield* answer({ ...QUOKKA, session_id: "another" }), "zebra queue")
    })))
})

describe("a prompt", () => {
  it.effect("brings what it needs once, and nothing when nothing is good enough", () =>
    withUnits(Effect.gen(function*() {
      assert.include(yield* answer(QUOKKA), "zebra queue")
      assert.strictEqual(yield* answer(QUOKKA), "")
      assert.strictEqual(yield* answer(prompt("which colour has the moon")), "")
    })))

  it.effect("brings nothing of what its own session said since its context began", () =>
    withUnits(Effect.gen(function*() {
      assert.strictEqual(yield* answer({ ...QUOKKA, session_id: "earlier" }), "")
      yield* answer(start("compact", { session_id: "earlier" }))
      assert.include(yield* answer({ ...QUOKKA, session_id: "earlier" }), "zebra queue")
    })))

  it.effect("brings a fork nothing of what its parent had said by then", () =>
    withUnits(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = join(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-fork-" }), "fork.jsonl")
      const line = {
        type: "user",
        uuid: "x",
        sessionId: "fork",
        forkedFrom: { messageUuid: "x", sessionId: "earlier" }
      }
      yield* fs.writeFileString(file, `${JSON.stringify(line)}\n`)
      const ask = answer({ ...QUOKKA, session_id: "fork", transcript_path: file })
      assert.deepStrictEqual([yield* ask, yield* ask], ["", ""])
      yield* answer(start("compact", { session_id: "fork", transcript_path: file }))
      assert.include(yield* ask, "zebra queue")
    })))

  it.effect("brings again what came too late, and not what arrived or is on its way", () =>
    withUnits(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-late-" })
      const file = join(folder, "now.jsonl")
      const ask = answer({ ...QUOKKA, transcript_path: file })
      const write = (...lines: ReadonlyArray<unknown>) =>
        fs.writeFileString(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), { flag: "a" })
      const stateOf = Effect.map(
        Effect.flatMap(SessionRecords.SessionRecords, ({ get }) => get("now")),
        ({ injections }) => injections.map(({ state }) => state)
      )
      yield* write({ type: "user" })
      const text = yield* ask
      assert.include(text, "zebra queue")
      assert.strictEqual(yield* ask, "")
      assert.deepStrictEqual(yield* stateOf, ["pending"])
      yield* write({ type: "attachment", attachment: { type: "hook_cancelled" } }, { type: "assistant" })
      assert.strictEqual(yield* ask, text)
      assert.deepStrictEqual(yield* stateOf, ["late", "pending"])
      yield* TestClock.adjust("1 minute")
      yield* write({ type: "attachment", attachment: { type: "hook_additional_context", content: [text] } })
      assert.strictEqual(yield* ask, "")
      yield* write({ type: "assistant" })
      assert.strictEqual(yield* ask, "")
      assert.deepStrictEqual(yield* stateOf, ["late", "arrived"])
    })))

  it.effect("brings nothing twice where Claude Code does not say what arrived", () =>
    withUnits(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-old-" })
      const file = join(folder, "now.jsonl")
      const ask = answer({ ...QUOKKA, transcript_path: file })
      assert.include(yield* ask, "zebra queue")
      yield* fs.writeFileString(file, `{"type":"user"}\n{"type":"assistant"}\n`)
      assert.strictEqual(yield* ask, "")
    })))

  it.effect("that asks to go on brings what earlier sessions left, unless the start brought it", () =>
    withUnits(Effect.gen(function*() {
      const left = "retries of failed payments remain"
      assert.include(yield* answer(prompt("continue where we left off", { session_id: "a" })), left)
      assert.strictEqual(yield* answer(prompt("continue where we left off", { session_id: "a" })), "")
      yield* answer(start("startup", { session_id: "b" }))
      assert.strictEqual(yield* answer(prompt("where were we?", { session_id: "b" })), "")
    })))

  it.effect("that asks what is open brings the list, also where the start told of it, and leaves the rest for later prompts", () =>
    withUnits(Effect.gen(function*() {
      const left = "\n  retries of failed payments remain."
      yield* answer(start("startup", { session_id: "b" }))
      for (const asked of ["what's left to do?", "todo list?", "还有啥没做完"]) {
        const told = yield* answer(prompt(asked, { session_id: "b" }))
        assert.include(told, left)
        assert.notInclude(told, "webhooks are verified")
      }
      for (const other of ["what's left to do in this function", "add a todo list component", "列出 todo 列表组件"]) {
        assert.strictEqual(yield* answer(prompt(other, { session_id: "b" })), "")
      }
      yield* answer(prompt("todo list?", { session_id: "c" }))
      assert.include(yield* answer(prompt("where were we?", { session_id: "c" })), "webhooks are verified")
    })))

  it.effect("of one word that may ask to go on does so when it is the session's first", () =>
    withUnits(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-first-" })
      const next = (name: string) =>
        answer(prompt("next", { session_id: name, transcript_path: join(folder, `${name}.jsonl`) }))
      assert.include(yield* next("none yet"), "retries of failed payments remain")
      yield* fs.writeFileString(join(folder, "of a hook.jsonl"), "{\"type\":\"attachment\"}\n")
      assert.include(yield* next("of a hook"), "retries of failed payments remain")
      yield* fs.writeFileString(join(folder, "answered.jsonl"), "{\"type\":\"user\"}\n{\"type\":\"assistant\"}\n")
      assert.strictEqual(yield* next("answered"), "")
      assert.strictEqual(yield* answer(prompt("next", { session_id: "unknown" })), "")
    })))

  it.effect("that nobody typed brings nothing", () =>
    withUnits(Effect.gen(function*() {
      const question = "how does the quokka importer read spreadsheets"
      const report =
        `<task-notification>\n<status>completed</status>\n<summary>${question}</summary>\n</task-notification>`
      assert.strictEqual(yield* answer(prompt(report)), "")
      assert.include(yield* answer(QUOKKA), "zebra queue")
    })))

  it.effect("brings nothing that Claude Code's own memory says", () =>
    withUnits(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-own-" })
      yield* fs.makeDirectory(join(folder, "memory"))
      yield* fs.writeFileString(
        join(folder, "memory", "MEMORY.md"),
        "# Notes\n- quokka importer: reads spreadsheets through the zebra queue\n"
      )
      assert.strictEqual(yield* answer({ ...QUOKKA, transcript_path: join(folder, "now.jsonl") }), "")
      assert.include(
        yield* answer({ ...QUOKKA, transcript_path: join(folder, "elsewhere", "now.jsonl") }),
        "zebra queue"
      )
    })))

  it.effect("brings nothing to a session that is muted", () =>
    withUnits(Effect.gen(function*() {
      yield* (yield* SessionRecords.SessionRecords).mute("now", true)
      assert.strictEqual(yield* answer(start("startup")), "")
      assert.strictEqual(yield* answer(QUOKKA), "")
      yield* (yield* SessionRecords.SessionRecords).mute("now", false)
      assert.include(yield* answer(QUOKKA), "zebra queue")
    })))
})
