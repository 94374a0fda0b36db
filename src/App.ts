/**
 * The only place that wires layers: one composition for each command or entry that needs its own.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Exclude } from "./capture/Exclude.ts"
import type { ReviewMode } from "./compress/Review.ts"
import { FOLDER as OPENINGS } from "./domain/OpeningFile.ts"
import { FOLDER } from "./hook/RecordLines.ts"
import * as SessionRecords from "./hook/SessionRecords.ts"
import { Tails } from "./hook/Tails.ts"
import type * as HttpServer from "./http/Server.ts"
import type { QdrantOptions } from "./index/qdrant/QdrantClient.ts"
import type { QdrantIndexOptions } from "./index/qdrant/QdrantIndex.ts"
import * as EmbeddedIndex from "./index/sqlite/EmbeddedIndex.ts"
import { Injector } from "./inject/Injector.ts"
import * as Openings from "./inject/Openings.ts"
import * as LocalModels from "./models/LocalModels.ts"
import type * as Providers from "./models/providers/Providers.ts"
import type { Caps } from "./models/Spending.ts"
import { ModelsFile } from "./models/sqlite/ModelsFile.ts"
import * as SqliteModelCache from "./models/sqlite/SqliteModelCache.ts"
import type { PredecessorOptions } from "./moving/postgres/Predecessor.ts"
import type { ClaudeMemOptions } from "./moving/sqlite/ClaudeMem.ts"
import { version } from "./process/version.ts"
import { Files } from "./resources/Files.ts"
import * as Lazy from "./resources/Lazy.ts"
import type { InThread } from "./resources/monitor/Monitor.ts"
import * as Owner from "./resources/Owner.ts"
import * as Platform from "./resources/Platform.ts"
import { ResourceLedger } from "./resources/ResourceLedger.ts"
import { Retriever } from "./retrieve/Retriever.ts"
import type * as CaptureThread from "./serve/CaptureThread.ts"
import * as Reading from "./settings/Reading.ts"
import * as Settings from "./settings/Settings.ts"
import { BackupError } from "./store/Backups.ts"
import { Lease } from "./store/Lease.ts"
import type { PostgresPoolOptions } from "./store/postgres/PostgresPool.ts"
import type { Limits } from "./store/Retention.ts"
import { DATABASE, SqliteFile } from "./store/sqlite/SqliteFile.ts"
import * as SqliteStore from "./store/sqlite/SqliteStore.ts"

/** Options of the whole service. The settings `CLAUDE_MEMORY_*` and those of the settings file are not read. */
export interface Options {
  /** Folder of the memory's files. */
  readonly home: string
  /**
   * A reader never writes the memory and takes no lock of it. What sessions were given and which are muted is recorded beside it all the
   * same: hooks and `mute` are readers.
   */
  readonly readOnly: boolean
  /** True for a memory that nothing is kept of, in place of the files in `home`, of which only those of models' costs and answers are used. */
  readonly isInMemory?: boolean
  /** Longest wait for another process's lock on a file, in milliseconds; a write waits six times as long for others' writes. */
  readonly busyTimeoutMs: number
  /** Models of providers. Without a model for embeddings, the package's own is used. */
  readonly models?: Pick<Providers.Options, "patience" | "roles"> & { readonly caps: Caps }
  /**
   * Milliseconds that the light model may take to fuse the injected memories into one text; without it they are listed.
   */
  readonly fusion?: number | undefined
  /** Selects the sessions that a language model compresses again; without it, none. */
  readonly review?: ReviewMode
  /** Database of the memory, which then needs `qdrant`; without it, the memory is a file in `home`. */
  readonly postgres?: Omit<PostgresPoolOptions, "readOnly"> | undefined
  /** Server of the vectors; without it they lie in the memory's file. */
  readonly qdrant?: QdrantOptions & QdrantIndexOptions | undefined
  /** Most folders of transcripts that are watched; without it, the collector's default. */
  readonly watched?: number
  /** Folders and tools that are never captured; without it, everything is. */
  readonly exclude?: Reading.Exclude
  /** How much the memory keeps; without it, all. */
  readonly limits?: Limits
  /** True when somebody else holds the lease of capturing for this. */
  readonly isLeased?: boolean
  /** Limits of the daily backups that it makes while it captures; without them, it makes none. */
  readonly daily?: Settings.Settings["backups"]
}

