/**
 * Reads transcripts from their cursors on and writes the parsed, masked lines to the store.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Message, SessionFacts } from "../domain/Conversation.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type * as Project from "../domain/Project.ts"
import { Files } from "../resources/Files.ts"
import * as Owner from "../resources/Owner.ts"
import * as PerCall from "../resources/PerCall.ts"
import {
  type AppendResult,
  type CaptureBatch,
  type Cursor,
  type DeadLetter,
  MemoryStore,
  type StoreError
} from "../store/MemoryStore.ts"
import { type CaptureError, discover, type TranscriptFile } from "./Discovery.ts"
import {
  callsOf,
  Exclude,
  EXCLUDED_TOOL,
  isExcludedTool,
  makeProjectOf,
  type ProjectOf,
  withoutTools
} from "./Exclude.ts"
import * as Notes from "./Notes.ts"
import { mask, maskTexts } from "./redact/Masking.ts"
import * as Transcript from "./transcript/Transcript.ts"
import {
  type FileLine,
  headOf,
  lines,
  MAX_LINE_BYTES,
  openTranscript,
  type Stretch,
  tailOf
} from "./transcript/TranscriptFile.ts"
import * as Watch from "./Watch.ts"

export { CaptureError, type TranscriptFile } from "./Discovery.ts"

/** A batch that was written, with the number of bytes that it took from its file. */
export interface Captured {
  readonly file: TranscriptFile
  readonly bytes: number
  readonly batch: CaptureBatch
  readonly result: AppendResult
}

/**
 * Claude Code writes some lines before the conversation begins, and these lack a working directory. A transcript with
 * no other lines is left for later until nothing was written to it for this long; then its project is that of the
 * transcript's folder.
 */
const BEGINS_WITHIN_MS = 60_000

