import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { isFact, isLesson, isWish } from "../../../src/compress/text/Lessons.ts"
import { quotable } from "../../../src/compress/text/Prose.ts"
import type { Block, Message } from "../../../src/domain/Conversation.ts"
import { evidence, type MemoryUnit, UnitType } from "../../../src/domain/MemoryUnit.ts"
import { ClaudeMemory } from "../../../src/serve/ClaudeMemory.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import { layer as memoryLayer } from "../../../src/testing.ts"
import { check as checkUnits } from "../../contract/CompressorContract.ts"
import { oneIn, samples, slow, times } from "../../data.ts"
import { anyText, nonBlankText, withMillis } from "../../texts.ts"
import {
  asks,
  compress,
  contextOf,
  fails,
  messagesOf,
  runs,
  says,
  type Step,
  summarize,
  thinks,
  uses
} from "../sessions.ts"

/** Checks limits beyond those of every compressor. */
const check = (units: ReadonlyArray<MemoryUnit>) => {
  for (const unit of units) {
    assert.isAtMost(unit.title.length, 80)
    assert.isAtMost(unit.summary.length, 240)
    assert.notStrictEqual(unit.title.trim(), "")
    assert.notMatch(`${unit.title}${unit.summary}`, /[\r\n]/, unit.type)
    assert.isAtMost(unit.keywords.length, 8)
    assert.isAtMost(unit.files.length, 20)
  }
}

const marks = [
  "```",
  "```ts\n",
  "\n```\n",
  "**",
  "# ",
  "- ",
  "1. ",
  "> ",
  "| a | b |\n",
  "`",
  "\n",
  "…",
  "：",
  "？",
  "\u202e"
]
const words = [
  "Let me fix it. ",
  "Always use pnpm. ",
  "别用 any。",
  "let's use SQLite instead of Postgres because it is small",
  "我决定用整数而不是浮点数，因为有误差。",
  "Error: it failed",
  "CONFLICT (content): Merge conflict in a.ts",
  "old_string: a\nnew_string: b\n",
  "command: git push"
]

/** Texts with marks and words that a compressor looks for. */
const text = FastCheck.oneof(
  nonBlankText,
  FastCheck.array(FastCheck.oneof(FastCheck.constantFrom(...marks, ...words), anyText), { minLength: 1, maxLength: 20 })
    .map((parts) => parts.join("")).filter((text) => text.trim() !== "")
)

const tools =
  "Bash Edit Write MultiEdit NotebookEdit Task WebFetch WebSearch AskUserQuestion ExitPlanMode TodoWrite Read"

const block: FastCheck.Arbitrary<Block> = FastCheck.record({
  kind: FastCheck.constantFrom<Array<Block["kind"]>>("text", "text", "thinking", "tool_use", "tool_result"),
  text,
  tool: FastCheck.constantFrom(...tools.split(" "), "mcp__".repeat(400), "工具".repeat(300)),
  toolUseId: FastCheck.constantFrom("t1", "t2", "t3"),
  file: anyText,
  isError: FastCheck.boolean()
}, { requiredKeys: ["kind", "text"] })

const says_ = FastCheck.record({
  role: FastCheck.constantFrom<Array<Message["role"]>>("human", "assistant", "assistant", "system"),
  blocks: FastCheck.array(block, { minLength: 1, maxLength: 3 }),
  isSummary: FastCheck.boolean(),
  thread: FastCheck.constantFrom("main", "main", "main", "agent-1"),
  occurredAt: FastCheck.nat()
})

const steps = FastCheck.array(says_, { minLength: 1, maxLength: 12 })
  .map((made) => made.map((says, i): Step => [{ ...says, isPrompt: i === 0 }]))
const before = FastCheck.array(says_, { maxLength: 2 }).map((made) => made.map((says): Step => [says]))

/** Questions of a form, whose JSON has escapes. */
const forms = FastCheck.array(
  FastCheck.oneof(
    FastCheck.array(
      FastCheck.constantFrom(
        "DB_PASSWORD=\"secret\"",
        "C:\\new\\user",
        "\n",
        "\t",
        "\"",
        "\\",
        " Which queue",
        "密钥🔑",
        "?"
      ),
      { minLength: 1, maxLength: 8 }
    ).map((parts) => parts.join("")),
    nonBlankText
  ),
  { minLength: 1, maxLength: 4 }
)

/** What capture puts in the place of some characters, wherever these are. */
const changes = FastCheck.record({
  share: FastCheck.nat(1_000).map((thousandths) => thousandths / 1_000),
  length: FastCheck.nat(12),
  with: FastCheck.constantFrom("[redacted:password]", "\n[120 characters left out]\n", "\ufffd", "")
})

