/**
 * Compares the results and times of the embedded index and of Qdrant over HTTP on the same questions. Both serve one memory in one
 * process, in turns.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as App from "../../src/App.ts"
import { number, table } from "../../src/cli/Output.ts"
import type { SearchFilter } from "../../src/domain/Search.ts"
import * as QdrantClient from "../../src/index/qdrant/QdrantClient.ts"
import * as QdrantIndex from "../../src/index/qdrant/QdrantIndex.ts"
import * as EmbeddedIndex from "../../src/index/sqlite/EmbeddedIndex.ts"
import { type Hit, VectorIndex } from "../../src/index/VectorIndex.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import { type Server, server } from "../../test/drills/qdrant/server.ts"
import * as StandIn from "../../test/drills/qdrant/standIn.ts"
import {
  BenchError,
  commandOf,
  integer,
  main,
  mean,
  progress,
  quantile,
  round,
  samples,
  service,
  temporaryFolder,
  timed,
  warmRounds
} from "../../test/script.ts"
import { QUESTIONS, questionsIn } from "./shared/questions.ts"
import { imported } from "./shared/transcripts.ts"

const TOP = 10
/** Number of hits that the retriever requests from an index. */
const LANE_LIMIT = 300
/** Largest difference of scores that the port allows an index. */
const MOST_DIFFERENCE = 0.02
const EVERYTHING: SearchFilter = { projects: "all" }

type Place = "embedded" | "qdrant"

interface Sides {
  readonly index: Readonly<Record<Place, VectorIndex["Type"]>>
  readonly memory: Readonly<Record<Place, ClaudeMemory["Type"]>>
  readonly models: ModelManager["Type"]
}

/** Imports the transcripts and fills both indexes. */
const prepare = (home: string, transcripts: string, { options }: Server) =>
  Effect.gen(function*() {
    yield* progress("importing")
    const { units } = yield* imported(transcripts).pipe(
      Effect.zipRight(Effect.flatMap(ClaudeMemory, ({ status }) => status)),
      Effect.provide(service(home))
    )
    yield* progress("indexing in Qdrant")
    const postponed = yield* Effect.flatMap(ClaudeMemory, ({ index }) => Stream.runCollect(index.repair)).pipe(
      Effect.map((steps) => [...steps].flatMap((step) => step._tag === "Postponed" ? [step.error.message] : [])),
      Effect.provide(service(home, false, options))
    )
    if (postponed[0] !== undefined) return yield* new BenchError({ reason: "Program", detail: postponed[0] })
    return units.total
  })

const sides = (home: string, { options }: Server) =>
  Effect.gen(function*() {
    const storage = SqliteFile.layer({ folder: home, readOnly: true, busyTimeoutMs: 5_000 })
    const store = Layer.provide(SqliteStore.layer, storage)
    const qdrant = Layer.provide(QdrantIndex.layer(options), Layer.merge(QdrantClient.layer(options), store))
    const built = <A, E, R>(layer: Layer.Layer<A, E, R>) => Layer.build(Layer.provide(layer, App.platform))
    const one = <I, A, E, R>(tag: Context.Tag<I, A>, layer: Layer.Layer<I, E, R>) =>
      Effect.map(built(layer), (context) => Context.get(context, tag))
    return {
      index: {
        embedded: yield* one(VectorIndex, Layer.provide(EmbeddedIndex.layer, storage)),
        qdrant: yield* one(VectorIndex, qdrant)
      },
      memory: {
        embedded: yield* one(ClaudeMemory, service(home, true)),
        qdrant: yield* one(ClaudeMemory, service(home, true, options))
      },
      models: yield* one(ModelManager, App.modelsOf({ home, busyTimeoutMs: 5_000 }))
    }
  })

const ask = (memory: ClaudeMemory["Type"], text: string) =>
  Effect.flatMap(
    memory.search({ text, projects: "all", limit: TOP, minScore: 0, mode: "hybrid" }),
    ({ degraded }) =>
      degraded.some((each) => !each.includes("knows no word"))
        ? Effect.fail(new BenchError({ reason: "Program", detail: degraded.join("; ") }))
        : Effect.void
  )

/** Times each effect on both indexes, one after the other. Which index goes first alternates. */
const times = <E>(rounds: number, of: (place: Place) => ReadonlyArray<Effect.Effect<unknown, E>>) =>
  Effect.gen(function*() {
    const [embedded, qdrant] = [of("embedded"), of("qdrant")]
    const msOf = (search: Effect.Effect<unknown, E>) => Effect.map(timed(search), ([, ms]) => ms)
    const found = (yield* warmRounds(rounds, (round) =>
      Effect.forEach(embedded, (_, i) => {
        const [here, there] = [msOf(embedded[i]!), msOf(qdrant[i]!)]
        return (i + round) % 2 === 0
          ? Effect.all([here, there])
          : Effect.map(Effect.all([there, here]), ([there, here]) => [here, there] as const)
      }))).flat()
    const at = (q: number) => {
      const [here, there] = [quantile(found.map(([ms]) => ms), q), quantile(found.map(([, ms]) => ms), q)]
      return { embeddedMs: round(here, 2), qdrantMs: round(there, 2), ratio: round(there / here, 2) }
    }
    return { searches: found.length, p50: at(0.5), p95: at(0.95) }
  })

