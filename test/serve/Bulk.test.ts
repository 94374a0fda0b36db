/**
 * What is forgotten by criteria goes in several transactions, and is counted as one.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { idOf } from "../../src/domain/Ids.ts"
import { unitOf } from "../../src/domain/Saved.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { type Criteria, forgetSelected, select, takenBy, together } from "../../src/serve/Bulk.ts"
import { FORGOT_NOTHING, type Forgotten, MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { batch, cursor, everything, facts, message, project, unit } from "../contract/made.ts"

const sentences = ["Cranes stand idle.", "Ropes lie about.", "Nets hang over the pier.", "Boats leak."]

/** Makes a memory of the first sentence that a message holds still. */
const compress = Effect.gen(function*() {
  const store = yield* MemoryStore
  const items = yield* store.claim("segment", 1)
  const [said] = yield* store.messages(["a"])
  const left = sentences.filter((sentence) => said?.blocks.some(({ text }) => text.includes(sentence)))
  yield* store.commit(
    items,
    left.slice(0, 1).map((content) =>
      unit(idOf("unit", content), { origin: idOf("segment", "a"), sessionId: "s1", cites: "a", content })
    )
  )
})

const forgetting = (criteria: Criteria) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const said = message("a", { isPrompt: true, blocks: [{ kind: "text", text: sentences.join(" ") }] })
    yield* store.append(batch([said], { facts: [facts("s1", { startedAt: 1, endedAt: 5_000 })] }))
    yield* compress
    const parts = [...(yield* Stream.runCollect(forgetSelected(criteria, {}, Effect.orDie(compress))))]
    assert.strictEqual(yield* store.count(everything), 0)
    assert.deepStrictEqual((yield* store.messages(["a"]))[0]?.blocks, [])
    return parts
  }).pipe(Effect.provide(Layer.provide(testing.store, ResourceLedger.layer)))

describe("what is forgotten by criteria counts a message once", () => {
  it.effect("from which memories of several transactions are cut", () =>
    Effect.gen(function*() {
      const parts = yield* forgetting({ projects: "all", before: 2_000 })
      assert.lengthOf(parts.filter(({ units }) => units.length > 0), sentences.length)
      assert.deepStrictEqual(parts.flatMap(({ messages }) => messages), ["a"])
    }))

  it.effect("from which a memory, and then its whole session, is cut", () =>
    Effect.gen(function*() {
      const parts = yield* forgetting({ projects: "all" })
      assert.lengthOf(parts, 2)
      assert.deepStrictEqual(parts.flatMap(({ messages }) => messages), ["a"])
    }))
})

describe("what is forgotten by criteria", () => {
  it.effect("is nothing of a session of another project", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const said = message("a", { isPrompt: true, blocks: [{ kind: "text", text: sentences.join(" ") }] })
      yield* store.append(batch([said], { facts: [facts("s1")] }))
      yield* compress
      const [session] = [...(yield* store.sessions(["s1"])).values()]
      const other = { projects: ["another"], sessions: ["s1"] }
      assert.deepStrictEqual(yield* select(other), { count: 0, newest: [], sessions: [], holdAgain: [] })
      yield* Stream.runDrain(forgetSelected(other, {}, Effect.orDie(compress)))
      assert.isNotEmpty((yield* store.messages(["a"]))[0]?.blocks)
      assert.deepInclude(yield* select({ ...other, projects: [session!.projectId] }), { count: 1, sessions: ["s1"] })
    }).pipe(Effect.provide(Layer.provide(testing.store, ResourceLedger.layer))))
})

describe("what is forgotten by criteria", () => {
  it.effect("names before what holds again, which it had replaced", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const note = (id: string, place: string, occurredAt: number) => {
        const content = `The ${id} buoy marks the channel of ${place}.`
        return store.save(
          unit(id, { origin: `saved:${id}`, projectId: project(place).id, occurredAt, content }),
          project(place)
        )
      }
      yield* note("red", "north", 1)
      yield* note("green", "north", 5)
      yield* note("white", "south", 5)
      yield* store.edit("red", { replacedBy: "green" }, "person")
      yield* store.edit("white", { replacedBy: "green" }, "person")
      const again = (criteria: Criteria) =>
        Effect.map(select(criteria), ({ holdAgain }) => holdAgain.map(({ id }) => id))
      assert.deepStrictEqual(yield* again({ projects: ["project-north"] }), ["white"])
      assert.deepStrictEqual(yield* again({ projects: "all", query: "green buoy" }), ["red", "white"])
      for (
        const criteria of [{ projects: "all" }, { projects: ["project-south"] }, {
          projects: ["project-north"],
          before: 3
        }] as const
      ) {
        assert.deepStrictEqual(yield* again(criteria), [])
      }
    }).pipe(Effect.provide(Layer.provide(testing.store, ResourceLedger.layer))))
})

