/**
 * Reads from FTS5's own pages which rows hold a term, and how often in which fields: its tables of places take five times as
 * long. Their format is described in https://sqlite.org/src/file/ext/fts5/fts5_index.c, and is that of `VERSIONS`. Pure, and
 * without Effect, since the hook's entry searches too.
 */
import type { Eventual, Steps } from "../../domain/Steps.ts"

/** Versions of FTS5's format that are read here; the second differs in nothing that is read. */
export const VERSIONS: ReadonlyArray<number> = [4, 5]

/** Row of the structure record in FTS5's table of data. */
export const STRUCTURE = 10
/** Row there of a segment's page 0: those of its pages follow. */
export const rowOfSegment = (id: number): number => id * 2 ** 37

/** A term as the pages have it. */
export const keyOf = (term: string): Uint8Array => new TextEncoder().encode(`0${term}`)

/** Marks a structure record with other fields, of tables without content. */
const OTHER_STRUCTURE = [0xff, 0, 0, 1]
/** Most segments that FTS5 makes. */
const MAX_SEGMENTS = 2_000
/** Bytes of a page before its content: where its first row begins, and where its content ends. */
const HEADER = 4

/** A part of the index, by its id, with the pages that it has. */
export interface Segment {
  readonly id: number
  readonly first: number
  readonly last: number
}

/** Rows that hold a term, ascending, and for each how often in which field: 8 bits a field, at most 255. */
export interface Doclist {
  readonly rows: Uint32Array
  readonly counts: Uint32Array
}

/** Rows that are gone through in some milliseconds: after so many others may come between. */
export const ROWS_AT_ONCE = 100_000

/** Makes steps that say how many rows were gone through, and take a turn after each `ROWS_AT_ONCE`. */
export const turningAfter = <Y>(turn: Eventual<Y, void>) => {
  let since = 0
  return function*(rows: number): Steps<Y, void> {
    since += rows
    if (since < ROWS_AT_ONCE) return
    since = 0
    yield* turn
  }
}

/** The count of a field among the four of a row. */
export const countIn = (counts: number, field: number): number => counts >>> 8 * field & 0xff

/** Counts once more in a field. */
export const countedIn = (counts: number, field: number): number =>
  countIn(counts, field) === 0xff ? counts : counts + (1 << 8 * field)

/** Reads numbers of 7 bits a byte, the greatest first. */
class Reader {
  at: number
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }
  next(): number {
    let byte = this.bytes[this.at++]!
    if (byte < 0x80) return byte
    let number = byte & 0x7f
    do {
      byte = this.bytes[this.at++]!
      number = number * 128 + (byte & 0x7f)
    } while (byte >= 0x80)
    return number
  }
}

/** Returns the segments in a structure record, the newest first; undefined for one of another format. */
export const segmentsIn = (structure: Uint8Array): ReadonlyArray<Segment> | undefined => {
  const reader = new Reader(structure, 4)
  if (OTHER_STRUCTURE.every((byte, i) => structure[4 + i] === byte)) return undefined
  const levels = reader.next()
  const all = reader.next()
  if (levels > MAX_SEGMENTS || all > MAX_SEGMENTS) return undefined
  reader.next()
  const segments: Array<Segment> = []
  for (let level = 0; level < levels; level++) {
    reader.next()
    const ofLevel = Array.from({ length: Math.min(reader.next(), all) }, () => ({
      id: reader.next(),
      first: reader.next(),
      last: reader.next()
    }))
    segments.push(...ofLevel.reverse())
  }
  return segments.length === all && reader.at === structure.length ? segments : undefined
}

const contentEnd = (page: Uint8Array) => page[2]! << 8 | page[3]!

/** Where a term's rows begin in a page, and where those of the next term do, if there is one in it. */
export interface Beginning {
  readonly from: number
  readonly next: number | undefined
}

/** Finds a term in a page. */
export const beginningIn = (page: Uint8Array, term: Uint8Array): Beginning | undefined => {
  const footer = new Reader(page, contentEnd(page))
  const reader = new Reader(page, 0)
  // A term has the first `kept` bytes of the one before it, of which `same` are those of the term that is sought.
  let same = 0
  for (let start = 0, isFirst = true; footer.at < page.length; isFirst = false) {
    start += footer.next()
    reader.at = start
    const kept = isFirst ? 0 : reader.next()
    const length = reader.next()
    if (kept < same) return undefined
    if (kept === same) {
      let i = 0
      while (i < length && same < term.length && page[reader.at + i] === term[same]) {
        i++
        same++
      }
      if (i === length && same === term.length) {
        return { from: reader.at + length, next: footer.at < page.length ? start + footer.next() : undefined }
      }
      if (same === term.length || i < length && page[reader.at + i]! > term[same]!) return undefined
    }
  }
  return undefined
}