/** Overlap of the first results of two lanes, and the largest difference of their scores. */
const compared = (a: ReadonlyArray<Hit>, b: ReadonlyArray<Hit>) => {
  const scoreOf = new Map(b.map(({ score, unitId }) => [unitId, score]))
  const top = new Set(b.slice(0, TOP).map(({ unitId }) => unitId))
  return {
    overlap: a.slice(0, TOP).filter(({ unitId }) => top.has(unitId)).length / Math.max(1, Math.min(TOP, a.length)),
    difference: a.reduce(
      (most, { score, unitId }) => Math.max(most, Math.abs(score - (scoreOf.get(unitId) ?? score))),
      0
    )
  }
}

const measure = ({ index, memory, models }: Sides, questions: ReadonlyArray<string>, rounds: number) =>
  Effect.gen(function*() {
    const vectors = (yield* models.embed(questions, "query")).flatMap(Option.toArray)
    const hits = (place: Place) => vectors.map((vector) => index[place].search(vector, EVERYTHING, LANE_LIMIT))
    const searches = yield* times(rounds, hits)
    const whole = yield* times(rounds, (place) => questions.map((question) => ask(memory[place], question)))
    const pairs = yield* Effect.forEach(
      vectors,
      (_, i) => Effect.map(Effect.all([hits("embedded")[i]!, hits("qdrant")[i]!]), ([a, b]) => compared(a, b))
    )
    return {
      vectors: vectors.length,
      searches,
      whole,
      overlap: round(mean(pairs.map(({ overlap }) => overlap)), 4),
      difference: round(Math.max(0, ...pairs.map(({ difference }) => difference)), 4)
    }
  })

type Times = Effect.Effect.Success<ReturnType<typeof measure>>["whole"]

const rows = (name: string, { p50, p95, searches }: Times) =>
  ([["p50", p50], ["p95", p95]] as const).map(([quantile, { embeddedMs, qdrantMs, ratio }]) => [
    `${name}, ${quantile}`,
    `${embeddedMs} ms`,
    `${qdrantMs} ms`,
    String(ratio),
    number(searches)
  ])

const command = commandOf("qdrant", {
  description: "Search in the embedded index and in Qdrant, side by side",
  options: {
    transcripts: Options.directory("transcripts", { exists: "yes" }).pipe(
      Options.withDescription("Folder of transcripts; the sample sessions without it"),
      Options.withDefault(samples)
    ),
    questions: Options.file("questions", { exists: "yes" }).pipe(
      Options.withDescription("JSONL with the fields id and question; some to the sample sessions without it"),
      Options.optional
    ),
    rounds: integer("rounds", 20, "Times that each question is asked of each")
  },
  run: ({ questions, rounds, transcripts }) =>
    Effect.gen(function*() {
      const home = yield* temporaryFolder
      const qdrant = yield* server(home)
      const asked = Option.isSome(questions)
        ? (yield* questionsIn(questions.value)).map(({ question }) => question)
        : QUESTIONS
      const memory = `${home}/memory`
      const units = yield* prepare(memory, transcripts, qdrant)
      const found = yield* Effect.scoped(
        Effect.flatMap(sides(memory, qdrant), (both) => measure(both, asked, Math.max(1, rounds)))
      )
      const ok = found.difference <= MOST_DIFFERENCE
      return {
        ok,
        data: { ok, isStandIn: qdrant.isStandIn, units, questions: asked.length, rounds, ...found },
        text: () => [
          qdrant.isStandIn
            ? "Qdrant was THE STAND-IN (test/index/qdrant/StandIn.ts, in a process of its own): its times are those of HTTP, JSON and a scan " +
              "in JavaScript, not of Qdrant."
            : `Qdrant was a server at ${qdrant.env["CLAUDE_MEMORY_QDRANT_URL"]}.`,
          `${
            number(units)
          } units, ${asked.length} questions, ${found.vectors} of them with a vector; ${rounds} rounds, warm, in turns`,
          "",
          ...table([
            ["", "embedded", "Qdrant", "ratio", "searches each"],
            ...rows("VectorIndex.search", found.searches),
            ...rows("ClaudeMemory.search", found.whole)
          ]),
          "",
          `the ${TOP} nearest are the same to ${
            round(100 * found.overlap, 1)
          } %; scores differ by ${found.difference} at most` +
          (ok ? "" : `: MORE THAN ${MOST_DIFFERENCE}`)
        ]
      }
    })
})

main(Cli.withSubcommands(command, [StandIn.command]), "qdrant")
