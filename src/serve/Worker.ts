/**
 * Parts of the pipeline done again and again, for as long as they are let: what others captured, and what had to wait for a model, an
 * index or the store.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Pipeline from "../Pipeline.ts"

/** How long it rests when something can't be done: each time twice as long. */
const PAUSE = Duration.seconds(5)
const LONGEST_PAUSE = Duration.minutes(5)

/** What keeps a store from writing, and goes by itself or by a person's hand. */
const PASSES: ReadonlySet<string> = new Set(["Away", "Full", "Locked"])

interface Hindrance {
  readonly reason: string
  readonly message: string
}

export type Patience = <A, E extends Hindrance, R>(work: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R>

/** Work that can't be done for now is begun again after pauses that grow, and what hinders it is said once. */
export const makePatience: Effect.Effect<Patience> = Effect.map(Ref.make(""), (told) => {
  const tell = ({ message }: Hindrance) =>
    Effect.flatMap(
      Ref.getAndSet(told, message),
      (last) => last === message ? Effect.void : Effect.logWarning(`${message}; tried again until it can be done`)
    )
  const pauses = Schedule.exponential("1 second").pipe(
    Schedule.union(Schedule.spaced("1 minute")),
    Schedule.whileInput(({ reason }: Hindrance) => PASSES.has(reason))
  )
  return (work) =>
    work.pipe(
      Stream.tap(() => Ref.set(told, "")),
      Stream.tapError((error) => PASSES.has(error.reason) ? tell(error) : Effect.void),
      Stream.retry(pauses)
    )
})

/** Does it again after each `rest`; while something can't be done, after pauses that grow. */
export const paced = <R>(
  part: Stream.Stream<Pipeline.Step, Pipeline.PipelineError, R>,
  rest: Effect.Effect<unknown>
): Stream.Stream<Pipeline.Step, Pipeline.PipelineError, R> =>
  Stream.unwrap(Effect.map(Ref.make(PAUSE), (pause) => {
    const round = Stream.unwrap(Effect.map(Ref.make(false), (isPostponed) =>
      part.pipe(
        Stream.tap(({ _tag }) => _tag === "Postponed" ? Ref.set(isPostponed, true) : Effect.void),
        Stream.concat(Stream.execute(Effect.gen(function*() {
          const again = yield* Ref.get(isPostponed)
          yield* again ? Effect.sleep(yield* Ref.get(pause)) : rest
          yield* Ref.update(pause, (last) => again ? Duration.min(Duration.times(last, 2), LONGEST_PAUSE) : PAUSE)
        })))
      )))
    return Stream.forever(round)
  }))

/** Ends only when it is interrupted, or with a failure of the store that does not pass. */
export const work: Stream.Stream<Pipeline.Step, Pipeline.PipelineError, Pipeline.DrainServices> = Stream.unwrap(
  Effect.map(makePatience, (patiently) => paced(patiently(Pipeline.drain), Effect.sleep(PAUSE)))
)
