/**
 * Keeps memories: they are not let go, and not listed among those worth least.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { advice } from "../process/Advice.ts"
import { markAll } from "./Marking.ts"
import { answer, json } from "./Output.ts"
import { unitId } from "./Scope.ts"

export const options = {
  off: Options.boolean("off").pipe(Options.withDescription("Let it be judged like others again")),
  json
}

export const command = Command.make(
  "keep",
  { ids: Args.atLeast(unitId, 1), ...options },
  ({ ids, json, off }) =>
    Effect.gen(function*() {
      const changed = yield* markAll(ids, { kept: !off })
      yield* answer(json, { units: changed }, () =>
        [
          ...changed.map(({ id, title }) => `${off ? "No longer kept" : "Kept"}: ${id.slice(0, 8)} ${title}`),
          ...(off ? [] : [advice(
            `\`claude-memory ${
              changed.length === 1 ? "undo" : "keep --off ID…"
            }\` takes it back; \`claude-memory pin\` has it told, too.`
          )])
        ].join("\n"))
    }).pipe(App.provide(App.service("keep")))
).pipe(
  Command.withDescription(
    "Have a memory never let go and not listed among the least, without telling it at each session's start"
  )
)
