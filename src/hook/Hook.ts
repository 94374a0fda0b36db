/**
 * Answers Claude Code's hooks: when a session begins, with what earlier sessions of the project left; when a prompt is
 * submitted, with the memories that are relevant to it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type InjectionMode, MAX_HOOK_CHARS } from "../domain/Injection.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as NoteFolders from "../domain/NoteFolders.ts"
import * as Project from "../domain/Project.ts"
import { isReport } from "../domain/Report.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import { Injector } from "../inject/Injector.ts"
import { resumptionIn } from "../inject/Resumption.ts"
import { Files } from "../resources/Files.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { FORKED, HEAD_BYTES, OPENING_TOKENS, UUIDS } from "./Forks.ts"
import { type Sent, type SessionRecord, SessionRecords } from "./SessionRecords.ts"

const common = {
  session_id: Schema.String,
  transcript_path: Schema.optional(Schema.String),
  cwd: Schema.String
}

/** The needed part of what Claude Code writes to a hook's stdin: https://code.claude.com/docs/en/hooks. */
export const HookInput = Schema.Union(
  Schema.Struct({
    ...common,
    hook_event_name: Schema.Literal("SessionStart"),
    /** `startup`, `resume`, `clear`, `compact`, `fork`, or a value of a later version. */
    source: Schema.optionalWith(Schema.String, { default: () => "startup" })
  }),
  Schema.Struct({
    ...common,
    hook_event_name: Schema.Literal("UserPromptSubmit"),
    prompt: Schema.String
  })
)
export type HookInput = typeof HookInput.Type
type SessionStart = Extract<HookInput, { readonly hook_event_name: "SessionStart" }>
type UserPromptSubmit = Extract<HookInput, { readonly hook_event_name: "UserPromptSubmit" }>

interface Injection extends Pick<Sent, "isOpening" | "words"> {
  readonly text: string
  readonly units: ReadonlyArray<MemoryUnit>
  readonly pointed: ReadonlyArray<MemoryUnit>
}

const NO_INJECTION: Injection = { text: "", units: [], pointed: [], isOpening: false, words: [] }

/** How easily, and how much, is injected at a prompt. */
export interface Telling {
  readonly mode: InjectionMode
  readonly maxTokens: number
}

const DEFAULT: Telling = { mode: "balanced", maxTokens: 800 }

/** Most words of a prompt that are recorded as the reason of an injection. */
const MAX_WORDS = 12

/** Reads Claude Code's own memory of the project, if there is one: Claude Code shows it to Claude itself. */
const notesInContext = ({ cwd, transcript_path }: HookInput) =>
  Project.answering(NoteFolders.notesInContext(transcript_path, cwd))

/** Reads a part of the session's transcript; empty when there is none. */
const partOf = ({ transcript_path }: HookInput, from: number, bytes: number) =>
  transcript_path === undefined ? Effect.succeed("") : Effect.gen(function*() {
    const file = yield* Effect.flatMap(Files, ({ openFile }) => openFile(transcript_path))
    yield* file.seek(from, "start")
    const part = yield* file.readAlloc(FileSystem.Size(bytes))
    return Option.match(part, { onNone: () => "", onSome: (bytes) => new TextDecoder().decode(bytes) })
  }).pipe(Effect.scoped, Effect.catchTag("SystemError", "BadArgument", () => Effect.succeed("")))

const sizeOf = ({ transcript_path }: HookInput) =>
  transcript_path === undefined ? Effect.succeed(0) : Effect.gen(function*() {
    const { size } = yield* (yield* FileSystem.FileSystem).stat(transcript_path)
    return Number(size)
  }).pipe(Effect.orElseSucceed(() => 0))

const ANSWERED = /"type":\s*"assistant"/
const ATTACHMENT = /"type":\s*"attachment"/

/** True when Claude has not answered in this session yet. Unknown without a transcript's path: then it has. */
export const isFirstPrompt = ({ transcript_path }: HookInput) =>
  transcript_path === undefined ? Effect.succeed(false) : Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { size } = yield* fs.stat(transcript_path)
    return size < HEAD_BYTES && !ANSWERED.test(yield* fs.readFileString(transcript_path))
  }).pipe(Effect.orElseSucceed(() => true))

const MAX_UUIDS = 50

const parentOf = (input: HookInput) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const head = yield* partOf(input, 0, HEAD_BYTES)
    const uuids = [...head.matchAll(UUIDS)].map(([, uuid]) => uuid!).slice(0, MAX_UUIDS)
    const parent = FORKED.exec(head)?.[1] ?? [...(yield* store.places(uuids)).values()][0]?.sessionId
    return Option.filter(Option.fromNullable(parent), (id) => id !== input.session_id)
  })

const EMPTY_RECORD: SessionRecord = {
  injections: [],
  ids: new Set(),
  pointed: new Set(),
  isOpened: false,
  compactedAt: 0,
  isMuted: false,
  isNew: false
}

/** Claude Code writes what arrived of a hook's answer beside the prompt, before Claude answers. */
const ARRIVED_WITHIN_BYTES = 1024 * 1024

/**
 * Records which pending injections arrived, by the transcript, and which Claude answered without. Versions of Claude Code
 * that write no attachments say neither: what they were sent counts as arrived.
 */
