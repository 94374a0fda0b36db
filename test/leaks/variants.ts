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
  readonly part?: "acquisitions" | "races"
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

/** Adds a statement to the service's start, and the imports that it needs. */
const atStart = (name: string, imports: string, statement: string): Variant => ({
  name,
  edits: [
    {
      file: SERVICE,
      from: `import * as Effect from "effect/Effect"\n`,
      to: `import * as Effect from "effect/Effect"\n${imports}`
    },
    {
      file: SERVICE,
      from: `const make = Effect.gen(function*() {\n`,
      to: `const make = Effect.gen(function*() {\n  yield* ${statement}\n`
    }
  ]
})

const POOL_OPENED = `  Owner.open({
    kind: "pool",
    name,
    open: Effect.sync(() => new Undici.Pool(origin, { keepAliveTimeout: KEEP_ALIVE_MS, ...options })),
    close: (pool) => Effect.promise(() => pool.close()),
    destroy: (pool) => Effect.promise(() => pool.destroy()),
    isGone: (pool) => (pool.closed || pool.destroyed) && pool.stats.connected === 0,
    within: "2 seconds",
    sockets: (pool) => pool.stats.connected
  })`

const GUARDED = `      request.url.origin !== origin
        ? Effect.dieMessage(\`a request for \${request.url.origin} through the pool of \${origin}\`)
        : opened !== undefined`

const ABORTED = `    return Effect.sync(() => {
      cancelDeadline()
      abort()
    })`

const OWN_POOL = "yield* originOf(new URL(endpoint.baseUrl).origin)"
const FIRST_POOL = "yield* originOf([...origins.keys()][0] ?? new URL(endpoint.baseUrl).origin)"

const OPENED = `      open: Effect.try({
        try: () =>
          new driver.DatabaseSync(options.path, { readOnly: options.readOnly, allowExtension: options.vectors }),
        catch: toError
      }),`

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
    edits: [{
      file: POOL,
      from: POOL_OPENED,
      to: "  Effect.sync(() => new Undici.Pool(origin, { keepAliveTimeout: KEEP_ALIVE_MS, ...options }))"
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
        from: `    const database = yield* Owner.open({`,
        to: `    const made = yield* Effect.try({
      try: () => new driver.DatabaseSync(options.path, { readOnly: options.readOnly, allowExtension: options.vectors }),
      catch: toError
    })
    const database = yield* Owner.open({`
      },
      { file: SQLITE, from: OPENED, to: "      open: Effect.succeed(made)," }
    ]
  },
  {
    name: "a close that closes nothing",
    edits: [{
      file: SQLITE,
      from: "checkpoint(database)\n          database.close()\n",
      to: "checkpoint(database)\n"
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
  )
]
