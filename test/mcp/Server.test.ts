import { assert, describe, layer } from "@effect/vitest"
import { type CallToolResult, McpError } from "@modelcontextprotocol/sdk/types.js"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { StoreError } from "../../src/store/MemoryStore.ts"
import { slow } from "../data.ts"
import * as HandleCounts from "../leaks/HandleCounts.ts"
import { connect, type Connection, openingOf, Remembered, SHOP, textOf, until } from "./mcp.ts"

const locked = new StoreError({
  reason: "Locked",
  operation: "open",
  detail: "another process keeps memory.db locked; try again when it has finished",
  cause: undefined
})

/** Returns the protocol error of a request that must fail. */
const errorOf = (request: () => Promise<unknown>) =>
  Effect.promise(() =>
    request().then(() => assert.fail("it was answered"), (error: unknown) => {
      assert.instanceOf(error, McpError)
      const { code, data, message } = error as McpError
      return { code, data, message: message.replace(`MCP error ${code}: `, "") }
    })
  )

interface Health {
  readonly ok: boolean
  readonly checks: ReadonlyArray<{ readonly name: string; readonly state: string; readonly detail: string }>
}

const healthOf = ({ call }: Connection) =>
  Effect.map(call("health"), ({ structuredContent }) => structuredContent as unknown as Health)

/** A memory whose searches wait until the gate opens. */
const waiting = Effect.gen(function*() {
  const remembered = yield* Remembered
  const gate = yield* Deferred.make<void>()
  const running = yield* Ref.make(0)
  const interrupted = yield* Ref.make(0)
  const search: typeof remembered.memory.search = (query) =>
    Effect.zipRight(Ref.update(running, (n) => n + 1), Deferred.await(gate)).pipe(
      Effect.zipRight(remembered.memory.search(query)),
      Effect.onInterrupt(() => Ref.update(interrupted, (n) => n + 1)),
      Effect.ensuring(Ref.update(running, (n) => n - 1))
    )
  return {
    opened: { memory: { ...remembered.memory, search } },
    gate: Deferred.succeed(gate, undefined),
    running: Ref.get(running),
    interrupted: Ref.get(interrupted)
  }
})

