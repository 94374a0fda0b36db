/**
 * Leaks as people write them, each put into the sources by replacing some of their text.
 */

import * as Schema from "effect/Schema"

export interface Edit {
  /** Path below the package's folder. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly from: string
  readonly to: string
}

export interface Variant {
  readonly name: string
  /** Part that finds the leak first, and the only one to run in quick form; `calls` by default. */
  readonly part?: "acquisitions" | "races" | "steady"
  readonly edits: ReadonlyArray<Edit>
}

export class DoesNotApply extends Schema.TaggedError<DoesNotApply>()("DoesNotApply", {
  variant: Schema.String,
  file: Schema.String
}) {
  override get message() {
    return `"${this.variant}" does not apply to ${this.file} any more: bring test/leaks/variants.ts in line with it`
  }
}

/** The text of a file with the variant's edits; undefined when it has none. Throws `DoesNotApply`. */
export const applied = ({ edits, name }: Variant, file: string, text: string): string | undefined => {
  const here = edits.filter((edit) => edit.file === file)
  return here.length === 0 ? undefined : here.reduce((text, { from, to }) => {
    if (text.split(from).length !== 2) throw new DoesNotApply({ variant: name, file })
    return text.replace(from, () => to)
  }, text)
}

const SERVICE = "src/serve/ClaudeMemory.ts"
const POOL = "src/resources/HttpPool.ts"
const MODELS = "src/models/providers/Providers.ts"
const LEDGER = "src/resources/ResourceLedger.ts"
const LAZY = "src/resources/Lazy.ts"
const SQLITE = "src/resources/Sqlite.ts"

/** Adds imports to the service's module, and statements to the beginning of its layer. */
const inService = (imports: string, statements: string): ReadonlyArray<Edit> => [
  {
    file: SERVICE,
    from: `import * as Effect from "effect/Effect"\n`,
    to: `import * as Effect from "effect/Effect"\n${imports}`
  },
  {
    file: SERVICE,
    from: `const make = Effect.gen(function*() {\n`,
    to: `const make = Effect.gen(function*() {\n${statements}`
  }
]

/** Adds a statement to the service's start, and the imports that it needs. */
const atStart = (name: string, imports: string, statement: string): Variant => ({
  name,
  edits: inService(imports, `  yield* ${statement}\n`)
})

const FILES = "src/resources/Files.ts"
const OWNER = "src/resources/Owner.ts"
const WATCHER = "src/resources/Watcher.ts"
const IN_FLIGHT = "src/resources/InFlight.ts"
const QDRANT = "src/index/qdrant/QdrantClient.ts"

/** Adds an effect before each search, and the imports and statements of the layer that it needs. */
const inSearch = (
  name: string,
  part: "calls" | "steady",
  imports: string,
  statements: string,
  effect: string
): Variant => ({
  name,
  ...(part !== "calls" && { part }),
  edits: [
    ...inService(imports, statements),
    {
      file: SERVICE,
      from: "    search: (query) => retriever.search({ ...query, respells: true }),",
      to: `    search: (query) => Effect.zipRight(${effect}, retriever.search({ ...query, respells: true })),`
    }
  ]
})

const POOL_IMPORT = `import * as HttpPool from "../resources/HttpPool.ts"\n`
const LATE_POOL = `HttpPool.open({ name: "late", origin: "http://127.0.0.1:9" })`

const GUARDED = `      request.url.origin !== origin
        ? Effect.dieMessage(\`a request for \${request.url.origin} through the pool of \${origin}\`)
        : opened !== undefined`

const ABORTED = `    return Effect.sync(() => {
      cancelDeadline()
      abort()
    })`

const OWN_POOL = "...yield* poolOf(origin)"
const FIRST_POOL = "...yield* poolOf([...origins.keys()][0] ?? origin)"

const OPENED = "      open: Effect.try({ try: () => openIn(driver, options), catch: toError }),"

