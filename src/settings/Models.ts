/**
 * Settings of models: which ones, what they are for, and what they may cost.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import { type Endpoint, type Preset, PRESETS, type Role, ROLES } from "../models/Presets.ts"
import type { Caps } from "../models/Spending.ts"
import { firstNamed, firstSecret, invalid, nonEmpty, oneOf, upTo } from "./Fields.ts"

export type Models = Partial<Readonly<Record<Role, ReadonlyArray<Endpoint>>>>

/** Each provider's base URL and key, from the environment variables in its preset. */
const providers = Config.all(
  Record.map(
    PRESETS,
    ({ baseUrlNames, keyNames }) => Config.all({ address: firstNamed(baseUrlNames), apiKey: firstSecret(keyNames) })
  )
)
type Providers = Config.Config.Success<typeof providers>

const settingOf = (role: string) => `CLAUDE_MEMORY_${role.toUpperCase()}`

const isHttp = (url: string) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

/**
 * Converts Ollama's own OLLAMA_HOST to a base URL: a host and a port, where 0.0.0.0 (set for a server) is this machine.
 */
const ollamaHost = (value: string): Either.Either<string, string> => {
  const url = value.includes("://") ? value : `http://${value}`
  if (!isHttp(url)) return Either.left("OLLAMA_HOST is a host and a port such as 127.0.0.1:11434")
  const { host, protocol } = new URL(url)
  return Either.right(`${protocol}//${host.replace(/^0\.0\.0\.0/, "127.0.0.1")}/v1`)
}

/** Parses one `provider:model` entry of a role's list, or returns an error message. */
const endpointOf = (role: string, entry: string, known: Providers): Either.Either<Endpoint, string> => {
  const colon = entry.indexOf(":")
  const [provider, model] = [entry.slice(0, colon).trim().toLowerCase(), entry.slice(colon + 1).trim()]
  const preset = PRESETS[provider]
  const serves = ({ roles }: Preset) => roles.some((each) => each === role)
  const serving = Object.keys(PRESETS).filter((name) => serves(PRESETS[name]!)).join(", ")
  if (colon < 0 || model === "" || preset === undefined) {
    return Either.left(`${settingOf(role)} is PROVIDER:MODEL, fall-backs after commas; providers: ${serving}`)
  }
  if (!serves(preset)) {
    return Either.left(`${settingOf(role)}: ${provider} has no models for it; these have: ${serving}`)
  }
  const { address, apiKey } = known[provider]!
  const { name, value } = Option.getOrElse(address, () => ({ name: "", value: preset.baseUrl }))
  const baseUrl = name === "OLLAMA_HOST"
    ? ollamaHost(value)
    : isHttp(value)
    ? Either.right(value)
    : Either.left(`${name} is a URL such as ${preset.baseUrl}`)
  return Either.map(baseUrl, (baseUrl) => ({ provider, model, baseUrl, apiKey }))
}

/**
 * Normalizes a model's name, which providers spell differently: "Qwen/Qwen3-Embedding-8B", "qwen/qwen3-embedding-8b".
 */
const bareName = ({ model }: Endpoint) => model.slice(model.lastIndexOf("/") + 1).toLowerCase()

/** Parses a role's list. */
const endpointsOf = (role: string, value: string, known: Providers): Either.Either<ReadonlyArray<Endpoint>, string> =>
  Either.filterOrLeft(
    Either.all(value.split(",").map((entry) => endpointOf(role, entry, known))),
    (endpoints) => role !== "embedding" || new Set(endpoints.map(bareName)).size === 1,
    () => `${settingOf(role)}: the vectors of different models can't be compared; name one model at several providers`
  )

/** Name of the embedding model that comes with the package, with which `reindex --to local` overrides the setting. */
const LOCAL = "local"

const named = Config.map(
  Config.all(Record.fromIterableWith(ROLES, (role) => [role, nonEmpty(settingOf(role))])),
  (named) =>
    Record.filter(Record.getSomes(named), (value, role) => role !== "embedding" || value.trim().toLowerCase() !== LOCAL)
)

/**
 * The models of all roles. Naming a model turns it on; a key alone does not. Without a named model, the providers' some
 * thirty variables are not looked up, because the hook waits for the settings.
 */
export const models: Effect.Effect<Models, ConfigError.ConfigError> = Effect.flatMap(
  named,
  (named) =>
    Record.isEmptyRecord(named) ?
      Effect.succeed({}) :
      Effect.flatMap(providers, (known) =>
        Either.mapLeft(
          Either.all(Record.map(named, (value, role) => endpointsOf(role, value, known))),
          invalid
        ))
)

export const compression = oneOf("CLAUDE_MEMORY_COMPRESSION", ["extractive", "hybrid", "abstractive"])

/** Parses a cap: an amount, or "none". */
const cap = (name: string, otherwise: number, isAmount: (n: number) => boolean, form: string): Config.Config<number> =>
  Config.string(name).pipe(
    Config.map((value) => value.trim()),
    Config.map((text) => text === "" ? otherwise : text === "none" ? Number.POSITIVE_INFINITY : Number(text)),
    Config.validate({
      message: `${name} is a ${form}, 0 or more, or none`,
      validation: (amount) => amount >= 0 && (amount === Number.POSITIVE_INFINITY || isAmount(amount))
    }),
    Config.withDefault(otherwise)
  )

const capsOf = (period: "DAY" | "MONTH", usd: number) =>
  Config.all({
    usd: cap(`CLAUDE_MEMORY_USD_PER_${period}`, usd, Number.isFinite, "number"),
    tokens: cap(`CLAUDE_MEMORY_TOKENS_PER_${period}`, Number.POSITIVE_INFINITY, Number.isInteger, "whole number")
  })

/** By default, a mistake costs at most one dollar a day and ten a month. */
export const caps: Config.Config<Caps> = Config.all({ day: capsOf("DAY", 1), month: capsOf("MONTH", 10) })

export const fusion: Config.Config<number | undefined> = Config.string("CLAUDE_MEMORY_FUSION").pipe(
  Config.map((value) => ["", "0", "off"].includes(value.trim()) ? undefined : Number(value)),
  upTo(60_000, "CLAUDE_MEMORY_FUSION is milliseconds from 1 to 60000, or off"),
  Config.withDefault(undefined)
)
