/**
 * Says what a program has died of.
 */

/** Says what to do where that is a file of its own that is gone; undefined for any other defect. */
export const goneIn = (defect: unknown): string | undefined =>
  defect instanceof Error && "code" in defect && defect.code === "ERR_MODULE_NOT_FOUND"
    ? "a file of this program is gone, as after an update: start this session of Claude Code, or this program, again"
    : undefined

export const diedOf = (defect: unknown): string =>
  goneIn(defect) ?? `a bug: ${defect instanceof Error ? defect.message : String(defect)}`
