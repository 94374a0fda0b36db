/**
 * The HTTP server over a memory: it listens, and makes itself known to other processes.
 */
import * as Etag from "@effect/platform/Etag"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpPlatform from "@effect/platform/HttpPlatform"
import type * as Path from "@effect/platform/Path"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { chmodSync, existsSync, lstatSync, rmSync } from "node:fs"
import * as HttpSessions from "../mcp/HttpSessions.ts"
import { Spending } from "../models/Spending.ts"
import * as HttpServerResource from "../resources/HttpServer.ts"
import * as Owner from "../resources/Owner.ts"
import { isListening } from "../resources/Server.ts"
import { checkBackups } from "../serve/BackupHealth.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { type Check, checkHooks } from "../serve/Health.ts"
import type { HealthLanguage } from "../serve/HealthWords.ts"
import { Backups } from "../store/Backups.ts"
import * as Access from "./Access.ts"
import * as Activity from "./Activity.ts"
import { Address } from "./Address.ts"
import { Api } from "./Api.ts"
import * as Care from "./Care.ts"
import * as Events from "./Events.ts"
import { isLoopback } from "./Gate.ts"
import { Idempotency } from "./Idempotency.ts"
import * as LegacyRoutes from "./LegacyRoutes.ts"
import { LIMITS } from "./Limits.ts"
import * as Memories from "./Memories.ts"
import * as Metrics from "./Metrics.ts"
import * as Pages from "./Pages.ts"
import * as Projects from "./Projects.ts"
import * as Running from "./Running.ts"
import { Service } from "./Service.ts"
import * as Sessions from "./Sessions.ts"
import * as Site from "./Site.ts"
import * as Telling from "./Telling.ts"
import * as Token from "./Token.ts"
import * as Traffic from "./Traffic.ts"

/**
 * `Address`: it would listen for other machines without TLS. `Running`: this memory has a server already. `Taken`: another program listens
 * on the socket.
 */
export class HttpError extends Schema.TaggedError<HttpError>()("HttpError", {
  reason: Schema.Literal("Address", "Running", "Taken"),
  place: Schema.String
}) {
  override get message() {
    switch (this.reason) {
      case "Running":
        return `the server of this memory runs at ${this.place} already; \`claude-memory open\` shows its page`
      case "Taken":
        return `another program answers at ${this.place}, perhaps the server of another memory: end it, or take another path`
      case "Address":
        return `${this.place} is not this machine alone: what goes over the network needs TLS (--tls-cert and --tls-key), or say ` +
          "--insecure if something in between encrypts it"
    }
  }
}

export interface Options extends Pick<Service["Type"], "caps" | "home" | "place" | "telling" | "transcripts"> {
  readonly mcp: HttpSessions.Options
  /** Checks whether Claude Code runs this program. */
  readonly checkConnection: (
    language: HealthLanguage
  ) => Effect.Effect<Check, never, FileSystem.FileSystem | Path.Path>
  /** The settings have a backup made each day. */
  readonly isBackedUp: boolean
  /** Folder of the page's files. */
  readonly pages: string
  /** Host and port, 0 for any that is free; or the path of a socket, for this user alone. */
  readonly listen: { readonly host: string; readonly port: number } | { readonly path: string }
  /** Takes any free port where the port is taken. */
  readonly isPortFree: boolean
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** True allows another address than this machine's own without TLS. */
  readonly isInsecure: boolean
  /** Names of hosts, beside those of this machine for itself, to which it answers. */
  readonly allowedHosts: ReadonlyArray<string>
}

/** Names by which this machine reaches itself where it listens at all of its addresses. */
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" }

/** Writes the host of an address as a URL has it. */
const inUrl = (host: string): string => {
  const reached = EVERYWHERE[host] ?? host
  return reached.includes(":") ? `[${reached}]` : reached
}

/** Removes the socket that a killed server left; fails where anybody listens on it. */
const tidySocket = (path: string) =>
  Effect.gen(function*() {
    if (!existsSync(path) || !lstatSync(path).isSocket()) return
    if (yield* isListening(path)) return yield* new HttpError({ reason: "Taken", place: path })
    rmSync(path, { force: true })
  })

