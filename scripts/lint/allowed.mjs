/**
 * What a file of src may name: lists of names by module, for some of the files. `*` stands for all names of a module, "global" for the
 * globals. Types are free, and so are our own modules, except for those of their names that are listed here.
 *
 * A list holds for its `files`, for all without them. `instead` says what the other files do. The longest name decides:
 * `URL.createObjectURL` over `URL`.
 */
import { words } from "./uses.mjs"

/** Reads lists: `effect/Fiber= join await`. A module of `of` gets all of its names. */
const lists = (of) => ([text]) => {
  const found = Object.fromEntries(of.map((module) => [module, ["*"]]))
  let names = []
  for (const word of words([text])) {
    if (word.endsWith("=")) found[word.slice(0, -1)] = names = []
    else names.push(word)
  }
  return found
}
const names = lists([])
const within = (folder, modules) => modules.map((module) => `${folder}/${module}`)

/** Modules that open nothing, and start nothing that goes on by itself. */
const PURE = [
  ...within(
    "effect",
    words`
      Array BigDecimal BigInt Boolean Brand Cause Chunk Clock Config ConfigError Context Cron Data DateTime Deferred Duration Either Encoding
      Equal Equivalence ExecutionStrategy Exit FiberId FiberRef Function GlobalValue Hash HashMap HashSet Iterable JSONSchema List LogLevel Match Metric
      MetricBoundaries MutableRef Number Option Order Ordering ParseResult Pipeable Predicate Random Record Redacted Ref RegExp Schedule
      Schema SchemaAST SortedMap SortedSet String Struct Symbol SynchronizedRef Trie Tuple Types Unify`
  ),
  ...within(
    "@effect/platform",
    words`Error FileSystem Headers HttpBody HttpClient HttpClientError HttpClientRequest HttpClientResponse Path UrlParams`
  ),
  ...words`
    node:os node:path @effect/platform-node/NodeContext @effect/sql/SqlError @effect/sql/Statement jsonc-parser pg-connection-string
    @modelcontextprotocol/sdk/shared/stdio.js @modelcontextprotocol/sdk/types.js @secretlint/secretlint-rule-preset-recommend stemmer uuid`
]

