/**
 * Parses the alternatives that a message offers, and which of them a reply names. Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import { type Line, linesOf, plain, sentencesOf } from "./Prose.ts"

/** How one of the alternatives is known: by its letter, its number, or its place among them, from 0; -1 is the last. */
interface Name {
  readonly by: "letter" | "number" | "place"
  readonly index: number
}

/** Which of the alternatives a reply names, and in which words. */
export interface Choice extends Name {
  readonly words: string
}

const CHINESE_NUMBERS = "一二三四五六"
/** The first of the ten stems, which Chinese lists have as letters. */
const STEMS = "甲乙丙丁"
const NOUN = "(?:options?|alternative|approach|choice|variant|方案|选项)"
const ID = `[a-h1-9${CHINESE_NUMBERS}${STEMS}]`

const nameOf = (id: string): Name => {
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
    `(?<=^|[\\s,;，；。：:])(?:${NOUN}\\s*(?<noun>${ID})(?![\\p{L}\\d])\\s*[.:)：–—-]?|[(（[](?<bracket>${ID})[)）\\]]|(?<sign>${ID})[)）:：])\\s*`,
    "giu"
  )
)
/** Matches a name in brackets at the beginning of what is offered: "(Postgres): one service less". */
const NAME_IN_BRACKETS = /^[(（]([^()（）]{1,60})[)）][*_]*\s*[:：–—-]*\s*/u
/** Matches what joins an alternative to the next in a line. */
const JOINT = inBothScripts(/(?:\b(?:and|or|versus|vs\.?)|或者?|还是)$/iu)
const withoutJoint = (text: string): string =>
  text.trimEnd().replace(/[?？]$/u, "").trimEnd().replace(JOINT, "").trimEnd().replace(/[,;，；]$/u, "")

/** Characters of an alternative below which what is said next of it is added. */
const SHORT = 24

/** One of the alternatives of a message. */
export interface Alternative extends Name {
  /** Its letter or number, as the message has it. */
  readonly name: string
  /** What is offered, without the name. */
  readonly text: string
  /** The lines of the message that offer it, or the part of one. */
  readonly lines: string
}

const idIn = ({ groups }: RegExpExecArray): string =>
  groups!["noun"] ?? groups!["bracket"] ?? groups!["sign"] ?? groups!["dash"]!

const alternative = (name: string, text: string, lines: string): Alternative => ({ ...nameOf(name), name, text, lines })

const contentOf = (line: string): string =>
  plain(line.replace(NAME_IN_BRACKETS, "$1: ").replace(/^[\s*_:：.)、–—-]+/u, ""))

/** Returns those that follow one another from the first on; of several lists the last. */
const listsIn = (all: ReadonlyArray<Alternative>): ReadonlyArray<Alternative> =>
  (["letter", "number"] as const).flatMap((by) => {
    const lists: Array<Array<Alternative>> = []
    for (const each of all) {
      if (each.by !== by) continue
      if (each.index === 0) lists.push([each])
      else if (lists.at(-1)?.length === each.index) lists.at(-1)!.push(each)
    }
    return lists.findLast(({ length }) => length > 1) ?? []
  })

const inLines = (lines: ReadonlyArray<Line>): ReadonlyArray<Alternative> =>
  lines.flatMap(({ text }, i): ReadonlyArray<Alternative> => {
    const mark = MARK.exec(text)
    if (mark === null) return []
    const content = contentOf(text.slice(mark[0].length))
    const next = lines[i + 1]
    const isMore = weightedLength(content) < SHORT && next !== undefined && next.kind !== "heading" &&
      !MARK.test(next.text)
    const more = isMore ? sentencesOf(next.text)[0] ?? "" : ""
    return [alternative(
      idIn(mark),
      [content, plain(more)].filter((part) => part !== "").join(" — "),
      [text.trim(), more].join("\n").trim()
    )]
  })

const withinLines = (lines: ReadonlyArray<Line>): ReadonlyArray<Alternative> =>
  lines.flatMap(({ text }) => {
    const marks = [...text.matchAll(MARK_WITHIN)]
    return marks.map((mark, i): Alternative => {
      // From its mark on: each character is read once.
      const part = withoutJoint(text.slice(mark.index, marks[i + 1]?.index))
      return alternative(idIn(mark), contentOf(part.slice(mark[0].length)), part)
    })
  })

