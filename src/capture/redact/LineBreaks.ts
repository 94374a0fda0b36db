/**
 * Finds secrets that a line end, or the end of a text, cuts in two: a terminal wraps a long token, and a message's
 * blocks may part within a token. The rules run once more over the few places where a run of characters seems to go on
 * after a break, with the break removed.
 */
import { namedIn, shapedIn } from "./Rules.ts"
import type { Finding } from "./Secretlint.ts"
import { isOrdinary, isPlaceholder, isRandom, isWhole, isWords } from "./SecretValue.ts"

/** Characters before and after a break that the rules see. */
const BEFORE = 256
const AFTER = 2_048
/** Most breaks that one secret crosses: a token wrapped at 80 columns needs this many. */
const MAX_BREAKS = 24

/** ASCII characters that a token may contain: no blank, quote, bracket, comma, semicolon or bar. */
const tokenUnits: ReadonlyArray<boolean> = Array.from(
  { length: 128 },
  (_, code) => /[\w+/=.:~#$%!@*^-]/.test(String.fromCharCode(code))
)
const isToken = (code: number): boolean => tokenUnits[code] === true

const isBlank = (code: number): boolean =>
  code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a || code === 0

/** Returns the beginning of the run of token characters that ends at `end`, at most `BEFORE` back. */
const runBefore = (text: string, end: number): number => {
  let at = end
  while (at > 0 && end - at < BEFORE && isToken(text.charCodeAt(at - 1))) at--
  return at
}
const runAfter = (text: string, start: number): number => {
  let at = start
  while (at < text.length && at - start < BEFORE && isToken(text.charCodeAt(at))) at++
  return at
}

interface Break {
  /** The break's blanks lie from `from` (inclusive) to `to` (exclusive). */
  readonly from: number
  readonly to: number
}

/** Returns the break whose line end is at `index`, if a run of token characters may go on after it. */
const breakAt = (text: string, index: number): Break | undefined => {
  let from = index
  while (from > 0 && index - from < 8 && isBlank(text.charCodeAt(from - 1))) from--
  let to = index + 1
  while (to < text.length && to - index < 24 && isBlank(text.charCodeAt(to))) to++
  if (from === 0 || !isToken(text.charCodeAt(from - 1)) || !isToken(text.charCodeAt(to))) return undefined
  const begin = runBefore(text, from)
  const end = runAfter(text, to)
  if (from - begin < 3 || end - to < 3 || end - begin - (to - from) < 12) return undefined
  if (!hasNonWordRun(text, begin, from) && !hasNonWordRun(text, to, end)) return undefined
  return mayContinue(text.slice(to, end), text.slice(end, end + 3)) ? { from, to } : undefined
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isLetter = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)

/** Tests for a run of letters and digits that is no word. Most lines end and begin with words, so few breaks remain. */
const hasNonWordRun = (text: string, start: number, end: number): boolean => {
  let from = start
  let digits = 0
  for (let at = start; at <= end; at++) {
    const code = at === end ? 0 : text.charCodeAt(at)
    if (isDigit(code)) digits++
    // A hyphen (0x2d) or an underscore (0x5f) does not end the run.
    else if (!isLetter(code) && code !== 0x2d && code !== 0x5f) {
      const length = at - from
      if (length >= 8 && digits < length && (digits > 0 || length >= 12) && !isWords(text.slice(from, at))) return true
      from = at + 1
      digits = 0
    }
  }
  return false
}

/** Matches `NAME=`, which begins an entry of its own; also in a diff, and in the output of `grep -n`. */
const entryName = /^[+-]?(?:[\w./-]{0,80}:)?(?:\d{1,6}[:-])?([\w.-]{1,48})=(?!=)/

/** Rejects a text after the break that begins an entry, a call or a list item. */
const mayContinue = (tail: string, after: string): boolean => {
  if (/^(?:[-#./=*]{2}|[^:]*:$)/.test(tail) || /^(?:\(|["']?\s?[:=])/.test(after)) return false
  const name = entryName.exec(tail)?.[1]
  return name === undefined || !(/^[A-Z0-9_]+$/.test(name) || isWords(name))
}

interface Window {
  readonly text: string
  readonly breaks: ReadonlyArray<Break>
  readonly start: number
}

/** Returns the beginning of a near line before `index`, so that the rules see the names before a value. */
const contextBefore = (text: string, index: number, done: number): number => {
  const from = Math.max(done, index - BEFORE)
  const line = text.indexOf("\n", from)
  return from > done && line !== -1 && line < index ? line + 1 : from
}

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf("\n", from)
  return end === -1 ? text.length : end
}

/** Joins the text from `start` to the line after the last break. */
const windowOf = (text: string, start: number, breaks: ReadonlyArray<Break>): Window => {
  let joined = ""
  let from = start
  for (const { from: to, to: next } of breaks) {
    joined += text.slice(from, to)
    from = next
  }
  return { text: joined + text.slice(from, Math.min(lineEnd(text, from), from + AFTER)), breaks, start }
}

/**
 * Returns which of a chain of breaks are tried together: a secret may end before the last line that could belong to it,
 * and begin after the first. Most contain one or two of the breaks, or all.
 */
const spansOf = (count: number): ReadonlyArray<readonly [from: number, to: number]> =>
  ([[0, 1], [0, 2], [0, count], [1, 2], [1, count]] as const).filter(([from, to], i, all) =>
    from < to && to <= count && all.findIndex((other) => other[0] === from && other[1] === to) === i
  )

const windowsIn = (text: string): ReadonlyArray<Window> => {
  const windows: Array<Window> = []
  let done = 0
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
    if (at < done) continue
    const first = breakAt(text, at)
    if (first === undefined) continue
    const start = contextBefore(text, runBefore(text, first.from), done)
    const breaks = [first]
    for (let { to } = first;;) {
      const end = runAfter(text, to)
      const next = breaks.length < MAX_BREAKS && isBlank(text.charCodeAt(end))
        ? breakAt(text, lineEnd(text, end))
        : undefined
      if (next === undefined || next.from !== end) break
      breaks.push(next)
      to = next.to
    }
    windows.push(
      ...spansOf(breaks.length).map(([from, to]) =>
        windowOf(text, from === 0 ? start : first.to, breaks.slice(from, to))
      )
    )
    done = breaks.at(-1)!.to
  }
  return windows
}

/** Returns the index of the last of these ascending numbers that is at most so large; -1 when none is. */
export const lastAtMost = (numbers: ReadonlyArray<number>, most: number): number => {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle]! <= most) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Converts an index in the window's text to one in the content. */
const mapIndex = ({ breaks, start }: Window, index: number, isEnd: boolean): number => {
  let at = start + index
  for (const { from, to } of breaks) {
    if (isEnd ? at <= from : at < from) return at
    at += to - from
  }
  return at
}

/** Hyphenated words that `isWords` misses: "queue-operation" has too many vowels, "pr-link" too few. */
const hyphenated = /^(?:[A-Z]?[a-z]+|[A-Z]+)(?:[-_.:](?:[A-Z]?[a-z]+|[A-Z]+))+$/

/** Tests whether the text after the break belongs to a secret that a rule already found before it. */
const continuesSecret = (tail: string): boolean =>
  (/^\d+(?:[a-z]|$)/i.test(tail) && tail.length >= 8) ||
  (tail.length >= (/\d/.test(tail) ? 4 : 6) && /[A-Za-z]/.test(tail) && !hyphenated.test(tail) && !isWords(tail) &&
    !isOrdinary(tail))

/** Tests whether one side of a break may be part of a named secret: neither words, nor a path, mention or the like. */
const mayBePart = (value: string): boolean =>
  !isWords(value) && !isOrdinary(value) && !/^~?\/[a-z][\w.-]*\/|^@/.test(value)
/** Also matches "string", which has too few vowels for `isWords`. */
const plainWord = /^[a-z]{1,12}$/

/** Tests whether a short or path-like beginning, such as `74bcef` or `rdBzDb/ISFHIR`, goes on as a generated key. */
const isRandomFrom = (head: string, tail: string): boolean =>
  /[A-Z\d]/.test(head) && !isPlaceholder(head) && !labelled.test(tail) && isRandom(tail)

/** Matches "sha256:…" and "ssh-ed25519": no number before the break goes on like this. */
const labelled = /^[a-z]{2,8}\d{0,4}[:-]/i

const isInQuotes = (text: string, start: number, end: number): boolean =>
  /["'`]/.test(text.charAt(start - 1)) && text.charAt(start - 1) === text.charAt(end)

/**
 * Finds secrets that cross a break.
 *
 * @param shaped secrets already found in the content by their shape
 * @param named secrets already found by the words before them; by these rules nearly any string may be a secret
 */
export const findings = async (
  content: string,
  separator: string,
  shaped: ReadonlyArray<Finding>,
  named: ReadonlyArray<Finding>
): Promise<ReadonlyArray<Finding>> => {
  const windows = windowsIn(content)
  if (windows.length === 0) return []
  const starts: Array<number> = []
  let size = 0
  for (const { text } of windows) {
    starts.push(size)
    size += text.length + separator.length
  }
  const joined = windows.map(({ text }) => text).join(separator)
  const crossing = (
    candidates: ReadonlyArray<Finding>,
    known: ReadonlyArray<Finding>,
    isNew: (head: string, tail: string, window: Window, start: number) => boolean
  ): ReadonlyArray<Finding> => {
    const ends = new Set(known.map(({ end }) => end))
    const begins = new Set(known.map(({ start }) => start))
    return candidates.flatMap((finding): ReadonlyArray<Finding> => {
      const index = lastAtMost(starts, finding.start)
      const window = windows[index]
      if (window === undefined) return []
      const offset = starts[index] ?? 0
      const start = mapIndex(window, finding.start - offset, false)
      // Some rules match beyond the separator.
      const end = mapIndex(window, Math.min(finding.end - offset, window.text.length), true)
      const first = window.breaks.find(({ from, to }) => start < from && end > to)
      // The text after the break may be a secret of its own.
      if (first === undefined || begins.has(first.to)) return []
      const tail = content.slice(first.to, Math.min(end, runAfter(content, first.to)))
      const isSecret = ends.has(first.from)
        ? continuesSecret(tail)
        : isNew(content.slice(start, first.from), tail, window, start)
      return isSecret || isInQuotes(content, start, end) ? [{ start, end, kind: finding.kind }] : []
    })
  }
  /** False when the name may be in an earlier text than the value: a text's end says nothing about the next text. */
  const hasNameInSameText = ({ breaks }: Window, start: number) =>
    !breaks.some(({ from, to }) => to <= start && content.slice(from, to).includes("\u0000"))
  return [
    ...crossing(
      await shapedIn(joined),
      shaped,
      (head, tail) => !isWords(head) || !isOrdinary(tail)
    ),
    ...crossing(
      namedIn(joined),
      [...shaped, ...named],
      (head, tail, window, start) =>
        hasNameInSameText(window, start) && !isWhole(head) && mayBePart(tail) && !/^\d+$/.test(tail) &&
        !(/^\d+$/.test(head) && labelled.test(tail)) &&
        (mayBePart(head) ? !plainWord.test(head) : isRandomFrom(head, tail))
    )
  ]
}
