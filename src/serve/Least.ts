/**
 * Lists the memories that are worth least.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { isDerived, worthOf } from "../store/Worth.ts"

/** Memories that are read at a time: others can read meanwhile. */
const BATCH = 500

/** Returns the derived memories of projects that are worth least, the least first. What a person touched is not among them. */
export const least = (projects: "all" | ReadonlyArray<string>, limit: number) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const now = yield* Clock.currentTimeMillis
    let found: ReadonlyArray<MemoryUnit> = []
    for (let after = "";;) {
      const ids = yield* store.unitIds(after, BATCH)
      if (ids.length === 0) return found
      after = ids.at(-1)!
      const wanted = (yield* store.units(ids)).filter((unit) =>
        (projects === "all" || projects.includes(unit.projectId)) && unit.type !== "archive" && isDerived(unit, now)
      )
      found = [...found, ...wanted].sort((a, b) => worthOf(a, now) - worthOf(b, now)).slice(0, limit)
    }
  })
