import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { dirname, join } from "node:path"
import { append, recordOf } from "../../src/hook/RecordFiles.ts"
import { encode, encodeSettled } from "../../src/hook/RecordLines.ts"
import { layer, layerInMemory, type Sent, SessionRecords } from "../../src/hook/SessionRecords.ts"
import { times } from "../data.ts"
import { anyCharacter } from "../texts.ts"

const folder = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.map(fs.makeTempDirectoryScoped({ prefix: "claude-memory-records-" }), (home) => join(home, "sessions"))
)

const onDisk = Layer.unwrapScoped(Effect.map(folder, layer)).pipe(Layer.provide(NodeContext.layer))

const sent = (ids: ReadonlyArray<string>, more: Partial<Sent> = {}): Sent => ({
  at: 1,
  event: "UserPromptSubmit",
  offset: 0,
  tokens: 10,
  ids,
  pointed: [],
  isOpening: false,
  words: [],
  ...more
})

const idsOf = (sessionId: string) =>
  Effect.flatMap(SessionRecords, (records) => Effect.map(records.get(sessionId), ({ ids }) => [...ids].sort()))

describe.each([["in a folder", onDisk], ["in memory", layerInMemory]] as const)(
  "records of sessions, %s",
  (_, records) => {
    it.effect("keep the words by which a prompt is known, and take a record without them", () =>
      Effect.gen(function*() {
        const { add, get } = yield* SessionRecords
        yield* add("named", sent(["1"], { named: ["alpha", "bravo"] }))
        yield* add("named", sent(["2"], { at: 2, named: [] }))
        const { injections } = yield* get("named")
        assert.deepStrictEqual(injections.map(({ named }) => named), [["alpha", "bravo"], undefined])
      }).pipe(Effect.provide(records)))

    it.effect("keep the units of each session by itself, until its context is compacted", () =>
      Effect.gen(function*() {
        const { add, get, reset } = yield* SessionRecords
        assert.deepInclude(yield* get("a"), { injections: [], ids: new Set<string>(), isNew: true })
        yield* add("a", sent(["1", "2"]))
        yield* add("b", sent(["9"]))
        yield* add("a", sent(["2", "3"], { pointed: ["5", "6"], isOpening: true }))
        assert.deepInclude(yield* get("a"), {
          ids: new Set(["1", "2", "3"]),
          pointed: new Set(["5", "6"]),
          isOpened: true,
          compactedAt: 0,
          isMuted: false,
          isNew: false
        })
        yield* reset("a", 1)
        assert.deepInclude(yield* get("a"), {
          ids: new Set<string>(),
          pointed: new Set<string>(),
          isOpened: false,
          compactedAt: 1
        })
        yield* add("a", sent(["4"]))
        assert.deepStrictEqual(yield* idsOf("a"), ["4"])
        assert.deepStrictEqual(yield* idsOf("b"), ["9"])
        assert.deepStrictEqual((yield* get("a")).injections.map(({ ids }) => ids), [["1", "2"], ["2", "3"], ["4"]])
      }).pipe(Effect.provide(records)))

    it.effect("keep what arrived, and count what came too late for nothing", () =>
      Effect.gen(function*() {
        const { add, get, settle } = yield* SessionRecords
        const first = sent(["1"], { at: 10, words: ["pool"], tokens: 300 })
        const second = sent([], { at: 20, pointed: ["2"], isOpening: true })
        yield* add("a", first)
        yield* add("a", second)
        yield* settle("a", 10, true)
        yield* settle("a", 20, false)
        yield* settle("a", 30, true)
        const record = yield* get("a")
        assert.deepStrictEqual(record.injections, [{ ...first, state: "arrived", used: [] }, {
          ...second,
          state: "late",
          used: []
        }])
        assert.deepInclude(record, { ids: new Set(["1"]), pointed: new Set<string>(), isOpened: false })
      }).pipe(Effect.provide(records)))

    it.effect("let a unit be told again that says something else by then, where it was told", () =>
      Effect.gen(function*() {
        const { add, change, get, inherit } = yield* SessionRecords
        yield* add("a", sent(["1", "2"], { pointed: ["3"] }))
        yield* add("b", sent(["2"]))
        yield* inherit("c", yield* get("a"))
        yield* change(["1", "3"])
        for (const session of ["a", "c"]) {
          assert.deepInclude(yield* get(session), { ids: new Set(["2"]), pointed: new Set<string>() })
        }
        assert.deepStrictEqual((yield* get("a")).injections.map(({ ids }) => ids), [["1", "2"]])
        yield* add("a", sent(["1"], { at: 2 }))
        assert.deepStrictEqual(yield* idsOf("a"), ["1", "2"])
        yield* change(["9"])
        assert.deepStrictEqual(yield* idsOf("a"), ["1", "2"])
        assert.isTrue((yield* get("9")).isNew)
      }).pipe(Effect.provide(records)))

    it.effect("pass on what a parent's context holds", () =>
      Effect.gen(function*() {
        const { get, inherit, reset } = yield* SessionRecords
        const parents = [{ sessionId: "grandparent", since: 0, until: 5 }, { sessionId: "a b", since: 3, until: 9 }]
        const held = { ids: new Set(["1", "2"]), pointed: new Set(["3"]), isOpened: true, parents }
        yield* inherit("fork", held)
        assert.deepInclude(yield* get("fork"), { ...held, injections: [] })
        yield* reset("fork", 10)
        assert.deepInclude(yield* get("fork"), { ids: new Set<string>(), parents: [] })
      }).pipe(Effect.provide(records)))

    it.effect("lose the words of prompts at which a forgotten unit was told, and nothing else", () =>
      Effect.gen(function*() {
        const { add, forgetWords, get, settle } = yield* SessionRecords
        yield* forgetWords(new Set(["1"]))
        const told = sent(["1", "2"], { at: 10, words: ["Müller", "DE89370400440532013000"], named: ["müller"] })
        const pointed = sent(["3"], { at: 20, pointed: ["1"], words: ["买家"] })
        const other = sent(["3"], { at: 30, words: ["pool"], named: ["pool"] })
        for (const each of [told, pointed, other]) yield* add("a", each)
        yield* settle("a", 10, true)
        yield* add("b", told)
        const before = yield* get("a")
        yield* forgetWords(new Set(["1", "9"]))
        yield* forgetWords(new Set(["1", "9"]))
        const { named: _, ...nameless } = told
        const [first, second, ...others] = before.injections
        assert.deepStrictEqual(yield* get("a"), {
          ...before,
          injections: [
            { ...nameless, words: [], state: first!.state, used: [] },
            { ...second!, words: [] },
            ...others
          ]
        })
        assert.deepStrictEqual((yield* get("b")).injections.map(({ named, words }) => [words, named]), [[
          [],
          undefined
        ]])
      }).pipe(Effect.provide(records)))

    it.effect("keep a session muted until it is not", () =>
      Effect.gen(function*() {
        const { add, get, mute } = yield* SessionRecords
        yield* mute("a", true)
        yield* add("a", sent(["1"]))
        assert.isTrue((yield* get("a")).isMuted)
        assert.isFalse((yield* get("b")).isMuted)
        yield* mute("a", false)
        assert.deepInclude(yield* get("a"), { isMuted: false, ids: new Set(["1"]) })
      }).pipe(Effect.provide(records)))

    it.effect("lose nothing when two write at once", () =>
      Effect.gen(function*() {
        const { add } = yield* SessionRecords
        const ids = Array.from({ length: 60 }, (_, i) => `id-${i}`)
        yield* Effect.forEach(ids, (id) => add("a", sent([id])), { concurrency: "unbounded", discard: true })
        assert.deepStrictEqual(yield* idsOf("a"), [...ids].sort())
      }).pipe(Effect.provide(records)))

    it.effect.prop(
      "take any session id",
      [FastCheck.string({ minLength: 1, unit: anyCharacter }), FastCheck.string({ minLength: 1, unit: anyCharacter })],
      ([one, other]) =>
        Effect.gen(function*() {
          const { add } = yield* SessionRecords
          yield* add(one, sent(["1"]))
          assert.deepStrictEqual(yield* idsOf(one), ["1"])
          assert.deepStrictEqual(yield* idsOf(other), one === other ? ["1"] : [])
        }).pipe(Effect.provide(records)),
      { fastCheck: { numRuns: times(30) } }
    )
  }
)

