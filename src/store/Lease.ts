/**
 * A lease that at most one of the processes over a folder holds.
 *
 * The lease is a lock of the operating system, which SQLite takes on an empty file: it needs no writing, and is free at once when its
 * holder ends, even by a crash. A holder that is stopped (a suspended terminal, for example) loses the lease after a minute to a waiting
 * process, and notices when it resumes.
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

/** Interval at which a waiting process tries to take the lease. */
const RETRY_INTERVAL = Duration.seconds(2)
/** Interval at which the holder touches the lock file and checks that the lease is still its own. */
const HEARTBEAT_INTERVAL = Duration.seconds(15)
const STALE_AFTER_MS = 60_000

export interface Held {
  /** Sends heartbeats while it runs; ends when another process has taken the lease. */
  readonly keep: Effect.Effect<void>
}

/** A reference with a default that grants every lease: a single process shares with nobody. */
export class Lease extends Context.Reference<Lease>()("claude-memory/Lease", {
  defaultValue: (): {
    /** Waits for the lease of this name; releases it when the scope closes. */
    readonly hold: (name: string) => Effect.Effect<Held, SqliteError, Scope.Scope>
  } => ({ hold: () => Effect.succeed({ keep: Effect.never }) })
}) {
  /** Creates `folder` at the first use, with mode 0700. */
  static readonly layer = (folder: string) => Layer.effect(this, make(folder))
}

/** Returns the identity and last heartbeat of the file at this path; undefined when there is none. */
const stateOf = (path: string) => {
  const info = statSync(path, { throwIfNoEntry: false })
  return info === undefined ? undefined : { id: `${info.dev} ${info.ino}`, beatenAt: info.mtimeMs }
}

const make = (folder: string) =>
  Effect.gen(function*() {
    const ledger = yield* ResourceLedger

    /** Takes the lease, or fails with "Locked". `suspect` is the file without a recent heartbeat at the last attempt. */
    const take = (name: string, path: string, suspect: { id?: string }) =>
      Effect.gen(function*() {
        const { DatabaseSync } = yield* loadDriver
        const toError = (cause: unknown) => new SqliteError({ reason: reasonOf(cause), path, cause })
        const now = yield* Clock.currentTimeMillis
        const lock = () => {
          mkdirSync(folder, { recursive: true, mode: 0o700 })
          // Leaves an existing file as it is, its modification time too.
          writeFileSync(path, "", { flag: "a", mode: 0o600 })
          const before = stateOf(path)
          const database = new DatabaseSync(path)
          try {
            // Creates no journal file, not even an empty one.
            database.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
            if (before === undefined || stateOf(path)?.id !== before.id) throw new Error("database is locked")
            return { database, id: before.id }
          } catch (cause) {
            database.close()
            const isStill = before !== undefined && now - before.beatenAt > STALE_AFTER_MS
            // Only at the second attempt: a new holder may not have sent its first heartbeat yet.
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
        ).pipe(Effect.retry({ while: ({ reason }) => reason === "Locked", schedule: Schedule.spaced(RETRY_INTERVAL) }))
        const beat = Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.try(() => {
            const isOurs = stateOf(path)?.id === id
            if (isOurs) utimesSync(path, now / 1000, now / 1000)
            return isOurs
          })).pipe(Effect.orElseSucceed(() => true))
        return {
          keep: Effect.asVoid(
            Effect.zipRight(beat, Effect.repeat(Effect.delay(beat, HEARTBEAT_INTERVAL), { while: (isOurs) => isOurs }))
          )
        }
      })

    return { hold }
  })
