/**
 * Checks of a memory; each failed one states what to do.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type HookFailure, IS_TIMEOUT } from "../hook/FailureLog.ts"
import * as HookFailures from "../hook/Failures.ts"
import type { Injection } from "../hook/SessionRecords.ts"
import type { ClaudeMemory } from "./ClaudeMemory.ts"
import { type HealthLanguage, type HealthWords, WORDS } from "./HealthWords.ts"
import { isBalanced } from "./Wording.ts"

export const Check = Schema.Struct({
  name: Schema.String,
  /** A note needs no action. */
  state: Schema.Literal("ok", "note", "wrong"),
  detail: Schema.String
})
export type Check = typeof Check.Type

export const check = (
  name: string,
  isFine: boolean,
  fine: string,
  otherwise: string,
  state: "note" | "wrong" = "wrong"
): Check => ({
  name,
  state: isFine ? "ok" : state,
  detail: isFine ? fine : otherwise
})

export const isHealthy = (checks: ReadonlyArray<Check>): boolean => checks.every(({ state }) => state !== "wrong")

const FAILURE_DAYS = 7

/** Answers of the hooks that are looked at, the newest, and the fewest of which late ones are more than a note. */
const ANSWERS = 20
const FEWEST_ANSWERS = 5
/** Share of answers that came too late above which something is wrong. */
const LATE_SHARE = 0.2

interface Answered {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Why the answer came too late; undefined for one in time. */
  readonly late: string | undefined
}

/** Returns the newest answers of the hooks, by their own log and by Claude Code's transcripts. */
const answersOf = (
  injections: ReadonlyArray<Injection>,
  failed: ReadonlyArray<HookFailure>,
  words: HealthWords
): ReadonlyArray<Answered> =>
  [
    ...injections.filter(({ state }) => state !== "pending").map(({ at, event, state }) => ({
      at,
      late: state === "late" ? words.notAwaited(event) : undefined
    })),
    ...failed.filter(({ detail }) => IS_TIMEOUT.test(detail)).map(({ at, detail, event }) => ({
      at,
      late: `${event}: ${detail}`
    }))
  ].sort((a, b) => a.at - b.at).slice(-ANSWERS)

const checkInTime = (answers: ReadonlyArray<Answered>, words: HealthWords): Check => {
  const late = answers.flatMap((each) => each.late === undefined ? [] : [each.late])
  return check(
    "in time",
    late.length <= LATE_SHARE * answers.length,
    words.inTime(late.length, answers.length),
    words.late(late.length, answers.length, late.at(-1) ?? ""),
    answers.length < FEWEST_ANSWERS ? "note" : "wrong"
  )
}

/**
 * Checks whether the hooks failed lately, and whether they were in time. Of hooks that never answered it says whether Claude Code runs them
 * (`isConnected`), and no more.
 */
export const checkHooks = (
  memory: ClaudeMemory["Type"],
  home: string,
  isConnected: boolean,
  language: HealthLanguage
) =>
  Effect.gen(function*() {
    const words = WORDS[language]
    const since = (yield* Clock.currentTimeMillis) - FAILURE_DAYS * 86_400_000
    const failed = (yield* HookFailures.read(home)).filter(({ at }) => at >= since)
    const injections = yield* memory.injectedSince(since)
    const answers = answersOf(injections, failed, words)
    const last = failed.at(-1)
    const hooks = last !== undefined
      ? check("hooks", false, "", words.hooks(failed.length, FAILURE_DAYS, last), "note")
      : answers.length > 0
      ? check("hooks", true, words.noFailures, "")
      : injections.length > 0
      ? check(
        "hooks",
        isConnected,
        words.given(injections.length, FAILURE_DAYS, true),
        words.given(injections.length, FAILURE_DAYS, false),
        "note"
      )
      : check("hooks", isConnected, words.silent, words.unconnected, "note")
    return answers.length === 0 ? [hooks] : [hooks, checkInTime(answers, words)]
  })

/** Checks the memory's content, its queued and failed work, and its index. */
export const checkContent = (memory: ClaudeMemory["Type"], language: HealthLanguage) =>
  Effect.gen(function*() {
    const words = WORDS[language]
    const { indexing, lines, pending, projects, units } = yield* memory.status
    const excluded = projects.filter(({ isExcluded }) => isExcluded).map(({ name }) => name)
    const size = yield* memory.size
    const letters = yield* memory.deadLetters(3)
    const failures = yield* memory.failures(3)
    const index = yield* Effect.either(memory.indexStatus)
    const isIndexed = Either.isRight(index) && index.right.count > 0
    const usable = isIndexed
      ? yield* Effect.either(Effect.timeoutOption(memory.index.check, "2 seconds"))
      : Either.right(undefined)
    // A writer that keeps it locked lets the next one write soon; who only reads, as the doctor, need not write.
    const written = yield* Effect.either(Effect.timeoutOption(memory.checkWriting, "1 second"))
    const checks: ReadonlyArray<Check> = [
      ...(Either.isLeft(written) && !["Locked", "ReadOnly"].includes(written.left.reason)
        ? [check("writing", false, "", written.left.message)]
        : []),
      check("captured lines", isBalanced(lines), words.lines(lines), words.unbalanced(lines)),
      check("dead letters", lines.deadLetter === 0, words.none, words.letters(lines.deadLetter, letters), "note"),
      ...(size === undefined ? [] : [
        check("size", size.limit === 0 || size.bytes <= size.limit, words.size(size), words.tooLarge(size), "note")
      ]),
      check("projects", excluded.length === 0, words.projects(projects.length), words.excluded(excluded), "note"),
      check("waiting work", pending === 0, words.none, words.waiting(pending), "note"),
      check(
        "failed work",
        failures.length === 0,
        words.none,
        words.failed(failures),
        "note"
      ),
      Either.isLeft(index)
        ? check("semantic index", false, "", index.left.message)
        : Either.isLeft(usable)
        ? check("semantic index", false, "", usable.left.message)
        : check(
          "semantic index",
          isIndexed || units.total === 0,
          words.vectors(index.right.count, index.right.model?.id),
          words.noVectors(indexing),
          indexing === 0 ? "wrong" : "note"
        )
    ]
    return { checks, lines, units, isIndexReached: Either.isRight(index) }
  })
