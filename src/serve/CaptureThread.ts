/**
 * Captures in a thread of its own, so that neither an import nor a large file holds up an answer. The thread runs while this
 * process holds the lease: of all the sessions that are open, one has it.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { messageOf } from "../domain/Thrown.ts"
import { END } from "../process/Thread.ts"
import type { InThread } from "../resources/monitor/Monitor.ts"
import type * as Owner from "../resources/Owner.ts"
import * as PerCall from "../resources/PerCall.ts"
import type { SqliteError } from "../resources/Sqlite.ts"
import * as Worker from "../resources/Worker.ts"
import { Lease } from "../store/Lease.ts"
import { leaseOf } from "./Capture.ts"

/** The capture in its thread failed; `detail` says why. */
export class CaptureThreadError extends Schema.TaggedError<CaptureThreadError>()("CaptureThreadError", {
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

/** Posted by the thread. */
export type ThreadMessage =
  | { readonly _tag: "Started" }
  | { readonly _tag: "Open"; readonly open: InThread }
  | { readonly _tag: "Failed"; readonly message: string }

export interface Options {
  /** Program of the thread. */
  readonly file: string
  /** Folders of transcripts that the thread follows, which the lease is for. */
  readonly folders: ReadonlyArray<string>
  /** Called with what the thread has open, and with nothing when it has ended. */
  readonly report: (open: InThread | undefined) => void
}

/** Time for the thread to close its databases when it was asked to end; then it is terminated. */
const ENDS_WITHIN = "5 seconds"

/**
 * Megabytes of the thread's heap. V8's own limits are a machine's, and let an import keep twice as much: a small young
 * generation is collected often. The longest line that is read needs less than half of the old one.
 */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 1_024 }

/**
 * Returns an effect that waits for the lease, captures, and waits again when the lease is lost. It fails with the thread, or when
 * that can't be started.
 */
export const make = (
  { file, folders, report }: Options
): Effect.Effect<Effect.Effect<never, CaptureThreadError | SqliteError | Worker.WorkerError>, never, Owner.Owner> =>
  Effect.zipWith(Lease, PerCall.make(1), (lease, perCall) => {
    const captured = Effect.gen(function*() {
      const ended = yield* Deferred.make<never, CaptureThreadError>()
      const fail = (detail: string) => Deferred.unsafeDone(ended, Effect.fail(new CaptureThreadError({ detail })))
      yield* Effect.addFinalizer(() => Effect.sync(() => report(undefined)))
      yield* perCall(Worker.open({
        name: "capture",
        file,
        ready: "message",
        onMessage: (message) => {
          const posted = message as ThreadMessage
          if (posted._tag === "Open") report(posted.open)
          if (posted._tag === "Failed") fail(posted.message)
        },
        onError: (error) => fail(messageOf(error)),
        onEnd: () => fail("its thread has ended"),
        ask: END,
        within: ENDS_WITHIN,
        resourceLimits: HEAP,
        // What the thread would print must not get into the protocol's stream.
        stdout: true
      }))
      return yield* Deferred.await(ended)
    }).pipe(Effect.scoped)

    return Effect.forever(Effect.scoped(
      Effect.flatMap(lease.hold(leaseOf(folders)), ({ keep }) => Effect.raceFirst(captured, keep))
    ))
  })
