/**
 * Runs a fault: the real layer calls a stand-in with the fault, and all outputs that could leak the key are recorded.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { inspect } from "node:util"
import { Qdrant, QdrantError } from "../../../src/index/qdrant/Qdrant.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { client } from "./client.ts"
import { call, COLLECTION, type Fault, KEY, tls } from "./faults.ts"
import * as StandIn from "./StandIn.ts"

export const UNTYPED = "no typed error"
/** Time within which the server must have seen the sockets close. */
const SETTLES_WITHIN = "3 seconds"

export interface Outcome {
  readonly fault: string
  /** The reason of the error, "an answer", or UNTYPED. */
  readonly got: string
  readonly requests: number
  readonly message: string
  readonly socketsLeft: number
  readonly keyLeaked: boolean
  /** Differences from the expectation, in words. */
  readonly wrong: ReadonlyArray<string>
}

/** Records all logs and spans. */
const overheard = () => {
  const heard: Array<unknown> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        spanId: String(heard.length),
        traceId: "trace",
        sampled: true,
        parent,
        context,
        links,
        kind,
        status: { _tag: "Started", startTime },
        attributes,
        attribute: (key, value) => void attributes.set(key, value),
        event: (...event) => void heard.push(event),
        end: (_, exit) => void heard.push(exit),
        addLinks: () => {}
      }
      heard.push([name, attributes])
      return span
    },
    context: (execution) => execution()
  })
  const logger = Logger.make(({ annotations, cause, message }) => void heard.push([message, cause, annotations]))
  return { heard, layer: Layer.merge(Layer.setTracer(tracer), Logger.replace(Logger.defaultLogger, logger)) }
}

/** Renders an error in all the ways in which a program may show it. */
const shown = (cause: Cause.Cause<unknown>): ReadonlyArray<string> => [
  Cause.pretty(cause, { renderErrorCause: true }),
  ...[...Cause.failures(cause), ...Cause.defects(cause)].flatMap((error) => [
    inspect(error, { depth: 20, showHidden: true }),
    JSON.stringify(error) ?? "",
    String(error)
  ])
]

/** A TCP server that echoes its input. */
const echo = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly close: Effect.Effect<void> }>((resume) => {
    const open = new Set<Socket>()
    const server = createServer((socket) => {
      open.add(socket)
      socket.on("error", () => {}).on("close", () => open.delete(socket)).pipe(socket)
    })
    server.listen({ host: "127.0.0.1", port: 0 }, () =>
      resume(Effect.succeed({
        port: (server.address() as AddressInfo).port,
        close: Effect.async((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of open) socket.destroy()
        })
      })))
  }),
  ({ close }) => close
)

const urlOf = ({ place = "here" }: Fault, origin: string) => {
  switch (place) {
    case "nobody":
      return Effect.succeed("http://127.0.0.1:2")
    case "no host":
      return Effect.succeed("http://no-such-host.invalid:6333")
    case "echo":
      return Effect.map(echo, ({ port }) => `http://127.0.0.1:${port}`)
    case "https to a plain port":
      return Effect.succeed(origin.replace("http:", "https:"))
    case "http to a TLS port":
      return Effect.succeed(origin.replace("https:", "http:"))
    case "path":
      return Effect.succeed(`${origin}/wrong`)
    default:
      return Effect.succeed(origin)
  }
}

