/**
 * The gate's report, as text and as JSON.
 */
import { plural } from "../../src/cli/Output.ts"
import { median, round } from "../script.ts"
import type { Slopes } from "./cycles.ts"
import type { Mutant } from "./mutants.ts"
import type { ProcessReport } from "./processes.ts"

export interface Parts {
  readonly cycles: { readonly cycles: number; readonly slopes: Slopes }
  readonly acquisitions: {
    readonly acquisitions: number
    readonly runs: number
    /** False when PostgreSQL is not installed, so that its scenario is left out. */
    readonly hasPostgres: boolean
  }
  /** Disturbed calls, by the server that they need. */
  readonly calls: {
    readonly ofModels: number
    readonly ofQdrant: number
    readonly ofPostgres: number
    readonly hasPostgres: boolean
  }
  readonly steady: { readonly repeats: number }
  /** Clients of MCP over HTTP that came and went. */
  readonly clients: { readonly clients: number }
  readonly races: { readonly resources: number; readonly runs: number }
  readonly interruptions: { readonly interruptions: number; readonly cut: number }
  readonly processes: ProcessReport
  readonly mutants: {
    readonly total: number
    readonly caught: number
    readonly byGate: number
    readonly byLint: number
    readonly byTypes: number
    readonly variants: ReadonlyArray<Mutant>
  }
}

/** The parts that were run, each with its time. */
export type Report = { -readonly [K in keyof Parts]?: (Parts[K] & { readonly ms: number }) | undefined }

const slopes = ({ slopes }: Parts["cycles"]) => {
  const each = Object.entries(slopes).map(([name, slope]) => [`${name}PerCycle`, slope] as const)
  return {
    slopes: Object.fromEntries(each.map(([name, { perStep }]) => [name, round(perStep, 3)])),
    confidence: Object.fromEntries(each.map(([name, { high, low }]) => [name, [round(low, 3), round(high, 3)]])),
    floors: Object.fromEntries(each.map(([name, { floor }]) => [name, floor]))
  }
}

/** What holds for the whole run. */
export interface Run {
  readonly seed: number
  /** Command that repeats the run. */
  readonly command: string
  readonly failures: ReadonlyArray<string>
  readonly ms: number
  /** How many times as slow as a quiet one the machine was at the worst. */
  readonly slowness: number
  /** The part in which the gate was ended from outside. */
  readonly cutIn?: string
}

export const data = (report: Report, { command, cutIn, failures, ms, seed, slowness }: Run) => ({
  ok: failures.length === 0 && cutIn === undefined,
  seed,
  command,
  cutIn,
  slowness: round(slowness, 1),
  acquisitions: report.acquisitions?.acquisitions,
  runs: report.acquisitions?.runs,
  hasPostgres: report.acquisitions?.hasPostgres,
  calls: report.calls && {
    ofModels: report.calls.ofModels,
    ofQdrant: report.calls.ofQdrant,
    ofPostgres: report.calls.ofPostgres
  },
  steadyRepeats: report.steady?.repeats,
  clients: report.clients?.clients,
  races: report.races && { resources: report.races.resources, runs: report.races.runs },
  interruptions: report.interruptions?.interruptions,
  cycles: report.cycles?.cycles,
  ...(report.cycles !== undefined && slopes(report.cycles)),
  processes: report.processes && {
    cases: report.processes.cases,
    failed: report.processes.failed,
    exitMs: report.processes.exitMs
  },
  mutants: report.mutants && {
    total: report.mutants.total,
    caught: report.mutants.caught,
    byGate: report.mutants.byGate,
    byLint: report.mutants.byLint,
    byTypes: report.mutants.byTypes,
    variants: report.mutants.variants
  },
  durationMs: round(ms),
  partsMs: Object.fromEntries(
    Object.entries(report).flatMap(([name, part]) => part === undefined ? [] : [[name, round(part.ms)]])
  ),
  failures
})

const bytes = new Set(["heapBytes", "externalBytes", "rssBytes"])

