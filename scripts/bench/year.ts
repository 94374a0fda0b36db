/**
 * Simulates a year of heavy use under a small limit: the transcripts come again month by month, with other words, dates and ids. Prints
 * the size over the months and what was let go, that what was saved is all there, and how many questions about the last month are
 * answered, beside a memory without a limit.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as App from "../../src/App.ts"
import { number, percent, table } from "../../src/cli/Output.ts"
import { evidence } from "../../src/domain/MemoryUnit.ts"
import { savedBy } from "../../src/domain/SavedBy.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { Retention } from "../../src/store/Retention.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteRetention from "../../src/store/sqlite/SqliteRetention.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import { copied } from "../../test/e2e/sessions.ts"
import { integer, program, progress, quantile, round, service, temporaryFolder } from "../../test/script.ts"
import { exchanged } from "./shared/large.ts"
import { labelledIn } from "./shared/questions.ts"
import { imported, transcripts, transcriptsIn } from "./shared/transcripts.ts"

const MONTH_MS = 30 * 86_400_000
const BEGINS = Date.UTC(2026, 0, 1)
const WORD = /[A-Za-z]{4,}/g

/** Keys of the texts that are said, by a person, Claude or a tool. */
const SAID = new Set(["content", "text", "thinking", "command", "description", "prompt", "stdout", "stderr"])

/** Changes what is said in a line, wherever it is nested. */
const changedIn = (value: unknown, change: (text: string) => string, key = ""): unknown =>
  typeof value === "string"
    ? SAID.has(key) ? change(value) : value
    : Array.isArray(value)
    ? value.map((each) => changedIn(each, change, key))
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, changedIn(each, change, name)]))
    : value

/** Returns a transcript as it might have been written at another time, about something else unless `words` are none. */
const replayed = (text: string, copy: number, shift: number, words: ReadonlyArray<string>) =>
  copied(text, copy).split("\n").map((line) => {
    if (line.trim() === "") return line
    try {
      const { timestamp, ...rest } = JSON.parse(line) as { readonly timestamp?: string }
      const said = words.length === 0 ? rest : changedIn(rest, (text) => exchanged(text, copy, words)) as object
      const at = timestamp === undefined ? {} : {
        timestamp: DateTime.formatIso(DateTime.unsafeMake(Date.parse(timestamp) + shift))
      }
      return JSON.stringify({ ...said, ...at })
    } catch {
      return line
    }
  }).join("\n")

/** Returns the time of a transcript's last line; of one without times that of the simulated year's beginning. */
const lastIn = (text: string): number =>
  [...text.matchAll(/"timestamp":"(\d[^"]+)"/g)].reduce((last, [, at]) => Math.max(last, Date.parse(at!)), 0) || BEGINS

/** Runs an effect at a time of the simulated year. */
const atTime = (time: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.clock, (clock) => {
    const there: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
      unsafeCurrentTimeMillis: () => time,
      currentTimeMillis: Effect.succeed(time)
    })
    return Effect.withClock(effect, there)
  })

/** Lets go all that is too much, as the process that captures does; returns how long the event loop was blocked, in milliseconds. */
const letGo = (home: string, megabytes: number, time: number) =>
  Effect.gen(function*() {
    const { step } = yield* Retention
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const longest: Array<number> = []
    for (let i = 0;; i++) {
      // The first step opens and prepares.
      delay.reset()
      if (i > 0) delay.enable()
      const done = yield* atTime(time)(step)
      yield* Effect.sleep(5)
      delay.disable()
      if (done === undefined) return longest
      if (i > 0) longest.push(delay.max / 1e6)
    }
  }).pipe(
    Effect.provide(
      SqliteRetention.layer({ bytes: megabytes * 1e6, ages: {} }).pipe(
        Layer.provide(SqliteStore.layer),
        Layer.provide(SqliteFile.layer({ folder: home, readOnly: false, busyTimeoutMs: 5_000 })),
        Layer.provide(App.platform)
      )
    )
  )

/** Returns for how many questions one of the ten best memories cites an answer. */
const answered = (questions: ReadonlyArray<{ readonly question: string; readonly uuids: ReadonlySet<string> }>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    let found = 0
    for (const { question, uuids } of questions) {
      const { results } = yield* memory.search({
        text: question,
        projects: "all",
        limit: 10,
        minScore: 0,
        mode: "hybrid"
      })
      if (results.some(({ unit }) => evidence(unit).some((uuid) => uuids.has(uuid)))) found++
    }
    return found
  })

const units = Effect.flatMap(ClaudeMemory, (memory) => memory.recent({ projects: "all" }, 1_000_000))

