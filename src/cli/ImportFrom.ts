/**
 * Brings in what another program remembers, and reports what became of its records.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { join, resolve } from "node:path"
import * as App from "../App.ts"
import type { UnitType } from "../domain/MemoryUnit.ts"
import { ForeignMemory, MAX_FIELD_LENGTH, type Source } from "../moving/ForeignMemory.ts"
import type { Moved } from "../moving/Moving.ts"
import type { Placed } from "../moving/Places.ts"
import { advice, quoted } from "../process/Advice.ts"
import { userFolder } from "../process/Environment.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, json, listed, number, plural, refuse, table } from "./Output.ts"
import * as Progress from "./Progress.ts"

const SOURCES: Readonly<Record<Source, string>> = {
  "claude-mem": "claude-mem: its database in ~/.claude-mem, or --file",
  predecessor: "predecessor: the Python service of 2025, whose PostgreSQL --url names"
}

const source = Args.choice(
  Arr.map(["claude-mem", "predecessor"] as const, (name): [string, Source] => [name, name]),
  { name: "source" }
).pipe(
  Args.withDescription(
    `${
      Object.values(SOURCES).join(". ")
    }. It is only read, also while it is in use. A second time brings in what is new`
  )
)

const file = Options.text("file").pipe(
  Options.withDescription("The database of claude-mem; without it, ~/.claude-mem/claude-mem.db"),
  Options.optional
)
const url = Options.redacted("url").pipe(
  Options.withPseudoName("url"),
  Options.withDescription("The predecessor's database: postgresql://USER:PASSWORD@HOST:5432/DATABASE"),
  Options.optional
)
const prompts = Options.boolean("prompts").pipe(
  Options.withDescription("Bring in claude-mem's record of your prompts too, where they have at least eight words")
)
const dryRun = Options.boolean("dry-run").pipe(
  Options.withDescription("Only say what would be brought in; write nothing")
)

export const options = { file, url, prompts, dryRun, json }

interface Place extends Placed {
  /** Records that were brought in. */
  readonly records: number
}

/** What became of the records: read = moved + there + the sum of `skipped`. */
export interface MoveReport extends Omit<Moved, "_tag" | "places" | "units"> {
  readonly units: { readonly total: number; readonly byType: Readonly<Partial<Record<UnitType, number>>> }
  readonly places: ReadonlyArray<Place>
  readonly degraded: ReadonlyArray<string>
}

export const empty: MoveReport = {
  read: 0,
  moved: 0,
  there: 0,
  skipped: {},
  units: { total: 0, byType: {} },
  split: 0,
  cut: { records: 0, characters: 0 },
  leftOut: 0,
  undated: 0,
  redactions: {},
  places: [],
  degraded: []
}

const sum = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) => {
  const all = new Map(Object.entries(a))
  for (const [name, n] of Object.entries(b)) all.set(name, (all.get(name) ?? 0) + n)
  return Object.fromEntries(all)
}

const sumPlaces = (before: ReadonlyArray<Place>, more: Moved["places"]): ReadonlyArray<Place> => {
  const all = new Map(before.map((place) => [place.name, place]))
  for (const { placed, records } of more) {
    all.set(placed.name, { ...placed, records: (all.get(placed.name)?.records ?? 0) + records })
  }
  return [...all.values()]
}

/** Adds what became of a batch. */
export const add = (report: MoveReport, { _tag, places, units, ...moved }: Moved): MoveReport => {
  const byType: Record<string, number> = { ...report.units.byType }
  for (const { type } of units) byType[type] = (byType[type] ?? 0) + 1
  return {
    ...report,
    read: report.read + moved.read,
    moved: report.moved + moved.moved,
    there: report.there + moved.there,
    skipped: sum(report.skipped, moved.skipped),
    units: { total: report.units.total + units.length, byType },
    split: report.split + moved.split,
    cut: {
      records: report.cut.records + moved.cut.records,
      characters: report.cut.characters + moved.cut.characters
    },
    leftOut: report.leftOut + moved.leftOut,
    undated: report.undated + moved.undated,
    redactions: sum(report.redactions, moved.redactions),
    places: sumPlaces(report.places, places)
  }
}

const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)

const placeText = ({ how, name, project, records }: Place): ReadonlyArray<string> => [
  name === "" ? "(without a name)" : name,
  "→",
  project.name,
  how === "own" ? "a project of its own" : project.root,
  plural(records, "record")
]

/** Shows this many projects; the rest is counted. */
const SHOWN_PLACES = 20

