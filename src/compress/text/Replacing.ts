/**
 * Recognizes by its words that a decision replaces an earlier one: it names what it replaces, and the earlier one chose that for the same
 * purpose. Made to miss rather than to be wrong, since what is replaced is told no more. Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { isEveryday } from "../../domain/EverydayWords.ts"
import { matchesIn } from "../../domain/Matches.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { AMOUNT, holdsAmount, isAmount, isSameAmount, tellsMeasure, withoutAmounts } from "./Amounts.ts"
import { plain, statements } from "./Prose.ts"

/** A thing: a word, and up to four more that no preposition, conjunction or mark separates from it. */
const THING =
  /(?:the |an? |our )?(?<NAME>[^\s,;:()!?，。；：]+(?: (?!(?:for|in|on|at|with|by|to|from|as|because|since|so|and|or|but|instead|rather|any|now|here|when|while|which|that|is|are|was)\b)[^\s,;:()!?，。；：]+){0,4})/
    .source
/** A thing in Chinese: up to sixteen characters without a mark. */
const CHINESE = /\s*(?<NAME>[\p{L}\p{N}@_.` /-]{1,16}?)\s*/u.source
const END = /(?=$|[\s，。；,.;了])/.source
const USE =
  /\b(?:us(?:e|es|ing)|go(?:ing)? with|went with|choose|chose|pick(?:ed)?|adopt(?:ed)?|switch(?:ed|ing)? to|mov(?:e|ed|ing) to)/
    .source
/** The rest of the same clause. */
const REST = /[^,;.!?，。；]{0,60}?/.source

const CHANGE = /(?:chang|lower|rais|reduc|increas|cut|shorten|extend|bump|drop|set|mov|tighten|relax)\w*/.source
const CHANGE_ZH = inBothScripts(
  /(?:改|换|调|设|定|降|升|缩|延|减|增|提)[短长低高少加整小大]?(?:成|为|到|至)\s*/
).source

const named = (pattern: string, name: "now" | "old") => pattern.replace("NAME", name)
const [NOW, OLD] = [named(THING, "now"), named(THING, "old")]
const [NOW_ZH, OLD_ZH] = [named(CHINESE, "now"), named(CHINESE, "old")]
const [NOW_AMOUNT, OLD_AMOUNT] = [named(AMOUNT, "now"), named(AMOUNT, "old")]

const PATTERNS = [
  `${OLD_AMOUNT}${REST} (?:is|was|are|were|seems?|feels?) (?:\\w+ ){0,2}too \\w+[,;: –-]+(?:\\w+ )?(?:make (?:it|that|this)|use|go with|${CHANGE} (?:it|that|this) to) ${NOW_AMOUNT}`,
  `\\b${CHANGE}\\b${REST}(?<!\\b(?:dropp|increas)ed) from ${OLD_AMOUNT} to ${NOW_AMOUNT}`,
  `${OLD_AMOUNT}\\s*(?:太|有点|过)[长短大小多少高低久慢快]了?[，,]?\\s*[还就那是把它]{0,3}${CHANGE_ZH}${NOW_AMOUNT}`,
  `(?:从\\s*)?${OLD_AMOUNT}\\s*${CHANGE_ZH}${NOW_AMOUNT}`,
  `${USE} ${NOW}${REST},? (?:instead of|in place of|rather than) (?:using )?${OLD}`,
  `\\b(?:switch|mov|migrat)(?:e|ed|ing)\\b${REST} from ${OLD}${REST} to ${NOW}`,
  `\\breplac(?:e|ed|ing) ${OLD}${REST} (?:with|by) ${NOW}`,
  `\\bdrop(?:ped|ping)? ${OLD}${REST} in favou?r of ${NOW}`,
  `\\b(?:no longer us(?:e|es|ing)|stop(?:ped)? using) ${OLD}`,
  `\\b(?:don't|do not|not) (?:use |using )?${OLD}${REST} any ?more\\b`,
  `把${OLD_ZH}(?:全部|都|统一)?(?:换成|改成|替换成|替换为|改为)${NOW_ZH}${END}`,
  `从${OLD_ZH}(?:切换|迁移|换|改|迁)(?:到|成|为)${NOW_ZH}${END}`,
  `(?:改用|使用|采用|用)${NOW_ZH}(?:来)?[，,]?\\s*(?:代替|替代|取代|而不是|不再使用|不再用|不用)${OLD_ZH}${END}`,
  `(?:不再使用|不再用)${OLD_ZH}${END}`
].map((pattern) => inBothScripts(new RegExp(pattern, "iu")))

/** Matches what is no settled change: a question, a condition, a refusal, a rule for some place or time. */
const UNSETTLED = inBothScripts(
  /[?？]\s*$|\b(?:if|whether|unless|could|might|(?:i|we|you|it|one) may|maybe|perhaps|consider(?:ing)?|would|should (?:i|we)|propos(?:e|es|ed|al)|suggest\w*|someone|until|try|tried|temporar\w*|for now|this time|here|locally|only (?:in|for|when|on)|except|sometimes|either)\b|如果|要不要|是否|是不是|可以考虑|提议|建议|有人|暂时|这次|先(?:用|换)|除非/iu
)
/** Matches a denial of the change itself; "no longer" and "not … any more" are the change. */
const DENIED = inBothScripts(
  /\b(?:never|not to|didn't|did not|won't|will not|shouldn't|should not|can't|cannot|rather not|against)\b|\b(?:don't|do not|not)\b(?!.*\bany ?more\b)|(?<!再)(?:不要|不能|不应该|没有?|别)(?!再)/iu
)

/** Matches what is chosen against something, which is no denial of the choice: "use pnpm, not npm". */
const AND_NOT = [
  new RegExp(
    `(?<=${USE}\\b[^,;.!?，。；]{1,80}),? (?:and |but )?not (?:us(?:e|ing) |with )?(?!(?:because|for|in|on|at|by|when|if|yet|only|just|so|that|to|as|until|all|more|less|the other)\\b)`,
    "giu"
  ),
  inBothScripts(/(?<=用[^，。；,;]{1,30})[，,]\s*(?:而?不要|别|请勿)再?(?:使用|采用|用)\s*/gu)
] as const
const againstIn = (sentence: string): string =>
  sentence.replace(AND_NOT[0], " instead of ").replace(AND_NOT[1], "，不用")

/** A sentence that says what holds no more, and what holds instead if it says that. */
export interface Replacement {
  readonly sentence: string
  readonly old: string
  readonly now: string
}

/** Removes what says who said a line; the options of a form are no statements. */
const saidIn = (content: string): string =>
  content.split("\n").filter((line) => !/^(?:Among|Refused was .*): /.test(line))
    .map((line) => line.replace(/^(?:User(?: chose| approved the plan| refused, and said)?|Claude(?: chose)?): /, ""))
    .join("\n")

const sentencesOf = ({ content, title }: Pick<MemoryUnit, "content" | "title">): ReadonlyArray<string> => [
  ...new Set([...statements(saidIn(content)), ...(title.endsWith("…") ? [] : [plain(title)])])
]

/** Words that choose and replace, which say nothing of what a decision is about. */
const CHOOSING = new Set(Tokenizer.lexemes(
  "adopt choose decide drop favor favour keep migrate move pick place replace run settle standardise standardize store switch longer " +
    "always only change lower raise reduce increase cut shorten extend bump drop set tighten relax too 太长 太短 太大 太小 太多 太少 太高 太低 " +
    "太久 太慢 太快 调成 调到 调为 设为 设成 设置 定为 降到 降低 提高 升到 缩短 延长 增加 减少 不再 换成 改成 改为 改用 迁移 切换 替换 代替 替代 取代 使用 采用 选择 选用 统一 全部"
))

/** Returns the words that name something. */
const telling = (text: string): ReadonlySet<string> =>
  new Set(
    Tokenizer.lexemes(text).filter((lexeme) => !isEveryday(lexeme) && !CHOOSING.has(lexeme) && !/^\d$/.test(lexeme))
  )

const wordsIn = (text: string): ReadonlySet<string> => new Set(Tokenizer.lexemes(text))

const without = (words: ReadonlySet<string>, ...others: ReadonlyArray<ReadonlySet<string>>): ReadonlyArray<string> =>
  [...words].filter((word) => !others.some((other) => other.has(word)))

/** Tests whether a thing may be replaced by another: it has a name, and the other is no other form of it. */
const isOther = (old: string, now: string): boolean =>
  isAmount(old)
    ? !isSameAmount(old, now)
    : telling(old).size > 0 && without(telling(old), telling(now)).length > 0

/** Returns what a decision says that it replaces. */
export const replacementsIn = (unit: Pick<MemoryUnit, "content" | "title">): ReadonlyArray<Replacement> =>
  sentencesOf(unit).flatMap((sentence) => {
    const said = againstIn(sentence)
    if (UNSETTLED.test(said) || DENIED.test(said)) return []
    return PATTERNS.flatMap((pattern): ReadonlyArray<Replacement> => {
      const { now = "", old } = pattern.exec(said)?.groups ?? {}
      return old === undefined || !isOther(old, now) || isAmount(old) && tellsMeasure(sentence)
        ? []
        : [{ sentence, old: old.replace(/[.`"']+$/, "").replace(/^[`"']+/, ""), now }]
    }).slice(0, 1)
  })

const CHOICES = [
  `${USE} ${NOW}`,
  `\\b(?:keep|kept|stay with|settled on|decided on|standardi[sz]ed? on|run(?:s|ning)? on) ${NOW}`,
  `\\bstor(?:e|es|ed|ing)\\b${REST} (?:in|with|as) ${NOW}`,
  `(?:使用|采用|选择|选用|改用|统一用|换成|用)${NOW_ZH}(?=$|[，。；,.;来做存])`
].map((pattern) => inBothScripts(new RegExp(pattern, "giu")))

/** Words that an earlier choice may say of a thing beyond its name. */
const MORE_OF_THING = 1

/** Matches the reason in a sentence, whose words say nothing of what it is about. */
const REASON = inBothScripts(
  /\b(?:because|since|so that|due to|as (?:it|we|this|that)|to avoid|otherwise)\b.*$|(?:因为|由于|以便|避免|免得|否则).*$/iu
)

/** Returns the words of a sentence that say what it is about, beside the things that it names. */
const aboutIn = (sentence: string, ...things: ReadonlyArray<ReadonlySet<string>>): ReadonlyArray<string> =>
  without(telling(sentence.replace(REASON, "")), ...things)

/** Tests whether a sentence chose a thing, and says for what: its other words. */
const subjectOf = (sentence: string, old: string): ReadonlyArray<string> | undefined => {
  if (UNSETTLED.test(sentence) || DENIED.test(againstIn(sentence))) return undefined
  // What it chose instead of another thing is not that thing.
  const replaced = replacementsIn({ title: sentence, content: "" })
  if (isAmount(old)) {
    const isSet = holdsAmount(sentence, old) && !replaced.some((each) => isSameAmount(each.old, old))
    return isSet ? aboutIn(withoutAmounts(sentence)) : undefined
  }
  for (const choice of CHOICES.flatMap((pattern) => [...matchesIn(sentence, pattern)])) {
    const name = choice.groups?.["now"] ?? ""
    const chosen = telling(name)
    // "The old one" is not "the new one", though neither word tells anything.
    const isChosen = without(wordsIn(old), wordsIn(name)).length === 0 &&
      without(chosen, telling(old)).length <= MORE_OF_THING
    if (isChosen) return aboutIn(sentence, chosen, ...replaced.map((each) => telling(each.old)))
  }
  return undefined
}

/** Tests whether two decisions are about the same: more than half of what the shorter says, at least half of what the longer does. */
const isSame = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): boolean => {
  const shared = one.filter((word) => other.includes(word)).length
  const [less, more] = [Math.min(one.length, other.length), Math.max(one.length, other.length)]
  return more === 0 || shared > less / 2 && shared >= more / 2
}

/** Returns what a decision is about that replaces something; of one that says no more than two numbers, all of its words. */
const aboutOf = (unit: Pick<MemoryUnit, "content" | "title">, { now, old, sentence }: Replacement) => {
  if (!isAmount(old)) return aboutIn(sentence, telling(old), telling(now))
  const about = aboutIn(withoutAmounts(sentence))
  return about.length > 0 ? about : aboutIn(withoutAmounts(sentencesOf(unit).join("\n")))
}

/**
 * Returns what a decision says that an earlier one of the same project holds no more; undefined where the rule does not see that. Both
 * must name the same thing, and be about the same, or both about nothing else. A number is no thing: they must be about something.
 */
export const replacementOf = (
  newer: Pick<MemoryUnit, "content" | "title">,
  older: Pick<MemoryUnit, "content" | "title">
): Replacement | undefined =>
  replacementsIn(newer).find((replacement) => {
    const about = aboutOf(newer, replacement)
    if (about.length === 0 && isAmount(replacement.old)) return false
    return sentencesOf(older).some((sentence) => {
      const other = subjectOf(sentence, replacement.old)
      return other !== undefined && isSame(about, other)
    })
  })
