import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as testing from "../../src/testing.ts"
import { samples } from "../data.ts"

describe("the service in memory", () => {
  it.scoped("reads transcripts, remembers, finds and puts in front of Claude", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* Stream.runDrain(memory.ingest(yield* memory.discover([samples])))
      const { lines, pending, units } = yield* memory.status
      assert.isAbove(units.total, 10)
      assert.strictEqual(pending, 0)
      assert.strictEqual(
        lines.total,
        lines.stored + lines.deadLetter + Object.values(lines.skipped).reduce((sum, n) => sum + n, 0)
      )
      assert.isAbove((yield* memory.indexStatus).count, 10)
      const [unit] = yield* memory.recent({ projects: "all" }, 1)
      const query = { text: unit!.title, projects: "all", limit: 5, minScore: 0 } as const
      for (const mode of ["hybrid", "keyword", "semantic"] as const) {
        const { degraded, results } = yield* memory.search({ ...query, mode })
        assert.deepStrictEqual(degraded, [], mode)
        assert.isNotEmpty(results, mode)
      }
      const injected = yield* memory.inject({
        prompt: "why did we decide against Meilisearch?",
        projects: "all",
        mode: "balanced",
        maxTokens: 1_000,
        maxChars: 4_000
      })
      assert.isNotEmpty(injected.text)
      const resources = yield* Effect.flatMap(ResourceLedger, ({ snapshot }) => snapshot)
      assert.deepStrictEqual(
        resources.flatMap(({ kind, name }) => kind === "database" ? [name] : []),
        ["Sqlite in memory"]
      )
    }).pipe(Effect.provide(testing.layer)))

  it.scoped("remembers nothing from one use to the next", () =>
    Effect.gen(function*() {
      const lines = Effect.flatMap(ClaudeMemory, (memory) => Effect.map(memory.status, (status) => status.lines.total))
      const filled = Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* Stream.runDrain(memory.ingest(yield* memory.discover([samples])))
        return yield* lines
      })
      assert.isAbove(yield* Effect.provide(filled, testing.layer), 0)
      assert.strictEqual(yield* Effect.provide(lines, testing.layer), 0)
    }))
})
