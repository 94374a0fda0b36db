/**
 * Decisions: choices, rejections and preferences with their reasons, and a person's standing instructions.
 */
import { withApostrophes } from "../../domain/Apostrophes.ts"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import type { Message } from "../../domain/Conversation.ts"
import { matchesIn } from "../../domain/Matches.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import { isFirm, isStanding, pointsBack } from "../../domain/Standing.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import { type Draft, type Excerpt, fittingExcerpts, MAX_SUMMARY, MAX_TITLE } from "../Draft.ts"
import type { Choice } from "../text/Choices.ts"
import { isGeneric } from "../text/Generic.ts"
import { isChoice, isLesson, isRecommendation, isWish, standsAlone } from "../text/Lessons.ts"
import { joined, plain, quotable, statements, withFullStop, withoutOpeners } from "../text/Prose.ts"
import { isAcceptance, optionIn, saidInstead } from "../text/Replies.ts"
import { choose, shared, summarize } from "../text/Salience.ts"
import { gist } from "../text/Text.ts"
import { headingIn, isSelfContained, promptTitle, titleFrom } from "../text/Titles.ts"
import { isConsidered, isMereQuestion, isOver, isReport, isTask, withoutWithdrawn } from "../text/Undecided.ts"
import {
  alternativeIn,
  CHOSEN,
  chosenIn,
  confirmedIn,
  isProposed,
  MAX_PROPOSAL_LENGTH,
  ownChoiceIn,
  type Proposal,
  proposalIn,
  STEP
} from "./Proposals.ts"
import { restatedIn, titleOfRestated, withoutTakingUp } from "./Restated.ts"
import { type Call, choicesIn, textOf } from "./Steps.ts"

const REASON = inBothScripts(
  /\b(?:because|since|so that|due to|as (?:it|we|this|that)|otherwise|to avoid|in order to|why)\b|因为|由于|所以|否则|不然|以便|避免|免得|省得|为了|毕竟/i
)

const MAX_OWN_LENGTH = 500
/** A list of more characters below a heading was pasted. */
const MAX_LIST_LENGTH = 600
/** A prompt of more characters holds pasted text: only its first two and last two lines count as the person's own. */
const MAX_TYPED_LENGTH = 1_200

/** Longest sentence that is looked at. */
const MAX_SENTENCE = 300

/** Matches a review comment that was handed over as a task. */
const REVIEW = /\b(?:around|at|on) lines? \d/i

