/**
 * Adds to a unit's fused score for its surroundings: its neighbours, its session and its date. Pure.
 */
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { isOn, type NamedDate } from "./Dates.ts"
import { greatestOf, type LexicalScore } from "./Fusion.ts"
import { RANKING, type Ranking } from "./Ranking.ts"

export interface Boosted {
  readonly unit: MemoryUnit
  readonly score: number
  readonly neighbours: number
  readonly boosts: Readonly<Record<string, number>>
  /** Ids of the units whose scores raised this one. */
  readonly raisedBy: ReadonlyArray<string>
}

/** Characters at a text's end in which its last sentence ends. */
const LAST_SENTENCE = 300
/** Matches what follows a mark within an address, a number or an expression. */
const GOES_ON = /[\p{L}\p{N}.=&/:]/u

/** Tests whether the last mark that ends a sentence is a question mark; those of Chinese end one anywhere. */
export const endsWithQuestion = (text: string): boolean => {
  for (let at = text.length - 1; at >= Math.max(0, text.length - LAST_SENTENCE); at--) {
    const mark = text[at]!
    if (mark === "？") return true
    if (mark === "。" || mark === "！") return false
    if ("?.!…".includes(mark) && !GOES_ON.test(text[at + 1] ?? "")) return mark === "?"
  }
  return false
}

const dateBoost = (unit: MemoryUnit, dates: ReadonlyArray<NamedDate>, weights: Ranking["date"]): number =>
  Math.max(
    0,
    ...dates.filter((date) => isOn(unit.occurredAt, date)).map(({ day, month }) =>
      weights[day !== undefined ? "day" : month !== undefined ? "month" : "year"]
    )
  )

/** Scores of the fused list, by unit, and of the lexical lane. */
export interface Scores {
  readonly fused: ReadonlyMap<string, number>
  readonly lexical: ReadonlyArray<LexicalScore>
}

/** Adds up what neighbours lend for each term that a unit lacks: the greatest share of a neighbour's part. */
const borrowedBy = (
  own: ReadonlyArray<number> | undefined,
  lenders: ReadonlyArray<{ readonly parts: ReadonlyArray<number>; readonly share: number }>
): number => {
  const terms = lenders[0]?.parts.length ?? 0
  let sum = 0
  for (let term = 0; term < terms; term++) {
    if ((own?.[term] ?? 0) === 0) sum += Math.max(...lenders.map(({ parts, share }) => share * parts[term]!))
  }
  return sum
}

/** Returns the units that lend to each, by its id. */
const lendersOf = (neighbours: ReadonlyArray<readonly [string, string, number]>) => {
  const lenders = new Map<string, Array<readonly [id: string, offset: number]>>()
  for (const [id, other, offset] of neighbours) {
    const known = lenders.get(other)
    if (known === undefined) lenders.set(other, [[id, offset]])
    else known.push([id, offset])
  }
  return lenders
}

/** Adds up what the lenders' words lend to a unit. */
const borrowing = ({ lexical }: Scores, ranking: Ranking) => {
  const best = greatestOf(lexical)
  const partsOf = new Map(lexical.map(({ parts, unitId }) => [unitId, parts]))
  return (unitId: string, from: ReadonlyArray<readonly [id: string, offset: number]>): number =>
    borrowedBy(
      partsOf.get(unitId),
      from.flatMap(([id, offset]) => {
        const parts = partsOf.get(id)
        return parts === undefined ? [] : [{ parts, share: ranking.borrowed[offset]! / best }]
      })
    )
}

/** Returns a function that gives the greatest score that `boost` may give a unit by its id, when no date is named. */
export const attainable = (
  scores: Scores,
  neighbours: ReadonlyArray<readonly [string, string, number]>,
  ranking = RANKING
) => {
  const own = (id: string) => scores.fused.get(id) ?? 0
  const lenders = lendersOf(neighbours)
  const borrowed = borrowing(scores, ranking)
  return (unitId: string): number => {
    const from = lenders.get(unitId) ?? []
    const lent = from.reduce((sum, [id, offset]) => {
      const share = offset === 1 ? Math.max(ranking.answer, ranking.lent[offset]!) : ranking.lent[offset]!
      return sum + share * own(id)
    }, 0)
    return own(unitId) + lent + borrowed(unitId, from) * Math.max(1, ranking.long) + ranking.session
  }
}

/**
 * Ranks units, best first, equal ones by id. `neighbours` has the form of the store's `neighbours`; a unit that no lane
 * found has no score of its own.
 */
export const boost = (
  units: ReadonlyArray<MemoryUnit>,
  scores: Scores,
  neighbours: ReadonlyArray<readonly [string, string, number]>,
  dates: ReadonlyArray<NamedDate>,
  ranking = RANKING
): ReadonlyArray<Boosted> => {
  const own = (id: string) => scores.fused.get(id) ?? 0
  const borrowed = borrowing(scores, ranking)
  const isShort = ({ tokens }: MemoryUnit) => tokens < ranking.shortTokens
  // What ends a long unit is an offer to go on rather than its subject.
  const asking = new Set(units.filter((unit) => isShort(unit) && endsWithQuestion(unit.content)).map(({ id }) => id))
  const lenders = lendersOf(neighbours)
  const sessions = new Map<string, number>()
  for (const unit of units) sessions.set(unit.sessionId, Math.max(sessions.get(unit.sessionId) ?? 0, own(unit.id)))
  const greatest = Math.max(...sessions.values(), Number.MIN_VALUE)

  return units.map((unit): Boosted => {
    const from = lenders.get(unit.id) ?? []
    const lent = from.reduce((sum, [id, offset]) => {
      const share = offset === 1 && asking.has(id) ? ranking.answer : ranking.lent[offset]!
      return sum + share * own(id)
    }, 0)
    const surroundings = lent + borrowed(unit.id, from) * (isShort(unit) ? 1 : ranking.long)
    const boosts = {
      session: ranking.session * sessions.get(unit.sessionId)! / greatest,
      date: dateBoost(unit, dates, ranking.date),
      question: asking.has(unit.id) ? -ranking.asking * own(unit.id) : 0
    }
    return {
      unit,
      score: own(unit.id) + surroundings + boosts.session + boosts.date + boosts.question,
      neighbours: surroundings,
      boosts: Object.fromEntries(Object.entries(boosts).filter(([, value]) => value !== 0)),
      raisedBy: from.map(([id]) => id)
    }
  }).sort((a, b) => b.score - a.score || (a.unit.id < b.unit.id ? -1 : 1))
}
