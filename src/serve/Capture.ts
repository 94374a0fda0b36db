/**
 * Follows transcripts while they are written. One process per memory does it; the others wait to take over.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { resolve } from "node:path"
import { Collector } from "../capture/Collector.ts"
import { besideSession } from "../capture/Discovery.ts"
import { hash } from "../domain/Hash.ts"
import * as Pipeline from "../Pipeline.ts"
import type { SqliteError } from "../resources/Sqlite.ts"
import { Lease } from "../store/Lease.ts"
import type { LetGo } from "../store/Retention.ts"
import { dailyBackups } from "./DailyBackups.ts"
import { letGo, wiping } from "./Retaining.ts"
import { makeRetry, paced } from "./Worker.ts"

/** A step of `ClaudeMemory.capture`, which goes on until it is interrupted. */
export type CaptureStep =
  | Pipeline.Step
  /** Another process may hold the lease: waits to take over. */
  | { readonly _tag: "Waiting" }
  /** This process holds the lease from now on. */
  | { readonly _tag: "Following" }
  /** Something was let go, so that the memory stays below its limit. */
  | ({ readonly _tag: "LetGo" } & LetGo)
  /** Everything written so far is read and compressed. */
  | { readonly _tag: "CaughtUp" }

/** Failure that ends `ClaudeMemory.capture`: one that does not pass by itself, since any other is tried again. */
export type CaptureFailure = Pipeline.PipelineError | SqliteError

/** Interval at which work that other processes left undone is looked for. */
const POLL_INTERVAL = Duration.seconds(30)
/**
 * Time without new lines before a language model reviews, so that it does not read a growing session again and again.
 */
const QUIET_TIME = Duration.minutes(2)
/** Longest time between two reviews while new lines keep coming. */
const MAX_REVIEW_INTERVAL = Duration.minutes(30)

/** Runs `what` when nothing was captured for `QUIET`, or when the last run is `UNQUIET` ago; else does nothing. */
const whenQuiet = <A, E, R>(stream: Stream.Stream<A, E, R>, capturedAt: Ref.Ref<number>) =>
  Effect.map(Effect.flatMap(Clock.currentTimeMillis, Ref.make), (doneAt) =>
    Stream.unwrap(Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const isQuiet = now - (yield* Ref.get(capturedAt)) >= Duration.toMillis(QUIET_TIME)
      if (!isQuiet && now - (yield* Ref.get(doneAt)) < Duration.toMillis(MAX_REVIEW_INTERVAL)) return Stream.empty
      yield* Ref.set(doneAt, now)
      return stream
    })))

/**
 * Runs each stage at its own pace, so that a slow or unavailable model or index does not keep new memories from being
 * found.
 */
const follow = (folders: ReadonlyArray<string>) =>
  Stream.unwrap(Effect.gen(function*() {
    const collector = yield* Collector
    const retrying = yield* makeRetry
    const hasNewUnits = yield* Effect.makeLatch()
    const capturedAt = yield* Ref.make(0)
    const isCaughtUp = yield* Ref.make(false)

    const note = (step: Pipeline.Step) =>
      step._tag === "Captured"
        ? Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.set(capturedAt, now))
        : step._tag === "Compressed" || step._tag === "Recognized"
        ? hasNewUnits.open
        : Effect.void
    const caughtUp = Stream.unwrap(
      Effect.map(Ref.getAndSet(isCaughtUp, true), (wasCaughtUp): Stream.Stream<CaptureStep> =>
        wasCaughtUp ? Stream.empty : Stream.succeed({ _tag: "CaughtUp" }))
    )
    const attached = Stream.unwrap(
      Effect.map(Ref.get(isCaughtUp), (wasCaughtUp) =>
        wasCaughtUp ? Stream.empty : Pipeline.attachGone)
    )
    const remembered = Stream.flatMap(collector.watch(folders), ({ files, waiting }) =>
      retrying(Stream.concat(Pipeline.capture(files), Pipeline.remember)).pipe(
        Stream.tap(note),
        Stream.concat(waiting === 0 ? Stream.concat(retrying(attached), caughtUp) : Stream.empty)
      ))
    const indexed = paced(
      retrying(Pipeline.catchUp),
      hasNewUnits.await.pipe(Effect.zipRight(hasNewUnits.close), Effect.timeoutOption(POLL_INTERVAL))
    )
    const reviewed = paced(retrying(yield* whenQuiet(Pipeline.review, capturedAt)), Effect.sleep(POLL_INTERVAL))
    const upgraded = paced(retrying(Pipeline.upgrade), Effect.sleep(POLL_INTERVAL))
    const retained = retrying(Stream.map(letGo, (done): CaptureStep => ({ _tag: "LetGo", ...done }))).pipe(
      Stream.concat(Stream.execute(Effect.sleep(POLL_INTERVAL))),
      Stream.forever
    )
    return Stream.mergeAll<CaptureStep, Pipeline.PipelineError, Pipeline.PipelineServices>(
      [remembered, indexed, reviewed, upgraded, retained, wiping, dailyBackups],
      { concurrency: 7 }
    )
  }))

/** Transcripts that are read when a session ends: its own, and those that it went on in after a `/clear`. */
const MAX_LAST = 3
/** Age, in milliseconds, of the last change of a transcript that is read then. */
const LAST_MS = 60_000

/** Reads once more what a session has written lately, and compresses it: for a server that ends with its session. */
export const captureLast = (
  folder: string,
  sessionId: string
): Stream.Stream<Pipeline.Step, Pipeline.PipelineError, Pipeline.PipelineServices> =>
  Stream.unwrap(Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const files = yield* Effect.orElseSucceed(besideSession(folder, sessionId, MAX_LAST), () => [])
    const recent = files.filter(({ modifiedAt }) => modifiedAt > now - LAST_MS)
    return recent.length === 0 ? Stream.empty : Stream.concat(Pipeline.capture(recent), Pipeline.remember)
  }))

/** Names the lease of who follows these folders. */
export const leaseOf = (folders: ReadonlyArray<string>): string =>
  `capture-${hash(folders.map((each) => resolve(each)).sort().join("\n")).toString(16)}`

/**
 * Waits until no other process follows these folders, reads what was written since the last time, then follows new
 * lines. Ends only when interrupted, or with a failure of the store that is not temporary.
 */
export const capture = (
  folders: ReadonlyArray<string>
): Stream.Stream<CaptureStep, CaptureFailure, Pipeline.PipelineServices> =>
  Stream.unwrap(Effect.map(makeRetry, (retrying) =>
    Stream.forever(Stream.concat(
      Stream.succeed<CaptureStep>({ _tag: "Waiting" }),
      retrying(Stream.unwrapScoped(Effect.gen(function*() {
        const lease = yield* Lease
        const { keep } = yield* lease.hold(leaseOf(folders))
        return Stream.concat(Stream.succeed<CaptureStep>({ _tag: "Following" }), follow(folders)).pipe(
          Stream.interruptWhen(keep)
        )
      })))
    ))))
