import { assert, describe, it, vi } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { homedir, userInfo } from "node:os"
import { delimiter, join, resolve } from "node:path"
import * as QdrantAddress from "../../src/index/QdrantAddress.ts"
import * as HookSettings from "../../src/settings/Hooks.ts"
import * as Reading from "../../src/settings/Reading.ts"
import * as Settings from "../../src/settings/Settings.ts"

const loaded = (environment: Readonly<Record<string, string>>) =>
  Effect.withConfigProvider(Settings.load, ConfigProvider.fromMap(new Map(Object.entries(environment))))

const modelsOf = (environment: Readonly<Record<string, string>>) =>
  Effect.map(loaded(environment), ({ models }) =>
    Object.fromEntries(
      Object.entries(models).map(([role, endpoints]) => [
        role,
        endpoints.map(({ apiKey, ...rest }) => ({
          ...rest,
          key: Option.getOrNull(Option.map(apiKey, Redacted.value))
        }))
      ])
    ))

describe("models by settings", () => {
  it.effect("a key or an address alone switches nothing on", () =>
    Effect.gen(function*() {
      const models = yield* modelsOf({
        OPENAI_API_KEY: "k",
        OPENAI_BASE_URL: "http://127.0.0.1:1/v1",
        ANTHROPIC_API_KEY: "k",
        GEMINI_API_KEY: "k"
      })
      assert.deepStrictEqual(models, {})
    }))

  it.effect("the package's own model can be named, for embeddings", () =>
    Effect.gen(function*() {
      for (const name of ["local", " Local "]) {
        assert.deepStrictEqual(yield* modelsOf({ CLAUDE_MEMORY_EMBEDDING: name }), {})
      }
      const error = yield* Effect.flip(modelsOf({ CLAUDE_MEMORY_LIGHT: "local" }))
      assert.match(error.message, /^CLAUDE_MEMORY_LIGHT is PROVIDER:MODEL/)
    }))

  it.effect("a named model has its provider's address and the key that people have for it", () =>
    Effect.gen(function*() {
      const models = yield* modelsOf({
        CLAUDE_MEMORY_LIGHT: "gemini:gemini-2.5-flash, anthropic:claude-haiku-4-5",
        CLAUDE_MEMORY_HEAVY: "siliconflow:deepseek-ai/DeepSeek-V2.5",
        CLAUDE_MEMORY_EMBEDDING: "siliconflow:Qwen/Qwen3-Embedding-8B,openrouter:qwen/qwen3-embedding-8b",
        CLAUDE_MEMORY_RERANK: "siliconflow:Qwen/Qwen3-Reranker-8B",
        SILICONFLOW_API_KEY: "s",
        GOOGLE_API_KEY: "g"
      })
      const siliconflow = { provider: "siliconflow", baseUrl: "https://api.siliconflow.cn/v1", key: "s" }
      assert.deepStrictEqual(models, {
        light: [
          {
            provider: "gemini",
            model: "gemini-2.5-flash",
            baseUrl: "https://generativelanguage.googleapis.com",
            key: "g"
          },
          { provider: "anthropic", model: "claude-haiku-4-5", baseUrl: "https://api.anthropic.com", key: null }
        ],
        heavy: [{ ...siliconflow, model: "deepseek-ai/DeepSeek-V2.5" }],
        embedding: [
          { ...siliconflow, model: "Qwen/Qwen3-Embedding-8B" },
          {
            provider: "openrouter",
            model: "qwen/qwen3-embedding-8b",
            baseUrl: "https://openrouter.ai/api/v1",
            key: null
          }
        ],
        rerank: [{ ...siliconflow, model: "Qwen/Qwen3-Reranker-8B" }]
      })
    }))

  it.effect.each<readonly [string, string]>([
    ["http://10.0.0.2:11434", "http://10.0.0.2:11434/v1"],
    ["0.0.0.0:11434", "http://127.0.0.1:11434/v1"],
    ["box:1234", "http://box:1234/v1"]
  ])("OLLAMA_HOST %s is %s", ([host, baseUrl]) =>
    Effect.gen(function*() {
      const models = yield* modelsOf({ CLAUDE_MEMORY_EMBEDDING: "ollama:qwen3-embedding:0.6b", OLLAMA_HOST: host })
      assert.deepStrictEqual(models, {
        embedding: [{ provider: "ollama", model: "qwen3-embedding:0.6b", baseUrl, key: null }]
      })
    }))

  it.effect.each<readonly [Readonly<Record<string, string>>, RegExp]>([
    [
      { CLAUDE_MEMORY_LIGHT: "gpt" },
      /^CLAUDE_MEMORY_LIGHT is PROVIDER:MODEL, fall-backs after commas; providers: openai, /
    ],
    [{ CLAUDE_MEMORY_LIGHT: "openai:" }, /CLAUDE_MEMORY_LIGHT is PROVIDER:MODEL/],
    [{ CLAUDE_MEMORY_LIGHT: "openai:a,,openai:b" }, /CLAUDE_MEMORY_LIGHT is PROVIDER:MODEL/],
    [{ CLAUDE_MEMORY_HEAVY: "nobody:model" }, /CLAUDE_MEMORY_HEAVY is PROVIDER:MODEL/],
    [
      { CLAUDE_MEMORY_RERANK: "anthropic:claude" },
      /^CLAUDE_MEMORY_RERANK: anthropic has no models for it; these have: siliconflow, /
    ],
    [{ CLAUDE_MEMORY_EMBEDDING: "openai:a, openai:b" }, /the vectors of different models can't be compared/],
    [
      { CLAUDE_MEMORY_EMBEDDING: "openai:a", OPENAI_BASE_URL: "localhost:1234" },
      /^OPENAI_BASE_URL is a URL such as https:\/\/api\.openai\.com\/v1$/
    ],
    [
      { CLAUDE_MEMORY_EMBEDDING: "ollama:a", OLLAMA_HOST: "http://[" },
      /^OLLAMA_HOST is a host and a port such as 127\.0\.0\.1:11434$/
    ]
  ])("%j is refused with what to write instead", ([environment, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(loaded(environment))
      assert.match(error.message, message)
    }))

  it.effect.each<readonly [string, number | undefined]>([
    ["", undefined],
    ["0", undefined],
    ["off", undefined],
    ["1", 1],
    [" 2500 ", 2_500],
    ["60000", 60_000]
  ])("CLAUDE_MEMORY_FUSION %j is %s", ([value, milliseconds]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* loaded({ CLAUDE_MEMORY_FUSION: value })).fusion, milliseconds)
      assert.strictEqual((yield* loaded({})).fusion, undefined)
      for (const wrong of ["-1", "1.5", "60001", "on", "2s"]) {
        const error = yield* Effect.flip(loaded({ CLAUDE_MEMORY_FUSION: wrong }))
        assert.strictEqual(error.message, "CLAUDE_MEMORY_FUSION is milliseconds from 1 to 60000, or off")
      }
    }))

  it.effect("no key is in an error", () =>
    Effect.gen(function*() {
      const settings = yield* loaded({ CLAUDE_MEMORY_LIGHT: "openai:a", OPENAI_API_KEY: "sk-secret" })
      assert.notInclude(JSON.stringify(settings), "sk-secret")
    }))
})

