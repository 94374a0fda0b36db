/**
 * `serve` as the MCP server that all sessions share: spawned, asked by the official client over streamable HTTP.
 */
// @effect-diagnostics globalFetchInEffect:off
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { type CallToolResult, ElicitRequestSchema, ListRootsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { slow } from "../data.ts"
import * as Connected from "./connected.ts"
import { hook, leftovers, main, makeHome, makeImported, run, start } from "./run.ts"

const { dataOf, textOf } = Connected

class Home extends Context.Tag("test/Home")<Home, string>() {
  static readonly layer = Layer.scoped(this, makeImported).pipe(Layer.provideMerge(NodeContext.layer))
}

const SHOP = "/home/mei/work/shop-api"
const PROJECT = "x-claude-memory-project"

/** Starts the server of a home; returns its address and token. */
const serve = (home: string, args: ReadonlyArray<string> = ["--no-capture"], env: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const program = yield* start([main, "serve", "--port", "0", "--json", ...args], {
      home,
      env,
      staysOpen: true,
      killAfterMs: 60_000
    })
    yield* program.waitForText("\n")
    const { url } = JSON.parse(yield* program.stdout)
    const token = readFileSync(join(home, ".claude-memory", "token"), "utf8").trim()
    return { ...program, url: new URL("/mcp", url), token }
  })
type Served = Effect.Effect.Success<ReturnType<typeof serve>>

interface Asks {
  readonly headers?: Readonly<Record<string, string>>
  /** Folders that the client says are its roots. */
  readonly roots?: ReadonlyArray<string>
  /** Answers what the server asks the user. */
  readonly consents?: boolean
}

/** Connects the official client. */
const connect = ({ token, url }: Pick<Served, "token" | "url">, { consents, headers, roots }: Asks = {}) =>
  Effect.gen(function*() {
    const transport = new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: `Bearer ${token}`, ...headers } },
      reconnectionOptions: {
        maxRetries: 0,
        initialReconnectionDelay: 1,
        maxReconnectionDelay: 1,
        reconnectionDelayGrowFactor: 1
      }
    })
    const client = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const client = new Client({ name: "test", version: "0" }, {
          capabilities: { ...(roots && { roots: {} }), ...(consents !== undefined && { elicitation: {} }) }
        })
        if (roots !== undefined) {
          client.setRequestHandler(ListRootsRequestSchema, () => ({
            roots: roots.map((path) => ({ uri: pathToFileURL(path).href }))
          }))
        }
        if (consents !== undefined) {
          client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { agreed: consents } }))
        }
        // The SDK's own types differ in what may be undefined.
        await client.connect(transport as Parameters<Client["connect"]>[0])
        await client.listTools()
        return client
      }),
      (client) => Effect.promise(() => client.close())
    )
    const call = (name: string, args: Record<string, unknown> = {}) =>
      Effect.promise(async () =>
        await client.callTool({ name: `claude_memory_${name}`, arguments: args }) as CallToolResult
      )
    return { client, call, transport }
  })

const projectsIn = (result: CallToolResult) =>
  (dataOf(result)["memories"] as unknown as ReadonlyArray<{ readonly project: string }>).map(({ project }) => project)

const interrupted = ({ ended, kill }: Served) => Effect.zipRight(kill("SIGINT"), ended)