const EVERYWHERE = lists(PURE)`
  global=
    AbortController AbortSignal Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean Buffer DataView Date Error Float32Array
    Float64Array Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise RangeError RegExp Set String
    Symbol SyntaxError TextDecoder TextEncoder TypeError URL URLSearchParams Uint16Array Uint32Array Uint8Array WeakMap WeakSet atob btoa
    decodeURIComponent encodeURIComponent parseFloat parseInt performance.now process.arch process.cwd process.execPath process.getuid
    process.hrtime process.memoryUsage process.pid process.platform process.ppid process.stderr.isTTY process.stdin.isTTY
    process.stdout.isTTY process.uptime process.version process.versions structuredClone undefined
  effect/ConfigProvider= fromJson fromMap mapInputPath nested orElse
  effect/Effect=
    Do acquireUseRelease addFinalizer all andThen annotateCurrentSpan annotateLogs annotateSpans as asSome asVoid async asyncEffect bind
    bindTo cached cachedFunction cachedInvalidateWithTTL cachedWithTTL catchAll catchAllCause catchAllDefect catchIf catchSome
    catchSomeCause catchSomeDefect catchTag catchTags cause clock clockWith configProviderWith context contextWith contextWithEffect
    currentSpan delay die dieMessage dieSync dropWhile either ensuring eventually every exists exit fail failCause failCauseSync failSync
    fiberId filter filterMap filterOrDie filterOrDieMessage filterOrElse filterOrFail findFirst firstSuccessOf flatMap flatten flip fn
    fnUntraced forEach forever fork forkScoped fromNullable gen head if ignore ignoreLogged interrupt interruptible interruptibleMask
    isEffect isFailure isSuccess iterate let liftPredicate linkSpans locally locallyWith log logDebug logError logFatal logInfo logTrace
    logWarning logWithLevel loop makeLatch map mapAccum mapBoth mapError mapErrorCause match matchCause matchCauseEffect matchEffect merge
    mergeAll negate never none onError onExit onInterrupt once option orDie orDieWith orElse orElseFail orElseSucceed partition promise
    provideService provideServiceEffect race raceAll raceFirst random reduce reduceEffect reduceRight repeat repeatN repeatOrElse replicate
    replicateEffect retry retryOrElse sandbox schedule scheduleFrom scoped serviceConstants serviceFunctions serviceMembers serviceOption
    serviceOptional sleep spanAnnotations succeed succeedNone succeedSome suspend sync tagMetrics takeWhile tap tapBoth tapDefect tapError
    tapErrorCause tapErrorTag timed timedWith timeout timeoutFail timeoutFailCause timeoutOption timeoutTo tracer transposeMapOption
    transposeOption try tryMap tryMapPromise tryPromise uninterruptible uninterruptibleMask unless unlessEffect unsandbox useSpan using
    validate validateAll validateFirst void when whenEffect whileLoop withClock withConcurrency withConfigProvider withLogSpan
    withMaxOpsBeforeYield withMetric withParentSpan withRandom withSpan withTracer withTracerEnabled withTracerTiming yieldNow zip zipLeft
    zipRight zipWith
  effect/Fiber= all await awaitAll interrupt interruptAll join joinAll map poll status zip
  effect/Layer=
    catchAll catchAllCause context die discard effect effectContext effectDiscard empty fail failCause flatMap flatten fresh function
    locally map mapError match merge mergeAll mock orDie orElse passthrough project provide provideMerge retry service setConfigProvider
    succeed succeedContext suspend sync syncContext tap tapError tapErrorCause unwrapEffect zipWith
  effect/PubSub= awaitShutdown bounded capacity dropping isEmpty isFull isShutdown publish publishAll shutdown size sliding subscribe
  effect/Queue=
    awaitShutdown bounded capacity dropping isEmpty isFull isShutdown offer offerAll poll shutdown size sliding take takeAll takeBetween
    takeN takeUpTo
  effect/Stream=
    Do accumulate aggregate as async asyncEffect bind bindTo buffer bufferChunks catchAll catchAllCause catchSome catchTag catchTags changes
    changesWith chunks concat concatAll context cross debounce decodeText die drain drop dropRight dropUntil dropWhile either empty
    encodeText ensuring ensuringWith execute fail failCause failSync filter filterEffect filterMap filterMapEffect filterMapWhile finalizer
    find findEffect flatMap flatten flattenChunks flattenEffect flattenIterables flattenTake forever fromChunk fromChunks fromEffect
    fromEffectOption fromIterable fromIterableEffect fromPubSub fromQueue fromSchedule groupAdjacentBy grouped groupedWithin haltAfter
    haltWhen identity if interleave interruptAfter interruptWhen intersperse iterate let make map mapAccum mapAccumEffect mapBoth mapChunks
    mapChunksEffect mapConcat mapConcatChunk mapConcatEffect mapEffect mapError mapErrorCause merge mergeAll mergeLeft mergeRight mergeWith
    mkString never onDone onEnd onError onStart orDie orElse orElseFail orElseIfEmpty orElseSucceed paginate paginateChunk
    paginateChunkEffect paginateEffect partitionEither prepend provideContext provideService range rechunk repeat repeatEffect repeatEffectChunk
    repeatEffectChunkOption repeatEffectOption repeatEffectWithSchedule repeatValue retry run runCollect runCount runDrain runFold
    runFoldEffect runFoldWhile runForEach runForEachChunk runForEachWhile runHead runLast runSum scan scanEffect schedule scoped sliding
    some someOrElse split splitLines succeed suspend sync take takeRight takeUntil takeUntilEffect takeWhile tap tapBoth tapError
    tapErrorCause throttle throttleEffect tick timeout timeoutFail timeoutTo transduce unfold unfoldChunk unfoldChunkEffect unfoldEffect
    unwrap unwrapScoped void when whenEffect withSpan zip zipAll zipLatest zipLeft zipRight zipWith zipWithIndex zipWithNext zipWithPrevious
  @effect/platform-node/Undici= DecoratorHandler errors
  @effect/sql/SqlClient= SqlClient
  node:crypto= createHash createHmac randomBytes randomInt randomUUID timingSafeEqual
  node:fs=
    accessSync appendFileSync chmodSync constants copyFileSync existsSync fstatSync lstatSync mkdirSync readFileSync readdirSync readlinkSync
    realpathSync renameSync rmSync rmdirSync statSync unlinkSync utimesSync writeFileSync
  node:fs/promises= access chmod constants copyFile lstat mkdir readFile readdir readlink realpath rename rm rmdir stat unlink writeFile
  node:url= fileURLToPath pathToFileURL
  node:util= inspect isDeepStrictEqual promisify stripVTControlCharacters types
`

/** Files that give things a lifetime: those of the ledger, and those that start a program. */
const OWNERS = ["resources/", "App.ts", "testing.ts", "library.ts", "bin/", "process/Process.ts"]

const LIFETIMES = lists(
  within("effect", words`FiberHandle FiberMap FiberSet KeyedPool Pool RcMap RcRef Resource Scope ScopedCache ScopedRef`)
)`
  effect/Effect= acquireRelease acquireReleaseInterruptible disconnect forkIn mapInputContext provide runtime scope scopeWith scopedWith
  effect/Layer=
    build buildWithMemoMap buildWithScope extendScope launch makeMemoMap memoize scope scoped scopedContext scopedDiscard toRuntime
    unwrapScoped
  effect/PubSub= unbounded
  effect/Queue= unbounded
  effect/Stream=
    acquireRelease provideLayer provideSomeContext provideSomeLayer share toAsyncIterable toAsyncIterableEffect toPubSub
    toPull toQueue toReadableStream toReadableStreamEffect unwrapScopedWith
`

