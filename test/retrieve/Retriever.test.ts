import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { passes } from "../../src/domain/Filter.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import type { SearchQuery } from "../../src/domain/Search.ts"
import { IndexError, VectorIndex } from "../../src/index/VectorIndex.ts"
import { missing, type ModelDescription, ModelError, ModelManager } from "../../src/models/ModelManager.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { type EvidenceRequest, Retriever, type SearchRequest } from "../../src/retrieve/Retriever.ts"
import { MemoryStore, type StoreError } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { project, unit } from "../contract/made.ts"
import { slow, times } from "../data.ts"
import { anyText, hostile, withMillis } from "../texts.ts"
import * as remembered from "./remembered.ts"

const model = testing.models(256)

const modelThat = (embed: ModelManager["Type"]["embed"]) =>
  Layer.succeed(
    ModelManager,
    ModelManager.of({
      embed,
      embedding: Effect.succeed({ id: "m", dimension: 256 }),
      complete: () => Effect.fail(missing("light")),
      rerank: () => Effect.fail(missing("rerank")),
      describe: () => Effect.succeed([])
    })
  )
const brokenModel = modelThat(() =>
  Effect.fail(new ModelError({ reason: "Unavailable", model: "m", detail: "the file is gone", cause: undefined }))
)

const away = (operation: string) =>
  Effect.fail(new IndexError({ reason: "Unavailable", operation, detail: "no answer", cause: undefined }))
const brokenIndex = Layer.succeed(
  VectorIndex,
  VectorIndex.of({
    name: "away",
    identity: away("identity"),
    sharesStore: false,
    ensure: () => away("ensure"),
    check: () => away("search"),
    upsert: () => away("upsert"),
    remove: () => away("remove"),
    search: () => away("search"),
    fused: undefined,
    ids: () => away("ids"),
    stale: () => away("stale"),
    count: away("count"),
    describe: away("describe"),
    versions: away("versions"),
    version: () => away("version"),
    drop: () => away("drop")
  })
)

const over = (
  models: Layer.Layer<ModelManager, never, ResourceLedger>,
  index: Layer.Layer<VectorIndex, StoreError, ResourceLedger>
) =>
  Retriever.layer.pipe(
    Layer.provideMerge(Layer.merge(models, index)),
    Layer.provideMerge(testing.store),
    Layer.provideMerge(ResourceLedger.layer)
  )

const whole = over(model, testing.index)
const withoutIndex = over(model, brokenIndex)
const withoutModel = over(brokenModel, testing.index)

const search = (text: string, overrides: Partial<SearchRequest> = {}) =>
  Effect.flatMap(
    Retriever,
    ({ search }) => search({ text, projects: "all", limit: 10, minScore: 0, mode: "hybrid", ...overrides })
  )

const ids = (text: string, overrides: Partial<SearchQuery> = {}) =>
  Effect.map(search(text, overrides), ({ results }) => results.map(({ unit }) => unit.id))

const filled = (units: ReadonlyArray<MemoryUnit>) => Effect.zipRight(remembered.store(units), remembered.index(units))

const pool = unit("pool", {
  sessionId: "s1",
  content: "The connection pool is exhausted because the client is never released",
  files: ["src/db/pool.ts"],
  occurredAt: 3_000
})
const coupon = unit("coupon", {
  sessionId: "s2",
  content: "The coupon test fails outside the shop's time zone Europe/Berlin",
  type: "error_log",
  occurredAt: 2_000
})
const webhook = unit("webhook", {
  sessionId: "s3",
  content: "Stripe delivers its webhook twice so the handler must be idempotent",
  type: "decision",
  projectId: "project-two",
  occurredAt: 1_000
})
const clickhouse = unit("clickhouse", {
  sessionId: "s4",
  content: "写入太频繁，分区太多，改成批量写入",
  occurredAt: 4_000
})
const units = [pool, coupon, webhook, clickhouse]

