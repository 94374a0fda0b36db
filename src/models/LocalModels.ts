/**
 * `ModelManager` without a network: embeds with the word vectors that come with the package, and has no other models.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Lazy from "../resources/Lazy.ts"
import * as Loaded from "../resources/Loaded.ts"
import * as Owner from "../resources/Owner.ts"
import { embedderOnly, ModelError, ModelManager } from "./ModelManager.ts"
import * as StaticEmbeddings from "./StaticEmbeddings.ts"

/** Makes the service over the word vectors in `file`, which are loaded on first use. */
export const make = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
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
      )
    )
    const loaded = yield* Lazy.make(Loaded.open({ kind: "model", name: "word vectors", load }))
    const released = new ModelError({ reason: "Unavailable", model: file, detail: "it was released", cause: undefined })
    const model = Effect.flatMap(
      Effect.flatten(loaded),
      Effect.mapError(() =>
        released
      )
    )

    return embedderOnly({ provider: "local", model: "word vectors" }, {
      embed: Effect.fn("ModelManager.embed")((texts: ReadonlyArray<string>) =>
        Effect.map(model, (model) => texts.map((text) => Option.fromNullable(StaticEmbeddings.embed(model, text))))
      ),
      embedding: Effect.map(model, ({ dimension, id }) => ({ id, dimension }))
    })
  })

/** Embeds with the word vectors in `file`. They are English, so that text in other scripts has no vector. */
export const layer = (file: string) => Owner.layer(ModelManager, make(file))
