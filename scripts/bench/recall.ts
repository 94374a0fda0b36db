/**
 * Imports transcripts into a new memory, asks it each question of a file, and writes the answers of search and injection.
 */
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { importFiles } from "../../src/cli/Import.ts"
import { number } from "../../src/cli/Output.ts"
import { type InjectionMode, MAX_HOOK_CHARS } from "../../src/domain/Injection.ts"
import { evidence } from "../../src/domain/MemoryUnit.ts"
import { textOf } from "../../src/retrieve/Reranker.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { serverAt } from "../../test/drills/qdrant/server.ts"
import {
  BenchError,
  mean,
  output,
  program,
  progress,
  round,
  row,
  service,
  temporaryFolder,
  timed
} from "../../test/script.ts"
import { hitsOf } from "./shared/hits.ts"
import { misspelt } from "./shared/misspelt.ts"
import { type Question, questionsIn } from "./shared/questions.ts"
import { type Quality, qualityOf, reranker } from "./shared/reranker.ts"
import { imported, transcripts, transcriptsIn } from "./shared/transcripts.ts"

/** Results of a search, of which the script scores the first 10. */
const LIMIT = 50
const MAX_TOKENS = 2_000
const MAX_CHARS = 20_000
/** More units than the transcripts give. */
const MOST_UNITS = 1_000_000
/** Budget of a hook. */
const DEFAULT_TOKENS = 800

const ask = ({ id, question }: Question) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { degraded, results } = yield* memory.search({
      text: question,
      projects: "all",
      limit: LIMIT,
      minScore: 0,
      mode: "hybrid"
    })
    const inject = (mode: InjectionMode) =>
      memory.inject({
        prompt: question,
        projects: "all",
        mode,
        isAsked: true,
        maxTokens: MAX_TOKENS,
        maxChars: MAX_CHARS
      })
    const balanced = yield* inject("balanced")
    const conservative = yield* inject("conservative")
    const unasked = yield* memory.inject({
      prompt: question,
      projects: "all",
      mode: "balanced",
      maxTokens: DEFAULT_TOKENS,
      maxChars: MAX_HOOK_CHARS
    })
    return {
      line: {
        id,
        results: results.map(({ unit }) => ({ content: unit.content, evidence: evidence(unit) })),
        balanced: balanced.text,
        conservative: conservative.text,
        default: unasked.text
      },
      balanced,
      conservative,
      confidence: results[0]?.score ?? 0,
      degraded
    }
  })
type Asked = Effect.Effect.Success<ReturnType<typeof ask>>

const importAndAsk = (transcripts: string, questions: ReadonlyArray<Question>) =>
  Effect.gen(function*() {
    const report = yield* imported(transcripts)
    const [answers, askMs] = yield* timed(
      Effect.forEach(questions, (question, i) =>
        Effect.zipRight(progress(`asking ${i + 1} of ${questions.length}`), ask(question)))
    )
    return { report, answers, askMs }
  })

const normal = (text: string) => text.toLowerCase().replace(/\s+/g, " ")

const isAnswered = ({ key_terms }: Question, { balanced }: Asked) => {
  const text = normal(balanced.text)
  return key_terms.every((term) => text.includes(normal(term)))
}

/** Confidence of the search for a question in a memory without the sessions that answer it. */
const leftOut = (folder: string, questions: ReadonlyArray<Question>) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const files = yield* transcriptsIn(folder)
    const groups = Arr.groupBy(questions, ({ evidence }) => evidence.map(({ file }) => file).sort().join())
    const confidences = yield* Effect.forEach(Object.values(groups), (group, i) =>
      Effect.gen(function*() {
        yield* progress(`without sessions ${i + 1} of ${Object.keys(groups).length}`)
        const left = new Set(group[0].evidence.map(({ file }) => path.join(folder, file)))
        const home = yield* temporaryFolder
        return yield* Effect.gen(function*() {
          const memory = yield* ClaudeMemory
          const { currentTimeMillis } = yield* Effect.clock
          yield* importFiles(
            yield* memory.discover(files.filter((file) => !left.has(file))),
            yield* currentTimeMillis
          )
          return yield* Effect.forEach(group, ({ id, question }) =>
            Effect.map(
              memory.search({ text: question, projects: "all", limit: 1, minScore: 0, mode: "hybrid" }),
              ({ results }) => [id, results[0]?.score ?? 0] as const
            ))
        }).pipe(Effect.provide(service(home)))
      }).pipe(Effect.scoped))
    return new Map(confidences.flat())
  })