const wordVectors = Settings.packageFile("assets", "static-embeddings.bin")

/** Makes a layer whose modules are imported when it is built, since every import before that delays the hook. */
const lazily = <M, A, E, R>(load: () => Promise<M>, make: (modules: M) => Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.unwrapEffect(Effect.map(Effect.promise(load), make))

/**
 * Reads the package's prices, before which those of `prices.json` in `home` go; fails with `PricesError` when either
 * file can't be used.
 */
export const prices = (home: string) =>
  Effect.flatMap(
    Effect.promise(() => import("./models/Prices.ts")),
    ({ read }) => read(Settings.packageFile("assets", "prices.json"), join(home, "prices.json"))
  )

const remoteModels = (models: NonNullable<Options["models"]>, home: string) =>
  lazily(
    () =>
      Promise.all([
        import("./models/providers/Providers.ts"),
        import("./models/Budget.ts"),
        import("./models/sqlite/SqliteSpending.ts")
      ]),
    ([Providers, { Budget }, SqliteSpending]) => {
      const budget = Layer.unwrapEffect(
        Effect.map(prices(home), (prices) => Budget.layer({ caps: models.caps, prices }))
      )
      return Layer.provide(
        Providers.layer({ ...models, local: wordVectors }),
        Layer.provide(budget, SqliteSpending.layer)
      )
    }
  )

/** The file of models' answers and costs, which is opened on first use. A process that needs both has one. */
const modelsFile = ({ busyTimeoutMs, home }: Pick<Options, "busyTimeoutMs" | "home">) =>
  ModelsFile.layer({ folder: home, busyTimeoutMs })

/** The models of the settings, and the cache of their answers. */
export const modelsOf = (options: Pick<Options, "busyTimeoutMs" | "home" | "models">, file = modelsFile(options)) => {
  const { home, models } = options
  return (models === undefined || Object.keys(models.roles).length === 0
    ? LocalModels.layer(wordVectors)
    : remoteModels(models, home)).pipe(
      Layer.provideMerge(SqliteModelCache.layer()),
      Layer.provide(file)
    )
}

const qdrantIndex = (options: NonNullable<Options["qdrant"]>) =>
  lazily(
    () => Promise.all([import("./index/qdrant/QdrantClient.ts"), import("./index/qdrant/QdrantIndex.ts")]),
    ([QdrantClient, QdrantIndex]) => Layer.provide(QdrantIndex.layer(options), QdrantClient.layer(options))
  )

const postgresStore = (options: PostgresPoolOptions) =>
  lazily(
    () => Promise.all([import("./store/postgres/PostgresPool.ts"), import("./store/postgres/PostgresStore.ts")]),
    ([{ PostgresPool }, PostgresStore]) => Layer.provide(PostgresStore.layer, PostgresPool.layer(options))
  )

/** Store and index share one file, unless the settings name servers for them. */
const databases = (
  { busyTimeoutMs, home, isInMemory, limits, postgres, qdrant, readOnly }: Options,
  name?: string,
  retains = false
) => {
  const file = isInMemory === true
    ? SqliteFile.layerMemory
    : SqliteFile.layer({ folder: home, readOnly, busyTimeoutMs, ...(name !== undefined && { name }) })
  const store = postgres === undefined
    ? Layer.provide(SqliteStore.layer, file)
    : postgresStore({ ...postgres, readOnly })
  const retention = retains && postgres === undefined
    ? lazily(
      () => import("./store/sqlite/SqliteRetention.ts"),
      (SqliteRetention) => SqliteRetention.layer(limits ?? { bytes: 0, ages: {} })
    ).pipe(Layer.provide(Layer.merge(file, store)))
    : Layer.empty
  return Layer.mergeAll(
    store,
    retention,
    qdrant === undefined ? Layer.provide(EmbeddedIndex.layer, file) : Layer.provide(qdrantIndex(qdrant), store)
  )
}

const adapters = (options: Options) => Layer.merge(databases(options), modelsOf(options))

/** The injector; with `fusion`, a model fuses the memories into one text, in place of a list. */
const injector = ({ fusion, models }: Pick<Settings.Settings, "fusion" | "models">) =>
  fusion === undefined ? Injector.layer : Layer.provide(
    Injector.layer,
    lazily(() => import("./inject/ModelBackground.ts"), (ModelBackground) =>
      ModelBackground.layer({
        model: (models.light ?? []).map(({ model, provider }) => `${provider}:${model}`).join(),
        within: fusion
      }))
  )

const reviewer = (mode: ReviewMode) =>
  lazily(
    () => Promise.all([import("./compress/abstractive/Abstractive.ts"), import("./compress/Review.ts")]),
    ([Abstractive, Review]) => Layer.provide(Review.layer(mode), Abstractive.layer)
  )

/** Records of the units injected into each session, kept beside the memory. */
const sessionRecords = ({ home, isInMemory }: Pick<Options, "home" | "isInMemory">) =>
  isInMemory === true ? SessionRecords.layerInMemory : SessionRecords.layer(join(home, FOLDER))

/** True for a memory that lies in a file of its folder. */
const isFile = ({ isInMemory, postgres }: Pick<Options, "isInMemory" | "postgres">) =>
  isInMemory !== true && postgres === undefined

/** The files of what a session's start is told, which stand for a database in a file. */
const openings = (options: Pick<Options, "home" | "isInMemory" | "postgres" | "readOnly">) =>
  isFile(options) && !options.readOnly
    ? Openings.layer(join(options.home, OPENINGS), join(options.home, DATABASE))
    : Layer.empty

/** The daily backups of a memory in a file. */
const dailyBackup = (options: Options) => {
  const { busyTimeoutMs, daily, home } = options
  return daily === undefined || !isFile(options)
    ? Layer.empty
    : lazily(
      () => import("./store/sqlite/SqliteBackups.ts"),
      (SqliteBackups) => SqliteBackups.layerDaily({ folder: home, busyTimeoutMs, limits: daily })
    )
}

/** The whole service; the caller provides the models, the ledger and the platform. */
const serviceOf = (options: Options) =>
  lazily(() =>
    Promise.all([
      import("./serve/ClaudeMemory.ts"),
      import("./capture/Collector.ts"),
      import("./compress/extractive/Extractive.ts")
    ]), ([{ ClaudeMemory }, { Collector }, Extractive]) =>
    ClaudeMemory.layer.pipe(
      Layer.provide(
        Layer.provideMerge(
          injector({ fusion: options.fusion, models: options.models?.roles ?? {} }),
          Layer.mergeAll(
            Retriever.layer,
            options.watched === undefined ? Collector.layer : Collector.layerWatching(options.watched),
            Extractive.layer,
            sessionRecords(options),
            openings(options)
          )
        )
      ),
      Layer.provide(options.review === undefined ? Layer.empty : reviewer(options.review)),
      Layer.provide(options.isLeased === true || options.isInMemory === true ? Layer.empty : Lease.layer(options.home)),
      Layer.provide(dailyBackup(options)),
      Layer.provide(options.exclude === undefined ? Layer.empty : Layer.succeed(Exclude, options.exclude)),
      Layer.provide(databases(options, undefined, true))
    ))

/** The whole service over a memory; the caller provides the ledger and the platform. */
export const layer = (options: Options, file = modelsFile(options)) =>
  Layer.provide(serviceOf(options), modelsOf(options, file))

/** Longest wait of a prompt for a lock of the file, in milliseconds: readers wait while a crashed writer's log is read. */
const PROMPT_BUSY_MS = 100

/** What prompts need, over a file that is only read, so that no writer is waited for. */
const prompting = (options: Options) =>
  lazily(() => import("./serve/Prompting.ts"), ({ Prompting }) =>
    Prompting.layer.pipe(
      Layer.provide(
        Layer.provideMerge(
          injector({ fusion: options.fusion, models: options.models?.roles ?? {} }),
          Layer.merge(Retriever.layer, sessionRecords(options))
        )
      ),
      Layer.provide(databases({ ...options, readOnly: true, busyTimeoutMs: PROMPT_BUSY_MS }, "Sqlite of prompts"))
    ))

/** Sends traces, metrics and logs of the command where the settings say so. */
const telemetry = (command: string, endpoint: string | undefined) =>
  endpoint === undefined
    ? Layer.empty
    : lazily(() => import("./resources/Telemetry.ts"), (Telemetry) => Telemetry.layer({ command, endpoint, version }))

/** The layers that every entry needs. The file system leaves opening to `Files` and the constructors of src/resources. */
export const platform = Layer.provideMerge(Files.layer, Layer.merge(ResourceLedger.layerWarning, Platform.layer))

/** Provides the platform to a whole program. */
export const onPlatform = Effect.provide(platform)

/** Provides what a command needs. A command provides once, and opens nothing before. */
export const provide = Owner.run

/** Access to the memory, and the limits on waiting, of one kind of program. */
interface Profile {
  readonly readOnly: boolean
  readonly busyTimeoutMs: number
  /** Timeouts and retries for models that are asked over the network. */
  readonly models: Providers.Options["patience"]
  readonly qdrant: Pick<QdrantOptions, "handshake" | "retries" | "maxDelay" | "within">
  readonly postgres: Omit<PostgresPoolOptions, "readOnly" | "schema" | "url">
}

const toOptions = (
  { caps, compression, exclude, fusion, home, limits, models: roles, postgres, qdrant }: Settings.Settings,
  { models, postgres: postgresLimits, qdrant: qdrantLimits, ...rest }: Profile
): Options => ({
  home,
  ...rest,
  exclude,
  fusion,
  limits,
  qdrant: qdrant && { ...qdrant, ...qdrantLimits },
  postgres: postgres && { url: postgres, ...postgresLimits },
  ...(!rest.readOnly && compression !== "extractive" && { review: compression }),
  models: { roles, caps, patience: models }
})

const withSettings = <A, E, R>(make: (settings: Settings.Settings) => Layer.Layer<A, E, R>) =>
  Layer.unwrapEffect(Effect.map(Settings.load, make))

const WRITER: Profile = {
  readOnly: false,
  busyTimeoutMs: 5_000,
  models: {
    // The longest answers have a few thousand tokens, and slow models write some thirty a second.
    timeout: { light: "2 minutes", heavy: "3 minutes", embedding: "1 minute", rerank: "30 seconds" },
    retries: 3,
    maxDelay: "30 seconds"
  },
  qdrant: { within: "30 seconds", retries: 2, maxDelay: "10 seconds", handshake: "tolerant" },
  postgres: { connections: 4, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000, lockTimeoutMs: 10_000 }
}
const READER: Profile = {
  readOnly: true,
  busyTimeoutMs: 1_000,
  models: {
    timeout: { light: "30 seconds", heavy: "30 seconds", embedding: "5 seconds", rerank: "5 seconds" },
    retries: 1,
    maxDelay: "1 second"
  },
  // If Qdrant does not answer, a reader gets an answer without it, and a note.
  qdrant: { within: "5 seconds", retries: 1, maxDelay: "1 second", handshake: "deferred" },
  postgres: { connections: 2, connectTimeoutMs: 5_000, statementTimeoutMs: 30_000, lockTimeoutMs: 1_000 }
}
const HOOK: Profile = {
  readOnly: true,
  busyTimeoutMs: 50,
  models: { timeout: "80 millis", retries: 0, maxDelay: 0 },
  qdrant: { within: "60 millis", retries: 0, maxDelay: 0, handshake: "deferred" },
  postgres: { connections: 1, connectTimeoutMs: 60, statementTimeoutMs: 60, lockTimeoutMs: 50 }
}

/** Monitors the process; `command` is the subcommand that runs it. */
const monitor = (command: string, home: string, inThread?: () => InThread | undefined) =>
  lazily(
    () => import("./resources/monitor/Monitor.ts"),
    (Monitor) => Monitor.layer({ home, command, ...(inThread !== undefined && { inThread }) })
  )

const monitored = (command: string, options: Options) => Layer.provide(layer(options), monitor(command, options.home))

/** The service over a memory that lies entirely in `home`, even if the settings name servers. */
export const serviceIn = (home: string, command: string) =>
  withSettings((settings) =>
    monitored(command, toOptions({ ...settings, home, postgres: undefined, qdrant: undefined }, WRITER))
  )

/** The service as the settings configure it. */
export const service = (command: string) => withSettings((settings) => monitored(command, toOptions(settings, WRITER)))

/** The service of a process that captures for long. */
export const watching = withSettings((settings) =>
  monitored("watch", { ...toOptions(settings, WRITER), daily: settings.backups })
)

/** Builds the layer of a service on first use, for all that follow. */
const openedLater = <I, S, E>(load: () => Promise<Context.Tag<I, S>>, layer: Layer.Layer<I, E, ResourceLedger>) =>
  Effect.flatMap(ResourceLedger, (ledger) => {
    const build = Effect.zipWith(
      Effect.promise(load),
      Layer.build(layer),
      (tag, services) => Context.get(services, tag)
    )
    return Effect.map(Lazy.make(Owner.composing(build)), Effect.provideService(ResourceLedger, ledger))
  })

/** Makes the effect that captures in a thread of its own, on first use. */
const capturedInThread = (home: string, folder: string, report: CaptureThread.Options["report"]) =>
  Effect.flatMap(ResourceLedger, (ledger) => {
    const make = Effect.gen(function*() {
      const CaptureThread = yield* Effect.promise(() => import("./serve/CaptureThread.ts"))
      const lease = yield* Layer.build(Lease.layer(home))
      const file = Settings.packageFile("dist", "capture.js")
      return yield* Effect.provide(CaptureThread.make({ file, folders: [folder], report }), lease)
    })
    return Effect.map(
      Lazy.make(Owner.composing(make)),
      (made) => Effect.provideService(Effect.flatten(made), ResourceLedger, ledger)
    )
  })

/**
 * Reads the session and the settings that the MCP server needs, and returns how to open the rest: what prompts need, and the whole
 * service. Where the memory is on servers, the service answers prompts too: its connections are dear.
 */
export const openForMcp = Owner.composing(Effect.gen(function*() {
  const settings = yield* Settings.load
  const session = yield* Settings.claudeSession
  const options = toOptions(settings, WRITER)
  let inThread: InThread | undefined
  const shared = Layer.succeedContext(
    yield* Layer.build(
      modelsOf(options).pipe(
        Layer.provideMerge(monitor("mcp", options.home, () => inThread)),
        Layer.provideMerge(Platform.layer)
      )
    )
  )
  const memory = yield* openedLater(
    () => import("./serve/ClaudeMemory.ts").then(({ ClaudeMemory }) => ClaudeMemory),
    Layer.provide(serviceOf(options), shared)
  )
  const isOneFile = settings.postgres === undefined && settings.qdrant === undefined
  return {
    ...session,
    isolation: settings.isolation,
    home: Option.some(settings.home),
    // A model of a provider costs money, also for a question that nobody asks.
    isWarmed: settings.models.embedding === undefined,
    memory,
    prompts: isOneFile
      ? yield* openedLater(
        () => import("./serve/Prompting.ts").then(({ Prompting }) => Prompting),
        Layer.provide(prompting(options), shared)
      )
      : memory,
    capture: yield* capturedInThread(options.home, Reading.transcriptsFolder(settings), (open) => {
      inThread = open
    })
  }
}))

/** Interval at which the capturing thread looks whether to report what it has open: the monitor of the process takes a sample each second. */
const REPORT_INTERVAL = "1 second"

/** Time for a last look at the session's transcript when the process ends: Claude Code waits half a second for it. */
const LAST_LOOK = "300 millis"

/** Captures, as the program of a thread whose process holds the lease, and reports what is open. */
export const captureInThread = (post: (message: CaptureThread.ThreadMessage) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const settings = yield* Settings.load
    const [{ ClaudeMemory }, Monitor] = yield* Effect.promise(() =>
      Promise.all([import("./serve/ClaudeMemory.ts"), import("./resources/monitor/Monitor.ts")])
    )
    const changes = Stream.repeatEffect(Effect.delay(Monitor.readThread, REPORT_INTERVAL)).pipe(
      Stream.changesWith((last, next) => JSON.stringify(last) === JSON.stringify(next))
    )
    const reporting = Stream.runForEach(changes, (open) => post({ _tag: "Open", open }))
    const { sessionId } = yield* Settings.claudeSession
    const folder = Reading.transcriptsFolder(settings)
    const capturing = Effect.flatMap(ClaudeMemory, (memory) => Stream.runDrain(memory.capture([folder])))
    const lastLook = Effect.flatMap(
      ClaudeMemory,
      (memory) => sessionId === undefined ? Effect.void : memory.captureLast(folder, sessionId)
    ).pipe(Effect.interruptible, Effect.timeoutOption(LAST_LOOK), Effect.ignore)
    yield* post({ _tag: "Started" })
    const options = { ...toOptions(settings, WRITER), isLeased: true, daily: settings.backups }
    const services = Layer.provideMerge(layer(options), platform)
    yield* Owner.run(services)(Effect.onInterrupt(Effect.raceFirst(capturing, reporting), () => lastLook))
  })

