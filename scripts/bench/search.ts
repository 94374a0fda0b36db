/**
 * Times searches of large memories: the whole hybrid answer, each lane alone, and beside them what sqlite-vec and FTS5 take
 * by themselves for the same questions; and the opening and the first search beside bare SQLite that reads the same. Says
 * in how many questions the ten best are those of a search that counts the words of every memory.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { getLoadablePath } from "sqlite-vec"
import * as App from "../../src/App.ts"
import { number, table } from "../../src/cli/Output.ts"
import { hash } from "../../src/domain/Hash.ts"
import type { SearchFilter, SearchMode, SearchQuery } from "../../src/domain/Search.ts"
import * as Tokenizer from "../../src/domain/Tokenizer.ts"
import * as EmbeddedIndex from "../../src/index/sqlite/EmbeddedIndex.ts"
import { quantize } from "../../src/index/sqlite/VectorSpace.ts"
import { VectorIndex } from "../../src/index/VectorIndex.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import * as SqliteDriver from "../../src/resources/SqliteDriver.ts"
import { Retriever } from "../../src/retrieve/Retriever.ts"
import { LANE_LIMIT } from "../../src/retrieve/Search.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as Settings from "../../src/settings/Settings.ts"
import type { StoreError } from "../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as McpClient from "../../test/e2e/mcpClient.ts"
import { makeRandom } from "../../test/fixtures/transcript.ts"
import {
  environment,
  integer,
  mean,
  median,
  program,
  progress,
  quantile,
  round,
  samples,
  service,
  temporaryFolder,
  timed
} from "../../test/script.ts"
import { busy, load } from "./shared/busy.ts"
import { retriever as exactly } from "./shared/exact.ts"
import { fillProjects, projectsOf } from "./shared/large.ts"

/** Units in which words are counted, for all questions together: some minutes. */
const COUNTED_IN_ALL = 8_000_000

const MODES: ReadonlyArray<SearchMode> = ["hybrid", "keyword", "semantic"]
const WORD = /[A-Za-z]{4,}/g

interface Times {
  readonly scope: string
  readonly asked: SearchMode | "inject"
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly blockMs: number
}

/** A name, and the projects that are asked. */
type Scope = readonly [string, SearchFilter["projects"]]

/** Questions of four to eight words that stand together in a memory; another `seed` makes others. */
const questionsAbout = (texts: ReadonlyArray<string>, count: number, seed: number) => {
  const random = makeRandom(seed)
  const pick = <A>(all: ReadonlyArray<A>) => all[Math.floor(random() * all.length)]!
  return Array.from({ length: count }, () => {
    const words = pick(texts).match(WORD) ?? ["nothing"]
    const length = 4 + Math.floor(random() * 5)
    const from = Math.floor(random() * Math.max(1, words.length - length))
    return words.slice(from, from + length).join(" ")
  })
}

const open = (file: string) => {
  const { DatabaseSync } = SqliteDriver.load()
  return Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(file, { allowExtension: true })),
    (database) => Effect.sync(() => database.close())
  )
}

/** The words of a question, for FTS5. */
const matchOf = (question: string) => Tokenizer.queryLexemes(question).map((lexeme) => `"${lexeme}"`).join(" OR ")

/** The same questions by SQL alone, sqlite-vec's own table and all words in FTS5, both unbounded; and the vector index by itself. */
const bareTimes = (file: string, questions: ReadonlyArray<string>, projects: ReadonlyArray<string> | "all") =>
  Effect.gen(function*() {
    const models = yield* ModelManager
    const vectors = yield* models.embed(questions, "query")
    const database = yield* open(file)
    database.enableLoadExtension(true)
    database.loadExtension(getLoadablePath())
    database.exec(
      `CREATE VIRTUAL TABLE temp.bare USING vec0(project TEXT PARTITION KEY, vector int8[256] distance_metric=cosine);
      INSERT INTO temp.bare (rowid, project, vector)
        SELECT unit_row, project_id, vec_int8(vector) FROM vectors WHERE length(vector) > 0`
    )
    const only = projects === "all" ? "" : `AND project = '${projects[0]}'`
    const near = database.prepare(
      `SELECT rowid FROM temp.bare WHERE vector MATCH vec_int8(?) AND k = ${LANE_LIMIT} ${only}`
    )
    const inProject = projects === "all" ? "" : `AND units.project_id = '${projects[0]}'`
    const words = database.prepare(`SELECT lexemes.rowid FROM lexemes JOIN units ON units.row = lexemes.rowid
      WHERE lexemes MATCH ? ${inProject} ORDER BY rank LIMIT ${LANE_LIMIT}`)
    const index = yield* VectorIndex
    const indexTimes = yield* Effect.forEach(
      vectors,
      (vector) => Effect.map(timed(index.search(Option.getOrThrow(vector), { projects }, LANE_LIMIT)), ([, ms]) => ms)
    )
    const times = questions.map((question, i) => {
      const vector = Option.getOrThrow(vectors[i]!)
      const numbers = new Int8Array(vector.length)
      quantize(vector, numbers, 0)
      const from = performance.now()
      near.all(new Uint8Array(numbers.buffer))
      const between = performance.now()
      words.all(matchOf(question))
      return { vectors: between - from, words: performance.now() - between, index: indexTimes[i]! }
    })
    return times.slice(1)
  }).pipe(Effect.scoped)

