/**
 * Runs the plan of a seed over a memory of its own, and checks what is left.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { FOLDER, kindOf } from "../../../src/domain/BackupFile.ts"
import { round, timed } from "../../script.ts"
import * as Actors from "./actors.ts"
import { type Faults, faultsOf, merged } from "./checks.ts"
import { type Contents, contentsOf } from "./contents.ts"
import * as Killing from "./killing.ts"
import { holds, type Memory } from "./memory.ts"
import { marker, type Operation, type Plan, type Round } from "./plan.ts"
import { makeMemory, memoryOf, type Setting, undisturbed } from "./setting.ts"

/** Longest time until all is read and no work waits: servers look for what others left every 30 s. A claim lapses after a minute. */
const SETTLES_WITHIN_MS = 40_000

export interface SeedReport {
  readonly seed: number
  readonly kills: ReadonlyArray<Killing.Killed>
  /** Operations by their end, the first time. */
  readonly operations: Readonly<Record<Actors.Result["end"], number>>
  readonly refusals: ReadonlyArray<string>
  readonly faults: Faults
  readonly ms: number
}

const named = (operation: Operation): string =>
  `${operation.kind} by ${operation.by === "command" ? "a command" : `server ${operation.by}`}`

const wordIn = (text: string): string => /\w+quillwort\w+/.exec(text)?.[0] ?? ""

/** The word that says whether what an operation writes or deletes is there. */
const markerOf = (operation: Operation): string =>
  operation.kind === "forget" && "marked" in operation
    ? marker("marked", operation.marked)
    : operation.kind === "edit"
    ? wordIn(operation.title)
    : wordIn("saved" in operation ? operation.saved : "text" in operation ? operation.text : "")

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)

/** Names what a process has left of a backup that it did not finish. */
const unfinishedIn = (backups: string): ReadonlyArray<string> =>
  existsSync(backups)
    ? readdirSync(backups).filter((name) => kindOf(name) === undefined).map((name) => `an unfinished backup: ${name}`)
    : []

/** Ids of the units that hold a word. */
const unitsWith = ({ columns, rows }: Memory, word: string) =>
  rows<{ id: string }>(`SELECT id FROM units WHERE ${holds(columns.unitBody, word)}`).pipe(
    Effect.map((units) => units.map(({ id }) => id)),
    // There is no database yet.
    Effect.orElseSucceed((): ReadonlyArray<string> => [])
  )

/** Names the parts of a memory that hold a word. */
const partsWith = (
  { columns: { lexemes: [, words], unitBody }, rows }: Memory,
  parts: ReadonlyArray<string>,
  word: string
) =>
  Effect.filter(
    parts,
    (part) =>
      Effect.map(
        rows(
          `SELECT 1 FROM ${part} WHERE ${
            holds(part === "lexemes" ? words : part === "units" ? unitBody : "body", word)
          } LIMIT 1`
        ),
        ({ length }) => length > 0
      )
  )

/** Checks that what was begun and not acknowledged is there whole, or not at all. */
const halves = (memory: Memory, results: ReadonlyArray<Actors.Result>) =>
  Effect.gen(function*() {
    const half: Array<string> = []
    for (const { end, operation } of results) {
      const { kind } = operation
      if (end === "acknowledged" || kind !== "save" && kind !== "forget" && kind !== "edit") continue
      const parts = ["units", "lexemes", ...(kind === "forget" ? ["messages"] : [])]
      const found = yield* partsWith(memory, parts, markerOf(operation))
      const isForgotten = operation.kind === "forget" && !found.includes("units")
      // What was said stays in the messages when only the units are not there yet.
      const isWhole = found.length === 0 || found.length === parts.length && !isForgotten ||
        operation.kind === "forget" && "saved" in operation && found.length === 2
      if (!isWhole) {
        half.push(`${named(operation)} is half done: ${markerOf(operation)} is in ${found.join(" and ")} only`)
      }
    }
    return half
  })

/** Names the files below a folder, and the tables, that hold a word. */
const placesOf = (word: string, folder: string, { tablesWith }: Memory) =>
  Effect.map(tablesWith(word), (tables) => [
    ...tables,
    ...filesIn(folder).filter((file) => readFileSync(file).includes(word)).map((file) => file.slice(folder.length + 1))
  ])

