/**
 * The stand-in for a Qdrant server (test/index/qdrant/StandIn.ts) as a command: prints its URL and lives until SIGTERM.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { writeStderr, writeStdout } from "../../../src/process/Process.ts"
import * as StandIn from "../../index/qdrant/StandIn.ts"

const options = {
  port: Options.integer("port").pipe(Options.withDefault(0), Options.withDescription("0 for any that is free")),
  apiKey: Options.optional(Options.text("api-key")),
  state: Options.text("state").pipe(
    Options.withDescription("a file that holds each write, for the next one to go on with"),
    Options.optional
  ),
  version: Options.text("of").pipe(Options.withDefault("1.19.0"), Options.withDescription("the version that it tells"))
}

export const command = Cli.make(
  "qdrant-stand-in",
  options,
  ({ apiKey, port, state, version }) =>
    Effect.gen(function*() {
      const { breaches, origin } = yield* StandIn.make({
        port,
        version,
        ...(Option.isSome(apiKey) && { apiKey: apiKey.value }),
        ...(Option.isSome(state) && { state: state.value })
      })
      yield* writeStdout(`${origin}\n`)
      // Breaches of the contract are printed here; the process still ends normally.
      yield* Effect.addFinalizer(() =>
        Effect.zipRight(
          Effect.forEach(breaches, (breach) => writeStderr(`the contract was broken: ${breach}\n`)),
          Effect.sync(() => breaches.length = 0)
        )
      )
      return yield* Effect.never
    }).pipe(Effect.scoped)
).pipe(Cli.withDescription("A stand-in for a Qdrant server on a loopback port"))