describe("a segment", () => {
  it.effect.prop(
    "becomes units of its own words, within bounds, whatever it says",
    [steps, before],
    ([steps, before]) =>
      Effect.gen(function*() {
        const context = contextOf(steps, before)
        const units = yield* compress(context)
        check(units)
        checkUnits(units, "segment-1", [...context.segment.messages, ...context.before])
        const positions = units.map(({ position }) => position)
        assert.deepStrictEqual(positions, positions.toSorted((a, b) => a - b))
        assert.isTrue(positions.every((position) => position >= 7 && position < 7 + context.segment.messages.length))
        assert.isTrue(units.every(({ type }) => type !== "archive" && UnitType.literals.includes(type)))
      }),
    { fastCheck: { numRuns: times(18) }, timeout: times(120_000) }
  )

  it.effect.prop(
    "becomes units of its own words, wherever capture masks or cuts the call of a form",
    [forms, FastCheck.array(changes, { minLength: 1, maxLength: 3 }), FastCheck.constantFrom("call", "result", "both")],
    ([questions, changes, where]) =>
      Effect.gen(function*() {
        const changed = (text: string) =>
          changes.reduce((text, { length, share, with: put }) => {
            const at = Math.floor(share * text.length)
            return text.slice(0, at) + put + text.slice(at + length)
          }, text)
        const input = `questions: ${JSON.stringify(questions.map((question) => ({ question })))}`
        const answers = questions.map((question, i) => `"${question}"="answer ${i}"`).join(", ")
        const result = `User has answered your questions: ${answers}. You can now continue.`
        const context = contextOf([asks("Add background jobs"), [
          {
            role: "assistant",
            blocks: [{
              kind: "tool_use",
              tool: "AskUserQuestion",
              toolUseId: "c",
              text: where === "result" ? input : changed(input)
            }]
          },
          {
            blocks: [{
              kind: "tool_result",
              tool: "AskUserQuestion",
              toolUseId: "c",
              text: where === "call" ? result : changed(result)
            }]
          }
        ]])
        const units = yield* compress(context)
        check(units)
        checkUnits(units, "segment-1", context.segment.messages)
      }),
    { fastCheck: { numRuns: times(100) }, timeout: times(120_000) }
  )

  it.effect.prop("becomes the same bytes each time", [steps, before], ([steps, before]) =>
    Effect.gen(function*() {
      const [context, again] = [contextOf(steps, before), structuredClone(contextOf(steps, before))]
      assert.strictEqual(JSON.stringify(yield* compress(context)), JSON.stringify(yield* compress(again)))
    }), { timeout: 60_000 })

  it.effect.prop("keeps the ids of its units when more of it comes", [steps], ([steps]) =>
    Effect.gen(function*() {
      const ids = (units: ReadonlyArray<MemoryUnit>) =>
        units.filter(({ type }) => type === "decision" || type === "documentation").map(({ id }) => id)
      const first = ids(yield* compress(contextOf(steps)))
      const more = ids(yield* compress(contextOf([...steps, says("The import takes 4 minutes.")])))
      assert.includeMembers(more, first)
    }), { timeout: 60_000 })
})

/** Distinct sentences of substance, and phrases without any. */
const sentence = FastCheck.tuple(
  FastCheck.constantFrom<Array<(n: string) => string>>(
    (n) => `The import of part ${n} writes one row at a time, which is slow.`,
    (n) => `Version ${n} of the parser needs Node 20.11.1 or later (see \`docs/parser.md\`).`,
    (n) => `第 ${n} 批数据在导入时丢失了时区，所以日期差了一天。`,
    (n) => `表 t_${n} 没有索引，查询要 ${n} 毫秒。`,
    (n) => `接口 /api/v${n} 返回 503，retry 之后 works again.`,
    (n) => `- Item ${n} costs €3.50 and weighs 2 kg`,
    () => "Let me check.",
    () => "You're absolutely right!",
    () => "好的，让我看看。",
    () => "抱歉，我弄错了。"
  ),
  FastCheck.integer({ min: 100, max: 99_999 }),
  FastCheck.constantFrom(" ", "\n", "\n\n")
).map(([say, n, after]) => `${say(String(n))}${after}`)

const anyStatement = FastCheck.array(sentence, { minLength: 1, maxLength: 14 }).map((parts) => parts.join(""))

const step: FastCheck.Arbitrary<Step> = FastCheck.oneof(
  anyStatement.map(says),
  anyStatement.map(says),
  anyText.map((text) => runs("node scripts/import.js", text)),
  anyText.map((text) => fails("pnpm test", text)),
  anyText.map((text) => uses("Edit", { file_path: "a.ts", old_string: text, new_string: `${text}b` })),
  anyStatement.map(thinks)
)

const solid = (text: string) => text.replace(/\s+/g, "")

