/**
 * Archives: a session in one unit, with its aim, its other requests, its outcome and its open ends.
 */
import type { Message, Session } from "../../domain/Conversation.ts"
import { matchesIn } from "../../domain/Matches.ts"
import { type MemoryUnit, type Passage, weightedLength } from "../../domain/MemoryUnit.ts"
import { isResumption } from "../../domain/Resumption.ts"
import type { SessionOutline } from "../../store/MemoryStore.ts"
import { COMMITTED, type Draft, type Excerpt, excerptsOf, fitOneUnit, fittingExcerpts, MAX_SUMMARY } from "../Draft.ts"
import { changedIn } from "../text/Changed.ts"
import {
  isChoice,
  isFinding,
  isLesson,
  isQuestion,
  isRecommendation,
  isStatus,
  isWish,
  standsAlone
} from "../text/Lessons.ts"
import { isAnnounced, isChatter, plain, quotable, sentencesOf } from "../text/Prose.ts"
import { refutedIn } from "../text/Refuted.ts"
import { outdatedIn, replacementsIn } from "../text/Replacing.ts"
import { type Choice, choose, summarize } from "../text/Salience.ts"
import { isDone } from "../text/Settled.ts"
import { pieces } from "../text/Text.ts"
import { isSelfContained, promptTitle, titleFrom } from "../text/Titles.ts"
import { isThin } from "../text/Worth.ts"
import { isLongPrompt } from "./Documentation.ts"
import { isOpenEnd, LABELS, openPoints } from "./OpenPoints.ts"
import { withoutUnchosen } from "./Proposals.ts"

const AIM = 400
const ASKED = 140
/** Characters and sentences of the outcome that the last message gives, and each of the two before it. */
const LAST_OUTCOME = { length: 420, count: 5 }
const EARLIER_OUTCOME = { length: 500, count: 5 }
/** Characters of the answers' outcome that need no more. */
const ENOUGH = 250

const textOf = (message: Message): string => message.blocks.find(({ kind }) => kind === "text")?.text ?? ""

/** Returns the first understandable sentence that fits; else the beginning of one that is too long. */
const requestIn = (text: string, length: number): string => {
  const sentences = quotable(text)
  const request = sentences.find((sentence) => isSelfContained(sentence) && sentence.length <= length) ??
    sentences.find(isSelfContained) ?? sentences[0] ?? text.trim()
  return pieces(request, length, (piece) => piece.length <= length)[0] ?? ""
}