const LIGHT = { CLAUDE_MEMORY_LIGHT: "openai:a" }

describe("compression by settings", () => {
  it.effect.each<readonly [Readonly<Record<string, string>>, Settings.Settings["compression"]]>([
    [{}, "extractive"],
    [LIGHT, "extractive"],
    [{ CLAUDE_MEMORY_COMPRESSION: "" }, "extractive"],
    [{ CLAUDE_MEMORY_COMPRESSION: "extractive" }, "extractive"],
    [{ ...LIGHT, CLAUDE_MEMORY_COMPRESSION: "hybrid" }, "hybrid"],
    [{ ...LIGHT, CLAUDE_MEMORY_COMPRESSION: " Abstractive " }, "abstractive"],
    [{ CLAUDE_MEMORY_HEAVY: "openai:b", CLAUDE_MEMORY_COMPRESSION: "hybrid" }, "hybrid"]
  ])(
    "%j is %s",
    ([environment, compression]) =>
      Effect.map(loaded(environment), (settings) => assert.strictEqual(settings.compression, compression))
  )

  const oneOf = /^CLAUDE_MEMORY_COMPRESSION is one of extractive, hybrid, abstractive$/
  const needs = (mode: string) =>
    new RegExp(
      `^CLAUDE_MEMORY_COMPRESSION=${mode} needs a language model: set CLAUDE_MEMORY_LIGHT, such as openai:\\S+$`
    )

  it.effect.each<readonly [Readonly<Record<string, string>>, RegExp]>([
    [{ ...LIGHT, CLAUDE_MEMORY_COMPRESSION: "all" }, oneOf],
    // The mode of a review by hand is not a setting.
    [{ ...LIGHT, CLAUDE_MEMORY_COMPRESSION: "manual" }, oneOf],
    [{ ...LIGHT, CLAUDE_MEMORY_COMPRESSION: "hybrid,abstractive" }, oneOf],
    [{ CLAUDE_MEMORY_COMPRESSION: "hybrid" }, needs("hybrid")],
    [{ CLAUDE_MEMORY_COMPRESSION: "abstractive", OPENAI_API_KEY: "k" }, needs("abstractive")],
    [{ CLAUDE_MEMORY_COMPRESSION: "hybrid", CLAUDE_MEMORY_EMBEDDING: "openai:e" }, needs("hybrid")]
  ])(
    "%j is refused with what to write instead",
    ([environment, message]) =>
      Effect.map(Effect.flip(loaded(environment)), (error) => assert.match(error.message, message))
  )
})

