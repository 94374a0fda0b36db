/**
 * Builds the index for another embedding model, beside the active version.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as App from "../App.ts"
import type { ReindexStep } from "../index/Reindex.ts"
import { advice } from "../process/Advice.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { verificationText } from "./Index.ts"
import { answer, json, number } from "./Output.ts"
import * as Progress from "./Progress.ts"

const to = Options.text("to").pipe(
  Options.withDescription(
    "PROVIDER:MODEL, as in CLAUDE_MEMORY_EMBEDDING, or local; without it, the model of the settings"
  ),
  Options.optional
)

export const options = { to, json }

type LastSteps = { readonly [Tag in ReindexStep["_tag"]]?: Extract<ReindexStep, { readonly _tag: Tag }> }

export const command = Command.make("reindex", options, ({ json, to }) =>
  Effect.gen(function*() {
    const since = yield* Clock.currentTimeMillis
    const { lastSteps, units } = yield* Effect.gen(function*() {
      const { index } = yield* ClaudeMemory
      const progress = yield* Progress.make(0)
      let lastSteps: LastSteps = {}
      let units = 0
      yield* index.reindex.pipe(
        Stream.runForEach((step) => {
          if (step._tag === "Built") {
            units += step.units
            const { done = 0, total = 0 } = lastSteps.Begun ?? {}
            return progress.indexed(step.units, total - done)
          }
          if (step._tag === "Begun" || step._tag === "Verified" || step._tag === "Switched") {
            lastSteps = { ...lastSteps, [step._tag]: step }
          }
          return Effect.void
        }),
        Effect.ensuring(progress.end)
      )
      return { lastSteps, units }
    }).pipe(App.provide(App.reindexing(to)))
    const durationMs = (yield* Clock.currentTimeMillis) - since
    const { done = 0, from = null, to: model } = lastSteps.Begun ?? {}
    const verification = lastSteps.Verified?.verification
    const isSame = from !== null && from.id === model?.id && from.dimension === model.dimension
    yield* answer(json, { from, to: model, before: done, indexed: units, verification, durationMs }, () =>
      [
        ...(done > 0 && !isSame ? [`${number(done)} memories were there already: it goes on where it was`] : []),
        `${number(units)} memories indexed by ${model?.id} (${model?.dimension} dimensions) in ${
          (durationMs / 1_000).toFixed(1)
        } s`,
        ...(verification === undefined ? [] : [verificationText(verification)]),
        ...(isSame || from === null ? ["It serves, as before."] : [
          advice(`It serves from now on. The index by ${from.id} is kept: \`claude-memory index drop\` deletes it`),
          ...(Option.isSome(to)
            ? [
              to.value === "local"
                ? "Now unset CLAUDE_MEMORY_EMBEDDING."
                : `Now set CLAUDE_MEMORY_EMBEDDING=${to.value}`
            ]
            : [])
        ])
      ].join("\n"))
  })).pipe(Command.withDescription("Build the index anew, for another model of embeddings, while the old one serves"))
