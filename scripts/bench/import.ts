/**
 * Times an import, beside reading and parsing the same files alone, and beside a second import of the same.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { balance, isBalanced, number } from "../../src/cli/Output.ts"
import { isJson } from "../../src/domain/Json.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { integer, median, program, round, rounds, service, temporaryFolder, timed } from "../../test/script.ts"
import { imported, transcripts, transcriptsIn } from "./shared/transcripts.ts"

/** Lower bound: reads every byte and parses every line, one file at a time. */
const parseAll = (files: ReadonlyArray<string>) =>
  Effect.sync(() => {
    let parsed = 0
    for (const file of files) {
      for (const line of readFileSync(file, "utf8").split("\n")) if (line !== "" && isJson(line)) parsed++
    }
    return parsed
  })

const sizeOf = (files: ReadonlyArray<string>) =>
  Effect.sync(() => {
    let bytes = 0
    let lines = 0
    for (const file of files) {
      const content = readFileSync(file)
      bytes += content.length
      for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) lines++
      if (content.length > 0 && content.at(-1) !== 10) lines++
    }
    return { bytes, lines }
  })

/** Covers the time from opening the store to its last commit, without closing it. */
const importInto = (home: string, transcripts: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (since) =>
    Effect.gen(function*() {
      const report = yield* imported(transcripts, since)
      return { report, status: yield* (yield* ClaudeMemory).status }
    }).pipe(Effect.provide(service(home))))

const oneRound = (transcripts: string, files: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const home = yield* temporaryFolder
    const [, parseMs] = yield* timed(parseAll(files))
    const first = yield* importInto(home, transcripts)
    const second = yield* importInto(home, transcripts)
    return { parseMs, first, importMs: first.report.durationMs, secondMs: second.report.durationMs }
  }).pipe(Effect.scoped)

program("import", {
  description: "Time an import, beside parsing alone",
  options: { transcripts, rounds: integer("rounds", 5, "How often each is measured; medians are given") },
  run: ({ rounds: count, transcripts }) =>
    Effect.gen(function*() {
      const files = yield* transcriptsIn(transcripts)
      const { bytes, lines } = yield* sizeOf(files)
      const all = yield* rounds(count, () => oneRound(transcripts, files))
      const { report, status } = all[0]!.first
      const parseMs = median(all.map((each) => each.parseMs))
      const importMs = median(all.map((each) => each.importMs))
      const secondMs = median(all.map((each) => each.secondMs))
      const data = {
        files: files.length,
        bytes,
        parseMs: round(parseMs, 1),
        importMs: round(importMs),
        ratio: round(importMs / parseMs, 2),
        // The first of the process, before anything was compiled: what a person waits for.
        coldParseMs: round(all[0]!.parseMs, 1),
        coldImportMs: all[0]!.importMs,
        secondMs: round(secondMs),
        secondRatio: round(secondMs / importMs, 4),
        lines: report.lines,
        linesInFiles: lines,
        balanced: isBalanced(report.lines) && report.lines.total === lines,
        sessions: report.sessions,
        messages: report.messages,
        units: report.units.total,
        textMessagesCited: status.textMessages
      }
      return {
        data,
        text: () => [
          `${number(data.files)} files, ${(bytes / 1e6).toFixed(1)} MB, ${number(lines)} lines; ` +
          `medians of ${all.length} rounds, interleaved`,
          `reading and parsing alone   ${number(round(parseMs))} ms`,
          `import                      ${number(data.importMs)} ms, ${data.ratio} times that ` +
          `(the first of the process: ${number(data.coldImportMs)} ms)`,
          `import of nothing new       ${number(data.secondMs)} ms, ${
            (data.secondRatio * 100).toFixed(1)
          } % of the import`,
          `${balance(report.lines)}${data.balanced ? ", balanced" : ": NOT BALANCED"}`,
          `${number(data.sessions)} sessions, ${number(data.messages)} messages, ${number(data.units)} units; ` +
          `${number(status.textMessages.cited)} of ${
            number(status.textMessages.total)
          } messages that say something are cited`
        ]
      }
    })
})
