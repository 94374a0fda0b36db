/**
 * Finds the Markdown in a text that people and Claude wrote: code, bold, emphasis, headings, lists and fenced blocks. Only marks that are
 * certain are taken for marks, since globs, pointers and products have asterisks too; everything else is as it was written.
 */

/** A part of a text that is shown, from (inclusive) to (exclusive); between two of them are marks, which are not. */
export interface Run {
  readonly from: number
  readonly to: number
  readonly isCode: boolean
  readonly isStrong: boolean
  readonly isStressed: boolean
}

/** What no opening mark stands after, no opening mark before, no closing mark after, and no closing mark before. */
const NOT_BEFORE = String.raw`(?<![\w\u00c0-\u024f\u0370-\u04ff/\\*)\].])`
const NOT_OPEN = String.raw`(?![\s*/\\.,;:!?)\]}|])`
const NOT_CLOSED = String.raw`(?<![\s/\\([{])`
const NOT_AFTER = String.raw`(?![\w\u00c0-\u024f\u0370-\u04ff/\\*.]*[\w/\\*])`
const marked = (mark: string, inner: string) =>
  `${NOT_BEFORE}${mark}${NOT_OPEN}((?:\`[^\`\\n]+\`|[^*\`\\n]${inner})+)${NOT_CLOSED}${mark}${NOT_AFTER}`

/** Code between as many backticks as stand before it; bold; emphasis; the mark of a heading. */
const MARKS = new RegExp(
  [
    "(?<!`)(`+)(?!`)([^\\n]*?[^`\\n])\\1(?!`)",
    marked("\\*\\*", "|\\*(?!\\*)"),
    marked("\\*", ""),
    "(?:^ {0,3}|(?<=^[A-Z][a-z ]{2,30}: ))#{1,6} +(?=\\S)"
  ].join("|"),
  "gmu"
)

/** Returns the parts of a text that are shown, in their order. */
export const runsOf = (
  text: string,
  outer: Omit<Run, "to"> = { from: 0, isCode: false, isStrong: false, isStressed: false }
): ReadonlyArray<Run> => {
  const runs: Array<Run> = []
  let end = 0
  const plain = (to: number) => {
    if (to > end) runs.push({ ...outer, from: outer.from + end, to: outer.from + to })
  }
  for (const { 0: whole, 1: ticks, 2: code, 3: bold, 4: stressed, index } of text.matchAll(MARKS)) {
    plain(index)
    end = index + whole.length
    const at = outer.from + index
    if (ticks !== undefined && code !== undefined) {
      runs.push({ ...outer, isCode: true, from: at + ticks.length, to: at + ticks.length + code.length })
    } else if (bold !== undefined) runs.push(...runsOf(bold, { ...outer, isStrong: true, from: at + 2 }))
    else if (stressed !== undefined) runs.push(...runsOf(stressed, { ...outer, isStressed: true, from: at + 1 }))
  }
  plain(text.length)
  return runs
}

/** A part of a line, from (inclusive) to (exclusive). */
export type Range = Pick<Run, "from" | "to">

/** Marks where an excerpt was cut. */
const CUT = "…"
const FENCE_LINE = /^(?:… ?)?\s*(?:`{3,}|~{3,})[^`]*$/
const RULE_LINE = /^[\s|:…-]*--[\s|:…-]*$/
/** A row of a table has a bar at an end; an operator of code has two. */
const ROW_LINE = /^(?:… ?)?\s*\|.*\||\|.*\|\s*…?\s*$/

/** Returns the cells of a table's row. */
const cellsOf = (line: string): ReadonlyArray<Range> =>
  [...line.matchAll(/[^|]+/g)].flatMap(({ 0: cell, index }) => {
    const from = index + cell.length - cell.trimStart().length
    const to = index + cell.trimEnd().length
    return from < to && line.slice(from, to) !== CUT ? [{ from, to }] : []
  })

/** A mark of bold that closes, and one that opens; not that of keyword arguments, which stand in parentheses. */
const CLOSES = /(?<=[^\s*/])\*\*(?![\w*/])/
const OPENS = /(?<![\w*/])\*\*(?=[^\s*/][^()]*(?:\([^()]*\)[^()]*)*$)/

