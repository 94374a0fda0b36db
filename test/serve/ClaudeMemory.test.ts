import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { basename, dirname, join } from "node:path"
import * as App from "../../src/App.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as testing from "../../src/testing.ts"

describe("a memory in memory", () => {
  it.live("leaves nothing in its folder, and tells nothing to the sessions of the memory that lies there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.makeTempDirectoryScoped()
      const home = join(root, "memory")
      const options: App.Options = { home, readOnly: false, busyTimeoutMs: 1_000 }
      const project = { folder: root }
      yield* Effect.flatMap(ClaudeMemory, ({ save }) => save({ content: "Ports begin at 4000.", project })).pipe(
        Effect.provide(App.layer(options))
      )
      const before = (yield* fs.readDirectory(home, { recursive: true })).toSorted()
      yield* Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* memory.save({ content: "Ports begin at 9000.", project })
        yield* memory.mute("a-session", true)
        yield* Stream.runDrain(Stream.takeUntil(memory.capture([join(root, "transcripts")]), () => true))
      }).pipe(
        Effect.provide(Layer.fresh(App.layer({ ...options, isInMemory: true, daily: { kept: 3, bytes: 1e9 } })))
      )
      assert.deepStrictEqual((yield* fs.readDirectory(home, { recursive: true })).toSorted(), before)
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(ResourceLedger.layer, NodeContext.layer))))
})

describe("a relative folder", () => {
  it.effect("is one of the process's", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const { projectId } = yield* memory.save({ content: "Ports begin at 4000.", project: { folder: "." } })
      assert.strictEqual(projectId, (yield* memory.project(process.cwd())).id)
      const above = yield* memory.project(join("..", basename(process.cwd())))
      assert.strictEqual(above.id, projectId)
      assert.strictEqual((yield* memory.project("..")).root, dirname(process.cwd()))
    }).pipe(Effect.provide(testing.layer)))
})

describe("spans", () => {
  it.effect("are children of those of the caller, not of the span in which the layer was built", () =>
    Effect.gen(function*() {
      const parents = new Map<string, string>()
      const tracer = Tracer.make({
        span: (name, parent, context, links, startTime, kind) => {
          const span = native.span(name, parent, context, links, startTime, kind)
          if (Option.isSome(parent) && parent.value._tag === "Span") parents.set(name, parent.value.name)
          return span
        },
        context: (execute) => execute()
      })
      const native = yield* Effect.tracer
      yield* Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* memory.recent({ projects: "all" }, 1).pipe(Effect.withSpan("one"))
        yield* Stream.runDrain(memory.ingest([])).pipe(Effect.withSpan("two"))
      }).pipe(Effect.provide(testing.layer), Effect.withSpan("main"), Effect.withTracer(tracer))
      assert.strictEqual(parents.get("MemoryStore.recent"), "one")
      assert.notInclude(
        [...parents].filter(([name]) => name.startsWith("MemoryStore")).map(([, parent]) => parent),
        "main"
      )
      assert.include([...parents.values()], "two")
    }))
})
