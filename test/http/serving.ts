/**
 * The HTTP server over a memory in memory, on a port of its own.
 */
// It speaks HTTP as any client does.
// @effect-diagnostics globalFetchInEffect:off
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { Address } from "../../src/http/Address.ts"
import * as Client from "../../src/http/Client.ts"
import * as Server from "../../src/http/Server.ts"
import { Service } from "../../src/http/Service.ts"
import * as Token from "../../src/http/Token.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as testing from "../../src/testing.ts"
import { samples } from "../data.ts"

export const SHOP = join(samples, "-home-mei-work-shop-api")

const NO_CAP = { usd: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY }

export const serving = (options: Partial<Server.Options> = {}) =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-http-" })
    const pages = join(home, "web")
    yield* fs.makeDirectory(pages)
    yield* fs.writeFileString(join(pages, "index.html"), "<!doctype html><title>Page</title>")
    yield* fs.writeFileString(join(pages, "main-1a2b.js"), "export {}")
    return Server.layer({
      home,
      place: home,
      transcripts: join(home, "projects"),
      checkConnection: () => Effect.succeed({ name: "Claude Code", state: "note", detail: "is not looked for" }),
      isBackedUp: true,
      telling: { mode: "balanced", maxTokens: 800 },
      caps: { day: NO_CAP, month: NO_CAP },
      pages,
      listen: { host: "127.0.0.1", port: 0 },
      isPortFree: true,
      tls: undefined,
      isInsecure: false,
      allowedHosts: [],
      mcp: { isolation: "shared", home: Option.none() },
      ...options
    })
  })).pipe(
    Layer.provide(testing.spending),
    Layer.provideMerge(testing.layer),
    Layer.provideMerge(NodeHttpClient.layer)
  )

export const ingest = (...paths: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    yield* Stream.runDrain(memory.ingest(yield* memory.discover(paths)))
  })

/** The address, the token, and what sends a request: with the token unless `headers` says otherwise. */
export const asking = Effect.gen(function*() {
  const { url } = yield* Address
  const { home } = yield* Service
  const token = yield* Token.read(home)
  const ask = (path: string, { headers, ...init }: RequestInit = {}) =>
    Effect.promise(() =>
      fetch(`${url}${path}`, {
        redirect: "manual",
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...init
      })
    )
  const send = (method: string, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    ask(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } })
  const client = yield* Client.make({ url, token: Redacted.make(token) })
  return { url, token, ask, send, client }
})
