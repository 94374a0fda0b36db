import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import {
  headOf,
  lines,
  openTranscript,
  type Source,
  type Stretch,
  tailOf
} from "../../../src/capture/transcript/TranscriptFile.ts"
import { slow, times } from "../../data.ts"
import { platform } from "../../resources/owned.ts"
import { anyCharacter } from "../../texts.ts"

const services = platform

type Limits = { readonly chunkBytes?: number; readonly maxLineBytes?: number }

/** Opens a file with these bytes. */
const opened = (bytes: Uint8Array) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-file-" })
    yield* fs.writeFile(`${folder}/s1.jsonl`, bytes)
    return yield* openTranscript(`${folder}/s1.jsonl`)
  })

/** Returns what an open file with these bytes gives, which the bytes alone give too. */
const stretchesOf = (bytes: Uint8Array, offset = 0, limits: Limits = {}): Effect.Effect<ReadonlyArray<Stretch>> =>
  Effect.gen(function*() {
    const of = (source: Source) => Effect.map(Stream.runCollect(lines(source, offset, limits)), Chunk.toReadonlyArray)
    const stretches = yield* of(yield* opened(bytes))
    assert.deepStrictEqual(yield* of(bytes), stretches)
    return stretches
  }).pipe(
    Effect.scoped,
    Effect.provide(services),
    Effect.orDie
  )

/** Reference implementation of `lines` for the properties. */
const expectedLines = (bytes: Uint8Array, from: number, maxLineBytes: number) => {
  const out: Array<{ readonly text: string; readonly offset: number; readonly tooLong: boolean }> = []
  let start = from
  bytes.forEach((byte, at) => {
    if (at < from || byte !== 10) return
    const line = bytes.slice(start, at)
    out.push({ text: new TextDecoder().decode(line), offset: start, tooLong: line.length > maxLineBytes })
    start = at + 1
  })
  const rest = bytes.slice(start)
  const text = new TextDecoder().decode(rest)
  if (start < bytes.length && rest.length <= maxLineBytes && isObject(text)) {
    out.push({ text, offset: start, tooLong: false })
  }
  return out
}

/** Only an object counts as whole, since the beginning of a number is a number too. */
const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

const line = FastCheck.oneof(
  FastCheck.constantFrom(
    "",
    "\r",
    "{\"type\":\"user\"}",
    "数据平台",
    "😀😀😀",
    "a".repeat(60),
    "é\r",
    "\u0000",
    "\ufeffx"
  ),
  FastCheck.string({ unit: anyCharacter, maxLength: 40 }).map((text) => text.replaceAll("\n", ""))
)
/** Last lines without a newline: `WHOLE` ones cannot grow, `TORN` ones wait for more. */
const WHOLE = ["{}", "{\"a\":1}", "{\"a\":{\"b\":\"数据 }\"}}", " {\"a\":1} ", "{\"a\":1}\r"]
const TORN = [
  "torn",
  "数",
  "7",
  "-7.5",
  "\"}\"",
  "\"text\"",
  "null",
  "true",
  "[{}]",
  "[1",
  "{",
  "}",
  "{\"a\":1",
  "{\"a\":1}}",
  "{\"a\":\"}",
  "{} {}",
  "{}x",
  "\r",
  " ",
  "\u0000{}",
  "{}\u0000"
]
const ENDS = [...WHOLE, ...TORN]

const whole = FastCheck.tuple(FastCheck.array(line, { maxLength: 12 }), FastCheck.constantFrom("", "", ...ENDS))
  .map(([lines, end]) => Buffer.from(lines.map((each) => `${each}\n`).join("") + end))
/** Any bytes, including cut characters. */
const broken = FastCheck.array(FastCheck.constantFrom(10, 13, 0, 65, 0xe6, 0x95, 0xb0, 0xf0, 0x9f, 0xff), {
  maxLength: 60
})
  .map((bytes) => Buffer.from(bytes))

