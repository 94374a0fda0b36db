/**
 * The port to all models. Every component goes through it, so that each model is loaded once and released once.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { messageOf } from "../domain/Thrown.ts"
import type { Role } from "./Presets.ts"

/**
 * `Missing`: no model is set. `Rejected`: the provider takes nothing, for the key, the credit, the model's name or its address.
 * `Unreachable`: no connection was made. `Unavailable`: it failed, and may answer later. `Refused`: it refuses this input.
 * `Damaged`: its answer can't be used. `Budget`: the spending limit is reached.
 */
export class ModelError extends Schema.TaggedError<ModelError>()("ModelError", {
  reason: Schema.Literal(
    "Missing",
    "Rejected",
    "Unreachable",
    "Unavailable",
    "Refused",
    "TimedOut",
    "Damaged",
    "Budget"
  ),
  model: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `model ${this.model}: ${this.detail}`
  }
}

/** The error for a role without a model. */
export const missing = (role: string) =>
  new ModelError({ reason: "Missing", model: role, detail: "no model is set for it", cause: undefined })

/** Identifies comparable vectors. An index records both fields; other values need another index. */
export interface EmbeddingModel {
  readonly id: string
  readonly dimension: number
}

export interface Keeping {
  /** Tests whether an answer can be used. Others are neither kept nor taken from the cache. */
  readonly accepts: (text: string) => boolean
  /** Prompt of the request whose answer it is kept as; by default the prompt that is sent. */
  readonly prompt?: string
}

/** The budget counts 4,096 tokens for the answer where `maxTokens` is not set. */
export interface CompletionRequest {
  /** Selects the completion model; `light` by default. */
  readonly tier?: "light" | "heavy"
  /** System prompt. */
  readonly system?: string
  readonly prompt: string
  /** Maximum output tokens. */
  readonly maxTokens?: number
  /** Longest duration of one attempt; overrides the models' settings. */
  readonly within?: Duration.DurationInput
  /** Asks for an answer in JSON of this JSON Schema. Not every provider enforces it, so the answer must be decoded. */
  readonly json?: { readonly name: string; readonly schema: object }
  /** Keeps the answer, so that the same request of the same models is not paid for again, until something is forgotten. */
  readonly keep?: Keeping
}

/** Tokens as counted by the provider; 0 where it reports none. `input` includes `cached`. */
export interface Usage {
  readonly input: number
  readonly cached: number
  readonly output: number
  /** US dollars, where the provider reports them. */
  readonly cost?: number
}

export interface Completion {
  readonly text: string
  /** Model that answered, as named in the answer; the requested one where the answer names none. */
  readonly model: string
  readonly usage: Usage
}

/** Purpose of an embedding: some models embed queries differently from documents. */
export type Purpose = "document" | "query"

/** A document by its index in the request; its score is comparable within one answer only. */
export interface Ranked {
  readonly index: number
  readonly score: number
}

export interface ModelPrice {
  readonly input: number
  readonly output: number
  /** True when the model has no listed price, and a high one is assumed. */
  readonly isAssumed: boolean
}

/** A model that is set for a role. */
export interface ModelDescription {
  readonly role: Role
  readonly provider: string
  readonly model: string
  /** Null for a local model that needs no network, and for one whose address is none. */
  readonly origin: string | null
  /** US dollars for a million tokens; null for a free model. */
  readonly price: ModelPrice | null
  /** Null when the model was not probed. */
  readonly reachable: boolean | null
  readonly error: string | null
  /** Dimension of its embeddings; null when it was not probed, failed, or has another role. */
  readonly dimension: number | null
  readonly latencyMs: number | null
}

/**
 * Describes a model; with `check`, by running `probe`: a minimal request that returns the dimension of embeddings, and
 * null for other roles.
 */
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

/** Asks the models of a program, by role. A role without a model fails with `Missing`. */
export class ModelManager extends Context.Tag("claude-memory/ModelManager")<ModelManager, {
  /**
   * Returns a vector of unit length for each text, in order. A text of which the model knows no word, or that it refuses
   * while it takes others, gets none, never a zero or random vector.
   */
  readonly embed: (
    texts: ReadonlyArray<string>,
    purpose?: Purpose
  ) => Effect.Effect<ReadonlyArray<Option.Option<Float32Array>>, ModelError>
  readonly embedding: Effect.Effect<EmbeddingModel, ModelError>
  /** Fails with `Missing` when no model is set for the tier. */
  readonly complete: (request: CompletionRequest) => Effect.Effect<Completion, ModelError>
  /** Ranks documents, best first; a provider may omit some. Fails with `Missing` when no model is set for reranking. */
  readonly rerank: (
    query: string,
    documents: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Ranked>, ModelError>
  /** Describes all models of all roles, in the order in which they are asked; `check` sends each a minimal request. */
  readonly describe: (check: boolean) => Effect.Effect<ReadonlyArray<ModelDescription>>
}>() {}

const damaged = (detail: string, cause?: unknown) =>
  new ModelError({ reason: "Damaged", model: "embedding", detail: `its provider ${detail}`, cause })

/** Embeds by a provider that may be a program's own: what breaks the promise of `embed` fails with `Damaged`. */
export const vectorsOf = (
  models: Pick<ModelManager["Type"], "embed">,
  texts: ReadonlyArray<string>,
  purpose?: Purpose
): ReturnType<ModelManager["Type"]["embed"]> =>
  Effect.suspend(() => models.embed(texts, purpose)).pipe(
    Effect.catchAllDefect((defect) => Effect.fail(damaged(`has a fault: ${messageOf(defect)}`, defect))),
    Effect.filterOrFail(
      ({ length }) => length === texts.length,
      ({ length }) => damaged(`gave ${length} vectors for ${texts.length} texts`)
    )
  )

/** Makes a `ModelManager` that embeds with one model and has no other. */
export const embedderOnly = (
  named: Pick<ModelDescription, "provider" | "model">,
  { embed, embedding }: Pick<ModelManager["Type"], "embed" | "embedding">
): ModelManager["Type"] =>
  ModelManager.of({
    embed,
    embedding,
    complete: ({ tier = "light" }) => Effect.fail(missing(tier)),
    rerank: () => Effect.fail(missing("rerank")),
    describe: (check) =>
      Effect.all([
        described(
          { role: "embedding", ...named, origin: null, price: null },
          check,
          Effect.map(embedding, ({ dimension }) => dimension)
        )
      ])
  })