describe("the MCP server", () => {
  layer(Remembered.layer, { excludeTestServices: true })((it) => {
    it.scoped("shakes hands, lists and answers pings while the memory is being opened, which is done once", () =>
      Effect.gen(function*() {
        const opens = yield* Ref.make(0)
        const gate = yield* Deferred.make<void>()
        const opening = openingOf(yield* Remembered)
        const open = Ref.update(opens, (n) => n + 1).pipe(
          Effect.zipRight(Deferred.await(gate)),
          Effect.as(opening)
        )
        const { call, client } = yield* connect({ open })
        assert.deepInclude(client.getServerVersion(), { name: "claude-memory", title: "Claude Memory" })
        assert.isBelow(client.getInstructions()?.length ?? 0, 2_000)
        yield* Effect.promise(async () => {
          await client.ping()
          await client.listTools()
          await client.listPrompts()
          await client.listResourceTemplates()
          assert.lengthOf((await client.listResources()).resources, 2)
        })
        yield* until(Effect.map(Ref.get(opens), (n) => n === 1))
        yield* Deferred.succeed(gate, undefined)
        yield* Effect.all(Array.from({ length: 20 }, () => call("search", { query: "error" })), {
          concurrency: "unbounded"
        })
        assert.strictEqual(yield* Ref.get(opens), 1)
      }))

    it.scoped("opens what prompts need at once and asks it a question, before the rest", () =>
      Effect.gen(function*() {
        const order: Array<string> = []
        const note = (what: string) => Effect.sync(() => void order.push(what))
        const { memory, ...rest } = openingOf(yield* Remembered)
        const rested = yield* Deferred.make<void>()
        const warm = (folder: string) => note(`warm ${folder}`)
        yield* connect({
          open: Effect.succeed({
            ...rest,
            prompts: Effect.zipRight(note("prompts"), Effect.map(memory, (memory) => ({ ...memory, warm }))),
            memory: Effect.zipLeft(Effect.zipRight(note("memory"), memory), Deferred.succeed(rested, undefined))
          })
        })
        yield* Deferred.await(rested)
        assert.deepStrictEqual(order, ["prompts", `warm ${SHOP}`, "memory"])
      }))

    it.scoped("opens the memory by itself when nobody calls, and says that there is more to attach", () =>
      Effect.gen(function*() {
        const { client } = yield* connect()
        const changed = yield* Deferred.make<void>()
        client.fallbackNotificationHandler = async ({ method }) => {
          if (method === "notifications/resources/list_changed") Deferred.unsafeDone(changed, Effect.void)
        }
        yield* Deferred.await(changed)
        const { resources } = yield* Effect.promise(() => client.listResources())
        assert.isAbove(resources.length, 10)
        for (const { uri } of resources) {
          const { contents: [content] } = yield* Effect.promise(() => client.readResource({ uri }))
          assert.include(
            content && "text" in content ? content.text : "",
            uri === "memory://status" ? "shop-api" : "<claude-memory>"
          )
        }
      }))

    slow(it.scoped)("has no more fibers, however many requests it has answered", () =>
      Effect.gen(function*() {
        const { call, client } = yield* connect()
        const requests = Effect.zipRight(
          call("search", { query: "error" }),
          Effect.promise(async () => {
            await client.listResources()
            await client.readResource({ uri: "memory://status" })
            await client.getPrompt({ name: "recall", arguments: { topic: "error" } })
          })
        )
        yield* requests
        const before = yield* HandleCounts.liveFibers
        for (let i = 0; i < 10; i++) yield* requests
        const more = Effect.map(HandleCounts.liveFibers, (after) => after - before)
        yield* Effect.repeat(Effect.delay(more, "20 millis"), { until: (n) => n < 5, times: 50 })
        assert.isBelow(yield* more, 5)
      }))

    it.scoped("reports why the memory can't be opened to each caller, and tries again for the next", () =>
      Effect.gen(function*() {
        const opening = openingOf(yield* Remembered)
        const isLocked = yield* Ref.make(true)
        const connection = yield* connect({
          open: Effect.flatMap(Ref.get(isLocked), (is) => is ? Effect.fail(locked) : Effect.succeed(opening))
        })
        const refused = yield* connection.call("search", { query: "error" })
        assert.isTrue(refused.isError)
        assert.strictEqual(textOf(refused), `${locked.message}. The next call tries again.`)
        const uri = "memory://sessions"
        assert.deepInclude(yield* errorOf(() => connection.client.readResource({ uri })), {
          code: -32603,
          message: textOf(refused)
        })
        const health = yield* healthOf(connection)
        assert.isFalse(health.ok)
        assert.deepInclude(health.checks, { name: "memory", state: "wrong", detail: textOf(refused) })
        yield* Ref.set(isLocked, false)
        assert.isNotTrue((yield* connection.call("search", { query: "error" })).isError)
      }))

    it.scoped("reports the progress of a call to a caller that asks for it", () =>
      Effect.gen(function*() {
        const { client } = yield* connect()
        const messages: Array<string> = []
        const numbers: Array<number> = []
        const call = (name: string, args: Record<string, unknown>) =>
          Effect.promise(() =>
            client.callTool({ name: `claude_memory_${name}`, arguments: args }, undefined, {
              onprogress: ({ message = "", progress }) => {
                messages.push(message)
                numbers.push(progress)
              }
            })
          )
        yield* call("cross_project_search", { query: "error", include_all_projects: true })
        assert.deepStrictEqual(messages.slice(0, 2), ["opening the memory", "searching"])
        assert.match(messages[2] ?? "", /^\d+ memories in 3 projects so far$/)
        assert.deepStrictEqual(numbers, messages.map((_, i) => i + 1))
      }))

    it.scoped("interrupts a call that is cancelled, and never answers it", () =>
      Effect.gen(function*() {
        const { gate, interrupted, opened, running } = yield* waiting
        const { client } = yield* connect({ opened })
        const controller = new AbortController()
        const call = client.callTool({ name: "claude_memory_search", arguments: { query: "x" } }, undefined, {
          signal: controller.signal
        })
        yield* until(Effect.map(running, (n) => n === 1))
        controller.abort("enough")
        yield* Effect.promise(() => call.then(() => assert.fail("it was answered"), () => undefined))
        yield* until(Effect.map(interrupted, (n) => n === 1))
        assert.strictEqual(yield* running, 0)
        yield* gate
        const errors: Array<Error> = []
        client.onerror = (error) => errors.push(error)
        yield* Effect.promise(() => client.ping())
        assert.isEmpty(errors, "an answer that nobody waits for")
      }))

    slow(it.scoped)("answers a burst of 1,000 calls, none lost, some at a time", () =>
      Effect.gen(function*() {
        const { gate, opened, running } = yield* waiting
        const { call } = yield* connect({ opened })
        const answers = yield* Effect.fork(Effect.all(
          Array.from({ length: 1_000 }, (_, i) =>
            i % 10 === 0 ? call("search", { query: "x" }) : call("forget", { ids: [] })),
          { concurrency: "unbounded" }
        ))
        yield* until(Effect.map(running, (n) =>
          n === 8))
        yield* gate
        const results = yield* Fiber.join(answers)
        assert.strictEqual(results.filter(({ isError }) => isError === true).length, 900)
        assert.strictEqual(results.filter(({ structuredContent }) => structuredContent !== undefined).length, 100)
      }))

    it.scoped("answers in the order of completion", () =>
      Effect.gen(function*() {
        const { gate, opened } = yield* waiting
        const { call } = yield* connect({ opened })
        const search = yield* Effect.fork(call("search", { query: "x" }))
        assert.isNotTrue((yield* call("status")).isError)
        yield* gate
        assert.isNotTrue((yield* Fiber.join(search)).isError)
      }))

    it.effect("that ends interrupts what is in flight and leaves nothing open", () =>
      Effect.gen(function*() {
        const { interrupted, opened, running } = yield* waiting
        const ledger = yield* ResourceLedger
        const before = yield* ledger.snapshot
        const scope = yield* Scope.make()
        const { client } = yield* Scope.extend(connect({ opened }), scope)
        const calls = Array.from({ length: 20 }, () =>
          client.callTool({ name: "claude_memory_search", arguments: { query: "x" } }).catch((error: Error) =>
            error
          ))
        yield* until(Effect.map(running, (n) => n === 8))
        yield* Scope.close(scope, Exit.void)
        for (const outcome of yield* Effect.promise(() => Promise.all(calls))) assert.instanceOf(outcome, McpError)
        assert.strictEqual(yield* interrupted, 8)
        assert.strictEqual(yield* running, 0)
        assert.deepStrictEqual(yield* ledger.snapshot, before)
      }))

    it.scoped("answers a call that fails with a defect, and logs it", () =>
      Effect.gen(function*() {
        const remembered = yield* Remembered
        const logged: Array<string> = []
        const logger = Logger.make(({ cause, message }) =>
          void logged.push(`${String(message)}: ${Cause.pretty(cause)}`)
        )
        const { call } = yield* connect({
          opened: { memory: { ...remembered.memory, search: () => Effect.dieMessage("kaboom") } }
        }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
        const result: CallToolResult = yield* call("search", { query: "x" })
        assert.isTrue(result.isError)
        assert.match(textOf(result), /^claude_memory_search failed because of a bug, which is logged on stderr/)
        assert.notInclude(textOf(result), "kaboom")
        assert.match(logged.join(), /claude_memory_search failed.*kaboom/s)
      }))

    it.scoped("runs background work, survives its failure and reports it", () =>
      Effect.gen(function*() {
        const times = yield* Ref.make(0)
        const connection = yield* connect({
          background: [{
            name: "capture",
            run: () => Effect.zipRight(Ref.update(times, (n) => n + 1), Effect.fail(locked))
          }]
        }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
        yield* until(Effect.map(Ref.get(times), (n) => n > 0))
        const { checks, ok } = yield* healthOf(connection)
        assert.isFalse(ok)
        assert.include(checks.find(({ name }) => name === "capture")?.detail, locked.message)
        yield* until(Effect.map(Ref.get(times), (n) => n > 1))
        assert.isNotTrue((yield* connection.call("search", { query: "x" })).isError)
      }))

    it.scoped("reads resources by their address, and says of others that there is none", () =>
      Effect.gen(function*() {
        const { memory } = yield* Remembered
        const { client } = yield* connect()
        const { units: [unit] } = yield* memory.timeline({
          projects: [(yield* memory.project(SHOP)).id],
          limit: 1,
          sessionId: undefined,
          around: undefined,
          cursor: undefined
        })
        const read = (uri: string) =>
          Effect.promise(async () => {
            const { contents: [content] } = await client.readResource({ uri })
            return content !== undefined && "text" in content ? content.text : ""
          })
        assert.include(yield* read(`memory://units/${unit!.id}`), unit!.title)
        assert.include(yield* read(`memory://sessions/${unit!.sessionId}`), unit!.title)
        assert.include(yield* read("memory://sessions"), unit!.sessionId)
        assert.isAbove((JSON.parse(yield* read("memory://status")) as { readonly memories: number }).memories, 50)
        for (
          const uri of [
            "memory://units/zzz",
            "memory://units/",
            "memory://units/%E0%A4%A",
            "memory://units/../status",
            "memory://sessions/zzz",
            "memory://other",
            "file:///etc/passwd"
          ]
        ) {
          assert.deepStrictEqual(yield* errorOf(() => client.readResource({ uri })), {
            code: -32002,
            message: "Resource not found",
            data: { uri }
          })
        }
        const completed = (uri: string, value: string) =>
          Effect.promise(async () =>
            (await client.complete({ ref: { type: "ref/resource", uri }, argument: { name: "id", value } })).completion
              .values
          )
        assert.deepStrictEqual(yield* completed("memory://units/{id}", unit!.id.slice(0, 12)), [unit!.id])
        assert.include(yield* completed("memory://sessions/{id}", ""), unit!.sessionId)
        assert.deepStrictEqual(yield* completed("memory://none/{id}", ""), [])
      }))

    it.scoped("offers prompts: to recall a subject, and to review what was done", () =>
      Effect.gen(function*() {
        const { client } = yield* connect()
        const prompt = (name: string, args?: Record<string, string>) =>
          Effect.promise(async () => {
            const { messages: [message] } = await client.getPrompt({
              name,
              ...(args !== undefined && { arguments: args })
            })
            return message?.content.type === "text" ? message.content.text : ""
          })
        assert.match(
          yield* prompt("recall", { topic: "20 connections of the pool" }),
          /^<claude-memory>[\s\S]*what is known of this: 20/
        )
        assert.match(yield* prompt("recall", { topic: "zebra quagga" }), /^Nothing that is remembered/)
        assert.match(yield* prompt("review", { days: "365" }), /^<claude-memory>[\s\S]*last 365 days in this project/)
        for (
          const [name, args, message] of [
            ["recall", undefined, "recall: topic is missing; say what to recall"],
            ["review", { days: "soon" }, "review: days is a whole number from 1 to 365, not soon"],
            ["none", undefined, "Prompt none not found"]
          ] as const
        ) {
          const error = yield* errorOf(() => client.getPrompt({ name, ...(args !== undefined && { arguments: args }) }))
          assert.deepStrictEqual(error, { code: -32602, message, data: undefined })
        }
      }))

    it.scoped("refuses other tools and methods", () =>
      Effect.gen(function*() {
        const { client } = yield* connect()
        assert.deepStrictEqual(yield* errorOf(() => client.callTool({ name: "rm" })), {
          code: -32602,
          message: "Tool rm not found",
          data: undefined
        })
      }))
  })
})
