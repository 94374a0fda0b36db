/**
 * Recognizes the marks that alternatives have: a letter, a number, or one of the Chinese stems. Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { matchesIn } from "../../domain/Matches.ts"

/** How one of several alternatives is known: by its letter, its number, or its place among them, from 0; -1 is the last. */
export interface Name {
  readonly by: "letter" | "number" | "place"
  readonly index: number
}

export const CHINESE_NUMBERS = "一二三四五六"
/** The first of the ten stems, which Chinese lists have as letters. */
export const STEMS = "甲乙丙丁"
export const NOUN = "(?:options?|alternative|approach|choice|variant|方案|选项)"
const ID = `[a-h1-9${CHINESE_NUMBERS}${STEMS}]`

export const nameOf = (id: string): Name => {
  const number = CHINESE_NUMBERS.indexOf(id)
  if (number >= 0) return { by: "number", index: number }
  if (STEMS.includes(id)) return { by: "letter", index: STEMS.indexOf(id) }
  return /\d/.test(id)
    ? { by: "number", index: Number(id) - 1 }
    : { by: "letter", index: id.toLowerCase().charCodeAt(0) - "a".charCodeAt(0) }
}

/** Matches what names an alternative at the beginning of its line: "A.", "(2)", "**Option B", "### 方案二：", "- B:". */
const MARK = inBothScripts(
  new RegExp(
    `^[\\s>#]*(?:[-*+•]\\s+)?[*_]{0,3}(?:${NOUN}\\s*(?<noun>${ID})(?![\\p{L}\\d])|[(（[](?<bracket>${ID})[)）\\]]|` +
      `(?<sign>${ID})[*_]{0,3}\\s*(?:[.:)](?=[\\s*]|$)|[：、）])|(?<dash>[A-H])[*_]{0,3} [–—-](?= ))[*_]*\\s*[.:)：、–—-]?`,
    "iu"
  )
)
/** Matches the same within a line: "A) Redis, B) Postgres", "(a) one file or (b) two". */
const MARK_WITHIN = inBothScripts(
  new RegExp(
    `(?<=^|[\\s,;,；。：:])(?:${NOUN}\\s*(?<noun>${ID})(?![\\p{L}\\d])\\s*[.:)：–—-]?|[(（[](?<bracket>${ID})[)）\\]]|(?<sign>${ID})[)）:：])\\s*`,
    "giu"
  )
)
/** Matches a cell that holds no more than a mark: "A", "**2**", "Option B". */
const BARE = inBothScripts(new RegExp(`^[\\s*_(（[]*(?:${NOUN}\\s*)?(?<bare>${ID})[\\s*_.)）\\]:：]*$`, "i"))

export interface Mark {
  readonly id: string
  readonly from: number
  readonly to: number
}

const markOf = ({ 0: { length }, groups, index }: RegExpExecArray): Mark => ({
  id: Object.values(groups!).find((id) => id !== undefined)!,
  from: index,
  to: index + length
})

/** Returns the mark that a line begins with. */
export const markIn = (line: string): Mark | undefined => {
  const found = MARK.exec(line)
  return found === null ? undefined : markOf(found)
}

/** Returns the marks within a line. */
export const marksWithin = (line: string): ReadonlyArray<Mark> => [...matchesIn(line, MARK_WITHIN)].map(markOf)

/** Returns the mark that is all a table's cell holds. */
export const markAlone = (cell: string): string | undefined => BARE.exec(cell)?.groups?.["bare"]
