/**
 * Settings that a hook reads before all others.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { DEFAULT_WITHIN, isHeadless as isHeadlessEntry, LONGEST_MS, ON_OFF } from "./Early.ts"
import { integer, nonEmpty, oneOf, type SettingsError, toSettingsError, upTo } from "./Fields.ts"
import { type Injecting, injecting } from "./Injecting.ts"
import { withFile } from "./SettingsFile.ts"

export interface HookSettings {
  /** How easily and how much is injected; undefined when nothing is: always, or in headless runs and this is one. */
  readonly telling: { readonly mode: Exclude<Injecting["mode"], "off">; readonly maxTokens: number } | undefined
  /**
   * Time limits in milliseconds, from the hook's first line on: of a session's start and first prompt, and of later
   * prompts. A hook that exceeds its limit injects nothing.
   */
  readonly within: { readonly start: number; readonly later: number }
}

/** Share of a prompt's time after which vectors are waited for no more: a hook waits for a server for three fifths of it. */
const VECTORS_SHARE = 0.3

/** Has a prompt that has so many milliseconds wait for vectors only for a part of them. */
export const inTime = <T>(telling: T, ms: number): T & { readonly vectorsWithin: number } => ({
  ...telling,
  vectorsWithin: VECTORS_SHARE * ms
})

const milliseconds = (name: string, otherwise: number): Config.Config<number> =>
  integer(name).pipe(upTo(LONGEST_MS, `${name} is from 1 to ${LONGEST_MS}`), Config.withDefault(otherwise))

const isHeadless = Config.map(nonEmpty("CLAUDE_CODE_ENTRYPOINT"), Option.exists(isHeadlessEntry))

/** The settings from the environment alone. */
export const hookSettings: Config.Config<HookSettings> = Config.all({
  telling: Config.map(
    Config.all([injecting, isHeadless, oneOf("CLAUDE_MEMORY_HEADLESS", ON_OFF)]),
    ([{ maxTokens, mode }, headless, whenHeadless]) =>
      mode === "off" || headless && whenHeadless === "off" ? undefined : { mode, maxTokens }
  ),
  within: Config.all({
    start: milliseconds("CLAUDE_MEMORY_SESSION_START_MS", DEFAULT_WITHIN.start),
    later: milliseconds("CLAUDE_MEMORY_HOOK_MS", DEFAULT_WITHIN.later)
  })
})

export const load: Effect.Effect<HookSettings, SettingsError> = Effect.mapError(withFile(hookSettings), toSettingsError)
