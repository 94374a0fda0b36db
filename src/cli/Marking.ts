/**
 * Marks several memories alike.
 */
import * as Effect from "effect/Effect"
import type { EditRequest } from "../domain/Edited.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"

/** Changes the memories of these ids, or beginnings of ids, and returns them; finds all before any is changed. */
export const markAll = (ids: ReadonlyArray<string>, change: EditRequest) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const units = yield* Effect.forEach(ids, memory.active)
    return yield* Effect.forEach(units, ({ id }) => Effect.map(memory.edit(id, change, "person"), ({ unit }) => unit))
  })
