/**
 * The storage layers that the contract suites run on.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import * as testing from "../../src/testing.ts"

export const base = Layer.merge(ResourceLedger.layer, NodeContext.layer)

/** A new database for each use. Does not force a garbage collection at the end: `freesLater`. */
export const sqliteFile = Layer.unwrapScoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-contract-" })
  return SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 5_000, skipGarbageCollection: true })
}))

export const sqliteStore = SqliteStore.layer.pipe(Layer.provide(sqliteFile), Layer.provide(base))

export const storeInMemory = testing.store.pipe(Layer.provide(base))
