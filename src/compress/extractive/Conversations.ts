/**
 * Conversations: a prompt, the answers to it without chatter, and the actions that followed, in a line each.
 */
import type { Message } from "../../domain/Conversation.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import { SPECIFIC } from "../../domain/Specific.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import {
  CHOSE,
  COMMITTED,
  type Draft,
  type Excerpt,
  excerptsOf,
  fitOneUnit,
  leadingExcerpt,
  MAX_SUMMARY,
  MAX_TITLE,
  pack,
  RAN
} from "../Draft.ts"
import {
  asksWhy,
  isFact,
  isLesson,
  isQuestion,
  isReason,
  isStatus,
  isTold,
  isWish,
  standsAlone
} from "../text/Lessons.ts"
import { condense, informativeStatements, isAnnounced, isChatter, plain, quotable, statements } from "../text/Prose.ts"
import { refutedIn, withoutSentences } from "../text/Refuted.ts"
import { choose, summarize } from "../text/Salience.ts"
import { settled } from "../text/Settled.ts"
import { errorLines, failureStrength, gist } from "../text/Text.ts"
import { answerTitle, isSelfContained, pastedFailure, shortened, titleFrom } from "../text/Titles.ts"
import { isThin } from "../text/Worth.ts"
import { ownSentences } from "./Decisions.ts"
import { isAnswer, isExplanation, isLongPrompt, sectionsOf } from "./Documentation.ts"
import {
  answerOf,
  type Call,
  choicesIn,
  commandOf,
  type Commit,
  commitIn,
  editsOf,
  inputOf,
  isGit,
  isReadOnly,
  isRoutine,
  isToolMisuse,
  textOf
} from "./Steps.ts"

const PRECEDED = "Claude had said: "
const EXPLAINED = "Claude explained: "
const FOUND_LATER = "Claude found later: "

/** Characters quoted from a long prompt or explanation that has units of its own. */
const MENTIONED = 300
/** Weighted length after which the next text of a speaker begins a new unit. */
const ENOUGH_LENGTH = 900
const COMMAND = 500
const OUTCOME = 240
const INPUT = 300
const REASONING = 320

/** Weighted length of Claude's answer below which a prompt that is not understandable by itself makes no unit. */
const MIN_ANSWER = 100

/** Returns the weighted length of what Claude said in a segment. */
const answerLength = ({ messages }: SegmentContext["segment"]): number =>
  messages.reduce((sum, message) => sum + (message.role === "assistant" ? weightedLength(textOf(message)) : 0), 0)

/** Quotes Claude's last message before the segment, when the prompt ("yes", "kept for?") is not understandable without it. */
const precedingAnswer = ({ before, segment }: SegmentContext): ReadonlyArray<Excerpt> => {
  const said = before.find(({ role }) => role === "assistant")
  const first = segment.messages[0]
  const prompt = first?.isPrompt === true ? first.blocks.find(({ kind }) => kind === "text")?.text : undefined
  const text = said?.blocks.findLast(({ kind }) => kind === "text")?.text
  if (said === undefined || text === undefined || prompt === undefined) return []
  if (isSelfContained(prompt) && !(isThin(prompt) && answerLength(segment) < MIN_ANSWER)) return []
  const sentences = quotable(text).filter((sentence) => !isChatter(sentence) || /[?？]\s*$/.test(sentence))
  const kept = choose(sentences.map(plain), { count: 2, length: MENTIONED, about: prompt })
  return kept.length === 0
    ? []
    : [{ message: said, kind: "text", label: PRECEDED, text: kept.map((i) => sentences[i]!).join("\n") }]
}

/** Returns the reasons in Claude's thinking that are understandable alone. */
const reasons = (text: string): string => {
  const sentences = quotable(text).filter((sentence) =>
    isReason(sentence) && standsAlone(sentence) && !isAnnounced(sentence)
  )
  return choose(sentences.map(plain), { count: 2, length: REASONING }).map((i) => sentences[i]!).join("\n")
}

