/**
 * Counts the calls of a client, and lets so many run at a time.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Permits from "../resources/Permits.ts"
import type { Tally } from "./Serving.ts"

/** Most calls in progress at a time; others wait, so that each is answered sooner. */
const MAX_CONCURRENT_CALLS = 8

export type Counters = Omit<Tally, "startedAt">

export const makeTally = Effect.gen(function*() {
  const startedAt = yield* Clock.currentTimeMillis
  const tally = yield* Ref.make<Tally>({
    startedAt,
    calls: 0,
    errors: 0,
    answeringMs: 0,
    retrieved: 0,
    injected: 0,
    forgotten: 0
  })
  const count = (more: Partial<Counters>) =>
    Ref.update(tally, (sum) => ({
      startedAt,
      calls: sum.calls + (more.calls ?? 0),
      errors: sum.errors + (more.errors ?? 0),
      answeringMs: sum.answeringMs + (more.answeringMs ?? 0),
      retrieved: sum.retrieved + (more.retrieved ?? 0),
      injected: sum.injected + (more.injected ?? 0),
      forgotten: sum.forgotten + (more.forgotten ?? 0)
    }))
  return { tally: Ref.get(tally), count }
})
type Counted = Effect.Effect.Success<typeof makeTally>

/** Counts what one client asks in `tallied`. */
export const make = ({ count, tally }: Counted) => ({
  tally,
  count,
  permits: Permits.make(MAX_CONCURRENT_CALLS),
  /** Counts a call when it is answered. */
  counted: <A, E, R>(answered: Effect.Effect<A, E, R>, isError: (answer: A) => boolean) =>
    Effect.gen(function*() {
      const since = yield* Clock.currentTimeMillis
      const answer = yield* answered
      const answeringMs = (yield* Clock.currentTimeMillis) - since
      yield* count({ calls: 1, errors: isError(answer) ? 1 : 0, answeringMs })
      return answer
    })
})
export type Calls = ReturnType<typeof make>
