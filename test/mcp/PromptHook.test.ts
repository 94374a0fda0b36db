import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { appendFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import * as App from "../../src/App.ts"
import { MAX_HOOK_CHARS } from "../../src/domain/Injection.ts"
import * as Ask from "../../src/hook/Ask.ts"
import * as HookFailures from "../../src/hook/Failures.ts"
import { decode } from "../../src/hook/RecordLines.ts"
import * as Servers from "../../src/hook/Servers.ts"
import { OpenError, type Opening } from "../../src/mcp/Serving.ts"
import * as Environment from "../../src/process/Environment.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { DEFAULT_TOKENS } from "../../src/settings/Early.ts"
import * as Reading from "../../src/settings/Reading.ts"
import { StoreError } from "../../src/store/MemoryStore.ts"
import { samples, slow } from "../data.ts"
import { type ModelServer, modelServer, statementsOf } from "../models/server.ts"
import { owned } from "../resources/owned.ts"
import { connect, openingOf, Remembered, SHOP, textOf, until } from "./mcp.ts"

const prompt = (session_id: string) => ({
  prompt: "why does the connection pool hand out no client?",
  session_id,
  cwd: SHOP
})

/** Gives a prompt's hook time on a busy machine. */
const patient = ConfigProvider.fromMap(new Map([["CLAUDE_MEMORY_HOOK_MS", "20000"]]))

const idsIn = (text: string): ReadonlyArray<string> => text.match(/\[[0-9a-f]{8}\]/g) ?? []

/** Asks the servers of a home as the hook program of a session does. */
const askedBy = (home: string, sessionId: string) =>
  Effect.promise(() => {
    const input = { ...prompt(sessionId), hook_event_name: "UserPromptSubmit" }
    const request = {
      form: Ask.FORM,
      settings: Environment.settings(),
      entryPoint: "cli",
      input,
      limit: 20_000
    } as const
    return Ask.ask(Servers.serversIn(home), request, 20_000)
  })

/** Opens a memory of the samples, with models of a fake server, as the server's program does. */
const withModels = <A, E, R>(
  name: string,
  settings: Readonly<Record<string, string>>,
  use: (opening: Opening, server: ModelServer) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function*() {
    const server = yield* modelServer
    const home = join(yield* Reading.home, name)
    const provider = ConfigProvider.fromMap(
      new Map(Object.entries({
        CLAUDE_MEMORY_HOME: home,
        CLAUDE_MEMORY_HOOK_MS: "20000",
        CLAUDE_MEMORY_SESSION_START_MS: "20000",
        CLAUDE_MEMORY_INJECT: "comprehensive",
        CLAUDE_PROJECT_DIR: SHOP,
        VLLM_BASE_URL: server.baseUrl,
        ...settings
      }))
    )
    return yield* Effect.withConfigProvider(
      Effect.gen(function*() {
        // Of its own, since another memory is open beside it.
        const ledger = yield* Layer.build(Layer.fresh(ResourceLedger.layer))
        const opening = yield* Effect.provide(owned(App.openForMcp), ledger)
        const memory = yield* opening.memory
        yield* Stream.runDrain(memory.ingest(yield* memory.discover([samples])))
        return yield* use(opening, server)
      }),
      provider
    )
  })

/** Answers a prompt in each of the ways in which servers do; returns the texts. */
const answeredInAllWays = (opening: Opening, sessionId: string) =>
  Effect.scoped(Effect.gen(function*() {
    const { text } = yield* connect({ open: Effect.succeed(opening) })
    const home = Option.getOrThrow(opening.home)
    yield* until(Effect.sync(() => Servers.serversIn(home).length === 1))
    const called = JSON.parse(yield* text("prompt", prompt(`${sessionId}-1`)))
    const asked = yield* askedBy(home, `${sessionId}-2`)
    const memory = yield* opening.memory
    const input = { ...prompt(`${sessionId}-3`), hook_event_name: "UserPromptSubmit" } as const
    return [
      called.hookSpecificOutput.additionalContext as string,
      asked?.text,
      yield* memory.hook(input, { mode: "comprehensive", maxTokens: DEFAULT_TOKENS })
    ]
  }))

describe("a prompt's hook, answered by the MCP server", () => {
  layer(Remembered.layer, { excludeTestServices: true })((it) => {
    it.scoped("brings what a command would print, and nothing twice", () =>
      Effect.gen(function*() {
        const { text } = yield* connect()
        const first = yield* text("prompt", prompt("one"))
        const { hookSpecificOutput } = JSON.parse(first)
        assert.strictEqual(hookSpecificOutput.hookEventName, "UserPromptSubmit")
        assert.match(hookSpecificOutput.additionalContext, /^<claude-memory>[\s\S]*pool[\s\S]*<\/claude-memory>$/)
        const again = idsIn(yield* text("prompt", prompt("one")))
        assert.isFalse(idsIn(first).some((id) => again.includes(id)))
        assert.deepStrictEqual(idsIn(yield* text("prompt", prompt("two"))), idsIn(first))
      }).pipe(Effect.withConfigProvider(patient)))

    it.scoped("returns nothing where there is no memory yet, which is no failure", () =>
      Effect.gen(function*() {
        const home = yield* Reading.home
        mkdirSync(home, { recursive: true })
        const missing = new StoreError({ reason: "Missing", operation: "open", detail: "nothing", cause: undefined })
        const opening = openingOf(yield* Remembered)
        const answered = yield* Effect.scoped(
          Effect.flatMap(
            connect({ open: Effect.succeed({ ...opening, prompts: Effect.fail(missing) }) }),
            ({ call }) => call("prompt", prompt("four"))
          )
        )
        assert.isNotTrue(answered.isError)
        assert.strictEqual(textOf(answered), "")
        assert.deepStrictEqual(yield* Effect.provide(HookFailures.read(home), NodeContext.layer), [])
      }).pipe(Effect.withConfigProvider(patient)))

    it.scoped("returns nothing when the memory can't be opened or takes too long, and records that for doctor", () =>
      Effect.gen(function*() {
        const home = yield* Reading.home
        mkdirSync(home, { recursive: true })
        const { memory } = yield* Remembered
        for (
          const options of [
            { open: Effect.fail(new OpenError({ detail: "the disk is gone" })) },
            { opened: { memory: { ...memory, hook: () => Effect.never } } }
          ]
        ) {
          const answered = yield* Effect.scoped(
            Effect.flatMap(connect(options), ({ call }) => call("prompt", prompt("three")))
          )
          assert.isNotTrue(answered.isError)
          assert.strictEqual(textOf(answered), "")
        }
        const failures = yield* Effect.provide(HookFailures.read(home), NodeContext.layer)
        assert.deepStrictEqual(failures.map(({ event }) => event), ["UserPromptSubmit", "UserPromptSubmit"])
        assert.include(failures[0]?.detail, "the disk is gone")
        assert.strictEqual(failures[1]?.detail, "took longer than 1000 ms")
        // A full disk cut the last line off.
        appendFileSync(join(home, "hook-failures.jsonl"), "{\"at\":1,")
        yield* Effect.provide(HookFailures.recordIn(home, "UserPromptSubmit", "after it"), NodeContext.layer)
        const later = yield* Effect.provide(HookFailures.read(home), NodeContext.layer)
        assert.deepStrictEqual(later.map(({ detail }) => detail).slice(2), ["after it"])
      }))

    it.scoped("answers a hook program that gave up waiting before as if nothing had been told", () =>
      Effect.gen(function*() {
        const home = join(yield* Reading.home, "impatient")
        yield* connect({ open: Effect.succeed({ ...openingOf(yield* Remembered), home: Option.some(home) }) })
        yield* until(Effect.sync(() => Servers.serversIn(home).length === 1))
        const ask = askedBy(home, "seven")
        const given = yield* ask
        assert.include(given?.text, "pool")
        assert.deepStrictEqual((yield* ask)?.text, given?.text)
        const [sent] = given?.lines.map(decode) ?? []
        // Told by session, recorded as found.
        assert.deepStrictEqual(
          sent?.ids.map((id) => `[${id.slice(0, 8)}]`).toSorted(),
          idsIn(given?.text ?? "").toSorted()
        )
      }).pipe(Effect.withConfigProvider(patient)))

    it.scoped("leaves a prompt to its hook program where the memory can't be read, which may be so for this server alone", () =>
      Effect.gen(function*() {
        const home = join(yield* Reading.home, "unreadable")
        const opening = { ...openingOf(yield* Remembered), home: Option.some(home) }
        const asked = (prompts: Opening["prompts"]) =>
          Effect.scoped(Effect.gen(function*() {
            const { text } = yield* connect({ open: Effect.succeed({ ...opening, prompts }) })
            yield* until(Effect.sync(() => Servers.serversIn(home).length === 1))
            const answer = yield* askedBy(home, "five")
            return { answer, called: yield* text("prompt", prompt("six")) }
          }))
        const failed = yield* asked(Effect.fail(new OpenError({ detail: "no descriptor is left" })))
        assert.deepStrictEqual(failed, { answer: undefined, called: "" })
        const missing = yield* asked(Effect.fail(new OpenError({ detail: "nothing", isMissing: true })))
        assert.deepStrictEqual(missing, { answer: { text: "", lines: [] }, called: "" })
        assert.include((yield* asked(opening.prompts)).answer?.text, "pool")
      }).pipe(Effect.withConfigProvider(patient)))

    slow(it.scoped)(
      "asks no model that reranks, also while the server warms up; the tools ask it",
      () =>
        withModels("reranked", { CLAUDE_MEMORY_RERANK: "vllm:ranker" }, (opening, { seen }) =>
          Effect.gen(function*() {
            assert.isTrue(opening.isWarmed)
            for (const text of yield* answeredInAllWays(opening, "reranked")) assert.include(text, "pool")
            assert.deepStrictEqual(seen.paths, [])
            const { text } = yield* connect({ open: Effect.succeed(opening) })
            yield* text("search", { query: "connection pool" })
            assert.deepStrictEqual(seen.paths, ["/v1/rerank"])
            yield* text("inject", { original_prompt: "connection pool" })
            assert.deepStrictEqual(seen.paths, ["/v1/rerank", "/v1/rerank"])
          }))
    )

    slow(it.scoped)(
      "tells a background that is there already, and has none made; the tool has one made",
      () =>
        withModels(
          "fused",
          { CLAUDE_MEMORY_LIGHT: "vllm:talker", CLAUDE_MEMORY_FUSION: "20000" },
          (opening, server) =>
            Effect.gen(function*() {
              server.says = statementsOf
              assert.isTrue(opening.isWarmed)
              const [list, ...others] = yield* answeredInAllWays(opening, "listed")
              assert.include(list, "pool")
              assert.deepStrictEqual(others, [list, list])
              assert.deepStrictEqual(server.seen.paths, [])

              const memory = yield* opening.memory
              const { id } = yield* memory.project(SHOP)
              const made = yield* memory.inject({
                prompt: prompt("").prompt,
                projects: [id],
                mode: "comprehensive",
                maxTokens: DEFAULT_TOKENS,
                maxChars: MAX_HOOK_CHARS
              })
              assert.deepStrictEqual([made.background, made.degraded], [true, []])
              assert.deepStrictEqual(server.seen.paths, ["/v1/chat/completions"])
              assert.deepStrictEqual(yield* answeredInAllWays(opening, "fused"), [made.text, made.text, made.text])
              assert.lengthOf(server.seen.paths, 1)

              const { text } = yield* connect({ open: Effect.succeed(opening) })
              assert.include(
                yield* text("inject", { original_prompt: "connection pool", injection_mode: "comprehensive" }),
                "Background that a model put together"
              )
              assert.lengthOf(server.seen.paths, 2)
            })
        )
    )
  })
})
