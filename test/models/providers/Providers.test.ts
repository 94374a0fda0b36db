import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import { type ModelError, ModelManager } from "../../../src/models/ModelManager.ts"
import type { Endpoint } from "../../../src/models/Presets.ts"
import type * as Providers from "../../../src/models/providers/Providers.ts"
import * as Unmetered from "../../../src/models/providers/Unmetered.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { base } from "../../contract/layers.ts"
import { slow } from "../../data.ts"
import { tls } from "../../index/qdrant/faults.ts"
import { type Behaviour, DIMENSION, type ModelServer, modelServer, modelServerWith } from "../server.ts"

const KEY = "sk-secret-of-the-test"

const endpoint = (server: ModelServer, overrides: Partial<Endpoint> = {}): Endpoint => ({
  provider: "openai",
  baseUrl: server.baseUrl,
  apiKey: Option.some(Redacted.make(KEY)),
  model: "letters",
  ...overrides
})

const PATIENCE: Providers.Options["patience"] = { timeout: "10 seconds", retries: 0, maxDelay: 0 }

/** Runs `use` with a manager and a server of its own; handles left open after the manager are an error. */
const withModels = <A, E>(
  use: (
    models: ModelManager["Type"],
    server: ModelServer,
    ledger: ResourceLedger["Type"]
  ) => Effect.Effect<A, E>,
  roles: (server: ModelServer) => Providers.Options["roles"] = (server) => ({
    embedding: [endpoint(server)],
    light: [endpoint(server, { model: "talker" })]
  }),
  patience = PATIENCE
) =>
  Effect.scoped(Effect.flatMap(modelServer, (server) =>
    Effect.gen(function*() {
      const models = yield* ModelManager
      return yield* use(models, server, yield* ResourceLedger)
    }).pipe(Effect.provide(Layer.provideMerge(Unmetered.providers({ roles: roles(server), patience }), base)))))

const errorOf = (behaviour: Behaviour, overrides: Partial<Endpoint> = {}, patience = PATIENCE) =>
  withModels(
    (models, server) => {
      server.behaviour = behaviour
      return Effect.flip(models.embed(["text"]))
    },
    (server) => ({ embedding: [{ ...endpoint(server), dimension: DIMENSION, ...overrides }] }),
    patience
  )

const answering = (body: string) => ({ status: 200, body })

const FAULTS: ReadonlyArray<readonly [string, Behaviour, ModelError["reason"], RegExp]> = [
  ["a refused key", { status: 401, body: `{"error":"Incorrect key: ${KEY}"}` }, "Rejected", /the key is refused/],
  ["an unknown model", { status: 404, body: "" }, "Rejected", /no such model or path \(404\)$/],
  ["a bad request", { status: 400, body: "input is too long" }, "Refused", /it answered \(400\): input is too long/],
  ["a bad request of Voyage", { status: 400, body: "{\"detail\":\"too many\"}" }, "Refused", /\(400\): too many$/],
  [
    "a bad request of SiliconFlow",
    { status: 400, body: "{\"code\":20012,\"message\":\"too many\",\"data\":null}" },
    "Refused",
    /\(400\): too many$/
  ],
  ["a redirect", { status: 307, body: "", headers: { location: "http://127.0.0.1:1/" } }, "Rejected", /\(307\)/],
  ["too many requests", { status: 429, body: "slow down" }, "Unavailable", /quota is used up \(429\): slow down/],
  ["a broken server", { status: 503, body: "<html>" }, "Unavailable", /\(503\)/],
  ["a reset", "resets", "Unavailable", /its connection broke \((?:UND_ERR_SOCKET|ECONNRESET)\)/],
  ["a reset in the answer", "resets in its answer", "Unavailable", /its answer broke off/],
  ["no answer", "hangs", "TimedOut", /no answer within 300ms/],
  ["half an answer", "hangs in its answer", "TimedOut", /no answer within 300ms/],
  ["HTML", answering("<html>hello</html>"), "Damaged", /the form of \/embeddings/],
  ["half of JSON", answering("{\"data\":[{\"index\":0,"), "Damaged", /the form of \/embeddings/],
  [
    "events",
    { status: 200, body: "data: {\"data\":[]}\n\n", headers: { "content-type": "text/event-stream" } },
    "Damaged",
    /the form of/
  ],
  ["an empty vector", answering("{\"data\":[{\"index\":0,\"embedding\":[]}]}"), "Damaged", /the form of/],
  ["no vectors", answering("{\"data\":[]}"), "Damaged", /gave 0 vectors for 1 texts/],
  ["another's index", answering("{\"data\":[{\"index\":1,\"embedding\":[1,2]}]}"), "Damaged", /gave 1 vectors for 1/],
  ["no number", answering("{\"data\":[{\"index\":0,\"embedding\":[null]}]}"), "Damaged", /the form of/],
  ["another dimension", answering("{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}"), "Damaged", /2 dimensions, not 8/]
]

