/**
 * Works off the queue of a memory; any number of processes may do so at once.
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { writeStderr } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { json } from "./Output.ts"
import { report } from "./StepReports.ts"

export const options = { json }

export const command = Command.make("work", options, ({ json }) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    if (!json) yield* writeStderr("working; end it with Ctrl-C\n")
    yield* report(memory.work, json)
  }).pipe(App.provide(App.service("work")))).pipe(
    Command.withDescription("Make memories of what others captured, and index what waits, until it is ended")
  )
