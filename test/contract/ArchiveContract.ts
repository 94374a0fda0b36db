/**
 * The contract of every `MemoryStore` for archives: what one memory exports, another takes in.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { idOf } from "../../src/domain/Ids.ts"
import { unitOf } from "../../src/domain/Saved.ts"
import { lines, takeIn } from "../../src/serve/Archive.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { batch, cursor, everything, facts, message, project, unit } from "./made.ts"

const HARBOUR = "The harbour master wants every crane inspected before sunrise."
const LANTERN = "Lanterns are kept in the shed behind the old boathouse."
const TIDE = "High tide decides when the ferries may leave the northern pier."

/** More memories of one message than are taken in at a time, too short to be merged. */
const CRANES = Array.from({ length: 600 }, (_, i) => `Crane number ${i}.`)

const exported = Effect.map(Stream.runCollect(lines("all")), (some) => [...some])

const taken = (archive: ReadonlyArray<string>) =>
  Stream.runFold(takeIn(Stream.fromIterable(archive)), { messages: 0, units: 0, forgotten: 0 }, (sum, part) => ({
    messages: sum.messages + part.messages,
    units: sum.units + part.units,
    forgotten: sum.forgotten + part.forgotten
  }))

const NOTHING = { messages: 0, units: 0, forgotten: 0 }

/** A message that says these sentences, and a unit for each. */
const said = (uuid: string, ...sentences: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const told = message(uuid, { isPrompt: true, blocks: [{ kind: "text", text: sentences.join(" ") }] })
    yield* store.append(
      batch([told], {
        cursor: cursor(`/t/${uuid}`, 1),
        facts: [facts("s1", { cwd: "/work/one", title: "Of the harbour", branch: "main", startedAt: 1, endedAt: 2 })]
      })
    )
    const units = sentences.map((content, i) =>
      unit(idOf("unit", uuid, String(i)), { origin: idOf("segment", uuid), cites: uuid, content, position: i })
    )
    yield* store.commit(yield* store.claim("segment", 10), units)
    return units.map(({ id }) => id)
  })

const contents = Effect.gen(function*() {
  const store = yield* MemoryStore
  const units = yield* store.recent(everything, 1_000)
  return {
    units: [...units].sort((a, b) => a.id < b.id ? -1 : 1),
    messages: yield* store.messages(["a", "b", "c"]),
    sessions: [...(yield* store.sessions(["s1"])).values()],
    projects: yield* store.projects
  }
})

