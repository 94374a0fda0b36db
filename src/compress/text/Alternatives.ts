/**
 * Parses the alternatives that a message offers: lines with letters or numbers, the rows of a table, or the items of its last list. Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import { markAlone, markIn, marksWithin, type Name, nameOf } from "./Marks.ts"
import { type Line, linesOf, plain, sentencesOf } from "./Prose.ts"

/** One of the alternatives of a message. */
export interface Alternative extends Name {
  /** Its letter or number, as the message has it; empty where it has none. */
  readonly name: string
  /** What is offered, without the name. */
  readonly text: string
  /** The lines of the message that offer it, or the part of one. */
  readonly lines: string
}

/** A line, or the row of a table as one; `source` has the lines as the message has them. */
interface Item extends Line {
  readonly source: string
}

/** Matches a name in brackets at the beginning of what is offered: "(Postgres): one service less". */
const NAME_IN_BRACKETS = /^[(（]([^()（）]{1,60})[)）][*_]*\s*[:：–—-]*\s*/u
/** Matches what joins an alternative to the next in a line. */
const JOINT = inBothScripts(/(?:\b(?:and|or|versus|vs\.?)|或者?|还是)$/i)
const withoutJoint = (text: string): string =>
  text.trimEnd().replace(/[?？]$/u, "").trimEnd().replace(JOINT, "").trimEnd().replace(/[,;，；]$/u, "")

/** Characters of an alternative below which what is said next of it is added. */
const SHORT = 24

const contentOf = (line: string): string =>
  plain(line.replace(NAME_IN_BRACKETS, "$1: ").replace(/^[\s*_:.)、–—-]+/u, ""))

const RULE = /^[\s|:-]+$/u
const cellsOf = (line: string): ReadonlyArray<string> =>
  line.trim().replace(/^\||\|$/gu, "").split("|").map((cell) => cell.trim())

