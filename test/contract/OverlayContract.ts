/**
 * The contract of every `MemoryStore` for what a person changes: edits, pins, undo, history, and the bin.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { idOf } from "../../src/domain/Ids.ts"
import { evidence, type MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { unitOf } from "../../src/domain/Saved.ts"
import { queryLexemes } from "../../src/domain/Tokenizer.ts"
import { type EditResult, MemoryStore, UNDO_MS } from "../../src/store/MemoryStore.ts"
import { times } from "../data.ts"
import * as Changes from "./Changes.ts"
import { batch, cursor, everything, facts, message, project, unit } from "./made.ts"
import { compress, words } from "./MemoryStoreContract.ts"

const HARBOUR = "The harbour master wants every crane inspected before sunrise."
const LANTERN = "Lanterns are kept in the shed behind the old boathouse."
const TIDE = "High tide decides when the ferries may leave the northern pier."
const KEEPER = "The keeper of the lighthouse writes the weather down each evening."

const found = (question: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const { candidates } = yield* store.lexical(queryLexemes(question), everything, 100)
    return candidates.map(({ unitId }) => unitId).sort()
  })

const one = (id: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const [unit] = yield* store.units([id])
    assert.isDefined(unit)
    return unit!
  })

const textsOf = (...uuids: ReadonlyArray<string>) =>
  Effect.flatMap(
    MemoryStore,
    (store) =>
      Effect.map(store.messages(uuids), (messages) => messages.map(({ blocks }) => blocks.map((block) => block.text)))
  )

const edit = (...args: Parameters<MemoryStore["Type"]["edit"]>) =>
  Effect.flatMap(MemoryStore, (store) => store.edit(...args))

/** A message that says these sentences, and a unit of its segment for each. */
const said = (uuid: string, ...sentences: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const told = message(uuid, { isPrompt: true, blocks: [{ kind: "text", text: sentences.join(" ") }] })
    yield* store.append(batch([told], { cursor: cursor(`/t/${uuid}`, 1) }))
    const units = sentences.map((content, i) =>
      unit(idOf("unit", uuid, String(i)), { origin: idOf("segment", uuid), cites: uuid, content, position: i })
    )
    yield* store.commit(yield* store.claim("segment", 10), units)
    return units.map(({ id }) => id)
  })

/** Compresses all that waits into these units. */
const compressed = (...units: ReadonlyArray<MemoryUnit>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* store.commit(yield* store.claim("segment", 1_000), units)
  })

