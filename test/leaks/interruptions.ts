/**
 * Interrupts the work at a random step: nothing may be left, and the work must complete when run again.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import { PCGRandom } from "effect/Utils"
import { cpSync } from "node:fs"
import type { ModelError, ModelManager } from "../../src/models/ModelManager.ts"
import { forEach } from "../../src/resources/Concurrent.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { checkedForLeaks, endOf, type GateContext, numbered, started } from "./GateContext.ts"
import { alone, ask, complete, embed, everything, facts, ingest, newPlace, type Place, service } from "./Scenario.ts"

/** Operations of a fiber between two steps; few, so that steps are small. */
const STEP = 128

/** Runs calls side by side with our `forEach`: Effect's own concurrency can hang when it is interrupted at once. */
const many = forEach(
  [...Array.from({ length: 10 }, () => embed), ...Array.from({ length: 3 }, () => Effect.asVoid(complete))],
  13,
  (call): Effect.Effect<unknown, ModelError, ModelManager> => call
)

interface Work {
  readonly name: string
  /** State of the memory before the work begins. */
  readonly begins: "empty" | "full"
  /** Share of all steps before which the work is not interrupted. */
  readonly from: number
  readonly run: (place: Place) => Effect.Effect<unknown, unknown, ResourceLedger>
}

const WORKS: ReadonlyArray<Work> = [
  {
    name: "import",
    begins: "empty",
    from: 0,
    run: (place) => Effect.provide(ingest(place.sessions), service(place))
  },
  { name: "search", begins: "full", from: 0, run: (place) => Effect.provide(ask, service(place)) },
  { name: "models", begins: "full", from: 0, run: (place) => Effect.provide(many, service(place)) },
  // Late interruptions hit mostly releases.
  { name: "shutdown", begins: "full", from: 0.8, run: (place) => Effect.asVoid(everything(place)) }
]

/** A scheduler that counts the steps of all fibers, and interrupts one fiber before the step `at`. */
const counting = (at: number) => {
  const inner = new Scheduler.MixedScheduler(2_048)
  const seen = { steps: 0, fiber: undefined as Fiber.RuntimeFiber<unknown, unknown> | undefined }
  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) => inner.shouldYield(fiber),
    scheduleTask: (task, priority, fiber) => {
      // Interrupts in a task of its own, as signals and timers do.
      if (seen.steps++ === at) inner.scheduleTask(() => seen.fiber?.unsafeInterruptAsFork(FiberId.none), priority)
      inner.scheduleTask(task, priority, fiber)
    }
  }
  return { scheduler, seen }
}

/** Runs the work under a ledger of its own, to its end or until the step `at`; returns its exit and its steps. */
const interrupted = (work: Effect.Effect<unknown, unknown, ResourceLedger>, at: number) =>
  Effect.gen(function*() {
    const { scheduler, seen } = counting(at)
    const fiber = yield* work.pipe(
      Effect.provide(ResourceLedger.layer),
      Effect.withMaxOpsBeforeYield(STEP),
      Effect.locally(FiberRef.currentLoggers, HashSet.empty()),
      Effect.withScheduler(scheduler),
      started
    )
    seen.fiber = fiber
    return { exit: yield* endOf(fiber), steps: seen.steps }
  })

/** Runs the work again, and returns the state of the memory then. */
const takenUp = (place: Place) =>
  Effect.gen(function*() {
    yield* ingest(place.sessions)
    const degraded = yield* ask
    const { status } = yield* ClaudeMemory
    return { degraded, status: facts(yield* status) }
  }).pipe(Effect.provide(alone(service(place))), Effect.exit)

/** Returns what is wrong with how an interrupted run ended. */
const judge = (exit: Option.Option<Exit.Exit<unknown, unknown>>): ReadonlyArray<string> =>
  Option.match(exit, {
    onNone: () => ["it hangs"],
    onSome: (exit) => Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) ? [] : [Cause.pretty(exit.cause)]
  })

/** Makes a memory that holds the sessions, to copy, and counts the steps of each work. */
const prepare = (context: GateContext) =>
  Effect.gen(function*() {
    const full = yield* newPlace(context)
    const { status } = yield* Effect.provide(everything(full), ResourceLedger.layer)
    const steps = yield* Effect.forEach(WORKS, (work) =>
      Effect.scoped(Effect.gen(function*() {
        const at = yield* begun(context, work, full.home)
        return (yield* interrupted(work.run(at), Number.POSITIVE_INFINITY)).steps
      })))
    return { full: full.home, facts: facts(status), steps }
  })

const begun = (context: GateContext, work: Work, full: string) =>
  Effect.tap(newPlace(context), ({ home }) =>
    Effect.sync(() => {
      if (work.begins === "full") cpSync(full, home, { recursive: true })
    }))

/** Draws a work and the step at which it is interrupted, by the seed. */
const drawn = (seed: number, steps: ReadonlyArray<number>) => {
  const random = new PCGRandom(seed)
  const which = random.integer(WORKS.length)
  const work = WORKS[which]!
  const all = steps[which]!
  return { work, at: Math.floor(all * (work.from + (1 - work.from) * random.number())) }
}

/** Runs one interruption for each of `seeds`, so that a failed one can be run again alone. */
export const interruptions = (context: GateContext, seeds: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const { facts, full, steps } = yield* prepare(context)
    let cut = 0
    for (const [i, seed] of seeds.entries()) {
      yield* context.progress(`interruption ${numbered(i, seeds.length)}`)
      const { at, work } = drawn(seed, steps)
      const { wrong } = yield* checkedForLeaks(
        context,
        Effect.gen(function*() {
          const place = yield* begun(context, work, full)
          const { exit } = yield* interrupted(work.run(place), at)
          if (Option.exists(exit, Exit.isFailure)) cut++
          const again = yield* takenUp(place)
          return {
            wrong: [
              ...judge(exit),
              ...(Exit.isFailure(again)
                ? [`run again: ${Cause.pretty(again.cause)}`]
                : again.value.status === facts && again.value.degraded.length === 0
                ? []
                : [`run again it remembers ${again.value.status}, not ${facts} (${again.value.degraded.join("; ")})`])
            ]
          }
        })
      )
      for (const each of wrong) yield* context.failed(`seed ${seed}, ${work.name} at step ${at}: ${each}`)
    }
    return { interruptions: seeds.length, cut }
  }).pipe(Effect.scoped)
