/**
 * Recognizes by its words that a decision replaces an earlier one: it names what it replaces, and the earlier one chose that for the same
 * purpose. Made to miss rather than to be wrong, since what is replaced is told no more. Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import { isEveryday } from "../../domain/EverydayWords.ts"
import { matchesIn } from "../../domain/Matches.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { changesIn, holdsAmount, isAmount, tellsMeasure, withoutAmounts } from "./Amounts.ts"
import { plain, statements } from "./Prose.ts"

/** A thing: a word, and up to four more that no preposition, conjunction or mark separates from it. */
const THING =
  /(?:the |an? |our )?(?<NAME>(?!(?:from|to|by|in|on|off|out|it|that|this|them|those|these|what|all|more|about|and|but|so|then|which|we|i|you|there)\b)[^\s,;:()!?，。；：]+(?: (?!(?:for|in|on|at|with|by|to|from|as|because|since|so|and|or|but|instead|rather|any|now|here|when|while|which|that|is|are|was)\b)[^\s,;:()!?，。；：]+){0,4})/
    .source
/** A thing in Chinese: up to sixteen characters without a mark. */
const CHINESE = /\s*(?<NAME>[\p{L}\p{N}@_.` /-]{1,16}?)\s*/u.source
const END = /(?=$|[，。；,.;了吧]|\s(?![a-z]))/.source
const USE =
  /\b(?:us(?:e|es|ing)|go(?:ing)? with|went with|choose|chose|pick(?:ed)?|adopt(?:ed)?|switch(?:ed|ing)? to|mov(?:e|ed|ing) to)/
    .source
/** What became of a thing that nobody uses any more. */
const GONE =
  /(?:is|was|are|were|gets?|got|has been|have been) (?:gone|dropped|killed|removed|replaced|abandoned|scrapped|ditched|retired|thrown out)\b/
    .source
/** The rest of the same clause. */
const REST = /[^,;.!?，。；]{0,60}?/.source

const named = (pattern: string, name: "now" | "old") => pattern.replace("NAME", name)
const [NOW, OLD] = [named(THING, "now"), named(THING, "old")]
const [NOW_ZH, OLD_ZH] = [named(CHINESE, "now"), named(CHINESE, "old")]

const PATTERNS = [
  `${USE} ${NOW}${REST},? (?:instead of|in place of|rather than) (?:using )?${OLD}`,
  `(?:^|[,;:] |\\b(?:with|by) )${NOW}${REST},? (?:instead of|in place of|rather than) (?:using )?${OLD}`,
  `(?:instead of|in place of|rather than) (?:using )?${OLD}`,
  `(?:^|[,;:] |${USE} )${NOW} over ${OLD}`,
  `\\b(?:switch|mov|migrat|chang)(?:e|ed|ing)\\b${REST} from ${OLD}${REST} to ${NOW}`,
  `\\b(?:replac(?:e|ed|ing)|swap(?:ped|ping)?) ${OLD}${REST} (?:with|by|for) ${NOW}`,
  `\\bdrop(?:ped|ping)? ${OLD}${REST} in favou?r of ${NOW}`,
  `(?:^|[,;:] )${OLD} ${GONE}(?: in favou?r of|[,;:](?: (?:and|so))?(?: (?:we|i))?(?: (?:now|just))?(?: ${USE})?) ${NOW}`,
  `(?:^|[,;:] |\\band )${NOW}${REST} (?:replaces|supersedes|takes over from|takes the place of) ${OLD}`,
  `(?:^|[,;:] )${OLD} (?:is|are|was|were) (?:too|painfully|way too) [\\p{L}-]+[,;:] ${REST}(?:${USE}|\\bkeep\\b${REST} in) ${NOW}`,
  `(?:${USE}|\\b(?:switch|mov|migrat)(?:e|ed|ing)?\\b${REST} to) ${NOW}[,;:] ${OLD} (?:is|are|was|were|isn't|aren't|doesn't|keeps?)\\b`,
  `\\b(?:no longer us(?:e|es|ing)|stop(?:ped)?(?: using)?|(?:drop|scrap)(?:ped|ping)?|ditch(?:ed|ing)?|abandon(?:ed|ing)?|retir(?:e|ed|ing)|kill(?:ed|ing)?(?: off)?|forget|get rid of|rip out|give up on|no more|(?:mov|migrat|switch)(?:e|ed|ing)? (?:off|away from)) ${OLD}`,
  `\\b(?:don't|do not|not) (?:use |using )?${OLD}${REST} any ?more\\b`,
  `(?:^|[,;:] )${OLD} (?:(?:is|was|are|were) (?:a mistake|dead|out)\\b|${GONE}|isn't cutting it\\b)`,
  `把${OLD_ZH}(?:全部|都|统一)?(?:换成|改成|替换成|替换为|改为)${NOW_ZH}${END}`,
  `从${OLD_ZH}(?:切换|迁移|换|改|迁)(?:到|成|为)${NOW_ZH}${END}`,
  `(?:改用|使用|采用|用)${NOW_ZH}(?:来)?[，,]?\\s*(?:代替|替代|取代|而不是|不再使用|不再用|不用)${OLD_ZH}${END}`,
  `(?:不再使用|不再用|放弃|舍弃|弃用|停用|废弃|淘汰|去掉)了?${OLD_ZH}${END}`,
  `不用${OLD_ZH}了`,
  `(?:^|[，,；;])${OLD_ZH}(?:那[套版个种]|也|就|都|全部|已经){0,3}(?:停用|弃用|废弃|淘汰|下线|不要|不用|不再?维护|取消|作废|[砍干下换拿去删]掉)了?(?=$|[，。；,;.吧])`,
  `(?:^|[，,；;])${OLD_ZH}(?:太[\\p{L}]{1,4}|[扛撑]不住|不行|不够用?)[，,][^，。；,.;]{0,12}?(?:换成|改成|改用|换|上|用)${NOW_ZH}${END}`
].map((pattern) => inBothScripts(new RegExp(pattern, "iu")))

/** Matches what is no settled change: a question, a condition, a refusal, a rule for some place or time. */
const UNSETTLED = inBothScripts(
  /[?？]\s*$|\b(?:if|whether|unless|could|might|(?:i|we|you|it|one) may|maybe|perhaps|consider(?:ing)?|would|should (?:i|we)|propos(?:e|es|ed|al)|suggest\w*|someone|until|try|tried|temporar\w*|for now|this time|for (?:this|the next) (?:run|session|demo|release|test|one)|here|locally|only (?:in|for|when|on)|except|sometimes|either)\b|如果|要不要|是否|是不是|可以考虑|提议|建议|有人|暂时|这次|先(?:用|换)|除非/i
)
/** Matches a denial of the change itself; "no longer" and "not … any more" are the change. */
const DENIED = inBothScripts(
  /\b(?:never|not to|didn't|did not|won't|will not|shouldn't|should not|can't|cannot|rather not|against|nobody|no (?:one|need|reason)|leave (?:it|that|this|them)|keep (?:it|that|this|them)|sta(?:y|ys|ying) (?:at|with|on|as))\b|\b(?:don't|do not|not)\b(?!.*\bany ?more\b)|(?<!再)(?:不要(?!了)|不能|不应该|没有?|别)(?!再)|不变|不动|保持|没人|不用改/i
)

/** Matches the reason in a sentence, whose words say nothing of what it is about. */
const REASON = inBothScripts(
  /\b(?:because|since|so that|due to|as (?:it|we|this|that)|to avoid|otherwise)\b.*$|(?:因为|由于|以便|避免|免得|否则).*$/i
)

/** Matches what is chosen against something, or given up for another, which is no denial of the choice: "use pnpm, not npm". */
const AGAINST = [
  [
    new RegExp(
      `(?:(?<=${USE}\\b[^,;.!?，。；]{1,80}),? (?:and |but )?|(?<=^[^,;.!?，。；]{1,40}), )not (?:us(?:e|ing) |with )?(?!(?:because|for|in|on|at|by|when|if|yet|only|just|so|that|to|as|until|all|more|less|now|sure|really|a|an|necessarily|the other)\\b)`,
      "giu"
    ),
    " instead of "
  ],
  [/\b(?:don't|do not) use (?=[^,;.!?]{1,40}[,;] (?:just |we )?(?:use|go with|switch|take)\b)/gi, "no longer use "],
  [inBothScripts(/(?<=用[^，。；,;]{1,30})[，,]\s*(?:而?不要|别|请勿)再?(?:使用|采用|用)\s*/gu), "，不用"],
  [
    inBothScripts(
      /(?:不要|别)再?(?:使用|采用|用)(?=[^，。；,;]{1,24}(?:了(?:$|[，。；,;])|[，,][^，。；,;]{0,12}[用换改]))/gu
    ),
    "不再用"
  ],
  [inBothScripts(/(?:不要|别)(?=[^，。；,;]{1,16}(?:了(?:$|[，。；,;])|[，,][^，。；,;]{0,8}[用换改]))/gu), "不再用"]
] as const
const againstIn = (sentence: string): string =>
  AGAINST.reduce((said, [pattern, instead]) => said.replace(pattern, instead), sentence)

/** True for a settled statement: what is asked, supposed, refused or for a while neither chooses nor replaces anything. */
const isSettled = (sentence: string): boolean =>
  !UNSETTLED.test(sentence) && !DENIED.test(againstIn(sentence).replace(REASON, ""))

/** A sentence that says what holds no more, and what holds instead if it says that. */
export interface Replacement {
  readonly sentence: string
  readonly old: string
  readonly now: string
}

/** Matches what says who said a line, and that it decides something. */
const LABELS = inBothScripts(
  /^(?:(?:User(?: chose| approved the plan| refused, and said)?|Claude(?: chose| proposed)?): )?(?:(?:Decision|Decided|决定|结论)[:：]\s*)?/i
)
/** Removes these; the options of a form are no statements. */
const saidIn = (content: string): string =>
  content.split("\n").filter((line) => !/^(?:Among|Refused was .*): /.test(line))
    .map((line) => line.replace(LABELS, ""))
    .join("\n")

const sentencesOf = ({ content, title }: Pick<MemoryUnit, "content" | "title">): ReadonlyArray<string> => [
  ...new Set([...statements(saidIn(content)), ...(title.endsWith("…") ? [] : [plain(title)])])
]

/** Words that choose and replace, which say nothing of what a decision is about. */
const CHOOSING = new Set(Tokenizer.lexemes(
  "adopt choose decide abandon ditch forget mistake retire scrap swap stop drop favor favour keep migrate move pick place replace run settle " +
    "standardise standardize store switch longer always only change lower raise reduce increase cut shorten extend bump tighten relax too " +
    "kill rid rip remove supersede give"
))
/** The same in Chinese, where no blank parts these from what stands around them. */
const CHOOSING_ZH = inBothScripts(
  /(?:[改换调设定降升缩延减增提替][短长低高少加整小大]?[成为到至换用代]|[提升降增减调][高低加少升整]|[缩延][短长]|[迁切][移换]?[到成为]?|[使采选改不停弃废]再?用|[取替]代|代替|替换|选择|[放舍]弃|废弃|淘汰|不再?维护|作废|[砍干下换拿去删]掉|那[套版个种]|统一|全部|作为|不再|而不是|太[长短大小多少高低久慢快]|就[够行好]|[把从改换用选是了的就都也再被跑在存做走先别])/gu
)

/** Returns the words that name something; of Chinese the pairs of characters. */
const telling = (text: string): ReadonlySet<string> =>
  new Set(
    Tokenizer.lexemes(text.replace(CHOOSING_ZH, " ")).filter((lexeme) =>
      !isEveryday(lexeme) && !CHOOSING.has(lexeme) && !/^\d$/.test(lexeme) &&
      (!IS_CJK.test(lexeme) || lexeme.length === 2)
    )
  )

/** Returns all words; an abbreviation has no plural. */
const wordsIn = (text: string): ReadonlySet<string> =>
  new Set(Tokenizer.lexemes(text.replace(/(?<=\b[A-Z]{2,})s\b/gu, "")))

const without = (words: ReadonlySet<string>, ...others: ReadonlyArray<ReadonlySet<string>>): ReadonlyArray<string> =>
  [...words].filter((word) => !others.some((other) => other.has(word)))

/** Tests whether a thing may be replaced by another: it has a name, and the other is no other form of it. */
const isOther = (old: string, now: string): boolean =>
  telling(old).size > 0 && without(telling(old), telling(now)).length > 0

/** Matches what sets a number; and what tells how one has become. */
const SETS = inBothScripts(
  /\b(?:us(?:e|ing)|up (?:it|that|this)|mak(?:e|ing)|set(?:ting)?|put|go(?:ing)?|keep|kept|allow|chang(?:e|ed|ing)|mov(?:e|ed|ing)|switch(?:ed|ing)?|lower(?:ed)?|rais(?:e|ed|ing)|reduc(?:e|ed|ing)|increase|cut|shorten(?:ed)?|extend(?:ed)?|bump(?:ed|ing)?|drop|tighten(?:ed)?|relax(?:ed)?|minimum|maximum|should be|instead of)\b|->|→|[改换调设定降升缩延减增提加][短长低高少加整小大]?(?:成|为|到|至)|就够|就行|用/i
)
const BECAME = inBothScripts(
  /\b(?:rose|fell|went|grew|jumped|climbed|(?:dropp|increas|decreas)ed)\b|[涨跌]|增长|下降|上升/i
)

/** Returns the numbers that a sentence sets to others. */
const amountsIn = (sentence: string): ReadonlyArray<Replacement> =>
  !SETS.test(sentence) || BECAME.test(sentence) || tellsMeasure(sentence)
    ? []
    : changesIn(sentence).map((change) => ({ sentence, ...change }))

/** Returns what a decision says that it replaces. */
export const replacementsIn = (unit: Pick<MemoryUnit, "content" | "title">): ReadonlyArray<Replacement> =>
  sentencesOf(unit).flatMap((sentence) => {
    if (!isSettled(sentence)) return []
    const said = againstIn(sentence)
    const things = PATTERNS.flatMap((pattern): ReadonlyArray<Replacement> => {
      const { now = "", old } = pattern.exec(said)?.groups ?? {}
      return old === undefined || isAmount(old) || !isOther(old, now)
        ? []
        : [{ sentence, old: old.replace(/[.`"']+$/, "").replace(/^[`"']+/, ""), now }]
    })
    return [...amountsIn(sentence), ...things.slice(0, 1)]
  })

/** Matches what a parenthesis adds. */
const ADDED = /\s?[(（][^()（）]{1,120}[)）]/gu

/** Returns the words of a sentence that say what it is about, beside the things that it names. */
const aboutIn = (sentence: string, ...things: ReadonlyArray<ReadonlySet<string>>): ReadonlyArray<string> =>
  without(telling(sentence.replace(REASON, "").replace(ADDED, "")), ...things)

/** Matches the end of a clause. */
const CLAUSE = /[,;:，；：。]\s*|\s[–—-]+\s/u

const isNamedIn = (thing: string, text: string): boolean => without(wordsIn(thing), wordsIn(text)).length === 0

/** Matches the end of what refuses the thing that follows. */
const REFUSES = inBothScripts(
  /(?:不再?[使采]?用|别用|不要|\b(?:without|avoid(?:ing)?|no|not|over|than|instead of|against))\s*(?:the |an? )?$/i
)

/** Tests whether a text names a thing, and not only to refuse it. */
const usesThing = (text: string, thing: string): boolean =>
  isNamedIn(thing, text) && !REFUSES.test(text.slice(0, Math.max(0, text.toLowerCase().indexOf(thing.toLowerCase()))))

/** Returns what a sentence that chose a thing may be about: its other words, or those of the clause that names it. */
const subjectsOf = (sentence: string, { now, old }: Replacement): ReadonlyArray<ReadonlyArray<string>> => {
  if (!isSettled(sentence)) return []
  const clauses = sentence.split(CLAUSE)
  if (isAmount(old)) {
    if (!holdsAmount(sentence, old) || holdsAmount(sentence, now)) return []
    return [sentence, ...clauses.filter((clause) => holdsAmount(clause, old))].map((text) =>
      aboutIn(withoutAmounts(text))
    )
  }
  // "The old one" is not "the new one", though neither word tells anything.
  if (!usesThing(sentence, old)) return []
  // What it chose instead of another thing is not that thing.
  const replaced = replacementsIn({ title: sentence, content: "" }).map((each) => telling(each.old))
  const things = telling(old)
  if (replaced.some((each) => without(things, each).length < things.size)) return []
  return [sentence, ...clauses.filter((clause) => isNamedIn(old, clause))]
    .map((text) => aboutIn(text, things, ...replaced))
}

/**
 * Tests whether two decisions are about the same: they share more than half of what the shorter says, and at least a part of what the longer
 * does.
 */
const isSame = (one: ReadonlyArray<string>, other: ReadonlyArray<string>, part: number): boolean => {
  const shared = one.filter((word) => other.includes(word)).length
  const [less, more] = [Math.min(one.length, other.length), Math.max(one.length, other.length)]
  return shared > less / 2 && shared >= more * part
}

/** Matches what is chosen in the place of what a sentence gives up. */
const CHOSEN = inBothScripts(
  new RegExp(
    `(?:${USE}|\\b(?:with|on)|\\b(?:mov|switch)(?:e|ing)?\\b${REST} to) ${NOW}|(?:改用|改成|改走|换成|使用|采用|用|换|上)${CHINESE}${END}`,
    "giu"
  )
)

/** Matches with what, or on what, a thing is used. */
const MANNER = /^\s*(?:\([^()]*\)\s*)?\b(?:on|with|via|through|under|behind)\b[^,;:，；：]*/

/** Removes how a chosen thing is used, which says nothing of what it is for: "to fastlane on the Mac mini". */
const withoutManner = (text: string, now: string): string => {
  const end = text.includes(now) ? text.indexOf(now) + now.length : text.length
  return text.slice(0, end) + text.slice(end).replace(MANNER, "")
}

/** Returns what a clause is about that may name what is replaced, and by what. */
const aboutClause = (clause: string, { now, old }: Replacement): ReadonlyArray<string> =>
  aboutIn(now === "" ? clause.replace(CHOSEN, " ") : withoutManner(clause, now), telling(old), telling(now))

/** Returns the clauses that name a thing that is replaced, or what replaces it. */
const naming = ({ now, old, sentence }: Replacement): ReadonlyArray<string> =>
  sentence.split(CLAUSE).filter((clause) => clause.includes(old) || now !== "" && clause.includes(now))

/** Returns what a decision may be about that replaces something: what its sentence says, or a clause of it. */
const aboutsOf = (
  unit: Pick<MemoryUnit, "content" | "title">,
  replacement: Replacement
): ReadonlyArray<ReadonlyArray<string>> => {
  const { now, old, sentence } = replacement
  const clauses = sentence.split(CLAUSE)
  if (isAmount(old)) {
    const abouts = [sentence, ...clauses].map((text) => aboutIn(withoutAmounts(text))).filter((about) =>
      about.length > 0
    )
    return abouts.length > 0 ? abouts : [aboutIn(withoutAmounts(sentencesOf(unit).join("\n")))]
  }
  return [sentence, ...now === "" ? clauses : naming(replacement)].map((text) => aboutClause(text, replacement))
}

/** Tests whether the clauses that name what is replaced say nothing else: "Redis is dropped". */
const isBare = (replacement: Replacement): boolean =>
  !isAmount(replacement.old) && naming(replacement).every((clause) => aboutClause(clause, replacement).length === 0)

/** Matches where a change holds: "in tests", 测试里. */
const SCOPE = inBothScripts(
  /\b(?:in|for|on|inside|within) (?:the |our )?(?<place>[\p{L}-]{2,}(?: [\p{L}-]{2,})?)|(?<within>[\p{L}]{2})[里中](?!的)|^(?<before>[\p{L} -]{3,30})(?=[:：])/giu
)

/** Tests whether a change holds only where the earlier decision says nothing of. */
const isNarrower = ({ now, old, sentence }: Replacement, earlier: string): boolean => {
  const known = new Set([...wordsIn(earlier), ...wordsIn(now), ...wordsIn(old)])
  const said = sentence.replace(REASON, "")
  // A clause about the other number says why.
  const changes = isAmount(old) ? said.split(CLAUSE).filter((clause) => holdsAmount(clause, now)) : [said]
  return changes.flatMap((clause) => [...matchesIn(clause, SCOPE)]).some(({ groups }) => {
    const place = [...wordsIn(groups?.["place"] ?? groups?.["within"] ?? groups?.["before"] ?? "")]
    return place.length > 0 && !place.some((word) => known.has(word))
  })
}

/** Share of what the longer of two decisions says that both say; of one number, which is rarely the same by chance, less suffices. */
const PART = { thing: 1 / 2, amount: 1 / 3 }

/** Most words of an earlier choice that is replaced by a sentence that says nothing but what replaces what. */
const FEW = 3

/**
 * Returns what a decision says that an earlier one of the same project holds no more; undefined where the rule does not see that. Both
 * must name the same thing, and be about the same, or both about nothing else. A number is no thing: they must be about something.
 */
export const replacementOf = (
  newer: Pick<MemoryUnit, "content" | "title">,
  older: Pick<MemoryUnit, "content" | "title">
): Replacement | undefined =>
  replacementsIn(newer).find((replacement) => {
    const abouts = aboutsOf(newer, replacement)
    const part = isAmount(replacement.old) ? PART.amount : PART.thing
    const isAlone = isBare(replacement)
    return sentencesOf(older).some((sentence) =>
      !isNarrower(replacement, sentence) &&
      subjectsOf(sentence, replacement).some((subject) =>
        isAlone && subject.length <= FEW || abouts.some((about) => isSame(about, subject, part))
      )
    )
  })

/** Matches a line of what was done, which names much that it does not speak of. */
const DONE = /^(?:Ran|Committed|It failed|Failed|Command|Changed|To run|Pull request): /

/**
 * Returns what a decision says that makes a memory of other kind out of date in part: it gives up a thing that the memory names, for all or
 * for what the memory speaks of, or a number for another.
 */
export const outdatedIn = (
  newer: Pick<MemoryUnit, "content" | "title">,
  older: Pick<MemoryUnit, "content" | "title">
): Replacement | undefined => {
  const text = `${older.title}\n${older.content}`.split("\n").filter((line) => !DONE.test(line)).join("\n")
  const words = telling(text)
  return replacementsIn(newer).find((replacement) =>
    isAmount(replacement.old)
      ? replacementOf(newer, older)?.old === replacement.old
      : usesThing(text, replacement.old) && !isNarrower(replacement, text) &&
        (isBare(replacement) ||
          aboutsOf(newer, replacement).some((about) =>
            about.length > 0 && about.filter((word) => words.has(word)).length >= about.length / 2
          ))
  )
}
