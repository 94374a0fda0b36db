import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { fieldsOf } from "../../src/domain/Lexical.ts"
import { evidence, MAX_EVIDENCE } from "../../src/domain/MemoryUnit.ts"
import { merge, restored, sketch, wordsOf } from "../../src/store/Duplicates.ts"
import { unit } from "../contract/made.ts"

const one = unit("one")

/** Returns `count` numbered words, starting at `from`. */
const numbered = (from: number, count: number): ReadonlySet<string> =>
  new Set(Array.from({ length: count }, (_, i) => `w${from + i}`))

/** Counts the candidates among 1,000 pairs of units that share `shared` of their 60 words. */
const looked = (shared: number) =>
  Array.from({ length: 1_000 }, (_, i) => {
    const [a, b] = [numbered(i * 1_000, 60), numbered(i * 1_000 + 60 - shared, 60)].map((words) => sketch(one, words))
    return a!.some((least) => b!.includes(least))
  }).filter((isLooked) => isLooked).length

describe("a sketch", () => {
  it("brings together units that share most of their words, and few others", () => {
    // The Jaccard indexes are 1, 0.9, 0.71, 0.2, 0.09 and 0.
    assert.strictEqual(looked(60), 1_000)
    assert.isAtLeast(looked(57), 995)
    assert.isAtLeast(looked(50), 900)
    assert.isAtMost(looked(20), 50)
    assert.isAtMost(looked(10), 10)
    assert.strictEqual(looked(0), 0)
  })

  it("does not depend on the order of the words, but on the project and the type", () => {
    const words = numbered(0, 20)
    assert.deepStrictEqual(sketch(one, new Set([...words].reverse())), sketch(one, words))
    for (const other of [{ ...one, projectId: "another" }, { ...one, type: "decision" as const }]) {
      assert.isFalse(sketch(other, words).some((least) => sketch(one, words).includes(least)))
    }
  })

  it("is none of an archive and of few words", () => {
    assert.deepStrictEqual(sketch({ ...one, type: "archive" }, numbered(0, 20)), [])
    assert.deepStrictEqual(sketch(one, numbered(0, 5)), [])
    assert.isNotEmpty(sketch(one, numbered(0, 6)))
  })

  it("is of the content's words, not the title's and the files'", () => {
    const titled = unit("t", { title: "alpha bravo", files: ["charlie.ts"], content: "delta echo" })
    assert.deepStrictEqual(wordsOf(fieldsOf(titled)), wordsOf(fieldsOf({ ...titled, title: "", files: [] })))
  })
})

describe("merging two", () => {
  const worded = FastCheck.record({
    id: FastCheck.constantFrom("a", "b", "c", "d"),
    occurredAt: FastCheck.nat(2),
    from: FastCheck.nat(6),
    count: FastCheck.integer({ min: 6, max: 40 }),
    cites: FastCheck.array(FastCheck.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 8 }),
    also: FastCheck.array(FastCheck.integer({ min: 0, max: 12 }), { maxLength: 4 })
  }).map(({ also, cites, count, from, id, occurredAt }) => {
    const own = [...new Set(cites)].map((n) => `m${n}`)
    return {
      unit: {
        ...unit(id, { occurredAt }),
        passages: own.map((uuid) => ({ uuid, kind: "text" as const, from: 0, to: 1 })),
        also: [...new Set(also)].map((n) => `m${n}`).filter((uuid) => !own.includes(uuid)).slice(0, 8 - own.length)
      },
      words: numbered(from, count)
    }
  })

  it.prop("gives the same whichever comes first, the fuller or the newer", [worded, worded], ([a, b]) => {
    if (a.unit.id === b.unit.id) return
    const merged = merge(a, b)
    assert.deepStrictEqual(merge(b, a), merged)
    const shared = [...a.words].filter((word) => b.words.has(word)).length
    const alike = shared / (a.words.size + b.words.size - shared)
    if (merged === undefined) {
      assert.isTrue(alike < 0.7 || shared < 0.95 * Math.min(a.words.size, b.words.size))
      return
    }
    assert.isAtLeast(alike, 0.7)
    const { superseded: goes, kept: stays } = merged
    const [full, part] = stays.id === a.unit.id ? [a, b] : [b, a]
    assert.isAtLeast(shared, 0.95 * part.words.size)
    if (shared >= 0.95 * full.words.size) assert.isAtLeast(stays.occurredAt, goes.occurredAt)
    assert.deepStrictEqual(goes, { ...part.unit, active: false, supersededBy: stays.id })
    assert.deepStrictEqual(restored(goes), part.unit)
    assert.deepStrictEqual({ ...stays, also: [] }, { ...full.unit, also: [] })
    assert.isAtMost(evidence(stays).length, MAX_EVIDENCE)
    assert.strictEqual(new Set([...stays.passages.map(({ uuid }) => uuid), ...stays.also]).size, evidence(stays).length)
    const both = new Set([...evidence(full.unit), ...evidence(part.unit)])
    for (const uuid of evidence(stays)) assert.isTrue(both.has(uuid))
    assert.strictEqual(evidence(stays).length, Math.min(MAX_EVIDENCE, both.size))
  })
})