describe("stretches", () => {
  slow(it.effect.prop)(
    "hold the file's whole lines, however it is read",
    [FastCheck.oneof(whole, broken), FastCheck.integer({ min: 1, max: 70 }), FastCheck.integer({ min: 1, max: 80 })],
    ([bytes, chunkBytes, maxLineBytes]) =>
      Effect.map(stretchesOf(bytes, 0, { chunkBytes, maxLineBytes }), (stretches) => {
        const emitted = stretches.flatMap(({ lines }) => lines)
        const expected = expectedLines(bytes, 0, maxLineBytes)
        assert.deepStrictEqual(
          emitted.map((line, i) => line.tooLong ? { ...line, text: expected[i]?.text } : line),
          expected
        )
        for (const [i, { text, tooLong }] of emitted.entries()) {
          if (tooLong) assert.isTrue(expected[i]?.text.startsWith(text.replace(/\ufffd+$/, "")))
        }
        // Stretches lie end to end, and the rest has no newline.
        let at = 0
        for (const { end, lines, start } of stretches) {
          assert.strictEqual(start, at)
          assert.isNotEmpty(lines)
          assert.isTrue(bytes[end - 1] === 10 || end === bytes.length)
          at = end
        }
        assert.strictEqual(bytes.indexOf(10, at), -1)
      }),
    { fastCheck: { numRuns: times(60) } }
  )

  slow(it.effect.prop)(
    "go on from where any of them ended",
    [whole, FastCheck.integer({ min: 1, max: 40 }), FastCheck.nat()],
    ([bytes, chunkBytes, pick]) =>
      Effect.gen(function*() {
        const ends = [0, ...(yield* stretchesOf(bytes, 0, { chunkBytes })).map(({ end }) => end)]
        const from = ends[pick % ends.length]!
        const rest = (yield* stretchesOf(bytes, from, { chunkBytes })).flatMap(({ lines }) => lines)
        assert.deepStrictEqual(rest, expectedLines(bytes, from, Infinity))
      }),
    { fastCheck: { numRuns: times(40) } }
  )

  it.effect("are none of an empty file, past its end, and of a line without its newline", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* stretchesOf(Buffer.from("")), [])
      assert.deepStrictEqual(yield* stretchesOf(Buffer.from("torn")), [])
      assert.deepStrictEqual(yield* stretchesOf(Buffer.from("a\n"), 2), [])
      assert.deepStrictEqual(yield* stretchesOf(Buffer.from("a\n"), 50), [])
    }))

  slow(it.effect)(
    "hold a last line that lacks only its newline, and let a torn one wait",
    () =>
      Effect.gen(function*() {
        for (const before of ["", "first\n", "\n"]) {
          for (const text of WHOLE) {
            const bytes = Buffer.from(before + text)
            const stretches = yield* stretchesOf(bytes)
            const last = stretches.at(-1)
            assert.deepStrictEqual(last?.lines.at(-1), { text, offset: before.length, tooLong: false })
            assert.strictEqual(last?.end, bytes.length)
            assert.strictEqual(stretches.flatMap(({ lines }) => lines).length, before === "" ? 1 : 2)
            assert.deepStrictEqual(yield* stretchesOf(bytes, bytes.length), [])
          }
          for (const text of TORN) {
            const emitted = (yield* stretchesOf(Buffer.from(before + text))).flatMap(({ lines }) => lines)
            assert.strictEqual(emitted.length, before === "" ? 0 : 1, JSON.stringify(text))
          }
        }
        const long = Buffer.from(`{"a":"${"x".repeat(200)}"}`)
        assert.deepStrictEqual(yield* stretchesOf(long, 0, { chunkBytes: 50, maxLineBytes: 100 }), [])
        assert.strictEqual((yield* stretchesOf(long, 0, { chunkBytes: 50 })).length, 1)
      })
  )

  it.effect("begin after the newline that such a line was given later", () =>
    Effect.gen(function*() {
      const one = "{\"a\":1}"
      for (const newline of ["\n", "\r\n"]) {
        const emitted = (text: string) =>
          Effect.map(stretchesOf(Buffer.from(one + newline + text), one.length), (stretches) =>
            stretches.flatMap(({ lines }) => lines.map(({ text }) => text)))
        assert.deepStrictEqual(yield* emitted(""), [])
        assert.deepStrictEqual(yield* emitted("next\n"), ["next"])
        // Only one newline is skipped: a blank line after it is a line.
        assert.deepStrictEqual(yield* emitted("\nnext\n"), ["", "next"])
        assert.deepStrictEqual(yield* emitted("\r\n"), ["\r"])
      }
      // The file ends between \r and \n; then reading starts between them.
      assert.deepStrictEqual(yield* stretchesOf(Buffer.from(`${one}\r`), one.length), [])
      const rest = yield* stretchesOf(Buffer.from(`${one}\r\nnext\n`), one.length + 1)
      assert.deepStrictEqual(
        rest.flatMap(({ lines }) =>
          lines
        ),
        [{ text: "next", offset: 10 - 1, tooLong: false }]
      )
      // An offset after a newline skips no further newline.
      const blank = yield* stretchesOf(Buffer.from(`${one}\n\n\r\nnext\n`), one.length + 1)
      assert.deepStrictEqual(blank.flatMap(({ lines }) => lines.map(({ text }) => text)), ["", "\r", "next"])
    }))

  it.effect("end with a last line that was whole, though the file grows while it is taken", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-file-" })}/s1.jsonl`
      yield* fs.writeFileString(path, "{\"a\":1}")
      const file = yield* openTranscript(path)
      const taken = (offset: number) =>
        lines(file, offset).pipe(
          Stream.tap(() => fs.writeFileString(path, "\n{\"b\":2}\n", { flag: "a" })),
          Stream.runCollect,
          Effect.map((chunk) => Chunk.toReadonlyArray(chunk).flatMap(({ lines }) => lines.map(({ text }) => text)))
        )
      assert.deepStrictEqual(yield* taken(0), ["{\"a\":1}"])
      const rest = yield* Stream.runCollect(lines(file, 7))
      assert.deepStrictEqual(Chunk.toReadonlyArray(rest).flatMap(({ lines }) => lines.map(({ text }) => text)), [
        "{\"b\":2}"
      ])
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.effect("of a file of many megabytes hold a megabyte each", () =>
    Effect.gen(function*() {
      const bytes = Buffer.from(`${"a".repeat(999)}\n`.repeat(5_000))
      const stretches = yield* stretchesOf(bytes)
      assert.strictEqual(stretches.flatMap(({ lines }) => lines).length, 5_000)
      assert.isAbove(stretches.length, 3)
      for (const { end, start } of stretches) assert.isAtMost(end - start, 1024 * 1024 + 1_000)
    }))

  it.effect("hold the beginning only of a line that is too long, enough to see a secret whole", () =>
    Effect.gen(function*() {
      const bytes = Buffer.from(`first\n${"x".repeat(400_000)}\nlast\n`)
      const emitted = (yield* stretchesOf(bytes, 0, { chunkBytes: 50_000, maxLineBytes: 100_000 })).flatMap((
        { lines }
      ) => lines)
      assert.deepStrictEqual(emitted.map(({ tooLong }) => tooLong), [false, true, false])
      assert.deepStrictEqual(emitted.map(({ offset }) => offset), [0, 6, 400_007])
      assert.isAtMost(emitted[1]!.text.length, 100_000)
      assert.isAtLeast(emitted[1]!.text.length, 8_192)
      assert.strictEqual(emitted[2]!.text, "last")
    }))
})

