/**
 * Compares rankings with the one in use, question by question.
 */
import { makeRandom } from "../../../test/fixtures/transcript.ts"
import { mean, quantile, round } from "../../../test/script.ts"
import type { Asked, Found, MEASURES } from "./replay.ts"

const RESAMPLES = 1_000

/** Gain in points of percent, and its 95 % interval. */
export interface Gain {
  readonly mean: number
  readonly from: number
  readonly to: number
}

/** Returns the mean of paired differences, its interval by bootstrap over questions (Efron and Tibshirani 1993, chapter 13). */
const gainOf = (differences: ReadonlyArray<number>): Gain => {
  const random = makeRandom(7)
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let i = 0; i < differences.length; i++) sum += differences[Math.floor(random() * differences.length)]!
    return sum / differences.length
  })
  const points = (value: number) => round(100 * value, 1)
  return { mean: points(mean(differences)), from: points(quantile(means, 0.025)), to: points(quantile(means, 0.975)) }
}

/** Compares what rankings find with what the one in use does, by measure and set. */
export const comparison = (asked: ReadonlyArray<Asked>, now: ReadonlyArray<Found>) => {
  const sets = [...new Set(asked.map(({ set }) => set))]
  const at = sets.map((name) => asked.flatMap(({ set }, i) => set === name ? [i] : []))
  const gainsIn = (measure: typeof MEASURES[number], found: ReadonlyArray<Found>) =>
    at.map((questions) => gainOf(questions.map((i) => found[i]![measure] - now[i]![measure])))
  const gains = (found: ReadonlyArray<Found>) => ({ mrr: gainsIn("mrr", found), r10: gainsIn("r10", found) })
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
  const levels = (measure: typeof MEASURES[number]) =>
    at.map((questions) => round(100 * mean(questions.map((i) => now[i]![measure])), 1))
  return { sets, gains, leftOut, levels }
}
