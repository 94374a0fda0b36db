/**
 * Has eight processes use one memory at once, for minutes: four servers of sessions, whose transcripts grow, and four
 * command lines that save, search, import, forget, reindex and answer prompts. Fails when a lock, or any other failure,
 * reaches a person, or when what was saved is not there afterwards.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { randomInt } from "node:crypto"
import { join } from "node:path"
import { plural, table } from "../../src/cli/Output.ts"
import * as Settings from "../../src/settings/Settings.ts"
import { run } from "../e2e/program.ts"
import {
  BenchError,
  builtMain,
  exitCodeOf,
  program,
  progress,
  quantile,
  round,
  temporaryFolder,
  timed
} from "../script.ts"
import { databaseOf } from "./chaos/setting.ts"
import { sqliteMemory } from "./chaos/sqliteMemory.ts"
import * as Load from "./soak/load.ts"

const SERVERS = 4
const COMMANDS = 4
/** Pauses between what a session, and what a command line does. */
const SESSION_PAUSE_MS = 500
const COMMAND_PAUSE_MS = 100
const LINES_A_PROMPT = 3
/** Longest time of anything. */
const KILL_AFTER_MS = 60_000
/** Failures that are printed; with --json all are. */
const SHOWN = 20
const LOCK = /\b(?:lock(?:ed)?|busy|EBUSY|SQLITE_\w+)\b/i

/** A text that is like no other: those that say the same are one memory, and forgotten together. */
const note = () => `The limits are ${Array.from({ length: 8 }, () => `part${randomInt(1e9)}x`).join(" ")} from now on.`

interface Check {
  readonly name: string
  readonly state: string
  readonly detail: string
}

/** The check of hooks that were late, which on a machine with eight busy processes says nothing of the memory. */
const LATE = "in time"

interface Done {
  readonly what: string
  readonly ms: number
  /** What a person, or Claude, was told in place of the answer, or a lock in what was told beside it. */
  readonly failure?: string
}

const used = (home: string, main: string, minutes: number) =>
  Effect.gen(function*() {
    const done: Array<Done> = []
    const saved: Array<string> = []
    /** What was asked to be forgotten, and what was: a command that is cut off at the end may have done it or not. */
    const asked = new Set<string>()
    const forgotten = new Set<string>()

    /** Takes the time of something that a session does. */
    const noted = <E extends { readonly message: string }>(what: string, work: Effect.Effect<unknown, E>) =>
      Effect.map(timed(Effect.either(work)), ([result, ms]) =>
        done.push({ what, ms, ...(result._tag === "Left" && { failure: result.left.message }) }))

    /** Runs a program, and returns what it printed when it ended well. */
    const ran = (what: string, words: ReadonlyArray<string>, stdin?: string) =>
      Effect.map(
        timed(run(words, { home, killAfterMs: KILL_AFTER_MS, ...(stdin !== undefined && { stdin }) })),
        ([{ code, signal, stderr, stdout }, ms]) => {
          const isRight = code === 0 && !LOCK.test(stderr)
          done.push({
            what,
            ms,
            ...(!isRight && { failure: `ended with ${code ?? signal}: ${stderr}${stdout}`.trim() })
          })
          return isRight ? stdout : undefined
        }
      )

    const session = ({ prompt, save, search, write }: Load.Session) =>
      Effect.gen(function*() {
        for (let i = 0;; i++) {
          for (let line = 0; line < LINES_A_PROMPT; line++) {
            write()
          }
          yield* noted("server: prompt", prompt(i))
          yield* noted("server: search", search(i))
          yield* noted(
            "server: save",
            Effect.map(save(note()), (id) =>
              saved.push(id))
          )
          yield* Effect.sleep(SESSION_PAUSE_MS)
        }
      })

    const command = (n: number) =>
      Effect.gen(function*() {
        const steps = [
          () =>
            Effect.map(
              ran("command: save", [main, "save", note(), "--json"]),
              (stdout) => stdout !== undefined && saved.push((JSON.parse(stdout) as { id: string }).id)
            ),
          (i: number) => ran("command: search", [main, "search", Load.questionOf(i), "--all-projects", "--json"]),
          () => ran("command: import", [main, "import", "--json"]),
          (i: number) =>
            ran(
              "hook: prompt",
              [Settings.packageFile("dist", "hook.cjs")],
              JSON.stringify({
                hook_event_name: "UserPromptSubmit",
                session_id: `command-${n}`,
                transcript_path: join(home, "none.jsonl"),
                cwd: Load.CWD,
                prompt: Load.questionOf(i)
              })
            ),
          () =>
            Effect.suspend(() => {
              const id = saved.find((id) => !asked.has(id))
              if (id === undefined) return Effect.void
              asked.add(id)
              return Effect.map(
                ran("command: forget", [main, "forget", id, "--yes", "--json"]),
                (stdout) => stdout !== undefined && forgotten.add(id)
              )
            }),
          () => ran("command: reindex", [main, "reindex", "--json"])
        ]
        for (let i = n;; i++) {
          yield* steps[i % steps.length]!(i)
          yield* Effect.sleep(COMMAND_PAUSE_MS)
        }
      })

    const sessions = yield* Effect.forEach(
      Array.from({ length: SERVERS }, (_, i) => `session ${i}`),
      (name) => Load.open(home, name)
    )
    const begun = performance.now()
    const seconds = () => (performance.now() - begun) / 1_000
    const over = Effect.gen(function*() {
      while (seconds() < 60 * minutes) {
        yield* Effect.sleep("1 seconds")
        yield* progress(`${round(seconds())} of ${round(60 * minutes)} s`)
      }
    })
    yield* Effect.raceFirst(
      over,
      Effect.all([...sessions.map(session), ...Array.from({ length: COMMANDS }, (_, n) => command(n))], {
        concurrency: "unbounded",
        discard: true
      })
    )
    const ends = yield* Effect.forEach(sessions, ({ child }) => {
      child.kill("SIGINT")
      return exitCodeOf(child)
    })
    return { done, kept: saved.filter((id) => !asked.has(id)), forgotten, ends }
  }).pipe(Effect.scoped)