describe("search among near-copies", () => {
  const COPIED =
    "the harbour ferry leaves the northern pier at seven with forty crates of smoked herring for the island market, " +
    "where bakers, tailors, smiths and coopers have waited since dawn beside empty carts, old horses and lanterns"
  const copies = Array.from(
    { length: 100 },
    (_, i) =>
      unit(`copy-${i}`, {
        sessionId: `c${i}`,
        content: `harbour ferry pier: ${COPIED} alpha${i} beta${i}`,
        occurredAt: 9_000
      })
  )
  const others = ["captain", "ticket", "storm", "winter", "repair"].map((word, i) =>
    unit(word, {
      sessionId: `o${i}`,
      content: `The ${word} of the ferry is written down on page ${i} of another book`,
      occurredAt: 1
    })
  )

  it.effect("finds at a small limit what a larger one shows", () =>
    Effect.gen(function*() {
      yield* filled([...copies, ...others])
      for (const mode of ["hybrid", "keyword"] as const) {
        const all = yield* ids("harbour ferry pier", { limit: 100, mode })
        assert.includeMembers([...all], others.map(({ id }) => id))
        for (const limit of [1, 2, 3, 5]) {
          const found = yield* ids("harbour ferry pier", { limit, mode })
          assert.lengthOf(found, limit, `${mode} ${limit}`)
          assert.lengthOf(found.filter((id) => id.startsWith("copy")), 1, `${mode} ${limit}`)
        }
      }
    }).pipe(Effect.provide(whole)))

  it.effect("finds both of two that differ in a word that is asked", () =>
    Effect.gen(function*() {
      const told = (id: string, where: string) =>
        unit(id, {
          sessionId: id,
          content: `The ${where} database of the shop listens behind the pool of the region near Frankfurt and Mainz`
        })
      yield* filled([told("production", "production"), told("staging", "staging")])
      const found = (text: string) => Effect.map(ids(text), (found) => found.toSorted())
      assert.deepStrictEqual(yield* found("the staging and the production database"), ["production", "staging"])
      assert.lengthOf(yield* found("the database of the shop"), 1)
    }).pipe(Effect.provide(whole)))

  /** A memory of a session of its own, of how many requests there may be. */
  const limited = (id: string, requests: number, occurredAt: number, overrides = {}) =>
    unit(id, {
      sessionId: id,
      content: `The limit of the gateway for partner tokens of the region is ${requests} requests a minute`,
      occurredAt,
      ...overrides
    })

  it.effect("finds the newer of two that say another thing of the same, unless a time is asked for", () =>
    Effect.gen(function*() {
      const [march, june] = [Date.UTC(2026, 2, 3), Date.UTC(2026, 5, 3)]
      // The better one: it says once more what is asked.
      const title = { title: "limit of the gateway" }
      yield* filled([limited("old", 100, march, title), limited("new", 500, june)])
      assert.deepStrictEqual(yield* ids("the limit of the gateway"), ["new"])
      assert.deepStrictEqual(yield* ids("the limit of the gateway in March 2026"), ["old"])
    }).pipe(Effect.provide(whole)))

  it.effect("finds what was saved or pinned before what a session says of it later", () =>
    Effect.gen(function*() {
      const found = (of: object, later: object) =>
        Effect.gen(function*() {
          const old = limited("old", 100, Date.UTC(2026, 2, 3), { title: "limit of the gateway", ...of })
          const both = [old, limited("new", 500, Date.UTC(2026, 5, 3), later)]
          const store = yield* MemoryStore
          for (const each of both) yield* store.save(each, project("one"))
          yield* remembered.index(both)
          return yield* ids("the limit of the gateway")
        }).pipe(Effect.provide(whole))
      const [saved, noted] = [{ origin: "saved:1" }, { origin: "noted:1" }]
      for (const early of [saved, noted, { pinned: true }]) assert.deepStrictEqual(yield* found(early, {}), ["old"])
      const better = { title: "limit of the gateway for partner tokens" }
      for (const early of [saved, noted, { pinned: true }]) {
        assert.deepStrictEqual(yield* found({ ...early, title: "gateway" }, better), ["old"])
        // Where the session says more besides, both are told.
        const content =
          `The limit of the gateway for partner tokens of the region is 500 requests a minute. The limit of the gateway is
          a limit of lanterns, cranes and barrels`
        assert.deepStrictEqual(yield* found({ ...early, title: "x" }, { ...better, content }), ["new", "old"])
      }
      assert.deepStrictEqual(yield* found({}, { ...better, ...saved }), ["new"])
      assert.deepStrictEqual(yield* found(saved, { origin: "saved:2" }), ["new"])
      assert.deepStrictEqual(yield* found(noted, { origin: "noted:2" }), ["new"])
    }))

  it.effect("finds of two that the person saved the newer, and beside it what is pinned", () =>
    Effect.gen(function*() {
      const march = Date.UTC(2026, 2, 3)
      const made = (id: string, requests: number, month: number, overrides = {}) =>
        limited(id, requests, march + month * 30 * 24 * 3_600_000, { origin: `saved:${id}`, ...overrides })
      const title = { title: "limit of the gateway for partner tokens" }
      const pinned = { pinned: true }
      const found = (...all: ReadonlyArray<MemoryUnit>) =>
        Effect.gen(function*() {
          const store = yield* MemoryStore
          for (const each of all) yield* store.save(each, project("one"))
          yield* remembered.index(all)
          return (yield* ids("the limit of the gateway")).toSorted()
        }).pipe(Effect.provide(whole))
      // Whichever is better.
      for (const [old, late] of [[title, {}], [{}, title]]) {
        assert.deepStrictEqual(
          yield* found(made("old", 500, 0, { ...old, ...pinned }), made("new", 100, 1, late)),
          ["new", "old"]
        )
        assert.deepStrictEqual(
          yield* found(made("old", 500, 0, { ...old, ...pinned }), made("new", 100, 1, { ...late, ...pinned })),
          ["new", "old"]
        )
        assert.deepStrictEqual(yield* found(made("old", 500, 0, old), made("new", 100, 1, { ...late, ...pinned })), [
          "new"
        ])
        assert.deepStrictEqual(yield* found(made("old", 500, 0, old), made("new", 100, 1, late)), ["new"])
      }
      for (const each of [[title, {}, {}], [{}, title, {}], [{}, {}, title]]) {
        assert.deepStrictEqual(
          yield* found(
            made("pinned", 500, 0, { ...each[0], ...pinned }),
            made("old", 300, 1, each[1]),
            made("new", 100, 2, each[2])
          ),
          ["new", "pinned"]
        )
      }
      // A session's is told in neither's place.
      assert.deepStrictEqual(
        yield* found(made("old", 500, 0, pinned), made("new", 100, 1, { ...title, origin: "s1" })),
        ["old"]
      )
    }))

  it.effect("finds what a person wrote anew beside what its session says of it", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const content = "The gateway for partner tokens allows 500 requests a minute"
      yield* remembered.store([
        unit("summary", { type: "archive", title: "limit of the gateway for partner tokens", content }),
        unit("decided", { type: "decision", content: `${content}, says the contract` })
      ])
      yield* store.edit("decided", { content: content.replace("500", "90") }, "person")
      assert.include(yield* ids("the limit of the gateway"), "decided")
    }).pipe(Effect.provide(whole)))

  it.effect("finds what was pinned beside the newest that was saved, in whichever order the three match", () =>
    Effect.gen(function*() {
      const day = 24 * 3_600_000
      const titles = ["limit of the gateway limit of the gateway", "limit of the gateway", ""]
      for (const [a, b, c] of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const) {
        const march = Date.UTC(2026, 2, 3)
        const saved = (id: string) => ({ origin: `saved:${id}` })
        const all = [
          limited("pin", 500, march, { ...saved("pin"), title: titles[a], pinned: true, type: "decision" }),
          limited("old", 500, march + day, { ...saved("old"), title: titles[b] }),
          limited("new", 100, march + 2 * day, { ...saved("new"), title: titles[c] })
        ]
        const found = yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          for (const each of all) yield* store.save(each, project("one"))
          yield* remembered.index(all)
          return yield* ids("the limit of the gateway")
        }).pipe(Effect.provide(whole))
        assert.deepStrictEqual(found.toSorted(), ["new", "pin"], `${a}${b}${c}`)
      }
    }))

  it.effect("finds what is no copy of what was found, though it is one of what stands in its place", () =>
    Effect.gen(function*() {
      const told = (id: string, where: string, occurredAt: number, overrides = {}) =>
        unit(id, {
          sessionId: id,
          content: `The limit of the gateway for partner tokens is 300 requests a minute in the region ${where}`,
          occurredAt,
          ...overrides
        })
      yield* filled([
        told("a", "Oslo harbour north", Date.UTC(2026, 2, 3), { title: "limit of the gateway" }),
        told("b", "Oslo harbour south", Date.UTC(2026, 3, 3)),
        told("c", "Quito airport south", Date.UTC(2026, 4, 3))
      ])
      assert.include(yield* ids("the limit of the gateway"), "c")
      assert.lengthOf(yield* ids("the limit of the gateway"), 2)
    }).pipe(Effect.provide(whole)))

  it.effect("counts one that was replaced and that which holds in its place once", () =>
    Effect.gen(function*() {
      const notes = Array.from({ length: 10 }, (_, i) =>
        unit(`note-${i}`, {
          sessionId: `n${i}`,
          content: `ferry note ${["oak", "ash", "elm", "fir", "yew", "box", "bay", "fig", "nut", "hop"][i]}${i}`
        }))
      yield* filled(notes)
      const store = yield* MemoryStore
      yield* store.edit("note-3", { replacedBy: "note-4" }, "person")
      for (const limit of [1, 3, 5, 9]) assert.lengthOf(yield* ids("ferry note", { limit }), limit, String(limit))
      assert.lengthOf(yield* ids("ferry note", { limit: 20 }), 9)
    }).pipe(Effect.provide(whole)))
})