export const variants: ReadonlyArray<Variant> = [
  // Takes longest, so it starts first.
  {
    name: "a release without bound",
    part: "acquisitions",
    edits: [
      {
        file: LEDGER,
        from: "apart(Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), within))",
        to: "apart(Effect.asSome(Effect.interruptible(Fiber.await(fiber))))"
      }
    ]
  },
  {
    name: "a pool outside the ledger",
    // Soon after its use: idle sockets close by themselves after some seconds.
    part: "acquisitions",
    edits: [{
      file: POOL,
      from: `    Owner.open({\n      kind: "pool",`,
      to: `    (({ open }) => open)({\n      kind: "pool",`
    }]
  },
  {
    name: "a finalizer is missing",
    edits: [{
      file: LEDGER,
      from: "const { handle } = yield* Effect.acquireRelease(",
      to: "const { handle } = yield* unreleased("
    }, {
      file: LEDGER,
      from: "const make = (excess: Excess) =>\n",
      to: `const unreleased = <A, E, R>(acquire: Effect.Effect<A, E, R>, _: (a: A) => Effect.Effect<void>) => acquire

const make = (excess: Excess) =>\n`
    }]
  },
  {
    name: "a handle is made before acquire",
    part: "acquisitions",
    edits: [
      {
        file: SQLITE,
        from: "    const { database, guard } = yield* Owner.open({",
        to: `    const made = yield* Effect.try({ try: () => openIn(driver, options), catch: toError })
    const { database, guard } = yield* Owner.open({`
      },
      { file: SQLITE, from: OPENED, to: "      open: Effect.succeed(made)," }
    ]
  },
  {
    name: "a close that closes nothing",
    edits: [{
      file: SQLITE,
      from: "database.close()\n          if (!driver",
      to: "if (!driver"
    }]
  },
  {
    name: "a request that is not aborted",
    edits: [{
      file: POOL,
      from: ABORTED,
      to: "    return Effect.sync(cancelDeadline)"
    }]
  },
  {
    name: "a pool used for another origin",
    edits: [{ file: MODELS, from: OWN_POOL, to: FIRST_POOL }]
  },
  {
    name: "a pool used for another origin, without the guard",
    edits: [
      { file: MODELS, from: OWN_POOL, to: FIRST_POOL },
      { file: POOL, from: GUARDED, to: "      opened !== undefined" }
    ]
  },
  {
    name: "a scope that nobody owns",
    edits: [{
      file: MODELS,
      from: "Owner.layer(ModelManager, make(options))",
      to: "Layer.effect(ModelManager, make(options))"
    }, {
      file: MODELS,
      from: `import * as Effect from "effect/Effect"\n`,
      to: `import * as Effect from "effect/Effect"\nimport * as Layer from "effect/Layer"\n`
    }]
  },
  {
    name: "a lazy resource that several open at once",
    part: "races",
    edits: [{ file: LAZY, from: "Permits.make(1)", to: "Permits.make(100)" }]
  },
  atStart("a daemon fiber", "", `Effect.forkDaemon(Effect.forever(Effect.sleep("1 minute")))`),
  atStart("a timer", "", `Effect.sync(() => setInterval(() => {}, 60_000))`),
  atStart("a listener that is never removed", "", `Effect.sync(() => process.on("warning", () => {}))`),
  atStart("a watcher", `import { watch } from "node:fs"\n`, `Effect.sync(() => watch("."))`),
  atStart(
    "a worker",
    `import { Worker } from "node:worker_threads"\n`,
    `Effect.sync(() => new Worker("setInterval(() => {}, 60_000)", { eval: true }))`
  ),
  atStart("a server", `import { createServer } from "node:net"\n`, `Effect.sync(() => createServer().listen(0))`),
  atStart(
    "a child process",
    `import { spawn } from "node:child_process"\n`,
    `Effect.sync(() => spawn(process.execPath, ["-e", "setTimeout(() => {}, 20_000)"]))`
  ),
  atStart(
    "a temporary folder",
    `import { mkdtempSync } from "node:fs"\nimport { tmpdir } from "node:os"\n`,
    `Effect.sync(() => mkdtempSync(\`\${tmpdir()}/claude-memory-\`))`
  ),
  inSearch(
    "a pool for each search, with the layer's owner and scope",
    "calls",
    `import * as Scope from "effect/Scope"\n${POOL_IMPORT}`,
    `  const scope = yield* Effect.scope\n  const owner = yield* Owner.Owner\n`,
    `${LATE_POOL}.pipe(Scope.extend(scope), Effect.provideService(Owner.Owner, owner))`
  ),
  inSearch(
    "a pool for each search, with a captured context",
    "calls",
    POOL_IMPORT,
    `  const captured = yield* Effect.context()\n`,
    `${LATE_POOL}.pipe(Effect.provide(captured))`
  ),
  inSearch(
    "a pool for each search, in a fiber that the layer has started",
    "calls",
    `import * as Queue from "effect/Queue"\n${POOL_IMPORT}`,
    `  const wanted = yield* Queue.unbounded()
  const done = yield* Queue.unbounded()
  yield* Effect.forkScoped(
    Effect.forever(Effect.flatMap(Effect.zipRight(Queue.take(wanted), Effect.exit(${LATE_POOL})), (exit) => Queue.offer(done, exit)))
  )\n`,
    "Effect.flatMap(Effect.zipRight(Queue.offer(wanted, 1), Queue.take(done)), (exit) => exit)"
  ),
  inSearch(
    "a layer that is built in each search",
    "steady",
    `import { NodeContext } from "@effect/platform-node"
import * as Layer from "effect/Layer"
import * as LocalModels from "../models/LocalModels.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"\n`,
    `  const ledger = yield* ResourceLedger\n`,
    `Effect.provide(
      Effect.flatMap(ModelManager, (each) => each.embedding),
      Layer.provide(LocalModels.layer("assets/static-embeddings.bin"), Layer.merge(NodeContext.layer, Layer.succeed(ResourceLedger, ledger)))
    )`
  ),
  inSearch(
    "a layer that is built in a scope of its own in each search",
    "steady",
    `import { NodeContext } from "@effect/platform-node"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as LocalModels from "../models/LocalModels.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"\n`,
    `  const ledger = yield* ResourceLedger\n`,
    `Effect.flatMap(Scope.make(), (scope) =>
      Layer.buildWithScope(
        Layer.provide(LocalModels.layer("assets/static-embeddings.bin"), Layer.merge(NodeContext.layer, Layer.succeed(ResourceLedger, ledger))),
        scope
      ))`
  ),
  inSearch(
    "a file that the file system opens, by a name that no linter reads",
    "steady",
    `import * as FileSystem from "@effect/platform/FileSystem"\n`,
    `  const disk = yield* FileSystem.FileSystem\n`,
    `Effect.scoped(Effect.suspend(() => disk["op" + "en"]("package.json")))`
  ),
  inSearch(
    "a queue that nobody takes from",
    "steady",
    `import * as Queue from "effect/Queue"\n`,
    `  const asked = yield* Queue.bounded(3)\n`,
    `Queue.offer(asked, query.text)`
  ),
  inSearch(
    "a layer without handles that is built in each search",
    "steady",
    `import * as Owner from "../resources/Owner.ts"\n`,
    `  const services = yield* Effect.context()\n`,
    `Effect.flatMap(Retriever, (each) => each.search(query)).pipe(Owner.run(Retriever.layer), Owner.provideContext(services))`
  ),
  {
    name: "a fiber for each change, as long as it is followed",
    part: "steady",
    edits: [{
      file: "src/capture/Watch.ts",
      from: "      yield* hasChanges.close\n      const paths",
      to: `      yield* hasChanges.close\n      yield* Effect.fork(Effect.sleep("1 day"))\n      const paths`
    }]
  },
  inSearch(
    "answers kept by question, without a bound",
    "steady",
    "",
    `  const answers = new Map()\n`,
    `Effect.sync(() => answers.set(query.text, { of: query.text }))`
  ),
  inSearch(
    "a count for each question",
    "steady",
    `import * as Metric from "effect/Metric"\n`,
    `  const asked = Metric.counter("asked")\n`,
    `Metric.increment(Metric.tagged(asked, "question", query.text))`
  ),
  {
    name: "a lazy resource that is opened for each caller",
    part: "steady",
    edits: [{ file: LAZY, from: "      opening = Option.some(fiber)\n", to: "" }]
  },
  {
    name: "a file that is opened in the scope of the layer",
    part: "steady",
    edits: [{
      file: OWNER,
      from: "  const given = ofServices(context)\n  return (effect)",
      to: "  const given = context\n  return (effect)"
    }]
  },
  {
    name: "a file that stays open until the service ends",
    part: "steady",
    edits: [{
      file: FILES,
      from: "withPlatform(perCall(File.open(path, options)))",
      to:
        "Effect.tap(withPlatform(perCall(File.open(path, options))), (file) => kept.push(file.fd)).pipe(Effect.provideService(Scope.Scope, life))"
    }, {
      file: FILES,
      from: "    const perCall = yield* PerCall.make(AT_MOST)\n",
      to:
        "    const perCall = yield* PerCall.make(AT_MOST)\n    const life = yield* Effect.scope\n    const kept = []\n"
    }, { file: FILES, from: `import type * as Scope from "effect/Scope"`, to: `import * as Scope from "effect/Scope"` }]
  },
  {
    name: "a pool that says it is gone, and is not",
    part: "acquisitions",
    edits: [
      {
        file: POOL,
        from: "      close: ({ pool }) => Effect.promise(() => pool.destroy()),\n",
        to: "      close: () => Effect.void,\n"
      },
      {
        file: POOL,
        from: "      isGone: ({ pool, sockets }) => pool.destroyed && sockets.size === 0,\n",
        to: "      isGone: () => true,\n"
      }
    ]
  },
  {
    name: "two databases in one opening, of which one is closed",
    edits: [
      { file: SQLITE, from: "const openIn = (", to: "const others: Array<unknown> = []\n\nconst openIn = (" },
      {
        file: SQLITE,
        from: OPENED,
        to: `      open: Effect.try({
        try: () => {
          const other = new driver.DatabaseSync(options.path, { readOnly: options.readOnly })
          other.prepare("SELECT 1").get()
          others.push(other)
          return openIn(driver, options)
        },
        catch: toError
      }),`
      }
    ]
  },
  {
    name: "a watcher that is not closed",
    part: "steady",
    edits: [
      {
        file: WATCHER,
        from: "    close: ({ watcher }) => Effect.sync(() => watcher.close()),\n",
        to: "    close: () => Effect.void,\n"
      },
      { file: WATCHER, from: "    isGone: ({ isClosed }) => isClosed,\n", to: "    isGone: () => true,\n" }
    ]
  },
  {
    name: "work that goes on when its caller is gone",
    part: "steady",
    edits: [{
      file: IN_FLIGHT,
      from: "restore(Fiber.join(fiber)).pipe(Effect.onInterrupt(() => Fiber.interrupt(fiber)))",
      to: "Effect.zipLeft(restore(Fiber.join(fiber)), FiberSet.run(fibers, Effect.never))"
    }]
  },
  {
    name: "a request to Qdrant without its signal",
    edits: [{
      file: QDRANT,
      from: "dispatcherOf(pool, signal, ",
      to: "dispatcherOf(pool, new AbortController().signal, "
    }]
  },
  inSearch(
    "a pool for each question",
    "steady",
    POOL_IMPORT + `import * as ScopeMap from "../resources/ScopeMap.ts"\n`,
    `  const pools = yield* ScopeMap.make({ atMost: 1000, open: (text) => HttpPool.open({ name: text, origin: "http://127.0.0.1:9" }) })\n`,
    "pools.add(query.text)"
  ),
  inSearch(
    "a fiber for each search, started by one of the layer",
    "steady",
    `import * as Queue from "effect/Queue"\n`,
    `  const wanted = yield* Queue.unbounded()
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(wanted), () => Effect.fork(Effect.never))))\n`,
    "Queue.offer(wanted, 1)"
  ),
  inSearch(
    "a fiber for each search, in the scope of the layer",
    "calls",
    "",
    `  const captured = yield* Effect.context()\n`,
    "Effect.provide(Effect.forkScoped(Effect.never), captured)"
  ),
  inSearch(
    "a descriptor for each search",
    "steady",
    `import { openSync } from "node:fs"\n`,
    "",
    `Effect.sync(() => openSync(process.execPath, "r"))`
  )
]
