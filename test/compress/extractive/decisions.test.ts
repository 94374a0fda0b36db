/**
 * What people who type little decide, and what only sounds like it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { asks, says, type Step, unitsOf } from "../sessions.ts"

const decidedAfter = (before: ReadonlyArray<Step>, prompt: string) =>
  unitsOf("decision", [...before, asks(prompt), says("Done.")])

const decided = (prompt: string) => decidedAfter([asks("rename the loader"), says("Renamed in 3 files.")], prompt)

/** What is decided after Claude weighed two ways. */
const answered = (offer: string, reply: string) =>
  decidedAfter([asks("how should we build this part, what are the options?"), says(offer)], reply)

describe("a decision in few words", () => {
  it.effect.each([
    "dont push to main, open a pr",
    "we shouldnt keep tokens in localstorage",
    "don’t use lodash in this repo",
    "lets use date-fns for this",
    "no jquery here pls",
    "tests live next to the code, not in a folder of their own",
    "pls keep migrations additive only, old pods still run during a deploy",
    "every endpoint needs an openapi entry",
    "one pr per ticket",
    "rule: no commits on friday afternoon",
    "remember: the staging db is read only for us",
    "next time ask before you delete files",
    "terraform over pulumi, ops knows it",
    "for e2e we use playwright, cypress is slow",
    "switch to pdf-lib, it can embed jpegs",
    "always use pnpm here, npm breaks the workspace links",
    "i don't like default exports, use named ones",
    "make sure you never push to main",
    "keep the access logs for one day",
    "can you always run the linter before a commit",
    "we don't care about ie11, drop the polyfills",
    "where we need speed, use rust instead of python",
    "parsing should be done in a worker, never on the main thread",
    "every time you touch the schema run codegen, ci fails otherwise"
  ])("is %j", (prompt) => Effect.map(decided(prompt), (units) => assert.lengthOf(units, 1)))

  it.effect.each([
    // Reports.
    "the total should be 96 a day but we get 288",
    "the export never finishes for big tenants",
    "it always crashes when i rotate the phone",
    "the mails must not go out twice but they do",
    "dates must be wrong, it says 1970",
    "this should never have been deployed",
    "the sums are twice what they should be",
    // Considered, and told of others.
    "we should probably move to kubernetes at some point",
    "i wonder if we should drop ie11",
    "mike thinks we should use rust for the parser",
    "the react docs say you should never call hooks in loops",
    "in my last company we never wrote tests",
    // Questions.
    "did you remember to write the changelog",
    "shouldnt we use a transaction there",
    "can we avoid the second query",
    "which one should we use then",
    // Tasks.
    "the button should be blue",
    "add a check that the password must not be empty",
    "i want a list of all customers with more than 3 orders",
    "add a spinner and dont forget the error state",
    "run the tests, dont change anything yet",
    // Chat.
    "never mind",
    "should be fine",
    "you never listen haha",
    // What a program printed.
    "fatal: refusing to merge unrelated histories. hint: you should use --allow-unrelated-histories"
  ])("is not %j", (prompt) => Effect.map(decided(prompt), (units) => assert.isEmpty(units)))

  it.effect.each([
    ["lets use mysql for this. no wait, postgres, we need jsonb", "Postgres, we need jsonb"],
    ["we should use axios. hmm actually fetch is fine", "Fetch is fine"],
    ["let's go with grpc. scratch that, rest, the frontend team hates grpc", "Rest, the frontend team hates grpc"]
  ])("is what was not taken back: %j", ([prompt, title]) =>
    Effect.map(decided(prompt!), (units) => {
      assert.deepStrictEqual(units.map((unit) => unit.title), [title])
      assert.notMatch(units[0]!.content, /mysql|axios|let's go/)
    }))

  it.effect.each([
    "never deploy on fridays. wait for the ci before you merge",
    "rule: wait for a review before you merge"
  ])(
    "is not taken back by a word that only begins like it: %j",
    (prompt) => Effect.map(decided(prompt), ([unit]) => assert.match(unit!.content, /fridays|wait for a review/))
  )

  it.effect("is told with the sentence behind it that says why", () =>
    Effect.gen(function*() {
      const [unit] = yield* decided("never call the billing api in tests. it costs 2 cents per call")
      assert.include(unit!.content, "it costs 2 cents per call")
    }))

  it.effect("is no rule of a document that was pasted", () =>
    Effect.gen(function*() {
      const pasted =
        "here is our old guide, does it still make sense?\n\n# Rules\n- Always use tabs\n- Prefer jQuery over fetch\n\nbe honest"
      assert.isEmpty(yield* decided(pasted))
    }))
})

describe("a reply to a recommendation", () => {
  const OFFER = "I recommend Playwright for this part, because Cypress needs one more service and nobody here knows it."

  it.effect.each([
    "yes",
    "ok do that",
    "sounds good",
    "yep go ahead",
    "fine by me",
    "works for me",
    "let's go with that"
  ])(
    "agrees: %j",
    (reply) =>
      Effect.map(
        answered(OFFER, reply),
        (units) => assert.deepStrictEqual(units.map(({ title }) => title.slice(0, 7)), ["Agreed:"])
      )
  )

  it.effect.each([
    "yes it still fails",
    "ok next: the header is broken",
    "ok lets see what tom says",
    "ok thanks for explaining",
    "sure, and what about the memory leak",
    "yeah maybe, ask me again next week",
    "ok whatever, what about the logo"
  ])("does not: %j", (reply) => Effect.map(answered(OFFER, reply), (units) => assert.isEmpty(units)))

  it.effect.each(["yeah no, cypress", "yes i know, but we take Cypress"])(
    "takes the other: %j",
    (reply) =>
      Effect.map(answered(OFFER, reply), ([unit]) => {
        assert.match(unit!.title, /cypress/i)
        assert.notMatch(unit!.title, /^Agreed/)
      })
  )

  it.effect.each([
    [
      "There are offsets or cursors. I recommend the first, because it is simple.",
      "cursors",
      "Cursors — There are offsets or cursors"
    ],
    [
      "For the session store we could use:\n1. Redis\n2. Postgres\n\nWhich do you want?",
      "postgres then",
      "Postgres — For the session store we could use"
    ],
    ["Should I set up Jest or Vitest?", "vitest i guess, we have vite", "Vitest — Should I set up Jest or Vitest"]
  ])(
    "names one of the alternatives: %j",
    ([offer, reply, title]) =>
      Effect.map(answered(offer!, reply!), (units) => assert.deepStrictEqual(units.map((unit) => unit.title), [title]))
  )
})
