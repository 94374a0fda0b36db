/**
 * Estimates how fast a measured value grows, and how sure that is.
 */

export interface Slope {
  /** Growth per step of the series. */
  readonly perStep: number
  /** The 95 % confidence interval of `perStep`. */
  readonly low: number
  readonly high: number
}

/** Number of blocks. Neighbouring values are correlated, but means of blocks hardly are, so the interval uses these. */
export const BLOCKS = 40
/** The 0.975 quantile of Student's t with BLOCKS - 2 degrees of freedom. */
const T = 2.0244

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Ordinary least squares over the means of `BLOCKS` blocks. The length of `values` must be a multiple of `BLOCKS`. */
export const slope = (values: ReadonlyArray<number>): Slope => {
  const size = values.length / BLOCKS
  if (!Number.isInteger(size)) throw new RangeError(`${values.length} values are no multiple of ${BLOCKS}`)
  const means = Array.from({ length: BLOCKS }, (_, i) => mean(values.slice(i * size, (i + 1) * size)))
  const [x0, y0] = [(BLOCKS - 1) / 2, mean(means)]
  const sxx = means.reduce((sum, _, x) => sum + (x - x0) ** 2, 0)
  const b = means.reduce((sum, y, x) => sum + (x - x0) * (y - y0), 0) / sxx
  const residuals = means.reduce((sum, y, x) => sum + (y - y0 - b * (x - x0)) ** 2, 0)
  const error = T * Math.sqrt(residuals / (BLOCKS - 2) / sxx)
  return { perStep: b / size, low: (b - error) / size, high: (b + error) / size }
}