describe("MCP over HTTP, for all sessions", () => {
  layer(Home.layer, { timeout: "60 seconds", excludeTestServices: true })((it) => {
    slow(it.scoped)(
      "answers the official client as over stdio: every tool, resources, prompts",
      () =>
        Effect.gen(function*() {
          const home = yield* Home
          const served = yield* serve(home, ["--no-capture"], { CLAUDE_MEMORY_HOOK_MS: "20000" })
          const { call, client } = yield* connect(served, { headers: { [PROJECT]: SHOP } })
          const there = yield* Effect.scoped(
            Effect.flatMap(
              Connected.connect(home, { CLAUDE_PROJECT_DIR: SHOP }),
              ({ client }) => Effect.promise(() => client.listTools())
            )
          )
          const here = yield* Effect.promise(() => client.listTools())
          assert.deepStrictEqual(here.tools.map(({ name }) => name), there.tools.map(({ name }) => name))
          const { memories: [found] } = dataOf(
            yield* call("search", { query: "pool of 20 connections" })
          ) as unknown as {
            readonly memories: ReadonlyArray<{ readonly id: string; readonly project: string }>
          }
          assert.strictEqual(found?.project, "shop-api")
          assert.isNotEmpty(dataOf(yield* call("get", { id: found!.id }))["evidence"])
          assert.isNotEmpty(dataOf(yield* call("timeline", { around: found!.id }))["memories"])
          assert.isNotEmpty(
            dataOf(yield* call("cross_project_search", { query: "error", include_all_projects: true }))["memories"]
          )
          assert.match(textOf(yield* call("inject", { original_prompt: "pool of 20 connections" })), /pool/)
          const { id, project } = dataOf(yield* call("save", { content: "Deployments are on Thursdays." }))
          assert.strictEqual(project, "shop-api")
          assert.strictEqual(dataOf(yield* call("edit", { id, title: "Deployments" }))["title"], "Deployments")
          assert.deepStrictEqual(dataOf(yield* call("forget", { ids: [id] }))["forgotten"], [id])
          assert.strictEqual(dataOf(yield* call("undo"))["undone"], "forget")
          assert.match(textOf(yield* call("status")), /This project, shop-api: /)
          assert.isTrue(dataOf(yield* call("health", { detailed: true }))["ok"])
          const prompt = { prompt: "why does the connection pool hand out no client?", session_id: "s", cwd: SHOP }
          assert.isNotTrue((yield* call("prompt", prompt)).isError)
          yield* Effect.promise(async () => {
            await client.readResource({ uri: `memory://units/${found!.id}` })
            await client.readResource({ uri: "memory://status" })
            assert.isAbove((await client.listResources()).resources.length, 10)
            assert.lengthOf((await client.listResourceTemplates()).resourceTemplates, 2)
            assert.lengthOf((await client.getPrompt({ name: "recall", arguments: { topic: "error" } })).messages, 1)
          })
          yield* Effect.promise(() => client.close())
          const { code, stderr } = yield* interrupted(served)
          assert.strictEqual(code, 130, stderr)
          assert.strictEqual(stderr, "")
          assert.deepStrictEqual(leftovers(readdirSync(join(home, ".claude-memory"))), [])
          assert.isFalse(existsSync(join(home, ".claude-memory", "run")))
        })
    )

    slow(it.scoped)(
      "takes the project from the header, else from the first root, else says what to do",
      () =>
        Effect.gen(function*() {
          const served = yield* serve(yield* Home)
          const search = { query: "error", limit: 20 }
          const ofBoth = yield* connect(served, { headers: { [PROJECT]: "rust-indexer" }, roots: [SHOP] })
          const indexer = projectsIn(yield* ofBoth.call("search", search))
          assert.isNotEmpty(indexer)
          assert.isTrue(indexer.every((name) => name === "rust-indexer"), indexer.join())
          const ofRoots = yield* connect(served, { roots: [SHOP, "/home/mei/work/rust-indexer"] })
          const shop = projectsIn(yield* ofRoots.call("search", search))
          assert.isNotEmpty(shop)
          assert.isTrue(shop.every((name) => name === "shop-api"), shop.join())
          const saved = yield* ofRoots.call("save", { content: "Invoices are sent on Mondays." })
          assert.strictEqual(dataOf(saved)["project"], "shop-api")

          for (const asks of [{}, { roots: [] }]) {
            const ofNone = yield* connect(served, asks)
            for (
              const [name, args] of [
                ["search", search],
                ["inject", { original_prompt: "error" }],
                ["timeline", {}],
                ["save", { content: "x" }]
              ] as const
            ) {
              const refused = yield* ofNone.call(name, args)
              assert.isTrue(refused.isError, name)
              assert.match(textOf(refused), /X-Claude-Memory-Project[\s\S]*headersHelper/)
            }
            assert.match(textOf(yield* ofNone.call("status")), /This project: nothing says/)
            assert.lengthOf((yield* Effect.promise(() => ofNone.client.listResources())).resources, 2)
            // What is asked for by name is found.
            assert.isNotEmpty(projectsIn(yield* ofNone.call("search", { ...search, project_id: "shop-api" })))
          }
          const ofUnknown = yield* connect(served, { headers: { [PROJECT]: "/home/nobody/nothing" }, roots: [SHOP] })
          assert.match(textOf(yield* ofUnknown.call("search", search)), /no project is called \/home\/nobody\/nothing/)
        })
    )

    slow(it.scoped)(
      "keeps two sessions and their projects apart, asked at the same time",
      () =>
        Effect.gen(function*() {
          const served = yield* serve(yield* Home)
          const clients = yield* Effect.forEach(["shop-api", "rust-indexer"], (name) =>
            Effect.map(connect(served, { headers: { [PROJECT]: name } }), ({ call, transport }) => ({
              name,
              call,
              id: transport.sessionId
            })))
          assert.notStrictEqual(clients[0]!.id, clients[1]!.id)
          const searches = clients.flatMap(({ call, name }) =>
            Array.from({ length: 20 }, () =>
              Effect.map(call("search", { query: "error", limit: 20 }), (result) => {
                const found = projectsIn(result)
                assert.isNotEmpty(found)
                assert.isTrue(
                  found.every((each) =>
                    each === name
                  ),
                  `${name}: ${found.join()}`
                )
              }))
          )
          yield* Effect.all(searches, { concurrency: "unbounded", discard: true })
        })
    )

    slow(it.scoped)("keeps to its project where the setting says so", () =>
      Effect.gen(function*() {
        const served = yield* serve(yield* Home, ["--no-capture"], { CLAUDE_MEMORY_ISOLATION: "strict" })
        const known = yield* connect(served, { headers: { [PROJECT]: SHOP } })
        assert.match(
          textOf(yield* known.call("search", { query: "x", project_id: "global" })),
          /^CLAUDE_MEMORY_ISOLATION is strict/
        )
        assert.isNotEmpty(projectsIn(yield* known.call("search", { query: "error" })))
        const unknown = yield* connect(served)
        for (const name of ["search", "status"]) {
          const refused = yield* unknown.call(name, name === "search" ? { query: "x", project_id: "global" } : {})
          assert.isTrue(refused.isError)
          assert.match(textOf(refused), /nothing says in which project/)
        }
      }))

    slow(it.scoped)("asks the user of the session that calls, by a form", () =>
      Effect.gen(function*() {
        const served = yield* serve(yield* Home)
        const saved = yield* Effect.promise(async () => {
          const response = await fetch(new URL("/v1/units", served.url), {
            method: "POST",
            headers: { authorization: `Bearer ${served.token}`, "content-type": "application/json" },
            body: JSON.stringify({ project: "shop-api", content: "The keys lie in the blue box." })
          })
          return await response.json() as { readonly id: string }
        })
        const forget = (consents: boolean | undefined) =>
          Effect.scoped(Effect.gen(function*() {
            const { call } = yield* connect(served, {
              headers: { [PROJECT]: SHOP },
              ...(consents !== undefined && { consents })
            })
            return yield* call("forget", { ids: [saved.id] })
          }))
        assert.match(textOf(yield* forget(undefined)), /which this one can't/)
        assert.match(textOf(yield* forget(false)), /the user did not agree/)
        assert.deepStrictEqual(dataOf(yield* forget(true))["forgotten"], [saved.id])
      }))

    slow(it.scoped)(
      "needs the token and its own host, ends by DELETE, and tells what it does not take",
      () =>
        Effect.gen(function*() {
          const served = yield* serve(yield* Home)
          const { transport } = yield* connect(served)
          const id = transport.sessionId!
          const ask = (
            headers: Readonly<Record<string, string>>,
            method = "POST",
            body: string | undefined = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
          ) =>
            Effect.promise(async () => {
              const response = await fetch(served.url, {
                method,
                headers: {
                  authorization: `Bearer ${served.token}`,
                  "content-type": "application/json",
                  accept: "application/json, text/event-stream",
                  ...headers
                },
                ...(method === "POST" && { body })
              })
              await response.text()
              return response.status
            })
          assert.strictEqual(yield* ask({ "mcp-session-id": id }), 200)
          assert.strictEqual(yield* ask({ "mcp-session-id": id, authorization: "Bearer none" }), 401)
          assert.strictEqual(yield* ask({ "mcp-session-id": id, origin: "http://evil.example" }), 403)
          assert.strictEqual(yield* ask({ "mcp-session-id": "another" }), 404)
          assert.strictEqual(yield* ask({}), 400)
          assert.strictEqual(yield* ask({ "mcp-session-id": id, "content-type": "text/plain" }), 415)
          assert.strictEqual(yield* ask({ "mcp-session-id": id }, "POST", "x".repeat(3_000_000)), 413)
          assert.strictEqual(yield* ask({ "mcp-session-id": id }, "PUT"), 405)
          yield* Effect.promise(() => transport.terminateSession())
          assert.strictEqual(yield* ask({ "mcp-session-id": id }), 404)
        })
    )

    slow(it.scoped)("ends its streams and answers what runs, when it is ended", () =>
      Effect.gen(function*() {
        const served = yield* serve(yield* Home)
        const { client, transport } = yield* connect(served, { headers: { [PROJECT]: SHOP } })
        const stream = yield* Effect.promise(() =>
          fetch(served.url, {
            headers: {
              authorization: `Bearer ${served.token}`,
              accept: "text/event-stream",
              "mcp-session-id": transport.sessionId!
            }
          })
        )
        const streamed = stream.text()
        const began: Array<Promise<string>> = []
        for (let i = 0; i < 30; i++) {
          began.push(
            client.callTool({ name: "claude_memory_search", arguments: { query: `error ${i}` } }).then(
              ({ isError }) => isError === true ? "failed" : "answered",
              (error: unknown) => String((error as { readonly cause?: unknown }).cause ?? error)
            )
          )
        }
        yield* Effect.promise(() => began[0]!)
        const since = performance.now()
        const { code, stderr } = yield* interrupted(served)
        assert.isBelow(performance.now() - since, 8_000)
        assert.strictEqual(code, 130, stderr)
        assert.notInclude(stderr, "leak")
        // The stream came to its end, and was not broken off.
        assert.strictEqual(yield* Effect.promise(() => streamed), ": here\n\n")
        const outcomes = yield* Effect.promise(() => Promise.all(began))
        const others = outcomes.filter((each) => each !== "answered")
        // Those that were not yet sent find nobody.
        assert.isTrue(others.every((each) => /ECONNREFUSED|ECONNRESET|other side closed/.test(each)), others.join("\n"))
        assert.isAbove(outcomes.length - others.length, 0)
      }))

    slow(it.scoped)(
      "captures what sessions write, unless it is told not to, and says so in its health",
      () =>
        Effect.gen(function*() {
          const home = yield* makeHome
          const folder = join(home, ".claude", "projects", "-home-mei-work-shop-api")
          mkdirSync(folder, { recursive: true })
          const served = yield* serve(home, [])
          const { call } = yield* connect(served, { headers: { [PROJECT]: home } })
          appendFileSync(
            join(folder, "live.jsonl"),
            `${
              JSON.stringify({
                type: "user",
                uuid: "00000000-0000-4000-8000-000000000001",
                parentUuid: null,
                sessionId: "live",
                cwd: SHOP,
                timestamp: "2026-01-01T00:00:00.000Z",
                message: { role: "user", content: "We decided to keep the vouchers in Redis." }
              })
            }\n`
          )
          yield* Effect.repeat(Effect.delay(call("status"), "200 millis"), {
            until: (status) => textOf(status).includes("of 1 session with 1 message")
          })
          const health = textOf(yield* call("health"))
          assert.match(health, /capture: runs/)
          const { code, stderr } = yield* interrupted(served)
          assert.strictEqual(code, 130, stderr)
          assert.strictEqual(stderr, "")

          const quiet = yield* serve(home)
          const other = yield* connect(quiet, { headers: { [PROJECT]: home } })
          assert.notMatch(textOf(yield* other.call("health")), /capture: runs/)
        })
    )

    slow(it.scoped)("answers the hook program of a prompt", () =>
      Effect.gen(function*() {
        const home = yield* Home
        // It answers only programs with the same settings.
        const env = { CLAUDE_MEMORY_HOOK_MS: "20000" }
        const served = yield* serve(home, ["--no-capture"], env)
        const { call } = yield* connect(served)
        const calls = Effect.map(
          call("status"),
          (status) => Number(/This server: (\d+) call/.exec(textOf(status))?.[1])
        )
        const prompted = (session_id: string) =>
          Effect.gen(function*() {
            const before = yield* calls
            const { stdout } = yield* run([hook], {
              home,
              env,
              stdin: JSON.stringify({
                hook_event_name: "UserPromptSubmit",
                session_id,
                cwd: SHOP,
                transcript_path: join(home, "none.jsonl"),
                prompt: "why does the connection pool hand out no client?"
              })
            })
            // The first question about the status, and the prompt.
            return { stdout, isAsked: (yield* calls) === before + 2 }
          })
        // On a busy machine the program does not wait for the server, and answers itself.
        for (let i = 0; i < 20; i++) {
          const { isAsked, stdout } = yield* prompted(`asked-${i}`)
          if (isAsked && stdout.includes("<claude-memory>")) return
        }
        assert.fail("the server was never asked")
      }))

    slow(it.scoped)("prints the headers of a session for Claude Code", () =>
      Effect.gen(function*() {
        const home = yield* Home
        const headers = (env: Readonly<Record<string, string>>) =>
          Effect.map(run([main, "token", "--headers"], { home, env }), ({ stdout }) => JSON.parse(stdout))
        const plain = yield* headers({})
        assert.deepStrictEqual(Object.keys(plain), ["Authorization"])
        const given = yield* headers({ CLAUDE_PROJECT_DIR: SHOP, CLAUDE_CODE_SESSION_ID: "abc" })
        assert.deepStrictEqual(given, {
          ...plain,
          "X-Claude-Memory-Project": SHOP,
          "X-Claude-Memory-Session": "abc"
        })
        const folder = join(home, "我的 shop")
        mkdirSync(folder)
        const { "X-Claude-Memory-Project": project } = yield* headers({ CLAUDE_PROJECT_DIR: folder })
        const served = yield* serve(home)
        const { call } = yield* connect(served, { headers: { [PROJECT]: project } })
        assert.match(textOf(yield* call("status")), /This project, 我的 shop: 0 memories/)

        // Whoever else listens where Claude Code looks for the server does not get the token.
        assert.deepStrictEqual(yield* headers({ CLAUDE_CODE_MCP_SERVER_URL: served.url.href }), plain)
        for (const url of ["http://127.0.0.1:1/mcp", served.url.href.replace("127.0.0.1", "localhost"), "nonsense"]) {
          const { code, stderr, stdout } = yield* run([main, "token", "--headers"], {
            home,
            env: { CLAUDE_CODE_MCP_SERVER_URL: url }
          })
          assert.deepStrictEqual([code, stdout], [1, ""], url)
          assert.include(stderr, `It runs at ${served.url.origin}`)
        }
      }))
  })
})
