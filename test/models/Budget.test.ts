/**
 * Budgets of model calls, and the cache that avoids paying twice.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as App from "../../src/App.ts"
import { linesOf } from "../../src/compress/abstractive/Transcribed.ts"
import { SEGMENT_TASK, write } from "../../src/compress/abstractive/Writing.ts"
import { Budget } from "../../src/models/Budget.ts"
import { CurrentProject } from "../../src/models/CurrentProject.ts"
import { type Keeping, ModelManager } from "../../src/models/ModelManager.ts"
import type { Endpoint } from "../../src/models/Presets.ts"
import { costOf, type PriceList, priceOf } from "../../src/models/Prices.ts"
import * as Providers from "../../src/models/providers/Providers.ts"
import { type Caps, NO_CAPS, Spending } from "../../src/models/Spending.ts"
import * as testing from "../../src/testing.ts"
import { base } from "../contract/layers.ts"
import { message } from "../contract/made.ts"
import { slow } from "../data.ts"
import { type Behaviour, type ModelServer, modelServer } from "./server.ts"

const PRICES: PriceList = {
  date: "2026-11-25",
  rates: { CNY: 0.14 },
  models: {
    "openai:letters": { input: 1_000_000, output: 10_000_000, cached: 500_000 },
    "openai:yuan": { input: 100, currency: "CNY" },
    "openai:searcher": { search: 2 }
  },
  unknown: {
    completion: { input: 3_000_000, output: 15_000_000 },
    embedding: { input: 1_000_000 },
    rerank: { input: 2_000_000 }
  }
}

const endpoint = (server: Pick<ModelServer, "baseUrl">, model = "letters"): Endpoint => ({
  provider: "openai",
  model,
  baseUrl: server.baseUrl,
  apiKey: Option.none()
})

interface Ground {
  readonly server: ModelServer
  readonly models: ModelManager["Type"]
  readonly spending: Spending["Type"]
}

const NEVER = { caps: NO_CAPS, retries: 0, within: "5 seconds" } as const

const withBudget = <A, E>(
  use: (ground: Ground) => Effect.Effect<A, E>,
  { caps, retries, within }: { readonly caps: Caps; readonly retries: number; readonly within: string } = NEVER,
  roles: (server: ModelServer) => Providers.Options["roles"] = (server) => ({
    light: [endpoint(server)],
    embedding: [endpoint(server)]
  })
) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* modelServer
    const account = Layer.provideMerge(Budget.layer({ caps, prices: PRICES }), testing.spending)
    const layer = Providers.layer({
      roles: roles(server),
      patience: { timeout: within as "5 seconds", retries, maxDelay: "5 seconds" }
    }).pipe(Layer.provideMerge(Layer.merge(account, testing.modelCache)), Layer.provideMerge(base))
    return yield* Effect.gen(function*() {
      return yield* use({ server, models: yield* ModelManager, spending: yield* Spending })
    }).pipe(Effect.provide(layer))
  }))

const usd = (amount: number): Caps => ({ ...NO_CAPS, day: { ...NO_CAPS.day, usd: amount } })

const rows = ({ spending }: Ground, by: "model" | "project" = "model") => spending.breakdown(by, 0)

describe("prices", () => {
  const remote = (model: string, baseUrl = "https://api.example.com/v1") => ({ provider: "openai", model, baseUrl })
  const of = (model: string, role: "light" | "embedding" | "rerank", baseUrl?: string) =>
    priceOf(PRICES, remote(model, baseUrl), role)

  it("are listed, in dollars; cached input costs what the list says", () => {
    const price = of("letters", "light")
    assert.strictEqual(price.basis, "listed")
    assert.strictEqual(costOf(price, { input: 10, cached: 4, output: 2 }), 6 + 2 + 20)
    assert.closeTo(costOf(of("yuan", "embedding"), { input: 1_000_000, cached: 0, output: 0 }), 14, 1e-9)
    assert.closeTo(costOf(of("searcher", "rerank"), { input: 10, cached: 0, output: 0 }), 0.002, 1e-12)
  })

  it("of what isn't listed are assumed to be high, by what it is for; on this machine nothing costs anything", () => {
    assert.deepInclude(of("other", "light"), { basis: "assumed", input: 3, output: 15 })
    assert.deepInclude(of("other", "embedding"), { basis: "assumed", input: 1, output: 0 })
    assert.deepInclude(of("other", "rerank"), { basis: "assumed", input: 2 })
    for (const host of ["localhost", "127.0.0.1", "127.0.5.1", "[::1]"]) {
      assert.strictEqual(of("other", "light", `http://${host}:11434/v1`).basis, "free")
    }
    assert.strictEqual(of("other", "light", "https://localhost.example.com/v1").basis, "assumed")
  })
})

describe("the budget", () => {
  it.live("counts what the provider says was used", () =>
    withBudget((ground) =>
      Effect.gen(function*() {
        yield* ground.models.complete({ prompt: "say", maxTokens: 10 })
        const [row] = yield* rows(ground)
        assert.deepInclude(row, { key: "openai:letters", calls: 1, failed: 0, input: 1, output: 1, usd: 11 })
      })
    ))

  it.live("takes the provider's own word for the cost", () =>
    withBudget((ground) =>
      Effect.gen(function*() {
        ground.server.behaviour = {
          status: 200,
          body: JSON.stringify({
            model: "letters-2",
            choices: [{ message: { content: "x" } }],
            usage: { prompt_tokens: 7, completion_tokens: 1, cost: 0.125 }
          })
        }
        yield* ground.models.complete({ prompt: "say", maxTokens: 10 })
        assert.deepInclude((yield* rows(ground))[0], { key: "openai:letters-2", input: 7, usd: 0.125 })
        // Without a count the longest answer stays counted.
        ground.server.behaviour = { status: 200, body: JSON.stringify({ choices: [{ message: { content: "x" } }] }) }
        yield* ground.models.complete({ prompt: "say", maxTokens: 10 })
        const counted = yield* rows(ground)
        assert.isTrue(counted.some(({ output }) => output === 10), JSON.stringify(counted))
      })
    ))

  it.live.each<readonly [string, Behaviour, boolean]>([
    ["an error of the provider", { status: 400, body: "no" }, false],
    ["an error in passing", { status: 503, body: "no" }, false],
    ["a reset before the answer", "resets", true],
    ["an answer that is none", { status: 200, body: "<html>" }, true],
    ["a reset in the answer", "resets in its answer", true],
    ["no answer in time", "hangs", true]
  ])(
    "after %s counts what it may be charged for",
    ([, behaviour, isCharged]) =>
      withBudget((ground) =>
        Effect.gen(function*() {
          ground.server.behaviour = behaviour
          yield* Effect.flip(ground.models.complete({ prompt: "say", maxTokens: 10 }))
          const [row] = yield* rows(ground)
          assert.deepInclude(row, { calls: 1, failed: 1 })
          assert.strictEqual(row!.usd > 0, isCharged)
        }), { ...NEVER, within: "300 millis" })
  )

  slow(it.live)("counts every attempt", () =>
    withBudget((ground) =>
      Effect.gen(function*() {
        const remaining: Array<Behaviour> = [{ status: 503, body: "" }, "resets in its answer"]
        ground.server.behaviour = () => Promise.resolve(remaining.shift() ?? "answers")
        yield* ground.models.complete({ prompt: "say", maxTokens: 10 })
        assert.deepInclude((yield* rows(ground))[0], { calls: 3, failed: 2 })
      }), { ...NEVER, retries: 2 }))

  it.live("an interrupted call stays counted: it may be charged for", () =>
    withBudget((ground) =>
      Effect.gen(function*() {
        ground.server.behaviour = "hangs"
        const fiber = yield* Effect.fork(ground.models.complete({ prompt: "say", maxTokens: 10 }))
        yield* Effect.repeat(Effect.sleep("2 millis"), { until: () => ground.server.seen.running === 1 })
        yield* Fiber.interrupt(fiber)
        const [row] = yield* rows(ground)
        assert.deepInclude(row, { calls: 1, failed: 1, output: 10 })
      })
    ))

  it.live("refuses what could go over, asks nothing then, and says which setting it is", () =>
    withBudget((ground) =>
      Effect.gen(function*() {
        yield* ground.models.complete({ prompt: "say", maxTokens: 10 })
        const error = yield* Effect.flip(ground.models.complete({ prompt: "say", maxTokens: 100 }))
        assert.strictEqual(error.reason, "Budget")
        assert.match(
          error.message,
          /this day's budget for models is used up \(\$11\.00 of \$500\.00\).*CLAUDE_MEMORY_USD_PER_DAY/
        )
        assert.strictEqual(ground.server.seen.requests, 1)
        yield* ground.models.complete({ prompt: "say", maxTokens: 10 })
      }), { ...NEVER, caps: usd(500) }))

  it.live("warns once at 80 and once at 90 %", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => lines.push(String(message))))
      yield* withBudget(({ models }) => Effect.replicateEffect(models.complete({ prompt: "say", maxTokens: 1 }), 9), {
        ...NEVER,
        caps: usd(110)
      }).pipe(
        Effect.provide(logger)
      )
      assert.strictEqual(lines.length, 2, lines.join("\n"))
      assert.match(
        lines[0]!,
        /^80 % of this day's budget for models is used \(\$88\.00 of \$110\.00\); .*CLAUDE_MEMORY_USD_PER_DAY/
      )
      assert.match(lines[1]!, /^90 % .*\$99\.00 of \$110\.00/)
    }))

  it.live("what can't be paid is asked of a fall-back that costs nothing", () =>
    withBudget(
      (ground) =>
        Effect.gen(function*() {
          yield* ground.models.complete({ prompt: "say", maxTokens: 10 })
          yield* ground.models.complete({ prompt: "say", maxTokens: 10 })
          assert.deepStrictEqual((yield* rows(ground)).map(({ calls, key, usd }) => [key, calls, usd]), [[
            "openai:unlisted",
            2,
            0
          ]])
        }),
      { ...NEVER, caps: usd(1) },
      (server) => ({ light: [endpoint(server), endpoint(server, "unlisted")] })
    ))

  it.live("is recorded for the role and project of the call", () =>
    withBudget((ground) =>
      Effect.gen(function*() {
        yield* Effect.provideService(ground.models.complete({ prompt: "a" }), CurrentProject, "p1")
        yield* ground.models.complete({ prompt: "b" })
        assert.deepStrictEqual((yield* rows(ground, "project")).map(({ key }) => key).sort(), ["", "p1"])
      })
    ))
})

describe("completions that are to be kept", () => {
  const unkept = { system: "a test", prompt: "say", maxTokens: 10 }
  const request = { ...unkept, keep: { accepts: () => true } }

  it.live("are paid once; another request and one that is not to be kept are asked", () =>
    withBudget(({ models, server }) =>
      Effect.gen(function*() {
        const first = yield* models.complete(request)
        const asked = server.seen.requests
        const again = yield* models.complete(request)
        assert.deepStrictEqual([again.text, again.model, again.usage.output], [first.text, first.model, 0])
        assert.strictEqual(server.seen.requests, asked)
        yield* models.complete(unkept)
        yield* models.complete({ ...request, prompt: "say more" })
        yield* models.complete({ ...request, system: "another test" })
        assert.strictEqual(server.seen.requests, asked + 3)
      })
    ))

  it.live("a failure is not kept", () =>
    withBudget(({ models, server }) =>
      Effect.gen(function*() {
        server.behaviour = { status: 500, body: "" }
        yield* Effect.flip(models.complete(request))
        server.behaviour = "answers"
        assert.notStrictEqual((yield* models.complete(request)).text, "")
      })
    ))

  it.live("one that can't be used is neither kept nor taken from the cache", () =>
    withBudget(({ models, server }) =>
      Effect.gen(function*() {
        const accepts = (text: string) => text === "yes"
        const saying = (says: string, keep: Keeping = { accepts }) => {
          server.says = () => says
          return Effect.map(models.complete({ ...unkept, keep }), ({ text }) => text)
        }
        // As an earlier version kept it.
        assert.strictEqual(yield* saying("no", { accepts: () => true }), "no")
        assert.strictEqual(yield* saying("maybe"), "maybe")
        assert.strictEqual(yield* saying("yes"), "yes")
        assert.strictEqual(yield* saying("maybe"), "yes")
      })
    ))

  it.live("units that can't be read are asked for again; those that were read the second time are paid once", () =>
    withBudget(({ models, server }) =>
      Effect.gen(function*() {
        const prose = "Certainly! Here is what I found."
        const units = [{ type: "decision", title: "a", summary: "b", statements: [{ text: "c", sources: ["m1"] }] }]
        let answers: Array<string> = []
        server.says = () => answers.shift() ?? prose
        const written = Effect.suspend(() => write(models, "light", SEGMENT_TASK, linesOf([message("u1")], "m")))
        const failed = yield* Effect.flip(written)
        assert.deepStrictEqual([failed.reason, server.seen.requests], ["Damaged", 2])
        answers = [prose, JSON.stringify({ units })]
        assert.deepStrictEqual(yield* written, units as unknown as Effect.Effect.Success<typeof written>)
        assert.strictEqual(server.seen.requests, 4)
        assert.lengthOf(yield* written, 1)
        assert.strictEqual(server.seen.requests, 4)
      })
    ))
})

describe("embeddings that are known", () => {
  it.live("are not asked again, whoever asks and in whatever order; questions are", () =>
    withBudget(({ models, server }) =>
      Effect.gen(function*() {
        const first = yield* models.embed(["eat", "tea", "eat", "zzz", ""])
        const { requests } = server.seen
        assert.deepStrictEqual(yield* models.embed(["tea", "eat"]), [first[1]!, first[0]!])
        assert.strictEqual(server.seen.requests, requests)
        assert.deepStrictEqual(server.seen.batches.at(-1), 3)
        yield* models.embed(["eat"], "query")
        assert.strictEqual(server.seen.requests, requests + 1)
      })
    ))

  it.live("those of batches that came through stay when another fails", () =>
    withBudget(({ models, server }) =>
      Effect.gen(function*() {
        yield* models.embedding
        const texts = Array.from({ length: 400 }, (_, i) => `text number ${i}`)
        server.behaviour = (asked) =>
          asked.includes("text number 399") ? Promise.resolve({ status: 200, body: "no" }) : Promise.resolve("answers")
        assert.isTrue(Either.isLeft(yield* Effect.either(models.embed(texts))))
        server.behaviour = "answers"
        const before = server.seen.requests
        const found = yield* models.embed(texts)
        assert.isTrue(found.every(Option.isSome))
        assert.isBelow(server.seen.requests - before, 7)
      })
    ))

  it.live("a text that is refused beside others has no vector", () =>
    withBudget(({ models, server }) =>
      Effect.gen(function*() {
        yield* models.embedding
        server.behaviour = (asked) =>
          Promise.resolve(asked.includes("refused") ? { status: 400, body: "no" } : "answers")
        const found = yield* models.embed(["eat", "refused", "tea"])
        assert.deepStrictEqual(found.map(Option.isSome), [true, false, true])
        assert.strictEqual((yield* Effect.flip(models.embed(["refused"]))).reason, "Refused")
      })
    ))

  it.live("a wrong vector is never kept", () =>
    withBudget(({ models, server }) =>
      Effect.gen(function*() {
        yield* models.embedding
        server.behaviour = { status: 200, body: JSON.stringify({ data: [{ index: 0, embedding: [1, 2] }] }) }
        assert.strictEqual((yield* Effect.flip(models.embed(["eat"]))).reason, "Damaged")
        server.behaviour = "answers"
        const [found] = yield* models.embed(["eat"])
        assert.strictEqual(Option.getOrThrow(found!).length, 8)
      })
    ))
})

describe("the list that comes with the package", () => {
  it.effect("can be read, and is dated", () =>
    Effect.gen(function*() {
      const list = yield* App.prices("/nowhere")
      assert.match(list.date, /^20\d\d-\d\d-\d\d$/)
      assert.isAbove(Object.keys(list.models).length, 20)
    }).pipe(Effect.provide(base)))
})

describe("a person's own prices", () => {
  const reading = (text: string) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const home = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-prices-" })
      yield* fs.writeFileString(`${home}/prices.json`, text)
      return yield* App.prices(home)
    }).pipe(Effect.scoped, Effect.provide(base))

  it.effect("go before the list's, in a currency that has a rate", () =>
    Effect.gen(function*() {
      const { models, rates } = yield* reading(
        `{"rates": {"EUR": 1.2}, "models": {"openai:gpt-6-luna": {"input": 9}, "x:y": {"input": 1, "currency": "EUR"}}}`
      )
      assert.deepStrictEqual(models["openai:gpt-6-luna"], { input: 9 })
      assert.isDefined(models["openai:text-embedding-3-small"])
      assert.deepStrictEqual([rates.EUR, rates.CNY !== undefined], [1.2, true])
    }))

  it.effect.each(
    [
      ["{\"models\": {\"x:y\": {\"input\": \"much\"}}}", /models: x:y: input: Expected .*"much"/],
      ["{\"models\": {\"x:y\": {\"input\": -1}}}", /models: x:y: input: Expected .*-1/],
      ["{\"models\": {\"x:y\": {\"input\": 1, \"currency\": \"EUR\"}}}", /no rate for EUR/],
      ["{\"models\"", /JSON/]
    ] as const
  )("that can't be read are told with what is wrong: %s", ([text, pattern]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(reading(text))
      assert.strictEqual(error._tag, "PricesError")
      assert.match(error.message, pattern)
      assert.match(error.message, /prices\.json can't be read: .*Correct the file, or move it away$/s)
    }))
})

describe("a file of models that is damaged", () => {
  it.effect("stops models, is left as it is, and says what to do", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-models-" })
      yield* fs.writeFileString(`${folder}/models.db`, "no database")
      const error = yield* Effect.flip(Effect.flatMap(Spending, ({ spent }) => spent(0))).pipe(
        Effect.provide(Layer.provide(App.spendingIn(folder), base))
      )
      assert.match(error.message, /what models cost can't be read: models\.db in .* is damaged .* no memory is$/)
      assert.strictEqual(yield* fs.readFileString(`${folder}/models.db`), "no database")
    }).pipe(Effect.scoped, Effect.provide(base)))
})
