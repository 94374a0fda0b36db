/**
 * Stands between fetch and the pool to abort interrupted requests and to read the server's `Retry-After`: neither fetch
 * nor Qdrant's client does these reliably.
 */
import * as Undici from "@effect/platform-node/Undici"

/**
 * Wraps the pool for one request, which this dispatcher aborts by the signal. Fetch, which is not given it, holds its signal weakly:
 * after a garbage collection an abort is lost, and the request continues. Qdrant's client reads only the first character of
 * `Retry-After`; `hear` receives the whole header, or "" without one.
 */
export const dispatcherOf = (
  pool: Pick<Undici.Pool, "compose">,
  signal: AbortSignal,
  hear: (retryAfter: string) => void
): Undici.Dispatcher =>
  pool.compose((dispatch) => (options, handler) => {
    // Gives the handlers of every Node version's fetch one interface.
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
