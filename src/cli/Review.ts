/**
 * Runs reviews by a language model on request.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as App from "../App.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { advice } from "../process/Advice.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import * as Settings from "../settings/Settings.ts"
import { answer, json, listed, number, plural, refuse } from "./Output.ts"
import * as Progress from "./Progress.ts"

const sessions = Args.text({ name: "session" }).pipe(
  Args.withDescription("Ids of sessions, or their beginnings; without any, what waits for a review"),
  Args.repeated
)

const all = Options.boolean("all").pipe(
  Options.withDescription("Also the sessions that no language model has looked at yet")
)

export const options = { all, json }

export const command = Command.make(
  "review",
  { sessions, ...options },
  ({ all, json, sessions }) =>
    Effect.gen(function*() {
      const { models } = yield* Settings.load
      if (models.light === undefined && models.heavy === undefined) {
        return yield* refuse("no language model is set: set CLAUDE_MEMORY_LIGHT, such as openai:gpt-6-luna")
      }
      const since = yield* Clock.currentTimeMillis
      const memory = yield* ClaudeMemory
      const progress = yield* Progress.make(0)
      let items = 0
      const units: Array<MemoryUnit> = []
      const degraded: Array<string> = []
      yield* memory.review(all ? "all" : sessions).pipe(
        Stream.runForEach((step) => {
          if (step._tag === "Postponed") degraded.push(step.error.message)
          if (step._tag !== "Reviewed") return Effect.void
          items += step.items
          units.push(...step.units)
          return progress.reviewed(step.items)
        }),
        Effect.ensuring(progress.end)
      )
      const failures = yield* memory.failures(100)
      const durationMs = (yield* Clock.currentTimeMillis) - since
      const byType: Record<string, number> = {}
      for (const { type } of units) byType[type] = (byType[type] ?? 0) + 1
      yield* answer(
        json,
        { reviewed: items, units: { total: units.length, byType }, degraded, failures, durationMs },
        () =>
          [
            items === 0
              ? "Nothing was reviewed."
              : `${number(items)} segments and sessions reviewed: ${number(units.length)} memories (${listed(byType)})`,
            ...degraded.map((each) => `degraded: ${advice(each)}`),
            ...failures.map(({ attempts, error, isDead, key, kind }) =>
              `${kind} ${key} failed ${plural(attempts, "time")}${
                isDead ? " and is not tried again by itself" : ""
              }: ${error}`
            ),
            `${(durationMs / 1_000).toFixed(1)} s`
          ].join("\n")
      )
    }).pipe(App.provide(App.reviewing))
).pipe(
  Command.withDescription("Have a language model compress sessions again")
)
