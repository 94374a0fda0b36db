/**
 * Answers a prompt: settles what the session was sent before, and injects the memories that are relevant. Without
 * Effect, since the hook's entry answers prompts too.
 */
import { MAX_HOOK_CHARS } from "../domain/Fence.ts"
import type { InjectionMode, InjectionRequest, InjectionResponse } from "../domain/Injection.ts"
import { matchesIn } from "../domain/Matches.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { NotesInContext } from "../domain/NoteFolders.ts"
import { isReport } from "../domain/Report.ts"
import { resumptionIn, workNamedIn } from "../domain/Resumption.ts"
import { type Eventual, lazily, type Steps } from "../domain/Steps.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import { asksWhatIsOpen } from "../domain/Unfinished.ts"
import { mayTell } from "../inject/Judge.ts"
import type { Reads } from "../store/Reads.ts"
import { ANSWERED, type FileReads, isFirstPrompt } from "./FirstPrompt.ts"
import { FORKED, HEAD_BYTES, UUIDS } from "./Forks.ts"
import type { EarlyInput } from "./Input.ts"
import type { Inherited, Sent, SessionRecord } from "./RecordLines.ts"

/** What a hook is told of itself: the needed part of Hook.ts' input. */
export type Input = Pick<EarlyInput, "cwd" | "hook_event_name" | "session_id"> & {
  readonly transcript_path?: string | undefined
}
export type PromptInput = Input & { readonly hook_event_name: "UserPromptSubmit"; readonly prompt: string }

export interface Injection extends Pick<Sent, "isOpening" | "words"> {
  readonly named: ReadonlyArray<string>
  readonly text: string
  readonly units: ReadonlyArray<MemoryUnit>
  readonly pointed: ReadonlyArray<MemoryUnit>
}

export const NO_INJECTION: Injection = { text: "", units: [], pointed: [], isOpening: false, words: [], named: [] }

/** How easily, and how much, is injected at a prompt. */
export interface Telling {
  readonly mode: InjectionMode
  readonly maxTokens: number
  /** Milliseconds to wait for vectors. */
  readonly vectorsWithin?: number
}

/** Most words of a prompt that are recorded as the reason of an injection. */
const MAX_WORDS = 12

/** What an answer reads and writes. */
export interface Session<Y> extends FileReads<Y> {
  /** Returns a session's record; undefined when it can't be read. */
  readonly recordOf: (sessionId: string) => Eventual<Y, SessionRecord | undefined>
  /** Records whether the injection of this time arrived. Ignores errors, as do the next two. */
  readonly settle: (sessionId: string, at: number, hasArrived: boolean) => Eventual<Y, unknown>
  readonly inherit: (sessionId: string, parent: Inherited) => Eventual<Y, unknown>
  readonly add: (sessionId: string, sent: Sent) => Eventual<Y, unknown>
  /** Milliseconds since the epoch. */
  readonly now: Eventual<Y, number>
  readonly places: Reads<Y>["places"]
}

/** What is used of an injector's response. */
export interface Injected extends Pick<InjectionResponse, "items" | "named" | "pointed" | "text"> {
  readonly verdict: Pick<InjectionResponse["verdict"], "together">
}

/** What a prompt's answer needs beyond that. */
export interface Prompted<Y> extends Session<Y> {
  /** Returns the id of a folder's project. */
  readonly projectOf: (folder: string) => Eventual<Y, string>
  readonly notesOf: (input: Input) => Eventual<Y, NotesInContext>
  readonly inject: (
    request: InjectionRequest
  ) => Eventual<Y, Injected>
  /** Tells what earlier sessions left about a subject; of a named one, the newest session that holds it, or nothing. */
  readonly open: (
    input: PromptInput,
    ids: ReadonlySet<string>,
    about: ReadonlyArray<string>,
    isNamed?: boolean
  ) => Eventual<Y, Injection>
}

