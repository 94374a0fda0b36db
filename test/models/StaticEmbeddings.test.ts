import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { DamagedModel, embed, parse } from "../../src/models/StaticEmbeddings.ts"
import { slow, times } from "../data.ts"
import { anyCharacter } from "../texts.ts"

const asset = (name: string): URL => new URL(`../../assets/${name}`, import.meta.url)
const file = new Uint8Array(readFileSync(asset("static-embeddings.bin")))
const model = Either.getOrThrow(parse(file))

const vector = (text: string): Float32Array => {
  const found = embed(model, text)
  assert(found !== undefined, `no vector for ${text}`)
  return found
}
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0)
const cosine = (a: string, b: string): number => dot(vector(a), vector(b))

describe("the checked-in table", () => {
  it("matches its checksum", () => {
    const [expected] = readFileSync(asset("static-embeddings.bin.sha256"), "utf8").split(" ")
    assert.strictEqual(createHash("sha256").update(file).digest("hex"), expected)
  })

  it("says what it is", () => {
    assert.strictEqual(model.id, "use-lite-static-256d-int8@1")
    assert.strictEqual(model.dimension, 256)
    assert.strictEqual(model.starts.length, model.size + 1)
    assert.isAbove(model.size, 25_000)
    assert.isBelow(file.length, 8_000_000)
  })

  it("has each of its words once, and finds it", () => {
    const decoder = new TextDecoder()
    let previous = ""
    for (let k = 0; k < model.size; k++) {
      const word = decoder.decode(model.words.subarray(model.starts[k], model.starts[k + 1]))
      assert.isTrue(/^[a-z]{2,}$/.test(word) && word > previous, word)
      previous = word
      if (k % 50 === 0) assert.isDefined(embed(model, word), word)
    }
  })
})

describe("embed", () => {
  it.each([
    ["car", "automobile", "banana"],
    ["bug", "error", "holiday"],
    ["database", "sqlite", "violin"],
    ["kubernetes", "docker", "breakfast"],
    ["fix the failing test", "repair broken unit tests", "a recipe for chocolate cake"],
    ["the login token expired", "authentication session timed out", "she painted a sunrise at the lake"]
  ])("puts %s nearer to %s than to %s", (text, related, unrelated) => {
    assert.isAbove(cosine(text, related), cosine(text, unrelated) + 0.1)
  })

  it.each([
    ["case", "Database MIGRATION", "database migration"],
    ["punctuation", "database,migration!", "database migration"],
    ["camelCase", "databaseMigration", "database migration"],
    ["an acronym before a word", "JSONParser", "json parser"],
    ["snake_case", "DATABASE_MIGRATION", "database migration"],
    ["kebab-case and paths", "src/database-migration.ts", "src database migration ts"],
    ["accents", "café", "cafe"],
    ["wide letters", "ｄａｔａｂａｓｅ", "database"],
    ["stop words", "the migration of a database", "migration database"],
    ["contractions", "we'll migrate, don't wait", "migrate wait"],
    ["scripts it has no words of", "修复 database migration 的错误", "database migration"]
  ])("makes no difference of %s", (_, one, other) => {
    assert.closeTo(cosine(one, other), 1, 1e-6)
  })

  it.each([
    ["linters", "linter"],
    ["linting", "lint"],
    ["zipped", "zip"],
    ["throttling", "throttle"],
    ["squashing", "squash"],
    ["registries", "registry"]
  ])("reads %s, which it doesn't know, as %s", (inflected, stem) => {
    assert.closeTo(cosine(inflected, stem), 1, 1e-6)
  })

  it.each([
    ["nothing", ""],
    ["blanks", " \n\t"],
    ["figures and signs", "404 != 3.14 → {}"],
    ["unknown words", "qzxvkj wwqpzt xkcdqqq"],
    ["stop words", "what is it and why"],
    ["Chinese", "结账的时候，优惠券为什么有时候不起作用？"],
    ["one very long run of letters", "q".repeat(100_000)],
    ["a lone surrogate", "\ud83d"]
  ])("has no vector for %s", (_, text) => {
    assert.isUndefined(embed(model, text))
  })

  const isUnitOrAbsent = (text: string): void => {
    const found = embed(model, text)
    if (found === undefined) return
    assert.strictEqual(found.length, model.dimension)
    assert.isTrue(found.every(Number.isFinite))
    assert.closeTo(Math.sqrt(dot(found, found)), 1, 1e-5)
    assert.deepStrictEqual(embed(model, text), found)
  }
  const letters = FastCheck.string({
    unit: FastCheck.constantFrom(..."abeginrstyABEGST_-.'’é ".split(""), "ing", "ed", "修"),
    maxLength: 60
  })

  it.prop(
    "gives a unit vector or none, whatever the text",
    [FastCheck.string({ unit: anyCharacter, maxLength: 200 })],
    ([text]) => isUnitOrAbsent(text)
  )
  it.prop("gives a unit vector or none, whatever the letters", [letters], ([text]) => isUnitOrAbsent(text), {
    fastCheck: { numRuns: times(200) }
  })
})

describe("parse", () => {
  const reasonOf = (bytes: Uint8Array): string => {
    const result = parse(bytes)
    assert.isTrue(Either.isLeft(result))
    const error = Either.getOrThrow(Either.flip(result))
    assert.instanceOf(error, DamagedModel)
    assert.include(error.message, error.reason)
    return error.reason
  }
  const flipped = (bit: number): Uint8Array => {
    const copy = file.slice()
    copy[bit >> 3]! ^= 1 << (bit & 7)
    return copy
  }

  it("reads bytes that start at any address", () => {
    const shifted = new Uint8Array(file.length + 1)
    shifted.set(file, 1)
    const again = Either.getOrThrow(parse(shifted.subarray(1)))
    assert.deepStrictEqual(embed(again, "database"), embed(model, "database"))
  })

  it("refuses another file, another format, and bytes at the end", () => {
    assert.strictEqual(reasonOf(new Uint8Array(0)), "truncated")
    assert.strictEqual(reasonOf(new TextEncoder().encode("{\"name\":\"something else altogether\"}")), "magic")
    assert.strictEqual(reasonOf(flipped(12 * 8 + 1)), "version")
    const longer = new Uint8Array(file.length + 4)
    longer.set(file)
    assert.strictEqual(reasonOf(longer), "length")
  })

  it.prop("refuses a file cut anywhere", [FastCheck.nat(file.length - 1)], ([length]) => {
    assert.strictEqual(reasonOf(file.subarray(0, length)), "truncated")
  })

  slow(it)("refuses any flipped bit in the header", () => {
    for (let bit = 0; bit < 32 * 8; bit++) reasonOf(flipped(bit))
  })

  it.prop("refuses a flipped bit anywhere", [FastCheck.nat(file.length * 8 - 1)], ([bit]) => {
    reasonOf(flipped(bit))
  }, { fastCheck: { numRuns: 50 } })

  it.prop("refuses other numbers in the header", [FastCheck.nat(4), FastCheck.nat(0xffff_ffff)], ([field, value]) => {
    const copy = file.slice()
    const view = new DataView(copy.buffer)
    FastCheck.pre(view.getUint32(12 + 4 * field, true) !== value)
    view.setUint32(12 + 4 * field, value, true)
    reasonOf(copy)
  }, { fastCheck: { numRuns: 50 } })
})
