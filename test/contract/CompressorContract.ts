/**
 * The contract of every `Compressor`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Compressor } from "../../src/compress/Compressor.ts"
import type { Block, Message, Session } from "../../src/domain/Conversation.ts"
import {
  evidence,
  MAX_CONTENT_LENGTH,
  MAX_CONTENT_TOKENS,
  MAX_EVIDENCE,
  MemoryUnit,
  UnitType,
  weightedLength
} from "../../src/domain/MemoryUnit.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import type { SegmentContext, SessionOutline } from "../../src/store/MemoryStore.ts"
import { times } from "../data.ts"
import { anyText, nonBlankText } from "../texts.ts"
import { message } from "./made.ts"

const session: Session = {
  id: "s1",
  projectId: "project-one",
  title: null,
  cwd: "/work/one",
  branch: null,
  startedAt: 1,
  endedAt: 9_000
}

/** The prompt and answer of the previous segment. */
const before = [
  message("b0", { text: "Where do sessions go? TODO: ask Mei.", isPrompt: true }),
  message("b1", { role: "assistant", text: "Shall I put them into SQLite, or into files?" })
]

const contextOf = (messages: ReadonlyArray<Message>, id = "segment-1"): SegmentContext => ({
  segment: { id, sessionId: "s1", thread: "main", messages },
  session,
  position: 7,
  before
})

const compress = (context: SegmentContext) => Effect.flatMap(Compressor, ({ compress }) => compress(context))
const summarize = (outline: SessionOutline) => Effect.flatMap(Compressor, ({ summarize }) => summarize(outline))

/** Texts that a compressor may look for, each different by its number. */
const remark = FastCheck.tuple(
  FastCheck.constantFrom("TODO: close pool", "We decided to use SQLite", "```ts\nlet a = 1\n```\nRun step"),
  FastCheck.nat()
).map(([words, n]) => `${words} ${n}.\n`)

const text = FastCheck.oneof(
  nonBlankText,
  remark,
  FastCheck.tuple(nonBlankText, remark).map((parts) => parts.join("\n"))
)

const block: FastCheck.Arbitrary<Block> = FastCheck.record({
  kind: FastCheck.constantFrom<Array<Block["kind"]>>("text", "text", "thinking", "tool_use", "tool_result"),
  text,
  tool: FastCheck.constantFrom("Bash", "Edit", "工具".repeat(300)),
  toolUseId: FastCheck.constantFrom("t1", "t2"),
  file: anyText,
  isError: FastCheck.boolean()
}, { requiredKeys: ["kind", "text"] })

/** Messages of a segment; the first is a prompt. */
const messages = FastCheck.array(
  FastCheck.record({
    role: FastCheck.constantFrom<Array<Message["role"]>>("human", "assistant", "assistant", "system"),
    blocks: FastCheck.array(block, { minLength: 1, maxLength: 3 }),
    isSummary: FastCheck.boolean(),
    occurredAt: FastCheck.nat()
  }),
  { minLength: 1, maxLength: 12 }
).map((made) => made.map((says, i) => message(`u${i}`, { ...says, isPrompt: i === 0 })))

