import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { pointsOf } from "../../src/index/Points.ts"
import { CurrentProject } from "../../src/models/CurrentProject.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as testing from "../../src/testing.ts"
import { unit } from "../contract/made.ts"

it.effect("units of several projects, in the order of their ids, are embedded project by project", () =>
  Effect.gen(function*() {
    const models = yield* ModelManager
    const asked: Array<readonly [string | null, number]> = []
    const units = Array.from(
      { length: 9 },
      (_, i) => unit(`u${i}`, { projectId: `project-${i % 3}`, content: `memory of word${i}` })
    )
    const points = yield* pointsOf({
      ...models,
      embed: (texts, purpose) =>
        Effect.flatMap(CurrentProject, (project) => {
          asked.push([project, texts.length])
          return models.embed(texts, purpose)
        })
    }, units)
    assert.deepStrictEqual(asked, [["project-0", 3], ["project-1", 3], ["project-2", 3]])
    const [alone] = yield* pointsOf(models, units.slice(4, 5))
    assert.deepStrictEqual(points.map(({ unitId }) => unitId), units.map(({ id }) => id))
    assert.deepStrictEqual(points[4], alone)
  }).pipe(Effect.provide(Layer.provide(testing.models(), ResourceLedger.layer))))

it.effect("a provider that gives too few vectors, or that dies, fails as damaged", () =>
  Effect.gen(function*() {
    const models = yield* ModelManager
    const failure = (embed: (typeof models)["embed"]) =>
      Effect.map(Effect.flip(pointsOf({ ...models, embed }, [unit("a"), unit("b")])), ({ message, reason }) => [
        reason,
        message
      ])
    assert.deepStrictEqual(yield* failure((texts) => models.embed(texts.slice(1))), [
      "Damaged",
      "model embedding: its provider gave 1 vectors for 2 texts"
    ])
    const fault = ["Damaged", "model embedding: its provider has a fault: no such tokenizer"]
    assert.deepStrictEqual(yield* failure(() => Effect.die(new Error("no such tokenizer"))), fault)
    assert.deepStrictEqual(
      yield* failure(() => {
        throw new Error("no such tokenizer")
      }),
      fault
    )
  }).pipe(Effect.provide(Layer.provide(testing.models(), ResourceLedger.layer))))
