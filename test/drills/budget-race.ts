/**
 * Checks that several processes which call models as fast as they can never exceed their common budget.
 */
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as App from "../../src/App.ts"
import { number } from "../../src/cli/Output.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import { NO_CAPS, Spending } from "../../src/models/Spending.ts"
import { forEach } from "../../src/resources/Concurrent.ts"
import { modelServer } from "../models/server.ts"
import { integer, program, progress, round, temporaryFolder, timed } from "../script.ts"

/** Calls at a time in each process. */
const CONCURRENCY = 4
/**
 * Tokens that the server reports for each call: fewer than reserved, so that reservations are released all the time.
 */
const INPUT = 40
const OUTPUT = 20

const prompt = "one two three four five six seven eight nine ten ".repeat(6)

/** Makes `calls` calls, and reports how many were answered, refused for the budget, or failed otherwise. */
const asking = (home: string, baseUrl: string, cap: number, calls: number) =>
  Effect.gen(function*() {
    const { complete } = yield* ModelManager
    const outcomes = yield* forEach(
      Array.from({ length: calls }),
      CONCURRENCY,
      () => Effect.either(complete({ prompt, maxTokens: 60 }))
    )
    const errors = outcomes.filter(Either.isLeft).map(({ left }) => left)
    return {
      answered: outcomes.length - errors.length,
      refused: errors.filter(({ reason }) => reason === "Budget").length,
      others: errors.filter(({ reason }) => reason !== "Budget").map(({ message }) => message)
    } satisfies Report
  }).pipe(
    Effect.provide(Layer.provide(
      App.modelsOf({
        home,
        busyTimeoutMs: 5_000,
        models: {
          roles: { light: [{ provider: "openai", model: "talker", baseUrl, apiKey: Option.none() }] },
          patience: { timeout: "60 seconds", retries: 0, maxDelay: 0 },
          caps: { ...NO_CAPS, day: { ...NO_CAPS.day, tokens: cap } }
        }
      }),
      App.platform
    ))
  )

interface Report {
  readonly answered: number
  readonly refused: number
  readonly others: ReadonlyArray<string>
}

const spentIn = (home: string) =>
  Effect.flatMap(Spending, ({ spent }) => Effect.flatMap(Clock.currentTimeMillis, spent)).pipe(
    Effect.provide(Layer.provide(App.spendingIn(home), App.platform))
  )

const race = (processes: number, calls: number, cap: number) =>
  Effect.gen(function*() {
    const home = yield* temporaryFolder
    const server = yield* modelServer
    server.behaviour = {
      status: 200,
      body: JSON.stringify({
        choices: [{ message: { content: "ok" } }],
        usage: { prompt_tokens: INPUT, completion_tokens: OUTPUT }
      })
    }
    let most = 0
    const watch = Effect.repeat(
      Effect.zipRight(
        Effect.sleep("20 millis"),
        Effect.map(spentIn(home), ({ day }) => {
          most = Math.max(most, day.tokens)
        })
      ),
      { until: () => false }
    )
    const child = Effect.tryPromise((signal) =>
      promisify(execFile)(process.execPath, [
        process.argv[1]!,
        "--child",
        JSON.stringify([home, server.baseUrl, cap, calls]),
        "--json"
      ], { signal })
    )
    const [outputs, ms] = yield* timed(
      Effect.raceFirst(
        Effect.all(Array.from({ length: processes }, () => child), { concurrency: "unbounded" }),
        Effect.zipRight(watch, Effect.never)
      )
    )
    const reports = outputs.map(({ stdout }) => JSON.parse(stdout) as Report)
    const total = (of: (one: Report) => number) => reports.reduce((sum, one) => sum + of(one), 0)
    const { day } = yield* spentIn(home)
    const answered = total((one) => one.answered)
    return {
      processes,
      calls: processes * calls,
      cap,
      answered,
      refused: total((one) => one.refused),
      others: reports.flatMap(({ others }) => others),
      served: server.seen.requests,
      usedTokens: day.tokens,
      servedTokens: server.seen.requests * (INPUT + OUTPUT),
      mostTokens: Math.max(most, day.tokens),
      ms: round(ms)
    }
  }).pipe(Effect.scoped)

program("budget-race", {
  description: "Processes that share a budget",
  options: {
    processes: integer("processes", 8),
    calls: integer("calls", 200, "That each process wants to make"),
    child: Options.text("child").pipe(Options.optional)
  },
  run: ({ calls, child, processes }) =>
    Effect.gen(function*() {
      if (Option.isSome(child)) {
        const [home, baseUrl, cap, wanted] = JSON.parse(child.value) as [string, string, number, number]
        return { data: yield* asking(home, baseUrl, cap, wanted), text: () => [] }
      }
      yield* progress(`${processes} processes`)
      // The budget allows half of the wanted calls.
      const found = yield* race(processes, calls, Math.round(processes * calls * (INPUT + OUTPUT) / 2))
      const ok = found.mostTokens <= found.cap && found.servedTokens <= found.cap && found.refused > 0 &&
        found.usedTokens === found.servedTokens && found.others.length === 0
      return {
        ok,
        data: { ok, ...found },
        text: () => [
          `${found.processes} processes, ${number(found.calls)} calls wanted, a budget for half of them (${
            number(found.cap)
          } tokens):`,
          `${number(found.answered)} answered, ${number(found.refused)} refused, ${
            number(found.others.length)
          } failed otherwise`,
          `counted ${number(found.usedTokens)} tokens, the server served ${number(found.servedTokens)}; at most ${
            number(found.mostTokens)
          } at any time, reservations included`,
          ok ? `the budget was never exceeded (${number(found.ms)} ms)` : "THE BUDGET DID NOT HOLD"
        ]
      }
    })
})