describe("the head", () => {
  const head = (text: string) =>
    Effect.flatMap(opened(Buffer.from(text)), (file) => headOf(file, "/t/-home-mei/s1.jsonl")).pipe(
      Effect.scoped,
      Effect.provide(services)
    )

  it.effect("are parsed for the folder and the session", () =>
    Effect.gen(function*() {
      const facts = yield* head("{\"type\":\"mode\"}\n{\"cwd\":\"/home/mei/\\u6570\\\"据\",\"sessionId\": \"s9\"}\n")
      assert.strictEqual(facts.cwd, "/home/mei/数\"据")
      assert.strictEqual(facts.sessionId, "s9")
      const silent = yield* head("{\"cwd\":7}\nnonsense \"cwd\":\"\\q\"\n")
      assert.isUndefined(silent.cwd)
      assert.strictEqual(silent.sessionId, "s1")
    }))

  it.effect("has the same fingerprint while the file grows, another in another file", () =>
    Effect.gen(function*() {
      const { fingerprint } = yield* head("{\"a\":1}\n")
      assert.strictEqual((yield* head("{\"a\":1}\n{\"b\":2}\n")).fingerprint, fingerprint)
      assert.notStrictEqual((yield* head("{\"a\":2}\n")).fingerprint, fingerprint)
      // The end of the first line may be missing, and may be \r\n.
      for (const text of ["{\"a\":1}", "{\"a\":1}\r", "{\"a\":1}\r\n{}\r\n"]) {
        assert.strictEqual((yield* head(text)).fingerprint, fingerprint)
      }
      const long = `{"a":"${"x".repeat(600_000)}`
      assert.strictEqual((yield* head(`${long}"}\n`)).fingerprint, (yield* head(`${long}y"}\n{}\n`)).fingerprint)
    }))
})

describe("the tail", () => {
  const tail = (text: string, offset: number) =>
    Effect.flatMap(opened(Buffer.from(text)), (file) => tailOf(file, offset)).pipe(
      Effect.scoped,
      Effect.provide(services)
    )

  it.effect("is the same however the file goes on, another when what lies before differs or is missing", () =>
    Effect.gen(function*() {
      const known = yield* tail("{\"a\":1}\n{\"b\":1}\n", 16)
      assert.strictEqual(yield* tail("{\"a\":1}\n{\"b\":1}\n{\"c\":1}\n", 16), known)
      assert.notStrictEqual(yield* tail("{\"a\":1}\n{\"b\":2}\n", 16), known)
      assert.notStrictEqual(yield* tail("{\"a\":1}\n", 16), known)
      assert.notStrictEqual(yield* tail("", 16), known)
      // The tail covers a few kilobytes only, so that reading it costs little.
      const long = "x".repeat(1_000_000)
      assert.strictEqual(yield* tail(`a${long}`, 1_000_001), yield* tail(`b${long}`, 1_000_001))
    }))
})
