/**
 * A memory as the drill looks at it from outside. Its tables have the same names in either database; what differs is named here.
 */
import type * as Effect from "effect/Effect"
import type { BenchError } from "../../script.ts"

/** Queries by the name of what each finds. */
export type Queries = Readonly<Record<string, string>>

export interface Memory {
  /** Variables that lead the program to it. */
  readonly env: Readonly<Record<string, string>>
  /** Returns the rows of a query; fails while there is no such table yet. */
  readonly rows: <A extends object>(query: string) => Effect.Effect<ReadonlyArray<A>, BenchError>
  /** Tests whether the process has a write under way. */
  readonly isWriting: (pid: number) => Effect.Effect<boolean>
  /** Time that writes take beside those to a file. */
  readonly pace: number
  /** Waits until what killed processes have begun has ended, and returns what has not. */
  readonly left: Effect.Effect<ReadonlyArray<string>>
  /** Names the tables that hold a word and are not in a file below the home, or hold it compressed. */
  readonly tablesWith: (word: string) => Effect.Effect<ReadonlyArray<string>, BenchError>
  readonly columns: {
    /** Columns of `line_counts`. */
    readonly lines: readonly [outcome: string, lines: string]
    /** The row of a unit in `lexemes`, and all its words as one text. */
    readonly lexemes: readonly [row: string, words: string]
    /** The body of a unit, as text. */
    readonly unitBody: string
    /** A field of a body, as text. */
    readonly inBody: (field: string, body: string) => string
  }
  /** Queries whose rows should not be there. */
  readonly orphans: Queries
  readonly twice: Queries
  /** Queries of one number each, which should be 0. */
  readonly sums: Queries
  /** Names what the database itself finds wrong. */
  readonly damage: Effect.Effect<ReadonlyArray<string>, BenchError>
}

/** Tests whether a text holds a word of letters and digits. */
export const holds = (text: string, word: string): string => `${text} LIKE '%${word}%'`