const TIMER =
  "keeps a timer: use `Effect.sleep`, `Effect.timeout` or a Schedule, or `Timer.open` of src/resources where no Effect can run"
const SETTING = "reads the environment: make it a Config in src/settings"

/** @type {ReadonlyArray<{ files?: ReadonlyArray<string>, names: Record<string, ReadonlyArray<string>>, instead?: string }>} */
export const ALLOWED = [
  { names: EVERYWHERE },
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
    names: names`@effect/platform-node/NodeHttpClient= makeUndici @effect/platform-node/Undici= Pool`
  },
  {
    files: ["resources/Postgres.ts"],
    names: names`@effect/sql-pg/PgClient= fromPool node:net= Socket pg= Pool types`
  },
  // The last three are for the garbage collection that ends SQLite's statements.
  {
    files: ["resources/Sqlite.ts"],
    names: lists(["@photostructure/sqlite"])`
      node:sqlite= DatabaseSync sqlite-vec= getLoadablePath
      global= process.emitWarning node:v8= setFlagsFromString node:vm= runInNewContext`
  },
  { files: ["resources/Child.ts"], names: names`node:child_process= spawn` },
  { files: ["resources/Worker.ts"], names: names`node:worker_threads= Worker` },
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

  // Parts of the program. The protocol's streams are stdin and stdout; the help of @effect/cli is written to the console.
  {
    files: ["mcp/Server.ts"],
    names: names`
      @modelcontextprotocol/sdk/server/index.js= Server effect/FiberSet= runtime runtimePromise
      global= process.stdin process.stdout`
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
  { files: ["process/Advice.ts", "process/CodeCache.ts"], names: names`global= process.env`, instead: SETTING },
  { files: ["process/CodeCache.ts"], names: names`node:module= enableCompileCache` },
  { files: ["process/Advice.ts", "bin/main.ts"], names: names`global= process.argv` },
  // On a Node too old for the rest there is no effect to run.
  { files: ["bin/main.ts", "bin/mcp.ts"], names: names`global= process.exitCode` },
  { files: ["bin/"], names: names`global= process.stderr` },
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
  // For the deadline of the shutdown that would close any handle.
  { files: ["process/Process.ts"], names: names`global= setTimeout`, instead: TIMER },

  { files: ["resources/Timer.ts"], names: names`global= clearInterval setInterval`, instead: TIMER },

  // For nobody.
  {
    files: [],
    names: lists(["node:timers/promises"])`global= AbortSignal.timeout setImmediate`,
    instead: TIMER
  },
  {
    files: [],
    names: names`effect/Effect= transplant`,
    instead: "lets a fiber outlive its scope: use `Effect.forkScoped`"
  },
  {
    files: [],
    names: names`global= fetch WebSocket EventSource`,
    instead: "opens sockets that nobody closes: send through `HttpPool` of src/resources"
  },
  {
    files: [],
    names: lists(["effect/Console"])`global= console`,
    instead:
      "would mix with the answer: log by `Effect.log…` (stderr), answer by `writeStdout` of src/process/Process.ts"
  },
  {
    files: [],
    names: names`global= Function eval global globalThis process.getBuiltinModule require node:module= createRequire`,
    instead: "hides what is named: import the module, and name what you need of it"
  },
  {
    files: [],
    names: names`global= URL.createObjectURL`,
    instead: "keeps its object for ever: use the bytes themselves"
  },

  // Names of ours.
  {
    files: ["resources/"],
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
    files: [...OWNERS, "mcp/Server.ts"],
    names: names`./src/resources/ResourceLedger.ts= ResourceLedger.layer ResourceLedger.layerWarning`,
    instead: "is the ledger of a whole program: ask for `ResourceLedger`, and let src/App.ts provide it"
  }
]

/**
 * Methods that open or keep something, whatever the object. With `of`, not those of another service; `in` is what the text of a file has
 * that uses that module.
 */
export const METHODS = [
  {
    files: ["resources/"],
    names: words`acquire adopt makeTempDirectory makeTempDirectoryScoped makeTempFile makeTempFileScoped`,
    instead: "opens a handle: use the module of src/resources that opens it in the ledger, or write one there"
  },
  {
    files: ["resources/"],
    names: words`open sink stream watch`,
    of: "@effect/platform/FileSystem",
    in: /filesystem|\bfs\b/i,
    instead: "opens a file: use `File.open` of src/resources, or read or write the file at once"
  },
  // Stdio reads what the client of the protocol says.
  {
    files: ["resources/", "process/Process.ts", "mcp/Stdio.ts"],
    names: words`addListener on once prependListener prependOnceListener`,
    instead: "listens for as long as the object lives: src/process/Process.ts listens to the process"
  }
]
