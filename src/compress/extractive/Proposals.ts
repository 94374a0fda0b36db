/**
 * What Claude proposes in a message, and which of its alternatives a reply takes.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import type { Message } from "../../domain/Conversation.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { type Excerpt, MAX_TITLE } from "../Draft.ts"
import { isReason, standsAlone } from "../text/Lessons.ts"
import { joined, plain, quotable, withFullStop } from "../text/Prose.ts"
import { namedIn, optionIn } from "../text/Replies.ts"
import { choose } from "../text/Salience.ts"
import { isSelfContained, titleFrom } from "../text/Titles.ts"
import { isTask } from "../text/Undecided.ts"
import { textOf } from "./Steps.ts"

/** Matches a proposal, recommendation or question of Claude's that awaits a decision. */
const PROPOSAL = inBothScripts(
  /\b(?:i(?:'d| would)? (?:suggest|recommend|propose|lean)|i would (?:use|drop|keep|take|put|store|go)|my (?:recommendation|suggestion|proposal)|recommend(?:ed|ation)?|option [a-d1-4]|should (?:i|we)|want me to|would you (?:like|prefer)|shall (?:i|we)|the (?:best|right|simplest|cleanest) (?:way|fix|option|approach)|proposal(?=:)|i'd (?:lean|go|pick|use|change|start|take|stay|keep|choose|prefer|put|make|leave|store|split|move|drop|cache|render|show|run|write|name|send|build)|we could (?:use|take|keep|go)|my favou?rite)\b|建议|推荐|方案|要不要|是否|可以(?:考虑)?用|我(?:倾向|会选)/iu
)

/** Matches a choice of Claude's own, often with its reason or the rejected alternative. */
export const CHOSEN = inBothScripts(
  /\b(?:(?:i|we)(?:'ve| have)? (?:decided|chose|opted|went with|picked|settled on|switched to)|decided (?:to|on|against)|chose\b.{0,60}\b(?:over|because|since|for)|opted (?:for|to)|instead of\b.{0,80}\b(?:because|since|to avoid)|i'll (?:use|go with|keep|take)\b.{3,90}\b(?:because|since|instead|so that|rather|to avoid)|the (?:best|right|cleanest|simplest|correct) (?:approach|fix|solution|option|way|choice) (?:is|here|was)|seems like the best fit|decision:)|(?:决定|选择了?|选了?|采用|改用|没[用选]).{2,60}(?:因为|而不是|避免|以便|免得|否则|不然)|(?:所以|因此)(?:我们?)?(?:选|用|取|改|采用|放弃|决定)|不用.{2,30}[,，；;].{0,12}(?:改用|而用)/iu
)

export const MAX_PROPOSAL_LENGTH = 420

/** Counts the words that two texts have in common. */
export const shared = (a: string, b: string): number => {
  const words = new Set(Tokenizer.lexemes(b))
  return new Set(Tokenizer.lexemes(a).filter((word) => word.length > 1 && words.has(word))).size
}

const OFFER =
  /^(?:(?:do you )?want (?:me|us) to|shall (?:i|we)|should (?:i|we)|would you (?:like|prefer)(?: me)?(?: to)?|may i|can i|要不要(?:我)?|是否(?:需要|要)(?:我)?|需要我)\s*/iu

/** Matches the next step of work that was requested already. */
export const STEP = inBothScripts(
  /^(?:continue|proceed|go on|commit|push|run|re-?run|test|try|start|check|look|继续|提交|推送|运行|测试)/iu
)

const NAMED = inBothScripts(/^(?:option|方案|选项)\s*[\p{L}\p{N}]{1,2}\s*[:：.)、–—-]\s*|^[a-d]\s*[:：.)、]\s*/iu)
const isOption = (sentence: string, option: string): boolean =>
  new RegExp(`^[\\s*_>-]*(?:option|方案|选项|選項)?\\s*${option}\\s*[:：.)、–—-]`, "iu").test(sentence)

