/**
 * Transient failures of models, lasting ones, and fallbacks.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ModelManager } from "../../../src/models/ModelManager.ts"
import type { Endpoint } from "../../../src/models/Presets.ts"
import type * as Providers from "../../../src/models/providers/Providers.ts"
import * as Unmetered from "../../../src/models/providers/Unmetered.ts"
import { base } from "../../contract/layers.ts"
import { slow } from "../../data.ts"
import { type Behaviour, type ModelServer, modelServer } from "../server.ts"

const PATIENCE: Providers.Options["patience"] = { timeout: "5 seconds", retries: 2, maxDelay: "5 seconds" }

const endpoint = (server: Pick<ModelServer, "baseUrl">, key = "key"): Endpoint => ({
  provider: "openai",
  model: "letters",
  baseUrl: server.baseUrl,
  apiKey: Option.some(Redacted.make(key))
})

const over = (roles: Providers.Options["roles"], patience = PATIENCE) =>
  Layer.provide(Unmetered.providers({ roles, patience }), base)

/** Meets one request with each fault, and answers from then on. */
const answersAfter = (server: ModelServer, ...faults: ReadonlyArray<Behaviour>) => {
  const remaining = [...faults]
  server.behaviour = () => Promise.resolve(remaining.shift() ?? "answers")
}

const completion = Effect.flatMap(ModelManager, ({ complete }) => complete({ prompt: "say" }))
const broken = (status: number, headers: Readonly<Record<string, string>> = {}, body = ""): Behaviour => ({
  status,
  body,
  headers
})

/** Requests, exit and duration of a completion, with a server that begins with these faults. */
const tried = (faults: ReadonlyArray<Behaviour>, patience: Partial<Providers.Options["patience"]> = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* modelServer
    answersAfter(server, ...faults)
    const since = yield* Clock.currentTimeMillis
    const exit = yield* Effect.exit(
      Effect.provide(completion, over({ light: [endpoint(server)] }, { ...PATIENCE, ...patience }))
    )
    return { requests: server.seen.requests, exit, ms: (yield* Clock.currentTimeMillis) - since }
  }))

describe("a failure in passing", () => {
  it.live.each<readonly [string, Behaviour]>([
    ["408", broken(408)],
    ["429", broken(429)],
    ["500", broken(500)],
    ["503", broken(503)],
    ["529", broken(529)],
    ["a reset", "resets"],
    ["a reset in the answer", "resets in its answer"]
  ])("%s is tried again", ([, fault]) =>
    Effect.gen(function*() {
      const { exit, requests } = yield* tried([fault])
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(requests, 2)
    }))

  slow(it.live)("that lasts is reported after the allowed number of attempts", () =>
    Effect.gen(function*() {
      const { exit, requests } = yield* tried(Array.from({ length: 9 }, () => broken(503)))
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(requests, 3)
    }))

  it.live.each<readonly [string, Behaviour]>([
    ["400", broken(400)],
    ["401", broken(401)],
    ["402", broken(402)],
    ["403", broken(403)],
    ["404", broken(404)],
    ["422", broken(422)],
    ["a quota that is used up", broken(429, {}, "{\"error\":{\"code\":\"insufficient_quota\"}}")],
    ["what can't be read", { status: 200, body: "<html>" }]
  ])("%s is none, and not tried again", ([, fault]) =>
    Effect.gen(function*() {
      const { exit, requests } = yield* tried([fault])
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(requests, 1)
    }))

  it.live.each(["seconds", "date", "words"] as const)(
    "waits as long as the server says: %s",
    (form) =>
      Effect.gen(function*() {
        // HTTP dates have no fractions of a second.
        const at = DateTime.toDate(DateTime.add(yield* DateTime.now, { seconds: 3 })).toUTCString()
        const fault = form === "words"
          ? broken(429, {}, "{\"error\":{\"details\":[{\"retryDelay\": \"1.5s\"}]}}")
          : broken(429, { "retry-after": form === "seconds" ? "1.5" : at })
        const { exit, ms, requests } = yield* tried([fault])
        assert.isTrue(Exit.isSuccess(exit))
        assert.strictEqual(requests, 2)
        assert.isAtLeast(ms, 1_490)
      })
  )

  it.live("is not waited for longer than allowed", () =>
    Effect.gen(function*() {
      const { exit, requests } = yield* tried([broken(429, { "retry-after": "3600" })])
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(requests, 1)
    }))

  it.live("is not waited for by who has left", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* modelServer
      answersAfter(server, broken(429, { "retry-after": "4" }))
      const caller = yield* Effect.fork(Effect.provide(completion, over({ light: [endpoint(server)] })))
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.seen.requests === 1 })
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(caller)))
      assert.strictEqual(server.seen.requests, 1)
    })))
})

