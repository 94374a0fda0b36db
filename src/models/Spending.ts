/**
 * The port to the record of what models were asked and what that cost, shared by the processes of a memory.
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Role } from "./Presets.ts"
import type { PriceBasis, Tokens } from "./Prices.ts"

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

/** US dollars and tokens, input and output together. */
export interface Amount {
  readonly tokens: number
  readonly usd: number
}

/** Of a local day or month: "2026-11-25", "2026-11". */
export interface Period {
  readonly name: "day" | "month"
  readonly key: string
}

/** Infinity where there is none. */
export type Caps = Readonly<Record<Period["name"], Amount>>

/** A call that is about to be made, with the most that it may take. */
export interface PlannedCall {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly provider: string
  readonly model: string
  readonly role: Role
  /** The project that it is for, where it is for one. */
  readonly project: string | null
  readonly most: Tokens
  readonly usd: number
  readonly basis: PriceBasis
}

/** How it came out. */
export interface EndedCall {
  /** "answered", or the reason of the error. */
  readonly outcome: string
  /** The model that answered, by its own account. */
  readonly model: string
  readonly tokens: Tokens
  readonly usd: number
  readonly basis: PriceBasis
  readonly durationMs: number
}

/** The period and the cap that a call would go over, and what of it is used. */
export interface Refusal {
  readonly period: Period
  readonly unit: keyof Amount
  readonly used: number
  readonly cap: number
}

export type Begun =
  | { readonly _tag: "Begun"; readonly id: number }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }

/** A share of a cap that has been reached for the first time in its period. */
export interface Warning extends Refusal {
  readonly percent: 80 | 90
}

/** What of the days and months is used, calls that run included with their most. */
export type Spent = Readonly<Record<Period["name"], Amount & { readonly key: string }>>

export type Grouping = "day" | "model" | "role" | "project"

export interface BreakdownRow {
  /** The day, "provider:model", the role, the project's id; empty where there is none. */
  readonly key: string
  readonly calls: number
  /** Of these: not answered. */
  readonly failed: number
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly usd: number
  /** Of it: by a price that was only assumed. */
  readonly assumedUsd: number
}

export class Spending extends Context.Tag("claude-memory/Spending")<Spending, {
  /**
   * Counts a call's most at once, or refuses it when that would go over a cap: in one step, so that processes together stay within
   * it. A call whose end never comes (its process was killed) stays counted so.
   */
  readonly begin: (call: PlannedCall, caps: Caps) => Effect.Effect<Begun, SpendingError>
  /** Counts what a call really took instead; gives each warning once in a period. */
  readonly end: (id: number, call: EndedCall, caps: Caps) => Effect.Effect<ReadonlyArray<Warning>, SpendingError>
  readonly spent: (at: number) => Effect.Effect<Spent, SpendingError>
  /** Calls since a time (milliseconds since the epoch): days from the newest on, the others from the dearest. */
  readonly breakdown: (by: Grouping, since: number) => Effect.Effect<ReadonlyArray<BreakdownRow>, SpendingError>
}>() {}

const UNITS: ReadonlyArray<keyof Amount> = ["usd", "tokens"]

/** The day and the month of a time, by the local clock. */
export const periodsOf = (at: number): ReadonlyArray<Period> => {
  const day = DateTime.formatIsoDate(DateTime.setZone(DateTime.unsafeMake(at), DateTime.zoneMakeLocal()))
  return [{ name: "day", key: day }, { name: "month", key: day.slice(0, 7) }]
}

export const tokensOf = ({ input, output }: Tokens): number => input + output

/** What a call of this amount would go over. */
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

/** The highest share that is reached and was not told yet; `told` is the highest that was. */
export const warningOf = (caps: Caps, period: Period, used: Amount, told: number): Warning | undefined => {
  for (const percent of [90, 80] as const) {
    if (percent <= told) return undefined
    const unit = UNITS.find((unit) => used[unit] > 0 && 100 * used[unit] >= percent * caps[period.name][unit])
    if (unit !== undefined) return { percent, period, unit, used: used[unit], cap: caps[period.name][unit] }
  }
  return undefined
}

export const NO_CAPS: Caps = {
  day: { tokens: Number.POSITIVE_INFINITY, usd: Number.POSITIVE_INFINITY },
  month: { tokens: Number.POSITIVE_INFINITY, usd: Number.POSITIVE_INFINITY }
}

export const spentOf = (used: (period: Period) => Amount, at: number): Spent => {
  const [day, month] = periodsOf(at).map((period) => ({ key: period.key, ...used(period) }))
  return { day: day!, month: month! }
}
