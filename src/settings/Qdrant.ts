/**
 * Settings of Qdrant.
 */
import * as Config from "effect/Config"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as QdrantAddress from "../index/QdrantAddress.ts"
import { firstNamed, firstSecret, invalid, oneOf, upTo } from "./Fields.ts"

export interface QdrantSettings {
  readonly address: QdrantAddress.QdrantAddress
  readonly apiKey: Option.Option<Redacted.Redacted>
  /** Prefix of its collections' names. */
  readonly prefix: string
  /** Number of shards of a new collection; `replicas` is its replication factor. */
  readonly shards: number
  readonly replicas: number
  /** True when Qdrant does the lexical search, too, in place of PostgreSQL. */
  readonly words: boolean
}

/** Parses a setting of clusters; 1 by default, as on a single server. */
const clusterCount = (name: string): Config.Config<number> =>
  Config.map(Config.nonEmptyString(name), Number).pipe(upTo(100, `${name} is from 1 to 100`), Config.withDefault(1))

/** The URL may be `off`, for people who have set QDRANT_URL for another program. */
export const qdrant: Config.Config<QdrantSettings | undefined> = Config.all({
  url: firstNamed(["CLAUDE_MEMORY_QDRANT_URL", "QDRANT_URL"]),
  apiKey: firstSecret(["CLAUDE_MEMORY_QDRANT_API_KEY", "QDRANT_API_KEY"]),
  prefix: Config.nonEmptyString("CLAUDE_MEMORY_QDRANT_PREFIX").pipe(
    Config.validate({
      message: "CLAUDE_MEMORY_QDRANT_PREFIX is of letters, digits, - and _, at most 64",
      validation: (name) => /^[A-Za-z0-9_-]{1,64}$/.test(name)
    }),
    Config.withDefault("claude_memory")
  ),
  shards: clusterCount("CLAUDE_MEMORY_QDRANT_SHARDS"),
  replicas: clusterCount("CLAUDE_MEMORY_QDRANT_REPLICAS"),
  words: Config.map(oneOf("CLAUDE_MEMORY_QDRANT_WORDS", ["off", "on"]), (value) => value === "on")
}).pipe(Config.mapOrFail(({ url, ...rest }) => {
  const { name, value } = Option.getOrElse(url, () => ({ name: "", value: "off" }))
  return value.trim().toLowerCase() === "off" ? Either.right(undefined) : Either.mapBoth(QdrantAddress.parse(value), {
    onLeft: (detail) => invalid(`${name}: ${detail}`),
    onRight: (address) => ({ address, ...rest })
  })
}))
