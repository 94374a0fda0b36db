/**
 * What an import did, gathered from the steps of the pipeline, and the command that runs one.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as App from "../App.ts"
import type { TranscriptFile } from "../capture/Collector.ts"
import type { UnitType } from "../domain/MemoryUnit.ts"
import * as LeakProbe from "../resources/LeakProbe.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import * as Settings from "../Settings.ts"
import type { LineSum } from "../store/MemoryStore.ts"
import { answer, balance, json, number } from "./Output.ts"
import * as Progress from "./Progress.ts"

/** Counts of one run. */
export interface ImportReport {
  readonly files: number
  readonly lines: LineSum
  readonly sessions: number
  readonly messages: number
  readonly units: { readonly total: number; readonly byType: Readonly<Partial<Record<UnitType, number>>> }
  readonly redactions: Readonly<Record<string, number>>
  readonly durationMs: number
}

const add = (into: Record<string, number>, counts: Readonly<Record<string, number>>) => {
  for (const [key, n] of Object.entries(counts)) if (n > 0) into[key] = (into[key] ?? 0) + n
}

/** Imports these files, showing progress on a terminal. `since` is when the clock of `durationMs` started. */
export const run = (files: ReadonlyArray<TranscriptFile>, since: number) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const skipped: Record<string, number> = {}
    const redactions: Record<string, number> = {}
    const byType: Partial<Record<UnitType, number>> = {}
    const readFiles = new Set<string>()
    let total = 0
    let stored = 0
    let deadLetter = 0
    let sessions = 0
    let messages = 0
    let units = 0
    const progress = yield* Progress.make(files.reduce((sum, { size }) => sum + size, 0), process.stderr.isTTY === true)

    yield* memory.ingest(files).pipe(
      Stream.runForEach((step) => {
        switch (step._tag) {
          case "Captured": {
            const { batch, bytes, file, result } = step.captured
            if (result._tag === "Conflict") return Effect.void
            readFiles.add(file.path)
            total += batch.lines
            stored += result.stored
            deadLetter += batch.deadLetters.length
            sessions += result.newSessions
            messages += result.stored - batch.factLines
            add(skipped, { ...batch.skipped, duplicate: result.duplicates })
            add(redactions, batch.redactions)
            return progress.read(bytes)
          }
          case "Compressed":
            for (const { type } of step.units) byType[type] = (byType[type] ?? 0) + 1
            units += step.units.length
            return progress.made(step.units.length)
          case "Indexed":
            return progress.made(0)
        }
      }),
      Effect.ensuring(progress.end)
    )
    const report: ImportReport = {
      files: readFiles.size,
      lines: { total, stored, skipped, deadLetter },
      sessions,
      messages,
      units: { total: units, byType },
      redactions,
      durationMs: (yield* Clock.currentTimeMillis) - since
    }
    return report
  })

/** Runs a program in a service of its own and counts what is open after its scope has closed. */
export const counted = <A, E, R, E2>(
  program: Effect.Effect<A, E, R>,
  provide: (effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | E2>
) =>
  Effect.gen(function*() {
    const before = yield* LeakProbe.read
    const result = yield* provide(program)
    // Sockets and descriptors are given back by the event loop's next turn.
    yield* Effect.sleep("10 millis")
    return { result, openAtExit: LeakProbe.beyond(before, yield* LeakProbe.read) }
  })

export const reportText = (report: ImportReport): string => {
  const types = Object.entries(report.units.byType).map(([type, n]) => `${number(n)} ${type}`).join(", ")
  const redactions = Object.entries(report.redactions).map(([kind, n]) => `${number(n)} ${kind}`).join(", ")
  return [
    balance(report.lines),
    `${number(report.files)} files, ${number(report.sessions)} new sessions, ${number(report.messages)} messages`,
    `${number(report.units.total)} memories${types === "" ? "" : `: ${types}`}`,
    ...(redactions === "" ? [] : [`secrets masked: ${redactions}`]),
    `${(report.durationMs / 1000).toFixed(1)} s`
  ].join("\n")
}

const paths = Args.path({ name: "path" }).pipe(
  Args.withDescription("Transcripts, or folders of them; without any, Claude Code's own folder"),
  Args.repeated
)

export const command = Command.make("import", { paths, json }, ({ json, paths }) =>
  Effect.gen(function*() {
    const settings = yield* Settings.load
    const { openAtExit, result } = yield* counted(
      Effect.gen(function*() {
        const since = yield* Clock.currentTimeMillis
        const memory = yield* ClaudeMemory
        const files = yield* memory.discover(paths.length > 0 ? paths : [Settings.transcriptsFolder(settings)])
        const report = yield* run(files, since)
        const ledger = yield* ResourceLedger
        void ledger
        return report
      }),
      Effect.provide(App.service)
    )
    yield* answer(json, { ...result, resources: { openAtExit } }, () => reportText(result))
  })).pipe(Command.withDescription("Read transcripts and make memories of what is new in them"))
