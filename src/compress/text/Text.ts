/**
 * Shortens text at natural boundaries, and picks the lines of a tool's output that are worth keeping.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { memoized } from "../../domain/Memoized.ts"

const isLowSurrogate = (code: number) => code >= 0xdc00 && code <= 0xdfff

/** Returns the last boundary up to `limit`: the end of a paragraph, a line, a sentence or a word; else `limit`. */
const cutAt = (text: string, limit: number): number => {
  const head = text.slice(0, limit)
  const least = limit * 0.4
  for (const pattern of ["\n\n", "\n"]) {
    const at = head.lastIndexOf(pattern)
    if (at > least) return at + pattern.length
  }
  const sentence = Math.max(...[". ", "! ", "? ", "; ", "。", "！", "？", "；"].map((end) => {
    const at = head.lastIndexOf(end)
    // The period after a list item's number does not end a sentence.
    return at < 0 || /(?:^|\n|\*)\s*\d{1,3}$/.test(head.slice(0, at)) ? -1 : at + end.length
  }))
  if (sentence > least) return sentence
  const space = head.lastIndexOf(" ")
  if (space > least) return space + 1
  return isLowSurrogate(text.charCodeAt(limit)) ? Math.max(1, limit - 1) : limit
}

/** Length of the first character, in UTF-16 units. */
const firstLength = (text: string): number => (text.codePointAt(0)! > 0xffff ? 2 : 1)

/**
 * Cuts a text into pieces of at most `length` characters for which `fits` holds. Only white space around the cuts is
 * lost. A piece of a single character is returned even when it is too long or does not fit.
 */
