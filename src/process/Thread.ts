/**
 * Runs a program as the only one of a thread of node:worker_threads.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { parentPort } from "node:worker_threads"
import { failureOf } from "./Died.ts"
import { loggedToStderr } from "./Process.ts"

/** Asks the thread to end, as a signal asks a process. */
export const END = "end"

/** Posted when the program has failed; the thread ends then. */
export interface Failed {
  readonly _tag: "Failed"
  readonly message: string
}

/**
 * Runs the program until it ends or the thread is asked to. Then all finalizers have run, and the thread ends by itself,
 * since nothing is open any more. `post` sends a message to the thread that has started this one. Logs go to stderr.
 */
export const runThread = (
  program: (post: (message: unknown) => Effect.Effect<void>) => Effect.Effect<unknown, { readonly message: string }>
): void => {
  const port = parentPort
  if (port === null) return
  const post = (message: unknown) => Effect.sync(() => port.postMessage(message))
  const fiber = Effect.runFork(loggedToStderr(program(post)))
  port.on("message", (message) => {
    if (message === END) Effect.runFork(Fiber.interrupt(fiber))
  })
  fiber.addObserver((exit) => {
    if (Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause)) {
      port.postMessage({ _tag: "Failed", message: failureOf(exit.cause) } satisfies Failed)
    }
    port.close()
  })
}
