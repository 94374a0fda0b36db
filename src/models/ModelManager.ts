/**
 * The one door to models. Every component asks here, so that what is loaded is loaded once and released once.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { make as makeInFlight } from "../resources/InFlight.ts"
import * as Lazy from "../resources/Lazy.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import * as StaticEmbeddings from "./StaticEmbeddings.ts"

export class ModelError extends Schema.TaggedError<ModelError>()("ModelError", {
  reason: Schema.Literal("Missing", "Unavailable", "Refused", "TimedOut", "Damaged"),
  model: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `model ${this.model}: ${this.detail}`
  }
}

/** That no model is set for what is asked of it: `embedding`, `completion`. */
export const missing = (role: string) =>
  new ModelError({ reason: "Missing", model: role, detail: "no model is set for it", cause: undefined })

/** What makes vectors comparable: an index records it, and another value means another index. */
export interface EmbeddingModel {
  readonly id: string
  readonly dimension: number
}

export interface CompletionRequest {
  /** What the model is told to be. */
  readonly system?: string
  readonly prompt: string
  /** Of the answer. */
  readonly maxTokens?: number
}

export interface Completion {
  readonly text: string
}

export class ModelManager extends Context.Tag("ModelManager")<ModelManager, {
  /**
   * A vector of unit length for each text, in order; none for a text that the model knows no word of, never a zero or random
   * vector in its place.
   */
  readonly embed: (
    texts: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Option.Option<Float32Array>>, ModelError>
  readonly embedding: Effect.Effect<EmbeddingModel, ModelError>
  /** `Missing` where no model for it is set. */
  readonly complete: (request: CompletionRequest) => Effect.Effect<Completion, ModelError>
}>() {
  /** The offline embedder in `file`, loaded when it is first needed. English; other scripts have no vector. */
  static readonly layerLocal = (file: string) => Layer.scoped(this, makeLocal(file))
}

const makeLocal = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const ledger = yield* ResourceLedger
    const load = fs.readFile(file).pipe(
      Effect.mapError((cause) =>
        new ModelError({
          reason: "Unavailable",
          model: file,
          detail: "the word vectors can't be read; reinstall the package",
          cause
        })
      ),
      Effect.flatMap((bytes) =>
        Effect.mapError(StaticEmbeddings.parse(bytes), (cause) =>
          new ModelError({ reason: "Damaged", model: file, detail: cause.message, cause }))
      ),
      Effect.map((model) => ({ current: model as StaticEmbeddings.StaticModel | undefined }))
    )
    const holder = yield* Lazy.make(
      ledger.acquire({
        kind: "model",
        name: "word vectors",
        open: load,
        close: (holder) =>
          Effect.sync(() => holder.current = undefined),
        within: "1 second"
      }).pipe(
        Effect.catchTag("OpeningTimedOut", (cause) =>
          new ModelError({ reason: "Unavailable", model: file, detail: cause.message, cause }))
      )
    )
    const inFlight = yield* makeInFlight("ModelManager")
    const model = Effect.flatMap(holder, ({ current }) =>
      current === undefined
        ? Effect.fail(
          new ModelError({ reason: "Unavailable", model: file, detail: "it was released", cause: undefined })
        )
        : Effect.succeed(current))

    return ModelManager.of({
      embed: Effect.fn("ModelManager.embed")((texts: ReadonlyArray<string>) =>
        inFlight(
          Effect.map(model, (model) =>
            texts.map((text) =>
              Option.fromNullable(StaticEmbeddings.embed(model, text))
            ))
        )
      ),
      embedding: Effect.map(model, ({ dimension, id }) => ({ id, dimension })),
      complete: () => Effect.fail(missing("completion"))
    })
  })