/** Where the server of the page and the API listens. */
export type Listening = Pick<HttpServer.Options, "allowedHosts" | "isInsecure" | "isPortFree" | "listen" | "tls">

/** What a server over HTTP does besides to answer it. */
export interface Besides {
  /** Captures in a thread of its own, as the MCP server over stdio does; one process per memory does it. */
  readonly captures: boolean
  /** Answers the hook program of a prompt. */
  readonly answersHooks: boolean
  readonly checkConnection: HttpServer.Options["checkConnection"]
}

/** The HTTP server over the service; `command` is the subcommand that runs it. */
export const http = (command: string, listening: Listening, { answersHooks, captures, checkConnection }: Besides) =>
  withSettings((settings) =>
    Layer.unwrapEffect(Effect.gen(function*() {
      const [Server, { Background }, Injecting] = yield* Effect.promise(() =>
        Promise.all([import("./http/Server.ts"), import("./mcp/Background.ts"), import("./settings/Injecting.ts")])
      )
      const { maxTokens, mode } = yield* Injecting.load
      const { home, isolation } = settings
      const options = toOptions(settings, WRITER)
      const file = modelsFile(options)
      const server = Server.layer({
        ...listening,
        home,
        place: yield* placeOf(settings),
        checkConnection,
        isBackedUp: settings.backups !== undefined,
        transcripts: Reading.transcriptsFolder(settings),
        caps: settings.caps,
        // Who looks sees what would be told, also while nothing is.
        telling: { mode: mode === "off" ? "balanced" : mode, maxTokens },
        pages: Settings.packageFile("dist", "web"),
        mcp: { isolation, home: answersHooks ? Option.some(home) : Option.none() }
      })
      let inThread: InThread | undefined
      const capture = capturedInThread(home, Reading.transcriptsFolder(settings), (open) => {
        inThread = open
      })
      const capturing = Background.layer(Effect.map(capture, (run) => ({ name: "capture", run })))
      return server.pipe(
        Layer.provide(captures ? capturing : Layer.empty),
        Layer.provide(settings.postgres === undefined ? backups : Layer.empty),
        Layer.provideMerge(layer(options, file)),
        Layer.provide(Layer.merge(spendingIn(home, file), monitor(command, home, () => inThread))),
        Layer.provideMerge(telemetry(command, settings.telemetry))
      )
    }))
  )