/** Compares, at thresholds of confidence, the questions that are answered with those injected for all the same. */
const thresholds = (
  questions: ReadonlyArray<Question>,
  answers: ReadonlyArray<Asked>,
  without: ReadonlyMap<string, number>,
  target: number
) => {
  const answered = questions.flatMap((question, i) =>
    isAnswered(question, answers[i]!) ? [{ lang: question.lang, confidence: answers[i]!.confidence }] : []
  )
  const { lang } = questions[0]!
  const own = answered.filter((each) => each.lang === lang).map(({ confidence }) => confidence).sort((a, b) => b - a)
  const cut = own[Math.min(target, own.length) - 1] ?? 0
  const at = (threshold: number) => ({
    threshold: round(threshold, 3),
    answered: own.filter((confidence) => confidence >= threshold).length,
    others: answered.filter((each) => each.lang !== lang && each.confidence >= threshold).length,
    injected: questions.filter(({ id }) => without.get(id)! >= threshold).length
  })
  return { lang, questions: questions.length, cut: at(cut), rows: [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map(at) }
}

const Lane = Schema.Struct({
  n: Schema.Number,
  hit1: Schema.Number,
  hit5: Schema.Number,
  hit10: Schema.Number,
  answer2k: Schema.Number,
  answer2kConservative: Schema.Number,
  answer800: Schema.Number,
  injectedDefault: Schema.Number
})
const Score = Schema.Struct({
  en: Lane,
  zh: Lane,
  unanswerable: Schema.Struct({
    n: Schema.Number,
    injectedBalanced: Schema.Number,
    injectedConservative: Schema.Number,
    injectedDefault: Schema.Number
  }),
  cited: Schema.Struct({ mean: Schema.Number, max: Schema.Number })
})

const table = ({ cited, en, unanswerable, zh }: typeof Score.Type): ReadonlyArray<string> => {
  const lane = (name: string, lane: typeof Lane.Type) =>
    row(
      name,
      9,
      [
        lane.hit1,
        lane.hit5,
        lane.hit10,
        lane.answer2k,
        lane.answer2kConservative,
        lane.answer800,
        lane.injectedDefault,
        lane.n
      ],
      13
    )
  return [
    row("", 9, ["hit@1", "hit@5", "hit@10", "answer@2k", "conservative", "unasked@800", "spoken", "questions"], 13),
    lane("English", en),
    lane("Chinese", zh),
    `unanswerable, injected all the same: balanced ${unanswerable.injectedBalanced}, ` +
    `conservative ${unanswerable.injectedConservative}, unasked ${unanswerable.injectedDefault} of ${unanswerable.n}`,
    `messages that a result cites: mean ${cited.mean}, most ${cited.max}`
  ]
}

/** Starts a reranker for which a unit is relevant that has a term of the answer and cites a message that answers. */
const reranking = (quality: Quality, transcripts: string, questions: ReadonlyArray<Question>) =>
  Effect.gen(function*() {
    const home = yield* temporaryFolder
    const units = yield* Effect.gen(function*() {
      yield* imported(transcripts)
      const { recent } = yield* ClaudeMemory
      return yield* recent({ projects: "all" }, MOST_UNITS)
    }).pipe(Effect.provide(service(home)))
    const relevant = new Map(questions.map(({ also, evidence: sources, key_terms, question }) => {
      const gold = new Set([...sources, ...also].map(({ uuid }) => uuid))
      const documents = units.filter((unit) =>
        evidence(unit).some((uuid) => gold.has(uuid)) &&
        key_terms.some((term) => normal(unit.content).includes(normal(term)))
      ).map(textOf)
      return [question, new Set(documents)]
    }))
    return yield* reranker(quality, (question, document) => relevant.get(question)?.has(document) === true)
  })

program("recall", {
  description: "Import transcripts, ask questions, score the answers",
  options: {
    transcripts,
    questions: Options.file("questions", { exists: "yes" }).pipe(
      Options.withDescription("JSONL with the fields id and question")
    ),
    answers: Options.file("answers").pipe(Options.withDescription("JSONL to write")),
    score: Options.file("score", { exists: "yes" }).pipe(
      Options.withDescription("Script that scores the answers and prints one line of JSON"),
      Options.optional
    ),
    qdrant: Options.text("qdrant").pipe(
      Options.withDescription(
        "URL of a Qdrant server that holds the vectors; what is made there is removed at the end"
      ),
      Options.optional
    ),
    words: Options.boolean("words").pipe(Options.withDescription("Qdrant looks for the words too")),
    misspelt: Options.boolean("misspelt").pipe(
      Options.withDescription("Misspell the longest English word of each question, one slip of the keys")
    ),
    reranker: Options.text("reranker").pipe(
      Options.filterMap(qualityOf, "a share from 0.5 to 1, slow or fails"),
      Options.withDescription("A stand-in reranks: the share of pairs that it orders rightly, or slow, or fails"),
      Options.optional
    ),
    leftOut: Options.integer("left-out").pipe(
      Options.withDescription(
        "Ask each question without its sessions, too, and compare at the confidence at which so many are still answered"
      ),
      Options.optional
    )
  },
  run: (
    {
      answers: file,
      leftOut: target,
      misspelt: slips,
      qdrant,
      questions,
      reranker: quality,
      score,
      transcripts,
      words
    },
    isJson
  ) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const home = yield* temporaryFolder
      const typed = yield* questionsIn(questions)
      const asked = slips ? yield* Effect.forEach(typed, misspelt) : typed
      const server = Option.isSome(qdrant) ? yield* serverAt(qdrant.value) : undefined
      const { answers, askMs, report } = yield* importAndAsk(transcripts, asked).pipe(
        Effect.provide(
          service(
            home,
            false,
            server && { ...server.options, words },
            Option.isSome(quality) ? yield* reranking(quality.value, transcripts, asked) : undefined
          )
        )
      )
      if (report.degraded.length > 0) {
        return yield* new BenchError({ reason: "Program", detail: `not all is indexed: ${report.degraded.join("; ")}` })
      }
      yield* fs.writeFileString(file, answers.map(({ line }) => `${JSON.stringify(line)}\n`).join(""))
      const scored = Option.isNone(score) ? Option.none() : Option.some(
        (yield* output(
          Command.make(
            process.execPath,
            score.value,
            "--questions",
            questions,
            "--transcripts",
            transcripts,
            "--answers",
            file
          )
        )).trim()
      )
      const hits = yield* hitsOf(transcripts, questions, answers.map(({ line }) => line))
      if (isJson && Option.isSome(scored)) return { data: { ...JSON.parse(scored.value), hits }, text: () => [] }
      const modes = (["balanced", "conservative"] as const).map((mode) => ({
        mode,
        tokens: round(mean(answers.map((each) => each[mode].tokens))),
        units: round(mean(answers.map((each) => each[mode].items.length)), 2)
      }))
      const degraded = Arr.dedupe(answers.flatMap((each) => each.degraded)).map((note) => ({
        note,
        questions: answers.filter((each) => each.degraded.includes(note)).length
      }))
      const answerable = asked.filter(({ evidence }) => evidence.length > 0)
      const compared = Option.isNone(target) ? undefined : thresholds(
        answerable,
        answers.filter((_, i) => asked[i]!.evidence.length > 0),
        yield* leftOut(transcripts, answerable),
        target.value
      )
      const scores = Option.isNone(scored) ? [] : table(yield* Schema.decode(Schema.parseJson(Score))(scored.value))
      return {
        data: {
          questions: asked.length,
          units: report.units.total,
          importMs: report.durationMs,
          askMs: round(askMs),
          hits,
          injected: Object.fromEntries(modes.map(({ mode, ...means }) => [mode, means])),
          leftOut: compared,
          degraded
        },
        text: () => [
          ...scores,
          ...Object.entries(hits).map(([lang, { n, ...counts }]) =>
            `answered of ${n} questions, ${lang}: ${
              Object.entries(counts).map(([cut, count]) => `${cut} ${count}`).join(", ")
            }`
          ),
          ...modes.map(({ mode, tokens, units }) =>
            `injected on average, ${mode}: ${number(tokens)} tokens of ${number(MAX_TOKENS)}, ${units} units`
          ),
          ...degraded.map(({ note, questions }) => `${questions} of ${asked.length} questions: ${note}`),
          ...(compared === undefined ? [] : [
            row("confidence", 12, [`answered ${compared.lang}`, "others", "left out"], 13),
            ...[...compared.rows, compared.cut].map(({ answered, injected, others, threshold }) =>
              row(String(threshold), 12, [answered, others, injected], 13)
            ),
            `left out: a search that reaches the confidence without the sessions that answer, of ${compared.questions}`
          ]),
          `${number(report.units.total)} units imported in ${(report.durationMs / 1000).toFixed(1)} s, ` +
          `${asked.length} questions asked in ${(askMs / 1000).toFixed(1)} s`
        ]
      }
    })
})