describe("search", () => {
  it.effect("finds an identifier in whatever case it is typed, and misses none that stands in a longer one", () =>
    Effect.gen(function*() {
      const named = (id: string, name: string) =>
        unit(id, { sessionId: id, content: `The ${name} belongs to the harbour` })
      yield* filled([
        named("camel", "StripeHandler"),
        named("lower", "mooringplanner"),
        named("size", "DATABASE_POOL_SIZE"),
        named("other", "ferry")
      ])
      for (const text of ["stripehandler", "STRIPEHANDLER", "StripeHandler"]) {
        assert.deepStrictEqual(yield* ids(text, { mode: "keyword" }), ["camel"], text)
      }
      assert.deepStrictEqual(yield* ids("MooringPlanner", { mode: "keyword" }), ["lower"])
      const absent = (text: string) => Effect.map(search(text, { mode: "keyword" }), ({ absent = [] }) => absent)
      assert.deepStrictEqual(yield* absent("DATABASE_POOL"), [])
      assert.deepStrictEqual(yield* absent("DATABASE_PUMP"), ["database_pump", "pump"])
      // What stands within a word is no word.
      assert.deepStrictEqual(yield* absent("the harbo of DATABASE_POOL"), ["harbo"])
    }).pipe(Effect.provide(whole)))

  it.effect("looks for what was meant by a word that no memory contains, where it may", () =>
    Effect.gen(function*() {
      yield* filled([
        unit("right", { sessionId: "right", content: "Authentication of the ferry goes through the harbour" }),
        unit("other", { sessionId: "other", content: "The key of the lighthouse" })
      ])
      const asked = (text: string, more: Parameters<typeof search>[1] = {}) =>
        Effect.map(search(text, { respells: true, ...more }), ({ absent = [], respelt, results }) => ({
          absent,
          respelt,
          first: results[0]?.unit.id
        }))
      for (const mode of ["hybrid", "keyword"] as const) {
        assert.deepStrictEqual(yield* asked("Authetication of quagmires", { mode }), {
          absent: ["quagmir"],
          respelt: {
            text: "authentication of quagmires",
            words: [{ typed: "Authetication", instead: "authentication" }]
          },
          first: "right"
        })
      }
      for (const text of ["authentication", "authetication_key", "src/authetication.ts", "quagmire"]) {
        assert.isUndefined((yield* asked(text)).respelt, text)
      }
      assert.isUndefined((yield* asked("authetication", { mode: "semantic" })).respelt)
      assert.isUndefined((yield* asked("authetication", { respells: false })).respelt)
    }).pipe(Effect.provide(whole)))

  it.effect("finds by words, by meaning, and by both", () =>
    Effect.gen(function*() {
      yield* filled(units)
      for (const mode of ["hybrid", "keyword", "semantic"] as const) {
        const { degraded, results } = yield* search("why was the connection pool exhausted?", { mode })
        assert.isEmpty(degraded)
        assert.strictEqual(results[0]?.unit.id, "pool", mode)
        assert.isTrue(results.every(({ score }) => score >= 0 && score <= 1))
        const why = results[0]?.why
        assert.strictEqual(why?.keyword === null, mode === "semantic")
        assert.strictEqual(why?.semantic === null, mode === "keyword")
        assert.deepStrictEqual(why?.matched, mode === "semantic" ? [] : ["connect", "pool", "exhaust"])
      }
      assert.deepStrictEqual((yield* ids("批量写入", { mode: "keyword" })).slice(0, 1), ["clickhouse"])
    }).pipe(Effect.provide(whole)))

  it.effect("gives each lane's rank and score", () =>
    Effect.gen(function*() {
      yield* filled(units)
      const { results } = yield* search("idempotent webhook handler, connection")
      const [first] = results
      assert.strictEqual(first?.unit.id, "webhook")
      assert.strictEqual(first?.why.keyword?.rank, 1)
      assert.strictEqual(first?.why.semantic?.rank, 1)
      assert.isTrue(Math.abs(first?.why.semantic?.score ?? 2) <= 1)
      assert.isAbove(first?.why.keyword?.score ?? 0, 0)
      assert.deepStrictEqual(Object.keys(first?.why.boosts ?? {}), ["session"])
      const second = results.find(({ unit }) => unit.id === "pool")
      assert.strictEqual(second?.why.keyword?.rank, 2)
      assert.deepStrictEqual(second?.why.matched, ["connect"])
      assert.isBelow(second?.score ?? 1, first?.score ?? 0)
    }).pipe(Effect.provide(whole)))

  it.effect("scores by the share of the question that is answered", () =>
    Effect.gen(function*() {
      yield* filled(units)
      const best = (text: string) =>
        Effect.map(search(text, { mode: "keyword" }), ({ results }) => results[0]?.score ?? 0)
      const [all, half, none] = [
        yield* best("exhausted pool"),
        yield* best("exhausted pool of llamas grazing"),
        yield* best("llamas")
      ]
      assert.isAbove(all, 0.99)
      assert.isTrue(half > 0.2 && half < 0.8)
      assert.strictEqual(none, 0)
    }).pipe(Effect.provide(whole)))

  it.effect("finds by English words what is in Chinese", () =>
    Effect.gen(function*() {
      const question = "why did the deadlock in the cache happen?"
      const chinese = unit("chinese", { content: "缓存里出现死锁的原因是两个事务互相等待" })
      const found = Effect.map(search(question, { mode: "keyword" }), ({ results }) => results[0]?.unit.id)
      yield* filled([...units, chinese])
      assert.strictEqual(yield* found, "chinese")
    }).pipe(Effect.provide(whole)))

  it.effect("filters by project, type, time and file in every mode", () =>
    Effect.gen(function*() {
      yield* filled(units)
      const text = "the pool coupon webhook test client handler"
      for (const mode of ["hybrid", "keyword", "semantic"] as const) {
        const asked = (overrides: Partial<SearchQuery>) =>
          Effect.map(ids(text, { mode, ...overrides }), (found) => [...found].sort())
        assert.deepStrictEqual(yield* asked({ projects: ["project-two"] }), ["webhook"], mode)
        assert.deepStrictEqual(yield* asked({ projects: [] }), [], mode)
        assert.deepStrictEqual(yield* asked({ types: ["error_log"] }), ["coupon"], mode)
        assert.deepStrictEqual(yield* asked({ since: 1_500, until: 2_500 }), ["coupon"], mode)
        assert.deepStrictEqual(yield* asked({ files: ["pool.ts"] }), ["pool"], mode)
        assert.deepStrictEqual(yield* asked({ files: ["ool.ts"] }), [], mode)
      }
    }).pipe(Effect.provide(whole)))

  it.effect("gives no more than asked, and none below the least score", () =>
    Effect.gen(function*() {
      const many = Array.from({ length: 30 }, (_, i) =>
        unit(`u${String(i).padStart(2, "0")}`, {
          sessionId: `s${i}`,
          content: `pool number${i} alpha${i} beta${i} gamma${i} delta${i}`
        }))
      yield* filled(many)
      for (const limit of [1, 7, 30]) {
        assert.strictEqual((yield* ids("pool", { limit })).length, limit)
      }
      // Equal scores are ordered by id.
      assert.deepStrictEqual(yield* ids("pool", { limit: 3, mode: "keyword" }), ["u00", "u01", "u02"])
      const { results } = yield* search("pool number7 llamas", { limit: 30 })
      for (const minScore of [0, 0.1, 0.3, 0.5, 1]) {
        assert.deepStrictEqual(
          yield* ids("pool number7 llamas", { limit: 30, minScore }),
          results.filter(({ score }) => score >= minScore).map(({ unit }) => unit.id)
        )
      }
    }).pipe(Effect.provide(whole)))

  it.effect("lends a unit's neighbours a share of its score", () =>
    Effect.gen(function*() {
      const session = Array.from({ length: 5 }, (_, i) =>
        unit(`u${i}`, { position: i, content: i === 2 ? "the pool is exhausted" : `word${i} thing${i} other${i}` }))
      yield* filled(session)
      const { results } = yield* search("exhausted pool", { mode: "keyword" })
      const gains = new Map(results.map(({ unit, why }) => [unit.id, why.neighbours]))
      assert.deepStrictEqual([...gains.keys()].sort(), ["u1", "u2", "u3", "u4"])
      assert.strictEqual(gains.get("u2"), 0)
      assert.isAbove(gains.get("u3")!, gains.get("u1")!)
      assert.isAbove(gains.get("u4")!, gains.get("u1")!)
      assert.strictEqual(results[0]?.unit.id, "u2")
      assert.strictEqual(results[1]?.unit.id, "u3")
      assert.isNull(results[1]?.why.keyword)
    }).pipe(Effect.provide(whole)))

  it.effect("finds what was said on a date that the question names", () =>
    Effect.gen(function*() {
      const dated = ["2023-05-07", "2023-05-08", "2023-06-07"].map((date) =>
        unit(date, {
          sessionId: date,
          content: `the pool was discussed at length on that ${date.length} occasion ${
            date.slice(5).replace("-", "x")
          }`,
          occurredAt: Date.parse(`${date}T12:00:00Z`)
        })
      )
      yield* filled(dated)
      for (const text of ["what about the pool on May 8, 2023?", "5月8日 pool"]) {
        const { results } = yield* search(text)
        assert.strictEqual(results[0]?.unit.id, "2023-05-08", text)
        assert.strictEqual(results[0]?.why.boosts.date, 1)
      }
      // A question about nothing else is answered by what is of the day, whatever it says.
      for (const text of ["what did we do on May 8, 2023?", "2023年5月8日做了什么"]) {
        const { results } = yield* search(text)
        assert.deepStrictEqual(results.map(({ unit }) => unit.id), ["2023-05-08"], text)
      }
    }).pipe(Effect.provide(whole)))

  it.effect("lets no neighbour past the filter", () =>
    Effect.gen(function*() {
      yield* filled([
        unit("a", { position: 1, content: "the pool is exhausted" }),
        unit("b", { position: 2, content: "other words here", type: "error_log" }),
        unit("c", { position: 3, content: "still more of them" })
      ])
      assert.deepStrictEqual(yield* ids("exhausted pool", { mode: "keyword", types: ["conversation"] }), ["a", "c"])
    }).pipe(Effect.provide(whole)))

  it.effect("drops what a better result says already", () =>
    Effect.gen(function*() {
      const text = "The connection pool is exhausted because clients are never released after queries throw"
      yield* filled([
        // Each has a word that the other lacks, so that the store does not merge them.
        unit("a", { sessionId: "s1", content: `${text} during imports` }),
        unit("b", { sessionId: "s2", content: `${text} tonight` }),
        unit("d", { sessionId: "s4", content: "The pool was resized and everything about queries got faster since" })
      ])
      assert.deepStrictEqual(yield* ids("connection pool exhausted queries"), ["b", "d"])
    }).pipe(Effect.provide(whole)))
})

