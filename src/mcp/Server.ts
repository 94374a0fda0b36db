/**
 * The MCP server over stdio, which Claude Code runs beside a session. It answers the handshake before it loads any part
 * of the memory. Then it opens what prompts need, at once, and after a pause the rest.
 */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Language } from "../domain/Language.ts"
import { OWN, runMain, writeStderr } from "../process/Process.ts"
import * as Lazy from "../resources/Lazy.ts"
import * as Owner from "../resources/Owner.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { StoreError } from "../store/MemoryStore.ts"
import * as Calls from "./Calls.ts"
import * as Connection from "./Connection.ts"
import { languagesOf, LOOKED_AT } from "./Languages.ts"
import * as PromptHook from "./PromptHook.ts"
import * as PromptSocket from "./PromptSocket.ts"
import { type Failure, type Opened, OpenError, type Opening, Serving } from "./Serving.ts"
import * as Stdio from "./Stdio.ts"
import * as Supervised from "./Supervised.ts"

/** Background work of the process. */
export interface BackgroundTask {
  readonly name: string
  readonly run: (opening: Opening) => Effect.Effect<unknown, Failure>
}

export interface Options {
  readonly transport: Transport
  /** Reads what opening needs. A failure of it, or of an opening, goes to the caller, and the next call tries again. */
  readonly open: Effect.Effect<Opening, Failure, Owner.Owner | ResourceLedger | Scope.Scope>
  /** Started after the client's `initialized` notification, and restarted on failure. */
  readonly background: ReadonlyArray<BackgroundTask>
}

/** Delays the background work: a starting client sends many requests at once, and they are answered first. */
const BACKGROUND_DELAY = "500 millis"
/** Longest time for which the background work waits until what prompts need is open and warm. */
const WARMING_TIMEOUT = "5 seconds"

const isMissing = (failure: Failure): boolean => failure instanceof StoreError && failure.reason === "Missing"

const serve = Effect.fn("Mcp.serve")(function*({ background, open, transport }: Options) {
  const ledger = yield* ResourceLedger
  const calls = Calls.make(yield* Calls.makeTally)

  const current = yield* Ref.make(Option.none<Opened>())
  const toOpenError = (error: Failure) =>
    error instanceof OpenError ? error : new OpenError({ detail: error.message, isMissing: isMissing(error) })
  const openOnce = yield* Lazy.make(open)
  const opening = Effect.mapError(Effect.provideService(openOnce, ResourceLedger, ledger), toOpenError)
  const prompts = Effect.mapError(Effect.flatMap(opening, ({ prompts }) => prompts), toOpenError)
  const opened = Effect.flatMap(
    opening,
    ({ folder, isolation, memory, sessionId }) =>
      Effect.map(memory, (memory): Opened => ({ place: Effect.succeed({ folder }), isolation, sessionId, memory }))
  ).pipe(
    Effect.mapError(toOpenError),
    Effect.tap((opened) => Ref.set(current, Option.some(opened)))
  )
  const supervised = yield* Effect.forEach(
    background,
    ({ name, run }) => Supervised.make(name, Effect.flatMap(opening, run))
  )
  const serving = Serving.of({
    prompts,
    opened,
    ifOpen: Ref.get(current),
    tally: calls.tally,
    count: calls.count,
    changes: yield* Ref.make<ReadonlyArray<number>>([]),
    background: Effect.forEach(supervised, ({ state }) => state)
  })

  const listening = yield* Lazy.make(
    Effect.flatMap(
      opening,
      ({ home }) =>
        Option.match(home, {
          onNone: () => Effect.void,
          onSome: (folder) => PromptSocket.open(folder, PromptHook.answering(calls, serving))
        })
    )
  )
  const listen = Effect.provideService(listening, ResourceLedger, ledger).pipe(
    Effect.catchAll(({ message }) => Effect.logWarning(`hook programs don't find this server: ${message}`))
  )

  // Not known before the memory is open, for which a client's first list does not wait.
  let languages: ReadonlyArray<Language> = []
  const { connect, fork, server } = yield* Connection.open({
    transport,
    calls,
    servingOf: () => serving,
    languages: Effect.sync(() => languages)
  })

  const warm = Effect.gen(function*() {
    const { folder, isWarmed } = yield* opening
    const { warm } = yield* prompts
    if (isWarmed && warm !== undefined) yield* warm(folder)
  })
  const startBackground = Effect.gen(function*() {
    // A failure is not reported here: the next prompt opens it again, and records it.
    yield* Effect.ignore(Effect.timeoutOption(warm, WARMING_TIMEOUT))
    // Not sooner: a program that finds nobody answers itself, which is faster than to wait for an opening.
    yield* listen
    yield* Effect.sleep(BACKGROUND_DELAY)
    // A failure is not reported here: the next call opens the memory again, and reports it.
    const open = yield* Effect.exit(opened)
    // After that, since what is opened in two threads at a time may get the same descriptor, which looks like a leak.
    for (const { run } of supervised) fork(run)
    if (Exit.isFailure(open)) return
    yield* Effect.promise(() => server.sendResourceListChanged())
    languages = languagesOf(yield* open.value.memory.recent({ projects: "all" }, LOOKED_AT))
    if (languages.length > 0) yield* Effect.promise(() => server.sendToolListChanged())
  })
  let hasStarted = false
  server.oninitialized = () => {
    if (hasStarted) return
    hasStarted = true
    fork(Effect.ignore(startBackground))
  }

  yield* connect
})

/** Serves until its scope closes. */
export const layer = (options: Options) => Owner.layerDiscard("Mcp", serve(options))

/** The program's own files changed or disappeared after it was started. */
class LoadError extends Schema.TaggedError<LoadError>()("LoadError", { cause: Schema.Defect }) {
  override get message() {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `a part of claude-memory can't be loaded, as after an update: restart Claude Code (${why})`
  }
}

const TERMINAL_NOTICE =
  "This is the MCP server of claude-memory, which Claude Code runs: it waits for JSON-RPC here. Ctrl-D ends it.\n"

/** Serves on stdin and stdout. `load` imports the code that opens the memory, on first use. */
export const run = (load: () => Promise<Options["open"]>): void => {
  const transport = Stdio.make(process.stdin, process.stdout)
  runMain(
    Effect.gen(function*() {
      if (process.stdin.isTTY === true) yield* writeStderr(TERMINAL_NOTICE)
      const server = layer({
        transport,
        open: Effect.flatten(Effect.tryPromise({ try: load, catch: (cause) => new LoadError({ cause }) })),
        background: [{ name: "capture", run: ({ capture }) => capture }]
      })
      return yield* Owner.run(Layer.provide(server, ResourceLedger.layerWarning))(Effect.never)
    }),
    { ...OWN, deadline: "10 seconds", servesStdin: transport.answered }
  )
}
