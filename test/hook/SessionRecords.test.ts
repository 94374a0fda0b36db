import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { layer, layerInMemory, SessionRecords } from "../../src/hook/SessionRecords.ts"
import { times } from "../data.ts"
import { anyCharacter } from "../texts.ts"

const folder = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.map(fs.makeTempDirectoryScoped({ prefix: "claude-memory-records-" }), (home) => join(home, "sessions"))
)

const onDisk = Layer.unwrapScoped(Effect.map(folder, layer)).pipe(Layer.provide(NodeContext.layer))

const EMPTY = {
  ids: new Set<string>(),
  pointed: new Set<string>(),
  isOpened: false,
  compactedAt: 0,
  isMuted: false,
  isNew: false
}

const idsOf = (sessionId: string) =>
  Effect.flatMap(SessionRecords, (records) => Effect.map(records.get(sessionId), ({ ids }) => [...ids].sort()))

describe.each([["in a folder", onDisk], ["in memory", layerInMemory]] as const)(
  "records of sessions, %s",
  (_, records) => {
    it.effect("keep the units of each session by itself, until its context is compacted", () =>
      Effect.gen(function*() {
        const { add, get, reset } = yield* SessionRecords
        assert.deepStrictEqual(yield* get("a"), { ...EMPTY, isNew: true })
        yield* add("a", { ids: ["1", "2"] })
        yield* add("a", { ids: [] })
        yield* add("b", { ids: ["9"] })
        yield* add("a", { ids: ["2", "3"], pointed: ["5", "6"], isOpening: true })
        assert.deepStrictEqual(yield* get("a"), {
          ...EMPTY,
          isOpened: true,
          ids: new Set(["1", "2", "3"]),
          pointed: new Set(["5", "6"])
        })
        yield* reset("a", 1_700_000_000_000)
        assert.deepStrictEqual(yield* get("a"), { ...EMPTY, compactedAt: 1_700_000_000_000 })
        yield* add("a", { ids: ["4"] })
        assert.deepStrictEqual(yield* idsOf("a"), ["4"])
        assert.deepStrictEqual(yield* idsOf("b"), ["9"])
      }).pipe(Effect.provide(records)))

    it.effect("keep a session muted until it is not", () =>
      Effect.gen(function*() {
        const { add, get, mute } = yield* SessionRecords
        yield* mute("a", true)
        yield* add("a", { ids: ["1"] })
        assert.isTrue((yield* get("a")).isMuted)
        assert.isFalse((yield* get("b")).isMuted)
        yield* mute("a", false)
        assert.deepStrictEqual(yield* get("a"), { ...EMPTY, ids: new Set(["1"]) })
      }).pipe(Effect.provide(records)))

    it.effect("lose nothing when two write at once", () =>
      Effect.gen(function*() {
        const { add } = yield* SessionRecords
        const ids = Array.from({ length: 60 }, (_, i) => `id-${i}`)
        yield* Effect.forEach(ids, (id) => add("a", { ids: [id] }), { concurrency: "unbounded", discard: true })
        assert.deepStrictEqual(yield* idsOf("a"), [...ids].sort())
      }).pipe(Effect.provide(records)))

    it.effect.prop(
      "take any session id",
      [FastCheck.string({ minLength: 1, unit: anyCharacter }), FastCheck.string({ minLength: 1, unit: anyCharacter })],
      ([one, other]) =>
        Effect.gen(function*() {
          const { add } = yield* SessionRecords
          yield* add(one, { ids: ["1"] })
          assert.deepStrictEqual(yield* idsOf(one), ["1"])
          assert.deepStrictEqual(yield* idsOf(other), one === other ? ["1"] : [])
        }).pipe(Effect.provide(records)),
      { fastCheck: { numRuns: times(30) } }
    )
  }
)

describe("the folder of the records", () => {
  it.effect("is made when it is needed, for its owner alone; what nothing was added to for long goes", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const at = yield* folder
      const { add, deleteBefore, get } = yield* Effect.provide(SessionRecords, layer(at))
      yield* get("a")
      yield* deleteBefore(1)
      assert.isFalse(yield* fs.exists(at))
      yield* add("../../a", { ids: ["1"] })
      yield* add("b", { ids: ["2"] })
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
