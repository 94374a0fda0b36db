/**
 * Pins memories, which are then told at the start of each session, or takes their pins off.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { markAll } from "./Marking.ts"
import { answer, json } from "./Output.ts"
import { unitId } from "./Scope.ts"

export const options = {
  off: Options.boolean("off").pipe(Options.withDescription("Take the pin off")),
  json
}

export const command = Command.make(
  "pin",
  { ids: Args.atLeast(unitId, 1), ...options },
  ({ ids, json, off }) =>
    Effect.gen(function*() {
      const changed = yield* markAll(ids, { pinned: !off })
      yield* answer(json, { units: changed }, () =>
        changed.map(({ id, title }) =>
          `${off ? "No longer pinned" : "Pinned"}: ${id.slice(0, 8)} ${title}`
        ).join("\n"))
    }).pipe(App.provide(App.service("pin")))
).pipe(
  Command.withDescription("Have a memory told at the start of every session of its project, and never let go")
)
