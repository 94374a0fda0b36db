/**
 * Keeps the memory below its limit, a little at a time, so that captures and searches go on meanwhile.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { StoreError } from "../store/MemoryStore.ts"
import { type LetGo, Retention } from "../store/Retention.ts"

/** Pause between two steps, in which other processes write. */
const PAUSE = "10 millis"

/** Lets go what is too much or too old; emits each step, and ends when nothing is left to do. */
export const letGo: Stream.Stream<LetGo, StoreError> = Stream.unwrap(
  Effect.map(Retention, ({ step }) =>
    Stream.repeatEffect(Effect.zipLeft(step, Effect.sleep(PAUSE))).pipe(
      Stream.takeWhile((done): done is LetGo => done !== undefined)
    ))
)
