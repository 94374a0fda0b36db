/**
 * Misspells questions as fingers do: in the longest English word of each, one letter too few, too many, another one, or two in the
 * wrong order, drawn by the question's id.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { matchesIn } from "../../../src/domain/Matches.ts"
import { LETTERS, WORD } from "../../../src/retrieve/Spelling.ts"
import type { Question } from "./questions.ts"

/** Fewest letters of a word that is misspelt. */
const FEWEST = 6

const slip = (word: string) =>
  Effect.gen(function*() {
    const at = yield* Random.nextIntBetween(1, word.length - 1)
    const letter = LETTERS[yield* Random.nextIntBetween(0, LETTERS.length)]!
    const [removed, put] = yield* Random.choice(
      [[1, ""], [0, word[at]!], [1, letter], [2, word[at + 1]! + word[at]!]] as const
    )
    return word.slice(0, at) + put + word.slice(at + removed)
  })

/** Leaves a question without such a word as it is. */
export const misspelt = (question: Question) =>
  Effect.gen(function*() {
    const { id, question: text } = question
    const [longest] = [...matchesIn(text, WORD)].sort((a, b) => b[0].length - a[0].length)
    if (longest === undefined || longest[0].length < FEWEST) return question
    const typed = yield* Effect.withRandom(slip(longest[0]), Random.make(id))
    return {
      ...question,
      question: text.slice(0, longest.index) + typed + text.slice(longest.index + longest[0].length)
    }
  })
