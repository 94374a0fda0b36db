/**
 * One of any number of processes that work off the queue of a memory.
 */
import * as Command from "@effect/cli/Command"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as App from "../App.ts"
import type { Step } from "../Pipeline.ts"
import { writeStderr } from "../Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { number } from "./Output.ts"

/** What was done is told once in so long. */
const TOLD_EVERY = "2 seconds"

const told = (steps: ReadonlyArray<Step>): string => {
  const sum = (of: (step: Step) => number) => steps.reduce((all, step) => all + of(step), 0)
  return [
    [sum((step) => step._tag === "Compressed" ? step.units.length : 0), "memories made"],
    [sum((step) => step._tag === "Indexed" ? step.units : 0), "memories indexed"],
    [sum((step) => step._tag === "Reviewed" ? step.items : 0), "segments and sessions reviewed"]
  ].flatMap(([n, what]) => n === 0 ? [] : [`${number(Number(n))} ${what}`]).join(", ")
}

export const options = {}

export const command = Command.make("work", options, () =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    yield* writeStderr("working; end it with Ctrl-C\n")
    const hindered = yield* Ref.make("")
    yield* memory.work.pipe(
      Stream.groupedWithin(10_000, TOLD_EVERY),
      Stream.runForEach((steps) =>
        Effect.gen(function*() {
          const text = told([...steps])
          if (text !== "") yield* writeStderr(`${text}\n`)
          const last = Chunk.findLast(steps, ({ _tag }) => _tag === "Postponed")
          const by = Option.match(last, {
            onNone: () => "",
            onSome: (step) => step._tag === "Postponed" ? step.error.message : ""
          })
          // Once, not in every round.
          if (by !== "" && by !== (yield* Ref.get(hindered))) yield* writeStderr(`waits: ${by}\n`)
          if (by !== "" || text !== "") yield* Ref.set(hindered, by)
        })
      )
    )
  })).pipe(
    Command.withDescription("Make memories of what others captured, and index what waits, until it is ended"),
    Command.provide(Layer.provide(App.service("work"), App.base))
  )
