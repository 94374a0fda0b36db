/**
 * Imports transcripts into a new memory, asks it each question of a file, and writes the answers of search and injection.
 */
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { number } from "../../src/cli/Output.ts"
import { type InjectionMode, MAX_HOOK_CHARS } from "../../src/domain/Injection.ts"
import { evidence } from "../../src/domain/MemoryUnit.ts"
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
import { questionsIn } from "./shared/questions.ts"
import { imported, transcripts } from "./shared/transcripts.ts"

/** Results of a search, of which the script scores the first 10. */
const LIMIT = 50
const MAX_TOKENS = 2_000
const MAX_CHARS = 20_000
/** Budget of a hook. */
const DEFAULT_TOKENS = 800

const ask = ({ id, question }: { readonly id: string; readonly question: string }) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { results } = yield* memory.search({
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
      conservative
    }
  })

const importAndAsk = (
  transcripts: string,
  questions: ReadonlyArray<{ readonly id: string; readonly question: string }>
) =>
  Effect.gen(function*() {
    const report = yield* imported(transcripts)
    const [answers, askMs] = yield* timed(
      Effect.forEach(questions, (question, i) =>
        Effect.zipRight(progress(`asking ${i + 1} of ${questions.length}`), ask(question)))
    )
    return { report, answers, askMs }
  })

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
    words: Options.boolean("words").pipe(Options.withDescription("Qdrant looks for the words too"))
  },
  run: ({ answers: file, qdrant, questions, score, transcripts, words }, isJson) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const home = yield* temporaryFolder
      const asked = yield* questionsIn(questions)
      const server = Option.isSome(qdrant) ? yield* serverAt(qdrant.value) : undefined
      const { answers, askMs, report } = yield* importAndAsk(transcripts, asked).pipe(
        Effect.provide(service(home, false, server && { ...server.options, words }))
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
      const scores = Option.isNone(scored) ? [] : table(yield* Schema.decode(Schema.parseJson(Score))(scored.value))
      return {
        data: {
          questions: asked.length,
          units: report.units.total,
          importMs: report.durationMs,
          askMs: round(askMs),
          hits,
          injected: Object.fromEntries(modes.map(({ mode, ...means }) => [mode, means]))
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
          `${number(report.units.total)} units imported in ${(report.durationMs / 1000).toFixed(1)} s, ` +
          `${asked.length} questions asked in ${(askMs / 1000).toFixed(1)} s`
        ]
      }
    })
})
