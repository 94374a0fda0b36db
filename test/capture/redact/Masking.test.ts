import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { maskParagraphs } from "../../../src/capture/redact/Masking.ts"

it.effect("a private passage of any number of paragraphs is masked in its text, and in no other one", () =>
  Effect.gen(function*() {
    const inside = Array.from({ length: 40 }, (_, i) => `paragraph ${i} of the salary`)
    const { counts, texts } = yield* maskParagraphs([
      ["before <private>", ...inside, "end</private> after", "last"],
      ["a\u0000b", "c"],
      [""],
      ["open <private>", ...inside],
      ["title"]
    ])
    assert.deepStrictEqual(texts, [
      ["before [redacted:private] after", "last"],
      ["a\ufffdb", "c"],
      [""],
      ["open [redacted:private]"],
      ["title"]
    ])
    assert.deepStrictEqual(counts, { private: 2 })
  }))