const settle = (input: HookInput, { injections }: SessionRecord) =>
  Effect.gen(function*() {
    const records = yield* SessionRecords
    const pending = injections.filter(({ state }) => state === "pending")
    for (const { at, ids, offset, pointed } of pending) {
      const lines = (yield* partOf(input, offset, ARRIVED_WITHIN_BYTES)).split("\n")
      const marks = [...ids, ...pointed].map((id) => `[${id.slice(0, 8)}]`)
      const attachments = lines.filter((line) => ATTACHMENT.test(line))
      const isThere = attachments.some((line) =>
        line.includes("\"hook_additional_context\"") && marks.some((mark) => line.includes(mark))
      )
      if (isThere || lines.some((line) => ANSWERED.test(line))) {
        yield* Effect.ignore(records.settle(input.session_id, at, isThere || attachments.length === 0))
      }
    }
    return pending.length > 0
  })

/** Returns the session's record, as the transcript bears it out; a fork without one takes over its parent's. */
const recordFor = (input: HookInput) =>
  Effect.gen(function*() {
    const records = yield* SessionRecords
    // If the record can't be read, repeating a memory is better than injecting none.
    const get = Effect.orElseSucceed(records.get(input.session_id), () => EMPTY_RECORD)
    const own = yield* get
    if (!own.isNew) return (yield* settle(input, own)) ? yield* get : own
    const parent = yield* parentOf(input)
    if (Option.isNone(parent)) return own
    const inherited = yield* Effect.orElseSucceed(records.get(parent.value), () => EMPTY_RECORD)
    yield* Effect.ignore(records.inherit(input.session_id, inherited))
    return { ...own, ids: inherited.ids, pointed: inherited.pointed, isOpened: inherited.isOpened }
  })

/** Tells what earlier sessions left. After a compaction this session's own beginning is one of these. */
const opening = (input: HookInput, ids: ReadonlySet<string>, about: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const isStart = input.hook_event_name === "SessionStart"
    const store = yield* MemoryStore
    const injector = yield* Injector
    const { id } = yield* Project.resolve(input.cwd)
    const branch = Option.getOrUndefined(yield* Project.branchOf(input.cwd))
    // A resumed session knows its own past: only what other sessions did since then is new to it.
    const [session] = isStart && input.source === "resume" ? yield* store.sessionsByPrefix(input.session_id) : []
    const { text, units } = yield* injector.open({
      projects: [id],
      ...(!(isStart && input.source === "compact") && { sessionId: input.session_id }),
      maxTokens: OPENING_TOKENS,
      maxChars: MAX_HOOK_CHARS,
      injectedIds: [...ids],
      about,
      ...(branch !== undefined && { branch }),
      contextText: (yield* notesInContext(input)).text,
      ...(session !== undefined && { since: session.endedAt })
    })
    return { ...NO_INJECTION, text, units, isOpening: text !== "" }
  })

const onSessionStart = (input: SessionStart) =>
  Effect.gen(function*() {
    // A fork has its parent's context, and the transcript that names the parent may not be written yet.
    if (input.source === "fork") return NO_INJECTION
    if (input.source === "compact") {
      const now = yield* Clock.currentTimeMillis
      yield* Effect.ignore((yield* SessionRecords).reset(input.session_id, now))
    }
    const { ids, isMuted } = yield* recordFor(input)
    return isMuted ? NO_INJECTION : yield* opening(input, ids, [])
  })

/** Returns the words of a prompt that have one of these lexemes. */
const wordsIn = (prompt: string, lexemes: ReadonlyArray<string>): ReadonlyArray<string> =>
  [
    ...new Set(
      (prompt.match(/[\p{L}\p{N}_.-]+/gu) ?? []).filter((word) =>
        Tokenizer.lexemes(word).some((lexeme) => lexemes.includes(lexeme))
      )
    )
  ].slice(0, MAX_WORDS)

const onPrompt = (input: UserPromptSubmit, telling: Telling) =>
  Effect.gen(function*() {
    if (isReport(input.prompt)) return NO_INJECTION
    const { compactedAt, ids, isMuted, isOpened, pointed: pointedIds } = yield* recordFor(input)
    if (isMuted) return NO_INJECTION
    const resumption = isOpened ? undefined : resumptionIn(input.prompt)
    if (resumption !== undefined && (!resumption.isBare || (yield* isFirstPrompt(input)))) {
      return yield* opening(input, ids, resumption.subject)
    }
    const injector = yield* Injector
    const { id } = yield* Project.resolve(input.cwd)
    const notes = yield* notesInContext(input)
    const { items, pointed, text, verdict } = yield* injector.inject({
      ...telling,
      prompt: input.prompt,
      projects: [id],
      maxChars: MAX_HOOK_CHARS,
      inContext: { sessionId: input.session_id, since: compactedAt },
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
      words: wordsIn(input.prompt, verdict.together)
    }
  })

/** Returns the text to inject, at most `MAX_HOOK_CHARS` long, empty when nothing is relevant; records its units. */
export const answer = (input: HookInput, telling: Telling = DEFAULT) =>
  Effect.gen(function*() {
    const { isOpening, pointed, text, units, words } = yield* input.hook_event_name === "SessionStart"
      ? onSessionStart(input)
      : onPrompt(input, telling)
    if (text === "") return text
    const records = yield* SessionRecords
    const idsOf = (units: ReadonlyArray<MemoryUnit>) => units.map(({ id }) => id)
    const sent: Sent = {
      at: yield* Clock.currentTimeMillis,
      event: input.hook_event_name,
      offset: yield* sizeOf(input),
      tokens: Tokens.estimate(text),
      ids: idsOf(units),
      pointed: idsOf(pointed),
      isOpening,
      words
    }
    yield* Effect.ignore(records.add(input.session_id, sent))
    return text
  })
