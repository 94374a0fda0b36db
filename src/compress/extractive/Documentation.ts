/**
 * What was explained at length: section by section, each under its heading.
 */
import type { Message } from "../../domain/Conversation.ts"
import { MAX_CONTENT_LENGTH, weightedLength } from "../../domain/MemoryUnit.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import { type Draft, type Excerpt, excerptsOf, fitting, MAX_SUMMARY, MAX_TITLE, pack } from "../Draft.ts"
import { blocksOf, condense, isHead, linesOf, plain, quotable, statements, telling } from "../text/Prose.ts"
import { choose, summarize } from "../text/Salience.ts"
import { gist } from "../text/Text.ts"
import { headingIn, promptTitle, saidTitle, shortened, titleFrom } from "../text/Titles.ts"
import { type Call, inputOf } from "./Steps.ts"

/** Said words from this length on are an explanation, a CJK character counted as 3.3; below it they are talk. */
const AT_LENGTH = 900
/** A person's words have to be longer: requests are long for other reasons. */
const LONG_PROMPT = 1_500

/** A report of work done belongs to the talk about that work. */
const REPORT =
  /✅|🎉|🎯|\b(?:all (?:done|green|good|set|tests|three|four|five|\w+ issues)|done\b|(?:is|are) (?:now )?(?:complete|done|pushed|ready)|successfully (?:created|implemented|pushed|built|added|completed|integrated)|i(?:'ve| have) (?:successfully |now )?(?:built|created|implemented|fixed|added|completed|updated|ported|removed)|changes (?:made|pushed|summary)|what was (?:done|changed))|已(?:经)?(?:完成|修复|实现)|全部(?:完成|通过)/iu

const LOG = /[━═✔×✖│]|:\d+:\d+|^\s*(?:[❯$>+|]|=>|\d+[→:])|\dm?s\b/u

/** The share of a text's letters that stand in sentences: little in logs, code, diffs and pictures made of characters. */
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
  weightedLength(text) >= AT_LENGTH && !REPORT.test(text.slice(0, 300)) && weightedLength(condense(text)) >= AT_LENGTH

/** What a person pasted or wrote at length; its beginning stands in the talk. */
export const isLongPrompt = (message: Message, text: string): boolean =>
  message.role === "human" && weightedLength(text) >= LONG_PROMPT

const PROSE = 0.6

const isWritten = (message: Message, text: string): boolean =>
  isLongPrompt(message, text) && message.thread === "main" && proseShare(text) >= PROSE

const AGENTS = new Set(["Task", "Agent"])
/** What these find is others' text: what answers the question is kept of it. */
const WEB = new Set(["WebFetch", "WebSearch"])

/** Whether a call's result is an answer in prose, which has units of its own. */
export const isAnswer = ({ result, tool }: Call): boolean =>
  (AGENTS.has(tool) || WEB.has(tool)) && result !== undefined && result.block.isError !== true &&
  weightedLength(result.block.text) >= AT_LENGTH

/** Code longer than this is told by the lines around it. */
const LONG_CODE = 700
/** Pictures made of characters: their words are lost in lines. */
const DRAWING = /[─│┌┐└┘├┤┬┴┼▼▲═║╔╗]/gu

interface Section {
  readonly heading: string | undefined
  readonly blocks: ReadonlyArray<string>
}

/** The sections of a text: each begins at a heading, and short ones stay with the one before. */
export const sectionsOf = (text: string): ReadonlyArray<Section> => {
  const sections: Array<{ heading: string | undefined; blocks: Array<string>; length: number }> = []
  for (const { kind, text: block } of blocksOf(text)) {
    if (kind === "code" && (block.length > LONG_CODE || (block.match(DRAWING)?.length ?? 0) > block.length / 8)) {
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
  // What remains at the end and is short goes with what came before it.
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
  /** What it is about as a whole. */
  readonly subject: string | undefined
}

/** A subject that leaves room for what is said about it. */
const inShort = (subject: string | undefined): string | undefined =>
  subject === undefined || subject.length > 50 || /[?？…]$/u.test(subject) ? undefined : subject

/** A heading, else what the words say, within the subject of the whole where there is room for both. */
const titled = (subject: string | undefined, own: string | undefined, first: string): string => {
  if (own === undefined) return subject ?? titleFrom(first)
  const short = inShort(subject)
  if (short === undefined || short === own) return own
  const both = `${short}: ${own}`
  return both.length <= MAX_TITLE ? both : own
}

/** Sections that only lead on, thank or list links are no knowledge. */
const LEAST_SECTION = 160

const documentOf = ({ at, kind, label, message, slot, subject, text }: Source): ReadonlyArray<Draft> =>
  sectionsOf(text).flatMap(({ blocks, heading }) =>
    pack(blocks.map((block) => excerptsOf(message, kind, label, block)), () => false).map((excerpts, i) => ({
      excerpts,
      heading: i === 0 ? heading : undefined
    }))
  ).flatMap(({ excerpts, heading }, i): ReadonlyArray<Draft> => {
    const words = excerpts.map(({ text }) => text).join("\n")
    const sentences = quotable(words)
    // Questions to the person are told with their answer.
    const isAsking = sentences.filter((sentence) =>
      /[?？]["'”’\s*_)]*$/u.test(sentence)
    ).length > sentences.length * 0.4
    const isPastedCode = message.role === "human" && kind === "text" && proseShare(words) < PROSE
    if (weightedLength(words) < LEAST_SECTION || isAsking || isPastedCode) return []
    const own = heading !== undefined
      ? shortened(heading, MAX_TITLE)
      // The beginning is about what the whole is about.
      : i === 0 && subject !== undefined && inShort(subject) === undefined && !/[?？…]$/u.test(subject)
      ? subject
      : saidTitle(words)
    const said = summarize(telling(words), { count: 2, length: MAX_SUMMARY, about: `${subject ?? ""} ${own ?? ""}` })
    const [first = words] = statements(words)
    return [{
      type: "documentation",
      title: titled(subject, own, first),
      summary: said === "" ? first.replace(/[|*#]+|-{3,}/g, " ") : said,
      excerpts,
      at: at + i / 1_000,
      slot: `${slot}/${i}`
    }]
  })

const FOUND = 1_000

/** What a page or a search says about the question, in the order found. */
const foundBy = (call: Call): ReadonlyArray<Draft> => {
  const { at, block, message } = call.result!
  const question = inputOf(call, "query") ?? inputOf(call, "prompt") ?? ""
  const place = inputOf(call, "url")
  const sentences = quotable(block.text).filter((sentence) =>
    plain(sentence).length >= 30 && !/^(?:Web search results|Links:|REMINDER)|","url":/u.test(plain(sentence))
  )
  const kept = choose(sentences.map(plain), { count: 8, length: FOUND, about: question }).map((i) => sentences[i]!)
  if (weightedLength(kept.join("")) < LEAST_SECTION) return []
  const source: ReadonlyArray<Excerpt> = [{
    message: call.message,
    kind: "tool_use",
    label: place === undefined ? "Searched for: " : "Page: ",
    text: place ?? question
  }]
  return [{
    type: "documentation",
    title: place === undefined
      ? titleFrom(question)
      : place.replace(/^https?:\/\/(?:www\.)?|[/?#]+$/gu, ""),
    summary: summarize(kept.map(plain), { count: 2, length: MAX_SUMMARY, about: question }),
    excerpts: fitting([...source, ...excerptsOf(message, "tool_result", "Found: ", kept.join("\n")).slice(0, 1)]),
    at,
    slot: `${message.uuid}/${call.block.toolUseId ?? ""}`
  }]
}

export const documentation = (
  { segment: { messages } }: SegmentContext,
  calls: ReadonlyArray<Call>,
  subject: string | undefined
): ReadonlyArray<Draft> => {
  const said = messages.flatMap((message, at) =>
    message.isSummary ? [] : message.blocks.flatMap(({ kind, text }, b): ReadonlyArray<Source> => {
      if (kind !== "text") return []
      const slot = `${message.uuid}/${b}`
      if (message.role === "assistant" && isExplanation(text)) {
        return [{ message, kind, label: "Claude: ", text: condense(text), at, slot, subject: inShort(subject) }]
      }
      return isWritten(message, text)
        ? [{ message, kind, label: "User: ", text, at, slot, subject: promptTitle(text) }]
        : []
    })
  )
  const reported = calls.filter((call) => isAnswer(call) && AGENTS.has(call.tool)).map((call): Source => {
    const { at, block, message } = call.result!
    return {
      message,
      kind: "tool_result",
      label: "An agent reported: ",
      text: block.text,
      at,
      slot: `${message.uuid}/${call.block.toolUseId ?? ""}`,
      subject: gist(inputOf(call, "description") ?? "", 40) || undefined
    }
  })
  return [
    ...[...said, ...reported].flatMap(documentOf),
    ...calls.filter((call) => isAnswer(call) && WEB.has(call.tool)).flatMap(foundBy)
  ]
}