export interface Proposal {
  readonly title: string
  /** The offer as a statement. */
  readonly statement: string
  readonly excerpts: ReadonlyArray<Excerpt>
  /** True where it says why, or recommends in place of asking whether to go on. */
  readonly isArgued: boolean
}

/**
 * Returns the proposal in a message: the option that `answer` names, else an offer in a question or a recommendation.
 */
export const proposalIn = (message: Message | undefined, answer: string): Proposal | undefined => {
  if (message === undefined) return undefined
  const sentences = quotable(textOf(message)).filter((sentence) => plain(sentence).length <= MAX_PROPOSAL_LENGTH)
  const offers = sentences.filter((sentence) => {
    const offered = plain(sentence).replace(OFFER, "")
    return OFFER.test(plain(sentence)) && isSelfContained(offered) && !STEP.test(offered)
  })
  const recommended = sentences.filter((sentence) =>
    PROPOSAL.test(plain(sentence)) && !/[?？:：]$/.test(plain(sentence))
  )
  const option = optionIn(answer)
  const best = sentences.find((sentence) => option !== undefined && isOption(sentence, option)) ?? offers.at(-1) ??
    choose(recommended.map(plain), { count: 1, length: MAX_PROPOSAL_LENGTH }).map((i) => recommended[i]!)[0]
  if (best === undefined) return undefined
  const others = recommended.filter((sentence) => sentence !== best)
  // The sentence before an offer often says why.
  const before = sentences[sentences.indexOf(best) - 1]
  const kept = [
    ...(before !== undefined && isReason(before) ? [before] : []),
    best,
    ...choose(others.map(plain), { count: 2, length: MAX_PROPOSAL_LENGTH - Math.min(MAX_PROPOSAL_LENGTH, best.length) })
      .map((i) => others[i]!)
  ]
  const offered = plain(best).replace(OFFER, "").replace(NAMED, "").replace(/[?？]$/u, "")
  return {
    title: titleFrom(offered, MAX_TITLE - 8),
    statement: joined([withFullStop(offered), ...kept.filter((sentence) => sentence !== best).map(plain)]),
    excerpts: [{ message, kind: "text", label: "Claude proposed: ", text: kept.join("\n") }],
    isArgued: kept.some(isReason) || !offers.includes(best) && PROPOSAL.test(plain(best)) && standsAlone(best)
  }
}

export const isProposed = (message: Message | undefined): boolean => {
  const text = textOf(message)
  return PROPOSAL.test(text) || CHOSEN.test(text)
}

/** Matches alternatives. */
const OFFERED = inBothScripts(
  /\b(?:or|vs\.?|versus|options?|alternatives?|either|first|which|choice|other|over|but)\b|\(?\b[1a][.)]|还是|或者|方案/iu
)
const REFUSES = /^\s*(?:(?:yeah|well|ok|hm+)[,\s]+)?(?:no|nope|nah)\b/iu

/** Returns what a reply names of the alternatives in a message, with the sentence that offers it. */
export const chosenIn = (message: Message | undefined, reply: string): Proposal | undefined => {
  const offer = textOf(message)
  const isOffer = isProposed(message) || /[?？]/.test(offer)
  const named = isOffer && (OFFERED.test(offer) || REFUSES.test(reply)) ? namedIn(reply, offer) : undefined
  if (message === undefined || named === undefined || STEP.test(named) || isTask(named)) return undefined
  const sentences = quotable(offer)
  const offering = sentences.filter((sentence) =>
    sentence.length > named.length + 4 && shared(sentence, named) === new Set(Tokenizer.lexemes(named)).size
  )
  const best = offering.find((sentence) => OFFERED.test(sentence)) ?? offering[0] ?? sentences[0]
  return best === undefined ? undefined : {
    title: `${named} — ${plain(best).replace(/[?？:：]$/u, "")}`,
    statement: `${named}: ${plain(best)}`,
    excerpts: [{ message, kind: "text", label: "Claude proposed: ", text: best }],
    isArgued: true
  }
}
