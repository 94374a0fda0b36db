/**
 * The offline embedder: the weighted mean of static word vectors. Their table is `assets/static-embeddings.bin`;
 * docs/embeddings.md describes its layout, its making and its quality in retrieval.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

export class DamagedModel extends Schema.TaggedError<DamagedModel>()("DamagedModel", {
  /** `content`: the checksum is right, but the contents are impossible. */
  reason: Schema.Literal("truncated", "magic", "version", "length", "checksum", "content"),
  detail: Schema.String
}) {
  override get message(): string {
    return `The word vectors can't be read (${this.reason}): ${this.detail}. Reinstall the package to restore them.`
  }
}

export interface StaticModel {
  /** Recorded by indexes; changes with every build that may change a vector. */
  readonly id: string
  readonly dimension: number
  /** Number of words. */
  readonly size: number
  /** Word k is `words` from `starts[k]` to `starts[k + 1]`, lower-case ASCII. */
  readonly words: Uint8Array
  readonly starts: Uint32Array
  /** Weight of a word times the scale of its vector. */
  readonly factors: Float32Array
  readonly vectors: Int8Array
  /** Open addressing, a power of two long: word number + 1, or 0 for a free slot. */
  readonly slots: Int32Array
}

const MAGIC = [0x43, 0x4d, 0x57, 0x4f, 0x52, 0x44, 0x53, 0]
const VERSION = 1
const HEADER = 32
const FNV_BASIS = 0x811c9dc5
const FNV_PRIME = 0x01000193

const padded = (length: number): number => Math.ceil(length / 4) * 4

const damaged = (reason: DamagedModel["reason"], detail: string) => Either.left(new DamagedModel({ reason, detail }))

/** FNV-1a hash of bytes. The high bits are folded into the low ones, which choose the slot. */
const hash = (bytes: Uint8Array, start: number, end: number): number => {
  let h = FNV_BASIS
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i]!, FNV_PRIME)
  return (h ^ (h >>> 15)) >>> 0
}

/**
 * Parses a table without copying it: `bytes` must not change afterwards. A checksum covers the whole file, so that
 * damage is found here and does not show up later as odd neighbours.
 */
export const parse = (bytes: Uint8Array): Either.Either<StaticModel, DamagedModel> => {
  if (bytes.length < HEADER) return damaged("truncated", `it has ${bytes.length} bytes`)
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return damaged("magic", "it is another kind of file")
  const file = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const version = view.getUint32(12, true)
  if (version !== VERSION) return damaged("version", `its format is version ${version}, not ${VERSION}`)
  const dimension = view.getUint32(16, true)
  const size = view.getUint32(20, true)
  const wordBytes = view.getUint32(24, true)
  const idBytes = view.getUint32(28, true)
  const weightsAt = HEADER + padded(idBytes)
  const scalesAt = weightsAt + 4 * size
  const lengthsAt = scalesAt + 4 * size
  const wordsAt = lengthsAt + padded(size)
  const vectorsAt = wordsAt + padded(wordBytes)
  const length = vectorsAt + padded(size * dimension)
  if (length > file.length) return damaged("truncated", `it has ${file.length} bytes of ${length}`)
  if (length !== file.length) return damaged("length", `it has ${file.length} bytes, not ${length}`)

  const integers = new Uint32Array(file.buffer, file.byteOffset, length / 4)
  let checksum = FNV_BASIS
  for (let i = 3; i < integers.length; i++) checksum = Math.imul(checksum ^ integers[i]!, FNV_PRIME)
  if (checksum >>> 0 !== integers[2]) return damaged("checksum", "its bytes changed since it was built")

  if (dimension === 0 || size === 0 || idBytes === 0) return damaged("content", "it is empty")
  const weights = new Float32Array(file.buffer, file.byteOffset + weightsAt, size)
  const scales = new Float32Array(file.buffer, file.byteOffset + scalesAt, size)
  const words = file.subarray(wordsAt, wordsAt + wordBytes)
  const starts = new Uint32Array(size + 1)
  const factors = new Float32Array(size)
  for (let k = 0; k < size; k++) {
    starts[k + 1] = starts[k]! + file[lengthsAt + k]!
    const factor = weights[k]! * scales[k]!
    if (!(factor >= 0 && factor < 1e6)) return damaged("content", `word ${k} has a factor of ${factor}`)
    factors[k] = factor
  }
  if (starts[size] !== wordBytes) return damaged("content", "the lengths of its words don't add up")

  const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * size)))
  const mask = slots.length - 1
  for (let k = 0; k < size; k++) {
    let slot = hash(words, starts[k]!, starts[k + 1]!) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = k + 1
  }
  return Either.right({
    id: String.fromCharCode(...file.subarray(HEADER, HEADER + Math.min(idBytes, 256))),
    dimension,
    size,
    words,
    starts,
    factors,
    vectors: new Int8Array(file.buffer, file.byteOffset + vectorsAt, size * dimension),
    slots
  })
}

/** Longest run of letters that can be a word. `scratch` has a byte more, for the e that a stem may get back. */
const LONGEST = 40
const scratch = new Uint8Array(LONGEST + 1)

