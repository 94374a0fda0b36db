/**
 * Settings of what is put before Claude: how easily, and how much.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { DEFAULT_TOKENS, LEAST_TOKENS, MODES, MOST_TOKENS } from "./Early.ts"
import { integer, oneOf, type SettingsError, toSettingsError } from "./Fields.ts"
import { withFile } from "./SettingsFile.ts"

export interface Injecting {
  readonly mode: typeof MODES[number]
  /** Budget of a prompt's text, in tokens. */
  readonly maxTokens: number
}

export const injecting: Config.Config<Injecting> = Config.all({
  mode: oneOf("CLAUDE_MEMORY_INJECT", MODES),
  maxTokens: integer("CLAUDE_MEMORY_INJECT_TOKENS").pipe(
    Config.validate({
      message: `CLAUDE_MEMORY_INJECT_TOKENS is from ${LEAST_TOKENS} to ${MOST_TOKENS}`,
      validation: (n) => n >= LEAST_TOKENS && n <= MOST_TOKENS
    }),
    Config.withDefault(DEFAULT_TOKENS)
  )
})

export const load: Effect.Effect<Injecting, SettingsError> = Effect.mapError(withFile(injecting), toSettingsError)
