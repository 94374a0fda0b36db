/**
 * The command line with vectors in Qdrant: available, unavailable, and turned off.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { randomBytes, randomUUID } from "node:crypto"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Qdrant } from "../../src/index/qdrant/Qdrant.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { qdrant as real, samples, slow } from "../data.ts"
import { client } from "../index/qdrant/client.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { modelServer } from "../models/server.ts"
import { commandLines, started } from "./commandLines.ts"
import { main, makeHome, type Outcome, run, start } from "./run.ts"

const KEY = "the key of Qdrant"
const PREFIX = `claude-memory-test-${randomBytes(6).toString("hex")}`
const LOCAL = "use-lite-static-256d-int8@1"
const QUESTION = ["search", "why was the queue too slow", "--all-projects", "--limit", "3", "--json"]

const inProcess = commandLines()

type Environment = Readonly<Record<string, string>>

interface Memory {
  readonly server: StandIn.StandIn
  readonly env: Environment
  /** Runs the command line in this memory's home; `env` overrides the memory's own variables. */
  readonly cli: (words: ReadonlyArray<string>, env?: Environment, how?: typeof inProcess) => Effect.Effect<Outcome>
  readonly home: string
}

const memory = Effect.gen(function*() {
  const home = yield* makeHome
  const server = yield* StandIn.make({ apiKey: KEY })
  const env = {
    CLAUDE_MEMORY_QDRANT_URL: server.origin,
    CLAUDE_MEMORY_QDRANT_API_KEY: KEY,
    CLAUDE_MEMORY_QDRANT_PREFIX: PREFIX
  }
  const cli: Memory["cli"] = (words, extra, how = inProcess) =>
    Effect.tap(how(words, { home, env: { ...env, ...extra } }), ({ stderr, stdout }) => {
      assert.notInclude(stdout + stderr, KEY)
    })
  return { server, env, cli, home } satisfies Memory
})

const inMemory = <A, E>(body: (memory: Memory) => Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem>) =>
  Effect.flatMap(memory, body).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

/** Parses stdout, which must be one line of JSON. */
const json = ({ code, stderr, stdout }: Outcome, expected = 0) => {
  assert.strictEqual(code, expected, stderr)
  assert.match(stdout, /^[^\n]+\n$/)
  return JSON.parse(stdout)
}

/** Returns stderr, which must be one sentence for a person; stdout must be empty. */
const errorOf = ({ code, stderr, stdout }: Outcome): string => {
  assert.deepStrictEqual([code, stdout], [1, ""])
  assert.match(stderr, /^[^\n]+\n$/)
  assert.notMatch(stderr, /level=|^ +at /)
  return stderr
}

/** Origin with a port on which nothing listens. */
const unusedOrigin = Effect.scoped(Effect.map(StandIn.make(), ({ origin }) => origin))