/** Reads a part of the session's transcript; empty when there is none. */
const partOf = <Y>(session: Session<Y>, { transcript_path }: Input, from: number, bytes: number) =>
  transcript_path === undefined ? lazily(() => "") : session.partOf(transcript_path, from, bytes)

const ATTACHMENT = /"type":\s*"attachment"/

/** Uuids by which a fork's parent is looked for. */
const MAX_UUIDS = 50

/** Returns the sessions from which a fork has its beginning: the one that it names, and the one that first said it. */
function* parentsOf<Y>(session: Session<Y>, input: Input): Steps<Y, ReadonlyArray<string>> {
  const head = yield* partOf(session, input, 0, HEAD_BYTES)
  const uuids = [...matchesIn(head, UUIDS)].map(([, uuid]) => uuid!).slice(0, MAX_UUIDS)
  const known = uuids.length === 0 ? undefined : [...(yield* session.places(uuids)).values()][0]?.sessionId
  const ids = new Set([FORKED.exec(head)?.[1], known])
  return [...ids].filter((id) => id !== undefined).filter((id) => id !== input.session_id)
}

const EMPTY_RECORD: SessionRecord = {
  injections: [],
  ids: new Set(),
  pointed: new Set(),
  isOpened: false,
  parents: [],
  compactedAt: 0,
  isMuted: false,
  isNew: false
}

/** Claude Code writes what arrived of a hook's answer beside the prompt, before Claude answers. */
const ARRIVED_WITHIN_BYTES = 1024 * 1024
/** Pending injections that are looked for at a time, the newest: usually there is one. */
const MAX_SETTLED = 8

/**
 * Records which pending injections arrived, by the transcript, and which Claude answered without. Versions of Claude Code
 * that write no attachments say neither: what they were sent counts as arrived.
 */
function* settle<Y>(session: Session<Y>, input: Input, { injections }: SessionRecord): Steps<Y, boolean> {
  const pending = injections.filter(({ state }) => state === "pending").slice(-MAX_SETTLED)
  for (const { at, ids, offset, pointed } of pending) {
    const lines = (yield* partOf(session, input, offset, ARRIVED_WITHIN_BYTES)).split("\n")
    const marks = [...ids, ...pointed].map((id) => `[${id.slice(0, 8)}]`)
    const attachments = lines.filter((line) => ATTACHMENT.test(line))
    const isThere = attachments.some((line) =>
      line.includes("\"hook_additional_context\"") && marks.some((mark) => line.includes(mark))
    )
    if (isThere || lines.some((line) => ANSWERED.test(line))) {
      yield* session.settle(input.session_id, at, isThere || attachments.length === 0)
    }
  }
  return pending.length > 0
}

/** Returns the session's record, as the transcript bears it out; a fork without one takes over its parent's. */
export function* recordFor<Y>(session: Session<Y>, input: Input): Steps<Y, SessionRecord> {
  // If the record can't be read, repeating a memory is better than injecting none.
  const own = (yield* session.recordOf(input.session_id)) ?? EMPTY_RECORD
  if (!own.isNew) {
    return (yield* settle(session, input, own)) ? (yield* session.recordOf(input.session_id)) ?? EMPTY_RECORD : own
  }
  const [parent, ...others] = yield* parentsOf(session, input)
  if (parent === undefined) return own
  const { compactedAt, ids, isOpened, parents, pointed } = (yield* session.recordOf(parent)) ?? EMPTY_RECORD
  const until = yield* session.now
  const saidBy = (sessionId: string) => ({ sessionId, since: compactedAt, until })
  const inherited = { ids, pointed, isOpened, parents: [...parents, ...[parent, ...others].map(saidBy)] }
  yield* session.inherit(input.session_id, inherited)
  return { ...own, ...inherited }
}

