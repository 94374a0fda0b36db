import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { fieldsOf, sumOf } from "../../../src/domain/Lexical.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { bm25 } from "../../../src/retrieve/Fusion.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import * as testing from "../../../src/testing.ts"
import { everything, unit } from "../../contract/made.ts"
import { write } from "../../contract/MemoryStoreContract.ts"
import { slow, times } from "../../data.ts"

const TERMS = ["pool", "cach", "retri"]
/** Units, more than a search for so few counts, and lexemes of each. */
const UNITS = 200
const LENGTH = 16
const LIMIT = 5

describe("the lexical lane in SQLite", () => {
  slow(it.effect.prop)(
    "finds the best of all units of the same length, of which it counts a part",
    {
      counts: FastCheck.array(FastCheck.array(FastCheck.nat({ max: 5 }), { minLength: 3, maxLength: 3 }), {
        minLength: UNITS,
        maxLength: UNITS
      })
    },
    ({ counts }) =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const units = counts.map((count, i) => {
          const said = count.flatMap((n, term) => Array.from({ length: n }, () => TERMS[term]!))
          const rest = Array.from({ length: LENGTH - said.length }, (_, n) => `x${i}y${n}`)
          return unit(`u${i}`, { content: [...said, ...rest].join(" "), files: [], title: "", position: i })
        })
        yield* write(units)
        const matches = yield* store.lexical(TERMS, everything, LIMIT)
        const termIndex = new Map(TERMS.map((term, i) => [term, i]))
        const all = bm25({
          ...matches,
          candidates: units.map((each) => ({ unitId: each.id, ...sumOf(fieldsOf(each), termIndex) }))
        }).filter(({ score }) => score > 0)
        assert.deepStrictEqual(
          bm25(matches).map(({ score }) => score),
          all.slice(0, LIMIT).map(({ score }) => score)
        )
      }).pipe(Effect.provide(Layer.provideMerge(testing.store, ResourceLedger.layer))),
    { fastCheck: { numRuns: times(10) } }
  )
})
