/**
 * What a file of src may name: lists of names by module, for some of the files. `*` stands for all names of a module, "global" for the
 * globals, "syntax" for `async` functions and the text "unbounded". Types are free, and so are our own modules, except for those of their names that are listed here.
 *
 * A list holds for its `files`, for all without them. `instead` says what the other files do. The longest name decides:
 * `URL.createObjectURL` over `URL`.
 */
import { EVERYWHERE, FOR_NOBODY, LIFETIMES, lists, METHODS as OPENING, names, within } from "./lists.mjs"
import { words } from "./uses.mjs"

/** Files that give things a lifetime: those of the ledger, and those that start a program. */
const OWNERS = ["resources/", "App.ts", "testing.ts", "library.ts", "bin/", "process/Process.ts"]

const TIMER =
  "keeps a timer: use `Effect.sleep`, `Effect.timeout` or a Schedule, or `Timer.open` of src/resources where no Effect can run"
const SETTING = "reads the environment: make it a Config in src/settings"

/** @type {ReadonlyArray<{ files?: ReadonlyArray<string>, names: Record<string, ReadonlyArray<string>>, instead?: string }>} */
export const ALLOWED = [
  { names: EVERYWHERE },
  {
    names: lists(words`
      @modelcontextprotocol/sdk/shared/stdio.js @modelcontextprotocol/sdk/types.js @secretlint/secretlint-rule-preset-recommend diff jsonc-parser
      opencc-js/dict/TSCharacters pg-connection-string stemmer uuid`)`@effect/platform-node/Undici= DecoratorHandler errors`
  },
  {
    files: OWNERS,
    names: LIFETIMES,
    instead:
      "gives something a lifetime of its own: build a service by `Owner.layer`, open inside it by `Owner.nested`, and give a " +
      "context by the `provideContext` of src/resources; src/App.ts provides layers"
  },

  // Handles, each for the module that opens it in the ledger.
  {
    files: ["resources/"],
    names: lists(["@effect/experimental/Reactivity"])`
      @effect/sql/SqlClient= TransactionConnection make makeWithTransaction
      global= process.getActiveResourcesInfo process.kill node:fs= watch`
  },
  {
    files: ["resources/HttpPool.ts"],
    names: names`@effect/platform-node/Undici= Pool buildConnector`
  },
  {
    files: ["resources/Postgres.ts"],
    names: names`@effect/sql-pg/PgClient= fromPool node:net= Socket pg= Pool types`
  },
  // Waits on a cell that nobody else has.
  {
    files: ["resources/Disk.ts"],
    names: names`global= Atomics.wait SharedArrayBuffer`
  },
  // The last three are for the garbage collection that ends SQLite's statements.
  {
    files: ["resources/Sqlite.ts"],
    names: names`
      node:sqlite= DatabaseSync node:v8= setFlagsFromString node:vm= runInNewContext`
  },
  {
    files: ["resources/SqliteDriver.ts"],
    names: names`
      node:module= createRequire node:sqlite= DatabaseSync global= process.emitWarning process.getBuiltinModule`
  },
  // Memory that only its module refers to.
  { files: ["index/sqlite/VectorSpace.ts"], names: names`global= WebAssembly` },
  { files: ["resources/Child.ts"], names: names`node:child_process= spawn` },
  { files: ["resources/Worker.ts"], names: names`node:worker_threads= Worker` },
  // For a way to close it that node:http's own servers have not.
  { files: ["resources/Server.ts"], names: names`node:net= Server connect` },
  { files: ["resources/LineServer.ts"], names: names`node:net= createServer effect/FiberSet= runtime` },
  // Each opened and closed in one call.
  {
    files: ["resources/Disk.ts"],
    names: names`node:fs= closeSync fsyncSync futimesSync openSync readSync writeSync node:worker_threads= isMainThread`
  },
  // The hook's entry, whose process is a question: its one connection ends with the answer, and with it the process.
  { files: ["hook/Ask.ts"], names: names`node:net= connect` },
  // Its fibers end with its layer's scope; it sends by the client that it is given, over a pool of src/resources.
  { files: ["resources/Telemetry.ts"], names: names`@effect/opentelemetry/Otlp= layerJson global= Response` },
  // Sends through the dispatcher that it is given, a pool of src/resources.
  { files: ["resources/QdrantApi.ts"], names: names`@qdrant/js-client-rest= QdrantClient` },
  // Releases go on when their fiber does not: they are bounded, and the end of the ledger waits for them.
  {
    files: ["resources/ResourceLedger.ts"],
    names: names`effect/Effect= forkDaemon effect/Fiber= interruptFork`,
    instead: "lets a fiber outlive its scope: use `Effect.forkScoped`"
  },
  // The first use of stderr opens a descriptor on a terminal.
  { files: ["resources/monitor/Monitor.ts"], names: names`global= process.stderr` },

  // The API's routes and what stands before them; who listens is src/resources/HttpServer.ts.
  {
    files: ["http/", "resources/HttpServer.ts"],
    names: lists(
      within(
        "@effect/platform",
        words`
          HttpApi HttpApiClient HttpApiEndpoint HttpApiError HttpApiGroup HttpApiSchema HttpApp HttpServerError HttpServerRequest HttpServerResponse OpenApi`
      )
    )`@effect/platform/HttpApiBuilder= Middleware Router api group httpApp middleware
      @effect/platform/HttpIncomingMessage= withMaxBodySize @effect/platform/Etag= layer @effect/platform/HttpPlatform= layer`
  },
  {
    files: ["resources/HttpServer.ts"],
    names: names`@effect/platform-node/NodeHttpServer= makeHandler node:http= createServer node:https= createServer`
  },

  // Parts of the program. The protocol's streams are stdin and stdout; the help of @effect/cli is written to the console.
  { files: ["mcp/Server.ts"], names: names`global= process.stdin process.stdout` },
  {
    files: ["mcp/HttpSessions.ts"],
    names: names`
      @modelcontextprotocol/sdk/server/webStandardStreamableHttp.js= WebStandardStreamableHTTPServerTransport
      global= Request Response.json`
  },
  { files: ["http/Mcp.ts"], names: names`effect/Stream= fromReadableStream` },
  {
    files: ["mcp/Connection.ts"],
    names: names`@modelcontextprotocol/sdk/server/index.js= Server effect/FiberSet= runtime runtimePromise`
  },
  {
    files: ["cli/"],
    names: lists(
      within(
        "@effect/cli",
        words`Args AutoCorrect CliConfig Command CommandDescriptor HelpDoc Options Prompt ValidationError`
      )
    )``
  },
  { files: ["cli/Cli.ts"], names: names`effect/Effect= console withConsole` },
  { files: ["App.ts"], names: names`effect/ConfigProvider= fromEnv`, instead: SETTING },
  // A provider that has nothing, and notes what it is asked for.
  {
    files: ["settings/Unknown.ts"],
    names: lists(["effect/ConfigProviderPathPatch"])`effect/ConfigProvider= fromFlat makeFlat`
  },
  {
    files: ["process/Advice.ts", "process/Environment.ts", "settings/Early.ts"],
    names: names`global= process.env`,
    instead: SETTING
  },
  // The hook's entry, which reads stdin and parts of files, writes stdout, and ends.
  { files: ["bin/EarlyStdin.ts"], names: names`global= process.stdin` },
  { files: ["hook/AtOnce.ts", "store/sqlite/ReadsAtOnce.ts"], names: names`node:fs= closeSync openSync readSync` },
  { files: ["hook/Entry.ts"], names: names`node:fs= writeSync` },
  { files: ["process/CodeCache.ts"], names: names`node:module= enableCompileCache` },
  {
    files: ["process/CachedScript.ts"],
    names: names`node:module= createRequire node:v8= setFlagsFromString node:vm= Script node:zlib= crc32`
  },
  { files: ["process/Advice.ts", "bin/main.ts"], names: names`global= process.argv` },
  // On a Node too old for the rest there is no effect to run.
  { files: ["bin/main.ts", "bin/mcp.ts"], names: names`global= process.exitCode` },
  { files: ["bin/"], names: names`global= process.stderr` },
  { files: ["bin/hook.ts"], names: names`global= process.exit` },
  {
    files: ["process/Process.ts"],
    names: lists(["effect/Logger"])`
      @effect/platform-node/NodeRuntime= runMain
      effect/Effect= runCallback runFork runPromise runPromiseExit runSync runSyncExit
      global= process.emit process.exit process.exitCode process.on process.once process.stderr process.stdin process.stdout`,
    instead:
      "belongs to src/process/Process.ts: return the Effect, fail with a typed error or `Unsuccessful`, and let its `runMain` run, " +
      "listen to signals, and exit; it has `readStdin`, `writeStdout` and `writeStderr`"
  },
  {
    files: ["process/Thread.ts"],
    names: names`effect/Effect= runFork node:worker_threads= parentPort`,
    instead: "belongs to src/process/Thread.ts: return the Effect, and let its `runThread` run it"
  },
  // For the deadline of the shutdown that would close any handle.
  { files: ["process/Process.ts"], names: names`global= setTimeout`, instead: TIMER },

  // What adapts a library that speaks in promises.
  {
    files: ["resources/", "bin/", "capture/redact/", "mcp/Stdio.ts"],
    names: names`syntax= async`,
    instead: "goes on when nobody waits for it, and can't be interrupted: use `Effect.gen`"
  },

  { files: ["resources/Timer.ts"], names: names`global= clearInterval setInterval`, instead: TIMER },

  {
    files: ["resources/EventLoop.ts", "resources/Server.ts"],
    names: names`global= clearImmediate setImmediate`,
    instead: TIMER
  },

  // For nobody.
  { files: [], names: lists(["node:timers/promises"])`global= AbortSignal.timeout`, instead: TIMER },
  {
    files: [],
    names: lists(["effect/Console"])`global= console`,
    instead:
      "would mix with the answer: log by `Effect.log…` (stderr), answer by `writeStdout` of src/process/Process.ts"
  },
  ...FOR_NOBODY,

  // Names of ours.
  {
    files: ["resources/", "resources.ts"],
    names: names`
      ./src/resources/ResourceLedger.ts= acquire
      ./src/resources/Owner.ts= adopt children open`,
    instead: "opens a handle: use the constructor of src/resources for its kind, or write one there"
  },
  {
    files: ["resources/", "App.ts", "testing.ts", "bin/"],
    names: names`./src/resources/Owner.ts= composing`,
    instead: "leaves the owner open: use `Owner.layer` or `Owner.nested`"
  },
  {
    files: ["App.ts", "mcp/Server.ts"],
    names: names`./src/resources/Owner.ts= run`,
    instead: "builds layers: ask for the service, which a command provides once, by `App.provide`"
  },
  {
    files: [...OWNERS, "mcp/Server.ts"],
    names: names`./src/resources/ResourceLedger.ts= ResourceLedger.layer ResourceLedger.layerWarning`,
    instead: "is the ledger of a whole program: ask for `ResourceLedger`, and let src/App.ts provide it"
  }
]

/** Methods that open or keep something, whatever the object. */
export const METHODS = [
  ...OPENING,
  // Stdio reads what the client of the protocol says.
  // A signal of a request, which ends with it.
  {
    files: ["index/qdrant/QdrantDispatcher.ts", "mcp/Connection.ts"],
    names: words`addEventListener`,
    instead: "listens for as long as the object lives: use `Effect.async`, and remove the listener in its cleanup"
  },
  {
    files: [
      "resources/",
      "process/Process.ts",
      "process/Thread.ts",
      "mcp/Stdio.ts",
      "hook/Ask.ts",
      "bin/EarlyStdin.ts"
    ],
    names: words`addListener on once prependListener prependOnceListener`,
    instead: "listens for as long as the object lives: src/process/Process.ts listens to the process"
  }
]