/** Describes the place of the memory for people. */
export const placeOf = ({ home, postgres }: Pick<Settings.Settings, "home" | "postgres">): Effect.Effect<string> =>
  postgres === undefined
    ? Effect.succeed(home)
    : Effect.flatMap(Effect.promise(() => import("./resources/Postgres.ts")), ({ placeOf }) => placeOf(postgres))

/** The service for reviews on request. */
export const reviewing = withSettings((settings) =>
  monitored("review", { review: "manual", ...toOptions(settings, WRITER) })
)

/**
 * The service with another embedding model, in the syntax of `CLAUDE_MEMORY_EMBEDDING`; "local" is the package's own.
 */
export const reindexing = (to: Option.Option<string>) =>
  Option.match(to, {
    onNone: () => service("reindex"),
    onSome: (model) =>
      Layer.provide(
        service("reindex"),
        Layer.setConfigProvider(
          ConfigProvider.orElse(
            ConfigProvider.fromMap(new Map([["CLAUDE_MEMORY_EMBEDDING", model]])),
            () => ConfigProvider.fromEnv()
          )
        )
      )
  })

/** The service for commands that only read. */
export const reader = withSettings((settings) => layer(toOptions(settings, READER)))

/** The service for commands that say what they would do: where nothing is remembered yet, over a memory that is empty. */
const trying = withSettings((settings) => {
  const isThere = settings.postgres !== undefined || existsSync(join(settings.home, DATABASE))
  return layer({ ...toOptions(settings, READER), ...(!isThere && { isInMemory: true, qdrant: undefined }) })
})