describe("a record that a full disk has cut off", () => {
  it.effect("takes what is appended afterwards, by the program and by the hook's entry", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const at = yield* folder
      const home = dirname(at)
      const { add, get, mute } = yield* Effect.provide(SessionRecords, layer(at))
      const cut = fs.writeFileString(join(at, "a"), encode(sent(["1"])).slice(0, 30), { flag: "a" })
      yield* add("a", sent(["2"]))
      yield* cut
      yield* mute("a", true)
      assert.isTrue((yield* get("a")).isMuted)
      assert.isTrue(recordOf(home, "a")?.isMuted)
      yield* cut
      append(home, "a", [encode(sent(["3"], { at: 2 })), encodeSettled(2, true)])
      const record = yield* get("a")
      assert.deepStrictEqual(record, recordOf(home, "a"))
      assert.deepStrictEqual(record.injections.map(({ ids, state }) => [ids, state]), [
        [["2"], "pending"],
        [["3"], "arrived"]
      ])
      assert.deepInclude(record, { isMuted: true, ids: new Set(["2", "3"]) })
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})

describe("the words that a record loses", () => {
  it.effect("are overwritten in the same file, of the same size and time, also in a line that was cut off", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const at = yield* folder
      const { add, forgetWords, get } = yield* Effect.provide(SessionRecords, layer(at))
      const line = encode(sent(["1"], { words: ["Müller", "DE89370400440532013000"] }))
      yield* add("a", sent(["2"], { words: ["Meier"] }))
      yield* fs.writeFileString(join(at, "a"), line.slice(0, -8), { flag: "a" })
      yield* add("a", sent(["3"], { words: ["Mayer"] }))
      yield* add("a", sent(["1"], { words: ["Müller"] }))
      // Begun by another, whose end is still to come.
      yield* fs.writeFileString(join(at, "a"), line.slice(0, -8), { flag: "a" })
      yield* fs.utimes(join(at, "a"), 1, 1)
      // A record that can't be read stops nothing.
      yield* fs.makeDirectory(join(at, "0"))
      const before = yield* fs.stat(join(at, "a"))
      yield* forgetWords(new Set(["1"]))
      const after = yield* fs.stat(join(at, "a"))
      assert.deepStrictEqual([after.ino, after.size, after.mtime], [before.ino, before.size, before.mtime])
      yield* fs.writeFileString(join(at, "a"), line.slice(-8) + "\n", { flag: "a" })
      assert.deepStrictEqual((yield* get("a")).injections.map(({ ids, words }) => [ids, words]), [
        [["2"], ["Meier"]],
        [["3"], ["Mayer"]],
        [["1"], []],
        [["1"], ["Müller", "DE89370400440532013000"]]
      ])
      yield* forgetWords(new Set(["1"]))
      const text = yield* fs.readFileString(join(at, "a"))
      assert.notMatch(text, /Müller|DE89/)
      assert.match(text, /Meier[^]*Mayer/)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})

describe("the folder of the records", () => {
  it.effect("is made when it is needed, for its owner alone; what nothing was added to for long goes", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const at = yield* folder
      const { add, deleteBefore, get } = yield* Effect.provide(SessionRecords, layer(at))
      yield* get("a")
      yield* deleteBefore(1)
      assert.isFalse(yield* fs.exists(at))
      yield* add("../../a", sent(["1"]))
      yield* add("b", sent(["2"]))
      assert.strictEqual((yield* fs.stat(at)).mode & 0o777, 0o700)
      const names = yield* fs.readDirectory(at)
      assert.lengthOf(names, 2)
      for (const name of names) assert.strictEqual((yield* fs.stat(join(at, name))).mode & 0o777, 0o600)
      yield* fs.utimes(join(at, "b"), 1, 1)
      yield* deleteBefore(2_000)
      assert.isTrue((yield* get("b")).isNew)
      assert.isFalse((yield* get("../../a")).isNew)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})
