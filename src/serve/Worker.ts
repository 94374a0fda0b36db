/**
 * Repeats parts of the pipeline until interrupted: work that other processes captured, and work that had to wait for a
 * model, an index or the store.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Pipeline from "../Pipeline.ts"
import { wiping } from "./Retaining.ts"

/** Pause after postponed work; it doubles each time, up to the longest. */
const FIRST_PAUSE = Duration.seconds(5)
const LONGEST_PAUSE = Duration.minutes(5)

/** Reasons of store failures that end by themselves or when a person acts. */
const TEMPORARY: ReadonlySet<string> = new Set(["Away", "Full", "Locked"])

interface StoreFailure {
  readonly reason: string
  readonly message: string
}

export type Retry = <A, E extends StoreFailure, R>(work: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R>

/** A reason that comes again within this time, longer than the longest pause, is the same trouble still. */
const SAME_TROUBLE_MS = Duration.toMillis("2 minutes")

/**
 * Retries work after temporary failures, with pauses that grow from a second to a minute. Trouble is logged once, also
 * where a part of the work succeeds meanwhile.
 */
export const makeRetry: Effect.Effect<Retry> = Effect.map(Ref.make({ reason: "", at: 0 }), (lastTrouble) => {
  const warn = ({ message, reason }: StoreFailure) =>
    Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      const last = yield* Ref.getAndSet(lastTrouble, { reason, at })
      if (last.reason === reason && at - last.at < SAME_TROUBLE_MS) return
      yield* Effect.logWarning(`${message}; it is tried again until it can be done`)
    })
  const pauses = Schedule.exponential("1 second").pipe(
    Schedule.union(Schedule.spaced("1 minute")),
    Schedule.whileInput(({ reason }: StoreFailure) => TEMPORARY.has(reason))
  )
  return (work) =>
    work.pipe(
      Stream.tapError((error) => TEMPORARY.has(error.reason) ? warn(error) : Effect.void),
      Stream.retry(pauses)
    )
})

/** Repeats `stream` after each `pauseBetween`; after a round with postponed work, after growing pauses instead. */
export const paced = <R>(
  stream: Stream.Stream<Pipeline.Step, Pipeline.PipelineError, R>,
  pauseBetween: Effect.Effect<unknown>
): Stream.Stream<Pipeline.Step, Pipeline.PipelineError, R> =>
  Stream.unwrap(Effect.map(Ref.make(FIRST_PAUSE), (pause) => {
    const round = Stream.unwrap(Effect.map(Ref.make(false), (isPostponed) =>
      stream.pipe(
        Stream.tap(({ _tag }) => _tag === "Postponed" ? Ref.set(isPostponed, true) : Effect.void),
        Stream.concat(Stream.execute(Effect.gen(function*() {
          const hasPostponed = yield* Ref.get(isPostponed)
          yield* hasPostponed ? Effect.sleep(yield* Ref.get(pause)) : pauseBetween
          yield* Ref.update(pause, (last) =>
            hasPostponed ? Duration.min(Duration.times(last, 2), LONGEST_PAUSE) : FIRST_PAUSE)
        })))
      )))
    return Stream.forever(round)
  }))

/**
 * Works off the queue again and again. Ends only when interrupted, or with a failure of the store that is not
 * temporary.
 */
export const work: Stream.Stream<Pipeline.Step, Pipeline.PipelineError, Pipeline.DrainServices> = Stream.unwrap(
  Effect.map(
    makeRetry,
    (retrying) =>
      Stream.merge(
        paced(retrying(Stream.concat(Pipeline.drain, Pipeline.upgrade)), Effect.sleep(FIRST_PAUSE)),
        wiping
      )
  )
)