export const suite = <E>(name: string, layer: Layer.Layer<MemoryStore, E>) => {
  const test = <E2>(title: string, body: Effect.Effect<void, E2, MemoryStore>) =>
    it.effect(title, () => Effect.provide(body, layer))

  describe(`${name}: editing`, () => {
    const made = unit("a", { content: words(12), title: "Letters" })

    test(
      "changes what is shown and found, and is indexed anew",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made)
        yield* store.done(yield* store.claim("index", 10))
        const result = yield* edit("a", { content: HARBOUR, title: "Cranes", type: "decision" }, "person")
        const changed = yield* one("a")
        assert.strictEqual(result?._tag, "Edited")
        assert.deepStrictEqual(result?.unit, changed)
        assert.deepInclude(changed, { content: HARBOUR, title: "Cranes", type: "decision", revision: 1, active: true })
        assert.includeMembers([...changed.keywords], ["harbour", "crane"])
        assert.deepStrictEqual(evidence(changed), evidence(made))
        assert.deepStrictEqual(yield* found("harbour crane"), ["a"])
        assert.deepStrictEqual(yield* found("alpha bravo letters"), [])
        assert.deepStrictEqual((yield* store.claim("index", 10)).map(({ key }) => key), ["a"])
        assert.deepStrictEqual((yield* store.recent({ projects: "all", types: ["decision"] }, 5)).length, 1)
      })
    )

    test(
      "of the words of what was said asks for its session's summary again, but not for a language model's",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const summarized = Effect.flatMap(store.claim("session", 100), (items) => store.commit(items, []))
        yield* compress("one", unit("a"))
        yield* summarized
        yield* store.edit("a", { pinned: true }, "person")
        assert.deepStrictEqual(yield* store.claim("session", 100), [])
        yield* store.edit("a", { content: "we use port 5433" }, "person")
        const [queued, ...more] = yield* store.claim("session", 100)
        assert.deepStrictEqual([queued?.key, more], [unit("a").sessionId, []])
        yield* store.commit([queued!], [])
        yield* store.undo("person")
        assert.strictEqual((yield* store.claim("session", 100)).length, 1)
        yield* store.queueReviews([{ sessionId: unit("a").sessionId, segmentIds: [], isWanted: true }])
        yield* store.edit("a", { content: "we use port 5434" }, "person")
        assert.deepStrictEqual(yield* store.claim("session", 100), [])
      })
    )

    test(
      "keeps what it said out of what its session's summary is made of, as is what another replaces, until undone",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [gulls, ferry] = yield* said("asked", "Feed the gulls 40 herrings a day.", TIDE)
        const answer = message("answered", {
          role: "assistant",
          text: `The gulls get their 40 herrings at noon. The keeper bought 40 buckets. ${KEEPER}`
        })
        yield* store.append(batch([answer], { cursor: cursor("/t/answered", 1) }))
        const summarized = Effect.flatMap(
          store.claim("session", 100),
          (items) => Effect.as(store.commit(items, []), items.map(({ key }) => key))
        )
        const outlined = Effect.map(store.outlines(["s1"]), ([outline]) => ({
          asked: outline?.prompts.flatMap(({ blocks }) => blocks.map(({ text }) => text)),
          answered: outline?.closing.flatMap(({ blocks }) => blocks.map(({ text }) => text)),
          quoted: outline?.units.flatMap(({ content, passages }) =>
            passages.map(({ from, to }) => content.slice(from, to))
          ).toSorted()
        }))
        const before = yield* outlined
        yield* summarized
        yield* edit(gulls!, { content: "Feed the gulls 15 herrings a day." }, "person")
        assert.deepStrictEqual(yield* outlined, {
          asked: [TIDE],
          answered: [`The keeper bought 40 buckets. ${KEEPER}`],
          quoted: [TIDE]
        })
        assert.deepStrictEqual(yield* summarized, ["s1"])
        yield* store.replace("newer", [unit("newer", { origin: "newer", sessionId: "s2", content: HARBOUR })])
        yield* edit(ferry!, { replacedBy: "newer" }, "person")
        assert.deepStrictEqual(yield* summarized, ["s1"])
        assert.deepInclude(yield* outlined, { asked: [], quoted: [] })
        yield* edit(ferry!, { replacedBy: null }, "person")
        yield* store.undo("person")
        assert.deepStrictEqual(yield* outlined, before)
      })
    )

    test(
      "of nothing, or to what it is, changes nothing",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made)
        assert.isUndefined(yield* edit("no-such", { title: "x" }, "person"))
        yield* edit("a", { title: "Letters" }, "person")
        assert.isUndefined((yield* one("a")).revision)
        assert.isUndefined(yield* store.history("a"))
        assert.isUndefined(yield* store.undo())
      })
    )

    test(
      "of two that saw the same revision, only the first is written",
      Effect.gen(function*() {
        yield* compress("one", made)
        assert.strictEqual((yield* edit("a", { title: "First" }, "person", [0]))?._tag, "Edited")
        const second = yield* edit("a", { title: "Second" }, "person", [0])
        assert.strictEqual(second?._tag, "Conflict")
        assert.deepInclude(second?.unit, { title: "First", revision: 1 })
        assert.strictEqual((yield* one("a")).title, "First")
        assert.strictEqual((yield* edit("a", { title: "Second" }, "person", [0, 1]))?._tag, "Edited")
      })
    )

    test(
      "stays when the segment is compressed again, into the same, more, other units or none",
      Effect.gen(function*() {
        yield* compress("one", made)
        yield* edit("a", { content: HARBOUR }, "person")
        const changed = yield* one("a")
        yield* compress("one", { ...made, compressor: 9 })
        assert.deepStrictEqual(yield* one("a"), changed)
        // It has grown: what is new is a unit of its own, and the old words don't come back.
        const longer = `${words(12)}\n${TIDE}`
        const passages = [
          { ...made.passages[0]!, to: words(12).length },
          { uuid: "new", kind: "text" as const, from: words(12).length + 1, to: longer.length }
        ]
        const grown = { ...made, content: longer, passages }
        for (const _ of [1, 2]) {
          yield* compress("one", grown)
          assert.deepStrictEqual(yield* one("a"), changed)
          const [more, ...others] = yield* found("tide ferries pier")
          assert.deepStrictEqual(others, [])
          assert.deepInclude(yield* one(more!), { content: TIDE })
          assert.deepStrictEqual(yield* found("alpha bravo"), [])
        }
        // The same id, and something else.
        yield* compress("one", { ...made, content: LANTERN, passages: [{ ...made.passages[0]!, to: LANTERN.length }] })
        assert.deepStrictEqual(yield* one("a"), changed)
        assert.strictEqual((yield* found("lanterns shed")).length, 1)
        yield* compress("one")
        assert.deepStrictEqual(yield* one("a"), changed)
        // Under another id, it is not derived beside it.
        yield* compress("one", { ...made, id: "b" })
        assert.deepStrictEqual(yield* found("alpha bravo"), [])
      })
    )

    test(
      "of the content alone has a title of its words, but for a session's summary, which has the session's",
      Effect.gen(function*() {
        const labelled = unit("a", { content: `User: ${words(12)}`, title: "Letters" })
        const archive = unit("z", { type: "archive", content: TIDE, title: "The pier", origin: "s1" })
        yield* compress("one", labelled, archive)
        yield* edit("a", { content: "Use npm again, pnpm is gone." }, "person")
        yield* edit("z", { content: HARBOUR }, "person")
        assert.strictEqual((yield* one("a")).title, "Use npm again, pnpm is gone.")
        assert.strictEqual((yield* one("z")).title, "The pier")
      })
    )

    test(
      "of the content alone keeps the title that was given when it was saved, and takes its words for one that was not",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const titled = unitOf({ content: HARBOUR, title: "Rounds" }, "project-one", 1)
        const plain = unitOf({ content: TIDE }, "project-one", 2)
        const labelled = unitOf({ content: "Decided: sails are mended in winter.", by: "claude" }, "project-one", 3)
        for (const each of [titled, plain, labelled]) yield* store.save(each, project("one"))
        yield* edit(titled.id, { content: LANTERN }, "person")
        yield* edit(plain.id, { content: "The ferries leave at noon." }, "person")
        yield* edit(labelled.id, { content: "Sails are mended in spring." }, "person")
        assert.deepInclude(yield* one(titled.id), { title: "Rounds", content: LANTERN })
        assert.deepStrictEqual(yield* found("rounds"), [titled.id])
        assert.strictEqual((yield* one(plain.id)).title, "The ferries leave at noon.")
        assert.strictEqual((yield* one(labelled.id)).title, "Sails are mended in spring.")
        yield* edit(titled.id, { title: "Lamps" }, "person")
        yield* store.undo("person")
        assert.strictEqual((yield* one(titled.id)).title, "Rounds")
      })
    )

    test(
      "of the title alone stays too, over new words",
      Effect.gen(function*() {
        yield* compress("one", made)
        yield* edit("a", { title: "Mine" }, "person")
        yield* compress("one", unit("a", { content: words(14), title: "Letters and more" }))
        assert.deepInclude(yield* one("a"), { title: "Mine", content: words(14), revision: 1 })
        yield* edit("a", { title: "Letters and more" }, "person")
        yield* compress("one", unit("a", { content: words(14), title: "All" }))
        assert.deepInclude(yield* one("a"), { title: "All" })
      })
    )

    test(
      "is never superseded by what is derived, and supersedes what it contains",
      Effect.gen(function*() {
        yield* compress("one", made)
        yield* compress("two", unit("b", { content: TIDE }))
        yield* edit("a", { content: TIDE }, "person")
        assert.deepInclude(yield* one("b"), { active: false, supersededBy: "a" })
        yield* compress("three", unit("c", { content: `${TIDE} Again.`, occurredAt: 9_000 }))
        assert.deepInclude(yield* one("a"), { active: true, content: TIDE })
        yield* edit("a", { content: HARBOUR }, "person")
        assert.deepInclude(yield* one("b"), { active: false, supersededBy: "c" })
        yield* compress("three")
        assert.deepInclude(yield* one("b"), { active: true, supersededBy: null })
      })
    )

    test(
      "stands for those that say what it said before, until that is said again",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const again = unit("b", { content: HARBOUR, occurredAt: 1_000 })
        yield* compress("one", unit("a", { content: HARBOUR, occurredAt: 2_000 }))
        yield* compress("two", again)
        yield* TestClock.adjust(5_000)
        yield* edit("a", { content: LANTERN }, "person")
        assert.deepInclude(yield* one("b"), { active: false, supersededBy: "a" })
        yield* compress("two", again)
        assert.deepInclude(yield* one("b"), { active: false, supersededBy: "a" })
        assert.isDefined(yield* store.undo())
        assert.deepStrictEqual(yield* found("harbour"), ["a"])
        yield* edit("a", { content: LANTERN, type: "documentation" }, "person")
        assert.deepStrictEqual(yield* found("harbour"), [])
        assert.deepInclude(yield* one("b"), { active: false, supersededBy: "a" })
        yield* compress("three", unit("c", { content: HARBOUR, occurredAt: 9_000 }))
        assert.deepStrictEqual(yield* found("harbour"), ["c"])
        assert.deepInclude(yield* one("a"), { active: true, content: LANTERN })
        yield* store.forget(["a"])
        assert.deepStrictEqual(yield* found("lantern"), [])
      })
    )

    test(
      "of what was saved stays, and the same text can be saved again",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const note = unitOf({ content: HARBOUR }, "project-one", 5_000)
        assert.isFalse(note.pinned)
        yield* store.save(note, project("one"))
        yield* edit(note.id, { content: LANTERN }, "person")
        const again = yield* store.save(note, project("one"))
        assert.notStrictEqual(again.id, note.id)
        assert.deepStrictEqual(yield* store.save(note, project("one")), again)
        assert.deepStrictEqual(yield* found("harbour"), [again.id])
        assert.deepStrictEqual(yield* found("lanterns"), [note.id])
      })
    )

    test(
      "of several values is undone as a whole, and leaves what was changed apart",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made)
        yield* edit("a", { title: "First", pinned: true, kept: true, replacedBy: "b" }, "person")
        assert.isDefined(yield* store.undo())
        const { kept, pinned, replacedBy, title } = yield* one("a")
        assert.deepStrictEqual([title, pinned ?? false, kept ?? false, replacedBy], [
          "Letters",
          false,
          false,
          undefined
        ])
        yield* edit("a", { title: "Second" }, "person")
        yield* edit("a", { pinned: true }, "person")
        assert.isDefined(yield* store.undo())
        assert.deepInclude(yield* one("a"), { title: "Letters", pinned: true })
      })
    )

    test(
      "is kept as a history, and undone, the last first",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made)
        yield* edit("a", { title: "First" }, "person")
        yield* TestClock.adjust("1 minute")
        yield* edit("a", { content: HARBOUR }, "claude")
        yield* edit("a", { pinned: true }, "person")
        assert.isUndefined(yield* store.undo("person"))
        const undone = yield* store.undo()
        assert.deepInclude(undone, { _tag: "Edit", unitId: "a", at: 60_000 })
        assert.deepInclude(yield* one("a"), { title: "First", content: words(12), pinned: true, revision: 4 })
        assert.deepStrictEqual(yield* found("alpha"), ["a"])
        assert.isDefined(yield* store.undo("person"))
        assert.deepInclude(yield* one("a"), { title: "Letters", pinned: true })
        assert.isUndefined(yield* store.undo())
        const history = yield* store.history("a")
        assert.deepInclude(history?.derived, { title: "Letters", content: words(12) })
        assert.deepStrictEqual(
          history?.operations.map(({ actor, isUndone, kind, revision }) => ({ actor, isUndone, kind, revision })),
          [
            { actor: "person", isUndone: true, kind: "edit", revision: 1 },
            { actor: "claude", isUndone: true, kind: "edit", revision: 2 },
            { actor: "person", isUndone: false, kind: "pin", revision: 3 },
            { actor: "claude", isUndone: false, kind: "undo", revision: 4 },
            { actor: "person", isUndone: false, kind: "undo", revision: 5 }
          ]
        )
        assert.deepInclude(history?.operations[1]?.after, { content: HARBOUR, title: "First" })
      })
    )

    test(
      "is undone in the order in which it was done, also where the clock was ahead and set right meanwhile",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made)
        yield* TestClock.setTime(7_200_000)
        const first = yield* edit("a", { title: "First" }, "person")
        yield* TestClock.setTime(60_000)
        yield* edit("a", { title: "Second" }, "person")
        assert.deepInclude((yield* store.recentChanges(1))[0], { at: 60_000 })
        assert.deepNestedInclude(yield* store.undo(undefined, first?._tag === "Edited" ? first.operation! : 0), {
          _tag: "NotUndone",
          reason: "Later"
        })
        assert.isDefined(yield* store.undo())
        assert.strictEqual((yield* one("a")).title, "First")
        assert.isDefined(yield* store.undo())
        assert.strictEqual((yield* one("a")).title, "Letters")
      })
    )

    test(
      "is undone by its number, unless it was changed again, and tells the words from what was said of it",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made, unit("b", { content: TIDE, title: "Tide" }))
        const numberOf = (result: EditResult | undefined) => result?._tag === "Edited" ? result.operation : null
        const first = numberOf(yield* edit("a", { title: "First" }, "person"))
        const second = numberOf(yield* edit("a", { content: HARBOUR }, "person"))
        const other = numberOf(yield* edit("b", { title: "Ebb" }, "claude"))
        const said = numberOf(yield* edit("a", { feedback: [{ helps: false, words: [] }] }, "person"))
        assert.isNull(numberOf(yield* edit("a", { pinned: true }, "person")))
        assert.isNull(numberOf(yield* edit("a", { title: "First" }, "person")))
        assert.deepStrictEqual(
          (yield* store.recentChanges(9)).map(({ kind, named, operation, until }) => ({
            kind,
            named,
            operation,
            until
          })),
          [
            { kind: "feedback", named: [{ id: "a", title: "First" }], operation: said!, until: UNDO_MS },
            { kind: "edit", named: [{ id: "b", title: "Ebb" }], operation: other!, until: UNDO_MS },
            { kind: "edit", named: [{ id: "a", title: "First" }], operation: second!, until: UNDO_MS },
            { kind: "edit", named: [{ id: "a", title: "First" }], operation: first!, until: UNDO_MS }
          ]
        )
        assert.deepNestedInclude(yield* store.undo(undefined, first!), {
          _tag: "NotUndone",
          reason: "Later",
          "later.operation": second
        })
        assert.deepInclude(yield* store.undo(undefined, second!), { _tag: "Edit", unitId: "a" })
        assert.deepInclude(yield* one("a"), { title: "First", content: words(12), pinned: true })
        assert.isDefined((yield* one("a")).feedback)
        assert.deepStrictEqual(yield* store.undo(undefined, second!), { _tag: "NotUndone", reason: "Undone" })
        assert.deepStrictEqual(yield* store.undo(undefined, 9_999), { _tag: "NotUndone", reason: "Unknown" })
        assert.deepStrictEqual(yield* store.undo("person", other!), { _tag: "NotUndone", reason: "Unknown" })
        assert.strictEqual((yield* store.undo(undefined, first!))?._tag, "Edit")
        assert.strictEqual((yield* one("a")).title, "Letters")
        assert.strictEqual((yield* one("b")).title, "Ebb")
        const { operation } = yield* store.forget(["b"])
        assert.deepNestedInclude(yield* store.undo(undefined, other!), {
          _tag: "NotUndone",
          reason: "Later",
          "later.operation": operation
        })
        // Brought back, the change has the number that it had.
        yield* store.undo(undefined, operation!)
        assert.deepInclude(yield* store.undo(undefined, other!), { _tag: "Edit", unitId: "b" })
        assert.strictEqual((yield* one("b")).title, "Tide")
        yield* TestClock.adjust(UNDO_MS + 1)
        assert.deepStrictEqual(yield* store.undo(undefined, said!), { _tag: "NotUndone", reason: "Expired" })
        assert.deepStrictEqual(yield* store.recentChanges(9), [])
      })
    )

    test(
      "can be undone for seven days",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made)
        yield* edit("a", { title: "First" }, "person")
        yield* TestClock.adjust(UNDO_MS + 1)
        assert.isUndefined(yield* store.undo())
        assert.strictEqual((yield* one("a")).title, "First")
      })
    )

    test(
      "by feedback stays too, also where the segment makes it no more, and is undone like an edit",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const nohelp = { helps: false, words: ["alpha"] }
        const help = { helps: true, words: [] }
        yield* compress("one", made)
        assert.isFalse("feedback" in (yield* one("a")))
        yield* edit("a", { feedback: [nohelp] }, "person")
        yield* edit("a", { title: "Mine" }, "person")
        yield* TestClock.adjust("1 minute")
        yield* edit("a", { feedback: [nohelp, help] }, "claude")
        yield* compress("one", unit("a", { content: words(14), title: "Letters and more" }))
        assert.deepInclude(yield* one("a"), {
          content: words(14),
          feedback: [nohelp, help],
          revision: 3,
          title: "Mine"
        })
        yield* compress("one")
        // It is no text, and is found by none.
        assert.deepStrictEqual(yield* found("helps"), [])
        assert.isUndefined(yield* store.undo("person"))
        assert.deepInclude(yield* store.undo("claude"), { _tag: "Feedback", at: 60_000, unitId: "a" })
        assert.deepInclude(yield* one("a"), { feedback: [nohelp], title: "Mine" })
        assert.strictEqual((yield* store.undo())?._tag, "Edit")
        assert.deepInclude(yield* one("a"), { feedback: [nohelp], title: "Letters and more" })
        assert.strictEqual((yield* store.undo())?._tag, "Feedback")
        assert.isFalse("feedback" in (yield* one("a")))
        const history = yield* store.history("a")
        assert.deepStrictEqual(history?.operations[0]?.after.feedback, [nohelp])
        assert.deepStrictEqual(history?.operations.map(({ kind }) => kind).slice(0, 3), [
          "feedback",
          "edit",
          "feedback"
        ])
        yield* compress("one")
        assert.deepStrictEqual(yield* store.units(["a"]), [])
      })
    )

    test(
      "by keeping it makes no revision, stays where the segment makes it no more, and is undone",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made)
        assert.deepStrictEqual(yield* store.recentChanges(5), [])
        yield* edit("a", { kept: true }, "person")
        yield* TestClock.adjust("1 minute")
        yield* edit("a", { title: "Mine" }, "claude")
        assert.deepInclude(yield* one("a"), { kept: true, title: "Mine", pinned: false, revision: 1 })
        assert.notProperty((yield* store.history("a"))?.derived, "kept")
        yield* compress("one", unit("a", { content: words(14), title: "Letters and more" }))
        yield* compress("one")
        assert.deepInclude(yield* one("a"), { kept: true, content: words(14), title: "Mine" })
        const [last] = yield* store.recentChanges(5)
        assert.deepInclude(last, { kind: "edit", actor: "claude", at: 60_000, units: 1 })
        assert.strictEqual((yield* store.undo(undefined, last!.operation))?._tag, "Edit")
        const changes = yield* store.recentChanges(5)
        assert.deepStrictEqual(changes.map(({ actor, at, kind }) => [actor, at, kind]), [["person", 0, "keep"]])
        assert.deepInclude(yield* store.undo(), { _tag: "Keep", unitId: "a" })
        assert.notProperty(yield* one("a"), "kept")
        assert.deepStrictEqual(
          (yield* store.history("a"))?.operations.filter(({ kind }) => kind === "keep").map(({ after, before }) => [
            before.kept,
            after.kept
          ]),
          [[false, true]]
        )
        yield* compress("one")
        assert.deepStrictEqual(yield* store.units(["a"]), [])
      })
    )

    test(
      "by a rule is no person's change: it makes no revision, keeps nothing, and ends with the words that it was found in",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const ruled = { replacedBy: "b", replacedFor: "alpha" }
        yield* compress("one", made)
        yield* compress("two", unit("b", { content: TIDE }))
        yield* edit("a", ruled, "rule")
        assert.deepInclude(yield* one("a"), ruled)
        assert.isUndefined((yield* one("a")).revision)
        assert.isUndefined(yield* store.undo())
        yield* compress("one", { ...made, compressor: 9 })
        assert.deepInclude(yield* one("a"), ruled)
        yield* compress("one", unit("a", { content: words(14), title: "Letters" }))
        assert.doesNotHaveAnyKeys(yield* one("a"), ["replacedBy", "replacedFor"])
        yield* edit("a", ruled, "rule")
        yield* compress("one")
        assert.deepStrictEqual(yield* store.units(["a"]), [])

        yield* compress("one", made)
        yield* edit("a", ruled, "rule")
        yield* edit("a", { replacedBy: "b" }, "person")
        assert.doesNotHaveAnyKeys(yield* one("a"), ["replacedFor"])
        assert.deepInclude(yield* one("a"), { replacedBy: "b", revision: 1 })
        yield* compress("one")
        assert.deepInclude(yield* one("a"), { replacedBy: "b" })
        const history = yield* store.history("a")
        assert.deepStrictEqual(
          history?.operations.map(({ actor, kind, revision }) => [actor, kind, revision]).slice(-2),
          [
            ["rule", "replace", 0],
            ["person", "replace", 1]
          ]
        )
      })
    )

    test(
      "by another is known of all that are there, since that was forgotten too",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const replaced = Effect.map(store.replaced, (units) => units.map(({ id, replacedBy }) => [id, replacedBy]))
        yield* compress("one", made)
        yield* compress("two", unit("b", { content: TIDE }))
        yield* compress("three", unit("c", { content: HARBOUR }))
        yield* edit("c", { pinned: true }, "person")
        assert.deepStrictEqual(yield* replaced, [])
        yield* edit("a", { replacedBy: "b" }, "person")
        yield* edit("b", { replacedBy: "c", replacedFor: "tide" }, "rule")
        assert.deepStrictEqual(yield* replaced, [["a", "b"], ["b", "c"]])
        yield* store.forget(["c"])
        assert.deepStrictEqual(yield* replaced, [["a", "b"], ["b", "c"]])
        yield* store.forget(["b"])
        assert.deepStrictEqual(yield* replaced, [["a", "b"]])
        yield* edit("a", { replacedBy: null }, "person")
        assert.deepStrictEqual(yield* replaced, [])
      })
    )

    test(
      "to hold again in place of what replaced it takes that back, over any number of steps, but not by a rule",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", made)
        yield* compress("two", unit("b", { content: TIDE }))
        yield* compress("three", unit("c", { content: HARBOUR }))
        const replacements = Effect.map(
          store.units(["a", "b", "c"]),
          (units) => units.map(({ replacedBy }) => replacedBy)
        )
        yield* edit("a", { replacedBy: "b" }, "person")
        yield* edit("b", { replacedBy: "c", replacedFor: "tide" }, "rule")
        assert.deepStrictEqual(yield* replacements, ["b", "c", undefined])
        yield* edit("c", { replacedBy: "a", replacedFor: "harbour" }, "rule")
        assert.deepStrictEqual(yield* replacements, ["b", "c", undefined])
        yield* edit("c", { replacedBy: "a" }, "person")
        assert.deepStrictEqual(yield* replacements, [undefined, "c", "a"])
        assert.deepInclude((yield* store.history("a"))?.operations.at(-1), { kind: "replace", actor: "person" })
        yield* edit("a", { replacedBy: "c" }, "person")
        assert.deepStrictEqual(yield* replacements, ["c", "c", undefined])
      })
    )

    test(
      "to pin lists it as pinned, and it stays where its segment makes it no more",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const pinned = Effect.map(
          store.recent({ projects: "all", isPinned: true }, 10),
          (units) => units.map(({ id }) => id)
        )
        yield* compress("one", made, unit("b", { content: TIDE }))
        yield* edit("a", { pinned: true }, "person")
        assert.deepStrictEqual(yield* pinned, ["a"])
        yield* compress("one")
        assert.deepStrictEqual(yield* store.units(["a", "b"]).pipe(Effect.map((units) => units.length)), 1)
        const { candidates } = yield* store.lexical(queryLexemes("alpha"), { projects: "all", isPinned: true }, 5)
        assert.strictEqual(candidates.length, 1)
        yield* edit("a", { pinned: false }, "person")
        assert.deepStrictEqual(yield* pinned, [])
        yield* compress("one")
        assert.deepStrictEqual(yield* store.units(["a"]), [])
      })
    )
  })

  describe(`${name}: the bin`, () => {
    test(
      "gives back what was forgotten: units, sentences, the title and the line",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour, lantern] = yield* said("a", HARBOUR, LANTERN)
        const letter = { path: "/t/b", offset: 0, reason: "torn", line: `{"text":"${HARBOUR}` }
        yield* store.append(batch([], {
          cursor: cursor("/t/b", 1),
          facts: [facts("s1", { title: HARBOUR })],
          factLines: 1,
          deadLetters: [letter]
        }))
        const before = yield* one(harbour!)
        const { messages, until, units } = yield* store.forget([harbour!])
        assert.deepStrictEqual([units, messages, until], [[before], ["a"], UNDO_MS])
        assert.deepStrictEqual(yield* textsOf("a"), [[LANTERN]])
        assert.deepStrictEqual(yield* store.binned(harbour!.slice(0, 8)), [before])
        yield* compressed(unit(lantern!, { origin: idOf("segment", "a"), cites: "a", content: LANTERN, position: 1 }))

        const undone = yield* store.undo()
        assert.deepStrictEqual(undone, { _tag: "Forget", at: 0, units: [before], messages: 1 })
        assert.deepStrictEqual(yield* textsOf("a"), [[`${HARBOUR} ${LANTERN}`]])
        assert.deepStrictEqual(yield* found("harbour"), [harbour])
        assert.strictEqual((yield* store.sessionsByPrefix("s1"))[0]?.title, HARBOUR)
        assert.deepStrictEqual(yield* store.deadLetters(5), [letter])
        assert.deepStrictEqual((yield* store.claim("segment", 5)).map(({ key }) => key), [idOf("segment", "a")])
        assert.deepStrictEqual(yield* store.binned(harbour!), [])
        assert.isUndefined(yield* store.undo())
        // It is captured again like anything else.
        yield* said("c", HARBOUR)
        assert.deepStrictEqual(yield* textsOf("c"), [[HARBOUR]])
      })
    )

    test(
      "holds what does not come back under its id of what is left of its messages, but of others, or where its neighbour has its place",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const origin = idOf("segment", "m")
        const [one, two] = yield* said("m", HARBOUR, LANTERN)
        yield* store.forget([one!])
        const again = (content: string, cites = "m") =>
          Effect.gen(function*() {
            yield* store.queue("segment", [origin])
            yield* compressed(
              unit(one!, { origin, cites, content }),
              unit(two!, { origin, cites: "m", content: LANTERN })
            )
            return (yield* store.units([one!])).map((each) => each.content)
          })
        assert.deepStrictEqual(yield* again(TIDE), [])
        assert.deepStrictEqual(yield* again(LANTERN), [LANTERN])
        assert.deepStrictEqual(yield* again(TIDE, "said later"), [TIDE])
        yield* store.undo("person")
        assert.deepStrictEqual(yield* again(TIDE), [TIDE])
      })
    )

    test(
      "gives back one forgetting after another, the last first",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour, lantern] = yield* said("a", HARBOUR, LANTERN, TIDE)
        yield* store.forget([harbour!])
        yield* TestClock.adjust("1 second")
        yield* compressed(unit(lantern!, { origin: idOf("segment", "a"), cites: "a", content: LANTERN }))
        yield* store.forget([lantern!])
        assert.deepStrictEqual(yield* textsOf("a"), [[TIDE]])
        yield* store.undo()
        assert.deepStrictEqual(yield* textsOf("a"), [[`${LANTERN} ${TIDE}`]])
        yield* store.undo()
        assert.deepStrictEqual(yield* textsOf("a"), [[`${HARBOUR} ${LANTERN} ${TIDE}`]])
        assert.deepStrictEqual(yield* found("harbour lanterns"), [harbour, lantern].sort())
      })
    )

    test(
      "gives back any one of several, and no other",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const numbers: Array<number> = []
        const ids: Array<string> = []
        for (const [uuid, sentence] of [["a", HARBOUR], ["b", LANTERN], ["c", TIDE]] as const) {
          const [id] = yield* said(uuid, sentence)
          ids.push(id!)
        }
        for (const id of ids) numbers.push((yield* store.forget([id])).operation!)
        assert.deepStrictEqual(
          (yield* store.recentChanges(2)).map((
            { kind, messages, operation, units }
          ) => [operation, kind, units, messages]),
          [[numbers[2], "forget", 1, 1], [numbers[1], "forget", 1, 1]]
        )
        assert.deepInclude(yield* store.undo(undefined, numbers[1]), { _tag: "Forget", messages: 1 })
        assert.deepStrictEqual(yield* textsOf("a", "b", "c"), [[], [LANTERN], []])
        assert.deepStrictEqual((yield* store.units(ids)).map(({ id }) => id), [ids[1]])
        assert.deepStrictEqual((yield* store.recentChanges(9)).map(({ operation }) => operation), [
          numbers[2],
          numbers[0]
        ])
        yield* store.undo(undefined, numbers[0])
        yield* store.undo()
        assert.deepStrictEqual(yield* textsOf("a", "b", "c"), [[HARBOUR], [LANTERN], [TIDE]])
      })
    )

    test(
      "refuses to give back what a later forgetting took more of: a message, a memory, or the whole session",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour, lantern] = yield* said("a", HARBOUR, LANTERN, TIDE)
        const first = yield* store.forget([harbour!])
        yield* compressed(unit(lantern!, { origin: idOf("segment", "a"), cites: "a", content: LANTERN }))
        const second = yield* store.forget([lantern!])
        const refused = yield* store.undo(undefined, first.operation!)
        assert.deepNestedInclude(refused, { _tag: "NotUndone", reason: "Later", "later.operation": second.operation })
        assert.deepStrictEqual(yield* textsOf("a"), [[TIDE]])
        const third = yield* store.forgetSessions(["s1"])
        const [keeper] = yield* said("b", KEEPER)
        assert.deepNestedInclude(yield* store.undo(undefined, second.operation!), {
          "later.operation": third.operation
        })
        // Of another message of that session, nothing of which is in the later one.
        const fourth = yield* store.forget([keeper!])
        for (const { operation } of [fourth, third, second, first]) {
          assert.strictEqual((yield* store.undo(undefined, operation!))?._tag, "Forget")
        }
        assert.deepStrictEqual(yield* textsOf("a", "b"), [[`${HARBOUR} ${LANTERN} ${TIDE}`], [KEEPER]])
      })
    )

    test(
      "refuses to give back a message of a session that was forgotten whole since, though that one held nothing of it",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour] = yield* said("a", HARBOUR)
        yield* said("b", TIDE)
        const first = yield* store.forget([harbour!])
        const whole = yield* store.forgetSessions(["s1"])
        assert.deepNestedInclude(yield* store.undo(undefined, first.operation!), { "later.operation": whole.operation })
        yield* store.undo()
        yield* store.undo()
        assert.deepStrictEqual(yield* textsOf("a", "b"), [[HARBOUR], [TIDE]])
      })
    )

    test(
      "holds nothing of a session that is forgotten for good",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour] = yield* said("a", HARBOUR, TIDE)
        yield* store.forget([harbour!])
        yield* store.forgetSessions(["s1"], { isNow: true })
        yield* store.undo()
        assert.deepStrictEqual(yield* textsOf("a"), [[]])
        assert.deepStrictEqual(yield* found("harbour"), [])
      })
    )

    test(
      "holds nothing of what is forgotten for good, and gives the rest back",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour, lantern] = yield* said("a", HARBOUR, LANTERN, TIDE)
        const [tide] = yield* said("b", TIDE)
        yield* store.forget([harbour!])
        yield* compressed(unit(lantern!, { origin: idOf("segment", "a"), cites: "a", content: LANTERN }))
        const { until } = yield* store.forget([lantern!, tide!], { isNow: true })
        assert.isNull(until)
        yield* store.undo()
        assert.deepStrictEqual(yield* textsOf("a", "b"), [[HARBOUR], []])
        assert.deepStrictEqual(yield* found("harbour lanterns tide"), [harbour])
        assert.isUndefined(yield* store.undo())
      })
    )

    test(
      "holds nothing of a pinned memory of which nothing is left, when that goes for good",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const of = { origin: idOf("segment", "a"), cites: "a", content: HARBOUR }
        const told = message("a", { isPrompt: true, blocks: [{ kind: "text", text: HARBOUR }] })
        yield* store.append(batch([told], { cursor: cursor("/t/a", 1) }))
        yield* compressed(unit("a", of), unit("b", { ...of, type: "decision", title: "Cranes" }))
        yield* edit("b", { pinned: true }, "person")
        assert.isDefined(yield* store.history("b"))
        const { also } = yield* store.forget(["a"], { isNow: true })
        assert.deepStrictEqual(also.gone.map(({ id }) => id), ["b"])
        assert.isUndefined(yield* store.history("b"))
      })
    )

    test(
      "is emptied of a memory that is forgotten for good there, with all that went with it",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour, lantern] = yield* said("a", HARBOUR, LANTERN)
        yield* store.forget([harbour!, lantern!])
        const { units } = yield* store.forget([harbour!], { isNow: true })
        assert.deepStrictEqual(units.map(({ id }) => id).sort(), [harbour, lantern].sort())
        for (const id of [harbour!, lantern!]) assert.deepStrictEqual(yield* store.binned(id), [])
        assert.isUndefined(yield* store.undo())
        assert.deepStrictEqual(yield* textsOf("a"), [[]])
      })
    )

    test(
      "is emptied after seven days, and not sooner",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour] = yield* said("a", HARBOUR)
        yield* store.forget([harbour!])
        yield* TestClock.adjust(UNDO_MS)
        assert.strictEqual(yield* store.emptyBin, 0)
        assert.strictEqual((yield* store.binned(harbour!)).length, 1)
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* store.emptyBin, 1)
        assert.deepStrictEqual(yield* store.binned(harbour!), [])
        assert.isUndefined(yield* store.undo())
        yield* said("b", HARBOUR)
        assert.deepStrictEqual(yield* textsOf("b"), [[]])
      })
    )

    test(
      "takes and gives back what a person changed, and the words beneath",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour] = yield* said("a", HARBOUR, LANTERN)
        yield* edit(harbour!, { content: KEEPER, title: "Keeper", pinned: true }, "person")
        const before = yield* one(harbour!)
        yield* TestClock.adjust("1 second")
        yield* store.forget([harbour!])
        assert.deepStrictEqual(yield* textsOf("a"), [[LANTERN]])
        assert.isUndefined(yield* store.history(harbour!))
        // Compressing again brings neither the words back nor the edit.
        yield* compressed(unit(harbour!, { origin: idOf("segment", "a"), cites: "a", content: HARBOUR }))
        assert.deepStrictEqual(yield* store.units([harbour!]), [])
        yield* store.undo()
        assert.deepStrictEqual(yield* one(harbour!), before)
        assert.strictEqual((yield* store.history(harbour!))?.operations.length, 1)
        assert.deepStrictEqual(yield* textsOf("a"), [[`${HARBOUR} ${LANTERN}`]])
        // The edit can be undone as before.
        assert.strictEqual((yield* store.undo())?._tag, "Edit")
        assert.deepInclude(yield* one(harbour!), { content: HARBOUR })
      })
    )

    test(
      "keeps what a person changed of other memories of the same messages",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour, lantern] = yield* said("a", HARBOUR, LANTERN)
        yield* edit(lantern!, { title: "Lanterns" }, "person")
        yield* store.forget([harbour!])
        assert.deepInclude(yield* one(lantern!), { title: "Lanterns", content: LANTERN })
      })
    )

    test(
      "gives back a session of which all was forgotten, and what was forgotten before it as a part of the same",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour] = yield* said("a", HARBOUR, LANTERN)
        yield* store.append(batch([message("b", { sessionId: "s2", text: TIDE })], {
          cursor: cursor("/t/b", 1, { sessionId: "s2" }),
          facts: [facts("s1", { title: "Of the harbour" }), facts("s2", { cwd: "/work/one" })],
          factLines: 1,
          deadLetters: [{ path: "/t/a", offset: 9, reason: "torn", line: "{" }]
        }))
        const { operation } = yield* store.forget([harbour!])
        const { messages, units } = yield* store.forgetSessions(["s1"], { operation })
        assert.deepStrictEqual([messages, units], [["a"], []])
        assert.deepStrictEqual(yield* textsOf("a", "b"), [[], [TIDE]])
        assert.strictEqual((yield* store.sessionsByPrefix("s1"))[0]?.title, null)
        // Nothing of it is captured again, short sentences neither.
        yield* said("c", HARBOUR, LANTERN)
        assert.deepStrictEqual(yield* textsOf("c"), [[]])
        assert.deepInclude(yield* store.undo(), { _tag: "Forget", messages: 1 })
        assert.deepStrictEqual(yield* textsOf("a"), [[`${HARBOUR} ${LANTERN}`]])
        assert.strictEqual((yield* store.sessionsByPrefix("s1"))[0]?.title, "Of the harbour")
        assert.deepStrictEqual(yield* found("harbour"), [harbour])
        assert.deepStrictEqual((yield* store.claim("segment", 9)).map(({ key }) => key), [idOf("segment", "a")])
        assert.isUndefined(yield* store.undo())
      })
    )

    test(
      "has an undone merge of projects apart again",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* compress("one", unit("a", { content: HARBOUR }))
        yield* store.save(unitOf({ content: TIDE }, "project-two", 1), project("two"))
        yield* store.mergeProjects(project("two"), project("one"))
        yield* edit("a", { pinned: true }, "person")
        assert.deepStrictEqual(yield* store.undo(), {
          _tag: "Merge",
          at: 0,
          from: "project-two",
          into: "project-one"
        })
        assert.deepStrictEqual(
          (yield* store.recent({ projects: ["project-two"] }, 5)).map(({ content }) => content),
          [TIDE]
        )
      })
    )
  })

  describe(`${name}: what a person did stays`, () => {
    it.effect.prop(
      "in whatever order it is compressed, reviewed, merged, split, indexed, forgotten and undone",
      [FastCheck.array(Changes.step, { minLength: 8, maxLength: 30 })],
      ([steps]) =>
        Effect.gen(function*() {
          const state = Changes.nothing()
          for (const step of steps) {
            yield* Changes.run(state, step)
            yield* Changes.check(state, step._tag)
          }
        }).pipe(Effect.provide(layer)),
      { fastCheck: { numRuns: times(15) }, timeout: times(240_000) }
    )
  })
}
