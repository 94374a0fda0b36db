import { assert, describe, it } from "@effect/vitest"
import { alternativesIn, chosenAmong } from "../../../src/compress/text/Alternatives.ts"
import { choiceIn } from "../../../src/compress/text/Choices.ts"

const chosen = (message: string, reply: string) => {
  const choice = choiceIn(reply)
  return choice === undefined ? undefined : chosenAmong(alternativesIn(message), choice.taken[0]!)?.text
}

describe("the alternatives of a message", () => {
  it.each([
    [
      "letters",
      "A. Cache in Valkey, which survives a restart.\nB. Cache in the process, nothing to run.\n\nI'd go with A."
    ],
    ["words and letters", "Option A: Valkey\nOption B: Cache in the process"],
    ["brackets", "(A) Valkey for everything\n(B) Cache in the process"],
    ["bold", "**A. Valkey** — survives a restart\n**B. Cache in the process** — nothing to run"],
    [
      "items with a name",
      "- **Option A (Valkey):** survives a restart\n- **Option B (Cache in the process):** nothing to run"
    ],
    ["headings", "### Option A: Valkey\nSurvives a restart.\n\n### Option B: Cache in the process\nNothing to run."],
    ["numbers", "1. Valkey, which survives a restart\n2. Cache in the process\n\nWhich one?"],
    ["a line", "Two ways: A) Valkey, B) Cache in the process?"],
    ["brackets in a line", "Do you want (a) Valkey or (b) Cache in the process?"],
    ["Chinese", "方案一：用 Valkey，重启也在\n方案二：Cache in the process"],
    ["square brackets", "- [a] Valkey\n- [b] Cache in the process"],
    ["Chinese stems", "甲：用 Valkey\n乙：Cache in the process"],
    ["steps before them", "1. I read the code.\n2. I ran it.\n3. It is slow.\n\nA. Valkey\nB. Cache in the process"]
  ])("are found by %s", (_, message) => {
    const found = alternativesIn(message).filter(({ index }) => index === 1).map(({ text }) => text)
    assert.isTrue(found.some((text) => text.startsWith("Cache in the process")), found.join(" | "))
  })

  it.each([
    "A test is red. B is fine.",
    "I read three files.",
    "1. One step is all there is.",
    "B) comes without an A",
    "```\nA) code\nB) code\n```"
  ])("are none: %s", (message) => assert.isEmpty(alternativesIn(message)))

  it("are the last list of several", () => {
    const lists = "1. Read it\n2. Run it\n\nThen one of these:\n1. Keep the queue\n2. Drop the queue"
    const numbered = alternativesIn(lists).filter(({ by }) => by === "number")
    assert.deepStrictEqual(numbered.map(({ text }) => text), ["Keep the queue", "Drop the queue"])
  })

  it("have a name alone, and what is said of it in the next line", () => {
    const [first] = alternativesIn("### A: Valkey\nSurvives a restart. Needs a server.\n### B: None\nIs what we have.")
    assert.strictEqual(first!.text, "Valkey — Survives a restart.")
  })
})

describe("alternatives without marks", () => {
  const places = (message: string) =>
    alternativesIn(message).filter(({ by }) => by === "place").map(({ text }) => text.split(/ — |: /u)[0]!)

  it.each<[string, string, Array<string>]>([
    ["the items of a list", "Two ways:\n- Poll it\n- Push it", ["Poll it", "Push it"]],
    ["without what is indented", "- Poll it\n  - slow\n  - simple\n- Push it\n  - fast", ["Poll it", "Push it"]],
    [
      "of the list that is introduced",
      "I ran:\n- the tests\n- the linter\n\nTwo options:\n* Poll it\n* Push it\n\nOpen:\n+ names\n+ docs",
      ["Poll it", "Push it"]
    ],
    ["the headings of lists", "### Poll it\n- slow\n- simple\n### Push it\n- fast\n- a socket", ["Poll it", "Push it"]],
    ["lines with a name in bold", "**Poll it**: slow\n**Push it**: fast", ["Poll it", "Push it"]],
    ["the rows of a table", "| way | speed |\n|---|---|\n| Poll it | slow |\n| Push it | fast |", [
      "Poll it",
      "Push it"
    ]],
    ["none of lists that each describe one", "Poll it:\n- slow\n- simple\nPush it:\n- fast\n- a socket", []]
  ])("are %s", (_, message, found) => assert.deepStrictEqual(places(message), found))
})

const LETTERS = "A. Keep one table\nB. Split it by month\nC. Move it to ClickHouse"
const NUMBERS = "1. Keep one table\n2. Split it by month\n3. Move it to ClickHouse"

describe("a reply that names one", () => {
  it.each([
    [LETTERS, "b"],
    [LETTERS, "yes do B"],
    [LETTERS, "let's go with b, then"],
    [LETTERS, "hm B. the inserts are all of this month"],
    [LETTERS, "no, B"],
    [LETTERS, "B it is"],
    [LETTERS, "B. but keep the old name as a view"],
    [LETTERS, "option b please"],
    [LETTERS, "the second one please"],
    [LETTERS, "那就 B 吧"],
    [LETTERS, "按 B 来"],
    [LETTERS, "B 方案"],
    [LETTERS, "好，用 B"],
    [LETTERS, "第二种"],
    [LETTERS, "b is fine"],
    [NUMBERS, "2"],
    [NUMBERS, "yes, do 2"],
    [NUMBERS, "number 2, and no downtime please"],
    [NUMBERS, "#2"],
    [NUMBERS, "option two"],
    [NUMBERS, "second"],
    [NUMBERS, "方案二"]
  ])("means that one: %j, %j", (message, reply) => assert.strictEqual(chosen(message, reply), "Split it by month"))

  it("means the first, the last, or of two the former and the latter", () => {
    assert.strictEqual(chosen(NUMBERS, "the first"), "Keep one table")
    assert.strictEqual(chosen(LETTERS, "the last one"), "Move it to ClickHouse")
    assert.strictEqual(chosen("A. One\nB. Two more", "the latter"), "Two more")
    assert.strictEqual(chosen("A. One\nB. Two more", "前者"), "One")
  })

  it.each(["D", "4", "方案四"])("means none that there is not: %j", (reply) => {
    assert.isDefined(choiceIn(reply))
    assert.isUndefined(chosen(LETTERS, reply))
  })

  it.each([
    "not B, the queries span months",
    "a few tests are red",
    "1 more question",
    "4 files changed",
    "do 3 retries",
    "first, check the logs of the worker",
    "second thought: leave it",
    "the last build is red",
    "Add it",
    "一个就够",
    "neither, write to a file",
    "1.5 seconds is too long",
    "2-3 retries at most",
    "1, 2 are done"
  ])("is none: %j", (reply) => assert.isUndefined(choiceIn(reply)))
})
