/**
 * Works off the queue for as long as it is let: what others captured, and what had to wait for a model or an index.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as Pipeline from "../Pipeline.ts"

/** How long it rests when there is nothing to do. */
const PAUSE = Duration.seconds(5)
/** And at most, while something can't be done: each time twice as long. */
const LONGEST_PAUSE = Duration.minutes(5)

/** Ends only when it is interrupted, or with the store's failure. */
export const work: Stream.Stream<Pipeline.Step, Pipeline.PipelineError, Pipeline.DrainServices> = Stream.unwrap(
  Effect.map(Ref.make(PAUSE), (pause) => {
    const round = Stream.unwrap(Effect.map(Ref.make(false), (isPostponed) =>
      Pipeline.drain.pipe(
        Stream.tap(({ _tag }) => _tag === "Postponed" ? Ref.set(isPostponed, true) : Effect.void),
        Stream.concat(Stream.execute(Effect.gen(function*() {
          yield* Effect.sleep(yield* Ref.get(pause))
          const again = yield* Ref.get(isPostponed)
          yield* Ref.update(pause, (last) => again ? Duration.min(Duration.times(last, 2), LONGEST_PAUSE) : PAUSE)
        })))
      )))
    return Stream.forever(round)
  })
)
