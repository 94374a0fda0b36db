import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { type Feedback, MAX_NOTES, noted, without } from "../../src/domain/Feedback.ts"
import { evidenceIn, feedbackFactor, namedIn, tellingOf, weigh } from "../../src/retrieve/Evidence.ts"
import { factorOf, MAX_FACTOR, MAX_OF_USE, type Named } from "../../src/retrieve/Helping.ts"
import { termsOf } from "../../src/retrieve/Terms.ts"
import { unit } from "../contract/made.ts"
import { times } from "../data.ts"

const LEXEMES = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"]

const words = FastCheck.subarray(LEXEMES)
const note = (helps: FastCheck.Arbitrary<boolean>) => FastCheck.record({ helps, words })
const notes = FastCheck.array(note(FastCheck.boolean()), { maxLength: 5 })
/** Words that stand together, each with its bits. */
const named = FastCheck.uniqueArray(
  FastCheck.record({
    member: FastCheck.constantFrom(...LEXEMES),
    bits: FastCheck.double({ min: 0.1, max: 8, noNaN: true })
  }),
  { minLength: 1, selector: ({ member }) => member }
).map((all) => all.map(({ bits, member }): Named => ({ bits, members: [member] })))
const some = { fastCheck: { numRuns: times(300) } }

const bitsOf = (all: ReadonlyArray<Named>) => all.reduce((sum, { bits }) => sum + bits, 0)

describe("feedback on a memory", () => {
  it.prop("changes its bits within bounds, and by nothing when there is none", [notes, named], ([notes, named]) => {
    const factor = factorOf(notes, 0, named)
    assert.isAtLeast(factor, 0)
    assert.isAtMost(factor, MAX_FACTOR)
    assert.isAtMost(bitsOf(named) * (factor - 1), 8 + 1e-9)
    if (notes.length === 0) assert.strictEqual(factor, 1)
    if (notes.every(({ helps }) => helps)) assert.isAtLeast(factor, 1)
    if (notes.every(({ helps }) => !helps)) assert.isAtMost(factor, 1)
  }, some)

  it.prop(
    "never lifts it by a further word that it does not help, nor lowers it by one that it does",
    [notes, note(FastCheck.boolean()), named],
    ([notes, note, named]) => {
      const [before, after] = [factorOf(notes, 0, named), factorOf([...notes, note], 0, named)]
      if (note.helps) assert.isAtLeast(after, before)
      else assert.isAtMost(after, before)
    },
    some
  )

  it.prop(
    "counts the more, the more of the prompt's words it names",
    [words, FastCheck.constantFrom(...LEXEMES), FastCheck.boolean(), named],
    ([words, word, helps, named]) => {
      FastCheck.pre(words.length > 0)
      const [less, more] = [words, [...words, word]].map((words) => factorOf([{ helps, words }], 0, named)) as [
        number,
        number
      ]
      if (helps) assert.isAtLeast(more, less)
      else assert.isAtMost(more, less)
    },
    some
  )

  it.prop("silences it at the same prompt, and leaves it alone at one without those words", [named], ([named]) => {
    const words = named.flatMap(({ members }) => [...members])
    assert.strictEqual(factorOf([{ helps: false, words }], 0, named), 0)
    assert.strictEqual(factorOf([{ helps: false, words: ["zulu"] }], 0, named), 1)
  }, some)

  it.prop(
    "lifts it by use a little, never beyond a bound, and not where it does not help",
    [FastCheck.nat(200), notes, named],
    ([uses, notes, named]) => {
      const [without, less, more] = [0, uses, uses + 1].map((uses) => factorOf(notes, uses, named)) as [
        number,
        number,
        number
      ]
      assert.isAtMost(without, less)
      assert.isAtMost(less, more)
      assert.isAtMost(more, Math.max(without, MAX_OF_USE))
      if (without === 0) assert.strictEqual(more, 0)
    },
    some
  )

  it("lowers it everywhere by less than at a prompt, and lifts it by less", () => {
    const named: ReadonlyArray<Named> = [{ bits: 8, members: ["alpha"] }]
    assert.strictEqual(factorOf([{ helps: false, words: [] }], 0, named), 0.7)
    assert.strictEqual(factorOf([{ helps: true, words: [] }], 0, named), 1.15)
    assert.strictEqual(factorOf([{ helps: true, words: ["alpha"] }], 0, named), 1.5)
  })

  it("keeps the newest notes, one of each prompt", () => {
    const many = Array.from({ length: 40 }, (_, i): Feedback => ({ helps: true, words: [`w${i}`] }))
    const kept = many.reduce<ReadonlyArray<Feedback>>(noted, [])
    assert.deepStrictEqual(kept, many.slice(-MAX_NOTES))
    const other = noted(kept, { helps: false, words: ["w39"] })
    assert.strictEqual(other.length, MAX_NOTES)
    assert.deepStrictEqual(other.at(-1), { helps: false, words: ["w39"] })
    assert.deepStrictEqual(without(other, { helps: true, words: undefined }), [{ helps: false, words: ["w39"] }])
    assert.strictEqual(without(other, { helps: true, words: ["w38"] }).length, MAX_NOTES - 1)
    assert.strictEqual(without(other, { helps: true, words: ["w39"] }).length, MAX_NOTES)
  })
})

const DEPLOY = unit("deploy", {
  title: "Kraken is published from the aurora branch",
  content:
    "Kraken is published from the aurora branch by Jenkins each night. Its health probe listens on port 8443, and the " +
    "certificate is renewed by certbot."
})

/** Finds the prompt's evidence in a memory of 100 units in which every word is as rare. */
const asked = (prompt: string, of = DEPLOY) => {
  const terms = termsOf(prompt)
  const words = weigh(terms, { documents: 100, documentFrequencies: terms.map(() => 1) })
  return { bits: evidenceIn(words, [of]).testimonies[0]!.bits, telling: tellingOf(words) }
}

describe("the evidence of a memory that did not help", () => {
  const PROMPT = "how does jenkins publish kraken, from aurora?"
  const { bits, telling } = asked(PROMPT)
  const noted = { ...DEPLOY, feedback: [{ helps: false, words: namedIn(DEPLOY, telling) }] }

  it("is none at that prompt, nor in other words for it, in Chinese too", () => {
    assert.isAbove(bits, 16)
    assert.strictEqual(feedbackFactor(DEPLOY, telling), 1)
    for (
      const prompt of [
        PROMPT,
        "does jenkins publish kraken?",
        "the aurora branch of kraken, and what jenkins does with it",
        "jenkins 怎么发布 kraken 的"
      ]
    ) {
      assert.isAbove(asked(prompt).bits, 0, prompt)
      assert.strictEqual(asked(prompt, noted).bits, 0, prompt)
    }
  })

  it("stays at a question about another part of it", () => {
    for (
      const prompt of [
        "who renews the certificate?",
        "which port does the health probe of kraken listen on, what does certbot renew"
      ]
    ) {
      assert.strictEqual(asked(prompt, noted).bits, asked(prompt).bits, prompt)
    }
  })

  it("knows a prompt by words of the memory alone", () => {
    const named = namedIn(DEPLOY, asked("jenkins publishes kraken with the password hunter22").telling)
    assert.notInclude(named.join(), "hunter")
    assert.includeMembers([...named], ["jenkin", "kraken"])
  })
})
