/**
 * Judges whether a memory is worth telling at a prompt nobody asked it at: by words alone, so that the hook and the
 * server judge alike. Pure. docs/speaking.md has the figures, `npm run bench -- judge` fits the weights.
 */
import { isTalk } from "../domain/EverydayWords.ts"
import type { InjectionMode } from "../domain/Injection.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { Bounds, Verdict, Word } from "../domain/Verdict.ts"
import { type Evidence, mostBitsOf } from "../retrieve/Evidence.ts"
import { termsOf } from "../retrieve/Terms.ts"
import { askedToBeDone, asksForRule, isOfPast, isOrder, namesCode } from "./Style.ts"

/** Most bits that count: more is quoted text, not a better answer. */
const MAX_BITS = 24
/** Bits that each part is worth, in its unit. */
const COVERAGE = 12
/** For each doubling of a prompt beyond `SHORT` tokens: a long one brings its own context. */
const DOUBLING = -8
const SHORT = 32
/** For an order, and for a question that asks to explain. */
const ORDER = -12
/** For a prompt that names code: what it is about can be read there. */
const CODE = -2
const PAST = 5
/**
 * Share of the coverage that counts where all that a memory holds is the end of one Chinese word and the beginning of the next: it is there
 * by chance, and the words that no memory holds are not counted.
 */
const OF_PIECE = 0.5
const PAIR = /^[\u3400-\u9fff]{2}$/

export const BOUNDS: Readonly<Record<InjectionMode, Bounds>> = {
  conservative: { memories: 22, pointer: 17.5 },
  balanced: { memories: 16.5, pointer: 12 },
  comprehensive: { memories: 12, pointer: 8 }
}

/** What of the evidence is judged. */
interface Judged {
  readonly words: ReadonlyArray<Word & { readonly isAbsent?: boolean }>
  readonly testimonies: ReadonlyArray<Omit<Evidence["testimonies"][number], "unit">>
}

/** Tests whether a prompt asks if something was done, or why, that no memory names: then none tells of it. */
const asksOfNothingKnown = (prompt: string, words: Judged["words"]): boolean => {
  const asked = askedToBeDone(prompt)
  const lexemes = asked === "" ? [] : Tokenizer.queryLexemes(asked)
  return words.some(({ bits, isAbsent, lexeme }) => isAbsent === true && bits > 0 && lexemes.includes(lexeme))
}

export const judge = (prompt: string, { testimonies: [best], words }: Judged, mode: InjectionMode): Verdict => {
  const bounds = BOUNDS[mode]
  const total = words.reduce((sum, { bits }) => sum + bits, 0)
  const bits = best?.bits ?? 0
  const coverage = total === 0 ? 0 : Math.min(1, bits / total)
  const together = best?.together ?? []
  const [held = ""] = together
  const isPiece = together.length === 1 && PAIR.test(held) && !Tokenizer.cjkWordsIn(prompt).has(held)
  const tokens = Tokens.estimate(prompt)
  const style = { isOrder: isOrder(prompt), isOfPast: isOfPast(prompt), namesCode: namesCode(prompt) }
  const isUnknown = asksOfNothingKnown(prompt, words)
  const most = isUnknown ? "pointer" as const : "memories" as const
  const parts = {
    evidence: Math.min(MAX_BITS, bits),
    coverage: COVERAGE * coverage * (isPiece ? OF_PIECE : 1),
    length: tokens <= SHORT ? 0 : DOUBLING * Math.log2(tokens / SHORT),
    order: style.isOrder ? ORDER : 0,
    code: style.namesCode ? CODE : 0,
    past: style.isOfPast && !isUnknown ? PAST : 0
  }
  const score = parts.evidence + parts.coverage + parts.length + parts.order + parts.code + parts.past
  return {
    tells: bits === 0 || score < bounds.pointer ? "nothing" : score < bounds.memories ? "pointer" : most,
    score,
    parts,
    bounds,
    words: words.map(({ bits, lexeme }) => ({ bits, lexeme })),
    together,
    bits,
    coverage,
    tokens,
    ...style
  }
}

/** Returns false for a prompt at which no memory is worth telling, whatever there is in it: "yes", "push the branch". */
export const mayTell = (prompt: string, mode: InjectionMode): boolean => {
  const maySuffice = (bits: number) =>
    judge(prompt, { words: [{ lexeme: "", bits }], testimonies: [{ together: [], bits }] }, mode).tells !== "nothing"
  // A long prompt is not split into its words.
  if (!maySuffice(MAX_BITS)) return false
  const terms = termsOf(prompt)
  return maySuffice(mostBitsOf(terms)) || asksForRule(prompt) && maySuffice(mostBitsOf(terms, isTalk))
}
