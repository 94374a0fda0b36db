/**
 * Requests to each provider as sent, and the results made of its published example answers.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import { type ModelError, ModelManager, type Usage } from "../../../src/models/ModelManager.ts"
import { PRESETS, type Role } from "../../../src/models/Presets.ts"
import * as Unmetered from "../../../src/models/providers/Unmetered.ts"
import { base } from "../../contract/layers.ts"
import { type Behaviour, type ModelServer, modelServer } from "../server.ts"

const KEY = "the key"
const JSON_SHAPE = {
  name: "unit",
  schema: {
    type: "object",
    properties: { title: { type: "string" } },
    required: ["title"],
    additionalProperties: false
  }
}

/** Calls a server with this behaviour, through the preset of `provider`. */
const met = <A>(
  provider: string,
  role: Role,
  behaviour: Behaviour,
  use: (models: ModelManager["Type"]) => Effect.Effect<A, ModelError>
) =>
  Effect.scoped(Effect.gen(function*() {
    const server: ModelServer = yield* modelServer
    server.behaviour = behaviour
    const { pathname } = new URL(PRESETS[provider]!.baseUrl)
    const baseUrl = `${server.origin}${pathname === "/" ? "" : pathname}`
    const models = Unmetered.providers({
      roles: {
        [role]: [{ provider, model: "a/model", baseUrl, apiKey: Option.some(Redacted.make(KEY)), dimension: 2 }]
      },
      patience: { timeout: "5 seconds", retries: 0, maxDelay: 0 }
    })
    const found = yield* Effect.either(
      Effect.provide(Effect.flatMap(ModelManager, use), Layer.provide(models, base))
    )
    return { found, request: server.seen.last! }
  }))

const asked = <A>(
  provider: string,
  role: Role,
  answer: unknown,
  use: (models: ModelManager["Type"]) => Effect.Effect<A, ModelError>
) => met(provider, role, { status: 200, body: typeof answer === "string" ? answer : JSON.stringify(answer) }, use)

const complete = (request: Parameters<ModelManager["Type"]["complete"]>[0]) => (models: ModelManager["Type"]) =>
  models.complete(request)

const openAiChat = (message: object, rest: object = {}, choice: object = { finish_reason: "stop" }) => ({
  id: "c",
  object: "chat.completion",
  created: 1,
  model: "served",
  choices: [{ index: 0, message: { role: "assistant", ...message }, logprobs: null, ...choice }],
  ...rest
})

const RIGHT: ReadonlyArray<
  readonly [name: string, provider: string, answer: object, usage: Usage]
