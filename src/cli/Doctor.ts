/**
 * Checks everything that could be wrong, and states what to do about it.
 */
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as App from "../App.ts"
import * as HookFailures from "../hook/Failures.ts"
import type { Injection } from "../hook/SessionRecords.ts"
import { advice } from "../process/Advice.ts"
import { Unsuccessful } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { type Check, check, checkContent, isHealthy } from "../serve/Health.ts"
import { transcriptsFolder } from "../settings/Reading.ts"
import * as Settings from "../settings/Settings.ts"
import type { LineSum } from "../store/MemoryStore.ts"
import * as Installed from "./Installed.ts"
import { answer, json, minute, number, plural } from "./Output.ts"

const FAILURE_DAYS = 7

/** Answers of the hooks that are looked at, the newest, and the fewest that say something. */
const ANSWERS = 20
const FEWEST_ANSWERS = 5
/** Share of answers that came too late above which something is wrong. */
const LATE_SHARE = 0.2

const IS_TIMEOUT = /^took longer than/

/** Checks whether the hooks were in time, by their own log and by Claude Code's transcripts. */
const checkInTime = (injections: ReadonlyArray<Injection>, failed: ReadonlyArray<HookFailures.HookFailure>): Check => {
  const answers = [
    ...injections.filter(({ state }) => state !== "pending").map(({ at, event, state }) => ({
      at,
      late: state === "late" ? `${event}: Claude Code did not wait for it` : undefined
    })),
    ...failed.filter(({ detail }) => IS_TIMEOUT.test(detail)).map(({ at, detail, event }) => ({
      at,
      late: `${event}: ${detail}`
    }))
  ].sort((a, b) => a.at - b.at).slice(-ANSWERS)
  const late = answers.flatMap((each) => each.late === undefined ? [] : [each.late])
  return check(
    "in time",
    answers.length < FEWEST_ANSWERS || late.length <= LATE_SHARE * answers.length,
    answers.length === 0
      ? "the hooks had nothing to say yet"
      : `${late.length} of ${answers.length} answers came too late`,
    `${late.length} of the last ${answers.length} answers of the hooks came too late (${late.at(-1)}); set ` +
      "CLAUDE_MEMORY_SESSION_START_MS and CLAUDE_MEMORY_HOOK_MS to more, and run `claude-memory init` again"
  )
}

const checkMemory = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const settings = yield* Settings.load
  const fs = yield* FileSystem.FileSystem
  const content = yield* checkContent(memory)
  const folder = transcriptsFolder(settings)
  const files = yield* Effect.either(memory.discover([folder]))
  const place = yield* App.placeOf(settings)
  // With the memory in PostgreSQL, the home may not exist.
  const mode = yield* Effect.option(Effect.map(fs.stat(settings.home), (info) => info.mode & 0o777))
  const since = (yield* Clock.currentTimeMillis) - FAILURE_DAYS * 86_400_000
  const failed = (yield* HookFailures.read(settings.home)).filter(({ at }) => at >= since)
  const injections = yield* memory.injectedSince(since)
  const checks: ReadonlyArray<Check> = [
    check("memory", true, `${number(content.units.total)} memories in ${place}`, ""),
    check(
      "privacy",
      process.platform === "win32" || Option.isNone(mode) || (mode.value & 0o077) === 0,
      settings.postgres === undefined ? "only you can read it" : "the database says who can read it",
      `others can read ${settings.home}; run chmod -R go= on it`
    ),
    ...content.checks,
    check(
      "hooks",
      failed.length === 0,
      "none failed lately",
      `${plural(failed.length, "failure")} in the last ${FAILURE_DAYS} days, the last one ${
        minute(failed.at(-1)?.at ?? 0)
      }` +
        ` (${failed.at(-1)?.event}: ${failed.at(-1)?.detail}); Claude was told nothing then`,
      "note"
    ),
    checkInTime(injections, failed),
    Either.isLeft(files)
      ? check(
        "transcripts",
        false,
        "",
        `${files.left.message}; set CLAUDE_CONFIG_DIR if Claude Code keeps its files elsewhere`,
        "note"
      )
      : check("transcripts", true, `${number(files.right.length)} files in ${folder}`, "")
  ]
  return { checks, lines: content.lines as LineSum | null }
}).pipe(App.provide(App.reader))

export const options = { json }

export const command = Command.make("doctor", options, ({ json }) =>
  Effect.gen(function*() {
    const { checks, lines } = yield* Effect.catchAll(checkMemory, (error) =>
      Effect.succeed({
        lines: null,
        checks: [
          check("memory", error._tag === "StoreError" && error.reason === "Missing", error.message, error.message)
        ]
      }))
    const installed = yield* Installed.check
    const all = [
      check("Node", true, process.versions.node, ""),
      { name: "Claude Code", ...installed },
      ...checks
    ]
    const ok = isHealthy(all)
    yield* answer(json, { ok, checks: all, lines }, () => {
      const width = Math.max(...all.map(({ name }) => name.length))
      const mark = { ok: "ok   ", note: "note ", wrong: "WRONG" }
      return [
        ...all.map(({ detail, name, state }) => `${mark[state]}  ${name.padEnd(width)}  ${advice(detail)}`),
        ok ? "Nothing is wrong." : "Something is wrong; each line above says what to do."
      ].join("\n")
    })
    if (!ok) return yield* Effect.fail(new Unsuccessful())
  })).pipe(Command.withDescription("Check that everything is as it should be, and say what to do where it is not"))
