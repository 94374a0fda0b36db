/**
 * `ModelManager` without a network: embeds with the word vectors that come with the package, and has no other models.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Lazy from "../resources/Lazy.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { embedderOnly, ModelError, ModelManager } from "./ModelManager.ts"
import * as StaticEmbeddings from "./StaticEmbeddings.ts"

/** Makes the service over the word vectors in `file`, which are loaded on first use. */
export const make = (file: string) =>
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
      })
    )
    const model = Effect.flatMap(holder, ({ current }) =>
      current === undefined
        ? Effect.fail(
          new ModelError({ reason: "Unavailable", model: file, detail: "it was released", cause: undefined })
        )
        : Effect.succeed(current))

    return embedderOnly({ provider: "local", model: "word vectors" }, {
      embed: Effect.fn("ModelManager.embed")((texts: ReadonlyArray<string>) =>
        Effect.map(model, (model) => texts.map((text) => Option.fromNullable(StaticEmbeddings.embed(model, text))))
      ),
      embedding: Effect.map(model, ({ dimension, id }) => ({ id, dimension }))
    })
  })

/** Embeds with the word vectors in `file`. They are English, so that text in other scripts has no vector. */
export const layer = (file: string) => Layer.scoped(ModelManager, make(file))
