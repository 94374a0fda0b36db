/** Masks secrets. Everything read from a transcript passes here before anything is written. */
import * as Effect from "effect/Effect"
import * as LineBreaks from "./LineBreaks.ts"
import * as PrivatePassages from "./PrivatePassages.ts"
import * as SecretAssignments from "./SecretAssignments.ts"
import * as SecretCommands from "./SecretCommands.ts"
import type { Finding } from "./Secretlint.ts"
import * as Secretlint from "./Secretlint.ts"
import * as SecretPatterns from "./SecretPatterns.ts"

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

const batches = (texts: ReadonlyArray<string>): ReadonlyArray<Batch> => {
  const all: Array<Batch> = []
  let batch: { texts: Array<string>; starts: Array<number> } = { texts: [], starts: [] }
  let size = 0
  for (const text of texts) {
    if (batch.texts.length > 0 && size + text.length > batchSize) {
      all.push(batch)
      batch = { texts: [], starts: [] }
      size = 0
    }
    batch.texts.push(text)
    batch.starts.push(size)
    size += text.length + separator.length
  }
  if (batch.texts.length > 0) all.push(batch)
  return all
}

const quotes = "\"'`"
const escape = /\\{1,16}(["'`nrtbf])|\u001b\[[0-9;]{0,20}[A-Za-z]|&(?:quot|#34|#39);/g
/** Line number in the output of Claude Code's Read. Digits before an arrow are rare, so it looks back from there. */
const lineNumber = /\d{1,6}→(?<=(?:^|\n) {0,6}\d{1,6}→)/g

/**
 * Replaces the escapes of JSON inside JSON, terminal colours, and the line numbers of Claude Code's Read by blanks of
 * the same length, so that ranges stay valid. In `\nghp_…` and `ESC[32mghp_…` the letter before the token would hide it
 * from the rules. An escaped quote becomes a quote and blanks, an escaped line end becomes blanks and a line end.
 */
const blankEscapes = (text: string): string => {
  const blanked = text.replace(escape, (match, character: string | undefined) => {
    if (character === "n") return "\n".padStart(match.length)
    const quote = match.startsWith("&") ? "\"" : character !== undefined && quotes.includes(character) ? character : " "
    return quote.padEnd(match.length)
  })
  return blanked.includes("→") ? blanked.replace(lineNumber, (match) => " ".repeat(match.length)) : blanked
}

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

const redactBatch = async (
  { starts, texts }: Batch,
  counts: Record<string, number>
): Promise<ReadonlyArray<string>> => {
  const content = blankEscapes(texts.join(separator))
  const shaped = await Secretlint.findings(content).then((found) => [...found, ...SecretPatterns.findings(content)])
  const named = [...SecretCommands.findings(content), ...SecretAssignments.findings(content)]
  const findings = merge([
    ...PrivatePassages.findings(texts, starts),
    ...shaped,
    ...named,
    ...await LineBreaks.findings(content, separator, shaped, named)
  ])
  let next = 0
  return texts.map((text, index) => {
    const offset = starts[index] ?? 0
    while (next < findings.length && (findings[next]?.end ?? 0) <= offset) next++
    return mask(text, offset, findings, next, counts)
  })
}

/**
 * Masks each secret, and each `<private>` passage, as `[redacted:kind]`. Earlier masks stay as they are. A rule that
 * throws is a defect, so that no text gets through unmasked.
 */
export const redact = (texts: ReadonlyArray<string>): Effect.Effect<Redaction> =>
  Effect.promise(async () => {
    const counts: Record<string, number> = {}
    const redacted: Array<ReadonlyArray<string>> = []
    for (const batch of batches(texts)) redacted.push(await redactBatch(batch, counts))
    return { texts: redacted.flat(), counts }
  })
