/**
 * Answers MCP over streamable HTTP: a session for each client. There are so many at most, and each ends when its client says so,
 * or has not asked for a while.
 */
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import { isInitializeRequest } from "@modelcontextprotocol/sdk/types.js"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import * as Owner from "../resources/Owner.ts"
import * as ScopeMap from "../resources/ScopeMap.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { Background } from "./Background.ts"
import * as Caller from "./Caller.ts"
import { SESSION } from "./CallerHeaders.ts"
import * as Calls from "./Calls.ts"
import * as Connection from "./Connection.ts"
import { languagesOf, LOOKED_AT } from "./Languages.ts"
import { refusalOf } from "./Malformed.ts"
import * as PromptHook from "./PromptHook.ts"
import * as PromptSocket from "./PromptSocket.ts"
import { INVALID_REQUEST, NoProject, type Opened, type Opening, Serving } from "./Serving.ts"

export const LIMITS = {
  /** Sessions at a time. One more ends that which was not used for longest, if any is idle. */
  sessions: 128,
  /** Milliseconds without a request or an open answer after which a session ends. */
  idleMs: 30 * 60_000,
  /** Answers of one session that are open at a time: calls that run or wait, and its stream of notices. */
  answers: 64
} as const

const LOOK = "30 seconds"
/** Time between two comments in an answer that is open. */
const KEEP_ALIVE_MS = 15_000

export interface Asked {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** Text of the body; empty where there is none. */
  readonly text: string
}

export interface Answered {
  readonly response: Response
  /** Run when the body begins to be written, and when it no longer is, whether it began or not. */
  readonly writing: Effect.Effect<void>
  readonly written: Effect.Effect<void>
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport
  lastUse: number
  /** Answers whose bodies are being written. */
  open: number
}

/** Codes of the SDK, and of JSON-RPC. */
const REFUSED = -32_000
const NO_SESSION = -32_001
const NO_JSON = -32_700

/** Answers with an error of JSON-RPC, as the SDK does, and a status that a client of HTTP understands. */
const failed = (status: number, code: number, message: string, headers: Readonly<Record<string, string>> = {}) =>
  Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers })

const overloaded = (message: string) => failed(503, REFUSED, message, { "retry-after": "1" })

/** Answers at once, beside any session. */
const atOnce = (response: Response): Answered => ({ response, writing: Effect.void, written: Effect.void })

const parse = Schema.decodeOption(Schema.parseJson())

export interface Options {
  readonly isolation: Opening["isolation"]
  /** Folder of the memory's files, where the hook program of a prompt finds this process; none when it is not to be found. */
  readonly home: Option.Option<string>
}