describe("what was said", () => {
  it.effect.prop(
    "is in some unit where it is a lesson, a fact or a wish",
    [anyStatement, FastCheck.array(step, { maxLength: 14 })],
    ([asked, steps]) =>
      Effect.gen(function*() {
        const prompt = `Why does the nightly import of the orders lose rows since Tuesday?\n${asked}`.slice(0, 450)
        const context = contextOf([asks(prompt), ...steps])
        const kept = solid((yield* compress(context)).map(({ content }) => content).join("\n"))
        for (const { blocks, role } of context.segment.messages) {
          for (const { kind, text } of blocks) {
            if (kind !== "text") continue
            for (const sentence of quotable(text)) {
              if (role === "assistant" ? !isLesson(sentence) && !isFact(sentence) : !isWish(sentence)) continue
              assert.isTrue(kept.includes(solid(sentence)), JSON.stringify(sentence))
            }
          }
        }
      }),
    { fastCheck: { numRuns: times(18) }, timeout: times(120_000) }
  )

  it.effect("is in no unit when it is a compaction's summary, a side thread's prompt's answer apart", () =>
    Effect.gen(function*() {
      const units = yield* compress(contextOf([
        [{ text: "This session is being continued. We always used Redis instead of files.", isSummary: true }],
        asks("Go on with the import of the products, please"),
        says("The import of the products runs in batches of 500, because the API refuses more.")
      ]))
      assert.isNotEmpty(units)
      assert.isFalse(units.some(({ content }) => content.includes("Redis")))
    }))

  it.effect("is no memory where nothing is said", () =>
    Effect.gen(function*() {
      assert.isEmpty(yield* compress(contextOf([])))
      assert.isEmpty(yield* compress(contextOf([asks("push"), runs("git push", "main -> main"), says("Pushed.")])))
      assert.isEmpty(yield* compress(contextOf([asks("好的"), says("完成！")])))
    }))
})

const pieces = [
  "a",
  "1",
  "数",
  "。",
  "，",
  "😀",
  "\ud83d",
  "\u0000",
  "\u202e",
  " ",
  "\t",
  "\n",
  "—",
  "...",
  "… ",
  "! ",
  "; ",
  "* ",
  "- a\n",
  "1. ",
  "1. a\n",
  "#",
  "# ",
  "`",
  "```\n",
  "**",
  "__",
  "[",
  "(",
  "<",
  "\"",
  "\"a\"=",
  "| a | b |\n",
  "a.b",
  "a/",
  "a, b ",
  "if a, ",
  "HTMLParser",
  "ok ok ok ",
  "I'll ",
  "let me ",
  "we decided ",
  "instead of ",
  "好的 ",
  "别",
  "error: ",
  "cd a && ",
  "key: \n",
  "\u001b[",
  "\u001b]8;;",
  "word word word word, "
]
/** Every ninth piece is repeated to 16,384 characters, which takes long, the others to 2,048. */
const isLong = oneIn(9)
const long = pieces.map((piece, index) => piece.repeat((isLong(piece, index) ? 16_384 : 2_048) / piece.length))

describe("a text that is meant to break things", () => {
  slow(it.effect)("takes a moment", () =>
    Effect.gen(function*() {
      for (const text of long.filter(oneIn(2))) {
        const context = contextOf([
          asks(text),
          says(`We fix it ${text} x.`),
          thinks(text),
          fails(`git ${text}`, text),
          runs(text, `Error: x\n${text}`),
          uses("Edit", { file_path: "a.ts", old_string: text, new_string: `a ${text}` }, text),
          uses("Task", { description: text, prompt: text, subagent_type: "Explore" }, text),
          uses("WebFetch", { url: "https://a.io", prompt: text }, text),
          uses("AskUserQuestion", { questions: text }, `User has answered your questions: ${text}`),
          uses("ExitPlanMode", { plan: text }, "User has approved your plan.")
        ], [says(text)])
        const [[units, archives], millis] = yield* withMillis(Effect.all([
          compress(context),
          summarize({ prompts: messagesOf([asks(text)]), closing: messagesOf([says(text)], "v") })
        ]))
        assert.isBelow(millis, 3_000, JSON.stringify(text.slice(0, 20)))
        check([...units, ...archives])
        checkUnits(units, "segment-1", [...context.segment.messages, ...context.before])
      }
    }), 180_000)
})

describe("the sample sessions", () => {
  it.effect("become units that say what was learned", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const store = yield* MemoryStore
      yield* Stream.runDrain(memory.ingest(yield* memory.discover([samples])))
      const units = yield* memory.recent({ projects: "all" }, 1_000)
      check(units)
      const known = new Set((yield* store.messages(units.flatMap(evidence))).map(({ uuid }) => uuid))
      assert.isTrue(units.flatMap(evidence).every((uuid) => known.has(uuid)))
      const { pending, textMessages, units: counted } = yield* memory.status
      assert.strictEqual(pending, 0)
      assert.isAtLeast(textMessages.cited / textMessages.total, 0.75)
      assert.strictEqual(counted.byType.archive, 8)
      for (const type of UnitType.literals) assert.isAbove(counted.byType[type] ?? 0, 0, type)
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
      assert.isTrue(holding("generation expression is not immutable").some(({ type }) => type === "error_log"))
      assert.isTrue(holding("金额一律用 Decimal").some(({ type }) => type === "decision"))
      assert.isTrue(units.some(({ title, type }) => type === "archive" && title.includes("search box")))
      assert.isEmpty(holding("lighthouse keeper"))
    }).pipe(Effect.provide(memoryLayer)), 60_000)
})
