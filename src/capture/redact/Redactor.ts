/** Masks secrets. Everything read from a transcript passes here before anything is written. */
import * as Effect from "effect/Effect"
import { memoized } from "../../domain/Memoized.ts"
import * as EventLoop from "../../resources/EventLoop.ts"
import * as Escapes from "./Escapes.ts"
import * as LineBreaks from "./LineBreaks.ts"
import * as PrivatePassages from "./PrivatePassages.ts"
import { namedIn, shapedIn } from "./Rules.ts"
import type { Finding } from "./Secretlint.ts"

export interface Redaction {
  /** One for each given text, in their order; a text without a secret is the same string. */
  readonly texts: ReadonlyArray<string>
  /** Number of masks by kind. */
  readonly counts: Readonly<Record<string, number>>
}

/** Largest joined text, in UTF-16 units. The rules run at 11 MB/s text by text, ten times that on joined texts. */
const batchSize = 1024 * 1024

/** Separator of joined texts: a line of its own, so that rules see line ends; NUL, so that no rule matches across. */
const separator = "\n\u0000\n"

interface Batch {
  readonly texts: ReadonlyArray<string>
  /** Index at which each text begins in the joined text. */
  readonly starts: ReadonlyArray<number>
}

const batchOf = (texts: ReadonlyArray<string>): Batch => {
  let size = 0
  const starts = texts.map((text) => {
    const start = size
    size += text.length + separator.length
    return start
  })
  return { texts, starts }
}

const batches = (texts: ReadonlyArray<string>): ReadonlyArray<Batch> => {
  const all: Array<Array<string>> = []
  let size = Infinity
  for (const text of texts) {
    if (size + text.length > batchSize) {
      all.push([])
      size = 0
    }
    all.at(-1)!.push(text)
    size += text.length + separator.length
  }
  return all.map(batchOf)
}

const quotes = "\"'`"
const escape = /\\{1,16}["'`nrtbf]|\u001b\[[0-9;]{0,20}[A-Za-z]|&(?:quot|#34|#39);/g
/** Line number in the output of Claude Code's Read. Digits before an arrow are rare, so it looks back from there. */
const lineNumber = /\d{1,6}→(?<=(?:^|\n) {0,6}\d{1,6}→)/g

/**
 * Replaces the escapes of JSON inside JSON, terminal colours, and the line numbers of Claude Code's Read by blanks of
 * the same length, so that ranges stay valid. In `\nghp_…` and `ESC[32mghp_…` the letter before the token would hide it
 * from the rules. An escaped quote becomes a quote and blanks, an escaped line end becomes blanks and a line end.
 */
const blankEscapes = (text: string): string => {
  const blanked = text.replace(escape, blankOf)
  return blanked.includes("→") ? blanked.replace(lineNumber, (match) => " ".repeat(match.length)) : blanked
}

/** Made once for each escape: they are few, and a text may consist of them. */
const blankOf = memoized((match: string): string => {
  const last = match.at(-1)!
  if (match.startsWith("\\") && last === "n") return "\n".padStart(match.length)
  const quote = match.startsWith("&") ? "\"" : match.startsWith("\\") && quotes.includes(last) ? last : " "
  return quote.padEnd(match.length)
})

/**
 * Returns sorted, disjoint findings. Overlapping findings become one, whose kind is that of the first, then the
 * longest, then the most specific: the input lists the specific rules first.
 */
const merge = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> => {
  const merged: Array<Finding> = []
  for (const finding of [...findings].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1)
    if (last === undefined || finding.start >= last.end) merged.push(finding)
    else if (finding.end > last.end) merged[merged.length - 1] = { ...last, end: finding.end }
  }
  return merged
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000
const splitsPair = (text: string, index: number): boolean =>
  isHigh(text.charCodeAt(index - 1)) && isLow(text.charCodeAt(index))

/** Masks the findings, from index `next` on, that lie in the text that begins at `offset`. */
const mask = (
  text: string,
  offset: number,
  findings: ReadonlyArray<Finding>,
  next: number,
  counts: Record<string, number>
): string => {
  let masked = ""
  let position = 0
  for (let index = next; index < findings.length; index++) {
    const finding = findings[index]
    if (finding === undefined || finding.start >= offset + text.length) break
    // A range that a rule stretched over several texts is masked in each.
    let start = Math.max(finding.start - offset, position)
    let end = Math.min(finding.end - offset, text.length)
    if (end <= start) continue
    if (splitsPair(text, start) && start > position) start--
    if (splitsPair(text, end)) end++
    masked += `${text.slice(position, start)}[redacted:${finding.kind}]`
    counts[finding.kind] = (counts[finding.kind] ?? 0) + 1
    position = end
  }
  return position === 0 ? text : masked + text.slice(position)
}

const findingsIn = async ({ starts, texts }: Batch): Promise<ReadonlyArray<Finding>> => {
  const content = blankEscapes(texts.join(separator))
  const shaped = await shapedIn(content)
  const named = namedIn(content)
  return merge([
    ...PrivatePassages.findings(texts, starts),
    ...shaped,
    ...named,
    ...await LineBreaks.findings(content, separator, shaped, named),
    ...await Escapes.findings(content, separator, async (text) => {
      const content = blankEscapes(text)
      return [...await shapedIn(content), ...namedIn(content)]
    })
  ])
}

/**
 * Finds in the same way, with each text in which a rule throws as one finding: it would keep all that is read after it from
 * being remembered.
 */
const findingsInReadable = async ({ starts, texts }: Batch): Promise<ReadonlyArray<Finding>> => {
  const readable: Array<string> = []
  const unreadable: Array<Finding> = []
  for (const [i, text] of texts.entries()) {
    const isReadable = await findingsIn(batchOf([text])).then(() => true, () => false)
    const start = starts[i] ?? 0
    if (!isReadable) unreadable.push({ start, end: start + text.length, kind: "unreadable" })
    readable.push(isReadable ? text : " ".repeat(text.length))
  }
  return merge([...unreadable, ...await findingsIn(batchOf(readable))])
}

const redactBatch = async (batch: Batch, counts: Record<string, number>): Promise<ReadonlyArray<string>> => {
  const findings = await findingsIn(batch).catch(() => findingsInReadable(batch))
  let next = 0
  return batch.texts.map((text, index) => {
    const offset = batch.starts[index] ?? 0
    while (next < findings.length && (findings[next]?.end ?? 0) <= offset) next++
    return mask(text, offset, findings, next, counts)
  })
}

/**
 * Masks each secret, and each `<private>` passage, as `[redacted:kind]`. Earlier masks stay as they are. A text in which a
 * rule throws is masked as a whole, as `[redacted:unreadable]`, so that nothing gets through unmasked.
 */
export const redact = (texts: ReadonlyArray<string>): Effect.Effect<Redaction> =>
  Effect.gen(function*() {
    const counts: Record<string, number> = {}
    const redacted = yield* Effect.forEach(batches(texts), (batch, i) =>
      // Other work of the process, such as a signal, comes between.
      Effect.zipRight(
        i === 0 ? Effect.void : EventLoop.turn,
        Effect.promise(() => redactBatch(batch, counts))
      ))
    return { texts: redacted.flat(), counts }
  })