const isLetter = (code: number): boolean => {
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x7a
}
const isUpper = (code: number): boolean => code >= 0x41 && code <= 0x5a

/** Returns the number of the word in the first `length` bytes of `scratch`, or -1. */
const find = (model: StaticModel, length: number): number => {
  const { slots, starts, words } = model
  const mask = slots.length - 1
  let slot = hash(scratch, 0, length) & mask
  for (;;) {
    const k = slots[slot]! - 1
    if (k < 0) return -1
    const start = starts[k]!
    if (starts[k + 1]! - start === length) {
      let i = 0
      while (i < length && words[start + i] === scratch[i]) i++
      if (i === length) return k
    }
    slot = (slot + 1) & mask
  }
}

const [D, E, G, I, L, N, R, S, Y] = [0x64, 0x65, 0x67, 0x69, 0x6c, 0x6e, 0x72, 0x73, 0x79]

/**
 * Looks up an unknown word without its ending: "linters", "registries", "zipped", "throttling". Returns -1 if unknown.
 */
const findStem = (model: StaticModel, length: number): number => {
  const last = scratch[length - 1]
  const before = scratch[length - 2]
  if (last === S && before === E && scratch[length - 3] === I) {
    if (length < 5) return -1
    scratch[length - 3] = Y
    return find(model, length - 2)
  }
  if (last === S && before !== E) return length < 4 || before === S ? -1 : find(model, length - 1)
  const isIng = last === G && before === N && scratch[length - 3] === I
  const isOther = before === E && (last === S || last === D || last === R) || before === L && last === Y
  if (!isIng && !isOther) return -1
  const base = length - (isIng ? 3 : 2)
  if (base < 3) return -1
  const found = find(model, base)
  if (found >= 0) return found
  if (scratch[base - 1] === scratch[base - 2]) return find(model, base - 1)
  scratch[base] = E
  return find(model, base + 1)
}

/** Returns the number of the word in `text` from `start` to `end`, or -1. */
const lookUp = (model: StaticModel, text: string, start: number, end: number, stem: boolean): number => {
  const length = end - start
  if (length < 2 || length > LONGEST) return -1
  for (let i = 0; i < length; i++) scratch[i] = text.charCodeAt(start + i) | 0x20
  const found = find(model, length)
  return found < 0 && stem ? findStem(model, length) : found
}

/** Returns the end of the part of an identifier that begins at `start`: get|User|Name, HTML|Parser. */
const partEnd = (text: string, start: number, end: number): number => {
  for (let i = start + 1; i < end; i++) {
    if (!isUpper(text.charCodeAt(i))) continue
    if (!isUpper(text.charCodeAt(i - 1))) return i
    if (i + 1 < end && !isUpper(text.charCodeAt(i + 1))) return i
  }
  return end
}

/** Counts the letters of a contraction after the apostrophe at `at`: 1 for don't, 2 for we'll, 0 for no contraction. */
const contraction = (text: string, at: number): number => {
  const code = text.charCodeAt(at)
  if (code !== 0x27 && code !== 0x2019) return 0
  let length = 0
  while (length < 3 && isLetter(text.charCodeAt(at + 1 + length))) length++
  return length < 3 ? length : 0
}

/**
 * Returns the weighted mean of the known words' vectors, at unit length. Returns `undefined` when no word is known, as
 * for a text of stop words, numbers or Chinese only: such a text has no place in the space, and a zero vector would
 * claim one.
 *
 * Words are runs of ASCII letters, without accents and in lower case. An unknown run is split like an identifier; parts
 * that are still unknown are stemmed. Repeated words count repeatedly. Dropping question words is up to the caller.
 */
export const embed = (model: StaticModel, text: string): Float32Array | undefined => {
  const plain = /[\u0080-\uffff]/.test(text) ? text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "") : text
  const { dimension, factors, vectors } = model
  const sum = new Float32Array(dimension)
  let known = false
  const add = (k: number): void => {
    if (k < 0) return
    known = true
    const factor = factors[k]!
    const at = k * dimension
    for (let d = 0; d < dimension; d++) sum[d]! += factor * vectors[at + d]!
  }
  const length = plain.length
  for (let start = 0; start < length;) {
    if (!isLetter(plain.charCodeAt(start))) {
      start++
      continue
    }
    let end = start + 1
    while (end < length && isLetter(plain.charCodeAt(end))) end++
    const tail = contraction(plain, end)
    const negation = tail === 1 && (plain.charCodeAt(end + 1) | 0x20) === 0x74
    if (!negation) {
      let part = partEnd(plain, start, end)
      const whole = lookUp(model, plain, start, end, part === end)
      if (whole >= 0 || part === end) add(whole)
      else {
        for (let from = start; from < end; from = part, part = partEnd(plain, from, end)) {
          add(lookUp(model, plain, from, part, true))
        }
      }
    }
    start = tail === 0 ? end : end + 1 + tail
  }
  if (!known) return undefined
  let square = 0
  for (let d = 0; d < dimension; d++) square += sum[d]! * sum[d]!
  if (!(square > 0)) return undefined
  const inverse = 1 / Math.sqrt(square)
  for (let d = 0; d < dimension; d++) sum[d]! *= inverse
  return sum
}