/** Terminal codes and horizontal rules, which a compressor may remove from tool output. */
const CODES = /\u001b?\]8;;[^\\\u0007\u001b]*(?:\u001b?\\|\u0007)|\u001b?\[[0-9;]*[mKG]|[━─═]{3,}/g

/** Those of the last texts: each is looked through for many lines. */
const solids = new Map<string, string>()
const solid = (text: string): string => {
  const known = solids.get(text)
  if (known !== undefined) return known
  if (solids.size >= 100) solids.clear()
  const made = text.replace(/\s+/g, "")
  solids.set(text, made)
  return made
}

/** Characters that may end a sentence: marks, and closing quotes and brackets after them. */
const END = /[.!?…。！？；"'”’)\]`*_]/u

/** Returns true when a line consists of parts of a text that end at sentence ends. */
const isMadeOf = (whole: string, line: string): boolean => {
  let at = 0
  while (at < line.length) {
    let [least, most] = [0, line.length - at]
    while (least < most) {
      const middle = Math.ceil((least + most) / 2)
      if (whole.includes(line.slice(at, at + middle))) least = middle
      else most = middle - 1
    }
    let end = at + least
    while (end > at && end < line.length && !END.test(line[end - 1]!)) end--
    if (end === at) return false
    at = end
  }
  return true
}

/** Returns true for an exact quote. Sentences may be missing; a line of tool output may be truncated, and then ends in "…". */
export const quotes = (said: string, line: string, kind: Block["kind"]): boolean => {
  const wholes = [said, ...(kind === "tool_result" ? [said.replace(CODES, "")] : [])].map(solid)
  const isThere = (part: string) => wholes.some((whole) => whole.includes(solid(part)))
  return isThere(line) || (kind === "tool_result" && line.endsWith("…") && isThere(line.slice(0, -1))) ||
    wholes.some((whole) => isMadeOf(whole, solid(line)))
}

export const check = (units: ReadonlyArray<MemoryUnit>, origin: string, messages: ReadonlyArray<Message>) => {
  const said = (uuid: string, kind: Block["kind"]) =>
    [...before, ...messages].filter((each) => each.uuid === uuid).flatMap(({ blocks }) => blocks)
      .filter((block) => block.kind === kind).flatMap(({ file, text }) => file === undefined ? [text] : [text, file])
  for (const unit of units) {
    assert.isTrue(Schema.is(MemoryUnit)(unit))
    assert.deepInclude(unit, { origin, projectId: session.projectId, sessionId: session.id })
    assert.isAtMost(Tokens.estimate(unit.content), MAX_CONTENT_TOKENS)
    assert.isAtMost(weightedLength(unit.content), MAX_CONTENT_LENGTH)
    assert.strictEqual(unit.tokens, Tokens.estimate(unit.content))
    assert.isTrue(unit.quality >= 0 && unit.quality <= 1)
    assert.isNotEmpty(evidence(unit))
    assert.isAtMost(evidence(unit).length, MAX_EVIDENCE)
    let end = 0
    for (const { from, kind, to, uuid } of unit.passages) {
      assert.isTrue(end <= from && from < to && to <= unit.content.length)
      end = to
      for (const line of unit.content.slice(from, to).split("\n")) {
        assert.isTrue(
          said(uuid, kind).some((text) => quotes(text, line, kind)),
          `${uuid} says no ${JSON.stringify(line)}`
        )
      }
    }
  }
  assert.strictEqual(new Set(units.map(({ id }) => id)).size, units.length)
}

export const suite = <E>(name: string, layer: Layer.Layer<Compressor, E>) => {
  const property = <A, E2>(
    title: string,
    arbitrary: FastCheck.Arbitrary<A>,
    body: (value: A) => Effect.Effect<void, E2, Compressor>
  ) =>
    it.effect.prop(title, [arbitrary], ([value]) => Effect.provide(body(value), layer), {
      fastCheck: { numRuns: times(18), interruptAfterTimeLimit: 20_000 }
    })

  describe(name, () => {
    property(
      "makes units within the bounds, of the segment's own messages",
      messages,
      (messages) => Effect.map(compress(contextOf(messages)), (units) => check(units, "segment-1", messages))
    )

    property(
      "gives the units of a type in the segment's order, all before what comes after it",
      messages,
      (messages) =>
        Effect.map(compress(contextOf(messages)), (units) => {
          for (const type of UnitType.literals) {
            const positions = units.filter((unit) => unit.type === type).map(({ position }) => position)
            assert.deepStrictEqual(positions, positions.toSorted((a, b) => a - b))
          }
          assert.isTrue(units.every(({ position }) => position >= 7 && position < 7 + messages.length))
        })
    )

    property(
      "makes the same units of the same segment, and others of another",
      messages,
      (messages) =>
        Effect.gen(function*() {
          const units = yield* compress(contextOf(messages))
          assert.strictEqual(JSON.stringify(yield* compress(contextOf(messages))), JSON.stringify(units))
          const ids = new Set(units.map(({ id }) => id))
          const others = yield* compress(contextOf(messages, "segment-2"))
          assert.isFalse(others.some(({ id }) => ids.has(id)))
          check(others, "segment-2", messages)
        })
    )

    property(
      "makes archives of a session within the same bounds, and the same each time",
      messages,
      (messages) =>
        Effect.gen(function*() {
          const half = Math.ceil(messages.length / 2)
          const outline = {
            session,
            units: [],
            prompts: messages.slice(0, half),
            closing: messages.slice(half),
            files: ["a.ts"],
            steps: messages
          }
          const units = yield* summarize(outline)
          check(units, session.id, messages)
          assert.isTrue(units.every(({ type }) => type === "archive"))
          assert.strictEqual(JSON.stringify(yield* summarize(outline)), JSON.stringify(units))
        })
    )

    it.scoped("archives nothing where nobody asked anything", () =>
      Effect.gen(function*() {
        const closing = [message("c", { role: "assistant", text: "Done." })]
        assert.deepStrictEqual(yield* summarize({ session, units: [], prompts: [], closing, files: [], steps: [] }), [])
      }).pipe(Effect.provide(layer)))

    it.scoped("stays within the bounds when messages are many, or as long as they come", () =>
      Effect.gen(function*() {
        const long = ["word ".repeat(3_000), "数".repeat(16_384), "😀".repeat(8_192), "TODO {[(".repeat(2_000)]
        for (const textOf of [(i: number) => `TODO: step ${i}.`, (i: number) => long[i % long.length]!]) {
          const messages = Array.from(
            { length: 20 },
            (_, i) => message(`u${i}`, { text: textOf(i), isPrompt: i === 0 })
          )
          check(yield* compress(contextOf(messages)), "segment-1", messages)
        }
      }).pipe(Effect.provide(layer)))

    it.scoped("goes on after a call was interrupted", () =>
      Effect.gen(function*() {
        const messages = Array.from({ length: 20 }, (_, i) => message(`u${i}`, { text: `TODO: step ${i}.` }))
        for (let turns = 0; turns < 5; turns++) {
          const fiber = yield* Effect.fork(compress(contextOf(messages)))
          for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow()
          yield* Fiber.interrupt(fiber)
        }
        check(yield* compress(contextOf(messages)), "segment-1", messages)
      }).pipe(Effect.provide(layer)))
  })
}
