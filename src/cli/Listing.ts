/**
 * Formats things of projects as a table: how long ago and when each was, its id, and its project where there are several.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { labelsOf } from "../domain/ProjectLabels.ts"
import { columns } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { fittingTable, minute, number } from "./Output.ts"
import { ago, language } from "./When.ts"

/** Columns of a terminal from which on a time is shown as well as how long ago it was: below, titles need them. */
const WIDE = 100

/** Most that is listed. */
export const MOST_LISTED = 1_000

/** Takes the first of a list that was read one longer than it is shown, and what is said below it: whether there are more. */
export const firstOf = <A>(found: ReadonlyArray<A>, limit: number) => ({
  shown: found.slice(0, limit),
  more: found.length <= limit
    ? ""
    : `\nThere are more: --limit takes up to ${number(MOST_LISTED)}, and --until lists older ones.`
})

/** Formats a list; `cellsOf` returns the cells before and after the project. */
export const listing = <A extends { readonly id: string; readonly projectId: string }>(
  list: ReadonlyArray<A>,
  timeOf: (each: A) => number,
  cellsOf: (each: A) => readonly [before: string, after: string]
) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const now = yield* Clock.currentTimeMillis
    const locale = language()
    const labels = labelsOf(yield* memory.projects.known)
    const isOfSeveral = new Set(list.map(({ projectId }) => projectId)).size > 1
    return fittingTable(list.map((each) => {
      const [before, after] = cellsOf(each)
      return [
        ago(timeOf(each), now, locale),
        ...(columns() < WIDE ? [] : [minute(timeOf(each))]),
        each.id.slice(0, 8),
        before,
        ...(isOfSeveral ? [labels.get(each.projectId) ?? "?"] : []),
        after
      ]
    })).join("\n")
  })
