/**
 * What Claude proposes in a message, and which of its alternatives a reply takes.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import type { Message } from "../../domain/Conversation.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { type Excerpt, MAX_TITLE } from "../Draft.ts"
import { type Alternative, alternativesIn, chosenAmong } from "../text/Alternatives.ts"
import type { Choice } from "../text/Choices.ts"
import { isReason, standsAlone } from "../text/Lessons.ts"
import { markIn } from "../text/Marks.ts"
import { joined, linesOf, plain, quotable, sentencesOf, withFullStop } from "../text/Prose.ts"
import { namedIn, optionIn } from "../text/Replies.ts"
import { choose, shared } from "../text/Salience.ts"
import { gist } from "../text/Text.ts"
import { isSelfContained, titleFrom } from "../text/Titles.ts"
import { isTask } from "../text/Undecided.ts"
import { textOf } from "./Steps.ts"

/** Matches a proposal, recommendation or question of Claude's that awaits a decision. */
const PROPOSAL = inBothScripts(
  /\b(?:i(?:'d| would)? (?:suggest|recommend|propose|lean)|i would (?:use|drop|keep|take|put|store|go)|my (?:recommendation|suggestion|proposal)|recommend(?:ed|ation)?|option [a-d1-4]|should (?:i|we)|want me to|would you (?:like|prefer)|shall (?:i|we)|the (?:best|right|simplest|cleanest) (?:way|fix|option|approach)|proposal(?=:)|i'd (?:lean|go|pick|use|change|start|take|stay|keep|choose|prefer|put|make|leave|store|split|move|drop|cache|render|show|run|write|name|send|build)|we could (?:use|take|keep|go)|my favou?rite)\b|建议|推荐|方案|要不要|是否|可以(?:考虑)?用|我(?:倾向|会选)/i
)

/** Matches a choice of Claude's own, often with its reason or the rejected alternative. */
export const CHOSEN = inBothScripts(
  /\b(?:(?:i|we)(?:'ve| have)? (?:decided|chose|opted|went with|picked|settled on|switched to)|decided (?:to|on|against)|chose\b.{0,60}\b(?:over|because|since|for)|opted (?:for|to)|instead of\b.{0,80}\b(?:because|since|to avoid)|i'll (?:use|go with|keep|take)\b.{3,90}\b(?:because|since|instead|so that|rather|to avoid)|the (?:best|right|cleanest|simplest|correct) (?:approach|fix|solution|option|way|choice) (?:is|here|was)|seems like the best fit|decision:)|(?:决定|选择了?|选了?|采用|改用|没[用选]).{2,60}(?:因为|而不是|避免|以便|免得|否则|不然)|(?:所以|因此)(?:我们?)?(?:选|用|取|改|采用|放弃|决定)|不用.{2,30}[,，；;].{0,12}(?:改用|而用)/i
)

export const MAX_PROPOSAL_LENGTH = 420

const OFFER =
  /^(?:(?:do you )?want (?:me|us) to|shall (?:i|we)|should (?:i|we)|would you (?:like|prefer)(?: me)?(?: to)?|may i|can i|要不要(?:我)?|是否(?:需要|要)(?:我)?|需要我)\s*/i

/** Matches the next step of work that was requested already. */
export const STEP = inBothScripts(
  /^(?:continue|proceed|go on|commit|push|run|re-?run|test|try|start|check|look|继续|提交|推送|运行|测试)/i
)

export interface Proposal {
  readonly title: string
  /** The offer as a statement. */
  readonly statement: string
  readonly excerpts: ReadonlyArray<Excerpt>
  /** True where it says why, or recommends in place of asking whether to go on. */
  readonly isArgued: boolean
}

const sentencesIn = (message: Message): ReadonlyArray<string> =>
  quotable(textOf(message)).filter((sentence) => plain(sentence).length <= MAX_PROPOSAL_LENGTH)

const recommendedIn = (sentences: ReadonlyArray<string>): ReadonlyArray<string> =>
  sentences.filter((sentence) => PROPOSAL.test(plain(sentence)) && !/[?？:：]$/.test(plain(sentence)))

const excerptsOf = (message: Message, sentences: ReadonlyArray<string>): ReadonlyArray<Excerpt> => [
  {
    message,
    kind: "text",
    label: message.role === "assistant" ? "Claude proposed: " : "User: ",
    text: sentences.join("\n")
  }
]

/** Returns the proposal in a message: an offer in a question, else a recommendation. */
export const proposalIn = (message: Message | undefined): Proposal | undefined => {
  if (message === undefined) return undefined
  const sentences = sentencesIn(message)
  const offers = sentences.filter((sentence) => {
    const offered = plain(sentence).replace(OFFER, "")
    return OFFER.test(plain(sentence)) && isSelfContained(offered) && !STEP.test(offered)
  })
  const recommended = recommendedIn(sentences)
  const best = offers.at(-1) ??
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
  const offered = plain(best).replace(OFFER, "").replace(/[?？]$/u, "")
  return {
    title: titleFrom(offered, MAX_TITLE - 8),
    statement: joined([withFullStop(offered), ...kept.filter((sentence) => sentence !== best).map(plain)]),
    excerpts: excerptsOf(message, kept),
    isArgued: kept.some(isReason) || !offers.includes(best) && PROPOSAL.test(plain(best)) && standsAlone(best)
  }
}

/** Matches alternatives. */
const OFFERED = inBothScripts(
  /\b(?:or|vs\.?|versus|options?|alternatives?|either|first|which|choice|other|over|but)\b|\(?\b[1a][.)]|还是|或者|方案/i
)

const withoutQuestion = (sentence: string): string => plain(sentence).replace(/[?？:：]$/u, "")

/** What a reply names, by the sentence that offers it. */
const namedOf = (message: Message, name: string, sentence: string): Proposal => ({
  title: `${name} — ${withoutQuestion(sentence)}`,
  statement: `${name}: ${plain(sentence)}`,
  excerpts: excerptsOf(message, [sentence]),
  isArgued: true
})

/** An alternative of fewer weighted characters is told with the question that it answers. */
const MIN_ALTERNATIVE = 24

/** Matches what is offered in one sentence. */
const EITHER = inBothScripts(/\bor\b|还是|或者/i)

/** What an alternative is called: its first words, before what is said of it. */
const headOf = (text: string): string =>
  (sentencesOf(text)[0] ?? "").split(/[:：](?=\s|$)|\s[–—]\s|[，。；]/u)[0]!.replace(/[.!]$/u, "").trim()

/** Quotes an alternative as the message has it, without the marks of a quotation. */
const quoted = ({ lines }: Alternative): string => {
  const said = lines.replace(/^(?:\s*>)+\s*/gmu, "")
  return said.length <= MAX_PROPOSAL_LENGTH ? said : gist(said, MAX_PROPOSAL_LENGTH)
}

/** True for a sentence that calls an alternative by its letter or number. */
const isCalled = (sentence: string, { name }: Alternative): boolean =>
  name !== "" && new RegExp(`(?<![\\p{L}\\d])${name}(?![\\p{L}\\d])`, "u").test(sentence)

/** Says what one alternative offers: one of a few words with the question that it answers, and why Claude recommends it. */
const offerOf = (chosen: Alternative, message: Message): Proposal => {
  const sentences = sentencesIn(message)
  const why = recommendedIn(sentences).filter((sentence) =>
    isCalled(sentence, chosen) && !chosen.lines.includes(sentence)
  )
  const asked = sentences.find((sentence) => /[?？:：]$/u.test(plain(sentence)))
  const text = gist(chosen.text, MAX_PROPOSAL_LENGTH)
  const statement = weightedLength(text) < MIN_ALTERNATIVE && asked !== undefined
    ? `${text} — ${withoutQuestion(asked)}`
    : text
  return {
    title: titleFrom(statement, MAX_TITLE - 8),
    statement: joined([withFullStop(statement), ...why.map(plain)]),
    excerpts: excerptsOf(message, [quoted(chosen), ...why]),
    isArgued: true
  }
}

/** Returns the alternatives that a choice takes, and those that it refuses; undefined where one that it takes is not there. */
const resolved = (
  alternatives: ReadonlyArray<Alternative>,
  { refused, taken }: Choice
): { readonly taken: ReadonlyArray<Alternative>; readonly refused: ReadonlyArray<Alternative> } | undefined => {
  const left = refused.flatMap((name) => chosenAmong(alternatives, name) ?? [])
  const among = taken.length > 0
    ? taken.flatMap((name) => chosenAmong(alternatives, name) ?? [])
    : alternatives.filter(({ by, index }) => by === left[0]?.by && left.every((other) => other.index !== index))
  return among.length === 0 || among.length < taken.length ? undefined : { taken: among, refused: left }
}

/** Returns what a prompt takes of a list that it holds itself, and the line that says so of several. */
export const ownChoiceIn = (prompt: string): { readonly line: string; readonly choice: Choice } | undefined => {
  if (alternativesIn(prompt).every(({ by }) => by === "place")) return undefined
  const lines = linesOf(prompt).filter(({ kind, text }) =>
    kind === "prose" && !/^\s*>/u.test(text) && markIn(text) === undefined
  )
  return lines.flatMap(({ text: line }) => {
    const choice = optionIn(line)
    return choice !== undefined && choice.taken.length + choice.refused.length > 1 ? [{ line, choice }] : []
  })[0]
}

/**
 * Returns what a reply takes of the alternatives that a message lists; undefined where the message has none of that name, since what Claude
 * recommends may be another. What one sentence offers is told whole.
 */
export const alternativeIn = (message: Message | undefined, choice: Choice): Proposal | undefined => {
  if (message === undefined) return undefined
  const found = resolved(alternativesIn(textOf(message)), choice)
  if (found === undefined) {
    const offers = sentencesIn(message).filter((sentence) => EITHER.test(sentence))
    return choice.taken[0]?.by === "place" && alternativesIn(textOf(message)).length === 0 && offers.length === 1
      ? namedOf(message, choice.words, offers[0]!)
      : undefined
  }
  const [first, ...more] = found.taken
  // By their names alone: what would have spoken for them isn't what was decided.
  const without = found.refused.map(({ text }): Excerpt => ({
    message,
    kind: "text",
    label: "Rejected: ",
    text: gist(headOf(text), MAX_TITLE)
  }))
  const only = offerOf(first!, message)
  if (more.length === 0) return { ...only, excerpts: [...only.excerpts, ...without] }
  const heads = found.taken.map(({ text }) => gist(headOf(text), Math.floor((MAX_TITLE - 8) / found.taken.length) - 2))
  return {
    title: heads.join("; "),
    statement: joined(found.taken.map(({ text }) => withFullStop(gist(text, MAX_PROPOSAL_LENGTH)))),
    excerpts: [
      ...excerptsOf(message, found.taken.map(quoted)),
      ...without
    ],
    isArgued: true
  }
}

/** Returns a message's sentences without the alternatives that a reply passes over, and without what recommends one of these. */
export const withoutUnchosen = (message: Message, reply: string): ReadonlyArray<string> => {
  const sentences = quotable(textOf(message))
  const choice = optionIn(reply)
  const alternatives = choice === undefined ? [] : alternativesIn(textOf(message))
  const taken = choice === undefined ? undefined : resolved(alternatives, choice)?.taken
  if (taken === undefined) return sentences
  const isOf = (sentence: string, some: ReadonlyArray<Alternative>) =>
    some.some(({ lines }) => lines.includes(sentence))
  const left = alternatives.filter(({ lines }) => taken.every((each) => each.lines !== lines))
  const isNamed = (sentence: string) =>
    taken.some((each) => shared(sentence, headOf(each.text)) > 0 || isCalled(sentence, each))
  return sentences.filter((sentence) =>
    !isOf(sentence, left) && (isOf(sentence, taken) || !PROPOSAL.test(plain(sentence)) || isNamed(sentence))
  )
}

export const isProposed = (message: Message | undefined): boolean => {
  const text = textOf(message)
  return PROPOSAL.test(text) || CHOSEN.test(text)
}

/** Matches how Claude confirms what was chosen: "goose it is". */
const CONFIRMS = inBothScripts(
  /^(?:(?:ok(?:ay)?|alright|fine|right)[\s,.:]+)?(.{2,40}?) it is(?=\s*(?:[.,;:!–—-]|then\b|$))|^(?:(?:好的?[，,。！\s]*)?那?就|(?:好的?|行|可以|明白)[，,。！\s]+)(?:用|选|定)\s*([^\s，。,.！!]{2,24})/i
)

/** Returns what a reply chose by a name that Claude's answer confirms, with what Claude had said of it. */
export const confirmedIn = (
  proposer: Message | undefined,
  reply: string,
  answer: Message | undefined
): Proposal | undefined => {
  const found = CONFIRMS.exec(plain(quotable(textOf(answer))[0] ?? ""))
  const name = found?.[1] ?? found?.[2] ?? ""
  const lexemes = new Set(Tokenizer.lexemes(name))
  const holds = (text: string) => shared(text, name) === lexemes.size
  if (proposer === undefined || lexemes.size === 0 || !holds(reply)) return undefined
  const all = sentencesIn(proposer)
  const naming = all.filter((sentence) => holds(sentence) && sentence.length > name.length + 4)
  const best = naming.find(isReason) ?? naming.at(-1)
  if (best === undefined) return undefined
  // What speaks against others stands mostly before what speaks for it.
  const before = all.slice(0, all.indexOf(best)).slice(-1).filter((sentence) => !/[?？:：]$/.test(plain(sentence)))
  return { ...namedOf(proposer, name, best), excerpts: excerptsOf(proposer, [...before, best]) }
}

const REFUSES = /^\s*(?:(?:yeah|well|ok|hm+)[,\s]+)?(?:no|nope|nah)\b/i

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
  return best === undefined ? undefined : namedOf(message, named, best)
}
