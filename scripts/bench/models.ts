/**
 * Measures what batches of embeddings save with a slow server of models, and how soon a request ends after its caller has left.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { setImmediate } from "node:timers/promises"
import * as App from "../../src/App.ts"
import { number } from "../../src/cli/Output.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import * as Unmetered from "../../src/models/providers/Unmetered.ts"
import { NO_CAPS } from "../../src/models/Spending.ts"
import { forEach } from "../../src/resources/Concurrent.ts"
import { DIMENSION, type ModelServer, modelServer } from "../../test/models/server.ts"
import { integer, median, program, progress, round, temporaryFolder, timed } from "../../test/script.ts"

const TEXTS = Array.from({ length: 1_000 }, (_, i) => `text ${i} of a memory`)
/** Concurrent calls where each text is a call of its own. */
const CALLERS = 100
const ABORTS = 50

const layer = ({ baseUrl }: ModelServer) => {
  const endpoint = { provider: "openai", model: "letters", baseUrl, apiKey: Option.none(), dimension: DIMENSION }
  return Layer.provide(
    Unmetered.providers({
      roles: { embedding: [endpoint], light: [endpoint] },
      patience: { timeout: "60 seconds", retries: 0, maxDelay: 0 }
    }),
    App.platform
  )
}

/** Runs `use` with a new server and manager. Returns the time it took and the server's counts. */
const measured = (delay: number, use: (models: ModelManager["Type"]) => Effect.Effect<unknown, unknown>) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* modelServer
    server.delay = delay
    const [, ms] = yield* Effect.provide(timed(Effect.flatMap(ModelManager, use)), layer(server))
    const { most, requests, sockets } = server.seen
    return { ms: round(ms), textsPerSecond: round(1_000 * TEXTS.length / ms), requests, sockets, socketsAtATime: most }
  }))

/** Calls per second to a server that answers completions at once, without a budget or with each call counted in a file. */
const counting = (isCounted: boolean) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* modelServer
    const home = yield* temporaryFolder
    const { baseUrl } = server
    const roles = { light: [{ provider: "openai", model: "talker", baseUrl, apiKey: Option.none() }] }
    const patience = { timeout: "60 seconds", retries: 0, maxDelay: 0 } as const
    const models = isCounted
      ? App.modelsOf({ home, busyTimeoutMs: 5_000, models: { roles, patience, caps: NO_CAPS } })
      : Unmetered.providers({ roles, patience })
    const [, ms] = yield* Effect.gen(function*() {
      const { complete } = yield* ModelManager
      yield* complete({ prompt: "warm" })
      return yield* timed(forEach(TEXTS, CALLERS, (prompt) => complete({ prompt, maxTokens: 10 })))
    }).pipe(Effect.provide(Layer.provide(models, App.platform)))
    return round(1_000 * TEXTS.length / ms)
  }))

/** Waits for one turn of the event loop. */
const turn = Effect.promise(() => setImmediate())

/** Times from a caller's leaving to the end of its request at the server, in milliseconds. */
const aborts = Effect.scoped(Effect.gen(function*() {
  const server = yield* modelServer
  return yield* Effect.gen(function*() {
    const { complete } = yield* ModelManager
    server.behaviour = "hangs"
    const found: Array<number> = []
    for (let i = 0; i < ABORTS; i++) {
      const caller = yield* Effect.fork(complete({ prompt: "say" }))
      yield* Effect.repeat(Effect.sleep("2 millis"), { until: () => server.seen.running === 1 })
      const since = yield* Clock.currentTimeNanos
      yield* Fiber.interruptFork(caller)
      yield* Effect.repeat(turn, { until: () => server.seen.running === 0 })
      found.push(Number((yield* Clock.currentTimeNanos) - since) / 1e6)
    }
    return found
  }).pipe(Effect.provide(layer(server)))
}))

program("models", {
  description: "Batches, and abandoned requests",
  options: { delay: integer("delay", 50, "What the server takes for each request, in milliseconds") },
  run: ({ delay }) =>
    Effect.gen(function*() {
      yield* progress("batched")
      const batched = yield* measured(delay, ({ embed }) => embed(TEXTS))
      yield* progress("one text a request")
      const unbatched = yield* measured(delay, ({ embed }) => forEach(TEXTS, CALLERS, (text) => embed([text])))
      yield* progress("counted")
      const uncountedPerSecond = yield* counting(false)
      const countedPerSecond = yield* counting(true)
      yield* progress("abandoned")
      const abandoned = yield* aborts
      const data = {
        texts: TEXTS.length,
        delayMs: delay,
        batched,
        unbatched,
        counting: { uncountedPerSecond, countedPerSecond },
        abortMs: { median: round(median(abandoned), 2), most: round(Math.max(...abandoned), 2), times: ABORTS }
      }
      const line = (name: string, { ms, requests, socketsAtATime, textsPerSecond }: typeof batched) =>
        `${name.padEnd(20)} ${number(ms)} ms, ${
          number(textsPerSecond)
        } texts/s, ${requests} requests, at most ${socketsAtATime} sockets`
      return {
        data,
        text: () => [
          `${number(TEXTS.length)} embeddings of a server that takes ${delay} ms for each request:`,
          line("batched", batched),
          line(`${CALLERS} callers, one each`, unbatched),
          `completions in a second: ${number(uncountedPerSecond)}, with a budget ${number(countedPerSecond)}`,
          `an abandoned request ends at the server after ${data.abortMs.median} ms (median), at most ${data.abortMs.most} ms`
        ]
      }
    })
})