describe("fall-backs", () => {
  const withTwo = <A, E>(
    use: (first: ModelServer, second: ModelServer) => Effect.Effect<A, E, ModelManager>,
    role: "embedding" | "light" = "light",
    patience: Partial<Providers.Options["patience"]> = {}
  ) =>
    Effect.scoped(Effect.gen(function*() {
      const first = yield* modelServer
      const second = yield* modelServer
      const roles = { [role]: [endpoint(first, "first key"), endpoint(second, "second key")] }
      return yield* Effect.provide(use(first, second), over(roles, { ...PATIENCE, retries: 0, ...patience }))
    }))

  it.live.each<readonly [string, Behaviour]>([
    ["is broken", broken(500)],
    ["refuses the key", broken(401)],
    ["resets", "resets"],
    ["hangs", "hangs"],
    ["says what can't be read", { status: 200, body: "<html>" }],
    ["redirects", broken(307, { location: "http://127.0.0.1:1/" })]
  ])("the second is asked when the first %s, and neither learns the other's key", ([, fault]) =>
    withTwo(
      (first, second) =>
        Effect.gen(function*() {
          first.behaviour = fault
          assert.match((yield* completion).text, /^about/)
          assert.deepStrictEqual([...first.seen.keys], ["Bearer first key"])
          assert.deepStrictEqual([...second.seen.keys], ["Bearer second key"])
        }),
      "light",
      { timeout: "300 millis" }
    ))

  it.live("the first is asked alone while it answers, and passed over for a while after it was away", () =>
    withTwo((first, second) =>
      Effect.gen(function*() {
        yield* completion
        assert.strictEqual(second.seen.requests, 0)
        first.behaviour = broken(503)
        yield* completion
        yield* completion
        assert.deepStrictEqual([first.seen.requests, second.seen.requests], [2, 2])
        // With the fallback away too, the first model is called despite its earlier failure.
        first.behaviour = "answers"
        second.behaviour = broken(503)
        yield* completion
        assert.deepStrictEqual([first.seen.requests, second.seen.requests], [3, 3])
      })
    ))

  it.live("the error names the failure of each", () =>
    withTwo((first, second) =>
      Effect.gen(function*() {
        first.behaviour = broken(503, {}, "too busy")
        second.behaviour = broken(401)
        const error = yield* Effect.flip(completion)
        assert.strictEqual(error.reason, "Unavailable")
        assert.match(error.message, /too busy; then model letters: .*the key is refused/)
      })
    ))

  it.live("a vector of another dimension is none: the next is asked", () =>
    withTwo(
      (first) =>
        Effect.gen(function*() {
          const { embed, embedding } = yield* ModelManager
          assert.deepStrictEqual(yield* embedding, { id: "letters@8", dimension: 8 })
          first.behaviour = { status: 200, body: JSON.stringify({ data: [{ index: 0, embedding: [1, 2] }] }) }
          const [vector] = yield* embed(["text"])
          assert.strictEqual(Option.getOrThrow(vector!).length, 8)
        }),
      "embedding"
    ))
})