/** Calls Qdrant directly, beside the program. */
const withQdrant = <A, E>(server: StandIn.StandIn, body: (qdrant: Qdrant["Type"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(Qdrant, body).pipe(
    Effect.provide(Layer.provide(client(server.origin, { apiKey: KEY }), ResourceLedger.layer)),
    Effect.orDie
  )

interface Versions {
  readonly versions: ReadonlyArray<
    {
      readonly name: string
      readonly count: number
      readonly isActive: boolean
      readonly model: { readonly id: string }
    }
  >
}

const versionsOf = (status: Versions) =>
  status.versions.map(({ count, isActive, model }) => [model.id, count, isActive])

const isFoundByMeaning = (
  answer: { readonly results: ReadonlyArray<{ readonly why: { readonly semantic: unknown } }> }
) => answer.results.some(({ why }) => why.semantic !== null)

/** Returns the name of the version that serves now. */
const servingOf = (cli: Memory["cli"]): Effect.Effect<string> =>
  Effect.map(cli(["index", "--json"]), (outcome) => json(outcome).versions[0].name)

class Imported extends Context.Tag("test/Imported")<
  Imported,
  Memory & {
    readonly units: number
    /** Output of `index --json` after the import, and the name of the only version. */
    readonly index: Versions
    readonly name: string
  }
>() {
  static readonly layer = Layer.scoped(
    this,
    Effect.gen(function*() {
      const made = yield* memory
      const report = json(yield* made.cli(["import", samples, "--json"]))
      assert.deepStrictEqual([report.degraded, report.resources], [[], { openAtExit: 0 }])
      const { units } = json(yield* made.cli(["status", "--json", "--all-projects"]))
      const index = json(yield* made.cli(["index", "--json"]))
      return { ...made, units: units.total, index, name: index.versions[0].name }
    })
  ).pipe(Layer.provide(NodeContext.layer))
}

layer(Imported.layer, { timeout: "60 seconds", excludeTestServices: true })(
  "a memory with its vectors in Qdrant",
  (it) => {
    slow(it.effect)("is searched by meaning", () =>
      Effect.gen(function*() {
        const { cli } = yield* Imported
        const found = json(yield* cli(QUESTION, {}, started))
        assert.deepStrictEqual(found.degraded, [])
        assert.isTrue(isFoundByMeaning(found))
      }))

    slow(it.scoped)("shows its index, verifies and repairs it", () =>
      Effect.gen(function*() {
        const { cli, index: { versions, ...status }, name, server, units } = yield* Imported
        assert.deepStrictEqual(status, {
          index: `Qdrant at ${server.origin}, ${PREFIX}`,
          memories: units,
          waiting: 0,
          error: null
        })
        assert.deepStrictEqual(versionsOf({ versions }), [[LOCAL, units, true]])
        assert.match(name, new RegExp(`^${PREFIX}_\\w+_\\d+$`))
        const { stdout } = yield* cli(["index", "status"])
        assert.match(stdout, new RegExp(`\\n${name} +${LOCAL} +256 +${units} +serves\\n$`))

        // Another program deletes three points, changes a fourth and adds a foreign one.
        const gone = yield* withQdrant(server, ({ ids, payloads, remove, upsert }) =>
          Effect.gen(function*() {
            const [changed, ...gone] = yield* ids(name, undefined, 4)
            yield* remove(name, gone)
            const [held] = yield* payloads(name, [changed!])
            yield* upsert(name, [
              { id: changed!, vectors: {}, payload: { ...held!.payload, project: "none" } },
              { id: randomUUID(), vectors: {}, payload: { project: "none" } }
            ])
            return gone
          }))
        assert.strictEqual(gone.length, 3)
        const wrong = yield* cli(["index", "verify"], {}, started)
        assert.deepStrictEqual([wrong.code, wrong.stderr], [1, ""])
        assert.match(
          wrong.stdout,
          /, 1 of them not as they are now, 3 are missing, 1 are too many; .*\n.*`node \S+main\.js index repair` brings it in line\.\n$/
        )
        // A quick look does not compare them.
        assert.isTrue(json(yield* cli(["doctor", "--json"])).ok)
        const deep = json(yield* cli(["doctor", "--deep", "--json"]), 1)
        const vectors = deep.checks.filter(({ state }: { readonly state: string }) => state === "wrong")
        assert.lengthOf(vectors, 1)
        assert.match(
          vectors[0].detail,
          /, 3 are missing, 1 are too many; .*`claude-memory index repair` brings it in line$/
        )
        const { durationMs, ...repaired } = json(yield* cli(["index", "repair", "--json"]))
        assert.deepStrictEqual(repaired, {
          isCompared: true,
          missing: 3,
          orphans: 1,
          stale: 1,
          indexed: 4,
          degraded: []
        })
        assert.isAbove(durationMs, 0)
        assert.match(
          (yield* cli(["index", "repair"])).stdout,
          /^0 memories were missing and 0 were too many; 0 were indexed in [\d.]+ s\n$/
        )
        assert.isTrue(json(yield* cli(["doctor", "--deep", "--json"])).ok)
        assert.isTrue(json(yield* cli(["index", "verify", "--json"])).ok)

        // Who can't use the index, or may not write it, is told so.
        const wrongs = (env: Environment = {}) =>
          Effect.map(cli(["doctor", "--json"], env), (outcome) =>
            (JSON.parse(outcome.stdout).checks as ReadonlyArray<{ readonly state: string; readonly detail: string }>)
              .filter(({ state }) =>
                state === "wrong"
              ).map(({ detail }) => detail).join("\n"))
        assert.strictEqual(yield* wrongs(), "")
        const models = yield* modelServer
        const other = { OPENAI_BASE_URL: models.baseUrl, CLAUDE_MEMORY_EMBEDDING: "openai:letters" }
        assert.match(yield* wrongs(other), /^the index: it was built with .*reindex/)
        const there = server.fault
        server.fault = ({ operation }) =>
          operation === "delete_points" ? StandIn.text(403, "Forbidden: Global manage access is required") : undefined
        assert.match(yield* wrongs(), /^the index: .*the key may read and not write; set QDRANT_API_KEY/)
        server.fault = there

        // The whole collection is deleted: each memory is missing once.
        yield* withQdrant(server, ({ deleteCollection }) => deleteCollection(name))
        assert.match(yield* wrongs(), /^no memory has a vector and none waits for one.*index repair/)
        assert.deepInclude(json(yield* cli(["index", "repair", "--json"])), {
          missing: units,
          orphans: 0,
          stale: 0,
          indexed: units
        })
        assert.isTrue(json(yield* cli(["index", "verify", "--json"])).ok)
      }))

    slow(it.effect)(
      "deletes no version that serves, and takes no word that it does not know",
      () =>
        Effect.gen(function*() {
          const { cli } = yield* Imported
          const name = yield* servingOf(cli)
          const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
            [["drop", name], `${name} is the version that serves; reindex to another model first`],
            [["drop", "none"], "no version is called none"],
            [["drop"], "main.js index status` lists them"],
            [["verify", name], "verify takes no version"],
            [["remove"], "Expected one of the following cases: status, verify, repair, drop"]
          ]
          yield* Effect.forEach(
            wrong,
            ([words, told]) =>
              Effect.map(cli(["index", ...words]), (outcome) => assert.include(errorOf(outcome), told)),
            { concurrency: 2, discard: true }
          )
        })
    )

    slow(it.effect)("is found by its words while Qdrant is away, and that is said", () =>
      Effect.gen(function*() {
        const { cli, units } = yield* Imported
        const url = yield* unusedOrigin
        const away = (...words: ReadonlyArray<string>) => cli(words, { CLAUDE_MEMORY_QDRANT_URL: url })
        const why = `Qdrant at ${url}: nothing listens there; start Qdrant, or correct its URL (ECONNREFUSED)`
        const [search, status, doctor, index, verify, told] = yield* Effect.all([
          away(...QUESTION),
          away("status", "--all-projects", "--json"),
          away("doctor", "--json"),
          away("index", "--json"),
          away("index", "verify"),
          away("status", "--all-projects")
        ], { concurrency: 2 })
        const found = json(search)
        assert.deepStrictEqual(found.degraded, [`semantic search: the index: ${why}`])
        assert.isAbove(found.results.length, 0)
        assert.isFalse(isFoundByMeaning(found))
        assert.deepInclude(json(status), { index: { error: `the index: ${why}` }, pending: 0 })
        assert.include(told.stdout, `vectors    the index: ${why}\n`)
        const { checks, ok } = json(doctor, 1)
        assert.isFalse(ok)
        assert.deepStrictEqual(
          checks.filter(({ state }: { readonly state: string }) => state === "wrong"),
          [{ name: "semantic index", state: "wrong", detail: `the index: ${why}` }]
        )
        assert.deepInclude(json(index, 1), { memories: units, versions: [], error: `the index: ${why}` })
        assert.strictEqual(errorOf(verify), `claude-memory: the index: ${why}\n`)
      }))

    slow(it.effect)(
      "is not written with a key that is wrong, nor where the server is too old: nothing is lost, and that is said",
      () =>
        Effect.scoped(Effect.gen(function*() {
          const { cli } = yield* Imported
          const old = yield* StandIn.make({ version: "1.9.2" })
          const wrong: ReadonlyArray<readonly [Environment, RegExp]> = [
            [
              { CLAUDE_MEMORY_QDRANT_API_KEY: "no-key-of-theirs" },
              /it wants another API key; set QDRANT_API_KEY \(401\)/
            ],
            [
              { CLAUDE_MEMORY_QDRANT_URL: old.origin },
              /it is 1\.9\.2, and 1\.18 to 1\.19 are spoken to; upgrade Qdrant \(one minor version at a time\)/
            ]
          ]
          yield* Effect.forEach(wrong, ([env, why]) =>
            Effect.gen(function*() {
              assert.match(errorOf(yield* cli(["import", samples], env)), why)
              const found = json(yield* cli(QUESTION, env))
              assert.match(found.degraded.join(), why)
              assert.isAbove(found.results.length, 0)
            }), { concurrency: 2, discard: true })
        }))
    )

    slow(it.effect)(
      "is brought in line when its settings go back to vectors beside it, and again when they return",
      () =>
        Effect.gen(function*() {
          const { cli, server, units } = yield* Imported
          const name = yield* servingOf(cli)
          const beside = { CLAUDE_MEMORY_QDRANT_URL: "off" }
          const requests = server.seen.requests
          assert.deepStrictEqual(json(yield* cli(["import", samples, "--json"], beside)).degraded, [])
          const embedded = json(yield* cli(["index", "verify", "--json"], beside))
          assert.deepInclude(embedded, { common: units, missing: 0, orphans: 0, ok: true })
          assert.strictEqual(server.seen.requests, requests)

          // Stands in for memories that came meanwhile: five are missing from Qdrant, and the import indexes them.
          yield* withQdrant(server, ({ ids, remove }) =>
            Effect.flatMap(ids(name, undefined, 5), (some) => remove(name, some)))
          assert.deepStrictEqual(json(yield* cli(["import", samples, "--json"])).degraded, [])
          assert.deepInclude(json(yield* cli(["index", "verify", "--json"])), {
            common: units,
            missing: 0,
            orphans: 0,
            waiting: 0,
            ok: true
          })
        })
    )

    slow(it.effect)(
      "takes another model while the old one serves, drops that, and goes back",
      () =>
        Effect.scoped(Effect.gen(function*() {
          const { cli, units } = yield* Imported
          const models = yield* modelServer
          const provider = { OPENAI_BASE_URL: models.baseUrl }
          const there = yield* cli(["reindex", "--to", "openai:letters"], provider)
          assert.deepStrictEqual([there.code, there.stderr], [0, ""])
          assert.match(
            there.stdout,
            new RegExp(
              `^${units} memories indexed by letters@8 \\(8 dimensions\\) in [\\d.]+ s\\n${units} memories are in the index, ` +
                `0 are missing, .*\\nIt serves from now on\\. The index by ${LOCAL} is kept: .*\\n` +
                "Now set CLAUDE_MEMORY_EMBEDDING=openai:letters\\n$"
            )
          )
          // Programs still set to the old model report that the index has another one.
          assert.match(json(yield* cli(QUESTION)).degraded.join(), /it was built with .*letters.*claude-memory reindex/)
          const env = { ...provider, CLAUDE_MEMORY_EMBEDDING: "openai:letters" }
          const { versions } = json(yield* cli(["index", "--json"], env))
          const [serving, old] = versions
          assert.deepStrictEqual(versionsOf({ versions }), [["letters@8", units, true], [LOCAL, units, false]])
          assert.match(
            (yield* cli(["index"], env)).stdout,
            /serves\n.* kept; `node \S+main\.js index drop` deletes it\n$/
          )
          assert.deepStrictEqual(json(yield* cli(["index", "drop", old.name, "--json"], env)), { dropped: old.name })

          const back = json(yield* cli(["reindex", "--to", "local", "--json"], env))
          assert.deepInclude(back, {
            from: serving.model,
            to: { id: LOCAL, dimension: 256 },
            before: 0,
            indexed: units
          })
          assert.deepStrictEqual(json(yield* cli(QUESTION)).degraded, [])
          const dropped = yield* cli(["index", "drop", serving.name])
          assert.deepStrictEqual([dropped.code, dropped.stdout], [0, `${serving.name} is deleted\n`])
          assert.deepStrictEqual(versionsOf(json(yield* cli(["index", "--json"]))), [[LOCAL, units, true]])
        }))
    )
  }
)

const places = [
  { name: "the stand-in", apiKey: KEY, url: Effect.map(StandIn.make({ apiKey: KEY }), ({ origin }) => origin) },
  ...(real.url === undefined
    ? []
    : [{ name: real.url, apiKey: real.apiKey ?? "", url: Effect.succeed(real.url) }])
]

describe("a memory with its vectors in Qdrant", () => {
  it.live.each(places)("releases its client, on $name", ({ apiKey, url }) =>
    Effect.gen(function*() {
      const home = yield* makeHome
      const env = { QDRANT_URL: yield* url, QDRANT_API_KEY: apiKey, CLAUDE_MEMORY_QDRANT_PREFIX: PREFIX }
      const { open, released } = json(yield* run([main, "lifecycle", "--for", "200ms", "--json"], { home, env }))
      assert.deepStrictEqual(open, [])
      const client = released.find(({ name }: { readonly name: string }) => name.startsWith("Qdrant client of "))
      assert.deepInclude(client, { kind: "pool", how: "closed" })
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  slow(it.live)(
    "has a person who saves wait for a slow index two seconds at most, and loses nothing",
    () =>
      inMemory(({ cli, server }) =>
        Effect.gen(function*() {
          server.fault = ({ operation }) => operation === "upsert_points" ? "hangs" : undefined
          const since = yield* Clock.currentTimeMillis
          const { id } = json(yield* cli(["save", "--json", "The walrus gateway listens on port 4711."]))
          assert.isBelow((yield* Clock.currentTimeMillis) - since, 6_000)
          assert.strictEqual(json(yield* cli(QUESTION.with(1, "walrus gateway"))).results[0]?.unit.id, id)
          server.fault = () => undefined
          assert.deepInclude(json(yield* cli(["index", "repair", "--json"])), { indexed: 1 })
          assert.isTrue(json(yield* cli(["index", "verify", "--json"])).ok)
        })
      )
  )

  slow(it.live)(
    "loses nothing that is imported while Qdrant is away: the next import catches up, and so does a worker",
    () =>
      inMemory(({ cli, env, home, server }) =>
        Effect.gen(function*() {
          const [one, ...others] = readdirSync(samples).map((name) => join(samples, name))
          const away = () => "resets" as const
          const there = server.fault
          server.fault = away
          const first = yield* cli(["import", one!, "--json"])
          const report = json(first)
          assert.strictEqual(report.degraded.length, 1)
          assert.match(
            report.degraded[0],
            /^some memories are found by their words alone .*: Qdrant at .* it closed the connection/
          )
          assert.isAbove(report.units.total, 10)
          const { memories, waiting: queued } = json(yield* cli(["index", "--json"]), 1)
          assert.strictEqual(queued, memories)

          server.fault = there
          const second = json(yield* cli(["import", one!, "--json"]))
          assert.deepStrictEqual([second.lines.total, second.degraded], [0, []])
          assert.deepInclude(json(yield* cli(["index", "verify", "--json"])), {
            common: memories,
            waiting: 0,
            ok: true
          })

          server.fault = away
          assert.strictEqual(json(yield* cli(["import", ...others, "--json"])).degraded.length, 1)
          const { waiting } = json(yield* cli(["index", "--json"]), 1)
          assert.isAbove(waiting, 10)
          server.fault = there
          const worker = yield* start([main, "work"], { home, env })
          yield* worker.waitForText("memories indexed")
          assert.deepInclude(json(yield* cli(["index", "verify", "--json"])), { waiting: 0, ok: true })
          yield* worker.kill("SIGTERM")
          const { code, stderr, stdout } = yield* worker.ended
          assert.deepStrictEqual([code, stdout], [143, ""])
          assert.match(stderr, /^working; end it with Ctrl-C\n\d+ memories indexed\n$/)
          yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => server.seen.open.size === 0 })
          const fs = yield* FileSystem.FileSystem
          assert.deepStrictEqual(yield* fs.readDirectory(join(home, ".claude-memory")), ["memory.db", "openings"])
        })
      ),
    60_000
  )
})
