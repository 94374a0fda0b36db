/**
 * Says what a program has died of.
 */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"

/** Says what to do where that is a file of its own that is gone; undefined for any other defect. */
export const goneIn = (defect: unknown): string | undefined =>
  defect instanceof Error && "code" in defect && defect.code === "ERR_MODULE_NOT_FOUND"
    ? "a file of this program is gone, as after an update: start this session of Claude Code, or this program, again"
    : undefined

export const diedOf = (defect: unknown): string =>
  goneIn(defect) ?? `a bug: ${defect instanceof Error ? defect.message : String(defect)}`

/** Says why a program failed, or what it died of. */
export const failureOf = (cause: Cause.Cause<{ readonly message: string }>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => diedOf(Cause.squash(cause)),
    onSome: ({ message }) => message
  })
