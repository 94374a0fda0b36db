/**
 * Compresses what the SQLite file holds. The body of a unit is compressed alone, since a search reads a few of many. The bodies of
 * messages are compressed together, in packs of neighbours, which takes half the bytes. Without Effect, since the hook's entry reads
 * units too.
 */
import type { DatabaseSync } from "node:sqlite"
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib"

/** Characters from which on a pack takes no more messages. A reader decompresses a whole pack, in about a millisecond. */
export const PACK_LENGTH = 131_072

/** Compresses as fast as zlib's default, into 6 % fewer bytes; the next levels take three times as long for 1 % less. */
const QUALITY = 5

/** Quality of a pack that takes more messages, since it is written anew with them: takes 40 % of the time, for 12 % more bytes. */
const OPEN_QUALITY = 2

export const packed = (text: string, quality = QUALITY): Uint8Array =>
  brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length
    }
  })

/** Throws where the bytes are not what `packed` made. */
const decompressed = (bytes: Uint8Array): Buffer => {
  try {
    return brotliDecompressSync(bytes)
  } catch (cause) {
    // Worded as SQLite words damage, by which it is classified.
    throw new Error("a compressed text is malformed", { cause })
  }
}

/** Throws where the bytes are not what `packed` made. */
export const unpacked = (bytes: Uint8Array): string => decompressed(bytes).toString()

/** Packs that are kept as lines, with twice as many characters at most: neighbours are read and filled one after the other. */
const KEPT = 4

/** The packs that were read or written last, newest first. */
const kept: Array<{ readonly pack: Uint8Array; readonly lines: ReadonlyArray<string> }> = []

const keep = (pack: Uint8Array, lines: ReadonlyArray<string>, length: number) => {
  if (length > 2 * PACK_LENGTH) return
  kept.unshift({ pack, lines })
  kept.length = Math.min(kept.length, KEPT)
}

/** JSON texts have no line ends, so a pack is their lines. The line of a message that was let go is empty. */
export const linesOf = (pack: Uint8Array): ReadonlyArray<string> => {
  const place = kept.findIndex((one) => one.pack.length === pack.length && Buffer.compare(one.pack, pack) === 0)
  if (place >= 0) {
    const [known] = kept.splice(place, 1)
    kept.unshift(known!)
    return known!.lines
  }
  const text = unpacked(pack)
  const lines = text.split("\n")
  keep(pack, lines, text.length)
  return lines
}

export const packOf = (lines: ReadonlyArray<string>): Uint8Array => {
  const text = lines.join("\n")
  const pack = packed(text, text.length < PACK_LENGTH ? OPEN_QUALITY : QUALITY)
  keep(pack, lines, text.length)
  return pack
}

/** A pack of messages; `id` is the number of the first one, and the others follow it. */
export interface Pack {
  readonly id: number
  readonly lines: ReadonlyArray<string>
}

/** Returns the packs that change when bodies are added behind the last pack, in order, and the number of the first one added. */
export const added = (
  last: Pack | undefined,
  bodies: ReadonlyArray<string>
): { readonly packs: ReadonlyArray<Pack>; readonly first: number } => {
  const first = last === undefined ? 1 : last.id + last.lines.length
  const lengthOf = (lines: ReadonlyArray<string>) => lines.reduce((sum, line) => sum + line.length, 0)
  const packs: Array<{ readonly id: number; readonly lines: Array<string> }> = []
  let length = last === undefined ? PACK_LENGTH : lengthOf(last.lines)
  if (last !== undefined && length < PACK_LENGTH) packs.push({ id: last.id, lines: [...last.lines] })
  bodies.forEach((body, i) => {
    if (length >= PACK_LENGTH) {
      packs.push({ id: first + i, lines: [] })
      length = 0
    }
    packs.at(-1)!.lines.push(body)
    length += body.length
  })
  return { packs, first }
}

/** Two words that a text must contain. */
export type Probe = readonly [string, string]

/** Makes a function that returns the places of the messages in a pack that contain both words of a probe. */
const finderOf = (probes: ReadonlyArray<Probe>) => {
  const found = probes.map((words) => ({ words, bytes: words.map((word) => Buffer.from(word)) }))
  return (pack: Uint8Array): ReadonlyArray<number> => {
    const text = decompressed(pack)
    // Nearly all packs hold none, which their bytes tell faster than their letters.
    const here = found.filter(({ bytes }) => bytes.every((word) => text.includes(word)))
    if (here.length === 0) return []
    return text.toString().split("\n").flatMap((line, place) =>
      here.some(({ words }) => words.every((word) => line.includes(word))) ? [place] : []
    )
  }
}

/** Remembers what was made of the last argument. */
const last = <A, B>(make: (value: A) => B) => {
  let known: { readonly value: A; readonly made: B } | undefined
  return (value: A): B => {
    if (known?.value !== value) known = { value, made: make(value) }
    return known.made
  }
}

/** Adds the functions to a connection with which the schema and the statements compress and read. */
export const register = (database: DatabaseSync): void => {
  const finder = last((probes: string) => finderOf(JSON.parse(probes) as ReadonlyArray<Probe>))
  const functions = {
    packed: (text: string) => packed(text),
    unpacked: (bytes: Uint8Array) => unpacked(bytes),
    line_in_pack: (pack: Uint8Array | null, place: number) => pack === null ? null : linesOf(pack)[place] ?? null,
    places_holding: (pack: Uint8Array, probes: string) => JSON.stringify(finder(probes)(pack))
  }
  for (const [name, run] of Object.entries(functions)) {
    database.function(name, { deterministic: true }, run as Parameters<DatabaseSync["function"]>[1])
  }
}