program("year", {
  description: "Simulate a year of heavy use under a limit",
  options: {
    transcripts,
    questions: Options.file("questions").pipe(
      Options.withDescription("Questions about the transcripts, one a line, with the messages that answer them"),
      Options.optional
    ),
    months: integer("months", 12, "Months that are simulated"),
    replays: integer("replays", 3, "How often the transcripts come in a month"),
    megabytes: integer("megabytes", 20, "Limit of the memory")
  },
  run: ({ megabytes, months, questions, replays, transcripts }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const files = yield* transcriptsIn(transcripts)
      const texts = yield* Effect.forEach(files, (file) => fs.readFileString(file))
      const words = [...new Set(texts.join("\n").match(WORD) ?? [])]
      const [limited, free] = [yield* temporaryFolder, yield* temporaryFolder]
      const last = months * replays - 1
      const rows: Array<ReadonlyArray<string>> = []
      const saved: Array<string> = []
      let bytes = 0
      const steps: Array<number> = []
      for (let month = 0; month < months; month++) {
        const end = BEGINS + (month + 1) * MONTH_MS
        for (let replay = 0; replay < replays; replay++) {
          const copy = month * replays + replay
          yield* progress(`month ${month + 1} of ${months}, ${replay + 1} of ${replays}`)
          yield* Effect.scoped(Effect.gen(function*() {
            const folder = yield* temporaryFolder
            for (const [i, text] of texts.entries()) {
              const place = end - MONTH_MS + (replay + 0.5 + i / texts.length / 3) * MONTH_MS / replays
              // The last ones are asked about, so they keep their words.
              const changed = replayed(text, copy, place - lastIn(text), copy === last ? [] : words)
              bytes += Buffer.byteLength(changed)
              yield* fs.writeFileString(path.join(folder, `${i}-${copy}.jsonl`), changed)
            }
            for (const home of [limited, free]) yield* Effect.provide(imported(folder), service(home))
          }))
        }
        yield* Effect.gen(function*() {
          const { edit, save } = yield* ClaudeMemory
          for (const by of ["person", "claude"] as const) {
            const content = `In month ${month + 1} ${
              by === "person" ? "Ines" : "the build"
            } signs the releases of the shop.`
            const { id } = yield* save({ content, by, project: { folder: "/work/shop" } })
            if (by === "claude") yield* edit(id, { pinned: true }, "person")
            saved.push(id)
          }
        }).pipe(Effect.provide(service(limited)))
        const before = yield* Effect.provide(Effect.flatMap(ClaudeMemory, ({ size }) => size), service(limited))
        steps.push(...yield* letGo(limited, megabytes, end))
        const [size, status] = yield* Effect.provide(
          Effect.flatMap(ClaudeMemory, ({ size, status }) => Effect.all([size, status])),
          service(limited)
        )
        const unlimited = yield* Effect.provide(Effect.flatMap(ClaudeMemory, ({ size }) => size), service(free))
        const mb = (n: number | undefined) => ((n ?? 0) / 1e6).toFixed(1)
        rows.push([
          String(month + 1),
          mb(bytes),
          mb(unlimited?.bytes),
          mb(before?.bytes),
          mb(size?.bytes),
          mb(size?.fileBytes),
          number(size?.letGo.messages ?? 0),
          number(size?.letGo.units ?? 0),
          number(status.units.total)
        ])
      }
      const labelled = Option.isNone(questions) ? [] : yield* labelledIn(questions.value)
      const asked = labelled.map(({ also, evidence, question }) => ({
        question,
        uuids: new Set([...evidence, ...also].map(({ uuid }) => copied(uuid, last)))
      }))
      const found = yield* Effect.provide(answered(asked), service(limited))
      const foundFree = yield* Effect.provide(answered(asked), service(free))
      const left = yield* Effect.provide(units, service(limited))
      const present = left.filter((unit) => savedBy(unit) !== undefined && saved.includes(unit.id)).length
      const largest = Math.max(...rows.map(([, , , , , file]) => Number(file)))
      return {
        data: {
          megabytes,
          months: rows,
          saved: saved.length,
          present,
          questions: asked.length,
          found,
          foundFree,
          longestBlockMs: round(Math.max(0, ...steps)),
          steps: steps.length
        },
        ok: present === saved.length && largest <= megabytes * 1.02,
        text: () => [
          ...table([
            [
              "month",
              "transcripts MB",
              "no limit MB",
              "before MB",
              "MB",
              "file MB",
              "messages let go",
              "memories let go",
              "memories"
            ],
            ...rows
          ]),
          `the limit is ${megabytes} MB; ${number(steps.length)} steps blocked the event loop for ${
            steps.length === 0 ? 0 : round(quantile(steps, 0.5), 1)
          } ms, 99 % at most ${steps.length === 0 ? 0 : round(quantile(steps, 0.99), 1)}, the longest ${
            round(Math.max(0, ...steps), 1)
          } ms`,
          `${present} of ${saved.length} memories that were saved or pinned are there`,
          ...(asked.length === 0 ? [] : [
            `of ${asked.length} questions about the last weeks ${found} (${
              percent(found, asked.length)
            }) are answered by one of ten ` +
            `memories; without a limit ${foundFree} (${percent(foundFree, asked.length)})`
          ])
        ]
      }
    })
})
