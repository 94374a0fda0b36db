/**
 * Measures how far transcripts have been read, by whatever process.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { dirname } from "node:path"
import { type Cursor, MemoryStore } from "../store/MemoryStore.ts"
import type { TranscriptFile } from "./Discovery.ts"
import { makeProjectOf } from "./Exclude.ts"
import { headOf, openTranscript } from "./transcript/TranscriptFile.ts"

/** Numbers of transcripts that are read, or will be, and of their bytes. */
export interface Unread {
  readonly files: number
  /** Transcripts that have something unread. */
  readonly unread: number
  readonly bytes: number
  /** Bytes that were read. */
  readonly read: number
}

/** Working directories of transcripts by path; a transcript has one for good, once it has begun. */
export type Folders = Map<string, string>

const leftOf = (file: TranscriptFile, cursor: Cursor | undefined): number =>
  cursor === undefined
    ? file.size
    // A line that is not whole yet stays unread.
    : cursor.modifiedAt === file.modifiedAt
    ? 0
    : Math.max(0, file.size - cursor.offset)

const folderOf = (path: string) =>
  Effect.gen(function*() {
    const head = yield* headOf(yield* openTranscript(path), path)
    return head.isBegun ? Option.some(head.cwd ?? dirname(path)) : Option.none()
  }).pipe(Effect.scoped, Effect.orElseSucceed(Option.none))

/** Measures these transcripts, without those of excluded projects. `folders` keeps the working directories for the next time. */
export const measure = (files: ReadonlyArray<TranscriptFile>, folders: Folders) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const cursors = yield* store.cursors(files.map(({ path }) => path))
    const projectOf = yield* makeProjectOf
    const isRead = ({ path }: TranscriptFile) =>
      Effect.gen(function*() {
        const known = folders.get(path)
        const folder = known === undefined ? yield* folderOf(path) : Option.some(known)
        if (Option.isNone(folder)) return false
        folders.set(path, folder.value)
        return Option.isSome(yield* Effect.orElseSucceed(projectOf(folder.value), Option.none))
      })
    const sum = { files: 0, unread: 0, bytes: 0, read: 0 }
    for (const file of files) {
      const left = leftOf(file, cursors.get(file.path))
      if (left > 0 && !(yield* isRead(file))) continue
      sum.files += 1
      sum.unread += Number(left > 0)
      sum.bytes += file.size
      sum.read += file.size - left
    }
    const paths = new Set(files.map(({ path }) => path))
    for (const path of folders.keys()) if (!paths.has(path)) folders.delete(path)
    return sum satisfies Unread
  })
