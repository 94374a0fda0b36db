/**
 * Runs the hooks over a memory in one SQLite file, searched by words alone: the setup of nearly everyone. It is a
 * bundle of its own, since Claude Code waits while it loads. For an injection, the package's own vectors find nothing
 * that words don't.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import type { Stdin } from "../hook/Input.ts"
import { FOLDER } from "../hook/RecordLines.ts"
import * as SessionRecords from "../hook/SessionRecords.ts"
import * as EmbeddedIndex from "../index/sqlite/EmbeddedIndex.ts"
import { Injector } from "../inject/Injector.ts"
import * as LocalModels from "../models/LocalModels.ts"
import { runBeforeMain } from "../process/Process.ts"
import { Files } from "../resources/Files.ts"
import * as Platform from "../resources/Platform.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import * as Settings from "../settings/Settings.ts"
import { SqliteFile } from "../store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../store/sqlite/SqliteStore.ts"
import * as HookProgram from "./HookProgram.ts"

export const settings = runBeforeMain(Effect.either(Settings.load))

/** True when the settings need nothing beyond this bundle, and for invalid settings, which the hook then reports. */
export const coversSettings: Promise<boolean> = settings.then(Either.match({
  onLeft: () => true,
  onRight: ({ fusion, models, postgres, qdrant }) =>
    fusion === undefined && models.embedding === undefined && postgres === undefined && qdrant === undefined
}))

export const services = Layer.unwrapEffect(Effect.map(Effect.flatten(Effect.promise(() => settings)), ({ home }) => {
  const file = SqliteFile.layer({ folder: home, readOnly: true, busyTimeoutMs: 50, skipGarbageCollection: true })
  const adapters = Layer.mergeAll(
    Layer.provide(Layer.merge(SqliteStore.layer, EmbeddedIndex.layer), file),
    LocalModels.layer(Settings.packageFile("assets", "static-embeddings.bin"))
  )
  return Injector.layerByWords.pipe(
    Layer.provide(Retriever.layer),
    Layer.provideMerge(adapters),
    Layer.merge(SessionRecords.layer(join(home, FOLDER)))
  )
})).pipe(
  Layer.provideMerge(Files.layer),
  Layer.provideMerge(Layer.merge(ResourceLedger.layerWarning, Platform.layer))
)

export const run = (started: number, stdin: Stdin): void => HookProgram.run(started, stdin, services)
