/**
 * Words the limit on open files. This module uses only syntax that older versions of Node can parse.
 */
export const TOO_MANY_OPEN =
  "this process may not open as many files as it needs (EMFILE): raise the limit, as with `ulimit -n 1024`, and run it again"

/** Returns true for the error of a process, or a system, that may not open another file. */
export const isTooManyOpen = (error: unknown): boolean => {
  const { cause, code } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown }
  return code === "EMFILE" || code === "ENFILE" || (cause !== undefined && cause !== error && isTooManyOpen(cause))
}
