/**
 * Judges prompts that need a memory, that need none, and that stand in another project, and fits the judge's weights to
 * them, each project left out in turn. Beside the prompts of test/fixtures/speaking, those of other files.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InjectionMode } from "../../src/domain/Injection.ts"
import type { Verdict } from "../../src/domain/Verdict.ts"
import { type Judged, judgedIn, type Kind, KINDS, OWN } from "../../test/prompts.ts"
import { BenchError, program, round, row, service, temporaryFolder } from "../../test/script.ts"
import { fit } from "./shared/logistic.ts"

const WEIGHTS = ["coverage", "doubling", "order", "code", "past"] as const

const featuresOf = ({ bits, coverage, isOfPast, isOrder, namesCode, tokens }: Verdict) => [
  Math.min(24, bits),
  coverage,
  Math.max(0, Math.log2(Math.max(1, tokens) / 32)),
  isOrder ? 1 : 0,
  namesCode ? 1 : 0,
  isOfPast ? 1 : 0
]

/** Fits the weights, in bits of evidence. A prompt in another project counts half, harmless ones do not count. */
const weightsOf = (judged: ReadonlyArray<Judged>) => {
  const [evidence, ...rest] = fit(
    judged.filter(({ kind }) => kind !== "harmless").map(({ kind, verdict }) => ({
      features: featuresOf(verdict),
      isPositive: kind === "recall",
      weight: kind === "another project" ? 0.5 : 1
    }))
  )
  const [coverage, doubling, order, code, past] = rest.map((weight) => round(weight / evidence!, 1))
  return { coverage: coverage!, doubling: doubling!, order: order!, code: code!, past: past! }
}

/** Share of pairs in which the first has the greater score: the area under the receiver's curve. */
const areaUnderCurve = (positive: ReadonlyArray<number>, negative: ReadonlyArray<number>) => {
  let sum = 0
  for (const p of positive) for (const n of negative) sum += p > n ? 1 : p === n ? 0.5 : 0
  return round(sum / (positive.length * negative.length), 3)
}

/** Bounds of the interval that holds a share with 95 %, in percent (Wilson 1927). */
const interval = (count: number, n: number): readonly [number, number] => {
  const z = 1.96
  const p = count / n
  const middle = (p + z * z / (2 * n)) / (1 + z * z / n)
  const half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
  return [round(100 * (middle - half)), round(100 * (middle + half))]
}

program("judge", {
  description: "Judge prompts that need a memory and prompts that need none, and fit the weights of the judge",
  options: {
    mode: Options.choice("mode", InjectionMode.literals).pipe(Options.withDefault("balanced")),
    transcripts: Options.directory("transcripts", { exists: "yes" }).pipe(Options.optional),
    projects: Options.file("projects", { exists: "yes" }).pipe(Options.optional),
    prompts: Options.file("prompts", { exists: "yes" }).pipe(Options.optional)
  },
  run: ({ mode, projects, prompts, transcripts }) =>
    Effect.gen(function*() {
      const given = Option.all({ projects, prompts, transcripts })
      if (Option.isNone(given) && [projects, prompts, transcripts].some(Option.isSome)) {
        return yield* new BenchError({ reason: "Input", detail: "--transcripts, --projects and --prompts go together" })
      }
      const sets = yield* Effect.forEach(
        [{ name: "own", files: OWN }, ...Option.toArray(given).map((files) => ({ name: "given", files }))],
        ({ files, name }) =>
          Effect.map(
            Effect.flatMap(
              temporaryFolder,
              (home) => Effect.provide(judgedIn({ ...files, harmless: OWN.harmless! }, mode, true), service(home))
            ),
            (judged) => ({ name, judged })
          )
      )
      const all = sets.flatMap(({ judged }) => judged)
      const tables = sets.map(({ judged, name }) => {
        const of = (kind: Kind) => judged.filter((each) => each.kind === kind)
        const scores = (kind: Kind) => of(kind).map(({ verdict }) => verdict.score)
        return {
          name,
          kinds: KINDS.filter((kind) => of(kind).length > 0).map((kind) => {
            const told = (tells: Verdict["tells"]) => of(kind).filter(({ verdict }) => verdict.tells === tells).length
            const [least, most] = interval(told("memories"), of(kind).length)
            return { kind, n: of(kind).length, memories: told("memories"), pointers: told("pointer"), least, most }
          }),
          areas: {
            none: areaUnderCurve(scores("recall"), scores("none")),
            otherProject: areaUnderCurve(scores("recall"), scores("another project"))
          }
        }
      })
      const weights = [
        { without: "none", ...weightsOf(all) },
        ...[...new Set(all.map(({ project }) => project))].filter((project) =>
          all.some((each) => each.kind === "recall" && each.project === project)
        ).map((project) => ({ without: project, ...weightsOf(all.filter((each) => each.project !== project)) }))
      ]
      return {
        data: { mode, tables, weights },
        text: () => [
          ...tables.flatMap(({ areas, kinds, name }) => [
            row(name, 16, ["prompts", "memories", "a pointer", "memories, %"], 12),
            ...kinds.map(({ kind, least, memories, most, n, pointers }) =>
              row(kind, 16, [n, memories, pointers, `${least} to ${most}`], 12)
            ),
            `area under the curve, recall against none ${areas.none}, against another project ${areas.otherProject}`,
            ""
          ]),
          row("weights without", 34, WEIGHTS, 10),
          ...weights.map(({ without, ...each }) => row(without, 34, WEIGHTS.map((name) => each[name]), 10))
        ]
      }
    })
})