> = [
  [
    "OpenAI",
    "openai",
    openAiChat({ content: " hello ", refusal: null, annotations: [] }, {
      service_tier: "default",
      usage: {
        prompt_tokens: 9,
        completion_tokens: 3,
        total_tokens: 12,
        prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 1 }
      }
    }),
    { input: 9, cached: 4, output: 3 }
  ],
  [
    "Ollama, which leaves out what it does not know",
    "ollama",
    openAiChat({ content: "hello" }, { usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } }),
    { input: 9, cached: 0, output: 3 }
  ],
  [
    "vLLM, which gives null for it",
    "vllm",
    openAiChat({ content: "hello", refusal: null, tool_calls: [] }, {
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12, prompt_tokens_details: null }
    }),
    { input: 9, cached: 0, output: 3 }
  ],
  [
    "DeepSeek, with what it thought",
    "deepseek",
    openAiChat({ content: "hello", reasoning_content: "hm" }, {
      usage: { prompt_tokens: 9, completion_tokens: 3, prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 1 }
    }),
    { input: 9, cached: 8, output: 3 }
  ],
  ["LM Studio, without a count", "lmstudio", openAiChat({ content: "hello" }, { stats: {} }), {
    input: 0,
    cached: 0,
    output: 0
  }],
  [
    "OpenRouter, with ends of its own",
    "openrouter",
    openAiChat({ content: "hello", reasoning: null }, {
      provider: "x",
      usage: { prompt_tokens: 9, completion_tokens: 3, cost: 0.00001, cost_details: {} }
    }, { finish_reason: "done", native_finish_reason: "eos" }),
    { input: 9, cached: 0, output: 3, cost: 0.00001 }
  ],
  [
    "OpenRouter, with a person's own key",
    "openrouter",
    openAiChat({ content: "hello" }, {
      usage: {
        prompt_tokens: 9,
        completion_tokens: 3,
        cost: 0.25,
        is_byok: true,
        cost_details: { upstream_inference_cost: 0.5 }
      }
    }),
    { input: 9, cached: 0, output: 3, cost: 0.75 }
  ],
  [
    "a server that counts in words",
    "openrouter",
    openAiChat({ content: "hello" }, { usage: { prompt_tokens: "nine", completion_tokens: 3, cost: "0.25" } }),
    { input: 0, cached: 0, output: 3 }
  ],
  [
    "Gemini, without what it thought but with its tokens",
    "gemini",
    {
      candidates: [{
        content: {
          role: "model",
          parts: [{ text: "hm", thought: true }, { text: "hel" }, { text: "lo", thoughtSignature: "x" }]
        },
        finishReason: "STOP",
        index: 0
      }],
      usageMetadata: {
        promptTokenCount: 9,
        cachedContentTokenCount: 4,
        candidatesTokenCount: 1,
        thoughtsTokenCount: 2
      },
      modelVersion: "served",
      responseId: "r"
    },
    { input: 9, cached: 4, output: 3 }
  ],
  [
    "Anthropic, whose count leaves out the cache",
    "anthropic",
    {
      id: "m",
      type: "message",
      role: "assistant",
      model: "served",
      content: [{ type: "thinking", thinking: "hm", signature: "x" }, { type: "text", text: "hello", citations: null }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 3, cache_creation_input_tokens: 2, cache_read_input_tokens: 4 }
    },
    { input: 9, cached: 4, output: 3 }
  ]
]