/** Returns a table with its columns as rows. */
const turned = (table: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<ReadonlyArray<string>> =>
  table[0]!.map((_, column) => table.map((row) => row[column] ?? ""))

const isMarked = (cell: string): boolean => markAlone(cell) !== undefined || markIn(cell) !== undefined

/** Returns the rows of a table as lines: "A. Elasticsearch — good: ranking; bad: a cluster". Alternatives that are columns become rows. */
const rowsOf = (lines: ReadonlyArray<Line>): ReadonlyArray<Item> => {
  const table = lines.filter(({ text }) => !RULE.test(text)).map(({ text }) => cellsOf(text))
  const [head = []] = table
  const leads = table.slice(1).map(([lead = ""]) => lead)
  const isTurned = !leads.some(isMarked) && (head[0] === "" || head.slice(1).every(isMarked))
  const [heads = [], ...rows] = isTurned ? turned(table) : table
  const ruled = lines.filter(({ text }) => !RULE.test(text)).map(({ text }) => text)
  return rows.map((row, i) => {
    const id = markAlone(row[0]!)
    const [lead = "", ...cells] = id === undefined ? row : row.slice(1)
    const names = heads.slice(row.length - cells.length)
    const said = cells.flatMap((cell, at) =>
      cell === "" ? [] : [(names[at] ?? "") === "" ? cell : `${names[at]}: ${cell}`]
    ).join("; ")
    return {
      kind: "table",
      text: (id === undefined ? "" : `${id}. `) + [lead, said].filter((part) => part !== "").join(" — "),
      source: isTurned ? ruled.join("\n") : [ruled[0], ruled[i + 1]].join("\n")
    }
  })
}

const itemsOf = (message: string): ReadonlyArray<Item> => {
  const lines = linesOf(message).filter(({ kind }) => kind !== "code")
  return lines.flatMap((line, i): ReadonlyArray<Item> => {
    if (line.kind !== "table") return [{ ...line, source: line.text }]
    if (lines[i - 1]?.kind === "table") return []
    const end = lines.findIndex(({ kind }, at) => at > i && kind !== "table")
    return rowsOf(lines.slice(i, end < 0 ? undefined : end))
  })
}

/** Returns those that follow one another from the first on; of several lists the last. */
const listsIn = (all: ReadonlyArray<Alternative>): ReadonlyArray<Alternative> =>
  (["letter", "number"] as const).flatMap((by) => {
    const lists: Array<Array<Alternative>> = []
    for (const each of all) {
      if (each.by !== by) continue
      if (each.index === 0) lists.push([each])
      else if (lists.at(-1)?.length === each.index) lists.at(-1)!.push(each)
    }
    return lists.findLast(({ length }) => length > 1) ?? []
  })

/** Returns what the item at a place offers, after its mark, with the next line where it says little itself. */
const offered = (items: ReadonlyArray<Item>, at: number, mark: number): Pick<Alternative, "lines" | "text"> => {
  const item = items[at]!
  const next = items[at + 1]
  const content = contentOf(item.text.slice(mark))
  const isMore = item.kind !== "table" && weightedLength(content) < SHORT && next !== undefined &&
    next.kind !== "heading" && markIn(next.text) === undefined && !isListed(next, item)
  const more = isMore ? sentencesOf(next.text)[0] ?? "" : ""
  return {
    text: [content, plain(more)].filter((part) => part !== "").join(" — "),
    lines: [item.source.trim(), more].join("\n").trim()
  }
}

const inLines = (items: ReadonlyArray<Item>): ReadonlyArray<Alternative> =>
  items.flatMap(({ text }, i): ReadonlyArray<Alternative> => {
    const mark = markIn(text)
    return mark === undefined ? [] : [{ ...nameOf(mark.id), name: mark.id, ...offered(items, i, mark.to) }]
  })

const withinLines = (items: ReadonlyArray<Item>): ReadonlyArray<Alternative> =>
  items.flatMap(({ kind, text }) => {
    const marks = kind === "table" ? [] : marksWithin(text)
    return marks.map(({ from, id, to }, i): Alternative => {
      // From its mark on: each character is read once.
      const part = withoutJoint(text.slice(from, marks[i + 1]?.from))
      return { ...nameOf(id), name: id, text: contentOf(part.slice(to - from)), lines: part }
    })
  })

/** Matches a line that begins with its name in bold: "**On disk**: simplest". */
const BOLD_NAME = /^\*\*[^*]{1,60}\*\*\s*[:：–—-]|^\*\*[^*]{1,60}[:：]\*\*\s/u
const indentOf = ({ text }: Line): number => text.search(/\S/u)
const signOf = ({ kind, text }: Line): string =>
  kind === "table" ? "|" : /^\s*(?:[-*+•]|\d|\*\*)/u.exec(text)?.[0].trim().replace(/\d/u, "1") ?? ""

/** True for an item of a list; with another one, for an item beside it. */
const isListed = (item: Item, beside = item): boolean =>
  (item.kind === "item" || item.kind === "table" || BOLD_NAME.test(item.text)) &&
  signOf(item) === signOf(beside) && indentOf(item) === indentOf(beside)

/** Matches what introduces alternatives. */
const INTRODUCES = inBothScripts(
  /\b(?:options?|choices?|alternatives?|ways|approaches|possibilit\w+|either|one of|choose|pick|could)\b|方案|选项|办法|思路|做法|可以|几种|[二两三四]种/i
)

/** A list: the places of its items, and of the line that introduces it. */
interface List {
  readonly lead: number
  readonly items: ReadonlyArray<number>
  readonly end: number
}

/** Returns the lists of a message. What is indented more, or has another sign, belongs to the item above it. */
const runsIn = (items: ReadonlyArray<Item>): ReadonlyArray<List> => {
  const runs: Array<List> = []
  for (let from = 0; from < items.length; from++) {
    const first = items[from]!
    if (!isListed(first)) continue
    let end = from + 1
    while (end < items.length && (isListed(items[end]!) || indentOf(items[end]!) > indentOf(first))) end++
    const beside = items.slice(from, end).flatMap((item, i) => isListed(item, first) ? [from + i] : [])
    if (beside.length > 1) runs.push({ lead: from - 1, items: beside, end })
    from = end - 1
  }
  return runs
}

/**
 * Returns the places of the items that stand side by side in the last list: of several, in the one that is introduced as alternatives. Where lists
 * stand under headings of their own, these are the alternatives. None where it can't be told.
 */
const siblingsIn = (items: ReadonlyArray<Item>): ReadonlyArray<number> => {
  const runs = runsIn(items)
  const introduced = runs.findLast(({ lead }) => INTRODUCES.test(items[lead]?.text ?? ""))
  if (introduced !== undefined || runs.length < 2) return (introduced ?? runs[0])?.items ?? []
  const leads = runs.map(({ lead }) => lead)
  const isOwn = leads.every((lead, i) => lead >= 0 && (i === 0 || runs[i - 1]!.end === lead))
  if (isOwn) return leads.every((lead) => items[lead]!.kind === "heading") ? leads : []
  const signs = new Set(runs.map(({ items: [first] }) => signOf(items[first!]!)))
  return signs.size === 1 ? runs.at(-1)!.items : []
}

/**
 * Returns the alternatives that a message lists: with letters or numbers those that follow one another, none where there are not two; and the items of
 * its last list by their places.
 */
export const alternativesIn = (message: string): ReadonlyArray<Alternative> => {
  const items = itemsOf(message)
  const marked = listsIn(inLines(items))
  const found = marked.length > 0 ? marked : listsIn(withinLines(items))
  const places = siblingsIn(items).map((at, index): Alternative => {
    const mark = markIn(items[at]!.text)
    return { by: "place", index, name: mark?.id ?? "", ...offered(items, at, mark?.to ?? 0) }
  })
  return [...found, ...places]
}

/** Returns the alternative that is meant; undefined where the message has none of that name. */
export const chosenAmong = (alternatives: ReadonlyArray<Alternative>, { by, index }: Name): Alternative | undefined => {
  const [letters = [], numbers = [], places = []] = (["letter", "number", "place"] as const).map((by) =>
    alternatives.filter((each) => each.by === by)
  )
  if (by === "letter") return letters[index]
  if (by === "number" && numbers.length > 0) return numbers[index]
  return [letters, places, numbers].find(({ length }) => length > 0)?.at(index)
}
