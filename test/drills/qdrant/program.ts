/**
 * Runs the built claude-memory as a person does, and decodes those of its answers that the drills need.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Outcome, run, start } from "../../e2e/program.ts"
import { BenchError, builtMain, timed } from "../../script.ts"

const KILL_AFTER_MS = 600_000

const IndexStatus = Schema.Struct({
  memories: Schema.Number,
  waiting: Schema.Number,
  versions: Schema.Array(Schema.Struct({
    name: Schema.String,
    model: Schema.Struct({ id: Schema.String, dimension: Schema.Number }),
    count: Schema.Number,
    isActive: Schema.Boolean
  })),
  error: Schema.NullOr(Schema.String)
})
const Verified = Schema.Struct({
  common: Schema.Number,
  missing: Schema.Number,
  orphans: Schema.Number,
  sampled: Schema.Number,
  found: Schema.Number,
  waiting: Schema.Number,
  ok: Schema.Boolean
})
const Imported = Schema.Struct({
  units: Schema.Struct({ total: Schema.Number }),
  degraded: Schema.Array(Schema.String)
})
const Repaired = Schema.Struct({
  missing: Schema.Number,
  orphans: Schema.Number,
  indexed: Schema.Number,
  degraded: Schema.Array(Schema.String)
})
const Found = Schema.Struct({
  results: Schema.Array(Schema.Struct({ id: Schema.String, unit: Schema.Struct({ content: Schema.String }) })),
  degraded: Schema.Array(Schema.String)
})

export type Verified = typeof Verified.Type

/** Error text for a program that did not end as it should. */
export const ending = (args: ReadonlyArray<string>, { code, signal, stderr, stdout }: Outcome): string =>
  `claude-memory ${args.join(" ")} ended with ${signal ?? `exit code ${code}`}: ${
    (stderr || stdout).trim().slice(0, 600)
  }`

/** Runs claude-memory in this home with these variables in its environment. */
export const claudeMemory = (home: string, env: Readonly<Record<string, string>>) =>
  Effect.map(builtMain, (file) => {
    const options = { home, env, killAfterMs: KILL_AFTER_MS }
    /** Decodes a command's JSON answer; exit code 1 may be allowed, for checks that fail. */
    const asked = <A, I>(
      schema: Schema.Schema<A, I>,
      args: ReadonlyArray<string>,
      codes: ReadonlyArray<number> = [0]
    ) =>
      Effect.gen(function*() {
        const [outcome, ms] = yield* timed(run([file, ...args, "--json"], options))
        const failed = new BenchError({ reason: "Program", detail: ending(args, outcome) })
        if (outcome.code === null || !codes.includes(outcome.code)) return yield* failed
        const answer = yield* Effect.mapError(Schema.decode(Schema.parseJson(schema))(outcome.stdout), () => failed)
        return { ...answer, code: outcome.code, ms }
      })
    return {
      import: (path: string) => asked(Imported, ["import", path]),
      search: (question: string) => asked(Found, ["search", question, "--all-projects"]),
      status: asked(IndexStatus, ["index", "status"], [0, 1]),
      verify: asked(Verified, ["index", "verify"], [0, 1]),
      repair: asked(Repaired, ["index", "repair"]),
      asked,
      start: (args: ReadonlyArray<string>) => start([file, ...args], options)
    }
  })

export type ClaudeMemory = Effect.Effect.Success<ReturnType<typeof claudeMemory>>

/** A home folder, removed when the scope closes. */
export const temporaryHome = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "claude-memory-drill-" }), fs.realPath)
)
