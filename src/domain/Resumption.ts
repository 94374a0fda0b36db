/**
 * Recognizes prompts that ask to go on with earlier work. Pure.
 */
import { simplified } from "./ChineseScripts.ts"
import { subjectLexemes } from "./EverydayWords.ts"
import * as Tokens from "./Tokens.ts"

/** Longer prompts bring their own subject. */
const MAX_TOKENS = 40

// These match a prompt in small letters and without apostrophes, which are often left out.
const GREETING =
  /^(?:[\s,.!…，。！、]|\b(?:ok|okay|so|hi|hello|hey|now|and|lets|please|back|again|morning|im|hallo|moin|guten morgen|bitte)\b|好的?|早(?:上好|安)?|嗨|你好|我回来了|おはよう(?:ございます)?)*/

/** Names earlier work: what was being done, where it stopped, yesterday's. */
const EARLIER =
  /^(?:(?:where|what) (?:were|was|did|are|have) (?:we|i|you)\b|whats left\b(?!.*\b(?:in|of) (?:this|that|these|those) (?!project|repo|session))|(?:continue|carry on|go on|resume|pick(?: it| this| that)? up)\b.*\b(?:where|left|stopped|yesterday|last|before|earlier|again)\b|pick (?:up\b.*|.*\bup\b)|resume\b|catch me up\b|remind me where\b)/
/** Asks for what was decided or said, which a memory of its subject tells. */
const DECIDED =
  /^what (?:did|are|have) (?:we|i|you) (?:end(?:ed)? up )?(?:decid|agree|settl|choos|chose|conclud|promis|sa(?:y|id)\b|tell|told|call|us(?:e|ing)\b)[a-z]*/
const EARLIER_IN_CHINESE =
  /^(?:(?:继续|接着|接上)(?:做|干|完成)?(?:上次|上回|昨天|前天|之前|刚才|前面|我们|咱们)|恢复(?:上次|上回|昨天|前天|之前|刚才|我们|咱们)的?(?:工作|任务|进度|对话|会话|状态|开发)?[吧。！\s]*$|(?:(?:帮我)?(?:回忆|回顾)一?下)?(?:上次|上回|昨天|前天|之前|刚才|前面|我们|咱们)[^，。？]{0,6}(?:到哪|停在哪|[做干]了?(?:什么|啥))|从?(?:上次|上回|昨天|前天|之前|刚才)[^，。？]{0,10}(?:继续|接着)[做干来弄]?[吧。！\s]*$|还[剩有](?:什么|哪些|啥)(?:任务|事情?|功能|工作)?(?:没[做干弄]?[完成好]*|要做)的?(?:任务|事情?|功能|工作)?[吗么啊吧呢]?(?:[，,。！？?\s]|$))/
// In the characters of `simplified`, as is what is Japanese below.
const EARLIER_IN_JAPANESE = /^(?:(?:前回|昨日|さっき)の(?:続き|作业を?続)|続きから|(?:前回|昨日)は?どこまで)/
const EARLIER_IN_GERMAN =
  /^(?:wo (?:waren|sind) wir\b.*\b(?:stehen|stehengeblieben|gestern|zuletzt|letztes)\b|wo waren wir\b|(?:mach|machen wir|lass uns)?(?: da| dort)? ?weiter(?:machen)?,? wo (?:wir|ich|du)\b|woran (?:haben|hatten) wir\b)/

const isOfEarlier = (said: string): boolean =>
  [EARLIER, EARLIER_IN_CHINESE, EARLIER_IN_JAPANESE, EARLIER_IN_GERMAN].some((expression) => expression.test(said))

/** Could also be an answer to what Claude just said. */
const BARE =
  /^(?:continue|carry on|go on|keep going|next|next steps?|whats next|what is next|继续|接着(?:来|做|干)?|下一步(?:呢|是什么|做什么)?|続け(?:て(?:ください)?|よう)|続きを?(?:お愿いします|やって)?|weiter(?: gehts)?|mach (?:bitte )?weiter)[\s.?!。？！吧]*$/

export interface Resumption {
  /** True when the prompt could also answer what Claude just said. */
  readonly isBare: boolean
  /** Lexemes of the work that it names; empty for the last one. */
  readonly subject: ReadonlyArray<string>
}

/** Words of such prompts that name no work. */
const FRAME =
  /\b(?:continue|carry|resume|pick|picking|left|leave|stop|stopped|doing|working|catch|remind|yesterday|last|where|whats?|were|was|up|on|off|we|you|i|the|with|from|me|waren|woran|haben|hatten|stehen|geblieben|stehengeblieben|gestern|zuletzt|letztes|mal|gehts?|aufgehört|gearbeitet|gemacht)\b|继续|接着|接上|恢复|回忆|回顾|一下|上次|上回|昨天|前天|之前|刚才|前面|我们|咱们|下一步|停下?在?|还[剩有]|地方|(?<=的|上次|上回|昨天|前天|之前|刚才|前面|我们|咱们|哪些|什么|啥)(?:工作|任务|进度|会话|状态|开发|事情?|功能){1,2}(?=[吗么啊吧呢没要，,。！？?!\s]|做?到|$)|完成|你|做|干|弄|搞|没|完|从|到?哪[里儿些]?|什么|啥|是|了|的|来|去|吧|前回|昨日|続き?|作业/g

/** Returns a prompt in small letters, without apostrophes and without what greets. */
export const saidIn = (prompt: string): string =>
  simplified(prompt.toLowerCase()).replaceAll(/['’]/g, "").replace(GREETING, "")

const subjectOf = (said: string): ReadonlyArray<string> => subjectLexemes(said.replace(FRAME, " "))

/** Matches a verb of going on or of finishing, and what it is about. "Back" is taken for a part of a greeting. */
const GOES_ON =
  /^(?:(?:go(?:ing)?|carry(?:ing)?|keep(?:ing)?) on (?:with|working on)|continue(?: with| working on)?(?! to)|(?:return )?to(?= (?:the|our|my)\b)|resume|finish(?: up| off)?|pick up|(?:mach(?:en wir|e?)? |lass uns )?(?:bitte )?weiter(?:machen)? (?:mit|an)|继续|接着|接上|回到)(?:\b|(?=[^a-z]))(?<work>[^.,;:!?。，；：！？\n]+)|^(?<before>[^.,;:!?。，；：！？\n]+)の続き(?:から|を?(?:やって|お愿い|进め|作って|し(?:て|よう))|$)/

/** Returns the lexemes of a work that a prompt goes on with or finishes by its name, whether or not there was such a one. */
export const workNamedIn = (prompt: string): ReadonlyArray<string> => {
  if (Tokens.estimate(prompt) > MAX_TOKENS) return []
  const { before, work = before } = GOES_ON.exec(saidIn(prompt))?.groups ?? {}
  return subjectOf(work ?? "")
}

/** Returns what a prompt wants to go on with; undefined when it asks for something else. */
export const resumptionIn = (prompt: string): Resumption | undefined => {
  if (Tokens.estimate(prompt) > MAX_TOKENS) return undefined
  const rest = saidIn(prompt)
  const isBare = BARE.test(rest)
  if (!isBare && !isOfEarlier(rest)) return undefined
  const about = rest.replace(DECIDED, " ")
  const subject = subjectOf(about)
  return about !== rest && subject.length > 0 ? undefined : { isBare, subject }
}

/** True for a prompt that wants to go on and names no work. */
export const isResumption = (prompt: string): boolean => resumptionIn(prompt)?.subject.length === 0
