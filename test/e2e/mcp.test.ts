/**
 * The MCP server as Claude Code runs it: spawned, over stdio.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { appendFileSync, existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { oneIn, slow } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import * as Connected from "./connected.ts"
import { HELLO, request } from "./requests.ts"
import { hook, leftovers, makeHome, makeImported, mcp, type Outcome, run, start } from "./run.ts"

const inProcess = commandLines()

/** A home whose memory holds the samples. */
class Home extends Context.Tag("test/Home")<Home, string>() {
  static readonly layer = Layer.scoped(this, makeImported).pipe(Layer.provideMerge(NodeContext.layer))
}

const SHOP = { CLAUDE_PROJECT_DIR: "/home/mei/work/shop-api" }

const { dataOf, textOf } = Connected
const connect = (home: string, env: Readonly<Record<string, string>> = SHOP) => Connected.connect(home, env)

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Parses the lines of stdout, each of which must be one message. */
const messagesOf = (stdout: string): ReadonlyArray<{
  readonly jsonrpc: string
  readonly id?: string | number
  readonly method?: string
  readonly result?: { readonly isError?: boolean; readonly content?: ReadonlyArray<{ readonly text: string }> }
  readonly error?: { readonly code: number; readonly message: string }
}> => stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))

const search = (id: string | number) =>
  request(id, "tools/call", { name: "claude_memory_search", arguments: { query: "error" } })

/** Files in the home's memory that a clean stop removes. */
const remains = (home: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.map(
      fs.readDirectory(join(home, ".claude-memory"), { recursive: true }),
      (names) => [...leftovers(names), ...names.filter((name) => name.startsWith("run"))]
    ))

/** Returns a function that says something in a session of the shop. */
const sayIn = (home: string) => {
  const folder = join(home, ".claude", "projects", "-home-mei-work-shop-api")
  mkdirSync(folder, { recursive: true })
  return (uuid: string, text: string) =>
    appendFileSync(
      join(folder, "live.jsonl"),
      `${
        JSON.stringify({
          type: "user",
          uuid,
          parentUuid: null,
          sessionId: "live",
          cwd: SHOP.CLAUDE_PROJECT_DIR,
          timestamp: "2026-01-01T00:00:00.000Z",
          message: { role: "user", content: text }
        })
      }\n`
    )
}

