/**
 * Compares rankings with the one in use, question by question.
 */
import { makeRandom } from "../../../test/fixtures/transcript.ts"
import { mean, quantile, round } from "../../../test/script.ts"
import { type Asked, type Found, MEASURES } from "./replay.ts"

const RESAMPLES = 1_000

/** A measure of a ranking on a set of `n` questions, and its difference from the ranking in use with a 95 % interval, in points of percent. */
export interface Gain {
  readonly name: string
  readonly measure: string
  readonly n: number
  readonly value: number
  readonly difference: number
  readonly low: number
  readonly high: number
}

const points = (value: number) => round(100 * value, 1)

/** Returns the mean of paired differences, its interval by bootstrap over questions (Efron and Tibshirani 1993, chapter 13). */
const differenceOf = (differences: ReadonlyArray<number>) => {
  const random = makeRandom(7)
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let i = 0; i < differences.length; i++) sum += differences[Math.floor(random() * differences.length)]!
    return sum / differences.length
  })
  return {
    difference: points(mean(differences)),
    low: points(quantile(means, 0.025)),
    high: points(quantile(means, 0.975))
  }
}

/** Compares what rankings find with what the one in use does, by measure and set. */
export const comparison = (asked: ReadonlyArray<Asked>, now: ReadonlyArray<Found>) => {
  const sets = [...new Set(asked.map(({ set }) => set))]
  const at = sets.map((name) => asked.flatMap(({ set }, i) => set === name ? [i] : []))
  const gains = (found: ReadonlyArray<Found>): ReadonlyArray<Gain> =>
    MEASURES.flatMap((measure) =>
      at.map((questions, set) => ({
        name: sets[set]!,
        measure,
        n: questions.length,
        value: points(mean(questions.map((i) => found[i]![measure]))),
        ...differenceOf(questions.map((i) => found[i]![measure] - now[i]![measure]))
      }))
    )
  /** Value of a ranking on some questions: the mean of both measures, each set as important as another. */
  const worth = (found: ReadonlyArray<Found>, isCounted: (asked: Asked) => boolean) =>
    mean(
      at.map((questions) =>
        mean(questions.filter((i) => isCounted(asked[i]!)).map((i) => found[i]!.mrr + found[i]!.r10))
      )
    )
  /** Returns what is found for each question by the ranking that is best on all folds but its own. */
  const leftOut = (rankings: ReadonlyArray<ReadonlyArray<Found>>) => {
    const best = new Map([...new Set(asked.map(({ fold }) => fold))].map((fold) => {
      const worths = rankings.map((found) => worth(found, (each) => each.fold !== fold))
      return [fold, rankings[worths.indexOf(Math.max(...worths))]!] as const
    }))
    return asked.map(({ fold }, i) => best.get(fold)![i]!)
  }
  return { sets, gains, leftOut }
}
