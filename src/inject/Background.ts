/**
 * The port to what can be given in place of a list of items: one background of them. What makes one is in ModelBackground.ts, and is
 * loaded only where that is set.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SearchResult } from "../domain/Search.ts"
import type { ModelError } from "../models/ModelManager.ts"

export class BackgroundError extends Schema.TaggedError<BackgroundError>()("BackgroundError", {
  reason: Schema.Literal("TimedOut", "Unusable"),
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

export interface BackgroundRequest {
  /** Best first. */
  readonly items: ReadonlyArray<SearchResult>
  readonly prompt: string
  /** Of the whole text, fence included. */
  readonly maxTokens: number
  readonly maxChars: number
  readonly nameOf: (projectId: string) => string
  readonly now: number
}

export interface Fused {
  readonly text: string
  /** Those that it tells of. */
  readonly items: ReadonlyArray<SearchResult>
}

export type Fuse = (request: BackgroundRequest) => Effect.Effect<Option.Option<Fused>, BackgroundError | ModelError>

/** What has no layer here fuses nothing and asks nothing. */
export class Background extends Context.Reference<Background>()("claude-memory/Background", {
  defaultValue: (): { readonly fuse: Fuse } => ({ fuse: () => Effect.succeedNone })
}) {}
