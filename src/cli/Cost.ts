/**
 * Shows the usage and the cost of models, beside their caps.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { labelsOf } from "../domain/ProjectLabels.ts"
import { type Amount, type BreakdownRow, type Grouping, Spending, type Spent } from "../models/Spending.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import * as Settings from "../settings/Settings.ts"
import { answer, json, number, percent, plural, table } from "./Output.ts"
import { wholeNumber } from "./Scope.ts"

const DAY_MS = 86_400_000
/** Most days back, as over HTTP. */
const MOST_DAYS = 3_650

const by = Options.choice("by", ["day", "model", "role", "project"]).pipe(
  Options.withDescription("What the calls are told apart by"),
  Options.withDefault("day" as const)
)

const days = wholeNumber("days", 1, MOST_DAYS).pipe(
  Options.withDescription(`How many days back, 1 to ${MOST_DAYS}`),
  Options.withDefault(30)
)

export const options = { by, days, json }

const money = (usd: number) =>
  usd === 0 ? "$0" : usd < 0.0001 ? "< $0.0001" : usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`

const capped = (used: number, cap: number, shown: (amount: number) => string) =>
  cap === Number.POSITIVE_INFINITY ? shown(used) : `${shown(used)} of ${shown(cap)}, ${percent(used, cap)}`

const periodLine = (name: string, used: Amount, caps: Amount) => [
  name,
  capped(used.usd, caps.usd, money),
  `tokens ${capped(used.tokens, caps.tokens, number)}`
]

/** Names of projects by id. Empty when there is no memory: models may have been asked before anything was stored. */
const projectNames = Effect.gen(function*() {
  const { projects } = yield* Effect.flatMap(ClaudeMemory, ({ status }) => status)
  return labelsOf(projects)
}).pipe(
  App.provide(App.reader),
  Effect.orElseSucceed((): ReadonlyMap<string, string> => new Map())
)

const text = (
  { by, rows, spent }: { readonly by: Grouping; readonly rows: ReadonlyArray<BreakdownRow>; readonly spent: Spent },
  { caps }: Settings.Settings,
  days: number
): string => {
  const total = rows.reduce((sum, { usd }) => sum + usd, 0)
  const assumed = rows.reduce((sum, { assumedUsd }) => sum + assumedUsd, 0)
  return [
    ...table([periodLine("today", spent.day, caps.day), periodLine("this month", spent.month, caps.month)]),
    "",
    ...(rows.length === 0
      ? [`No model was asked in the last ${plural(days, "day")}.`]
      : [
        ...table([
          [by, "calls", "failed", "input", "cached", "output", "cost"],
          ...rows.map(({ cached, calls, failed, input, key, output, usd }) => [
            key === "" ? "none" : key,
            ...[calls, failed, input, cached, output].map(number),
            money(usd)
          ])
        ]),
        "",
        `${money(total)} in the last ${plural(days, "day")}${
          assumed === 0 ? "" : `, of it ${money(assumed)} by prices that are not known and taken as dear`
        }. Calls whose end nobody saw count as the most they could take.`
      ])
  ].join("\n")
}

export const command = Command.make("cost", options, ({ by, days, json }) =>
  Effect.gen(function*() {
    const settings = yield* Settings.load
    const now = yield* Clock.currentTimeMillis
    const [used, found] = yield* Effect.flatMap(
      Spending,
      ({ breakdown, spent }) => Effect.all([spent(now), breakdown(by, now - days * DAY_MS)])
    ).pipe(App.provide(App.spending))
    const names = by === "project" && found.length > 0 ? yield* projectNames : new Map<string, string>()
    const rows = found.map((row) => ({ ...row, key: names.get(row.key) ?? row.key }))
    const finite = (cap: number) => cap === Number.POSITIVE_INFINITY ? null : cap
    const caps = (["day", "month"] as const).map((period) => [
      period,
      { usd: finite(settings.caps[period].usd), tokens: finite(settings.caps[period].tokens) }
    ])
    yield* answer(
      json,
      { by, days, spent: used, caps: Object.fromEntries(caps), rows },
      () => text({ by, rows, spent: used }, settings, days)
    )
  })).pipe(
    Command.withDescription("Say what models were asked, what that cost, and what they may cost")
  )
