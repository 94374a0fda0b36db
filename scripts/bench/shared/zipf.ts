/**
 * Sizes by Zipf's law: the second is half as large as the first, the third a third.
 */

/** Returns which of so many, counted from 0, has the share of the whole in which a number from 0 to 1 lies. */
export const zipf = (count: number): (share: number) => number => {
  const sizes = Array.from({ length: count }, (_, i) => 1 / (i + 1))
  const whole = sizes.reduce((sum, size) => sum + size, 0)
  return (share) => {
    let left = share * whole
    const found = sizes.findIndex((size) => (left -= size) < 0)
    return found === -1 ? count - 1 : found
  }
}