describe("a lane that is away", () => {
  it.effect("is named, and the keyword results stay", () =>
    Effect.gen(function*() {
      yield* remembered.store(units)
      const { degraded, results } = yield* search("exhausted pool")
      assert.deepStrictEqual(results.map(({ unit }) => unit.id), ["pool"])
      assert.strictEqual(degraded.length, 1)
      assert.include(degraded[0], "semantic search")
      assert.include(degraded[0], "no answer")
      assert.deepStrictEqual((yield* search("exhausted pool", { mode: "keyword" })).degraded, [])
      const semantic = yield* search("exhausted pool", { mode: "semantic" })
      assert.isEmpty(semantic.results)
      assert.strictEqual(semantic.degraded.length, 1)
    }).pipe(Effect.provide(withoutIndex)))

  it.effect("for want of a model is named as well", () =>
    Effect.gen(function*() {
      yield* remembered.store(units)
      yield* Effect.flatMap(VectorIndex, ({ ensure }) => ensure({ id: "m", dimension: 256 }))
      const { degraded, results } = yield* search("exhausted pool")
      assert.deepStrictEqual(results.map(({ unit }) => unit.id), ["pool"])
      assert.include(degraded[0], "the file is gone")
    }).pipe(Effect.provide(withoutModel)))

  it.effect("for a model that does not answer is not waited for long", () =>
    Effect.gen(function*() {
      yield* remembered.store(units)
      yield* Effect.flatMap(VectorIndex, ({ ensure }) => ensure({ id: "m", dimension: 256 }))
      const searching = yield* Effect.fork(search("exhausted pool"))
      yield* TestClock.adjust("12 seconds")
      const { degraded, results } = yield* Fiber.join(searching)
      assert.deepStrictEqual(results.map(({ unit }) => unit.id), ["pool"])
      assert.deepStrictEqual(degraded, ["semantic search: no answer within 12s"])
      const prompted = yield* Effect.fork(search("exhausted pool", { vectorsWithin: 150 }))
      yield* TestClock.adjust("150 millis")
      const inTime = yield* Fiber.join(prompted)
      assert.deepStrictEqual(inTime.results, results)
      assert.deepStrictEqual(inTime.degraded, ["semantic search: no answer within 150ms"])
    }).pipe(Effect.provide(over(modelThat(() => Effect.never), testing.index))))

  it.effect("for a model that did not answer is waited for briefly, for a minute or until it answers", () => {
    let takes: Duration.DurationInput = "1 hour"
    const slow = modelThat(() => Effect.as(Effect.sleep(takes), [Option.none()]))
    return Effect.gen(function*() {
      yield* remembered.store(units)
      yield* Effect.flatMap(VectorIndex, ({ ensure }) => ensure({ id: "m", dimension: 256 }))
      const waitedFor = Effect.gen(function*() {
        const from = yield* Clock.currentTimeMillis
        const searching = yield* Effect.fork(Effect.zipRight(search("exhausted pool"), Clock.currentTimeMillis))
        yield* TestClock.adjust("13 seconds")
        return (yield* Fiber.join(searching)) - from
      })
      assert.deepStrictEqual(yield* Effect.all([waitedFor, waitedFor, waitedFor]), [12_000, 1_000, 1_000])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Effect.all([waitedFor, waitedFor]), [12_000, 1_000])
      takes = "900 millis"
      assert.strictEqual(yield* waitedFor, 900)
      takes = "3 seconds"
      assert.strictEqual(yield* waitedFor, 3_000)
    }).pipe(Effect.provide(over(slow, testing.index)))
  })

  it.effect("that knows no word of the question is reported as degraded", () =>
    Effect.gen(function*() {
      yield* filled(units)
      const { degraded, results } = yield* search("???")
      assert.isEmpty(results)
      assert.strictEqual(degraded.length, 1)
    }).pipe(Effect.provide(whole)))
})

