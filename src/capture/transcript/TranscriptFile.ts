/**
 * Reads a transcript's bytes: stretches of whole lines from an offset on, in bounded memory.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { isJson } from "../../domain/Json.ts"
import { Files } from "../../resources/Files.ts"

/** Longest line, in bytes. A longer one becomes a dead letter and is never held in memory whole. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
/** Bytes kept of an overlong line: more than its dead letter shows, so that redaction sees secrets whole. */
const OVERLONG_BYTES = 64 * 1024
const HEAD_BYTES = 64 * 1024
/** Overlap of two chunks in the search after the head: holds the longest value that is looked for, in any alphabet. */
const OVERLAP_BYTES = 16 * 1024
const TAIL_BYTES = 64 * 1024
const NEWLINE = 0x0a
const RETURN = 0x0d

/** `offset` is that of the line's first byte. When `tooLong` is set, `text` is only the line's beginning. */
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

/** An open transcript, or all bytes of one. */
export type Source = FileSystem.File | Uint8Array

export const openTranscript = Effect.fn("TranscriptFile.open")((path: string) =>
  Effect.flatMap(Files, ({ openFile }) => openFile(path, { flag: "r" }))
)

/** Reads a transcript of at most one chunk at once, which takes a tenth of opening it, and opens a longer one. */
export const sourceOf = (
  path: string,
  size: number
): Effect.Effect<Source, PlatformError, Files | FileSystem.FileSystem | Scope.Scope> =>
  size > CHUNK_BYTES ? openTranscript(path) : Effect.flatMap(Files, ({ readFile }) => readFile(path))

const readAt = (
  source: Source,
  offset: number,
  size: number
): Effect.Effect<Option.Option<Uint8Array>, PlatformError> => {
  if (!(source instanceof Uint8Array)) {
    return Effect.zipRight(source.seek(FileSystem.Size(offset), "start"), source.readAlloc(FileSystem.Size(size)))
  }
  const bytes = source.subarray(offset, offset + size)
  return bytes.length === 0 ? Effect.succeedNone : Effect.succeedSome(bytes)
}

const decoder = new TextDecoder()

const fingerprintOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 32)

/** Returns the first string value of this key. */
const valueOf = (key: string, text: string): string | undefined => {
  const literal = new RegExp(`"${key}":\\s*("(?:[^"\\\\]|\\\\.){1,4096}")`).exec(text)?.[1]
  if (literal === undefined) return undefined
  try {
    return JSON.parse(literal) as string
  } catch {
    return undefined
  }
}

/** Searches for the value after the head: a queued prompt of any length may precede it. */
const valueAfterHead = (file: Source, key: string) =>
  Effect.iterate({ at: HEAD_BYTES - OVERLAP_BYTES, found: undefined as string | undefined }, {
    while: ({ at, found }) => found === undefined && at < MAX_LINE_BYTES,
    body: ({ at }) =>
      Effect.map(
        readAt(file, at, CHUNK_BYTES),
        Option.match({
          onNone: () => ({ at: Infinity, found: undefined }),
          onSome: (bytes) => ({
            at: at + CHUNK_BYTES - OVERLAP_BYTES,
            found: valueOf(key, decoder.decode(bytes))
          })
        })
      )
  }).pipe(Effect.map(({ found }) => found))

/**
 * Reads the facts in the first lines. The first whole line never changes as a file grows: its hash identifies the file.
 */
export const headOf = (file: Source, name: string) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const bytes = Option.getOrElse(yield* readAt(file, 0, HEAD_BYTES), () => new Uint8Array())
    const newline = bytes.indexOf(NEWLINE)
    const first = bytes.subarray(0, newline < 0 ? bytes.length : newline)
    const text = decoder.decode(bytes)
    const cwd = valueOf("cwd", text) ?? (yield* valueAfterHead(file, "cwd"))
    return {
      // A first line that was read before its line end was written must hash the same afterwards.
      fingerprint: fingerprintOf(first.at(-1) === RETURN ? first.subarray(0, -1) : first),
      cwd,
      /** True once the conversation has begun: each of its lines has a uuid and a working directory. */
      isBegun: cwd !== undefined || valueOf("uuid", text) !== undefined,
      sessionId: valueOf("sessionId", text) ?? path.basename(name, ".jsonl")
    }
  })