describe("caps by settings", () => {
  const none = Number.POSITIVE_INFINITY
  const caps = (usdPerDay: number, usdPerMonth: number, tokensPerDay: number, tokensPerMonth: number) => ({
    day: { usd: usdPerDay, tokens: tokensPerDay },
    month: { usd: usdPerMonth, tokens: tokensPerMonth }
  })
  const NAMES = ["USD_PER_DAY", "USD_PER_MONTH", "TOKENS_PER_DAY", "TOKENS_PER_MONTH"].map((name) =>
    `CLAUDE_MEMORY_${name}`
  )
  const all = (...values: ReadonlyArray<string>) => Object.fromEntries(values.map((value, i) => [NAMES[i]!, value]))

  it.effect.each<readonly [Readonly<Record<string, string>>, Settings.Settings["caps"]]>([
    [{}, caps(1, 10, none, none)],
    [all("", " "), caps(1, 10, none, none)],
    [all("0.25", "3", "200000", "1e6"), caps(0.25, 3, 200_000, 1_000_000)],
    [all("0", " 0 ", "0", "0"), caps(0, 0, 0, 0)],
    [all("none", "none", "none", " none"), caps(none, none, none, none)],
    [{ CLAUDE_MEMORY_TOKENS_PER_DAY: "5" }, caps(1, 10, 5, none)]
  ])(
    "%j",
    ([environment, expected]) =>
      Effect.map(loaded(environment), (settings) => assert.deepStrictEqual(settings.caps, expected))
  )

  it.effect.each(
    NAMES.flatMap((name) => {
      const wrong = ["-1", "$5", "5 dollars", "1,5", "NaN", "unlimited"]
      return name.includes("TOKENS")
        ? [...wrong, "1.5"].map((value) => [name, value, "whole number"])
        : wrong.map((value) => [name, value, "number"])
    })
  )(
    "%s=%s is refused with what to write instead",
    ([name, value, form]) =>
      Effect.map(
        Effect.flip(loaded({ [name!]: value! })),
        (error) => assert.strictEqual(error.message, `${name} is a ${form}, 0 or more, or none`)
      )
  )
})