describe("the MCP server, spawned", () => {
  layer(Home.layer, { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.scoped("answers the official client: every tool, resources, prompts; and ends with it", () =>
      Effect.gen(function*() {
        const home = yield* Home
        const pid = yield* Effect.scoped(Effect.gen(function*() {
          const { call, client, pid } = yield* connect(home)
          const { memories: [found] } = dataOf(
            yield* call("search", { query: "pool of 20 connections" })
          ) as unknown as {
            readonly memories: ReadonlyArray<{ readonly id: string; readonly project: string }>
          }
          assert.isDefined(found)
          assert.strictEqual(found.project, "shop-api")
          assert.isNotEmpty(dataOf(yield* call("get", { id: found.id }))["evidence"])
          assert.isNotEmpty(dataOf(yield* call("timeline", { around: found.id }))["memories"])
          assert.isNotEmpty(
            dataOf(yield* call("cross_project_search", { query: "error", include_all_projects: true }))["memories"]
          )
          assert.match(textOf(yield* call("inject", { original_prompt: "pool of 20 connections" })), /pool/)
          const { id } = dataOf(yield* call("save", { content: "Deployments are on Thursdays." }))
          assert.deepStrictEqual(dataOf(yield* call("forget", { ids: [id] }))["forgotten"], [id])
          assert.match(textOf(yield* call("status")), /\nIn all: 82 memories /)
          assert.isTrue(dataOf(yield* call("health", { detailed: true }))["ok"])
          yield* Effect.promise(async () => {
            await client.readResource({ uri: `memory://units/${found.id}` })
            await client.readResource({ uri: "memory://status" })
            assert.lengthOf((await client.getPrompt({ name: "recall", arguments: { topic: "error" } })).messages, 1)
          })
          return pid
        }))
        assert.isFalse(isRunning(pid))
        assert.deepStrictEqual(yield* remains(home), [])
      }))

    slow(it.scoped)(
      "shakes hands before there is a memory at all, and says what is wrong with one until that is mended",
      () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const home = yield* makeHome
          const memory = join(home, ".claude-memory")
          yield* fs.makeDirectory(memory)
          yield* fs.writeFileString(join(memory, "memory.db"), "no database")
          const { call } = yield* connect(home)
          const refused = yield* call("search", { query: "error" })
          assert.isTrue(refused.isError)
          assert.match(textOf(refused), /memory\.db.*The next call tries again/s)
          assert.match(textOf(yield* call("health")), /wrong: memory: .*memory\.db/)
          yield* fs.copyFile(join(yield* Home, ".claude-memory", "memory.db"), join(memory, "memory.db"))
          assert.isNotEmpty(dataOf(yield* call("search", { query: "error" }))["memories"])
        })
    )

    it.scoped("says which setting is wrong", () =>
      Effect.gen(function*() {
        const { call } = yield* connect(yield* Home, { CLAUDE_MEMORY_COMPRESSION: "zip" })
        assert.match(
          textOf(yield* call("status")),
          /^CLAUDE_MEMORY_COMPRESSION is one of extractive, hybrid, abstractive\./
        )
      }))

    slow(it.scoped)("keeps to its project where the setting says so", () =>
      Effect.gen(function*() {
        const { call } = yield* connect(yield* Home, { ...SHOP, CLAUDE_MEMORY_ISOLATION: "strict" })
        assert.match(
          textOf(yield* call("search", { query: "x", project_id: "global" })),
          /^CLAUDE_MEMORY_ISOLATION is strict/
        )
        assert.isNotEmpty(dataOf(yield* call("search", { query: "error" }))["memories"])
      }))

    slow(it.scoped)(
      "writes nothing but JSON-RPC to stdout, whatever comes in, and answers what can be answered",
      () =>
        Effect.gen(function*() {
          const { closeStdin, ended, waitForText: said, send } = yield* start([mcp], {
            home: yield* Home,
            env: SHOP,
            staysOpen: true
          })
          yield* send(request("before", "ping"))
          yield* send(request("early", "tools/list"))
          for (
            const line of [
              "no JSON",
              "{",
              "{}",
              "[]",
              "null",
              "\u0000",
              "\ud800",
              "",
              "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}"
            ]
          ) {
            yield* send(`${line}\n`)
          }
          yield* send(`[${request("batch", "ping").trim()}]\n`)
          yield* send(`${"x".repeat(6_000_000)}\n`)
          yield* send(request("long", "ping", { _meta: { padding: "y".repeat(6_000_000) } }))
          yield* send(HELLO)
          yield* send(request("método", "ping"))
          yield* send(request(-15, "ping"))
          yield* send(request("unknown", "server/discover"))
          yield* send(request("none", "tools/call", { name: "rm" }))
          yield* send(request("malformed", "tools/call", { name: 5 }))
          yield* send(request("array", "tools/call", { name: "claude_memory_status", arguments: [1] }))
          yield* send(request("missing", "tools/call", { name: "claude_memory_search" }))
          yield* send(request("defaults", "tools/call", { name: "claude_memory_status" }))
          yield* send(request("no arguments", "tools/call", { name: "claude_memory_search", arguments: null }))
          yield* send(request("refused", "tools/call", { name: "claude_memory_search", arguments: { query: 5 } }))
          yield* send(request("no params", "tools/call"))
          for (const params of ["x", [1], 5, null, true]) {
            yield* send(request(`call of ${JSON.stringify(params)}`, "tools/call", params))
            yield* send(request(`ping of ${JSON.stringify(params)}`, "ping", params))
          }
          yield* send(request("no uri", "resources/read", {}))
          yield* send(request("a number as topic", "prompts/get", { name: "recall", arguments: { topic: 5 } }))
          yield* send(`{"jsonrpc":"1.0","id":"old","method":"ping"}\n`)
          yield* send(search("last"))
          // Calls run at once: another than the last may be answered last.
          for (const id of ["last", "defaults"]) yield* said(`"id":"${id}"`)
          yield* closeStdin
          const { code, stderr, stdout } = yield* ended
          assert.strictEqual(code, 0)
          const answered = messagesOf(stdout).filter(({ id }) => id !== undefined)
          const answers = new Map(
            answered.map(({ error, id, result }) => [id, error?.code ?? (result?.isError ?? false)])
          )
          assert.strictEqual(answers.size, answered.length, "one answer to each")
          assert.deepStrictEqual(Object.fromEntries(answers), {
            before: false,
            early: false,
            0: false,
            1: -32600,
            "método": false,
            "-15": false,
            unknown: -32601,
            none: -32602,
            malformed: -32602,
            array: true,
            missing: true,
            defaults: false,
            "no arguments": true,
            refused: true,
            "no params": -32602,
            ...Object.fromEntries(
              ["\"x\"", "[1]", "5", "null", "true"].flatMap((params) => [`call of ${params}`, `ping of ${params}`])
                .map((id) => [id, -32602])
            ),
            "no uri": -32602,
            "a number as topic": -32602,
            old: -32600,
            last: false
          })
          // In words: no report of a parser.
          const texts = answered.map(({ error, result }) =>
            error?.message ?? (result?.isError === true ? result.content?.[0]?.text ?? "" : "")
          )
          for (const text of texts) assert.notMatch(text, /[\n{}]|invalid_type/)
          assert.include(texts, "tools/call: its params are an object, not a string")
          assert.include(texts, "claude_memory_status: its arguments are an object, not a list")
          assert.include(texts, "tools/call: params.name: expected string, received number")
          assert.strictEqual(stderr.split("\n").filter((line) => line.includes("was left out")).length, 10)
          assert.notInclude(stderr, "FATAL")
        })
    )

    slow(it.scoped)("answers and does all that was read before the end of stdin", () =>
      Effect.gen(function*() {
        const home = yield* Home
        const content = "The kestrel gateway listens on port 9000 because of the firewall."
        const save = request("save", "tools/call", { name: "claude_memory_save", arguments: { content } })
        const { closeStdin, ended, send, waitForText: said } = yield* start([mcp], { home, env: SHOP, staysOpen: true })
        // A busy machine takes its time to open the memory.
        yield* send(HELLO + search("first"))
        yield* said("\"id\":\"first\"")
        yield* send(save + search("kestrel"))
        yield* closeStdin
        const { code, stderr, stdout } = yield* ended
        assert.deepStrictEqual([code, stderr], [0, ""])
        const answers = messagesOf(stdout).filter(({ id }) => id === "save" || id === "kestrel")
        assert.deepStrictEqual(answers.map(({ result }) => result?.isError ?? false), [false, false])
        const { stdout: listed } = yield* inProcess(["list", "--all-projects", "--json"], { home })
        assert.include(listed, "kestrel gateway")
      }))

    for (
      const [how, code] of [["the end of stdin", 0], ["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const
    ) {
      // In quick form one end stands for all.
      const register = how === "SIGTERM" ? it.scoped : slow(it.scoped)
      register(`ends on ${how} while calls run, with ${code}, and leaves nothing`, () =>
        Effect.gen(function*() {
          const home = yield* Home
          const { closeStdin, ended, kill, waitForText: said, send } = yield* start([mcp], {
            home,
            env: SHOP,
            staysOpen: true
          })
          yield* send(HELLO + search("first"))
          yield* said("\"id\":\"first\"")
          yield* send(Array.from({ length: 200 }, (_, i) => search(i + 1)).join(""))
          yield* code === 0 ? closeStdin : kill(how as NodeJS.Signals)
          const outcome: Outcome = yield* ended
          assert.strictEqual(outcome.code, code, outcome.stderr)
          assert.strictEqual(outcome.stderr, "")
          messagesOf(outcome.stdout)
          assert.deepStrictEqual(yield* remains(home), [])
        }))
    }

    slow(it.scoped)(
      "captures in a thread, which is in the ledger; what a killed one left is captured by the next",
      () =>
        Effect.gen(function*() {
          const home = yield* makeImported
          const say = sayIn(home)
          const found = ({ call }: Effect.Effect.Success<ReturnType<typeof connect>>, query: string) =>
            Effect.repeat(Effect.delay(Effect.map(call("search", { query }), dataOf), "100 millis"), {
              until: ({ memories }) => JSON.stringify(memories).includes(query)
            }).pipe(Effect.timeout("20 seconds"))
          const killed = yield* connect(home)
          say("live-1", "The zebrawood gateway listens on port 8443 from now on.")
          yield* found(killed, "zebrawood")
          const report = JSON.parse(
            (yield* Effect.repeat(Effect.delay(inProcess(["resources", "--json"], { home }), "500 millis"), {
              until: ({ stdout }) => stdout.includes("\"watcher\"")
            })).stdout
          ) as {
            readonly processes: ReadonlyArray<{
              readonly command: string
              readonly resources: ReadonlyArray<
                { readonly kind: string; readonly name: string; readonly origin: string }
              >
              readonly drift: Readonly<Record<string, number | null>>
            }>
          }
          const { drift, resources } = report.processes.find(({ command }) => command === "mcp")!
          assert.deepInclude(resources.map(({ kind, name }) => [kind, name]), ["worker", "capture"])
          assert.includeMembers(resources.map(({ name }) => name), ["Sqlite writer", "Sqlite of prompts reader"])
          assert.deepStrictEqual(Object.values(drift).filter((n) => n !== null && n > 0), [], JSON.stringify(drift))
          process.kill(killed.pid, "SIGKILL")
          say("live-2", "The yakitori gateway listens on port 9443 from now on.")
          const pid = yield* Effect.scoped(Effect.gen(function*() {
            const next = yield* connect(home)
            yield* found(next, "yakitori")
            return next.pid
          }))
          assert.isFalse(isRunning(pid))
          assert.deepStrictEqual(yield* remains(home), [])
        })
    )

    slow(it.scoped)(
      "captures what its session said last before it ends, whatever ends it",
      () =>
        Effect.gen(function*() {
          const home = yield* makeImported
          const say = sayIn(home)
          const isFound = (query: string) =>
            Effect.map(
              inProcess(["search", "--all-projects", "--json", query], { home }),
              ({ stdout }) => JSON.stringify(JSON.parse(stdout).results).includes(query)
            )
          /** Says something right before a server ends, and returns whether that is remembered. */
          const isCaught = (how: "SIGINT" | "end", round: number) =>
            Effect.gen(function*() {
              const name = `${how}${round}`
              const { closeStdin, ended, kill, send } = yield* start([mcp], {
                home,
                env: { ...SHOP, CLAUDE_CODE_SESSION_ID: "live" },
                staysOpen: true
              })
              yield* send(HELLO)
              say(`${name}-1`, `The zebrawood${name} gateway listens on port 8443 from now on.`)
              yield* Effect.repeat(Effect.delay(isFound(`zebrawood${name}`), "50 millis"), { until: (found) => found })
              say(`${name}-2`, `The yakitori${name} gateway listens on port 9443 from now on.`)
              yield* how === "end" ? closeStdin : kill(how)
              const { code, stderr } = yield* ended
              assert.deepStrictEqual([code, stderr], [how === "end" ? 0 : 130, ""])
              // Before the next reader, which leaves its own.
              assert.deepStrictEqual(yield* remains(home), [])
              return yield* isFound(`yakitori${name}`)
            })
          for (const how of (["end", "SIGINT"] as const).filter(oneIn(2))) {
            // It has 0.3 s, in which a busy machine may not get to it.
            const rounds = Effect.iterate({ round: 0, caught: false }, {
              while: ({ caught, round }) => !caught && round < 4,
              body: ({ round }) => Effect.map(isCaught(how, round), (caught) => ({ round: round + 1, caught }))
            })
            assert.isTrue((yield* rounds).caught, how)
          }
        }),
      180_000
    )

    slow(it.scoped)(
      "answers the hook's program, which answers itself where a server has other settings, hangs or is gone",
      () =>
        Effect.gen(function*() {
          const home = yield* makeImported
          const patient = { CLAUDE_MEMORY_HOOK_MS: "20000", CLAUDE_MEMORY_SESSION_START_MS: "20000" }
          const { call, pid } = yield* connect(home, { ...SHOP, ...patient })
          const socketOf = (pid: number) => join(home, ".claude-memory", "run", `${pid}.socket`)
          const listens = (pid: number) =>
            Effect.repeat(Effect.sleep("50 millis"), { until: () => existsSync(socketOf(pid)) })
          yield* listens(pid)
          const ask = (session_id: string, env: Readonly<Record<string, string>> = patient) => {
            const input = {
              hook_event_name: "UserPromptSubmit",
              session_id,
              cwd: SHOP.CLAUDE_PROJECT_DIR,
              prompt: "what was the deadlock of the connection pool in reserveStock?"
            }
            return Effect.map(run([hook], { home, env, stdin: JSON.stringify(input) }), ({ code, stderr, stdout }) => {
              assert.deepStrictEqual([code, stderr], [0, ""])
              return stdout
            })
          }
          /** Calls that the server has answered before this one. */
          const calls = Effect.map(
            call("status"),
            (result) => Number(/This server: (\d+) call/.exec(textOf(result))![1])
          )
          const asked = yield* calls
          const told = yield* ask("one")
          assert.match(told, /^\{"hookSpecificOutput":.*<claude-memory>.*reserveStock/)
          assert.strictEqual(yield* calls, asked + 2)
          assert.strictEqual(yield* ask("one"), "", "it was told, and nothing else has nearly as many of the words")
          const before = yield* calls
          assert.strictEqual(yield* ask("two", { ...patient, CLAUDE_MEMORY_INJECT_TOKENS: "801" }), told)
          assert.strictEqual(yield* calls, before + 1)
          process.kill(pid, "SIGSTOP")
          assert.strictEqual(yield* ask("three"), told)
          process.kill(pid, "SIGKILL")
          assert.strictEqual(yield* ask("four"), told)
          assert.isTrue(existsSync(socketOf(pid)))
          yield* Effect.scoped(Effect.flatMap(connect(home), (next) => listens(next.pid)))
          // The log of the killed one is left to the next writer: this one has ended before it wrote.
          assert.deepStrictEqual((yield* remains(home)).filter((name) => name.startsWith("run")), [])
        })
    )

    it.scoped("ends when its client has gone and nobody reads", () =>
      Effect.gen(function*() {
        const { closeStdout, ended, waitForText: said, send } = yield* start([mcp], {
          home: yield* Home,
          env: SHOP,
          staysOpen: true
        })
        yield* send(HELLO)
        yield* said("\"id\":0")
        yield* closeStdout
        yield* send(request(1, "tools/list"))
        assert.strictEqual((yield* ended).code, 0)
      }))
  })
})
