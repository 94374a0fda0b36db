/**
 * Makes units of a foreign record. Pure.
 */
import { fitsUnit, MAX_SUMMARY, MAX_TITLE } from "../compress/Draft.ts"
import { gist, pieces } from "../compress/text/Text.ts"
import { idOf } from "../domain/Ids.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { quoteSpeakers } from "../domain/Speakers.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { ForeignRecord, Source } from "./ForeignMemory.ts"

/** Most keywords and files of a unit, and the longest of each, in characters. */
const MAX_KEYWORDS = 16
const MAX_KEYWORD_LENGTH = 80
const MAX_FILES = 20
const MAX_FILE_LENGTH = 1_024

/** Piece of a paragraph that is too long for a unit, in characters. */
const PIECE_LENGTH = 1_000

/** Room for the number of a part, as in " (12 of 34)". */
const NUMBER_LENGTH = 12

/** Returns the origin of a record's units, from which their ids are made. */
export const originOf = (source: Source, { key }: Pick<ForeignRecord, "key">): string =>
  `${source}:${idOf("foreign", source, key)}`

/** Returns the session of a record's units, which no session of ours has. */
const sessionOf = (source: Source, { key, session }: ForeignRecord): string =>
  `${source}:${idOf("foreign", source, session === "" ? key : session)}`

/** Packs paragraphs into contents that each fit a unit, in order. A paragraph that does not fit is split at sentences. */
export const contentsOf = (paragraphs: ReadonlyArray<string>): ReadonlyArray<string> => {
  const contents: Array<string> = []
  for (const paragraph of paragraphs) {
    const quoted = quoteSpeakers(paragraph)
    const parts = fitsUnit(quoted)
      ? [quoted]
      // A piece may begin with what looks like the label of a speaker.
      : pieces(paragraph, PIECE_LENGTH, (piece) => fitsUnit(quoteSpeakers(piece))).map(quoteSpeakers)
    for (const part of parts) {
      const more = `${contents.at(-1) ?? ""}\n${part}`
      if (contents.length > 0 && fitsUnit(more)) contents[contents.length - 1] = more
      else contents.push(part)
    }
  }
  return contents.map((content) => content.trim()).filter((content) => content !== "")
}

const short = (items: ReadonlyArray<string>, most: number, length: number): ReadonlyArray<string> =>
  [...new Set(items)].filter((item) => item.length <= length).slice(0, most)

/** Units, and how many keywords and files of the record are in none of them. */
export interface MadeOf {
  readonly units: ReadonlyArray<MemoryUnit>
  readonly leftOut: number
}

/**
 * Makes the units of a record whose texts are masked: one, or several of a long record. `origin` is `originOf` the record as it was
 * read. A unit's id depends on the origin and on what the unit says, so that the same record makes the same units again.
 */
export const unitsOf = (
  record: ForeignRecord,
  { now, origin, projectId, source }: {
    readonly source: Source
    readonly origin: string
    readonly projectId: string
    /** Milliseconds since the epoch. */
    readonly now: number
  }
): MadeOf => {
  const whole = record.title.replace(/\s+/g, " ").trim()
  const [first = ""] = record.paragraphs
  // A title that is cut stands in the text too, unless the text begins with it.
  const isCut = whole.length > MAX_TITLE - NUMBER_LENGTH
  const says = first.replace(/\s+/g, " ").includes(whole)
  const contents = contentsOf(isCut && !says ? [record.title.trim(), ...record.paragraphs] : record.paragraphs)
  const title = gist(whole === "" ? contents[0] ?? "" : whole, MAX_TITLE - NUMBER_LENGTH)
  const keywords = short(record.keywords, MAX_KEYWORDS, MAX_KEYWORD_LENGTH)
  const files = short(record.files, MAX_FILES, MAX_FILE_LENGTH)
  const occurredAt = Math.min(record.occurredAt ?? now, now)
  const units = contents.map((content, i): MemoryUnit => {
    const shown = contents.length === 1 ? title : `${title} (${i + 1} of ${contents.length})`
    return {
      id: idOf("unit", origin, String(i), shown, content),
      projectId,
      sessionId: sessionOf(source, record),
      origin,
      // In the order of time, and the parts of one record behind one another.
      position: occurredAt + i / 1_000,
      type: record.type,
      title: shown,
      summary: i === 0 ? gist(record.summary, MAX_SUMMARY) : "",
      content,
      keywords,
      files,
      passages: [],
      also: [],
      quality: record.quality,
      tokens: Tokens.estimate(content),
      occurredAt,
      createdAt: now,
      expiresAt: record.expiresAt,
      supersededBy: null,
      pinned: false,
      active: true
    }
  })
  return {
    units,
    leftOut: new Set(record.keywords).size - keywords.length + new Set(record.files).size - files.length
  }
}
