/**
 * Measures what a filtered search in Qdrant finds beside an exact one, and how long it takes: sentences of sessions in 20 projects of
 * Zipf's sizes, asked as the index asks.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import * as App from "../../src/App.ts"
import { number, table } from "../../src/cli/Output.ts"
import { isJson } from "../../src/domain/Json.ts"
import { UnitType } from "../../src/domain/MemoryUnit.ts"
import { type Filter, Qdrant } from "../../src/index/qdrant/Qdrant.ts"
import { FIELDS } from "../../src/index/qdrant/QdrantIndex.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import { client, server } from "../../test/drills/qdrant/server.ts"
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
  temporaryFolder,
  timed
} from "../../test/script.ts"
import { transcriptsIn } from "./shared/transcripts.ts"
import { zipf } from "./shared/zipf.ts"

const PROJECTS = 20
const TOP = 10
/** Number of hits that the retriever requests from an index. */
const LIMIT = 300
const BATCH = 1_024
/** Difference below which two scores count as equal. */
const TIE = 1e-5
const LEAST = { mean: 0.99, worst: 0.8 }

/** Lists the distinct sentences of the transcripts' strings. */
const sentencesIn = (files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const found = new Set<string>()
  const collect = (value: unknown): void => {
    if (typeof value === "string") {
      for (const sentence of value.split(/(?<=[.!?。！？])\s+|\n+/)) {
        const text = sentence.trim()
        if (text.length >= 20 && text.length <= 300 && /\p{L}{3}.*\s.*\p{L}{3}/u.test(text)) found.add(text)
      }
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect)
  }
  for (const file of files) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      if (isJson(line)) collect((JSON.parse(line) as { readonly message?: unknown }).message)
    }
  }
  return [...found]
}

/** Returns the text of a point: a sentence, with another one where all have been taken. */
const textOf = (sentences: ReadonlyArray<string>, i: number): string => {
  const again = Math.floor(i / sentences.length)
  const first = sentences[i % sentences.length]!
  return again === 0 ? first : `${first} ${sentences[(i * 7_919 + again * 104_729) % sentences.length]!}`
}

const projectAt = zipf(PROJECTS)
/** Returns the number of the project of point `i`, the largest being 0. The golden ratio spreads the points evenly. */
const projectOf = (i: number): number => projectAt(i * 0.618_033_988_749_895 % 1)
const typeOf = (i: number) => UnitType.literals[i % UnitType.literals.length]!

interface Case {
  readonly name: string
  readonly filter: Filter
  readonly passes: (i: number) => boolean
}

const inProjects = (name: string, ...projects: ReadonlyArray<number>): Case => ({
  name,
  filter: [{ key: "project", match: { any: projects.map((p) => `p${p}`) } }],
  passes: (i) => projects.includes(projectOf(i))
})

const CASES: ReadonlyArray<Case> = [
  { name: "all", filter: [], passes: () => true },
  inProjects("the largest project", 0),
  inProjects("a small project", PROJECTS - 1),
  inProjects("three middling projects", 4, 7, 10),
  {
    name: "the largest project, one type",
    filter: [...inProjects("", 0).filter, { key: "type", match: { any: ["decision"] } }],
    passes: (i) => projectOf(i) === 0 && typeOf(i) === "decision"
  }
]

const vectorsOf = (texts: ReadonlyArray<string>) =>
  Effect.flatMap(ModelManager, ({ embed }) => embed(texts)).pipe(
    Effect.map((found) => found.map(Option.getOrUndefined))
  )

/** Returns the score of the tenth nearest of the points that pass. */
const tenth = (points: ReadonlyArray<Float32Array | undefined>, vector: Float32Array, { passes }: Case): number => {
  const best: Array<number> = []
  points.forEach((point, i) => {
    if (point === undefined || !passes(i)) return
    let score = 0
    for (let d = 0; d < vector.length; d++) score += vector[d]! * point[d]!
    if (best.length === TOP && score <= best[TOP - 1]!) return
    best.push(score)
    best.sort((a, b) => b - a)
    if (best.length > TOP) best.pop()
  })
  return best[Math.min(TOP, best.length) - 1] ?? Infinity
}