program("eight-processes", {
  description: "Eight processes that use one memory at once",
  options: {
    minutes: Options.float("minutes").pipe(Options.withDefault(10), Options.withDescription("How long"))
  },
  run: ({ minutes }) =>
    Effect.gen(function*() {
      const main = yield* builtMain
      const home = yield* temporaryFolder
      const { done, ends, forgotten, kept } = yield* used(home, main, minutes)
      if (done.length === 0) {
        return yield* new BenchError({ reason: "Input", detail: "too short: ask for more minutes" })
      }
      const units = yield* sqliteMemory(databaseOf(home)).rows<{ id: string }>("SELECT id FROM units")
      const there = new Set(units.map(({ id }) => id))
      const doctor = yield* run([main, "doctor", "--deep", "--json"], { home, killAfterMs: KILL_AFTER_MS })
      const { checks } = JSON.parse(doctor.stdout) as { readonly checks: ReadonlyArray<Check> }
      const failures = [
        ...done.flatMap(({ failure, what }) => failure === undefined ? [] : [`${what}: ${failure}`]),
        ...ends.filter((code) => code !== 0 && code !== 130).map((code) => `a server ended with exit code ${code}`),
        ...kept.filter((id) => !there.has(id)).map((id) => `what was saved as ${id} is not there`),
        ...[...forgotten].filter((id) => there.has(id)).map((id) => `${id} was forgotten and is there`),
        ...checks.filter(({ name, state }) => state === "wrong" && name !== LATE).map(({ detail, name }) =>
          `doctor, ${name}: ${detail}`
        )
      ]
      const names = [...new Set(done.map(({ what }) => what))].sort()
      const rows = names.map((what) => {
        const ms = done.filter((each) => each.what === what).map((each) => each.ms)
        const at = (q: number) => round(quantile(ms, q))
        return { what, times: ms.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
      })
      const ok = failures.length === 0
      return {
        ok,
        data: { ok, minutes, saved: kept.length + forgotten.size, forgotten: forgotten.size, rows, failures },
        text: () => [
          ...table([
            ["ms", "times", "p50", "p95", "p99", "most"],
            ...rows.map(({ max, p50, p95, p99, times, what }) => [what, ...[times, p50, p95, p99, max].map(String)])
          ]),
          "",
          ...failures.slice(0, SHOWN).map((each) => `FAILED ${each}`),
          `${SERVERS + COMMANDS} processes for ${minutes} minutes, ${
            kept.length + forgotten.size
          } saved, ${forgotten.size} forgotten: ${
            ok ? "no lock and no other failure reached a person" : plural(failures.length, "failure")
          }`
        ]
      }
    })
})
