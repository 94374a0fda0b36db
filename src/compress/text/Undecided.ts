/**
 * Recognizes what sounds like a choice or a rule and is none: questions, failures, what is only considered, what others say, and small talk.
 * Of words with all their apostrophes (domain/Apostrophes.ts). Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { isQuestion } from "./Lessons.ts"

/** A question decides nothing, but for a request ("can you use X instead?") and a correction ("shouldn't it be X instead?"). */
export const isMereQuestion = (words: string): boolean =>
  isQuestion(words) &&
  !/^(?:please|(?:can|could|will|would) you)\b.*\b(?:instead|rather|always|never|from now on)\b|\bshouldn't\b.*\b(?:instead|rather)\b|不如/iu
    .test(words)

/** Matches what is only considered, or not known. */
const CONSIDERED = inBothScripts(
  /^(?:maybe|perhaps)\b|\b(?:maybe|perhaps|probably|possibly)\b.{0,24}\b(?:should|could|might|need)\b|\b(?:should|could|might)\b.{0,16}\b(?:maybe|perhaps|probably|possibly)\b|\b(?:if we ever|what if|at some point|(?<!\b(?:for|after|within|every) )(?:some|one) ?day|(?:should|could|might|will) eventually|would be (?:nice|cool|great|good)|wonder(?:ing)?|(?:i|we) (?:don't|do not) (?:understand|know|get)|i don't (?:care|remember)|not sure|no idea)\b|[,.]? i (?:think|guess|believe|suppose)[\s.!]*$|不知道|不明白|不清楚|[想看]不(?:出|懂)|我在想/iu
)

/** Matches what somebody else says, at the beginning; what binds ("legal says …") is no opinion. */
const TOLD = inBothScripts(
  /^(?:(?:and|but|so|btw|well|my|our|the|a|an|old|new|some) )*(?!(?:i|we|you|it|this|that|because|since|if|when|legal|security|compliance|ops|rule)\b)[\p{L}\d_.-]+(?: (?!(?:i|we|you)\b)(?:(?:on|from|in|at) (?:the )?)?[\p{L}\d_.-]+)? (?:thinks?|says?|said|told|wants? (?:us|me|it|the)|suggests?|suggested|proposed|recommends?|claims?)\b|\b(?:in|at) my (?:last|old|previous)\b|\b(?:one|some|a|this) (?:guy|dude|person|people|colleague)s? (?:says?|said|claims?|told)\b|有人(?:提议|建议|说)/iu
)

/** Matches a report of a failure, of what happens each time, or of how it is in place of how it should be. */
const REPORT = inBothScripts(
  /\b(?:always|every time|each time|whenever)\b[^,;]{0,40}\b(?:fails|throws|crashes|hangs|breaks|errors(?: out)?|times out|returns (?:nothing|null|undefined|\d{3}))\b|\S (?:always|never) (?!us)\p{L}+(?<!s)s\b|\bnever (?:passes|works|finishes|ends|loads|arrives|responds|starts)\b|\b(?:is|was|gets?) (?:always|never)\b|\bare always\b|\b(?:it|they|this|that) should(?:n't| not)?[\s.!]*$|\bshould(?:n't| not)\b.*\blike (?:that|this)\b|\bshould\b.*\b(?:and|yet) (?:i|we|it|they) (?:only |still )?(?:get|see|got|gets|shows?|is|are|has|have)\b|\b(?:fails|throws|crashes|hangs|breaks|times out|gets? \w+ twice)\b[^,;]{0,60}\b(?:always|every time|each time|whenever)\b|\bshould(?:n't| not| never)? (?:never )?have\b|\b(?:issue|problem|bug|cause|reason|error)s? (?:is|was|are|were)\b|\bmust (?:be (?:wrong|broken|missing|stale|cached|corrupt\w*|lost|a (?:bug|typo|mistake)|some\w*)|have)\b|\b(?:shows?|prints?|displays?|says|returns?|gives|gets?|got|see)\b.*, not\b|\b(?:than|what|as|where|how) (?:it|they|that|this|he|she) should\b|\b(?:should|must(?:n't| not)?|supposed to)\b.*\bbut\b(?!.{0,40}\b(?:must|should|never|always|not|only|can)\b(?! still)).{0,40}\b(?:it|they|we|i|you|still|is|are|gets?|does?)\b|(?:每次|总是|老是|一直)(?!.*要).{0,24}(?:报错|报\s*\d{3}|失败|崩|卡[住死]|超时|出错|不对|没反应|挂)|^[^，,。\s]{0,30}(?:很|太|好|真)(?:烦|慢|麻烦|卡)[了啊]?(?=$|[，,。!！\s])|烦死|受不了|没反应|不生效|不好使|[打跑起连登][不](?:开|起来|上)|怎么回事|白屏|闪退|[又还]是?(?:报错|失败|不行|挂)/iu
)

