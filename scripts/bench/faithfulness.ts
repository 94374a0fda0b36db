/**
 * Measures how well the check of a language model's units separates good units from bad ones. The units are hand-made
 * (test/fixtures/faithfulness.json). The check was tuned on every other source, so the sources kept back have figures of their own.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { table } from "../../src/cli/Output.ts"
import { isGood, judge, originOf } from "../../src/compress/abstractive/Quality.ts"
import type { Role } from "../../src/domain/Conversation.ts"
import type { UnitType } from "../../src/domain/MemoryUnit.ts"
import * as Settings from "../../src/settings/Settings.ts"
import { program, round } from "../../test/script.ts"

interface Fixture {
  readonly sources: ReadonlyArray<{
    readonly id: string
    readonly messages: ReadonlyArray<
      { readonly ref: string; readonly role: Role; readonly kind: string; readonly text: string }
    >
  }>
  readonly units: ReadonlyArray<{
    readonly source: string
    readonly type: UnitType
    readonly title: string
    readonly summary: string
    readonly statements: ReadonlyArray<{ readonly text: string; readonly sources: ReadonlyArray<string> }>
    readonly verdict: "good" | "bad"
    readonly fault: string | null
  }>
}

const judged = () => {
  const { sources, units }: Fixture = JSON.parse(
    readFileSync(Settings.packageFile("test", "fixtures", "faithfulness.json"), "utf8")
  )
  const origins = new Map(sources.map(({ id, messages }) => [
    id,
    originOf(
      messages.map(({ text }) => text).join("\n\n"),
      messages.filter(({ kind }) => kind === "text").map(({ text }) => text).join("\n\n")
    )
  ]))
  const roleOf = new Map(sources.flatMap(({ id, messages }) => messages.map(({ ref, role }) => [`${id} ${ref}`, role])))
  const tuned = new Set(sources.filter((_, i) => i % 2 === 0).map(({ id }) => id))
  return units.map((unit) => {
    const written = {
      ...unit,
      statements: unit.statements.map(({ sources, text }) => ({
        text,
        from: sources.flatMap((ref) => roleOf.get(`${unit.source} ${ref}`) ?? [])
      }))
    }
    const origin = origins.get(unit.source)!
    return {
      ...unit,
      isTuned: tuned.has(unit.source),
      kept: isGood(written, origin),
      verdictOf: judge(written, origin)
    }
  })
}

type Judged = ReturnType<typeof judged>[number]

/** Precision and recall of refusing bad units. */
const scoreOf = (units: ReadonlyArray<Judged>) => {
  const refused = units.filter(({ kept }) => !kept)
  const right = refused.filter(({ verdict }) => verdict === "bad").length
  const bad = units.filter(({ verdict }) => verdict === "bad").length
  return {
    units: units.length,
    bad,
    refused: refused.length,
    precision: round(right / refused.length, 3),
    recall: round(right / bad, 3)
  }
}

program("faithfulness", {
  description: "The check of what models write",
  options: {
    wrong: Options.boolean("wrong").pipe(
      Options.withDescription("Show the units of the tuned half that it judges wrong")
    )
  },
  run: ({ wrong }) =>
    Effect.sync(() => {
      const units = judged()
      const parts = {
        all: scoreOf(units),
        tunedOn: scoreOf(units.filter(({ isTuned }) => isTuned)),
        keptBack: scoreOf(units.filter(({ isTuned }) => !isTuned))
      }
      const faults = [...new Set(units.map(({ fault }) => fault))].filter((fault) => fault !== null).map((fault) => {
        const some = units.filter((unit) => unit.fault === fault)
        return { fault, units: some.length, refused: some.filter(({ kept }) => !kept).length }
      })
      return {
        data: { ...parts, faults },
        text: () => [
          ...table([
            ["", "units", "bad", "refused", "precision", "recall"],
            ...Object.entries(parts).map(([name, part]) => [name, ...Object.values(part).map(String)])
          ]),
          "",
          ...table([["fault", "units", "refused"], ...faults.map((each) => Object.values(each).map(String))]),
          ...(wrong
            ? units.filter(({ isTuned, kept, verdict }) => isTuned && kept === (verdict === "bad")).map((unit) =>
              `\n${unit.source} ${unit.type} ${unit.verdict} ${unit.fault ?? ""}: ${unit.title} | ${
                unit.statements.map(({ text }) => text).join(" | ")
              }\n  ${JSON.stringify(unit.verdictOf)}`
            )
            : [])
        ]
      }
    })
})
