/**
 * How long Qdrant asks to wait. Its client reads the first character of the header, and fails where that is no digit: so it is read
 * where the answer arrives.
 */
import * as Undici from "@effect/platform-node/Undici"
import * as Duration from "effect/Duration"

/** The same pool, with an ear on its next answer. */
export const listening = (pool: Undici.Pool, hear: (retryAfter: string) => void): Undici.Dispatcher =>
  pool.compose((dispatch) => (options, handler) => {
    // It gives the handlers of every Node's fetch one form.
    const decorated: Undici.Dispatcher.DispatchHandler = new Undici.DecoratorHandler(handler)
    const onResponseStart = decorated.onResponseStart?.bind(decorated)
    return dispatch(
      options,
      Object.assign(decorated, {
        onResponseStart: (...answer: Parameters<NonNullable<typeof onResponseStart>>) => {
          const [, , headers] = answer
          hear(String(headers["retry-after"] ?? ""))
          onResponseStart?.(...answer)
        }
      })
    )
  })

/** Seconds or a date (RFC 9110, section 10.2.3), from `now` on in milliseconds; nothing for anything else. */
export const durationOf = (retryAfter: string, now: number): Duration.Duration => {
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - now) / 1_000
  return Duration.seconds(Number.isNaN(seconds) ? 0 : Math.max(0, seconds))
}
