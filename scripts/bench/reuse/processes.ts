/**
 * Starts the benchmark's processes and defines the messages between them.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Schema from "effect/Schema"
import { type ChildProcess, fork } from "node:child_process"
import { BenchError, killed } from "../../../test/script.ts"

/** The server's messages: its address, and its counts on request. */
export const Listening = Schema.TaggedStruct("Listening", { baseUrl: Schema.String })
export const ServerView = Schema.TaggedStruct("ServerView", {
  /** Sockets opened so far (`opened`), open now (`open`), and open at once at most (`most`). */
  opened: Schema.Number,
  open: Schema.Number,
  most: Schema.Number,
  requests: Schema.Number
})

/** Open sockets to the server, resident memory, and used heap. */
const Reading = Schema.Struct({ sockets: Schema.Number, rssBytes: Schema.Number, heapBytes: Schema.Number })

/** The client's messages: its progress, the results of its calls, and what was left when all was closed or dropped. */
export const Progressed = Schema.TaggedStruct("Progressed", { calls: Schema.Number })
export const Worked = Schema.TaggedStruct("Worked", {
  calls: Schema.Number,
  ms: Schema.Number,
  /** Processor time of the client's process, user and system. */
  cpuMs: Schema.Number,
  p50Ms: Schema.Number,
  p99Ms: Schema.Number,
  /** Number of failures by code. */
  failures: Schema.Record({ key: Schema.String, value: Schema.Number }),
  clients: Schema.Number,
  lost: Schema.Number,
  buildMs: Schema.Number,
  before: Reading,
  after: Reading
})
export const Ended = Schema.TaggedStruct("Ended", {
  after: Reading,
  /** Milliseconds from the start until the calls were done. `samples` are [milliseconds, sockets, bytes]. */
  workedAtMs: Schema.Number,
  samples: Schema.Array(Schema.Tuple(Schema.Number, Schema.Number, Schema.Number))
})

const Message = Schema.Union(Listening, ServerView, Progressed, Worked, Ended)
type Message = typeof Message.Type

/** Message to a process to go on with its next step. */
const GO = "go"

export interface Peer {
  readonly go: Effect.Effect<void>
  readonly take: Effect.Effect<Message, BenchError>
}

const endedError = (name: string, how: string) =>
  new BenchError({ reason: "Program", detail: `the ${name} process ended (${how})` })

/**
 * Starts this program again with these arguments and additions to the environment, as a process of its own. It is killed
 * when the scope closes.
 */
export const start = (name: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const messages = yield* Mailbox.make<unknown, BenchError>()
    const child = yield* Effect.acquireRelease(
      Effect.sync((): ChildProcess =>
        fork(process.argv[1]!, [name, ...args], {
          execArgv: [...process.execArgv, "--expose-gc"],
          env: { ...process.env, ...env },
          stdio: ["ignore", "ignore", "inherit", "ipc"]
        })
      ),
      killed
    )
    child.on("message", (message) => messages.unsafeOffer(message))
    child.on("error", (error) => messages.unsafeDone(Exit.fail(endedError(name, error.message))))
    child.on("exit", (code, signal) => messages.unsafeDone(Exit.fail(endedError(name, signal ?? `exit code ${code}`))))
    return {
      go: Effect.sync(() => {
        if (child.connected) child.send(GO)
      }),
      take: messages.take.pipe(
        Effect.flatMap(Schema.decodeUnknown(Message)),
        Effect.catchTags({
          NoSuchElementException: () => endedError(name, "it says no more"),
          ParseError: ({ message }) => new BenchError({ reason: "Program", detail: message })
        })
      )
    } satisfies Peer
  })

/** Waits for the next message of this schema. Earlier ones go to `meanwhile`. */
export const next = <A extends Message>(
  peer: Peer,
  schema: Schema.Schema<A>,
  meanwhile: (message: Message) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<A, BenchError> =>
  Effect.flatMap(peer.take, (message) =>
    Schema.is(schema)(message) ? Effect.succeed(message) : Effect.zipRight(
      meanwhile(message),
      next(peer, schema, meanwhile)
    ))

/** In such a process: says it to the one that started it. */
export const send = (message: Message): Effect.Effect<void> => Effect.sync(() => void process.send?.(message))

/** In such a process: told to go on. */
export const goSignal: Effect.Effect<void> = Effect.async<void>((resume) => {
  const onMessage = () => resume(Effect.void)
  process.once("message", onMessage)
  return Effect.sync(() => process.off("message", onMessage))
})

/** In such a process: the one that started it has gone. */
export const parentExit: Effect.Effect<void> = Effect.async<void>((resume) => {
  const onDisconnect = () => resume(Effect.void)
  process.once("disconnect", onDisconnect)
  return Effect.sync(() => process.off("disconnect", onDisconnect))
})
