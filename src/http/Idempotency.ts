/**
 * Answers a request that is sent again under the same key with the answer of the first.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { type Problem, problem } from "./Problem.ts"

/** Time for which an answer is kept, and the most that are. */
const KEPT_MS = 86_400_000
const MOST = 1_000

interface Kept {
  readonly at: number
  readonly request: string
  /** What the first request was answered, of the kind that its route answers. */
  readonly answer: unknown
}

const make = Effect.sync(() => {
  const kept = new Map<string, Kept>()

  const tidy = (now: number) => {
    for (const [key, { at }] of kept) {
      if (now - at > KEPT_MS || kept.size > MOST) kept.delete(key)
    }
  }

  return {
    answer: <A, E, R>(key: string | undefined, route: string, body: unknown, effect: Effect.Effect<A, E, R>) =>
      Effect.gen(function*() {
        if (key === undefined) return yield* effect
        const now = yield* Clock.currentTimeMillis
        const first = yield* Deferred.make<A, E>()
        tidy(now)
        const request = createHash("sha256").update(JSON.stringify([route, body])).digest("base64")
        const before = kept.get(key)
        if (before !== undefined) {
          return before.request === request
            ? yield* Deferred.await(before.answer as Deferred.Deferred<A, E>)
            : yield* problem("in-conflict", "the Idempotency-Key was used for another request; take a new one")
        }
        kept.set(key, { at: now, request, answer: first })
        return yield* effect.pipe(
          // What failed may be tried again.
          Effect.onError(() => Effect.sync(() => kept.delete(key))),
          Effect.onExit((exit) => Deferred.done(first, exit))
        )
      })
  } satisfies Idempotency["Type"]
})

export class Idempotency extends Context.Tag("claude-memory/http/Idempotency")<Idempotency, {
  /**
   * Runs the effect, unless this key was used within a day: then it returns the first one's answer, or a problem if the request was another. The
   * last thousand keys are kept, for as long as the server runs.
   */
  readonly answer: <A, E, R>(
    key: string | undefined,
    route: string,
    body: unknown,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Problem, R>
}>() {
  static readonly make = make
}