describe("Providers", () => {
  it.live.each(FAULTS)("%s is a typed error that says so", ([, behaviour, reason, message]) =>
    Effect.gen(function*() {
      const error = yield* errorOf(behaviour, {}, { ...PATIENCE, timeout: "300 millis" })
      assert.strictEqual(error.reason, reason)
      assert.match(error.message, message)
      assert.notInclude(error.message, KEY)
      assert.match(error.message, /^model letters: /)
    }))

  it.live("an answer that comes too late is none", () =>
    withModels(
      (models, server) =>
        Effect.gen(function*() {
          server.delay = 500
          assert.strictEqual((yield* Effect.flip(models.complete({ prompt: "say" }))).reason, "TimedOut")
        }),
      (server) => ({ light: [endpoint(server)] }),
      { ...PATIENCE, timeout: "100 millis" }
    ))

  it.live("JSON is read whatever it is said to be", () =>
    withModels((models, server) =>
      Effect.gen(function*() {
        const body = "{\"choices\":[{\"message\":{\"content\":\"hello\"}}]}"
        server.behaviour = { status: 200, body, headers: { "content-type": "text/html" } }
        assert.strictEqual((yield* models.complete({ prompt: "say" })).text, "hello")
      })
    ))

  it.live("an answer without end is refused", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(answering(`"${"x".repeat(66 * 1024 * 1024)}"`))
      assert.strictEqual(error.reason, "Damaged")
      assert.match(error.message, /its answer has more than 67108864 bytes/)
    }))

  slow(it.live)(
    "an answer that doesn't say how long it is is read to its end, and no further than allowed",
    () =>
      withModels((models, server) =>
        Effect.gen(function*() {
          const chunked = (body: string) => ({ status: 200, body, headers: { "transfer-encoding": "chunked" } })
          const answer = (content: string) => chunked(JSON.stringify({ choices: [{ message: { content } }] }))
          server.behaviour = answer("hello")
          assert.strictEqual((yield* models.complete({ prompt: "say" })).text, "hello")
          server.behaviour = answer("x".repeat(66 * 1024 * 1024))
          const error = yield* Effect.flip(models.complete({ prompt: "say" }))
          assert.match(error.message, /its answer has more than 67108864 bytes/)
        })
      )
  )

  it.live("a server that is away is said to be", () =>
    Effect.gen(function*() {
      const error = yield* errorOf("answers", { baseUrl: "http://127.0.0.1:1/v1" })
      assert.strictEqual(error.reason, "Unreachable")
      assert.include(error.message, "http://127.0.0.1:1: it can't be reached (ECONNREFUSED)")
    }))

  it.scopedLive("a server whose certificate nobody signed, or that speaks no TLS, is asked once and says what to do", () =>
    Effect.gen(function*() {
      const secure = yield* modelServerWith(tls)
      const plain = yield* modelServer
      for (
        const [server, message] of [
          [secure, /no authority that is trusted here .*; set NODE_EXTRA_CA_CERTS .*\(DEPTH_ZERO_SELF_SIGNED_CERT\)$/],
          [plain, /it does not speak TLS; write http:\/\/ or the port that does \(ERR_SSL_WRONG_VERSION_NUMBER\)$/]
        ] as const
      ) {
        const error = yield* errorOf("answers", { baseUrl: server.baseUrl.replace(/^http:/, "https:") })
        assert.strictEqual(error.reason, "Unreachable")
        assert.match(error.message, message)
        assert.isAtMost(server.seen.sockets, 1)
      }
    }))

  it.live("opens nothing before it is asked, and one pool for all it is asked of one origin", () =>
    withModels((models, server, ledger) =>
      Effect.gen(function*() {
        const pools = Effect.map(ledger.snapshot, (all) => all.filter(({ kind }) => kind === "pool"))
        assert.deepStrictEqual(yield* pools, [])
        yield* Effect.all([
          ...Array.from({ length: 20 }, (_, i) => models.embed([`text ${i}`])),
          ...Array.from({ length: 20 }, () => models.complete({ prompt: "say" }))
        ], { concurrency: "unbounded" })
        assert.deepStrictEqual((yield* pools).map(({ name }) => name), [server.origin])
        assert.isAtMost(server.seen.most, 16)
        assert.deepStrictEqual([...server.seen.keys], [`Bearer ${KEY}`])
      })
    ))

  it.live("two origins have a pool and a key each, and neither sees the other's", () =>
    Effect.scoped(Effect.gen(function*() {
      const other = yield* modelServer
      yield* withModels(
        (models, server) =>
          Effect.gen(function*() {
            yield* models.embed(["text"])
            yield* models.complete({ prompt: "say" })
            assert.deepStrictEqual([...server.seen.keys], [`Bearer ${KEY}`])
            assert.deepStrictEqual(new Set(server.seen.paths), new Set(["/v1/embeddings"]))
            assert.deepStrictEqual([...other.seen.keys], ["Bearer other"])
            assert.deepStrictEqual(other.seen.paths, ["/v1/chat/completions"])
          }),
        (server) => ({
          embedding: [endpoint(server)],
          light: [endpoint(other, { apiKey: Option.some(Redacted.make("other")) })]
        })
      )
    })))

  it.live("texts go in batches, and blank ones not at all", () =>
    withModels((models, server) =>
      Effect.gen(function*() {
        yield* models.embedding
        server.seen.batches.length = 0
        const texts = Array.from({ length: 200 }, (_, i) => i % 10 === 0 ? "  " : `text ${"e".repeat(i)}`)
        const found = yield* models.embed(texts)
        assert.deepStrictEqual([...server.seen.batches].sort((a, b) => b - a), [64, 64, 52])
        assert.deepStrictEqual(found.map(Option.isNone), texts.map((text) => text.trim() === ""))
      })
    ))

  it.live("completes, with a system prompt", () =>
    withModels((models) =>
      Effect.gen(function*() {
        const short = yield* models.complete({ prompt: "say" })
        const long = yield* models.complete({ system: "you are a test", prompt: "say", maxTokens: 10 })
        assert.match(short.text, /^about \d+$/)
        assert.notStrictEqual(short.text, long.text)
      })
    ))

  it.live("what no model is set for is missing", () =>
    Effect.gen(function*() {
      const [embedding, completion] = yield* withModels(
        (models) => Effect.all([Effect.flip(models.embed(["x"])), Effect.flip(models.complete({ prompt: "x" }))]),
        () => ({})
      )
      assert.strictEqual(embedding.message, "model embedding: no model is set for it")
      assert.strictEqual(completion.message, "model light: no model is set for it")
    }))

  it.live.each(["hangs", "hangs in its answer"] as const)(
    "an interrupted call ends its request on the wire: the server %s",
    (behaviour) =>
      withModels((models, server) =>
        Effect.gen(function*() {
          yield* models.embedding
          server.behaviour = behaviour
          const asked = server.seen.requests
          const call = yield* Effect.fork(models.embed(["text"]))
          yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.seen.requests > asked })
          assert(Exit.isInterrupted(yield* Fiber.interrupt(call)))
          yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.seen.aborted > 0 })
          server.behaviour = "answers"
          assert.isTrue(Option.isSome((yield* models.embed(["text"]))[0]!))
        })
      )
  )

  it.live("a failure to learn the dimension is tried again", () =>
    withModels((models, server) =>
      Effect.gen(function*() {
        server.behaviour = { status: 503, body: "" }
        yield* Effect.flip(models.embedding)
        server.behaviour = "answers"
        assert.deepStrictEqual(yield* models.embedding, { id: "letters@8", dimension: 8 })
      })
    ))

  it.live.each(["embedding", "embed"] as const)(
    "is not held up as it closes by a server that hangs, though nobody has left the call: %s",
    (asked) =>
      Effect.gen(function*() {
        const server = yield* modelServer
        server.behaviour = "hangs"
        const ledger = yield* ResourceLedger
        const changes = yield* ledger.changes
        const scope = yield* Effect.scope
        const use = Effect.gen(function*() {
          const models = yield* ModelManager
          yield* Effect.forkIn(asked === "embed" ? Effect.asVoid(models.embed(["a"])) : models.embedding, scope)
          yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.seen.requests > 0 })
        })
        const layer = Unmetered.providers({
          roles: { embedding: [{ ...endpoint(server), ...(asked === "embed" && { dimension: 8 }) }] },
          patience: PATIENCE
        })
        yield* Effect.provide(
          use,
          Layer.provide(layer, Layer.merge(Layer.succeed(ResourceLedger, ledger), NodeContext.layer))
        )
        const released = [...(yield* Queue.takeAll(changes))].flatMap((change) =>
          change._tag === "Released" ? [[change.resource.kind, change.how]] : []
        )
        assert.deepStrictEqual(released, [["pool", "closed"]])
      }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer))
  )

  it.live("leaves no socket, whatever it was asked when it was closed", () =>
    Effect.scoped(Effect.gen(function*() {
      const scope = yield* Effect.scope
      const server = yield* modelServer
      server.delay = 50
      const use = Effect.gen(function*() {
        const models = yield* ModelManager
        yield* models.embedding
        yield* Effect.all([models.embed(["a"]), models.complete({ prompt: "x" })], { concurrency: 2 }).pipe(
          Effect.forkIn(scope)
        )
        yield* Effect.sleep("10 millis")
      })
      const roles = { embedding: [endpoint(server)], light: [endpoint(server)] }
      yield* Effect.provide(use, Layer.provide(Unmetered.providers({ roles, patience: PATIENCE }), base))
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.seen.open.size === 0 })
      assert.isAtLeast(server.seen.sockets, 2)
    })))

  it.effect("whose address is none is a typed error that names the setting", () =>
    Effect.forEach(["nope", "ftp://example.com/v1", ""], (baseUrl) =>
      Effect.gen(function*() {
        const models = yield* ModelManager
        const error = yield* Effect.flip(models.embed(["text"]))
        assert.deepInclude(error, { _tag: "ModelError", reason: "Rejected" })
        assert.include(error.message, "OPENAI_BASE_URL")
        const [described] = yield* models.describe(true)
        assert.deepInclude(described, { origin: null, reachable: false })
      }).pipe(
        Effect.provide(Layer.provideMerge(
          Unmetered.providers({
            roles: { embedding: [{ provider: "openai", baseUrl, apiKey: Option.none(), model: "letters" }] },
            patience: PATIENCE
          }),
          base
        ))
      )))
})