describe("completions", () => {
  it.live.each(RIGHT)("of %s", ([, provider, answer, usage]) =>
    Effect.gen(function*() {
      const { found } = yield* asked(provider, "light", answer, complete({ prompt: "say hello" }))
      assert.deepStrictEqual(found, Either.right({ text: "hello", model: "served", usage }))
    }))

  it.live("are asked of the heavy model where that is wanted", () =>
    Effect.gen(function*() {
      const answer = openAiChat({ content: "hello" })
      const { found } = yield* asked("openai", "heavy", answer, complete({ tier: "heavy", prompt: "x" }))
      assert.isTrue(Either.isRight(found))
      const { found: light } = yield* asked("openai", "heavy", answer, complete({ prompt: "x" }))
      assert.isTrue(Either.isLeft(light) && light.left.reason === "Missing")
    }))

  it.live("go out as OpenAI's interface has them", () =>
    Effect.gen(function*() {
      const { request } = yield* asked(
        "openai",
        "light",
        openAiChat({ content: "{}" }),
        complete({ system: "be brief", prompt: "say", maxTokens: 10, json: JSON_SHAPE })
      )
      assert.strictEqual(request.path, "/v1/chat/completions")
      assert.strictEqual(request.headers.authorization, `Bearer ${KEY}`)
      assert.deepStrictEqual(["traceparent", "b3"].filter((name) => name in request.headers), [])
      assert.deepStrictEqual(request.body, {
        model: "a/model",
        messages: [{ role: "system", content: "be brief" }, { role: "user", content: "say" }],
        max_tokens: 10,
        response_format: { type: "json_schema", json_schema: { ...JSON_SHAPE, strict: true } }
      })
    }))

  it.live.each(["deepseek", "siliconflow"])(
    "tell the shape in words where there are no schemas: %s",
    (provider) =>
      Effect.gen(function*() {
        const { request } = yield* asked(
          provider,
          "light",
          openAiChat({ content: "{}" }),
          complete({ prompt: "say", json: JSON_SHAPE })
        )
        const { messages, response_format: format } = request.body as {
          readonly messages: ReadonlyArray<{ readonly content: string }>
          readonly response_format: unknown
        }
        assert.deepStrictEqual(format, { type: "json_object" })
        assert.include(messages[0]!.content, JSON.stringify(JSON_SHAPE.schema))
      })
  )

  it.live("ask less of a server that refuses the form, and remember it", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* modelServer
      const formats: Array<string> = []
      server.behaviour = () => {
        const { response_format: format } = server.seen.last!.body as {
          readonly response_format?: { readonly type: string }
        }
        formats.push(format?.type ?? "none")
        return Promise.resolve(
          format === undefined
            ? { status: 200, body: JSON.stringify(openAiChat({ content: "{}" })) }
            : { status: 400, body: `{"error": {"message": "response_format.type ${format.type} is not supported"}}` }
        )
      }
      const endpoint = { provider: "openai", model: "m", baseUrl: server.baseUrl, apiKey: Option.none() }
      const models = Unmetered.providers({
        roles: { light: [endpoint] },
        patience: { timeout: "5 seconds", retries: 0, maxDelay: 0 }
      })
      const ask = Effect.flatMap(ModelManager, complete({ prompt: "say", json: JSON_SHAPE }))
      yield* Effect.provide(Effect.zipRight(ask, ask), Layer.provide(models, base))
      assert.deepStrictEqual(formats, ["json_schema", "json_object", "none", "none"])
      // Of several that are refused at once, none is given up.
      const four = Effect.all([ask, ask, ask, ask], { concurrency: "unbounded" })
      assert.lengthOf(yield* Effect.provide(four, Layer.provide(models, base)), 4)
    })))

  it.live("go out as Gemini's interface has them", () =>
    Effect.gen(function*() {
      const { request } = yield* asked(
        "gemini",
        "light",
        {},
        complete({
          system: "be brief",
          prompt: "say",
          maxTokens: 10,
          json: JSON_SHAPE
        })
      )
      assert.strictEqual(request.path, "/v1beta/models/a/model:generateContent")
      assert.strictEqual(request.headers["x-goog-api-key"], KEY)
      assert.isUndefined(request.headers.authorization)
      assert.deepStrictEqual(request.body, {
        systemInstruction: { parts: [{ text: "be brief" }] },
        contents: [{ role: "user", parts: [{ text: "say" }] }],
        generationConfig: {
          maxOutputTokens: 10,
          responseMimeType: "application/json",
          responseJsonSchema: JSON_SHAPE.schema
        }
      })
    }))

  it.live("go out as Anthropic's interface has them", () =>
    Effect.gen(function*() {
      const { request } = yield* asked(
        "anthropic",
        "light",
        {},
        complete({
          system: "be brief",
          prompt: "say",
          json: JSON_SHAPE
        })
      )
      assert.strictEqual(request.path, "/v1/messages")
      assert.strictEqual(request.headers["x-api-key"], KEY)
      assert.strictEqual(request.headers["anthropic-version"], "2023-06-01")
      assert.deepStrictEqual(request.body, {
        model: "a/model",
        max_tokens: 4_096,
        system: "be brief",
        messages: [{ role: "user", content: "say" }],
        output_config: { format: { type: "json_schema", schema: JSON_SHAPE.schema } }
      })
    }))

  const gemini = (candidate: object) => ({ candidates: [candidate] })
  const anthropic = (content: ReadonlyArray<object>, stop_reason = "end_turn") => ({ content, stop_reason })
  const WRONG: ReadonlyArray<readonly [string, string, unknown, ModelError["reason"], RegExp]> = [
    ["no choices", "openai", { choices: [] }, "Damaged", /has no choice/],
    ["blanks", "deepseek", openAiChat({ content: "  \n " }), "Damaged", /has no text/],
    [
      "a tool call",
      "openai",
      openAiChat({ content: null, tool_calls: [{}] }, {}, { finish_reason: "tool_calls" }),
      "Damaged",
      /has no text/
    ],
    [
      "a refusal",
      "openai",
      openAiChat({ content: null, refusal: "I can't help" }),
      "Refused",
      /it refuses: I can't help/
    ],
    ["a filter", "openai", openAiChat({ content: "" }, {}, { finish_reason: "content_filter" }), "Refused", /filter/],
    ["JSON cut off", "openai", openAiChat({ content: "{\"ti" }, {}, { finish_reason: "length" }), "Damaged", /cut off/],
    [
      "an error as an answer",
      "openrouter",
      { error: { message: "no" } },
      "Damaged",
      /the form of \/chat\/completions/
    ],
    ["HTML", "openai", "<!doctype html>", "Damaged", /the form of/],
    [
      "a blocked prompt",
      "gemini",
      { promptFeedback: { blockReason: "SAFETY" } },
      "Refused",
      /refuses the prompt: SAFETY/
    ],
    ["no candidate", "gemini", { candidates: [] }, "Damaged", /no candidate/],
    ["nothing but thoughts", "gemini", gemini({ finishReason: "MAX_TOKENS" }), "Damaged", /cut off|no text/],
    [
      "a stopped answer",
      "gemini",
      gemini({ content: { parts: [{ text: "he" }] }, finishReason: "SAFETY" }),
      "Refused",
      /SAFETY/
    ],
    [
      "a tool call",
      "gemini",
      gemini({ content: { parts: [{ functionCall: { name: "f", args: {} } }] }, finishReason: "STOP" }),
      "Damaged",
      /no text/
    ],
    ["a refusal", "anthropic", anthropic([], "refusal"), "Refused", /it refuses/],
    ["no content", "anthropic", anthropic([]), "Damaged", /no text/],
    ["a tool call", "anthropic", anthropic([{ type: "tool_use", id: "t" }], "tool_use"), "Damaged", /no text/],
    ["JSON cut off", "anthropic", anthropic([{ type: "text", text: "{" }], "max_tokens"), "Damaged", /cut off/]
  ]
  it.live.each(WRONG)("%s from %s is a typed error", ([, provider, answer, reason, message]) =>
    Effect.gen(function*() {
      const { found } = yield* asked(provider, "light", answer, complete({ prompt: "say", json: JSON_SHAPE }))
      assert(Either.isLeft(found))
      assert.strictEqual(found.left.reason, reason)
      assert.match(found.left.message, message)
    }))
})

