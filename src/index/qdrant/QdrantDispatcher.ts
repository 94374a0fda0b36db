/**
 * What stands between fetch and the pool, for what neither fetch nor Qdrant's client can be relied on: that a request ends when it is
 * interrupted, and how long the server asks to wait.
 */
import * as Undici from "@effect/platform-node/Undici"

/**
 * The pool for one request. Fetch holds its signal weakly: after a garbage collection an abort is lost, and the request goes on. So
 * the signal is listened to here. The client reads the first character of `Retry-After`; `hear` gets the whole.
 */
export const dispatcherOf = (
  pool: Undici.Pool,
  signal: AbortSignal,
  hear: (retryAfter: string) => void
): Undici.Dispatcher =>
  pool.compose((dispatch) => (options, handler) => {
    // It gives the handlers of every Node's fetch one form.
    const decorated: Undici.Dispatcher.DispatchHandler = new Undici.DecoratorHandler(handler)
    const onRequestStart = decorated.onRequestStart?.bind(decorated)
    const onResponseStart = decorated.onResponseStart?.bind(decorated)
    return dispatch(
      options,
      Object.assign(decorated, {
        onRequestStart: (...started: Parameters<NonNullable<typeof onRequestStart>>) => {
          const [controller] = started
          onRequestStart?.(...started)
          const abort = () => controller.abort(new Undici.errors.RequestAbortedError())
          if (signal.aborted) abort()
          else signal.addEventListener("abort", abort, { once: true })
        },
        onResponseStart: (...answer: Parameters<NonNullable<typeof onResponseStart>>) => {
          const [, , headers] = answer
          hear(String(headers["retry-after"] ?? ""))
          onResponseStart?.(...answer)
        }
      })
    )
  })
