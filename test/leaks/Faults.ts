/**
 * A ledger in which one acquisition goes wrong, and a clock that shortens time limits.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as DecoratedLedger from "./DecoratedLedger.ts"
import type { Acquired, Decoration } from "./DecoratedLedger.ts"
import * as Yardstick from "./Yardstick.ts"

export const OPENINGS = ["fails", "dies", "is interrupted"] as const
/** The handle stays open in each but the last, in which its close says nothing for longer than the bound and then succeeds. */
export const CLOSINGS = ["fails", "dies", "hangs", "says so, and does nothing", "is late"] as const

export type Fault =
  | { readonly of: "opening"; readonly at: number; readonly how: typeof OPENINGS[number] }
  | { readonly of: "closing"; readonly at: number; readonly how: typeof CLOSINGS[number] }

/** Error or defect of a faulty opening or closing. */
export class Injected extends Schema.TaggedError<Injected>()("Injected", {}) {
  override get message() {
    return INJECTED
  }
}

export const INJECTED = "a fault of the gate"

const goingWrong = (how: "fails" | "dies"): Effect.Effect<never, Injected> =>
  how === "fails" ? new Injected() : Effect.die(new Injected())

/** Share of the bound of a release: longer than it, and shorter than the end of the ledger waits for it, twice. */
const LATE = 1.5

const badClosing = (how: typeof CLOSINGS[number], close: Effect.Effect<unknown, unknown>, boundMs: number) => {
  switch (how) {
    case "fails":
    case "dies":
      return goingWrong(how)
    case "hangs":
      return Effect.never
    case "says so, and does nothing":
      return Effect.void
    case "is late":
      return Effect.uninterruptible(Effect.zipRight(Effect.withClock(Effect.sleep(LATE * boundMs), realClock), close))
  }
}

/** Shortens a time limit, in milliseconds. */
export type Shorten = (ms: number) => number

/** Shortest of the shortened limits, because a database may take this long to close. */
const LEAST_MS = 400
/** Most that limits grow with the slowness of the machine: a run that hangs in one takes as long. */
const SLOWEST = 4

/** Shortens limits by `factor`, down to `LEAST_MS`, and less on a slow machine. A run keeps its scale. */
export const shortening = (factor: number): Shorten => {
  const scale = Math.min(SLOWEST, Yardstick.slowness())
  return (ms) => Math.min(ms, scale * Math.max(LEAST_MS, ms / factor))
}

const realClock = Clock.make()

/** A clock whose sleeps and timeouts are shortened. */
export const fastClock = (shorten: Shorten): Clock.Clock => {
  const fast: Clock.Clock = Object.create(realClock)
  fast.sleep = (duration) => realClock.sleep(Duration.millis(shorten(Duration.toMillis(duration))))
  return fast
}

/**
 * Makes the faulty ledger, the list of its acquisitions, a latch that opens half-way through an opening to interrupt, and the
 * effect that closes at last what a fault has left open.
 */
export const makeFaulty = (fault: Fault | undefined, shorten: Shorten) =>
  Effect.gen(function*() {
    const acquired: Array<Acquired> = []
    const isHalfWay = yield* Deferred.make<void>()
    const left: Array<Effect.Effect<unknown, unknown>> = []

    const decorationOf = (fault: Fault, { kind, name, withinMs }: Acquired): Decoration => {
      if (fault.of === "closing") {
        return {
          closing: (close) => {
            left.push(close)
            return badClosing(fault.how, close, shorten(withinMs))
          }
        }
      }
      if (fault.how === "is interrupted") {
        return {
          opening: (open) =>
            Deferred.succeed(isHalfWay, undefined).pipe(
              Effect.zipRight(Effect.sleep("500 millis")),
              Effect.zipRight(open)
            )
        }
      }
      // By its type the opening of a pool of HTTP can't fail; what the others fail with is not known here.
      const how = kind === "pool" && !name.startsWith("PostgreSQL") ? "dies" : fault.how
      const wrong = goingWrong(how) as unknown as Effect.Effect<never>
      return { opening: () => wrong }
    }

    const layer = DecoratedLedger.layer((each) => {
      acquired.push(each)
      return fault?.at === acquired.length - 1 ? decorationOf(fault, each) : {}
    })
    const tidy = Effect.suspend(() => Effect.forEach(left.splice(0), Effect.exit, { discard: true }))
    return { acquired, isHalfWay, layer, tidy }
  })
