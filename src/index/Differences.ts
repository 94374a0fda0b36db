/**
 * Compares an index with the store: finds active units without a point, points without an active unit, and points that
 * were made of something else. Both lists of ids are read side by side, in ascending order.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { MemoryStore, StoreError } from "../store/MemoryStore.ts"
import type { IndexError, Vectors } from "./VectorIndex.ts"

export interface Difference {
  /** Active units without a point. */
  readonly missing: ReadonlyArray<string>
  /** Points without an active unit. */
  readonly orphans: ReadonlyArray<string>
  /** Active units whose point is not what it would be if it were made now. */
  readonly stale: ReadonlyArray<string>
  /** Ids that both have, stale or not. */
  readonly common: ReadonlyArray<string>
}

const PAGE = 500

/** Returns the last id that the page covers; undefined when the page is not full, so that it covers the whole list. */
const reach = (page: ReadonlyArray<string>, size: number): string | undefined =>
  page.length < size ? undefined : page[page.length - 1]

const least = (a: string | undefined, b: string | undefined) => a === undefined ? b : b === undefined || a < b ? a : b

/**
 * Streams the differences page by page, which bounds the memory. A unit or point that is written meanwhile may or may
 * not be reported.
 */
export const differences = (
  store: Pick<MemoryStore["Type"], "unitIds">,
  vectors: Pick<Vectors, "ids" | "stale">,
  size = PAGE
): Stream.Stream<Difference, StoreError | IndexError> =>
  Stream.paginateEffect("", (after) =>
    Effect.gen(function*() {
      const units = yield* store.unitIds(after, size)
      const points = yield* vectors.ids(after, size)
      const end = least(reach(units, size), reach(points, size))
      const within = (ids: ReadonlyArray<string>) => end === undefined ? ids : ids.filter((id) => id <= end)
      const [here, there] = [new Set(within(units)), new Set(within(points))]
      const common = [...here].filter((id) => there.has(id))
      const difference: Difference = {
        missing: [...here].filter((id) => !there.has(id)),
        orphans: [...there].filter((id) => !here.has(id)),
        stale: yield* vectors.stale(common),
        common
      }
      return [difference, Option.fromNullable(end)]
    }))