describe("embeddings", () => {
  const two = { data: [{ index: 1, embedding: [0, 2] }, { index: 0, embedding: [3, 0], object: "embedding" }] }
  const gemini = { embeddings: [{ values: [3, 0] }, { values: [0, 2] }] }
  const embed = (models: ModelManager["Type"]) => models.embed(["one", "two"], "query")

  it.live.each(
    [
      ["openai", two, "/v1/embeddings", { model: "a/model", input: ["one", "two"], encoding_format: "float" }],
      ["voyage", two, "/v1/embeddings", { model: "a/model", input: ["one", "two"], input_type: "query" }],
      ["gemini", gemini, "/v1beta/models/a/model:batchEmbedContents", {
        requests: ["one", "two"].map((text) => ({
          model: "models/a/model",
          content: { parts: [{ text }] },
          taskType: "RETRIEVAL_QUERY"
        }))
      }]
    ] as const
  )("of %s", ([provider, answer, path, body]) =>
    Effect.gen(function*() {
      const { found, request } = yield* asked(provider, "embedding", answer, embed)
      assert.deepStrictEqual(
        Either.map(found, (all) => all.map((each) => [...Option.getOrThrow(each)])),
        Either.right([[1, 0], [0, 1]])
      )
      assert.strictEqual(request.path, path)
      assert.deepStrictEqual(request.body, body)
    }))

  it.live.each(
    [
      ["one too few", "gemini", { embeddings: [{ values: [3, 0] }] }, /gave 1 vectors for 2 texts/],
      ["another dimension", "gemini", { embeddings: [{ values: [1, 0] }, { values: [1] }] }, /1 dimensions, not 2/],
      ["no number", "voyage", "{\"data\":[{\"index\":0,\"embedding\":[NaN]}]}", /the form of/],
      [
        "infinity",
        "openai",
        "{\"data\":[{\"index\":0,\"embedding\":[1,0]},{\"index\":1,\"embedding\":[1e999,0]}]}",
        /the form of/
      ],
      [
        "numbers too large for 32 bits",
        "gemini",
        { embeddings: [{ values: [1e308, 1e308] }, { values: [1, 0] }] },
        /not/
      ],
      ["one too many", "voyage", { data: [0, 1, 2].map((index) => ({ index, embedding: [1, 0] })) }, /gave 3 vectors/],
      [
        "one index twice",
        "openai",
        { data: [{ index: 0, embedding: [1, 0] }, { index: 0, embedding: [1, 0] }] },
        /vectors for/
      ]
    ] as const
  )("%s from %s is a typed error", ([, provider, answer, message]) =>
    Effect.gen(function*() {
      const { found } = yield* asked(provider, "embedding", answer, embed)
      assert(Either.isLeft(found))
      assert.strictEqual(found.left.reason, "Damaged")
      assert.match(found.left.message, message)
    }))
})

