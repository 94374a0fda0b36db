/**
 * The command line and the hook over a memory in PostgreSQL, with vectors in Qdrant.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { samples, slow } from "../data.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { address } from "../postgres.ts"
import { temporaryDatabase } from "../postgresDatabase.ts"
import { commandLines, started } from "./commandLines.ts"
import { hook, makeHome, type Outcome, run } from "./run.ts"

const PASSWORD = "hunter2-of-postgres"

const inProcess = commandLines()

/** A database for each memory. The test server asks for no password. */
const database = Effect.map(Effect.suspend(() => temporaryDatabase(address!)), (url) => {
  if (url.password === "") url.password = PASSWORD
  return url
})

/** The place as the program reports it, without user and password. */
const placeOf = ({ hostname, pathname, port }: URL) => `PostgreSQL at ${hostname}:${port || 5432}${pathname}`

const makeMemory = (qdrant: string) =>
  Effect.gen(function*() {
    const home = yield* makeHome
    const url = yield* database
    const env = { CLAUDE_MEMORY_POSTGRES_URL: url.href, CLAUDE_MEMORY_QDRANT_URL: qdrant }
    const clean = (outcome: Outcome) =>
      Effect.sync(() => assert.notInclude(outcome.stdout + outcome.stderr, url.password))
    return {
      home,
      url,
      cli: (words: ReadonlyArray<string>, extra: Readonly<Record<string, string>> = {}, how = inProcess) =>
        Effect.tap(how(words, { home, env: { ...env, ...extra } }), clean),
      hooked: (prompt: string, extra: Readonly<Record<string, string>> = {}) => {
        const stdin = JSON.stringify({
          session_id: randomUUID(),
          hook_event_name: "UserPromptSubmit",
          cwd: "/home/mei/work/shop-api",
          prompt
        })
        return Effect.tap(run([hook], { home, stdin, env: { ...env, ...extra } }), clean)
      }
    }
  })

/** Parses stdout, which must be one line of JSON; exit code 0, nothing on stderr. */
const json = ({ code, stderr, stdout }: Outcome) => {
  assert.deepStrictEqual([code, stderr], [0, ""])
  assert.match(stdout, /^[^\n]+\n$/)
  return JSON.parse(stdout)
}

interface Status {
  readonly place: string
  readonly units: { readonly total: number }
}

const STATUS = ["status", "--all-projects", "--json"]
const SEARCH = ["search", "meilisearch", "--all-projects", "--json"]

class Memory extends Context.Tag("test/Memory")<
  Memory,
  Effect.Effect.Success<ReturnType<typeof makeMemory>> & {
    readonly report: { readonly lines: object; readonly degraded: ReadonlyArray<string>; readonly resources: object }
    /** Status after the import. No test of this file changes this memory. */
    readonly status: Status
    readonly qdrant: StandIn.StandIn
  }
>() {
  static readonly layer = Layer.scoped(
    this,
    Effect.gen(function*() {
      const qdrant = yield* StandIn.make()
      const memory = yield* makeMemory(qdrant.origin)
      const report = json(yield* memory.cli(["import", samples, "--json"]))
      return { ...memory, qdrant, report, status: json(yield* memory.cli(STATUS)) }
    })
  ).pipe(Layer.provideMerge(NodeContext.layer))
}

/** Status without the place, which memories of the same sessions share. */
const facts = (status: Status) => {
  const { home: _, place: __, ...rest } = status as Status & { readonly home: string }
  return rest
}

const idsOf = ({ results }: { readonly results: ReadonlyArray<{ readonly id: string }> }) => results.map(({ id }) => id)

/** Port of a server that accepts connections and never sends anything. */
const silence = Effect.map(
  Effect.acquireRelease(
    Effect.async<{ readonly server: ReturnType<typeof createServer>; readonly sockets: Set<Socket> }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket.on("error", () => {}))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  ),
  ({ server }) => (server.address() as AddressInfo).port
)

const nowhere = (port: number) => ({
  CLAUDE_MEMORY_POSTGRES_URL: `postgresql://me:${PASSWORD}@127.0.0.1:${port}/memory`
})