/**
 * Reads the rows of a term in a segment, from consecutive pages; a row of which the term was deleted has no counts. The term begins in the
 * first page; without `begin` the list does with the first row that begins in it. Returns undefined for pages that are not what they say.
 */
export const doclistIn = (pages: ReadonlyArray<Uint8Array>, begin?: Beginning): Doclist | undefined => {
  if (pages.some((page) => contentEnd(page) < HEADER || contentEnd(page) > page.length)) return undefined
  // A row takes two bytes at least.
  const most = Math.ceil(pages.reduce((sum, page) => sum + page.length, 0) / 2)
  const rows = new Uint32Array(most)
  const countsOf = new Uint32Array(most)
  let found = 0
  let row = 0
  /** Bytes that are left of the places in a row, which may go on in the next page, also after the 1 that announces a field. */
  let left = 0
  let counts = 0
  let field = 0
  let isField = false
  for (let i = 0, isLast = false; i < pages.length && !isLast; i++) {
    const page = pages[i]!
    const beginning = i === 0 ? begin : undefined
    const end = contentEnd(page)
    const next = beginning !== undefined ? beginning.next : end < page.length ? new Reader(page, end).next() : undefined
    const to = next ?? end
    isLast = next !== undefined
    // The first row that begins in a list or in a page is given whole, others by what they add.
    const firstRow = beginning?.from ?? (page[0]! << 8 | page[1]!)
    const reader = new Reader(page, beginning?.from ?? HEADER)
    if (left > 0 && firstRow > 0 && reader.at + left !== firstRow) return undefined
    let isWholeRow = true
    while (reader.at < to) {
      if (left === 0) {
        if (isWholeRow) {
          if (firstRow === 0 || firstRow >= to) break
          reader.at = firstRow
          row = 0
          isWholeRow = false
        }
        row += reader.next()
        // The last bit says that older segments have the row, too.
        left = reader.next() >>> 1
      }
      const until = Math.min(to, reader.at + left)
      left -= until - reader.at
      while (reader.at < until) {
        const number = reader.next()
        // 1 announces the number of a field, every other number is a place in it.
        if (isField) {
          field = number
          isField = false
        } else if (number === 1) isField = true
        else counts = countedIn(counts, field)
      }
      if (left > 0) continue
      rows[found] = row
      countsOf[found++] = counts
      counts = field = 0
    }
    if (reader.at > to) return undefined
  }
  return { rows: rows.subarray(0, found), counts: countsOf.subarray(0, found) }
}

/** Makes one list of a term's lists in all segments, the newest first, without the rows of which the term was deleted. Of a row's counts the newest hold. */
export const merged = (lists: ReadonlyArray<Doclist>): Doclist => {
  const length = lists.reduce((sum, { rows }) => sum + rows.length, 0)
  const all = { rows: new Uint32Array(length), counts: new Uint32Array(length) }
  let end = 0
  for (const { counts, rows } of lists.toReversed()) {
    // Newer rows are mostly greater. Where they aren't, the rows from there on are merged.
    let from = end
    while (from > 0 && all.rows[from - 1]! >= (rows[0] ?? Infinity)) from--
    const older = { rows: all.rows.slice(from, end), counts: all.counts.slice(from, end) }
    end = from
    let j = 0
    for (let i = 0; i < older.rows.length;) {
      const isNewer = j < rows.length && rows[j]! <= older.rows[i]!
      if (isNewer && older.rows[i] === rows[j]) i++
      all.rows[end] = isNewer ? rows[j]! : older.rows[i]!
      all.counts[end++] = isNewer ? counts[j++]! : older.counts[i++]!
    }
    all.rows.set(rows.subarray(j), end)
    all.counts.set(counts.subarray(j), end)
    end += rows.length - j
  }
  let kept = 0
  for (let i = 0; i < end; i++) {
    if (all.counts[i] === 0) continue
    all.rows[kept] = all.rows[i]!
    all.counts[kept++] = all.counts[i]!
  }
  return { rows: all.rows.subarray(0, kept), counts: all.counts.subarray(0, kept) }
}
