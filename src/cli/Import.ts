/**
 * Imports transcripts, and reports what the steps of the pipeline did.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as App from "../App.ts"
import type { Pair, TranscriptFile } from "../capture/Collector.ts"
import type { UnitType } from "../domain/MemoryUnit.ts"
import { advice } from "../process/Advice.ts"
import * as LeakProbe from "../resources/monitor/LeakProbe.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { transcriptsFolder } from "../settings/Reading.ts"
import * as Settings from "../settings/Settings.ts"
import type { LineSum, WorkItem } from "../store/MemoryStore.ts"
import { attachedText, type Question, questionsOf, questionText } from "./GoneFolders.ts"
import { answer, balance, json, listed, number, plural } from "./Output.ts"
import * as Progress from "./Progress.ts"
import { textArgument } from "./Scope.ts"

/** Counts of one import. */
export interface ImportReport {
  readonly files: number
  readonly lines: LineSum
  readonly sessions: number
  readonly messages: number
  readonly units: { readonly total: number; readonly byType: Readonly<Partial<Record<UnitType, number>>> }
  readonly redactions: Readonly<Record<string, number>>
  /** Segments and sessions that a language model reviewed. */
  readonly reviewed: number
  /** Sentences about work that waits for a model or the index. */
  readonly degraded: ReadonlyArray<string>
  /** Projects of folders, each merged into that of its repository. */
  readonly attached: ReadonlyArray<Pair>
  /** Those that only look like parts of a repository. */
  readonly alike: ReadonlyArray<Question>
  readonly durationMs: number
}

const add = (into: Record<string, number>, counts: Readonly<Record<string, number>>) => {
  for (const [key, n] of Object.entries(counts)) if (n > 0) into[key] = (into[key] ?? 0) + n
}

export const emptyReport: ImportReport = {
  files: 0,
  lines: { total: 0, stored: 0, skipped: {}, deadLetter: 0 },
  sessions: 0,
  messages: 0,
  units: { total: 0, byType: {} },
  redactions: {},
  reviewed: 0,
  degraded: [],
  attached: [],
  alike: [],
  durationMs: 0
}

const sum = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) => {
  const all = { ...a }
  add(all, b)
  return all
}

/** Adds up two imports. */
export const merge = (a: ImportReport, b: ImportReport): ImportReport => ({
  files: a.files + b.files,
  lines: {
    total: a.lines.total + b.lines.total,
    stored: a.lines.stored + b.lines.stored,
    skipped: sum(a.lines.skipped, b.lines.skipped),
    deadLetter: a.lines.deadLetter + b.lines.deadLetter
  },
  sessions: a.sessions + b.sessions,
  messages: a.messages + b.messages,
  units: { total: a.units.total + b.units.total, byType: sum(a.units.byType, b.units.byType) },
  redactions: sum(a.redactions, b.redactions),
  reviewed: a.reviewed + b.reviewed,
  degraded: [...new Set([...a.degraded, ...b.degraded])],
  attached: [...a.attached, ...b.attached],
  alike: b.alike,
  durationMs: a.durationMs + b.durationMs
})

const POSTPONED_TEXT: Readonly<Record<WorkItem["kind"], string>> = {
  segment: "some memories are made by the next import",
  session: "some summaries are made by the next import",
  index: "some memories are found by their words alone until the next import",
  review: "some sessions are not reviewed yet",
  recap: "some sessions are not reviewed yet",
  upgrade: "some sessions still have the memories that an earlier version made",
  reconcile: "the index does not hold all memories yet: some are found by their words alone until the next import"
}

/** Imports these files, showing progress on a terminal. `durationMs` of the report counts from `since`. */
export const importFiles = (files: ReadonlyArray<TranscriptFile>, since: number) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const skipped: Record<string, number> = {}
    const redactions: Record<string, number> = {}
    const byType: Partial<Record<UnitType, number>> = {}
    const readFiles = new Set<string>()
    const degraded: Array<string> = []
    let total = 0
    let stored = 0
    let deadLetter = 0
    let sessions = 0
    let messages = 0
    let units = 0
    let reviewed = 0
    const attached: Array<Pair> = []
    let alike: ReadonlyArray<Question> = []
    const progress = yield* Progress.make(files.reduce((sum, { size }) => sum + size, 0))

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
            return progress.compressed(step.units.length)
          case "Reviewed":
            reviewed += step.items
            return progress.reviewed(step.items)
          case "Recognized":
            attached.push(...step.sure)
            return Effect.map(memory.projects.known, (known) => {
              alike = questionsOf(step, known)
            })
          case "Indexed":
          case "Compared":
            return progress.compressed(0)
          case "Postponed":
            degraded.push(`${POSTPONED_TEXT[step.kind]}: ${step.error.message}`)
            return Effect.void
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
      reviewed,
      degraded,
      attached,
      alike,
      durationMs: (yield* Clock.currentTimeMillis) - since
    }
    return report
  })

/** Formats a report; the memory holds `held` memories now, which are fewer than were made where some say the same. */
export const reportText = (report: ImportReport, held: number): string => {
  const types = listed(report.units.byType)
  const redactions = listed(report.redactions)
  return [
    balance(report.lines, 4),
    `${plural(report.files, "file")}, ${plural(report.sessions, "new session")}, ${plural(report.messages, "message")}`,
    `${number(report.units.total)} ${report.units.total === 1 ? "memory" : "memories"} made${
      types === "" ? "" : `: ${types}`
    }`,
    ...(report.units.total === 0 ? [] : [`the memory now holds ${number(held)}; those that say the same are one`]),
    ...(redactions === "" ? [] : [`secrets masked: ${redactions}`]),
    ...(report.reviewed === 0
      ? []
      : [`reviewed by a language model: ${number(report.reviewed)} segments and sessions`]),
    ...report.degraded.map((each) => `degraded: ${advice(each)}`),
    `${(report.durationMs / 1000).toFixed(1)} s`,
    ...(report.attached.length === 0 ? [] : ["", advice(attachedText(report.attached))]),
    ...report.alike.flatMap((question) => ["", advice(questionText(question))])
  ].join("\n")
}

const paths = textArgument("path").pipe(
  Args.withDescription("Transcripts, or folders of them; without any, Claude Code's own folder"),
  Args.repeated
)

export const options = { json }

export const command = Command.make("import", { paths, ...options }, ({ json, paths }) =>
  Effect.gen(function*() {
    const settings = yield* Settings.load
    const before = yield* LeakProbe.read
    const since = yield* Clock.currentTimeMillis
    const { held, report } = yield* Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const files = yield* memory.discover(paths.length > 0 ? paths : [transcriptsFolder(settings)])
      const report = yield* importFiles(files, since)
      return { held: yield* memory.count, report }
    }).pipe(App.provide(App.service("import")))
    // The scope has closed, and the ledger would have failed it if a resource were left open. The event loop closes the
    // descriptors in its next turns.
    yield* Effect.sleep("20 millis")
    const openAtExit = LeakProbe.beyond(before, yield* LeakProbe.read)
    yield* answer(json, { ...report, held, resources: { openAtExit } }, () => reportText(report, held))
  })).pipe(Command.withDescription("Read transcripts and make memories of what is new in them"))
