/**
 * Reads store and index beside the program.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as App from "../../../src/App.ts"
import { Qdrant } from "../../../src/index/qdrant/Qdrant.ts"
import { ModelsFile } from "../../../src/models/sqlite/ModelsFile.ts"
import type { QdrantSettings } from "../../../src/settings/Qdrant.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { client } from "./server.ts"

const PAGE = 500

const paged = <E>(page: (after: string) => Effect.Effect<ReadonlyArray<string>, E>) =>
  Effect.map(
    Stream.runCollect(
      Stream.paginateChunkEffect("", (after) =>
        Effect.map(page(after), (ids) => [Chunk.fromIterable(ids), Option.fromNullable(ids.at(-1))] as const))
    ),
    Chunk.toReadonlyArray
  )

/** The store of the memory in this folder. */
const storeOf = (folder: string) =>
  Layer.provide(
    Layer.provide(SqliteStore.layer, SqliteFile.layer({ folder, readOnly: true, busyTimeoutMs: 5_000 })),
    App.platform
  )

/** Ids of the current units. */
export const unitIds = (folder: string) =>
  Effect.flatMap(MemoryStore, ({ unitIds }) => paged((after) => unitIds(after, PAGE))).pipe(
    Effect.provide(storeOf(folder))
  )

/** Number of model answers kept beside the memory. */
export const keptAnswers = (folder: string) =>
  Effect.gen(function*() {
    const sql = yield* (yield* ModelsFile).sql
    const [row] = yield* sql<{ n: number }>`SELECT count(*) AS n FROM answers`
    return row?.n ?? 0
  }).pipe(Effect.provide(Layer.provide(ModelsFile.layer({ folder, busyTimeoutMs: 5_000 }), App.platform)))

/** Ids of the points of the active collection, read page by page. */
export const pointIds = (settings: QdrantSettings) =>
  Effect.gen(function*() {
    const { aliases, ids } = yield* Qdrant
    const serving = (yield* aliases).find(({ alias }) => alias.startsWith(settings.prefix))
    if (serving === undefined) return []
    return yield* paged((after) =>
      // A page after an id may begin with that id.
      Effect.map(
        ids(serving.collection, after === "" ? undefined : after, PAGE),
        (found) => found[0] === after ? found.slice(1) : found
      )
    )
  }).pipe(Effect.provide(client(settings)))