/** Hashes the bytes before `offset`. With the head's hash, it distinguishes a grown file from a replaced one. */
export const tailOf = (file: Source, offset: number) =>
  Effect.map(
    readAt(file, Math.max(0, offset - TAIL_BYTES), Math.min(offset, TAIL_BYTES)),
    (bytes) => fingerprintOf(Option.getOrElse(bytes, () => new Uint8Array()))
  )

interface State {
  /** Offset of the first byte that was not emitted yet. */
  readonly start: number
  readonly position: number
  readonly pending: ReadonlyArray<Uint8Array>
  /** Beginning of an overlong line whose end was not found yet. */
  readonly overlong: string | undefined
  /** The last line was emitted without its newline, so reading stops: later bytes belong to the next read. */
  readonly isAtEnd: boolean
}

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))

const beginning = (bytes: Uint8Array): string => decoder.decode(bytes.subarray(0, OVERLONG_BYTES))

/** Splits `bytes`, which lie at `offset`, into lines. The first may be the end of a line known to be too long. */
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

/** Tests whether the last bytes of a file are a whole line that lacks only its newline: a torn line is no JSON. */
const isWhole = (text: string): boolean => text.trimEnd().endsWith("}") && isJson(text)

/** Returns the offset of the next line: after the newline that the last line lacked when it was read. */
const nextLine = (file: Source, offset: number) =>
  offset === 0 ? Effect.succeed(0) : Effect.map(readAt(file, offset - 1, 3), (bytes) => {
    const [before, ...after] = Option.getOrElse(bytes, () => new Uint8Array())
    if (before === NEWLINE) return offset
    return after[0] === NEWLINE ? offset + 1 : after[0] === RETURN && after[1] === NEWLINE ? offset + 2 : offset
  })

/** Emits whole lines from `offset` on. A last line without its newline waits for the next read, unless it is whole. */
export const lines = (
  file: Source,
  offset: number,
  { chunkBytes = CHUNK_BYTES, maxLineBytes = MAX_LINE_BYTES } = {}
): Stream.Stream<Stretch, PlatformError> => {
  const next = (state: State, bytes: Uint8Array): readonly [Chunk.Chunk<Stretch>, State] => {
    const position = state.position + bytes.length
    const last = bytes.lastIndexOf(NEWLINE)
    if (last < 0) {
      const held = state.pending.reduce((sum, part) => sum + part.length, 0) + bytes.length
      if (state.overlong !== undefined) return [Chunk.empty(), { ...state, position }]
      return [
        Chunk.empty(),
        held <= maxLineBytes
          ? { ...state, position, pending: [...state.pending, bytes] }
          : { ...state, position, pending: [], overlong: beginning(concat([...state.pending, bytes])) }
      ]
    }
    const whole = concat([...state.pending, bytes.subarray(0, last + 1)])
    const end = state.position + last + 1
    const rest = bytes.subarray(last + 1)
    return [
      Chunk.of({ start: state.start, end, lines: split(whole, end - whole.length, state, maxLineBytes) }),
      { ...state, start: end, position, pending: rest.length === 0 ? [] : [rest], overlong: undefined }
    ]
  }
  const atEnd = (state: State): Option.Option<readonly [Chunk.Chunk<Stretch>, State]> => {
    const { pending, position, start } = state
    const isHeld = pending.length > 0 && state.overlong === undefined && position - start <= maxLineBytes
    const text = isHeld ? decoder.decode(concat(pending)) : ""
    return isWhole(text)
      ? Option.some([
        Chunk.of({ start, end: position, lines: [{ text, offset: start, tooLong: false }] }),
        { start: position, position, pending: [], overlong: undefined, isAtEnd: true }
      ])
      : Option.none()
  }
  return Stream.unwrap(Effect.map(nextLine(file, offset), (start) =>
    Stream.unfoldChunkEffect(
      { start, position: start, pending: [], overlong: undefined, isAtEnd: false } as State,
      (state) =>
        state.isAtEnd
          ? Effect.succeedNone
          : Effect.map(
            readAt(file, state.position, chunkBytes),
            Option.match({
              onNone: () => atEnd(state),
              onSome: (bytes) => Option.some(next(state, bytes))
            })
          )
    )))
}
