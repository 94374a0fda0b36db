/**
 * Fake language models that answer from a script and record their requests.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Abstractive from "../../../src/compress/abstractive/Abstractive.ts"
import type { UnitType } from "../../../src/domain/MemoryUnit.ts"
import { type CompletionRequest, missing, ModelError, ModelManager } from "../../../src/models/ModelManager.ts"
import { base } from "../../contract/layers.ts"

export interface Written {
  readonly type: UnitType
  readonly title: string
  readonly summary: string
  readonly statements: ReadonlyArray<{ readonly text: string; readonly sources: ReadonlyArray<string> }>
}

export const unit = (
  type: UnitType,
  title: string,
  ...statements: ReadonlyArray<readonly [text: string, ...sources: ReadonlyArray<string>]>
): Written => ({
  type,
  title,
  summary: title,
  statements: statements.map(([text, ...sources]) => ({ text, sources }))
})

export type Says = string | ReadonlyArray<Written> | ModelError["reason"]

const REASONS = new Set<Says>(ModelError.fields.reason.literals)

/** Answers of a model in order, the last one repeating; or a function of the request. */
export type Script = ReadonlyArray<Says> | ((request: CompletionRequest) => Says)

export const writing = (scripts: Partial<Readonly<Record<"light" | "heavy", Script>>>) => {
  const asked: Array<CompletionRequest> = []
  const complete = (request: CompletionRequest) =>
    Effect.suspend(() => {
      const { tier = "light" } = request
      asked.push(request)
      const script = scripts[tier]
      if (script === undefined) return Effect.fail(missing(tier))
      const times = asked.filter((other) => (other.tier ?? "light") === tier).length
      const reply = typeof script === "function" ? script(request) : script[Math.min(times, script.length) - 1]!
      if (REASONS.has(reply)) {
        const reason = reply as ModelError["reason"]
        return Effect.fail(new ModelError({ reason, model: tier, detail: `it says ${reason}`, cause: undefined }))
      }
      const text = typeof reply === "string" ? reply : JSON.stringify({ units: reply })
      return Effect.succeed({ text, model: tier, usage: { input: 0, cached: 0, output: 0 } })
    })
  const models = Layer.succeed(
    ModelManager,
    ModelManager.of({
      complete,
      embed: () => Effect.fail(missing("embedding")),
      embedding: Effect.fail(missing("embedding")),
      rerank: () => Effect.fail(missing("rerank")),
      describe: () => Effect.succeed([])
    })
  )
  return { asked, layer: Layer.provide(Abstractive.layer, Layer.merge(models, base)) }
}

/** A model that quotes the first lines of up to three messages. */
export const quoting: Script = ({ prompt, system = "" }) => {
  const lines = [...prompt.matchAll(/^\[(\w+)\] (?:User|Claude): (.{1,150})$/gm)].slice(0, 3)
  return lines.length === 0
    ? []
    : [
      unit(
        system.includes("type archive") ? "archive" : "conversation",
        lines[0]![2]!,
        ...lines.map(([, ref, text]) => [text!, ref!] as const)
      )
    ]
}