/** Another program's memory: the database of claude-mem, or that of the predecessor. */
export type Foreign =
  | ({ readonly _tag: "claude-mem" } & ClaudeMemOptions)
  | ({ readonly _tag: "predecessor" } & PredecessorOptions)

const foreign = (from: Foreign) =>
  from._tag === "claude-mem"
    ? lazily(() => import("./moving/sqlite/ClaudeMem.ts"), ({ layer }) => layer(from))
    : lazily(() => import("./moving/postgres/Predecessor.ts"), ({ layer }) => layer(from))

/** The service, and the memory that is brought into it, which is opened first. A dry run only reads. */
export const movingFrom = (from: Foreign, isDryRun: boolean) =>
  isDryRun
    ? Layer.provideMerge(trying, foreign(from))
    : withSettings((settings) => {
      const options = toOptions(settings, WRITER)
      // Outside of both, so that it sees both being opened.
      return Layer.provide(Layer.provideMerge(layer(options), foreign(from)), monitor("import-from", options.home))
    })

/** What checks and repairs the files in the home, whether they can be opened or not. */
export const integrity = withSettings(({ home, postgres }) =>
  lazily(() =>
    Promise.all([
      import("./store/sqlite/SqliteIntegrity.ts"),
      import("./store/sqlite/MemoryParts.ts"),
      import("./models/sqlite/ModelsParts.ts")
    ]), ([SqliteIntegrity, { memoryParts }, { modelsParts }]) =>
    SqliteIntegrity.layer({
      folder: home,
      databases: postgres === undefined ? [memoryParts, modelsParts] : [modelsParts],
      memory: postgres === undefined ? memoryParts.name : undefined,
      busyTimeoutMs: READER.busyTimeoutMs
    }))
)

