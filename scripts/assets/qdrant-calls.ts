/**
 * Extracts our calls and their answers from the server's OpenAPI description into test/fixtures/qdrant-calls.json.
 */
import * as Cli from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { CALLS, FULL, read } from "../../test/index/qdrant/OpenApi.ts"
import { ours } from "../../test/index/qdrant/ours.ts"
import { BenchError, main } from "../../test/script.ts"

const command = Cli.make("qdrant-calls", {}, () =>
  Effect.gen(function*() {
    if (FULL === undefined) return yield* new BenchError({ reason: "Input", detail: "TEST_DATA is not set" })
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(CALLS, `${JSON.stringify(ours(read(FULL)), null, 1)}\n`)
  })).pipe(Cli.withDescription("Write the description of our calls to Qdrant from the whole one in TEST_DATA"))

main(command, "qdrant-calls")