describe("a share of the best score", () => {
  const word = FastCheck.constantFrom(
    "harbour",
    "ferry",
    "pier",
    "lantern",
    "storm",
    "winter",
    "crate",
    "page",
    "captain"
  )
  const said = FastCheck.record({
    words: FastCheck.array(word, { minLength: 1, maxLength: 12 }),
    asks: FastCheck.boolean(),
    session: FastCheck.integer({ min: 0, max: 12 })
  })

  slow(it.effect.prop)(
    "is reached by the same results, with the same scores, as among all",
    [
      FastCheck.array(said, { minLength: 80, maxLength: 160 }),
      FastCheck.uniqueArray(word, { minLength: 1, maxLength: 4 }),
      FastCheck.constantFrom("hybrid", "keyword"),
      FastCheck.constantFrom(0.4, 0.7, 0.95)
    ],
    ([made, asked, mode, minShare]) =>
      Effect.gen(function*() {
        yield* filled(made.map(({ asks, session, words }, i) =>
          unit(`u${i}`, {
            sessionId: `s${session}`,
            position: i,
            content: `${words.join(" ")} n${i}${asks ? "?" : "."}`,
            tokens: words.length * 20
          })
        ))
        const found = (share: number) =>
          Effect.flatMap(Retriever, ({ search }) =>
            search({
              text: asked.join(" "),
              projects: "all",
              limit: 160,
              minScore: 0,
              mode: mode as SearchQuery["mode"],
              minShare: share
            }))
        const { results: all } = yield* found(0)
        const { results: near } = yield* found(minShare)
        const scored = (results: typeof all) => results.map(({ score, unit }) => [unit.id, score])
        const least = (minShare - 1e-6) * (all[0]?.score ?? 0)
        assert.deepStrictEqual(scored(near), scored(all.filter(({ score }) => score >= least)))
      }).pipe(Effect.provide(whole)),
    { fastCheck: { numRuns: times(8) }, timeout: times(120_000) }
  )
})

