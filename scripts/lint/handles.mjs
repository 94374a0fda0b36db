/**
 * Reports handles (socket pools, databases, files, watchers, workers, timers, servers, children) that the resource ledger does not
 * open. A function that opens one may be named only inside the arguments of `ledger.acquire` and `ledger.adopt`.
 */
import { nameOf, ruleOfUses, words } from "./uses.mjs"

const ALL = "*"
const SERVERS = ["createServer", "Server"]
const SOCKETS = ["Socket", "connect", "createConnection"]
const HTTP = [...SERVERS, ...words`Agent ClientRequest globalAgent request get`]
const TIMERS = ["setInterval", "setTimeout", "setImmediate"]
/** Functions that take our pool as `dispatcher`. Without it they use a pool that nobody owns. */
const REQUESTS = words`fetch request stream pipeline connect upgrade`

const UNDICI = words`
  Agent BalancedPool Client EnvHttpProxyAgent EventSource H2CClient Pool ProxyAgent RetryAgent RoundRobinPool
  WebSocket WebSocketStream fetch request stream pipeline connect upgrade
`

/** Exports that open a handle, by module. A name with a dot is a member of an export. */
const OPENERS = {
  global: words`
    setInterval setTimeout setImmediate AbortSignal.timeout
    fetch WebSocket EventSource Worker SharedWorker BroadcastChannel MessageChannel
  `,
  "node:child_process": ALL,
  "node:cluster": ALL,
  "node:dgram": ["createSocket", "Socket"],
  "node:fs": words`
    watch watchFile createReadStream createWriteStream ReadStream WriteStream open openSync opendir opendirSync mkdtemp
    mkdtempSync mkdtempDisposableSync
  `,
  "node:fs/promises": ["open", "opendir", "watch", "mkdtemp", "mkdtempDisposable"],
  "node:http": HTTP,
  "node:http2": ["createServer", "createSecureServer", "connect"],
  "node:https": HTTP,
  "node:inspector": ["open", "Session"],
  "node:net": [...SERVERS, ...SOCKETS],
  "node:readline": ["createInterface", "Interface"],
  "node:readline/promises": ["createInterface", "Interface"],
  "node:repl": ALL,
  "node:sqlite": ALL,
  "node:timers/promises": [...TIMERS, "scheduler"],
  "node:tls": [...SERVERS, "TLSSocket", "connect"],
  "node:worker_threads": ["Worker", "MessageChannel", "BroadcastChannel"],
  "@photostructure/sqlite": ALL,
  "@qdrant/js-client-rest": ["QdrantClient"],
  pg: ["Pool", "Client"],
  undici: UNDICI,
  ws: ALL,
  // These open in a Scope; `ledger.adopt` takes them over.
  "@effect/platform/Command": words`exitCode lines start stream streamLines string`,
  "@effect/platform/FetchHttpClient": ALL,
  "@effect/platform-node/NodeHttpClient": words`
    agentLayer dispatcherLayer dispatcherLayerGlobal layer layerUndici makeAgent makeAgentLayer makeDispatcher
  `,
  "@effect/platform-node/NodeHttpServer": ALL,
  "@effect/platform-node/NodeSocket": ALL,
  "@effect/platform-node/NodeSocketServer": ALL,
  "@effect/platform-node/NodeWorker": ALL,
  "@effect/platform-node/Undici": UNDICI,
  "@effect/sql-pg/PgClient": ["fromPool", "layer", "layerConfig", "make"],
  "@effect/sql-sqlite-node/SqliteClient": ALL
}

/** Methods of Effect's FileSystem that open a handle. The rule expects the service in a variable `fs` or `fileSystem`. */
const FILE_SYSTEM = new Set(words`open watch makeTempDirectory makeTempDirectoryScoped makeTempFile makeTempFileScoped`)

const isLedger = (node) => {
  const inner = node.type === "YieldExpression" || node.type === "AwaitExpression" ? node.argument : node
  const name = inner?.type === "MemberExpression" ? nameOf(inner.property, inner.computed) : inner && nameOf(inner)
  return name !== undefined && /ledger$/i.test(name)
}

const isTaking = (node) =>
  node.type === "CallExpression" && node.callee.type === "MemberExpression" &&
  ["acquire", "adopt"].includes(nameOf(node.callee.property, node.callee.computed)) && isLedger(node.callee.object)

const isInLedger = (start) => {
  for (let node = start; node.parent; node = node.parent) {
    if (isTaking(node.parent) && node.parent.arguments.includes(node)) return true
  }
  return false
}

const hasDispatcher = ({ node }) =>
  node.parent.type === "CallExpression" && node.parent.callee === node &&
  node.parent.arguments.some((each) =>
    each.type === "ObjectExpression" &&
    each.properties.some((property) =>
      property.type === "Property" && nameOf(property.key, property.computed) === "dispatcher"
    )
  )

const isComparison = ({ node }) => node.parent.type === "BinaryExpression" && node.parent.operator === "instanceof"

const advice = (name) =>
  TIMERS.includes(name) || name === "AbortSignal.timeout" || name === "scheduler"
    ? "use Effect.sleep, Effect.timeout or a Schedule"
    : name === "fetch"
    ? "send the request through the ledger's pool, or pass that pool as `dispatcher`"
    : "name it only inside `ledger.acquire({ kind, name, open, close, within })`, " +
      "or `ledger.adopt(kind, name, scoped)` where a library opens it in a Scope"

const judge = (use, { modules = [], names = [] }) => {
  const openers = OPENERS[use.from]
  if (openers === undefined || modules.includes(use.from) || isInLedger(use.node) || isComparison(use)) return undefined
  const [first, second] = use.path
  if (use.from === "global" && names.includes(first)) return undefined
  if (REQUESTS.includes(first) && (OPENERS[use.from] === UNDICI || use.from === "global") && hasDispatcher(use)) {
    return undefined
  }
  if (first === undefined) {
    return `${use.from} opens handles: ${
      use.isDynamic
        ? "load it inside the arguments of `ledger.acquire`, or take out at once what opens none"
        : "don't pass it on whole; name what you need of it where you need it"
    }`
  }
  const name = openers === ALL || openers.includes(first) ? first : `${first}.${second}`
  return openers === ALL || openers.includes(name)
    ? `${name} opens a handle that nobody closes: ${advice(name)}`
    : undefined
}

/** The options `modules` and `names` (of globals) exempt the one file that owns them. */
export const handles = ruleOfUses(judge, (context) => ({
  MemberExpression: (node) => {
    const name = nameOf(node.property, node.computed)
    if (!FILE_SYSTEM.has(name) || node.object.type !== "Identifier" || !/^(?:fs|fileSystem)$/.test(node.object.name)) {
      return
    }
    const isNode = context.sourceCode.ast.body.some((each) =>
      each.type === "ImportDeclaration" && each.specifiers.some(({ local }) => local.name === node.object.name)
    )
    if (isNode || isInLedger(node)) return
    context.report({ node, message: `${node.object.name}.${name} opens a handle in a Scope: ${advice(name)}` })
  }
}), ["modules", "names"])
