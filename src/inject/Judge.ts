/**
 * Judges whether a memory is worth telling at a prompt nobody asked it at: by words alone, so that the hook and the
 * server judge alike. Pure. docs/speaking.md has the figures, `npm run bench -- judge` fits the weights.
 */
import type { InjectionMode } from "../domain/Injection.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { Bounds, Verdict } from "../domain/Verdict.ts"
import type { Evidence } from "../retrieve/Evidence.ts"
import { isOfPast, isOrder } from "./Style.ts"

/** Most bits that count: more is quoted text, not a better answer. */
const MAX_BITS = 24
/** Bits that each part is worth, in its unit. */
const COVERAGE = 12
/** For each doubling of a prompt beyond `SHORT` tokens: a long one brings its own context. */
const DOUBLING = -8
const SHORT = 32
const ORDER = -12
const PAST = 5

export const BOUNDS: Readonly<Record<InjectionMode, Bounds>> = {
  conservative: { memories: 22, pointer: 17.5 },
  balanced: { memories: 17.5, pointer: 12 },
  comprehensive: { memories: 12, pointer: 8 }
}

export const judge = (prompt: string, { testimonies: [best], words }: Evidence, mode: InjectionMode): Verdict => {
  const bounds = BOUNDS[mode]
  const total = words.reduce((sum, { bits }) => sum + bits, 0)
  const bits = best?.bits ?? 0
  const coverage = total === 0 ? 0 : Math.min(1, bits / total)
  const tokens = Tokens.estimate(prompt)
  const style = { isOrder: isOrder(prompt), isOfPast: isOfPast(prompt) }
  const score = Math.min(MAX_BITS, bits) + COVERAGE * coverage + DOUBLING * Math.max(0, Math.log2(tokens / SHORT)) +
    (style.isOrder ? ORDER : 0) + (style.isOfPast ? PAST : 0)
  return {
    tells: bits === 0 || score < bounds.pointer ? "nothing" : score < bounds.memories ? "pointer" : "memories",
    score,
    bounds,
    words,
    together: best?.together ?? [],
    bits,
    coverage,
    tokens,
    ...style
  }
}