describe("few places", () => {
  const word = FastCheck.constantFrom("harbour", "ferry", "pier", "lantern", "storm", "winter", "crate", "page")
  const said = FastCheck.record({
    words: FastCheck.array(word, { minLength: 1, maxLength: 8 }),
    asks: FastCheck.boolean(),
    session: FastCheck.integer({ min: 0, max: 30 }),
    // A short one of words that another contains is a copy of it.
    isShort: FastCheck.integer({ min: 0, max: 9 }).map((n) => n === 0)
  })

  slow(it.effect.prop)(
    "have the same results, with the same scores, as where all that may be raised is read, for a model to rank",
    [
      FastCheck.array(said, { minLength: 100, maxLength: 200 }),
      FastCheck.uniqueArray(word, { minLength: 1, maxLength: 4 }),
      FastCheck.constantFrom("hybrid", "keyword"),
      // What is read for the first are 60, of which the last of so many places are near the others.
      FastCheck.integer({ min: 1, max: 58 })
    ],
    ([made, asked, mode, limit]) =>
      Effect.gen(function*() {
        yield* filled(made.map(({ asks, isShort, session, words }, i) =>
          unit(`u${i}`, {
            sessionId: `s${session}`,
            position: i,
            content: `${words.join(" ")}${isShort ? "" : ` n${i} x${i} y${i}`}${asks ? "?" : "."}`,
            tokens: words.length * 20
          })
        ))
        const models = yield* ModelManager
        const ranking = Retriever.layer.pipe(
          Layer.provide(
            Layer.succeed(ModelManager, { ...models, describe: () => Effect.succeed([describedAs("rerank", null)]) })
          )
        )
        const found = Effect.map(
          search(asked.join(" "), { limit, mode: mode as SearchQuery["mode"] }),
          ({ results }) => results.map(({ score, unit }) => [unit.id, score])
        )
        const all = yield* Effect.provide(found, Layer.fresh(ranking))
        assert.deepStrictEqual(yield* found, all)
      }).pipe(Effect.provide(whole)),
    { fastCheck: { numRuns: times(10) }, timeout: times(120_000) }
  )
})

describe("any question", () => {
  it.effect("that is empty finds nothing", () =>
    Effect.gen(function*() {
      yield* filled(units)
      for (const text of ["", " \n", "???", "\u0000"]) {
        for (const mode of ["hybrid", "keyword", "semantic"] as const) assert.isEmpty(yield* ids(text, { mode }), text)
      }
    }).pipe(Effect.provide(whole)))

  it.effect("of a memory that is empty finds nothing", () =>
    Effect.gen(function*() {
      const { degraded, results } = yield* search("pool")
      assert.isEmpty(results)
      assert.deepStrictEqual(degraded, [
        "semantic search: the index: nothing is indexed yet; run `claude-memory import`"
      ])
    }).pipe(Effect.provide(whole)))

  slow(it.effect)("of hundreds of thousands of characters is answered", () =>
    Effect.gen(function*() {
      yield* filled(units)
      for (const text of hostile) {
        const [, millis] = yield* withMillis(search(text.slice(0, 200_000)))
        assert.isBelow(millis, 3_000, text.slice(0, 20))
      }
      const quoted = `${"\" OR * NEAR( ".repeat(50)} pool`
      assert.deepStrictEqual((yield* ids(quoted)).slice(0, 1), ["pool"])
    }).pipe(Effect.provide(whole)), 60_000)

  const made = FastCheck.array(FastCheck.tuple(anyText, FastCheck.constantFrom("project-one", "project-two")), {
    maxLength: 8
  })
    .map((texts) =>
      texts.map(([content, projectId], i) => unit(`u${i}`, { content, projectId, position: i, sessionId: `s${i % 2}` }))
    )

  slow(it.effect.prop)(
    "has results that pass its filter, each once, scores from 1 down to the least",
    [
      made,
      anyText,
      FastCheck.constantFrom("hybrid", "keyword", "semantic"),
      FastCheck.integer({ min: 1, max: 5 }),
      FastCheck.constantFrom(0, 0.2),
      FastCheck.constantFrom("all" as const, ["project-one"], [])
    ],
    ([units, text, mode, limit, minScore, projects]) =>
      Effect.gen(function*() {
        yield* filled(units)
        const words = text + (units[0]?.content.slice(0, 40) ?? "")
        const { results } = yield* search(words, { mode: mode as SearchQuery["mode"], limit, minScore, projects })
        assert.isAtMost(results.length, limit)
        assert.strictEqual(new Set(results.map(({ unit }) => unit.id)).size, results.length)
        results.forEach(({ score, unit }, i) => {
          assert.isTrue(passes(unit, { projects }))
          assert.isTrue(score >= minScore && score <= 1, String(score))
          assert.isAtMost(score, results[i - 1]?.score ?? 1)
        })
      }).pipe(Effect.provide(whole)),
    { fastCheck: { numRuns: times(25) }, timeout: times(120_000) }
  )

  it.effect("finds the project it is asked of", () =>
    Effect.gen(function*() {
      yield* remembered.store([pool], project("one"))
      yield* remembered.store([webhook], project("two"))
      assert.deepStrictEqual(yield* ids("pool webhook", { projects: ["project-two"], mode: "keyword" }), ["webhook"])
    }).pipe(Effect.provide(whole)))
})

const describedAs = (role: ModelDescription["role"], origin: string | null): ModelDescription => ({
  role,
  provider: "test",
  model: "r",
  origin,
  price: null,
  reachable: null,
  error: null,
  dimension: null,
  latencyMs: null
})

