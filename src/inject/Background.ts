/**
 * Port for fusing items into one background, which is injected in place of their list. ModelBackground.ts implements
 * it, and is loaded only when the settings ask for it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SearchResult } from "../domain/Search.ts"
import type { ModelError } from "../models/ModelManager.ts"

/**
 * `TimedOut`: no text came within the limit. `Unusable`: what the model wrote is not of the shape asked for, not
 * supported by its items, or leaves out the best one. The injector lists the items then.
 */
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
  /** True when no model may be asked: then only a cached background is returned. */
  readonly isImmediate: boolean
  /** Both budgets bound the whole text, fence included. */
  readonly maxTokens: number
  readonly maxChars: number
  readonly nameOf: (projectId: string) => string
  readonly now: number
}

export interface Fused {
  readonly text: string
  /** Items that the text cites. */
  readonly items: ReadonlyArray<SearchResult>
}

export type Fuse = (request: BackgroundRequest) => Effect.Effect<Option.Option<Fused>, BackgroundError | ModelError>

/** Fuses nothing, and asks no model, unless a layer is provided. */
export class Background extends Context.Reference<Background>()("claude-memory/Background", {
  defaultValue: (): { readonly fuse: Fuse } => ({ fuse: () => Effect.succeedNone })
}) {}
