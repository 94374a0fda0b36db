/**
 * Every lazily shared resource through its real layer, under any interleaving of its callers: one opening at a time,
 * callers that stay are answered, the next caller tries again after a failure, nothing is left.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as LocalModels from "../../src/models/LocalModels.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import * as Unmetered from "../../src/models/providers/Unmetered.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as Settings from "../../src/settings/Settings.ts"
import type { ModelServer } from "../models/server.ts"
import * as DecoratedLedger from "./DecoratedLedger.ts"
import { checkedForLeaks, type GateContext, numbered } from "./GateContext.ts"
import { completion, embed, endpoint, patience } from "./Scenario.ts"
import * as Yardstick from "./Yardstick.ts"

const RUNS = { quick: 25, full: 200 }

/** A run that takes longer hangs. */
const ENDS_WITHIN_MS = 15_000
/** Time limit for one resource, including the search for the smallest counterexample. */
const STOPS_AFTER_MS = 120_000

/** `fails late`: after its handle is open. */
type Ending = "works" | "fails" | "dies" | "fails late"

/** Plan of one opening. */
interface Attempt {
  readonly ending: Ending
  /** Duration, in turns. */
  readonly turns: number
  /** Half-way, the first of the waiting callers is interrupted. */
  readonly interruptsFirstWaiter: boolean
}

interface Interleaving {
  /** Plans of the openings, in order; those beyond succeed at once. */
  readonly attempts: ReadonlyArray<Attempt>
  /** Turns after which each caller calls and is interrupted; null if it stays. */
  readonly callers: ReadonlyArray<{ readonly callsAt: number; readonly leavesAt: number | null }>
  /** Turns after which the scope closes; null: when all is done. */
  readonly closesAt: number | null
  /** Operations of a fiber between two yields; with fewer than 10 Effect does nothing but yield. */
  readonly operations: number
}

const rarely = (arbitrary: FastCheck.Arbitrary<number>, weight: number) =>
  FastCheck.oneof(
    { withCrossShrink: true },
    { arbitrary: FastCheck.constant(null), weight: 10 - weight },
    { arbitrary, weight }
  )

const interleaving = (endings: ReadonlyArray<Ending>): FastCheck.Arbitrary<Interleaving> =>
  FastCheck.record({
    attempts: FastCheck.array(
      FastCheck.record({
        ending: FastCheck.constantFrom(...endings),
        turns: FastCheck.nat({ max: 12 }),
        interruptsFirstWaiter: FastCheck.boolean()
      }),
      { maxLength: 4 }
    ),
    callers: FastCheck.array(
      FastCheck.record({
        callsAt: FastCheck.constantFrom(0, 1, 4, 8, 16),
        leavesAt: rarely(FastCheck.nat({ max: 40 }), 3)
      }),
      { minLength: 1, maxLength: 8 }
    ),
    closesAt: rarely(FastCheck.nat({ max: 40 }), 2),
    operations: FastCheck.integer({ min: 12, max: 40 })
  })

/** Waits for `n` turns: of the scheduler, and every fourth of the event loop, which files and sockets need. */
const turns = (n: number) =>
  Effect.forEach(Array.from({ length: n }), (_, i) => i % 4 === 3 ? Effect.sleep(0) : Effect.yieldNow(), {
    discard: true
  })

/** Marks a failed attempt, so that it is found in any error text. */
const failureOf = (attempt: number) => `attempt ${attempt} failed`
const attemptIn = (words: string): number | undefined => {
  const [, number] = /attempt (\d+) failed/.exec(words) ?? []
  return number === undefined ? undefined : Number(number)
}

class AttemptFailed extends Schema.TaggedError<AttemptFailed>()("AttemptFailed", { attempt: Schema.Int }) {
  override get message() {
    return failureOf(this.attempt)
  }
}

/** Counts openings, and makes them follow a plan. */
class Attempts {
  begun = 0
  /** Openings that are open or being opened: now, and the most at a time. */
  open = 0
  most = 0
  readonly plan: ReadonlyArray<Attempt>
  readonly #interruptFirst: Effect.Effect<void>

  constructor(plan: ReadonlyArray<Attempt>, interruptFirst: Effect.Effect<void>) {
    this.plan = plan
    this.#interruptFirst = interruptFirst
  }

