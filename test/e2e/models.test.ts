/**
 * Models of providers, set up as a person does.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { FileSystem } from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { root, samples, slow } from "../data.ts"
import { modelServer, statementsOf } from "../models/server.ts"
import { commandLines } from "./commandLines.ts"
import { hook, inHome, main, makeImported, run } from "./run.ts"

const inProcess = commandLines()

type Body = (home: string) => Effect.Effect<void, never, Scope.Scope | FileSystem>

/** Runs `body` in a home whose memory holds the samples. */
const inImported = (body: Body) =>
  Effect.flatMap(makeImported, body).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

describe("models", () => {
  it.live("without settings: the package's own for embeddings, none else", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* inProcess(["models", "--check", "--json"], { home })
        assert.deepStrictEqual([code, stderr], [0, ""])
        const { roles } = JSON.parse(stdout)
        assert.deepStrictEqual([roles.light, roles.heavy, roles.rerank], [[], [], []])
        assert.deepInclude(roles.embedding[0], { provider: "local", reachable: true, dimension: 256, origin: null })
      })
    ))

  slow(it.live)(
    "says which answer, and ends with exit code 1 when one does not; prints no key",
    () =>
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

          const listing = yield* inProcess(["models"], { home, env })
          assert.strictEqual(listing.code, 0)
          assert.match(
            listing.stdout,
            /light +openai:talker +free +http:\/\/127\.0\.0\.1:\d+\n +anthropic:claude +taken as \$3 in, \$15 out +https:\/\/api/
          )
          assert.match(listing.stdout, /rerank +none +results keep their order/)
        })
      )
  )

  slow(it.live)(
    "are asked by an import and a search, and a fall-back where the first is away",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const server = yield* modelServer
          const env = {
            CLAUDE_MEMORY_EMBEDDING: "vllm:letters,openai:letters",
            VLLM_BASE_URL: "http://127.0.0.1:1/v1",
            OPENAI_BASE_URL: server.baseUrl
          }
          const imported = yield* inProcess(["import", samples, "--json"], { home, env })
          assert.strictEqual(imported.code, 0, imported.stderr)
          assert.match(imported.stderr, /127\.0\.0\.1:1: it can't be reached \(ECONNREFUSED\); passed over for 1m/)
          const found = yield* inProcess(["search", "meilisearch", "--all-projects", "--json"], { home, env })
          assert.strictEqual(found.code, 0, found.stderr)
          const { degraded, results } = JSON.parse(found.stdout)
          assert.deepStrictEqual(degraded, [])
          assert.isAbove(results.length, 0)
          assert.isAbove(server.seen.requests, 2)
        })
      )
  )

  slow(it.live)(
    "that reranks orders what is found; where it is away the order stands, and that is said",
    () =>
      inImported((home) =>
        Effect.gen(function*() {
          const server = yield* modelServer
          const search = ["search", "why does the search of the shop fail", "--all-projects", "--limit", "5"]
          const plain = JSON.parse((yield* inProcess([...search, "--json"], { home })).stdout)
          const env = { CLAUDE_MEMORY_RERANK: "vllm:ranker", VLLM_BASE_URL: server.baseUrl }
          const preferred = plain.results.at(-1)
          server.ranks = (_, document) => document.includes(preferred.unit.content) ? 1 : 0
          const ranked = JSON.parse((yield* inProcess([...search, "--json"], { home, env })).stdout)
          assert.deepStrictEqual(ranked.degraded, [])
          assert.strictEqual(ranked.results[0].id, preferred.id)
          assert.deepStrictEqual(ranked.results[0].why.rerank, { rank: 1, score: 1 })
          assert.match((yield* inProcess(search, { home, env })).stdout, /rerank #1 \(1\.00\)/)

          server.behaviour = { status: 400, body: "no" }
          const away = JSON.parse((yield* inProcess([...search, "--json"], { home, env })).stdout)
          assert.match(away.degraded[0], /^rerank: model ranker: .* it answered \(400\): no$/)
          const idsOf = (answer: { readonly results: ReadonlyArray<{ readonly id: string }> }) =>
            answer.results.map(({ id }) => id)
          assert.deepStrictEqual(idsOf(away), idsOf(plain))
          assert.notDeepEqual(idsOf(ranked), idsOf(plain))
        })
      )
  )

  slow(it.live)(
    "fuse what is injected where that is set; what was fused is not asked again, and the hook asks nothing",
    () =>
      inImported((home) =>
        Effect.gen(function*() {
          const server = yield* modelServer
          server.says = statementsOf
          const prompt = "why did we decide against Meilisearch?"
          const inject = (env: Readonly<Record<string, string>>) =>
            Effect.map(
              inProcess(["inject", "--prompt", prompt, "--project", "shop-api", "--json"], { home, env }),
              ({ code, stderr, stdout }) => {
                assert.deepStrictEqual([code, stderr], [0, ""])
                return JSON.parse(stdout)
              }
            )
          // Several memories are told, as are needed.
          const several = { CLAUDE_MEMORY_INJECT: "comprehensive" }
          const light = { ...several, CLAUDE_MEMORY_LIGHT: "openai:talker", OPENAI_BASE_URL: server.baseUrl }
          const fusion = { ...light, CLAUDE_MEMORY_FUSION: "20000" }
          const list = yield* inject(light)
          assert.isFalse(list.background)
          assert.deepStrictEqual(yield* inject({ ...several, CLAUDE_MEMORY_FUSION: "20000" }), {
            ...list,
            degraded: ["background: model light: no model is set for it"]
          })
          const hookText = (session_id: string) => {
            const hookInput = {
              session_id,
              hook_event_name: "UserPromptSubmit",
              cwd: "/home/mei/work/shop-api",
              prompt
            }
            return Effect.map(
              run([hook], {
                home,
                stdin: JSON.stringify(hookInput),
                env: { ...fusion, CLAUDE_MEMORY_HOOK_MS: "20000" }
              }),
              ({ stderr, stdout }) => {
                assert.strictEqual(stderr, "")
                return JSON.parse(stdout).hookSpecificOutput.additionalContext
              }
            )
          }
          assert.strictEqual(yield* hookText("before"), list.text)
          assert.strictEqual(server.seen.requests, 0)

          const fused = yield* inject(fusion)
          assert.deepStrictEqual([fused.background, fused.degraded, server.seen.requests], [true, [], 1])
          assert.match(
            fused.text,
            /^<claude-memory>\nBackground that a model put together [\s\S]*\n## Decisions\n- [\s\S]*Meilisearch/
          )
          assert.deepStrictEqual(yield* inject(fusion), fused)
          assert.strictEqual(yield* hookText("after"), fused.text)
          assert.strictEqual(server.seen.requests, 1)
          const { rows } = JSON.parse((yield* inProcess(["cost", "--by", "project", "--json"], { home })).stdout)
          assert.strictEqual(rows.length, 1)
          assert.deepInclude(rows[0], { calls: 1 })
        })
      )
  )

  it.live("a setting that makes no sense is refused with what to write instead", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* inProcess(["models"], { home, env: { CLAUDE_MEMORY_LIGHT: "gpt" } })
        assert.deepStrictEqual([code, stdout], [1, ""])
        assert.match(stderr, /CLAUDE_MEMORY_LIGHT is PROVIDER:MODEL, fall-backs after commas; providers: openai, /)
      })
    ))
})

