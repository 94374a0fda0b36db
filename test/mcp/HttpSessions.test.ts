import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { type Answered, HttpSessions, LIMITS } from "../../src/mcp/HttpSessions.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as testing from "../../src/testing.ts"
import * as HandleCounts from "../leaks/HandleCounts.ts"

type Sessions = HttpSessions["Type"]

const ACCEPT = { accept: "application/json, text/event-stream", "content-type": "application/json" }
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "0" } }
}
const call = (id: number, name: string, args: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: `claude_memory_${name}`, arguments: args }
})

/** Messages in the body of an answer, read to its end. */
const messagesIn = ({ response, writing, written }: Answered) =>
  Effect.gen(function*() {
    yield* writing
    const text = yield* Effect.ensuring(Effect.promise(() => response.text()), written)
    return text.startsWith("event:")
      ? [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!))
      : text === ""
      ? []
      : [JSON.parse(text)]
  })

const post = (sessions: Sessions, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  sessions.answer({
    method: "POST",
    headers: { ...ACCEPT, ...headers },
    text: typeof body === "string" ? body : JSON.stringify(body)
  })

/** Begins a session; returns the headers of its requests. */
const begin = (sessions: Sessions) =>
  Effect.gen(function*() {
    const answered = yield* post(sessions, INITIALIZE)
    yield* messagesIn(answered)
    const id = answered.response.headers.get("mcp-session-id")
    assert.isString(id)
    const headers = { "mcp-session-id": id!, "mcp-protocol-version": "2025-11-25" }
    yield* post(sessions, { jsonrpc: "2.0", method: "notifications/initialized" }, headers)
    return headers
  })

/** Runs a test over an empty memory whose searches never end, and which says when one has begun and counts those that were interrupted. */
const withSessions = <A, E>(
  test: (
    sessions: Sessions,
    searches: { readonly begun: Effect.Effect<void>; readonly interrupted: () => number }
  ) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const begun = yield* Deferred.make<void>()
    let interrupted = 0
    const slow = Layer.map(testing.layer, (services) => {
      const memory = Context.get(services, ClaudeMemory)
      return Context.add(services, ClaudeMemory, {
        ...memory,
        search: (query) =>
          Deferred.succeed(begun, undefined).pipe(
            Effect.zipRight(Deferred.await(gate)),
            Effect.zipRight(memory.search(query)),
            Effect.onInterrupt(() => Effect.sync(() => interrupted++))
          )
      })
    })
    const layer = Layer.provideMerge(HttpSessions.layer({ isolation: "shared", home: Option.none() }), slow)
    return yield* Effect.provide(
      Effect.flatMap(
        HttpSessions,
        (sessions) => test(sessions, { begun: Deferred.await(begun), interrupted: () => interrupted })
      ),
      layer
    )
  })

const TMP = { "x-claude-memory-project": "/" }

