/**
 * The port to the record of model calls and their costs, shared by all processes of a memory.
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Role } from "./Presets.ts"
import type { PriceBasis, Tokens } from "./Prices.ts"

/** `Budget` refuses a call whose `begin` fails, and only logs when its `end` does. */
export class SpendingError extends Schema.TaggedError<SpendingError>()("SpendingError", {
  operation: Schema.Literal("begin", "end", "spent", "breakdown"),
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `what models cost can't be ${
      this.operation === "begin" || this.operation === "end" ? "recorded" : "read"
    }: ${this.detail}`
  }
}

/** Tokens (input plus output) and US dollars. */
export interface Amount {
  readonly tokens: number
  readonly usd: number
}

/** A day or a month by the local clock, with a key such as "2026-11-25" or "2026-11". */
export interface Period {
  readonly name: "day" | "month"
  readonly key: string
}

/** Upper limits for a day and for a month; Infinity for no limit. */
export type Caps = Readonly<Record<Period["name"], Amount>>

/** A call that is about to be made, with the maximum that it may use. */
export interface PlannedCall {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly provider: string
  readonly model: string
  readonly role: Role
  /** Project on whose behalf the call is made; null for none. */
  readonly project: string | null
  readonly maximum: Tokens
  readonly usd: number
  readonly basis: PriceBasis
}

/** The outcome of a call. */
export interface EndedCall {
  /** "answered", or the reason of the error. */
  readonly outcome: string
  /** Model that answered, as named in the answer; else the requested one. */
  readonly model: string
  readonly tokens: Tokens
  readonly usd: number
  readonly basis: PriceBasis
  readonly durationMs: number
}

/** The cap that a call would exceed, its period, and the amount used so far. */
export interface Refusal {
  readonly period: Period
  readonly unit: keyof Amount
  readonly used: number
  readonly cap: number
}

export type Begun =
  | { readonly _tag: "Begun"; readonly id: number }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }

/** A share of a cap, reached for the first time in its period. */
export interface Warning extends Refusal {
  readonly percent: 80 | 90
}

/** Amounts used in the current day and month; a running call counts with its maximum. */
export type Spent = Readonly<Record<Period["name"], Amount & { readonly key: string }>>

export type Grouping = "day" | "model" | "role" | "project"

export interface BreakdownRow {
  /** The day, "provider:model", the role, or the project's id; empty for calls without a project. */
  readonly key: string
  readonly calls: number
  /** Calls that were not answered. */
  readonly failed: number
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly usd: number
  /** Part of `usd` that was computed from assumed prices. */
  readonly assumedUsd: number
}

/** Amounts are of all processes that share the record. `spent` fails for a number that is no time. */
export class Spending extends Context.Tag("claude-memory/Spending")<Spending, {
  /**
   * Counts the maximum of a call, or refuses the call if that would exceed a cap. Atomic, so that all processes
   * together stay within the caps. A call that never ends (its process was killed) stays counted with its maximum.
   */
  readonly begin: (call: PlannedCall, caps: Caps) => Effect.Effect<Begun, SpendingError>
  /** Replaces the maximum of a call by its actual usage. Returns each warning once in a period. */
  readonly end: (id: number, call: EndedCall, caps: Caps) => Effect.Effect<ReadonlyArray<Warning>, SpendingError>
  readonly spent: (at: number) => Effect.Effect<Spent, SpendingError>
  /** Groups the calls since a time (milliseconds since the epoch): days newest first, others most expensive first. */
  readonly breakdown: (by: Grouping, since: number) => Effect.Effect<ReadonlyArray<BreakdownRow>, SpendingError>
}>() {}

const UNITS: ReadonlyArray<keyof Amount> = ["usd", "tokens"]

/** Returns the day and the month of a time, by the local clock. */
export const periodsOf = (at: number): ReadonlyArray<Period> => {
  const day = DateTime.formatIsoDate(DateTime.setZone(DateTime.unsafeMake(at), DateTime.zoneMakeLocal()))
  return [{ name: "day", key: day }, { name: "month", key: day.slice(0, 7) }]
}

export const tokensOf = ({ input, output }: Tokens): number => input + output

/** Returns the first cap that a call of this amount would exceed. */
export const refusalOf = (
  caps: Caps,
  used: (period: Period) => Amount,
  more: Amount,
  at: number
): Refusal | undefined => {
  for (const period of periodsOf(at)) {
    for (const unit of UNITS) {
      const cap = caps[period.name][unit]
      if (used(period)[unit] + more[unit] > cap) return { period, unit, used: used(period)[unit], cap }
    }
  }
  return undefined
}

/** Returns the highest share that is reached, if it is above `told`, the highest share that was reported already. */
export const warningOf = (caps: Caps, period: Period, used: Amount, warned: number): Warning | undefined => {
  for (const percent of [90, 80] as const) {
    if (percent <= warned) return undefined
    const unit = UNITS.find((unit) => used[unit] > 0 && 100 * used[unit] >= percent * caps[period.name][unit])
    if (unit !== undefined) return { percent, period, unit, used: used[unit], cap: caps[period.name][unit] }
  }
  return undefined
}

/** Calls are counted, and none is refused. */
export const NO_CAPS: Caps = {
  day: { tokens: Number.POSITIVE_INFINITY, usd: Number.POSITIVE_INFINITY },
  month: { tokens: Number.POSITIVE_INFINITY, usd: Number.POSITIVE_INFINITY }
}

export const spentOf = (used: (period: Period) => Amount, at: number): Spent => {
  const [day, month] = periodsOf(at).map((period) => ({ key: period.key, ...used(period) }))
  return { day: day!, month: month! }
}
