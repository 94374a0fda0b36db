/**
 * Finds what a session leaves to be done: tasks of Claude's list that are not completed, changes in Git's stash, pull requests that were
 * not merged, what Claude's last answer says is missing, and what the person put off. What was done later in the session is left out.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import type { Block, Message } from "../../domain/Conversation.ts"
import { matchesIn } from "../../domain/Matches.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import type { SessionOutline } from "../../store/MemoryStore.ts"
import { type Excerpt, RAN } from "../Draft.ts"
import { type Account, closes, lexemesIn, namesIn, reportsIn } from "../text/Closing.ts"
import { linesOf, plain, quotable, sentencesOf } from "../text/Prose.ts"
import { isPutOff, namesComingDay, saysMost } from "../text/PutOff.ts"
import { choose } from "../text/Salience.ts"
import { type Call, callsOf, commandOf, commitIn, editsOf, inputOf, textOf } from "./Steps.ts"

const OPEN = "Open: "
const PUT_OFF = "Open: the person said: "
const STASHED = "Open: stashed: "
const PULL_REQUEST = "Open: pull request: "

/** Labels of what is open, and of commands that close what an earlier session left, in the order in which an archive is read. */
export const LABELS = [RAN, OPEN, STASHED, PULL_REQUEST, PUT_OFF]

/** Most tasks, and characters and sentences of what Claude and of what the person said. */
const MAX_TASKS = 5
const SAID = { count: 2, length: 300 }
const ASKED = { count: 2, length: 200 }
/** Weighted length of a prompt that is too long for one that puts something off, and of an answer that is too short to be the last. */
const LONG = 600
const SHORT = 160
/** Most answers, from the last one on, and most prompts that are read. */
const MAX_ANSWERS = 3
const MAX_PROMPTS = 4
/** Least share of the words of what a person put off that Claude's answer to it holds where it says the same. */
const SOME = 0.25

/** Matches the label of what is open. */
const LABELLED = /^[^\p{L}]*(?:left |still )?(?:open|to-?do)(?: for later)?\s*[:：]\s*/iu