describe("models", () => {
  it.live("a provider without its key is not asked, and says which one it needs", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* modelServer
      const siliconflow = { ...endpoint(server), provider: "siliconflow", apiKey: Option.none() }
      const error = yield* Effect.flip(Effect.provide(completion, over({ light: [siliconflow] })))
      assert.strictEqual(error.reason, "Rejected")
      assert.match(error.message, /it needs a key: set SILICONFLOW_API_KEY/)
      assert.strictEqual(server.seen.requests, 0)
    })))

  it.live("a key that no header can hold is not sent, and not tried again", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* modelServer
      const error = yield* Effect.flip(Effect.provide(completion, over({ light: [endpoint(server, "a key\n")] })))
      assert.strictEqual(error.reason, "Rejected")
      assert.match(error.message, /its key has a line break.*; set OPENAI_API_KEY anew/)
      assert.strictEqual(server.seen.requests, 0)
    })))

  it.live("of a provider by any other name are asked by OpenAI's interface", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* modelServer
      const own = { ...endpoint(server), provider: "a server of one's own" }
      const found = yield* Effect.provide(
        Effect.flatMap(ModelManager, ({ complete, embed }) =>
          Effect.all([
            embed(["text"]),
            complete({ prompt: "say", json: { name: "any", schema: {} } })
          ])),
        over({ embedding: [own], light: [own] })
      )
      assert.isTrue(Option.isSome(found[0][0]!))
    })))

  it.live("are described in the order of roles, and tried when asked", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* modelServer
      const away = { ...endpoint(server), baseUrl: "http://127.0.0.1:1/v1" }
      const roles = { embedding: [endpoint(server)], light: [endpoint(server), away] }
      const { checked, described } = yield* Effect.provide(
        Effect.flatMap(ModelManager, ({ describe }) =>
          Effect.all({ described: describe(false), checked: describe(true) })),
        over(roles, { ...PATIENCE, retries: 0 })
      )
      const what = { provider: "openai", model: "letters", origin: server.origin }
      const untried = { price: null, reachable: null, error: null, dimension: null, latencyMs: null }
      assert.deepStrictEqual(described, [
        { role: "light", ...what, ...untried },
        { role: "light", ...what, origin: "http://127.0.0.1:1", ...untried },
        { role: "embedding", ...what, ...untried }
      ])
      assert.deepStrictEqual(
        checked.map(({ reachable }) =>
          reachable
        ),
        [true, false, true]
      )
      assert.deepStrictEqual(checked.map(({ dimension }) => dimension), [null, null, 8])
      assert.match(checked[1]!.error!, /can't be reached \(ECONNREFUSED\)/)
    })))

  it.live("each role has its own time", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* modelServer
      server.delay = 300
      const timeout = { light: "5 seconds", heavy: "5 seconds", embedding: "100 millis", rerank: "5 seconds" } as const
      const roles = { embedding: [{ ...endpoint(server), dimension: 8 }], light: [endpoint(server)] }
      const error = yield* Effect.provide(
        Effect.flatMap(ModelManager, ({ complete, embed }) =>
          Effect.zipRight(complete({ prompt: "say" }), Effect.flip(embed(["text"])))),
        over(roles, { ...PATIENCE, timeout })
      )
      assert.match(error.message, /no answer within 100ms/)
    })))

  it.live("a batch is as large as the provider takes, by texts and by tokens", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* modelServer
      const roles = { embedding: [{ ...endpoint(server), provider: "siliconflow", dimension: 8 }] }
      yield* Effect.provide(
        Effect.flatMap(ModelManager, ({ embed }) =>
          Effect.zipRight(
            embed(Array.from({ length: 70 }, (_, i) => `text ${i}`)),
            embed(Array.from({ length: 20 }, (_, i) => `${i} ${"word ".repeat(7_000)}`))
          )),
        over(roles)
      )
      const [few, many] = [server.seen.batches.slice(0, 3), server.seen.batches.slice(3)]
      assert.deepStrictEqual([...few].sort((a, b) => b - a), [32, 32, 6])
      assert.strictEqual(many.reduce((sum, n) => sum + n, 0), 20)
      // The limit of 100,000 tokens holds 14 of these texts at most.
      assert.isAtMost(Math.max(...many), 14)
    })))
})