const make = ({ home, isolation }: Options) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { states: background } = yield* Background
    const { count, tally } = yield* Calls.makeTally
    const languages = yield* Effect.cachedWithTTL(
      Effect.orElseSucceed(Effect.map(memory.recent({ projects: "all" }, LOOKED_AT), languagesOf), () => []),
      "1 minute"
    )
    const sessions = new Map<string, Session>()

    const servingOf = (
      calls: Calls.Calls,
      changes: Serving["Type"]["changes"],
      sessionId: string | undefined,
      place: Opened["place"]
    ) => {
      const opened: Opened = { memory, isolation, sessionId, place }
      return Serving.of({
        changes,
        prompts: Effect.succeed(memory),
        opened: Effect.succeed(opened),
        ifOpen: Effect.succeedSome(opened),
        tally: calls.tally,
        count: calls.count,
        background
      })
    }

    if (Option.isSome(home)) {
      const calls = Calls.make({ count, tally })
      const serving = servingOf(
        calls,
        yield* Ref.make<ReadonlyArray<number>>([]),
        undefined,
        Effect.fail(new NoProject())
      )
      yield* Effect.catchAll(
        PromptSocket.open(home.value, PromptHook.answering(calls, serving)),
        ({ message }) => Effect.logWarning(`hook programs don't find this server: ${message}`)
      )
    }

    const open = (id: string) =>
      Effect.gen(function*() {
        const transport = new WebStandardStreamableHTTPServerTransport({
          sessionIdGenerator: () => id,
          keepAliveMs: KEEP_ALIVE_MS
        })
        // All sessions are counted together, but for what each may have forgotten.
        const own = yield* Calls.makeTally
        const changes = yield* Ref.make<ReadonlyArray<number>>([])
        const calls = Calls.make({
          tally: Effect.zipWith(tally, own.tally, (all, { forgotten }) => ({ ...all, forgotten })),
          count: (more) => Effect.zipRight(count(more), own.count(more))
        })
        const { connect, server } = yield* Connection.open({
          transport: transport as Transport,
          calls,
          languages,
          servingOf: (extra) => servingOf(calls, changes, Caller.headerOf(extra, SESSION), placeOf(extra))
        })
        const placeOf = Caller.makePlaceOf(server, memory)
        yield* connect
        sessions.set(id, { transport, lastUse: yield* Clock.currentTimeMillis, open: 0 })
      })
    // Those that are ending count too.
    const scopes = yield* ScopeMap.make({ open, atMost: 2 * LIMITS.sessions })

    const end = (id: string) =>
      Effect.suspend(() => {
        sessions.delete(id)
        return scopes.remove(id)
      })
    const idle = (now: number, ms: number) =>
      [...sessions].filter(([, session]) => session.open === 0 && now - session.lastUse >= ms)
        .sort(([, a], [, b]) => a.lastUse - b.lastUse).map(([id]) => id)
    const sweep = Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => Effect.forEach(idle(now, LIMITS.idleMs), end, { discard: true })
    )
    yield* Effect.forkScoped(Effect.forever(Effect.delay(sweep, LOOK)))

    /** Passes a request to the transport of its session. */
    const pass = (id: string, session: Session, { headers, method }: Asked, body: unknown) =>
      Effect.gen(function*() {
        session.lastUse = yield* Clock.currentTimeMillis
        // A client that comes again has lost the stream that it had.
        if (method === "GET") session.transport.closeStandaloneSSEStream()
        const request = new Request("http://localhost/mcp", { method, headers })
        const response = yield* Effect.promise(() => session.transport.handleRequest(request, { parsedBody: body }))
        if (method === "DELETE" && response.ok) yield* end(id)
        let isOpen = false
        return {
          response,
          writing: Effect.sync(() => {
            isOpen = true
            session.open++
          }),
          written: Effect.map(Clock.currentTimeMillis, (now) => {
            if (isOpen) session.open--
            isOpen = false
            session.lastUse = now
          })
        }
      })

    /** Begins a session for a client. */
    const begin = (asked: Asked, body: unknown) =>
      Effect.gen(function*() {
        if (sessions.size >= LIMITS.sessions) {
          const [oldest] = idle(yield* Clock.currentTimeMillis, 0)
          if (oldest === undefined) {
            return atOnce(overloaded(`${LIMITS.sessions} sessions are in use; end one, or try again later`))
          }
          yield* end(oldest)
        }
        const id = randomUUID()
        yield* scopes.add(id)
        const answered = yield* pass(id, sessions.get(id)!, asked, body)
        if (!answered.response.ok) yield* end(id)
        return answered
      })

    return HttpSessions.of({
      count: () => sessions.size,
      answer: (asked) =>
        Effect.gen(function*() {
          const { headers, method, text } = asked
          if (method !== "GET" && method !== "POST" && method !== "DELETE") {
            return atOnce(failed(405, REFUSED, `MCP takes POST, GET and DELETE, not ${method}`, {
              allow: "GET, POST, DELETE"
            }))
          }
          const parsed = method === "POST" ? parse(text) : Option.some(undefined)
          if (Option.isNone(parsed)) return atOnce(failed(400, NO_JSON, "the body is no JSON"))
          const body = parsed.value
          const refusal = refusalOf(body)
          if (refusal !== undefined) {
            const isRequest = !("error" in refusal) || refusal.error.code !== INVALID_REQUEST
            return atOnce(Response.json(refusal, { status: isRequest ? 200 : 400 }))
          }
          const id = headers["mcp-session-id"]
          if (id === undefined) {
            return isInitializeRequest(body)
              ? yield* begin(asked, body)
              : atOnce(failed(400, REFUSED, "Mcp-Session-Id is missing: initialize, and send the id of the answer"))
          }
          const session = sessions.get(id)
          if (session === undefined) return atOnce(failed(404, NO_SESSION, "this session has ended: initialize again"))
          if (session.open >= LIMITS.answers && method !== "DELETE") {
            return atOnce(overloaded(`this session waits for ${LIMITS.answers} answers already; wait for one`))
          }
          return yield* pass(id, session, asked, body)
        }).pipe(Effect.uninterruptible)
    })
  })

export class HttpSessions extends Context.Tag("claude-memory/mcp/HttpSessions")<HttpSessions, {
  /** Answers a request; the body of an answer may be a stream that goes on until the call is done or the session ends. */
  readonly answer: (asked: Asked) => Effect.Effect<Answered>
  /** Sessions that are open. */
  readonly count: () => number
}>() {
  static readonly layer = (options: Options) => Owner.layer(this, make(options))
}