const make = ({ maxWatched }: Pick<Watch.Options, "maxWatched">) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const store = yield* MemoryStore
    const files = yield* Files.make
    const perCall = yield* PerCall.make(1)
    const exclude = yield* Exclude
    const platform = Context.make(FileSystem.FileSystem, fs).pipe(
      Context.add(Path.Path, path),
      Context.add(MemoryStore, store),
      Context.add(Files, files),
      Context.add(Exclude, exclude)
    )

    /** Parses, masks and counts the lines of a stretch. */
    const toBatch = (
      stretch: ReadonlyArray<FileLine>,
      previous: Cursor | undefined,
      cursor: Cursor,
      project: Project.Project
    ): Effect.Effect<CaptureBatch, StoreError> =>
      Effect.gen(function*() {
        const mentioned = stretch.flatMap(({ text }) => mentionedIn(text))
        const known = new Map(mentioned.length === 0 ? [] : yield* store.places(mentioned))
        const messages: Array<Message> = []
        const facts: Array<SessionFacts> = []
        const skipped: Record<string, number> = {}
        const dead: Array<DeadLetter> = []
        let factLines = 0
        for (const line of stretch) {
          const parsed = line.tooLong
            ? { _tag: "Malformed" as const, reason: `longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB` }
            : Transcript.parse(line.text, cursor.sessionId, (uuid) => known.get(uuid))
          switch (parsed._tag) {
            case "Message":
              messages.push(parsed.message)
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
        const batch = yield* mask({
          cursor,
          previous,
          project,
          lines: stretch.length,
          messages,
          facts,
          factLines,
          skipped,
          deadLetters: dead,
          redactions: {}
        })
        return yield* withoutExcludedTools(batch)
      })

    /** Runs after masking, because masking may replace the ids by which the store finds messages. */
    const withoutExcludedTools = (batch: CaptureBatch): Effect.Effect<CaptureBatch, StoreError> =>
      Effect.map(callsOf(batch.messages, store.messages), (calls) => {
        const messages = withoutTools(batch.messages, isExcludedTool(exclude.tools), calls)
        const removed = batch.messages.length - messages.length
        return removed === 0
          ? { ...batch, messages }
          : { ...batch, messages, skipped: { ...batch.skipped, [EXCLUDED_TOOL]: removed } }
      })

    const read = (
      file: TranscriptFile,
      cursor: Cursor | undefined,
      projectOf: ProjectOf
    ): Stream.Stream<Captured, StoreError> =>
      Stream.unwrapScoped(Effect.gen(function*() {
        if (cursor?.offset === file.size && cursor.modifiedAt === file.modifiedAt) return Stream.empty
        const handle = yield* openTranscript(file.path)
        const head = yield* headOf(handle, file.path)
        if (!head.isBegun && Math.abs((yield* Clock.currentTimeMillis) - file.modifiedAt) < BEGINS_WITHIN_MS) {
          return Stream.empty
        }
        const project = yield* projectOf(head.cwd ?? path.dirname(file.path))
        if (Option.isNone(project)) return Stream.empty
        // A truncated file has another tail too, so the two hashes suffice.
        const isSame = cursor !== undefined && cursor.fingerprint === head.fingerprint &&
          cursor.tail === (yield* tailOf(handle, cursor.offset))
        const take = (stretch: Stretch, previous: Cursor | undefined) =>
          Effect.gen(function*() {
            const cursor: Cursor = {
              path: file.path,
              offset: stretch.end,
              fingerprint: head.fingerprint,
              tail: yield* tailOf(handle, stretch.end),
              modifiedAt: file.modifiedAt,
              sessionId: head.sessionId
            }
            const batch = yield* toBatch(stretch.lines, previous, cursor, project.value)
            const captured: Captured = {
              file,
              bytes: stretch.end - stretch.start,
              batch,
              result: yield* store.append(batch)
            }
            return [cursor, captured] as const
          })
        return lines(handle, isSame ? cursor.offset : 0).pipe(
          Stream.mapAccumEffect(cursor, (previous, stretch) => take(stretch, previous)),
          // Another process reads this file too, is ahead, and reads the rest.
          Stream.takeUntil(({ result }) => result._tag === "Conflict")
        )
      })).pipe(
        Stream.provideContext(platform),
        Stream.catchAll((error) =>
          error._tag === "StoreError"
            ? Stream.fail(error)
            : Stream.execute(Effect.logWarning(`passed over ${file.path} for now: ${error.message}`))
        )
      )

    return {
      watch: (folders) => {
        const cursors = (paths: ReadonlyArray<string>) =>
          Effect.orElseSucceed(store.cursors(paths), () => new Map<string, Cursor>())
        return Stream.provideContext(
          Watch.watch(folders.map((each) => path.resolve(each)), { maxWatched, cursors, perCall }),
          platform
        )
      },
      mask: maskTexts,
      discover: Effect.fn("Collector.discover")((paths: ReadonlyArray<string>) => discover(paths)),
      sync: (files) =>
        Stream.unwrap(
          Effect.gen(function*() {
            const cursors = yield* store.cursors(files.map((file) => file.path))
            const projectOf = yield* makeProjectOf
            return Stream.flatMap(
              Stream.fromIterable(files),
              (file) => read(file, cursors.get(file.path), projectOf)
            )
          }).pipe(Owner.provideContext(platform))
        ),
      notes: (files) => Stream.provideContext(Notes.read(files), platform)
    } satisfies Collector["Type"]
  })

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

export class Collector extends Context.Tag("claude-memory/Collector")<Collector, {
  /** Finds the transcripts at these paths (files, or folders with all below), newest first. Follows each link once. */
  readonly discover: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<TranscriptFile>, CaptureError>
  /**
   * Reads each file on from its cursor. Skips an unreadable file with a warning; skips silently a file of an excluded
   * project or folder, and a file so new that it does not name its working directory yet. Skipped files keep their
   * cursors.
   */
  readonly sync: (files: ReadonlyArray<TranscriptFile>) => Stream.Stream<Captured, StoreError>
  /**
   * Reads Claude Code's own memory of these transcripts' projects. For each memory folder that changed since it was
   * last read, emits all units that the folder holds now.
   */
  readonly notes: (files: ReadonlyArray<TranscriptFile>) => Stream.Stream<ReadonlyArray<MemoryUnit>, StoreError>
  /** Masks secrets by the same rules as `sync`. */
  readonly mask: (texts: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>>
  /**
   * Emits batches of the transcripts below these folders that may hold unread lines: first all that were not read to
   * their end, then those that change. A folder need not exist yet. The stream ends only by interruption.
   */
  readonly watch: (folders: ReadonlyArray<string>) => Stream.Stream<Watch.Batch>
}>() {
  /** Watches at most `maxWatched` folders; with 0, changes are found by polling alone. */
  static readonly layerWatching = (maxWatched: number) => Owner.layer(this, make({ maxWatched }))
  static readonly layer = this.layerWatching(Watch.MAX_WATCHED)
}