describe("what is forgotten by criteria goes with what is cut for others of them", () => {
  const words = Array.from({ length: 60 }, (_, i) => `Word${i}a stands beside word${i}b and word${i}c.`)
  const ids = words.map((content) => idOf("unit", content))
  // The memory that is forgotten first.
  const [first] = words.toSorted((a, b) => idOf("unit", a) < idOf("unit", b) ? -1 : 1)

  it.effect.each<[string, Criteria, string | undefined]>([
    ["by a day", { projects: "all", before: 2_000 }, undefined],
    ["of whole sessions", { projects: "all" }, first],
    ["by words", { projects: "all", query: "stands beside" }, undefined]
  ])("%s, is named, counted, and brought back", ([, criteria, title]) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const said = message("a", { isPrompt: true, blocks: [{ kind: "text", text: words.join(" ") }] })
      yield* store.append(batch([said], { facts: [facts("s1", { startedAt: 1, endedAt: 5_000, title })] }))
      const made = words.map((content, i) =>
        unit(ids[i]!, { origin: idOf("segment", "a"), sessionId: "s1", cites: "a", content })
      )
      yield* store.commit(yield* store.claim("segment", 1), made)
      const forgotten = yield* Stream.runFold(forgetSelected(criteria, {}, Effect.void), FORGOT_NOTHING, together)
      assert.strictEqual(yield* store.count(everything), 0)
      assert.sameMembers(forgotten.units.map(({ id }) => id), ids)
      assert.deepStrictEqual(forgotten.also, { units: [], gone: [], sessions: [] })
      // What is left is made anew under the same id.
      yield* store.commit(yield* store.claim("segment", 1), [{ ...made[0]!, content: "A rest of it.", passages: [] }])
      const undone = yield* store.undo("person")
      assert.sameMembers(undone?._tag === "Forget" ? undone.units.map(({ id }) => id) : [], ids)
      assert.sameMembers((yield* store.recent(everything, 100)).map(({ content }) => content), words)
    }).pipe(Effect.provide(Layer.provide(testing.store, ResourceLedger.layer))))
})

describe("what is forgotten of whole sessions", () => {
  it.effect("is said before, with what goes from other sessions and is taken from them", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const rule = "The harbour cranes are oiled and covered with canvas before each autumn storm."
      const quay = "Two keepers sweep the quay at dawn."
      const texts = { s1: rule, s2: rule, s3: `${rule} ${quay}` }
      const said = Object.entries(texts).map(([sessionId, text]) =>
        message(sessionId, { isPrompt: true, sessionId, blocks: [{ kind: "text", text }] })
      )
      yield* store.append(batch(said, { facts: Object.keys(texts).map((id) => facts(id)) }))
      yield* store.commit(
        yield* store.claim("segment", 3),
        Object.entries(texts).map(([sessionId, content], i) =>
          unit(idOf("unit", sessionId), {
            origin: idOf("segment", sessionId),
            sessionId,
            cites: sessionId,
            content,
            occurredAt: i,
            ...(sessionId === "s3" && { type: "decision" })
          })
        )
      )
      yield* store.commit(yield* store.claim("session", 3), [
        unit("aim", { origin: "s3", sessionId: "s3", type: "archive", cites: "s3", content: texts.s3 })
      ])
      const criteria = { projects: "all" as const, sessions: ["s2"] }
      assert.strictEqual((yield* select(criteria)).count, 1)
      const planned = yield* takenBy(criteria)
      assert.sameMembers(planned.units.map(({ sessionId }) => sessionId), ["s1", "s2"])
      assert.deepStrictEqual(planned.same.map(({ sessionId }) => sessionId), ["s1"])
      assert.deepStrictEqual(planned.also.units.map(({ sessionId }) => sessionId), ["s3"])
      assert.deepStrictEqual(planned.also.sessions.map(({ id }) => id), ["s3"])
      const forgotten = yield* Stream.runFold(forgetSelected(criteria, {}, Effect.void), FORGOT_NOTHING, together)
      assert.sameMembers(forgotten.units.map(({ id }) => id), planned.units.map(({ id }) => id))
      assert.deepStrictEqual(forgotten.also, planned.also)
    }).pipe(Effect.provide(Layer.provide(testing.store, ResourceLedger.layer))))
})

