import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { inspect } from "node:util"
import * as HttpPool from "../../src/resources/HttpPool.ts"
import * as Owner from "../../src/resources/Owner.ts"
import { ResourceLedger, TooManyOpen } from "../../src/resources/ResourceLedger.ts"
import { slow } from "../data.ts"
import { type ModelServer, modelServer } from "../models/server.ts"
import { owned } from "./owned.ts"

const KEY = "sk-secret-of-the-test"
const TEXT = { model: "letters", input: ["text"] }

const requestTo = (origin: string, overrides: Partial<HttpPool.HttpRequest> = {}): HttpPool.HttpRequest => ({
  url: new URL("/v1/embeddings", origin),
  headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
  body: JSON.stringify(TEXT),
  maxBytes: 1_000,
  timeout: "5 seconds",
  ...overrides
})

const withPool = <A, E>(
  use: (pool: HttpPool.HttpPool, server: ModelServer, ledger: ResourceLedger["Type"]) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const server = yield* modelServer
    const pool = yield* owned(HttpPool.make({ origin: server.origin, connections: 2 }))
    return yield* use(pool, server, yield* ResourceLedger)
  }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer))

const until = (isSo: () => boolean) => Effect.repeat(Effect.sleep("5 millis"), { until: isSo })

/** A server whose behaviour is that of `onData`, which gets the number of the request on its socket, from 1. */
const rawServer = (onData: (socket: Socket, request: number) => void) =>
  Effect.acquireRelease(
    Effect.async<{ readonly origin: string; readonly close: () => void }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket)
        let requests = 0
        socket.on("error", () => {}).on("data", () => onData(socket, ++requests))
      })
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({
          origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          close: () => {
            server.close()
            for (const socket of sockets) socket.destroy()
          }
        })))
    }),
    ({ close }) => Effect.sync(close)
  )

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

const withRaw = <A, E>(
  onData: (socket: Socket, request: number) => void,
  use: (ask: Effect.Effect<HttpPool.HttpResponse, HttpPool.HttpError>) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const { origin } = yield* rawServer(onData)
    const pool = yield* owned(HttpPool.make({ origin, connections: 1 }))
    return yield* use(pool(requestTo(origin)))
  }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer))