/** Returns the words of a prompt that have one of these lexemes. */
const wordsIn = (prompt: string, lexemes: ReadonlyArray<string>): ReadonlyArray<string> =>
  [
    ...new Set(
      (prompt.match(/[\p{L}\p{N}_.-]+/gu) ?? []).filter((word) =>
        Tokenizer.lexemes(word).some((lexeme) => lexemes.includes(lexeme))
      )
    )
  ].slice(0, MAX_WORDS)

/** Injects what is relevant to a prompt. */
function* relevant<Y>(
  session: Prompted<Y>,
  input: PromptInput,
  telling: Telling,
  { compactedAt, ids, parents, pointed: pointedIds }: SessionRecord
): Steps<Y, Injection> {
  const project = yield* session.projectOf(input.cwd)
  const notes = yield* session.notesOf(input)
  const { items, named, pointed, text, verdict } = yield* session.inject({
    ...telling,
    prompt: input.prompt,
    projects: [project],
    isImmediate: true,
    maxChars: MAX_HOOK_CHARS,
    inContext: [{ sessionId: input.session_id, since: compactedAt }, ...parents],
    injectedIds: [...ids],
    pointedIds: [...pointedIds],
    contextText: notes.text,
    contextFiles: notes.files
  })
  return {
    ...NO_INJECTION,
    text,
    units: items.map(({ unit }) => unit),
    pointed,
    named,
    words: wordsIn(input.prompt, verdict.together)
  }
}

/** Injects what is relevant to a prompt, what it wants to go on with, or what is open. */
export function* onPrompt<Y>(session: Prompted<Y>, input: PromptInput, telling: Telling): Steps<Y, Injection> {
  if (isReport(input.prompt)) return NO_INJECTION
  const seen = yield* recordFor(session, input)
  const { ids, isMuted, isOpened } = seen
  if (isMuted) return NO_INJECTION
  if (asksWhatIsOpen(input.prompt)) {
    const told = yield* relevant(session, input, telling, seen)
    if (told.text !== "") return told
  }
  const resumption = resumptionIn(input.prompt)
  if (resumption !== undefined && !isOpened && (!resumption.isBare || (yield* isFirstPrompt(session, input)))) {
    return yield* session.open(input, ids, resumption.subject)
  }
  // Where the start has told what it goes on with, such a prompt has no words to look for.
  if (resumption?.subject.length === 0) return NO_INJECTION
  if (!mayTell(input.prompt, telling.mode)) return NO_INJECTION
  const work = resumption?.subject ?? workNamedIn(input.prompt)
  if (work.length > 0) {
    const told = yield* session.open(input, ids, work, true)
    if (told.text !== "") return told
  }
  return yield* relevant(session, input, telling, seen)
}

/** A text to inject, and what is recorded of it by who prints it; nothing for an empty text. */
export interface Unrecorded {
  readonly text: string
  readonly sent: Sent | undefined
}

/** Returns an injection, sent at a time in milliseconds since the epoch, as it is recorded. */
export function* unrecorded<Y>(
  session: Pick<Session<Y>, "sizeOf">,
  input: Input,
  { isOpening, named, pointed, text, units, words }: Injection,
  at: number
): Steps<Y, Unrecorded> {
  if (text === "") return { text, sent: undefined }
  const idsOf = (units: ReadonlyArray<MemoryUnit>) => units.map(({ id }) => id)
  const sent = {
    at,
    event: input.hook_event_name,
    offset: input.transcript_path === undefined ? 0 : yield* session.sizeOf(input.transcript_path),
    tokens: Tokens.estimate(text),
    ids: idsOf(units),
    pointed: idsOf(pointed),
    isOpening,
    words,
    named
  }
  return { text, sent }
}

/** Records an injection, and returns its text. */
export function* record<Y>(
  session: Pick<Session<Y>, "add">,
  { session_id }: Input,
  { sent, text }: Unrecorded
): Steps<Y, string> {
  if (sent !== undefined) yield* session.add(session_id, sent)
  return text
}
