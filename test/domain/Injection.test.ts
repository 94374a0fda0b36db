import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { defuse, fence, removePassages, stripFence } from "../../src/domain/Injection.ts"
import { times } from "../data.ts"
import { anyText, hostile, millis } from "../texts.ts"

/** Texts that forge a fence, or try to. */
const forged = FastCheck.array(
  FastCheck.constantFrom(
    "<claude-memory>",
    "</claude-memory>",
    "<Claude-Memory>",
    "</CLAUDE-MEMORY>",
    "<claude-memory id=\"1\">",
    "</claude-memory >",
    "<claude-memory/>",
    "<cla<claude-memory>ude-memory>",
    "</claude-</claude-memory>memory>",
    "<<claude-memory>>",
    "< /claude-memory>",
    "<claude-memory",
    "</claude-memory",
    "claude-memory>",
    "<",
    "/",
    ">",
    "\n",
    "\u0000",
    "text"
  ),
  { maxLength: 12 }
).map((parts) => parts.join(""))

/** Text beside the fence that neither begins nor ends a fence. */
const beside = FastCheck.oneof(anyText, FastCheck.constantFrom("<claude", "memory>", "</claude>", "<b>", "<"))
  .filter((text) => !/claude-memory/.test(text))

describe("the fence", () => {
  it.prop(
    "is stripped whole, whatever was in it",
    [beside, FastCheck.oneof(forged, anyText), beside],
    ([before, x, after]) => {
      assert.strictEqual(stripFence(before + fence(defuse(x)) + after), before + after)
    },
    { fastCheck: { numRuns: times(200) } }
  )

  it.prop("can't be begun or ended by what was defused", [forged], ([text]) => {
    assert.isFalse(/<\/?claude-memory/i.test(defuse(text)), defuse(text))
    assert.strictEqual(defuse(defuse(text)), defuse(text))
    assert.strictEqual(defuse(text).replaceAll("\u2039", "<"), text)
  }, { fastCheck: { numRuns: times(200) } })

  it.prop("is stripped each time", [FastCheck.array(FastCheck.tuple(beside, forged), { maxLength: 5 })], ([parts]) => {
    const text = parts.map(([before, x]) => before + fence(defuse(x))).join("")
    assert.strictEqual(stripFence(text), parts.map(([before]) => before).join(""))
  })

  it("may have attributes, and text that is fenced in no way stays", () => {
    assert.strictEqual(stripFence("a<claude-memory version=\"2\">b</claude-memory>c"), "ac")
    for (
      const text of ["a", "a <claude-memory> without an end", "</claude-memory> b", "<claude-memoryx>a</claude-memory>"]
    ) {
      assert.strictEqual(stripFence(text), text)
    }
  })

  it("takes linear time", () => {
    for (const text of hostile) {
      assert.isBelow(millis(() => stripFence(text)), 1_000, text.slice(0, 20))
      assert.isBelow(millis(() => defuse(text)), 1_000, text.slice(0, 20))
      assert.isBelow(
        millis(() => removePassages(text, /<system-reminder>/, "</system-reminder>")),
        1_000,
        text.slice(0, 20)
      )
    }
  })
})
