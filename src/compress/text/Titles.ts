/**
 * Makes titles as a person would write them: a request without its polite wrapping, or a statement in a few words.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { countUnspaced, IS_CJK } from "../../domain/Cjk.ts"
import { isEveryday } from "../../domain/EverydayWords.ts"
import { matchesIn } from "../../domain/Matches.ts"
import { isResumption } from "../../domain/Resumption.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { MAX_TITLE } from "../Draft.ts"
import { isWish } from "./Lessons.ts"
import {
  condense,
  informativeStatements,
  isStep,
  linesOf,
  plain,
  quotable,
  statements,
  withoutNumber,
  withoutOpeners
} from "./Prose.ts"
import { isBareAssent, optionIn } from "./Replies.ts"
import { choose } from "./Salience.ts"
import { errorLines, failureStrength, gist, worstLine } from "./Text.ts"

const ASKING = inBothScripts(
  /^(?:(?:hey|hi|hello|please|pls|kindly|claude)\b[\s,，]*|(?:can|could|would|will) (?:you|we(?= please))(?: please)?(?: help me)?(?: to)? |i(?:'d| would)? (?:want|need|like)(?: you)? to |i want you to |(?:we|you) (?:need|have|want) to |help me (?:to )?|let's (?:please )?|(?:i was )?wondering (?:if|whether) |i think (?:that )?(?:we (?:want|need|should) )?|because |(?:请|麻烦|帮忙|帮我|你?能不能|可以|我想(?:让你)?|我需要你?|给我)[，,]?(?:你)?)+/i
)

/** Matches what asks whether something may be done, which a title keeps: the answer may be no. */
const MAY = /^(?:can|could|would|will) we /i

