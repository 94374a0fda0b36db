/**
 * Decisions: choices, rejections and preferences with their reasons, and a person's standing instructions.
 */
import type { Message } from "../../domain/Conversation.ts"
import { isStanding } from "../../domain/Standing.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import { type Draft, type Excerpt, fittingExcerpts, MAX_SUMMARY, MAX_TITLE } from "../Draft.ts"
import { isChoice, isLesson, isReason, isWish, standsAlone } from "../text/Lessons.ts"
import { joined, plain, quotable, statements, withFullStop, withoutOpeners } from "../text/Prose.ts"
import { choose, summarize } from "../text/Salience.ts"
import { gist } from "../text/Text.ts"
import { headingIn, isSelfContained, promptTitle, titleFrom } from "../text/Titles.ts"
import type { Call } from "./Steps.ts"

/** Matches the acceptance of a proposal of Claude's: "Yes", "the second", "A". */
const ACCEPTANCE =
  /^\s*(?:(?:oh|ok|well|and|so)[,\s]+)?(?:y|yes|yep|yeah|yup|ok(?:ay)?|sure|sounds (?:good|great|right)|go (?:ahead|for it)|do (?:it|that)|please do|agreed?|perfect|exactly|makes sense|let's do (?:it|that|this)|ship it|lgtm|option\s+\w+|(?:the\s+)?(?:first|second|third|last)(?:\s+one)?|[a-d1-4]|both|好的?|好吧|可以|行|没问题|同意|就这样|就按|按(?:你|这个)|对|是的?|嗯|用(?:第|方案)|选|第?[一二三四]个?|都要)(?![\p{L}\p{N}_])[\s,.。!！]*(.{0,160})$/isu

/** Matches a proposal, recommendation or question of Claude's that awaits a decision. */
const PROPOSAL =
  /\b(?:i(?:'d| would)? (?:suggest|recommend|propose)|my (?:recommendation|suggestion|proposal)|recommend(?:ed|ation)?|option [a-d1-4]|should (?:i|we)|want me to|would you (?:like|prefer)|shall (?:i|we)|the (?:best|right|simplest|cleanest) (?:way|fix|option|approach)|i'd (?:lean|go|pick|use|change|start))\b|建议|推荐|方案|要不要|是否|可以(?:考虑)?用|我(?:倾向|会选)/iu

/** Matches a choice of Claude's own, often with its reason or the rejected alternative. */
const CHOSEN =
  /\b(?:(?:i|we)(?:'ve| have)? (?:decided|chose|opted|went with|picked|settled on|switched to)|decided (?:to|on|against)|chose\b.{0,60}\b(?:over|because|since|for)|opted (?:for|to)|instead of\b.{0,80}\b(?:because|since|to avoid)|i'll (?:use|go with|keep|take)\b.{3,90}\b(?:because|since|instead|so that|rather|to avoid)|the (?:best|right|cleanest|simplest|correct) (?:approach|fix|solution|option|way|choice) (?:is|here|was)|seems like the best fit|decision:)|(?:决定|选择了|采用|改用).{2,60}(?:因为|而不是|避免|以便)/iu

const REASON =
  /\b(?:because|since|so that|due to|as (?:it|we|this|that)|otherwise|to avoid|in order to|why)\b|因为|由于|否则|以便|避免|免得|毕竟/iu

const MAX_OWN_LENGTH = 500
const MAX_PROPOSAL_LENGTH = 420
/** A prompt of more characters holds pasted text: only its first two and last two lines count as the person's own. */
const MAX_TYPED_LENGTH = 1_200

/** Matches a review comment that was handed over as a task. */
const REVIEW = /\b(?:around|at|on) lines? \d/iu

/** Returns the person's own sentences, without code, quotes, terminal output and pasted documents. */
const ownSentences = (text: string): ReadonlyArray<string> => {
  if (REVIEW.test(text)) return []
  const lines = text.split("\n")
  const own = text.length <= MAX_TYPED_LENGTH ? lines : [...lines.slice(0, 2), ...lines.slice(-2)]
  return quotable(
    own.filter((line) => !/^\s*(?:[>❯$#|│┃⎿]|\d+[→:]|\+\+\+|---|at |error|warning|npm )/u.test(line)).join("\n")
  )
    .filter((sentence) => plain(sentence).length <= 300)
}

const isQuestion = (sentence: string) =>
  /[?？]\s*$/.test(sentence) && !/\b(?:instead|rather|shouldn't)\b|是不是应该|不如/iu.test(sentence)

/** Matches fragments of sentences, and wishes without an object. */
const FRAGMENT = /^(?:rather|instead)\b.{0,40}$|^(?:and )?make sure (?:this|it|that|everything|all)\b.{0,24}$/iu
/** Matches the end of a task, for which what was said is over. */
const FOR_NOW =
  /\b(?:when (?:you(?:'re| are)|it(?:'s| is)|all (?:is|are)) (?:done|finished)|for now|this time|then stop|until (?:all|everything))\b|(?:这次|先这样|暂时)/iu
/** Matches a task for now, which is no decision unless it also excludes something. */
const TASK =
  /^(?:please |can you |could you |let's )*(?:completely )?(?:remove|delete|drop|rename|move|fix|add|update|implement|write|create|run|port|commit|push|rebase|merge|review|check|test|look|read)\b/iu
/** Matches a subject that was named before. */
const BACK = /^(?:these|those|this|that|it|they|them|both|这|那|它)\b/iu
const AGAINST = /\b(?:instead|rather|not|never|always|don't|only|without|keep)\b|[不别只]|一律|统一/iu

const isDecision = (sentence: string): boolean => {
  const words = plain(sentence)
  if (/:\d+:\d+/.test(words) || FRAGMENT.test(words) || FOR_NOW.test(words) || BACK.test(words)) return false
  if (TASK.test(words) && !AGAINST.test(words)) return false
  return words.length >= 6 && !isQuestion(words) && isSelfContained(words) &&
    isWish(words)
}

const textOf = (message: Message | undefined): string =>
  message?.blocks.filter(({ kind }) => kind === "text").map(({ text }) => text).join("\n") ?? ""

/** Keeps the sentences for which `isOf` holds, and the ones next to them that give a reason. */
const withReasons = (sentences: ReadonlyArray<string>, isOf: (sentence: string) => boolean): ReadonlyArray<string> =>
  sentences.filter((sentence, i) =>
    isOf(sentence) || (REASON.test(sentence) && (isOf(sentences[i - 1] ?? "") || isOf(sentences[i + 1] ?? "")))
  )

const excerptOf = (
  message: Message,
  label: string,
  sentences: ReadonlyArray<string>,
  length: number
): ReadonlyArray<Excerpt> => {
  const kept: Array<string> = []
  let room = length
  for (const sentence of sentences) {
    if (sentence.length + 1 > room) continue
    kept.push(sentence)
    room -= sentence.length + 1
  }
  return kept.length === 0 ? [] : [{ message, kind: "text", label, text: kept.join("\n") }]
}

/** Counts the words that two texts have in common. */
const shared = (a: string, b: string): number => {
  const words = new Set(Tokenizer.lexemes(b))
  return new Set(Tokenizer.lexemes(a).filter((word) => word.length > 1 && words.has(word))).size
}

/** Returns up to two sentences from Claude's first later message that shares words with `about`. */
const answerTo = (messages: ReadonlyArray<Message>, from: number, about: string): ReadonlyArray<Excerpt> => {
  for (const message of messages.slice(from + 1)) {
    if (message.role !== "assistant") continue
    const sentences = quotable(textOf(message)).filter((sentence) => isLesson(sentence) && shared(sentence, about) >= 2)
    const kept = choose(sentences.map(plain), { count: 2, length: 300, about })
    if (kept.length > 0) {
      return [{
        message,
        kind: "text",
        label: "Claude: ",
        text: kept.map((i) => sentences[i]!).join("\n")
      }]
    }
  }
  return []
}

const OFFER =
  /^(?:(?:do you )?want (?:me|us) to|shall (?:i|we)|should (?:i|we)|would you (?:like|prefer)(?: me)?(?: to)?|may i|can i|要不要(?:我)?|是否(?:需要|要)(?:我)?|需要我)\s*/iu

/** Matches the next step of work that was requested already. */
const STEP = /^(?:continue|proceed|go on|commit|push|run|re-?run|test|try|start|check|look|继续|提交|推送|运行|测试)/iu

/** Matches an option as an answer: "A", "Option 2", "方案 2". */
const OPTION = /^(?:(?:option|the|选|用|方案|选项)\s*)*([a-d1-4])(?![\p{L}\p{N}])/iu
const NAMED = /^(?:option|方案|选项)\s*[\p{L}\p{N}]{1,2}\s*[:：.)、–—-]\s*|^[a-d]\s*[:：.)、]\s*/iu
const isOption = (sentence: string, option: string): boolean =>
  new RegExp(`^[\\s*_>-]*(?:option|方案|选项)?\\s*${option}\\s*[:：.)、–—-]`, "iu").test(sentence)

interface Proposal {
  readonly title: string
  /** The offer as a statement. */
  readonly statement: string
  readonly excerpts: ReadonlyArray<Excerpt>
}

/**
 * Returns the proposal in a message: the option that `answer` names, else an offer in a question or a recommendation.
 */
const proposalIn = (message: Message | undefined, answer: string): Proposal | undefined => {
  if (message === undefined) return undefined
  const sentences = quotable(textOf(message)).filter((sentence) => plain(sentence).length <= MAX_PROPOSAL_LENGTH)
  const offers = sentences.filter((sentence) => {
    const offered = plain(sentence).replace(OFFER, "")
    return OFFER.test(plain(sentence)) && isSelfContained(offered) && !STEP.test(offered)
  })
  const recommended = sentences.filter((sentence) =>
    PROPOSAL.test(plain(sentence)) && !/[?？:：]$/.test(plain(sentence))
  )
  const option = OPTION.exec(answer.trim())?.[1]
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
    excerpts: [{ message, kind: "text", label: "Claude proposed: ", text: kept.join("\n") }]
  }
}

/** Summarizes by the given sentence, and by one more when there is room. */
const summaryOf = (sentences: ReadonlyArray<string>, best: string): string => {
  const first = gist(plain(best), MAX_SUMMARY)
  const others = sentences.filter((sentence) => sentence !== best).map(plain)
  const second = summarize(others, { count: 1, length: Math.max(0, MAX_SUMMARY - first.length - 2) })
  return second === "" ? first : joined([withFullStop(first), second])
}

/** Returns the strongest sentence: standing instructions, reasons, and sentences that fit a title come first. */
const strongest = (sentences: ReadonlyArray<string>): string => {
  const weight = (sentence: string) =>
    (isStanding(sentence) ? 2 : 0) + (REASON.test(sentence) ? 1 : 0) +
    (titleFrom(sentence).endsWith("…") ? 0 : 2)
  return sentences.toSorted((a, b) => weight(b) - weight(a))[0] ?? ""
}

/** Titles a sentence; keeps the clause before it where the rest begins with a pronoun. */
const titleOf = (sentence: string): string => {
  const title = titleFrom(sentence)
  return BACK.test(title) ? gist(plain(sentence), MAX_TITLE) : title
}

const byPerson = (context: SegmentContext): ReadonlyArray<Draft> => {
  const { before, segment: { messages } } = context
  return messages.flatMap((message, at): ReadonlyArray<Draft> => {
    if (message.role !== "human" || message.isSummary || message.thread !== "main") return []
    const text = textOf(message)
    if (text === "") return []
    const sentences = ownSentences(text)
    const decided = sentences.filter(isDecision)
    const proposer = messages.slice(0, at).findLast((other) => other.role === "assistant" && textOf(other) !== "") ??
      before.find(({ role }) => role === "assistant")
    const accepts = text.length <= 200 && ACCEPTANCE.test(text)
    const proposal = accepts ? proposalIn(proposer, text) : undefined
    const isReasoned = OPTION.test(text.trim()) ||
      proposal?.excerpts.some((excerpt) => quotable(excerpt.text).some(isReason)) === true
    if (decided.length === 0 && (proposal === undefined || !isReasoned)) return []
    const words = decided.length === 0 ? [text.trim()] : withReasons(sentences, isDecision)
    const person = excerptOf(message, "User: ", words, MAX_OWN_LENGTH)
    const best = strongest(decided)
    const title = decided.length > 0
      ? titleOf(best.replace(/[?？]\s*$/u, ""))
      : `Agreed: ${proposal!.title}`
    if (title.length < 8 || person.length === 0) return []
    return [{
      type: "decision",
      title,
      summary: decided.length > 0
        ? summaryOf(decided, best)
        : `The person agreed: ${proposal!.statement}`,
      excerpts: fittingExcerpts([
        ...person,
        ...(proposal?.excerpts ?? []),
        ...answerTo(messages, at, `${text}\n${proposal?.statement ?? ""}`)
      ]),
      at: at + 0.1,
      slot: message.uuid
    }]
  })
}

const ANSWERED = /^User has answered your questions?:|^Your questions have been answered:/u

/** Decisions through tools: choices in a form, approved plans, and tool calls that the person refused with words. */
const byTool = ({ segment: { messages } }: SegmentContext, calls: ReadonlyArray<Call>): ReadonlyArray<Draft> =>
  calls.flatMap((call): ReadonlyArray<Draft> => {
    const { result } = call
    if (result === undefined || call.block.kind !== "tool_use") return []
    const { block, message } = result
    const draft = (
      title: string,
      excerpts: ReadonlyArray<Excerpt>,
      summary = plain(excerpts[0]!.text)
    ): ReadonlyArray<Draft> => [{
      type: "decision",
      title: titleFrom(title),
      summary,
      excerpts: fittingExcerpts(excerpts),
      at: result.at + 0.1,
      slot: `${message.uuid}/${call.block.toolUseId ?? ""}`
    }]
    if (call.tool === "AskUserQuestion" && ANSWERED.test(block.text)) {
      const pairs = [...block.text.matchAll(/"([^"]{3,300})"="([^"]{1,300})"/gu)]
      const [first] = pairs
      if (first === undefined) return []
      return draft(`${first[2]} — ${first[1]!.replace(/[?？]\s*$/u, "")}`, [
        { message, kind: "tool_result", label: "User chose: ", text: pairs.map(([pair]) => pair).join("\n") },
        ...optionsIn(call).map((text): Excerpt => ({
          message: call.message,
          kind: "tool_use",
          label: "Among: ",
          text
        })),
        ...answerTo(messages, result.at, block.text)
      ], pairs.map(([, question, answer]) => joined([question!, answer!])).join("; "))
    }
    if (call.tool === "ExitPlanMode" && block.isError !== true) {
      const proposed = call.block.text.replace(/^plan:\s*/u, "")
      const sentences = statements(proposed)
      const plan = choose(sentences, { count: 5, length: MAX_OWN_LENGTH + MAX_PROPOSAL_LENGTH }).map((i) =>
        sentences[i]!
      )
      const title = headingIn(proposed) ?? promptTitle(proposed)
      const kept = quotable(proposed).filter((sentence) => plan.includes(plain(sentence)))
      return title === undefined || kept.length === 0
        ? []
        : draft(title, [{
          message: call.message,
          kind: "tool_use",
          label: "User approved the plan: ",
          text: kept.join("\n")
        }], joined(kept.map((sentence) => withFullStop(plain(sentence)))))
    }
    const refusal = /the user said:\s*\n([\s\S]{4,})/u.exec(block.text)?.[1]?.trim()
    if (block.isError !== true || refusal === undefined || !/doesn't want to/u.test(block.text)) return []
    const rule = quotable(refusal).find(isDecision)
    if (rule === undefined) return []
    return draft(rule, [
      {
        message,
        kind: "tool_result",
        label: "User refused, and said: ",
        text: refusal.slice(0, MAX_OWN_LENGTH).trimEnd()
      },
      ...(call.block.file === undefined
        ? []
        : [{
          message: call.message,
          kind: "tool_use" as const,
          label: `Refused was ${gist(call.tool, 40)} of `,
          text: call.block.file
        }])
    ])
  })

/** Returns the labels of a form's options, at most 6; capture stores them as JSON. */
const optionsIn = ({ block }: Call): ReadonlyArray<string> => {
  const labels = [...block.text.matchAll(/"label":"((?:[^"\\]|\\.){1,80})"/gu)].map(([pair]) =>
    pair.slice("\"label\":\"".length, -1)
  )
  return labels.length === 0 ? [] : [...new Set(labels)].slice(0, 6)
}

/** Choices that Claude made itself and explained. */
const byClaude = ({ segment: { messages } }: SegmentContext): ReadonlyArray<Draft> =>
  messages.flatMap((message, at): ReadonlyArray<Draft> => {
    if (message.role !== "assistant" || message.isSummary) return []
    const sentences = quotable(textOf(message))
    const isChosen = (sentence: string) => {
      const words = plain(sentence)
      return words.length >= 30 && words.length <= 400 && !/[?？:：]$/.test(words) &&
        (CHOSEN.test(words) || isChoice(sentence)) && standsAlone(sentence)
    }
    const chosen = sentences.filter(isChosen)
    const [first] = chosen
    if (first === undefined) return []
    const excerpts = excerptOf(message, "Claude chose: ", withReasons(sentences, isChosen), MAX_OWN_LENGTH)
    return excerpts.length === 0 ? [] : [{
      type: "decision",
      title: titleFrom(withoutOpeners(plain(strongest(chosen)))),
      summary: summaryOf(chosen, first),
      excerpts: fittingExcerpts(excerpts),
      at: at + 0.2,
      slot: `${message.uuid}/claude`
    }]
  })

export const decisions = (context: SegmentContext, calls: ReadonlyArray<Call>): ReadonlyArray<Draft> => [
  ...byPerson(context),
  ...byTool(context, calls),
  ...byClaude(context)
]
