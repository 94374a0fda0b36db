/**
 * Records the calls outside Effect and Node that led to an acquisition, the innermost first.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

const FRAMES = 12
const UNKNOWN = "at an unknown place"

const FOREIGN = /[\\/]node_modules[\\/]@?effect[\\/]|node:internal|\(<anonymous>\)$/

/** Captures the stack of the call to `method`; it is formatted only on demand. */
export const mark = (method: (...args: never) => unknown): Error => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const marked = new Error("acquired")
  Error.stackTraceLimit = FRAMES
  Error.captureStackTrace(marked, method)
  Error.stackTraceLimit = limit
  return marked
}

/** Effect's marker and the frame before it: Effect's printer cuts the stack at the marker, but keeps that frame. */
const RUNNING = /\n[^\n]*\n[^\n]*effect_internal_function/

/** Adds the span's name to an anonymous frame: most code runs in generators, which have no name. */
const named = (frame: string, span: string | undefined) =>
  span === undefined || frame.endsWith(")") ? frame : `at ${span} (${frame.slice("at ".length)})`

const ours = (stack = ""): ReadonlyArray<string> =>
  stack.split("\n").slice(1).map((line) => line.trim()).filter((line) => !FOREIGN.test(line))

const framesOf = (cause: Cause.Cause<never>, marked: Error): ReadonlyArray<string> => {
  marked.stack = (marked.stack ?? "").replace(RUNNING, "\n    at effect_internal_function")
  const error = Cause.prettyErrors(cause)[0]
  const frames = ours(error?.stack)
  return frames.length === 0 ? [UNKNOWN] : frames.map((frame) => named(frame, error?.span?.name))
}

/** Returns the frames above `marked`, for code that runs no effect. */
export const frames = (marked: Error): ReadonlyArray<string> => {
  const found = ours(marked.stack)
  return found.length === 0 ? [UNKNOWN] : found
}

/** Returns the frames above `marked`, then the fiber's spans (`Effect.fn`), which stand for its callers. */
export const trace = (marked: Error): Effect.Effect<() => ReadonlyArray<string>> =>
  Effect.map(Effect.cause(Effect.die(marked)), (cause) => {
    let frames: ReadonlyArray<string> | undefined
    return () => frames ??= framesOf(cause, marked)
  })
