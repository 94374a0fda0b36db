/**
 * Leaves what a memory says no more out of that of which its session's summary is made: a person, or Claude for them, corrected the memory
 * or named another that holds in its place, and the summary would go on saying what it said before. Pure, so that every store does alike.
 */
import type { Message } from "../domain/Conversation.ts"
import type { MemoryUnit, Passage } from "../domain/MemoryUnit.ts"
import { lexemes } from "../domain/Tokenizer.ts"
import * as Forgetting from "./Forgetting.ts"
import type { SessionOutline } from "./MemoryStore.ts"

/** A memory as it was derived of its session, and what is said in its place now. */
export interface Corrected {
  readonly derived: MemoryUnit
  readonly now: string
}

/** Returns the numbers of a text, each with the word before or after it: "24 hour". */
const valuesIn = (words: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(
    words.slice(1).map((word, i) => `${words[i]} ${word}`).filter((pair) => /(?:^| )\d+(?: |$)/.test(pair))
  )

/** Returns a test for sentences that say what a memory said, or give a number of it beside another word of it, and hold what is said no more. */
const isOutdatedBy = ({ derived, now }: Corrected) => {
  const held = new Set(lexemes(now))
  const before = lexemes(derived.content)
  const had = new Set(before)
  const sentences = Forgetting.contentSentences([derived]).filter((sentence) =>
    [...sentence.lexemes].some((word) => !held.has(word))
  )
  const valuesNow = valuesIn(lexemes(now))
  const values = [...valuesIn(before)].filter((value) => !valuesNow.has(value))
  return (text: string): boolean => {
    const words = lexemes(text)
    const given = valuesIn(words)
    const isValue = (value: string) =>
      given.has(value) && words.some((word) => had.has(word) && !value.split(" ").includes(word))
    return words.some((word) => !held.has(word)) && (Forgetting.overlaps(text, sentences) || values.some(isValue))
  }
}

/** Returns the pieces of a passage that hold none of such sentences. */
const piecesOf = (content: string, passage: Passage, isOutdated: (text: string) => boolean): ReadonlyArray<Passage> => {
  const pieces: Array<Passage> = []
  let from = passage.from
  for (const sentence of Forgetting.sentencesOf(content.slice(passage.from, passage.to))) {
    const to = from + sentence.length
    const last = pieces.at(-1)
    if (!isOutdated(sentence)) {
      if (last?.to === from) pieces[pieces.length - 1] = { ...last, to }
      else pieces.push({ ...passage, from, to })
    }
    from = to
  }
  return pieces
}

/** Returns an outline without what is said no more; the same one where nothing was corrected. */
export const withoutOutdated = (outline: SessionOutline, corrected: ReadonlyArray<Corrected>): SessionOutline => {
  if (corrected.length === 0) return outline
  const tests = corrected.map(isOutdatedBy)
  const isOutdated = (text: string) => tests.some((test) => test(text))
  const cut = (messages: ReadonlyArray<Message>) =>
    messages.map((message) => Forgetting.cutSentences(message, isOutdated).message)
  return {
    ...outline,
    prompts: cut(outline.prompts),
    closing: cut(outline.closing),
    units: outline.units.map((unit) => ({
      ...unit,
      passages: unit.passages.flatMap((passage) => piecesOf(unit.content, passage, isOutdated))
    }))
  }
}