describe("HttpPool", () => {
  it.live("opens nothing before its first request, and closes its sockets with its scope", () =>
    Effect.gen(function*() {
      const server = yield* modelServer
      const ledger = yield* ResourceLedger
      yield* Effect.gen(function*() {
        const pool = yield* owned(HttpPool.make({ origin: server.origin, connections: 2 }))
        assert.deepStrictEqual(yield* ledger.snapshot, [])
        const { body, status } = yield* pool(requestTo(server.origin))
        assert.strictEqual(status, 200)
        assert.property(JSON.parse(body), "data")
        assert.deepStrictEqual((yield* ledger.snapshot).map(({ kind, sockets }) => [kind, sockets]), [["pool", 1]])
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(yield* ledger.snapshot, [])
      yield* until(() => server.seen.open.size === 0)
    }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))

  it.live("sends the request as it is, and no more sockets than connections", () =>
    withPool((pool, server) =>
      Effect.gen(function*() {
        yield* Effect.all(Array.from({ length: 20 }, () => pool(requestTo(server.origin))), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual([server.seen.requests, server.seen.most], [20, 2])
        const { body, headers, path } = server.seen.last!
        assert.deepStrictEqual(body, TEXT)
        assert.strictEqual(path, "/v1/embeddings")
        assert.strictEqual(headers.authorization, `Bearer ${KEY}`)
        assert.deepStrictEqual(["traceparent", "b3"].filter((name) => name in headers), [])
      })
    ))

  it.live("a response of any status is one, and no redirect is followed", () =>
    withPool((pool, server) =>
      Effect.gen(function*() {
        server.behaviour = { status: 307, body: "elsewhere", headers: { location: "/v1/other", "retry-after": "3" } }
        const { body, headers, status } = yield* pool(requestTo(server.origin))
        assert.deepStrictEqual([status, body, headers["retry-after"]], [307, "elsewhere", "3"])
        assert.strictEqual(server.seen.requests, 1)
      })
    ))

  it.live.each(["hangs", "hangs in its answer"] as const)(
    "an interrupted request is aborted at the server, whose socket is free again: it %s",
    (behaviour) =>
      withPool((pool, server) =>
        Effect.gen(function*() {
          server.behaviour = behaviour
          const calls = yield* Effect.forEach([1, 2], () => Effect.fork(pool(requestTo(server.origin))))
          yield* until(() => server.seen.running === 2)
          assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(Fiber.all(calls))))
          yield* until(() => server.seen.aborted === 2 && server.seen.running === 0)
          server.behaviour = "answers"
          assert.strictEqual((yield* pool(requestTo(server.origin))).status, 200)
        })
      )
  )

  it.live("a request that is interrupted while it waits for a socket is never sent", () =>
    withPool((pool, server) =>
      Effect.gen(function*() {
        server.behaviour = "hangs"
        const first = yield* Effect.forEach([1, 2], () => Effect.fork(pool(requestTo(server.origin))))
        yield* until(() => server.seen.running === 2)
        const waiting = yield* Effect.fork(pool(requestTo(server.origin)))
        yield* Effect.sleep("20 millis")
        yield* Fiber.interrupt(waiting)
        yield* Fiber.interruptAll(first)
        server.behaviour = "answers"
        yield* pool(requestTo(server.origin))
        assert.strictEqual(server.seen.requests, 3)
      })
    ))

  it.live.each(["hangs", "hangs in its answer"] as const)(
    "a request without an answer in time is aborted at the server: it %s",
    (behaviour) =>
      withPool((pool, server) =>
        Effect.gen(function*() {
          server.behaviour = behaviour
          const error = yield* Effect.flip(pool(requestTo(server.origin, { timeout: "100 millis" })))
          assert.strictEqual(error.reason, "TimedOut")
          yield* until(() => server.seen.aborted === 1 && server.seen.running === 0)
        })
      )
  )

  it.live.each<readonly [string, Readonly<Record<string, string>>]>([
    ["with its length", {}],
    ["without its length", { "transfer-encoding": "chunked" }]
  ])(
    "an answer has at most so many bytes: %s",
    ([, headers]) =>
      withPool((pool, server) =>
        Effect.gen(function*() {
          const long = "é".repeat(500)
          server.behaviour = { status: 200, body: long, headers }
          assert.strictEqual((yield* pool(requestTo(server.origin))).body, long)
          server.behaviour = { status: 200, body: `${long}!`, headers }
          assert.strictEqual((yield* Effect.flip(pool(requestTo(server.origin)))).reason, "TooLong")
          server.behaviour = { status: 200, body: "x".repeat(9_000_000), headers }
          assert.strictEqual((yield* Effect.flip(pool(requestTo(server.origin)))).reason, "TooLong")
          server.behaviour = "answers"
          assert.strictEqual((yield* pool(requestTo(server.origin))).status, 200)
        })
      )
  )

  it.live.each(
    [
      ["resets", "Unreachable", /ECONNRESET|UND_ERR_SOCKET/],
      ["resets in its answer", "BrokenOff", /ECONNRESET|UND_ERR_SOCKET/]
    ] as const
  )(
    "a broken connection is a typed error without the key or the body: the server %s",
    ([behaviour, reason, code]) =>
      withPool((pool, server) =>
        Effect.gen(function*() {
          server.behaviour = behaviour
          const error = yield* Effect.flip(pool(requestTo(server.origin)))
          assert.strictEqual(error.reason, reason)
          assert.match(error.code, code)
          const shown = `${error.message} ${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)}`
          assert.notInclude(shown, KEY)
          assert.notInclude(shown, TEXT.model)
        })
      )
  )

  it.live("a request that can't be sent is a typed error", () =>
    withPool((pool, server) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(pool(requestTo(server.origin, { headers: { authorization: `${KEY}\n` } })))
        assert.deepStrictEqual([error.reason, error.code], ["Unreachable", "UND_ERR_INVALID_ARG"])
        assert.notInclude(inspect(error, { depth: 9 }), KEY)
        assert.strictEqual(server.seen.requests, 0)
      })
    ))

  it.live("a request for another origin is a defect, and nothing is sent or opened", () =>
    withPool((pool, server, ledger) =>
      Effect.gen(function*() {
        const { host, port } = new URL(server.origin)
        for (
          const other of [
            "http://127.0.0.1:1",
            `https://${host}`,
            `http://${host}@127.0.0.1:1`,
            `http://127.0.0.2:${port}`
          ]
        ) {
          const exit = yield* Effect.exit(pool(requestTo(other)))
          assert.isTrue(Exit.isFailure(exit) && Option.isSome(Cause.dieOption(exit.cause)), other)
          assert.notInclude(inspect(exit, { depth: 9 }), KEY)
        }
        assert.deepStrictEqual(yield* ledger.snapshot, [])
        assert.strictEqual(server.seen.sockets, 0)
      })
    ))

  it.live("two pools of one origin are one too many, whoever opens them", () =>
    Effect.gen(function*() {
      const server = yield* modelServer
      const layer = (name: string) =>
        Owner.layerDiscard(
          name,
          Effect.flatMap(
            HttpPool.make({ origin: server.origin, connections: 1 }),
            (pool) => pool(requestTo(server.origin))
          )
        )
      yield* Layer.build(layer("one"))
      const exit = yield* Effect.exit(Layer.build(layer("another")))
      assert(Exit.isFailure(exit))
      const defect = [...Cause.defects(exit.cause)][0]
      assert(defect instanceof TooManyOpen, String(defect))
      assert.strictEqual(defect.site, `pool ${server.origin}`)
    }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))

  slow(it.live)("a socket that is still being connected is closed with its pool", () =>
    Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      const changes = yield* ledger.changes
      const answer = yield* Deferred.make<string>()
      const answered = (text: string) => Deferred.unsafeDone(answer, Effect.succeed(text))
      const counted = yield* Effect.scoped(Effect.gen(function*() {
        const origin = "http://nowhere.test"
        // The look-up of the host never ends.
        const pool = yield* owned(HttpPool.open({ name: "a pool", origin, connect: { lookup: () => {} } }))
        pool.dispatch({ method: "GET", path: "/" }, {
          onRequestStart: () => {},
          onResponseError: (_, { name }) => answered(name),
          onResponseEnd: () => answered("an answer")
        })
        yield* Effect.sleep("20 millis")
        return (yield* ledger.snapshot).map(({ sockets }) => sockets)
      }))
      assert.deepStrictEqual(counted, [1])
      assert.strictEqual(yield* Deferred.await(answer), "ClientDestroyedError")
      const released = [...(yield* Queue.takeAll(changes))].flatMap((each) =>
        each._tag === "Released" ? [each.how] : []
      )
      assert.deepStrictEqual(released, ["destroyed"])
    }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))

  it.live("an idle socket that the server has closed is replaced", () =>
    withRaw(
      (socket) => {
        socket.write(OK, () => setTimeout(() => socket.end(), 20))
      },
      (ask) =>
        Effect.gen(function*() {
          for (let i = 0; i < 3; i++) {
            assert.strictEqual((yield* ask).body, "ok")
            yield* Effect.sleep("60 millis")
          }
        })
    ))

  it.live("an idle socket that the server closes as the next request comes is a typed error, after which the pool works", () =>
    withRaw(
      (socket, request) => {
        if (request === 1) socket.write(OK)
        else socket.destroy()
      },
      (ask) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* ask).body, "ok")
          assert.strictEqual((yield* Effect.flip(ask)).reason, "Unreachable")
          assert.strictEqual((yield* ask).body, "ok")
        })
    ))

  it.effect("what is no origin is a typed error; a path after one is left out", () =>
    Effect.gen(function*() {
      for (const origin of ["nope", "ftp://127.0.0.1", ""]) {
        const pool = yield* owned(HttpPool.make({ origin, connections: 1 }))
        const error = yield* Effect.flip(pool(requestTo("http://127.0.0.1:9")))
        assert.deepInclude(error, { reason: "Unreachable", origin, code: "ERR_INVALID_URL" })
      }
      const pool = yield* owned(HttpPool.make({ origin: "http://127.0.0.1:9/v1/", connections: 1 }))
      assert.strictEqual((yield* Effect.flip(pool(requestTo("http://127.0.0.1:9")))).code, "ECONNREFUSED")
    }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))
})
