/**
 * `MemoryStore` in one SQLite file, with one connection for writes and another for reads, so that capture never blocks a search.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { durably, transaction } from "../../resources/Sqlite.ts"
import { MemoryStore } from "../MemoryStore.ts"
import * as DatabaseStore from "../sql/DatabaseStore.ts"
import * as Reads from "../sql/Reads.ts"
import * as Statements from "../sql/Statements.ts"
import * as Writes from "../sql/Writes.ts"
import * as BackupFolder from "./BackupFolder.ts"
import * as Copies from "./Copies.ts"
import * as OpeningFiles from "./OpeningFiles.ts"
import * as SqliteDialect from "./SqliteDialect.ts"
import { SqliteFile, toStoreError } from "./SqliteFile.ts"
import * as Wiping from "./Wiping.ts"

const make = Effect.gen(function*() {
  const { file, isReadOnly, reader, writer } = yield* SqliteFile
  // A database in memory, and a reader, have one connection.
  const deleteTouched = reader === writer
    ? Effect.void
    : yield* Effect.mapError(OpeningFiles.make(writer, file), toStoreError("open"))
  const deleteCopies = (before?: number) =>
    reader === writer
      ? Effect.void
      : Effect.asVoid(Effect.zipRight(Copies.deleteAll(file), BackupFolder.deleteAll(file, before)))
  // FTS5 keeps the words of a memory that was compressed again until it merges (https://sqlite.org/fts5.html, section 6.9).
  const mergeLexemes = writer`INSERT INTO lexemes (lexemes) VALUES ('optimize')`
  const write = <A, E, R>(effect: Effect.Effect<A, E, R>) => transaction(writer, Effect.zipLeft(effect, deleteTouched))
  const keep = <A, E, R>(effect: Effect.Effect<A, E, R>) => durably(write(effect))
  const store = DatabaseStore.make({
    isReadOnly,
    reads: Reads.make(reader, SqliteDialect.make(reader)),
    writes: Writes.make(Statements.make(writer, SqliteDialect.make(writer))),
    read: (effect) => effect,
    write,
    keep,
    erase: (before) => (effect) =>
      keep(
        effect.pipe(
          Effect.zipLeft(mergeLexemes),
          Effect.zipLeft(Wiping.note(writer)),
          Effect.zipLeft(deleteCopies(before))
        )
      ),
    wipe: reader === writer ? Effect.void : Wiping.make({ file, reader, writer }),
    transaction: write,
    toError: toStoreError
  })
  return reader === writer ? store : yield* DatabaseStore.emptyingBin(store)
})

/**
 * Keeps all in the `SqliteFile`. A writer deletes for good, when it is built, what was forgotten over seven days ago.
 */
export const layer = Layer.effect(MemoryStore, make)
