/**
 * Language models that review sessions, set up as a person does.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { FileSystem } from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { quoting } from "../compress/abstractive/writers.ts"
import { samples, slow } from "../data.ts"
import { type ModelServer, modelServer } from "../models/server.ts"
import { commandLines } from "./commandLines.ts"
import { main, makeHome, run, start } from "./run.ts"

const inProcess = commandLines()

interface Ground {
  readonly home: string
  readonly server: ModelServer
  readonly env: Readonly<Record<string, string>>
}

/** Runs `body` with a server whose models quote the session. */
const inHome = <A, E>(body: (ground: Ground) => Effect.Effect<A, E, Scope.Scope | FileSystem>) =>
  Effect.gen(function*() {
    const home = yield* makeHome
    const server = yield* modelServer
    server.says = ({ messages }) => {
      const [system, user] = messages.map(({ content }) => content)
      return JSON.stringify({
        units: (quoting as Exclude<typeof quoting, ReadonlyArray<unknown>>)({ prompt: user!, system: system! })
      })
    }
    const env = { CLAUDE_MEMORY_LIGHT: "openai:talker", OPENAI_BASE_URL: server.baseUrl }
    return yield* body({ home, server, env })
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const json = (output: { readonly stdout: string }) => JSON.parse(output.stdout)

describe("reviews", () => {
  slow(it.live)("of nothing, without a language model: what to set", () =>
    inHome(({ home }) =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* run([main, "review"], { home })
        assert.deepStrictEqual([code, stdout], [1, ""])
        assert.match(stderr, /no language model is set: set CLAUDE_MEMORY_LIGHT, such as openai:/)
        const mode = yield* inProcess(["import", samples], { home, env: { CLAUDE_MEMORY_COMPRESSION: "hybrid" } })
        assert.strictEqual(mode.code, 1)
        assert.match(mode.stderr, /CLAUDE_MEMORY_COMPRESSION=hybrid needs a language model/)
      })
    ))

  slow(it.live)(
    "are asked for by nothing but their setting; by hand of one session, and of what waits",
    () =>
      inHome(({ env, home, server }) =>
        Effect.gen(function*() {
          const imported = json(yield* inProcess(["import", samples, "--json"], { home, env }))
          assert.deepStrictEqual([imported.reviewed, imported.degraded, server.seen.requests], [0, [], 0])

          const found = json(yield* inProcess(["search", "meilisearch", "--all-projects", "--json"], { home, env }))
          const sessionId: string = found.results[0].unit.sessionId
          const missing = yield* inProcess(["review", "no-such"], { home, env })
          assert.strictEqual(missing.code, 1)
          assert.match(missing.stderr, /no session has the id no-such/)

          const reviewed = json(yield* run([main, "review", sessionId.slice(0, 8), "--json"], { home, env }))
          assert.isAbove(reviewed.reviewed, 1)
          assert.deepStrictEqual([reviewed.degraded, reviewed.failures], [[], []])
          assert.isAtLeast(server.seen.requests, reviewed.reviewed)
          assert.match((yield* inProcess(["review"], { home, env })).stdout, /^Nothing was reviewed\.\n/)
          const all = json(yield* inProcess(["review", "--all", "--json"], { home, env }))
          assert.isAbove(all.reviewed, reviewed.reviewed)
          assert.strictEqual(json(yield* inProcess(["review", "--all", "--json"], { home, env })).reviewed, 0)
        })
      )
  )

  slow(it.live)(
    "of the sessions that seem worth it, or of all; what is remembered stays findable",
    () =>
      inHome(({ env, home, server }) =>
        Effect.gen(function*() {
          const hybrid = json(
            yield* inProcess(["import", samples, "--json"], {
              home,
              env: { ...env, CLAUDE_MEMORY_COMPRESSION: "hybrid" }
            })
          )
          assert.isAbove(hybrid.reviewed, 10)
          assert.strictEqual(hybrid.lines.total, 430)
          const { pending, textMessages } = json(yield* inProcess(["status", "--json"], { home, env }))
          assert.strictEqual(pending, 0)
          assert.isAtLeast(textMessages.cited / textMessages.total, 0.9)
          const found = json(yield* inProcess(["search", "meilisearch", "--all-projects", "--json"], { home, env }))
          assert.isAbove(found.results.length, 0)
          // Without new sessions the model is not called again.
          const before = server.seen.requests
          yield* inProcess(["import", samples, "--json"], {
            home,
            env: { ...env, CLAUDE_MEMORY_COMPRESSION: "hybrid" }
          })
          assert.strictEqual(server.seen.requests, before)
        })
      )
  )

  slow(it.live)(
    "wait while the model is away or used up, and are done when it is there; one that was killed is taken up again",
    () =>
      inHome(({ env: models, home, server }) =>
        Effect.gen(function*() {
          const env = { ...models, CLAUDE_MEMORY_COMPRESSION: "abstractive" }
          const used = json(
            yield* inProcess(["import", samples, "--json"], {
              home,
              env: { ...env, CLAUDE_MEMORY_TOKENS_PER_DAY: "6000" }
            })
          )
          assert.match(
            used.degraded.join(),
            /some sessions are not reviewed yet: model talker: this day's budget for models is used up/
          )
          assert.isAbove(used.units.total, 50)

          server.behaviour = "hangs"
          const program = yield* start([main, "review", "--json"], { home, env })
          yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => server.seen.running >= 4 })
          yield* program.kill("SIGKILL")
          yield* program.ended
          server.behaviour = "answers"
          const done = json(yield* inProcess(["review", "--json"], { home, env }))
          assert.deepStrictEqual([done.degraded, done.failures], [[], []])
          assert.isAbove(done.reviewed, 20)
          assert.strictEqual(json(yield* inProcess(["status", "--json"], { home, env })).pending, 0)
        })
      )
  )
})
