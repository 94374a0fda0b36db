/**
 * Runs the contracts of the stores of models' costs and answers on every layer.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { keyOf, ModelCache } from "../../src/models/ModelCache.ts"
import { type Caps, type EndedCall, NO_CAPS, type PlannedCall, Spending } from "../../src/models/Spending.ts"
import { ModelsFile } from "../../src/models/sqlite/ModelsFile.ts"
import * as SqliteModelCache from "../../src/models/sqlite/SqliteModelCache.ts"
import * as SqliteSpending from "../../src/models/sqlite/SqliteSpending.ts"
import * as testing from "../../src/testing.ts"
import { times } from "../data.ts"
import { base } from "./layers.ts"

/** A new file for each use. */
const modelsFile = Layer.unwrapScoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-contract-" })
  return ModelsFile.layer({ folder, busyTimeoutMs: 5_000 })
})).pipe(Layer.provide(base))

/** A time on the same date in almost every time zone. */
const AT = DateTime.toEpochMillis(DateTime.unsafeMake("2026-11-25T11:00:00Z"))
const DAY_MS = 86_400_000

const planned = (more: Partial<PlannedCall> = {}): PlannedCall => ({
  at: AT,
  provider: "openai",
  model: "talker",
  role: "light",
  project: null,
  maximum: { input: 100, cached: 0, output: 50 },
  usd: 0.5,
  basis: "listed",
  ...more
})

const ended = (more: Partial<EndedCall> = {}): EndedCall => ({
  outcome: "answered",
  model: "talker",
  tokens: { input: 80, cached: 30, output: 20 },
  usd: 0.25,
  basis: "listed",
  durationMs: 12,
  ...more
})

const capped = (caps: Partial<Record<keyof Caps, Partial<Caps["day"]>>>): Caps => ({
  day: { ...NO_CAPS.day, ...caps.day },
  month: { ...NO_CAPS.month, ...caps.month }
})

const called = (call: Partial<PlannedCall> = {}, end: Partial<EndedCall> = {}) =>
  Effect.gen(function*() {
    const spending = yield* Spending
    const begun = yield* spending.begin(planned(call), NO_CAPS)
    if (begun._tag === "Begun") yield* spending.end(begun.id, ended(end), NO_CAPS)
  })

const sum = (day: readonly [number, number], month = day) => ({
  day: { key: "2026-11-25", tokens: day[0], usd: day[1] },
  month: { key: "2026-11", tokens: month[0], usd: month[1] }
})

