/**
 * Which writes outlast a loss of power: those of which no transcript tells.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { unitOf } from "../../../src/domain/Saved.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { MemoryStore, type StoreError } from "../../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { batch, message, project, unit } from "../../contract/made.ts"

/** Values of `PRAGMA synchronous`. */
const NORMAL = 1
const FULL = 2

/** Returns what the last transaction of the writing connection began with. */
const level = Effect.gen(function*() {
  const { writer } = yield* SqliteFile
  const [row] = yield* writer.unsafe<{ synchronous: number }>("PRAGMA synchronous")
  return row?.synchronous
})

const fileStore = Layer.unwrapScoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-durable-" })
  return SqliteStore.layer.pipe(Layer.provideMerge(SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 1_000 })))
})).pipe(Layer.provide(Layer.merge(ResourceLedger.layer, NodeContext.layer)))

const one = project("one")
const saved = unitOf({ content: "The harbour opens at six." }, one.id, 1_000)

type Store = MemoryStore["Type"]
const person: Readonly<Record<string, (store: Store) => Effect.Effect<unknown, StoreError>>> = {
  saves: (store) => store.save(saved, one),
  forgets: (store) => store.forget([saved.id]),
  "merges projects": (store) => store.mergeProjects(project("two"), one),
  "splits projects": (store) => store.splitProject("project-two"),
  "calls projects different": (store) => store.setDifferent(["project-one", "project-two"]),
  "renames a project": (store) => store.renameProject(one.id, "other"),
  "excludes a project": (store) => store.excludeProject(one, true)
}
const transcripts: Readonly<Record<string, (store: Store) => Effect.Effect<unknown, StoreError>>> = {
  "is captured": (store) => store.append(batch([message("a", { isPrompt: true })])),
  "is compressed": (store) => Effect.flatMap(store.claim("segment", 1), (items) => store.commit(items, [unit("u")]))
}

describe("what is on the disk before the answer", () => {
  it.live("is what a person does, and not what a transcript tells again", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      for (const [what, act] of Object.entries(person)) {
        yield* store.append(batch([]))
        assert.strictEqual(yield* level, NORMAL, what)
        yield* act(store)
        assert.strictEqual(yield* level, FULL, what)
      }
      for (const [what, act] of Object.entries(transcripts)) {
        yield* store.save(saved, one)
        yield* act(store)
        assert.strictEqual(yield* level, NORMAL, what)
      }
    }).pipe(Effect.provide(fileStore)))
})