/** Takes what was forgotten out of the bin too, which some of it may have left together with other. */
const forgottenForGood = (actors: Actors.Actors, results: ReadonlyArray<Actors.Result>, idsOf: Actors.IdsOf) =>
  Effect.gen(function*() {
    const ids = new Set(results.flatMap(({ operation }) => operation.kind === "forget" ? idsOf(operation) : []))
    const wrong: Array<string> = []
    for (const id of ids) {
      const { answer, end } = yield* actors.command(["forget", id, "--now", "--yes"])
      if (end !== "acknowledged" && !String(answer).includes("no memory has the id")) {
        wrong.push(`forgotten for good: ${String(answer)}`)
      }
    }
    return wrong
  })

/** Lines read, whatever became of them. */
const sumOf = ({ lines }: Contents): number => [...lines.values()].reduce((sum, each) => sum + each, 0)

/** Runs a round: writes its pieces, does its operations at once, and kills meanwhile. */
const played = (
  actors: Actors.Actors,
  { kill, operations, until }: Round,
  write: (until: ReadonlyArray<number>) => void,
  idsOf: Actors.IdsOf,
  memory: Memory
) =>
  Effect.gen(function*() {
    let main: Actors.Target | undefined
    let areOver = false
    const isServers = kill !== undefined && (kill.phase === "capture" || kill.phase === "idle" ||
      kill.phase === "compress" && operations[0]!.kind !== "import")
    yield* Effect.all([actors.server(0), actors.server(1)], { concurrency: 2 }).pipe(Effect.ignore)
    const killing = kill === undefined
      ? undefined
      : yield* Effect.fork(Effect.zipRight(
        Effect.repeat(Effect.sleep("1 millis"), { until: () => isServers || main !== undefined || areOver }),
        Killing.kill(kill, {
          wanted: () => isServers || main === undefined ? actors.targets() : [main],
          others: actors.targets,
          areOver: () => areOver
        }, memory)
      ))
    write(until)
    const results = yield* Effect.forEach(operations, (operation, i) =>
      Effect.gen(function*() {
        if (operation.kind === "edit" || operation.kind === "forget" || operation.kind === "undo") {
          const [id] = idsOf(operation)
          if (id === undefined) return { operation, end: "postponed" as const, answer: undefined }
          // What is to be forgotten may not be captured yet, or in the outline of its session only.
          const word = operation.kind === "edit" ? wordIn(operation.saved) : markerOf(operation)
          yield* Effect.repeat(Effect.delay(unitsWith(memory, word), "20 millis"), {
            until: (ids) => ids.includes(id)
          }).pipe(Effect.timeoutOption(SETTLES_WITHIN_MS))
        }
        return yield* actors.perform(operation, (target) => {
          if (i === 0) main = target
        })
      }), { concurrency: "unbounded" })
    areOver = true
    const killed = killing === undefined ? undefined : yield* Fiber.join(killing)
    return { results, killed }
  })

