/**
 * The best of many rows of a table by their scores, without sorting all. Pure.
 */

export interface Scored {
  readonly row: number
  readonly score: number
}

/** Of the same score, the greater row is better: it was written later. */
const isWorse = (a: Scored, b: Scored) => a.score < b.score || a.score === b.score && a.row < b.row

/** Keeps the best of what it is given, at most so many: in a heap whose first is the worst. */
export const makeBest = (limit: number) => {
  const kept: Array<Scored> = []
  const swap = (i: number, j: number) => {
    ;[kept[i], kept[j]] = [kept[j]!, kept[i]!]
  }
  const sink = () => {
    for (let at = 0;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let worst = at
      if (left < kept.length && isWorse(kept[left]!, kept[worst]!)) worst = left
      if (right < kept.length && isWorse(kept[right]!, kept[worst]!)) worst = right
      if (worst === at) return
      swap(at, worst)
      at = worst
    }
  }
  const rise = () => {
    for (let at = kept.length - 1; at > 0;) {
      const parent = (at - 1) >> 1
      if (!isWorse(kept[at]!, kept[parent]!)) return
      swap(at, parent)
      at = parent
    }
  }
  return {
    /** What has a lower score is not kept. */
    least: () => limit === 0 ? Infinity : kept.length < limit ? -Infinity : kept[0]!.score,
    add: (scored: Scored) => {
      if (kept.length < limit) {
        kept.push(scored)
        rise()
      } else if (limit > 0 && isWorse(kept[0]!, scored)) {
        kept[0] = scored
        sink()
      }
    },
    /** Best first. */
    sorted: (): ReadonlyArray<Scored> => kept.toSorted((a, b) => isWorse(a, b) ? 1 : -1)
  }
}
