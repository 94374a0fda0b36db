/**
 * Tells nothing twice within one text: leaves out of an item the sentences that another item of the text has. Two sentences
 * are the same when their letters and digits are, whatever the case, blanks, punctuation and Markdown; or when those of one
 * contain those of the other, and then the longer one is kept. Of equal ones the first is. Sentences of few letters, and
 * blocks of code, stay. Pure, and without Effect, since the hook's entry tells with it too.
 */
import { countUnspaced } from "../domain/Cjk.ts"
import { matchesIn } from "../domain/Matches.ts"
import { memoized } from "../domain/Memoized.ts"
import { ELLIPSIS, spansOf } from "./Excerpt.ts"

/** Fewest letters of a sentence that counts as a repetition; a Chinese or Japanese character counts for three. */
const MIN_LETTERS = 24

/**
 * Most characters that are no letters or digits, and texts of which nothing else is left to remove. A pattern of all takes longer to
 * compile than all else here.
 */
const SIGNS =
  /[\x00-\x2f\x3a-\x60\x7b-\x7f\u2000-\u206f\u2190-\u245f\u2500-\u2775\u3000-\u3004\u3008-\u3020\uff01-\uff0f\uff1a-\uff20]+/g
const LETTERS = /^[a-z\d\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]*$/

/** Returns the letters and digits of a text, in lower case. */
export const lettersOf = (text: string): string => {
  const most = text.toLowerCase().replace(SIGNS, "")
  return LETTERS.test(most) ? most : most.replace(/[^\p{L}\p{N}]+/gu, "")
}

const weightOf = (letters: string): number => letters.length + 2 * countUnspaced(letters)

const CODE = /^[^\S\n]*```[\s\S]*?(?:^[^\S\n]*```[^\S\n]*$|(?![\s\S]))/gm

const LABEL = /^\s*[\p{L} ,]{1,40}:/gmu

/** Removes the labels that stand before what somebody said. */
export const withoutLabels = (text: string): string => text.replace(LABEL, "")

interface Span {
  readonly from: number
  readonly to: number
  readonly letters: string
}

interface Sentence extends Span {
  readonly item: number
}

/** Returns the sentences outside of code that are long enough. Memoized, since a text is tried with more and more others. */
const sentencesOf = memoized(
  (text: string): ReadonlyArray<Span> => {
    const code = [...matchesIn(text, CODE)].map(({ 0: block, index }) => ({ from: index, to: index + block.length }))
    return spansOf(text).filter(({ from, to }) => !code.some((block) => from < block.to && to > block.from))
      .map(({ from, to }) => ({ from, to, letters: lettersOf(text.slice(from, to)) }))
      .filter(({ letters }) => weightOf(letters) >= MIN_LETTERS)
  },
  Infinity,
  64
)

/** Labels without their colon: the usual ones, and any, which is tried only where there are letters of others. */
const PLAIN_LABEL = /^[A-Za-z\u4e00-\u9fff ,]{1,40}$/
const ANY_LABEL = /^[\p{L} ,]{1,40}$/u
const isLabel = (before: string): boolean => {
  const label = before.trimStart()
  return PLAIN_LABEL.test(label) || /[^\x00-\x7f]/.test(label) && ANY_LABEL.test(label)
}

/** True for a text that says something beside labels, which end with the first colon of a line. */
const saysMore = (text: string): boolean =>
  text.split("\n").some((line) => {
    const colon = line.indexOf(":")
    const before = line.slice(0, Math.max(0, colon))
    return lettersOf(line.slice(colon + 1)) !== "" || lettersOf(before) !== "" && !isLabel(before)
  })

/** Cuts sentences from a text, and marks each run of them that has words on both sides. */
const without = (text: string, cut: ReadonlyArray<Sentence>): string => {
  let left = ""
  let at = 0
  for (const { from, to } of cut) {
    const between = text.slice(at, from)
    left += left.endsWith(ELLIPSIS) && between.trim() === "" ? "" : `${between}${ELLIPSIS}`
    at = to
  }
  return left + text.slice(at)
}

/** Matches a line that says nothing after a colon; before that may be the label of somebody of whose words none is left. */
const EMPTY_LINE = /^([^\n:]+):(?:[^\S\n]*…)+[^\S\n]*(?:\n|(?![\s\S]))/gm

/** Matches a short line that introduces what is cut below it, with the mark of that. */
const INTRODUCTION = /^[^\S\n]*[^\s:：][^\n]{0,58}[:：][*_]{0,2}\n[^\S\n]*(?=…[^\S\n]*(?:\n|(?![\s\S])))/gm

/** Matches all marks but the last of several that follow one another. */
const MARKED_AGAIN = /…[^\S\n]*\n[^\S\n]*(?=…[^\S\n]*(?:\n|(?![\s\S])))/g

/** True where a line begins with a label, or none is left. */
const isLabelled = (text: string): boolean => {
  const colon = /^[^\n:]*(?=:)/.exec(text)?.[0]
  return text === "" || colon !== undefined && isLabel(colon)
}

/** Returns each text without what others have; undefined for one that has nothing of its own. The first `fixed` ones stay. */
export const withoutRepeats = (texts: ReadonlyArray<string>, fixed = 0): ReadonlyArray<string | undefined> => {
  if (fixed === texts.length) return texts
  const sentences = texts.flatMap((text, item) => sentencesOf(text).map((span): Sentence => ({ ...span, item })))
  const isRepeat = (one: Sentence, i: number) =>
    one.item >= fixed &&
    sentences.some((other, j) =>
      other.item !== one.item && other.letters.length >= one.letters.length && other.letters.includes(one.letters) &&
      (other.letters.length > one.letters.length || j < i)
    )
  const repeats = sentences.filter(isRepeat)
  return repeats.length === 0 ? texts : texts.map((text, item) => {
    const cut = repeats.filter((each) => each.item === item)
    if (cut.length === 0) return text
    // A label stays for the lines below it.
    const said = without(text, cut).replace(INTRODUCTION, "").replace(MARKED_AGAIN, "").replace(
      EMPTY_LINE,
      (line, before: string, at: number, whole: string) =>
        isLabel(before) && isLabelled(whole.slice(at + line.length)) ? "" : line
    )
    const rest = text.endsWith("\n") ? said : said.trimEnd()
    return saysMore(rest) ? rest : undefined
  })
}
