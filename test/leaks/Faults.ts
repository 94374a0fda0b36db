/**
 * A ledger in which one acquisition goes wrong, and a clock that makes the bounds short.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as DecoratedLedger from "./DecoratedLedger.ts"
import type { Acquired, Decoration } from "./DecoratedLedger.ts"

export const OPENINGS = ["fails", "dies", "hangs", "is interrupted"] as const
export const CLOSINGS = ["fails", "dies", "hangs"] as const

export type Fault =
  | { readonly of: "opening"; readonly at: number; readonly how: typeof OPENINGS[number] }
  | { readonly of: "closing"; readonly at: number; readonly how: typeof CLOSINGS[number] }

/** What an opening or a closing fails with, or dies of. */
export class Injected extends Schema.TaggedError<Injected>()("Injected", {}) {
  override get message() {
    return INJECTED
  }
}

export const INJECTED = "a fault of the gate"

const goingWrong = (how: "fails" | "dies" | "hangs"): Effect.Effect<never, Injected> =>
  how === "fails" ? new Injected() : how === "dies" ? Effect.die(new Injected()) : Effect.never

/**
 * The ledger, the list of what was acquired through it, and when an opening that is to be interrupted has got half-way.
 */
export const makeFaulty = (fault: Fault | undefined) =>
  Effect.gen(function*() {
    const acquired: Array<Acquired> = []
    const isHalfWay = yield* Deferred.make<void>()

    const decorationOf = (fault: Fault): Decoration => {
      if (fault.of === "closing") return { closing: goingWrong(fault.how) }
      switch (fault.how) {
        case "is interrupted":
          return {
            opening: (open) =>
              Deferred.succeed(isHalfWay, undefined).pipe(
                Effect.zipRight(Effect.sleep("500 millis")),
                Effect.zipRight(open)
              )
          }
        case "hangs":
          // It opens when nobody waits any more.
          return { opening: (open) => Effect.zipRight(Effect.sleep("11 seconds"), open) }
      }
      // What the type of the opening says of its errors isn't known here.
      const wrong = goingWrong(fault.how) as unknown as Effect.Effect<never>
      return { opening: () => wrong }
    }

    const layer = DecoratedLedger.layer((each) => {
      acquired.push(each)
      return fault?.at === acquired.length - 1 ? decorationOf(fault) : {}
    })
    return { acquired, isHalfWay, layer }
  })

/** On a slow machine a database takes so long to close. */
const LEAST = Duration.millis(400)

/** Seconds pass `factor` times as fast, for those who sleep and wait for long. */
export const fastClock = (factor: number): Clock.Clock => {
  const real = Clock.make()
  const fast: Clock.Clock = Object.create(real)
  fast.sleep = (duration) =>
    real.sleep(Duration.min(duration, Duration.max(LEAST, Duration.times(duration, 1 / factor))))
  return fast
}
