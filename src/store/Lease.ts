/**
 * A lease among the processes over one folder: at most one of them holds it.
 *
 * The operating system keeps it, as SQLite's lock of an empty file: nobody writes anything to have it, and it is free again at once
 * when its holder ends, however that comes. A holder that stands still (its terminal was suspended, say) loses it after a minute to one
 * who waits, and finds that out when it goes on.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { loadDriver, reasonOf, SqliteError } from "../resources/Sqlite.ts"

/** How often those who wait ask. */
const ASKS_EVERY = Duration.seconds(2)
/** How often the holder shows that it goes on, and looks whether it still holds it. */
const BEATS_EVERY = Duration.seconds(15)
const STANDS_STILL_MS = 60_000

export interface Held {
  /** Keeps it for as long as this runs; ends when it was lost to another. */
  readonly keep: Effect.Effect<void>
}

/** A reference, for without others there is nobody to share with. */
export class Lease extends Context.Reference<Lease>()("claude-memory/Lease", {
  defaultValue: (): {
    /** Waits for the one of this name; it is given back when the scope closes. */
    readonly hold: (name: string) => Effect.Effect<Held, SqliteError, Scope.Scope>
  } => ({ hold: () => Effect.succeed({ keep: Effect.never }) })
}) {
  /** `folder` is made when it is first needed, with mode 0700. */
  static readonly layer = (folder: string) => Layer.effect(this, make(folder))
}

/** Of the file that has this path now, while it is there. */
const stateOf = (path: string) => {
  const info = statSync(path, { throwIfNoEntry: false })
  return info === undefined ? undefined : { id: `${info.dev} ${info.ino}`, beatenAt: info.mtimeMs }
}

const make = (folder: string) =>
  Effect.gen(function*() {
    const ledger = yield* ResourceLedger

    /** Takes it, or fails because it is locked. `suspect` is the file that stood still when it was last tried. */
    const take = (name: string, path: string, suspect: { id?: string }) =>
      Effect.gen(function*() {
        const { DatabaseSync } = yield* loadDriver
        const toError = (cause: unknown) => new SqliteError({ reason: reasonOf(cause), path, cause })
        const now = yield* Clock.currentTimeMillis
        const lock = () => {
          mkdirSync(folder, { recursive: true, mode: 0o700 })
          // Touches nothing where it is there.
          writeFileSync(path, "", { flag: "a", mode: 0o600 })
          const before = stateOf(path)
          const database = new DatabaseSync(path)
          try {
            // No journal, not even an empty one.
            database.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
            if (before === undefined || stateOf(path)?.id !== before.id) throw new Error("database is locked")
            return { database, id: before.id }
          } catch (cause) {
            database.close()
            const isStill = before !== undefined && now - before.beatenAt > STANDS_STILL_MS
            // Not at first sight: whoever has just taken it has not shown it yet.
            if (isStill && suspect.id === before.id) rmSync(path, { force: true })
            if (isStill) suspect.id = before.id
            throw cause
          }
        }
        const { id } = yield* ledger.acquire({
          kind: "lock",
          name,
          open: Effect.try({ try: lock, catch: toError }),
          close: ({ database }) => Effect.sync(() => database.close()),
          within: "1 second"
        })
        return id
      })

    const hold = (name: string) =>
      Effect.gen(function*() {
        const path = join(folder, `${name}.lock`)
        const scope = yield* Effect.scope
        const suspect = {}
        const id = yield* Effect.flatMap(
          Scope.fork(scope, ExecutionStrategy.sequential),
          (own) => take(name, path, suspect).pipe(Scope.extend(own), Effect.onError(() => Scope.close(own, Exit.void)))
        ).pipe(Effect.retry({ while: ({ reason }) => reason === "Locked", schedule: Schedule.spaced(ASKS_EVERY) }))
        const beat = Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.try(() => {
            const isOurs = stateOf(path)?.id === id
            if (isOurs) utimesSync(path, now / 1000, now / 1000)
            return isOurs
          })).pipe(Effect.orElseSucceed(() => true))
        return {
          keep: Effect.asVoid(
            Effect.zipRight(beat, Effect.repeat(Effect.delay(beat, BEATS_EVERY), { while: (isOurs) => isOurs }))
          )
        }
      })

    return { hold }
  })