/** What backs up and restores a memory in a file; fails where it is in PostgreSQL. */
export const backups = withSettings(({ backups, home, postgres }) =>
  postgres === undefined
    ? lazily(() => import("./store/sqlite/SqliteBackups.ts"), (SqliteBackups) =>
      SqliteBackups.layer({
        folder: home,
        busyTimeoutMs: WRITER.busyTimeoutMs,
        limits: backups ?? { kept: 0, bytes: 0 }
      }))
    : Layer.fail(new BackupError({ reason: "Elsewhere", path: home, detail: "", cause: undefined }))
)

/** The models of the settings, with the timeouts of a reader. */
export const readerModels = withSettings((settings) => modelsOf(toOptions(settings, READER)))

/** The record of what models cost. */
export const spendingIn = (home: string, file = modelsFile({ home, busyTimeoutMs: READER.busyTimeoutMs })) =>
  Layer.provide(lazily(() => import("./models/sqlite/SqliteSpending.ts"), ({ layer }) => layer), file)

/** `Spending` in the folder that the settings name; fails with `SettingsError` when these can't be used. */
export const spending = withSettings(({ home }) => spendingIn(home))

/** Reads what is not remembered yet when a session begins. */
const tails = Tails.layer(() =>
  Promise.all([import("./hook/TailReader.ts"), import("./compress/extractive/Extractive.ts")]).then(
    ([{ read }, { layer }]) => (request) => Effect.provide(read(request), layer)
  )
)

/**
 * For the hooks when the settings name a server, an embedding model or fusion (bin/HookLocal.ts covers all else).
 * Injects and nothing more, with timeouts so short that neither store nor model delays a prompt. There is no time to
 * rerank or to write, so fusion uses only texts that are cached.
 */
export const hook = Layer.provideMerge(
  withSettings((settings) => {
    const models = Struct.omit(settings.models, "rerank", "light", "heavy")
    return injector(settings).pipe(
      Layer.provide(Retriever.layer),
      Layer.merge(Layer.provide(tails, Layer.succeed(Exclude, settings.exclude))),
      Layer.provideMerge(adapters(toOptions({ ...settings, models }, HOOK))),
      Layer.merge(sessionRecords(settings))
    )
  }),
  platform
)
