import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import type { Message } from "../../src/domain/Conversation.ts"
import { countFitting, cursorAt, offsetOf, passage } from "../../src/mcp/Answer.ts"

const ROOM = 3_000

/** Texts that grow when written as JSON, with surrogate pairs. */
const text = FastCheck.string({ unit: FastCheck.constantFrom("a", "\n", "\"", "\\", "记", "🚀"), maxLength: 9_000 })

const messageOf = (text: string, i: number): Message => ({
  uuid: `message-${i}`,
  parentUuid: null,
  sessionId: "session",
  thread: "main",
  role: "assistant",
  blocks: [{ kind: "text", text }],
  isPrompt: false,
  isSummary: false,
  occurredAt: 1_700_000_000_000
})

describe("pages of an answer", () => {
  it.prop("hold all that messages say, in order, each within its room and no character in halves", [
    FastCheck.array(text, { maxLength: 5 })
  ], ([texts]) => {
    const messages = texts.map(messageOf)
    const collected = new Map<string, string>()
    let offset: number | undefined = 0
    for (let pages = 0; offset !== undefined; pages++) {
      assert.isBelow(pages, 100)
      const { end, evidence }: ReturnType<typeof passage> = passage(messages, offset, ROOM)
      assert.isAtMost(evidence.reduce((sum, entry) => sum + JSON.stringify(entry).length, 0), ROOM)
      for (const { message_id, text } of evidence) {
        assert.doesNotThrow(() => encodeURIComponent(text))
        collected.set(message_id, (collected.get(message_id) ?? "") + text)
      }
      offset = end
    }
    for (const { blocks, uuid } of messages) assert.strictEqual(collected.get(uuid) ?? "", blocks[0]!.text)
  })

  it("say which words Claude thought, which it asked of a tool and what that gave", () => {
    const blocks: Message["blocks"] = [
      { kind: "text", text: "I look." },
      { kind: "thinking", text: "Where?" },
      { kind: "tool_use", tool: "Bash", text: "ls" },
      { kind: "tool_result", text: "a.ts" },
      { kind: "tool_result", isError: true, text: "no" }
    ]
    const { evidence } = passage([{ ...messageOf("", 0), blocks }], 0, ROOM)
    assert.deepStrictEqual(evidence.map(({ text }) => text), [
      "I look.\n(thinking) Where?\n[Bash] ls\ngave: a.ts\nfailed: no"
    ])
  })

  it.prop("hold as many items as fit, and at least one", [
    FastCheck.array(text, { maxLength: 10 }),
    FastCheck.integer({ min: 1, max: 20_000 })
  ], ([items, room]) => {
    const n = countFitting(items, room)
    const lengthOf = (n: number) => items.slice(0, n).reduce((sum, item) => sum + JSON.stringify(item).length, 0)
    assert.isTrue(n <= 1 || lengthOf(n) <= room)
    assert.isTrue(n === items.length || lengthOf(n + 1) > room)
  })
})

describe("a cursor", () => {
  it.effect.prop("leads on in its own question and is refused in any other", [
    FastCheck.string(),
    FastCheck.string(),
    FastCheck.integer({ min: 0, max: 999_999_999 })
  ], ([question, another, offset]) =>
    Effect.gen(function*() {
      const cursor = cursorAt(question, offset)
      assert.strictEqual(yield* offsetOf(question, cursor), offset)
      if (question !== another) {
        assert.strictEqual((yield* Effect.flip(offsetOf(another, cursor)))._tag, "Refused")
      }
    }))

  it.effect.prop("is not any text", [FastCheck.string()], ([text]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(offsetOf("question", text)))._tag, "Refused")
    }))
})