const slopeText = (all: Slopes) =>
  Object.entries(all).map(([name, { floor, high, low, perStep }]) => {
    const digits = bytes.has(name) ? 0 : 4
    const [b, from, to] = [perStep, low, high].map((value) => round(value, digits))
    return `    ${name.padEnd(13)} ${b} (95 %: ${from} to ${to}; noise floor ${floor})`
  })

const exits = (name: string, found: ReadonlyArray<number>) =>
  found.length === 0
    ? `${name} not timed`
    : `${name} median ${round(median(found))} ms, at most ${round(Math.max(...found))} ms (${found.length} times)`

const withoutPostgres = ({ hasPostgres }: { readonly hasPostgres: boolean }) =>
  hasPostgres ? [] : ["    PostgreSQL is not installed here: a memory in it was left out"]

const SHOWN = 90
const cut = (text: string) => text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text

const mutantText = ({ gate, lint, name, types }: Mutant) => [
  `    ${name}`,
  ...Object.entries({ gate, lint, types }).flatMap(([guard, found]) =>
    found === undefined ? [] : [`      ${guard}: ${found === null ? "-" : cut(found)}`]
  )
]

export const text = (report: Report, run: Run): ReadonlyArray<string> => {
  const { command, cutIn, failures, ms, seed, slowness } = run
  const { acquisitions, calls, clients, cycles, interruptions, mutants, processes, races, steady } = report
  const seconds = (part: { readonly ms: number }) => `${round(part.ms / 1_000, 1)} s`
  const [found, took] = [plural(failures.length, "failure"), `${round(ms / 1_000)} s`]
  return [
    `seed ${seed}, again with: ${command}`,
    ...(slowness < 1.5 ? [] : [`the machine was up to ${round(slowness, 1)} times as slow as a quiet one`]),
    ...(cycles === undefined ? [] : [
      `${plural(cycles.cycles, "cycle")} of opening, using and closing, ${seconds(cycles)}; more with each:`,
      ...slopeText(cycles.slopes)
    ]),
    ...(calls === undefined ? [] : [
      `${
        plural(calls.ofModels + calls.ofQdrant + calls.ofPostgres, "disturbed call")
      } (${calls.ofModels} of models, ${calls.ofQdrant} of Qdrant, ${calls.ofPostgres} of PostgreSQL), ${
        seconds(calls)
      }`,
      ...withoutPostgres(calls)
    ]),
    ...(steady === undefined
      ? []
      : [`every call ${steady.repeats} times more opened nothing but files, ${seconds(steady)}`]),
    ...(clients === undefined
      ? []
      : [`${plural(clients.clients, "client")} of MCP over HTTP came and went, ${seconds(clients)}`]),
    ...(acquisitions === undefined ? [] : [
      `${plural(acquisitions.acquisitions, "acquisition")}, gone wrong in ${acquisitions.runs} runs, ${
        seconds(acquisitions)
      }`,
      ...withoutPostgres(acquisitions)
    ]),
    ...(races === undefined
      ? []
      : [`${plural(races.runs, "interleaving")} of ${plural(races.resources, "shared resource")}, ${seconds(races)}`]),
    ...(interruptions === undefined ? [] : [
      `${plural(interruptions.interruptions, "interruption")} (${interruptions.cut} before the end of the work), ${
        seconds(interruptions)
      }`
    ]),
    ...(processes === undefined ? [] : [
      `${plural(processes.cases, "program")} disturbed, ${processes.failed} failed, ${seconds(processes)}`,
      `    SIGTERM to exit: ${exits("idle", processes.exitMs.idle)}; ${exits("working", processes.exitMs.working)}`
    ]),
    ...(mutants === undefined ? [] : [
      `${
        plural(mutants.total, "leak")
      } put into the sources: ${mutants.caught} found (gate ${mutants.byGate}, linter ${mutants.byLint}, compiler ${mutants.byTypes}), ${
        seconds(mutants)
      }`,
      ...mutants.variants.flatMap(mutantText)
    ]),
    ...failures.map((failure) => `FAILED ${failure}`),
    cutIn !== undefined
      ? `cut off in ${cutIn} after ${took}, ${found} until then`
      : failures.length === 0
      ? `nothing was left open, ${took}`
      : `${found}, ${took}`
  ]
}