/** Returns the person's own sentences, without code, quotes, terminal output, places in code and pasted documents. */
export const ownSentences = (text: string): ReadonlyArray<string> => {
  if (REVIEW.test(text)) return []
  const all = text.split("\n")
  // The items below a heading are a document's, unless the person typed no more than that.
  const first = all.findIndex((line) => /^#{1,6} \S/u.test(line))
  const heading = first === 0 && text.length <= MAX_LIST_LENGTH ? -1 : first
  const lines = all.filter((line, i) => heading < 0 || i < heading || !/^\s*(?:[-*+#]|\d+[.)])/u.test(line))
  const own = text.length <= MAX_TYPED_LENGTH ? lines : [...lines.slice(0, 2), ...lines.slice(-2)]
  return quotable(
    own.filter((line) =>
      !/^\s*(?:[>❯$#|│┃⎿]|\d+[→:]|\+\+\+|---|at \S.*:\d|npm (?:err|warn|notice|error)\b|(?:error|warning|fatal|hint|panic|err)(?:\[|:(?! (?:always|never|use|only|no)\b)))/i
        .test(line)
    ).join("\n")
  )
    .filter((sentence) => plain(sentence).length <= MAX_SENTENCE && !/:\d+:\d+/.test(sentence))
}

/** Replaces what stands in quotation marks, whose words are others'. */
const withoutQuoted = (words: string): string =>
  words.replace(/"[^"]{12,}"|(?<!\w)'[^']{12,}'(?!\w)|“[^”]{8,}”|「[^」]{6,}」/gu, "…")

/** Matches what is only tried, or to be done to one thing, in Chinese: no decision unless it also states a rule. */
const TRIAL = inBothScripts(
  /再[跑试测看来](?:一?[遍下次]|看)|[跑试测]一[遍下次]|试试|看看|跑个|如果.{0,12}的话|^(?:帮我)?把这|^先用(?!.*再)|^不要(?:急|慌)/u
)
/** Matches a subject that was named before. */
const BACK = inBothScripts(
  /^(?:(?:(?:i|we) )?(?:don't|do not) want (?:them|these|those|that|this|it)\b|these|those|this|that|it|they|them|both|这|那|它)\b/i
)
/** Matches a reason at the end, which may name what nobody knows. */
const REASON_AFTER = inBothScripts(/(?<=.{6})[，,\s—]+(?:不然|否则|因为|毕竟|免得|省得).*$/u)

/** Matches a reason without that for which it is one: an answer to "why?". */
const REASON_ALONE = inBothScripts(/^(?:because|cuz|bc)\b[^,;，；]*$|^(?:因为|由于|毕竟)[^，,；;]*$/i)

/** Matches "no", after which one thing is enough: "no inline styles". */
const NO = /^no\s+/i
/** Characters of a Chinese prohibition that name nothing. */
const EMPTY = inBothScripts(/[不要别再随便了的这那个样它我你啊吧先改动做弄搞用急着慢来\P{L}]/gu)

/** True for words that are understandable by themselves; a prohibition needs to name no more than what is prohibited. */
const saysWhat = (words: string, isForAll: boolean): boolean =>
  isSelfContained(words) || NO.test(words) && isSelfContained(words.replace(NO, "")) ||
  IS_CJK.test(words) && (isForAll || isStanding(words) && words.replace(EMPTY, "").length >= 3)

const isDecision = (sentence: string): boolean => {
  const words = withApostrophes(plain(sentence))
  if (isOver(words) || BACK.test(words) || REASON_ALONE.test(words)) return false
  const isForAll = isGeneric(words)
  // In Chinese an order and a rule often look alike: 写migration, 提交信息写英文.
  if (isTask(words) && (!isForAll || IS_CJK.test(words))) return false
  if (!isFirm(words) && (isReport(words) || TRIAL.test(words) && !isStanding(words))) return false
  const said = words.replace(REASON_AFTER, "")
  return words.length >= 4 && !isMereQuestion(said) && !isConsidered(said) && saysWhat(words, isForAll) &&
    (isForAll || isWish(withoutQuoted(words)))
}

/** Matches that something is left as it is, mostly an answer: "ok no, stays 6". */
const STAYS = inBothScripts(
  /^(?:(?:ok(?:ay)?|no|nah|yes|hm+)[,\s]+)*(?:stays?|keep|leave)\b|保持|维持|还是|不变/i
)

/** True for a sentence that rules something, if perhaps only together with what it answers. */
const isRuling = (sentence: string): boolean => {
  const words = withApostrophes(plain(sentence))
  return (STAYS.test(words) || isWish(withoutQuoted(words))) && !isMereQuestion(words) && !isOver(words) &&
    !isReport(words) && !isConsidered(words) && !isTask(words) && !TOLD.test(words)
}

/** Matches a statement of how something is, which after a choice mostly tells why: "sqlite locks when two runs start together". */
const TELLS =
  /\b(?:is|are|was|were|has|had|have|does|do|did|can|can't|cannot|could|will|won't|needs?|costs?|locks?|gets?|got|takes|they|we|it)\b/i
const MAX_REASON_LENGTH = 160

const isTelling = (sentence: string): boolean => {
  const words = withApostrophes(plain(sentence))
  return sentence.length <= MAX_REASON_LENGTH && TELLS.test(words) && !isMereQuestion(words) && !isTask(words) &&
    !isOver(words)
}

/** Matches what tells of what was said or done, in place of what is to be. */
const TOLD = inBothScripts(
  /^(?:you\b|i (?:asked|said|told|meant|mean|thought)\b|(?:that|this|it) (?:would|will|is|was)\b|wrong\b)|^你[把又没]|我说的/i
)

/** True for a sentence that says by itself what is to be instead of something else. */
const isInstead = (sentence: string): boolean => {
  const words = withApostrophes(plain(sentence))
  return weightedLength(words) >= 12 && !isMereQuestion(words) && !isOver(words) && !isConsidered(words) &&
    !isReport(words) && !TOLD.test(words) && !STEP.test(words) && !isTask(words) && isSelfContained(words)
}

/** True for such a sentence that wishes something, speaks of what was offered, or is no statement. */
const isCounter = (sentence: string, offer: string): boolean => {
  const [main = ""] = withApostrophes(plain(sentence)).split(/[,;，；]/u)
  return isInstead(sentence) && (isWish(sentence) || shared(sentence, offer) > 0 || !TELLS.test(main))
}

/** Keeps the sentences for which `isOf` holds, and the ones next to them that give a reason. */
const withReasons = (sentences: ReadonlyArray<string>, isOf: (sentence: string) => boolean): ReadonlyArray<string> =>
  sentences.filter((sentence, i) => {
    const [before, after] = [sentences[i - 1] ?? "", sentences[i + 1] ?? ""]
    return isOf(sentence) || REASON.test(sentence) && (isOf(before) || isOf(after)) ||
      isOf(before) && isTelling(sentence)
  })

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

/** Returns Claude's answer to a message: its first text before the next prompt. */
const answered = (messages: ReadonlyArray<Message>, at: number): Message | undefined => {
  const next = messages.slice(at + 1).find((message) => textOf(message) !== "")
  return next?.role === "assistant" ? next : undefined
}

const saidByClaude = (message: Message, sentences: ReadonlyArray<string>): ReadonlyArray<Excerpt> => [
  { message, kind: "text", label: "Claude: ", text: sentences.join("\n") }
]

/** Returns up to two sentences from Claude's first later message that shares words with `about`. */
const answerTo = (messages: ReadonlyArray<Message>, from: number, about: string): ReadonlyArray<Excerpt> => {
  for (const message of messages.slice(from + 1)) {
    if (message.role !== "assistant") continue
    const sentences = quotable(textOf(message)).filter((sentence) => isLesson(sentence) && shared(sentence, about) >= 2)
    const kept = choose(sentences.map(plain), { count: 2, length: 300, about })
    if (kept.length > 0) return saidByClaude(message, kept.map((i) => sentences[i]!))
  }
  return []
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

/** Returns what a reply takes of a list in the prompt before it, by its number or letter. */
const listedBefore = (
  said: ReadonlyArray<Message>,
  before: ReadonlyArray<Message>,
  option: Choice
): Proposal | undefined =>
  option.taken.some(({ by }) => by === "place")
    ? undefined
    : alternativeIn(
      said.findLast(({ isPrompt }) => isPrompt) ?? before.find(({ isPrompt }) => isPrompt),
      option
    )

/** Makes a decision of what a person rules in words that only Claude's answer makes whole. */
const ruled = (
  message: Message,
  at: number,
  sentences: ReadonlyArray<string>,
  restated: string,
  confirmed: ReadonlyArray<Excerpt>
): ReadonlyArray<Draft> =>
  !sentences.some(isRuling) ? [] : [{
    type: "decision",
    title: titleOfRestated(restated),
    summary: gist(withoutTakingUp(restated), MAX_SUMMARY),
    excerpts: fittingExcerpts([
      ...excerptOf(message, "User: ", withReasons(sentences, isRuling), MAX_OWN_LENGTH),
      ...confirmed
    ]),
    at: at + 0.1,
    slot: message.uuid
  }]

const byPerson = (context: SegmentContext): ReadonlyArray<Draft> => {
  const { before, segment: { messages } } = context
  return messages.flatMap((message, at): ReadonlyArray<Draft> => {
    if (message.role !== "human" || message.isSummary || message.thread !== "main") return []
    const text = textOf(message)
    if (text === "") return []
    const said = withoutWithdrawn(ownSentences(text))
    const sentences = said.map(({ sentence }) => sentence)
    const proposer = messages.slice(0, at).findLast((other) => other.role === "assistant" && textOf(other) !== "") ??
      before.find(({ role }) => role === "assistant")
    const own = ownChoiceIn(text)
    const option = own?.choice ?? optionIn(text)
    const instead = option === undefined ? saidInstead(text) : undefined
    const counter = instead === undefined || !isProposed(proposer)
      ? []
      : quotable(instead).filter((sentence) => isCounter(sentence, textOf(proposer)))
    const decided = counter.length > 0
      ? counter
      : said.filter(({ instead, sentence }) =>
        isDecision(sentence) || instead !== undefined && isDecision(instead) && isInstead(sentence)
      ).map(({ sentence }) => sentence).filter((sentence) => option === undefined || optionIn(sentence) === undefined)
    const accepted = own !== undefined
      ? alternativeIn(message, own.choice)
      : option !== undefined
      ? alternativeIn(proposer, option) ?? listedBefore(messages.slice(0, at), before, option)
      : isAcceptance(text, textOf(proposer))
      ? proposalIn(proposer)
      : undefined
    const answer = answered(messages, at)
    const chosen = decided.length > 0 || option !== undefined
      ? undefined
      : chosenIn(proposer, text) ?? confirmedIn(proposer, text, answer)
    const isNamed = chosen !== undefined &&
      (accepted === undefined || !accepted.isArgued || shared(accepted.title, text) === 0)
    const isOwn = own !== undefined || isNamed
    const proposal = isNamed ? chosen : accepted ?? (counter.length > 0 ? proposalIn(proposer) : undefined)
    const restated = restatedIn(answer, text)
    const confirmed = restated === undefined ? [] : saidByClaude(answer!, [restated])
    if (decided.length === 0 && proposal?.isArgued !== true) {
      return restated === undefined ? [] : ruled(message, at, sentences, restated, confirmed)
    }
    const words = decided.length === 0 || counter.length > 0
      ? [own?.line ?? text.trim()]
      : withReasons(sentences, (sentence) => decided.includes(sentence))
    const person = excerptOf(message, "User: ", words, MAX_OWN_LENGTH)
    const best = strongest(decided)
    const inWords = titleOf(best.replace(/[?？]\s*$/u, ""))
    const title = decided.length > 0
      ? restated !== undefined && pointsBack(inWords) ? titleOfRestated(restated) : inWords
      : isOwn
      ? titleFrom(proposal!.title)
      : `Agreed: ${proposal!.title}`
    if (weightedLength(title) < 8 || person.length === 0) return []
    const why = answerTo(messages, at, `${text}\n${proposal?.statement ?? ""}`)
    return [{
      type: "decision",
      title,
      summary: decided.length > 0
        ? summaryOf(option === undefined || accepted === undefined ? decided : [...decided, accepted.statement], best)
        : `The person ${isOwn ? "chose" : "agreed"}: ${proposal!.statement}`,
      excerpts: fittingExcerpts([
        ...person,
        ...(proposal?.excerpts ?? []),
        ...(why.length === 0 ? confirmed : why)
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
      const choices = choicesIn(call)
      const [first] = choices
      if (first === undefined) return []
      return draft(`${first.answer} — ${first.question.replace(/[?？]\s*$/u, "")}`, [
        { message, kind: "tool_result", label: "User chose: ", text: choices.map(({ text }) => text).join("\n") },
        ...optionsIn(call).map((text): Excerpt => ({
          message: call.message,
          kind: "tool_use",
          label: "Among: ",
          text
        })),
        ...answerTo(messages, result.at, block.text)
      ], choices.map(({ answer, question }) => joined([question, answer])).join("; "))
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
    const said = ownSentences(refusal)
    const rule = said.find(isDecision) ??
      (call.tool === "ExitPlanMode" ? said.find((sentence) => isCounter(sentence, call.block.text)) : undefined)
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
  const labels = [...matchesIn(block.text, /"label":"((?:[^"\\]|\\.){1,80})"/gu)].map(([pair]) =>
    pair.slice("\"label\":\"".length, -1)
  )
  return labels.length === 0 ? [] : [...new Set(labels)].slice(0, 6)
}

/** Matches advice, what others recommend, the next step, and "instead of" as what came of it. */
const ADVISED = inBothScripts(
  /^(?:(?:or|and|but|so),? )?(?:if you|you (?:could|can|may|might|should)|alternatively)\b|\b(?:docs?|documentation|guides?|authors?)\b.{0,30}\brecommends?\b|\bdecided to (?:run|check|look|test|read|start)\b|\b(?:returns?|returned|prints?|printed|shows?|showed|gets?|got|gives?|gave|becomes?|became|receives?|received)\b[^,.;]{0,60}\binstead of\b|(?:返回|输出|显示|得到|收到|打印|变成)[^，。]{0,30}而不是/i
)

/** Choices that Claude made itself and explained. */
const byClaude = ({ segment: { messages } }: SegmentContext): ReadonlyArray<Draft> =>
  messages.flatMap((message, at): ReadonlyArray<Draft> => {
    if (message.role !== "assistant" || message.isSummary) return []
    const sentences = quotable(textOf(message))
    const isChosen = (sentence: string) => {
      const words = plain(sentence)
      return weightedLength(words) >= 30 && words.length <= 400 && !/[?？:：]$/.test(words) &&
        !isRecommendation(words) && !ADVISED.test(words) && !isReport(words) &&
        (CHOSEN.test(words) || isChoice(sentence)) && standsAlone(sentence)
    }
    const chosen = sentences.filter(isChosen)
    const [first] = chosen
    if (first === undefined) return []
    const reply = messages.find((other, i) => i > at && other.role === "human" && textOf(other) !== "")
    if (saidInstead(textOf(reply)) !== undefined) return []
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
