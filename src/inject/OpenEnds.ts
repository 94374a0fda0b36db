/**
 * Leaves out of what sessions left open what a later one reports as done. A report counts only where it names what was open, so that
 * what nobody reports stays. Pure.
 */
import { statements } from "../compress/text/Prose.ts"
import { inBothScripts } from "../domain/ChineseScripts.ts"
import { IS_CJK } from "../domain/Cjk.ts"
import { isEveryday } from "../domain/EverydayWords.ts"
import type { LeftUnit } from "../domain/OpeningFile.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"

/**
 * Share of an open point's words that a report names together with what was asked for; and share of them that the report names itself,
 * and of its own words that are of the open point.
 */
const NAMED_SHARE = 0.8
const OWN_SHARE = 0.5
/** Fewest words by which an open point is known again. */
const MIN_WORDS = 2

/** Matches what reports that something was done. */
const DONE = inBothScripts(
  /\b(?:now|done|made|wrote|written|built|rewrote|set up|in place|\p{L}{2,}ed)\b|已|了|完成|改[为成用]|新增|支持/iu
)
/** Matches what was not done, or not yet, and what is only said of it. */
const UNDONE = inBothScripts(
  /[?？]\s*$|\b(?:not|cannot|never|unable|\p{L}+n['’]t|fail(?:s|ing)?|failed(?= to\b|[.,;]|$)|need\w*|requir\w*|miss(?:es|ing)|skip\w*|block\w*|postpon\w*|defer\w*|revert\w*|plan(?:s|ned)?|propos\w*|suggest\w*|recommend\w*|consider\w*|should|could|would|will|next|later|remain\w*|still|todo|until|looked|checked|discussed)\b|没|未|无法|失败|需要|应该|建议|打算|计划|可以|暂|跳过|回滚|待|下一步|以后|之后/iu
)
/** Matches names, which a report of the same thing holds: capitalized within a sentence, with figures or signs, Latin in Chinese. */
const NAMES =
  /(?<=[\p{Ll}\p{N},] )\p{Lu}[\p{L}\p{N}]*|[\p{L}\p{N}]*(?:[\p{L}\p{N}][_.][\p{L}\p{N}]|\p{N}|\p{Ll}\p{Lu})[\p{L}\p{N}_]*|`[^`]+`|(?<=[\u4e00-\u9fff] ?)[A-Za-z]\w+/gu

/** Returns the words of a text that say something, in its order. */
const wordsOf = (text: string): ReadonlyArray<string> =>
  Tokenizer.queryLexemes(text).filter((word) => !isEveryday(word) && !(IS_CJK.test(word) && word.length === 1))

const shareIn = (lexemes: Iterable<string>, words: ReadonlyArray<string>): number => {
  const known = new Set(lexemes)
  return words.filter((word) => known.has(word)).length / Math.max(1, words.length)
}

/** True where one has another word before a word of both: "the private endpoint" in place of "the public endpoint". */
const isOfAnother = (open: ReadonlyArray<string>, report: ReadonlyArray<string>): boolean =>
  open.some((word, i) => {
    const at = report.indexOf(open[i + 1] ?? "")
    return at > 0 && !report.includes(word) && !open.includes(report[at - 1]!)
  })

/** Splits a content before its labels. */
const partsOf = (content: string): ReadonlyArray<string> => content.split(/^(?=[A-Z][A-Za-z, ]{2,40}: )/mu)

const ASKED = /^(?:User|Aim|Also asked): /u
const OPEN = /^(?:Open|Asked last, without an answer): /u
const COMMITTED = /^Committed: /u
const LABEL = /^[A-Z][A-Za-z, ]{2,40}: /u

/** Returns the words that a session was asked for and left open, and the sentences that report what was done. */
const accountOf = ({ content, title }: LeftUnit) => {
  const parts = partsOf(content)
  const lexemesOf = (label: RegExp) => Tokenizer.lexemes(parts.filter((part) => label.test(part)).join("\n"))
  return {
    asked: [...Tokenizer.lexemes(title), ...lexemesOf(ASKED)],
    open: lexemesOf(OPEN),
    reports: parts.filter((part) => !ASKED.test(part) && !OPEN.test(part)).flatMap((part) =>
      statements(part.replace(LABEL, "")).filter((sentence) =>
        (COMMITTED.test(part) || DONE.test(sentence)) && !UNDONE.test(sentence)
      )
    )
  }
}

type Account = ReturnType<typeof accountOf>

const closes = (point: string) => {
  const words = wordsOf(point)
  const names = (point.match(NAMES) ?? []).flatMap(Tokenizer.lexemes)
  return ({ asked, open, reports }: Account): boolean =>
    words.length >= MIN_WORDS && shareIn(open, words) < NAMED_SHARE && reports.some((report) => {
      const own = Tokenizer.lexemes(report)
      const all = [...asked, ...own]
      const told = wordsOf(report)
      return Math.min(shareIn(own, words), shareIn(words, told)) >= OWN_SHARE && shareIn(all, words) >= NAMED_SHARE &&
        names.every((name) => all.includes(name)) && !isOfAnother(words, told)
    })
}

/** Leaves out of archives the open points that later sessions among `units` closed. */
export const withoutClosed = <U extends LeftUnit>(
  archives: ReadonlyArray<U>,
  units: ReadonlyArray<LeftUnit>
): ReadonlyArray<U> => {
  const isLeft = ({ content }: U) => partsOf(content).some((part) => OPEN.test(part))
  const since = Math.min(...archives.filter(isLeft).map(({ occurredAt }) => occurredAt))
  const accounts = units.filter(({ occurredAt }) => occurredAt > since)
    .map((unit) => ({ ...unit, account: accountOf(unit) }))
  return archives.map((archive) => {
    if (!isLeft(archive)) return archive
    const later = accounts.filter(({ occurredAt, sessionId }) =>
      occurredAt > archive.occurredAt && sessionId !== archive.sessionId
    ).map(({ account }) => account)
    const content = partsOf(archive.content).map((part) => {
      const label = OPEN.exec(part)?.[0]
      if (label === undefined) return part
      const left = part.slice(label.length).split("\n").filter((line) => !later.some(closes(line)))
      return left.every((line) => line === "") ? "" : label + left.join("\n")
    }).join("").trimEnd()
    return { ...archive, content }
  })
}
