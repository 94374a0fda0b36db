/**
 * Keeps the memory below its limit, a little at a time, so that captures and searches go on meanwhile, and free of what was forgotten.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
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

/** Time before the first look and between two, so that it slows no session's start. */
const WIPE_INTERVAL = Duration.minutes(5)
/** Time until the next look where a disk had no room. */
const FULL_INTERVAL = Duration.hours(1)

const warn = ({ message }: StoreError) =>
  Effect.logWarning(`bytes of what was forgotten for good may stay in the memory's file: ${message}`)

/**
 * Wipes the memory when something was forgotten for good. Emits nothing, and goes on until interrupted, or until it fails for another
 * reason than a lock or a full disk: the next process tries again.
 */
export const wiping: Stream.Stream<never, never, MemoryStore> = Stream.execute(
  Effect.flatMap(MemoryStore, ({ wipe }) => {
    const wiped = Effect.as(wipe, WIPE_INTERVAL).pipe(
      Effect.catchIf(({ reason }) => reason === "Locked", () => Effect.succeed(WIPE_INTERVAL)),
      Effect.catchIf(({ reason }) => reason === "Full", (error) => Effect.as(warn(error), FULL_INTERVAL))
    )
    return Effect.iterate(WIPE_INTERVAL, { while: () => true, body: (pause) => Effect.delay(wiped, pause) })
  }).pipe(Effect.catchAll(warn))
)
