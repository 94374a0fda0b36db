/**
 * Shows the progress of long work on a terminal: amount, rate and time left. Silent in a pipe.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { writeStderr } from "../process/Process.ts"

const bar = (share: number) => "█".repeat(Math.round(share * 20)).padEnd(20, "░")
const seconds = (ms: number) => ms < 60_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / 60_000)} min`
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

export interface Progress {
  readonly read: (bytes: number) => Effect.Effect<void>
  readonly compressed: (units: number) => Effect.Effect<void>
  readonly reviewed: (items: number) => Effect.Effect<void>
  /** Reports `units` more, out of `total`. */
  readonly indexed: (units: number, total: number) => Effect.Effect<void>
  /** Reports `records` more of another memory, out of `total`. */
  readonly moved: (records: number, total: number) => Effect.Effect<void>
  /** Reports that `done` of `total` parts are finished, and which one is next. */
  readonly checked: (what: string, done: number, total: number) => Effect.Effect<void>
  /** Reports that `done` of `total` bytes are copied, packed, or the like. */
  readonly copied: (what: string, done: number, total: number) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
}

/** `total` is in bytes. Redraws at most ten times a second. */
export const make = (total: number): Effect.Effect<Progress> =>
  Effect.map(Clock.currentTimeMillis, (start): Progress => {
    if (process.stderr.isTTY !== true) {
      return {
        read: () => Effect.void,
        compressed: () => Effect.void,
        reviewed: () => Effect.void,
        indexed: () => Effect.void,
        moved: () => Effect.void,
        checked: () => Effect.void,
        copied: () => Effect.void,
        end: Effect.void
      }
    }
    let bytes = 0
    let units = 0
    let vectors = 0
    let indexingSince: number | undefined
    let items = 0
    let records = 0
    let drawnAt = 0
    const draw = (text: (elapsed: number) => string) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (now - drawnAt < 100) return Effect.void
        drawnAt = now
        return writeStderr(`\r\u001b[2K${text(now - start)}`)
      })
    return {
      read: (more) => {
        bytes += more
        return draw((elapsed) => {
          const share = total === 0 ? 1 : Math.min(1, bytes / total)
          const remaining = share === 0 ? "" : `, ${seconds(elapsed / share - elapsed)} left`
          const rate = megabytes(bytes / Math.max(0.001, elapsed / 1000))
          return `reading ${bar(share)} ${megabytes(bytes)} of ${megabytes(total)} MB, ${rate} MB/s${remaining}`
        })
      },
      compressed: (more) => {
        units += more
        return draw((elapsed) => `remembering: ${units} memories so far, ${seconds(elapsed)}`)
      },
      reviewed: (more) => {
        items += more
        return draw((elapsed) => `reviewing: ${items} segments and sessions so far, ${seconds(elapsed)}`)
      },
      indexed: (more, total) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          // Other work may have come before it.
          indexingSince ??= now
          const elapsed = now - indexingSince
          vectors += more
          const all = Math.max(total, vectors)
          const rest = elapsed === 0 || vectors === 0
            ? ""
            : `, ${Math.round(vectors / (elapsed / 1000))}/s, ${seconds(elapsed * (all / vectors - 1))} left`
          return draw(() => `indexing ${bar(vectors / Math.max(1, all))} ${vectors} of ${all} memories${rest}`)
        }),
      moved: (more, total) => {
        records += more
        return draw((elapsed) => {
          const share = Math.min(1, records / Math.max(1, total, records))
          return `bringing in ${bar(share)} ${records} of ${Math.max(total, records)} records, ${
            seconds(elapsed / Math.max(share, 0.001) - elapsed)
          } left`
        })
      },
      // Always drawn: the next part may hold the thread for long.
      checked: (what, done, total) =>
        writeStderr(`\r\u001b[2Kchecking ${bar(total === 0 ? 1 : done / total)} ${what}, ${done} of ${total}`),
      copied: (what, done, total) =>
        draw(() =>
          `${what} ${bar(total === 0 ? 1 : Math.min(1, done / total))} ${megabytes(done)} of ${megabytes(total)} MB`
        ),
      end: writeStderr("\r\u001b[2K")
    }
  })
