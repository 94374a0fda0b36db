/**
 * Injects faults below the program: of its disk, rights, clock, limits, files and versions. Prints what each command, the
 * server and the hooks then say, and what is there afterwards.
 */
import * as Options from "@effect/cli/Options"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { plural } from "../../src/cli/Output.ts"
import { BenchError, cellText, everyCase, markdown, program, round, temporaryFolder, timed } from "../script.ts"
import { isAccepted } from "./machine/checks.ts"
import { type Cell, drill, prepare, type Report } from "./machine/drill.ts"
import { type Fault, faults } from "./machine/faults.ts"

/** Faults at a time. */
const CONCURRENCY = 2

const isRoot = process.getuid?.() === 0

/** Other users and disks need root. */
const canBegin = ({ disk, uid }: Fault) => isRoot || (disk === undefined && uid === undefined)

/** Longest text of an answer that is shown; --json has all of it. */
const SHOWN = 240

/** What an answer says, on one line and without the paths and times of this run; nothing of one that is as it should be. */
const said = ({ end, stderr, stdout }: Cell) => {
  const text = (end === "0" || end === "answered" ? stderr : stderr || stdout.replace(/^(?:ok|note) .*$/gm, "")).trim()
    .replace(/\/\S*claude-memory-drill-\w+/g, "~").replace(/node \S*main\.js/g, "claude-memory")
    .replace(/timestamp=\S+ level=(\w+) fiber=#\d+ message=/g, "$1 ").replace(/\s+/g, " ")
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`
}

/** Joins the actions that ended alike. */
const rows = (cells: ReadonlyArray<Cell>) =>
  Object.values(Arr.groupBy(cells, (cell) => JSON.stringify([cell.end, said(cell)]))).map((alike) => [
    alike.map(({ action }) => action).join(", "),
    alike[0].end,
    cellText(said(alike[0])),
    round(Math.max(...alike.map(({ ms }) => ms)))
  ])

const section = ({ afterwards, cells, fault }: Report) => [
  `## ${fault}`,
  "",
  ...markdown(["asked", "end", "what it says", "ms at most"], rows(cells)),
  "",
  `Afterwards: ${afterwards.length === 0 ? "all is there, nothing is wrong." : afterwards.join("; ")}`,
  ""
]

program("machine-faults", {
  description: "What is said, and what is there afterwards, for each fault of the machine",
  options: {
    only: Options.optional(Options.text("only")).pipe(Options.withDescription("Faults whose name has this text"))
  },
  run: ({ only }) =>
    Effect.gen(function*() {
      const wanted = faults.filter(({ name }) => name.includes(Option.getOrElse(only, () => "")))
      if (wanted.length === 0) return yield* new BenchError({ reason: "Input", detail: "no fault has that name" })
      const left = wanted.filter((fault) => !canBegin(fault))
      const prepared = yield* prepare(yield* temporaryFolder)
      const [reports, ms] = yield* timed(
        everyCase(wanted.filter(canBegin), CONCURRENCY, (fault) => drill(fault, prepared))
      )
      const failures = reports.flatMap(({ failures, fault }) => failures.map((each) => `${fault}: ${each}`))
      return {
        ok: failures.length === 0,
        data: { ok: failures.length === 0, reports, leftOut: left.map(({ name }) => name), failures, ms: round(ms) },
        text: () => [
          ...reports.flatMap(section),
          ...left.map(({ name }) => `LEFT OUT ${name}: only root can make it`),
          ...failures.map((failure) => `FAILED ${failure}`),
          `${plural(reports.length, "fault")}, ${
            plural(reports.reduce((sum, { cells }) => sum + cells.length, 0), "answer")
          }, ${plural(reports.flatMap(({ cells }) => cells).filter((cell) => !isAccepted(cell)).length, "refusal")}, ${
            plural(failures.length, "failure")
          }, ${round(ms / 1_000)} s`
        ]
      }
    })
})
