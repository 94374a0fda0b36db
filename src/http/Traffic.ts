/**
 * Admits requests: so many in a second, so many at a time, for so long.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as EventLoop from "../resources/EventLoop.ts"
import * as Permits from "../resources/Permits.ts"
import { LIMITS } from "./Limits.ts"
import { type Problem, problem } from "./Problem.ts"

const TOO_MANY = problem(
  "too-many-requests",
  `this server answers ${LIMITS.perSecond} requests in a second; wait a second`
)
const OVERLOADED = problem("overloaded", `${LIMITS.waiting} requests wait already; try again in a second`)
const TOO_SLOW = problem(
  "too-slow",
  `there was no answer within ${LIMITS.answerMs / 1_000} seconds; ask for less, or later`
)

export const make = Effect.sync(() => {
  const running = Permits.make(LIMITS.running)
  let pending = 0
  let tokens: number = LIMITS.burst
  let filledAt: number | undefined

  /** Takes one from a bucket that fills at `perSecond`, up to `burst`. */
  const take = (now: number): boolean => {
    tokens = Math.min(LIMITS.burst, tokens + (now - (filledAt ?? now)) / 1_000 * LIMITS.perSecond)
    filledAt = now
    if (tokens < 1) return false
    tokens--
    return true
  }

  return Traffic.of({
    admit: (effect) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (!take(now)) return Effect.fail(TOO_MANY)
        if (pending >= LIMITS.running + LIMITS.waiting) return Effect.fail(OVERLOADED)
        pending++
        // Lets the sockets be looked at first: who asked may have gone, and is interrupted then.
        return Effect.timeoutFail(running(Effect.zipRight(EventLoop.turn, effect)), {
          duration: LIMITS.answerMs,
          onTimeout: () => TOO_SLOW
        }).pipe(Effect.ensuring(Effect.sync(() => pending--)))
      })
  })
})

export class Traffic extends Context.Tag("claude-memory/http/Traffic")<Traffic, {
  readonly admit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Problem, R>
}>() {}