describe("rerank", () => {
  const results = [{ index: 0, relevance_score: 0.1 }, { index: 1, relevance_score: 0.9, document: { text: "b" } }]
  const rerank = (models: ModelManager["Type"]) => models.rerank("q", ["a", "b"])
  const JINA = { model: "a/model", query: "q", documents: ["a", "b"], top_n: 2 }

  it.live.each(
    [
      ["jina", { results, usage: { total_tokens: 5 } }, "/v1/rerank", JINA],
      ["cohere", { id: "r", results, meta: { billed_units: { search_units: 1 } } }, "/v2/rerank", JINA],
      ["siliconflow", { id: "r", results, tokens: { input_tokens: 5, output_tokens: 0 } }, "/v1/rerank", JINA],
      ["voyage", { object: "list", data: results, usage: { total_tokens: 5 } }, "/v1/rerank", {
        model: "a/model",
        query: "q",
        documents: ["a", "b"],
        top_k: 2
      }]
    ] as const
  )("of %s", ([provider, answer, path, body]) =>
    Effect.gen(function*() {
      const { found, request } = yield* asked(provider, "rerank", answer, rerank)
      assert.deepStrictEqual(found, Either.right([{ index: 1, score: 0.9 }, { index: 0, score: 0.1 }]))
      assert.strictEqual(request.path, path)
      assert.deepStrictEqual(request.body, body)
    }))

  it.live.each([[2, 0], [-1, 0], [0, 0]])(
    "documents %s and %s of two are a typed error",
    ([a, b]) =>
      Effect.gen(function*() {
        const answer = { results: [a, b].map((index) => ({ index, relevance_score: 0.5 })) }
        const { found } = yield* asked("jina", "rerank", answer, rerank)
        assert(Either.isLeft(found))
        assert.match(found.left.message, /ranked documents that it was not given/)
      })
  )

  it.live.each([["jina", "results"], ["voyage", "data"]] as const)("a score of %s that is no number is a typed error", (
    [provider, name]
  ) =>
    Effect.gen(function*() {
      const answer = `{"${name}":[{"index":0,"relevance_score":NaN}]}`
      const { found } = yield* asked(provider, "rerank", answer, rerank)
      assert.isTrue(Either.isLeft(found) && found.left.reason === "Damaged")
    }))
})

describe("a key", () => {
  const providers = ["openai", "gemini", "anthropic", "voyage"] as const
  const failed = (provider: string, behaviour: Behaviour) => {
    const use = (models: ModelManager["Type"]): Effect.Effect<unknown, ModelError> =>
      provider === "voyage" ? models.rerank("the prompt", ["a"]) : models.complete({ prompt: "the prompt" })
    return Effect.flatMap(
      met(provider, provider === "voyage" ? "rerank" : "light", behaviour, use),
      ({ found }) => Effect.flip(found)
    )
  }

  it.live.each(providers)(
    "of %s does not follow a redirect to another origin",
    (provider) =>
      Effect.scoped(Effect.gen(function*() {
        const other = yield* modelServer
        const error = yield* failed(provider, { status: 307, body: "", headers: { location: other.baseUrl } })
        assert.strictEqual(error.reason, "Rejected")
        assert.match(error.message, /it redirects, which is not followed.* \(307\)$/)
        assert.strictEqual(other.seen.sockets, 0)
      }))
  )

  it.live.each(providers)(
    "of %s is not in an error, nor is the prompt, however that is logged",
    (provider) =>
      Effect.gen(function*() {
        for (const behaviour of ["resets", "resets in its answer"] as const) {
          const error = yield* failed(provider, behaviour)
          for (const text of [inspect(error, { depth: 20 }), JSON.stringify(error)]) {
            assert.notInclude(text, KEY)
            assert.notInclude(text, "the prompt")
          }
        }
      })
  )
})
