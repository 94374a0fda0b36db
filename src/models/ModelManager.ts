/**
 * The one door to models. Every component asks here, so that what is loaded is loaded once and released once.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Role } from "./Presets.ts"

export class ModelError extends Schema.TaggedError<ModelError>()("ModelError", {
  reason: Schema.Literal("Missing", "Unavailable", "Refused", "TimedOut", "Damaged", "Budget"),
  model: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `model ${this.model}: ${this.detail}`
  }
}

/** That no model is set for a role. */
export const missing = (role: string) =>
  new ModelError({ reason: "Missing", model: role, detail: "no model is set for it", cause: undefined })

/** What makes vectors comparable: an index records it, and another value means another index. */
export interface EmbeddingModel {
  readonly id: string
  readonly dimension: number
}

export interface CompletionRequest {
  /** Which of the models for completions is asked: `light` unless it says `heavy`. */
  readonly tier?: "light" | "heavy"
  /** What the model is told to be. */
  readonly system?: string
  readonly prompt: string
  /** Of the answer. */
  readonly maxTokens?: number
  /** What one attempt may take, where that is not for the models' settings to say. */
  readonly within?: Duration.DurationInput
  /** The answer is to be JSON of this JSON Schema. Not every provider holds its models to it: decode what comes. */
  readonly json?: { readonly name: string; readonly schema: object }
}

/** Tokens as the provider counts them; 0 where it does not say. `input` includes `cached`. */
export interface Usage {
  readonly input: number
  readonly cached: number
  readonly output: number
  /** In US dollars, where the provider says it. */
  readonly cost?: number
}

export interface Completion {
  readonly text: string
  /** The model that answered, by its own account where it gives one. */
  readonly model: string
  readonly usage: Usage
}

/** What a text is embedded for: some models tell a question from what answers it. */
export type Purpose = "document" | "query"

/** A document by its place in the list, with a score that is comparable within one answer. */
export interface Ranked {
  readonly index: number
  readonly score: number
}

export interface ModelPrice {
  readonly input: number
  readonly output: number
  /** Whether nobody listed it, and it is taken to be dear. */
  readonly isAssumed: boolean
}

/** A model that is set for a role. */
export interface ModelDescription {
  readonly role: Role
  readonly provider: string
  readonly model: string
  /** Null for one that is not asked over a network. */
  readonly origin: string | null
  /** US dollars for a million tokens; null for one that costs nothing. */
  readonly price: ModelPrice | null
  /** Null where it was not tried. */
  readonly reachable: boolean | null
  readonly error: string | null
  /** Of its embeddings, when it was tried. */
  readonly dimension: number | null
  readonly latencyMs: number | null
}

/** What is told of a model. `probe` asks it the least it can be and gives the dimension of its embeddings, null of others. */
export const described = (
  what: Pick<ModelDescription, "role" | "provider" | "model" | "origin" | "price">,
  check: boolean,
  probe: Effect.Effect<number | null, ModelError>
): Effect.Effect<ModelDescription> =>
  check
    ? Effect.match(Effect.timed(probe), {
      onFailure: ({ detail }) => ({ ...what, reachable: false, error: detail, dimension: null, latencyMs: null }),
      onSuccess: ([took, dimension]) => ({
        ...what,
        reachable: true,
        error: null,
        dimension,
        latencyMs: Math.round(Duration.toMillis(took))
      })
    })
    : Effect.succeed({ ...what, reachable: null, error: null, dimension: null, latencyMs: null })

export class ModelManager extends Context.Tag("claude-memory/ModelManager")<ModelManager, {
  /**
   * A vector of unit length for each text, in order; none for a text that the model knows no word of, never a zero or random
   * vector in its place.
   */
  readonly embed: (
    texts: ReadonlyArray<string>,
    purpose?: Purpose
  ) => Effect.Effect<ReadonlyArray<Option.Option<Float32Array>>, ModelError>
  readonly embedding: Effect.Effect<EmbeddingModel, ModelError>
  /** `Missing` where no model for it is set. */
  readonly complete: (request: CompletionRequest) => Effect.Effect<Completion, ModelError>
  /** Best first; a provider may leave out documents. `Missing` where no model for it is set. */
  readonly rerank: (
    query: string,
    documents: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Ranked>, ModelError>
  /** Every model of every role, in the order in which they are asked; with `check` each is asked the least it can be. */
  readonly describe: (check: boolean) => Effect.Effect<ReadonlyArray<ModelDescription>>
}>() {}
