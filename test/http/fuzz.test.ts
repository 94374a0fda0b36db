/**
 * Requests of every kind to every route of the description: none fails in the server, none hangs, and nothing stays open.
 */
import * as OpenApi from "@effect/platform/OpenApi"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import { Api } from "../../src/http/Api.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { times } from "../data.ts"
import { DESCRIPTION, operations, requestTo } from "./OpenApi.ts"
import { asking, ingest, serving, SHOP } from "./serving.ts"

describe("docs/openapi.json", () => {
  it("is the description of the API as it is: node scripts/run.mjs scripts/assets openapi writes it", () => {
    assert.isTrue(readFileSync(DESCRIPTION, "utf8") === `${JSON.stringify(OpenApi.fromApi(Api), null, 2)}\n`)
  })
})

const withShop = serving().pipe(Layer.tap((context) => Effect.provide(Effect.orDie(ingest(SHOP)), context)))

/** Longest time for an answer: no request asks for much. */
const WITHIN = "10 seconds"

layer(withShop, { excludeTestServices: true })("whatever is asked of", (it) => {
  for (const [path, method] of operations) {
    it.effect(`${method.toUpperCase()} ${path} is answered, and nothing is left open`, () =>
      Effect.gen(function*() {
        const { ask } = yield* asking
        const memory = yield* ClaudeMemory
        const { snapshot } = yield* ResourceLedger
        const units = yield* memory.recent({ projects: "all" }, 3)
        const known = units.flatMap(({ id, projectId, sessionId }) => [id, sessionId, projectId, id.slice(0, 6)])
        const before = (yield* snapshot).length
        yield* Effect.forEach(FastCheck.sample(requestTo(path, method, known), times(15)), (request) =>
          Effect.gen(function*() {
            const { body, headers, method, path } = request
            const aborting = new AbortController()
            const said = `${method} ${path} ${body}`
            const answered = yield* Effect.timeoutOption(
              ask(path, { method, headers, signal: aborting.signal, ...(body !== undefined && { body }) }),
              WITHIN
            )
            if (Option.isNone(answered)) {
              return assert.fail(`no answer to ${said}`)
            }
            const response = answered.value
            assert.isBelow(response.status, 500, said)
            const kind = response.headers.get("content-type")
            if (response.status >= 400) {
              assert.strictEqual(kind, "application/problem+json", said)
            }
            if (kind === "text/event-stream") {
              aborting.abort()
            } else {yield* Effect.promise(() =>
                response.text()
              )}
          }))
        assert.strictEqual((yield* ask("/readyz")).status, 200)
        assert.strictEqual((yield* snapshot).length, before)
      }), 60_000 * times(1))
  }
})
