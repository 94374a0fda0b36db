/**
 * Asks the Qdrant server in its argument for collections, then for aliases.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Qdrant } from "../../../src/index/qdrant/Qdrant.ts"
import { runMain, writeStdout } from "../../../src/process/Process.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { client } from "../../index/qdrant/client.ts"

const [url = ""] = process.argv.slice(2)
Effect.gen(function*() {
  const qdrant = yield* Qdrant
  yield* writeStdout(`${(yield* qdrant.collections).length} collections\n`)
  yield* writeStdout(`${(yield* qdrant.aliases).length} aliases\n`)
}).pipe(
  Effect.provide(Layer.provide(client(url, { within: "30 seconds" }), ResourceLedger.layer)),
  (program) => runMain(program, { deadline: "4 seconds" })
)
