/**
 * Checks what a caller gets for each fault: the real layer calls a server on the loopback that shows the fault.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { channel } from "node:diagnostics_channel"
import { inspect } from "node:util"
import { plural } from "../../src/cli/Output.ts"
import { ModelError, ModelManager } from "../../src/models/ModelManager.ts"
import { type DialectName, type Endpoint, PRESETS, type Role } from "../../src/models/Presets.ts"
import * as Unmetered from "../../src/models/providers/Unmetered.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { DIMENSION, type ModelServer, modelServer } from "../models/server.ts"
import { cellText, everyCase, markdown, program, round, timed } from "../script.ts"
import { DIALECTS, keyOf } from "./answers.ts"
import { type Fault, faults } from "./faults.ts"

const MODEL = "a/model"
const UNTYPED = "no typed error"
/** Cases at a time. */
const CONCURRENCY = 8
/** Closed sockets must be gone at the other end within this time. */
const SETTLES_WITHIN = "3 seconds"

interface Case {
  readonly dialect: DialectName
  readonly fault: Fault
}

interface Outcome {
  readonly fault: string
  readonly dialect: DialectName
  /** Reason of the error, "an answer", or UNTYPED. */
  readonly got: string
  readonly attempts: number
  readonly message: string
  readonly socketsLeft: number
  /** Violations of what the fault demands. */
  readonly wrong: ReadonlyArray<string>
}

const ROLES = { complete: "light", embed: "embedding", rerank: "rerank" } as const satisfies Record<string, Role>

const asks = ({ dialect, fault }: Case) => fault.asks ?? (dialect === "voyage" ? "embed" : "complete")

const ask = (which: keyof typeof ROLES) =>
  Effect.flatMap(ModelManager, (models): Effect.Effect<unknown, ModelError> => {
    switch (which) {
      case "complete":
        return models.complete({ prompt: "say hello" })
      case "embed":
        return models.embed(["one", "two"])
      case "rerank":
        return models.rerank("which?", ["one", "two"])
    }
  })

/** A closed port for each dialect, so that attempts can be counted by dialect. */
const closedPort = (dialect: DialectName) => DIALECTS.indexOf(dialect) + 1

/** Counts failed connections by loopback port, while the scope is open. */
const refusedConnections = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const byPort = new Map<number, number>()
      const failed = channel("undici:client:connectError")
      const count = (message: unknown) => {
        const port = Number((message as { readonly connectParams: { readonly port: string } }).connectParams.port)
        byPort.set(port, (byPort.get(port) ?? 0) + 1)
      }
      failed.subscribe(count)
      return { byPort, stop: () => failed.unsubscribe(count) }
    }),
    ({ stop }) => Effect.sync(stop)
  ),
  ({ byPort }) => byPort
)

const endpointOf = (which: Case, { origin }: ModelServer): Endpoint => {
  const { dialect, fault } = which
  const place = fault.isAway === true ? `http://127.0.0.1:${closedPort(dialect)}` : origin
  return {
    provider: dialect,
    model: MODEL,
    baseUrl: new URL(new URL(PRESETS[dialect]!.baseUrl).pathname, place).href,
    apiKey: Option.some(Redacted.make(keyOf(dialect))),
    ...(asks(which) === "embed" && fault.isLearned !== true && { dimension: DIMENSION })
  }
}

/** The message without what differs between runs and dialects, so that equal messages compare as equal. */
const shown = (message: string, origin: string) =>
  message.replace(`model ${MODEL}: ${origin}: `, "").replaceAll(/127\.0\.0\.1:\d+/g, ":PORT")
    .replace(/(?<=the form of )\S+/, "PATH")

/** Ways to log an error, none of which may contain the key. */
const logged = (error: ModelError) => [
  error.message,
  inspect(error, { depth: 20 }),
  JSON.stringify(error),
  Cause.pretty(Cause.fail(error), { renderErrorCause: true })
]

/** Violations in a typed error: the key in it, or a message that does not name model and origin in one line. */
const violationsOf = (error: ModelError, key: string, origin: string): ReadonlyArray<string> => [
  ...(logged(error).some((text) => text.includes(key)) ? ["the key is in the error"] : []),
  ...(error.message.startsWith(`model ${MODEL}: ${origin}: `) && !error.message.includes("\n")
    ? []
    : [`it does not say in one line which model it was and where: ${error.message}`])
]

/** Result of the call in words, and the error if it is typed. */
const outcomeOfCall = (exit: Exit.Exit<unknown, ModelError>, origin: string) => {
  if (Exit.isSuccess(exit)) return { got: "an answer", message: "", error: Option.none<ModelError>() }
  const error = Option.filter(Cause.failureOption(exit.cause), (error) => error instanceof ModelError)
  return Option.match(error, {
    onNone: () => ({ got: UNTYPED, message: Cause.pretty(exit.cause), error }),
    onSome: ({ message, reason }) => ({ got: reason, message: shown(message, origin), error })
  })
}

