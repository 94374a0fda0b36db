/**
 * Checks that nothing is lost while a Qdrant server is away and sessions go on, and times the catching up. It runs the
 * built programs, each in a process.
 */
import * as Cli from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { number, plural, table } from "../../src/cli/Output.ts"
import { transcript } from "../fixtures/transcript.ts"
import { commandOf, integer, main, progress, quantile, round, samples } from "../script.ts"
import * as Inspect from "./qdrant/inspect.ts"
import { type Interruptible, interruptible, type Way } from "./qdrant/interruptible.ts"
import { type ClaudeMemory, claudeMemory, temporaryHome } from "./qdrant/program.ts"
import * as StandIn from "./qdrant/standIn.ts"

const CATCHING_UP = ["index repair", "import"] as const
/** Megabytes of ordinary session lines between two imports. */
const MEGABYTES = 0.02
const FIRST = Date.UTC(2026, 5, 1)

/** A distinct word for each import: "drillaa", "drillab", … */
const wordOf = (n: number) => `drill${String.fromCharCode(97 + Math.floor(n / 26) % 26, 97 + n % 26)}`

/** Yields a decision about the word amid ordinary session lines. */
const linesOf = function*(n: number): Generator<string> {
  const sessionId = `5f1d7a3e-0c44-4b9a-8a51-${String(n).padStart(12, "0")}`
  const line = (type: "user" | "assistant", part: number, content: unknown) =>
    JSON.stringify({
      type,
      uuid: `0b9e6c52-7d0f-4a4${part}-9d6f-${String(n).padStart(12, "0")}`,
      parentUuid: null,
      sessionId,
      isSidechain: false,
      cwd: "/home/dev/work/generated",
      timestamp: DateTime.formatIso(DateTime.unsafeMake(FIRST + n * 60_000 + part * 1_000)),
      message: { role: type, content }
    })
  yield line("user", 1, `Which queue should the billing worker use, ${wordOf(n)} or the old one?`)
  yield line("assistant", 2, [{
    type: "text",
    text: `We decided to use ${
      wordOf(n)
    } for the billing worker, because the old queue loses what is written under load.`
  }])
  yield* transcript(MEGABYTES, "normal", 1_000 + n)
}

interface Counts {
  readonly units: number
  /** Null while the server is away. */
  readonly points: number | null
  readonly waiting: number
}

interface Outage {
  readonly way: Way
  readonly imports: number
  readonly before: Counts
  readonly during: Counts
  readonly after: Counts
  readonly importMs: number
  readonly searchMs: number
  readonly caughtUpBy: typeof CATCHING_UP[number]
  readonly caughtUpMs: number
}

interface Setup {
  readonly memory: ClaudeMemory
  readonly server: Interruptible
  readonly folder: string
  /** Transcript that grows with each import. */
  readonly session: string
  readonly failed: (what: string) => void
}

const counts = ({ folder, memory, server }: Setup, isAway = false) =>
  Effect.gen(function*() {
    const { error, waiting } = yield* memory.status
    return {
      units: (yield* Inspect.unitIds(folder)).length,
      points: isAway ? null : (yield* Inspect.pointIds(server.settings)).length,
      waiting,
      error
    }
  })

/** Checks that store and index hold the same units, each once, and that no change waits. */
const compared = (setup: Setup, when: string) =>
  Effect.gen(function*() {
    const { failed, folder, memory, server } = setup
    const units = yield* Inspect.unitIds(folder)
    const points = yield* Inspect.pointIds(server.settings)
    const verified = yield* memory.verify
    if (!verified.ok) failed(`${when}: index verify says ${JSON.stringify(verified)}`)
    if (verified.waiting > 0) failed(`${when}: ${plural(verified.waiting, "change")} wait`)
    if (new Set(points).size < points.length) failed(`${when}: some units are in the index twice`)
    if (units.length !== points.length || units.some((id, i) => id !== points[i])) {
      failed(`${when}: ${units.length} units in the store, ${points.length} points, or not the same ones`)
    }
  })

/** Lets the session go on while the server is away, imports it, and searches for its newest memory. */
const remembered = ({ failed, memory, session }: Setup, n: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(session, `${[...linesOf(n)].join("\n")}\n`, { flag: "a" })
    const imported = yield* memory.import(session)
    if (imported.degraded.length === 0) failed(`import ${n} does not say that it is degraded`)
    if (imported.units.total === 0) failed(`import ${n} made no memories`)
    const found = yield* memory.search(`what did we decide about ${wordOf(n)}?`)
    if (found.degraded.length === 0) failed(`search ${n} does not say that it is degraded`)
    if (found.results[0]?.unit.content.includes(wordOf(n)) !== true) {
      failed(`search ${n} does not find the newest memory`)
    }
    return { importMs: imported.ms, searchMs: found.ms, says: [...imported.degraded, ...found.degraded] }
  })

