/**
 * Recognizes the sentences that are worth remembering when the work is done: wishes of a person, and what was learned.
 * What was changed stands in the repository, and that it works is soon out of date.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { memoized } from "../../domain/Memoized.ts"
import { SPECIFIC } from "../../domain/Specific.ts"
import { isStanding } from "../../domain/Standing.ts"
import { isChatter, plain } from "./Prose.ts"

/** Matches a choice or a preference, with or without the rejected alternative. */
const CHOICE = inBothScripts(
  /\b(?:instead(?: of)?|rather than|rather\b|prefer(?:s|red|ably)?|let's (?:use|go with|not|keep|stick|avoid|drop)|go with|stick (?:to|with)|i'd (?:like|love|rather|go)|i (?:don't want|want (?:to|it|the|a|us)|would (?:rather|like|prefer))|we (?:don't want|do not want|want|should(?:n't| not)?|explicitly|do|don't|won't|aren't)|not .{1,60}\bbut\b|should (?:not|be|have|use|go)|shouldn't|must(?:n't| not)?|do not|don't|avoid|no longer|only (?:use|if|when)|make sure|explicitly|completely (?:remove|drop)|better to)\b|而不是|不如|改(?:成|为|用)|换成|(?:还是|就|都)用|采用|优先|尽量|只(?:用|要|能|保留)|宁可|更(?:喜欢|倾向|希望)|决定|必须|应该|选(?:择|用)?(?:方案|第|[A-Z]|\d)|放弃|去掉|保留/iu
)

/** True for a person's sentence that states a rule, a choice or a preference. */
export const isWish = (sentence: string): boolean => isStanding(sentence) || CHOICE.test(sentence)

/** Matches reasons and causes. */
const CAUSE = inBothScripts(
  /\b(?:because|since (?!then|last|yesterday|\d)|so that|due to|otherwise|to avoid|that(?:'s| is) why|which means|means that|root cause|caused by|turns out|(?:the|main|real|only|actual) (?:\w+ )?(?:issue|problem|reason|cause|bug|catch|trade-?off) (?:is|was|here|might)|explains)\b|因为|由于|否则|以免|避免|以便|导致|原因|根因|ため|ので/iu
)
/** Matches alternatives that were weighed. */
const WEIGHED = inBothScripts(
  /\b(?:instead of|rather than|overkill|trade-?offs?|prefer\w*|decided|chose|opted|recommend\w*|by design|intentional\w*|deliberate\w*|i'd lean|simpler|drawbacks?|downsides?)\b|而不是|不如|建议|决定|倾向|权衡|代わりに/iu
)
/** Matches a judgement of an alternative. */
const VERDICT = inBothScripts(
  /\b(?:overkill|trade-?offs?|not worth|too (?:complex|heavy|slow|strict))\b|得不偿失|没必要/iu
)
/** Matches limits, failures and surprises. */
const LIMIT = inBothScripts(
  /\b(?:only works?|too (?:much|many|strict|slow|heavy|big|large)|(?:does|do|did|is|was|are|were|can|could|wo|should)n't|(?:does|do|did|can|could|will|should) not|cannot|missing|wrong\w*|broken?|breaks|fail(?:s|ed|ing)? (?:to|with|because|on|in|when)|mistake|conflat\w+|actually|regenerat\w+|not (?:yet |\w+ly )?(?:supported|implemented|compatible|available|possible|enough|needed)|bug in|workaround|flaky|race condition|deprecated|incompatib\w+|conflict\w* with|requires?|expects?)\b|不能|不支持|没有|无法|缺少|失败|冲突|问题(?:是|在于|出在)|必须|できない|ない/iu
)
/** Matches what was left for later. */
const OPEN = inBothScripts(
  /\b(?:deferred|postponed|for later|later on|follow-?ups?|not yet|still (?:need|to|open|missing|fail)\w*|remain(?:s|ing)|left (?:open|out|for)|out of scope)\b|待办|尚未|还没|下一步|以后再|未完成/iu
)

/** Matches a question after a cause: whatever answers it is a reason. */
const WHY = inBothScripts(
  /\b(?:why|how come|what(?:'s| is| was| are)? (?:the )?(?:cause|reason)s?|what caused|warum|wieso|weshalb|pourquoi|por qué)\b|为什么|为何|为啥|怎么会|什么原因|なぜ|どうして/iu
)

/** True for a prompt that asks for a cause. */
export const asksWhy = (prompt: string): boolean => WHY.test(prompt)

/** Matches praise of the work. */
const SUCCESS = /[✅🎉🎯🚀]|\bproduction[- ]ready\b|\ball (?:\w+ ){0,3}(?:pass(?:es|ed)?|resolved|fixed|addressed)\b/iu

/** Matches a report of how the work stands, which is soon out of date. */
const STATUS = inBothScripts(
  /\b(?:pass(?:es|ed|ing)?|green|clean|succe\w+|ready|complet\w+|works?|working|look(?:s|ing)? (?:good|correct|right|fine)|pushed|committed|no (?:errors|warnings|issues)|zero \w+|good understanding|(?:full|complete|clear) picture|comprehensive\w*|fully \w+|professional\w*|production[- ]ready|all (?:set|done|good))\b|完成|成功|通过|正常/iu
)

/** True for a sentence that only says that the work goes well, and names no code, number or reason. */
export const isStatus = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  return words.length < 120 && STATUS.test(words) && !SPECIFIC.test(words.replace(/\b(?:\d|100%)(?![\d.])/gu, "")) &&
    !CAUSE.test(words) && !WEIGHED.test(words)
})

const isStatement = (sentence: string, words: string): boolean =>
  words.length >= 20 && !SUCCESS.test(sentence) && !isChatter(sentence) && !/[?？]$/.test(words) &&
  (!/[:：]$/.test(words) || CAUSE.test(words))

/** True for a sentence that gives a reason or weighs alternatives. */
export const isReason = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  return isStatement(sentence, words) && (CAUSE.test(words) || WEIGHED.test(words))
})

/** True for a sentence that weighs alternatives and says why. */
export const isChoice = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  return isStatement(sentence, words) && WEIGHED.test(words) && (CAUSE.test(words) || VERDICT.test(words))
})

/** True for a sentence that gives a reason, weighs alternatives, or states a limit or what is left to do. */
export const isLesson = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  return isReason(sentence) || (isStatement(sentence, words) && (LIMIT.test(words) || OPEN.test(words)))
})