/** Returns a short prompt unchanged; of a long one the first request, or the name of the plan that it hands over. */
const aimIn = (text: string): string => {
  if (text.length <= AIM) return text.trim()
  const request = requestIn(text, AIM)
  const heading = /[:：]$/.test(quotable(text)[0] ?? "")
    ? text.split("\n").find((line) => /^#{1,3} /.test(line))
    : undefined
  return heading === undefined ? request : heading.replace(/^#+\s*/, "").slice(0, AIM)
}

const isAnnouncement = (sentence: string) => isChatter(sentence) || /[:：]\s*$/.test(sentence)

/** Returns the closing messages that no other follows before the next prompt: what came of each prompt. */
const answersIn = (closing: ReadonlyArray<Message>, prompts: ReadonlyArray<Message>): ReadonlyArray<Message> =>
  closing.filter((message, i) => {
    const next = closing[i + 1]
    return next === undefined ||
      prompts.some(({ occurredAt }) => occurredAt > message.occurredAt && occurredAt <= next.occurredAt)
  })

/**
 * Returns the outcome: sentences of three closing messages that have any, most of the last one. Those that end the
 * answer to a prompt come first; where these say little, what was said on the way there, too. Of alternatives only what the next prompt takes
 * came of it.
 */
const outcomeIn = (
  { closing, prompts }: SessionOutline,
  answers: ReadonlyArray<Message>,
  topics: string,
  refuted: ReadonlySet<string>
): ReadonlyArray<Excerpt> => {
  const others = closing.filter((message) => !answers.includes(message)).toReversed()
  const outcome: Array<Excerpt> = []
  for (const message of [...answers.toReversed(), ...others]) {
    const said = outcome.reduce((sum, { text }) => sum + text.length, 0)
    if (outcome.length === 3 || said >= ENOUGH && others.includes(message)) break
    const reply = prompts.find(({ occurredAt }) => occurredAt > message.occurredAt)
    const stated = withoutUnchosen(message, reply === undefined ? "" : textOf(reply)).filter((sentence) =>
      !isAnnouncement(sentence) && !isThin(sentence) && !isQuestion(plain(sentence)) && !isOpenEnd(sentence) &&
      !refuted.has(sentence)
    )
    const solid = stated.filter((sentence) => !isStatus(sentence))
    const sentences = solid.length === 0 ? stated : solid
    const kept = choose(sentences.map(plain), {
      ...(outcome.length === 0 ? LAST_OUTCOME : EARLIER_OUTCOME),
      about: topics
    }).map((i) => sentences[i]!)
    if (kept.length > 0) outcome.push({ message, kind: "text", label: "Outcome: ", text: kept.join("\n") })
  }
  return outcome.sort((a, b) => closing.indexOf(a.message) - closing.indexOf(b.message))
}

/** Label of what held until a later turn changed it. */
const CHANGED = "Found, and changed since: "

/** Labels in the order in which an archive is read. */
const ORDER = [
  "Aim: ",
  "Decided: ",
  "Learned: ",
  "Also asked: ",
  CHANGED,
  "Asked last, without an answer: ",
  "Outcome: ",
  COMMITTED,
  "Pull request: ",
  "To run: ",
  ...LABELS
]

/** Characters and sentences of what was found amiss and then changed. */
const FOUND = { length: 300, count: 3 }
/** Characters and sentences of what a session taught, and of what was decided in it. */
const LEARNED = { length: 450, count: 3 }
const DECIDED = { length: 300, count: 2 }

/** Returns a message that a unit quotes, as far as the unit knows it. */
const quotedMessage = ({ occurredAt }: MemoryUnit, { uuid }: Passage, session: Session): Message => ({
  uuid,
  parentUuid: null,
  sessionId: session.id,
  role: "assistant",
  thread: "main",
  occurredAt,
  isPrompt: false,
  isSummary: false,
  blocks: []
})

interface Quote {
  readonly message: Message
  readonly kind: Passage["kind"]
  readonly text: string
}

/** Matches the labels of who speaks, which no quoted text can hold (domain/Speakers.ts). */
const SPEAKER = /(?:^|\n)(User|Claude)(?: [a-z ]{1,24})?: /gu

const isOfPerson = ({ content }: MemoryUnit, { from }: Passage): boolean =>
  [...matchesIn(content.slice(0, from), SPEAKER)].at(-1)?.[1] === "User"

/** Returns the texts of Claude's that units of one origin quote, as the sentences of each. */
const textsIn = (units: ReadonlyArray<MemoryUnit>): ReadonlyArray<ReadonlyArray<string>> =>
  units.flatMap((unit) =>
    unit.passages.filter((passage) => passage.kind === "text" && !isOfPerson(unit, passage))
      .map(({ from, to }) => quotable(unit.content.slice(from, to)))
  )

/** Returns what of Claude's causes a later message refutes before the next prompt, or the person in that prompt. */
const refutedOf = ({ closing, prompts, units }: SessionOutline): ReadonlySet<string> => {
  const ordered = units.toSorted((a, b) => a.position - b.position)
  const quoted = [...new Set(ordered.map(({ origin }) => origin))].map((origin) =>
    textsIn(ordered.filter((unit) => unit.origin === origin && unit.type === "conversation"))
  )
  const nextOf = (message: Message) => prompts.find(({ occurredAt }) => occurredAt > message.occurredAt)
  const said = [undefined, ...prompts].map((next) =>
    [...closing.filter((message) => nextOf(message) === next), ...next === undefined ? [] : [next]]
      .map((message) => quotable(textOf(message)))
  )
  return new Set([...quoted, ...said].flatMap((texts) => [...refutedIn(texts)]))
}

/** Returns the subjects of the commits of the turn that a message ends, as its units quote them. */
const commitsOf = (message: Message, { session, units }: SessionOutline): ReadonlyArray<Excerpt> => {
  const origin = units.find(({ passages }) => passages.some(({ uuid }) => uuid === message.uuid))?.origin
  return units.filter((unit) => unit.origin === origin && unit.type === "conversation").flatMap((unit) =>
    unit.passages.filter(({ from, kind }) => kind === "tool_use" && unit.content.slice(0, from).endsWith(COMMITTED))
      .map(
        (passage): Excerpt => ({
          message: quotedMessage(unit, passage, session),
          kind: passage.kind,
          label: COMMITTED,
          text: unit.content.slice(passage.from, passage.to).split("\n")[0]!
        })
      )
  )
}

/** Matches a commit's hash. */
const HASH = /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b/gu
/** Weighted length, without the hash, of a sentence that says no more than that it was committed. */
const BARE = 24

/** True for a sentence that names a commit by its hash and says nothing else: "Pushed as 1a2b3c4." */
const isBareCommit = (sentence: string): boolean => {
  const words = plain(sentence)
  const rest = words.replace(HASH, "")
  return rest !== words && !/\d/u.test(rest) && weightedLength(rest) <= BARE
}

/** Returns what answers said to be amiss and the turn after them changed, with the message that says it. */
const changedSince = (
  outline: SessionOutline,
  answers: ReadonlyArray<Message>
): ReadonlyArray<readonly [message: Message, sentences: ReadonlySet<string>]> =>
  answers.slice(0, -1).map((message, i) => {
    const next = answers[i + 1]!
    const asked = outline.prompts.filter(({ occurredAt }) =>
      occurredAt > message.occurredAt && occurredAt <= next.occurredAt
    )
    return [
      message,
      changedIn(
        quotable(textOf(message)),
        asked.flatMap((prompt) => quotable(textOf(prompt))),
        [...quotable(textOf(next)), ...commitsOf(next, outline).map(({ text }) => text)]
      )
    ]
  })

/** Returns sentences of the session's units for which `isOf` holds, in their order, each once. */
const quotesIn = (
  units: ReadonlyArray<MemoryUnit>,
  session: Session,
  isPerson: boolean,
  isOf: (sentence: string) => boolean
): ReadonlyArray<Quote> => {
  const seen = new Set<string>()
  return units.flatMap((unit) =>
    unit.passages.filter((passage) => passage.kind === "text" && isOfPerson(unit, passage) === isPerson).flatMap((
      passage
    ) =>
      quotable(unit.content.slice(passage.from, passage.to))
        .filter((sentence) => isOf(sentence) && !seen.has(sentence) && seen.add(sentence))
        .map((text) => text.replace(/^\s*(?:[-*+•]|\d{1,3}[.)、])\s+/u, ""))
        .map((text) => ({ message: quotedMessage(unit, passage, session), kind: passage.kind, text }))
    )
  )
}

const chosenOf = (quotes: ReadonlyArray<Quote>, label: string, choice: Choice): ReadonlyArray<Excerpt> =>
  choose(quotes.map(({ text }) => plain(text)), choice).map((i) => ({ ...quotes[i]!, label }))

/** True for a finding or a choice with its reason that is no report of a step. */
const isTaught = (sentence: string): boolean =>
  !/[:：][*_]*$/u.test(sentence) && (isFinding(sentence) || isChoice(sentence) && standsAlone(sentence)) &&
  !isAnnounced(sentence) && !isDone(sentence) && !isRecommendation(plain(sentence))

/** Weighted length of aim and outcome below which a task is a small one. */
const SMALL = 400

/** True for an aim and an outcome that are short, with nothing learned on the way. */
const isSmall = (excerpts: ReadonlyArray<Excerpt>): boolean =>
  excerpts.reduce((sum, { text }) => sum + weightedLength(text), 0) < SMALL &&
  !quotable(excerpts.map(({ text }) => text).join("\n")).some((sentence) => isWish(sentence) || isLesson(sentence))

const PULL_REQUEST = /https:\/\/[\w.-]+\/[\w./-]+\/(?:pull|merge_requests)\/\d+/

/** Returns the last pull request that the closing messages name. */
const pullRequestIn = (closing: ReadonlyArray<Message>): ReadonlyArray<Excerpt> => {
  const message = closing.findLast((message) => PULL_REQUEST.test(textOf(message)))
  return message === undefined
    ? []
    : [{ message, kind: "text", label: "Pull request: ", text: PULL_REQUEST.exec(textOf(message))![0] }]
}

const COMMANDS = /^\s*```(?:bash|sh|shell|console|zsh|powershell)\n([\s\S]*?)\n\s*```/mu
/** Matches a line of a command that goes on in the next, and one that goes on to the line of a word. */
const GOES_ON = /(?:\\|\||&&)\s*$/u
const HERE_DOCUMENT = /<<-?\s*['"]?(\w+)/u
/** Most lines of commands, and characters of a line; and most lines of a single command. */
const MOST_LINES = { ofAll: 3, ofOne: 8, chars: 120 }

/** Returns the first commands that the last message gives to run, each whole. */
const commandsIn = (message: Message | undefined): ReadonlyArray<Excerpt> => {
  const block = message === undefined ? undefined : COMMANDS.exec(textOf(message))?.[1]
  if (message === undefined || block === undefined) return []
  const lines = block.split("\n")
  let whole = 0
  for (let at = 0; at < lines.length; at++) {
    if (lines[at]!.length > MOST_LINES.chars) break
    const word = HERE_DOCUMENT.exec(lines[at]!)?.[1]
    if (word !== undefined) {
      at = lines.findIndex((line, i) => i > at && line.trim() === word)
      if (at < 0) break
    } else if (GOES_ON.test(lines[at]!)) continue
    if (at + 1 > (whole === 0 ? MOST_LINES.ofOne : MOST_LINES.ofAll)) break
    whole = at + 1
  }
  const commands = lines.slice(0, whole).join("\n").trim()
  return commands === "" ? [] : [{ message, kind: "text", label: "To run: ", text: commands }]
}

export const archive = (outline: SessionOutline): ReadonlyArray<Draft> => {
  const { closing, files, prompts, session, units } = outline
  const asked = prompts.filter((prompt) => textOf(prompt).trim() !== "")
  const first = asked.find((prompt) => promptTitle(textOf(prompt)) !== undefined) ?? asked[0]
  if (first === undefined) return []
  const last = closing.at(-1)
  const topics = asked.map((prompt) => promptTitle(textOf(prompt)) ?? "").join(" ")
  const refuted = refutedOf(outline)
  const answers = answersIn(closing, prompts)
  const changed = changedSince(outline, answers)
  const isChanged = (sentence: string) => changed.some(([, sentences]) => sentences.has(sentence))
  const isTold = (sentence: string) => isChanged(sentence) || isBareCommit(sentence)
  const reversing = units.filter((unit) => unit.type === "decision" && replacementsIn(unit).length > 0)
  /** True for what a message says of a thing that a later decision gives up. */
  const isReversed = (content: string, { occurredAt }: Message) =>
    reversing.some((unit) => unit.occurredAt > occurredAt && outdatedIn(unit, { title: "", content }) !== undefined)
  const outcome = outcomeIn(outline, answers, topics, refuted).map((each) => ({
    ...each,
    text: each.text.split("\n").filter((sentence) => !isTold(sentence) && !isReversed(sentence, each.message))
      .join("\n")
  }))
  const found = changed.flatMap(([message, sentences]): ReadonlyArray<Excerpt> => {
    const all = [...sentences].filter((sentence) => !refuted.has(sentence))
    const kept = choose(all.map(plain), { ...FOUND, about: topics }).map((i) => all[i]!)
    return kept.length === 0 ? [] : [{ message, kind: "text", label: CHANGED, text: kept.join("\n") }]
  })
  const commits = closing.filter((message) => quotable(textOf(message)).some(isBareCommit)).flatMap((message) =>
    commitsOf(message, outline)
  )
  // One long text got one answer, which the conversation unit holds already.
  if (asked.length === 1 && files.length === 0 && isLongPrompt(first, textOf(first)) && closing.length === 1) return []

  const openEnds = openPoints(outline, answers, topics)
  // A prompt that is newer than Claude's last message has no answer.
  const lastAsked = asked.at(-1)!
  const isToldAsOpen = (text: string) => openEnds.some((end) => end.text === text)
  const isUnanswered = lastAsked !== first && (last === undefined || last.occurredAt < lastAsked.occurredAt) &&
    !sentencesOf(textOf(lastAsked)).every((sentence) => isChatter(sentence) || isToldAsOpen(sentence))
  const pullRequest = pullRequestIn(closing).filter(({ text }) => !isToldAsOpen(text))
  const learned = chosenOf(
    quotesIn(units, session, false, (sentence) => isTaught(sentence) && !refuted.has(sentence) && !isChanged(sentence)),
    "Learned: ",
    { ...LEARNED, about: topics }
  )
  const decided = chosenOf(
    quotesIn(
      units.filter(({ type }) => type === "decision"),
      session,
      true,
      (sentence) => isWish(sentence) && !isToldAsOpen(sentence)
    ),
    "Decided: ",
    { ...DECIDED, about: topics }
  )
  const told = new Set([...learned, ...decided].map(({ text }) => plain(text)))
  const came = outcome.map((each) => ({
    ...each,
    text: each.text.split("\n").filter((sentence) => !told.has(plain(sentence))).join("\n")
  })).filter(({ text }) => text !== "")
  const commands = commandsIn(last)
  const isUntold =
    [...came, ...found, ...commits, ...learned, ...decided, ...openEnds, ...pullRequest, ...commands].length === 0
  // Prompts alone, without a word of Claude's and without files, sum up nothing; one without an answer may be open.
  if (isUntold && files.length === 0 && !isUnanswered) return []
  // Who only wants to go on does not say with what.
  const aim = isResumption(textOf(first)) && !isUntold
    ? []
    : excerptsOf(first, "text", "Aim: ", aimIn(textOf(first))).slice(0, 1)
  const isOneTask = asked.length === 1 && [...openEnds, ...pullRequest, ...learned, ...decided].length === 0
  // The conversation about it says all of it; without one it was a small task that was done.
  if (isOneTask && (units.some(({ type }) => type === "conversation") || isSmall([...aim, ...outcome]))) return []
  const isAskedAgain = (prompt: Message) =>
    (prompt !== lastAsked || !isUnanswered) && asked.find((other) => textOf(other) === textOf(prompt)) !== prompt
  const requests = asked.filter((prompt) =>
    prompt !== first && isSelfContained(textOf(prompt)) && !isAskedAgain(prompt)
  ).map((
    prompt
  ): Excerpt => ({
    message: prompt,
    kind: "text",
    label: isUnanswered && prompt === lastAsked ? "Asked last, without an answer: " : "Also asked: ",
    text: requestIn(textOf(prompt), ASKED)
  })).filter(({ label, text }) =>
    isSelfContained(text) && !(label === "Also asked: " && (told.has(plain(text)) || isToldAsOpen(text)))
  )
  let middle: ReadonlyArray<Excerpt> = requests
  // Where not all fits, what was done gives way to what was learned and to how it goes on.
  const all = () => [
    ...aim,
    ...decided,
    ...learned,
    ...middle,
    ...commands,
    ...openEnds,
    ...pullRequest,
    ...came,
    ...commits,
    ...found
  ]
  // The first and the last of many requests matter most, so that requests are dropped from the middle.
  while (middle.length > 0 && !fitOneUnit(all())) middle = middle.toSpliced(middle.length >> 1, 1)

  const sentencesIn = (excerpts: ReadonlyArray<Excerpt>) =>
    excerpts.flatMap(({ text }) => text.split("\n")).filter((sentence) => sentence !== "").map(plain)
  const outcomeSentences = sentencesIn(outcome.some(({ text }) => text !== "") ? outcome : commits)
  const aimTitle = promptTitle(textOf(first)) ?? units[0]?.title ?? titleFrom(textOf(first))
  return [{
    type: "archive",
    title: session.title === null || session.title.trim() === "" ? aimTitle : titleFrom(session.title),
    summary: summarize(outcomeSentences, { count: 2, length: MAX_SUMMARY, about: topics }) ||
      plain(requestIn(textOf(lastAsked), MAX_SUMMARY)),
    excerpts: fittingExcerpts(all()).toSorted((a, b) => ORDER.indexOf(a.label) - ORDER.indexOf(b.label)),
    at: 0,
    slot: ""
  }]
}