const run = (which: Case, other: ModelServer, refused: ReadonlyMap<number, number>) =>
  Effect.gen(function*() {
    const { dialect, fault } = which
    const server = yield* modelServer
    const { open, keys } = server.seen
    server.delay = fault.delay ?? 0
    const behaviour = fault.of[dialect]!
    server.behaviour = async () => {
      if (fault.isOnce === true && server.seen.requests > 1) return "answers"
      return typeof behaviour === "function" ? behaviour() : behaviour
    }
    const ledger = yield* ResourceLedger
    const endpoint = endpointOf(which, server)
    const models = Unmetered.providers({
      roles: { [ROLES[asks(which)]]: [endpoint] },
      patience: { timeout: fault.within ?? "20 seconds", retries: 1, maxDelay: "4 seconds" }
    })
    const [exit, ms] = yield* timed(Effect.exit(Effect.provide(
      ask(asks(which)),
      Layer.provide(models, Layer.merge(Layer.succeed(ResourceLedger, ledger), NodeContext.layer))
    )))
    const left = yield* ledger.snapshot
    yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => open.size === 0 }).pipe(
      Effect.timeoutOption(SETTLES_WITHIN)
    )
    const key = keyOf(dialect)
    const { origin } = new URL(endpoint.baseUrl)
    const attempts = fault.isAway === true ? refused.get(closedPort(dialect)) ?? 0 : server.seen.requests
    // Two texts that are refused together are then tried one by one.
    const allowed = fault.expected === "Refused" && asks(which) === "embed" ? 3 * fault.attempts : fault.attempts
    const { error, got, message } = outcomeOfCall(exit, origin)
    return {
      fault: fault.name,
      dialect,
      got,
      attempts,
      message,
      socketsLeft: open.size,
      wrong: [
        ...(got === fault.expected ? [] : [`it gave ${got} (${message}), not ${fault.expected}`]),
        ...(attempts === allowed ? [] : [`it was asked ${attempts} times, not ${allowed}`]),
        ...(ms >= (fault.waits ?? 0) ? [] : [`it was asked again after ${round(ms)} ms`]),
        ...Option.match(error, { onNone: () => [], onSome: (error) => violationsOf(error, key, origin) }),
        ...(open.size === 0 ? [] : [`${open.size} sockets are open`]),
        ...left.map(({ kind, name }) => `${kind} ${name} is open`),
        ...(other.seen.sockets === 0 ? [] : ["another origin was asked"]),
        ...([...keys].every((seen) => seen === key || seen === `Bearer ${key}`) ? [] : ["it was sent another's key"])
      ]
    } satisfies Outcome
  }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer))

/** Runs a case. A defect, such as handles left in the ledger at its end, becomes a violation. */
const outcomeOf = (which: Case, other: ModelServer, refused: ReadonlyMap<number, number>): Effect.Effect<Outcome> =>
  Effect.catchAllCause(run(which, other, refused), (cause) =>
    Effect.succeed({
      fault: which.fault.name,
      dialect: which.dialect,
      got: UNTYPED,
      attempts: 0,
      message: "",
      socketsLeft: 0,
      wrong: [Cause.pretty(cause)]
    }))

/** Dialects with equal results share a line. */
const table = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => {
  const lines = new Map<string, Array<Outcome>>()
  for (const each of outcomes) {
    const { attempts, fault, got, message, socketsLeft } = each
    const same = JSON.stringify([fault, got, attempts, message, socketsLeft])
    lines.set(same, [...(lines.get(same) ?? []), each])
  }
  return markdown(
    ["fault", "dialect", "what the caller got", "attempts", "what the message says", "sockets left"],
    [...lines.values()].map((same) => {
      const { attempts, fault, got, message, socketsLeft } = same[0]!
      const dialects = same.length === DIALECTS.length ? "all" : same.map(({ dialect }) => dialect).join(", ")
      return [fault, dialects, got, attempts, cellText(message), socketsLeft]
    })
  )
}

program("faults", {
  description: "What a caller gets for each fault of a provider",
  run: () =>
    Effect.gen(function*() {
      const other = yield* modelServer
      const refused = yield* refusedConnections
      const cases = faults(other.origin).flatMap((fault) =>
        DIALECTS.flatMap((dialect): ReadonlyArray<Case> => fault.of[dialect] === undefined ? [] : [{ dialect, fault }])
      )
      const [outcomes, ms] = yield* timed(everyCase(cases, CONCURRENCY, (each) => outcomeOf(each, other, refused)))
      const failures = outcomes.flatMap(({ dialect, fault, wrong }) =>
        wrong.map((each) => `${fault}, ${dialect}: ${each}`)
      )
      return {
        ok: failures.length === 0,
        data: { cases: outcomes, failures, ms: round(ms) },
        text: () => [
          ...table(outcomes),
          "",
          ...failures.map((failure) => `FAILED ${failure}`),
          `${plural(outcomes.length, "case")}, ${plural(failures.length, "failure")}, ${round(ms / 1_000, 1)} s`
        ]
      }
    })
})
