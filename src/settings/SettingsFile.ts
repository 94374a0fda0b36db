/**
 * `config.json` in the memory's folder: settings under the names of their environment variables, for programs that an
 * editor starts without the person's environment. The environment takes precedence.
 */
import type * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { HOME, isMissing, MAX_FILE_BYTES, toEnvironmentValue } from "./Early.ts"
import { invalid } from "./Fields.ts"
import { home } from "./Reading.ts"

const Values = Schema.parseJson(
  Schema.Record({ key: Schema.String, value: Schema.Union(Schema.String, Schema.Number, Schema.Boolean) })
)

const decode = Schema.decodeEither(Values)

/** Reads the settings file; without a file, there are no settings. Synchronous, because the hook waits for it. */
const read = (file: string): Either.Either<ReadonlyMap<string, string>, ConfigError.ConfigError> => {
  const wrong = (detail: string) => Either.left(invalid(`${file}: ${detail}`))
  let text: string
  try {
    const info = statSync(file)
    // A device or a pipe has no end, or none that comes by itself.
    if (!info.isFile()) return wrong("is not a regular file; delete it, or put one in its place")
    if (info.size > MAX_FILE_BYTES) return wrong(`is longer than ${MAX_FILE_BYTES / 1024} KiB`)
    text = readFileSync(file, "utf8").replace(/^\ufeff/, "")
  } catch (error) {
    return isMissing(error) ? Either.right(new Map()) : wrong("can't be read; check its permissions")
  }
  return Either.match(decode(text), {
    onLeft: () =>
      wrong(
        "is not a JSON object of strings, numbers, true and false, such as {\"CLAUDE_MEMORY_ISOLATION\": \"strict\"}; " +
          "correct or delete it"
      ),
    onRight: (values) =>
      HOME in values
        ? wrong(
          `lies in the folder that ${HOME} names, and can't name another; take it out, and set it in the environment`
        )
        : Either.right(new Map(Record.toEntries(Record.map(values, toEnvironmentValue))))
  })
}

/** Returns the values of the settings file in the memory's folder. */
export const fileValues: Effect.Effect<ReadonlyMap<string, string>, ConfigError.ConfigError> = Effect
  .configProviderWith(
    (environment) => Effect.flatMap(environment.load(home), (folder) => read(join(folder, "config.json")))
  )

/** Falls back to the settings file for values that the environment lacks. */
export const withFile = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ConfigError.ConfigError, R> =>
  Effect.flatMap(fileValues, (values) =>
    Effect.configProviderWith((environment) =>
      Effect.withConfigProvider(
        effect,
        ConfigProvider.orElse(environment, () => ConfigProvider.fromMap(new Map(values)))
      )
    ))