const measured = (collection: string, points: number, questions: number, sentences: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const qdrant = yield* Qdrant
    const vectors: Array<Float32Array | undefined> = []
    const dimension = (yield* Effect.flatMap(ModelManager, ({ embedding }) => embedding)).dimension
    yield* qdrant.createCollection(collection, {
      dense: { dense: dimension },
      sparse: [],
      metadata: {},
      shards: 1,
      replicas: 1
    })
    for (const [field, type] of Object.entries(FIELDS)) yield* qdrant.createPayloadIndex(collection, field, type)
    for (let from = 0; from < points; from += BATCH) {
      yield* progress(`${number(from)} of ${number(points)} points`)
      const numbers = Array.from({ length: Math.min(BATCH, points - from) }, (_, i) => from + i)
      const made = yield* vectorsOf(numbers.map((i) => textOf(sentences, i)))
      vectors.push(...made)
      yield* qdrant.upsert(
        collection,
        numbers.flatMap((i) => {
          const vector = vectors[i]
          return vector === undefined ? [] : [{
            id: `00000000-0000-4000-8000-${i.toString(16).padStart(12, "0")}`,
            vectors: { dense: [...vector] },
            payload: { project: `p${projectOf(i)}`, type: typeOf(i), at: i, session: `s${i % 1_000}`, files: [] }
          }]
        })
      )
    }
    yield* progress("waiting until all is indexed")
    yield* Effect.repeat(Effect.delay(qdrant.collection(collection), "1 second"), {
      until: (found) => Option.exists(found, ({ isSettled }) => isSettled)
    })
    // What is asked is no point: sentences joined in another order.
    const asked = (yield* vectorsOf(
      Array.from({ length: questions }, (_, q) => textOf(sentences, points + q * 31).split(" ").toReversed().join(" "))
    )).filter((vector) => vector !== undefined)
    return yield* Effect.forEach(CASES, (each) =>
      Effect.gen(function*() {
        yield* progress(each.name)
        const all = yield* Effect.forEach(asked, (vector) =>
          Effect.gen(function*() {
            const lanes = [{ using: "dense", vector: [...vector], limit: LIMIT }] as const
            const [found, ms] = yield* timed(qdrant.query(collection, { lanes, filter: each.filter, limit: LIMIT }))
            const least = tenth(vectors, vector, each)
            const right = found.slice(0, TOP).filter(({ id }) => {
              const point = vectors[Number.parseInt(id.slice(-12), 16)]!
              return point.reduce((sum, x, d) => sum + x * vector[d]!, 0) >= least - TIE
            })
            return { ms, recall: right.length / TOP }
          }))
        const recalls = all.map(({ recall }) => recall)
        return {
          name: each.name,
          points: vectors.filter((vector, i) => vector !== undefined && each.passes(i)).length,
          recall: round(mean(recalls), 4),
          worst: Math.min(...recalls),
          p50: round(quantile(all.map(({ ms }) => ms), 0.5), 1),
          p95: round(quantile(all.map(({ ms }) => ms), 0.95), 1)
        }
      }))
  })

const command = commandOf("qdrant-recall", {
  description: "Measure what filtered searches in Qdrant find beside exact ones",
  options: {
    transcripts: Options.directory("transcripts", { exists: "yes" }).pipe(
      Options.withDescription("Folder of transcripts whose sentences are the points; the sample sessions without it"),
      Options.withDefault(samples)
    ),
    points: integer("points", 0, "How many; 400,000 on a real server and 3,000 on the stand-in without it"),
    questions: integer("questions", 50, "How many are asked of each filter")
  },
  run: ({ points, questions, transcripts }) =>
    Effect.gen(function*() {
      const home = yield* temporaryFolder
      const { isStandIn, options } = yield* server(home)
      const sentences = sentencesIn(yield* transcriptsIn(transcripts))
      if (sentences.length < 100) {
        return yield* new BenchError({ reason: "Input", detail: `${transcripts} has too few sentences` })
      }
      const size = points > 0 ? points : isStandIn ? 3_000 : 400_000
      const cases = yield* measured(`${options.prefix}_recall_${randomUUID()}`, size, questions, sentences).pipe(
        Effect.provide(
          Layer.merge(
            client({ words: false, ...options }),
            Layer.provide(App.modelsOf({ home, busyTimeoutMs: 5_000 }), App.platform)
          )
        )
      )
      const ok = cases.every(({ recall, worst }) => recall >= LEAST.mean && worst >= LEAST.worst)
      return {
        ok,
        data: { ok, isStandIn, points: size, questions, cases },
        text: () => [
          isStandIn
            ? "Qdrant was THE STAND-IN, which searches exactly: this shows that the benchmark runs, and nothing of Qdrant."
            : `Qdrant was a server at ${options.address.host}.`,
          `${number(size)} points of ${
            number(sentences.length)
          } sentences, ${questions} questions; limit ${LIMIT}, recall@${TOP}`,
          "",
          ...table([
            ["filter", "points", "recall", "worst", "p50", "p95"],
            ...cases.map(({ name, p50, p95, points, recall, worst }) => [
              name,
              number(points),
              String(recall),
              String(worst),
              `${p50} ms`,
              `${p95} ms`
            ])
          ]),
          ...(ok ? [] : ["", `Less than ${LEAST.mean}, or a question below ${LEAST.worst}.`])
        ]
      }
    })
})

main(Cli.withSubcommands(command, [StandIn.command]), "qdrant-recall")
