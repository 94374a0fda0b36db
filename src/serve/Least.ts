/**
 * Lists the memories that are worth least.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import type { SearchFilter } from "../domain/Search.ts"
import * as EventLoop from "../resources/EventLoop.ts"
import { limitOf, MemoryStore } from "../store/MemoryStore.ts"
import { isDerived, worthOf } from "../store/Worth.ts"

/** An archive stands for its session. */
const TYPES = UnitType.literals.filter((type) => type !== "archive")
/** Memories of a type that are judged, the oldest: to read all takes seconds where there are 100,000. */
const JUDGED = 500
/** Memories that are read at a time, some 10 ms: others can read meanwhile. */
const BATCH = 125

/** Returns the oldest derived units of a type. */
const oldestDerived = (type: UnitType, projects: ReadonlyArray<string>, now: number) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const derived: Array<MemoryUnit> = []
    for (let skip = 0; derived.length < JUDGED; skip += JUDGED) {
      const ids = yield* store.oldest({ projects, types: [type] }, skip, JUDGED)
      for (let from = 0; from < ids.length && derived.length < JUDGED; from += BATCH) {
        derived.push(...(yield* store.units(ids.slice(from, from + BATCH))).filter((unit) => isDerived(unit, now)))
        yield* EventLoop.turn
      }
      if (ids.length < JUDGED) break
    }
    return derived
  })

/**
 * Returns the derived units of projects that are worth least, the least first. What a person touched is not among them. Of each type at
 * least the `JUDGED` oldest are compared.
 */
export const least = (projects: SearchFilter["projects"], limit: number) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const asked = projects === "all"
      ? (yield* Effect.flatMap(MemoryStore, (store) => store.projects)).map(({ id }) => id)
      : projects
    const derived = yield* Effect.forEach(TYPES, (type) => oldestDerived(type, asked, now))
    return derived.flat().sort((a, b) => worthOf(a, now) - worthOf(b, now)).slice(0, limitOf(limit))
  })
