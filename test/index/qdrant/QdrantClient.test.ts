/**
 * Tests the handshake of Qdrant's client, and its sockets and requests under interruption.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import type { DurationInput } from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { networkInterfaces } from "node:os"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { type CollectionConfig, Qdrant, type QdrantPoint, SCANNED } from "../../../src/index/qdrant/Qdrant.ts"
import * as QdrantApi from "../../../src/resources/QdrantApi.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { slow } from "../../data.ts"
import { client, type Options } from "./client.ts"
import * as StandIn from "./StandIn.ts"

const CONFIG: CollectionConfig = { dense: { dense: 2 }, sparse: ["words"], metadata: {}, shards: 1, replicas: 1 }
const ID = "00000000-0000-4000-8000-000000000001"
const POINT: QdrantPoint = { id: ID, vectors: { dense: [1, 0] }, payload: { project: "one" } }

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

const until = (condition: () => boolean, within: DurationInput = "4 seconds") =>
  Effect.repeat(Effect.sleep("5 millis"), { until: condition }).pipe(
    Effect.timeoutFail({ duration: within, onTimeout: () => new Error("it never came") }),
    Effect.orDie
  )

/** Provides the client and the ledger that it uses. */
const connected = (url: string, options?: Options) => Layer.provideMerge(client(url, options), ResourceLedger.layer)

const using = <A, E>(
  url: string,
  options: Options,
  use: (qdrant: Qdrant["Type"]) => Effect.Effect<A, E, ResourceLedger | Scope.Scope>
) => Effect.provide(Effect.flatMap(Qdrant, use), connected(url, options))