export const pieces = (text: string, length: number, fits: (piece: string) => boolean): ReadonlyArray<string> => {
  const out: Array<string> = []
  let rest = text.trim()
  while (rest !== "") {
    const least = firstLength(rest)
    let end = rest.length <= length ? rest.length : Math.max(least, cutAt(rest, length))
    while (end > least && !fits(rest.slice(0, end).trimEnd())) {
      end = Math.max(least, cutAt(rest, Math.max(1, Math.floor(end * 0.8))))
    }
    out.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  return out
}

const SALIENT = inBothScripts(
  /(error|exception)s?\b|\b(fail(ed|ure|s)?|panic(ked)?|warning|cannot|can't|not found|denied|undefined|expected|passed|assert\w*|exit code)\b|错误|失败|异常|✗|✓/i
)

/** Has no word boundary before "error", so that "TypeError" matches. */
const FAILURE = inBothScripts(
  /(error|exception)\b|\b(fail(ed|ure)?|panicked|cannot|can't|not found|denied|no such|no matches|refused|fatal|ignored by|rejected|unable to|invalid|unexpected|aborted)\b|错误|失败|异常/i
)

/** Keeps an output's head, its tail and the lines between them that look like an outcome, in order, up to `length`. */
export const salient = (text: string, length: number): string => {
  if (text.length <= length) return text
  const lines = text.split("\n").map((line) =>
    line.length > 300 ? `${line.slice(0, 300).replace(/[\ud800-\udbff]$/, "")}…` : line
  )
  const kept = new Set<number>()
  let room = length
  const keep = (i: number) => {
    const size = (lines[i]?.length ?? 0) + 1
    if (kept.has(i) || size > room) return
    kept.add(i)
    room -= size
  }
  for (let i = 0, end = room * 0.5; i < lines.length && room > end; i++) keep(i)
  for (let i = lines.length - 1, end = room * 0.5; i >= 0 && room > end; i--) keep(i)
  lines.forEach((line, i) => {
    if (SALIENT.test(line)) keep(i)
  })
  return [...kept].sort((a, b) => a - b).map((i) => lines[i]).join("\n")
}

/** Returns the text as one line of at most `length` characters, ending in "…" when it was cut. */
export const gist = (text: string, length: number): string => {
  const line = text.replace(/\s+/g, " ").trim()
  if (line.length <= length) return line
  const head = line.slice(0, length - 1)
  const space = head.lastIndexOf(" ")
  return `${
    (space > length * 0.6
      ? head.slice(0, space)
      : isLowSurrogate(line.charCodeAt(length - 1))
      ? head.slice(0, -1)
      : head).trimEnd()
  }…`
}

/** Output lines without content: decoration, timings, progress, hints, stack frames inside libraries. */
const DECORATION =
  /^[\s\p{P}\p{S}\d]*$|^\s*at \S+ \(?(?:node:|.*node_modules)|npm warn|^Exit code \d+$|^Environment variables loaded|lefthook v\d|sourcemap|^exit status \d|^> |^\s*(?:create|delete|rename) mode \d|^% Total|^Dload|^(?:hint|tip):|^summary:|^Checked \d+ files?|^\d+\s*│|·{3}|\bfunding\b|^(?:added|audited|changed) \d+ packages|\(\d+(?:\.\d+)? seconds\)|^> \S+@\d/u

const clear = (line: string): string =>
  line.replace(/\u001b?\]8;;[^\\\u0007\u001b]{0,1000}(?:\u001b?\\|\u0007)/g, "").replace(/\u001b?\[[0-9;]*[mKG]/g, "")
    .replace(
      /[━─═]{3,}/g,
      ""
    ).replace(/^[\s│┃╭╰─━❯>|\u2800-\u28ff]+/u, "").trimEnd()

/**
 * Failure patterns, strongest first: 3 for an error with its code or place, a conflict, a failed test; 1 for a mention.
 */
const FAILURES: ReadonlyArray<readonly [RegExp, number]> = [
  [
    /error TS\d+|^\S+:\d+:\d+:? |^(?:CONFLICT|--- FAIL|E  |panic:|AssertionError)|\b\w+(?:Error|Exception):|^error\[\w+\]: |^\s*(?:×|✗|✖)|^(?:command )?not found/u,
    3
  ],
  [
    /^(?:error\b(?!: (?:could not apply|failed to push))|Error|ERROR|FAIL|fatal)\b|\b(?:not assignable|is not (?:defined|a function|checked)|Cannot find|No such file|refused|denied|Unrecognized|Unused)\b|expected .+ (?:to|but|got)|\bHTTP(?:\/\d(?:\.\d)?)? [45]\d\d\b/u,
    2
  ],
  [FAILURE, 1],
  // What a test prints under its name.
  [/^\s*[\w./-]+\.\w{1,4}:\d+: \S/u, 1]
]

/** Matches what a program says of a place where nothing failed. */
const REMARK = /^\s*\S+:\d+(?::\d+)?:? (?:note|info|warning|ok|see)\b/i

const strengthOf = memoized((line: string): number =>
  REMARK.test(line) ? 0 : FAILURES.find(([pattern]) => pattern.test(line))?.[1] ?? 0
)

/** Returns how clearly an output states a failure: 0 not at all, 3 with a code or a place. */
export const failureStrength = (text: string): number =>
  Math.max(0, ...text.split("\n").map(clear).filter((line) => !DECORATION.test(line)).map(strengthOf))

const indentOf = (line: string): number => line.search(/\S/)

/** Matches the line of a stack, and a place in code, below which a program prints the code. */
const FRAME = /^\s*(?:at|from|in) /u
const PLACE = /:\d+:\d+/u

/** Lines of a failure that are taken for what it says below its first. */
const MOST_DETAILS = 3

/** Returns the lines that stand below one that states a failure and further in: they say what failed. */
const detailsIn = (lines: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(lines.flatMap((head, i) => {
    if (PLACE.test(head) || strengthOf(clear(head)) === 0) return []
    const below = lines.slice(i + 1, i + 1 + MOST_DETAILS)
    const end = below.findIndex((line) => indentOf(line) <= indentOf(head) || FRAME.test(line))
    return end < 0 ? below : below.slice(0, end)
  }))

/** Strength of such lines, less than of one that states a failure by itself. */
const OF_DETAIL = 0.5

/**
 * Returns the distinct lines that state the failure, in their order; the strongest are chosen first, up to `length`.
 * Without any, the last three lines.
 */
export const errorLines = (text: string, length: number): string => {
  const all = text.split("\n")
  const details = detailsIn(all)
  const lines = all.map((raw) => ({ line: clear(raw), isDetail: details.has(raw) }))
    .filter(({ line }) => /\p{L}{3}/u.test(line) && !DECORATION.test(line))
  const ranked = lines.map(({ isDetail, line }, i) => ({
    i,
    line,
    strength: strengthOf(line) || (isDetail ? OF_DETAIL : 0)
  })).filter(({ strength }) => strength > 0).sort((a, b) => b.strength - a.strength || a.i - b.i)
  const kept = new Map<string, number>()
  let room = length
  for (const { i, line } of ranked.length > 0 ? ranked : lines.map(({ line }, i) => ({ i, line })).slice(-3)) {
    const shown = line.length > 300 ? `${line.slice(0, 299).replace(/[\ud800-\udbff]$/, "")}…` : line
    if (kept.has(shown) || shown.length + 1 > room) continue
    kept.set(shown, i)
    room -= shown.length + 1
  }
  return [...kept].sort((a, b) => a[1] - b[1]).map(([line]) => line).join("\n")
}

/** Returns the line that states the failure most clearly; where no line states one, the longest. */
export const worstLine = (text: string): string =>
  text.split("\n").toSorted((a, b) =>
    strengthOf(b) - strengthOf(a) || (strengthOf(a) === 0 ? b.length - a.length : 0)
  )[0] ?? text