/** Returns the alternatives that a message lists, with letters or numbers; none where there are not two. */
export const alternativesIn = (message: string): ReadonlyArray<Alternative> => {
  const lines = linesOf(message).filter(({ kind }) => kind !== "code" && kind !== "table")
  const found = listsIn(inLines(lines))
  return found.length > 0 ? found : listsIn(withinLines(lines))
}

/** What may stand before the name of an alternative in a reply: assent, a topic, and "let's go with". */
const YES =
  "(?:(?:y|yes|yeah|yep|yup|ok(?:ay)?|sure|hm+|well|so|then|no(?=[,，])|nah|good|fine|right|i think|好的?|嗯|行|可以|有道理|那就?)[\\s,，.。!！]*)*"
const TOPIC = "(?:[^,，:：.。?？!！\\n]{1,24}[,，:：]\\s*)?"
const TAKING =
  "(?:(?:let's|lets|let us|i'd|id|i would|i'll|i|we'll|we|please|pls)\\s+)?(?:(?:do|go(?:\\s+(?:with|for))?|take|use|pick|choose|prefer|say|like|want)\\s+)?(?:就|选择?|用|按|走|要)?\\s*"
const ITS_NOUN = `(?:(?:the\\s+)?(?:${NOUN}|number|plan|no\\.)\\s*|#)`
const PLACE =
  `(?<place>(?:the\\s+)?(?:first|1st|second|2nd|third|3rd|fourth|last)(?:\\s+(?:one|option|way|approach))?|the\\s+(?:former|latter)|第[一二三四1-4最后]|最后一?|前者|后者)`
/** The end of a clause, or what only belongs to a choice: "A.", "A please", "A 吧". */
const END =
  "\\s*(?:方案|[个种条套项](?:方案)?)?(?:\\s+(?:it is|is (?:fine|good|ok|better)|then|one))?(?=\\s*(?:$|[\\n,.，。;；!！、:：)）–—-]|(?:please|pls|thanks|because|since|but|it is)\\b|吧|来|好了?|就[好行这]|\\p{Extended_Pictographic}))"

const CHOICE = inBothScripts(
  new RegExp(
    `^\\s*(?:${YES}|${TOPIC})${TAKING}(?:${PLACE}|${ITS_NOUN}(?<noun>${ID}|one|two|three|four)|(?<id>[a-d1-4${CHINESE_NUMBERS}${STEMS}]))${END}`,
    "iu"
  )
)
/** Matches a place that begins a list of steps, or speaks of something else, unless it is all that is said. */
const BARE_PLACE = /^(?:first|second|third|fourth|last)$/iu

const PLACES: ReadonlyArray<readonly [RegExp, number]> = [
  [inBothScripts(/last|最后/iu), -1],
  [/first|1|一|former|前者/iu, 0],
  [inBothScripts(/second|2|二|latter|后者/iu), 1],
  [/third|3|三/iu, 2],
  [/fourth|4|四/iu, 3]
]
const placeOf = (place: string): number => PLACES.find(([words]) => words.test(place))![1]

/** Returns which of the alternatives a short reply names: "A", "yes do B", "option 2", "the second one please", "那就 B 吧". */
export const choiceIn = (reply: string): Choice | undefined => {
  const found = CHOICE.exec(reply)
  if (found === null) return undefined
  const { id, noun, place } = found.groups!
  const words = place ?? noun ?? id!
  if (place !== undefined) {
    const isOnlyBeginning = BARE_PLACE.test(place) && /[\p{L}\p{N}]/u.test(reply.slice(found[0].length))
    return isOnlyBeginning ? undefined : { by: "place", index: placeOf(place), words }
  }
  const number = ["one", "two", "three", "four"].indexOf(words.toLowerCase())
  return number >= 0 ? { by: "number", index: number, words } : { ...nameOf(words), words }
}

/** Returns the alternative that is meant; undefined where the message has none of that name. */
export const chosenAmong = (alternatives: ReadonlyArray<Alternative>, { by, index }: Name): Alternative | undefined => {
  const letters = alternatives.filter((each) => each.by === "letter")
  const numbers = alternatives.filter((each) => each.by === "number")
  if (by === "letter") return letters[index]
  return by === "number" && numbers.length > 0 ? numbers[index] : (letters.length > 0 ? letters : numbers).at(index)
}
