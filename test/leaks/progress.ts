/**
 * Shows what the gate does as it goes, on stderr: in place on a terminal, else in lines.
 */
import * as Effect from "effect/Effect"
import { writeStderr } from "../../src/process/Process.ts"
import * as Script from "../script.ts"

/** Least time between two lines of steps. */
const PAUSE_MS = 5_000

let shownAt = Number.NEGATIVE_INFINITY

/** Shows a step; without a terminal those that come too soon after another are left out. */
export const step = (text: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (process.stderr.isTTY === true) return Script.progress(text)
    if (performance.now() - shownAt < PAUSE_MS) return Effect.void
    shownAt = performance.now()
    return writeStderr(`${text}\n`)
  })

/** Shows a line that stays. */
export const line = (text: string): Effect.Effect<void> =>
  Effect.zipRight(Script.progress(""), writeStderr(`${text}\n`))
