/**
 * Makes a batch of a stretch of a transcript: parses its lines, masks secrets, and leaves out what is excluded.
 */
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Message, SessionFacts } from "../domain/Conversation.ts"
import type * as Project from "../domain/Project.ts"
import { type CaptureBatch, type Cursor, type DeadLetter, MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import {
  callsOf,
  Exclude,
  EXCLUDED_FOLDER,
  EXCLUDED_TOOL,
  isExcludedTool,
  type ProjectOf,
  withoutTools
} from "./Exclude.ts"
import { mask } from "./redact/Masking.ts"
import * as Transcript from "./transcript/Transcript.ts"
import { type FileLine, MAX_LINE_BYTES } from "./transcript/TranscriptFile.ts"

/** Uuids of messages whose place the parser needs for this line: a side chain's parent, a summary's leaf. */
const mentionedIn = (line: string): ReadonlyArray<string> => {
  const key = /"isSidechain":\s*true/.test(line)
    ? "parentUuid"
    : /^\{"type":\s*"summary"/.test(line)
    ? "leafUuid"
    : undefined
  const uuid = key === undefined ? undefined : new RegExp(`"${key}":\\s*"([^"]{1,100})"`).exec(line)?.[1]
  return uuid === undefined ? [] : [uuid]
}

/** Runs after masking, because masking may replace the ids by which the store finds messages. */
const withoutExcludedTools = (batch: CaptureBatch): Effect.Effect<CaptureBatch, StoreError, MemoryStore> =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const { tools } = yield* Exclude
    const calls = yield* callsOf(batch.messages, store.messages)
    const messages = withoutTools(batch.messages, isExcludedTool(tools), calls)
    const removed = batch.messages.length - messages.length
    return removed === 0
      ? { ...batch, messages }
      : { ...batch, messages, skipped: { ...batch.skipped, [EXCLUDED_TOOL]: removed } }
  })

/** Returns those working directories that are excluded, or in an excluded project. */
const excludedAmong = (folders: ReadonlyArray<string | undefined>, projectOf: ProjectOf) =>
  Effect.map(
    Effect.filter(
      new Set(folders.filter((folder) => folder !== undefined)),
      (folder) => Effect.map(projectOf(folder), Option.isNone)
    ),
    (excluded) => new Set<string | undefined>(excluded)
  )

/** Splits a line that holds a torn one and a whole one. */
const split = (line: FileLine): ReadonlyArray<FileLine> => {
  const at = line.tooLong ? 0 : Transcript.startOfWhole(line.text)
  if (at === 0) return [line]
  const torn = line.text.slice(0, at)
  return [{ ...line, text: torn }, {
    ...line,
    text: line.text.slice(at),
    offset: line.offset + Buffer.byteLength(torn)
  }]
}

/** Parses, masks and counts the lines of a stretch. */
export const toBatch = (
  stretch: ReadonlyArray<FileLine>,
  previous: Cursor | undefined,
  cursor: Cursor,
  project: Project.Project,
  projectOf: ProjectOf
): Effect.Effect<CaptureBatch, StoreError, MemoryStore | Path.Path> =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const lines = stretch.flatMap(split)
    const mentioned = lines.flatMap(({ text }) => mentionedIn(text))
    const known = new Map(mentioned.length === 0 ? [] : yield* store.places(mentioned))
    const said: Array<{ readonly message: Message; readonly facts: SessionFacts }> = []
    const facts: Array<SessionFacts> = []
    const skipped: Record<string, number> = {}
    const dead: Array<DeadLetter> = []
    let factLines = 0
    for (const line of lines) {
      const parsed = line.tooLong
        ? { _tag: "Malformed" as const, reason: `longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB` }
        : Transcript.parse(line.text, cursor.sessionId, (uuid) => known.get(uuid))
      switch (parsed._tag) {
        case "Message":
          said.push(parsed)
          facts.push(parsed.facts)
          // When several messages share a uuid, the store keeps the first.
          if (!known.has(parsed.message.uuid)) known.set(parsed.message.uuid, parsed.message)
          break
        case "Facts":
          facts.push(parsed.facts)
          factLines++
          break
        case "Skipped":
          skipped[parsed.reason] = (skipped[parsed.reason] ?? 0) + 1
          break
        case "Malformed":
          dead.push({ path: cursor.path, offset: line.offset, reason: parsed.reason, line: line.text })
      }
    }
    const excluded = yield* excludedAmong(facts.map(({ cwd }) => cwd), projectOf)
    const messages = said.flatMap(({ facts, message }) => excluded.has(facts.cwd) ? [] : [message])
    if (messages.length < said.length) skipped[EXCLUDED_FOLDER] = said.length - messages.length
    const batch = yield* mask({
      cursor,
      previous,
      project,
      unlessExcluded: true,
      lines: lines.length,
      messages,
      facts: facts.filter(({ cwd }) => !excluded.has(cwd)),
      factLines,
      skipped,
      deadLetters: dead,
      redactions: {}
    })
    return yield* withoutExcludedTools(batch)
  })