/** The offline model, changed. */
const changed = (change: (models: ModelManager["Type"]) => Partial<ModelManager["Type"]>) =>
  over(
    Layer.effect(
      ModelManager,
      Effect.map(ModelManager, (models) => ModelManager.of({ ...models, ...change(models) }))
    ).pipe(Layer.provide(model)),
    testing.index
  )

it.effect("a question that goes over the network is masked, and no other", () =>
  Effect.gen(function*() {
    const asked = (origin: string | null) => {
      const sent: Array<string> = []
      const note = (text: string) => void sent.push(text)
      const layer = changed((models) => ({
        embed: (texts, purpose) => {
          if (purpose === "query") texts.forEach(note)
          return models.embed(texts, purpose)
        },
        rerank: (query, documents) => {
          note(query)
          return Effect.succeed(documents.map((_, index) => ({ index, score: 1 })))
        },
        describe: () => Effect.succeed([describedAs("embedding", origin), describedAs("rerank", origin)])
      }))
      const question = "why does the pool fail? <private>it is Bob's</private> DB_PASSWORD=hunter2Zq9xLm"
      return Effect.as(Effect.provide(Effect.zipRight(filled([pool, coupon]), search(question)), layer), sent)
    }
    const [local, remote] = [yield* asked(null), yield* asked("https://models.example.com")]
    assert.deepStrictEqual([local.length, remote.length], [2, 2])
    for (const text of local) assert.include(text, "hunter2Zq9xLm")
    for (const text of remote) {
      assert.include(text, "pool")
      assert.notMatch(text, /hunter2Zq9xLm|Bob/)
    }
  }))

describe("a model that reranks", () => {
  /** The offline model, with this function as its reranker. */
  const reranking = (rerank: ModelManager["Type"]["rerank"]) =>
    changed(() => ({ rerank, describe: () => Effect.succeed([describedAs("rerank", null)]) }))
  const units = ["red", "green", "blue"].map((colour, i) =>
    unit(colour, { content: `the pool ${"pool ".repeat(3 - i)}is ${colour}`, title: `of ${colour}` })
  )
  const found = (overrides: Partial<SearchRequest> = {}) => Effect.zipRight(filled(units), search("pool", overrides))

  it.effect("reads the question and each unit, and moves to the front what it is surest of", () => {
    const asked: Array<readonly [string, ReadonlyArray<string>]> = []
    const rerank: ModelManager["Type"]["rerank"] = (query, documents) => {
      asked.push([query, documents])
      return Effect.succeed(documents.map((_, i) => ({ index: documents.length - 1 - i, score: 0.9 - i / 10 })))
    }
    return Effect.gen(function*() {
      const plain = yield* Effect.provide(found(), whole)
      const { degraded, results } = yield* Effect.provide(found({ limit: 2 }), reranking(rerank))
      assert.deepStrictEqual(degraded, [])
      const before = plain.results.map(({ unit }) => unit.id)
      assert.deepStrictEqual(results.map(({ unit }) => unit.id), [...before].reverse().slice(0, 2))
      assert.deepStrictEqual(results.map(({ why }) => why.rerank), [{ rank: 1, score: 0.9 }, { rank: 2, score: 0.8 }])
      assert.deepStrictEqual(plain.results.map(({ why }) => why.rerank), [null, null, null])
      // Scores stay with the places, so that certainty does not depend on the model's scale.
      assert.deepStrictEqual(results.map(({ score }) => score), plain.results.slice(0, 2).map(({ score }) => score))
      assert.deepStrictEqual(asked.map(([query]) => query), ["pool"])
      assert.strictEqual(asked[0]![1].length, 3)
      assert.match(asked[0]![1][0]!, /^of \w+\nthe pool/)
    })
  })

  it.effect("counts as much as the search: what it hardly prefers does not pass by what matches far better", () =>
    Effect.gen(function*() {
      const units = [
        unit("best", { content: "the pool is exhausted by the coupon webhook" }),
        unit("worst", { content: `a pool ${"of other things altogether ".repeat(20)}`, sessionId: "another" }),
        unit("third", { content: `a webhook ${"with nothing of the kind ".repeat(20)}`, sessionId: "third" })
      ]
      const rankedBy = (best: number) =>
        Effect.map(
          Effect.provide(
            Effect.zipRight(filled(units), search("why is the pool exhausted by the webhook")),
            reranking((_, documents) =>
              Effect.succeed(documents.map((document, index) => ({
                index,
                score: document.includes("exhausted") ? best : document.includes("other things") ? 0.9 : 0.1
              })))
            )
          ),
          ({ results }) => results.map(({ unit }) => unit.id)
        )
      assert.deepStrictEqual((yield* rankedBy(0.85))[0], "best")
      assert.deepStrictEqual((yield* rankedBy(0.1))[0], "worst")
    }))

  it.effect("those that it leaves out follow", () =>
    Effect.gen(function*() {
      const plain = yield* Effect.provide(found(), whole)
      const last = plain.results.length - 1
      const { results } = yield* Effect.provide(
        found(),
        reranking(() => Effect.succeed([{ index: last, score: 1 }]))
      )
      const before = plain.results.map(({ unit }) => unit.id)
      assert.deepStrictEqual(results.map(({ unit }) => unit.id), [before[last], ...before.slice(0, last)])
    }))

  it.effect("that fails is named, and the order stands", () =>
    Effect.gen(function*() {
      const plain = yield* Effect.provide(found(), whole)
      const error = new ModelError({ reason: "TimedOut", model: "r", detail: "no answer within 5s", cause: undefined })
      const { degraded, results } = yield* Effect.provide(found(), reranking(() => Effect.fail(error)))
      assert.deepStrictEqual(degraded, ["rerank: model r: no answer within 5s"])
      assert.deepStrictEqual(results, plain.results)
    }))

  it.effect("is not asked where there is no time for it, and the order stands", () =>
    Effect.gen(function*() {
      const plain = yield* Effect.provide(found(), whole)
      const { degraded, results } = yield* Effect.provide(
        found({ isImmediate: true }),
        reranking(() => Effect.dieMessage("asked"))
      )
      assert.deepStrictEqual([degraded, results], [[], plain.results])
    }))

  it.effect("is not asked about nothing, nor about one", () =>
    Effect.gen(function*() {
      const { results } = yield* Effect.provide(
        Effect.zipRight(filled([pool]), search("pool")),
        reranking(() => Effect.dieMessage("asked"))
      )
      assert.strictEqual(results.length, 1)
    }))
})

