/**
 * The models' budget, in tokens and money. Each attempt at a call is counted beforehand, or refused if it exceeds a
 * cap.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { CurrentProject } from "./CurrentProject.ts"
import { ModelError, type Usage } from "./ModelManager.ts"
import type { Endpoint, Role } from "./Presets.ts"
import { costOf, type Price, type PriceList, priceOf, type Tokens } from "./Prices.ts"
import { type Caps, type Refusal, Spending, type Warning } from "./Spending.ts"

/** An attempt that is about to be made, in tokens by domain/Tokens. */
export interface Plan {
  readonly endpoint: Endpoint
  readonly role: Role
  readonly input: number
  /** Tokens of the longest possible answer. */
  readonly output: number
}

export interface Outcome {
  /** "answered", or the reason of the error. */
  readonly outcome: string
  readonly model: string | null
  /** Usage as counted by the provider; where it reports none, the planned maximum is recorded. */
  readonly usage: Usage | undefined
  /** False when the provider refused the request or never received it; else it may charge for it. */
  readonly isCharged: boolean
}

/**
 * Factor on estimated input tokens: other tokenizers make more of a text than the one domain/Tokens is calibrated for.
 */
const SAFETY = 1.3

const SETTINGS: Readonly<Record<Refusal["period"]["name"], Readonly<Record<Refusal["unit"], string>>>> = {
  day: { usd: "CLAUDE_MEMORY_USD_PER_DAY", tokens: "CLAUDE_MEMORY_TOKENS_PER_DAY" },
  month: { usd: "CLAUDE_MEMORY_USD_PER_MONTH", tokens: "CLAUDE_MEMORY_TOKENS_PER_MONTH" }
}

const shown = (unit: Refusal["unit"], amount: number) =>
  unit === "usd" ? `$${amount.toFixed(2)}` : `${Math.round(amount).toLocaleString("en-US")} tokens`

const refused = ({ endpoint }: Plan, { cap, period, unit, used }: Refusal) =>
  new ModelError({
    reason: "Budget",
    model: endpoint.model,
    detail: `this ${period.name}'s budget for models is used up (${shown(unit, used)} of ${shown(unit, cap)}); ` +
      `it goes on without them until the next ${period.name}, or set ${SETTINGS[period.name][unit]}`,
    cause: undefined
  })

const warn = ({ cap, percent, period, unit, used }: Warning) =>
  Effect.logWarning(
    `${percent} % of this ${period.name}'s budget for models is used (${shown(unit, used)} of ${shown(unit, cap)}); ` +
      `\`claude-memory cost\` says for what, ${SETTINGS[period.name][unit]} sets it`
  )

const NOTHING: Tokens = { input: 0, cached: 0, output: 0 }

const make = ({ caps, prices }: Options) =>
  Effect.gen(function*() {
    const spending = yield* Spending
    const priceFor = (endpoint: Endpoint, role: Role) => priceOf(prices, endpoint, role)

    const begin = (plan: Plan) =>
      Effect.gen(function*() {
        const { endpoint, role } = plan
        const price = priceFor(endpoint, role)
        const maximum = { input: Math.ceil(SAFETY * plan.input), cached: 0, output: plan.output }
        const at = yield* Clock.currentTimeMillis
        const call = {
          at,
          provider: endpoint.provider,
          model: endpoint.model,
          role,
          project: yield* CurrentProject,
          maximum,
          usd: costOf(price, maximum),
          basis: price.basis
        }
        const begun = yield* Effect.mapError(
          spending.begin(call, caps),
          (cause) => new ModelError({ reason: "Budget", model: endpoint.model, detail: cause.message, cause })
        )
        if (begun._tag === "Refused") return yield* refused(plan, begun.refusal)

        return ({ isCharged, model, outcome, usage }: Outcome) =>
          Effect.gen(function*() {
            // Without reported usage, the planned maximum stays counted; without reported input, the planned input.
            const tokens = !isCharged
              ? NOTHING
              : usage === undefined || usage.input === 0 && usage.output === 0 && plan.output > 0
              ? maximum
              : { ...usage, input: usage.input === 0 ? plan.input : usage.input }
            const warnings = yield* spending.end(begun.id, {
              outcome,
              model: model ?? endpoint.model,
              tokens: { input: tokens.input, cached: Math.min(tokens.cached, tokens.input), output: tokens.output },
              usd: usage?.cost ?? costOf(isCharged ? price : { ...price, search: 0 }, tokens),
              basis: usage?.cost === undefined ? price.basis : "told",
              durationMs: (yield* Clock.currentTimeMillis) - at
            }, caps)
            yield* Effect.forEach(warnings, warn, { discard: true })
          }).pipe(Effect.catchAll((error) => Effect.logWarning(`${error.message}; it stays counted as was planned`)))
      })

    return { begin, priceOf: priceFor } satisfies Budget["Type"]
  })

export interface Options {
  readonly caps: Caps
  readonly prices: PriceList
}

/**
 * Refuses calls beyond the caps, of all processes that share the `Spending`. A call counts beforehand with its
 * longest answer and 1.3 times its estimated input.
 */
export class Budget extends Context.Tag("claude-memory/Budget")<Budget, {
  /** Counts an attempt, or fails with `Budget`. The returned function records the attempt's outcome and never fails. */
  readonly begin: (plan: Plan) => Effect.Effect<(outcome: Outcome) => Effect.Effect<void>, ModelError>
  readonly priceOf: (endpoint: Endpoint, role: Role) => Price
}>() {
  static readonly layer = (options: Options) => Layer.effect(this, make(options))
}
