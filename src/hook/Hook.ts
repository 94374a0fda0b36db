/**
 * Answers Claude Code's hooks: when a session begins, with what earlier sessions of the project left; when a prompt is
 * submitted, with the memories that are relevant to it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { YieldWrap } from "effect/Utils"
import { MAX_HOOK_CHARS } from "../domain/Injection.ts"
import * as NoteFolders from "../domain/NoteFolders.ts"
import * as Project from "../domain/Project.ts"
import { Injector } from "../inject/Injector.ts"
import { Files } from "../resources/Files.ts"
import { DEFAULT_TOKENS } from "../settings/Early.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import * as FirstPrompt from "./FirstPrompt.ts"
import { OPENING_TOKENS } from "./Forks.ts"
import * as Prompt from "./Prompt.ts"
import { SessionRecords } from "./SessionRecords.ts"
import { Tails } from "./Tails.ts"

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

export type Telling = Prompt.Telling
export type Unrecorded = Prompt.Unrecorded

const DEFAULT: Telling = { mode: "balanced", maxTokens: DEFAULT_TOKENS }

/** Reads Claude Code's own memory of the project, if there is one: Claude Code shows it to Claude itself. */
const notesInContext = ({ cwd, transcript_path }: Prompt.Input) =>
  Project.answering(NoteFolders.notesInContext(transcript_path, cwd))

/** What the steps of an answer wait for. */
type Waited = YieldWrap<Effect.Effect<unknown, StoreError, FileSystem.FileSystem | Files | Injector | MemoryStore>>

/** Reads a file; empty when there is none, and for a pipe or a device, whose opening may wait for another program. */
const ofFile = <E, R>(path: string, read: Effect.Effect<string, E, R>) =>
  Effect.gen(function*() {
    const { type } = yield* (yield* FileSystem.FileSystem).stat(path)
    return type === "File" ? yield* read : ""
  }).pipe(Effect.orElseSucceed(() => ""))

/** Reads a part of a file. */
const partOf = (path: string, from: number, bytes: number) =>
  ofFile(
    path,
    Effect.gen(function*() {
      const file = yield* Effect.flatMap(Files, ({ openFile }) => openFile(path))
      yield* file.seek(from, "start")
      const part = yield* file.readAlloc(FileSystem.Size(bytes))
      return Option.match(part, { onNone: () => "", onSome: (bytes) => new TextDecoder().decode(bytes) })
    }).pipe(Effect.scoped)
  )

const sizeOf = (path: string) =>
  Effect.gen(function*() {
    const { size } = yield* (yield* FileSystem.FileSystem).stat(path)
    return Number(size)
  }).pipe(Effect.orElseSucceed(() => 0))

/** Reads a file that is known to be small. */
const whole = (path: string) => ofFile(path, Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)))

/** Returns the milliseconds in which a hook is answered. */
export const limitOf = (input: HookInput, within: { readonly later: number; readonly start: number }) =>
  Effect.gen(() =>
    FirstPrompt.limitOf<YieldWrap<Effect.Effect<unknown, never, FileSystem.FileSystem>>>(
      { partOf: whole, sizeOf },
      within,
      input
    )
  )

const session = Effect.gen(function*() {
  const records = yield* SessionRecords
  const { places } = yield* MemoryStore
  return {
    partOf,
    sizeOf,
    recordOf: (sessionId) => Effect.orElseSucceed(records.get(sessionId), () => undefined),
    settle: (sessionId, at, hasArrived) => Effect.ignore(records.settle(sessionId, at, hasArrived)),
    inherit: (sessionId, parent) => Effect.ignore(records.inherit(sessionId, parent)),
    add: (sessionId, sent) => Effect.ignore(records.add(sessionId, sent)),
    now: Clock.currentTimeMillis,
    places
  } satisfies Prompt.Session<Waited>
})

/** Milliseconds in which the start of a session reads what is not remembered yet. */
const TAILS_WITHIN = 400

