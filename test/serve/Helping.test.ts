/**
 * Feedback on memories that the hooks told, through the whole service.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import type { HookInput } from "../../src/hook/Hook.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { layer } from "../../src/testing.ts"

const FOLDER = "/nowhere/shop"
const RELEASE =
  "Kraken is published from the aurora branch by Jenkins each night, since the artefacts of main are not signed. Its health " +
  "probe listens on port 8443."
const LEDGER = "The ledger rounds half to even, since the auditors of Lisbon refused bankers who round up."

const saved = (content: string, title?: string) =>
  Effect.flatMap(ClaudeMemory, (memory) => memory.save({ content, title, project: { folder: FOLDER } }))

let sessions = 0

/** Submits a prompt in a new session. */
const prompted = (prompt: string) =>
  Effect.flatMap(ClaudeMemory, (memory) => {
    const input: HookInput = {
      hook_event_name: "UserPromptSubmit",
      session_id: `session-${sessions++}`,
      cwd: FOLDER,
      prompt
    }
    return memory.hook(input)
  })

const test = <E>(title: string, body: Effect.Effect<void, E, ClaudeMemory>) =>
  it.scoped(title, () => body.pipe(Effect.provide(layer)))

describe("a person who says whether a memory helped", () => {
  const PROMPT = "why do we publish kraken from the aurora branch by jenkins?"

  test(
    "is not told it again at such prompts, and finds it",
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* TestClock.setTime(Date.UTC(2026, 10, 29))
      const { id } = yield* saved(RELEASE)
      yield* saved(LEDGER)
      const short = id.slice(0, 8)
      assert.include(yield* prompted(PROMPT), short)
      const { toldAt, words } = yield* memory.feedback(short, { helps: false }, "person")
      assert.strictEqual(toldAt, Date.UTC(2026, 10, 29))
      assert.includeMembers([...words], ["jenkin", "kraken", "aurora"])
      for (
        const again of [
          PROMPT,
          "does jenkins publish kraken from aurora?",
          "kraken 的 aurora 分支为什么用 jenkins 发布?"
        ]
      ) {
        assert.notInclude(yield* prompted(again), short, again)
      }
      assert.include(
        yield* prompted("why did we choose port 8443 for the health probe, and where does it listen"),
        short
      )
      assert.include(
        yield* prompted("why does the ledger round half to even, did lisbon's auditors want it?"),
        "ledger"
      )
      const { results } = yield* memory.search({
        text: PROMPT,
        projects: "all",
        limit: 5,
        minScore: 0,
        mode: "keyword"
      })
      assert.strictEqual(results[0]?.unit.id, id)
      const asked = yield* memory.inject({
        prompt: PROMPT,
        projects: "all",
        mode: "balanced",
        isAsked: true,
        maxTokens: 500,
        maxChars: 5_000
      })
      assert.include(asked.text, short)

      assert.strictEqual((yield* memory.undo())?._tag, "Feedback")
      assert.include(yield* prompted(PROMPT), short)
    })
  )

  test(
    "or changes it, by the id at which it was told, means the memory that says the same by now",
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* TestClock.setTime(Date.UTC(2026, 10, 29))
      const { id: told } = yield* saved(RELEASE)
      assert.include(yield* prompted(PROMPT), told.slice(0, 8))
      yield* TestClock.adjust("1 minute")
      const { id } = yield* saved(RELEASE.replace("each night,", "each night;"))
      assert.strictEqual((yield* memory.show(told)).unit.supersededBy, id)
      assert.strictEqual((yield* memory.active(told.slice(0, 8))).id, id)

      const { toldAt, unit, words } = yield* memory.feedback(told, { helps: false }, "person")
      assert.deepStrictEqual([unit.id, toldAt], [id, Date.UTC(2026, 10, 29)])
      assert.includeMembers([...words], ["jenkin", "kraken", "aurora"])
      assert.notInclude(yield* prompted(PROMPT), id.slice(0, 8))

      assert.deepInclude((yield* memory.edit(told, { pinned: true }, "person")).unit, { id, pinned: true })
      const { id: ledger } = yield* saved(LEDGER)
      assert.strictEqual((yield* memory.edit(ledger, { replacedBy: told }, "person")).unit.replacedBy, id)
      assert.deepInclude((yield* memory.edit(told, { replacedBy: ledger }, "person")).unit, { id, replacedBy: ledger })
      const itself = yield* Effect.flip(memory.edit(told, { replacedBy: id }, "person"))
      assert.deepInclude(itself, { _tag: "NotFound", what: "replacement" })
    })
  )

  test(
    "is told one that helped where before it was only pointed to",
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const { id } = yield* saved(RELEASE)
      const prompt = "the jenkins job wants a new agent label, and the old runner can go"
      const short = id.slice(0, 8)
      const before = yield* prompted(prompt)
      assert.notInclude(before, "Jenkins each night")
      yield* memory.feedback(short, { helps: true, prompt }, "person")
      const after = yield* prompted(prompt)
      assert.isAbove(after.length, before.length)
      yield* memory.feedback(short, { helps: true, isOff: true }, "person")
      assert.strictEqual(yield* prompted(prompt), before)
    })
  )

  test(
    "is not pointed to a memory beside the one that holds in its place",
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const old = yield* saved(
        "The jenkins runner keeps its artefacts for four weeks, on the disk of the agent.",
        "Old"
      )
      const now = yield* saved("Artefacts of the jenkins runner go to the bucket; nothing stays on an agent.", "New")
      const prompt = "add a label to the jenkins runner, and prune its artefacts for the zebra"
      const before = yield* prompted(prompt)
      assert.include(before, old.id.slice(0, 8))
      assert.include(before, "Perhaps of use")
      yield* memory.edit(old.id, { replacedBy: now.id }, "person")
      const after = yield* prompted(prompt)
      assert.include(after, now.id.slice(0, 8))
      assert.notInclude(after, old.id.slice(0, 8))
    })
  )

  test(
    "says it of every prompt when no session was told it, and takes back what was said of one",
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const { id } = yield* saved(RELEASE)
      const { toldAt, unit, words } = yield* memory.feedback(id, { helps: false }, "person")
      assert.deepStrictEqual([toldAt, words, unit.feedback], [undefined, [], [{ helps: false, words: [] }]])
      yield* memory.feedback(id, { helps: false, prompt: "port 8443" }, "person")
      const off = yield* memory.feedback(id, { helps: false, prompt: "port 8443", isOff: true }, "person")
      assert.deepStrictEqual(off.unit.feedback, [{ helps: false, words: [] }])
      const none = yield* Effect.flip(memory.feedback(id, { helps: true, prompt: "of something else" }, "person"))
      assert.match(none.message, /has no telling word of this prompt: of something else/)
      assert.strictEqual((yield* Effect.flip(memory.feedback("ffffffff", { helps: true }, "person")))._tag, "NotFound")
    })
  )
})