describe("Qdrant by settings", () => {
  const URL = { CLAUDE_MEMORY_QDRANT_URL: "http://127.0.0.1:6333" }
  const qdrantOf = (environment: Readonly<Record<string, string>>) =>
    Effect.map(loaded(environment), ({ qdrant }) =>
      qdrant && {
        at: QdrantAddress.show(qdrant.address),
        key: Option.getOrNull(Option.map(qdrant.apiKey, Redacted.value)),
        prefix: qdrant.prefix,
        shards: qdrant.shards,
        replicas: qdrant.replicas
      })
  const otherwise = { at: "http://127.0.0.1:6333", key: null, prefix: "claude_memory", shards: 1, replicas: 1 }

  it.effect.each<readonly [Readonly<Record<string, string>>, Readonly<Record<string, string | number>> | null]>([
    [{}, null],
    [{ CLAUDE_MEMORY_QDRANT_URL: "" }, null],
    // These configure Qdrant, but none of them turns it on.
    [
      {
        QDRANT_API_KEY: "k",
        CLAUDE_MEMORY_QDRANT_PREFIX: "team",
        CLAUDE_MEMORY_QDRANT_SHARDS: "2",
        CLAUDE_MEMORY_QDRANT_REPLICAS: "2"
      },
      null
    ],
    [URL, {}],
    [{ QDRANT_URL: "http://127.0.0.1" }, {}],
    [{ ...URL, QDRANT_URL: "http://other:6333" }, {}],
    [{ CLAUDE_MEMORY_QDRANT_URL: "", QDRANT_URL: "https://other" }, { at: "https://other:6333" }],
    [{ CLAUDE_MEMORY_QDRANT_URL: "off", QDRANT_URL: "http://other:6333" }, null],
    [{ CLAUDE_MEMORY_QDRANT_URL: " Off ", QDRANT_URL: "no URL at all" }, null],
    [{ QDRANT_URL: "off" }, null],
    [{ ...URL, QDRANT_API_KEY: "theirs" }, { key: "theirs" }],
    [{ ...URL, QDRANT_API_KEY: "theirs", CLAUDE_MEMORY_QDRANT_API_KEY: "ours" }, { key: "ours" }],
    [{ QDRANT_URL: "http://127.0.0.1", CLAUDE_MEMORY_QDRANT_API_KEY: "ours" }, { key: "ours" }],
    [{ ...URL, CLAUDE_MEMORY_QDRANT_PREFIX: "Team-2_b" }, { prefix: "Team-2_b" }],
    [{ ...URL, CLAUDE_MEMORY_QDRANT_PREFIX: "a".repeat(64) }, { prefix: "a".repeat(64) }],
    [{ ...URL, CLAUDE_MEMORY_QDRANT_SHARDS: "", CLAUDE_MEMORY_QDRANT_PREFIX: "" }, {}],
    [{ ...URL, CLAUDE_MEMORY_QDRANT_SHARDS: "100", CLAUDE_MEMORY_QDRANT_REPLICAS: "3" }, { shards: 100, replicas: 3 }]
  ])(
    "%j is %j",
    ([environment, expected]) =>
      Effect.map(
        qdrantOf(environment),
        (found) => assert.deepStrictEqual(found, expected === null ? undefined : { ...otherwise, ...expected })
      )
  )

  it.effect.each<readonly [Readonly<Record<string, string>>, string]>([
    [{ CLAUDE_MEMORY_QDRANT_URL: "qdrant" }, "CLAUDE_MEMORY_QDRANT_URL: it is a URL such as http://127.0.0.1:6333"],
    [{ QDRANT_URL: "qdrant:6333" }, "QDRANT_URL: it is a URL such as http://127.0.0.1:6333"],
    [
      { ...URL, CLAUDE_MEMORY_QDRANT_URL: "http://h:6334" },
      "CLAUDE_MEMORY_QDRANT_URL: 6334 is Qdrant's port for gRPC; the one for REST is 6333"
    ],
    [
      { QDRANT_URL: "http://me:hunter2@h:6333" },
      "QDRANT_URL: a name or password in the URL is not sent; set the API key"
    ],
    ...["two words", "a/b", "a".repeat(65)].map((prefix): readonly [Readonly<Record<string, string>>, string] => [
      { ...URL, CLAUDE_MEMORY_QDRANT_PREFIX: prefix },
      "CLAUDE_MEMORY_QDRANT_PREFIX is of letters, digits, - and _, at most 64"
    ]),
    ...["SHARDS", "REPLICAS"].flatMap((name) =>
      ["0", "-1", "101", "1.5", "two"].map((value): readonly [Readonly<Record<string, string>>, string] => [
        { ...URL, [`CLAUDE_MEMORY_QDRANT_${name}`]: value },
        `CLAUDE_MEMORY_QDRANT_${name} is from 1 to 100`
      ])
    )
  ])(
    "%j is refused with what to write instead",
    ([environment, message]) =>
      Effect.map(Effect.flip(loaded(environment)), (error) => assert.strictEqual(error.message, message))
  )

  it.effect("no key is in an error about another setting", () =>
    Effect.gen(function*() {
      const key = "the-key-of-qdrant"
      const keys = { QDRANT_API_KEY: key, CLAUDE_MEMORY_QDRANT_API_KEY: key }
      assert.notInclude(JSON.stringify(yield* loaded({ ...URL, ...keys })), key)
      for (
        const wrong of [
          { CLAUDE_MEMORY_QDRANT_URL: `http://${key}@h` },
          { CLAUDE_MEMORY_QDRANT_URL: `http://h:6333?api-key=${key}` },
          { CLAUDE_MEMORY_QDRANT_URL: `${key}@h:6333` },
          { CLAUDE_MEMORY_QDRANT_SHARDS: key },
          { CLAUDE_MEMORY_QDRANT_PREFIX: `${key}!` }
        ]
      ) {
        const error = yield* Effect.flip(loaded({ ...URL, ...keys, ...wrong }))
        assert.notInclude(`${error.message} ${JSON.stringify(error)}`, key)
      }
    }))
})

