import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { Block } from "../../src/domain/Conversation.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { lexemes } from "../../src/domain/Tokenizer.ts"
import * as Forgetting from "../../src/store/Forgetting.ts"
import { batch, facts, message, unit } from "../contract/made.ts"
import { words } from "../contract/MemoryStoreContract.ts"
import { anyText, hostile, millis } from "../texts.ts"

const ENDS = [". ", "! ", "? ", ".\n", "\n", "\n\n", "。", "…  ", ".** "]

/** Sentences with no word in common, each with an end mark. */
const sentences = FastCheck.array(
  FastCheck.record({
    length: FastCheck.integer({ min: 1, max: 4 }),
    before: FastCheck.constantFrom("", "- ", "**", "`"),
    end: FastCheck.constantFrom(...ENDS),
    isTold: FastCheck.boolean()
  }),
  { minLength: 1, maxLength: 7 }
).map((made) => {
  let from = 0
  return made.map(({ before, end, isTold, length }) => {
    const said = words(length, from)
    from += length
    return { isTold, said, text: `${before}${said}${end}` }
  })
})
type Sentences = typeof sentences extends FastCheck.Arbitrary<infer A> ? A : never

const textOf = (some: Sentences) => some.map(({ text }) => text).join("")

/** A unit as a compressor writes it: the sentences without their marks, one a line. */
const telling = (some: Sentences): MemoryUnit =>
  unit("told", { content: some.filter(({ isTold }) => isTold).map(({ said }) => said).join("\n"), cites: "a" })

const holding = (...texts: ReadonlyArray<string>) =>
  message("a", { blocks: texts.map((text): Block => ({ kind: "text", text })) })

const TEXT = new Set(["text" as const])
const saidIn = (of: ReturnType<typeof message>) => of.blocks.flatMap(({ text }) => lexemes(text))

describe("sentences", () => {
  it.prop("are the text when they are joined, each the same by itself", [anyText], ([text]) => {
    const all = Forgetting.sentencesOf(text)
    assert.strictEqual(all.join(""), text)
    assert.isTrue(all.every((sentence) => sentence !== ""))
  })

  it.prop("stay sentences when others go", [sentences, FastCheck.nat()], ([some, which]) => {
    const all = Forgetting.sentencesOf(textOf(some))
    const rest = all.toSpliced(which % all.length, 1)
    // An end mark may move to the next sentence.
    const saidIn = (each: ReadonlyArray<string>) => each.map(lexemes).filter((said) => said.length > 0)
    assert.deepStrictEqual(saidIn(Forgetting.sentencesOf(rest.join(""))), saidIn(rest))
  })

  it("are told apart in linear time", () => {
    for (const text of hostile) assert.isBelow(millis(() => Forgetting.sentencesOf(text)), 2_000, text.slice(0, 20))
  })
})

