import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Compressor } from "../../src/compress/Compressor.ts"
import * as Extractive from "../../src/compress/Extractive.ts"
import { salient } from "../../src/compress/Text.ts"
import type { Block, Message, Session } from "../../src/domain/Conversation.ts"
import {
  evidence,
  MAX_CONTENT_LENGTH,
  MAX_CONTENT_TOKENS,
  MAX_EVIDENCE,
  MemoryUnit,
  weightedLength
} from "../../src/domain/MemoryUnit.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { MemoryStore, type SegmentContext } from "../../src/store/MemoryStore.ts"
import { layer as memoryLayer } from "../../src/testing.ts"
import { message } from "../contract/made.ts"
import { samples } from "../data.ts"
import { anyText, sayingText } from "../texts.ts"

const compressor = Extractive.layer.pipe(Layer.provide(ResourceLedger.layer))

const session: Session = {
  id: "s1",
  projectId: "project-one",
  title: null,
  cwd: "/work/one",
  branch: null,
  startedAt: 1,
  endedAt: 9_000
}

const contextOf = (messages: ReadonlyArray<Message>): SegmentContext => ({
  segment: { id: "segment-1", sessionId: "s1", thread: "main", messages },
  session,
  position: 7
})

const compress = (messages: ReadonlyArray<Message>) =>
  Effect.flatMap(Compressor, ({ compress }) => compress(contextOf(messages))).pipe(Effect.provide(compressor))

const summarize = (
  prompts: ReadonlyArray<Message>,
  closing: ReadonlyArray<Message> = [],
  title: string | null = null
) =>
  Effect.flatMap(
    Compressor,
    ({ summarize }) => summarize({ session: { ...session, title }, prompts, closing, files: ["a.ts"] })
  ).pipe(Effect.provide(compressor))

/** What every unit is bound to, and its passages the words of its messages. */
const check = (units: ReadonlyArray<MemoryUnit>, messages: ReadonlyArray<Message>) => {
  const byUuid = new Map(messages.map((message) => [message.uuid, message]))
  for (const unit of units) {
    assert.isTrue(Schema.is(MemoryUnit)(unit))
    assert.isAtMost(unit.tokens, MAX_CONTENT_TOKENS)
    assert.strictEqual(unit.tokens, Tokens.estimate(unit.content))
    assert.isAtMost(weightedLength(unit.content), MAX_CONTENT_LENGTH)
    assert.isAtMost(evidence(unit).length, MAX_EVIDENCE)
    assert.isNotEmpty(unit.passages)
    assert.isTrue(unit.quality >= 0 && unit.quality <= 1)
    assert.isAtMost(unit.title.length, 80)
    assert.isAtMost(unit.summary.length, 240)
    let at = 0
    for (const { from, kind, to, uuid } of unit.passages) {
      assert.isTrue(at <= from && from < to && to <= unit.content.length)
      at = to
      const words = unit.content.slice(from, to)
      const sources = (byUuid.get(uuid)?.blocks ?? []).filter((block) => block.kind === kind)
        .flatMap(({ text }) => kind === "tool_result" ? [text, salient(text, 2_400), salient(text, 600)] : [text])
      assert.isTrue(sources.some((text) => text.includes(words)), JSON.stringify(words.slice(0, 80)))
    }
  }
  assert.strictEqual(new Set(units.map(({ id }) => id)).size, units.length)
}

const block: FastCheck.Arbitrary<Block> = FastCheck.record({
  kind: FastCheck.constantFrom<Array<Block["kind"]>>("text", "text", "thinking", "tool_use", "tool_result"),
  text: sayingText,
  tool: FastCheck.constantFrom("Bash", "TodoWrite", "mcp__".repeat(400), "工具".repeat(300)),
  toolUseId: FastCheck.constantFrom("t1", "t2", "t3"),
  file: anyText,
  isError: FastCheck.boolean()
}, { requiredKeys: ["kind", "text"] })

const segment = FastCheck.array(
  FastCheck.record({
    role: FastCheck.constantFrom<Array<Message["role"]>>("human", "assistant", "assistant", "system"),
    blocks: FastCheck.array(block, { minLength: 1, maxLength: 3 }),
    isPrompt: FastCheck.boolean(),
    occurredAt: FastCheck.nat()
  }),
  { minLength: 1, maxLength: 12 }
).map((made) => made.map((says, i) => message(`u${i}`, says)))