describe("cost", () => {
  it.live("of nothing asked is nothing", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* inProcess(["cost"], { home })
        assert.deepStrictEqual([code, stderr], [0, ""])
        assert.match(
          stdout,
          /^today +\$0 of \$1\.00, 0 % +tokens 0\nthis month +\$0 of \$10\.00, 0 % +tokens 0\n/
        )
        assert.include(stdout, "No model was asked in the last 30 days.")
      })
    ))

  slow(it.live)(
    "is reported by day, model, role and project, and a used-up budget stops models, not imports",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const server = yield* modelServer
          const env = {
            CLAUDE_MEMORY_EMBEDDING: "openai:letters",
            OPENAI_BASE_URL: server.baseUrl,
            CLAUDE_MEMORY_TOKENS_PER_DAY: "16000"
          }
          const imported = yield* inProcess(["import", samples, "--json"], { home, env })
          assert.strictEqual(imported.code, 0, imported.stderr)
          const { degraded, units } = JSON.parse(imported.stdout)
          assert.isAbove(units.total, 50)
          assert.match(degraded.join(), /this day's budget for models is used up .* set CLAUDE_MEMORY_TOKENS_PER_DAY/)
          const cost = (...args: ReadonlyArray<string>) => inProcess(["cost", ...args], { home, env })
          const spending = JSON.parse((yield* cost("--by", "role", "--json")).stdout)
          assert.deepStrictEqual(spending.caps, { day: { usd: 1, tokens: 16000 }, month: { usd: 10, tokens: null } })
          assert.isAtMost(spending.spent.day.tokens, 16_000)
          assert.strictEqual(spending.rows.length, 1)
          assert.deepInclude(spending.rows[0], { key: "embedding", usd: 0, output: 0 })
          const text = yield* cost("--by", "project")
          assert.match(text.stdout, /project +calls +failed/)
          // The first project depends on the files' times, and so on the checkout.
          assert.match(text.stdout, /(?:shop-api|rust-indexer|数据平台) +\d/)

          const found = yield* inProcess(
            ["search", "why does the search of the shop fail", "--all-projects", "--json"],
            {
              home,
              env
            }
          )
          assert.strictEqual(found.code, 0, found.stderr)
          const search = JSON.parse(found.stdout)
          assert.isAbove(search.results.length, 0)

          const later = yield* inProcess(["import", samples, "--json"], {
            home,
            env: { ...env, CLAUDE_MEMORY_TOKENS_PER_DAY: "none" }
          })
          assert.deepStrictEqual(JSON.parse(later.stdout).degraded, [])
          const { index, pending } = JSON.parse((yield* inProcess(["status", "--json"], { home, env })).stdout)
          assert.strictEqual(pending, 0)
          assert.isAbove(index.count, 50)
        })
      )
  )

  slow(it.live)("several processes never exceed one budget", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const { code, stdout } = yield* run([
          "scripts/run.mjs",
          "test/drills/budget-race.ts",
          "--calls",
          "40",
          "--json"
        ], {
          home,
          cwd: root
        })
        assert.strictEqual(code, 0, stdout)
        const { answered, cap, mostTokens, ok, refused, usedTokens } = JSON.parse(stdout)
        assert.isTrue(ok)
        assert.isAtMost(mostTokens, cap)
        assert.isAbove(answered, 0)
        assert.isAbove(refused, 0)
        assert.isAtMost(usedTokens, cap)
      })
    ))
})
