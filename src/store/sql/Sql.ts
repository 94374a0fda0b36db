/**
 * What a statement of a read is written with: a client of @effect/sql, or one that runs it at once (SqlAtOnce.ts).
 */
import type { Eventual } from "../../domain/Steps.ts"

/** `F` is a part of a statement, and every statement is one too. */
export interface Sql<Y, F> {
  <Row extends object>(
    strings: TemplateStringsArray,
    ...values: ReadonlyArray<unknown>
  ): F & Eventual<Y, ReadonlyArray<Row>>
  readonly literal: (text: string) => F
  readonly and: (clauses: ReadonlyArray<string | F>) => F
}