describe("PostgreSQL by settings", () => {
  const url = "postgresql://me:hunter2@db:5432/memory"

  it.effect("is used where its address is set, with Qdrant", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* loaded({})).postgres, undefined)
      assert.strictEqual((yield* loaded({ CLAUDE_MEMORY_POSTGRES_URL: "" })).postgres, undefined)
      const settings = yield* loaded({ CLAUDE_MEMORY_POSTGRES_URL: url, QDRANT_URL: "http://127.0.0.1" })
      assert.strictEqual(Redacted.value(settings.postgres!), url)
      assert.notInclude(JSON.stringify(settings), "hunter2")
    }))

  it.effect.each<Readonly<Record<string, string>>>([
    {},
    { QDRANT_API_KEY: "k" },
    { QDRANT_URL: "off" },
    { CLAUDE_MEMORY_QDRANT_URL: "off", QDRANT_URL: "http://127.0.0.1" }
  ])("with %j is refused with what to write", (environment) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(loaded({ ...environment, CLAUDE_MEMORY_POSTGRES_URL: url }))
      assert.strictEqual(
        error.message,
        "CLAUDE_MEMORY_POSTGRES_URL: the vectors of a memory in PostgreSQL are in Qdrant; set CLAUDE_MEMORY_QDRANT_URL too"
      )
    }))
})

describe("hooks by settings", () => {
  const hookOf = (environment: Readonly<Record<string, string>>) =>
    Effect.withConfigProvider(HookSettings.load, ConfigProvider.fromMap(new Map(Object.entries(environment))))

  it.effect.each<readonly [Readonly<Record<string, string>>, HookSettings.HookSettings]>([
    [{}, { telling: { mode: "balanced", maxTokens: 800 }, within: { start: 1_000, later: 300 } }],
    [
      { CLAUDE_MEMORY_SESSION_START_MS: "60000", CLAUDE_MEMORY_HOOK_MS: " 1 " },
      {
        telling: { mode: "balanced", maxTokens: 800 },
        within: { start: 60_000, later: 1 }
      }
    ],
    [
      { CLAUDE_MEMORY_INJECT: "Conservative", CLAUDE_MEMORY_INJECT_TOKENS: "100" },
      {
        telling: { mode: "conservative", maxTokens: 100 },
        within: { start: 1_000, later: 300 }
      }
    ],
    [{ CLAUDE_MEMORY_INJECT: "off", CLAUDE_MEMORY_HOOK_MS: "" }, {
      telling: undefined,
      within: { start: 1_000, later: 300 }
    }],
    [
      { CLAUDE_CODE_ENTRYPOINT: "sdk-cli", CLAUDE_MEMORY_HEADLESS: " OFF" },
      { telling: undefined, within: { start: 1_000, later: 300 } }
    ]
  ])(
    "%j is %j",
    ([environment, expected]) =>
      Effect.map(hookOf(environment), (settings) => assert.deepStrictEqual(settings, expected))
  )

  it.effect.each(["abc", "1.5", "0", "60001"])(
    "CLAUDE_MEMORY_HOOK_MS=%j is refused with what to write instead",
    (value) =>
      Effect.map(
        Effect.flip(hookOf({ CLAUDE_MEMORY_HOOK_MS: value })),
        (error) => assert.strictEqual(error.message, "CLAUDE_MEMORY_HOOK_MS is from 1 to 60000")
      )
  )
})

