/**
 * Runs an import, a search and an injection once, on the person's own sessions or on samples.
 */
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as App from "../App.ts"
import type { TranscriptFile } from "../capture/Collector.ts"
import { MAX_HOOK_CHARS } from "../domain/Injection.ts"
import { advice } from "../process/Advice.ts"
import { Files } from "../resources/Files.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { transcriptsFolder } from "../settings/Reading.ts"
import * as Settings from "../settings/Settings.ts"
import { resultText } from "./Found.ts"
import { emptyReport, importFiles, type ImportReport, merge, reportText } from "./Import.ts"
import { answer, json, number, resultJson } from "./Output.ts"

const MAX_BYTES = 200e6
const MAX_MS = 60_000
/** Files of this size together pass the whole pipeline before the time is checked again. */
const GROUP_BYTES = 20e6

const SAMPLE_QUESTION = "why did we decide against Meilisearch?"

/**
 * Imports the newest files first, in groups, until the time or the size is used up; also returns the remaining
 * files.
 */
const importNewest = (files: ReadonlyArray<TranscriptFile>) =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    let report = emptyReport
    let bytes = 0
    let at = 0
    while (at < files.length) {
      const elapsed = (yield* Clock.currentTimeMillis) - start
      if (at > 0 && (elapsed > MAX_MS || bytes >= MAX_BYTES)) break
      const group: Array<TranscriptFile> = []
      let size = 0
      while (at < files.length && (group.length === 0 || size + files[at]!.size <= GROUP_BYTES)) {
        size += files[at]!.size
        group.push(files[at++]!)
      }
      bytes += size
      report = merge(report, yield* importFiles(group, yield* Clock.currentTimeMillis))
    }
    return { report, remaining: files.slice(at) }
  })

interface Source {
  readonly name: "own" | "samples"
  /** Place of the memory, for people. */
  readonly place: string
  readonly folder: string
  readonly files: ReadonlyArray<TranscriptFile>
}

const text = (
  source: Source,
  report: ImportReport,
  held: number,
  remaining: ReadonlyArray<TranscriptFile>,
  rest: string
) =>
  [
    source.name === "own"
      ? `Your own sessions, from ${source.folder}:`
      : `No sessions of yours in ${source.folder} yet, so these are sample sessions written for Claude Memory:`,
    "",
    reportText(report, held),
    ...(remaining.length === 0 ? [] : [
      advice(`Left for later: ${number(remaining.length)} older files; \`claude-memory import\` reads them.`)
    ]),
    "",
    rest
  ].join("\n")

const tour = (source: Source, isJson: boolean) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { remaining, report } = yield* importNewest(source.files)
    const { projects, units } = yield* memory.status
    const newest = source.name === "own" ? yield* memory.recent({ projects: "all", types: ["archive"] }, 1) : []
    const query = newest[0]?.title ?? SAMPLE_QUESTION
    const { degraded, results } = yield* memory.search({
      text: query,
      projects: "all",
      limit: 3,
      minScore: 0,
      mode: "hybrid"
    })
    const injected = yield* memory.inject({
      prompt: query,
      projects: "all",
      mode: "balanced",
      isAsked: true,
      maxTokens: 800,
      maxChars: MAX_HOOK_CHARS
    })
    const now = yield* Clock.currentTimeMillis
    const names = new Map(projects.map(({ id, name }) => [id, name]))
    yield* answer(
      isJson,
      {
        source: source.name,
        lines: report.lines,
        units,
        query,
        results: results.map(resultJson),
        injected: injected.text
      },
      () =>
        text(
          source,
          report,
          units.total,
          remaining,
          [
            `A question: ${query}`,
            "",
            ...results.map((result, i) => {
              const projectName = names.get(result.unit.projectId) ?? "?"
              return `${resultText({ result, question: query, rank: i + 1, projectName, now })}\n`
            }),
            ...degraded.map((sentence) => `Note: ${advice(sentence)}.\n`),
            "What would be put in front of Claude for it:",
            "",
            injected.text === "" ? "(nothing: no memory is good enough)" : injected.text,
            "",
            source.name === "own"
              ? `Your memory lies in ${source.place}.`
              : `The samples' memory lay in ${source.place} and is removed again.`,
            "",
            "Next:",
            source.name === "own"
              ? advice("  claude-memory search \"what you want to know\"     (in one of your projects' folders)")
              : advice("  claude-memory import                             (once you have used Claude Code)")
          ].join("\n")
        )
    )
  })

const ownSessions = Effect.gen(function*() {
  const settings = yield* Settings.load
  const fs = yield* FileSystem.FileSystem
  const folder = transcriptsFolder(settings)
  const isThere = yield* Effect.orElseSucceed(fs.exists(folder), () => false)
  return { place: yield* App.placeOf(settings), folder, isThere }
})

export const options = { json }

export const command = Command.make("quickstart", options, ({ json }) =>
  Effect.gen(function*() {
    const { folder, isThere, place } = yield* ownSessions
    if (isThere) {
      const isShown = yield* App.provide(App.service("quickstart"))(
        Effect.gen(function*() {
          const memory = yield* ClaudeMemory
          const files = yield* Effect.either(memory.discover([folder]))
          if (Either.isLeft(files) || files.right.length === 0) return false
          yield* tour({ name: "own", place, folder, files: files.right }, json)
          return true
        })
      )
      if (isShown) return
    }
    const samples = Settings.packageFile("test", "fixtures", "projects")
    yield* Effect.scoped(Effect.gen(function*() {
      const { temporaryFolder } = yield* Files
      const temporary = yield* temporaryFolder("quickstart")
      yield* App.provide(App.serviceIn(temporary, "quickstart"))(
        Effect.gen(function*() {
          const memory = yield* ClaudeMemory
          const files = yield* memory.discover([samples])
          yield* tour({ name: "samples", place: temporary, folder, files }, json)
        })
      )
    }))
  })).pipe(
    Command.withDescription("See it work: on your own sessions when there are any, else on samples")
  )
