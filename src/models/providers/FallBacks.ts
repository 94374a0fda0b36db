/**
 * Fall-backs: several models for one role, asked one after the other until one answers.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { missing, ModelError } from "../ModelManager.ts"
import type { Preset, Role, Structure } from "../Presets.ts"
import type { Client } from "./Client.ts"
import type { Dialect } from "./Dialect.ts"

/** Time for which an unavailable model is asked after all the others. */
const COOLDOWN = Duration.seconds(60)

/** A model for a role. `coolsDownUntil` is the time (milliseconds since the epoch) until which it is asked last. */
export interface Candidate {
  readonly client: Client
  readonly dialect: Dialect
  readonly preset: Preset
  /** The most demanding form of JSON request that the server has not refused yet. */
  structure: Structure
  coolsDownUntil: number
}

/** Returns the candidates that are ready, in their order, then those that cool down. */
const inTurn = (candidates: ReadonlyArray<Candidate>, now: number) =>
  [true, false].flatMap((isReady) => candidates.filter(({ coolsDownUntil }) => coolsDownUntil <= now === isReady))

/** Combines the errors of all candidates into one, with the reason of the first. */
const allFailed = ([first, ...others]: ReadonlyArray<ModelError>) =>
  others.length === 0 ? first! : new ModelError({
    ...first!,
    detail: [first!.detail, ...others.map(({ message }) => message)].join("; then ")
  })

/** Returns the answer of the first candidate that succeeds. */
export const firstOf = <A>(
  role: Role,
  candidates: ReadonlyArray<Candidate>,
  ask: (candidate: Candidate) => Effect.Effect<A, ModelError>
): Effect.Effect<A, ModelError> =>
  Effect.gen(function*() {
    if (candidates.length === 0) return yield* missing(role)
    const errors: Array<ModelError> = []
    for (const candidate of inTurn(candidates, yield* Clock.currentTimeMillis)) {
      const answer = yield* Effect.either(ask(candidate))
      if (Either.isRight(answer)) return answer.right
      const error = answer.left
      errors.push(error)
      // These concern this call alone, or the model was not even asked: they predict nothing about the next call.
      if (candidates.length === 1 || ["Refused", "Damaged", "Budget"].includes(error.reason)) continue
      const now = yield* Clock.currentTimeMillis
      if (candidate.coolsDownUntil <= now) {
        yield* Effect.logWarning(`${error.message}; passed over for ${Duration.format(COOLDOWN)}`)
      }
      candidate.coolsDownUntil = now + Duration.toMillis(COOLDOWN)
    }
    return yield* allFailed(errors)
  })