  /** Begins an attempt; returns its number, its ending, and the turns to wait before that. */
  begin() {
    const { ending, interruptsFirstWaiter, turns: all } = this.plan[this.begun] ??
      { ending: "works", interruptsFirstWaiter: false, turns: 0 }
    this.begun++
    this.open++
    this.most = Math.max(this.most, this.open)
    const half = all >> 1
    const passes = turns(half).pipe(
      Effect.zipRight(interruptsFirstWaiter ? this.#interruptFirst : Effect.void),
      Effect.zipRight(turns(all - half))
    )
    return { number: this.begun, ending, passes }
  }

  readonly end = Effect.sync(() => {
    this.open--
  })

  get failed() {
    return this.plan.slice(0, this.begun).filter(({ ending }) => ending !== "works").length
  }
}

/** A way to make a resource's opening follow a plan. */
interface Opening {
  readonly endings: ReadonlyArray<Ending>
  /** The ledger of a run, in which the openings follow `attempts`. */
  readonly ledger: (attempts: Attempts) => Layer.Layer<ResourceLedger>
}

/** Controls the acquisition of this kind and name. One that `neverFails` by its type may die alone. */
const acquisition = (kind: string, name: string, { neverFails = false } = {}): Opening => ({
  endings: ["works", "fails", "dies", "fails late"],
  ledger: (attempts) =>
    DecoratedLedger.layer((acquired) => {
      if (acquired.kind !== kind || acquired.name !== name) return {}
      const { ending, number, passes } = attempts.begin()
      const error = new AttemptFailed({ attempt: number })
      // The error type of the opening is not known here.
      const failing = neverFails ? Effect.die(error) : Effect.fail(error) as unknown as Effect.Effect<never>
      return {
        opening: (open) =>
          passes.pipe(
            Effect.zipRight(ending === "fails" ? failing : ending === "dies" ? Effect.die(error) : open),
            Effect.onError(() => attempts.end)
          ),
        handing: ending === "fails late" ? failing : Effect.void,
        closing: (close) => Effect.zipLeft(close, attempts.end)
      }
    })
})

/** Controls the request for the dimension of the server's model. */
const dimensionRequest = (server: ModelServer): Opening => ({
  endings: ["works", "fails"],
  ledger: (attempts) =>
    Layer.merge(
      ResourceLedger.layer,
      Layer.scopedDiscard(Effect.gen(function*() {
        const runtime = yield* Effect.runtime()
        server.behaviour = async ([text]) => {
          if (text !== "dimension") return "answers"
          const { ending, number, passes } = attempts.begin()
          await Runtime.runPromise(runtime, Effect.ensuring(passes, attempts.end))
          return ending === "works" ? "answers" : { status: 503, body: failureOf(number) }
        }
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => {
            server.behaviour = "answers"
          })
        )
      }))
    )
})

interface Shared<Service> {
  readonly name: string
  readonly opening: Opening
  readonly layer: Layer.Layer<Service, unknown, ResourceLedger | NodeContext.NodeContext>
  readonly call: Effect.Effect<unknown, unknown, Service>
}

interface Call {
  readonly calledAt: number
  readonly endedAt: number
  readonly stays: boolean
  readonly exit: Exit.Exit<unknown, unknown>
}

const attemptOf = ({ exit }: Call): number | undefined =>
  Exit.isFailure(exit) ? attemptIn(Cause.pretty(exit.cause)) : undefined

/** Finds calls that failed with an attempt whose failure another call had already got before they began. */
const staleFailures = (calls: ReadonlyArray<Call>) =>
  calls.filter((late) =>
    attemptOf(late) !== undefined &&
    calls.some((early) => attemptOf(early) === attemptOf(late) && early.endedAt < late.calledAt)
  )

/** Once the scope has closed, calls are refused or interrupted. */
const judgeCall = (call: Call, isClosed: boolean): ReadonlyArray<string> => {
  const { calledAt, exit, stays } = call
  if (Exit.isSuccess(exit) || attemptOf(call) !== undefined) return []
  const isExpected = isClosed ? Chunk.isEmpty(Cause.defects(exit.cause)) : !stays && Cause.isInterruptedOnly(exit.cause)
  return isExpected
    ? []
    : [`who called at ${calledAt}${stays ? " and stayed" : ""} was told: ${Cause.pretty(exit.cause)}`]
}

