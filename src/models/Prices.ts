/**
 * Prices of model calls. They are dated data (assets/prices.json); a person's own prices take precedence.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Endpoint, Role } from "./Presets.ts"

const Amount = Schema.Number.pipe(Schema.finite(), Schema.nonNegative())

/**
 * Prices of a million tokens and of a thousand searches. A missing price is zero; a missing `cached` equals `input`.
 */
const Row = Schema.Struct({
  input: Schema.optional(Amount),
  cached: Schema.optional(Amount),
  output: Schema.optional(Amount),
  search: Schema.optional(Amount),
  /** US dollars by default; any other currency needs a rate. */
  currency: Schema.optional(Schema.String),
  source: Schema.optional(Schema.String)
})
type Row = typeof Row.Type

const Rows = Schema.Record({ key: Schema.String, value: Row })

/** Value of one unit of a currency, in US dollars. */
const Rates = Schema.Record({ key: Schema.String, value: Amount })

/** `date` is the day of the list, YYYY-MM-DD. Decoding fails for a row in a currency without a rate. */
export const PriceList = Schema.Struct({
  date: Schema.String,
  rates: Rates,
  /** Keyed by `provider:model`. */
  models: Rows,
  /** Prices assumed for unlisted models: high, so that the caps limit those, too. */
  unknown: Schema.Struct({ completion: Row, embedding: Row, rerank: Row })
}).pipe(Schema.filter(({ models, rates, unknown }) => {
  const strange = [...Object.values(models), ...Object.values(unknown)].find(({ currency }) =>
    currency !== undefined && rates[currency] === undefined
  )
  return strange === undefined ? undefined : `no rate for ${strange.currency}`
}))
export type PriceList = typeof PriceList.Type

/** Contents of a person's own price file. */
const OwnPrices = Schema.Struct({ rates: Schema.optional(Rates), models: Schema.optional(Rows) })

/** Source of a call's price; `told` is a cost that the provider reported. */
export type PriceBasis = "listed" | "assumed" | "free" | "told"

/** US dollars per token, and per search. */
export interface Price {
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly search: number
  readonly basis: PriceBasis
}

/** Price of a model on a loopback address that the list does not have. */
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

/** Returns the listed price, if there is one. An unlisted model on a loopback address is free, any other is assumed. */
export const priceOf = (
  list: PriceList,
  { baseUrl, model, provider }: Pick<Endpoint, "baseUrl" | "model" | "provider">,
  role: Role
): Price => {
  const row = list.models[`${provider}:${model}`]
  if (row !== undefined) return inDollars(row, list.rates, "listed")
  if (URL.canParse(baseUrl) && LOOPBACK.test(new URL(baseUrl).hostname)) return FREE
  const kind = role === "embedding" || role === "rerank" ? role : "completion"
  return inDollars(list.unknown[kind], list.rates, "assumed")
}

/** Tokens of a call; `input` includes `cached`. */
export interface Tokens {
  readonly input: number
  readonly cached: number
  readonly output: number
}

/** Returns the cost of a call in US dollars. */
export const costOf = (price: Price, { cached, input, output }: Tokens): number =>
  (input - cached) * price.input + cached * price.cached + output * price.output + price.search

/** The file is missing, can't be read, or is no JSON of its schema; `detail` names the place in it. */
export class PricesError extends Schema.TaggedError<PricesError>()("PricesError", {
  file: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `the prices in ${this.file} can't be read: ${this.detail}. Correct the file, or move it away`
  }
}

/** Returns the first issue, after the path to its place. */
const messageOf = (error: ParseResult.ParseError): string => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  return [...(issue?.path ?? []).map(String), issue?.message].join(": ")
}

const decode = <A, I>(file: string, schema: Schema.Schema<A, I>) => (input: unknown) =>
  Effect.mapError(Schema.decodeUnknown(schema)(input), (error) => new PricesError({ file, detail: messageOf(error) }))

const readFile = <A, I>(file: string, schema: Schema.Schema<A, I>) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.mapError((error) => new PricesError({ file, detail: error.message })),
    Effect.flatMap(decode(file, Schema.parseJson(schema)))
  )

/** Reads the prices in `file`; those in `own`, if that file exists, take precedence. */
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
