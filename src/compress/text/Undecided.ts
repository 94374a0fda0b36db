/**
 * Recognizes what sounds like a choice or a rule and is none: questions, failures, what is only considered, what others say, and small talk.
 * Of words with all their apostrophes (domain/Apostrophes.ts). Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import { isFirm, isStanding } from "../../domain/Standing.ts"
import { isQuestion } from "./Lessons.ts"
import { withoutOpeners } from "./Prose.ts"

/** A question decides nothing, but for a request ("can you use X instead?") and a correction ("shouldn't it be X instead?"). */
export const isMereQuestion = (words: string): boolean =>
  isQuestion(words) &&
  !/^(?:please|(?:can|could|will|would) you)\b.*\b(?:instead|rather|always|never|from now on)\b|\bshouldn't\b.*\b(?:instead|rather)\b|不如/i
    .test(words)

/** Matches what is only considered, or not known. */
const CONSIDERED = inBothScripts(
  /^(?:maybe|perhaps)\b|\b(?:maybe|perhaps|probably|possibly)\b.{0,24}\b(?:should|could|might|need)\b|\b(?:should|could|might)\b.{0,16}\b(?:maybe|perhaps|probably|possibly)\b|\b(?:if we ever|what if|at some point|^(?:some|one) ?day\b|\bsome ?day|(?:should|could|might|will) eventually|would be (?:nice|cool|great|good)|wonder(?:ing)?|(?:i|we) (?:don't|do not) (?:understand|know|get)|i don't (?:care|remember)|not sure|no idea(?! of))\b|[,.]? i (?:think|guess|believe|suppose|fear)[\s.!]*$|\bi'm afraid\b|\b(?:afaik|iirc)\b|不知道|不明白|不清楚|[想看]不(?:出|懂)|我在想|谢谢|先到这/i
)

/** Matches what somebody else says, at the beginning; what binds ("legal says …") is no opinion. */
const TOLD = inBothScripts(
  /^(?:(?:and|but|so|btw|well|my|our|the|a|an|old|new|some) )*(?!(?:i|we|you|it|this|that|the|our|my|an?|because|since|if|when|legal|security|compliance|ops|(?:customers?|clients?) wants?|team|style|guide|policy|law|rule)\b)[\p{L}\d_.-]+(?: (?!(?:i|we|you)\b)(?:(?:on|from|in|at) (?:the )?)?[\p{L}\d_.-]+)? (?:thinks?|said|told|wants? (?:us|me|it|the)|suggests?|suggested|proposed|recommends?|claims?|says?(?!.*\bso (?:always|never|use|keep|no)\b)(?! (?:why|how|who)\b))\b|\b(?:in|at) my (?:last|old|previous)\b|\b(?:one|some|a|this) (?:guy|dude|person|people|colleague)s? (?:says?|said|claims?|told)\b|有人(?:提议|建议|说)|^[老小阿]\p{Script=Han}{1,2}说/iu
)

/** Matches what goes wrong. */
const FAILS = [
  // As the verb of a clause.
  /\b(?:fails|failed|crash(?:es|ed)|hangs|hung|breaks|broke|dies|died|(?:errors?|times?) out|throws (?:an? )?\w*(?:error|exception)|returns? (?:nothing|null|undefined|\d{3})|shows? up|nothing (?:happens|works)|^no (?:\w+ ){1,2}(?:arrives?|appears?|comes?|happens?|shows?|works?)\b(?!.*\bwithout\b)|works? (?:in|on|for|only|here|fine|again)|by accident)\b/i,
  // As what is not done, or always wrongly.
  /\b(?:(?:doesn't|don't|didn't|won't|can't|never|not) (?:work|load|match|add up|start|respond|build|compile|connect|arrive|appear|show up|come (?:back|in|through)|get (?:through|delivered))s?|never (?:passes|finishes|ends|arrives|survives|goes away|closes|appears|refreshes|updates|updated|called|stops|gets|returns|shows|fires|triggers|runs)|always .{0,40}\b(?:twice|off|the (?:same|old|wrong) \w+|an? (?:empty|old|wrong) \w+))\b/i,
  // As a state.
  /\b(?:is|are|was|were|goes|go|went|gets?|got|stays?|turns?|be) (?:(?:always|never|still|all|just) )?(?:(?:a|an) )?(?:red|down|wrong|broken|stuck|empty|missing|stale|slow|flaky|failing|gone|lost|killed|corrupt\w*|undefined|logged out|error\w*|\d{3})(?![\w-])/i,
  // As how often it happens, or what it takes.
  /\b(?:(?:runs|(?:is|are|was|were|gets?|got) \w+) twice|(?:use|take|need)s? (?:too (?:much|many|long)|twice|\d+ (?:s\w*|ms|min\w*|hours?|%|[gmk]b))|(?:keeps|(?:we|i|they|it) keep) \w+ing)\b/i
]

/** Matches when or how somebody saw it: a rule is of no day. */
const SEEN =
  /\b(?:yesterday|(?<!\bfrom )today|tonight|this morning|right now|at the moment|just now|ago|since (?:mon|tues|wednes|thurs|fri|satur|sun)day|since (?:the|last|yesterday)|the last (?:few|\d)|(?:when|if) i (?:run|start|open|click|try|call|push|build|deploy|save)|i (?:(?:only|still|just|always) )?(?:see|saw|get|got|asked|tried|ran|noticed|forget)|(?:we|i|they)(?:'ve| have)? (?:never|always) (?:got|had|did|was|were|deployed|\w+ed)|never seen|the old team|(?:didn't|did not) help|same (?:error|stack|thing|result|problem))\b/i

/** Matches what a person knows of himself, and what only seems so. */
const EVIDENT =
  /^(?:it |that |this )?(?:looks? like|seems?)\b|\bcomplain\w*\b|^(?:i|my \w+(?: \w+)?) (?:always|never) (?!want|wish|ever)/i

/** Matches what binds although somebody tells of what he saw. */
const BINDS = /\b(?:decided|agreed|chose|rule|from now on|going forward)\b/i

/** Matches an order about all times, which may be about failures: "never retry failed payments". */
const FORBIDS =
  /^(?:(?:please|pls|and|so|ok|but|also)[,\s]+)*(?:never|don't|do not|always) (?:ever )?(?!work|know|see|get|care|mind|understand|think|remember|have)\p{L}|\bmust (?:never|not|always)\b/iu

/** Matches how it is, in place of how it should be. */
const SHOULD_BE = [
  /\b(?:it|they|this|that) should(?:n't| not)?[\s.!]*$|\bshould(?:n't| not)\b.{0,120}\blike (?:that|this)\b|\b(?:than|what|as|where|how) (?:it|they|that|this|he|she) should\b/i,
  /\b(?:should|must(?:n't| not)?|supposed to)\b.{0,120}\b(?:but|and|yet) (?:(?:it|they|this|that|we|i)(?:'s| is| are)? )?(?:(?:only|still|now) )?(?:(?:get|see|show|gave|give)s?|got|do(?:es)?\s*$|is|are|still|doesn't|don't|didn't|isn't|aren't)\b(?! (?:fine|ok|okay|allowed|enough|good)\b)/i,
  /\b(?:should(?:n't| not| never)?|must) have (?:been|had|gone|got|done|broken|\w{3,}ed)\b|\bmust be (?:wrong|broken|missing|stale|cached|corrupt\w*|lost|a (?:bug|typo|mistake)|some(?:thing|where|how|one))\b|\b(?:spinner|spins|load(?:s|ing)|loops?) (?:\w+ )?(?:forever|endlessly)\b/i,
  /\b(?:issue|problem|bug|cause|reason|error) (?:is|was)\b|\b(?:shows?|prints?|displays?|says|returns?|gives|gets?|got|see)\b.{0,60}, not\b(?! (?:what|how)\b)/i,
  /^(?!.*\b(?:we|i|you|to|always|never|should|must|please)\b)\S+ .*\b(?:shows?|prints?|displays?|returns?|gives|sends?|renders?|gets?)\b.{0,60} instead of\b/i
]

const REPORT_IN_CHINESE = inBothScripts(
  /(?:每次|总是|老是|一直)(?!.*要).{0,24}(?:报错|报\s*\d{3}|失败|崩|卡[住死]|超时|出错|不对|没反应|挂)|^[^，,。\s]{0,30}(?:很|太|好|真)(?:烦|慢|麻烦|卡)[了啊]?(?=$|[，,。!！\s])|烦死|坏[了掉]|^禁止访问|受不了|没反应|不生效|不好使|[打跑起连登][不](?:开|起来|上)|但是?现在|怎么回事|白屏|闪退|[又还]是?(?:报错|失败|不行|挂)/i
)

/** Where what goes on only says when, why or of what. */
const SUBORDINATE = /\b(?:because|since|so that|otherwise|unless|until|if|when|whenever|while|which|that|who)\b/i

/** Returns what a sentence says first and of itself: the first clause that doesn't only say when, why or of what. */
const mainClause = (words: string): string =>
  words.split(/[,;:–—]\s|\s-\s/u).map((clause) => clause.split(SUBORDINATE)[0]!.trim()).find((clause) =>
    /\w/u.test(clause)
  ) ?? words

/** Matches small talk, and what is said of Claude's manners. */
const CHAT =
  /^(?:(?:ok|oh|ah)[,\s]+)?(?:never ?mind|nvm)\b(?!.*\b(?:always|never|use|only)\b)|\b(?:lol|haha\w*|lmao)\b|\bshould be (?:fine|ok|okay|good|enough|easy|done|there)[\s.!]*$|\bshouldn't matter[\s.!]*$|^(?:i )?don't (?:know|care|mind|get it|think so|bother|worry)\b[\s.!]*(?:$|,? (?:about (?:it|this|that)\b))|\bdon't have time\b|\bi (?:don't mind|don't like (?:this|that|it)[\s.!]*$|want to (?:go(?! (?:with|back|through|for)\b)|sleep|eat|know|understand))\b|(?:^|[,.] )(?:lol )?(?:omg )?you (?:always|never) (?:do|say|forget|ignore|get|make|break)\b/i

/** Matches fragments of sentences, and wishes without an object. */
const FRAGMENT =
  /^(?:rather|instead)\b.{0,40}$|^(?:and )?make sure (?:this|it|that|everything|all)\b.{0,24}$|^(?:let's |i'd |we(?:'ll)? )?(?:go|stick|stay) with (?:that|it|this|yours|your \w+)\b.{0,24}$/i

/** Matches the end of a task, for which what was said is over. */
const FOR_NOW = inBothScripts(
  /\b(?:when (?:you(?:'re| are)|it(?:'s| is)|all (?:is|are)) (?:done|finished)|for now|not (?:now|today)|while i\b|this time|then stop|until (?:all|everything)|hold on|hang on|wait for me)\b|(?:n't|\bnot?)\b.{0,60}\byet\b|这次(?!不)|现在先|先这样|先(?:别|等|只|不要.{0,3}[提合推发动改急])|暂时(?!不)|别急(?!.*再)/i
)

/** Matches what is not to be done besides the task at hand: "don't change anything", "don't touch the other modules". */
const BESIDES =
  /^(?:(?:please|pls|and|but|so)[,\s]+)*(?:don't|do not) (?:touch|change|edit|modify|apply|run|commit|push|deploy|start|restart|delete|merge) (?:(?:anything|any of (?:it|them|this))[\s.!]*$|(?:anything|everything) else\b|(?:the )?(?:others?|rest)\b)/i

/** Matches a task for now, which is no decision unless it also chooses or excludes something. */
const TASK = inBothScripts(
  /^(?:please |can you |could you |let's )*(?:completely )?(?:remove|delete|drop|rename|replace|move|fix|add|update|open|raise|bump|implement|write|create|run|port|commit|push|rebase|merge|review|check|test|look|read)\b|^(?:请|麻烦|帮我|先|再|那|就|把|顺便|另外|然后|给)*(?:去掉|删|移除|加|添|新增|写|实现|修|提交|推|检查|看|试|测|重命名|更新|补|画|生成|拆)(?!密|荐|板|门狗|偿|送?服务|试?(?:环境|框架|数据|用例)|信息|粒度|.{0,4}(?:时候?|之前|前|之后))/i
)
const AGAINST = inBothScripts(
  /\b(?:instead|rather|not|never|always|don't(?! forget)|only|without|keep)\b|[不别只]|统一|严禁|禁止|改[用成为走]|采用|[都就]用(?![上了过])|还是用|优先(?!级)|尽量|应该/i
)

/** Matches a task that only says more of what is to be made: a check, a test, a part of a page. */
const MADE =
  /^(?:please |can you |could you |let's )*(?:(?:add|write|make|create) (?:a|an|the|some) .{0,40}\b(?:that|which)\b|make (?:the|this|that|it)\b)|^(?:i|we) want (?:a|an|some|to (?:show|see|have|add|display))\b(?!.*\b(?:instead|not|never|always)\b)|^(?:the|this|that) (?:\w+ )?(?:button|header|footer|label|title|icon|text|column|page|menu|link|modal|dialog|popup|tab|card|row|input|field|form|logo|font|banner|tooltip|sidebar|image)s? should\b/i

/** True for words that ask for a piece of work. */
export const isTask = (words: string): boolean => {
  const said = withoutOpeners(words)
  return MADE.test(said) || TASK.test(said) && !AGAINST.test(said) && !isFirm(said)
}

/** True for words that only consider something, tell what others say, or chat. */
export const isConsidered = (words: string): boolean => CONSIDERED.test(words) || TOLD.test(words) || CHAT.test(words)

/** True for words that tell how it is, mostly that it fails. */
export const isReport = (words: string): boolean => {
  const main = mainClause(words)
  const isSeen = (said: string) => SEEN.test(said) && !BINDS.test(words)
  if (SHOULD_BE.some((expression) => expression.test(words)) || REPORT_IN_CHINESE.test(words)) return true
  if (FORBIDS.test(main)) return isSeen(main)
  return FAILS.some((expression) => expression.test(main)) || isSeen(words) || EVIDENT.test(words)
}

/** In Chinese, a rule in one clause outlives what another one says of the moment: 别删，以后再分区，现在先放着. */
const isForNow = (words: string): boolean =>
  FOR_NOW.test(words) &&
  !(IS_CJK.test(words) && words.split(/[，,；;\s]+/u).some((clause) => !FOR_NOW.test(clause) && isStanding(clause)))

/** True for words that hold for the moment alone, or are a piece of a sentence. */
export const isOver = (words: string): boolean => FRAGMENT.test(words) || isForNow(words) || BESIDES.test(words)

/** Matches where a person takes back what the sentence or the one before it says. */
const TAKES_BACK =
  /(?:^|[,;.:–—-]\s+)(?:(?:hm+|oh|ah|ok|well|and|but)[,\s]+)*(?:(?:actually[,\s]+)?no[,\s]+wait\b|wait(?=,|\s+(?:no|actually)\b)(?:[,\s]+actually\b)?|actually[,\s]+no(?=\s*(?:[,.;:!]|wait\b|use\b|let's\b|$))(?:[,\s]+wait\b)?|scratch that|sorry,? i mean(?:t)?|i meant(?! (?:it|that)\b)|(?:eh|uh|er+)[,\s]+i mean|hm+[,\s]+no(?=\s*[,.;:!])|(?:nvm|never ?mind)(?=\s*(?:[,.!]|$))|correction(?=[:,])|on second thoughts?\b|(?:hm+,? )?actually(?=,?\s+(?:let's|use\b|make it\b(?! a rule)|keep\b|\S+ is (?:fine|better|enough|ok)\b)))(?:[,\s]+no(?=\s*[,.;:!]))?[,:.\s]*/i

/** Matches what a person adds after such words, in place of taking back: one more rule, or what a prohibition leaves free. */
const ADDS = /\b(?:either|too|as well)[\s.!]*$|^also\b/i
const PROHIBITS = /\b(?:don't|never|no|not)\b/i
const FREE = /\bis (?:fine|ok|okay|enough)\b/i

/** Shortest correction that says by itself what is to be. */
const MIN_CORRECTION = 12

/** A sentence of a message; a correction of what was taken back may be a word or two. */
export interface Said {
  readonly sentence: string
  /** The sentence that it takes back. */
  readonly instead?: string
}

/**
 * Returns a message's sentences without what the person took back in it: of "use MySQL. Actually, let's use Postgres" the second. "Actually"
 * alone takes back only what stands before it in the same message. A correction of a word stays beside what it corrects.
 */
export const withoutWithdrawn = (sentences: ReadonlyArray<string>): ReadonlyArray<Said> =>
  sentences.reduce<ReadonlyArray<Said>>((said, sentence, i) => {
    const found = TAKES_BACK.exec(sentence)
    if (found === null || i === 0 && found.index === 0) return [...said, { sentence }]
    const rest = sentence.slice(found.index + found[0].length).trim()
    const isNext = found.index === 0
    const instead = isNext ? said.at(-1)?.sentence ?? "" : sentence.slice(0, found.index)
    const before = isNext ? said.slice(0, -1) : said
    if (rest === "") return before
    if (ADDS.test(rest) || PROHIBITS.test(instead) && FREE.test(rest)) {
      return [...before, { sentence: instead }, { sentence: rest }]
    }
    return weightedLength(rest) < MIN_CORRECTION
      ? [...before, { sentence: isNext ? `${instead.replace(/[.!]\s*$/u, "")}, ${sentence}` : sentence }]
      : [...before, { sentence: rest, instead }]
  }, [])
