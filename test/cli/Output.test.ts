import { assert, describe, it } from "@effect/vitest"
import { table } from "../../src/cli/Output.ts"

describe("a table", () => {
  it("has columns as wide as their widest cells, and a last cell that is not padded", () => {
    assert.deepStrictEqual(table([["a", "bb", "c"], ["数据", "b", ""], ["a"]]), ["a     bb  c", "数据  b   ", "a"])
    assert.deepStrictEqual(table([]), [])
  })

  it("looks at each row few times, also where there are many", () => {
    let looks = 0
    const row = new Proxy(["a", "b", "c"], {
      get: (cells, name) => {
        looks++
        return Reflect.get(cells, name) as unknown
      }
    })
    table(Array.from({ length: 1_000 }, () => row))
    assert.isBelow(looks, 100_000)
  })
})
