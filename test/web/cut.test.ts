import { assert, describe, it } from "vitest"
import { cut, short } from "../../src/web/texts/cut.ts"

describe("cut", () => {
  it("leaves out half of a character", () => {
    assert.strictEqual(cut("a🚀b", 2), "a")
    assert.strictEqual(cut("a🚀b", 3), "a🚀")
    assert.strictEqual(cut("a🚀b", 9), "a🚀b")
  })
})

describe("short", () => {
  it("cuts no title through a character", () => {
    assert.strictEqual(short(`${"a".repeat(58)}🚀 and more`), `${"a".repeat(58)}…`)
    assert.strictEqual(short("🚀".repeat(30)), "🚀".repeat(30))
  })
})
