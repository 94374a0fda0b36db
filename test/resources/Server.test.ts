import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import * as Net from "node:net"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as Server from "../../src/resources/Server.ts"
import { slow } from "../data.ts"
import { NO_DRIFT, observed } from "./observed.ts"
import { owned } from "./owned.ts"

const onLoopback = { port: 0, host: "127.0.0.1" }
const onError = () => {}

const answering = Server.open({
  name: "answers",
  make: () => Http.createServer((_, response) => response.end("yes")),
  listen: onLoopback,
  onError
})
const silent = Server.open({ name: "silent", make: () => Net.createServer(), listen: onLoopback, onError })

const portOf = ({ address }: { readonly address: Net.AddressInfo | string }) =>
  typeof address === "string" ? 0 : address.port

/** Connects, and leaves the connection to the server. */
const connected = (port: number) =>
  Effect.async<Net.Socket>((resume) => {
    const socket = Net.connect(port, "127.0.0.1", () => resume(Effect.succeed(socket)))
    socket.on("error", () => {})
  })

/** Returns the status of an answer, or the code of the error. The connection is kept for further requests. */
const ask = (port: number) =>
  Effect.async<string>((resume) => {
    const agent = new Http.Agent({ keepAlive: true })
    Http.get({ port, host: "127.0.0.1", agent }, (response) => {
      response.resume().once("end", () => resume(Effect.succeed(String(response.statusCode))))
    }).once("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "")))
  })

const until = (isSo: () => boolean) => Effect.repeat(Effect.sleep("5 millis"), { until: isSo })

describe("Server", () => {
  it.live("listens while its scope is open, and the ledger accounts for its socket", () =>
    Effect.gen(function*() {
      let port = 0
      const seen = yield* observed(answering, (server) =>
        Effect.gen(function*() {
          port = portOf(server)
          assert.strictEqual(yield* ask(port), "200")
        }))
      assert.deepStrictEqual(seen.changes, ["server answers", "closed"])
      assert.deepStrictEqual([seen.drift, seen.left], [NO_DRIFT, NO_DRIFT])
      assert.strictEqual(yield* ask(port), "ECONNREFUSED")
    }))

  slow(it.live)("counts its sockets, and destroys those of clients that stay", () =>
    Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      const client = yield* Effect.scoped(Effect.gen(function*() {
        const server = yield* owned(silent)
        const socketsOf = Effect.map(ledger.snapshot, (resources) => resources.map(({ sockets }) => sockets))
        assert.deepStrictEqual(yield* socketsOf, [1])
        const client = yield* connected(portOf(server))
        yield* Effect.repeat(Effect.zipLeft(socketsOf, Effect.sleep("5 millis")), { until: ([n]) => n === 2 })
        return client
      }))
      assert.deepStrictEqual(yield* ledger.snapshot, [])
      yield* until(() => client.closed)
    }).pipe(Effect.provide(ResourceLedger.layer)))

  slow(it.live)("is forced when a client stays, and closed when the client goes in time", () =>
    Effect.gen(function*() {
      const stays = yield* observed(silent, (server) => connected(portOf(server)))
      assert.deepStrictEqual(stays.changes, ["server silent", "destroyed"])
      const goes = yield* observed(silent, (server) =>
        Effect.gen(function*() {
          const client = yield* connected(portOf(server))
          client.setTimeout(100, () => client.destroy())
        }))
      assert.deepStrictEqual(goes.changes, ["server silent", "closed"])
    }))

  it.live("that can't listen is a typed error, and leaves nothing", () =>
    Effect.gen(function*() {
      const listenAt = (port: number) =>
        Server.open({ name: "second", make: () => Net.createServer(), listen: { port, host: "127.0.0.1" }, onError })
      const ledger = yield* ResourceLedger
      const first = yield* owned(silent)
      const taken = yield* Effect.flip(owned(listenAt(portOf(first))))
      assert.strictEqual(
        taken.message,
        "second can't listen: EADDRINUSE; end the program that has this address, or take another"
      )
      const wrong = yield* Effect.flip(owned(listenAt(70_000)))
      assert.strictEqual(wrong.code, "ERR_SOCKET_BAD_PORT")
      assert.deepStrictEqual((yield* ledger.snapshot).map(({ name }) => name), ["silent"])
    }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))

  it.live("whose close does nothing is not gone, and is told", () =>
    Effect.gen(function*() {
      const deaf = Server.open({
        name: "deaf",
        make: () => Object.assign(Net.createServer(), { close: () => {} }),
        listen: onLoopback,
        onError,
        within: "50 millis"
      })
      let server: Net.Server | undefined
      const exit = yield* Effect.sandbox(
        observed(deaf as typeof silent, (opened) => Effect.sync(() => server = opened.server))
      ).pipe(Effect.flip)
      assert.include(String(exit), "still open at the end: server deaf")
      Net.Server.prototype.close.call(server)
    }))
})
