/**
 * What a call costs. Prices are data with a date (assets/prices.json); a person's own go before them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Endpoint, Role } from "./Presets.ts"

const Amount = Schema.Number.pipe(Schema.finite(), Schema.nonNegative())

/** Of a million tokens, and of a thousand searches. What isn't told costs nothing, cached input what input does. */
const Row = Schema.Struct({
  input: Schema.optional(Amount),
  cached: Schema.optional(Amount),
  output: Schema.optional(Amount),
  search: Schema.optional(Amount),
  /** US dollars unless another is named that has a rate. */
  currency: Schema.optional(Schema.String),
  source: Schema.optional(Schema.String)
})
type Row = typeof Row.Type

const Rows = Schema.Record({ key: Schema.String, value: Row })

/** What a currency's unit is in US dollars. */
const Rates = Schema.Record({ key: Schema.String, value: Amount })

export const PriceList = Schema.Struct({
  date: Schema.String,
  rates: Rates,
  /** By `provider:model`. */
  models: Rows,
  /** Of models that have no price: dear, so that a cap holds them too. */
  unknown: Schema.Struct({ completion: Row, embedding: Row, rerank: Row })
}).pipe(Schema.filter(({ models, rates, unknown }) => {
  const strange = [...Object.values(models), ...Object.values(unknown)].find(({ currency }) =>
    currency !== undefined && rates[currency] === undefined
  )
  return strange === undefined ? undefined : `no rate for ${strange.currency}`
}))
export type PriceList = typeof PriceList.Type

/** What a person's own file may hold. */
const OwnPrices = Schema.Struct({ rates: Schema.optional(Rates), models: Schema.optional(Rows) })

/** Where the price of a call is from. */
export type PriceBasis = "listed" | "assumed" | "free" | "told"

/** US dollars for one token, and for one search. */
export interface Price {
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly search: number
  readonly basis: PriceBasis
}

export const FREE: Price = { input: 0, cached: 0, output: 0, search: 0, basis: "free" }

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

const inDollars = (row: Row, rates: PriceList["rates"], basis: PriceBasis): Price => {
  const dollars = row.currency === undefined ? 1 : rates[row.currency] ?? 1
  const ofToken = (amount: number | undefined) => ((amount ?? 0) * dollars) / 1_000_000
  return {
    input: ofToken(row.input),
    cached: ofToken(row.cached ?? row.input),
    output: ofToken(row.output),
    search: ((row.search ?? 0) * dollars) / 1_000,
    basis
  }
}

/** A model on this machine is free. */
export const priceOf = (
  list: PriceList,
  { baseUrl, model, provider }: Pick<Endpoint, "baseUrl" | "model" | "provider">,
  role: Role
): Price => {
  const row = list.models[`${provider}:${model}`]
  if (row !== undefined) return inDollars(row, list.rates, "listed")
  if (LOOPBACK.test(new URL(baseUrl).hostname)) return FREE
  const kind = role === "embedding" || role === "rerank" ? role : "completion"
  return inDollars(list.unknown[kind], list.rates, "assumed")
}

/** Tokens of a call; `input` includes `cached`. */
export interface Tokens {
  readonly input: number
  readonly cached: number
  readonly output: number
}

/** In US dollars. */
export const costOf = (price: Price, { cached, input, output }: Tokens): number =>
  (input - cached) * price.input + cached * price.cached + output * price.output + price.search

export class PricesError extends Schema.TaggedError<PricesError>()("PricesError", {
  file: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `the prices in ${this.file} can't be read: ${this.detail}. Mend the file, or move it away`
  }
}

/** The first thing that is wrong, and where. */
const told = (error: ParseResult.ParseError): string => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  return [...(issue?.path ?? []).map(String), issue?.message].join(": ")
}

const decode = <A, I>(file: string, schema: Schema.Schema<A, I>) => (input: unknown) =>
  Effect.mapError(Schema.decodeUnknown(schema)(input), (error) => new PricesError({ file, detail: told(error) }))

const readFile = <A, I>(file: string, schema: Schema.Schema<A, I>) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.mapError((error) => new PricesError({ file, detail: error.message })),
    Effect.flatMap(decode(file, Schema.parseJson(schema)))
  )

/** The prices in `file`, after a person's own in `own` where there is such a file. */
export const read = (file: string, own: string): Effect.Effect<PriceList, PricesError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const list = yield* readFile(file, PriceList)
    if (!(yield* Effect.orElseSucceed(fs.exists(own), () => false))) return list
    const mine = yield* readFile(own, OwnPrices)
    return yield* decode(own, PriceList)({
      ...list,
      rates: { ...list.rates, ...mine.rates },
      models: { ...list.models, ...mine.models }
    })
  })
