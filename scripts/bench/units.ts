/**
 * Imports transcripts into a new memory and prints random units of each type as Markdown, for a person to judge. A seed draws them.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { evidence, type MemoryUnit, UnitType } from "../../src/domain/MemoryUnit.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { integer, mean, program, round, service, temporaryFolder } from "../../test/script.ts"
import { imported, transcripts } from "./shared/transcripts.ts"

const MOST = 1_000_000

const quoted = (text: string) => text.split("\n").map((line) => `> ${line}`).join("\n")

const shown = (unit: MemoryUnit, i: number) =>
  [
    `### ${i + 1}. ${unit.type} ${unit.id.slice(0, 8)}`,
    `**${unit.title}**`,
    unit.summary,
    quoted(unit.content)
  ].join("\n\n")

program("units", {
  description: "Print units of each type, drawn at random",
  options: {
    transcripts,
    seed: Options.text("seed").pipe(
      Options.withDescription("Another seed draws other units"),
      Options.withDefault("1")
    ),
    each: integer("each", 10, "Units of each type")
  },
  run: ({ each, seed, transcripts }) =>
    Effect.gen(function*() {
      const home = yield* temporaryFolder
      const all = yield* Effect.gen(function*() {
        yield* imported(transcripts)
        return yield* (yield* ClaudeMemory).recent({ projects: "all" }, MOST)
      }).pipe(Effect.provide(service(home)))
      const byType = UnitType.literals.map((type) => ({
        type,
        units: all.filter((unit) => unit.type === type).sort((a, b) => a.id < b.id ? -1 : 1)
      }))
      const types = byType.map(({ type, units }) => ({
        type,
        count: units.length,
        tokens: round(mean(units.map(({ tokens }) => tokens))),
        cited: round(mean(units.map((unit) => evidence(unit).length)), 2)
      }))
      const drawn = (yield* Effect.forEach(byType, ({ type, units }) =>
        Effect.map(Random.shuffle(units), (shuffled) => [...shuffled].slice(0, each)).pipe(
          Effect.withRandom(Random.make(`${seed} ${type}`))
        ))).flat()
      return {
        data: { types, drawn },
        text: () => [
          "| type | units | mean tokens | mean messages cited |",
          "|---|---|---|---|",
          ...types.map(({ cited, count, tokens, type }) =>
            `| ${type} | ${count} | ${tokens} | ${cited} |`
          ),
          "",
          drawn.map(shown).join("\n\n")
        ]
      }
    })
})
