/**
 * Lists the models of each role, and checks whether they answer.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { type ModelDescription, ModelManager } from "../models/ModelManager.ts"
import { ROLES } from "../models/Presets.ts"
import { advice } from "../process/Advice.ts"
import { Unsuccessful } from "../process/Process.ts"
import { answer, json, number, table } from "./Output.ts"

const check = Options.boolean("check").pipe(
  Options.withDescription("Ask each of them the least that can be asked; providers may charge for it")
)

export const options = { check, json }

const UNSET: Readonly<Record<ModelDescription["role"], string>> = {
  light: "no model writes anything",
  heavy: "no model writes anything",
  embedding: "search goes by words alone",
  rerank: "results keep their order"
}

const stateText = ({ dimension, error, latencyMs, origin, reachable }: ModelDescription): string =>
  reachable === null
    ? origin ?? "comes with the package"
    : reachable
    ? `answers in ${number(latencyMs ?? 0)} ms${dimension === null ? "" : `, ${number(dimension)} dimensions`}`
    : `DOES NOT ANSWER: ${advice(error ?? "")}`

const dollars = (amount: number) => `$${Number(amount.toPrecision(3))}`

/** Formats the price of a million tokens. */
const priceText = ({ price }: ModelDescription): string =>
  price === null
    ? "free"
    : `${price.isAssumed ? "taken as " : ""}${dollars(price.input)}${
      price.output === 0 ? "" : ` in, ${dollars(price.output)} out`
    }`

const text = (all: ReadonlyArray<ModelDescription>, isChecked: boolean): string =>
  [
    ...table([
      ["role", "model", "a million tokens", ""],
      ...ROLES.flatMap((role) => {
        const models = all.filter((each) => each.role === role)
        if (models.length === 0) return [[role, "none", "", UNSET[role]]]
        return models.map((model, i) => [
          i === 0 ? role : "",
          `${model.provider}:${model.model}`,
          priceText(model),
          stateText(model)
        ])
      })
    ]),
    "",
    ...(all.some(({ price }) => price?.isAssumed === true)
      ? ["A price that is taken as dear is not known; say it in prices.json in the folder of the memory."]
      : []),
    isChecked
      ? "What can't be done by the first of a role is asked of the next."
      : "Set by CLAUDE_MEMORY_LIGHT, _HEAVY, _EMBEDDING and _RERANK; --check asks each of them."
  ].join("\n")

export const command = Command.make("models", options, ({ check, json }) =>
  Effect.gen(function*() {
    const all = yield* Effect.flatMap(ModelManager, ({ describe }) => describe(check))
    const roles = Object.fromEntries(
      ROLES.map((role) => [role, all.flatMap(({ role: of, ...rest }) => of === role ? [rest] : [])])
    )
    yield* answer(json, { roles }, () => text(all, check))
    if (all.some(({ reachable }) => reachable === false)) return yield* Effect.fail(new Unsuccessful())
  }).pipe(App.provide(App.readerModels))).pipe(
    Command.withDescription("Say which models are asked for what")
  )
