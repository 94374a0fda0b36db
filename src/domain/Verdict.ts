/**
 * What is told at a prompt, and why.
 */
import * as Schema from "effect/Schema"

/** A lexeme of a prompt; the rarer it is in the memory, the more bits, and 0 for words of everyday work. */
export const Word = Schema.Struct({ lexeme: Schema.String, bits: Schema.NonNegative })
export type Word = typeof Word.Type

/** Least scores at which memories are told, and at which only their titles are. */
export const Bounds = Schema.Struct({ memories: Schema.Number, pointer: Schema.Number })
export type Bounds = typeof Bounds.Type

export const Verdict = Schema.Struct({
  tells: Schema.Literal("nothing", "pointer", "memories"),
  /** Sum of the parts. */
  score: Schema.Number,
  /** Summands of the score. */
  parts: Schema.Struct({
    /** Bits of the words that stand together, up to a bound. */
    evidence: Schema.NonNegative,
    coverage: Schema.NonNegative,
    /** At most 0: for the length of a long prompt, for an order, and for a name of code. */
    length: Schema.Number,
    order: Schema.Number,
    code: Schema.Number,
    past: Schema.NonNegative
  }),
  bounds: Bounds,
  words: Schema.Array(Word),
  /** Lexemes that stand together in the most telling memory, and the sum of their bits. */
  together: Schema.Array(Schema.String),
  bits: Schema.NonNegative,
  /** Share of these bits of those of all words. */
  coverage: Schema.Number.pipe(Schema.between(0, 1)),
  /** The prompt's length in tokens. */
  tokens: Schema.NonNegativeInt,
  /** True when the prompt is an order, or asks to explain. */
  isOrder: Schema.Boolean,
  /** True when the prompt names code: a path, a file, an identifier. */
  namesCode: Schema.Boolean,
  /** True when the prompt speaks of what was before. */
  isOfPast: Schema.Boolean
})
export type Verdict = typeof Verdict.Type
