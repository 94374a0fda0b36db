/**
 * Tests that the stand-in for a Qdrant server is as strict as the OpenAPI description of the real one.
 */
import * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { existsSync, mkdtempSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { CALLS, FULL, make, read } from "./OpenApi.ts"
import { ours } from "./ours.ts"
import * as StandIn from "./StandIn.ts"

const ID = "00000000-0000-4000-8000-000000000001"
const CREATE = { vectors: { dense: { size: 2, distance: "Cosine" } }, sparse_vectors: { words: { modifier: "idf" } } }
const UPSERT = { points: [{ id: ID, vector: { dense: [1, 0] }, payload: { project: "one" } }] }
const QUERY = { query: { nearest: [1, 0] }, using: "dense", limit: 1 }
const FUSED = {
  prefetch: [{ ...QUERY, limit: 5 }, { query: { nearest: { indices: [1], values: [1] } }, using: "words", limit: 5 }],
  query: { rrf: { k: 60, weights: [1, 1] } },
  limit: 1
}
const filtered = (filter: object) => ({ ...QUERY, filter })

type Sent = readonly [method: string, path: string, body?: object]

const RIGHT: ReadonlyArray<Sent> = [
  ["GET", "/"],
  ["GET", "/collections"],
  ["GET", "/collections/"],
  ["PUT", "/collections/memories", CREATE],
  ["PUT", "/collections/memories/index?wait=true", { field_name: "project", field_schema: { type: "keyword" } }],
  ["PUT", "/collections/memories/points?wait=true&ordering=weak&timeout=5", UPSERT],
  ["POST", "/collections/memories/points/query", QUERY],
  ["POST", "/collections/memories/points/query", FUSED],
  ["POST", "/collections/memories/points/query", filtered({ must: [{ key: "project", match: { any: ["one"] } }] })],
  ["POST", "/collections/memories/points/scroll", { limit: 1, offset: ID, with_payload: false, with_vector: false }],
  ["POST", "/collections/memories/points/count", { filter: { must: [] }, exact: true }],
  ["GET", "/collections/memories"],
  ["POST", "/collections/aliases", { actions: [{ create_alias: { alias_name: "a", collection_name: "memories" } }] }],
  ["GET", "/aliases"],
  ["POST", "/collections/memories/points/delete?wait=true", { points: [ID] }],
  ["DELETE", "/collections/memories"]
]

const WRONG: ReadonlyArray<Sent> = [
  ["GET", "/nothing"],
  ["POST", "/collections/memories/points/search", QUERY],
  ["PATCH", "/aliases", {}],
  ["GET", "/collections?limit=1"],
  ["PUT", "/collections/memories/points?wait=yes", UPSERT],
  ["PUT", "/collections/memories/points?wait=true&ordering=loose", UPSERT],
  ["PUT", "/collections/memories/points?wait=true&timeout=0", UPSERT],
  ["PUT", "/collections/memories/points?wait=true&await=true", UPSERT],
  ["PUT", "/collections/memories/points", UPSERT],
  ["PUT", "/collections/memories/points?wait=true"],
  ["PUT", "/collections/memories/points?wait=true", { points: [{ id: ID }] }],
  ["PUT", "/collections/memories/points?wait=true", { points: [{ id: ID, vectors: { dense: [1, 0] } }] }],
  ["PUT", "/collections/memories/points?wait=true", { points: [{ id: ID, vector: { dense: ["1"] } }] }],
  ["PUT", "/collections/memories/points?wait=true", { ...UPSERT, upsert_mode: "upsert" }],
  ["PUT", "/collections/memories", { vectors: { dense: { size: 0, distance: "Cosine" } } }],
  ["PUT", "/collections/memories", { vectors: { dense: { size: 2, distance: "cosine" } } }],
  ["PUT", "/collections/memories", { ...CREATE, sparse_vectors: { words: { modifier: "tf" } } }],
  ["PUT", "/collections/memories", { ...CREATE, strict_mode: { enabled: true } }],
  ["PUT", "/collections/memories", { ...CREATE, strict_mode_config: { enabled: true, max_limit: 5 } }],
  ["PUT", "/collections/memories/index?wait=true", { field: "project", field_schema: { type: "keyword" } }],
  ["PUT", "/collections/memories/index?wait=true", { field_name: "project", field_schema: { type: "word" } }],
  ["POST", "/collections/memories/points/query", { ...QUERY, top: 3 }],
  ["POST", "/collections/memories/points/query", { ...QUERY, params: { quantisation: {} } }],
  ["POST", "/collections/memories/points/query", { ...FUSED, query: { rrf: { k: 60, weight: [1, 1] } } }],
  ["POST", "/collections/memories/points/query", { ...FUSED, query: { rrf: { k: 0 } } }],
  ["POST", "/collections/memories/points/query", filtered({ muts: [] })],
  ["POST", "/collections/memories/points/query", filtered({ must: [{ key: "project", match: { some: ["one"] } }] })],
  ["POST", "/collections/memories/points/query", filtered({ must: [{ field: "project", match: { any: ["one"] } }] })],
  ["POST", "/collections/memories/points/query", filtered({ must: [{ key: "at", range: { from: 1 } }] })],
  ["POST", "/collections/memories/points/scroll", { limit: "1" }],
  ["POST", "/collections/memories/points/count", { exact: "yes" }],
  ["POST", "/collections/aliases", { actions: [{ create_alias: { alias: "a", collection: "memories" } }] }],
  ["POST", "/collections/memories/points/delete?wait=true", { ids: [ID] }]
]

const ask = (origin: string, [method, path, body]: Sent, key?: string) =>
  Effect.promise(async () => {
    const answer = await Undici.request(`${origin}${path}`, {
      method: method as Undici.Dispatcher.HttpMethod,
      // Closes the socket, so that none of a closed server is reused for the next.
      reset: true,
      headers: { "content-type": "application/json", ...(key !== undefined && { "api-key": key }) },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  })

describe("the stand-in for Qdrant", () => {
  it.scopedLive("answers what the description has", () =>
    Effect.gen(function*() {
      const { breaches, origin } = yield* StandIn.make()
      for (const sent of RIGHT) {
        const { status, text } = yield* ask(origin, sent)
        assert.strictEqual(status, 200, `${sent.join(" ")}: ${text}`)
      }
      assert.deepStrictEqual(breaches, [])
    }))

  it.scopedLive("refuses what it has not, and says why", () =>
    Effect.gen(function*() {
      const { breaches, origin } = yield* StandIn.make()
      yield* ask(origin, ["PUT", "/collections/memories", CREATE])
      for (const sent of WRONG) {
        const { status, text } = yield* ask(origin, sent)
        const isLate = sent[1] === "/collections/memories/points" && sent[0] === "PUT"
        if (!isLate) assert.include([400, 404], status, `${JSON.stringify(sent)}: ${text}`)
        assert.strictEqual(breaches.length, 1, JSON.stringify(sent))
        breaches.length = 0
      }
    }))

  it.scopedLive("refuses values that a caller may get wrong, which is no breach", () =>
    Effect.gen(function*() {
      const { breaches, origin } = yield* StandIn.make()
      const wrong: ReadonlyArray<readonly [number, Sent]> = [
        [400, ["PUT", "/collections/m/points?wait=true", { points: [{ id: "one", vector: {} }] }]],
        [400, ["PUT", "/collections/m/points?wait=true", { points: [{ id: ID, vector: { dense: [Number.NaN] } }] }]],
        [422, ["POST", "/collections/m/points/query", { ...QUERY, limit: 0 }]],
        [404, ["POST", "/collections/m/points/query", QUERY]],
        [404, ["GET", "/collections/m"]],
        [422, ["PUT", "/collections/a:b", CREATE]]
      ]
      for (const [status, sent] of wrong) assert.strictEqual((yield* ask(origin, sent)).status, status)
      assert.strictEqual((yield* ask(origin, ["PUT", "/collections/m", CREATE])).status, 200)
      const again = yield* ask(origin, ["PUT", "/collections/m", CREATE])
      assert.strictEqual(again.status, 409)
      assert.match(again.text, /^\{"status":\{"error":"Wrong input: Collection `m` already exists!"\},"time":\d/)
      assert.deepStrictEqual(breaches, [])
    }))

  it.scopedLive("wants its key, but for what is open to everybody", () =>
    Effect.gen(function*() {
      const { origin } = yield* StandIn.make({ apiKey: "key" })
      assert.deepStrictEqual(yield* ask(origin, ["GET", "/collections"]), {
        status: 401,
        text: "Must provide an API key or an Authorization bearer token"
      })
      assert.deepStrictEqual(yield* ask(origin, ["GET", "/collections"], "other"), {
        status: 401,
        text: "Invalid API key or JWT"
      })
      assert.strictEqual((yield* ask(origin, ["GET", "/collections"], "key")).status, 200)
      assert.strictEqual((yield* ask(origin, ["GET", "/"])).status, 200)
    }))

  it.live("fails whoever leaves a breach of the contract untold", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(
        Effect.scoped(Effect.flatMap(StandIn.make(), ({ origin }) => ask(origin, ["GET", "/collections?limit=1"])))
      )
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isFailure(exit)) assert.match(Cause.pretty(exit.cause), /contract was broken.*query limit is not known/)
    }))

  it.scopedLive("goes on where the last one with its state ended", () =>
    Effect.gen(function*() {
      const state = join(mkdtempSync(join(homedir(), "qdrant-")), "state.jsonl")
      const first = yield* Scope.make()
      const { origin } = yield* Scope.extend(StandIn.make({ state }), first)
      const [, , , ...rest] = RIGHT
      for (const sent of rest.slice(0, -2)) yield* ask(origin, sent)
      yield* ask(origin, ["PUT", "/collections/memories", CREATE])
      yield* Scope.close(first, Exit.void)
      assert.isTrue(existsSync(state))
      const second = yield* StandIn.make({ state, port: Number(new URL(origin).port) })
      assert.strictEqual(second.origin, origin)
      const { text } = yield* ask(origin, ["POST", "/collections/a/points/count", { exact: true }])
      assert.strictEqual((JSON.parse(text) as { readonly result: { readonly count: number } }).result.count, 1)
    }))

  it("judges replies too, which may hold more than is described", () => {
    for (const file of [CALLS, ...(FULL === undefined ? [] : [FULL])]) {
      const { judgeReply } = make(read(file))
      const reply = (result: unknown) => judgeReply("count_points", 200, { result, status: "ok", time: 0.1 })
      assert.deepStrictEqual(reply({ count: 1, more: true }), [])
      assert.deepStrictEqual(reply({ count: -1 }), ["answer/result/count must be >= 0"])
      assert.deepStrictEqual(reply({}), ["answer/result must have required property 'count'"])
      assert.deepStrictEqual(judgeReply("count_points", 404, { status: { error: "Not found" }, time: 0 }), [])
      assert.deepStrictEqual(judgeReply("count_points", 404, { status: { error: 404 }, time: 0 }), [
        "answer/status/error must be string"
      ])
    }
  })

  it("has a description of our calls that is in line with the whole one", () => {
    // Without the full description, trimming the stored one again must at least change nothing.
    assert.deepStrictEqual(ours(read(FULL ?? CALLS)).paths, read(CALLS).paths)
    assert.deepStrictEqual(ours(read(FULL ?? CALLS)).components, read(CALLS).components)
  })
})
