/**
 * How fast a measured value grows, and how sure that is.
 */

export interface Slope {
  /** Per step of the series. */
  readonly perStep: number
  /** The 95 % confidence interval of `perStep`. */
  readonly low: number
  readonly high: number
}

/**
 * Neighbouring values depend on one another; means of blocks hardly do, so the interval is taken from them. For each number of blocks,
 * the 0.975 quantile of Student's t with two degrees of freedom less.
 */
const T = { 25: 2.0687, 40: 2.0244 }
export type Blocks = keyof typeof T

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

/** By ordinary least squares over the means of so many blocks, of which the length of `values` is a multiple. */
export const slope = (values: ReadonlyArray<number>, blocks: Blocks): Slope => {
  const size = values.length / blocks
  if (!Number.isInteger(size)) throw new RangeError(`${values.length} values are no multiple of ${blocks}`)
  const means = Array.from({ length: blocks }, (_, i) => mean(values.slice(i * size, (i + 1) * size)))
  const [x0, y0] = [(blocks - 1) / 2, mean(means)]
  const sxx = means.reduce((sum, _, x) => sum + (x - x0) ** 2, 0)
  const b = means.reduce((sum, y, x) => sum + (x - x0) * (y - y0), 0) / sxx
  const residuals = means.reduce((sum, y, x) => sum + (y - y0 - b * (x - x0)) ** 2, 0)
  const error = T[blocks] * Math.sqrt(residuals / (blocks - 2) / sxx)
  return { perStep: b / size, low: (b - error) / size, high: (b + error) / size }
}
