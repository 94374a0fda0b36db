/**
 * Does the work that follows from what a person asked for, when that is done and on the disk.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Pipeline from "../Pipeline.ts"

/** Works, or warns: the queue keeps what is left for the next process, and what was asked for has not failed. */
export const stepsAfterwards = <R>(
  work: Stream.Stream<Pipeline.Step, Pipeline.PipelineError, R>
): Stream.Stream<Pipeline.Step, never, R> =>
  Stream.catchAll(work, ({ message }) =>
    Stream.execute(
      Effect.logWarning(`it is done; what follows from it, such as vectors, waits for the next command: ${message}`)
    ))

/** Works to the end, or warns. */
export const afterwards = <R>(
  work: Stream.Stream<Pipeline.Step, Pipeline.PipelineError, R>
): Effect.Effect<void, never, R> => Stream.runDrain(stepsAfterwards(work))
