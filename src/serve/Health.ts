/**
 * Checks of a memory; each failed one states what to do.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as HookFailures from "../hook/Failures.ts"
import type { Injection } from "../hook/SessionRecords.ts"
import type { ClaudeMemory } from "./ClaudeMemory.ts"
import { balance, isBalanced, minute, number, plural, sizeText } from "./Wording.ts"

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
      ? "no hook has answered yet"
      : `${late.length} of ${answers.length} answers came too late`,
    `${late.length} of the last ${answers.length} answers of the hooks came too late (${late.at(-1)}); set ` +
      "CLAUDE_MEMORY_SESSION_START_MS and CLAUDE_MEMORY_HOOK_MS to more, and run `claude-memory init` again"
  )
}

/** Checks whether the hooks failed lately, and whether they were in time. */
export const checkHooks = (memory: ClaudeMemory["Type"], home: string) =>
  Effect.gen(function*() {
    const since = (yield* Clock.currentTimeMillis) - FAILURE_DAYS * 86_400_000
    const failed = (yield* HookFailures.read(home)).filter(({ at }) => at >= since)
    const injections = yield* memory.injectedSince(since)
    return [
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
      checkInTime(injections, failed)
    ]
  })

/** Checks the memory's content, its queued and failed work, and its index. */
export const checkContent = (memory: ClaudeMemory["Type"]) =>
  Effect.gen(function*() {
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
    // A writer that keeps it locked lets the next one write soon.
    const written = yield* Effect.either(Effect.timeoutOption(memory.checkWriting, "1 second"))
    const checks: ReadonlyArray<Check> = [
      ...(Either.isLeft(written) && written.left.reason !== "Locked"
        ? [check("writing", false, "", written.left.message)]
        : []),
      check(
        "captured lines",
        isBalanced(lines),
        balance(lines),
        `the lines do not add up, please report it: ${balance(lines)}`
      ),
      check(
        "dead letters",
        lines.deadLetter === 0,
        "none",
        `${number(lines.deadLetter)} lines could not be understood and are kept: ${
          letters.map(({ offset, path, reason }) => `${path} at byte ${offset} (${reason})`).join("; ")
        }`,
        "note"
      ),
      ...(size === undefined ? [] : [check(
        "size",
        size.limit === 0 || size.bytes <= size.limit,
        sizeText(size),
        `${
          sizeText(size)
        }. What is worth least is let go while a session of Claude Code is open; what is pinned stays, and so does ` +
          "the last day. Set CLAUDE_MEMORY_MAX_MB to more, or to 0 for no limit",
        "note"
      )]),
      check(
        "projects",
        excluded.length === 0,
        `${number(projects.length)}, none of them excluded`,
        `${excluded.join(", ")} excluded: no transcript of it is read; \`claude-memory projects include\` ends that`,
        "note"
      ),
      check(
        "waiting work",
        pending === 0,
        "none",
        `${number(pending)} items wait; the next \`claude-memory import\` works them off`,
        "note"
      ),
      check(
        "failed work",
        failures.length === 0,
        "none",
        `${
          failures.map(({ attempts, error, isDead, key, kind }) =>
            `${kind} ${key} failed ${plural(attempts, "time")}${isDead ? " and is given up" : ""} (${error})`
          ).join("; ")
        }; ${
          failures.some(({ kind }) => kind === "review" || kind === "recap")
            ? "`claude-memory review SESSION` tries again"
            : "please report it: all else is remembered, and this is tried again when its session goes on"
        }`,
        "note"
      ),
      Either.isLeft(index)
        ? check("semantic index", false, "", index.left.message)
        : Either.isLeft(usable)
        ? check("semantic index", false, "", usable.left.message)
        : check(
          "semantic index",
          isIndexed || units.total === 0,
          `${number(index.right.count)} vectors${index.right.model === null ? "" : ` by ${index.right.model.id}`}`,
          indexing === 0
            ? "no memory has a vector and none waits for one, so search goes by words alone; `claude-memory index repair` makes them"
            : `no memory has a vector yet, so search goes by words alone; ${
              number(indexing)
            } wait for the next \`claude-memory import\``,
          indexing === 0 ? "wrong" : "note"
        )
    ]
    return { checks, lines, units }
  })