const outage = (setup: Setup, imports: number, nth: number, way: Way, caughtUpBy: typeof CATCHING_UP[number]) =>
  Effect.gen(function*() {
    const { failed, memory, server, session } = setup
    const { error: _, ...before } = yield* counts(setup)
    yield* server.stop(way)
    const each = yield* Effect.forEach(
      Array.from({ length: imports }, (_, i) => nth * imports + i),
      (n, i) => Effect.zipRight(progress(`${way}: import ${i + 1} of ${imports}`), remembered(setup, n))
    )
    const { error, ...during } = yield* counts(setup, true)
    if (error === null) failed(`${way}: index status does not say that the server is away`)
    yield* server.restore
    yield* progress(`${way}: catching up`)
    const { degraded, ms } = yield* caughtUpBy === "import" ? memory.import(session) : memory.repair
    if (degraded.length > 0) failed(`${caughtUpBy} after the outage is degraded: ${degraded.join("; ")}`)
    const { error: __, ...after } = yield* counts(setup)
    yield* compared(setup, `after ${way}`)
    if (after.units <= before.units) failed(`${way}: nothing was remembered`)
    const found = yield* memory.search(`what did we decide about ${wordOf((nth + 1) * imports - 1)}?`)
    if (found.degraded.length > 0) failed(`search after the outage is degraded: ${found.degraded.join("; ")}`)
    const row: Outage = {
      way,
      imports,
      before,
      during,
      after,
      importMs: round(quantile(each.map(({ importMs }) => importMs), 0.5)),
      searchMs: round(quantile(each.map(({ searchMs }) => searchMs), 0.5)),
      caughtUpBy,
      caughtUpMs: round(ms)
    }
    return { row, says: [...new Set(each.flatMap(({ says }) => says))] }
  })

const drill = (imports: number) =>
  Effect.gen(function*() {
    const home = yield* temporaryHome
    const server = yield* interruptible(home)
    const failures: Array<string> = []
    const setup: Setup = {
      memory: yield* claudeMemory(home, server.env),
      server,
      folder: `${home}/.claude-memory`,
      session: `${home}/session.jsonl`,
      failed: (what) => void failures.push(what)
    }
    yield* progress("importing")
    const { degraded } = yield* setup.memory.import(samples)
    if (degraded.length > 0) setup.failed(`the first import is degraded: ${degraded.join("; ")}`)
    yield* compared(setup, "before")
    const outages = yield* Effect.forEach(
      CATCHING_UP,
      (by, nth) => outage(setup, imports, nth, server.ways[nth % server.ways.length]!, by)
    )
    const again = yield* setup.memory.import(setup.session)
    if (again.units.total > 0) setup.failed(`an import of what is known makes ${plural(again.units.total, "memory")}`)
    return {
      isStandIn: server.isStandIn,
      outages: outages.map(({ row }) => row),
      says: [...new Set(outages.flatMap(({ says }) => says))],
      failures
    }
  })

const cells = ({ points, units, waiting }: Counts) =>
  `${number(units)} / ${points === null ? "away" : number(points)} / ${number(waiting)}`

const command = commandOf("qdrant-outage", {
  description: "Imports and searches while the Qdrant server is away",
  options: { imports: integer("imports", 20, "While the server is away, each time") },
  run: ({ imports }) =>
    Effect.gen(function*() {
      const found = yield* drill(imports)
      const ok = found.failures.length === 0
      return {
        ok,
        data: { ok, ...found },
        text: () => [
          `Qdrant was ${
            found.isStandIn ? "the stand-in, a process that was ended" : "a server behind a relay that was cut"
          }.`,
          "",
          ...table([
            ["outage", "imports", "before *", "during", "after", "import p50", "search p50", "caught up"],
            ...found.outages.map((
              { after, before, caughtUpBy, caughtUpMs, during, importMs, imports, searchMs, way }
            ) => [
              way,
              number(imports),
              cells(before),
              cells(during),
              cells(after),
              `${number(importMs)} ms`,
              `${number(searchMs)} ms`,
              `by ${caughtUpBy} in ${number(caughtUpMs)} ms`
            ])
          ]),
          "* units in the store / points in the index / changes that wait for it",
          "",
          "While it was away, it was said:",
          ...found.says.map((each) => `  ${each}`),
          "",
          ...found.failures.map((each) => `FAILED ${each}`),
          ok ? "Nothing was lost, and nothing is there twice." : plural(found.failures.length, "failure")
        ]
      }
    })
})

main(Cli.withSubcommands(command, [StandIn.command]), "qdrant-outage")
