/**
 * The SQLite file of models' answers and costs. It is separate from the memory's file because processes that only read
 * the memory, such as hooks, write to it, too, and must not wait for an import.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Lazy from "../../resources/Lazy.ts"
import * as Owner from "../../resources/Owner.ts"
import { open, openMemory } from "../../resources/Sqlite.ts"
import { StoreError } from "../../store/MemoryStore.ts"
import { migrate } from "../../store/sqlite/migrations.ts"
import { closeToOthers, restrict, toStoreError } from "../../store/sqlite/SqliteFile.ts"
import * as SqliteHeader from "../../store/sqlite/SqliteHeader.ts"
import { STEPS } from "./migrations.ts"

export interface ModelsFileOptions {
  readonly folder: string
  /** Longest wait for another process's lock, in milliseconds. Their statements take less than one millisecond. */
  readonly busyTimeoutMs: number
}

export const MODELS_DATABASE = "models.db"

const openFile = ({ busyTimeoutMs, folder }: ModelsFileOptions) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = path.join(folder, MODELS_DATABASE)
    yield* restrict(folder)
    // Refuses a damaged file before SQLite touches it.
    if (yield* Effect.orElseSucceed(fs.exists(file), () => false)) yield* SqliteHeader.read(file)
    const sql = yield* open({
      name: "Sqlite of models",
      path: file,
      readOnly: false,
      busyTimeoutMs,
      newestSchema: STEPS.length
    })
    yield* migrate(sql, STEPS)
    yield* Effect.forEach([file, `${file}-wal`, `${file}-shm`], (each) => Effect.ignore(closeToOthers(each)))
    return sql
  }).pipe(
    Effect.mapError(toStoreError("open")),
    Effect.mapError((error) =>
      error.reason === "Damaged"
        ? new StoreError({
          ...error,
          detail:
            `${MODELS_DATABASE} in ${folder} is damaged or not a database; it was left untouched. End all sessions of ` +
            `Claude Code, and move ${MODELS_DATABASE}, ${MODELS_DATABASE}-wal and ${MODELS_DATABASE}-shm away together: what ` +
            "models cost so far is forgotten then, no memory is"
        })
        : error
    )
  )

/** `models.db` in the folder, of which any number of processes may read and write. `isThere` makes no file. */
export class ModelsFile extends Context.Tag("claude-memory/ModelsFile")<ModelsFile, {
  /** Opens the file on first use. */
  readonly sql: Effect.Effect<SqlClient, StoreError>
  readonly isThere: Effect.Effect<boolean>
}>() {
  static readonly layer = (options: ModelsFileOptions) =>
    Owner.layer(
      this,
      Effect.gen(function*() {
        const withPlatform = Owner.provideContext(yield* Effect.context<FileSystem.FileSystem | Path.Path>())
        const sql = yield* Lazy.make(openFile(options))
        const isThere = Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const path = yield* Path.Path
          return yield* Effect.orElseSucceed(fs.exists(path.join(options.folder, MODELS_DATABASE)), () => false)
        })
        return { sql: withPlatform(sql), isThere: withPlatform(isThere) }
      })
    )
  /** A database in memory, gone with the scope. */
  static readonly layerMemory = Owner.layer(
    this,
    Effect.gen(function*() {
      const sql = yield* openMemory({ name: "Sqlite of models in memory" })
      yield* migrate(sql, STEPS)
      return { sql: Effect.succeed(sql), isThere: Effect.succeed(true) }
    }).pipe(Effect.mapError(toStoreError("open")))
  )
}
