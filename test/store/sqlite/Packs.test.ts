import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { load } from "../../../src/resources/SqliteDriver.ts"
import { added, linesOf, type Pack, PACK_LENGTH, packOf, register, unpacked } from "../../../src/store/sqlite/Packs.ts"

const body = FastCheck.oneof(
  FastCheck.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
  FastCheck.nat(3 * PACK_LENGTH).map((length) => "x".repeat(length + 1))
)

describe("packs of messages", () => {
  it.prop("hold all that was added, each at its number, whatever was added at once", {
    batches: FastCheck.array(FastCheck.array(body, { minLength: 1, maxLength: 6 }), { maxLength: 6 })
  }, ({ batches }) => {
    const packs = new Map<number, Pack>()
    const numbered: Array<[number, string]> = []
    for (const bodies of batches) {
      const last = [...packs.values()].at(-1)
      const { first, packs: changed } = added(last, bodies)
      bodies.forEach((each, i) => numbered.push([first + i, each]))
      for (const { id, lines } of changed) {
        const pack = packOf(lines)
        packs.set(id, { id, lines: linesOf(pack) })
        // Also when the process that wrote it has ended.
        assert.strictEqual(unpacked(pack), lines.join("\n"))
      }
    }
    const held = [...packs.values()].flatMap(({ id, lines }) => lines.map((line, i) => [id + i, line]))
    assert.deepStrictEqual(held, numbered)
    // No message is far from the beginning of its pack.
    for (const { lines } of packs.values()) {
      assert.isBelow(lines.slice(0, -1).reduce((sum, line) => sum + line.length, 0), PACK_LENGTH)
    }
  })

  it("are smaller than their messages by far", () => {
    const line = JSON.stringify({ kind: "text", text: "the pool leaks because nobody closes the clients" })
    assert.isBelow(packOf(Array.from({ length: 200 }, (_, i) => `${line}${i}`)).length, 200 * line.length / 20)
  })

  it("that are damaged say so in the words of SQLite", () => {
    assert.throws(() => unpacked(new Uint8Array([1, 2, 3])), /malformed/)
    const database = new (load().DatabaseSync)(":memory:")
    register(database)
    assert.throws(() => database.prepare("SELECT line_in_pack(x'010203', 0)").get(), /malformed/)
    database.close()
  })

  it("are searched for messages that hold both words of a probe", () => {
    const database = new (load().DatabaseSync)(":memory:")
    register(database)
    const pack = packOf(["a ferry in winter", "a ferry", "winter", "冬天 的渡轮", ""])
    const placesOf = (...probes: ReadonlyArray<readonly [string, string]>) =>
      JSON.parse(
        String(database.prepare("SELECT places_holding(?, ?) AS places").get(pack, JSON.stringify(probes))?.["places"])
      )
    assert.deepStrictEqual(placesOf(["ferry", "winter"]), [0])
    assert.deepStrictEqual(placesOf(["ferry", "ferry"], ["渡轮", "冬天"]), [0, 1, 3])
    assert.deepStrictEqual(placesOf(["ferry", "冬天"]), [])
    assert.deepStrictEqual(placesOf(), [])
    database.close()
  })
})
