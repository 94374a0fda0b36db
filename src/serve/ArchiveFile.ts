/**
 * The file of an archive: written under a temporary name and renamed when it is whole, read line by line.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { MAX_LINE } from "../domain/Archive.ts"
import { Files } from "../resources/Files.ts"
import { ArchiveError } from "./Archive.ts"

/** Bytes that are read at a time, and lines that are written. */
const PART = 1 << 17
const PER_PART = 200

/** Joins lines, each with its end, into parts. */
const parts = <E, R>(lines: Stream.Stream<string, E, R>) =>
  lines.pipe(
    Stream.grouped(PER_PART),
    Stream.map((some) => new TextEncoder().encode([...some].map((line) => `${line}\n`).join("")))
  )

/** Writes the lines into a new file, readable for its owner only; replaces none. Returns the number of bytes. */
export const write = <E, R>(path: string, lines: Stream.Stream<string, E, R>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* fs.exists(path)) {
      return yield* new ArchiveError({ line: 0, detail: `${path} is there already: name another file, or delete it` })
    }
    const { openFile } = yield* Files
    const temporary = `${path}.${process.pid}.tmp`
    const written = Effect.scoped(Effect.gen(function*() {
      const file = yield* openFile(temporary, { flag: "w", mode: 0o600 })
      let bytes = 0
      yield* Stream.runForEach(parts(lines), (part) => {
        bytes += part.length
        return file.writeAll(part)
      })
      yield* file.sync
      return bytes
    }))
    return yield* Effect.zipLeft(written, fs.rename(temporary, path)).pipe(
      Effect.onError(() => Effect.ignore(fs.remove(temporary, { force: true })))
    )
  })

/** Splits a text into lines; fails for one without an end. */
const linesIn = <E, R>(text: Stream.Stream<string, E, R>) =>
  Stream.concat(text, Stream.make("\n")).pipe(
    Stream.mapAccumEffect("", (rest, more) => {
      const lines = (rest + more).split("\n")
      const last = lines.pop()!
      return last.length > MAX_LINE
        ? Effect.fail(
          new ArchiveError({ line: 0, detail: `it has a line of over ${MAX_LINE} characters: it is no archive` })
        )
        : Effect.succeed([last, lines] as const)
    }),
    Stream.flattenIterables
  )

/** Reads a file's lines, without their ends. */
export const read = (path: string) =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const { openFile } = yield* Files
    const file = yield* openFile(path)
    return linesIn(
      Stream.repeatEffectOption(
        Effect.flatMap(Effect.mapError(file.readAlloc(PART), Option.some), Effect.mapError(() => Option.none()))
      ).pipe(Stream.decodeText("utf8"))
    )
  }))
