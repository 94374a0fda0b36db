/**
 * Reads a SQLite file at once, by the templates in which the reads of a store are written. For the hook's entry, whose
 * process ends after it.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { type Eventual, lazily } from "../../domain/Steps.ts"
import { uptime } from "../../process/Uptime.ts"

/** A statement, or a part of one: its text around the values, one more than these. */
export interface Part {
  readonly texts: ReadonlyArray<string>
  readonly values: ReadonlyArray<unknown>
}

const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null && "texts" in value

const compile = ({ texts, values }: Part, params: Array<SQLInputValue>): string =>
  texts.map((text, i) => {
    if (i === values.length) return text
    const value = values[i]
    if (isPart(value)) return text + compile(value, params)
    params.push(value as SQLInputValue)
    return `${text}?`
  }).join("")

const literal = (text: string): Part => ({ texts: [text], values: [] })

/** Makes the template of a connection, whose statements throw when they begin after `until`, by `uptime`. */
export const make = (database: DatabaseSync, until = Number.POSITIVE_INFINITY) => {
  const prepared = new Map<string, StatementSync>()
  const run = (part: Part): ReadonlyArray<unknown> => {
    if (uptime() > until) throw new Error("there is no time left for another statement")
    const params: Array<SQLInputValue> = []
    const text = compile(part, params)
    const statement = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, statement)
    return statement.all(...params)
  }
  const template = <Row extends object>(
    texts: TemplateStringsArray,
    ...values: ReadonlyArray<unknown>
  ): Part & Eventual<never, ReadonlyArray<Row>> => {
    const part = { texts, values }
    return { ...part, ...lazily(() => run(part) as ReadonlyArray<Row>) }
  }
  return Object.assign(template, {
    literal,
    and: (clauses: ReadonlyArray<string | Part>): Part => ({
      texts: ["(", ...clauses.slice(1).map(() => " AND "), ")"],
      values: clauses.map((clause) => typeof clause === "string" ? literal(clause) : clause)
    })
  })
}