/** Quotes a commit's subject, and what its body teaches or names. */
const committed = (message: Message, { body, subject }: Commit): Excerpt => {
  const sentences = quotable(body).filter((sentence) => isLesson(sentence) || isFact(sentence))
  const kept = choose(sentences.map(plain), { count: 3, length: MENTIONED, about: subject })
  return {
    message,
    kind: "tool_use",
    label: COMMITTED,
    text: [subject, ...kept.map((i) => sentences[i]!)].join("\n")
  }
}

/** Quotes the answer of an agent or a page, unless the answer has units of its own. */
const shortAnswer = (call: Call, label: string): ReadonlyArray<Excerpt> =>
  call.result === undefined || call.failed || isAnswer(call)
    ? []
    : excerptsOf(call.result.message, "tool_result", label, condense(answerOf(call))).slice(0, 1)

const actionOf = (call: Call): ReadonlyArray<Excerpt> => {
  const { block, message, result, tool } = call
  // Of a tool that is not read, only the name is there.
  if (isReadOnly(call) || block.kind !== "tool_use" || block.text === tool) return []
  const isMisused = call.failed && isToolMisuse(result!.block.text)
  // Calls that were refused or malformed did nothing.
  if (isMisused && !/^(?:Error: )?Exit code/i.test(result!.block.text)) return []
  const sought = inputOf(call, "query") ?? inputOf(call, "url")
  if (tool.startsWith("Web") && sought !== undefined) {
    return [
      {
        message,
        kind: "tool_use",
        label: tool === "WebSearch" ? "Searched the web for: " : "Read the page ",
        text: sought
      },
      ...shortAnswer(call, "It says: ")
    ]
  }
  if (inputOf(call, "subagent_type") !== undefined) {
    return [
      ...excerptsOf(message, "tool_use", "Gave an agent the task: ", inputOf(call, "description") ?? "").slice(0, 1),
      ...shortAnswer(call, "It reported: ")
    ]
  }
  // What was changed stands in the repository.
  if (editsOf(call).length > 0 || (block.file !== undefined && /Edit|Write/.test(tool))) return []
  if (tool === "AskUserQuestion" && result !== undefined) {
    return excerptsOf(result.message, "tool_result", CHOSE, choicesIn(call).map(({ text }) => text).join("\n")).slice(
      0,
      1
    )
  }
  if (tool === "ExitPlanMode") {
    return leadingExcerpt(message, "tool_use", "Claude planned: ", block.text.replace(/^plan:\s*/u, ""), MENTIONED)
  }
  const command = commandOf(call)
  const commit = command === undefined ? undefined : commitIn(command)
  if (commit !== undefined && !call.failed) return [committed(message, commit)]
  if (command !== undefined && (isGit(command) || !call.failed && isRoutine(command))) return []
  const done = leadingExcerpt(
    message,
    "tool_use",
    command === undefined ? `${gist(tool, 60)} ` : RAN,
    command ?? block.text,
    command === undefined ? INPUT : COMMAND
  )
  return !call.failed || isMisused || isAnswer(call) ? done : [
    ...done,
    ...leadingExcerpt(
      result!.message,
      "tool_result",
      "It failed: ",
      errorLines(result!.block.text, OUTCOME),
      OUTCOME
    )
  ]
}

/** Matches lines of code and of a diff. */
const CODE_LINE = /^\s*(?:@@|[-+]\s*$|[-+]\s{3,}|\/\/)|[;{}]\s*$/u
/** Matches what a person writes: an item of a list, or five words without the signs of code. */
const TYPED_LINE = /^\s*(?:[-*+•]|\d{1,2}[.)])\s{1,2}\p{L}|^(?!.*[(){}=<>[\]])(?:\S+\s+){4}/u
/** Lines of code in a row that somebody pasted; fewer may be an example of what is meant. */
const PASTED_LINES = 3