/** Matches small talk, and what is said of Claude's manners. */
const CHAT =
  /\b(?:lol|haha\w*|lmao)\b|\bnever ?mind\b|\bnever again\b|\bdon't worry\b|\bshould be (?:fine|ok|okay|good|enough|easy|done|there)[\s.!]*$|\bdon't have time\b|\bi (?:don't (?:like (?:this|that|it)|mind)|want to (?:go|sleep|eat|see|know|understand))\b|(?<!\b(?:sure|that|if|and|unless|can|could|will|would|should) )\byou (?:always|never) /iu

/** Matches fragments of sentences, and wishes without an object. */
const FRAGMENT =
  /^(?:rather|instead)\b.{0,40}$|^(?:and )?make sure (?:this|it|that|everything|all)\b.{0,24}$|^(?:let's |i'd |we(?:'ll)? )?(?:go|stick|stay) with (?:that|it|this|yours|your \w+)\b.{0,24}$/iu

/** Matches the end of a task, for which what was said is over. */
const FOR_NOW = inBothScripts(
  /\b(?:when (?:you(?:'re| are)|it(?:'s| is)|all (?:is|are)) (?:done|finished)|for now|not (?:now|today)|this time|then stop|until (?:all|everything)|hold on|hang on|wait for me)\b|(?:n't|\bnot?)\b.{0,60}\byet\b|这次(?!不)|先这样|先(?:别|等|只|不要.{0,3}[提合推发动改急])|暂时(?!不)|别急(?!.*再)/iu
)

/** True for words that only consider something, tell what others say, or chat. */
export const isConsidered = (words: string): boolean => CONSIDERED.test(words) || TOLD.test(words) || CHAT.test(words)

/** True for words that tell how it is, mostly that it fails. */
export const isReport = (words: string): boolean => REPORT.test(words)

/** True for words that hold for the moment alone, or are a piece of a sentence. */
export const isOver = (words: string): boolean => FRAGMENT.test(words) || FOR_NOW.test(words)

/** Matches where a person takes back what the sentence or the one before it says. */
const TAKES_BACK =
  /(?:^|[,;.:–—-]\s+)(?:(?:hm+|oh|ah|ok|well|and|but)[,\s]+)*(?:(?:actually[,\s]+)?no[,\s]+wait\b(?:[,\s]+(?:no|actually)\b)?|wait(?=,|\s+(?:no|actually)\b)(?:[,\s]+(?:no|actually)\b)?|actually[,\s]+no\b(?:[,\s]+wait\b)?|scratch that|sorry,? i mean(?:t)?|i meant|(?:eh|uh|er+)[,\s]+i mean|hm+[,\s]+no|nvm|never ?mind|correction|on second thought|(?:hm+,? )?actually(?=,?\s+(?:let's|use\b|make it\b|keep\b|\S+ is (?:fine|better|enough|ok)\b)))[,:\s]+/iu

/** A sentence of a message; a correction of what was taken back may be a word or two. */
export interface Said {
  readonly sentence: string
  /** The sentence that it takes back. */
  readonly instead?: string
}

/**
 * Returns a message's sentences without what the person took back in it: of "use MySQL. no wait, Postgres" the second. "Actually" alone takes
 * back only what stands before it in the same message.
 */
export const withoutWithdrawn = (sentences: ReadonlyArray<string>): ReadonlyArray<Said> =>
  sentences.reduce<ReadonlyArray<Said>>((said, sentence, i) => {
    const found = TAKES_BACK.exec(sentence)
    if (found === null || i === 0 && found.index === 0) return [...said, { sentence }]
    const rest = sentence.slice(found.index + found[0].length).trim()
    const [before, instead] = found.index === 0
      ? [said.slice(0, -1), said.at(-1)?.sentence ?? ""]
      : [said, sentence.slice(0, found.index)]
    return rest === "" ? before : [...before, { sentence: rest, instead }]
  }, [])