describe("evidence", () => {
  const evidenceFor = (text: string, request: Partial<EvidenceRequest> = {}) =>
    Effect.flatMap(Retriever, ({ evidence }) => evidence({ text, projects: "all", ...request }))
  const unitIds = (text: string, request: Partial<EvidenceRequest> = {}) =>
    Effect.map(evidenceFor(text, request), ({ testimonies }) => testimonies.map(({ unit }) => unit.id))

  it.effect("is found by words alone, the most telling unit first, and weighs everyday words nothing", () =>
    Effect.gen(function*() {
      yield* remembered.store([
        unit("one-word", { content: "the pool", occurredAt: 1 }),
        unit("both", { content: "the pool of nightly reports", position: 2 }),
        unit("none", { content: "another subject", position: 3 })
      ])
      const { testimonies, words } = yield* evidenceFor("please fix the nightly pool")
      assert.deepStrictEqual(testimonies.map(({ unit }) => unit.id), ["both", "one-word"])
      assert.deepStrictEqual(words.map(({ bits, lexeme }) => [lexeme, bits > 0]), [
        ["fix", false],
        ["nightli", true],
        ["pool", true]
      ])
      assert.deepStrictEqual(yield* unitIds(""), [])
    }).pipe(Effect.provide(over(brokenModel, brokenIndex))))

  it.effect("holds a misspelt word for what was meant, where it has others of the text", () =>
    Effect.gen(function*() {
      yield* remembered.store([
        unit("both", { content: "Authentication of the ferry" }),
        unit("other", { content: "The key of the lighthouse", position: 2 })
      ])
      const { respelt, testimonies: [best], words } = yield* evidenceFor("authetication of the ferry")
      assert.strictEqual(respelt, "authentication of the ferry")
      assert.deepStrictEqual([best?.unit.id, best?.together], ["both", words.map(({ lexeme }) => lexeme)])
      assert.isTrue(words.every(({ isAbsent }) => !isAbsent))
      for (const text of ["authetication of quagmires", "authentication of the ferry"]) {
        assert.isUndefined((yield* evidenceFor(text)).respelt, text)
      }
    }).pipe(Effect.provide(over(brokenModel, brokenIndex))))

  it.effect("of a Chinese question stands in English units, each word once whatever its translations", () =>
    Effect.gen(function*() {
      yield* remembered.store([
        unit("english", { content: "The connection pool leaked, so the deadlock came back after each deploy." }),
        unit("chinese", { content: "连接池的死锁又出现了。", position: 2 }),
        unit("other", { content: "The avatars are served in two sizes.", position: 3 })
      ])
      const { testimonies } = yield* evidenceFor("连接池 为什么 死锁 deadlock")
      assert.sameMembers(testimonies.map(({ unit }) => unit.id), ["english", "chinese"])
      for (const { together } of testimonies) assert.sameMembers([...together], ["连接池", "死锁"])
      assert.sameMembers((yield* ids("连接池死锁")).slice(0, 2), ["english", "chinese"])
      assert.strictEqual((yield* ids("头像"))[0], "other")
    }).pipe(Effect.provide(over(model, brokenIndex))))

  it.effect("and a search for the same text ask the lexical lane once", () => {
    const asked: Array<ReadonlyArray<string>> = []
    const counting = Layer.map(
      testing.store,
      (context) => {
        const store = Context.get(context, MemoryStore)
        return Context.make(MemoryStore, {
          ...store,
          lexical: (terms, filter, limit) => {
            if (limit > 0) asked.push(terms)
            return store.lexical(terms, filter, limit)
          }
        })
      }
    )
    const layer = Retriever.layer.pipe(
      Layer.provideMerge(Layer.merge(model, brokenIndex)),
      Layer.provideMerge(counting),
      Layer.provideMerge(ResourceLedger.layer)
    )
    return Effect.gen(function*() {
      yield* remembered.store([pool, coupon, webhook])
      const alone = yield* search("connection pool of the shop", { mode: "keyword" })
      asked.length = 0
      const { matches } = yield* evidenceFor("connection pool of the shop")
      const both = yield* Effect.flatMap(Retriever, ({ search }) =>
        search({
          text: "connection pool of the shop",
          projects: "all",
          limit: 10,
          minScore: 0,
          mode: "keyword",
          matches
        }))
      assert.deepStrictEqual(both, alone)
      assert.isNotEmpty(both.results)
      assert.lengthOf(asked, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves out what the session itself said since its context began", () =>
    Effect.gen(function*() {
      yield* remembered.store([
        unit("before", { content: "the nightly pool", sessionId: "own", occurredAt: 10 }),
        unit("after", { content: "the nightly pool once more", sessionId: "own", occurredAt: 20, position: 2 }),
        unit("elsewhere", { content: "the pool of another office", sessionId: "other", position: 3 }),
        ...[4, 5, 20, 21].map((occurredAt) =>
          unit(`parent ${occurredAt}`, { content: `pool ${occurredAt}`, sessionId: "parent", occurredAt, position: 4 })
        )
      ])
      const rest = ["elsewhere", "parent 21", "parent 4"]
      const inContext = (since: number) => ({
        inContext: [{ sessionId: "own", since }, { sessionId: "parent", since: 5, until: 20 }]
      })
      assert.sameMembers([...(yield* unitIds("nightly pool", inContext(0)))], rest)
      assert.sameMembers([...(yield* unitIds("nightly pool", inContext(15)))], ["before", ...rest])
      assert.sameMembers(yield* ids("nightly pool", inContext(0)), rest)
      assert.sameMembers(yield* ids("nightly pool", inContext(15)), ["before", ...rest])
      assert.lengthOf(yield* unitIds("nightly pool"), 7)
    }).pipe(Effect.provide(over(model, brokenIndex))))
})