/** What bare SQLite takes to open the memory, and to read what the first search reads: all vectors, and what a question's words match. */
const bareFirst = (file: string, question: string) =>
  Effect.gen(function*() {
    const from = performance.now()
    const database = yield* open(file)
    database.prepare("SELECT count(*) FROM sqlite_schema").get()
    const openMs = performance.now() - from
    const read = performance.now()
    database.prepare("SELECT unit_row, vector FROM vectors").all()
    database.prepare(
      "SELECT rowid, title, text, tool_use, tool_result FROM lexemes WHERE lexemes MATCH ? ORDER BY rank LIMIT 600"
    )
      .all(matchOf(question))
    return { openMs, firstMs: performance.now() - read }
  }).pipe(Effect.scoped)

const modelsAndIndex = (home: string) =>
  Layer.merge(
    App.modelsOf({ busyTimeoutMs: 5_000, home }),
    Layer.provide(EmbeddedIndex.layer, SqliteFile.layer({ folder: home, readOnly: true, busyTimeoutMs: 5_000 }))
  ).pipe(Layer.provide(App.platform))

/** Saves one memory after the other through a server, until the scope closes. */
const writing = (home: string, project: string) =>
  Effect.gen(function*() {
    const env = { ...environment(yield* temporaryFolder), CLAUDE_MEMORY_HOME: home }
    const { call, shake } = yield* McpClient.start(Settings.packageFile("dist", "mcp.js"), { env })
    yield* shake
    const save = (i: number) =>
      call("save", {
        type: "decision",
        title: `Note ${i} of the benchmark`,
        content: `The benchmark wrote note ${i} while others searched.`,
        project_id: project
      })
    yield* Effect.forkScoped(Effect.iterate(0, { while: () => true, body: (i) => Effect.as(save(i), i + 1) }))
  })

const queryOf = (text: string, mode: SearchMode, projects: SearchFilter["projects"]): SearchQuery => ({
  text,
  projects,
  limit: 10,
  minScore: 0,
  mode
})

const percent = (share: number) => `${round(100 * share, 1)} %`

/** Times questions in each scope and way, each time others: what was asked once is answered faster. */
const askedTimes = (
  questionsFor: (scope: string, asked: string) => ReadonlyArray<string>,
  scopes: ReadonlyArray<Scope>
) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const rows: Array<Times> = []
    for (const [scope, projects] of scopes) {
      for (const asked of [...MODES, "inject"] as const) {
        yield* progress(`${asked}, ${scope}`)
        const questions = questionsFor(scope, asked)
        const ask = (text: string): Effect.Effect<unknown, StoreError> =>
          asked === "inject"
            ? memory.inject({ prompt: text, projects, mode: "balanced", maxTokens: 800, maxChars: 10_000 })
            : memory.search(queryOf(text, asked, projects))
        const delay = monitorEventLoopDelay({ resolution: 1 })
        const times: Array<number> = []
        yield* ask(questions[0]!)
        delay.enable()
        for (const text of questions.slice(1)) {
          // Lets the event loop turn, which measures the delays.
          yield* Effect.sleep(2)
          times.push((yield* timed(ask(text)))[1])
        }
        delay.disable()
        const at = (q: number) => round(quantile(times, q), 1)
        rows.push({
          scope,
          asked,
          p50Ms: at(0.5),
          p95Ms: at(0.95),
          p99Ms: at(0.99),
          blockMs: round(delay.max / 1e6)
        })
      }
    }
    return rows
  })