/** Reads what is not remembered yet, when a session begins; while it goes on, a server captures. */
const unremembered = ({ hook_event_name, session_id, transcript_path }: HookInput, projectId: string, within: number) =>
  hook_event_name !== "SessionStart" || transcript_path === undefined
    ? Effect.succeed({})
    : Effect.gen(function*() {
      const tails = yield* Tails
      const until = (yield* Clock.currentTimeMillis) + within
      return {
        unremembered: yield* tails.read({ transcript: transcript_path, sessionId: session_id, projectId, until })
      }
    })

/** Tells what earlier sessions left. After a compaction this session's own beginning is one of these. */
const opening = (
  input: HookInput,
  ids: ReadonlySet<string>,
  about: ReadonlyArray<string>,
  { isNamed = false, tailsWithin = TAILS_WITHIN } = {}
) =>
  Effect.gen(function*() {
    const isStart = input.hook_event_name === "SessionStart"
    const store = yield* MemoryStore
    const injector = yield* Injector
    const { id } = yield* Project.resolve(input.cwd)
    const branch = Option.getOrUndefined(yield* Project.branchOf(input.cwd))
    // A resumed session knows its own past: only what other sessions did since then is new to it.
    const [session] = isStart && input.source === "resume" ? yield* store.sessionsByPrefix(input.session_id) : []
    const { pointed, text, units } = yield* injector.open({
      projects: [id],
      ...(!(isStart && input.source === "compact") && { sessionId: input.session_id }),
      maxTokens: OPENING_TOKENS,
      maxChars: MAX_HOOK_CHARS,
      injectedIds: [...ids],
      about,
      isNamed,
      ...(branch !== undefined && { branch }),
      contextText: (yield* notesInContext(input)).text,
      ...(yield* unremembered(input, id, tailsWithin)),
      ...(session !== undefined && { since: session.endedAt })
    })
    return { ...Prompt.NO_INJECTION, text, units, pointed, isOpening: text !== "" && !isNamed }
  })

const onSessionStart = (input: SessionStart, tailsWithin?: number) =>
  Effect.gen(function*() {
    // A fork has its parent's context, and the transcript that names the parent may not be written yet.
    if (input.source === "fork") return Prompt.NO_INJECTION
    if (input.source === "compact") {
      const now = yield* Clock.currentTimeMillis
      yield* Effect.ignore((yield* SessionRecords).reset(input.session_id, now))
    }
    const { ids, isMuted, pointed } = yield* Prompt.recordFor<Waited>(yield* session, input)
    return isMuted
      ? Prompt.NO_INJECTION
      : yield* opening(input, new Set([...ids, ...pointed]), [], { ...(tailsWithin !== undefined && { tailsWithin }) })
  })

const onPrompt = (input: UserPromptSubmit, telling: Telling) =>
  Effect.gen(function*() {
    const { inject } = yield* Injector
    return yield* Prompt.onPrompt<Waited>(
      {
        ...(yield* session),
        projectOf: (folder) => Effect.map(Project.resolve(folder), ({ id }) => id),
        notesOf: notesInContext,
        inject,
        open: (input, ids, about, isNamed = false) => opening(input, ids, about, { isNamed })
      },
      input,
      telling
    )
  })

/**
 * Returns the text to inject, at most `MAX_HOOK_CHARS` long, empty when nothing is relevant. A start takes at most
 * `tailsWithin` milliseconds to read what is not remembered yet.
 */
export const unrecorded = (input: HookInput, telling: Telling = DEFAULT, tailsWithin?: number) =>
  Effect.gen(function*() {
    const injection = yield* input.hook_event_name === "SessionStart"
      ? onSessionStart(input, tailsWithin)
      : onPrompt(input, telling)
    return yield* Prompt.unrecorded<Waited>(yield* session, input, injection, yield* Clock.currentTimeMillis)
  })

/** Returns the same text, and records its units. */
export const answer = (input: HookInput, telling?: Telling, tailsWithin?: number) =>
  Effect.gen(function*() {
    const injection = yield* unrecorded(input, telling, tailsWithin)
    return yield* Prompt.record<Waited>(yield* session, input, injection)
  })
