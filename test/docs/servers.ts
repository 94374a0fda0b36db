/**
 * Runs a program of a page beside the servers that it asks: a model server and a stand-in for Qdrant, both on loopback
 * ports, whose addresses it finds in OPENAI_BASE_URL and QDRANT_URL. Prints what the program printed. Fails when the
 * program does, or when it left one of the servers without work.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { homedir } from "node:os"
import { runMain, writeStderr, writeStdout } from "../../src/process/Process.ts"
import { run } from "../e2e/program.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { modelServer } from "../models/server.ts"

class Unused extends Data.TaggedError("Unused")<{ readonly detail: string }> {
  override get message() {
    return this.detail
  }
}

const beside = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const models = yield* modelServer
    const qdrant = yield* StandIn.make()
    const env = { OPENAI_BASE_URL: models.baseUrl, OPENAI_API_KEY: "sk-page", QDRANT_URL: qdrant.origin }
    const { code, stderr, stdout } = yield* run(args, { home: homedir(), cwd: process.cwd(), env })
    yield* writeStderr(stderr)
    yield* writeStdout(stdout)
    const { batches, keys } = models.seen
    const count = (operation: string) => qdrant.seen.operations.filter((each) => each === operation).length
    const detail = `it ended with ${code}, asked for ${batches.length} batches of vectors with the keys ${
      [...keys].join(", ")
    }, and Qdrant for ${count("upsert_points")} upserts and ${count("query_points")} queries`
    if (code !== 0 || batches.length < 2 || count("upsert_points") === 0 || count("query_points") === 0) {
      return yield* new Unused({ detail })
    }
  })

runMain(Effect.scoped(beside(process.argv.slice(2))), { name: "servers", deadline: "10 seconds" })
