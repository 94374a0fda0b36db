/**
 * Several models for one role, asked one after the other.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { missing, ModelError } from "../ModelManager.ts"
import type { Preset, Role, Structure } from "../Presets.ts"
import type { Client } from "./Client.ts"
import type { Dialect } from "./Dialect.ts"

/** What was away is passed over for so long when another can be asked. */
const RESTS = Duration.seconds(60)

/** One that is asked for its role, and when it is to be asked again after it was away. */
export interface Candidate {
  readonly client: Client
  readonly dialect: Dialect
  readonly preset: Preset
  /** What it takes, as far as is known. */
  structure: Structure
  restsUntil: number
}

/** Those that do not rest, in their order, then the others. */
const inTurn = (candidates: ReadonlyArray<Candidate>, now: number) =>
  [true, false].flatMap((isAwake) => candidates.filter(({ restsUntil }) => restsUntil <= now === isAwake))

/** What all of them said, with the first one's reason. */
const allFailed = ([first, ...others]: ReadonlyArray<ModelError>) =>
  others.length === 0 ? first! : new ModelError({
    ...first!,
    detail: [first!.detail, ...others.map(({ message }) => message)].join("; then ")
  })

/** What the first that can gives. */
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
      // What it said of this call alone, and what was not even asked, says nothing of the next.
      if (candidates.length === 1 || ["Refused", "Damaged", "Budget"].includes(error.reason)) continue
      const now = yield* Clock.currentTimeMillis
      if (candidate.restsUntil <= now) {
        yield* Effect.logWarning(`${error.message}; passed over for ${Duration.format(RESTS)}`)
      }
      candidate.restsUntil = now + Duration.toMillis(RESTS)
    }
    return yield* allFailed(errors)
  })
