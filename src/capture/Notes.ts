/**
 * Reads Claude Code's own memory of a project, a folder of Markdown files, when it changed, and writes its notes to the
 * store as units.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { stripFence } from "../domain/Injection.ts"
import { foldersFor, type Note, unitsOf } from "../domain/Notes.ts"
import type * as Project from "../domain/Project.ts"
import { type Cursor, MemoryStore } from "../store/MemoryStore.ts"
import type { TranscriptFile } from "./Collector.ts"
import { makeProjectOf, type ProjectOf } from "./Exclude.ts"
import { mask, maskTexts } from "./redact/Masking.ts"
import { headOf, openTranscript } from "./transcript/TranscriptFile.ts"

/** Bounds of what is read from a folder: the newest files, and the beginning of each. */
const MAX_FILES = 200
const MAX_FILE_BYTES = 64 * 1024

interface NoteFile extends Omit<Note, "text"> {
  readonly size: number
}

const decoder = new TextDecoder()

/** Lists the Markdown files of a folder, at most `MAX_FILES`, newest first; none when there is no such folder. */
const list = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { join } = yield* Path.Path
    const names = yield* Effect.catchTag(
      fs.readDirectory(folder),
      "SystemError",
      (error) => error.reason === "NotFound" ? Effect.succeed([]) : Effect.fail(error)
    )
    const files = yield* Effect.forEach(names.filter((name) => name.endsWith(".md")), (name) => {
      const path = join(folder, name)
      return Effect.map(Effect.option(fs.stat(path)), (info) =>
        Option.toArray(info).filter(({ type }) =>
          type === "File"
        ).map(({ mtime, size }): NoteFile => ({
          path,
          name,
          size: Number(size),
          modifiedAt: Option.match(mtime, { onNone: () => 0, onSome: (date) => date.getTime() })
        })))
    })
    return files.flat().sort((a, b) => b.modifiedAt - a.modifiedAt || (a.name < b.name ? -1 : 1)).slice(0, MAX_FILES)
  })

/** Changes when a file is added, deleted or modified. */
const fingerprintOf = (files: ReadonlyArray<NoteFile>): string =>
  createHash("sha256").update(JSON.stringify(files.map(({ modifiedAt, name, size }) => [name, size, modifiedAt])))
    .digest("hex").slice(0, 32)

const readFile = ({ modifiedAt, name, path }: NoteFile) =>
  Effect.gen(function*() {
    const file = yield* openTranscript(path)
    const bytes = yield* file.readAlloc(FileSystem.Size(MAX_FILE_BYTES))
    const text = Option.match(bytes, { onNone: () => "", onSome: (read) => decoder.decode(read) })
    const note: Note = { path, name, modifiedAt, text: stripFence(text) }
    return note
  }).pipe(Effect.scoped)

/** Warns about an unreadable path and leaves its remembered units as they are. */
const warnSkipped = <A>(path: string, instead: A) => (error: { readonly message: string }) =>
  Effect.as(Effect.logWarning(`passed over ${path} for now: ${error.message}`), instead)

/** Pairs each folder that may hold notes of the transcript's project with the project. */
const foldersOf = (transcript: string, projectOf: ProjectOf) =>
  Effect.gen(function*() {
    const { cwd } = yield* headOf(yield* openTranscript(transcript), transcript)
    const project = cwd === undefined ? Option.none() : yield* projectOf(cwd)
    if (cwd === undefined || Option.isNone(project)) return []
    return (yield* foldersFor(transcript, cwd)).map((folder) => [folder, project.value] as const)
  }).pipe(
    Effect.scoped,
    Effect.catchTag("BadArgument", "SystemError", warnSkipped(transcript, []))
  )

/** Replaces the stored units of a folder that changed since the cursor, and returns the new ones. */
const remember = (folder: string, project: Project.Project, previous: Cursor | undefined) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const files = yield* list(folder)
    const fingerprint = fingerprintOf(files)
    if (previous === undefined ? files.length === 0 : previous.fingerprint === fingerprint) return Option.none()
    const notes = yield* Effect.forEach(files, readFile)
    const texts = yield* maskTexts(notes.map(({ text }) => text))
    const masked = notes.map((note, i) => ({ ...note, text: texts[i]! }))
    const units = unitsOf(masked, folder, project.id, yield* Clock.currentTimeMillis)
    const batch = yield* mask({
      cursor: {
        path: folder,
        offset: files.reduce((sum, { size }) => sum + size, 0),
        fingerprint,
        tail: "",
        modifiedAt: files[0]?.modifiedAt ?? 0,
        sessionId: "notes"
      },
      previous,
      project,
      unlessExcluded: true,
      lines: 0,
      messages: [],
      facts: [],
      factLines: 0,
      skipped: {},
      deadLetters: [],
      redactions: {}
    })
    return yield* store.transaction(Effect.gen(function*() {
      const { _tag } = yield* store.append(batch)
      if (_tag === "Conflict") return Option.none()
      yield* store.replace(folder, units)
      return Option.some(units)
    }))
  }).pipe(Effect.catchTag("BadArgument", "SystemError", warnSkipped(folder, Option.none())))

/** Emits all units of each changed memory folder of these transcripts' projects. `files` must come newest first. */
export const read = (files: ReadonlyArray<TranscriptFile>) =>
  Stream.unwrap(Effect.gen(function*() {
    const path = yield* Path.Path
    const store = yield* MemoryStore
    const projectOf = yield* makeProjectOf
    const newest = new Map(files.toReversed().map((file) => [path.dirname(file.path), file.path]))
    // Agents have no memory of their own.
    const transcripts = [...newest.values()].filter((file) => path.basename(path.dirname(file)) !== "subagents")
    const found = new Map((yield* Effect.forEach(transcripts, (file) => foldersOf(file, projectOf))).flat())
    const cursors = yield* store.cursors([...found.keys()])
    return Stream.fromIterable(found).pipe(
      Stream.mapEffect(([folder, project]) => remember(folder, project, cursors.get(folder))),
      Stream.filterMap(identity)
    )
  }))