program("search", {
  description: "Time searches of a large memory",
  options: {
    units: integer("units", 100_000, "Size of the memory"),
    projects: integer("projects", 20, "Projects, of sizes by Zipf's law"),
    questions: integer("questions", 60, "Questions asked"),
    transcripts: Options.directory("transcripts").pipe(Options.withDefault(samples as string)),
    home: Options.directory("home").pipe(
      Options.withDescription("Folder in which the memory is kept for other runs, and taken from when it is there"),
      Options.optional
    ),
    load,
    writing: Options.boolean("writing").pipe(Options.withDescription("Let a server save one memory after the other"))
  },
  run: (options) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = Option.isSome(options.home) ? options.home.value : yield* temporaryFolder
      const kept = path.join(folder, `units-${options.units}`)
      const projects = projectsOf(options.projects)
      if (!(yield* fs.exists(path.join(kept, "memory.db")))) {
        yield* fillProjects(kept, options.transcripts, options.units, projects)
      }
      // What is saved beside the searches is no part of the memory that is kept.
      const home = options.writing ? yield* temporaryFolder : kept
      const file = path.join(home, "memory.db")
      if (options.writing) yield* fs.copyFile(path.join(kept, "memory.db"), file)
      const { size } = yield* fs.stat(file)
      const scopes: ReadonlyArray<Scope> = [
        ["all", "all"],
        ["the largest", [projects[0]!.id]],
        ["a middling one", [projects[Math.floor(projects.length / 2)]!.id]]
      ]
      yield* busy(options.load)
      if (options.writing) yield* writing(home, projects[0]!.id)
      const started = performance.now()
      const asked = yield* Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* memory.projects.known
        const openMs = performance.now() - started
        const texts = (yield* memory.recent({ projects: "all" }, 400)).map(({ content }) => content)
        const questionsFor = (scope: string, asked: string) =>
          questionsAbout(texts, options.questions, hash(`${scope} ${asked}`))
        const questions = questionsFor("all", "first")
        const before = process.memoryUsage().rss
        const [, firstMs] = yield* timed(
          memory.search(queryOf(questions[0]!, "hybrid", "all"))
        )
        const heldMb = (process.memoryUsage().rss - before) / 1e6
        const answers = yield* Effect.forEach(
          questionsFor("all", "exact").slice(0, Math.ceil(COUNTED_IN_ALL / options.units)),
          (text) =>
            Effect.map(
              memory.search(queryOf(text, "hybrid", "all")),
              ({ results }) => ({ text, ids: results.map(({ unit }) => unit.id) })
            )
        )
        return { questionsFor, answers, openMs, firstMs, heldMb, rows: yield* askedTimes(questionsFor, scopes) }
      }).pipe(Effect.provide(service(home, true)))
      const { answers: _, questionsFor, ...measured } = asked
      const first = yield* bareFirst(file, questionsFor("all", "first")[0]!)
      const bare = yield* Effect.forEach(scopes, ([name, projects]) =>
        Effect.map(
          Effect.provide(bareTimes(file, questionsFor(name, "hybrid"), projects), modelsAndIndex(home)),
          (times) => {
            const both = times.map(({ vectors, words }) => vectors + words)
            return {
              name,
              vectorsMs: median(times.map(({ vectors }) => vectors)),
              indexMs: median(times.map(({ index }) => index)),
              indexP95Ms: quantile(times.map(({ index }) => index), 0.95),
              wordsMs: median(times.map(({ words }) => words)),
              bothMs: median(both),
              bothP95Ms: quantile(both, 0.95)
            }
          }
        ))
      const exact = yield* Effect.flatMap(
        Retriever,
        ({ search }) => Effect.forEach(asked.answers, ({ text }) => search(queryOf(text, "hybrid", "all")))
      ).pipe(Effect.provide(exactly(home)))
      const common = asked.answers.flatMap(({ ids }, i) => {
        const { results } = exact[i]!
        return results.length === 0 ? [] : [results.filter(({ unit }) => ids.includes(unit.id)).length / results.length]
      })
      const sameTen = {
        questions: common.length,
        all: mean(common.map((share) => share === 1 ? 1 : 0)),
        each: mean(common)
      }
      const beside = (ms: number, bareMs: number) => `${round(ms)} ms (bare SQLite ${round(bareMs)} ms)`
      return {
        data: { units: options.units, bytes: Number(size), ...measured, bareFirst: first, bare, sameTen },
        text: () => [
          `${number(options.units)} memories, ${number(Math.round(Number(size) / 1e6))} MB; opened in ${
            beside(asked.openMs, first.openMs)
          }, first search ${beside(asked.firstMs, first.firstMs)}, +${round(asked.heldMb)} MB`,
          `of the ten best by an exact count ${percent(sameTen.each)} are found; all ten in ${
            percent(sameTen.all)
          } of ${sameTen.questions} questions`,
          ...table([
            ["projects", "asked", "p50 ms", "p95 ms", "p99 ms", "longest block ms", "vec0 + FTS5 ms", "ratio"],
            ...asked.rows.map(({ asked, blockMs, p50Ms, p95Ms, p99Ms, scope }) => {
              const { bothMs, vectorsMs, wordsMs } = bare.find(({ name }) => name === scope)!
              const beside = { hybrid: bothMs, keyword: wordsMs, semantic: vectorsMs, inject: undefined }[asked]
              return [
                scope,
                asked,
                ...[p50Ms, p95Ms, p99Ms, blockMs].map(String),
                ...(beside === undefined ? ["", ""] : [String(round(beside, 1)), `× ${round(beside / p50Ms, 1)}`])
              ]
            }),
            ...bare.map(({ indexMs, indexP95Ms, name, vectorsMs }) => [
              name,
              "its vectors",
              ...[indexMs, indexP95Ms].map((ms) => String(round(ms, 1))),
              "",
              "",
              String(round(vectorsMs, 1)),
              `× ${round(vectorsMs / indexMs, 1)}`
            ])
          ])
        ]
      }
    })
})
