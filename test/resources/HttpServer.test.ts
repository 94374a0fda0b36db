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

const answering = (closesWithin: string, tls?: HttpServer.HttpServerOptions["tls"], answersAfter = "1 day") =>
  HttpServer.open({
    name: "http",
    tls,
    listen: { port: 0, host: "127.0.0.1" },
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

/** Opens a server, begins these connections, and closes it: how that ended, what was logged, and after how many milliseconds. */
const closing = (closesWithin: string, ...texts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const logged: Array<string> = []
    let since = 0
    const { changes } = yield* observed(answering(closesWithin), (address) =>
      Effect.gen(function*() {
        for (const text of texts) yield* begin(address, text)
        since = performance.now()
      })).pipe(
        Effect.provide(Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ message }) => void logged.push(String(message)))
        ))
      )
    return { changes, logged, ms: performance.now() - since }
  })

describe("HttpServer", () => {
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