const run = (fault: Fault, other: StandIn.StandIn) =>
  Effect.gen(function*() {
    const { during, key = KEY, place = "here", retries = 1, waits = "5 seconds", within = "10 seconds" } = fault
    const server = yield* StandIn.make({
      apiKey: KEY,
      ...(place === "path" && { prefix: "/qdrant" }),
      ...((place === "tls" || place === "http to a TLS port") && { tls })
    })
    const url = yield* urlOf(fault, server.origin)
    const spoken = overheard()
    const ledger = yield* ResourceLedger
    if (during === "call") {
      // Uses a client of its own, since the fault's timeouts must not apply.
      yield* Effect.provide(
        Effect.flatMap(Qdrant, (qdrant) =>
          qdrant.createCollection(COLLECTION, {
            dense: { dense: 2 },
            sparse: [],
            metadata: {},
            shards: 1,
            replicas: 1
          })),
        Layer.provide(client(server.origin, { apiKey: KEY }), ResourceLedger.layer)
      )
    }
    let met = 0
    const meet: StandIn.StandIn["fault"] = () => fault.does?.(met++, other.origin)
    if (during === "handshake") server.fault = meet
    const exit = yield* Effect.gen(function*() {
      const qdrant = yield* Qdrant
      if (during === "call") {
        server.seen.requests = 0
        server.fault = meet
      }
      const since = yield* Clock.currentTimeMillis
      const exit = yield* Effect.exit(call(fault.call ?? (during === "handshake" ? "missing" : "query"))(qdrant))
      return [exit, (yield* Clock.currentTimeMillis) - since] as const
    }).pipe(
      Effect.provide(Layer.provide(
        client(url, { apiKey: key, retries, maxDelay: waits, within }),
        Layer.succeed(ResourceLedger, ledger)
      )),
      Effect.exit,
      Effect.provide(spoken.layer)
    )
    const [asked, ms]: readonly [Exit.Exit<unknown, QdrantError>, number] = Exit.isSuccess(exit)
      ? exit.value
      : [Exit.failCause(exit.cause), Number.POSITIVE_INFINITY]
    // After a handshake fault the call is for a missing collection, so `NotFound` counts as an answer.
    const isAnswered = Exit.isSuccess(asked) ||
      during === "handshake" && Option.exists(Cause.failureOption(asked.cause), ({ reason }) => reason === "NotFound")
    const left = yield* ledger.snapshot
    const { keys, open, requests } = server.seen
    yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => open.size === 0 }).pipe(
      Effect.timeoutOption(SETTLES_WITHIN)
    )
    const error = Exit.isFailure(asked)
      ? Option.filter(Cause.failureOption(asked.cause), (error) => error instanceof QdrantError)
      : Option.none()
    const got = isAnswered
      ? "an answer"
      : Option.match(error, { onNone: () => UNTYPED, onSome: ({ reason }) => reason })
    const message = isAnswered ? "" : Option.match(error, {
      onNone: () => Exit.isFailure(asked) ? Cause.pretty(asked.cause) : "",
      onSome: ({ message }) => message.replaceAll(url, "URL").replaceAll(other.origin, "OTHER")
    })
    const keyLeaked = key !== "" && [
      ...(Exit.isFailure(asked) ? shown(asked.cause) : []),
      ...spoken.heard.map((each) => inspect(each, { depth: 20 }))
    ].some((text) => text.includes(key) || text.includes(KEY))
    return {
      fault: fault.name,
      got,
      requests,
      message,
      socketsLeft: open.size,
      keyLeaked,
      wrong: [
        ...(got === fault.gives ? [] : [`it gave ${got} (${message}), not ${fault.gives}`]),
        ...(requests === fault.requests ? [] : [`it was asked ${requests} times, not ${fault.requests}`]),
        ...(ms >= (fault.takes ?? 0) ? [] : [`it was asked again after ${ms} ms`]),
        ...(isAnswered || fault.says === undefined || fault.says.test(message) ? [] : [`it says: ${message}`]),
        ...(isAnswered || /^Qdrant at \S+: [^\n]+$/.test(message) ? [] : [`it does not say in one line: ${message}`]),
        ...(open.size === 0 ? [] : [`${open.size} sockets are open`]),
        ...left.map(({ kind, name }) => `${kind} ${name} is open`),
        ...(keyLeaked ? ["the key can be read"] : []),
        ...(other.seen.sockets === 0 ? [] : ["another origin was asked"]),
        ...([...keys].every((seen) => seen === key) ? [] : ["it was sent another key"])
      ]
    } satisfies Outcome
  }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer))

/** Returns the outcome; a defect, such as a leak or a breach of the contract, is in its `wrong`. */
export const outcomeOf = (fault: Fault, other: StandIn.StandIn): Effect.Effect<Outcome> =>
  Effect.catchAllCause(run(fault, other), (cause) =>
    Effect.succeed({
      fault: fault.name,
      got: UNTYPED,
      requests: 0,
      message: "",
      socketsLeft: 0,
      keyLeaked: false,
      wrong: [Cause.pretty(cause)]
    }))
