import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { readFileSync } from "node:fs"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as HttpServer from "../../src/resources/HttpServer.ts"
import { packageFile } from "../../src/settings/Settings.ts"
import { slow } from "../data.ts"
import { observed } from "./observed.ts"

const answering = (
  closesWithin: string,
  tls?: HttpServer.HttpServerOptions["tls"],
  answersAfter = "1 day",
  port = 0
) =>
  HttpServer.open({
    name: "http",
    tls,
    listen: { port, host: "127.0.0.1" },
    maxConnections: 10,
    headersWithinMs: 60_000,
    requestWithinMs: 60_000,
    closesWithin: closesWithin as "5 seconds",
    onClosing: () => {},
    onError: () => {}
  }, Effect.delay(HttpServerResponse.text("yes"), answersAfter as "1 day"))

/** Sends the beginning of a connection, and waits until the server has surely read it. */
const begin = (address: Net.AddressInfo | string, text: string) =>
  Effect.async<Net.Socket>((resume) => {
    const { port } = address as Net.AddressInfo
    const socket = Net.connect(port, "127.0.0.1", () => {
      socket.write(text, () => setTimeout(() => resume(Effect.succeed(socket)), 100))
    })
    socket.on("error", () => {})
  })

/** A certificate and its key. */
const certificate = {
  cert: readFileSync(packageFile("test", "fixtures", "tls", "cert.pem"), "utf8"),
  key: readFileSync(packageFile("test", "fixtures", "tls", "key.pem"), "utf8")
}

/** Runs the effect; returns its value, and what was logged. */
const logging = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const logged: Array<string> = []
  const logger = Logger.make(({ message }) => void logged.push(String(message)))
  return effect.pipe(
    Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
    Effect.map((value) => ({ logged, value }))
  )
}

/** Opens a server, begins these connections, and closes it: how that ended, what was logged, and after how many milliseconds. */
const closing = (closesWithin: string, ...texts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    let since = 0
    const { logged, value } = yield* logging(observed(answering(closesWithin), (address) =>
      Effect.gen(function*() {
        for (const text of texts) yield* begin(address, text)
        since = performance.now()
      })))
    return { changes: value.changes, logged, ms: performance.now() - since }
  })

describe("HttpServer", () => {
  it.live("leaves nothing open where its port is taken, and may listen at another", () =>
    Effect.gen(function*() {
      const taken = Net.createServer().listen(0, "127.0.0.1")
      yield* Effect.addFinalizer(() => Effect.sync(() => taken.close()))
      yield* Effect.async<void>((resume) => void taken.once("listening", () => resume(Effect.void)))
      const { port } = taken.address() as Net.AddressInfo
      const { logged } = yield* logging(
        observed(
          Effect.catchTag(answering("1 second", undefined, "1 day", port), "ServerError", ({ code }) => {
            assert.strictEqual(code, "EADDRINUSE")
            return answering("1 second")
          }),
          (address) => Effect.sync(() => assert.notStrictEqual((address as Net.AddressInfo).port, port))
        )
      )
      assert.deepStrictEqual(logged, [])
    }).pipe(Effect.scoped))

  slow(it.live)("ends connections without a whole request at once when it closes", () =>
    Effect.gen(function*() {
      const { changes, logged, ms } = yield* closing("5 seconds", "", "GET / HTTP/1.1\r\nHost: 127")
      assert.notInclude(changes, "destroyed")
      assert.deepStrictEqual(logged, [])
      assert.isBelow(ms, 3_000)
    }))

  slow(it.live)(
    "ends connections without a whole handshake at once, and no answer that is under way",
    () =>
      Effect.gen(function*() {
        let since = 0
        let answer: Buffer | undefined
        const { changes } = yield* observed(answering("5 seconds", certificate, "500 millis"), (address) =>
          Effect.gen(function*() {
            yield* begin(address, "")
            const { port } = address as Net.AddressInfo
            const socket = Tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false })
            socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            socket.once("data", (data) =>
              answer = data)
            yield* Effect.sleep("200 millis")
            since = performance.now()
          }))
        assert.notInclude(changes, "destroyed")
        assert.isBelow(performance.now() - since, 3_000)
        assert.match(String(answer), /^HTTP\/1\.1 200/)
      })
  )

  slow(it.live)("breaks off a request that takes too long, and says so", () =>
    Effect.gen(function*() {
      const { changes, logged } = yield* closing("1 second", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
      assert.include(changes, "destroyed")
      assert.deepStrictEqual(logged, ["closing server http: took longer than 1s"])
    }))
})