it.effect("what is excluded is folders from the root and names, without empty parts", () =>
  Effect.gen(function*() {
    const excluded = (paths: string) =>
      Effect.map(
        loaded({ CLAUDE_MEMORY_EXCLUDE_PATHS: paths, CLAUDE_MEMORY_EXCLUDE_TOOLS: ", a,,b* " }),
        ({ exclude }) => exclude
      )
    assert.deepStrictEqual(yield* excluded(` ${join("/a", "..", "b")} ${delimiter}${delimiter}~`), {
      paths: [resolve("/b"), homedir()],
      tools: ["a", "b*"]
    })
    assert.strictEqual(
      (yield* Effect.flip(excluded(`/a${delimiter}b`))).message,
      `CLAUDE_MEMORY_EXCLUDE_PATHS is folders from the root or from ~, with "${delimiter}" between them`
    )
    for (const tools of ["mcp__*__read", "Bash, *sh", "**"]) {
      assert.strictEqual(
        (yield* Effect.flip(loaded({ CLAUDE_MEMORY_EXCLUDE_TOOLS: tools }))).message,
        "CLAUDE_MEMORY_EXCLUDE_TOOLS is names of tools with \",\" between them, and \"*\" only at the end of a name"
      )
    }
  }))

describe("how much is kept", () => {
  it.effect("is a thousand megabytes unless it is set, without a limit for 0, and ages by type", () =>
    Effect.gen(function*() {
      const limitsOf = (values: Readonly<Record<string, string>>) => Effect.map(loaded(values), ({ limits }) => limits)
      assert.deepStrictEqual(yield* limitsOf({}), { bytes: 1e9, ages: {} })
      assert.deepStrictEqual(
        yield* limitsOf({ CLAUDE_MEMORY_MAX_MB: "0", CLAUDE_MEMORY_KEEP_DAYS: "error_log:90, archive:365" }),
        { bytes: 0, ages: { error_log: 90 * 86_400_000, archive: 365 * 86_400_000 } }
      )
    }))

  it.effect.each(["9", "-1", "abc", "1000001"])(
    "CLAUDE_MEMORY_MAX_MB=%s is refused with what to write instead",
    (value) =>
      Effect.map(Effect.flip(loaded({ CLAUDE_MEMORY_MAX_MB: value })), (error) =>
        assert.strictEqual(
          error.message,
          "CLAUDE_MEMORY_MAX_MB is a number of megabytes from 10 to 1000000, or 0 for no limit"
        ))
  )

  it.effect.each(["error:9", "archive:0", "archive"])(
    "CLAUDE_MEMORY_KEEP_DAYS=%s is refused with an example",
    (value) =>
      Effect.map(
        Effect.flip(loaded({ CLAUDE_MEMORY_KEEP_DAYS: value })),
        (error) => assert.match(error.message, /such as error_log:90,conversation:365; the types are conversation, /)
      )
  )
})

describe("folders", () => {
  it.effect.each(["mem", "./mem", "~x"])("of the memory begin at the root or at ~: %s", (named) =>
    Effect.map(
      Effect.flip(loaded({ CLAUDE_MEMORY_HOME: named })),
      (error) =>
        assert.strictEqual(
          error.message,
          "CLAUDE_MEMORY_HOME is a folder from the root or from ~, such as ~/.claude-memory"
        )
    ))

  it.effect.skipIf(process.platform === "win32")(
    "are those of the user where HOME is empty or no whole path",
    () =>
      Effect.gen(function*() {
        const own = userInfo().homedir
        for (const named of ["", "here"]) {
          vi.stubEnv("HOME", named)
          const { claudeFile, claudeFolder, home } = yield* Effect.ensuring(
            Effect.withConfigProvider(Reading.places, ConfigProvider.fromMap(new Map())),
            Effect.sync(() => vi.unstubAllEnvs())
          )
          assert.deepStrictEqual(
            [home, claudeFolder, claudeFile],
            [".claude-memory", ".claude", ".claude.json"].map((name) => join(own, name))
          )
        }
      })
  )
})
