/**
 * Compression without a model: builds units from the conversation's own words, each of one type and readable alone.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { resolve } from "node:path"
import type { Message } from "../../domain/Conversation.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import { quoteSpeakers } from "../../domain/Speakers.ts"
import { isWithin } from "../../domain/Worktrees.ts"
import type { SegmentContext, SessionOutline } from "../../store/MemoryStore.ts"
import { Compressor } from "../Compressor.ts"
import { type Draft, unitOf, VERSION } from "../Draft.ts"
import { answerTitle, promptTitle, titleFrom } from "../text/Titles.ts"
import { archive } from "./Archive.ts"
import { conversations } from "./Conversations.ts"
import { decisions } from "./Decisions.ts"
import { documentation } from "./Documentation.ts"
import { errors } from "./Errors.ts"
import { snippets } from "./Snippets.ts"
import { callsOf, textOf } from "./Steps.ts"

/** Archives expire after a year; the other types have no expiry date. */
const ARCHIVE_LIFETIME_MS = 365 * 86_400_000

/** Returns the title of the segment's prompt, if the prompt is understandable by itself. */
const promptTitleOf = ({ before, segment }: SegmentContext): string | undefined =>
  promptTitle(textOf([...segment.messages, ...before].find(({ isPrompt }) => isPrompt)))

/** Returns the subject where the prompt ("push") names none: from Claude's last message, else the session's title. */
const contextSubject = ({ before, session }: SegmentContext): string | undefined =>
  answerTitle(textOf(before.find(({ role }) => role === "assistant"))) ??
    (session.title === null ? undefined : titleFrom(session.title))

/** Keeps what is quoted from passing for what somebody said. */
const quoted = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> =>
  messages.map((message) => ({
    ...message,
    blocks: message.blocks.map((block) => ({ ...block, text: quoteSpeakers(block.text) }))
  }))

const drafts = (context: SegmentContext): ReadonlyArray<Draft> => {
  const calls = callsOf(context.segment.messages)
  const subject = promptTitleOf(context) ?? contextSubject(context)
  return [
    ...conversations(context, calls, subject),
    ...documentation(context, calls, subject),
    ...errors(context, calls),
    ...decisions(context, calls),
    ...snippets(context, calls)
  ]
}

/** Sorts by position in the session, and by id where that is the same. */
export const inOrder = (units: ReadonlyArray<MemoryUnit>): ReadonlyArray<MemoryUnit> =>
  units.toSorted((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))

/** Turns a segment's draft into a unit. */
export const segmentUnit = (context: SegmentContext, now: number, draft: Draft): MemoryUnit =>
  unitOf(context.session, context.segment.id, context.position + draft.at / 1_000, now, draft)

const MAX_FILES = 20
/** Most files that are compared. */
const MAX_COMPARED = 200

/** Leaves out the folders that tools searched: those that hold another of the files, or the folder in which the session ran. */
const withoutFolders = (files: ReadonlyArray<string>, cwd: string): ReadonlyArray<string> => {
  const some = files.slice(0, MAX_COMPARED)
  const paths = some.map((file) => resolve(cwd, file))
  return some.filter((_, i) =>
    !isWithin(cwd, paths[i]!) && !paths.some((path) => path !== paths[i] && isWithin(path, paths[i]!))
  )
}

/** Turns a session's draft into its archive. */
export const sessionUnit = (outline: SessionOutline, now: number, draft: Draft): MemoryUnit => ({
  // The largest position sorts the archive behind all units of its session.
  ...unitOf(outline.session, outline.session.id, Number.MAX_SAFE_INTEGER, now, draft),
  files: withoutFolders(outline.files, outline.session.cwd).slice(0, MAX_FILES),
  expiresAt: outline.session.endedAt + ARCHIVE_LIFETIME_MS
})

/** Extracts the units of a segment. */
export const extract = ({ segment, ...rest }: SegmentContext, now: number): ReadonlyArray<MemoryUnit> => {
  const context = { ...rest, segment: { ...segment, messages: quoted(segment.messages) } }
  return inOrder(drafts(context).map((draft) => segmentUnit(context, now, draft)))
}

/** Extracts the archive of a session; empty when the session is not worth one. */
export const extractArchive = (outline: SessionOutline, now: number): ReadonlyArray<MemoryUnit> =>
  archive({
    ...outline,
    prompts: quoted(outline.prompts),
    closing: quoted(outline.closing),
    steps: quoted(outline.steps)
  }).map((draft) => sessionUnit(outline, now, draft))

const compressor = Compressor.of({
  version: VERSION,
  compress: Effect.fn("Compressor.compress")((context: SegmentContext) =>
    Effect.map(Clock.currentTimeMillis, (now) => extract(context, now))
  ),
  summarize: Effect.fn("Compressor.summarize")((outline: SessionOutline) =>
    Effect.map(Clock.currentTimeMillis, (now) => extractArchive(outline, now))
  )
})

/** The default compressor: needs no key, no network and no money, and is deterministic. */
export const layer = Layer.succeed(Compressor, compressor)
