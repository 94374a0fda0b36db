/**
 * Imports transcripts into a new memory and prints random units of each type as Markdown, for a person to judge. A seed draws them.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { importFiles } from "../../src/cli/Import.ts"
import { answer, json } from "../../src/cli/Output.ts"
import { evidence, type MemoryUnit, UnitType } from "../../src/domain/MemoryUnit.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { main, mean, round, service, temporaryFolder } from "../../test/script.ts"

const MOST = 1_000_000

const quoted = (text: string) => text.split("\n").map((line) => `> ${line}`).join("\n")

const shown = (unit: MemoryUnit, i: number) =>
  [
    `### ${i + 1}. ${unit.type} ${unit.id.slice(0, 8)}`,
    `**${unit.title}**`,
    unit.summary,
    quoted(unit.content)
  ].join("\n\n")

const command = Cli.make("units", {
  transcripts: Options.directory("transcripts", { exists: "yes" }).pipe(
    Options.withDescription("Folder of transcripts")
  ),
  seed: Options.text("seed").pipe(Options.withDescription("Another seed draws other units"), Options.withDefault("1")),
  each: Options.integer("each").pipe(Options.withDescription("Units of each type"), Options.withDefault(10)),
  json
}, ({ each, json, seed, transcripts }) =>
  Effect.gen(function*() {
    const home = yield* temporaryFolder
    const all = yield* Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* importFiles(yield* memory.discover([transcripts]), yield* Clock.currentTimeMillis)
      return yield* memory.recent({ projects: "all" }, MOST)
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
    yield* answer(json, { types, drawn }, () =>
      [
        "| type | units | mean tokens | mean messages cited |",
        "|---|---|---|---|",
        ...types.map(({ cited, count, tokens, type }) =>
          `| ${type} | ${count} | ${tokens} | ${cited} |`
        ),
        "",
        drawn.map(shown).join("\n\n")
      ].join("\n"))
  }).pipe(Effect.scoped)).pipe(Cli.withDescription("Print units of each type, drawn at random"))

main(command, "units")
