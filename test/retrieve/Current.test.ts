import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { lazily } from "../../src/domain/Steps.ts"
import { current } from "../../src/retrieve/Current.ts"
import { unit } from "../contract/made.ts"

/** Runs the steps over these units; which of them is replaced by which is told by their ids. Those with an upper-case id are in part. */
const run = (
  ranked: ReadonlyArray<string>,
  replacements: Readonly<Record<string, string>>,
  isWanted: (unit: MemoryUnit) => boolean = () => true,
  gone: ReadonlyArray<string> = []
) => {
  const made = (id: string) =>
    unit(id, {
      type: "decision",
      ...(replacements[id] !== undefined && { replacedBy: replacements[id] }),
      ...(/[A-Z]/.test(id) && { type: "conversation", replacedFor: "a thing" })
    })
  const unitsOf = (ids: ReadonlyArray<string>) => lazily(() => ids.filter((id) => !gone.includes(id)).map(made))
  const steps = current(ranked.map((id) => ({ unit: made(id) })), unitsOf, isWanted)
  const { done, value } = steps.next()
  assert.isTrue(done)
  return (value as ReadonlyArray<{ unit: MemoryUnit; replaces: ReadonlyArray<{ id: string }> }>)
    .map(({ replaces, unit }) => [unit.id, ...replaces.map(({ id }) => id)].join(" < "))
}

describe("memories that were replaced", () => {
  it("give way to what holds, over any number of steps, at the best place of all", () => {
    assert.deepStrictEqual(run(["a", "b"], {}), ["a", "b"])
    assert.deepStrictEqual(run(["a", "b"], { a: "c" }), ["c < a", "b"])
    assert.deepStrictEqual(run(["x", "a", "b", "c"], { a: "b", b: "c" }), ["x", "c < a < b"])
    assert.deepStrictEqual(run(["a"], { a: "b", b: "c" }), ["c < a"])
  })

  it("stay where what holds is gone, of another project or in a circle", () => {
    assert.deepStrictEqual(run(["a"], { a: "b" }, undefined, ["b"]), ["a"])
    assert.deepStrictEqual(run(["a"], { a: "b", b: "c" }, undefined, ["c"]), ["b < a"])
    assert.deepStrictEqual(run(["a"], { a: "b", b: "c" }, ({ id }) => id !== "c"), ["b < a"])
    assert.deepStrictEqual(run(["a"], { a: "b" }, ({ id }) => id !== "b"), ["a"])
    assert.deepStrictEqual(run(["a"], { a: "a" }), ["a"])
    assert.deepStrictEqual(run(["a"], { a: "b", b: "a" }), ["a"])
    assert.deepStrictEqual(run(["b", "a"], { a: "b", b: "a" }), ["b", "a"])
    assert.deepStrictEqual(run(["c", "b"], { a: "b", b: "a", c: "a" }), ["a < c", "b"])
  })

  it("stay behind what holds in place of a part of them", () => {
    assert.deepStrictEqual(run(["x", "A", "b"], { A: "b" }), ["x", "b", "A"])
    assert.deepStrictEqual(run(["A", "B"], { A: "c", B: "c" }), ["c", "A", "B"])
    assert.deepStrictEqual(run(["A"], { A: "b", b: "c" }), ["c", "A"])
    assert.deepStrictEqual(run(["A", "b"], { A: "c", b: "c" }), ["c < b", "A"])
    assert.deepStrictEqual(run(["a"], { a: "B", B: "c" }), ["B < a"])
    assert.deepStrictEqual(run(["A"], { A: "b" }, ({ id }) => id !== "b"), ["A"])
    assert.deepStrictEqual(run(["A"], { A: "b" }, undefined, ["b"]), ["A"])
    assert.deepStrictEqual(run(["A", "b"], { A: "b", b: "A" }), ["A < b"])
  })

  it.prop(
    "are each told of once, whatever replaces what",
    {
      ranked: FastCheck.uniqueArray(FastCheck.constantFrom(..."abcdeFGH"), { maxLength: 8 }),
      replacements: FastCheck.dictionary(FastCheck.constantFrom(..."abcdeFGH"), FastCheck.constantFrom(..."abcdeFGH"))
    },
    ({ ranked, replacements }) => {
      const told = run(ranked, replacements).map((line) => line.split(" < "))
      const units = told.map(([id]) => id)
      assert.strictEqual(new Set(units).size, units.length)
      for (const id of ranked) assert.strictEqual(told.filter((line) => line.slice(1).includes(id)).length <= 1, true)
      assert.includeMembers(told.flat(), [...ranked])
    }
  )
})
