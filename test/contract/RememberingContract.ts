/**
 * The contract of every `MemoryStore` for a person's requests: saving and forgetting memories, and merging, renaming and excluding projects.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Block, Message } from "../../src/domain/Conversation.ts"
import { idOf } from "../../src/domain/Ids.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { unitOf } from "../../src/domain/Saved.ts"
import { savedBy } from "../../src/domain/SavedBy.ts"
import type { SearchFilter } from "../../src/domain/Search.ts"
import type { Place } from "../../src/domain/Timeline.ts"
import { queryLexemes } from "../../src/domain/Tokenizer.ts"
import { MemoryStore, UNDO_MS, type WorkItem } from "../../src/store/MemoryStore.ts"
import { batch, cursor, everything, facts, known, message, project, unit } from "./made.ts"

const HARBOUR = "The harbour master wants every crane inspected before sunrise."
const LANTERN = "Lanterns are kept in the shed behind the old boathouse."
const TIDE = "High tide decides when the ferries may leave the northern pier."

const text = (...sentences: ReadonlyArray<string>): Block => ({ kind: "text", text: sentences.join(" ") })

/** Appends these messages from a file never read before. */
const capture = (path: string, messages: ReadonlyArray<Message>, overrides: Parameters<typeof batch>[1] = {}) =>
  Effect.flatMap(MemoryStore, (store) => store.append(batch(messages, { cursor: cursor(path, 1), ...overrides })))

/** Commits these units for all queued work of a kind, each by its origin. */
const compress = (kind: WorkItem["kind"], ...units: ReadonlyArray<MemoryUnit>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* store.commit(yield* store.claim(kind, 1_000), units)
  })

const segmentOf = (uuid: string) => idOf("segment", uuid)

/** Makes a unit whose whole content is one passage of a message. */
const telling = (id: string, of: Message, content: string, overrides: Parameters<typeof unit>[1] = {}) =>
  unit(id, { origin: segmentOf(of.uuid), cites: of.uuid, content, sessionId: of.sessionId, ...overrides })

const found = (question: string, filter: SearchFilter = everything) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const { candidates } = yield* store.lexical(queryLexemes(question), filter, 100)
    return candidates.map(({ unitId }) => unitId).sort()
  })

const textsOf = (...uuids: ReadonlyArray<string>) =>
  Effect.flatMap(
    MemoryStore,
    (store) =>
      Effect.map(store.messages(uuids), (messages) => messages.map(({ blocks }) => blocks.map((block) => block.text)))
  )

const waiting = (kind: WorkItem["kind"]) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const items = yield* store.claim(kind, 1_000)
    yield* store.release(items)
    return items
  })
const keys = (items: ReadonlyArray<WorkItem>) => items.map(({ key }) => key).sort()

const saved = (content: string, now = 5_000) => unitOf({ content }, "project-one", now)

