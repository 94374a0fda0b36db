/**
 * Texts as PostgreSQL takes them, and lexemes as its index takes them.
 */
import { createHash } from "node:crypto"

/**
 * PostgreSQL's text holds neither NUL nor half a surrogate pair. Only what is looked for goes through this: bodies are JSON, in which
 * both are escaped.
 */
export const text = (value: string): string => value.replace(/[\0\p{Cs}]/gu, "\ufffd")

export const texts = (values: Iterable<string>): ReadonlyArray<string> => Array.from(values, text)

/** Rows as the JSON of an array, for json_to_recordset. */
export const rows = (values: ReadonlyArray<object>): string =>
  JSON.stringify(values, (_, value: unknown) => typeof value === "string" ? text(value) : value)

/** An entry of the index holds at most 2,704 bytes; a run of Korean without a space may be longer. */
const LONGEST = 400

/** The same for the same lexeme, and another for another. */
export const keyOf = (lexeme: string): string =>
  lexeme.length <= LONGEST
    ? text(lexeme)
    : text(lexeme.slice(0, LONGEST)) + createHash("sha256").update(lexeme).digest("hex")