describe("what a memory tells", () => {
  it.prop("goes from the message that it cites, and nothing else does", [sentences], ([some]) => {
    const told = telling(some)
    const described = Forgetting.allSentences([told])
    const { message: rest, taken } = Forgetting.cutCited(holding(textOf(some)), TEXT, described)
    const kept = some.some(({ isTold }) => isTold) ? some.filter(({ isTold }) => !isTold) : []
    assert.deepStrictEqual(saidIn(rest), lexemes(kept.map(({ said }) => said).join(" ")))
    assert.isAbove(taken.length, 0)
    const again = Forgetting.cutRepeats(rest, Forgetting.contentSentences([told]))
    assert.deepStrictEqual(again, { message: rest, taken: [] })
  })

  it.prop("goes from a copy of the message in the same way, by hashes alone", [sentences], ([some]) => {
    const told = telling(some)
    const original = holding(textOf(some))
    const { message: rest, taken } = Forgetting.cutCited(original, TEXT, Forgetting.allSentences([told]))
    const hashOf = Forgetting.hashesBy("secret")
    const tombstones = new Set([...Forgetting.keysOfForgotten([told], taken)].map(hashOf))
    const isKnown = (key: string) => tombstones.has(hashOf(key))
    assert.deepStrictEqual(Forgetting.withoutAllKnown(original, isKnown).message, rest)
    assert.deepStrictEqual(Forgetting.withoutAllKnown(rest, isKnown), { message: rest, taken: [] })
    // With another secret, no hash matches.
    const other = Forgetting.hashesBy("another")
    assert.deepStrictEqual(Forgetting.withoutAllKnown(original, (key) => tombstones.has(other(key))).taken, [])
  })

  it.prop("is looked for where two of its words are", [sentences, anyText], ([some, other]) => {
    const told = telling(some)
    const original = holding(other, textOf(some))
    const { taken } = Forgetting.cutCited(original, TEXT, Forgetting.allSentences([told]))
    const keys = Forgetting.keysOfForgotten([told], taken)
    if (Forgetting.withoutAllKnown(original, (key) => keys.has(key)).taken.length === 0) return
    const body = JSON.stringify(original)
    assert.isTrue(
      Forgetting.probesOf([told], taken).some(([first, second]) => body.includes(first) && body.includes(second))
    )
  })

  it("is found where it was cut, wrapped or marked", () => {
    const told = (content: string) => Forgetting.contentSentences([unit("u", { content })])
    const wrapped = "We keep **every** invoice\nfor ten years, as the `tax office` wants it."
    for (const sentence of Forgetting.sentencesOf(wrapped)) {
      assert.isTrue(
        Forgetting.overlaps(sentence, told("We keep every invoice for ten years, as the tax office wants it."))
      )
    }
    const long = `The importer failed because ${words(30)} was missing from the manifest.`
    assert.isTrue(Forgetting.overlaps(long, told(`The importer failed because ${words(12)}…`)))
    assert.isFalse(Forgetting.overlaps("The exporter works.", told(long)))
    assert.isFalse(Forgetting.overlaps("…", told("…")))
  })

  it("is Chinese too", () => {
    const text = "以后金额一律用 Decimal，禁止 float。另外生成的文件不要动。改吧。"
    const { message: rest } = Forgetting.cutCited(
      holding(text),
      TEXT,
      Forgetting.allSentences([unit("u", { content: "User: 以后金额一律用 Decimal，禁止 float。" })])
    )
    assert.deepStrictEqual(rest.blocks.map((block) => block.text), ["另外生成的文件不要动。改吧。"])
  })

  it("leaves a file named where its name still stands", () => {
    const block: Block = { kind: "tool_use", text: `path: src/a.ts\n${words(5)}\n${words(5, 5)}`, file: "src/a.ts" }
    const cited = message("a", { blocks: [block] })
    const without = (content: string) =>
      Forgetting.cutCited(cited, new Set(["tool_use"]), Forgetting.allSentences([unit("u", { content })])).message
    assert.deepStrictEqual(without(words(5)).blocks, [
      { kind: "tool_use", text: `path: src/a.ts\n${words(5, 5)}`, file: "src/a.ts" }
    ])
    assert.deepStrictEqual(without(`src/a.ts\n${words(5)}`).blocks, [{ kind: "tool_use", text: words(5, 5) }])
  })
})

describe("a batch", () => {
  it.prop("without anything forgotten stays as it is", [FastCheck.array(anyText, { maxLength: 3 })], ([texts]) => {
    const one = batch([holding(...texts)], {
      facts: [facts("s1", { title: texts[0] })],
      deadLetters: [{ path: "/t", offset: 1, reason: "bad", line: texts[0] ?? "" }]
    })
    assert.deepStrictEqual(Forgetting.withoutForgotten(one, () => false), one)
  })

  it("is looked through in linear time", () => {
    for (const text of [...hostile, "a. ".repeat(300_000)]) {
      const one = batch([holding(text)])
      assert.isBelow(millis(() => Forgetting.keysOfSaid(one)), 4_000, text.slice(0, 20))
    }
  })
})
