/**
 * Tells whether a report says that something open was done. A report counts only where it names what was open, so that what nobody
 * reports stays open. Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import { isEveryday } from "../../domain/EverydayWords.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { statements } from "./Prose.ts"

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

/** Matches what says of a point that it is not done: it says nothing of the point itself. */
const NOT_DONE = inBothScripts(
  /^(?:still|to ?do|open|pending|remaining|next(?: steps?)?)\b[^:：]{0,12}[:：]|\b(?:(?:is|are|was|were|has|have|did|do|does)(?: not|n['’]t)(?: yet)?(?: been)?|(?:is|are|has|have)?(?: still)? (?:yet )?to be|remains?(?: to be)?|still (?:needs?|has|have|open|missing|pending)|not yet)\b|(?:还|尚|仍|暂)?(?:没有?|未(?![来知]))|待办|(?:还|只)?剩下?|下一步|还[要需差得]/gi
)

/** Matches the verbs by which something is there, and those by which it is gone. */
const MAKES = inBothScripts(
  /\b(?:add(?:s|ed|ing)?\b|implement|creat|restor|enabl|install|upgrad|introduc|reinstat|ke(?:ep|pt)\b|(?:br(?:ing|ought)|put) .{1,30}\bback\b)|恢复|还原|新增|添加|加[上了回入]|实现|开启|启用|安装|升级|上线|保留/i
)
const UNMAKES = inBothScripts(
  /\b(?:remov|delet|drop(?:s|ped|ping)?\b|disabl|uninstall|downgrad|undo|undid|revert|(?:tak\w+|took|turn\w*|switch\w*) .{0,30}\b(?:out|off)\b|roll\w* .{0,30}\bback\b)|删|移除|去[掉除]|关闭|关掉|停用|禁用|卸载|撤[销回]|降级|取消|下线|回滚/i
)

/** True where a report undoes what was to be done, or does what was to be undone. */
const isContrary = (point: string, report: string): boolean => {
  const [makes, unmakes] = [report.search(MAKES), report.search(UNMAKES)]
  return UNMAKES.test(point) ? unmakes < 0 && makes >= 0 : unmakes >= 0 && (makes < 0 || unmakes < makes)
}

/** Matches what only says in Chinese that something is done. */
const ALREADY = inBothScripts(/已经?|完成|[好完]?了/gu)

/**
 * Returns the words of a text. Chinese ones are those of the dictionary, and single characters that stand together: it does not know their
 * word.
 */
const allWordsOf = (text: string): ReadonlyArray<string> => {
  const known = Tokenizer.cjkWordsIn(text)
  const isUnknown = (word: string) => !known.has(word) && [...word].every((character) => known.has(character))
  const words: Array<string> = []
  for (const lexeme of Tokenizer.queryLexemes(text)) {
    if (!IS_CJK.test(lexeme)) words.push(lexeme)
    else if (lexeme.length < 2 || !known.has(lexeme) && !isUnknown(lexeme)) continue
    else {
      const last = words.at(-1) ?? ""
      const isOn = isUnknown(lexeme) && isUnknown(last) && last.endsWith(lexeme[0]!)
      if (isOn) words[words.length - 1] = last + lexeme.slice(1)
      else words.push(lexeme)
    }
  }
  return words
}

/** Returns the words of a text that say something. */
const wordsOf = (text: string): ReadonlyArray<string> => allWordsOf(text).filter((word) => !isEveryday(word))

export const lexemesIn = (text: string): ReadonlySet<string> => new Set(Tokenizer.lexemes(text))

/** True for a word that is among lexemes; of a longer Chinese one half of its pairs, because their text may part it otherwise. */
const isAmong = (word: string, lexemes: ReadonlySet<string>): boolean => {
  if (lexemes.has(word) || !IS_CJK.test(word) || word.length === 2) return lexemes.has(word)
  const pairs = Array.from({ length: word.length - 1 }, (_, i) => word.slice(i, i + 2))
  return 2 * pairs.filter((pair) => lexemes.has(pair)).length >= pairs.length
}

const shareIn = (lexemes: ReadonlySet<string>, words: ReadonlyArray<string>): number =>
  words.filter((word) => isAmong(word, lexemes)).length / Math.max(1, words.length)

/** Words of a text in their order, and all of its lexemes. */
interface Words {
  readonly words: ReadonlyArray<string>
  readonly lexemes: ReadonlySet<string>
}

/** True where one has another word before a word of both: "the private endpoint" in place of "the public endpoint". */
const isOfAnother = (open: Words, report: Words): boolean =>
  open.words.some((word, i) => {
    const at = report.words.indexOf(open.words[i + 1] ?? "")
    return at > 0 && !isAmong(word, report.lexemes) && !isAmong(report.words[at - 1]!, open.lexemes)
  })

/** What later words say of what was open. */
export interface Account {
  /** Lexemes of what was asked for, and of what was left open again. */
  readonly asked: ReadonlyArray<string>
  readonly open: ReadonlySet<string>
  /** Sentences that report what was done. */
  readonly reports: ReadonlyArray<string>
}

/** Returns the sentences of a text that report what was done; of a commit's message, those that say nothing else. */
export const reportsIn = (text: string, isCommit = false): ReadonlyArray<string> =>
  statements(text).filter((sentence) => (isCommit || DONE.test(sentence)) && !UNDONE.test(sentence))

/** Returns the lexemes of the names in a text. */
export const namesIn = (text: string): ReadonlyArray<string> => (text.match(NAMES) ?? []).flatMap(Tokenizer.lexemes)

/** Returns a test of whether an account says that a point was done. */
export const closes = (point: string) => {
  const named = point.replace(NOT_DONE, " ")
  const telling = wordsOf(named)
  // A point of everyday words alone is known again by all of them.
  const isTelling = telling.length >= MIN_WORDS
  const words = isTelling ? telling : allWordsOf(named)
  const [ownShare, namedShare] = isTelling ? [OWN_SHARE, NAMED_SHARE] : [1, 1]
  const open = { words, lexemes: lexemesIn(named) }
  const names = namesIn(point)
  return (account: Account): boolean =>
    words.length >= MIN_WORDS && shareIn(account.open, words) < NAMED_SHARE && account.reports.some((report) => {
      const told = {
        words: (isTelling ? wordsOf : allWordsOf)(report.replace(ALREADY, " ")),
        lexemes: lexemesIn(report)
      }
      const all = new Set([...account.asked, ...told.lexemes])
      return Math.min(shareIn(told.lexemes, words), shareIn(open.lexemes, told.words)) >= ownShare &&
        shareIn(all, words) >= namedShare && names.every((name) => all.has(name)) && !isOfAnother(open, told) &&
        !isContrary(named, report)
    })
}
