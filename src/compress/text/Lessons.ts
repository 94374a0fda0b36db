/**
 * Recognizes the sentences that are worth remembering when the work is done: wishes of a person, and what was learned.
 * What was changed stands in the repository, and that it works is soon out of date.
 */
import { withApostrophes } from "../../domain/Apostrophes.ts"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import { isEveryday } from "../../domain/EverydayWords.ts"
import { memoized } from "../../domain/Memoized.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import { SPECIFIC } from "../../domain/Specific.ts"
import { isStanding } from "../../domain/Standing.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { isChatter, plain } from "./Prose.ts"

/** Matches a choice or a preference, with or without the rejected alternative. */
const CHOICE =
  /\b(?:instead(?: of)?|rather than|rather\b|prefer(?:s|red|ably)?|let's (?:use|go with|not|keep|stick|avoid|drop)|go with|stick (?:to|with)|i'd (?:like|love|rather|go)|i (?:don't want|want (?:to|it|the|a|us)|would (?:rather|like|prefer))|we (?:don't want|do not want|want|should(?:n't| not)?|explicitly|do|don't|won't|aren't)|not .{1,60}\bbut\b|should (?:not|be|have|use|go)|shouldn't|must(?:n't| not)?|do not|don't|avoid|no longer|only (?:use|if|when)|make sure|explicitly|completely (?:remove|drop)|better to)\b/i

/** What a person sees that there is none of, as a failure. */
const UNSEEN =
  "(?:idea|problem|worries|need|way|one|wait|thanks|thx|errors?|output|results?|response|changes?|logs?|rows?|data|crash|warnings?|difference|luck|effect|clue|requests?|such|matching)\\b"
/** What binds here. */
const HERE =
  "(?:\\b(?:please|pls|here|ever|anywhere|allowed)\\b|\\bin (?:(?:this|our) \\w+|the (?:repo|project|code\\w*|app|api|frontend|backend|tests?|domain|ui|db)\\b))"

/** What may stand before it. */
const OPENING = "^(?:(?:pls|please|ok|and|so|also|well|actually)[,\\s]+)*"

/** The same in the words of people who type little: "no lodash here", "X, not Y", "one PR per ticket", "X over Y", "we go with X". */
const CHOICE_IN_SHORT = [
  // What is to be kept, used or left.
  new RegExp(
    `${OPENING}keep (?!going|it up|in (?:mind|touch)|on\\b|an eye|trying|me\\b|working)\\S|` +
      `${OPENING}(?:use|pin|switch to|move to|(?:go )?back to) (?!this|that|it|my|your|the|sudo|port|branch|main|master|work|you\\b)\\S.*` +
      "(?:[,.;:]\\s|\\b(?:because|since|not|over|instead|everywhere)\\b|\\b(?:in|for) (?:this|our|the|all|every\\w*) \\w+$)",
    "iu"
  ),
  /\b(?:forget|ignore|scrap|drop|kill) (?:about )?(?:my|the|that|our) (?:\w+ ){1,3}(?:rule|idea|limit|plan|convention|thing)s?\b/i,
  // What is not to be.
  new RegExp(
    `${OPENING}no (?!(?:it's|is|was|were|that's)\\b)(?:(?!${UNSEEN})[\\p{L}\\d](?:[^,]{0,40}(?:,|\\.?$)|.{0,60}${HERE})|.{0,60}\\b(?:please|pls|allowed)\\b)`,
    "iu"
  ),
  new RegExp(
    `,\\s*(?:and )?(?:not (?!sure|yet|now|only|working|me\\b|once\\b|\\d)|no (?!${UNSEEN}(?!.*\\b(?:please|pls)\\b))|never )\\p{L}`,
    "iu"
  ),
  // What holds for all.
  /^[^,]{2,40}\beverywhere\b|\bno exceptions\b|[,;] everything else\b|^(?:every|each|all) .{1,40}\b(?:needs?|must|ha(?:s|ve) to|gets?|go(?:es)?|belongs?)\b|^one \w+ per \w/i,
  // What is chosen.
  /^[\w.+#/-]+(?: [\w.+#/-]+)? over (?!and\b|again\b|here\b|there\b|the\b|ssl\b|tls\b|https?\b|tcp\b|ssh\b|udp\b|vpn\b|please\b)[\w.+#/-]+(?: [\w.+#/-]+)?(?=[,.;]|$)|^(?!.*\b(?:what|as|how|why|where|whatever|who)\b.* it is).{2,40}\bit is(?=\s*(?:[,.;!]|$|then\b))/i,
  /(?:^|[,;]\s*|^(?:ok|so|but|and|then|yes i know,? but) |^(?:for|since|because) [^,]{1,40}[,\s])(?:but |so )?we(?:'ll| will|'re)? (?:(?:go|going|went) (?:with|back to)|take (?!an? )|use|pick|choose|stay (?:on|with)|keep|move to|switch(?:ed)? to|dropped)\b/i
]

/** What a person states about how things are arranged, in the present and of no day: "sessions expire after 20 minutes", "state is in s3". */
const ARRANGED = [
  /\b(?:(?:stays?|lives?|belongs?|expires?|defaults?|counts?) (?:on|in|under|into|to|at|after|by|with|for|as)|go(?:es)? (?:in|into|under|through))\b(?! \w+ing\b)/i,
  /\b(?:is|are|gets?|will be|stay) (?:\w+ly )?(?:served|stored|saved|sent|built|limited|written|kept|named|versioned|signed|encrypted|rounded|capped|split|squashed|reviewed|deployed|tagged|mapped|hashed|formatted|generated|cached|logged|validated|archived|supported|optional|required|mandatory|forbidden|off limits|read-only|immutable|idempotent|zero[- ]based|the (?:default|only|single|source)|overkill|dead to us)\b/i,
  /\b(?:max(?:imum)?|min(?:imum)?|at most|at least|no more than|limit(?:ed)? (?:is|to)|longer than|keep \w+ (?:under|below|within)) \$?\d/i,
  /\bonly(?=\s*(?:$|[.,;]))|\b(?:nobody|no one|whoever|anyone) (?!knows?|else|here\b|told|answer)\w+s?\b.*\b\w+|\bfrom (?:the )?\w+(?: \w+)? on\b|\b(?:final (?:answer|decision|call)|settled on|we(?:'re| are) (?:not )?going (?:to support|with)|we'll (?:do|go|use|stay|keep)|even if i)\b/i,
  /^(?:pick|choose) \S/i
]

/** The same in Chinese: what is chosen, what is not, how it must be, and what is put off. */
const CHOICE_IN_CHINESE = [
  /而不是|不如|(?:改(?:成|为|用|走)|换成)(?!了)|(?:还是|就|(?<!网上|大家|别人|人家)都|先|直接)用(?![了过完光掉不])|采用|优先(?!级)|尽量|宁可|更(?:喜欢|倾向|希望)|(?<!由.{0,8}|取)决定(?!于)|选(?:择|用)?\s?(?:方案|第|[A-Za-z]|\d)|全部(?:上|走|用|放)|(?:就|先)?定\s?[\w.]+\s?了|固定\s?(?:为|用|在|成)?\s?[\w.]+|控制在|(?:最[大小长短多少高低]|上限|下限|不超过)\s?\d|[定约]成|约定|写死|维持/u,
  /(?:用|选|走|写|放|按|[改换切拆合]成?)[^吧，。,.?？]{1,24}(?:(?<!错了)吧|好了|啦)(?=$|[\s，。,.;；])|还是[^吧是，。,.?？]{1,16}吧|^那?就(?=[\w`])|[\w\u4e00-\u9fff](?:就行|就够了|就好)(?:吧|啦)?(?=$|[\s，。,.;；])|(?:^|[\s，,])用第?[一二三\dA-D][个种套]?(?=$|[\s，。,.])/u,
  /^用\s?[\w@][^，,。写]{0,24}(?:[，,]|$)|^不是.{1,16}[，,]\s?是|用\s?[\w@][\w.@/-]*\s?(?:存|做|跑|画|传|管|实现|处理|解析|渲染|写(?!一?[个下]))|(?:^|[，,\s])(?:就|还是|改|那就)?走(?![了到开丢神廊])[^，。,.\s]{1,8}(?=$|[，。,.\s])|自己(?:画|写|做|实现|封装)(?!的)/u,
  /只(?:用|能|保留|改|看|支持|留)|只要(?!\s?\d|.{0,40}[就都])|放弃|去掉|保留|^算了|就算了|就不[^，。,]{1,16}了(?=$|[，。,\s])|到此为止|不(?:做|改|加|引入|搞|(?<![对跟连用赶比够传听看装]不)上)(?!了?吗|完|动)|(?<=\S\s?)不(?:换|考虑|追|碰|接)了?(?=$|[\s，。,.;；])/u,
  /必须|一定(?:要|得|不)|应该(?![是会没就有可能不])|(?<![觉记])得(?=[用走先改]|加[个上])|要(?:走|经过|找)|请(?:都|一律|用|统一|保持|尽量)|都(?:用|写|按|走|放)(?![了不])|都\s?(?!ok\b|done\b|pass|fail|error|null\b|on\b)[A-Za-z]\w+[-.\w]*(?!\s?[了吗])|没得商量|铁律|规矩|底线|归.{1,10}算|之前(?:要|得|必须|都|一定)?先|太[短长少多大小]了?.{0,40}[给改调设换放](?:成|到|为)?\s?\d/u,
  /(?:下[个一]?(?:版本?|月|周|迭代|期|季度)|以后|之后|回头|有空|明天)再(?!说)|(?:留|排|挪|推)到|这[个一]?(?:版本?|期|月|周|次)先?不|先(?:不|跳过|\s?hold\b)/u
].map(inBothScripts)

const CHOICES = [CHOICE, ...CHOICE_IN_SHORT, ...ARRANGED, ...CHOICE_IN_CHINESE]

/** Matches how much there is of something, about or in a time: "we write around 9 GB a day". A limit is a rule. */
const MEASURED =
  /^(?!.*\b(?:at most|at least|max\w*|min|limit\w*|no more|only|must|should)\b)(?:(?:and|but|so|currently|today|right now),? )?we (?:currently |now |usually )?(?:do|write|get|have|see|handle|process|serve|receive|send|store|produce|make|ship) (?:(?:about|around|roughly|approximately|nearly|almost) |~)?\d[^,;]*\b(?:(?:per|an?|each|every) (?:second|minute|hour|day|night|week|month|year)|(?<=\b(?:about|around|roughly|approximately|nearly|almost) \d.*))\b/i

/** True for a sentence that tells an amount as it is, in place of a rule. */
export const isMeasured = (sentence: string): boolean => MEASURED.test(withApostrophes(sentence))

/** True for a person's sentence that states a rule, a choice or a preference. */
export const isWish = (sentence: string): boolean => {
  const said = withApostrophes(sentence)
  if (isMeasured(said) && !isStanding(said)) return false
  return isStanding(said) || CHOICES.some((expression) => expression.test(said))
}

/** Matches reasons and causes. */
const CAUSE = inBothScripts(
  /\b(?:because|since (?!then|last|yesterday|\d)|so that|hence|therefore|thus|consequently|as a result|culprit|due to|otherwise|to avoid|that(?:'s| is) why|which means|means that|root cause|caused by|turns out|(?:the|main|real|only|actual) (?:\w+ )?(?:issue|problem|reason|cause|bug|catch|trade-?off) (?:is|was|here|might)|explains|(?:that|here)(?:'s| is) the (?:\w+ )?(?:issue|problem|reason|cause|bug|catch|point))\b|因为|由于|所以|否则|不然|以免|免得|避免|以便|导致|造成|引起|使得|原因|根因|(?:就|才)会|ため|ので/i
)
/** Matches what follows from what was said, of which a sentence alone may not tell what it is of: "so the click is lost". */
const FOLLOWS =
  /(?:[,;:] (?:and )?|^)so (?:a|all|an|any|both|each|every|it|its|no|nobody|nothing|old|one|only|our|some\w*|the|their|these|they|those|two|what|whoever|your)\b/i
/** Matches alternatives that were weighed. */
const WEIGHED = inBothScripts(
  /\b(?:instead of|rather than|overkill|trade-?offs?|prefer\w*|decided|chose|opted|recommend\w*|by design|intentional\w*|deliberate\w*|i'd lean|simpler|drawbacks?|downsides?)\b|而不是|不如|建议|推荐|(?<!由.{0,8}|取)决定(?!于)|倾向|权衡|取舍|值得|没必要|改用|选(?:用|了|的)|没[用选]|代わりに/i
)
/** Matches a judgement of an alternative. */
const VERDICT = inBothScripts(
  /\b(?:overkill|trade-?offs?|not worth|too (?:complex|heavy|slow|strict))\b|得不偿失|没必要|不值得|代价|太[重复慢大]/i
)
/** Matches limits, failures and surprises. */
const LIMIT = inBothScripts(
  /\b(?:only works?|too (?:much|many|strict|slow|heavy|big|large)|(?:does|do|did|is|was|are|were|can|could|wo|should)n't|(?:does|do|did|can|could|will|should) not|cannot|missing|wrong\w*|broken?|breaks|fail(?:s|ed|ing)? (?:to|with|because|on|in|when)|mistake|conflat\w+|actually|regenerat\w+|not (?:yet |\w+ly )?(?:supported|implemented|compatible|available|possible|enough|needed)|bug in|workaround|flaky|race condition|deprecated|incompatib\w+|conflict\w* with|requires?|expects?)\b|不能|不会|不支持|不兼容|会(?:丢|失效|报错|覆盖|阻塞|泄[漏露]|变慢|重复|冲突|被)|没有|无法|缺少|漏|失败|冲突|问题(?:是|在于|出在)|必须|要求|限制|上限|最多|至少|只(?:能|支持|认)|太[大小多少慢快]|注意|できない|ない/i
)
/** Matches what was left for later. */
const OPEN = inBothScripts(
  /\b(?:deferred|postponed|for later|later on|follow-?ups?|not yet|still (?:need|to|open|missing|fail)\w*|remain(?:s|ing)|left (?:open|out|for)|out of scope)\b|待办|尚未|还没|还剩|没做|下一步|(?:以后|之后|后面|明天)再|未完成|先不/i
)

/** Matches a question after a cause: whatever answers it is a reason. */
const WHY = inBothScripts(
  /\b(?:why|how come|what(?:'s| is| was| are)? (?:the )?(?:cause|reason)s?|what caused|warum|wieso|weshalb|pourquoi|por qué)\b|为什么|为何|为啥|怎么会|什么原因|なぜ|どうして/i
)

/** True for a prompt that asks for a cause. */
export const asksWhy = (prompt: string): boolean => WHY.test(prompt)

/** Matches praise of the work. */
const SUCCESS = /[✅🎉🎯🚀]|\bproduction[- ]ready\b|\ball (?:\w+ ){0,3}(?:pass(?:es|ed)?|resolved|fixed|addressed)\b/iu

/** Matches a report of how the work stands, which is soon out of date. */
const STATUS = inBothScripts(
  /\b(?:pass(?:es|ed|ing)?|green|clean|succe\w+|ready|complet\w+|works?|working|look(?:s|ing)? (?:good|correct|right|fine)|pushed|committed|no (?:errors|warnings|issues)|zero \w+|good understanding|(?:full|complete|clear) picture|comprehensive\w*|fully \w+|professional\w*|production[- ]ready|all (?:set|done|good))\b|完成|成功|通过|正常|已(?:提交|推送|上线|部署|合并|发布|修复|更新)|搞定|跑通|没问题|全绿/i
)

/** True for a person's sentence that says how things are, and why or what that rules out. */
export const isTold = (sentence: string): boolean => isLesson(sentence) && !isQuestion(plain(sentence))

/** True for a sentence that only says that the work goes well, and names no code, number or reason. */
export const isStatus = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  return weightedLength(words) < 120 && STATUS.test(words) &&
    !SPECIFIC.test(words.replace(/\b(?:\d|100%)(?![\d.])/gu, "")) &&
    !CAUSE.test(words) && !WEIGHED.test(words)
})

/** Matches the end of a question. */
const ENDS_ASKING = inBothScripts(/[?？]\s*$|吗(?=[，,])|(?:吗|呢|[了过]没有?)[\s。!！]*$/u)
/** Matches a word that asks in Chinese, often without a mark. */
const ASKING = inBothScripts(
  /(?:怎么|咋)(?!.{0,6}[都由])|如何|为什么|为啥|哪[个些里种儿]|多少|(?<![这那前后好近])几[个次点天]|是不是|要不要|能不能|可不可以|会不会|有没有|行不行|对不对|是否|不就(?:完|行|好|可以)了$|[用选走放存][^，,。]{1,14}还是(?!用)[^，,。吧]{1,14}$|什么(?!.{0,8}都)|啥/u
)
/** Matches what stands before such a word that does not ask. */
const UNASKED = inBothScripts(
  /无论|不论|不管|别管|只写|写[明清]|(?:必须|务必|一律|不?要)[^，,]{0,4}(?:写|说|讲|看|检查|确认|记|注明|标|解释|包[含括]|列|附|交代)/u
)

/** Matches a question by its first words, without a mark: "do we need …", "how do …". */
const BEGINS_ASKING =
  /^(?:(?:and|but|so|ok|also|wait|hm+|hey|btw)[,\s]+)*(?:(?:did|does|is|are|was|were|can|could|should(?:n't)?|would(?:n't)?|isn't|aren't|doesn't|didn't|can't) (?:you|we|i|it|they|he|she|the|this|that|these|those|there|your|our|my|any\w*|some\w*)|(?:do|don't|have|has|will|won't) (?:you|we|i|they)|why|how (?:do|does|did|is|are|can|could|should|would|come|many|much|long|often|big|about)|what(?:'s)? (?:is|are|do|does|did|was|were|should|would|could|can|happens|about|if|the)|which(?! (?:means|is why))|(?:who|where|whose) (?:do|does|did|is|are|was|were|can|should|would|will|has|have|owns|wrote|uses))\b(?!.*,\s*(?:never|always|don't|only)\b)|^(?:(?:ok|and|but) )*so .*\b(?:then|right)\s*$/i

/** True for a question, also without a mark. */
export const isQuestion = (words: string): boolean =>
  ENDS_ASKING.test(words) || BEGINS_ASKING.test(words) || words.split(/[，,；;]/).some((clause) => {
    const at = clause.search(ASKING)
    return at >= 0 && !UNASKED.test(clause.slice(0, at))
  })

/** True for words that name something: code, a file, a version, a number; in Chinese also an English word of no everyday use. */
const isNaming = (words: string): boolean =>
  SPECIFIC.test(words) ||
  IS_CJK.test(words) && (words.match(/[A-Za-z][A-Za-z0-9]+/g) ?? []).some((word) =>
      (word.length > 2 || word === word.toUpperCase()) &&
      Tokenizer.lexemes(word).some((lexeme) => !isEveryday(lexeme))
    )

const isStatement = (sentence: string, words: string): boolean =>
  weightedLength(words) >= 20 && !SUCCESS.test(sentence) && !isChatter(sentence) && !/[?？]$/.test(words) &&
  (!/[:：]$/.test(words) || CAUSE.test(words))

/** True for a sentence that gives a reason or weighs alternatives. */
export const isReason = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  return isStatement(sentence, words) && [CAUSE, FOLLOWS, WEIGHED].some((expression) => expression.test(words))
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
  /\b(?:i(?:'d| would)? (?:suggest|recommend|propose|lean|go with|pick)|my (?:recommendation|suggestion|proposal)|recommended)\b|我?(?:建议|推荐|倾向于?|会选)/i
)

/** True for what is only recommended: somebody else decides. */
export const isRecommendation = (words: string): boolean => RECOMMENDS.test(words)

/** Matches a beginning that points to what was said before. */
const POINTS_BACK = inBothScripts(
  /^(?:(?:so|but|and|also|now|first|then|ok|okay|well|hmm|wait|actually|good|great|same|just|only|one|another|both|all|maybe|perhaps|here|there)\b[\s,]*)*(?:this|that|it|its|these|those|they|them|he|she|there(?:'s| is| are)|here(?:'s| is| are)|same|the (?:issue|problem|error|fix|solution|reason|cause|change|code|file|test|tests|other|first|second|third|latter|former|above|user))\b|^(?:这|那|它|其|此|上面|以上|同样)/i
)

/** True for a sentence that is understandable alone: it names something and does not begin with what was said before. */
export const standsAlone = (sentence: string): boolean => {
  const words = plain(sentence)
  const length = weightedLength(words)
  return length >= 40 && !POINTS_BACK.test(words) && (isNaming(words) || length >= 60)
}

/** Matches a guess, advice that may not have been taken, and what is only expected. */
const HEDGED = inBothScripts(
  /\b(?:might|may|maybe|perhaps|probably|likely|could(?! not\b)|would|seems?|appears?|looks? like|suspect\w*|(?:simplest|easiest|best|cleanest) \w+|technically|consider|suggest\w*|should (?:now|pass|work|be (?:green|completely|fully))|i (?:think|guess|believe|can|should|need|have|was|don't|'m)|i'(?:m|ll|ve|d)|let me|we(?:'ll| need| could| can))\b|可能|也许|大概|或许|应该是|估计|怀疑|看起来|好像/i
)
/** True for a guess, or advice. */
export const isHedged = (sentence: string): boolean => HEDGED.test(plain(sentence))

/** Matches success, and faults that were there before. */
const WENT_WELL = /\b(?:pass(?:es|ed|ing)?|resolved|green|complete[dly]*|pre-existing|unrelated)\b/i
/** Matches the place in a file, which is soon out of date. */
const PLACE = /\w:\d+/u
/** Matches a cause that is named with its subject, though it begins with what was said before: "The issue is that X". */
const NAMED_CAUSE =
  /^(?:the|main|root|real|actual|found)\b.{0,40}\b(?:issue|problem|reason|cause)\b.{0,12}\b(?:is|was)\b/i

/** True for a finding: a cause that is certain, names its subject, and reports neither a step of the work nor its success. */
export const isFinding = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  const isNamed = NAMED_CAUSE.test(words) && weightedLength(words) >= 50
  return isStatement(sentence, words) && CAUSE.test(words) && !/^[(（]|[:：]$/u.test(words) && !HEDGED.test(words) &&
    !PLACE.test(words) && !WENT_WELL.test(words) && (isNamed || isNaming(words) && standsAlone(sentence))
})

/** True for a statement that names something: code, a file, a version, a number. */
export const isFact = memoized((sentence: string): boolean => {
  const words = plain(sentence)
  return isStatement(sentence, words) && isNaming(words) && !isStatus(sentence)
})
