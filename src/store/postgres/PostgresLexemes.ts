/**
 * Converts texts to what PostgreSQL can store, and lexemes to keys that fit its index.
 */
import { createHash } from "node:crypto"

/**
 * Replaces NUL and lone surrogates, which PostgreSQL's text can't hold. Bodies lose nothing: they are JSON, in which both are
 * escaped.
 */
export const text = (value: string): string => value.replace(/[\0\p{Cs}]/gu, "\ufffd")

export const texts = (values: Iterable<string>): ReadonlyArray<string> => Array.from(values, text)

/** Serializes rows to a JSON array for json_to_recordset. */
export const rows = (values: ReadonlyArray<object>): string =>
  JSON.stringify(values, (_, value: unknown) => typeof value === "string" ? text(value) : value)

/** Longest lexeme stored as it is: an index entry holds at most 2,704 bytes, and a run of Korean without a space may be longer. */
const LONGEST = 400

/** Returns a key of bounded length, equal for equal lexemes and different for different ones. */
export const keyOf = (lexeme: string): string =>
  lexeme.length <= LONGEST
    ? text(lexeme)
    : text(lexeme.slice(0, LONGEST)) + createHash("sha256").update(lexeme).digest("hex")
