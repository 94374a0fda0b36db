/**
 * A ledger in which one acquisition goes wrong, and a clock that makes the bounds short.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type Acquisition, ResourceLedger } from "../../src/resources/ResourceLedger.ts"

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

export interface Acquired {
  readonly kind: string
  readonly name: string
  /** Whether the ledger can force it when it doesn't close. */
  readonly isForced: boolean
}

const goingWrong = (how: "fails" | "dies" | "hangs"): Effect.Effect<never, Injected> =>
  how === "fails" ? new Injected() : how === "dies" ? Effect.die(new Injected()) : Effect.never

/**
 * The ledger, the list of what was acquired through it, and when an opening that is to be interrupted has got half-way. A close
 * goes wrong after it has closed, so that what the operating system still has open is ours.
 */
export const makeFaulty = (fault: Fault | undefined) =>
  Effect.gen(function*() {
    const acquired: Array<Acquired> = []
    const isHalfWay = yield* Deferred.make<void>()

    const opening = <A, E, R>(open: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
      if (fault?.of !== "opening" || fault.at !== acquired.length - 1) return open
      switch (fault.how) {
        case "is interrupted":
          return Deferred.succeed(isHalfWay, undefined).pipe(
            Effect.zipRight(Effect.sleep("500 millis")),
            Effect.zipRight(open)
          )
        case "hangs":
          // It opens when nobody waits any more.
          return Effect.zipRight(Effect.sleep("11 seconds"), open)
        default:
          // What the type of the opening says of its errors isn't known here.
          return goingWrong(fault.how) as unknown as Effect.Effect<never>
      }
    }
    const closing = fault?.of === "closing" ? goingWrong(fault.how) : Effect.void
    const isClosing = () => fault?.of === "closing" && fault.at === acquired.length - 1

    const layer = Layer.effect(
      ResourceLedger,
      Effect.map(ResourceLedger, (ledger) =>
        ResourceLedger.of({
          ...ledger,
          acquire: <A, E, R>(options: Acquisition<A, E, R>) =>
            Effect.suspend(() => {
              acquired.push({ kind: options.kind, name: options.name, isForced: options.destroy !== undefined })
              const isFaulty = isClosing()
              return ledger.acquire({
                ...options,
                open: opening(options.open),
                close: (handle) => isFaulty ? Effect.zipRight(options.close(handle), closing) : options.close(handle)
              })
            }),
          adopt: (kind, name, scoped) =>
            Effect.suspend(() => {
              acquired.push({ kind, name, isForced: false })
              const wrong = Effect.addFinalizer(() => Effect.orDie(Effect.interruptible(closing)))
              return ledger.adopt(kind, name, opening(isClosing() ? Effect.zipRight(wrong, scoped) : scoped))
            })
        }))
    ).pipe(Layer.provide(ResourceLedger.layer))
    return { acquired, isHalfWay, layer }
  })

/** Seconds pass `factor` times as fast, for those who sleep and wait. */
export const fastClock = (factor: number): Clock.Clock => {
  const real = Clock.make()
  const fast: Clock.Clock = Object.create(real)
  fast.sleep = (duration) => real.sleep(Duration.times(duration, 1 / factor))
  return fast
}