const listening = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel.label} ${String(message)}`))
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

describe("a collection in Qdrant", () => {
  it.scopedLive("compares all points that pass a filter up to a number, also one that was made before it did", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make()
      yield* using(server.origin, {}, (qdrant) =>
        Effect.gen(function*() {
          const vectors = { dense: { size: 256, distance: "Cosine" as const } }
          const { hostname: host, port } = new URL(server.origin)
          const api = QdrantApi.make({ host, port: Number(port), https: false, headers: {} })
          yield* Effect.promise(() =>
            api.createCollection({ collection_name: "old", vectors, hnsw_config: { m: 16 } }, { keepalive: false })
          )
          yield* qdrant.createCollection("new", { ...CONFIG, dense: { dense: 256 } })
          const scanned = Effect.forEach(
            ["old", "new"],
            (name) => Effect.map(qdrant.collection(name), (found) => Option.getOrThrow(found).scanned)
          )
          assert.deepStrictEqual(yield* scanned, [10_000, SCANNED])
          yield* qdrant.scan("old", 256)
          assert.deepStrictEqual(yield* scanned, [SCANNED, SCANNED])
        }))
    }))

  it.scopedLive("is asked for answers that are not compressed, and to follow links under a filter only", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make()
      yield* using(server.origin, {}, (qdrant) =>
        Effect.gen(function*() {
          yield* qdrant.createCollection("a", CONFIG)
          yield* qdrant.createPayloadIndex("a", "project", "tenant")
          const lanes = [{ using: "dense", vector: [1, 0], limit: 5 }] as const
          yield* qdrant.query("a", { lanes, filter: [], limit: 5 })
          yield* qdrant.query("a", { lanes, filter: [{ key: "project", match: { any: ["one"] } }], limit: 5 })
        }))
      const params = server.seen.bodies.slice(-2).map((body) => (body as { readonly params: object }).params)
      assert.notProperty(params[0], "acorn")
      assert.deepPropertyVal(params[1]!, "acorn", { enable: true })
      assert.deepStrictEqual([...server.seen.encodings], ["identity"])
    }))
})

describe("the handshake with Qdrant", () => {
  it.scopedLive("asks once for the version and once with the key, however many begin together", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make({ apiKey: "key" })
      yield* using(server.origin, { apiKey: "key", handshake: "deferred" }, (qdrant) =>
        Effect.gen(function*() {
          assert.strictEqual(server.seen.requests, 0)
          yield* Effect.all(Array.from({ length: 20 }, () => qdrant.aliases), { concurrency: "unbounded" })
          assert.deepStrictEqual(server.seen.operations.slice(0, 2), ["root", "get_collections"])
          assert.strictEqual(server.seen.requests, 2 + 20)
          assert.deepStrictEqual(yield* qdrant.server, { version: "1.19.0", hasMemory: true })
          assert.strictEqual(server.seen.requests, 2 + 20)
        }))
    }))

  it.scopedLive("comes before the layer when it is required, which then fails when nobody listens", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make()
      yield* using(
        server.origin,
        { handshake: "required" },
        () => Effect.sync(() => assert.strictEqual(server.seen.requests, 2))
      )
      const error = yield* Effect.flip(using("http://127.0.0.1:2", {}, () => Effect.void))
      assert.strictEqual(error.reason, "Away")
    }))

  it.scopedLive("may come later when it is tolerant: a server that starts is found, and warned of until then", () =>
    Effect.gen(function*() {
      const first = yield* Scope.make()
      const { origin } = yield* Scope.extend(StandIn.make(), first)
      yield* Scope.close(first, Exit.void)
      const { layer, lines } = listening()
      yield* using(origin, { handshake: "tolerant" }, (qdrant) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* Effect.flip(qdrant.collections)).reason, "Away")
          const second = yield* StandIn.make({ port: Number(new URL(origin).port) })
          assert.deepStrictEqual(yield* qdrant.collections, [])
          assert.deepStrictEqual(second.seen.operations, ["root", "get_collections", "get_collections"])
        })).pipe(Effect.scoped, Effect.provide(layer))
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0]!, /^WARN .*start Qdrant.*ECONNREFUSED/)
    }))

  it.scopedLive.each<readonly [string, StandIn.Fault, Either.Either<string, string>]>([
    ["hangs", "hangs", Either.right("TimedOut")],
    ["is busy", StandIn.error(503, "busy"), Either.right("Failed")],
    ["is behind a proxy that does not reach it", StandIn.text(502, "<html>"), Either.right("Proxy")],
    ["is another product", StandIn.json(200, { name: "node-1" }), Either.left("NotQdrant")],
    ["is too old", { version: "1.17.9" }, Either.left("Incompatible")],
    ["refuses the key", StandIn.text(401, "Invalid API key or JWT"), Either.left("Unauthorized")]
  ])("that is tolerant, with a server that %s", ([, fault, expected]) =>
    Effect.gen(function*() {
      const server = yield* StandIn.make()
      server.fault = () => fault
      const found = yield* Effect.either(
        using(
          server.origin,
          { handshake: "tolerant", within: "500 millis" },
          (qdrant) => Effect.map(Effect.flip(qdrant.aliases), ({ reason }) => reason)
        )
      )
      assert.deepStrictEqual(Either.mapLeft(found, (error) => (error as { readonly reason: string }).reason), expected)
    }))

  it.scopedLive("is made again after it failed, and not after it succeeded", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make()
      server.fault = StandIn.queue({ version: "1.17.0" })
      yield* using(server.origin, { handshake: "deferred" }, (qdrant) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* Effect.flip(qdrant.aliases)).reason, "Incompatible")
          yield* qdrant.aliases
          yield* qdrant.aliases
          assert.deepStrictEqual(server.seen.operations, [
            "root",
            "root",
            "get_collections",
            "get_collections_aliases",
            "get_collections_aliases"
          ])
        }))
    }))

  it.scopedLive("warns of a version that is newer than the known ones, and works", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make({ version: "1.20.1" })
      const { layer, lines } = listening()
      yield* Effect.provide(
        using(server.origin, {}, (qdrant) =>
          Effect.map(qdrant.server, (server) =>
            assert.deepStrictEqual(server, { version: "1.20.1", hasMemory: true }))),
        layer
      )
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0]!, /^WARN .*1\.20\.1.*newer than 1\.19/)
    }))

  it.scopedLive.each(["1.18.4", "1.19.0", "1.19.2-dev"])(
    "asks of %s only what it knows",
    (version) =>
      Effect.gen(function*() {
        const server = yield* StandIn.make({ version })
        yield* using(server.origin, {}, (qdrant) =>
          Effect.gen(function*() {
            yield* qdrant.createCollection("memories", CONFIG)
            yield* qdrant.query("memories", {
              lanes: [{ using: "words", vector: { indices: [1], values: [1] }, limit: 1 }],
              filter: [],
              limit: 1
            })
          }))
        const sent = JSON.stringify(server.seen.bodies)
        const isNew = !version.startsWith("1.18")
        assert.deepStrictEqual([sent.includes("\"memory\":"), sent.includes("\"idf\":{")], [isNew, isNew])
        assert.deepStrictEqual([sent.includes("\"on_disk\":"), sent.includes("\"always_ram\":")], [!isNew, !isNew])
      })
  )

  it.scopedLive("finds a server behind a path", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make({ prefix: "/some/where" })
      yield* using(`${server.origin}/some/where/`, {}, (qdrant) =>
        Effect.gen(function*() {
          assert.strictEqual(qdrant.address, `${server.origin}/some/where`)
          yield* qdrant.createCollection("memories", CONFIG)
          assert.deepStrictEqual(yield* qdrant.collections, ["memories"])
        }))
    }))

  it.scopedLive("warns of a key that others on the network can read, without telling it", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make({ apiKey: "the-key" })
      const { layer, lines } = listening()
      const near = server.origin
      const far = near.replace("127.0.0.1", "0.0.0.0")
      yield* Effect.provide(using(near, { apiKey: "the-key" }, () => Effect.void), layer)
      assert.deepStrictEqual(lines, [])
      yield* Effect.provide(using(far, { apiKey: "the-key" }, () => Effect.void), layer)
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0]!, /^WARN .*not https/)
      assert.notInclude(lines[0]!, "the-key")
      assert.deepStrictEqual([...server.seen.keys], ["the-key"])
    }))

  it.scopedLive("speaks IPv6 where there is one", () =>
    Effect.gen(function*() {
      const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
      if (!addresses.some(({ address }) => address === "::1")) return
      const server = yield* StandIn.make({ host: "::1" })
      assert.match(server.origin, /^http:\/\/\[::1\]:\d+$/)
      yield* using(server.origin, {}, (qdrant) =>
        Effect.map(qdrant.collections, (names) =>
          assert.deepStrictEqual(names, [])))
    }))
})

describe.concurrent("the client of Qdrant on the wire", () => {
  const hanging: ReadonlyArray<readonly ["hangs" | "hangs in its answer"]> = [["hangs"], ["hangs in its answer"]]

  it.scopedLive.each(hanging)(
    "ends its request when it is interrupted, while the server %s",
    ([fault]) =>
      Effect.gen(function*() {
        const server = yield* StandIn.make()
        yield* using(server.origin, { retries: 2 }, (qdrant) =>
          Effect.gen(function*() {
            server.fault = () => fault
            const caller = yield* Effect.fork(qdrant.aliases)
            yield* until(() => server.seen.running === 1)
            yield* Effect.sleep("20 millis")
            // Without the dispatcher, fetch loses the signal of a response that it still reads.
            collectGarbage()
            assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(caller)))
            yield* until(() => server.seen.running === 0)
            assert.deepStrictEqual([server.seen.aborted, server.seen.requests], [1, 3])
          }))
      })
  )

  it.scopedLive.each(hanging)(
    "ends its request when its time is over, while the server %s",
    ([fault]) =>
      Effect.gen(function*() {
        const server = yield* StandIn.make()
        yield* using(server.origin, { within: "500 millis", retries: 1 }, (qdrant) =>
          Effect.gen(function*() {
            server.fault = () => fault
            const { message, reason } = yield* Effect.flip(qdrant.aliases)
            assert.strictEqual(reason, "TimedOut")
            assert.include(message, "no answer within 500ms")
            yield* until(() => server.seen.running === 0)
            assert.deepStrictEqual([server.seen.aborted, server.seen.requests], [2, 4])
            // The client still works.
            server.fault = () => undefined
            assert.deepStrictEqual(yield* qdrant.aliases, [])
          }))
      })
  )

  it.scopedLive("does not wait for a server that asks for time when it is interrupted", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make()
      yield* using(server.origin, { retries: 1, maxDelay: "20 seconds" }, (qdrant) =>
        Effect.gen(function*() {
          server.fault = () => StandIn.error(429, "busy", { "retry-after": "9" })
          const caller = yield* Effect.fork(qdrant.aliases)
          yield* until(() => server.seen.requests === 3)
          yield* Effect.sleep("20 millis")
          assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(caller)))
          assert.strictEqual(server.seen.requests, 3)
        }))
    }))

  it.scopedLive("that is released with calls in flight ends them, soon, and frees its sockets", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make()
      const own = yield* Scope.make()
      const context = yield* Layer.buildWithScope(connected(server.origin), own)
      const qdrant = Context.get(context, Qdrant)
      const ledger = Context.get(context, ResourceLedger)
      server.fault = () => "hangs"
      const callers = yield* Effect.forEach(
        Array.from({ length: 20 }),
        () => Effect.forkScoped(qdrant.upsert("memories", [POINT]))
      )
      yield* until(() => server.seen.running === 8)
      const pool = (yield* ledger.snapshot).find(({ kind }) => kind === "pool")
      assert.strictEqual(pool?.sockets, 8)
      // The pool's close has two seconds for requests still in flight, and is then forced.
      yield* Scope.close(own, Exit.void)
      for (const caller of callers) assert.isTrue(Exit.isFailure(yield* Fiber.await(caller)))
      yield* until(() => server.seen.open.size === 0)
      assert.strictEqual(server.seen.aborted, 8)
      assert.deepStrictEqual(yield* ledger.snapshot, [])
    }))

  slow(it.scopedLive)(
    "leaves no socket on either side, however often it comes and goes, and has eight at most",
    () =>
      Effect.gen(function*() {
        const server = yield* StandIn.make()
        for (let cycle = 0; cycle < 20; cycle++) {
          yield* using(server.origin, {}, (qdrant) =>
            Effect.gen(function*() {
              const ledger = yield* ResourceLedger
              yield* Effect.all(Array.from({ length: 20 }, () => qdrant.aliases), { concurrency: "unbounded" })
              const sockets = (yield* ledger.snapshot).map(({ sockets }) => sockets ?? 0)
              assert.isAtMost(sockets.reduce((sum, each) => sum + each, 0), 8)
            }))
          yield* until(() => server.seen.open.size === 0)
        }
        assert.strictEqual(server.seen.requests, 20 * 22)
        assert.isAtMost(server.seen.most, 8)
        assert.deepStrictEqual([server.seen.running, server.seen.aborted], [0, 0])
      })
  )

  slow(it.scopedLive)("lets no socket idle as long as the server would", () =>
    Effect.gen(function*() {
      // The server never closes idle sockets, so the client must.
      const server = yield* StandIn.make({ keepAliveMs: 0 })
      yield* using(server.origin, {}, (qdrant) =>
        Effect.gen(function*() {
          yield* qdrant.aliases
          const { sockets } = server.seen
          yield* Effect.sleep("1500 millis")
          yield* qdrant.aliases
          assert.strictEqual(server.seen.sockets, sockets)
          yield* until(() => server.seen.open.size === 0, "8 seconds")
        }))
    }))

  slow(it.scopedLive)("sends no point twice in one request and all of them in a few", () =>
    Effect.gen(function*() {
      const server = yield* StandIn.make()
      yield* using(server.origin, {}, (qdrant) =>
        Effect.gen(function*() {
          yield* qdrant.createCollection("small", CONFIG)
          yield* qdrant.createCollection("large", { ...CONFIG, dense: { dense: 4_096 } })
          const many = (count: number, dimension: number) =>
            Array.from({ length: count }, (_, n) => ({
              ...POINT,
              id: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
              vectors: { dense: Array.from({ length: dimension }, () => Math.SQRT1_2) }
            }))
          const requests = <A, E>(effect: Effect.Effect<A, E>) =>
            Effect.suspend(() => {
              const before = server.seen.requests
              return Effect.map(effect, () => server.seen.requests - before)
            })
          assert.strictEqual(yield* requests(qdrant.upsert("small", many(600, 2))), 3)
          // At most 16 MB: 177 points of 4096 numbers of the greatest length.
          assert.strictEqual(yield* requests(qdrant.upsert("large", many(300, 4_096))), 2)
          assert.strictEqual(yield* qdrant.count("large", []), 300)
          assert.strictEqual(yield* requests(qdrant.upsert("small", [])), 0)
        }))
    }))
})
