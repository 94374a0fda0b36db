/**
 * Models of providers, as a person sets them.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { FileSystem } from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { samples } from "../data.ts"
import { modelServer } from "../models/server.ts"
import { main, makeHome, run } from "./run.ts"

const inHome = <A, E>(body: (home: string) => Effect.Effect<A, E, Scope.Scope | FileSystem>) =>
  Effect.flatMap(makeHome, body).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

describe("models", () => {
  it.live("without settings: the package's own for embeddings, none else", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* run([main, "models", "--check", "--json"], { home })
        assert.deepStrictEqual([code, stderr], [0, ""])
        const { roles } = JSON.parse(stdout)
        assert.deepStrictEqual([roles.light, roles.heavy, roles.rerank], [[], [], []])
        assert.deepInclude(roles.embedding[0], { provider: "local", reachable: true, dimension: 256, origin: null })
      })
    ))

  it.live("says which answer, and ends with exit code 1 when one does not; no key is told", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const server = yield* modelServer
        const env = {
          CLAUDE_MEMORY_EMBEDDING: "openai:letters",
          CLAUDE_MEMORY_LIGHT: "openai:talker,anthropic:claude",
          OPENAI_BASE_URL: server.baseUrl,
          OPENAI_API_KEY: "sk-secret"
        }
        const { code, stdout } = yield* run([main, "models", "--check", "--json"], { home, env })
        assert.strictEqual(code, 1)
        assert.notInclude(stdout, "sk-secret")
        const { roles } = JSON.parse(stdout)
        assert.deepInclude(roles.embedding[0], {
          provider: "openai",
          model: "letters",
          origin: server.origin,
          reachable: true,
          error: null,
          dimension: 8
        })
        assert.deepStrictEqual(roles.light.map(({ reachable }: { reachable: boolean }) => reachable), [true, false])
        assert.match(roles.light[1].error, /set ANTHROPIC_API_KEY/)

        const told = yield* run([main, "models"], { home, env })
        assert.strictEqual(told.code, 0)
        assert.match(told.stdout, /light +openai:talker +http:\/\/127\.0\.0\.1:\d+\n +anthropic:claude +https:\/\/api/)
        assert.match(told.stdout, /rerank +none +results keep their order/)
      })
    ))

  it.live("are asked by an import and a search, and a fall-back where the first is away", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const server = yield* modelServer
        const env = {
          CLAUDE_MEMORY_EMBEDDING: "vllm:letters,openai:letters",
          VLLM_BASE_URL: "http://127.0.0.1:1/v1",
          OPENAI_BASE_URL: server.baseUrl
        }
        const imported = yield* run([main, "import", samples, "--json"], { home, env })
        assert.strictEqual(imported.code, 0, imported.stderr)
        assert.match(imported.stderr, /127\.0\.0\.1:1: it can't be reached \(ECONNREFUSED\); passed over for 1m/)
        const found = yield* run([main, "search", "meilisearch", "--all-projects", "--json"], { home, env })
        assert.strictEqual(found.code, 0, found.stderr)
        const { degraded, results } = JSON.parse(found.stdout)
        assert.deepStrictEqual(degraded, [])
        assert.isAbove(results.length, 0)
        assert.isAbove(server.seen.requests, 2)
      })
    ))

  it.live("that reranks orders what is found; where it is away the order stands, and that is said", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const server = yield* modelServer
        const imported = yield* run([main, "import", samples, "--json"], { home })
        assert.strictEqual(imported.code, 0, imported.stderr)
        const search = [main, "search", "why does the search of the shop fail", "--all-projects", "--limit", "5"]
        const plain = JSON.parse((yield* run([...search, "--json"], { home })).stdout)
        const env = { CLAUDE_MEMORY_RERANK: "vllm:ranker", VLLM_BASE_URL: server.baseUrl }
        const ranked = JSON.parse((yield* run([...search, "--json"], { home, env })).stdout)
        assert.deepStrictEqual(ranked.degraded, [])
        assert.deepStrictEqual(
          ranked.results.map(({ why }: { why: { rerank: { rank: number } } }) => why.rerank.rank),
          [1, 2, 3, 4, 5]
        )
        assert.match((yield* run(search, { home, env })).stdout, /rerank #1 \(1\.00\)/)

        server.behaviour = { status: 400, body: "no" }
        const away = JSON.parse((yield* run([...search, "--json"], { home, env })).stdout)
        assert.match(away.degraded[0], /^rerank: model ranker: .* it answered \(400\): no$/)
        const idsOf = (answer: { readonly results: ReadonlyArray<{ readonly id: string }> }) =>
          answer.results.map(({ id }) => id)
        assert.deepStrictEqual(idsOf(away), idsOf(plain))
        assert.notDeepEqual(idsOf(ranked), idsOf(plain))
      })
    ))

  it.live("a setting that makes no sense is refused with what to write instead", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* run([main, "models"], { home, env: { CLAUDE_MEMORY_LIGHT: "gpt" } })
        assert.deepStrictEqual([code, stdout], [1, ""])
        assert.match(stderr, /CLAUDE_MEMORY_LIGHT is PROVIDER:MODEL, fall-backs after commas; providers: openai, /)
      })
    ))
})