const INTENDING = inBothScripts(
  /^(?:(?:let me |i'll )?(?:now )?update (?:the )?todo(?:s| list| status)? and |let me |let's |i'll |i will |i'm going to |i can |i need to |we need to |i should |(?:i|we)(?:'ve| have)? (?:decided|chose) to |我决定(?:了)?|让我们?|我来|我会|我将)(?:now |also |first |just |quickly |来|先)*/i
)

/** Matches the end of a clause. */
const CLAUSE =
  /[,;](?=\s)|[，；、—–]|\s-\s|\s\(|（|(?<=\w)\.\s|[。！？]|\s(?:and|so|because|since|but|which|then|while|when|instead|rather)\s/gi

const isUnclosed = (text: string): boolean =>
  (text.match(/`/g) ?? []).length % 2 === 1 || (text.match(/"/g) ?? []).length % 2 === 1 ||
  (text.match(/[(（]/g) ?? []).length !== (text.match(/[)）]/g) ?? []).length

/** "When it runs at night," only introduces the main clause after it. */
const CONDITION =
  /^(?:(?:if|when|while|after|before|as|since|because|to|however|given|based)\b|(?:from now on|in (?:the )?future)[,，])/i
/** So does "In the conflict resolution,", but "In tests never use mocks," is the main clause. */
const PHRASE = /^(?:in|on|for|with|at|from)\b/i
const INTRODUCTION = /^[^,，]{4,120}[,，]\s*(?:(?:and|or)\b[^,，]{4,120}[,，]\s*)*/i
/** Matches the beginning of what belongs to the clause before it. */
const DEPENDENT =
  /^(?:so|which|who|whose|where|whereas|that|than|not|nor|or|and|but|instead|rather|unless|until|though|although|even|except|including|especially|such|like)\b/i

const trimmed = (text: string) => text.replace(/(?<![.。!！,，、:：;；\s—–-])[.。!！,，、:：;；\s—–-]+$/u, "")

/** True when a text has enough words beside its code: a path or a piece of code alone makes no title. */
const hasWords = (text: string): boolean =>
  /[\u3400-\u9fff]{4}/u.test(text) || text.replace(/`[^`]*`/g, "").trim().split(/\s+/).length >= 3

/** Repairs code that was cut off: drops it when at least 24 characters stand before it, else drops the backticks. */
const withoutHalfCode = (text: string): string => {
  const at = text.lastIndexOf("`")
  if (at < 0 || (text.match(/`/g)?.length ?? 0) % 2 === 0) return text
  return at < 24 ? text.replaceAll("`", "") : `${trimmed(text.slice(0, at))}…`
}

/** Returns a sentence without the words that introduce its main clause; undefined where there are none, or nothing else is left. */
const withoutIntroduction = (sentence: string): string | undefined => {
  const introduction = INTRODUCTION.exec(sentence)?.[0] ?? ""
  const rest = sentence.slice(introduction.length)
  const introduces = CONDITION.test(sentence) || PHRASE.test(sentence) && !isWish(introduction)
  if (introduction === "" || !introduces || rest.length < 20 || DEPENDENT.test(rest)) return undefined
  return CONDITION.test(rest) && withoutIntroduction(rest) === undefined ? undefined : rest
}

/** Characters of a text that are searched for a title. */
const MAX_SEARCHED = 1_000

/**
 * Shortens a text to `length` characters: at the end of a clause where that leaves content, else at a word, with "…".
 */
export const shortened = (text: string, length: number): string => {
  const whole = trimmed(text.slice(0, MAX_SEARCHED))
  if (whole.length <= length) return whole
  const main = withoutIntroduction(whole)
  if (main !== undefined) return shortened(main, length)
  const cuts = [...matchesIn(whole, CLAUSE)].map(({ index }) => index).filter((index) => index <= length).reverse()
  const cut = cuts.find((index) =>
    index >= Math.min(24, length * 0.3) && !isUnclosed(whole.slice(0, index)) && hasWords(whole.slice(0, index))
  )
  return cut === undefined ? withoutHalfCode(gist(whole, length)) : trimmed(whole.slice(0, cut))
}

/** Drops a scrap of a log at the end: "CI is pedantic: 5s". */
const withoutScrap = (text: string): string => {
  const scrap = /[:：]\s*\S{1,3}$/u.exec(text.slice(-6))?.[0]
  return scrap === undefined || text.length < 18 ? text : text.slice(0, -scrap.length)
}

const capitalised = (text: string): string =>
  /^[a-z]+(?:[\s,:'-]|$)/.test(text) && !IS_CJK.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text

/** Turns a sentence into a title. */
export const titleFrom = (sentence: string, length = MAX_TITLE): string => {
  const line = plain(sentence)
  const opened = withoutOpeners(line)
  const asked = withoutScrap(opened.replace(ASKING, "").replace(INTENDING, ""))
  const words = asked.length >= 4 ? asked : line
  const isAsked = asked !== opened
  const title = shortened(isAsked ? words.replace(/[?？]\s*$/u, "") : words, length)
  // Dropping an introductory clause can move words like "let me" to the front.
  const bare = title.replace(INTENDING, "")
  return capitalised(bare.length >= 4 ? bare : title) || gist(line, length)
}

/** Words of Chinese that point to what was said and name nothing, beside everyday ones. */
const POINTING = new Set(
  "这个 那个 这些 那些 这种 那种 上面 前面 下面 剩下 那就 就是 只是 只要 只有 已经 一样 一下 一起"
    .split(" ")
)

/** Counts the words of Chinese that name something. */
const chineseSubjects = (line: string): number =>
  [...Tokenizer.cjkWordsIn(line)].filter((word) => word.length > 1 && !POINTING.has(word) && !isEveryday(word)).length

const SPACED_WORD = /(?:(?![\u3041-\u30ff\u3400-\u9fff])[\p{L}\p{N}_]){3,}/gu

/** True for two words, a path or a name in code. */
const hasSubject = (line: string): boolean => {
  const spaced = line.match(SPACED_WORD)?.length ?? 0
  return spaced >= 2 || /\w[._/]\w/u.test(line) ||
    IS_CJK.test(line) &&
      (spaced === 1 && countUnspaced(line) >= 2 || countUnspaced(line) >= 5 && chineseSubjects(line) > 0)
}

/** Matches a request for no more than a commit or a push: "commit and push", "push it to main". */
const BARE_COMMIT =
  /^(?:(?:push|commit)\b[\s,.!]*(?:(?:and|then|it|this|that|all|everything|these|those|them|the|changes?|now|again|please|to|on|main|master|origin)\b[\s,.!]*)*)+$/i

/** True when a prompt is understandable by itself; "yes", "push", "address all of them" and "where were we?" are not. */
export const isSelfContained = (prompt: string): boolean => {
  const line = withoutOpeners(plain((prompt.split("\n")[0] ?? "").slice(0, 400))).replace(ASKING, "").replace(MAY, "")
  // "1 and 3" names what only Claude's message says.
  const choice = optionIn(line)?.words
  return hasSubject(line) && (choice === undefined || !line.startsWith(choice)) && !isBareAssent(line) &&
    !/^back to (?:the|our) (?:\p{L}+ ?){1,2}[.!]?$/iu.test(line) &&
    !/^(?:(?:yes|no(?! (?:\p{L}+ ){1,3}(?:pls|please|here|ever|anywhere|in)\b)|ok|do (?:it|that|so)|go ahead|continue|try again|again|update again|address (?:all|them|the)|fix (?:it|them|that|this|all)|both|all of (?:them|it)|we are #?\d|(?:add|fix|update|change|make|do|use|try|apply|implement|commit|push|remove|keep|run|test|check|show|explain|merge|revert|undo) (?:that|this|it|these|those|them|both|all)(?: \p{L}+)?|how(?:'s| is) it going|what(?:'s| is) (?:up|the status)|(?:any )?(?:news|progress|status|update)s?|the following|implement the following plan)\b|\[)[^`/]{0,30}$/iu
      .test(line) &&
    !BARE_COMMIT.test(line) && !/^\s*[❯$>%(（]/u.test(prompt) && !isResumption(prompt)
}

/** Matches headings like "# Summary", which fit any section. */
const GENERIC = inBothScripts(
  /^(?:\W*(?:summary|overview|what's (?:good|compelling|new)|changes(?: made)?|details|notes?|result|results|conclusion|plan|context|background|introduction|next steps|recommendation|status|example|usage|features?|key \w+|requirements?|integration|production ready|my questions?|here'?s .{1,30}|.{1,24}\(\d+ \w+\)|what i found|implementation|fix|solution|minor issues|final (?:status|result|summary|answer|state)\b.{0,60}|(?:the )?(?:key|main|core|critical) (?:insight|point|idea|takeaway|finding)s?|what (?:happened|this means|it means|we know|changed|to do)|decide what to do|(?:a )?better (?:approach|way|idea)|(?:my|the) (?:approach|question|take|recommendation|verdict|answer|problem|issue|cause)|(?:current|test|project) (?:state|status|results?)|problem|issue|root cause|how it works|(?:overall |quick )?success|options|(?:critical )?files? to (?:modify|change|create|edit)|总结|概述|说明|背景|结论|结果)\W*)$/i
)

/** Lowers a heading in capitals: "LOCK FILE MANAGEMENT" becomes "Lock file management". */
const lowered = (heading: string): string =>
  /\p{Ll}/u.test(heading) || !/\p{Lu}{4} .*\p{Lu}{4}/u.test(heading)
    ? heading
    : capitalised(heading.replace(/\p{Lu}{4,}|(?<=\p{Lu}{4,} )\p{Lu}+/gu, (word) => word.toLowerCase()))

/** Returns the first heading of a text that names its subject, without Markdown marks and number. */
export const headingIn = (text: string): string | undefined =>
  linesOf(text).filter(({ kind }) => kind === "heading").map(({ text }) => trimmed(plain(text)))
    .filter((heading) => !isStep(heading)).map((heading) => withoutNumber(heading))
    .filter((heading) => heading.length >= 4 && !GENERIC.test(heading)).map(lowered)[0]

/** Characters of a prompt that are searched for its request. */
const PROMPT_HEAD = 4_000

/** Matches the beginning of pasted terminal output. */
const TERMINAL = /^\s*(?:[❯$%➜]|\w+@\w+\S*[$#]) /u

/** Returns the failure in a prompt that is pasted terminal output. */
export const pastedFailure = (prompt: string): string | undefined =>
  TERMINAL.test(prompt) && failureStrength(prompt) >= 2 ? plain(worstLine(errorLines(prompt, MAX_SEARCHED))) : undefined

/**
 * Titles a prompt by its first understandable sentence, and pasted terminal output by its failure. A long prompt whose
 * first sentence ends in a colon, or one without a sentence, is titled by its heading.
 */
export const promptTitle = (prompt: string): string | undefined => {
  const failure = pastedFailure(prompt)
  if (failure !== undefined) return shortened(failure, MAX_TITLE)
  const head = prompt.slice(0, PROMPT_HEAD)
  const [first = ""] = statements(head)
  // The plan's name makes a better title than "Implement the following plan:".
  const heading = /[:：]$/.test(first) && prompt.length > 400 || first === "" ? headingIn(head) : undefined
  if (heading !== undefined) return shortened(heading, MAX_TITLE)
  const asking = quotable(head).slice(0, 12).find(isSelfContained)
  return asking === undefined ? undefined : titleFrom(asking)
}

/** Titles an answer by the heading that it begins with, else by its most representative sentence, shortened. */
export const answerTitle = (text: string): string | undefined => {
  const head = linesOf(text).slice(0, 3).find(({ kind }) => kind === "heading")
  const heading = head === undefined ? undefined : headingIn(head.text)
  if (heading !== undefined) return shortened(heading, MAX_TITLE)
  const sentences = informativeStatements(condense(text)).filter((sentence) =>
    sentence.length >= 12 && !/[?？]$/.test(sentence)
  )
  // Sentences that fit a title unchanged are preferred to those that must be cut.
  const from = [
    sentences.filter((sentence) => sentence.length <= MAX_TITLE),
    sentences.filter((sentence) => !titleFrom(sentence).endsWith("…")),
    sentences
  ].find((some) => some.length > 0) ?? []
  const [best] = choose(from.map((sentence) => sentence.slice(0, 400)), { count: 1, length: 400 })
  return best === undefined ? undefined : titleFrom(from[best]!)
}
