/**
 * Says that one memory holds in place of another, as a decision that was changed since.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as App from "../App.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, json, refuse } from "./Output.ts"

const old = Args.text({ name: "old" }).pipe(
  Args.withDescription("The id of the memory that holds no more, or the beginning of it")
)
const by = Args.text({ name: "new" }).pipe(
  Args.withDescription("The id of the memory that holds instead, or the beginning of it"),
  Args.optional
)

export const options = {
  off: Options.boolean("off").pipe(Options.withDescription("Say that it holds after all")),
  json
}

export const command = Command.make(
  "replace",
  { old, by, ...options },
  ({ by, json, off, old }) =>
    Effect.gen(function*() {
      if (Option.isSome(by) === off) {
        return yield* refuse(off ? "--off takes one id" : "name the memory that holds instead, or give --off")
      }
      const memory = yield* ClaudeMemory
      const { unit } = yield* memory.edit(old, { replacedBy: Option.getOrNull(by) }, "person")
      const replacement = unit.replacedBy === undefined ? undefined : (yield* memory.show(unit.replacedBy)).unit
      yield* answer(json, { unit }, () =>
        replacement === undefined
          ? `It holds again: ${unit.id.slice(0, 8)} ${unit.title}`
          : `${replacement.id.slice(0, 8)} ${replacement.title}\n  holds in place of ${
            unit.id.slice(0, 8)
          } ${unit.title}`)
    }).pipe(App.provide(App.service("replace")))
).pipe(
  Command.withDescription("Say that one memory holds in place of another: a search gives the one that holds")
)