export const reportText = (
  report: MoveReport,
  { isDryRun, left, place, source }: {
    readonly source: Source
    readonly place: string
    readonly left: Readonly<Record<string, number>>
    readonly isDryRun: boolean
  }
): string => {
  const skipped = listed(report.skipped)
  const redactions = listed(report.redactions)
  const types = listed(report.units.byType)
  const places = report.places.toSorted((a, b) => b.records - a.records || (a.name < b.name ? -1 : 1))
  const own = places.find(({ how }) => how === "own")
  return [
    `${source} at ${place}, which was only read:`,
    `${plural(report.read, "record")} = ${number(report.moved)} ${isDryRun ? "to bring in" : "brought in"} + ${
      number(report.there)
    } already here + ${number(total(report.skipped))} skipped${skipped === "" ? "" : ` (${skipped})`}`,
    `${number(report.units.total)} ${report.units.total === 1 ? "memory" : "memories"}${
      types === "" ? "" : `: ${types}`
    }`,
    ...(report.split === 0 ? [] : [`${plural(report.split, "record")} longer than a memory: in several parts`]),
    ...(report.cut.records === 0 ? [] : [
      `${plural(report.cut.records, "record")} cut at ${number(MAX_FIELD_LENGTH)} characters a field: ${
        number(report.cut.characters)
      } characters left there`
    ]),
    ...(report.leftOut === 0 ? [] : [`${number(report.leftOut)} keywords and files too many, or too long, left there`]),
    ...(report.undated === 0 ? [] : [`${plural(report.undated, "record")} without a date: dated today`]),
    ...(redactions === "" ? [] : [`secrets masked: ${redactions}`]),
    ...(total(left) === 0 ? [] : [
      `not read: ${listed(left)}${left["prompts"] === undefined ? "" : " (--prompts brings them in)"}`
    ]),
    ...report.degraded.map((each) => `degraded: ${advice(each)}`),
    ...(places.length === 0 ? [] : [
      "",
      "projects:",
      ...table(places.slice(0, SHOWN_PLACES).map(placeText)).map((row) => `  ${row}`),
      ...(places.length > SHOWN_PLACES ? [`  and ${number(places.length - SHOWN_PLACES)} more`] : [])
    ]),
    ...(own === undefined || isDryRun ? [] : [
      advice(
        `\`claude-memory projects merge ${
          quoted(own.project.root)
        } FOLDER\` gives what is remembered of ${own.project.name} to the project of a folder.`
      )
    ]),
    ...(isDryRun ? ["", "Nothing was written: this was a dry run."] : [])
  ].join("\n")
}

/** Returns what to read; fails with what the command needs for this source, or does not take. */
const foreignOf = (source: Source, { file, prompts, url }: {
  readonly file: Option.Option<string>
  readonly url: Option.Option<Redacted.Redacted>
  readonly prompts: boolean
}) => {
  if (source === "claude-mem") {
    const path = Option.match(file, {
      onNone: () => join(userFolder(), ".claude-mem", "claude-mem.db"),
      onSome: (given) => resolve(given)
    })
    return Option.isSome(url)
      ? refuse("claude-mem has a file: name it by --file PATH; --url is for the predecessor")
      : Effect.succeed<App.Foreign>({ _tag: "claude-mem", file: path, prompts })
  }
  if (Option.isNone(url)) {
    return refuse("the predecessor's memory is in PostgreSQL: --url postgresql://USER:PASSWORD@HOST:5432/DATABASE")
  }
  return Option.isSome(file) || prompts
    ? refuse("--file and --prompts are for claude-mem")
    : Effect.succeed<App.Foreign>({ _tag: "predecessor", url: url.value })
}

export const command = Command.make(
  "import-from",
  { source, ...options },
  ({ dryRun, file, json, prompts, source, url }) =>
    Effect.gen(function*() {
      const from = yield* foreignOf(source, { file, url, prompts })
      const since = yield* Clock.currentTimeMillis
      const { left, place, report } = yield* Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const foreign = yield* ForeignMemory
        const progress = yield* Progress.make(0)
        let report = empty
        yield* memory.moveIn(foreign, dryRun).pipe(
          Stream.runForEach((step) => {
            switch (step._tag) {
              case "Moved":
                report = add(report, step)
                return progress.moved(step.read, foreign.total)
              case "Indexed":
                return progress.indexed(step.units, report.units.total)
              case "Postponed":
                report = {
                  ...report,
                  degraded: [
                    ...report.degraded,
                    `some memories are found by their words alone until the next import: ${step.error.message}`
                  ]
                }
                return Effect.void
              default:
                return Effect.void
            }
          }),
          Effect.ensuring(progress.end)
        )
        return { left: foreign.left, place: foreign.place, report }
      }).pipe(App.provide(App.movingFrom(from, dryRun)))
      const durationMs = (yield* Clock.currentTimeMillis) - since
      const { places, ...counts } = report
      yield* answer(
        json,
        { source, place, isDryRun: dryRun, ...counts, projects: places, left, durationMs },
        () => reportText(report, { source, place, left, isDryRun: dryRun })
      )
    })
).pipe(Command.withDescription("Bring in what another program remembers"))
