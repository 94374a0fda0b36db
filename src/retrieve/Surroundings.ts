/**
 * Adds to a unit's fused score for its surroundings: its neighbours, its session and its date. Pure; the constants were
 * measured on chat in English and Chinese and on coding transcripts.
 */
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { isOn, type NamedDate } from "./Dates.ts"

/** Shares of its score that a unit lends its neighbours, by offset; an answer tends to follow its announcement. */
export const NEIGHBOUR_WEIGHTS: Readonly<Record<number, number>> = { [-1]: 0.05, 1: 0.12, 2: 0.06 }

/** A conversation unit of fewer tokens says little alone: its neighbours' shares are multiplied by `SHORT_FACTOR`. */
export const SHORT_TOKENS = 120
export const SHORT_FACTOR = 2

/** Boost for the units of the best unit's session; another session's boost is lower in proportion to its best score. */
export const SESSION_WEIGHT = 0.2

/** Boosts for a unit on a named date: a day says more than a month, a month more than a year. */
export const DATE_WEIGHTS = { day: 1, month: 0.4, year: 0.2 } as const

export interface Boosted {
  readonly unit: MemoryUnit
  readonly score: number
  readonly neighbours: number
  readonly boosts: Readonly<Record<string, number>>
  /** Ids of the units whose scores raised this one. */
  readonly raisedBy: ReadonlyArray<string>
}

const dateBoost = (unit: MemoryUnit, dates: ReadonlyArray<NamedDate>): number =>
  Math.max(
    0,
    ...dates.filter((date) => isOn(unit.occurredAt, date)).map(({ day, month }) =>
      DATE_WEIGHTS[day !== undefined ? "day" : month !== undefined ? "month" : "year"]
    )
  )

/**
 * Ranks units, best first, equal ones by id. `neighbours` has the form of the store's `neighbours`; a unit that no lane
 * found has no score of its own.
 */
export const boost = (
  units: ReadonlyArray<MemoryUnit>,
  fused: ReadonlyMap<string, number>,
  neighbours: ReadonlyArray<readonly [string, string, number]>,
  dates: ReadonlyArray<NamedDate>
): ReadonlyArray<Boosted> => {
  const gains = new Map<string, Array<{ readonly id: string; readonly gain: number }>>()
  for (const [id, other, offset] of neighbours) {
    const gain = NEIGHBOUR_WEIGHTS[offset]! * (fused.get(id) ?? 0)
    gains.set(other, [...(gains.get(other) ?? []), { id, gain }])
  }
  const own = (unit: MemoryUnit) => fused.get(unit.id) ?? 0
  const sessions = new Map<string, number>()
  for (const unit of units) sessions.set(unit.sessionId, Math.max(sessions.get(unit.sessionId) ?? 0, own(unit)))
  const greatest = Math.max(...sessions.values(), Number.MIN_VALUE)

  return units.map((unit): Boosted => {
    const received = gains.get(unit.id) ?? []
    const isShort = unit.type === "conversation" && unit.tokens < SHORT_TOKENS
    const neighbours = received.reduce((sum, { gain }) => sum + gain, 0) * (isShort ? SHORT_FACTOR : 1)
    const boosts = {
      session: SESSION_WEIGHT * sessions.get(unit.sessionId)! / greatest,
      date: dateBoost(unit, dates)
    }
    return {
      unit,
      score: own(unit) + neighbours + boosts.session + boosts.date,
      neighbours,
      boosts: Object.fromEntries(Object.entries(boosts).filter(([, value]) => value > 0)),
      raisedBy: received.map(({ id }) => id)
    }
  }).sort((a, b) => b.score - a.score || (a.unit.id < b.unit.id ? -1 : 1))
}
