/**
 * The checks of a memory, worded in both languages.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as HookFailures from "../../src/hook/Failures.ts"
import { SessionRecords } from "../../src/hook/SessionRecords.ts"
import { VectorIndex } from "../../src/index/VectorIndex.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { type Check, checkContent, checkHooks } from "../../src/serve/Health.ts"
import { type HealthLanguage, WORDS } from "../../src/serve/HealthWords.ts"
import { type FailedWork, MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { samples, slow } from "../data.ts"
import { ingest } from "../http/serving.ts"

const CHINESE = /\p{Script=Han}/u

const checked = (language: HealthLanguage) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const checks: ReadonlyArray<Check> = [
      ...(yield* checkContent(memory, language)).checks,
      ...(yield* checkHooks(memory, "/nowhere", true, language))
    ]
    return new Map(checks.map(({ detail, name, state }) => [name, { detail, state }]))
  })

describe("the checks of a memory", () => {
  slow(it.scoped)("say the same in either language, each in its own words", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* ingest(samples)
      yield* store.queue("review", ["one", "two"])
      yield* store.fail(yield* store.claim("review", 1), "no model")
      const [en, zh] = [yield* checked("en"), yield* checked("zh")]
      assert.deepStrictEqual(
        Array.from(zh, ([name, { state }]) => [name, state]),
        Array.from(en, ([name, { state }]) => [name, state])
      )
      for (const { detail } of zh.values()) assert.match(detail, CHINESE)
      for (const { detail } of en.values()) assert.notMatch(detail, CHINESE)
      assert.match(
        en.get("dead letters")?.detail ?? "",
        /^1 line could not be understood: \S.* at byte \d+/
      )
      assert.match(zh.get("dead letters")?.detail ?? "", /^1 行无法解析：\S.* 第 \d+ 字节/)
      assert.match(en.get("waiting work")?.detail ?? "", /^\d+ items wait; /)
      assert.match(zh.get("failed work")?.detail ?? "", /^review one 失败 1 次（no model）；/)
    }).pipe(Effect.provide(testing.layer)))

  it("say of failed work what helps with its kind", () => {
    const work = (kind: FailedWork["kind"]): FailedWork => (
      { kind, key: "k", attempts: 5, error: "e", isDead: true, failedAt: 0, nextAt: null }
    )
    const failed = (...kinds: ReadonlyArray<FailedWork["kind"]>) =>
      Object.values(WORDS).map((words) => words.failed(kinds.map(work)))
    for (const text of [...failed("index"), ...failed("reconcile")]) {
      assert.include(text, "claude-memory index repair")
      assert.include(text, "claude-memory models --check")
      assert.notMatch(text, /report it|请报告|review SESSION/)
    }
    for (const text of failed("review", "index", "recap")) {
      assert.match(text, /`claude-memory review SESSION`.*`claude-memory index repair`/)
      assert.lengthOf(text.split("review SESSION"), 2)
    }
    for (const text of failed("segment")) assert.match(text, /report it|请报告/)
  })

  it.scoped("wait for an index of a server that does not answer for 5 seconds", () =>
    Effect.gen(function*() {
      const vectors = yield* VectorIndex
      const silent = Layer.provide(
        ClaudeMemory.layer,
        Layer.merge(
          Layer.succeed(VectorIndex, { ...vectors, name: "the server", describe: Effect.never }),
          Layer.fresh(ResourceLedger.layer)
        )
      )
      const { message } = yield* Effect.gen(function*() {
        const { indexStatus } = yield* ClaudeMemory
        const asking = yield* Effect.fork(Effect.flip(indexStatus))
        yield* TestClock.adjust("5 seconds")
        return yield* Fiber.join(asking)
      }).pipe(Effect.provide(silent))
      assert.strictEqual(message, "the index: the server gives no answer within 5s; see what keeps it busy")
    }).pipe(Effect.provide(testing.layer)))

  it.scoped("note that of few answers of the hooks some came too late, and that it is wrong of many", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const fs = yield* FileSystem.FileSystem
      const home = yield* fs.makeTempDirectoryScoped()
      const late = HookFailures.recordIn(home, "UserPromptSubmit", "took longer than 300 ms")
      const inTime = Effect.map(checkHooks(memory, home, true, "en"), (checks) => checks.at(-1))
      yield* late
      assert.deepInclude(yield* inTime, { name: "in time", state: "note" })
      assert.match((yield* inTime)?.detail ?? "", /^1 of the last 1 answer of the hooks came too late/)
      // `init` refuses beside the plugin.
      assert.match((yield* inTime)?.detail ?? "", /the plugin's have 2 seconds at most/)
      yield* Effect.repeatN(late, 3)
      assert.deepInclude(yield* inTime, { name: "in time", state: "wrong" })
    }).pipe(Effect.provide(testing.layer)))

  it.scoped("say of hooks that never answered whether Claude Code runs them, and not that they were in time", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const checks = (isConnected: boolean) => checkHooks(memory, "/nowhere", isConnected, "en")
      assert.deepStrictEqual(yield* checks(true), [
        { name: "hooks", state: "ok", detail: "no answer of one has been seen in a transcript yet" }
      ])
      assert.deepStrictEqual(yield* checks(false), [
        {
          name: "hooks",
          state: "note",
          detail: "no answer of one has been seen: Claude Code does not run them (see Claude Code)"
        }
      ])
      // As many as `status` counts.
      const sent = {
        at: 0,
        event: "SessionStart" as const,
        offset: 0,
        tokens: 9,
        ids: [],
        pointed: [],
        isOpening: true,
        words: [],
        named: []
      }
      yield* Effect.flatMap(SessionRecords, (records) => records.add("s1", sent))
      const given = "1 text given in the last 7 days, of which no transcript says yet that Claude Code took it"
      assert.deepStrictEqual(yield* checks(true), [{ name: "hooks", state: "ok", detail: given }])
      assert.deepStrictEqual(yield* checks(false), [
        { name: "hooks", state: "note", detail: `${given}: it does not run them (see Claude Code)` }
      ])
    }).pipe(Effect.provide(testing.layer)))
})