export const suite = <E>(name: string, layer: Layer.Layer<MemoryStore, E>) => {
  const test = <E2>(title: string, body: Effect.Effect<void, E2, MemoryStore>) =>
    it.effect(title, () => Effect.provide(body, layer))

  const one = message("a", { isPrompt: true, blocks: [text(HARBOUR, LANTERN)] })

  describe(`${name}: saving`, () => {
    test(
      "is found by its words at once, and waits for the index; twice changes nothing",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const made = saved(HARBOUR)
        assert.deepStrictEqual(yield* store.save(made, project("one")), made)
        assert.deepStrictEqual(yield* store.save({ ...made, createdAt: 9_000 }, project("one")), made)
        assert.deepStrictEqual(yield* found("harbour crane"), [made.id])
        assert.deepStrictEqual(yield* waiting("index"), [{ kind: "index", key: made.id, revision: 1 }])
        assert.deepStrictEqual((yield* store.status).projects, [{ ...known("one"), units: 1 }])
      })
    )

    test(
      "is told from what a session left: a person's and Claude's, in some project",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* capture("/t/a", [one])
        yield* compress("segment", telling("derived", one, HARBOUR))
        const own = yield* store.save(saved(HARBOUR), project("one"))
        const noted = yield* store.save(unitOf({ content: TIDE, by: "claude" }, "project-one", 5_000), project("one"))
        const other = yield* store.save(unitOf({ content: TIDE }, "project-two", 5_000), project("two"))
        assert.deepStrictEqual(yield* found("harbour tide"), ["derived", own.id, noted.id, other.id].sort())
        assert.deepStrictEqual(
          yield* found("harbour tide", { projects: ["project-one"], isSaved: true }),
          [own.id, noted.id].sort()
        )
        assert.strictEqual((yield* store.recent({ ...everything, isSaved: true }, 10)).length, 3)
      })
    )

    test(
      "what Claude noted is the person's when they save it too, and stays so",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const noted = unitOf({ content: HARBOUR, by: "claude" }, "project-one", 5_000)
        const own = saved(HARBOUR, 6_000)
        assert.strictEqual(noted.id, own.id)
        assert.strictEqual((yield* store.save(noted, project("one"))).origin, noted.origin)
        for (const again of [own, noted]) {
          assert.strictEqual((yield* store.save(again, project("one"))).origin, own.origin)
        }
        assert.deepStrictEqual((yield* store.units([own.id])).map(savedBy), ["person"])
        assert.deepStrictEqual(yield* found("harbour crane"), [own.id])
      })
    )

    test(
      "the same as something captured is one with it",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* capture("/t/a", [one])
        yield* compress("segment", telling("told", one, `${HARBOUR}\n${LANTERN}`, { type: "decision" }))
        const made = saved(`${HARBOUR}\n${LANTERN}`)
        yield* store.save(made, project("one"))
        const [told] = yield* store.units(["told"])
        assert.strictEqual(told?.supersededBy, made.id)
      })
    )
  })

  describe(`${name}: forgetting`, () => {
    test(
      "takes what a memory tells from the message that it cites, and keeps the rest",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const other = message("b", { isPrompt: true, sessionId: "s2", blocks: [text(TIDE)] })
        yield* capture("/t/a", [one, other])
        yield* compress(
          "segment",
          telling("goes", one, `User: ${HARBOUR.slice(0, -1)}`),
          telling("stays", one, LANTERN, { type: "decision" }),
          telling("other", other, TIDE)
        )
        yield* compress("session")
        yield* store.done(yield* store.claim("index", 100))

        const forgotten = yield* store.forget(["goes"])
        assert.deepStrictEqual(forgotten.units.map(({ id }) => id), ["goes"])
        assert.deepStrictEqual(forgotten.messages, ["a"])
        assert.deepStrictEqual(yield* textsOf("a", "b"), [[LANTERN], [TIDE]])
        assert.deepStrictEqual(yield* found("harbour crane sunrise"), [])
        assert.deepStrictEqual(yield* store.unitsByPrefix("goes"), [])
        // Units that cite the message are deleted, and compressed again from the rest of it.
        assert.deepStrictEqual((yield* store.recent(everything, 10)).map(({ id }) => id), ["other"])
        assert.deepStrictEqual(keys(yield* waiting("segment")), [segmentOf("a")])
        assert.deepStrictEqual(keys(yield* waiting("session")), ["s1"])
        assert.deepStrictEqual(keys(yield* waiting("index")), ["goes", "stays"])
        yield* compress("segment", telling("stays", one, LANTERN, { type: "decision" }))
        assert.deepStrictEqual(yield* found("lanterns shed"), ["stays"])
        assert.deepStrictEqual((yield* store.status).lines.stored, 2)
      })
    )

    test(
      "says before and after what it takes from others, and takes nothing else from them",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const other = message("b", { isPrompt: true, sessionId: "s2", blocks: [text(TIDE)] })
        yield* capture("/t/a", [one, other], { facts: [facts("s1", { title: HARBOUR })], factLines: 1 })
        const both = telling("both", one, `${HARBOUR}\n${LANTERN}`, { type: "decision" })
        yield* compress(
          "segment",
          telling("goes", one, HARBOUR),
          both,
          telling("stays", one, LANTERN, { type: "code_snippet" }),
          telling("other", other, TIDE)
        )
        yield* compress(
          "session",
          telling("aim", one, `Aim: ${HARBOUR}`, { origin: "s1", type: "archive", title: "Cranes" })
        )
        const status = yield* store.status
        const planned = yield* store.forgetting(["goes"])
        assert.deepStrictEqual(planned.units.map(({ id }) => id), ["goes"])
        assert.deepStrictEqual(planned.also.units.map(({ id }) => id), ["both"])
        assert.deepStrictEqual(planned.also.gone, [])
        assert.deepStrictEqual(planned.also.sessions, [{ id: "s1", title: "Cranes" }])
        assert.sameMembers(planned.touched.map(({ id }) => id), ["both", "stays", "aim"])
        assert.deepStrictEqual(yield* store.status, status)
        const { also, operation } = yield* store.forget(["goes"])
        assert.deepStrictEqual(also, planned.also)
        assert.deepStrictEqual(yield* store.units(["both", "aim"]), [])
        // Undone, all of it is made again of the whole message.
        yield* store.undo(undefined, operation!)
        assert.deepStrictEqual(yield* textsOf("a"), [[`${HARBOUR} ${LANTERN}`]])
        assert.deepStrictEqual(keys(yield* waiting("segment")), [segmentOf("a")])
        assert.deepStrictEqual(keys(yield* waiting("session")), ["s1"])
        assert.strictEqual((yield* store.sessionsByPrefix("s1"))[0]?.title, HARBOUR)
        assert.deepStrictEqual((yield* store.forgetting(["other"])).also, { units: [], gone: [], sessions: [] })
        assert.deepStrictEqual(yield* store.forgetting(["no-such"]), {
          units: [],
          also: { units: [], gone: [], sessions: [] },
          touched: []
        })
      })
    )

    test(
      "says of which others nothing is left, and afterwards which were not made anew",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const only = message("b", { isPrompt: true, blocks: [text(HARBOUR)] })
        yield* capture("/t/a", [one, only])
        const again = telling("again", one, `${HARBOUR}\n${LANTERN}`, { type: "decision" })
        // Ids that count places: what was second is first where nothing is left of the first.
        const first = telling("place 0", only, HARBOUR, { type: "conversation" })
        const second = telling("place 1", one, `${LANTERN}\n${HARBOUR}`, { type: "conversation", origin: first.origin })
        const aim = telling("aim", one, `Aim: ${HARBOUR}`, { origin: "s1", type: "archive" })
        yield* compress("segment", telling("goes", one, HARBOUR, { type: "code_snippet" }), again, first, second)
        yield* compress("session", aim)
        const planned = yield* store.forgetting(["goes"])
        assert.deepStrictEqual(planned.also.gone.map(({ id }) => id), ["place 0"])
        assert.sameMembers(planned.also.units.map(({ id }) => id), ["again", "place 1"])
        const { also, touched } = yield* store.forget(["goes"])
        assert.deepStrictEqual(also, planned.also)
        const idsOf = (units: ReadonlyArray<MemoryUnit>) => units.map(({ id }) => id).sort()
        assert.deepStrictEqual(idsOf(touched), idsOf(planned.touched))
        // All of it waits to be made anew.
        assert.deepStrictEqual(yield* store.vanished(touched), [])
        yield* compress("segment", { ...second, ...telling("place 0", one, LANTERN), origin: second.origin })
        assert.deepStrictEqual(idsOf(yield* store.vanished(touched)), ["again", "place 0"])
        yield* compress("session")
        assert.deepStrictEqual(idsOf(yield* store.vanished(touched)), ["again", "aim", "place 0"])
        assert.deepStrictEqual(yield* store.vanished([]), [])
      })
    )

    test(
      "undone, has all made anew that was, also of other segments that said the same",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const later = message("b", { isPrompt: true, blocks: [text(TIDE)] })
        yield* capture("/t/a", [one, later])
        yield* compress("segment", telling("goes", one, HARBOUR), telling("quotes", later, `${HARBOUR}\n${TIDE}`))
        const { also, operation } = yield* store.forget(["goes"])
        assert.deepStrictEqual(also.units.map(({ id }) => id), ["quotes"])
        yield* compress("segment", telling("rest", later, TIDE))
        yield* store.undo(undefined, operation!)
        assert.deepStrictEqual(keys(yield* waiting("segment")), [segmentOf("a"), segmentOf("b")].sort())
      })
    )

    test(
      "leaves the summary of a session as it is where nothing of it is in there",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const summary = (content: string, overrides: Parameters<typeof unit>[1] = {}) =>
          telling("aim", one, content, { origin: "s1", type: "archive", ...overrides })
        const forgettingWith = (unit: MemoryUnit) =>
          Effect.gen(function*() {
            yield* store.queue("session", ["s1"])
            yield* compress("session", unit)
            const { also, operation } = yield* store.forget(["goes"])
            const left = (yield* store.units(["aim"])).length
            const queued = keys(yield* waiting("session"))
            yield* store.undo(undefined, operation!)
            yield* compress("segment", telling("goes", one, HARBOUR))
            yield* compress("session")
            return { left, queued, sessions: also.sessions.length }
          })
        yield* capture("/t/a", [one])
        yield* compress("segment", telling("goes", one, HARBOUR))
        const quoting = `Aim: ${LANTERN}`
        const passages = [{ uuid: "a", kind: "text" as const, from: 5, to: quoting.length }]
        assert.deepStrictEqual(yield* forgettingWith(summary(quoting, { passages })), {
          left: 1,
          queued: [],
          sessions: 0
        })
        const anew = { left: 0, queued: ["s1"], sessions: 1 }
        // In a model's words it quotes nothing; a title can say it, too.
        assert.deepStrictEqual(yield* forgettingWith(summary("Someone tidied the shed.")), anew)
        assert.deepStrictEqual(yield* forgettingWith(summary(quoting, { passages, title: HARBOUR })), anew)
      })
    )

    test(
      "of nothing known forgets nothing",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* capture("/t/a", [one])
        const before = yield* store.status
        const nothing = {
          units: [],
          messages: [],
          touched: [],
          also: { units: [], gone: [], sessions: [] },
          until: null,
          operation: null
        }
        assert.deepStrictEqual(yield* store.forget(["no-such"]), nothing)
        assert.deepStrictEqual(yield* store.forget([]), nothing)
        assert.deepStrictEqual(yield* store.status, before)
      })
    )

    test(
      "takes a cited text whole where a memory tells it in other words, and no other text of the message",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const both = message("a", {
          isPrompt: true,
          blocks: [{ kind: "thinking", text: HARBOUR }, text(LANTERN), { kind: "tool_result", text: TIDE }]
        })
        yield* capture("/t/a", [both])
        yield* compress("segment", telling("goes", both, "Someone plans a voyage to unknown islands."))
        assert.lengthOf((yield* store.forget(["goes"])).messages, 1)
        assert.deepStrictEqual(yield* textsOf("a"), [[HARBOUR, TIDE]])
      })
    )

    test(
      "leaves a message without text that is no message of text any more",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const answer = message("a", { role: "assistant", blocks: [text(HARBOUR)] })
        yield* capture("/t/a", [answer, message("b", { role: "assistant", blocks: [text(TIDE)] })])
        yield* compress("segment", telling("goes", answer, HARBOUR))
        assert.strictEqual((yield* store.status).textMessages.total, 2)
        yield* store.forget(["goes"])
        assert.strictEqual((yield* store.status).textMessages.total, 1)
        assert.deepStrictEqual((yield* store.outlines(["s1"]))[0]?.closing.map(({ uuid }) => uuid), ["b"])
      })
    )

    test(
      "cuts it from a session of any length",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const uuids = Array.from({ length: 450 }, (_, i) => `m${i}`)
        const said = (i: number) => i % 200 === 0 || i === 449 ? text(HARBOUR, LANTERN) : text(`Number ${i}. ${TIDE}`)
        const messages = uuids.map((uuid, i) => message(uuid, { isPrompt: i === 0, blocks: [said(i)] }))
        yield* capture("/t/a", messages)
        yield* compress("segment", telling("goes", messages[0]!, HARBOUR))
        assert.lengthOf((yield* store.forget(["goes"])).messages, 4)
        assert.deepStrictEqual(
          yield* textsOf("m0", "m200", "m400", "m448", "m449"),
          [[LANTERN], [LANTERN], [LANTERN], [`Number 448. ${TIDE}`], [LANTERN]]
        )
      })
    )

    test(
      "keeps a copy with other uuids from bringing it back, and one that is stored already",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const short = "Ask Ida."
        const said = [text(HARBOUR, short, LANTERN)]
        const copy = (uuid: string, sessionId: string) => message(uuid, { isPrompt: true, sessionId, blocks: said })
        yield* capture("/t/a", [copy("a", "s1"), copy("before", "s2")])
        yield* compress("segment", telling("goes", copy("a", "s1"), `${HARBOUR}\n${short}`))
        assert.lengthOf((yield* store.forget(["goes"])).messages, 2)
        yield* capture("/t/b", [copy("after", "s3"), message("elsewhere", { sessionId: "s3", blocks: [text(short)] })])
        assert.deepStrictEqual(yield* textsOf("a", "before", "after"), [[LANTERN], [LANTERN], [LANTERN]])
        // Two words are not specific: elsewhere they stay.
        assert.deepStrictEqual(yield* textsOf("elsewhere"), [[short]])
        assert.includeMembers([...keys(yield* waiting("segment"))], [segmentOf("before")])
      })
    )

    test(
      "one thing after the other keeps both from a copy of the whole",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const said = [text("Ida knows.", "Ask Ole.", TIDE)]
        const first = message("a", { isPrompt: true, blocks: said })
        yield* capture("/t/a", [first])
        yield* compress("segment", telling("one", first, "Ida knows."))
        yield* store.forget(["one"])
        yield* compress("segment", telling("two", first, "Ask Ole."))
        yield* store.forget(["two"])
        yield* capture("/t/b", [message("b", { sessionId: "s2", blocks: said })])
        assert.deepStrictEqual(yield* textsOf("a", "b"), [[TIDE], [TIDE]])
      })
    )

    test(
      "takes along what says the same, whichever of them is named",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const again = message("b", { isPrompt: true, sessionId: "s2", blocks: [text(HARBOUR, LANTERN, TIDE)] })
        const whole = `${HARBOUR}\n${LANTERN}`
        const both = Effect.gen(function*() {
          yield* capture("/t/a", [one])
          yield* compress("segment", telling("old", one, whole))
          yield* capture("/t/b", [again])
          yield* compress("segment", telling("new", again, whole, { occurredAt: 2_000 }))
          assert.strictEqual((yield* store.units(["old"]))[0]?.supersededBy, "new")
        })
        yield* both
        assert.deepStrictEqual((yield* store.forget(["old"])).units.map(({ id }) => id), ["new", "old"])
        assert.deepStrictEqual(yield* store.units(["old", "new"]), [])
        assert.deepStrictEqual(yield* textsOf("a", "b"), [[], [TIDE]])
      })
    )

    test(
      "keeps work that was begun before from bringing it back",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* capture("/t/a", [one])
        yield* compress("segment", telling("goes", one, HARBOUR))
        yield* store.reviewAgain(["s1"])
        const begun = yield* store.claim("review", 10)
        const recap = yield* store.claim("recap", 10)
        yield* store.forget(["goes"])
        yield* store.commit(begun, [telling("written", one, HARBOUR)])
        yield* store.commit(recap, [unit("archive", { origin: "s1", type: "archive", content: HARBOUR })])
        assert.deepStrictEqual(yield* found("harbour"), [])
        assert.deepStrictEqual(keys(yield* waiting("review")), [segmentOf("a")])
        assert.deepStrictEqual(keys(yield* waiting("recap")), ["s1"])
      })
    )

    test(
      "does not let a unit be written that tells it, and lets one of its id that doesn't, of another message",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* capture("/t/a", [one])
        yield* compress("segment", telling("goes", one, "Ask Ida."), telling("goes too", one, HARBOUR))
        yield* store.forget(["goes", "goes too"])
        const content = `Claude: ${HARBOUR}\n${LANTERN}`
        yield* compress(
          "segment",
          telling("goes", one, "Ask Ida."),
          telling("another", one, content, { passages: [{ uuid: "a", kind: "text", from: 8, to: content.length }] }),
          telling("named so", one, TIDE, { title: HARBOUR.toUpperCase() }),
          telling("goes too", one, LANTERN, {
            passages: [{ uuid: "said later", kind: "text", from: 0, to: LANTERN.length }]
          })
        )
        assert.deepStrictEqual((yield* store.recent(everything, 10)).map(({ id }) => id), ["goes too"])
      })
    )

    test(
      "takes its title from a session, its words from what could not be understood, and its name from a file",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const wrote = message("a", {
          isPrompt: true,
          blocks: [{
            kind: "tool_use",
            text: "file_path: /work/one/harbour-crane-plan.md",
            file: "/work/one/harbour-crane-plan.md"
          }]
        })
        const letter = (offset: number) => ({
          path: "/t/a",
          offset,
          reason: "not JSON",
          line:
            `{"content":"Quickly.\\nThe \\"harbour\\" master wants every crane inspected before sunrise.\\n${offset}`
        })
        const titled = { facts: [facts("s1", { title: "The harbour master and the cranes" })] }
        yield* capture("/t/a", [wrote], { ...titled, deadLetters: [letter(1)] })
        yield* compress(
          "segment",
          telling("goes", wrote, `${HARBOUR}\nharbour-crane-plan.md`, {
            kind: "tool_use",
            title: "The harbour master and the cranes"
          })
        )
        yield* store.forget(["goes"])
        yield* capture("/t/b", [message("b")], { ...titled, deadLetters: [{ ...letter(2), path: "/t/b" }] })
        assert.strictEqual((yield* store.sessionsByPrefix("s1"))[0]?.title, null)
        assert.deepStrictEqual((yield* store.deadLetters(10)).map(({ line }) => line), ["", ""])
        assert.deepStrictEqual((yield* store.messages(["a"]))[0]?.blocks, [])
        assert.deepStrictEqual((yield* store.outlines(["s1"]))[0]?.files, [])
      })
    )

    test(
      "of what was saved is undone by saving it again",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const made = saved(HARBOUR)
        yield* store.save(made, project("one"))
        const { also: _, operation: __, ...forgotten } = yield* store.forget([made.id])
        assert.deepStrictEqual(forgotten, { units: [made], messages: [], touched: [], until: UNDO_MS })
        assert.deepStrictEqual(yield* found("harbour"), [])
        yield* capture("/t/a", [message("a", { blocks: [text(HARBOUR, LANTERN)] })])
        assert.deepStrictEqual(yield* textsOf("a"), [[LANTERN]])
        yield* store.save(made, project("one"))
        assert.deepStrictEqual(yield* found("harbour"), [made.id])
        yield* capture("/t/b", [message("b", { blocks: [text(HARBOUR, LANTERN)] })])
        assert.deepStrictEqual(yield* textsOf("b"), [[`${HARBOUR} ${LANTERN}`]])
      })
    )

    test(
      "leaves any text of other messages as it is",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const odd = [text("NUL \u0000, half a pair \ud83d, \"quoted\" \\ and\n\n新 行。"), {
          kind: "tool_use" as const,
          text: ""
        }]
        yield* capture("/t/a", [one, message("b", { sessionId: "s2", blocks: odd })])
        yield* compress("segment", telling("goes", one, HARBOUR))
        yield* store.forget(["goes"])
        yield* capture("/t/b", [message("c", { sessionId: "s2", blocks: odd })])
        assert.deepStrictEqual((yield* store.messages(["b", "c"])).map(({ blocks }) => blocks), [odd, odd])
      })
    )
  })

  describe(`${name}: timeline`, () => {
    test(
      "is the units on one side of a place, in the order of times, then of their session",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const two = message("two", { isPrompt: true, sessionId: "s2" })
        yield* capture("/t/a", [one, two])
        const at = (id: string, occurredAt: number, position: number, of = one) =>
          telling(id, of, id, { occurredAt, position, type: "decision" })
        yield* compress(
          "segment",
          at("c", 2_000, 2),
          at("a", 1_000, 9),
          at("b", 2_000, 1.5),
          at("e", 3_000, 1),
          at("d", 2_000, 2, two),
          { ...at("off", 2_500, 1), active: false }
        )
        const ids = (
          side: "before" | "after",
          place: Place,
          limit = 10,
          filter: Parameters<MemoryStore["Type"]["timeline"]>[0] = { projects: "all" }
        ) => Effect.map(store.timeline(filter, side, place, limit), (units) => units.map(({ id }) => id))
        const start = { occurredAt: 0, position: 0, id: "" }
        const c = { occurredAt: 2_000, position: 2, id: "c" }
        assert.deepStrictEqual(yield* ids("after", start), ["a", "b", "c", "d", "e"])
        assert.deepStrictEqual(yield* ids("after", c, 1), ["d"])
        assert.deepStrictEqual(yield* ids("before", c), ["a", "b"])
        assert.deepStrictEqual(yield* ids("before", c, 1), ["b"])
        assert.deepStrictEqual(yield* ids("after", start, 10, { projects: "all", sessionId: "s2" }), ["d"])
        assert.deepStrictEqual(yield* ids("after", start, 10, { projects: ["project-two"] }), [])
        assert.deepStrictEqual(yield* ids("after", start, 10, { projects: [] }), [])
      })
    )
  })

  describe(`${name}: projects`, () => {
    const two = message("b", { isPrompt: true, sessionId: "s2", blocks: [text(TIDE)] })
    const both = Effect.gen(function*() {
      yield* capture("/t/a", [one])
      yield* capture("/t/b", [two], { project: project("two") })
      yield* compress(
        "segment",
        telling("of one", one, `${HARBOUR}\n${LANTERN}`),
        telling("of two", two, `${HARBOUR}\n${LANTERN}`, { projectId: "project-two", occurredAt: 2_000 }),
        telling("tide", two, TIDE, { projectId: "project-two", content: `"projectId":"project-two" ${TIDE}` })
      )
      const store = yield* MemoryStore
      yield* store.done(yield* store.claim("index", 100))
    })

    test(
      "are merged with their sessions and units, and what is captured later goes the same way",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* both
        assert.strictEqual((yield* store.units(["of one"]))[0]?.supersededBy, null)
        yield* store.mergeProjects(project("two"), project("one"))
        const merged = known("one", { merged: [project("two")] })
        assert.deepStrictEqual(yield* store.projects, [merged])
        assert.deepStrictEqual((yield* store.status).projects, [{ ...merged, units: 2 }])
        assert.deepStrictEqual(
          (yield* store.sessionsByPrefix("s")).map(({ projectId }) => projectId),
          ["project-one", "project-one"]
        )
        const [tide] = yield* store.units(["tide"])
        assert.deepStrictEqual(
          [tide?.projectId, tide?.content],
          ["project-one", `"projectId":"project-two" ${TIDE}`]
        )
        // The duplicates are merged, and the change is queued for the index.
        assert.strictEqual((yield* store.units(["of one"]))[0]?.supersededBy, "of two")
        assert.deepStrictEqual(keys(yield* waiting("index")), ["of one", "of two", "tide"])
        assert.deepStrictEqual(yield* found("tide ferries", { projects: ["project-one"] }), ["tide"])
        assert.deepStrictEqual(yield* found("tide ferries", { projects: ["project-two"] }), [])

        const late = message("c", { sessionId: "s3" })
        yield* capture("/t/c", [late], {
          project: { ...project("two"), root: "/elsewhere" }
        })
        assert.strictEqual((yield* store.sessionsByPrefix("s3"))[0]?.projectId, "project-one")
        assert.strictEqual((yield* store.projects)[0]?.root, "/work/one")
        yield* compress("segment", telling("late", late, LANTERN, { projectId: "project-two" }))
        assert.strictEqual((yield* store.units(["late"]))[0]?.projectId, "project-one")
        const made = unitOf({ content: "Brass is polished on Mondays." }, "project-two", 1)
        assert.strictEqual((yield* store.save(made, project("two"))).projectId, "project-one")
      })
    )

    test(
      "may be merged one after the other, and never in a circle",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* both
        yield* store.mergeProjects(project("two"), project("one"))
        yield* store.mergeProjects(project("one"), project("three"))
        const three = known("three", { merged: [project("one"), project("two")] })
        assert.deepStrictEqual(yield* store.projects, [three])
        yield* store.mergeProjects(project("three"), project("two"))
        yield* store.mergeProjects(project("three"), project("three"))
        assert.deepStrictEqual((yield* store.status).projects, [{ ...three, units: 2 }])
        const { documents } = yield* store.lexical(queryLexemes("harbour"), everything, 1)
        assert.strictEqual(documents, 3)
      })
    )

    test(
      "are split again: each has what its own sessions left, also since the merge, and nothing of the other's",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* both
        const before = yield* store.units(["of one", "of two", "tide"])
        yield* store.save(saved("Ropes are bought in spring."), project("one"))
        const early = unitOf({ content: "Brass is polished on Mondays." }, "project-two", 1)
        yield* store.save(early, project("two"))
        yield* store.mergeProjects(project("two"), project("one"))
        yield* store.mergeProjects(project("three"), project("two"))
        // Since the merge: a session in the folder of the merged project, one in the other, notes, and what is saved.
        const late = message("c", { isPrompt: true, sessionId: "s3", blocks: [text(LANTERN)] })
        const here = message("d", { isPrompt: true, sessionId: "s4", blocks: [text(TIDE)] })
        yield* capture("/t/c", [late], { project: project("two") })
        yield* capture("/t/d", [here])
        yield* compress("segment", telling("late", late, LANTERN), telling("here", here, "Anchors rust."))
        yield* store.replace("/notes", [
          unit("note", { sessionId: "notes:/notes/a.md", origin: "/notes", projectId: "project-two" })
        ])
        yield* store.save(saved("Sails are dried in the loft."), project("one"))
        yield* store.done(yield* store.claim("index", 100))

        yield* store.splitProject("project-two")
        const [one, other] = [known("one", { merged: [project("three")] }), known("two")]
        assert.deepStrictEqual((yield* store.status).projects, [{ ...one, units: 4 }, { ...other, units: 5 }])
        const idsIn = (id: string) =>
          Effect.map(store.recent({ projects: [id] }, 20), (units) => units.map((unit) => unit.id).sort())
        assert.deepStrictEqual(yield* idsIn("project-two"), [early.id, "late", "note", "of two", "tide"].sort())
        assert.deepStrictEqual(
          (yield* store.sessionsByPrefix("s")).map(({ id, projectId }) => [id, projectId]),
          [["s1", "project-one"], ["s2", "project-two"], ["s3", "project-two"], ["s4", "project-one"]]
        )
        assert.deepStrictEqual(yield* store.units(["of one", "of two", "tide"]), before)
        assert.deepStrictEqual(
          keys(yield* waiting("index")),
          [early.id, "late", "note", "of one", "of two", "tide"].sort()
        )
        assert.deepStrictEqual(yield* found("tide ferries", { projects: ["project-two"] }), ["tide"])
        const { documents } = yield* store.lexical(queryLexemes("harbour"), everything, 1)
        assert.strictEqual(documents, 9)
        assert.deepStrictEqual((yield* store.traces).different, [["project-one", "project-two"]])

        // Nothing is left to split; a merge brings all together again.
        yield* store.splitProject("project-two")
        yield* store.splitProject("project-one")
        yield* store.mergeProjects(project("two"), project("one"))
        assert.deepStrictEqual(
          (yield* store.projects).map(({ id, merged }) => [id, merged.map((each) => each.id)]),
          [["project-one", ["project-three", "project-two"]]]
        )
        yield* capture("/t/e", [message("e", { sessionId: "s5" })], { project: project("two") })
        yield* store.splitProject("project-two")
        assert.strictEqual((yield* store.sessionsByPrefix("s5"))[0]?.projectId, "project-two")
      })
    )

    test(
      "are split while memories of theirs are forgotten: undone, each is its own project's",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* both
        const early = unitOf({ content: "Brass is polished on Mondays." }, "project-two", 1)
        yield* store.save(early, project("two"))
        yield* store.mergeProjects(project("two"), project("one"))
        const late = message("c", { isPrompt: true, sessionId: "s3", blocks: [text(LANTERN)] })
        yield* capture("/t/c", [late], { project: project("two") })
        yield* compress("segment", telling("late", late, LANTERN))
        const own = [early.id, "late", "of two"].sort()
        const idsIn = (id: string) =>
          Effect.map(
            store.recent({ projects: [id] }, 20),
            (units) => units.map((unit) => unit.id).filter((id) => own.includes(id)).sort()
          )
        // Undone while the two are one, then split.
        yield* store.forget(own)
        assert.deepStrictEqual(yield* idsIn("project-one"), [])
        yield* store.undo()
        assert.deepStrictEqual(yield* idsIn("project-one"), own)
        // Split, then undone.
        const { operation } = yield* store.forget(own)
        yield* store.splitProject("project-two")
        yield* store.undo(undefined, operation ?? undefined)
        assert.deepStrictEqual(yield* idsIn("project-two"), own)
        assert.deepStrictEqual(yield* idsIn("project-one"), [])
        yield* store.mergeProjects(project("two"), project("one"))
        yield* store.splitProject("project-two")
        assert.deepStrictEqual(yield* idsIn("project-two"), own)
      })
    )

    test(
      "are split: what each says twice is one there again",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const said = `${HARBOUR}\n${LANTERN}`
        const again = message("c", { isPrompt: true, sessionId: "s3", blocks: [text(HARBOUR, LANTERN)] })
        yield* both
        yield* store.mergeProjects(project("two"), project("one"))
        yield* capture("/t/c", [again])
        yield* compress("segment", telling("again", again, said, { occurredAt: 1_500 }))
        const superseding = Effect.map(
          store.units(["of one", "again", "of two"]),
          (units) => units.map(({ active, supersededBy }) => active ? "active" : supersededBy)
        )
        assert.deepStrictEqual(yield* superseding, ["of two", "of two", "active"])
        yield* store.splitProject("project-two")
        assert.deepStrictEqual(yield* superseding, ["again", "active", "active"])
        const [kept, other] = yield* store.units(["again", "of two"])
        assert.deepStrictEqual([kept?.also, other?.also], [["a"], []])
      })
    )

    test(
      "are split while something is made of them: that is made again, for the right one",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* both
        yield* store.mergeProjects(project("two"), project("one"))
        yield* compress("session")
        const late = message("c", { isPrompt: true, sessionId: "s3", blocks: [text(LANTERN)] })
        yield* capture("/t/c", [late], { project: project("two") })
        const claimed = [...(yield* store.claim("segment", 10)), ...(yield* store.claim("session", 10))]
        yield* store.splitProject("project-two")
        yield* store.commit(claimed, [telling("late", late, LANTERN)])
        assert.deepStrictEqual(yield* store.units(["late"]), [])
        assert.deepStrictEqual(keys(yield* waiting("segment")), [segmentOf("c")])
        assert.deepStrictEqual(keys(yield* waiting("session")), ["s3"])
      })
    )

    test(
      "leave traces: the folders and branches of their sessions, and which of them are different",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const at = (sessionId: string, cwd: string, branch?: string) => ({ facts: [facts(sessionId, { cwd, branch })] })
        yield* capture("/t/a", [one], at("s1", "/work/one", "main"))
        yield* capture("/t/b", [message("b", { sessionId: "s2" })], at("s2", "/work/one", "main"))
        yield* capture("/t/c", [two], { ...at("s2", "/work/two"), project: project("two") })
        yield* capture("/t/d", [message("d", { sessionId: "s3" })], {
          ...at("s3", "/work/two/b"),
          project: project("two")
        })
        yield* store.mergeProjects(project("two"), project("one"))
        yield* store.setDifferent(["project-two", "project-one", "project-three", "project-two"])
        yield* store.setDifferent(["project-one"])
        yield* store.setSearched(["project-two"], 7)
        yield* store.setSearched(["project-two"], 3)
        assert.deepStrictEqual(yield* store.traces, {
          sessions: [
            { projectId: "project-one", cwd: "/work/one", branch: "main" },
            { projectId: "project-two", cwd: "/work/two/b", branch: null }
          ],
          different: [
            ["project-one", "project-three"],
            ["project-one", "project-two"],
            ["project-three", "project-two"]
          ],
          searched: new Map([["project-two", 7]])
        })
      })
    )

    test(
      "have a time at which the oldest source of their memory was written",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const oldest = store.oldestSource("project-one")
        assert.isUndefined(yield* oldest)
        for (const [path, sessionId, modifiedAt] of [["/t/a", "s1", 300], ["/t/b", "s2", 200]] as const) {
          yield* store.append(
            batch([message(path, { sessionId })], { cursor: cursor(path, 1, { modifiedAt, sessionId }) })
          )
        }
        assert.strictEqual(yield* oldest, 200)
        yield* store.save(unit("saved", { sessionId: "saved", occurredAt: 100 }), project("one"))
        assert.strictEqual(yield* oldest, 100)
        assert.isUndefined(yield* store.oldestSource("project-two"))
      })
    )

    test(
      "may be named by messages, which are searched from a position on",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const saying = (uuid: string, words: string) => message(uuid, { blocks: [text(words)] })
        yield* capture("/t/a", [
          saying("a", "git worktree add ../x"),
          saying("b", "worktree  add"),
          saying("c", "a worktree add b")
        ])
        const search = (after: number, limit: number) =>
          Effect.map(
            store.messagesHolding(["worktree add", "worktree rm"], after, limit),
            ({ end, messages }) => ({ end, ids: messages.map(({ uuid }) => uuid) })
          )
        const first = yield* search(0, 1)
        assert.deepStrictEqual(first.ids, ["a"])
        const rest = yield* search(first.end, 2)
        assert.deepStrictEqual(rest.ids, ["c"])
        assert.deepStrictEqual(yield* search(rest.end, 2), { end: rest.end, ids: [] })
        yield* capture("/t/b", [saying("d", "Worktree Add"), saying("e", "worktree rm")])
        assert.deepStrictEqual((yield* search(rest.end, 2)).ids, ["e"])
      })
    )

    test(
      "keep the name they are given, and are excluded until they are not",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* capture("/t/a", [one])
        yield* store.renameProject("project-one", "harbour")
        yield* store.excludeProject(known("never seen"), true)
        yield* store.excludeProject(project("one"), true)
        yield* capture("/t/b", [two])
        assert.deepStrictEqual(yield* store.projects, [
          known("one", { name: "harbour", isExcluded: true }),
          known("never seen", { isExcluded: true })
        ])
        yield* store.excludeProject(project("one"), false)
        assert.deepStrictEqual((yield* store.projects).map(({ isExcluded }) => isExcluded), [false, true])
      })
    )

    test(
      "are included together with those merged into them, also with one that was excluded before",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const read = (path: string) => capture(path, [message(path)], { project: project("two"), unlessExcluded: true })
        yield* store.excludeProject(project("two"), true)
        yield* store.mergeProjects(project("two"), project("one"))
        assert.strictEqual((yield* read("/t/a"))._tag, "Conflict")
        yield* store.excludeProject(project("one"), false)
        assert.strictEqual((yield* read("/t/b"))._tag, "Appended")
        yield* store.excludeProject(project("one"), true)
        yield* store.splitProject("project-two")
        assert.deepStrictEqual((yield* store.projects).map(({ isExcluded }) => isExcluded), [true, true])
      })
    )

    test(
      "have the units of several origins replaced at once, and no others",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const made = (origin: string, n: number) =>
          unit(`${origin}-${n}`, {
            origin,
            sessionId: origin,
            content: `unit ${n} of ${origin}`,
            projectId: "project-one"
          })
        const ids = Effect.map(store.unitIds("", 10), (found) => found.toSorted())
        yield* store.addProject(project("one"))
        yield* store.replaceAll(["a", "b", "c"], [made("a", 1), made("a", 2), made("b", 1), made("c", 1)])
        assert.deepStrictEqual(yield* ids, ["a-1", "a-2", "b-1", "c-1"])
        yield* store.replaceAll(["a", "b"], [made("a", 2), made("a", 3)])
        assert.deepStrictEqual(yield* ids, ["a-2", "a-3", "c-1"])
      })
    )

    test(
      "are known once they are added, and stay as they are when they are added again",
      Effect.gen(function*() {
        const store = yield* MemoryStore
        yield* store.addProject(project("empty"))
        assert.deepStrictEqual(yield* store.projects, [known("empty")])
        yield* store.renameProject("project-empty", "harbour")
        yield* store.excludeProject(project("empty"), true)
        yield* store.addProject(project("empty"))
        assert.deepStrictEqual(yield* store.projects, [known("empty", { name: "harbour", isExcluded: true })])
      })
    )
  })
}
