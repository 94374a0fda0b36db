/**
 * A transcript as bytes: stretches of whole lines from an offset on, in bounded memory.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { ResourceLedger } from "../resources/ResourceLedger.ts"

/** A longer line becomes a dead letter: it is passed over, never held in memory whole. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
/** What is kept of a line that is too long; more than its dead letter shows, so that redaction sees secrets whole. */
const OVERLONG_BYTES = 64 * 1024
const HEAD_BYTES = 64 * 1024
const NEWLINE = 0x0a

/** `offset` is that of its first byte; of a line that is `tooLong`, `text` is the beginning only. */
export interface FileLine {
  readonly text: string
  readonly offset: number
  readonly tooLong: boolean
}

/** Whole lines between two offsets of the file. */
export interface Stretch {
  readonly start: number
  readonly end: number
  readonly lines: ReadonlyArray<FileLine>
}

export const openTranscript = (path: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const ledger = yield* ResourceLedger
    return yield* ledger.adopt("file", path, fs.open(path, { flag: "r" }))
  })

const readAt = (file: FileSystem.File, offset: number, size: number) =>
  Effect.zipRight(file.seek(FileSystem.Size(offset), "start"), file.readAlloc(FileSystem.Size(size)))

const decoder = new TextDecoder()

/** What the first lines tell. The first whole line never changes while a file grows, so its hash tells files apart. */
export const headOf = (file: FileSystem.File, name: string) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const bytes = Option.getOrElse(yield* readAt(file, 0, HEAD_BYTES), () => new Uint8Array())
    const newline = bytes.indexOf(NEWLINE)
    const text = decoder.decode(bytes)
    const value = (key: string) => {
      const literal = new RegExp(`"${key}":\\s*("(?:[^"\\\\]|\\\\.){1,4096}")`).exec(text)?.[1]
      if (literal === undefined) return undefined
      try {
        return JSON.parse(literal) as string
      } catch {
        return undefined
      }
    }
    return {
      fingerprint: createHash("sha256").update(bytes.subarray(0, newline < 0 ? bytes.length : newline)).digest("hex")
        .slice(0, 32),
      cwd: value("cwd"),
      sessionId: value("sessionId") ?? path.basename(name, ".jsonl")
    }
  })

interface State {
  /** Of the first byte not yet given out as part of a line. */
  readonly start: number
  readonly position: number
  readonly pending: ReadonlyArray<Uint8Array>
  /** The beginning of a line that is too long, while its end is looked for. */
  readonly overlong: string | undefined
}

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))

const beginning = (bytes: Uint8Array): string => decoder.decode(bytes.subarray(0, OVERLONG_BYTES))

/** The lines of `bytes`, which lie at `offset`; the first of them may be the end of a line already known to be too long. */
const split = (bytes: Uint8Array, offset: number, state: State, maxLineBytes: number): ReadonlyArray<FileLine> => {
  const out: Array<FileLine> = []
  let from = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
    const line = bytes.subarray(from, at)
    out.push(
      from === 0 && state.overlong !== undefined
        ? { text: state.overlong, offset: state.start, tooLong: true }
        : line.length > maxLineBytes
        ? { text: beginning(line), offset: offset + from, tooLong: true }
        : { text: decoder.decode(line), offset: offset + from, tooLong: false }
    )
    from = at + 1
  }
  return out
}

/** Whole lines from `offset` on; a last line without its newline waits for another time. */
export const lines = (
  file: FileSystem.File,
  offset: number,
  { chunkBytes = CHUNK_BYTES, maxLineBytes = MAX_LINE_BYTES } = {}
): Stream.Stream<Stretch, PlatformError> =>
  Stream.unfoldChunkEffect(
    { start: offset, position: offset, pending: [], overlong: undefined } as State,
    (state) =>
      Effect.map(readAt(file, state.position, chunkBytes), (read) =>
        Option.map(read, (bytes): readonly [Chunk.Chunk<Stretch>, State] => {
          const position = state.position + bytes.length
          const last = bytes.lastIndexOf(NEWLINE)
          if (last < 0) {
            const held = state.pending.reduce((sum, part) =>
              sum + part.length, 0) + bytes.length
            if (state.overlong !== undefined) return [Chunk.empty(), { ...state, position }]
            if (held <= maxLineBytes) return [Chunk.empty(), { ...state, position, pending: [...state.pending, bytes] }]
            return [Chunk.empty(), {
              ...state,
              position,
              pending: [],
              overlong: beginning(concat([...state.pending, bytes]))
            }]
          }
          const whole = concat([...state.pending, bytes.subarray(0, last + 1)])
          const end = state.position + last + 1
          const rest = bytes.subarray(last + 1)
          return [
            Chunk.of({ start: state.start, end, lines: split(whole, end - whole.length, state, maxLineBytes) }),
            { start: end, position, pending: rest.length === 0 ? [] : [rest], overlong: undefined }
          ]
        }))
  )
