/**
 * Says what was thrown. Pure.
 */

/** Returns the message of an error; anything may be thrown. */
export const messageOf = (thrown: unknown): string => thrown instanceof Error ? thrown.message : String(thrown)

const isObject = (thrown: unknown): thrown is object => typeof thrown === "object" && thrown !== null

/** Says what to do where a program has died of a file of its own that is gone; undefined for any other defect. */
export const goneIn = (defect: unknown): string | undefined =>
  isObject(defect) && "code" in defect && defect.code === "ERR_MODULE_NOT_FOUND"
    ? "a file of this program is gone, as after an update: start this session of Claude Code, or this program, again"
    : undefined

/** Says what a program has died of. */
export const diedOf = (defect: unknown): string => goneIn(defect) ?? `a bug: ${messageOf(defect)}`
