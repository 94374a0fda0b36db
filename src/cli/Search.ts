import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { labelsOf } from "../domain/ProjectLabels.ts"
import { SearchMode } from "../domain/Search.ts"
import { advice } from "../process/Advice.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { missingIn, missingText } from "../serve/Marks.ts"
import { resultText } from "./Found.ts"
import { answer, json, resultJson } from "./Output.ts"
import { filters, limitOf, scopeText, toFilter } from "./Scope.ts"

const words = Args.text({ name: "question" }).pipe(
  Args.withDescription("What to look for, in your own words"),
  Args.atLeast(1)
)

export const options = {
  ...filters,
  mode: Options.choice("mode", SearchMode.literals).pipe(
    Options.withDescription("How to search: by words, by meaning, or both (default: hybrid)"),
    Options.withDefault("hybrid" as const)
  ),
  limit: limitOf(5, 100),
  json
}

export const command = Command.make(
  "search",
  { words, ...options },
  ({ json, limit, mode, words, ...options }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const text = words.join(" ")
      const now = yield* Clock.currentTimeMillis
      const filter = yield* toFilter(options)
      const query = { ...filter, text, limit, mode, minScore: 0 }
      const found = yield* memory.search(query)
      const { degraded, respelt, results } = found
      const labels = labelsOf(yield* memory.projects.known)
      const missing = missingIn(text, found)
      yield* answer(json, {
        query: text,
        results: results.map(resultJson),
        degraded,
        absent: missing,
        respelt: respelt?.words ?? []
      }, () =>
        [
          results.length === 0
            ? `Nothing found in ${scopeText(options)}.`
            : results.map((result, i) =>
              resultText({
                result,
                question: respelt?.text ?? text,
                rank: i + 1,
                projectName: labels.get(result.unit.projectId) ?? "?",
                now
              })
            ).join("\n\n"),
          ...missingText(missing, respelt).map((note) => `\n${note}`),
          ...degraded.map((sentence) => `\nNote: ${advice(sentence)}.`)
        ].join("\n"))
    }).pipe(App.provide(App.reader))
).pipe(
  Command.withDescription("Find memories by what was said or done")
)
