/**
 * Reduces what Claude said to what came of it: without announcements of its next step, options it offers, and questions to the
 * person, whose answer is kept where it is given.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { memoized } from "../../domain/Memoized.ts"
import { isReason, isStatus } from "./Lessons.ts"
import { isAnnounced, isOffering, isOption, joined, type Line, linesOf, plain, sentencesOf } from "./Prose.ts"

/** True for a question, which Claude asks the person. */
const isAsking = (sentence: string): boolean => /[?？]["'”’)\]`*_]*$/u.test(sentence)

/** True for a sentence that says what Claude does next, and not why. */
const isStepAhead = (sentence: string): boolean => isAnnounced(sentence) && !isReason(sentence)

/** Matches the report of a step that is finished, after the name of what it changed: "`state.go` — Added a field". */
const DONE = inBothScripts(
  /^(?:[^\p{L}]{0,4}(?:`[^`]{1,80}`|[\w./:()-]{1,60})\s*(?:\([^)]{1,40}\)\s*)?[–—:-]+\s*)?(?:(?:i(?:'ve| have)?|we(?:'ve| have)?|now|also|already|successfully|just) )*(?:(?:add|remov|updat|fix|chang|creat|delet|replac|mov|renam|implement|commit|push|rebas|refactor|simplif|extract|convert|install|configur|merg|resolv|restor|document|port|clean|switch|improv|enhanc|verif|address|introduc|integrat|migrat|bump|pass)\w*ed|made|kept|wrote|rewrote|built|set up)\b|^(?:已|新增|删除|修复|添加|更新|移除|重构)/iu
)

/** True for the report of a finished step that gives no reason for it. */
export const isDone = memoized((sentence: string): boolean => DONE.test(plain(sentence)) && !isReason(sentence))

const isLeft = (sentence: string): boolean => !isAsking(sentence) && !isStepAhead(sentence)

/** Returns what is left of a line; undefined for nothing. */
const leftOf = ({ kind, text }: Line): string | undefined => {
  if (kind !== "prose" && kind !== "item") return text
  if (isStatus(text)) return undefined
  const sentences = sentencesOf(text)
  const left = sentences.filter(isLeft)
  return left.length === sentences.length ? text : left.length === 0 ? undefined : joined(left)
}

const ORDINAL = /^\s*\d{1,2}[.)]\s/

/**
 * Returns what is left of lines. A numbered list of which half stays keeps all of its items: it is read by its numbers, and what stands
 * under an item, indented, would else stand under another.
 */
const leftOfLines = (lines: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  const left = lines.map(leftOf)
  const isNumbered = (i: number) => lines[i]?.kind === "item" && ORDINAL.test(lines[i]!.text)
  const isIndented = (i: number) => /^\s/.test(lines[i]?.text ?? "")
  for (let from = 0; from < lines.length; from++) {
    const items: Array<number> = []
    let end = from
    for (; isNumbered(end) || items.length > 0 && isIndented(end); end++) if (isNumbered(end)) items.push(end)
    const lost = items.filter((i) => left[i] === undefined)
    if (2 * lost.length <= items.length) { for (const i of lost) left[i] = lines[i]!.text }
    from = end
  }
  return lines.flatMap(({ kind }, i) => left[i] === undefined ? [] : [{ kind, text: left[i]! }])
}

/** Returns the text without what settles nothing; code, tables and headings with something under them stay. */
export const settled = memoized(
  (text: string): string => {
    let isOffered = false
    const kept = leftOfLines(
      linesOf(text).filter(({ kind, text }) => {
        if (kind === "code" || kind === "table") return true
        if (kind !== "item") isOffered = isOffering(text)
        return !isOffered && !isOption(text)
      })
    )
    return kept.filter(({ kind }, i) =>
      kind !== "heading" || kept[i + 1] !== undefined && kept[i + 1]!.kind !== "heading"
    ).map(({ text }) => text).join("\n")
  },
  20_000,
  64
)