describe("a segment", () => {
  it.effect.prop(
    "becomes units within bounds, each of its messages' words",
    [segment],
    ([messages]) => Effect.map(compress(messages), (units) => check(units, messages)),
    { fastCheck: { numRuns: 150 }, timeout: 60_000 }
  )

  it.effect.prop(
    "is cited in all that is said in it",
    [segment],
    ([messages]) =>
      Effect.map(compress(messages), (units) => {
        const cited = new Set(units.flatMap(evidence))
        for (const { blocks, uuid } of messages) {
          if (blocks.some(({ kind, tool }) => kind === "text" && tool !== "TodoWrite")) assert.isTrue(cited.has(uuid))
        }
      })
  )

  it.effect.prop("loses no word that was said", [segment], ([messages]) =>
    Effect.map(compress(messages), (units) => {
      const solid = (text: string) => text.replace(/\s+/g, "")
      const kept = new Map<string, string>()
      for (const { content, passages, type } of units) {
        if (type !== "conversation") continue
        for (const { from, kind, to, uuid } of passages) {
          if (kind === "text") kept.set(uuid, (kept.get(uuid) ?? "") + solid(content.slice(from, to)))
        }
      }
      for (const { blocks, uuid } of messages) {
        const said = blocks.filter(({ kind, tool }) => kind === "text" && tool !== "TodoWrite").map(({ text }) => text)
        assert.strictEqual(kept.get(uuid) ?? "", solid(said.join("")))
      }
    }))

  it.effect.prop("becomes the same units each time", [segment], ([messages]) =>
    Effect.gen(function*() {
      assert.strictEqual(JSON.stringify(yield* compress(messages)), JSON.stringify(yield* compress(messages)))
    }))

  it.effect("of huge messages takes a moment", () =>
    Effect.gen(function*() {
      const texts = [
        "a".repeat(16_384),
        "数".repeat(16_384),
        "😀".repeat(8_192),
        "{[(".repeat(5_461),
        "\ud83d".repeat(16_384)
      ]
      const messages = texts.map((text, i) => message(`u${i}`, { text, isPrompt: i === 0 }))
      const from = performance.now()
      const units = yield* compress(messages)
      assert.isBelow(performance.now() - from, 5_000)
      check(units, messages)
      assert.isAbove(units.length, 50)
    }))

  it.effect("names who speaks, which tool printed, and what is asked", () =>
    Effect.gen(function*() {
      const messages = [
        message("u1", { text: "Why is the pool exhausted?", isPrompt: true, occurredAt: 10 }),
        message("u2", {
          role: "assistant",
          occurredAt: 20,
          blocks: [{
            kind: "tool_use",
            text: "file_path: src/db/pool.ts",
            tool: "Read",
            toolUseId: "t1",
            file: "src/db/pool.ts"
          }]
        }),
        message("u3", {
          occurredAt: 30,
          blocks: [{ kind: "tool_result", text: "1→export const pool", toolUseId: "t1" }]
        }),
        message("u4", { role: "assistant", text: "The client is never released. More follows.", occurredAt: 40 })
      ]
      const [unit, ...others] = yield* compress(messages)
      assert.isEmpty(others)
      assert.deepInclude(unit, {
        type: "conversation",
        title: "Why is the pool exhausted?",
        summary: "The client is never released.",
        content:
          "User: Why is the pool exhausted?\nRead file_path: src/db/pool.ts\nRead printed: 1→export const pool\n" +
          "Claude: The client is never released. More follows.",
        files: ["src/db/pool.ts"],
        occurredAt: 40,
        position: 7,
        origin: "segment-1",
        expiresAt: null
      })
      assert.deepStrictEqual(unit?.passages.map(({ from, to, uuid }) => [uuid, unit.content.slice(from, to)]), [
        ["u1", "Why is the pool exhausted?"],
        ["u2", "file_path: src/db/pool.ts"],
        ["u3", "1→export const pool"],
        ["u4", "The client is never released. More follows."]
      ])
      assert.isTrue(unit?.keywords.includes("pool"))
    }))

  it.effect("leaves out what says nothing", () =>
    Effect.gen(function*() {
      const units = yield* compress([
        message("u1", { blocks: [{ kind: "tool_result", text: "Todos have been modified successfully. Ensure …" }] }),
        message("u2", { blocks: [{ kind: "tool_result", text: "The file /a/b.ts has been updated. Here's …" }] }),
        message("u3", { role: "assistant", blocks: [{ kind: "tool_use", tool: "TodoWrite", text: "todos: [1]" }] })
      ])
      assert.isEmpty(units)
      assert.isEmpty(yield* compress([]))
    }))
})