/** Leaves out code and diffs that a person pasted; a text that is nothing else stays. */
const withoutPasted = (text: string): string => {
  const runs: Array<{ readonly isCode: boolean; readonly lines: Array<string> }> = []
  for (const line of text.split("\n")) {
    const isCode = CODE_LINE.test(line) && !TYPED_LINE.test(line)
    const last = runs.at(-1)
    if (last?.isCode === isCode) last.lines.push(line)
    else runs.push({ isCode, lines: [line] })
  }
  const typed = runs.flatMap((run) => run.isCode && run.lines.length >= PASTED_LINES ? [] : run.lines)
  return typed.some((line) => /\p{L}{3}/u.test(line)) ? typed.join("\n") : text
}

const INTERRUPTED = /^\s*(?:\[Request interrupted|API Error\b)/u

/** Shortens a long prompt to its beginning, its most representative sentences and the failures in it. */
const condensedPrompt = (message: Message, label: string, text: string): ReadonlyArray<Excerpt> => {
  const head = leadingExcerpt(message, "text", label, text, MENTIONED)
  const after = text.slice(head[0]?.text.length ?? 0)
  // Excerpts are verbatim, so that lines which errorLines changed are left out.
  const failures = errorLines(after, MENTIONED).split("\n").filter((line) => after.includes(line)).join("\n")
  const rest = quotable(after).filter((sentence) =>
    plain(sentence).split(" ").length >= 5 && !failures.includes(sentence)
  )
  const said = choose(rest.map(plain), { count: 4, length: 1.5 * MENTIONED }).map((i) => rest[i]!)
  return [
    ...head,
    ...(said.length === 0 ? [] : [{ message, kind: "text" as const, label, text: said.join("\n") }]),
    ...(failureStrength(failures) < 2 ? [] : [{ message, kind: "text" as const, label, text: failures }])
  ]
}

/** Quotes the first one or two sentences of an explanation that has units of its own. */
const openingOf = (message: Message, text: string): ReadonlyArray<Excerpt> => {
  const [first, ...rest] = quotable(text).filter((sentence) =>
    plain(sentence).length <= MENTIONED && !/[:：][*_]*$/.test(sentence)
  )
  if (first === undefined) return []
  const [second] = rest
  const both = second !== undefined && first.length + second.length < MENTIONED ? `${first}\n${second}` : first
  return [{ message, kind: "text", label: EXPLAINED, text: both }]
}

/** Returns a text's excerpts in groups: one group for a short text, else one for each section. */
const groupsOf = (message: Message, label: string, text: string): ReadonlyArray<ReadonlyArray<Excerpt>> =>
  weightedLength(text) <= ENOUGH_LENGTH
    ? [excerptsOf(message, "text", label, text)]
    : sectionsOf(text).map(({ blocks }) => blocks.flatMap((block) => excerptsOf(message, "text", label, block)))

const excerptsIn = (
  context: SegmentContext,
  calls: ReadonlyArray<Call>
): ReadonlyArray<ReadonlyArray<Excerpt>> => {
  const { messages } = context.segment
  const byBlock = new Map(calls.map((call) => [call.block, call]))
  const actions = new Set<string>()
  /** True for an action that repeats an earlier one with the same outcome. */
  const isRepeat = (excerpts: ReadonlyArray<Excerpt>) => {
    const action = excerpts.map(({ label, text }) => label + text).join("\n")
    return actions.has(action) || !actions.add(action)
  }
  return messages.filter(({ isSummary, role }) => !isSummary && role !== "system").flatMap((message) =>
    message.blocks.flatMap((block): ReadonlyArray<ReadonlyArray<Excerpt>> => {
      const { kind, text } = block
      const call = byBlock.get(block)
      if (call !== undefined) {
        const excerpts = actionOf(call)
        return isRepeat(excerpts) ? [] : [excerpts]
      }
      if (kind === "thinking") {
        const reasoned = reasons(text)
        return reasoned === "" ? [] : [[{ message, kind, label: "Claude thought: ", text: reasoned }]]
      }
      if (kind !== "text" || INTERRUPTED.test(text)) return []
      if (message.role === "human") {
        if (message.thread !== "main") return [leadingExcerpt(message, kind, "Task: ", text, 2 * MENTIONED)]
        const typed = withoutPasted(text)
        return isLongPrompt(message, text)
          ? [condensedPrompt(message, "User: ", typed)]
          : groupsOf(message, "User: ", typed)
      }
      const said = settled(condense(text))
      return isExplanation(text)
        ? [openingOf(message, said)]
        : groupsOf(message, "Claude: ", said)
    })
  ).filter((group) => group.length > 0)
}

/** Matches a block of commands, by which Claude says how something is run. */
const COMMANDS = /^\s*```(?:bash|sh|shell|console|zsh|powershell)\b/mu
/** Characters of a command that one would have to work out again. */
const MIN_COMMAND = 60
/** Weighted length below which a later part of an exchange is merged with the part before it, where both fit. */
const MIN_PART = 250

const lengthOf = (excerpts: ReadonlyArray<Excerpt>) => excerpts.reduce((sum, { text }) => sum + weightedLength(text), 0)

/**
 * Splits excerpts into two parts that both fit, as equal as possible; a tool's output stays with the excerpt before it.
 */
const splitEvenly = (excerpts: ReadonlyArray<Excerpt>): ReadonlyArray<ReadonlyArray<Excerpt>> | undefined => {
  const half = lengthOf(excerpts) / 2
  const distance = (i: number) => Math.abs(lengthOf(excerpts.slice(0, i)) - half)
  const [best] = excerpts.flatMap(({ kind }, i) => i > 0 && kind !== "tool_result" ? [i] : [])
    .filter((i) => fitOneUnit(excerpts.slice(0, i)) && fitOneUnit(excerpts.slice(i)))
    .sort((a, b) => distance(a) - distance(b))
  return best === undefined ? undefined : [excerpts.slice(0, best), excerpts.slice(best)]
}

/** Merges parts that are too short with the part before; where both do not fit together, they are split evenly. */
const mergeShort = (packed: ReadonlyArray<ReadonlyArray<Excerpt>>): ReadonlyArray<ReadonlyArray<Excerpt>> =>
  packed.reduce<ReadonlyArray<ReadonlyArray<Excerpt>>>((kept, excerpts) => {
    const last = kept.at(-1)
    if (last === undefined || lengthOf(excerpts) >= MIN_PART) return [...kept, excerpts]
    const both = [...last, ...excerpts]
    return [...kept.slice(0, -1), ...(fitOneUnit(both) ? [both] : splitEvenly(both) ?? [last, excerpts])]
  }, [])

/** Characters of room below which a part's title does not repeat the subject. */
const MIN_SUBJECT = 16

const MIN_SUMMARY = 30

/** Titles a later part of an exchange: its own title, after the subject where both fit. */
const partTitle = (subject: string | undefined, own: string | undefined): string | undefined => {
  if (subject === undefined || own === undefined) return own ?? subject
  const room = MAX_TITLE - own.length - 2
  const within = room < MIN_SUBJECT ? "" : shortened(subject, room)
  return within === "" || within.endsWith("…") ? own : `${within}${/[?？]$/u.test(within) ? "" : ":"} ${own}`
}

/** True for a sentence that says what is wished, or how things are and why, and asks nothing. */
const isStated = (sentence: string): boolean => (isWish(sentence) || isLesson(sentence)) && !isQuestion(plain(sentence))

/**
 * True for a part in which a person states a wish or chooses, or in which Claude states what was learned; the first part
 * of an exchange needs a prompt that is understandable, or an answer of some length. Where Claude said and did nothing, only what the
 * person states in words of his own counts: neither a question nor a failure that was pasted.
 */
const isWorthUnit = (excerpts: ReadonlyArray<Excerpt>, isFirst: boolean): boolean => {
  const own = excerpts.filter(({ label }) => label !== PRECEDED)
  const asked = own.filter(({ message }) => message.isPrompt && message.thread === "main")
  const said = own.filter(({ kind, message }) =>
    message.role === "assistant" && (kind === "text" || kind === "thinking")
  )
  const sentencesOf = (some: ReadonlyArray<Excerpt>) => quotable(some.map(({ text }) => text).join("\n"))
  if (asked.length === own.length && !asked.some(({ text }) => ownSentences(text).some(isStated))) return false
  if (
    own.some(({ label }) => label === CHOSE) ||
    sentencesOf(asked).some((sentence) => isWish(sentence) || isTold(sentence))
  ) {
    return lengthOf(own) > 60
  }
  if (own.some(({ label, text }) => label === RAN && text.length >= MIN_COMMAND)) return true
  if (own.some(({ label, text }) => label === COMMITTED && statements(text).some(isLesson))) return true
  if (said.some(({ text }) => COMMANDS.test(text))) return true
  const isAnswered = own.length < excerpts.length && asked.some(({ text }) => isQuestion(plain(text))) &&
    sentencesOf(said).some((sentence) => SPECIFIC.test(sentence) && !isQuestion(plain(sentence)) && !isStatus(sentence))
  if (isAnswered) return true
  const isReasoned = lengthOf(asked) <= MENTIONED && asked.some(({ text }) => asksWhy(text)) &&
    lengthOf(said) >= MIN_ANSWER
  if (!isReasoned && !sentencesOf(said).some((sentence) => isLesson(sentence) || isFact(sentence))) return false
  return !isFirst || asked.some(({ text }) => isSelfContained(text)) || lengthOf(said) >= MIN_ANSWER
}

/**
 * Summarizes a part without Claude's text: by its choice, its commits, a pasted failure, the prompt or the last action.
 */
const fallbackSummary = (excerpts: ReadonlyArray<Excerpt>): string => {
  const chosen = excerpts.find(({ label }) => label === CHOSE)
  if (chosen !== undefined) return chosen.text.replace(/"([^"\n]*)"="([^"\n]*)"/gu, "$1 $2")
  const commits = commitsIn(excerpts)
  if (commits.length > 0) return `Committed: ${commits.join("; ")}`
  const prompts = excerpts.filter(({ message }) => message.isPrompt)
  const failure = pastedFailure(prompts.map(({ text }) => text).join("\n"))
  if (failure !== undefined) return failure
  const [asked] = prompts
  const { text } = asked ?? excerpts.findLast(({ kind }) => kind !== "tool_result") ?? excerpts.at(-1)!
  // A prompt without an answer may be a log after its first lines.
  const sentences = asked === undefined ? statements(text) : statements(text).slice(0, 3)
  return summarize(sentences, { count: 2, length: MAX_SUMMARY }) || plain(text)
}

/** What Claude supposed of a cause in a segment and found to be wrong, and what it found in its place. */
interface Findings {
  readonly refuted: ReadonlySet<string>
  readonly found: Excerpt | undefined
}

/**
 * Returns what of Claude's causes a later message refutes, and the last cause or fact that it told before it changed something, else
 * the last one of all.
 */
const findingsIn = ({ segment: { messages } }: SegmentContext, calls: ReadonlyArray<Call>): Findings => {
  const said = messages.flatMap((message, at) =>
    message.role !== "assistant" || message.isSummary ?
      [] :
      message.blocks.flatMap(({ kind, text }) => kind === "text" ? [{ message, at, sentences: quotable(text) }] : [])
  )
  const refuted = refutedIn(said.map(({ sentences }) => sentences))
  const wrong = said.findLast(({ sentences }) => sentences.some((sentence) => refuted.has(sentence)))
  if (wrong === undefined) return { refuted, found: undefined }
  const after = said.filter(({ at }) => at > wrong.at).map((each) => ({
    ...each,
    sentences: each.sentences.filter((sentence) => (isLesson(sentence) || isFact(sentence)) && !isAnnounced(sentence))
  })).filter(({ sentences }) => sentences.length > 0)
  const [first] = after
  const changedAt = calls.find((call) => first !== undefined && call.at > first.at && editsOf(call).length > 0)?.at
  const last = after.findLast(({ at }) => changedAt === undefined || at <= changedAt)
  if (last === undefined) return { refuted, found: undefined }
  const kept = choose(last.sentences.map(plain), { count: 2, length: MENTIONED })
  const text = kept.map((i) => last.sentences[i]!).join("\n")
  return { refuted, found: text === "" ? undefined : { message: last.message, kind: "text", label: FOUND_LATER, text } }
}

/** Adds to a part that tells a wrong cause, and ends before the right one, what was found later. */
const withFound = (excerpts: ReadonlyArray<Excerpt>, { found, refuted }: Findings): ReadonlyArray<Excerpt> => {
  if (found === undefined || excerpts.some(({ message }) => message === found.message)) return excerpts
  const isWrong = excerpts.some(({ text }) => withoutSentences(text, refuted) !== text)
  const both = [...excerpts, found]
  return isWrong && fitOneUnit(both) ? both : excerpts
}

/** Returns the subjects of the commits. */
const commitsIn = (excerpts: ReadonlyArray<Excerpt>): ReadonlyArray<string> =>
  excerpts.flatMap(({ label, text }) => label === COMMITTED ? [text.split("\n")[0]!] : [])

export const conversations = (
  context: SegmentContext,
  calls: ReadonlyArray<Call>,
  subject: string | undefined
): ReadonlyArray<Draft> => {
  const indexOf = new Map(context.segment.messages.map((message, i) => [message, i]))
  const packed = mergeShort(pack(
    [precedingAnswer(context), ...excerptsIn(context, calls)],
    ([first], length) => first?.kind === "text" && length >= ENOUGH_LENGTH
  ))
  const findings = findingsIn(context, calls)
  return packed.flatMap((part, i): ReadonlyArray<Draft> => {
    if (!isWorthUnit(part, i === 0)) return []
    const excerpts = withFound(part, findings)
    const answer = excerpts.filter(({ kind, label, message }) =>
      kind === "text" && message.role === "assistant" && label !== PRECEDED
    )
      .map(({ text }) => withoutSentences(text, findings.refuted)).join("\n")
    const begins = excerpts.some(({ message }) => message.isPrompt)
    const [commit] = commitsIn(excerpts)
    const own = answerTitle(answer) ?? (commit === undefined ? undefined : titleFrom(commit))
    const title = (begins ? subject : partTitle(subject, own)) ?? own ?? titleFrom(excerpts.at(-1)!.text)
    const lead = begins || subject === undefined || subject === title || subject.length > MAX_TITLE
      ? ""
      : `${subject} — `
    // What was found later is what a part with a wrong cause is about.
    const later = excerpts.at(-1)?.label === FOUND_LATER ? excerpts.at(-1)!.text : answer
    const summary = summarize(informativeStatements(later), {
      count: 2,
      length: MAX_SUMMARY - lead.length,
      about: subject ?? ""
    })
    return [{
      type: "conversation",
      title,
      // The commits' subjects are more informative than "All green."
      summary: summary === "" || (summary.length < MIN_SUMMARY && commit !== undefined)
        ? fallbackSummary(excerpts)
        : lead + summary,
      excerpts,
      at: indexOf.get(excerpts.find(({ label }) => label !== PRECEDED)!.message) ?? 0,
      slot: String(i)
    }]
  })
}
