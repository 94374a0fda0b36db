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
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { Files } from "../resources/Files.ts"
import * as Owner from "../resources/Owner.ts"
import * as PerCall from "../resources/PerCall.ts"
import {
  type AppendResult,
  type CaptureBatch,
  type Cursor,
  MemoryStore,
  type StoreError
} from "../store/MemoryStore.ts"
import { askedOnce } from "./AskedOnce.ts"
import { toBatch } from "./Batch.ts"
import { CaptureError, discover, type TranscriptFile } from "./Discovery.ts"
import { Exclude, makeProjectOf, type ProjectOf } from "./Exclude.ts"
import * as GoneFolders from "./GoneFolders.ts"
import * as Notes from "./Notes.ts"
import { maskTexts } from "./redact/Masking.ts"
import { parse } from "./transcript/Transcript.ts"
import { headOf, lines, sourceOf, type Stretch, tailOf } from "./transcript/TranscriptFile.ts"
import * as Unread from "./Unread.ts"
import * as Watch from "./Watch.ts"

export { CaptureError, type TranscriptFile } from "./Discovery.ts"
export type { Pair, Recognized } from "./GoneFolders.ts"
export type { Unread } from "./Unread.ts"

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

/** Bytes that are read at a time of a long transcript: what is made of them is in memory all at once, and is ten times as much. */
const CHUNK_BYTES = 512 * 1024

/** Refuses a file none of whose lines is a transcript's: each would become a dead letter. One without whole lines may become a transcript. */
const mustBeTranscript = ({ path, size }: TranscriptFile) =>
  Effect.gen(function*() {
    const last = yield* Stream.unwrapScoped(Effect.map(sourceOf(path, size), (source) => lines(source, 0))).pipe(
      Stream.flatMap((stretch) => Stream.fromIterable(stretch.lines)),
      Stream.filter(({ text }) => text.trim() !== ""),
      Stream.map(({ text, tooLong }) => !tooLong && parse(text, "", () => undefined)._tag !== "Malformed"),
      Stream.takeUntil((isTranscript) => isTranscript),
      Stream.runLast,
      Effect.mapError((cause) => new CaptureError({ reason: "Unreadable", path, cause }))
    )
    if (Option.contains(last, false)) return yield* new CaptureError({ reason: "NoTranscript", path, cause: undefined })
  })

const make = ({ maxWatched }: Pick<Watch.Options, "maxWatched">) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const store = yield* MemoryStore
    const files = yield* Files.make
    const perCall = yield* PerCall.make(1)
    const exclude = yield* Exclude
    const folders: Unread.Folders = new Map()
    const platform = Context.make(FileSystem.FileSystem, fs).pipe(
      Context.add(Path.Path, path),
      Context.add(MemoryStore, store),
      Context.add(Files, files),
      Context.add(Exclude, exclude)
    )
    const provided = Owner.provideStream(platform)

    const read = (
      file: TranscriptFile,
      cursor: Cursor | undefined,
      projectOf: ProjectOf
    ): Stream.Stream<Captured, StoreError> =>
      Stream.unwrapScoped(Effect.gen(function*() {
        if (cursor?.offset === file.size && cursor.modifiedAt === file.modifiedAt) return Stream.empty
        const source = yield* sourceOf(file.path, file.size)
        const head = yield* headOf(source, file.path)
        if (!head.isBegun && Math.abs((yield* Clock.currentTimeMillis) - file.modifiedAt) < BEGINS_WITHIN_MS) {
          return Stream.empty
        }
        const project = yield* projectOf(head.cwd ?? path.dirname(file.path))
        if (Option.isNone(project)) return Stream.empty
        // A truncated file has another tail too, so the two hashes suffice.
        const isSame = cursor !== undefined && cursor.fingerprint === head.fingerprint &&
          cursor.tail === (yield* tailOf(source, cursor.offset))
        const take = (stretch: Stretch, previous: Cursor | undefined) =>
          Effect.gen(function*() {
            const cursor: Cursor = {
              path: file.path,
              offset: stretch.end,
              fingerprint: head.fingerprint,
              tail: yield* tailOf(source, stretch.end),
              modifiedAt: file.modifiedAt,
              sessionId: head.sessionId
            }
            const batch = yield* toBatch(stretch.lines, previous, cursor, project.value, projectOf)
            const captured: Captured = {
              file,
              bytes: stretch.end - stretch.start,
              batch,
              result: yield* store.append(batch)
            }
            return [cursor, captured] as const
          })
        const limits = source instanceof Uint8Array ? {} : { chunkBytes: CHUNK_BYTES }
        return lines(source, isSame ? cursor.offset : 0, limits).pipe(
          Stream.mapAccumEffect(cursor, (previous, stretch) => take(stretch, previous)),
          // Another process reads this file too, is ahead, and reads the rest.
          Stream.takeUntil(({ result }) => result._tag === "Conflict")
        )
      })).pipe(
        provided,
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
        return provided(Watch.watch(folders.map((each) => path.resolve(each)), { maxWatched, cursors, perCall }))
      },
      mask: maskTexts,
      discover: Effect.fn("Collector.discover")(function*(paths: ReadonlyArray<string>) {
        const found = yield* discover(paths)
        const named = new Set(
          yield* Effect.forEach(paths, (each) => Effect.orElseSucceed(fs.realPath(each), () => each))
        )
        yield* Effect.forEach(found.filter((file) => named.has(file.path)), mustBeTranscript, { discard: true })
        return found
      }, Owner.provideContext(platform)),
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
      unread: (files) => Owner.provideContext(platform)(Unread.measure(files, folders)),
      notes: (files) => provided(Notes.read(files)),
      attach: Owner.provideContext(platform)(askedOnce(GoneFolders.attach)),
      recognize: Owner.provideContext(platform)(askedOnce(GoneFolders.recognize))
    } satisfies Collector["Type"]
  })

/** Reads transcripts into the store, each from its cursor on. Secrets are masked before anything is stored. */
export class Collector extends Context.Tag("claude-memory/Collector")<Collector, {
  /**
   * Finds the transcripts at these paths (files, or folders with all below), newest first. Follows each link once. Fails for a named file
   * that is no transcript.
   */
  readonly discover: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<TranscriptFile>, CaptureError>
  /**
   * Reads each file on from its cursor. Skips an unreadable file with a warning; skips silently a file of an excluded
   * project or folder, and a file so new that it does not name its working directory yet. Skipped files keep their
   * cursors.
   */
  readonly sync: (files: ReadonlyArray<TranscriptFile>) => Stream.Stream<Captured, StoreError>
  /** Measures how far these transcripts have been read, without those of excluded projects. */
  readonly unread: (files: ReadonlyArray<TranscriptFile>) => Effect.Effect<Unread.Unread, StoreError>
  /**
   * Reads Claude Code's own memory of these transcripts' projects. For each memory folder that changed since it was
   * last read, emits all units that the folder holds now.
   */
  readonly notes: (files: ReadonlyArray<TranscriptFile>) => Stream.Stream<ReadonlyArray<MemoryUnit>, StoreError>
  /** Recognizes the projects of folders that belong to a repository, and merges those into it that are sure. */
  readonly attach: Effect.Effect<GoneFolders.Recognized, StoreError>
  /** Recognizes the projects of folders that are gone; changes nothing. */
  readonly recognize: Effect.Effect<GoneFolders.Recognized, StoreError>
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
