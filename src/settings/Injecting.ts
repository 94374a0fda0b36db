/**
 * Settings of what is put before Claude: how easily, and how much.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { oneOf, type SettingsError, toSettingsError } from "./Fields.ts"
import { withFile } from "./SettingsFile.ts"

export interface Injecting {
  readonly mode: "balanced" | "conservative" | "comprehensive" | "off"
  /** Budget of a prompt's text, in tokens. */
  readonly maxTokens: number
}

const LEAST_TOKENS = 100
const MOST_TOKENS = 8_000

export const injecting: Config.Config<Injecting> = Config.all({
  mode: oneOf<Injecting["mode"]>("CLAUDE_MEMORY_INJECT", ["balanced", "off", "conservative", "comprehensive"]),
  maxTokens: Config.integer("CLAUDE_MEMORY_INJECT_TOKENS").pipe(
    Config.validate({
      message: `CLAUDE_MEMORY_INJECT_TOKENS is from ${LEAST_TOKENS} to ${MOST_TOKENS}`,
      validation: (n) => n >= LEAST_TOKENS && n <= MOST_TOKENS
    }),
    Config.withDefault(800)
  )
})

export const load: Effect.Effect<Injecting, SettingsError> = Effect.mapError(withFile(injecting), toSettingsError)