/** Runs one interleaving and returns what is wrong. */
const race = <Service>(
  { call, layer, opening }: Shared<Service>,
  { attempts: plan, callers, closesAt, operations }: Interleaving
) =>
  Effect.gen(function*() {
    let now = 0
    const calls: Array<Call> = []
    const waiting = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
    const left = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
    const leave = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => {
      left.add(fiber)
      return Fiber.interruptFork(fiber)
    }
    const attempts = new Attempts(
      plan,
      Effect.suspend(() => {
        const [first] = waiting
        return first === undefined ? Effect.void : leave(first)
      })
    )

    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const context = yield* Layer.buildWithScope(
      Layer.provide(layer, Layer.merge(opening.ledger(attempts), NodeContext.layer)),
      scope
    )
    const called = Effect.withFiberRuntime<unknown, unknown>((fiber) => {
      const calledAt = ++now
      waiting.add(fiber)
      return Effect.provide(call, context).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            waiting.delete(fiber)
            calls.push({ calledAt, endedAt: ++now, stays: !left.has(fiber), exit })
          })
        )
      )
    })

    const fibers = yield* Effect.forEach(
      callers,
      ({ callsAt }) => Effect.forkScoped(Effect.zipRight(turns(callsAt), called))
    )
    yield* Effect.forEach(callers, ({ leavesAt }, i) =>
      leavesAt === null
        ? Effect.void
        : Effect.forkScoped(Effect.zipRight(turns(leavesAt), Effect.suspend(() => leave(fibers[i]!)))))
    const close = Effect.exit(Scope.close(scope, Exit.void))
    const early = closesAt === null ? Exit.void : yield* Effect.zipRight(turns(closesAt), close)
    yield* Effect.forEach(fibers, Fiber.await)

    // A call after a failure succeeds, or gets a failure of its own attempt.
    const calledAgain = Effect.flatMap(Effect.forkScoped(called), Fiber.await)
    let again = yield* calledAgain
    for (let i = 0; i < 2 * plan.length && Exit.isFailure(again); i++) again = yield* calledAgain
    const { begun } = attempts
    const last = yield* calledAgain
    const closed = Exit.isFailure(early) ? early : yield* close

    const isClosed = closesAt !== null
    return [
      ...(attempts.most > 1 ? [`${attempts.most} at a time`] : []),
      ...(attempts.begun > attempts.failed + 1 ? [`${attempts.begun} attempts, ${attempts.failed} failed`] : []),
      ...calls.flatMap((call) => judgeCall(call, isClosed)),
      ...staleFailures(calls).map((call) =>
        `who called at ${call.calledAt} was told of attempt ${attemptOf(call)}, which was over`
      ),
      ...(!isClosed && Exit.isFailure(last) ? ["it can't be opened any more"] : []),
      ...(!isClosed && attempts.begun > begun ? ["opened again though it was open"] : []),
      ...(Exit.isFailure(closed) ? [Cause.pretty(closed.cause)] : [])
    ]
  }).pipe(
    Effect.withMaxOpsBeforeYield(operations),
    Effect.locally(FiberRef.currentLoggers, HashSet.empty()),
    (raced) => Yardstick.within(raced, ENDS_WITHIN_MS),
    Effect.map((wrong) => ({ wrong: Option.getOrElse(wrong, () => ["it hangs"]) }))
  )

/** Runs the property; on a failure FastCheck searches for the smallest counterexample. */
const check = <Service>(context: GateContext, shared: Shared<Service>) =>
  Effect.gen(function*() {
    const runtime = yield* Effect.runtime()
    const runs = context.isQuick ? RUNS.quick : RUNS.full
    let run = 0
    const details = yield* Effect.promise((signal) =>
      FastCheck.check(
        FastCheck.asyncProperty(interleaving(shared.opening.endings), async (drawn) => {
          const { wrong } = await Runtime.runPromise(
            runtime,
            Effect.zipRight(
              context.progress(`${shared.name} ${numbered(run++, runs)}`),
              checkedForLeaks(context, race(shared, drawn))
            ),
            { signal }
          )
          if (wrong.length > 0) throw new Error(wrong.join("; "))
        }),
        {
          seed: context.seed,
          numRuns: runs,
          interruptAfterTimeLimit: Yardstick.limit(STOPS_AFTER_MS),
          markInterruptAsFailure: true
        }
      )
    )
    const where = `${shared.name}: seed ${details.seed}, path ${details.counterexamplePath}`
    if (details.failed) {
      yield* context.failed(
        details.counterexample === null
          ? `${where}: not done in time`
          : `${where}: ${String(details.errorInstance)}, of ${JSON.stringify(details.counterexample[0])}`
      )
    }
    return details.numRuns
  })

export const races = (context: GateContext) =>
  Effect.gen(function*() {
    const { servers } = context
    const ofEach = yield* Effect.all([
      check(context, {
        name: "HTTP pool",
        opening: acquisition("pool", servers.light.origin, { neverFails: true }),
        layer: Unmetered.providers({ roles: { light: [endpoint(servers, "light")] }, patience }),
        call: completion("light")
      }),
      check(context, {
        name: "dimension of a server's model",
        opening: dimensionRequest(servers.embedding),
        layer: Unmetered.providers({ roles: { embedding: [endpoint(servers, "embedding")] }, patience }),
        call: embed
      }),
      check(context, {
        name: "word vectors",
        opening: acquisition("model", "word vectors"),
        layer: LocalModels.layer(Settings.packageFile("assets", "static-embeddings.bin")),
        call: Effect.flatMap(ModelManager, ({ embed, embedding }) => Effect.zipRight(embedding, embed(["text"])))
      })
    ])
    return { resources: ofEach.length, runs: ofEach.reduce((sum, runs) => sum + runs, 0) }
  }).pipe(Effect.scoped)