describe("what is forgotten by words", () => {
  it.effect("is no summary of a session, which is made anew of what is left, but also what was saved", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const said = (uuid: string, text: string, sessionId = "s1") =>
        message(uuid, { isPrompt: true, sessionId, blocks: [{ kind: "text", text }] })
      const [cranes, ropes] = sentences
      yield* store.append(
        batch([said("a", cranes!), said("b", ropes!), said("c", "Nobody oils the cranes.", "s2")], {
          facts: [facts("s1"), facts("s2")]
        })
      )
      const made = [["a", cranes!], ["b", ropes!]].map(([cites, content]) =>
        unit(idOf("unit", content!), {
          origin: idOf("segment", cites!),
          sessionId: "s1",
          cites: cites!,
          content: content!
        })
      )
      const summary = (sessionId: string, cites: string, content: string) =>
        unit(idOf("unit", sessionId), { origin: sessionId, sessionId, type: "archive", cites, content })
      yield* store.commit(yield* store.claim("segment", 3), made)
      yield* store.commit(yield* store.claim("session", 2), [
        summary("s1", "a", `${cranes}\n${ropes}`),
        summary("s2", "c", "Nobody oils the cranes.")
      ])
      const saved = yield* store.save(unitOf({ content: "Cranes are painted red." }, "project-one", 9), project("one"))
      const criteria = { projects: "all" as const, query: "cranes" }
      const { also, summaries } = yield* takenBy(criteria)
      assert.deepStrictEqual([also.units, also.gone, also.sessions.map(({ id }) => id)], [[], [], ["s1"]])
      assert.deepStrictEqual(summaries.map(({ sessionId }) => sessionId), ["s2"])
      assert.strictEqual((yield* select(criteria)).count, 2)

      const again = Effect.gen(function*() {
        yield* store.commit(yield* store.claim("segment", 3), [])
        yield* store.commit(yield* store.claim("session", 2), [summary("s1", "b", ropes!)])
      })
      const forgotten = yield* Stream.runFold(
        forgetSelected(criteria, {}, Effect.orDie(again)),
        FORGOT_NOTHING,
        together
      )
      assert.sameMembers(forgotten.units.map(({ id }) => id), [made[0]!.id, saved.id])
      assert.deepStrictEqual(forgotten.messages, ["a"])
      assert.deepStrictEqual(forgotten.also, also)
      assert.deepStrictEqual((yield* store.units([idOf("unit", "s1")])).map(({ content }) => content), [ropes])
      assert.lengthOf(yield* store.units([made[1]!.id, idOf("unit", "s2")]), 2)
      assert.deepStrictEqual(
        (yield* store.messages(["b", "c"])).map(({ blocks }) => blocks.length),
        [1, 1]
      )
    }).pipe(Effect.provide(Layer.provide(testing.store, ResourceLedger.layer))))

  it.effect("names the memories that were cut along, and of which nothing is left", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const said = message("a", { isPrompt: true, blocks: [{ kind: "text", text: sentences.join(" ") }] })
      yield* store.append(batch([said], { facts: [facts("s1")] }))
      const made = ["Cranes stand idle.", "The harbour is quiet.", "The quay is wet."].map((content, i) =>
        unit(idOf("unit", content), { origin: idOf("segment", "a"), position: i, sessionId: "s1", cites: "a", content })
      )
      yield* store.commit(yield* store.claim("segment", 1), made)
      const again = Effect.orDie(Effect.flatMap(store.claim("segment", 1), (items) => store.commit(items, [made[2]!])))
      const criteria = { projects: "all" as const, query: "cranes" }
      const forgotten = yield* Stream.runFold(forgetSelected(criteria, {}, again), FORGOT_NOTHING, together)
      assert.deepStrictEqual(forgotten.units.map(({ id }) => id), [made[0]!.id])
      assert.deepStrictEqual(forgotten.also.units, [])
      assert.deepStrictEqual(forgotten.also.gone.map(({ id }) => id), [made[1]!.id])
    }).pipe(Effect.provide(Layer.provide(testing.store, ResourceLedger.layer))))
})

describe("what is forgotten by criteria, and undone meanwhile", () => {
  it.effect("comes back whole, and nothing more is forgotten", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const ids = Array.from({ length: 60 }, (_, i) => idOf("unit", `undone ${i}`))
      for (const [i, id] of ids.entries()) {
        const told = message(`m${i}`, { isPrompt: true, sessionId: `s${i}` })
        yield* store.append(batch([told], { cursor: cursor(`/t/${i}`, 1), facts: [facts(`s${i}`)] }))
        yield* store.commit(yield* store.claim("segment", 1), [
          unit(id, {
            origin: idOf("segment", `m${i}`),
            sessionId: `s${i}`,
            content: `word${i}a beside word${i}b and word${i}c`
          })
        ])
      }
      const parts: Array<Forgotten> = []
      yield* Stream.runForEach(forgetSelected({ projects: "all" }, {}, Effect.void), (part) =>
        Effect.gen(function*() {
          parts.push(part)
          if (parts.length === 1) assert.strictEqual((yield* store.undo("person"))?._tag, "Forget")
        }))
      assert.strictEqual(parts.flatMap(({ units }) => units).length, 25)
      assert.strictEqual(yield* store.count(everything), ids.length)
      for (const [i] of ids.entries()) assert.isNotEmpty((yield* store.messages([`m${i}`]))[0]?.blocks)
    }).pipe(Effect.provide(Layer.provide(testing.store, ResourceLedger.layer))))
})
