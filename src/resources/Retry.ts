/**
 * Requests that are sent again when their failure may pass: after waits that grow, or as long as the server asks for.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"

/** An attempt that failed. */
export interface Failure<E> {
  readonly error: E
  readonly isTransient: boolean
  /** The least wait that the server asks for. */
  readonly retryAfter: Option.Option<Duration.Duration>
}

export interface RetryOptions {
  /** Attempts after the first. */
  readonly retries: number
  /** The second wait is twice as long, the third four times; each is varied by chance from half to one and a half. */
  readonly firstDelay: Duration.DurationInput
  /** The longest wait; a request that would wait longer fails at once. */
  readonly maxDelay: Duration.DurationInput
}

/** Parses `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date that is compared with `now`, in milliseconds. */
export const parseRetryAfter = (header: string, now: number): Option.Option<Duration.Duration> => {
  const seconds = /^\d+(\.\d+)?$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1_000
  return Number.isNaN(seconds) ? Option.none() : Option.some(Duration.seconds(Math.max(0, seconds)))
}

const schedule = <E>({ firstDelay, retries, maxDelay }: RetryOptions) => {
  const growing: Schedule.Schedule<Duration.Duration, Failure<E>> = Schedule.exponential(firstDelay)
  return growing.pipe(
    Schedule.jitteredWith({ min: 0.5, max: 1.5 }),
    Schedule.passthrough,
    Schedule.modifyDelay(({ retryAfter }, wait) =>
      Duration.max(wait, Option.getOrElse(retryAfter, () => Duration.zero))
    ),
    Schedule.delays,
    Schedule.whileOutput(Duration.lessThanOrEqualTo(maxDelay)),
    Schedule.intersect(Schedule.recurs(retries)),
    Schedule.whileInput(({ isTransient }) => isTransient)
  )
}

/** Repeats an attempt while its failure may pass; fails with the last attempt's error. */
export const retry = <A, E, R>(
  attempt: Effect.Effect<A, Failure<E>, R>,
  options: RetryOptions
): Effect.Effect<A, E, R> => attempt.pipe(Effect.retry(schedule<E>(options)), Effect.mapError(({ error }) => error))
