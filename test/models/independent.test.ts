/**
 * Runs the dialects against a mock server written by others, so that they are tested against more than our own reading
 * of them.
 */
import { type ChaosConfig, LLMock } from "@copilotkit/aimock"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type ModelError, ModelManager } from "../../src/models/ModelManager.ts"
import { PRESETS, type Role } from "../../src/models/Presets.ts"
import type * as Providers from "../../src/models/providers/Providers.ts"
import * as Unmetered from "../../src/models/providers/Unmetered.ts"
import { base } from "../contract/layers.ts"

const VECTOR = Array.from({ length: 16 }, (_, i) => i === 3 ? 2 : 0)

const mock = Effect.acquireRelease(
  Effect.promise(async () => {
    const server = new LLMock({ port: 0, host: "127.0.0.1" })
    server.onMessage(/say hello/, { content: "hello" })
      .onMessage(/make a unit/, { content: "{\"title\":\"a unit\"}" })
      .onEmbedding(/./, { embedding: VECTOR })
      .onRerank(/./, [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.2 }])
    await server.start()
    return server
  }),
  (server) => Effect.promise(() => server.stop())
)

/** Uses the provider's preset with another address. */
const asked = <A, E>(
  provider: string,
  role: Role,
  use: (models: ModelManager["Type"], server: LLMock) => Effect.Effect<A, E>,
  patience: Partial<Providers.Options["patience"]> = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* mock
    const { pathname } = new URL(PRESETS[provider]!.baseUrl)
    const baseUrl = `${server.url}${pathname === "/" ? "" : pathname}`
    const models = Unmetered.providers({
      roles: { [role]: [{ provider, model: "model", baseUrl, apiKey: Option.some(Redacted.make("key")) }] },
      patience: { timeout: "5 seconds", retries: 0, maxDelay: "5 seconds", ...patience }
    })
    return yield* Effect.provide(
      Effect.flatMap(ModelManager, (models) => use(models, server)),
      Layer.provide(models, base)
    )
  }))

const CHAT = ["openai", "anthropic", "gemini"] as const

describe("a server that others wrote", () => {
  it.live.each(CHAT)("completes over %s's interface", (provider) =>
    Effect.gen(function*() {
      const { text, usage } = yield* asked(
        provider,
        "light",
        ({ complete }) => complete({ system: "be brief", prompt: "say hello", maxTokens: 20 })
      )
      assert.strictEqual(text, "hello")
      assert.isAtLeast(usage.output, 0)
    }))

  it.live.each(CHAT)("gives JSON over %s's interface", (provider) =>
    Effect.gen(function*() {
      const { text } = yield* asked(provider, "light", ({ complete }) =>
        complete({
          prompt: "make a unit",
          json: { name: "unit", schema: { type: "object", properties: { title: { type: "string" } } } }
        }))
      assert.deepStrictEqual(JSON.parse(text), { title: "a unit" })
    }))

  it.live("embeds over OpenAI's interface", () =>
    Effect.gen(function*() {
      const { embedding, vectors } = yield* asked(
        "openai",
        "embedding",
        ({ embed, embedding }) => Effect.all({ embedding, vectors: embed(["one", "two"]) })
      )
      assert.deepStrictEqual(embedding, { id: "model@16", dimension: 16 })
      for (const vector of vectors) assert.strictEqual(Option.getOrThrow(vector)[3], 1)
    }))

  it.live("reranks over Cohere's interface", () =>
    Effect.gen(function*() {
      const ranked = yield* asked("cohere", "rerank", ({ rerank }) => rerank("which?", ["a", "b"]))
      assert.deepStrictEqual(ranked, [{ index: 1, score: 0.9 }, { index: 0, score: 0.2 }])
    }))

  it.live.each(CHAT)("refuses a request in the words of %s", (provider) =>
    Effect.gen(function*() {
      const error = yield* asked(provider, "light", ({ complete }, server) => {
        server.nextRequestError(400, { message: "the prompt is too long", type: "invalid_request_error" })
        return Effect.flip(complete({ prompt: "say hello" }))
      })
      assert.strictEqual(error.reason, "Refused")
      assert.match(error.message, /\(400\): the prompt is too long$/)
    }))

  it.live.each<readonly [string, ChaosConfig, ModelError["reason"]]>([
    ["drops a request with 500", { dropRate: 1 }, "Unavailable"],
    ["sends JSON that is none", { malformedRate: 1 }, "Damaged"],
    ["hangs up", { disconnectRate: 1 }, "Unavailable"]
  ])("when it %s, a typed error says so", ([, chaos, reason]) =>
    Effect.gen(function*() {
      const error = yield* asked("openai", "light", ({ complete }, server) => {
        server.setChaos(chaos)
        return Effect.flip(complete({ prompt: "say hello" }))
      })
      assert.strictEqual(error.reason, reason)
    }))

  it.live("is asked again after what went wrong once", () =>
    Effect.gen(function*() {
      const { text } = yield* asked("openai", "light", ({ complete }, server) => {
        server.nextRequestError(429, { message: "slow down" })
        return complete({ prompt: "say hello" })
      }, { retries: 1 })
      assert.strictEqual(text, "hello")
    }))
})
