/**
 * Measures each constant of the ranking: what other values gain, and what the ranking loses without a part of it. Each
 * question's lists, units and neighbours are read once, so that a value takes seconds. Gains are paired, by question.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { RANKING, type Ranking } from "../../src/retrieve/Ranking.ts"
import { program, progress, row } from "../../test/script.ts"
import { conversationsIn } from "./shared/locomo.ts"
import { usersIn } from "./shared/memorybank.ts"
import { comparison, type Gain } from "./shared/paired.ts"
import { ask, chatsOnce, codingOnce, MEASURES } from "./shared/replay.ts"
import { transcripts } from "./shared/transcripts.ts"

const scaled = (weights: Readonly<Record<number, number>>, by: number) =>
  Object.fromEntries(Object.entries(weights).map(([offset, weight]) => [offset, by * weight]))
const withBm25f = (change: Partial<Ranking["bm25f"]>): Ranking => ({
  ...RANKING,
  bm25f: { ...RANKING.bm25f, ...change }
})
const withField = (field: number) => (weight: number) =>
  withBm25f({ fieldWeights: RANKING.bm25f.fieldWeights.map((each, i) => i === field ? weight : each) })
const withDates = (by: number): Ranking => ({
  ...RANKING,
  date: { day: by * RANKING.date.day, month: by * RANKING.date.month, year: by * RANKING.date.year }
})

/** Other values of each constant. A factor multiplies all of a record. */
const CONSTANTS: ReadonlyArray<readonly [string, ReadonlyArray<number>, (value: number) => Ranking]> = [
  ["k1", [0.9, 1.5], (k1) => withBm25f({ k1 })],
  ["b", [0.2, 0.6], (b) => withBm25f({ b })],
  ["weight of titles", [0.15, 0.6], withField(0)],
  ["weight of tool_use", [0.6, 1], withField(2)],
  ["weight of tool_result", [0.3, 0.7], withField(3)],
  ["translation", [0.5], (translation) => ({ ...RANKING, translation })],
  ["dense", [0.15, 0.35, 0.5], (dense) => ({ ...RANKING, dense })],
  ["lent, factor", [0.5, 1.5], (by) => ({ ...RANKING, lent: scaled(RANKING.lent, by) })],
  ["shortTokens", [60, 240], (shortTokens) => ({ ...RANKING, shortTokens })],
  ["answer", [0.2, 0.5], (answer) => ({ ...RANKING, answer })],
  ["asking", [0.05, 0.2], (asking) => ({ ...RANKING, asking })],
  ["borrowed, factor", [0.5, 1.5], (by) => ({ ...RANKING, borrowed: scaled(RANKING.borrowed, by) })],
  ["long", [0.2, 0.7], (long) => ({ ...RANKING, long })],
  ["session", [0.1, 0.3], (session) => ({ ...RANKING, session })],
  ["date, factor", [0.5, 1.5], withDates]
]

const ABLATIONS: ReadonlyArray<readonly [string, Ranking]> = [
  ["dense lane", { ...RANKING, dense: 0 }],
  ["length normalisation", withBm25f({ b: 0 })],
  ["weights of fields", withBm25f({ fieldWeights: [1, 1, 1, 1] })],
  ["glossary's words", { ...RANKING, translation: 0 }],
  ["lent scores", { ...RANKING, lent: scaled(RANKING.lent, 0) }],
  ["borrowed words", { ...RANKING, borrowed: scaled(RANKING.borrowed, 0) }],
  ["answers after questions", { ...RANKING, answer: RANKING.lent[1]!, asking: 0 }],
  ["all of neighbours", {
    ...RANKING,
    lent: scaled(RANKING.lent, 0),
    borrowed: scaled(RANKING.borrowed, 0),
    answer: 0,
    asking: 0
  }],
  ["session", { ...RANKING, session: 0 }],
  ["dates", withDates(0)]
]

const cell = ({ difference, high, low }: Omit<Gain, "value">) =>
  `${difference > 0 ? "+" : ""}${difference.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`

program("constants", {
  description: "Measure other values of the ranking's constants, and the ranking without its parts",
  options: {
    transcripts,
    questions: Options.file("questions", { exists: "yes" }).pipe(
      Options.withDescription("JSONL of questions about them; may be given several times"),
      Options.repeated
    ),
    locomo: Options.file("locomo", { exists: "yes" }).pipe(Options.withDescription("LoCoMo's JSON")),
    memorybank: Options.file("memorybank", { exists: "yes" }).pipe(
      Options.withDescription("MemoryBank's JSON with labels")
    )
  },
  run: ({ locomo, memorybank, questions, transcripts }) =>
    Effect.gen(function*() {
      const asked = [
        ...yield* chatsOnce("LoCoMo", (yield* conversationsIn(locomo)).chats),
        ...yield* chatsOnce("MemoryBank", yield* usersIn(memorybank)),
        ...yield* codingOnce(transcripts, questions)
      ]
      const findAll = (name: string, ranking: Ranking) =>
        Effect.zipRight(progress(name), Effect.sync(() => asked.map((each) => ask(each, ranking))))
      const now = yield* findAll("the ranking in use", RANKING)
      const { gains, leftOut, sets } = comparison(asked, now)
      const constants = yield* Effect.forEach(CONSTANTS, ([name, values, ranking]) =>
        Effect.gen(function*() {
          const found = yield* Effect.forEach(values, (value) => findAll(`${name} ${value}`, ranking(value)))
          return [
            ...values.map((value, i) => ({ name: `${name} ${value}`, sets: gains(found[i]!) })),
            { name: `${name}, chosen elsewhere`, sets: gains(leftOut([now, ...found])) }
          ]
        }))
      const ablation = yield* Effect.forEach(
        ABLATIONS,
        ([part, ranking]) =>
          Effect.map(findAll(`without ${part}`, ranking), (found) => ({
            part,
            sets: gains(found).map(({ value, ...gain }) => ({ ...gain, without: value }))
          }))
      )
      const inUse = gains(now)
      return {
        data: { inUse, ablation, constants: constants.flat() },
        text: () =>
          MEASURES.flatMap((measure) => {
            const lineOf = <G extends Pick<Gain, "measure">>(
              name: string,
              gains: ReadonlyArray<G>,
              cellOf: (gain: G) => string
            ) => row(name, 40, gains.filter((gain) => gain.measure === measure).map(cellOf), 21)
            return [
              row(measure, 40, sets, 21),
              lineOf("the ranking in use", inUse, ({ value }) => value.toFixed(1)),
              ...ablation.map(({ part, sets }) => lineOf(`without ${part}`, sets, cell)),
              ...constants.flat().map(({ name, sets }) => lineOf(name, sets, cell)),
              ""
            ]
          })
      }
    })
})