/** Matches what says that something is not done, or asks whether it should be. */
const UNDONE = inBothScripts(
  /^[^\p{L}]*(?:left|open|missing|outstanding|to ?do)\b[^:：]{0,20}[:：]|\b(?:next steps?|to[- ]do|todo:|remaining|remains|left (?:to|for|open|undone|out)|pending|follow-?up|still (?:need|ha(?:s|ve)|to|fail|miss|open|not|un\p{L}+ed\b|(?:is|are|was|were)(?: not|n['’]t))|(?:not|\p{L}+n['’]t|nothing|nobody|never)\b[^.;:]{0,50}\byet\b|(?:ha(?:s|ve)|needs?|remains?) (?:yet )?to be \p{L}+(?:ed|en|t)\b|(?:is|are|'s) still (?:missing|open|unresolved|failing)|still (?:missing|open)|waiting (?:for|on)|want me to|would you like|should (?:i|we)|shall (?:i|we)|do you want|let me know (?:when|which|what)|ready to (?:test|commit|push|merge|review))|下一步|待(?:办|定|确认|处理|修复|补)|还(?:没|需要|要|差|缺|剩)|尚未|未(?:完成|解决)|要不要|是否需要|需要你|剩(?:下|余)|没[^，。；：]{0,6}完(?!全|整|美)|(?:^|[，,。；;\s])等(?![等于级价同效，,：:])/iu
)

/**
 * Matches what says that nothing is open, what would still be to do under a condition, an offer of more help, and a decision, whose
 * reason may tell of what is not there yet.
 */
const NOTHING_OPEN = inBothScripts(
  /^[^\p{L}]*(?:with|if|when(?:ever)?)\b[^.;]*\byou still\b|^[^\p{L}]*deci(?:sion|ded)\b[^:：]{0,20}[:：]|\b(?:no(?:thing|ne)?|zero|without(?: any)?)\b[^,.;]{0,40}\b(?:left|remain\w*|pending|open|missing|outstanding|to do|follow-?ups?)\b|anything else|(?:没有?|无)[^，。；]{0,8}(?:剩|待|遗留|未)|需要帮助/iu
)

/** True for a sentence that tells of something open. */
export const isOpenEnd = (sentence: string): boolean => UNDONE.test(sentence) && !NOTHING_OPEN.test(sentence)

/** A statement of something that is open, and where it stands. */
interface Point {
  readonly message: Message
  readonly text: string
}

/** Returns what a message says of something open; of a list below a line that says so, the items. */
const pointsIn = (message: Message, isOpen: (sentence: string) => boolean): ReadonlyArray<Point> => {
  const points: Array<string> = []
  let isListed = false
  for (const { kind, text } of linesOf(textOf(message))) {
    if (kind === "item" && isListed) points.push(text.trim())
    else if (kind === "code" || kind === "table") isListed = false
    else {
      const isHead = kind === "heading" || /[:：][*_\s]*$/u.test(text)
      isListed = isHead && isOpen(text)
      if (!isHead) points.push(...sentencesOf(text).filter(isOpen))
    }
  }
  return points.map((text) => ({ message, text }))
}

/** What was said and done later than a time: what was asked for, and what was reported, committed and edited. */
interface Later extends Account {
  readonly files: ReadonlyArray<string>
}

const laterThan = (
  time: number,
  { closing, prompts }: Pick<SessionOutline, "closing" | "prompts">,
  calls: ReadonlyArray<Call>
): Later => {
  const isLater = ({ occurredAt }: Message) => occurredAt > time
  const asked = prompts.filter(isLater).map(textOf)
  const done = calls.filter(({ failed, message }) => !failed && isLater(message))
  return {
    asked: [...lexemesIn(asked.join("\n"))],
    open: new Set(),
    reports: [
      ...[...asked, ...closing.filter(isLater).map(textOf)].flatMap((text) => reportsIn(text)),
      ...done.flatMap((call) => commitIn(commandOf(call) ?? "")?.subject ?? [])
    ],
    files: done.flatMap(editsOf).map(({ file }) => file.split(/[\\/]/).at(-1)!)
  }
}

/** Matches what is missing of a thing by the verb for it: "is not filed", "to be rotated". */
const PARTICIPLE = /\b(?:not|\p{L}+n['’]t|be)(?: yet| been)? (\p{L}{2,}(?:ed|en|nt|lt|pt))\b/iu
/** Matches a report of the person's or Claude's about "it". */
const OF_IT = /\b(?:it|that|this|them|those)\b/i

/** True where later words or edits say that a point was done: also by its verb and "it", or in the file that it names. */
const isClosed = (point: string, later: Later): boolean => {
  const verb = PARTICIPLE.exec(point)?.[1]?.toLowerCase()
  return closes(point)(later) || later.files.some((file) => file.includes(".") && point.includes(file)) ||
    verb !== undefined &&
      later.reports.some((report) => OF_IT.test(report) && report.toLowerCase().split(/\W+/u).includes(verb))
}

/** Returns a string of JSON as it stands there, where it needs no escapes: excerpts are verbatim. */
const verbatim = (value: unknown, { text }: Block): ReadonlyArray<string> =>
  typeof value === "string" && value.trim() !== "" && text.includes(value) ? [value] : []

const TASKS = /^todos:\s*(\[[\s\S]*\])$/mu
const FIELD = (name: string) => new RegExp(`^${name}: (\\S+)`, "mu")

/** Returns the entries of a list of tasks; none where it was cut or is of another form. */
const entriesIn = (text: string): ReadonlyArray<{ readonly content?: unknown; readonly status?: unknown }> => {
  try {
    const entries: unknown = JSON.parse(TASKS.exec(text)?.[1] ?? "[]")
    return Array.isArray(entries) ? entries.filter((entry) => typeof entry === "object" && entry !== null) : []
  } catch {
    return []
  }
}

/** Returns the tasks of Claude's list that are neither completed nor deleted: of the last list, or as they were created and updated. */
const tasksIn = (calls: ReadonlyArray<Call>): ReadonlyArray<Point> => {
  let tasks = new Map<string, Point>()
  for (const { block, failed, message, result, tool } of calls) {
    if (failed || block.kind !== "tool_use") continue
    if (tool === "TodoWrite") {
      const left = entriesIn(block.text).filter(({ status }) => status !== "completed")
        .flatMap(({ content }) => verbatim(content, block))
      tasks = new Map(left.map((text) => [text, { message, text }]))
    } else if (tool === "TaskCreate") {
      const id = /#(\d+)/u.exec(result?.block.text ?? "")?.[1]
      const [subject = ""] = inputOf({ block }, "subject")?.split("\n") ?? []
      if (id !== undefined && subject !== "") tasks.set(`#${id}`, { message, text: subject })
    } else if (tool === "TaskUpdate" && /^(?:completed|deleted)$/u.test(FIELD("status").exec(block.text)?.[1] ?? "")) {
      tasks.delete(`#${FIELD("taskId").exec(block.text)?.[1] ?? ""}`)
    }
  }
  return [...tasks.values()]
}

const STASH =
  /\bgit(?: -C \S+)? stash\b(?: (push|save|pop|apply|drop|clear|branch|list|show|create|store))?(?:[^\n&;|"']|"[^"\n]*"|'[^'\n]*')*/gu
const OF_REQUEST = /\b(?:gh pr|glab mr) (create|merge|close)\b[^\n&;|"']*/gu
const URL = /https:\/\/[\w.-]+\/[\w./-]+\/(?:pull|merge_requests)\/\d+/u

/** What of Git is open at the end of a session, and the commands by which it closed what another one had left. */
interface OfGit {
  readonly open: ReadonlyArray<Excerpt>
  readonly closing: ReadonlyArray<Excerpt>
}

/** Returns stashes that were not taken back, and pull requests that were neither merged nor closed. */
const ofGit = (calls: ReadonlyArray<Call>): OfGit => {
  const stashes: Array<Excerpt> = []
  const requests: Array<Excerpt> = []
  const closing: Array<Excerpt> = []
  for (const call of calls) {
    const command = commandOf(call)
    if (command === undefined || call.failed) continue
    const { message, result } = call
    const printed = result?.block.text ?? ""
    const ran = (text: string): Excerpt => ({ message, kind: "tool_use", label: RAN, text: text.trim() })
    for (const [text, verb = "push"] of matchesIn(command, STASH)) {
      if (/^(?:push|save)$/u.test(verb)) {
        if (!/No local changes/u.test(printed)) stashes.push({ ...ran(text), label: STASHED })
      } else if (verb === "clear") closing.push(...stashes.splice(0).length === 0 ? [ran(text)] : [])
      else if (/^(?:pop|apply|drop|branch)$/u.test(verb) && stashes.pop() === undefined) closing.push(ran(text))
    }
    for (const [text, verb] of matchesIn(command, OF_REQUEST)) {
      const url = URL.exec(printed)?.[0]
      if (verb !== "create") { if (requests.pop() === undefined) closing.push(ran(text)) }
      else if (url !== undefined) {
        requests.push({ message: result!.message, kind: "tool_result", label: PULL_REQUEST, text: url })
      }
    }
  }
  return { open: [...stashes, ...requests], closing }
}

/** Matches a question. What Claude asked before its last answer, the person has answered. */
const QUESTION = /[?？][\s"'”’*_`)）]*$/u

/** Returns the answers, from the last one on, up to the first that says enough or that something is open. */
const lastAnswers = (answers: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const newest = answers.slice(-MAX_ANSWERS).toReversed()
  const end = newest.findIndex((message) =>
    weightedLength(textOf(message)) >= SHORT || quotable(textOf(message)).some(isOpenEnd)
  )
  return newest.slice(0, end < 0 ? newest.length : end + 1).toReversed()
}

const chosenOf = (
  points: ReadonlyArray<Point>,
  label: string,
  choice: { readonly count: number; readonly length: number; readonly about: string }
): ReadonlyArray<Excerpt> =>
  choose(points.map(({ text }) => plain(text)), choice).map((i) => {
    const { message, text } = points[i]!
    return { message, kind: "text" as const, label, text: text.replace(LABELLED, "") }
  })

/** Returns what is open at the end of a session. `answers` are the last messages that Claude gave to prompts, `topics` what it was about. */
export const openPoints = (
  outline: Pick<SessionOutline, "closing" | "prompts" | "steps">,
  answers: ReadonlyArray<Message>,
  topics: string
): ReadonlyArray<Excerpt> => {
  const calls = callsOf(outline.steps)
  const since = new Map<number, Later>()
  const isLeft = ({ message: { occurredAt }, text }: Point) => {
    const later = since.get(occurredAt) ?? laterThan(occurredAt, outline, calls)
    since.set(occurredAt, later)
    // What the person came back to was dealt with, or the answer to it says what is open.
    return !isClosed(text, later) && !namesIn(text).some((name) => later.asked.includes(name))
  }
  const nextOf = ({ occurredAt }: Message) => outline.prompts.find((prompt) => prompt.occurredAt > occurredAt)
  /** True where Claude says what the person said, in its answer often in other words. */
  const isSame = (claudes: Point, persons: Point) => {
    const isAnswer = claudes.message.occurredAt > persons.message.occurredAt &&
      nextOf(claudes.message) === nextOf(persons.message)
    return saysMost(claudes.text, persons.text, isAnswer ? SOME : undefined)
  }
  // The first prompt says what the session is for.
  const lastPrompts = outline.prompts.slice(1).slice(-MAX_PROMPTS)
    .filter((prompt) => weightedLength(textOf(prompt)) < LONG)
  // Claude may label what is open and then go on, to commit it all.
  const labelled = outline.closing.filter((message) => !answers.includes(message))
    .flatMap((message) => pointsIn(message, (sentence) => LABELLED.test(sentence)))
  const answered = lastAnswers(answers).flatMap((message) =>
    pointsIn(message, (sentence) => isOpenEnd(sentence) || namesComingDay(sentence, message.occurredAt))
  )
  const said = [...labelled, ...answered].filter((point) =>
    isLeft(point) && (point.message === answers.at(-1) || !QUESTION.test(point.text))
  )
  const putOff = lastPrompts.flatMap((message) =>
    quotable(textOf(message)).filter((sentence) => isPutOff(sentence, message.occurredAt))
      .map((text) => ({ message, text }))
  ).filter((point) => isLeft(point) && !said.some((other) => isSame(other, point)))
  // What Claude says of the tasks on its list needs no second line.
  const told = new Set(said.flatMap(({ text }) => Tokenizer.lexemes(text)))
  const isTold = ({ text }: Point) => Tokenizer.lexemes(text).every((lexeme) => told.has(lexeme))
  const tasks = tasksIn(calls).filter((task) => !isTold(task)).filter(isLeft).slice(0, MAX_TASKS)
  const { closing, open } = ofGit(calls)
  return [
    ...closing,
    ...chosenOf(said, OPEN, { ...SAID, about: topics }),
    ...tasks.map((task): Excerpt => ({ ...task, kind: "tool_use", label: OPEN })),
    ...open,
    ...chosenOf(putOff, PUT_OFF, { ...ASKED, about: topics })
  ]
}
