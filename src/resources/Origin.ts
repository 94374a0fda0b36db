/**
 * Where a resource was acquired: the calls of ours that led there, the innermost first.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

const FRAMES = 12
const UNKNOWN = "at an unknown place"

const FOREIGN = /[\\/]node_modules[\\/]@?effect[\\/]|node:internal|\(<anonymous>\)$/

/** Notes the stack of the call to `method`; it is made readable when somebody asks for it. */
export const mark = (method: (...args: never) => unknown): Error => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const marked = new Error("acquired")
  Error.stackTraceLimit = FRAMES
  Error.captureStackTrace(marked, method)
  Error.stackTraceLimit = limit
  return marked
}

/** Effect's printer cuts a stack where Effect begins to run a function of ours, but for the frame in between. */
const RUNNING = /\n[^\n]*\n[^\n]*effect_internal_function/

/** Most code runs in generators, which have no name; the span around one has. */
const named = (frame: string, span: string | undefined) =>
  span === undefined || frame.endsWith(")") ? frame : `at ${span} (${frame.slice("at ".length)})`

const framesOf = (cause: Cause.Cause<never>, marked: Error): ReadonlyArray<string> => {
  marked.stack = (marked.stack ?? "").replace(RUNNING, "\n    at effect_internal_function")
  const error = Cause.prettyErrors(cause)[0]
  const frames = (error?.stack ?? "").split("\n").slice(1).map((line) => line.trim()).filter((line) =>
    !FOREIGN.test(line)
  )
  return frames.length === 0 ? [UNKNOWN] : frames.map((frame) => named(frame, error?.span?.name))
}

/** The frames above `marked`, then the spans around the running fiber (`Effect.fn`), which stand for its callers. */
export const trace = (marked: Error): Effect.Effect<() => ReadonlyArray<string>> =>
  Effect.map(Effect.cause(Effect.die(marked)), (cause) => {
    let frames: ReadonlyArray<string> | undefined
    return () => frames ??= framesOf(cause, marked)
  })
