/**
 * What the server sends to a collector of OpenTelemetry, and that it sends nothing without one.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as Telemetry from "../../src/resources/Telemetry.ts"
import { slow } from "../data.ts"
import { asking, ingest, serving, SHOP } from "./serving.ts"

/** A collector that keeps what it is sent, by path. */
const collector = Effect.acquireRelease(
  Effect.async<{ readonly url: string; readonly seen: Map<string, Array<string>>; readonly close: () => void }>(
    (resume) => {
      const seen = new Map<string, Array<string>>()
      const server = createServer((request, response) => {
        const parts: Array<Buffer> = []
        request.on("data", (part: Buffer) => parts.push(part)).on("end", () => {
          const path = request.url ?? ""
          seen.set(path, [...seen.get(path) ?? [], Buffer.concat(parts).toString("utf8")])
          response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({
          url: `http://127.0.0.1:${port}`,
          seen,
          close: () => {
            server.closeAllConnections()
            server.close()
          }
        }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const searched = Effect.gen(function*() {
  const { client } = yield* asking
  yield* client.memories.search({ payload: { text: "why fake timers in the checkout tests", projects: "all" } })
})

describe("a collector", () => {
  it.live("is sent traces and metrics, and nothing that was said", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* collector
      const traced = serving().pipe(
        Layer.provideMerge(Telemetry.layer({ endpoint: url, version: "1.2.3", command: "serve" })),
        Layer.provide(ResourceLedger.layer)
      )
      yield* Effect.zipRight(ingest(SHOP), searched).pipe(Effect.provide(traced))
      const traces = (seen.get("/v1/traces") ?? []).join("\n")
      assert.include(traces, "MemoryStore.lexical")
      assert.include(traces, "1.2.3")
      assert.isAbove((seen.get("/v1/metrics") ?? []).length, 0)
      for (const said of ["fake timers", "checkout"]) assert.notInclude(traces, said)
    }).pipe(Effect.scoped))

  slow(it.live)("that is away is no fault of the program's", () =>
    Effect.gen(function*() {
      const traced = serving().pipe(
        Layer.provideMerge(Telemetry.layer({ endpoint: "http://127.0.0.1:9", version: "1.2.3", command: "serve" })),
        Layer.provide(ResourceLedger.layer)
      )
      yield* Effect.provide(searched, traced)
    }).pipe(Effect.scoped))
})