describe("sessions of MCP over HTTP", () => {
  it.effect("end half an hour after the last use, but not while an answer is open", () =>
    withSessions((sessions) =>
      Effect.gen(function*() {
        const [idle, used] = [yield* begin(sessions), yield* begin(sessions)]
        const stream = yield* sessions.answer({ method: "GET", headers: { ...ACCEPT, ...used }, text: "" })
        assert.strictEqual(stream.response.status, 200)
        yield* stream.writing
        yield* TestClock.adjust(LIMITS.idleMs - 60_000)
        assert.strictEqual(sessions.count(), 2)
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual(sessions.count(), 1)
        assert.strictEqual((yield* post(sessions, call(1, "status"), idle)).response.status, 404)
        assert.strictEqual((yield* post(sessions, call(1, "status"), used)).response.status, 200)
        yield* stream.written
        yield* TestClock.adjust(LIMITS.idleMs + 60_000)
        assert.strictEqual(sessions.count(), 0)
        // Its body has ended with it.
        assert.strictEqual(yield* Effect.promise(() => stream.response.text()), "")
      })
    ))

  it.effect("are so many at most: one more ends the one that is idle longest, and is refused where none is", () =>
    withSessions((sessions) =>
      Effect.gen(function*() {
        const first = yield* begin(sessions)
        yield* TestClock.adjust("1 second")
        for (let i = 1; i < LIMITS.sessions; i++) yield* begin(sessions)
        yield* TestClock.adjust("1 second")
        const last = yield* begin(sessions)
        assert.strictEqual(sessions.count(), LIMITS.sessions)
        assert.strictEqual((yield* post(sessions, call(1, "status"), first)).response.status, 404)
        assert.strictEqual((yield* post(sessions, call(1, "status"), last)).response.status, 200)
      })
    ))

  it.effect("refuse more calls than may wait, and one more session while all are in use", () =>
    withSessions((sessions) =>
      Effect.gen(function*() {
        const headers = yield* begin(sessions)
        for (let i = 0; i < LIMITS.answers; i++) {
          yield* (yield* post(sessions, call(i, "search", { query: "x" }), { ...headers, ...TMP })).writing
        }
        const refused = yield* post(sessions, call(100, "status"), headers)
        assert.strictEqual(refused.response.status, 503)
        assert.match(JSON.stringify(yield* messagesIn(refused)), /64 answers/)
        for (let i = 1; i < LIMITS.sessions; i++) {
          const other = yield* begin(sessions)
          yield* (yield* sessions.answer({ method: "GET", headers: { ...ACCEPT, ...other }, text: "" })).writing
        }
        const { response } = yield* post(sessions, INITIALIZE)
        assert.strictEqual(response.status, 503)
        assert.strictEqual(response.headers.get("retry-after"), "1")
        assert.strictEqual(sessions.count(), LIMITS.sessions)
      })
    ))

  it.live("end by DELETE, with the calls that run", () =>
    withSessions((sessions, { begun, interrupted }) =>
      Effect.gen(function*() {
        const headers = yield* begin(sessions)
        const running = yield* post(sessions, call(1, "search", { query: "x" }), { ...headers, ...TMP })
        const reading = yield* Effect.fork(messagesIn(running))
        yield* begun
        const deleted = yield* sessions.answer({ method: "DELETE", headers, text: "" })
        assert.strictEqual(deleted.response.status, 200)
        assert.deepStrictEqual(yield* Fiber.join(reading), [])
        assert.strictEqual(interrupted(), 1)
        assert.strictEqual(sessions.count(), 0)
        assert.strictEqual((yield* post(sessions, call(2, "status"), headers)).response.status, 404)
      })
    ))

  it.live("leave no fiber when they have ended, however many there were", () =>
    withSessions((sessions) =>
      Effect.gen(function*() {
        const whole = Effect.gen(function*() {
          const headers = yield* begin(sessions)
          yield* messagesIn(yield* post(sessions, call(1, "status"), headers))
          yield* sessions.answer({ method: "GET", headers: { ...ACCEPT, ...headers }, text: "" })
          yield* sessions.answer({ method: "DELETE", headers, text: "" })
        })
        yield* whole
        const before = yield* HandleCounts.liveFibers
        for (let i = 0; i < 20; i++) yield* whole
        assert.strictEqual(yield* HandleCounts.liveFibers, before)
        assert.strictEqual(sessions.count(), 0)
      })
    ))

  it.live("answer what is not as the protocol has it, each with its status and words", () =>
    withSessions((sessions) =>
      Effect.gen(function*() {
        const headers = yield* begin(sessions)
        const answerTo = (answered: Answered) =>
          Effect.map(messagesIn(answered), ([message]) => [answered.response.status, message?.error?.code])
        assert.deepStrictEqual(yield* answerTo(yield* post(sessions, "{\"jsonrpc\"", headers)), [400, -32_700])
        assert.deepStrictEqual(yield* answerTo(yield* post(sessions, "", headers)), [400, -32_700])
        assert.deepStrictEqual(yield* answerTo(yield* post(sessions, { id: 1, method: "ping" }, headers)), [
          400,
          -32_600
        ])
        assert.deepStrictEqual(yield* answerTo(yield* post(sessions, { hello: 1 }, headers)), [400, -32_700])
        assert.deepStrictEqual(
          yield* answerTo(yield* post(sessions, { jsonrpc: "2.0", id: 1, method: "tools/call", params: [] }, headers)),
          [200, -32_602]
        )
        assert.deepStrictEqual(yield* answerTo(yield* post(sessions, call(1, "status"))), [400, -32_000])
        const wrong = { ...headers, "mcp-protocol-version": "1999-01-01" }
        assert.deepStrictEqual(yield* answerTo(yield* post(sessions, call(1, "status"), wrong)), [400, -32_000])
        const plain = { ...headers, accept: "application/json" }
        assert.deepStrictEqual(yield* answerTo(yield* post(sessions, call(1, "status"), plain)), [406, -32_000])
        assert.deepStrictEqual(yield* answerTo(yield* post(sessions, INITIALIZE, headers)), [400, -32_600])
        const put = yield* sessions.answer({ method: "PUT", headers, text: "{}" })
        assert.strictEqual(put.response.headers.get("allow"), "GET, POST, DELETE")
        assert.deepStrictEqual(yield* answerTo(put), [405, -32_000])
        assert.strictEqual(sessions.count(), 1)
      })
    ))

  it.live("answer a batch whole, and refuse one of more than a hundred", () =>
    withSessions((sessions) =>
      Effect.gen(function*() {
        const headers = yield* begin(sessions)
        const ping = (id: number) => ({ jsonrpc: "2.0", id, method: "ping" })
        const messages = yield* messagesIn(yield* post(sessions, [ping(1), call(2, "status")], headers))
        assert.sameMembers(messages.map(({ id }) => id), [1, 2])
        const many = Array.from({ length: 101 }, (_, i) => ping(i))
        assert.strictEqual((yield* post(sessions, many, headers)).response.status, 400)
      })
    ))
})
