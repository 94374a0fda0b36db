/**
 * What the routes know of the server beside the memory.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { InjectionMode } from "../domain/Injection.ts"
import type { Caps, Spending } from "../models/Spending.ts"
import type { Check } from "../serve/Health.ts"
import type { HealthLanguage } from "../serve/HealthWords.ts"
import type { StoreError } from "../store/MemoryStore.ts"
import type { TokenError } from "./Token.ts"

export class Service extends Context.Tag("claude-memory/http/Service")<Service, {
  /** Folder of the memory. */
  readonly home: string
  /** Place of the memory, for people. */
  readonly place: string
  /** Folder of Claude Code's transcripts. */
  readonly transcripts: string
  /** What the settings tell at a prompt, where a request does not say. */
  readonly telling: { readonly mode: InjectionMode; readonly maxTokens: number }
  readonly caps: Caps
  readonly spending: Spending["Type"]
  /** Checks of Claude Code, its hooks and the backups, beside those of the memory's content. */
  readonly checks: (language: HealthLanguage) => Effect.Effect<ReadonlyArray<Check>, StoreError | PlatformError>
  readonly codes: {
    /** Makes a code that is good once until `expiresAt`, in milliseconds since the epoch. */
    readonly make: Effect.Effect<{ readonly code: string; readonly expiresAt: number }>
    /** Returns true for a code that was made and not used, and uses it up. */
    readonly use: (code: string) => Effect.Effect<boolean>
  }
  /** Makes a token for a page, which is good while this process runs. */
  readonly issue: Effect.Effect<string, TokenError>
  /** Returns what tells the tokens that are good from others. */
  readonly accepts: Effect.Effect<(given: string) => boolean, TokenError>
  /** Ends when the server closes; answers without an end must end then. */
  readonly closing: Effect.Effect<void>
  /** Says that the server closes. */
  readonly close: () => void
}>() {}
