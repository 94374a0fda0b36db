/**
 * A child process that opens the memory in a folder at a given time and writes one message. Its test bundles it.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { runMain, writeStdout } from "../../../src/process/Process.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { batch, cursor, message } from "../../contract/made.ts"

const [folder = "", name = "", startsAt = "0"] = process.argv.slice(2)

const storage = SqliteStore.layer.pipe(
  Layer.provide(SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 5_000 })),
  Layer.provide(Layer.merge(ResourceLedger.layer, NodeContext.layer))
)

const program = Effect.gen(function*() {
  const store = yield* MemoryStore
  const result = yield* store.append(batch([message(name)], { cursor: cursor(`/t/${name}`, 1) }))
  yield* writeStdout(result._tag)
})

runMain(
  Effect.gen(function*() {
    yield* Effect.sleep(Math.max(0, Number(startsAt) - (yield* Clock.currentTimeMillis)))
    yield* Effect.provide(program, storage)
  }),
  { deadline: "5 seconds" }
)