/** Finds the marks of bold whose other end was cut away: one that closes in a line that lacks its beginning, one that opens in one without end. */
const lonelyMarks = (line: string): ReadonlyArray<Range> => {
  const plain = runsOf(line).filter(({ isCode }) => !isCode)
  const find = (mark: RegExp) =>
    plain.flatMap(({ from, to }) => {
      const found = mark.exec(line.slice(from, to))
      return found === null ? [] : [{ from: from + found.index, to: from + found.index + 2 }]
    })
  const closed = line.startsWith(CUT) ? find(CLOSES).slice(0, 1) : []
  const opened = line.trimEnd().endsWith(CUT) ? find(OPENS).slice(-1) : []
  return [...closed, ...opened.filter(({ from }) => from >= (closed[0]?.to ?? 0))]
}

/**
 * Returns the parts of an excerpt's line that are worth showing where there is no room for blocks, and what stands between them: without the
 * marks of a fence, a rule, a heading or a table, and without bold whose other end was cut away. None for a line of marks alone.
 */
export const partsOf = (line: string): { readonly parts: ReadonlyArray<Range>; readonly between: string } => {
  if (FENCE_LINE.test(line) || RULE_LINE.test(line)) return { parts: [], between: "" }
  if (ROW_LINE.test(line) && !line.includes("||")) return { parts: cellsOf(line), between: " · " }
  const [heading = ""] = /(?<=^… ?)#{1,6} +(?=\S)/.exec(line) ?? []
  const start = line.indexOf(heading)
  const hidden = [...(heading === "" ? [] : [{ from: start, to: start + heading.length }]), ...lonelyMarks(line)]
  let end = 0
  const parts = [...hidden, { from: line.length, to: line.length }].flatMap(({ from, to }) => {
    const part = { from: end, to: from }
    end = to
    return part.from < part.to ? [part] : []
  })
  return { parts, between: "" }
}

/** A paragraph, a heading, an item of a list, or the lines within a fence. */
export interface Block {
  readonly kind: "text" | "heading" | "item" | "code"
  /** Who speaks, or what the text is, as the first line says before a colon. */
  readonly label: string | undefined
  /** What stood at the beginning of the first line, and is not a part of the text. */
  readonly mark: string
  readonly text: string
}

const FENCE = /^\s*(`{3,}|~{3,})[^`]*$/
const HEADING = /^ {0,3}#{1,6} +(?=\S)/
const ITEM = /^[ \t]*(?:[-*+•]|\d{1,9}[.)])[ \t]+(?=\S)/

/** Splits a text into blocks. `labelOf` returns the label at the beginning of a line, with what ends it. */
export const blocksOf = (
  text: string,
  labelOf: (line: string) => string | undefined = () => undefined
): ReadonlyArray<Block> => {
  const blocks: Array<{ -readonly [K in keyof Block]: Block[K] }> = []
  let fence: string | undefined
  let isEnded = true
  for (const line of text.split("\n")) {
    const [, ticks = ""] = FENCE.exec(line) ?? []
    if (fence === undefined ? ticks !== "" : ticks.startsWith(fence) && line.trim() === ticks) {
      fence = fence === undefined ? ticks : undefined
      if (fence !== undefined) blocks.push({ kind: "code", label: undefined, mark: "", text: "" })
      isEnded = true
      continue
    }
    const last = blocks.at(-1)
    if (fence !== undefined && last !== undefined) {
      last.text += last.mark === "" ? line : `\n${line}`
      last.mark = "\n"
      continue
    }
    if (line.trim() === "") {
      isEnded = true
      continue
    }
    const label = labelOf(line)
    const rest = line.slice(label?.length ?? 0)
    const [heading] = HEADING.exec(rest) ?? []
    const [item] = ITEM.exec(rest) ?? []
    const mark = heading ?? item ?? ""
    // A line that is not indented ends a list, which Claude does not wrap.
    const isOver = last?.kind === "heading" || last?.kind === "item" && !/^\s/.test(line)
    if (isEnded || last === undefined || label !== undefined || mark !== "" || isOver) {
      blocks.push({
        kind: heading !== undefined ? "heading" : item !== undefined ? "item" : "text",
        label,
        mark,
        text: rest.slice(mark.length)
      })
    } else last.text += `\n${line}`
    isEnded = false
  }
  return blocks
}
