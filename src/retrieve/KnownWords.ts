/**
 * Words of English and of software, so that none of them is taken for a misspelt one: a Bloom filter (Bloom 1970) of their lexemes. Pure.
 */
import { hash } from "../domain/Hash.ts"
import { WORD_BITS } from "./WordBits.ts"

/** Bits that each lexeme sets: with 8 bits a lexeme in all, one in 46 others is taken for known. */
const PLACES = 5

/** Returns the bits of a filter of so many that a lexeme sets. */
export const placesOf = (lexeme: string, bits: number): ReadonlyArray<number> => {
  const [first, step] = [hash(lexeme), hash(`${lexeme} `) | 1]
  return Array.from({ length: PLACES }, (_, i) => (first + i * (step >>> 0)) % bits)
}

let filter: Uint8Array | undefined

/** True for the lexeme of a known word, and by chance for one in 46 of all others. */
export const isKnown = (lexeme: string): boolean => {
  const bytes = filter ??= Buffer.from(WORD_BITS, "base64")
  return placesOf(lexeme, 8 * bytes.length).every((place) => (bytes[place >> 3]! >> (place & 7) & 1) === 1)
}
