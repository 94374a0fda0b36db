/**
 * Checks of a memory; each failed one states what to do.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { ClaudeMemory } from "./ClaudeMemory.ts"
import { balance, isBalanced, number, plural } from "./Wording.ts"

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

/** Checks the memory's content, its queued and failed work, and its index. */
export const checkContent = (memory: ClaudeMemory["Type"]) =>
  Effect.gen(function*() {
    const { lines, pending, projects, units } = yield* memory.status
    const excluded = projects.filter(({ isExcluded }) => isExcluded).map(({ name }) => name)
    const letters = yield* memory.deadLetters(3)
    const failures = yield* memory.failures(3)
    const index = yield* Effect.either(memory.indexStatus)
    const checks: ReadonlyArray<Check> = [
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
        "reviews",
        failures.length === 0,
        "none failed",
        `${
          failures.map(({ attempts, error, isDead, key, kind }) =>
            `${kind} ${key} failed ${plural(attempts, "time")}${isDead ? " and is given up" : ""} (${error})`
          ).join("; ")
        }; \`claude-memory review SESSION\` tries again`,
        "note"
      ),
      Either.isLeft(index)
        ? check("semantic index", false, "", index.left.message)
        : check(
          "semantic index",
          index.right.count > 0 || units.total === 0,
          `${number(index.right.count)} vectors${index.right.model === null ? "" : ` by ${index.right.model.id}`}`,
          "no memory has a vector, so search goes by words alone",
          "note"
        )
    ]
    return { checks, lines, units }
  })