describe("an error", () => {
  const call = message("u1", {
    role: "assistant",
    blocks: [{ kind: "tool_use", tool: "Bash", toolUseId: "t1", text: "command: pnpm test" }]
  })
  const failed = (text: string) =>
    message("u2", { blocks: [{ kind: "tool_result", toolUseId: "t1", isError: true, text }] })
  const reply = message("u3", { role: "assistant", text: "The fixture lacks a time zone. I add it." })
  const errorsOf = (messages: ReadonlyArray<Message>) =>
    Effect.map(compress(messages), (units) => units.filter(({ type }) => type === "error_log"))

  it.effect("is kept with its call and what Claude said next", () =>
    Effect.gen(function*() {
      const [unit, ...others] = yield* errorsOf([
        call,
        failed("Exit code 1\nAssertionError: expected 3 to be 4"),
        reply
      ])
      assert.isEmpty(others)
      assert.strictEqual(
        unit?.content,
        "Bash command: pnpm test\nBash failed: Exit code 1\nAssertionError: expected 3 to be 4\n" +
          "Then Claude: The fixture lacks a time zone. I add it."
      )
      assert.deepStrictEqual(evidence(unit!), ["u1", "u2", "u3"])
      assert.strictEqual(unit?.title, "AssertionError: expected 3 to be 4")
    }))

  it.effect("is kept alone, too, and never left out for its surroundings", () =>
    Effect.gen(function*() {
      const texts = [
        "错误：连接池耗尽，请检查连接是否释放。".repeat(60),
        "{[(<>)]}".repeat(300),
        "a".repeat(9_000),
        "😀".repeat(900)
      ]
      for (const text of texts) {
        const wordy = [
          { ...call, blocks: call.blocks.map((block) => ({ ...block, text: text.repeat(3) })) },
          failed(text),
          message("u3", { role: "assistant", text: text.repeat(3) })
        ]
        const [unit] = yield* errorsOf(wordy)
        assert.isTrue(evidence(unit!).includes("u2"), text.slice(0, 20))
        check([unit!], wordy)
      }
      const [unit] = yield* errorsOf([failed("boom")])
      assert.strictEqual(unit?.content, "Tool failed: boom")
    }))

  it.effect("of the API is one, a refusal of the person is none", () =>
    Effect.gen(function*() {
      const [api] = yield* errorsOf([message("u1", { role: "system", text: "API error: Overloaded" })])
      assert.strictEqual(api?.content, "API error: Overloaded")
      assert.isEmpty(
        yield* errorsOf([
          call,
          failed("The user doesn't want to proceed with this tool use."),
          message("u9", {
            blocks: [{ kind: "tool_result", isError: true, text: "[Request interrupted by user for tool use]" }]
          })
        ])
      )
    }))
})

describe("an archive", () => {
  const prompt = (uuid: string, text: string) => message(uuid, { text, isPrompt: true })
  const closing = (uuid: string, text: string) => message(uuid, { text, role: "assistant" })

  it.effect("says the aim, what else was asked, and how it ended", () =>
    Effect.gen(function*() {
      const prompts = ["Fix the pool.", "Why 20?", "Commit it."].map((text, i) => prompt(`u${i}`, text))
      const [unit] = yield* summarize(prompts, [closing("v1", "Working."), closing("v2", "Committed as 1f2e3d4.")])
      assert.strictEqual(
        unit?.content,
        "Aim: Fix the pool.\nThen asked: Why 20?\nThen asked: Commit it.\nEnded with: Committed as 1f2e3d4."
      )
      assert.deepInclude(unit, {
        type: "archive",
        title: "Fix the pool.",
        files: ["a.ts"],
        origin: "s1",
        summary: "Committed as 1f2e3d4."
      })
      assert.strictEqual(unit?.expiresAt, session.endedAt + 365 * 86_400_000)
      const [titled] = yield* summarize(prompts, [], "The pool")
      assert.strictEqual(titled?.title, "The pool")
    }))

  it.effect("is none where nobody asked", () =>
    Effect.gen(function*() {
      assert.isEmpty(yield* summarize([], [closing("v1", "Done.")]))
    }))

  it.effect.prop(
    "is within bounds and begins with the aim, whatever was said",
    [FastCheck.array(sayingText, { minLength: 1, maxLength: 8 }), FastCheck.array(sayingText, { maxLength: 3 })],
    ([asked, said]) =>
      Effect.gen(function*() {
        const prompts = asked.map((text, i) => prompt(`u${i}`, text.repeat(5)))
        const closings = said.map((text, i) => closing(`v${i}`, text.repeat(5)))
        const units = yield* summarize(prompts, closings)
        assert.strictEqual(units.length, 1)
        check(units, [...prompts, ...closings])
        assert.isTrue(units[0]!.content.startsWith("Aim: "))
        assert.strictEqual(evidence(units[0]!)[0], "u0")
      }),
    { fastCheck: { numRuns: 200 } }
  )
})

describe("the sample sessions", () => {
  it.effect("become units that say what was said", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const store = yield* MemoryStore
      yield* Stream.runDrain(memory.ingest(yield* memory.discover([samples])))
      const units = yield* memory.recent({ projects: "all" }, 1_000)
      check(units, yield* store.messages(units.flatMap(evidence)))
      const { pending, textMessages, units: counted } = yield* memory.status
      assert.strictEqual(pending, 0)
      assert.deepStrictEqual(textMessages.cited, textMessages.total)
      assert.strictEqual(counted.byType.archive, 8)
      const holding = (words: string) => units.filter(({ content }) => content.includes(words))
      for (
        const words of [
          "generation expression is not immutable",
          "Too many parts",
          "Europe/Berlin",
          "__memcpy_chk",
          "not a char boundary",
          "金额一律用 Decimal"
        ]
      ) assert.isNotEmpty(holding(words), words)
      const errors = units.filter(({ type }) => type === "error_log")
      assert.isTrue(errors.some(({ content }) => content.includes("not immutable")))
      assert.isTrue(errors.every(({ title }) => title !== ""))
      const search = units.find(({ title, type }) =>
        type === "archive" && title.startsWith("We need a real search box")
      )
      assert.isTrue(search?.content.startsWith("Aim: We need a real search box"))
      assert.isEmpty(holding("lighthouse keeper"))
    }).pipe(Effect.provide(memoryLayer)), 60_000)
})
