/**
 * A lease that at most one of the processes over a folder holds.
 *
 * The lease is a lock of the operating system, free at once when its holder ends, even by a crash. A holder that is stopped (a suspended terminal, for example) loses the lease after a minute to a waiting
 * process, and notices when it resumes.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { makeFolder } from "../resources/Disk.ts"
import * as FileLock from "../resources/FileLock.ts"
import * as Owner from "../resources/Owner.ts"
import * as PerCall from "../resources/PerCall.ts"
import { reasonOf, SqliteError } from "../resources/Sqlite.ts"

/** Interval at which a waiting process tries to take the lease. */
const RETRY_INTERVAL = Duration.seconds(2)
/** Interval at which the holder touches the lock file and checks that the lease is still its own. */
const HEARTBEAT_INTERVAL = Duration.seconds(15)
const STALE_AFTER_MS = 60_000
/** Most fibers of one process that hold a lease, or try to take one, at a time. */
const AT_MOST = 16

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
  static readonly layer = (folder: string) => Owner.layer(this, make(folder))
}

const beatenAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs

/** Removes the file of a holder that stands still. Windows lets nobody remove what is open: then its end is waited for. */
const letGo = (path: string): void => {
  try {
    rmSync(path, { force: true })
  } catch {
    // Tried again at the next attempt.
  }
}

const make = (folder: string) =>
  Effect.gen(function*() {
    const perCall = yield* PerCall.make(AT_MOST)

    /** Takes the lease, or fails with "Locked". `suspect` is the file without a recent heartbeat at the last attempt. */
    const take = (name: string, path: string, suspect: { identity?: string | undefined }) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const [identity, beaten] = yield* Effect.try({
          try: () => {
            makeFolder(folder)
            // Leaves an existing file as it is, its modification time too.
            writeFileSync(path, "", { flag: "a", mode: 0o600 })
            return [FileLock.identityOf(path), beatenAt(path)] as const
          },
          catch: (cause) => new SqliteError({ reason: reasonOf(cause), path, cause })
        })
        return yield* Effect.tapError(perCall(FileLock.open(name, path)), () =>
          Effect.sync(() => {
            const isStill = beaten !== undefined && now - beaten > STALE_AFTER_MS
            // Only at the second attempt: a new holder may not have sent its first heartbeat yet.
            if (isStill && suspect.identity === identity) letGo(path)
            if (isStill) suspect.identity = identity
          }))
      })

    const hold = (name: string) =>
      Effect.gen(function*() {
        const path = join(folder, `${name}.lock`)
        const suspect = {}
        const identity = yield* Effect.retry(take(name, path, suspect), {
          while: ({ reason }) => reason === "Locked",
          schedule: Schedule.spaced(RETRY_INTERVAL)
        })
        const beat = Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.try(() => {
            const isOurs = FileLock.identityOf(path) === identity
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
