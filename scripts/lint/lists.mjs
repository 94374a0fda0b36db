/**
 * Lists of what code may name of Node and Effect, for any program. allowed.mjs has those of this one.
 */
import { words } from "./uses.mjs"

/** Reads lists: `effect/Fiber= join await`. A module of `of` gets all of its names. */
export const lists = (of) => ([text]) => {
  const found = Object.fromEntries(of.map((module) => [module, ["*"]]))
  let names = []
  for (const word of words([text])) {
    if (word.endsWith("=")) found[word.slice(0, -1)] = names = []
    else names.push(word)
  }
  return found
}
export const names = lists([])
export const within = (folder, modules) => modules.map((module) => `${folder}/${module}`)

/** Modules that open nothing, and start nothing that goes on by itself. */
const PURE = [
  ...within(
    "effect",
    words`
      Array BigDecimal BigInt Boolean Brand Cause Chunk Clock Config ConfigError Cron Data DateTime Deferred Duration Either Encoding
      Equal Equivalence ExecutionStrategy Exit FiberId Function Hash HashMap HashSet Iterable JSONSchema List LogLevel Match Metric
      MetricBoundaries MutableRef Number Option Order Ordering ParseResult Pipeable Predicate Random Record Redacted Ref RegExp Schedule
      Schema SchemaAST SortedMap SortedSet String Struct Symbol SynchronizedRef Trie Tuple Types Unify`
  ),
  ...within(
    "@effect/platform",
    words`Error FileSystem Headers HttpBody HttpClient HttpClientError HttpClientRequest HttpClientResponse Path UrlParams`
  ),
  ...words`node:os node:path @effect/sql/SqlError @effect/sql/Statement`
]

/** What opens nothing, and starts nothing that goes on by itself. */
export const EVERYWHERE = lists(PURE)`
  global=
    AbortController AbortSignal Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean Buffer DataView Date Error Float32Array
    Float64Array Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise RangeError RegExp Set String
    Symbol SyntaxError TextDecoder TextEncoder TypeError URL URLSearchParams Uint16Array Uint32Array Uint8Array WeakMap WeakSet atob btoa
    decodeURIComponent encodeURI encodeURIComponent parseFloat parseInt performance.now process.arch process.cwd process.execPath process.getuid
    process.hrtime process.memoryUsage process.pid process.platform process.ppid process.stderr.isTTY process.stdin.isTTY
    process.stdout.isTTY process.uptime process.version process.versions structuredClone undefined
  effect/Context= Reference Tag add empty get getOption getOrElse make merge mergeAll omit pick
  effect/Tracer= ParentSpan
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
    Do aggregate as async asyncEffect bind bindTo buffer bufferChunks catchAll catchAllCause catchSome catchTag catchTags changes
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
  @effect/sql/SqlClient= SqlClient
  node:crypto= createHash createHmac randomBytes randomInt randomUUID timingSafeEqual
  node:zlib= brotliCompressSync brotliDecompressSync constants gunzip gzip
  node:fs=
    accessSync appendFileSync chmodSync constants copyFileSync existsSync fstatSync lstatSync mkdirSync readFileSync readdirSync readlinkSync
    realpathSync renameSync rmSync rmdirSync statSync statfsSync unlinkSync utimesSync writeFileSync
  node:fs/promises= access chmod constants copyFile lstat mkdir readFile readdir readlink realpath rename rm rmdir stat unlink writeFile
  node:url= fileURLToPath pathToFileURL
  node:util= inspect isDeepStrictEqual promisify stripVTControlCharacters types
`

/** What gives something a lifetime of its own, for the files where layers are composed. */
export const LIFETIMES = lists(
  [
    ...within(
      "effect",
      words`FiberHandle FiberMap FiberRef FiberSet GlobalValue KeyedPool Pool RcMap RcRef Resource Scope ScopedCache ScopedRef`
    ),
    "@effect/platform-node/NodeContext"
  ]
)`
  effect/Effect= acquireRelease acquireReleaseInterruptible disconnect forkIn mapInputContext provide runtime scope scopeWith scopedWith
  effect/Layer=
    build buildWithMemoMap buildWithScope extendScope launch makeMemoMap memoize scope scoped scopedContext scopedDiscard toRuntime
    unwrapScoped
  effect/Stream=
    acquireRelease provideLayer provideSomeContext provideSomeLayer share toAsyncIterable toAsyncIterableEffect toPubSub
    toPull toQueue toReadableStream toReadableStreamEffect unwrapScopedWith
`

/** What hides what is named, or keeps something that nobody can close. */
export const FOR_NOBODY = [
  {
    files: [],
    names: names`
      effect/Effect= transplant
      effect/Schema= decodePromise decodeUnknownPromise encodePromise encodeUnknownPromise validatePromise
      effect/ParseResult= decodePromise decodeUnknownPromise encodePromise encodeUnknownPromise validatePromise`,
    instead: "lets a fiber outlive its scope: use `Effect.forkScoped`"
  },
  {
    files: [],
    names: names`effect/PubSub= unbounded effect/Queue= unbounded effect/Stream= accumulate syntax= unbounded`,
    instead: "grows as long as nobody takes from it: use a number"
  },
  {
    files: [],
    names: names`global= fetch WebSocket EventSource`,
    instead: "opens sockets that nobody closes: send through `HttpPool`"
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
  }
]

/** Methods that open something, whatever the object. */
export const METHODS = [
  {
    files: ["resources/"],
    names: words`acquire adopt`,
    instead: "opens a handle: use the constructor for its kind, or write one in src/resources"
  }
]

/** What a program of others names of claude-memory/resources: constructors everywhere, and the rest in its files for it. */
export const HANDLES = [
  {
    names: lists(words`
      claude-memory/resources/FileLock claude-memory/resources/HttpPool claude-memory/resources/Postgres claude-memory/resources/Sqlite`)`
      claude-memory/resources=
        Child ClosedFileSystem.layer Concurrent Fibers File Files InFlight Lazy LeakProbe LeakedResources Loaded LockFolder Monitor
        Owner.OpenedLate Owner.layer Owner.layerDiscard Owner.nested Owner.provideContext Owner.provideStream Owner.run PerCall Permits ResourceLedger ScopeMap
        Server TemporaryFolder Timer TooManyOpen Watcher Worker`
  },
  {
    files: ["resources/"],
    names: names`claude-memory/resources= Owner.adopt Owner.children Owner.open`,
    instead: "opens a handle: use the constructor for its kind, or write one in src/resources"
  }
]