const makeService = ({ caps, checkConnection, home, isBackedUp, place, telling, transcripts }: Options) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    // A memory in PostgreSQL has none of ours.
    const backups = yield* Effect.serviceOption(Backups)
    const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const closing = Deferred.unsafeMake<void>(FiberId.none)
    return Service.of({
      home,
      place,
      caps,
      telling,
      transcripts,
      spending: yield* Spending,
      checks: (language) =>
        Owner.provideContext(context)(Effect.gen(function*() {
          const connection = yield* checkConnection(language)
          const hooks = yield* checkHooks(memory, home, connection.state === "ok", language)
          const kept = Option.isNone(backups)
            ? []
            : yield* Effect.provideService(checkBackups(language, isBackedUp), Backups, backups.value)
          return [connection, ...hooks, ...kept]
        })),
      codes: yield* Token.makeCodes,
      ...Token.makePages(yield* Token.following(home)),
      closing: Deferred.await(closing),
      close: () => Deferred.unsafeDone(closing, Effect.void)
    })
  })

const listen = (options: Options) =>
  Effect.gen(function*() {
    const { close } = yield* Service
    const { home, isInsecure, isPortFree, listen, tls } = options
    const isSocket = "path" in listen
    if (
      !isSocket && (listen.host in EVERYWHERE || !isLoopback(inUrl(listen.host))) && tls === undefined && !isInsecure
    ) {
      return yield* new HttpError({ reason: "Address", place: listen.host })
    }
    const running = yield* Running.find(home)
    if (Option.isSome(running)) return yield* new HttpError({ reason: "Running", place: running.value.url })
    const { app } = yield* Site.make({
      // It answers to the name that it was told to listen at, too.
      allowedHosts: new Set(
        [...options.allowedHosts, ...(isSocket ? [] : [inUrl(listen.host)])].map((name) => name.toLowerCase())
      ),
      isSocket
    })
    const on = (listen: Options["listen"]) =>
      HttpServerResource.open({
        name: "http",
        listen,
        tls,
        maxConnections: LIMITS.connections,
        headersWithinMs: LIMITS.headersMs,
        requestWithinMs: LIMITS.requestMs,
        closesWithin: LIMITS.closingMs,
        onClosing: close,
        onError: () => undefined
      }, app)
    if (isSocket) {
      yield* tidySocket(listen.path)
      yield* on(listen)
      yield* Effect.sync(() => chmodSync(listen.path, 0o600))
      yield* Running.publish(home, { url: listen.path, isSocket })
      return { url: listen.path, isSocket, takenPort: undefined }
    }
    const address = yield* Effect.catchIf(
      on(listen),
      ({ code }) => isPortFree && code === "EADDRINUSE",
      () => on({ ...listen, port: 0 })
    )
    const port = typeof address === "string" ? listen.port : address.port
    const url = `${tls === undefined ? "http" : "https"}://${inUrl(listen.host)}:${port}`
    yield* Running.publish(home, { url, isSocket })
    return { url, isSocket, takenPort: listen.port === 0 || listen.port === port ? undefined : listen.port }
  })

/** Listens until the layer's scope closes. */
export const layer = (options: Options) =>
  Owner.layer(Address, listen(options)).pipe(
    Layer.provide(routes),
    Layer.provide([
      Layer.effect(Events.Events, Events.make),
      Layer.effect(Metrics.Metrics, Metrics.make),
      Layer.effect(Pages.Pages, Pages.make(options.pages)),
      Layer.effect(Traffic.Traffic, Traffic.make),
      Layer.effect(Idempotency, Idempotency.make)
    ]),
    Layer.provideMerge(HttpSessions.HttpSessions.layer(options.mcp)),
    Layer.provideMerge(Layer.effect(Activity.Activity, Activity.make)),
    Layer.provideMerge(Layer.effect(Service, makeService(options))),
    Layer.provide(Layer.provideMerge(HttpPlatform.layer, Etag.layer))
  )
const routes = Layer.mergeAll(
  HttpApiBuilder.api(Api).pipe(
    Layer.provide([
      Access.access,
      Access.alive,
      Care.layer,
      LegacyRoutes.layer,
      Memories.layer,
      Projects.layer,
      Sessions.layer,
      Telling.layer
    ])
  ),
  Site.problems,
  HttpApiBuilder.Router.Live,
  HttpApiBuilder.Middleware.layer
)