const spendingSuite = <E>(name: string, layer: Layer.Layer<Spending, E>) => {
  const test = <E2>(title: string, body: Effect.Effect<void, E2, Spending>) =>
    it.effect(title, () => Effect.provide(body, layer))

  describe(name, () => {
    test(
      "counts a call's maximum while it runs, and what it took when it has ended",
      Effect.gen(function*() {
        const { begin, end, spent } = yield* Spending
        assert.deepStrictEqual(yield* spent(AT), sum([0, 0]))
        assert.strictEqual((yield* Effect.flip(spent(NaN))).operation, "spent")
        const begun = yield* begin(planned(), NO_CAPS)
        assert.deepStrictEqual(yield* spent(AT), sum([150, 0.5]))
        assert.strictEqual(begun._tag, "Begun")
        if (begun._tag === "Begun") yield* end(begun.id, ended(), NO_CAPS)
        assert.deepStrictEqual(yield* spent(AT), sum([100, 0.25]))
      })
    )

    test(
      "keeps days and months apart",
      Effect.gen(function*() {
        const { spent } = yield* Spending
        yield* called()
        yield* called({ at: AT - DAY_MS })
        yield* called({ at: AT - 40 * DAY_MS })
        assert.deepStrictEqual(yield* spent(AT), sum([100, 0.25], [200, 0.5]))
      })
    )

    for (
      const [cap, caps] of [
        ["money of a day", capped({ day: { usd: 0.7 } })],
        ["money of a month", capped({ month: { usd: 0.7 } })],
        ["tokens of a day", capped({ day: { tokens: 249 } })],
        ["tokens of a month", capped({ month: { tokens: 249 } })]
      ] as const
    ) {
      test(
        `refuses what would go over the cap: ${cap}`,
        Effect.gen(function*() {
          const { begin, spent } = yield* Spending
          yield* called()
          const begun = yield* begin(planned(), caps)
          assert.strictEqual(begun._tag, "Refused")
          if (begun._tag === "Refused") {
            assert.strictEqual(
              `${begun.refusal.unit === "usd" ? "money" : "tokens"} of a ${begun.refusal.period.name}`,
              cap
            )
          }
          assert.deepStrictEqual(yield* spent(AT), sum([100, 0.25]))
          const other = { maximum: { input: 100, cached: 0, output: 49 }, usd: 0.45 }
          assert.strictEqual((yield* begin(planned(other), caps))._tag, "Begun")
        })
      )
    }

    test(
      "warns at 80 and at 90 %, each once in a period",
      Effect.gen(function*() {
        const { begin, end } = yield* Spending
        const caps = capped({ day: { usd: 1 }, month: { tokens: 1_000 } })
        const told: Array<string> = []
        for (let i = 0; i < 10; i++) {
          const begun = yield* begin(planned({ usd: 0 }), caps)
          if (begun._tag === "Refused") break
          const warnings = yield* end(begun.id, ended({ usd: i < 8 ? 0.1 : 0.11 }), caps)
          told.push(warnings.map(({ percent, period, unit }) => `${percent} ${period.name} ${unit}`).join())
        }
        assert.deepStrictEqual(told, [
          "",
          "",
          "",
          "",
          "",
          "",
          "",
          "80 day usd,80 month tokens",
          "90 day usd,90 month tokens"
        ])
      })
    )

    test(
      "tells what was spent, by day, model, role and project",
      Effect.gen(function*() {
        const { begin, breakdown } = yield* Spending
        yield* called({ project: "p1" })
        yield* called({ at: AT - DAY_MS, role: "embedding", model: "m2", basis: "assumed" }, {
          model: "m2",
          usd: 2,
          basis: "assumed",
          outcome: "TimedOut"
        })
        yield* called({ at: AT - 3 * DAY_MS })
        yield* begin(planned({ project: "p1" }), NO_CAPS)
        const row = { input: 80, cached: 30, output: 20, assumedUsd: 0 }
        const both = { calls: 2, failed: 1, input: 180, cached: 30, output: 70, usd: 0.75, assumedUsd: 0 }
        const late = { ...row, calls: 1, failed: 1, usd: 2, assumedUsd: 2 }
        const since = AT - 2 * DAY_MS
        assert.deepStrictEqual(yield* breakdown("day", since), [{ key: "2026-11-25", ...both }, {
          key: "2026-11-24",
          ...late
        }])
        assert.deepStrictEqual(yield* breakdown("model", since), [{ key: "openai:m2", ...late }, {
          key: "openai:talker",
          ...both
        }])
        assert.deepStrictEqual(yield* breakdown("role", since), [{ key: "embedding", ...late }, {
          key: "light",
          ...both
        }])
        assert.deepStrictEqual(yield* breakdown("project", since), [{ key: "", ...late }, { key: "p1", ...both }])
        assert.deepStrictEqual(yield* breakdown("day", AT + 1), [])
      })
    )

    it.effect.prop(
      "whatever is called in whatever order, no cap is exceeded, and nothing is refused that would have fitted",
      [FastCheck.array(FastCheck.tuple(FastCheck.nat(60), FastCheck.nat(60), FastCheck.boolean()), { maxLength: 12 })],
      ([calls]) =>
        Effect.gen(function*() {
          const { begin, end, spent } = yield* Spending
          const caps = capped({ day: { tokens: 200 } })
          let used = 0
          for (const [most, share, ends] of calls) {
            const begun = yield* begin(planned({ maximum: { input: most, cached: 0, output: 0 } }), caps)
            assert.strictEqual(begun._tag, used + most > 200 ? "Refused" : "Begun")
            if (begun._tag === "Refused") continue
            const took = ends ? Math.min(most, share) : most
            used += took
            if (ends) yield* end(begun.id, ended({ tokens: { input: took, cached: 0, output: 0 } }), caps)
            assert.strictEqual((yield* spent(AT)).day.tokens, used)
          }
        }).pipe(Effect.provide(layer)),
      { fastCheck: { numRuns: times(6) } }
    )
  })
}