const RECOMMENDS = inBothScripts(
  /\b(?:i(?:'d| would)? (?:suggest|recommend|propose|lean|go with|pick)|my (?:recommendation|suggestion|proposal)|recommended)\b|我?(?:建议|推荐|倾向于?|会选)/iu
)

/** True for what is only recommended: somebody else decides. */
export const isRecommendation = (words: string): boolean => RECOMMENDS.test(words)

/** Matches a beginning that points to what was said before. */
const POINTS_BACK = inBothScripts(
  /^(?:(?:so|but|and|also|now|first|then|ok|okay|well|hmm|wait|actually|good|great|same|just|only|one|another|both|all|maybe|perhaps|here|there)\b[\s,]*)*(?:this|that|it|its|these|those|they|them|he|she|there(?:'s| is| are)|here(?:'s| is| are)|same|the (?:issue|problem|error|fix|solution|reason|cause|change|code|file|test|tests|other|first|second|third|latter|former|above|user))\b|^(?:这|那|它|其|此|上面|以上|同样)/iu
)

/** True for a sentence that is understandable alone: it names something and does not begin with what was said before. */
export const standsAlone = (sentence: string): boolean => {
  const words = plain(sentence)
  return words.length >= 40 && !POINTS_BACK.test(words) && (SPECIFIC.test(words) || words.length >= 60)
}

/** Matches a guess, advice that may not have been taken, and what is only expected. */
const HEDGED = inBothScripts(
  /\b(?:might|may|maybe|perhaps|probably|likely|could|would|seems?|appears?|suspect\w*|(?:simplest|easiest|best|cleanest) \w+|technically|consider|suggest\w*|should (?:now|pass|work|be (?:green|completely|fully))|i (?:think|guess|believe|can|should|need|have|was|don't|'m)|i'(?:m|ll|ve|d)|let me|we(?:'ll| need| could| can))\b|可能|也许|大概|或许|应该是/iu
)
/** Matches success, and faults that were there before. */
const WENT_WELL = /\b(?:pass(?:es|ed|ing)?|resolved|green|complete[dly]*|pre-existing|unrelated)\b/iu
/** Matches the place in a file, which is soon out of date. */
const PLACE = /\w:\d+/u
/** Matches a cause that is named with its subject, though it begins with what was said before: "The issue is that X". */
const NAMED_CAUSE =
  /^(?:the|main|root|real|actual|found)\b.{0,40}\b(?:issue|problem|reason|cause)\b.{0,12}\b(?:is|was)\b/iu

/** True for a finding: a cause that is certain, names its subject, and reports neither a step of the work nor its success. */
export const isFinding = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  const isNamed = NAMED_CAUSE.test(words) && words.length >= 50
  return isStatement(sentence, words) && CAUSE.test(words) && !/^[(（]|[:：]$/u.test(words) && !HEDGED.test(words) &&
    !PLACE.test(words) && !WENT_WELL.test(words) && (isNamed || SPECIFIC.test(words) && standsAlone(sentence))
})

/** True for a statement that names something: code, a file, a version, a number. */
export const isFact = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  return isStatement(sentence, words) && SPECIFIC.test(words) && !isStatus(sentence)
})
