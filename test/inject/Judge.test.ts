import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { judge, mayTell } from "../../src/inject/Judge.ts"
import { evidenceIn, weigh } from "../../src/retrieve/Evidence.ts"
import { termsOf } from "../../src/retrieve/Terms.ts"
import { unit } from "../contract/made.ts"
import { times } from "../data.ts"
import { millis } from "../texts.ts"

const POOL = unit("pool", {
  title: "Pool exhausted by the nightly report",
  content:
    "The connection pool was exhausted because the nightly report opens a client a query; PGPOOL_MAX stays at 20."
})
const OTHER = unit("other", { title: "Deploy", content: "The deployment waits for the load balancer's health probe." })

const termOf = (lexeme: string) => ({ lexeme, members: new Map([[lexeme, 1]]) })

/** Judges a prompt in a memory of 100 units in which every word is as rare as this. */
const judged = (prompt: string, frequency = 1, units = [OTHER, POOL]) => {
  const terms = termsOf(prompt)
  const words = weigh(terms, { documents: 100, documentFrequencies: terms.map(() => frequency) })
  return judge(prompt, evidenceIn(words, units), "balanced")
}

describe("the judge", () => {
  it("takes what else was asked in a session for no answer", () => {
    const prompt = "why did the parcel labels lose their barcode"
    const asked = (label: string) =>
      judged(prompt, 1, [
        unit("a", { type: "archive", content: `Aim: print slips\n${label}: ${prompt}?\nOutcome: none.` })
      ])
    assert.strictEqual(asked("Also asked").bits, 0)
    assert.isAbove(asked("Learned").bits, 0)
  })

  it.each([
    "why is PGPOOL_MAX at 20 and the pool not larger",
    "the connection pool is exhausted again, nightly report?",
    "did we change the pool for the nightly report"
  ])("tells a memory at: %s", (prompt) => assert.strictEqual(judged(prompt).tells, "memories"))

  it.each([
    "yes",
    "ok do it",
    "1",
    "push",
    "run the tests",
    "commit and push please",
    "fix the lint errors",
    "what do you think?",
    "why?",
    "why not?",
    "how?",
    "what exactly?",
    "11",
    "好的",
    "跑一下测试",
    "提交并推送",
    "テストを実行して",
    "mach den Test grün",
    "weiter",
    "",
    " \n",
    "🚀🚀"
  ])("tells nothing at: %s", (prompt) => {
    const { bits, tells } = judged(prompt)
    assert.deepStrictEqual([tells, bits], ["nothing", 0])
  })

  it.prop(
    "adds up to the score what it shows as its parts",
    [FastCheck.array(
      FastCheck.constantFrom("add", "why", "did we", "pool", "nightly report", "again", "PGPOOL_MAX", "x"),
      {
        maxLength: 120
      }
    )],
    ([words]) => {
      const { bits, parts, score } = judged(words.join(" "))
      assert.closeTo(Object.values(parts).reduce((sum, part) => sum + part, 0), score, 1e-9)
      assert.isAtMost(parts.evidence, bits)
      assert.isAtMost(Math.max(parts.length, parts.order, parts.code), 0)
    },
    { fastCheck: { numRuns: times(100) } }
  )

  it("takes an order, and a long prompt, for one that needs no memory", () => {
    const question = judged("the nightly report and the pool")
    const order = judged("add the nightly report to the pool")
    assert.isTrue(order.isOrder && !question.isOrder)
    assert.isBelow(order.score, question.score)
    for (const preface of ["please ", "ok, can you ", "yes. Now ", "let's ", "we need to "]) {
      assert.isTrue(judged(`${preface}add the nightly report`).isOrder, preface)
    }
    for (const no of ["additional reports", "running the report fails", "why add the report"]) {
      assert.isFalse(judged(no).isOrder, no)
    }
    for (const order of ["给 nightly report 加一个参数", "起個 pool 的 server", "先别动 pool", "算了不改 pool 了"]) {
      assert.isTrue(judged(order).isOrder, order)
    }
    assert.isTrue(judged("nightly report を最新にしてください").isOrder)
    assert.isBelow(judged(`the nightly report and the pool ${"and so forth, ".repeat(60)}`).score, question.score)
  })

  it("takes the end of a Chinese word and the beginning of the next alone for half a match", () => {
    const units = [OTHER, unit("rota", { title: "排班", content: "排班表每周日晚上生成，门店自己改" })]
    const judgedHere = (prompt: string) => {
      const terms = termsOf(prompt)
      const documentFrequencies = terms.map(({ lexeme }) =>
        units.some(({ content }) => content.includes(lexeme)) ? 1 : 0
      )
      return judge(prompt, evidenceIn(weigh(terms, { documents: 100, documentFrequencies }), units), "balanced")
    }
    const piece = judgedHere("值班表述改短")
    assert.deepStrictEqual([piece.together, piece.parts.coverage, piece.tells], [["班表"], 6, "pointer"])
    const word = judgedHere("排班英文是啥")
    assert.deepStrictEqual([word.together, word.parts.coverage, word.tells], [["排班"], 12, "memories"])
    const two = judgedHere("门店的排班谁改")
    assert.deepStrictEqual([two.together.length, two.parts.coverage, two.tells], [2, 12, "memories"])
  })

  it("takes a command of a shell for an order", () => {
    for (
      const command of [
        "cargo fmt",
        "mvn -q compile",
        "python manage.py check",
        "kubectl get pods -n pool",
        "$ npm test"
      ]
    ) {
      assert.isTrue(judged(command).isOrder, command)
    }
    for (
      const no of [
        "npm ci dies in the container",
        "npm test fails",
        "git lfs 之前怎么配的",
        "docker pool of the nightly report"
      ]
    ) {
      assert.isFalse(judged(no).isOrder, no)
    }
    assert.isBelow(millis(() => judged(`npm ${"a/b -c d ".repeat(20_000)}!`)), 500)
  })

  it("points at most where it is asked if something was done that no memory names", () => {
    const told = (prompt: string, absent: string) => {
      const terms = termsOf(prompt)
      const words = weigh(terms, {
        documents: 100,
        documentFrequencies: terms.map(({ lexeme }) => lexeme === absent ? 0 : 1)
      })
      const { parts, tells } = judge(prompt, evidenceIn(words, [OTHER, POOL]), "balanced")
      return [tells, parts.past]
    }
    const prompt = "did we ever give the nightly report's connection pool a proxy?"
    assert.deepStrictEqual(told(prompt, ""), ["memories", 5])
    assert.deepStrictEqual(told(prompt, "proxi"), ["pointer", 0])
    // How it is called what was done may differ.
    assert.deepStrictEqual(told("did we enlarge the nightly report's connection pool?", "enlarg"), ["memories", 5])
    assert.deepStrictEqual(told("why is the nightly report's connection pool without a proxy?", "proxi"), [
      "memories",
      5
    ])
  })

  it("lets a question of everyday words alone through, for what was saved", () => {
    for (const asked of ["how do we deploy?", "怎么部署"]) assert.isTrue(mayTell(asked, "balanced"), asked)
    for (const no of ["deploy", "how's it going?", "what next?", "how does this test run?"]) {
      assert.isFalse(mayTell(no, "balanced"), no)
    }
  })

  it("says nothing at what only answers, in Chinese too", () => {
    for (const reply of ["收到", "没懂 再说一遍", "怎么办", "睡了，晚安"]) {
      assert.isFalse(mayTell(reply, "balanced"), reply)
    }
  })

  it("takes an answer to Claude that asks nothing for an order", () => {
    for (const reply of ["sure, but the nightly report should do that", "no. the pool is meant", "好的，连接池也要"]) {
      assert.isTrue(judged(reply).isOrder, reply)
    }
    for (const no of ["ok, why is the pool capped?", "no pool for the report", "right after the report"]) {
      assert.isFalse(judged(no).isOrder, no)
    }
  })

  it("counts the parts of one written word as less than as many words", () => {
    const POOLS = unit("pools", { content: "The nightly report pool opens a client, see nightly/report/pool/client." })
    const bitsOf = (prompt: string) => {
      const terms = termsOf(prompt)
      const words = weigh(terms, { documents: 100, documentFrequencies: terms.map(() => 1) })
      return evidenceIn(words, [POOLS]).testimonies[0]!.bits
    }
    assert.closeTo(bitsOf("nightly report pool client"), 4 * Math.log2(300 / 1.5), 1e-9)
    assert.closeTo(bitsOf("nightly/report/pool/client"), 12, 1e-9)
    assert.closeTo(bitsOf("nightly/report/pool/cellar"), 9, 1e-9)
    // What also stands alone is a word of its own.
    assert.closeTo(bitsOf("pool of nightly/pool"), 2 * Math.log2(300 / 1.5), 1e-9)
  })

  it("tells of a failure by its own words, and not by those of any failure", () => {
    const failure = unit("failure", {
      title: "dial tcp 10.0.0.7:6379: connection pool exhausted",
      content: "Failed: panic: unexpected nil in redis.go\nCannot read properties of undefined"
    })
    const tells = (prompt: string) => {
      const terms = termsOf(prompt)
      const words = weigh(terms, { documents: 100, documentFrequencies: terms.map(() => 1) })
      return judge(prompt, evidenceIn(words, [failure]), "balanced").tells
    }
    assert.strictEqual(tells("panic: unexpected nil in redis.go"), "memories")
    for (
      const other of [
        "TypeError: Cannot read properties of undefined (reading 'map') in UserList.tsx",
        "panic: runtime error: unexpected nil in invoice.go",
        "dial tcp 10.2.0.4:5672: connect: broker unreachable"
      ]
    ) assert.strictEqual(tells(other), "nothing", other)
  })

  it("counts words that only look like everyday ones", () => {
    for (const telling of ["exceptions", "severity", "evening", "less", "thursday"]) {
      const [word] = weigh(termsOf(telling), { documents: 100, documentFrequencies: [1] })
      assert.isAbove(word!.bits, 0, telling)
    }
  })

  it("takes what speaks of the past for one that may need a memory", () => {
    for (
      const past of ["the pool again", "why do we cap the pool", "thought we capped the pool", "pool 上次怎么定的"]
    ) {
      assert.isTrue(judged(past).isOfPast, past)
    }
    assert.isFalse(judged("the pool").isOfPast)
    assert.isAbove(judged("the nightly pool again").score, judged("the nightly pool").score)
  })

  it("counts words that stand together, not those at both ends of a long text", () => {
    const far = unit("far", { title: "", content: `nightly ${"filler ".repeat(100)} report` })
    const near = unit("near", { title: "", content: `nightly report ${"filler ".repeat(100)}` })
    const words = weigh(["nightli", "report"].map(termOf), { documents: 100, documentFrequencies: [1, 1] })
    const { testimonies } = evidenceIn(words, [far, near])
    assert.deepStrictEqual(testimonies.map(({ together, unit }) => [unit.id, together.length]), [["near", 2], [
      "far",
      1
    ]])
  })

  it("knows a word of a language that the memory lacks from one that is missing", () => {
    const bitsOf = (lexemes: ReadonlyArray<string>) =>
      weigh(lexemes.map(termOf), { documents: 100, documentFrequencies: lexemes.map(() => 0) }).map(({ bits }) => bits)
    assert.deepStrictEqual(bitsOf(["缓冲"]), [0])
    assert.deepStrictEqual(bitsOf(["buffer", "zzz"]), [8, 8])
    assert.deepStrictEqual(bitsOf(["1", "第"]), [0, 0])
  })

  it.prop(
    "is monotone: more bits and rarer words never tell less, a higher bound never more",
    [
      FastCheck.array(FastCheck.constantFrom("pool", "nightli", "report", "client", "connect", "zzz"), {
        minLength: 1
      }),
      FastCheck.integer({ min: 0, max: 100 }),
      FastCheck.constantFrom("the pool", "add it", "why again", "x".repeat(600))
    ],
    ([lexemes, frequency, prompt]) => {
      const distinct = [...new Set(lexemes)]
      const at = (n: number, mode: "balanced" | "conservative") =>
        judge(
          prompt,
          evidenceIn(weigh(distinct.map(termOf), { documents: 100, documentFrequencies: distinct.map(() => n) }), [
            OTHER,
            POOL
          ]),
          mode
        )
      const ranks = { nothing: 0, pointer: 1, memories: 2 }
      const verdict = at(frequency, "balanced")
      assert.isAtMost(ranks[at(frequency, "conservative").tells], ranks[verdict.tells])
      assert.isAtLeast(at(Math.max(0, frequency - 1), "balanced").score, verdict.score - 1e-9)
      assert.isTrue(verdict.coverage >= 0 && verdict.coverage <= 1 && Number.isFinite(verdict.score))
    },
    { fastCheck: { numRuns: times(100) } }
  )
})
