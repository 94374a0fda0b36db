/**
 * Searches a memory in SQLite as the program does, but counts a question's words in every memory.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as App from "../../../src/App.ts"
import { counterOf, inverseDocumentFrequency } from "../../../src/domain/Lexical.ts"
import * as EmbeddedIndex from "../../../src/index/sqlite/EmbeddedIndex.ts"
import { Retriever } from "../../../src/retrieve/Retriever.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import { type Counted, rankedBy } from "../../../src/store/Rules.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"

/** Memories that are read at a time. */
const CHUNK = 20_000

const counting = Layer.effect(
  MemoryStore,
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const { reader } = yield* SqliteFile
    const everyCandidate = (
      terms: ReadonlyArray<string>,
      idf: ReadonlyArray<number>,
      averageLength: number,
      limit: number
    ) =>
      Effect.gen(function*() {
        const countIn = counterOf(new Map(terms.map((term, i) => [term, i])))
        let best: ReadonlyArray<Counted> = []
        for (let after = 0;;) {
          const rows = yield* reader<{
            row: number
            id: string
            title: string
            text: string
            tool_use: string
            tool_result: string
          }>`SELECT units.row, units.id, title, text, tool_use, tool_result
            FROM units JOIN lexemes ON lexemes.rowid = units.row
            WHERE units.row > ${after} AND units.active = 1 ORDER BY units.row LIMIT ${CHUNK}`
          const last = rows.at(-1)
          if (last === undefined) return rankedBy(idf, averageLength, best, limit)
          after = last.row
          const counted = rows.map(({ id, row, text, title, tool_result, tool_use }) => ({
            row,
            unitId: id,
            ...countIn([title, text, tool_use, tool_result])
          })).filter(({ frequencies }) => frequencies.some((fields) => fields.some((n) => n > 0)))
          const rowOf = new Map([...best, ...counted].map(({ row, unitId }) => [unitId, row]))
          best = rankedBy(idf, averageLength, [...best, ...counted], limit)
            .map((candidate) => ({ ...candidate, row: rowOf.get(candidate.unitId)! }))
        }
      })
    return MemoryStore.of({
      ...store,
      lexical: (terms, filter, limit) =>
        Effect.gen(function*() {
          const matches = yield* store.lexical(terms, filter, 1)
          const idf = matches.documentFrequencies.map((n) => inverseDocumentFrequency(matches.documents, n))
          return { ...matches, candidates: yield* everyCandidate(terms, idf, matches.averageLength, limit) }
        }).pipe(Effect.catchTag("SqlError", Effect.die))
    })
  })
)

/** A retriever over the memory in `home`. */
export const retriever = (home: string) => {
  const storage = SqliteFile.layer({ folder: home, readOnly: true, busyTimeoutMs: 5_000, name: "exact" })
  return Retriever.layer.pipe(
    Layer.provide(counting),
    Layer.provide(Layer.mergeAll(SqliteStore.layer, EmbeddedIndex.layer, App.modelsOf({ busyTimeoutMs: 5_000, home }))),
    Layer.provide(storage),
    Layer.provide(App.platform)
  )
}
