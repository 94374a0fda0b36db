/**
 * Lists memories, newest first.
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { replacedWord } from "../serve/Wording.ts"
import { firstOf, listing, MOST_LISTED } from "./Listing.ts"
import { answer, json } from "./Output.ts"
import { filters, limitOf, scopeText, toFilter } from "./Scope.ts"

export const options = { ...filters, limit: limitOf(20, MOST_LISTED), json }

export const command = Command.make(
  "list",
  options,
  ({ json, limit, ...options }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const found = yield* memory.recent(yield* toFilter(options), limit + 1)
      const { more, shown: units } = firstOf(found, limit)
      const text = yield* listing(units, ({ occurredAt }) => occurredAt, (unit) => [
        unit.replacedBy === undefined ? unit.type : `${unit.type}, ${replacedWord(unit)}`,
        unit.title
      ])
      yield* answer(
        json,
        { memories: units },
        () => units.length === 0 ? `No memories in ${scopeText(options)}.` : text + more
      )
    }).pipe(App.provide(App.reader))
).pipe(Command.withDescription("List memories, newest first"))
