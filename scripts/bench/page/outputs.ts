/**
 * The outputs of benchmarks that the page shows, each kept under its name.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { kept } from "../shared/kept.ts"

/** Figures by name: `n`, and one for each number of results, such as `hit5` (questions) or `r5` (percent). */
const Cuts = Schema.Record({ key: Schema.String, value: Schema.Number })
export type Cuts = typeof Cuts.Type

/** By the language of the questions. */
const Coding = Schema.Struct({ hits: Schema.Record({ key: Schema.String, value: Cuts }) })

const Locomo = Schema.Struct({ all: Cuts, session: Cuts })
const Memorybank = Schema.Struct({ turns: Cuts, session: Cuts })

/** The measure without each part, and how much that is above the whole, in points of a hundred. */
const Constants = Schema.Struct({
  ablation: Schema.NonEmptyArray(Schema.Struct({
    part: Schema.String,
    sets: Schema.Array(Schema.Struct({
      name: Schema.String,
      measure: Schema.String,
      n: Schema.Number,
      without: Schema.Number,
      difference: Schema.Number,
      low: Schema.Number,
      high: Schema.Number
    }))
  }))
})

const Search = Schema.Struct({
  units: Schema.Number,
  rows: Schema.Array(
    Schema.Struct({ scope: Schema.String, asked: Schema.String, p50Ms: Schema.Number, p95Ms: Schema.Number })
  ),
  bare: Schema.Array(Schema.Struct({ name: Schema.String, bothMs: Schema.Number, bothP95Ms: Schema.Number }))
})

const of = <A, I>(data: Schema.Schema<A, I>) => Schema.optional(kept(data))

const Outputs = Schema.Struct({
  "recall-dev": of(Coding),
  "recall-dev-zh": of(Coding),
  locomo: of(Locomo),
  memorybank: of(Memorybank),
  constants: of(Constants),
  "search-10000": of(Search),
  "search-100000": of(Search),
  "search-1000000": of(Search)
})
export type Outputs = typeof Outputs.Type
export type Name = keyof Outputs

export const NAMES = Object.keys(Outputs.fields) as ReadonlyArray<Name>

export const read = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const files = new Set(yield* fs.readDirectory(folder))
    const there = NAMES.filter((name) => files.has(`${name}.json`))
    const texts = yield* Effect.forEach(there, (name) =>
      Effect.map(fs.readFileString(path.join(folder, `${name}.json`)), (text) => [name, text] as const))
    return yield* Schema.decodeUnknown(Outputs)(Object.fromEntries(texts))
  })
