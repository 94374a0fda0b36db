/**
 * Checks what is masked of texts in which secrets stand between « and ».
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { redact } from "../../../src/capture/redact/Redactor.ts"
import { simplified } from "../../../src/domain/ChineseScripts.ts"
import { traditional } from "../../traditional.ts"

/** Returns a text with its secrets masked. */
export const one = (text: string): Effect.Effect<string> => Effect.map(redact([text]), ({ texts }) => texts[0] ?? "")

/** Returns texts in both Chinese scripts, but Japanese ones as they are. */
export const inBoth = (texts: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(texts.flatMap((text) => /[\u3040-\u30ff]/.test(text) ? [text] : [simplified(text), traditional(text)]))
]

/** Checks that just the marked secrets are masked, as ones of that kind if one is given, and that a second pass changes nothing. */
export const assertMasked = (marked: string, kind?: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    const redacted = yield* one(marked.replaceAll(/[«»]/g, ""))
    const mask = kind === undefined ? "[redacted]" : `[redacted:${kind}]`
    assert.strictEqual(
      kind === undefined ? redacted.replaceAll(/\[redacted:[a-z-]+\]/g, mask) : redacted,
      marked.replaceAll(/«[^»]*»/g, mask)
    )
    assert.strictEqual(yield* one(redacted), redacted)
  })

// Made at run time, so that scanners find no key in the files.
export const hex = Array.from({ length: 32 }, (_, i) => (i * i * 7 + i * 3 + 5) % 16).map((digit) => digit.toString(16))
  .join("")
