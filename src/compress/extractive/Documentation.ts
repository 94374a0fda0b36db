/**
 * Documentation: long explanations, split into sections under their headings, and what agents reported.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import type { Message } from "../../domain/Conversation.ts"
import { MAX_CONTENT_LENGTH, weightedLength } from "../../domain/MemoryUnit.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import { type Draft, type Excerpt, excerptsOf, LONG_PROMPT, MAX_SUMMARY, MAX_TITLE, pack } from "../Draft.ts"
import { isLesson, isReason, standsAlone } from "../text/Lessons.ts"
import { blocksOf, condense, informativeStatements, isHead, linesOf, quotable, statements } from "../text/Prose.ts"
import { summarize } from "../text/Salience.ts"
import { gist } from "../text/Text.ts"
import { answerTitle, headingIn, promptTitle, shortened, titleFrom } from "../text/Titles.ts"
import { answerOf, type Call, inputOf } from "./Steps.ts"

/**
 * Weighted length (a CJK character counts for 3.3) from which Claude's text is an explanation rather than conversation.
 */
const MIN_EXPLANATION = 900
/** Matches a report of finished work, which belongs to the conversation about that work. */
const REPORT = inBothScripts(
  /✅|🎉|🎯|\b(?:all (?:done|green|good|set|tests|three|four|five|\w+ issues)|done\b|(?:is|are) (?:now )?(?:complete|done|pushed|ready)|successfully (?:created|implemented|pushed|built|added|completed|integrated)|i(?:'ve| have) (?:successfully |now )?(?:built|created|implemented|fixed|added|completed|updated|ported|removed)|changes (?:made|pushed|summary)|what was (?:done|changed))|已(?:经)?(?:完成|修复|实现)|全部(?:完成|通过)/iu
)

const LOG = /[━═✔×✖│]|:\d+:\d+|^\s*(?:[❯$>+|]|=>|\d+[→:])|\dm?s\b/u

/** Returns the share of a text's letters that stand in sentences: low for logs, code, diffs and character drawings. */
const proseShare = (text: string): number => {
  let prose = 0
  let all = 0
  for (const { kind, text: line } of linesOf(text)) {
    const letters = line.match(/\p{L}/gu)?.length ?? 0
    all += letters
    const words = line.match(/(?<![\w/.@-])[\p{L}'’-]{2,}(?![\w/.(@-])/gu)?.length ?? 0
    if (
      kind !== "code" && !LOG.test(line) && (words >= 4 || (kind !== "prose" && words >= 2)) &&
      letters > line.trim().length * 0.6
    ) {
      prose += letters
    }
  }
  return prose / Math.max(1, all)
}

export const isExplanation = (text: string): boolean =>
  weightedLength(text) >= MIN_EXPLANATION && !REPORT.test(text.slice(0, 300)) &&
  weightedLength(condense(text)) >= MIN_EXPLANATION

/** True for a long text that a person wrote or pasted; the conversation unit keeps its beginning. */
export const isLongPrompt = (message: Message, text: string): boolean =>
  message.role === "human" && weightedLength(text) >= LONG_PROMPT

const MIN_PROSE = 0.6

const isProsePrompt = (message: Message, text: string): boolean =>
  isLongPrompt(message, text) && message.thread === "main" && proseShare(text) >= MIN_PROSE

const AGENTS = new Set(["Task", "Agent"])
/** Tools that return other people's text, which is there to be found again. */
const WEB = new Set(["WebFetch", "WebSearch"])

/** True when a call's result is a long answer of an agent or a web page, which gets units of its own. */
export const isAnswer = (call: Call): boolean => {
  const { result, tool } = call
  return (AGENTS.has(tool) || WEB.has(tool)) && result !== undefined && result.block.isError !== true &&
    weightedLength(answerOf(call)) >= MIN_EXPLANATION
}

/** Characters above which a code block is dropped, because the lines around it describe it. */
const MAX_CODE = 700
/** Characters of drawings. A block that consists of them by more than an eighth is dropped. */
const DRAWING = /[─│┌┐└┘├┤┬┴┼▼▲═║╔╗]/gu

interface Section {
  readonly heading: string | undefined
  readonly blocks: ReadonlyArray<string>
}

/** Splits a text into sections at its headings; a short section absorbs the next. */
export const sectionsOf = (text: string): ReadonlyArray<Section> => {
  const sections: Array<{ heading: string | undefined; blocks: Array<string>; length: number }> = []
  for (const { kind, text: block } of blocksOf(text)) {
    if (kind === "code" && (block.length > MAX_CODE || (block.match(DRAWING)?.length ?? 0) > block.length / 8)) {
      continue
    }
    const last = sections.at(-1)
    const length = weightedLength(block) + 1
    const isNew = last === undefined || (isHead({ kind, text: block }) && last.length > MAX_CONTENT_LENGTH / 3)
    if (isNew) sections.push({ heading: headingIn(block), blocks: [block], length })
    else {
      last.blocks.push(block)
      last.length += length
    }
  }
  // A short section at the end joins the one before it.
  const end = sections.at(-1)
  const before = sections.at(-2)
  if (
    end !== undefined && before !== undefined && end.length < 240 && before.length + end.length <= MAX_CONTENT_LENGTH
  ) {
    before.blocks.push(...end.blocks)
    sections.pop()
  }
  return sections
}

interface Source {
  readonly message: Message
  readonly kind: Excerpt["kind"]
  readonly label: string
  readonly text: string
  readonly at: number
  readonly slot: string
  /** Subject of the whole text. */
  readonly subject: string | undefined
}

/** Returns the subject if it leaves room for a section's own title. */
const shortSubject = (subject: string | undefined): string | undefined =>
  subject === undefined || subject.length > 50 || /[?？…]$/u.test(subject) ? undefined : subject

/** Titles a section: its own title, after the subject of the whole where both fit. */
const titled = (subject: string | undefined, own: string | undefined, first: string): string => {
  if (own === undefined) return subject ?? titleFrom(first)
  const short = shortSubject(subject)
  if (short === undefined || short === own) return own
  const both = `${short}: ${own}`
  return both.length <= MAX_TITLE ? both : own
}

/** Weighted length below which a section (an introduction, thanks, links) makes no unit. */
const MIN_SECTION = 160

/** Matches the heading of a part that says why the text was written, or what it comes to. */
const CONCLUDING = inBothScripts(
  /\b(?:context|background|motivation|rationale|conclusions?|findings|lessons?|decisions?|decided|root cause|takeaways?)\b|背景|结论|原因|教训/i
)

/** Matches the heading of a part that lays out a choice, and a line with an option: what was chosen stands elsewhere. */
const OFFERS = inBothScripts(
  /\b(?:options|approaches|alternatives|choices|(?:open |key |only |my )?questions?|(?:need|have|left) to decide)\b|选项|方案|待定/i
)
const OPTION = inBothScripts(/^\W{0,6}(?:option|alternative|approach|方案|选项) ?(?:[A-D]|[一二三四])\b/gim)

/**
 * True for a section of Claude's with a lesson, of an agent's with a reason, since most of what agents report is how the code is
 * built, and of a person's text where it concludes: reviews, plans and scenarios that a person pastes are tasks.
 */
const isWorthUnit = (
  sentences: ReadonlyArray<string>,
  { role }: Message,
  kind: Excerpt["kind"],
  heading: string | undefined,
  words: string
): boolean =>
  kind === "tool_result"
    ? sentences.some((sentence) => isReason(sentence) && standsAlone(sentence))
    : role === "human"
    ? heading !== undefined && CONCLUDING.test(heading)
    : !(heading !== undefined && OFFERS.test(heading)) && (words.match(OPTION)?.length ?? 0) < 2 &&
      sentences.some(isLesson)

const documentOf = ({ at, kind, label, message, slot, subject, text }: Source): ReadonlyArray<Draft> =>
  sectionsOf(text).flatMap(({ blocks, heading }) =>
    pack(blocks.map((block) => excerptsOf(message, kind, label, block)), () => false).map((excerpts, i) => ({
      excerpts,
      heading: i === 0 ? heading : undefined
    }))
  ).flatMap(({ excerpts, heading }, i): ReadonlyArray<Draft> => {
    const words = excerpts.map(({ text }) => text).join("\n")
    const sentences = quotable(words)
    // The conversation unit keeps questions to the person, with their answers.
    const isAsking = sentences.filter((sentence) =>
      /[?？]["'”’\s*_)]*$/u.test(sentence)
    ).length > sentences.length * 0.4
    const isPastedCode = message.role === "human" && kind === "text" && proseShare(words) < MIN_PROSE
    if (
      weightedLength(words) < MIN_SECTION || isAsking || isPastedCode ||
      !isWorthUnit(sentences, message, kind, heading ?? linesOf(words)[0]?.text, words)
    ) {
      return []
    }
    const own = heading !== undefined
      ? shortened(heading, MAX_TITLE)
      // The first section takes a subject that is too long to precede other titles.
      : i === 0 && subject !== undefined && shortSubject(subject) === undefined && !/[?？…]$/u.test(subject)
      ? subject
      : answerTitle(words)
    const summary = summarize(informativeStatements(words), {
      count: 2,
      length: MAX_SUMMARY,
      about: `${subject ?? ""} ${own ?? ""}`
    })
    const [first = words] = statements(words)
    return [{
      type: "documentation",
      title: titled(subject, own, first),
      summary: summary === "" ? first.replace(/[|*#]+|-{3,}/g, " ") : summary,
      excerpts,
      at: at + i / 1_000,
      slot: `${slot}/${i}`
    }]
  })

export const documentation = (
  { segment: { messages } }: SegmentContext,
  calls: ReadonlyArray<Call>,
  subject: string | undefined
): ReadonlyArray<Draft> => {
  const texts = messages.flatMap((message, at) =>
    message.isSummary ? [] : message.blocks.flatMap(({ kind, text }, b): ReadonlyArray<Source> => {
      if (kind !== "text") return []
      const slot = `${message.uuid}/${b}`
      if (message.role === "assistant" && isExplanation(text)) {
        return [{
          message,
          kind,
          label: "Claude: ",
          text: condense(text),
          at,
          slot,
          subject: shortSubject(subject)
        }]
      }
      return isProsePrompt(message, text)
        ? [{ message, kind, label: "User: ", text, at, slot, subject: promptTitle(text) }]
        : []
    })
  )
  const reports = calls.filter((call) => isAnswer(call) && AGENTS.has(call.tool)).map((call): Source => {
    const { at, message } = call.result!
    return {
      message,
      kind: "tool_result",
      label: "An agent reported: ",
      text: answerOf(call),
      at,
      slot: `${message.uuid}/${call.block.toolUseId ?? ""}`,
      subject: gist(inputOf(call, "description") ?? "", 40) || undefined
    }
  })
  return [...texts, ...reports].flatMap(documentOf)
}
