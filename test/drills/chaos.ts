/**
 * Kills processes of one memory at random points, and checks that nothing is lost, there twice or stuck. They import,
 * capture, compress, save, edit, undo, forget, search, reindex and back up at once; a seed chooses what they do and when one is killed.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { percent, plural, table } from "../../src/cli/Output.ts"
import { testPostgres } from "../data.ts"
import { temporary } from "../postgresServer.mjs"
import { BenchError, commandOf, everyCase, integer, main, round, temporaryFolder, timed } from "../script.ts"
import { KINDS } from "./chaos/checks.ts"
import { PHASES, planOf } from "./chaos/plan.ts"
import * as Seed from "./chaos/seed.ts"
import { makeSetting } from "./chaos/setting.ts"
import * as StandIn from "./qdrant/standIn.ts"

/** Address of a PostgreSQL in which seeds may make databases. */
const postgresServer = testPostgres === undefined
  ? Effect.map(
    Effect.acquireRelease(Effect.promise(() => temporary()), ({ remove }) => Effect.sync(remove)),
    ({ url }) => url
  )
  : Effect.succeed(testPostgres)

const command = commandOf("chaos", {
  description: "Processes of one memory, killed at random points",
  options: {
    seeds: integer("seeds", 8, "How many seeds are run"),
    from: integer("from", 1, "The first seed: one that failed is replayed with --from SEED --seeds 1"),
    atOnce: integer("at-once", 2, "Seeds that run at a time, each over a memory of its own"),
    postgres: Options.boolean("postgres").pipe(
      Options.withDescription("The memories are in PostgreSQL: at TEST_POSTGRES_URL, else a server is started for them")
    ),
    qdrant: Options.boolean("qdrant").pipe(
      Options.withDescription("Their vectors are in Qdrant: at CLAUDE_MEMORY_QDRANT_URL, else in the stand-in")
    )
  },
  run: ({ atOnce, from, postgres, qdrant, seeds }) =>
    Effect.gen(function*() {
      if (postgres && !qdrant) {
        return yield* new BenchError({
          reason: "Input",
          detail: "vectors of a memory in PostgreSQL are in Qdrant: add --qdrant"
        })
      }
      const server = postgres ? yield* postgresServer : undefined
      const [reports, ms] = yield* timed(Effect.gen(function*() {
        const setting = yield* makeSetting(yield* temporaryFolder, { postgres: server, qdrant })
        return yield* everyCase(
          Array.from({ length: seeds }, (_, i) => from + i),
          atOnce,
          (seed) => Seed.run(planOf(seed, setting.transcripts.length, server === undefined), setting)
        )
      }))
      const kills = reports.flatMap((report) => report.kills)
      const inPhase = (phase: typeof PHASES[number]) => kills.filter((kill) => kill.phase === phase)
      const writing = kills.filter(({ isWriting }) => isWriting).length
      const failures = reports.flatMap(({ faults, refusals, seed }) => [
        ...KINDS.flatMap((kind) => faults[kind].map((each) => `seed ${seed}, ${kind}: ${each}`)),
        ...refusals.map((each) => `seed ${seed}, refused: ${each}`)
      ])
      const ok = failures.length === 0
      const counts = Object.fromEntries(
        KINDS.map((kind) => [kind, reports.reduce((sum, { faults }) => sum + faults[kind].length, 0)])
      )
      return {
        ok,
        data: {
          ok,
          seeds: reports.length,
          kills: kills.length,
          killsByPhase: Object.fromEntries(PHASES.map((phase) => [phase, inPhase(phase).length])),
          killsWhileWriting: writing,
          ...counts,
          failures,
          durationMs: round(ms),
          reports
        },
        text: () => [
          ...table([
            ["killed in", "kills", "while writing"],
            ...PHASES.map((phase) => [
              phase,
              String(inPhase(phase).length),
              String(inPhase(phase).filter(({ isWriting }) => isWriting).length)
            ])
          ]),
          "",
          ...failures.map((each) => `FAILED ${each}`),
          `${plural(reports.length, "seed")} from ${from}, ${plural(kills.length, "kill")}, ${
            percent(writing, kills.length)
          } of them while a write was under way, ${round(ms / 1_000)} s: ${
            ok ? "nothing is lost, there twice, left alone or stuck" : plural(failures.length, "failure")
          }`
        ]
      }
    })
})

main(Cli.withSubcommands(command, [StandIn.command]), "chaos")
