/**
 * Starts a thread of node:worker_threads as a handle of the owner.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Worker, type WorkerOptions } from "node:worker_threads"
import * as Owner from "./Owner.ts"

/** A thread that can't be started, or has ended before it was ready. */
export class WorkerError extends Schema.TaggedError<WorkerError>()("WorkerError", {
  thread: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the thread ${this.thread} can't be started: ${why}. Correct its file, or what it does before it is ready`
  }
}

export interface OpenOptions extends WorkerOptions {
  /** Name in the ledger. */
  readonly name: string
  readonly file: string | URL
  /**
   * When the thread counts as open: "online" before its module is loaded, "message" at its first message, by which it
   * tells that it is ready. What fails until then is an error of the opening.
   */
  readonly ready: "online" | "message"
  /** Called when the thread fails after it was ready; it ends then. */
  readonly onError: (error: unknown) => void
  /** Called with each message of the thread, the first as well. */
  readonly onMessage?: (message: unknown) => void
  /** Called when the thread ends after it was ready, whatever the reason. */
  readonly onEnd?: () => void
  /** Message that asks the thread to end; one that is not asked is terminated at once. */
  readonly ask?: unknown
  /** Time to end when it was asked, 2 seconds by default; then it is terminated. */
  readonly within?: Duration.DurationInput
}

const terminate = (worker: Worker) => Effect.promise(() => worker.terminate())

const started = ({ file, name, onEnd, onError, onMessage, ready, ...options }: OpenOptions) => {
  const toError = (cause: unknown) => new WorkerError({ thread: name, cause })
  const isReady = (worker: Worker) =>
    Effect.async<void, WorkerError>((resume) => {
      let report = (error: unknown) => resume(toError(error))
      worker.on("error", (error) => report(error))
      if (onMessage !== undefined) worker.on("message", onMessage)
      worker.once("exit", (code) => resume(toError(`it has ended with ${code}`))).once(ready, () => {
        report = onError
        if (onEnd !== undefined) worker.once("exit", onEnd)
        resume(Effect.void)
      })
    })
  return Effect.try({ try: () => new Worker(file, options), catch: toError }).pipe(
    Effect.tap((worker) => Effect.onError(Effect.interruptible(isReady(worker)), () => terminate(worker)))
  )
}

/** Returns the thread when it is ready; it can be interrupted before. */
export const open = (options: OpenOptions): Effect.Effect<Worker, WorkerError, Owner.Owner> =>
  Owner.open({
    kind: "worker",
    name: options.name,
    open: started(options),
    close: (worker) =>
      options.ask === undefined ? terminate(worker) : Effect.sync(() => worker.postMessage(options.ask)),
    destroy: terminate,
    // Node takes its number away when the thread has ended.
    isGone: ({ threadId }) => threadId === -1,
    within: options.within ?? "2 seconds"
  })