/** Runs and checks a seed in this folder. */
export const run = (plan: Plan, setting: Setting) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "claude-memory-chaos-" }), fs.realPath)
    const home = join(root, "home")
    mkdirSync(home)
    const { env, memory } = yield* makeMemory(setting, home)
    const saved = new Map<string, string>()
    const idsOf: Actors.IdsOf = (operation) =>
      "marked" in operation
        ? setting.marked[operation.marked]!
        : saved.has(operation.saved)
        ? [saved.get(operation.saved)!]
        : []
    const written = setting.transcripts.map(() => 0)
    const write = (until: ReadonlyArray<number>) => {
      for (const [i, { bytes, isMarked, name }] of setting.transcripts.entries()) {
        const file = join(home, ".claude", "projects", name)
        const end = isMarked ? bytes.length : Math.floor(until[i]! * bytes.length)
        if (end <= written[i]!) continue
        mkdirSync(dirname(file), { recursive: true })
        appendFileSync(file, bytes.subarray(written[i]!, end))
        written[i] = end
      }
    }
    const note = (results: ReadonlyArray<Actors.Result>) => {
      for (const { answer, end, operation } of results) {
        if (operation.kind === "save" && end === "acknowledged") {
          saved.set(operation.text, (answer as { readonly id: string }).id)
        }
      }
    }

    const should = yield* undisturbed(plan, setting, root)
    const actors = yield* Actors.make({ ...setting, env }, home, idsOf)
    const results: Array<Actors.Result> = []
    const kills: Array<Killing.Killed> = []
    const [faults, ms] = yield* timed(
      Effect.gen(function*() {
        for (const each of plan.rounds) {
          const { killed, results: some } = yield* played(actors, each, write, idsOf, memory)
          note(some)
          results.push(...some)
          if (killed !== undefined) kills.push(killed)
        }
        if (kills.length === 0) {
          const hunt = { wanted: actors.targets, others: actors.targets, areOver: () => true }
          const killed = yield* Killing.kill({ phase: "idle", isAimed: false, afterMs: 0 }, hunt, memory)
          if (killed !== undefined) kills.push(killed)
        }

        // Restarts everything once, does again what was not acknowledged, and settles.
        const damaged = [...yield* actors.stop, ...yield* memory.left]
        const lost = yield* halves(memory, results)
        const { call } = yield* actors.server(0)
        for (const { end, operation } of results) {
          if (end === "acknowledged" || operation.kind === "import" || operation.kind === "search") continue
          // It was forgotten before the kill, though nobody was told.
          if (operation.kind === "forget" && (yield* unitsWith(memory, markerOf(operation))).length === 0) continue
          const again = yield* actors.perform(
            operation.by === "command" ? operation : { ...operation, by: 0 },
            undefined,
            true
          )
          note([again])
          if (again.end !== "acknowledged") lost.push(`${named(operation)}, done again: ${String(again.answer)}`)
        }
        const { answer, end } = yield* actors.command(["reindex"])
        if (end !== "acknowledged") lost.push(`reindex, at the end: ${String(answer)}`)
        const lines = sumOf(should)
        const isSettled = Effect.gen(function*() {
          const work = yield* memory.rows("SELECT 1 FROM work LIMIT 1")
          return work.length === 0 && sumOf(yield* contentsOf(memory)) >= lines
        })
        yield* Effect.repeat(Effect.delay(isSettled, "50 millis"), { until: (isSettled) => isSettled }).pipe(
          Effect.timeoutOption(SETTLES_WITHIN_MS)
        )

        // By the program itself: what was saved is found and read, what was forgotten is not.
        const forgotten = new Set(
          results.flatMap(({ operation }) => operation.kind === "forget" ? [markerOf(operation)] : [])
        )
        for (const { operation } of results) {
          if (operation.kind !== "save" && operation.kind !== "forget") continue
          const word = markerOf(operation)
          const found = yield* Effect.either(call("search", { query: word, project_id: "global" }))
          // A search names the words that no memory contains.
          const told = JSON.stringify(found, (key, value: unknown) => key === "absent" ? undefined : value)
          const isFound = told.includes(operation.kind === "save" ? operation.text : word)
          if (isFound === forgotten.has(word)) {
            lost.push(`${named(operation)}: a search ${isFound ? "finds" : "does not find"} ${word}`)
          }
          if (operation.kind !== "save" || forgotten.has(word)) continue
          const shown = yield* Effect.either(call("get", { id: saved.get(operation.text) ?? "none" }))
          if (!JSON.stringify(shown).includes(operation.text)) lost.push(`${named(operation)}: it is not shown`)
        }
        const health = yield* Effect.either(call("health", { detailed: true }))
        if (!/"ok":true/.test(JSON.stringify(health))) damaged.push(`health: ${JSON.stringify(health)}`)
        const backups = setting.kind.postgres === undefined ? [["backup"], ["backup", "verify"]] : []
        for (const words of [["index", "verify"], ["doctor", "--deep"], ...backups]) {
          const { answer, end } = yield* actors.command(words)
          if (end !== "acknowledged") damaged.push(`${words.join(" ")}: ${String(answer)}`)
        }
        damaged.push(...unfinishedIn(join(memoryOf(home), FOLDER)))
        lost.push(...yield* forgottenForGood(actors, results, idsOf))
        damaged.push(...yield* actors.stop, ...yield* memory.left)
        for (const word of forgotten) {
          const places = yield* placesOf(word, memoryOf(home), memory)
          if (places.length > 0) lost.push(`forgotten, and yet ${word} is in ${places.join(", ")}`)
        }
        return merged([{ lost, damaged }, yield* faultsOf(memory, should)])
      }).pipe(Effect.catchTag("BenchError", ({ message }) => Effect.succeed(merged([{ damaged: [message] }]))))
    )
    const count = (end: Actors.Result["end"]) => results.filter((each) => each.end === end).length
    return {
      seed: plan.seed,
      kills,
      operations: {
        acknowledged: count("acknowledged"),
        refused: count("refused"),
        killed: count("killed"),
        postponed: count("postponed")
      },
      refusals: results.flatMap(({ answer, end, operation }) =>
        end === "refused" ? [`${named(operation)}: ${String(answer)}`] : []
      ),
      faults,
      ms: round(ms)
    } satisfies SeedReport
  }).pipe(Effect.scoped)