describe.skipIf(address === undefined)("a memory in PostgreSQL", () => {
  layer(Memory.layer, { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("is made by an import; the next changes nothing, and no file is written", () =>
      Effect.gen(function*() {
        const { cli, home, report, status } = yield* Memory
        assert.deepInclude(report, { degraded: [], resources: { openAtExit: 0 } })
        assert.deepInclude(report.lines, { total: 430, deadLetter: 1 })
        const second = json(yield* cli(["import", samples, "--json"]))
        assert.deepInclude(second, { files: 0, units: { total: 0, byType: {} }, degraded: [] })
        assert.deepStrictEqual(json(yield* cli(STATUS)), status)
        const fs = yield* FileSystem.FileSystem
        assert.deepStrictEqual(yield* fs.readDirectory(join(home, ".claude-memory")), [])
      }))

    slow(it.effect)("is one, however many imports make it at once", () =>
      Effect.scoped(Effect.gen(function*() {
        const one = yield* Memory
        const two = yield* makeMemory(one.qdrant.origin)
        const twice = yield* Effect.all([
          two.cli(["import", samples, "--json"], {}, started),
          two.cli(["import", samples, "--json"], {}, started)
        ], {
          concurrency: 2
        })
        for (const outcome of twice) assert.deepStrictEqual(json(outcome).degraded, [])
        // Finishes the work that one import still held under lease when the other ended.
        assert.deepStrictEqual(json(yield* two.cli(["import", samples, "--json"])).degraded, [])
        assert.deepStrictEqual(facts(json(yield* two.cli(STATUS))), facts(one.status))
        const found = idsOf(json(yield* one.cli(SEARCH)))
        assert.isAbove(found.length, 0)
        assert.deepStrictEqual(idsOf(json(yield* two.cli(SEARCH))), found)
        assert.isTrue(json(yield* two.cli(["index", "verify", "--json"])).ok)
      })))

    slow(it.effect)("is reported with its state and its address", () =>
      Effect.gen(function*() {
        const { cli, status, url } = yield* Memory
        const place = placeOf(url)
        const [text, doctor, lifecycle] = yield* Effect.all([
          cli(["status", "--all-projects"]),
          cli(["doctor", "--json"]),
          cli(["lifecycle", "--for", "200ms", "--json"], {}, started)
        ], { concurrency: 2 })
        assert.include(text.stdout, `\n  data       ${place}\n`)
        assert.strictEqual(status.place, place)
        const { checks, ok } = json(doctor)
        assert.isTrue(ok)
        assert.deepInclude(checks, {
          name: "memory",
          state: "ok",
          detail: `${status.units.total} memories in ${place}`
        })
        const { open, released } = json(lifecycle)
        assert.deepStrictEqual(open, [])
        const pool = released.find(({ name }: { readonly name: string }) => name === place)
        assert.deepInclude(pool, { kind: "pool", how: "closed" })
      }))

    slow(it.effect)("is read from a machine that has no folder of its own", () =>
      Effect.scoped(Effect.gen(function*() {
        const { cli } = yield* Memory
        const elsewhere = { CLAUDE_MEMORY_HOME: join(yield* makeHome, "none") }
        const { checks, ok } = json(yield* cli(["doctor", "--json"], elsewhere, started))
        assert.isTrue(ok)
        assert.deepInclude(checks, { name: "privacy", state: "ok", detail: "the database says who can read it" })
        assert.deepStrictEqual(
          yield* (yield* FileSystem.FileSystem).exists(elsewhere.CLAUDE_MEMORY_HOME),
          false
        )
      })))

    slow(it.effect)("does not get the samples of a tour", () =>
      Effect.gen(function*() {
        const { cli, qdrant, status } = yield* Memory
        const requests = qdrant.seen.requests
        assert.strictEqual(json(yield* cli(["quickstart", "--json"])).source, "samples")
        assert.strictEqual(qdrant.seen.requests, requests)
        assert.deepStrictEqual(json(yield* cli(STATUS)), status)
      }))

    slow(it.effect)(
      "that is away is a sentence, without the password, and exit code 1",
      () =>
        Effect.scoped(Effect.gen(function*() {
          const { cli } = yield* Memory
          const closed = yield* Effect.scoped(silence)
          const away =
            `PostgreSQL at 127.0.0.1:${closed}/memory can't be reached (connect ECONNREFUSED 127.0.0.1:${closed}); ` +
            "nothing was lost. Try again when it runs, or correct its address"
          yield* Effect.forEach(
            [["import", samples], ["search", "x"], ["status"], ["index"], ["work"], ["lifecycle"]],
            (words) =>
              Effect.map(
                cli(words, nowhere(closed), words[0] === "search" ? started : inProcess),
                ({ code, stderr, stdout }) => {
                  assert.deepStrictEqual([code, stdout, stderr], [1, "", `claude-memory: ${away}\n`])
                }
              ),
            { concurrency: 2, discard: true }
          )
          const doctor = yield* cli(["doctor", "--json"], nowhere(closed))
          assert.strictEqual(doctor.code, 1)
          assert.deepInclude(JSON.parse(doctor.stdout).checks, { name: "memory", state: "wrong", detail: away })
          for (
            const wrong of [
              `postgresql://me:${PASSWORD}@127.0.0.1:port/memory`,
              `mysql://me:${PASSWORD}@127.0.0.1/memory`
            ]
          ) {
            const { code, stderr } = yield* cli(["status"], { CLAUDE_MEMORY_POSTGRES_URL: wrong })
            assert.strictEqual(code, 1)
            assert.match(
              stderr,
              /^claude-memory: the database's address is not one of PostgreSQL: it looks like [^\n]+\n$/
            )
          }
        }))
    )

    slow(it.effect)(
      "is put in front of Claude by the hook, which says nothing where it is away or silent",
      () =>
        Effect.scoped(Effect.gen(function*() {
          const { hooked } = yield* Memory
          const prompt = "why did we decide against Meilisearch?"
          // On a busy machine the database may exceed its share of the budget, and then the hook prints nothing.
          const answer = yield* Effect.repeat(hooked(prompt, { CLAUDE_MEMORY_HOOK_MS: "15000" }), {
            until: ({ stdout }) => stdout !== "",
            times: 2
          })
          assert.deepStrictEqual([answer.code, answer.stderr], [0, ""])
          assert.include(JSON.parse(answer.stdout).hookSpecificOutput.additionalContext, "Meilisearch")

          const closed = yield* Effect.scoped(silence)
          for (const port of [closed, yield* silence]) {
            const since = yield* Clock.currentTimeMillis
            assert.deepStrictEqual(yield* hooked(prompt, nowhere(port)), {
              stdout: "",
              stderr: "",
              code: 0,
              signal: null
            })
            assert.isBelow((yield* Clock.currentTimeMillis) - since, 8_000)
          }
        }))
    )
  })
})
