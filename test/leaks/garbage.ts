/**
 * Collects garbage at once.
 */
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const collector = Effect.runSync(Effect.cached(Effect.sync(() => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc") as () => void
})))

/** Collects garbage twice: the second collection frees what the first one finalizes. */
export const collect: Effect.Effect<void> = Effect.flatMap(collector, (run) =>
  Effect.sync(run).pipe(
    Effect.zipRight(Effect.sleep("2 millis")),
    Effect.zipRight(Effect.sync(run))
  ))
