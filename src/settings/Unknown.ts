/**
 * Finds names that look like settings of this program and are none: what they were meant for does not hold.
 */
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as PathPatch from "effect/ConfigProviderPathPatch"
import * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import { PRESETS } from "../models/Presets.ts"
import { ownNames } from "../process/Environment.ts"
import { hookSettings } from "./Hooks.ts"
import { noColor, settings } from "./Settings.ts"
import { fileValues } from "./SettingsFile.ts"

/** Returns the names that an effect asks its provider for, when that has none. */
const askedBy = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const names = new Set<string>()
    const recorder = ConfigProvider.fromFlat(ConfigProvider.makeFlat({
      load: (path) => {
        const name = path.join(".")
        names.add(name)
        return Effect.fail(ConfigError.MissingData([...path], `${name} is not set`))
      },
      enumerateChildren: () => Effect.succeed(HashSet.empty()),
      patch: PathPatch.empty
    }))
    return Effect.map(Effect.ignore(Effect.withConfigProvider(effect, recorder)), () => [...names])
  })

/** Keys and addresses of providers, which are read once a model names the provider. */
const PROVIDERS = Object.values(PRESETS).flatMap(({ baseUrlNames, keyNames }) => [...baseUrlNames, ...keyNames])

export interface UnknownSettings {
  readonly unknown: ReadonlyArray<string>
  /** Names that exist. */
  readonly known: ReadonlyArray<string>
}

/** Looks at the environment's names that begin like ours, and at all names of the settings file. Names differ by case on Windows only. */
export const find: Effect.Effect<UnknownSettings> = Effect.gen(function*() {
  const asked = yield* Effect.forEach(
    [settings, hookSettings, noColor],
    (config) => askedBy<unknown, unknown, never>(config)
  )
  const known = [...new Set([...asked.flat(), ...PROVIDERS])]
  const inFile = yield* Effect.orElseSucceed(Effect.map(fileValues, (values) => [...values.keys()]), () => [])
  const isKnown = (name: string) =>
    known.includes(name) || process.platform === "win32" && known.includes(name.toUpperCase())
  const unknown = [...new Set([...ownNames(), ...inFile])].filter((name) => !isKnown(name)).sort()
  return { unknown, known: known.filter((name) => name.startsWith("CLAUDE_MEMORY_")).sort() }
})
