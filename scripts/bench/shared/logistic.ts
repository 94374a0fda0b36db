/**
 * Logistic regression with a ridge penalty, by Newton's method.
 */

/** Solves a system of linear equations by Gaussian elimination with pivots. */
const solve = (matrix: ReadonlyArray<ReadonlyArray<number>>, right: ReadonlyArray<number>): ReadonlyArray<number> => {
  const rows = matrix.map((row, i) => [...row, right[i]!])
  for (let column = 0; column < rows.length; column++) {
    const pivot = rows.findIndex((row, i) =>
      i >= column && Math.abs(row[column]!) === Math.max(...rows.slice(column).map((each) => Math.abs(each[column]!)))
    )
    ;[rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!]
    for (let i = 0; i < rows.length; i++) {
      const factor = i === column ? 0 : rows[i]![column]! / rows[column]![column]!
      rows[i] = rows[i]!.map((value, k) => value - factor * rows[column]![k]!)
    }
  }
  return rows.map((row, i) => row.at(-1)! / row[i]!)
}

export interface Example {
  readonly features: ReadonlyArray<number>
  readonly isPositive: boolean
  readonly weight: number
}

const RIDGE = 0.01
const STEPS = 50

/** Returns a weight for each feature, then the constant. */
export const fit = (examples: ReadonlyArray<Example>): ReadonlyArray<number> => {
  const size = examples[0]!.features.length
  const scales = Array.from({ length: size }, (_, k) => {
    const values = examples.map(({ features }) => features[k]!)
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length
    return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length) || 1
  })
  const rows = examples.map(({ features }) => [...features.map((x, k) => x / scales[k]!), 1])
  const total = examples.reduce((sum, { weight }) => sum + weight, 0)
  let weights: ReadonlyArray<number> = Array.from({ length: size + 1 }, () => 0)
  for (let step = 0; step < STEPS; step++) {
    const gradient = weights.map((w, k) => k < size ? RIDGE * w : 0)
    const hessian = weights.map((_, i) => weights.map((_, k) => i === k ? i < size ? RIDGE : 1e-9 : 0))
    rows.forEach((row, n) => {
      const p = 1 / (1 + Math.exp(-row.reduce((sum, x, k) => sum + x * weights[k]!, 0)))
      const { isPositive, weight } = examples[n]!
      row.forEach((x, i) => {
        gradient[i]! += x * (p - (isPositive ? 1 : 0)) * weight / total
        row.forEach((y, k) => hessian[i]![k]! += x * y * p * (1 - p) * weight / total)
      })
    })
    const change = solve(hessian, gradient)
    weights = weights.map((w, k) => w - change[k]!)
  }
  return weights.map((w, k) => k < size ? w / scales[k]! : w)
}