export const suite = <E>(name: string, layer: Layer.Layer<MemoryStore, E>) => {
  const on = Effect.provide(layer)

  describe(`${name}: an archive`, () => {
    it.effect("is the same memory elsewhere, and again changes nothing", () =>
      Effect.gen(function*() {
        const [archive, before] = yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          const [harbour, lantern] = yield* said("a", HARBOUR, LANTERN)
          yield* store.save(unitOf({ content: TIDE }, "project-one", 5_000), project("one"))
          yield* store.edit(lantern!, { replacedBy: harbour!, replacedFor: "lanterns" }, "rule")
          yield* store.edit(harbour!, {
            content: `${HARBOUR} And the ropes.`,
            pinned: true,
            feedback: [{ helps: false, words: ["harbour"] }]
          }, "person")
          return [yield* exported, yield* contents] as const
        }).pipe(on)
        yield* Effect.gen(function*() {
          assert.deepStrictEqual(yield* taken(archive), { messages: 1, units: 3, forgotten: 0 })
          assert.deepStrictEqual(yield* contents, before)
          assert.deepStrictEqual(yield* taken(archive), NOTHING)
          assert.deepStrictEqual(yield* contents, before)
          const parsed = (some: ReadonlyArray<string>) => some.slice(1).map((line) => JSON.parse(line) as unknown)
          assert.deepStrictEqual(parsed(yield* exported), parsed(archive))
        }).pipe(on)
      }))

    it.effect("makes no twins of what is derived there already, and brings what a person changed", () =>
      Effect.gen(function*() {
        const archive = yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          const [harbour] = yield* said("a", HARBOUR, LANTERN)
          yield* TestClock.adjust("1 minute")
          yield* store.edit(harbour!, { title: "Cranes" }, "person")
          return yield* exported
        }).pipe(on)
        yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          // Here the segment is compressed into one unit of another id, and one of the same.
          const [harbour] = yield* said("a", HARBOUR)
          assert.deepStrictEqual(yield* taken(archive), NOTHING)
          assert.deepStrictEqual(
            (yield* store.recent(everything, 9)).map(({ content, id, title }) => ({ content, id, title })),
            [{ content: HARBOUR, id: harbour, title: "Cranes" }]
          )
          // A later change here stands.
          yield* TestClock.adjust("1 minute")
          yield* store.edit(harbour!, { title: "Cranes here" }, "person")
          yield* taken(archive)
          assert.strictEqual((yield* store.units([harbour!]))[0]?.title, "Cranes here")
        }).pipe(on)
      }))

    it.effect("is not finished when something was forgotten while it was written", () =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const [harbour] = yield* said("a", HARBOUR, LANTERN)
        const written: Array<string> = []
        const writing = Stream.runForEach(lines("all"), (line) => {
          written.push(line)
          const isMessage = line.includes(HARBOUR) && !line.includes("\"unit\"")
          return Effect.when(store.forget([harbour!], { isNow: true }), () => isMessage)
        })
        const error = yield* Effect.flip(writing)
        assert.deepInclude(error, { _tag: "ArchiveError", line: 0 })
        assert.isFalse(written.some((line) => line.startsWith("{\"end\"")))
        assert.notInclude([...(yield* Stream.runCollect(lines("all")))].join("\n"), HARBOUR)
      }).pipe(on))

    it.effect("brings nothing back that was forgotten here, and forgets what was forgotten there since", () =>
      Effect.gen(function*() {
        const forgetting = (which: number) =>
          Effect.gen(function*() {
            const store = yield* MemoryStore
            const ids = yield* said("a", HARBOUR, LANTERN)
            const before = yield* exported
            yield* TestClock.adjust("1 minute")
            yield* store.forget([ids[which]!])
            return { before, after: yield* exported, ids }
          })
        const { after, before, ids } = yield* on(forgetting(0))
        yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* taken(before)
          assert.strictEqual((yield* taken(after)).forgotten, 1)
          assert.deepStrictEqual(yield* store.units([ids[0]!]), [])
          assert.notInclude(JSON.stringify(yield* store.messages(["a"])), "harbour")
          // By the other memory's key, its sentences are known when they are read again.
          yield* store.append(batch([message("b", { text: HARBOUR })], { cursor: cursor("/t/b", 1) }))
          assert.notInclude(JSON.stringify(yield* store.messages(["b"])), "harbour")
          yield* taken(before)
          assert.deepStrictEqual(yield* store.units([ids[0]!]), [])
          // Another in its place is not forgotten, however often the same is taken in.
          yield* store.replace("elsewhere", [unit(ids[0]!, { origin: "elsewhere", cites: "c", content: TIDE })])
          assert.strictEqual((yield* taken(after)).forgotten, 0)
          assert.deepStrictEqual((yield* store.units([ids[0]!])).map(({ content }) => content), [TIDE])
        }).pipe(on)
      }))

    it.effect("forgets a session that was forgotten there, whatever was made of it here, and undoes that", () =>
      Effect.gen(function*() {
        const [before, after] = yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* said("a", HARBOUR, LANTERN)
          const before = yield* exported
          yield* TestClock.adjust("1 minute")
          yield* store.forgetSessions(["s1"])
          return [before, yield* exported] as const
        }).pipe(on)
        yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* taken(before)
          const known = yield* contents
          yield* taken(after)
          const gone = yield* contents
          assert.deepStrictEqual(gone.units, [])
          assert.notMatch(JSON.stringify(gone), /harbour/i)
          const [operation, ...others] = yield* store.recentChanges(10)
          assert.deepStrictEqual(others, [])
          yield* taken(after)
          assert.lengthOf(yield* store.recentChanges(10), 1)
          yield* store.undo(undefined, operation!.operation)
          assert.deepStrictEqual(yield* contents, known)
        }).pipe(on)
      }))

    it.effect("has a segment made anew that went on since, and the summary of its session", () =>
      Effect.gen(function*() {
        const [before, after] = yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* said("a", HARBOUR)
          yield* store.commit(yield* store.claim("session", 10), [
            unit("summary", { origin: "s1", cites: "a", content: LANTERN, type: "archive" })
          ])
          const before = yield* exported
          yield* store.append(batch([message("b", { text: TIDE })], { cursor: cursor("/t/b", 1) }))
          return [before, yield* exported] as const
        }).pipe(on)
        yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* taken(before)
          assert.deepStrictEqual(yield* store.claim("segment", 10), [])
          yield* taken(after)
          const [segment, ...more] = yield* store.claim("segment", 10)
          assert.deepStrictEqual(more, [])
          const [held] = yield* store.segments([segment!.key])
          assert.deepStrictEqual(held?.segment.messages.map(({ uuid }) => uuid), ["a", "b"])
          assert.deepStrictEqual((yield* store.claim("session", 10)).map(({ key }) => key), ["s1"])
        }).pipe(on)
      }))

    it.effect("keeps of two memories forgotten together each one's words under it alone", () =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const ids = yield* Effect.forEach([TIDE, LANTERN], (content) =>
          Effect.map(store.save(unitOf({ content }, "project-one", 1), project("one")), ({ id }) => id))
        yield* store.forget(ids)
        const gone = (yield* exported).filter((line) =>
          line.startsWith(`{"forgotten"`)
        ).map((line) => JSON.parse(line).forgotten as { readonly hash: string; readonly unitId: string })
        assert.deepStrictEqual(
          [
            ...new Set(gone.map(({ unitId }) =>
              unitId
            ))
          ].sort(),
          [...ids].sort()
        )
        assert.lengthOf(new Set(gone.map(({ hash }) => hash)), gone.length)
      }).pipe(on))

    it.effect("brings what was saved again since it was forgotten here", () =>
      Effect.gen(function*() {
        const archive = yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* store.save(unitOf({ content: TIDE }, "project-one", 9_000), project("one"))
          return yield* exported
        }).pipe(on)
        yield* Effect.gen(function*() {
          const store = yield* MemoryStore
          const old = yield* store.save(unitOf({ content: TIDE }, "project-one", 1_000), project("one"))
          yield* TestClock.setTime(5_000)
          yield* store.forget([old.id])
          assert.strictEqual((yield* taken(archive)).units, 1)
          assert.strictEqual((yield* store.units([old.id])).length, 1)
        }).pipe(on)
      }))

    it.effect("that is torn, of a newer version, or none, is refused at its line, and what came before stays", () =>
      Effect.gen(function*() {
        const archive = yield* Effect.gen(function*() {
          yield* said("a", HARBOUR, LANTERN)
          return yield* exported
        }).pipe(on)
        const [head = "", ...rest] = archive
        const refused = (some: ReadonlyArray<string>) =>
          Effect.map(on(Effect.flip(taken(some))), ({ message }) => message)
        assert.match(yield* refused(["hello"]), /^line 1: this is no archive of claude-memory/)
        assert.match(
          yield* refused([head.replace(`"version":1`, `"version":2`), ...rest]),
          /^line 1: .* newer claude-memory \(format 2/
        )
        assert.match(yield* refused([head, ...rest.slice(0, -1)]), /^the archive ends before its end/)
        assert.match(yield* refused([head, rest[0]!.slice(0, -9), ...rest.slice(1)]), /^line 2: it is torn/)
        assert.match(
          yield* refused([head, `{"unit":{"id":7}}`]),
          /^line 2: it is torn, or nothing that an archive holds; what came before it was taken in\. Get the file whole/
        )
        assert.match(
          yield* refused([head, ...rest.filter((line) => !line.startsWith(`{"message"`))]),
          /there should be 1 of "message", and 0 came/
        )
        assert.match(yield* refused([...archive, rest[0]!]), /it comes after the end/)
        const huge = rest.map((line) => line.replace(LANTERN, "x".repeat(5_000)))
        assert.match(yield* refused([head, ...huge]), /content has over 4000 characters/)
        yield* Effect.gen(function*() {
          yield* Effect.flip(taken([head, ...rest.slice(0, -1)]))
          assert.strictEqual((yield* contents).units.length, 2)
          assert.deepStrictEqual(yield* taken(archive), NOTHING)
        }).pipe(on)
      }))

    it.effect("of another memory that holds a secret is masked as it is taken in", () =>
      Effect.gen(function*() {
        const secret = `hunter${TIDE.length}xQ7`
        const archive = yield* on(Effect.zipRight(said("a", HARBOUR, LANTERN), exported))
        yield* on(Effect.gen(function*() {
          yield* taken(archive.map((line) => line.replaceAll("the old boathouse", `the password: ${secret}`)))
          const stored = JSON.stringify(yield* contents)
          assert.notInclude(stored, secret)
          assert.include(stored, "[redacted:password]")
          assert.include(stored, HARBOUR)
        }))
      }))

    it.effect("of many memories is taken in whole, a few at a time", () =>
      Effect.gen(function*() {
        const archive = yield* on(Effect.gen(function*() {
          for (let i = 0; i < 52; i++) {
            yield* said(`m${i}`, ...[HARBOUR, LANTERN, TIDE, `${TIDE} Not`].map((text) => `${text} ${i}`))
          }
          yield* said("a", ...CRANES)
          return yield* exported
        }))
        const parts = yield* on(Stream.runCollect(takeIn(Stream.fromIterable(archive))))
        assert.strictEqual(Chunk.reduce(parts, 0, (sum, { units }) => sum + units), 208 + CRANES.length)
        for (const { read } of parts) assert.isAtMost(read, 200)
      }))

    it.effect("that is cut off among the memories of one origin is whole when it is taken in again", () =>
      Effect.gen(function*() {
        const [archive, before] = yield* on(Effect.gen(function*() {
          yield* said("a", ...CRANES)
          return [yield* exported, yield* contents] as const
        }))
        const torn = archive.slice(0, 100)
        const interrupted = Stream.runDrain(Stream.take(takeIn(Stream.fromIterable(archive)), 2))
        for (const cutOff of [interrupted, Effect.ignore(taken(torn))]) {
          yield* on(Effect.gen(function*() {
            const store = yield* MemoryStore
            yield* cutOff
            const part = yield* store.count(everything)
            assert.isAbove(part, 0)
            assert.isBelow(part, CRANES.length)
            assert.strictEqual((yield* taken(archive)).units, CRANES.length - part)
            assert.deepStrictEqual(yield* contents, before)
            assert.deepStrictEqual(yield* taken(archive), NOTHING)
          }))
        }
      }))

    it.effect("that was cut off puts nothing beside what was made here since, or what another memory made", () =>
      Effect.gen(function*() {
        const archive = yield* on(Effect.zipRight(said("a", ...CRANES), exported))
        const other = (yield* on(Effect.zipRight(said("a", TIDE), exported)))
          .map((line) => line.replace(/"memory":"\w+"/, `"memory":"another"`))
        yield* on(Effect.gen(function*() {
          const store = yield* MemoryStore
          yield* Effect.ignore(taken(archive.slice(0, 100)))
          assert.strictEqual((yield* taken(other)).units, 0)
          const made = unit("made here", { origin: idOf("segment", "a"), cites: "a", content: HARBOUR })
          yield* store.replace(made.origin, [made])
          assert.strictEqual((yield* taken(archive)).units, 0)
          assert.deepStrictEqual((yield* store.recent(everything, 9)).map(({ id }) => id), [made.id])
        }))
      }))
  })
}
