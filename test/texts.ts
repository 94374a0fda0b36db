/**
 * Texts for property tests: pieces of transcripts, and inputs meant to break parsers.
 */
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { times } from "./data.ts"

const pieces = [
  "a",
  "word ",
  "HTMLParser",
  "snake_case",
  "/home/mei/src/a.ts",
  "drwxr-xr-x  7 mei  staff  224 Oct  7 21:30 .\n",
  "iVBORw0KGgoAAAANSUhEUg",
  "数据平台",
  "。",
  "ガーデン・テスト",
  "연결",
  "é",
  "İ",
  "😀",
  "👩‍👩‍👧",
  "\ud83d",
  "\ude00",
  "\u0000",
  "\ufeff",
  "\u001b[31m",
  "\r\n",
  "\n\n",
  "\n",
  "\t",
  " ",
  "…",
  "──",
  "{\"a\":[1,2]}",
  "--:--",
  "12345",
  ". ",
  "error: ",
  "<claude-memory>",
  "</claude-memory>",
  "<system-reminder>",
  "</system-reminder>"
]

/**
 * FastCheck's unit "binary", case for case, without its table of all characters: a garbage collection, as a closing database
 * forces on Node 20, walks through those 85 MB.
 */
export const anyCharacter: FastCheck.Arbitrary<string> = FastCheck.nat({ max: 0x10ffff - 0x800 }).map(
  (n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800),
  (character) => {
    const code = String(character).codePointAt(0) ?? -1
    if (String.fromCodePoint(code) !== character || (code >= 0xd800 && code < 0xe000)) throw new Error("no character")
    return code < 0xd800 ? code : code - 0x800
  }
)

/** Texts short and long, of all scripts, with runs of one piece and lone surrogates. */
export const anyText: FastCheck.Arbitrary<string> = FastCheck.oneof(
  FastCheck.string({ unit: anyCharacter, maxLength: 200 }),
  FastCheck.string({ unit: "grapheme", maxLength: 200 }),
  FastCheck.array(FastCheck.constantFrom(...pieces), { maxLength: 80 }).map((parts) => parts.join("")),
  FastCheck.array(FastCheck.tuple(FastCheck.constantFrom(...pieces), FastCheck.integer({ min: 1, max: 600 })), {
    maxLength: 4
  }).map((runs) => runs.map(([piece, times]) => piece.repeat(times)).join(""))
)

/** Texts with something other than white space in them. */
export const nonBlankText = anyText.filter((text) => text.trim() !== "")

const LONG = Math.min(1_000_000, times(250_000))

/** Repeats `piece` until non-linear time shows: 250,000 characters times TEST_RUNS, half of that in the quick form, at most 1,000,000. */
export const long = (piece: string): string => piece.repeat(Math.ceil(LONG / piece.length))

/** Long inputs that must take linear time. */
export const hostile: ReadonlyArray<string> = [
  ...pieces,
  "A",
  "aB",
  "a'",
  "_",
  "'",
  "a b ",
  "aé",
  "1a",
  "的",
  "。\n",
  "<claude-memory ",
  "<system-reminder>\n",
  "<command-name>/x</command-name><command-args>",
  "<command-name>  ",
  "\u001b["
].map(long)

const cpu = () => {
  const { system, user } = process.cpuUsage()
  return (user + system) / 1_000
}

let cachedSlowness: number | undefined

/**
 * Slowness of this machine against the one that the tests' bounds are for: the best of 4 runs over 25 ms, at least 1.
 */
const slowness = (): number => {
  if (cachedSlowness !== undefined) return cachedSlowness
  const text = "word Word_2 数据 ".repeat(20_000)
  const taken = Array.from({ length: 4 }, () => {
    const from = cpu()
    text.toLowerCase().split(/[^\p{L}\p{N}]+/u).sort()
    return cpu() - from
  })
  return cachedSlowness = Math.max(1, Math.min(...taken) / 25)
}

const since = (from: number): number => (cpu() - from) / slowness()

/** CPU milliseconds of a call, scaled to the reference machine: neither other load nor the machine's speed counts. */
export const millis = (call: () => unknown): number => {
  const from = cpu()
  call()
  return since(from)
}

/** Runs an effect; returns its result and its CPU milliseconds, scaled like `millis`. */
export const withMillis = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.suspend(() => {
    const from = cpu()
    return Effect.map(effect, (result) => [result, since(from)] as const)
  })

export const splitsPair = (text: string, at: number): boolean =>
  /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at))

/** Reads a text as it is seen: normalized, without what is invisible. */
const asSeen = (text: string): string =>
  text.replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]|(?![\t\n\v\f\r])\p{Cc}|(?<=<)\p{M}/gu, "").normalize("NFKC")

const SPEAKING = /^(?:system|claude|human|assistant|invoke|channel|antml)/

/**
 * Returns the names of tags that Claude might take for its client's: those with a hyphen or an underscore, and, whatever
 * blanks and signs are in them, those of somebody who speaks.
 */
export const tagsIn = (text: string): ReadonlyArray<string> => [
  ...[...asSeen(text).matchAll(/<\/?([\p{L}\p{N}_.:-]+)/gu)].map(([, name]) => name!.replace(/^-/, ""))
    .filter((name) => /[-_]/.test(name)),
  ...[...asSeen(text).matchAll(/<[\s\\/]*([\p{L}\p{N}_.:-]+)/gu)].map(([, name]) => name!)
    .filter((name) => SPEAKING.test(name.toLowerCase().replace(/[^\p{L}]/gu, "")))
]