spendingSuite("SqliteSpending", SqliteSpending.layer.pipe(Layer.provide(modelsFile)))
spendingSuite("SqliteSpending in memory", testing.spending.pipe(Layer.provide(base)))

const bytes = (length: number, value: number) => Uint8Array.from({ length }, () => value)
const values = (found: ReadonlyArray<Option.Option<Uint8Array>>) =>
  found.map((each) => Option.match(each, { onNone: () => undefined, onSome: ([first]) => first }))

const cacheSuite = <E>(name: string, layer: Layer.Layer<ModelCache, E>) => {
  const test = <E2>(title: string, body: Effect.Effect<void, E2, ModelCache>) =>
    it.effect(title, () => Effect.provide(body, layer))
  const key = (i: number) => keyOf("embedding", "model", String(i))

  describe(name, () => {
    test(
      "gives what was put, in the order asked",
      Effect.gen(function*() {
        const { get, put } = yield* ModelCache
        yield* put([[key(1), bytes(4, 1)], [key(2), bytes(4, 2)]])
        yield* put([[key(2), bytes(4, 3)]])
        yield* put([])
        assert.deepStrictEqual(values(yield* get([key(2), key(9), key(1), key(2)])), [3, undefined, 1, 3])
        assert.deepStrictEqual(yield* get([]), [])
      })
    )

    test(
      "drops what can be read when it is to forget, and keeps vectors",
      Effect.gen(function*() {
        const { forget, get, put } = yield* ModelCache
        const readable = keyOf("background", "model", "1")
        yield* put([[readable, bytes(4, 1)], [key(1), bytes(4, 2)]])
        yield* forget
        assert.deepStrictEqual(values(yield* get([readable, key(1)])), [undefined, 2])
        yield* put([[readable, bytes(4, 3)]])
        assert.deepStrictEqual(values(yield* get([readable])), [3])
      })
    )

    test(
      "keeps nothing that a model was asked for before something was forgotten",
      Effect.gen(function*() {
        const { forget, forgotten, get, put } = yield* ModelCache
        const answers = ["1", "2", "3"].map((part) => keyOf("completion", "model", part))
        const before = yield* forgotten
        yield* put([[answers[0]!, bytes(4, 1)]], before)
        yield* forget
        yield* put([[answers[1]!, bytes(4, 2)]], before)
        yield* put([[answers[2]!, bytes(4, 3)]], yield* forgotten)
        assert.deepStrictEqual(values(yield* get(answers)), [undefined, undefined, 3])
      })
    )

    test(
      "keeps to its size, and the newest",
      Effect.gen(function*() {
        const { get, put } = yield* ModelCache
        for (let i = 0; i < 200; i++) yield* put([[key(i), bytes(10, i)]])
        const found = values(yield* get(Array.from({ length: 200 }, (_, i) => key(i))))
        assert.isAtMost(found.filter((value) => value !== undefined).length, 100)
        assert.isAtLeast(found.filter((value) => value !== undefined).length, 30)
        assert.strictEqual(found[199], 199)
        assert.strictEqual(found[0], undefined)
        yield* put([[key(1_000), bytes(2_000, 1)]])
        assert.deepStrictEqual(values(yield* get([key(1_000), key(199)])), [undefined, undefined])
      })
    )
  })
}

cacheSuite("SqliteModelCache", SqliteModelCache.layer(1_000).pipe(Layer.provide(modelsFile)))
cacheSuite(
  "SqliteModelCache in memory",
  SqliteModelCache.layer(1_000).pipe(Layer.provide(ModelsFile.layerMemory), Layer.provide(base))
)
