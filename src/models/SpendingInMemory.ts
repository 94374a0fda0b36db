/**
 * `Spending` on Maps, gone with its scope: for tests, and for programs that keep account of models elsewhere.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  type Amount,
  type BreakdownRow,
  type EndedCall,
  type Grouping,
  type Period,
  periodsOf,
  type PlannedCall,
  refusalOf,
  Spending,
  spentOf,
  tokensOf,
  warningOf
} from "./Spending.ts"

interface Entry {
  readonly call: PlannedCall
  readonly end: EndedCall | undefined
}

const amountOf = ({ call, end }: Entry): Amount => ({
  tokens: tokensOf(end?.tokens ?? call.maximum),
  usd: end?.usd ?? call.usd
})

const KEY: Readonly<Record<Grouping, (kept: Entry) => string>> = {
  day: ({ call }) => periodsOf(call.at)[0]!.key,
  model: ({ call, end }) => `${call.provider}:${end?.model ?? call.model}`,
  role: ({ call }) => call.role,
  project: ({ call }) => call.project ?? ""
}

const make = Effect.sync(() => {
  const calls: Array<Entry> = []
  const warned = new Map<string, number>()
  const used = (period: Period): Amount =>
    calls.filter(({ call }) => periodsOf(call.at).some(({ key }) => key === period.key)).map(amountOf).reduce(
      (sum, { tokens, usd }) => ({ tokens: sum.tokens + tokens, usd: sum.usd + usd }),
      { tokens: 0, usd: 0 }
    )

  return Spending.of({
    begin: (call, caps) =>
      Effect.sync(() => {
        const refusal = refusalOf(caps, used, amountOf({ call, end: undefined }), call.at)
        if (refusal !== undefined) return { _tag: "Refused", refusal }
        return { _tag: "Begun", id: calls.push({ call, end: undefined }) - 1 }
      }),
    end: (id, end, caps) =>
      Effect.sync(() => {
        const { call } = calls[id]!
        calls[id] = { call, end }
        return periodsOf(call.at).flatMap((period) => {
          const warning = warningOf(caps, period, used(period), warned.get(period.key) ?? 0)
          if (warning === undefined) return []
          warned.set(period.key, warning.percent)
          return [warning]
        })
      }),
    spent: (at) => Effect.sync(() => spentOf(used, at)),
    breakdown: (by, since) =>
      Effect.sync(() => {
        const rows = new Map<string, BreakdownRow>()
        for (const kept of calls.filter(({ call }) => call.at >= since)) {
          const key = KEY[by](kept)
          const { cached, input, output } = kept.end?.tokens ?? kept.call.maximum
          const usd = kept.end?.usd ?? kept.call.usd
          const sum = rows.get(key)
          rows.set(key, {
            key,
            calls: (sum?.calls ?? 0) + 1,
            failed: (sum?.failed ?? 0) + Number(kept.end?.outcome !== "answered"),
            input: (sum?.input ?? 0) + input,
            cached: (sum?.cached ?? 0) + cached,
            output: (sum?.output ?? 0) + output,
            usd: (sum?.usd ?? 0) + usd,
            assumedUsd: (sum?.assumedUsd ?? 0) + ((kept.end?.basis ?? kept.call.basis) === "assumed" ? usd : 0)
          })
        }
        return [...rows.values()].sort((a, b) =>
          (by === "day" ? 0 : b.usd - a.usd) || (a.key < b.key === (by === "day") ? 1 : -1)
        )
      })
  })
})

export const layer = Layer.effect(Spending, make)
