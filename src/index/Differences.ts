/**
 * What an index lacks of the store's units, and what it holds that is none of them: both lists are read side by side, in the order of
 * their ids.
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
  /** Ids that both have. */
  readonly common: ReadonlyArray<string>
}

const PAGE = 500

/** How far a page speaks for its list: what comes after it is unknown when it is full. */
const reach = (page: ReadonlyArray<string>, size: number): string | undefined =>
  page.length < size ? undefined : page[page.length - 1]

const least = (a: string | undefined, b: string | undefined) => a === undefined ? b : b === undefined || a < b ? a : b

/** Page by page, so that what is in memory has a bound. What is written meanwhile may be told of or not. */
export const differences = (
  store: Pick<MemoryStore["Type"], "unitIds">,
  vectors: Pick<Vectors, "ids">,
  size = PAGE
): Stream.Stream<Difference, StoreError | IndexError> =>
  Stream.paginateEffect("", (after) =>
    Effect.gen(function*() {
      const units = yield* store.unitIds(after, size)
      const points = yield* vectors.ids(after, size)
      const end = least(reach(units, size), reach(points, size))
      const within = (ids: ReadonlyArray<string>) => end === undefined ? ids : ids.filter((id) => id <= end)
      const [here, there] = [new Set(within(units)), new Set(within(points))]
      const difference: Difference = {
        missing: [...here].filter((id) => !there.has(id)),
        orphans: [...there].filter((id) => !here.has(id)),
        common: [...here].filter((id) => there.has(id))
      }
      return [difference, Option.fromNullable(end)]
    }))
