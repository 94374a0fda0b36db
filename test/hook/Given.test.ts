import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { Given, layer, layerInMemory } from "../../src/hook/Given.ts"
import { times } from "../data.ts"

const folder = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.map(fs.makeTempDirectoryScoped({ prefix: "claude-memory-given-" }), (home) => join(home, "sessions"))
)

const onDisk = Layer.unwrapScoped(Effect.map(folder, layer)).pipe(Layer.provide(NodeContext.layer))

const idsOf = (sessionId: string) =>
  Effect.flatMap(Given, (given) => Effect.map(given.of(sessionId), ({ ids }) => [...ids].sort()))

describe.each([["in a folder", onDisk], ["in memory", layerInMemory]] as const)(
  "what sessions were given, %s",
  (_, given) => {
    it.effect("is kept for each session by itself, until its context is compacted", () =>
      Effect.gen(function*() {
        const { add, of, reset } = yield* Given
        assert.deepStrictEqual(yield* of("a"), { ids: new Set<string>(), isMuted: false, isNew: true })
        yield* add("a", ["1", "2"])
        yield* add("a", [])
        yield* add("b", ["9"])
        yield* add("a", ["2", "3"])
        assert.deepStrictEqual(yield* of("a"), { ids: new Set(["1", "2", "3"]), isMuted: false, isNew: false })
        yield* reset("a")
        yield* add("a", ["4"])
        assert.deepStrictEqual(yield* idsOf("a"), ["4"])
        assert.deepStrictEqual(yield* idsOf("b"), ["9"])
      }).pipe(Effect.provide(given)))

    it.effect("a session is muted until it is not", () =>
      Effect.gen(function*() {
        const { add, mute, of } = yield* Given
        yield* mute("a", true)
        yield* add("a", ["1"])
        assert.isTrue((yield* of("a")).isMuted)
        assert.isFalse((yield* of("b")).isMuted)
        yield* mute("a", false)
        assert.deepStrictEqual(yield* of("a"), { ids: new Set(["1"]), isMuted: false, isNew: false })
      }).pipe(Effect.provide(given)))

    it.effect("two that write at once lose nothing", () =>
      Effect.gen(function*() {
        const { add } = yield* Given
        const ids = Array.from({ length: 60 }, (_, i) => `id-${i}`)
        yield* Effect.forEach(ids, (id) => add("a", [id]), { concurrency: "unbounded", discard: true })
        assert.deepStrictEqual(yield* idsOf("a"), [...ids].sort())
      }).pipe(Effect.provide(given)))

    it.effect.prop(
      "an id is whatever it is",
      [FastCheck.string({ minLength: 1, unit: "binary" }), FastCheck.string({ minLength: 1, unit: "binary" })],
      ([one, other]) =>
        Effect.gen(function*() {
          const { add } = yield* Given
          yield* add(one, ["1"])
          assert.deepStrictEqual(yield* idsOf(one), ["1"])
          assert.deepStrictEqual(yield* idsOf(other), one === other ? ["1"] : [])
        }).pipe(Effect.provide(given)),
      { fastCheck: { numRuns: times(30) } }
    )
  }
)

describe("the folder that records what was injected", () => {
  it.effect("is made when it is needed, for its owner alone; what nothing was added to for long goes", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const at = yield* folder
      const { add, forgetBefore, of } = yield* Effect.provide(Given, layer(at))
      yield* of("a")
      yield* forgetBefore(1)
      assert.isFalse(yield* fs.exists(at))
      yield* add("../../a", ["1"])
      yield* add("b", ["2"])
      assert.strictEqual((yield* fs.stat(at)).mode & 0o777, 0o700)
      const names = yield* fs.readDirectory(at)
      assert.lengthOf(names, 2)
      for (const name of names) assert.strictEqual((yield* fs.stat(join(at, name))).mode & 0o777, 0o600)
      yield* fs.utimes(join(at, "b"), 1, 1)
      yield* forgetBefore(2_000)
      assert.isTrue((yield* of("b")).isNew)
      assert.isFalse((yield* of("../../a")).isNew)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})
