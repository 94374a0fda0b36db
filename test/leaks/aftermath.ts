/**
 * Checks of what a process left on the machine when it ended. Each complaint is a sentence.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as Sqlite from "../../src/resources/Sqlite.ts"
import { owned } from "../resources/owned.ts"
import { type Place, type Program, until } from "./spawned.ts"
import * as Yardstick from "./Yardstick.ts"

/** Time for what needs to wait for nothing. */
const AT_ONCE_MS = 1_000

type Complaints<R = never> = Effect.Effect<ReadonlyArray<string>, never, R>

const unless = (holds: boolean, complaint: string): ReadonlyArray<string> => holds ? [] : [complaint]

const namesIn = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.readDirectory(folder), () => []))

/** Looks from the server's side, which still sees the sockets that a process has not closed. */
const sockets = ({ server }: Place): Complaints =>
  until(Effect.sync(() => server.seen.open.size === 0)).pipe(
    (closed) => Yardstick.within(closed, AT_ONCE_MS),
    Effect.map((closed) => unless(Option.isSome(closed), `the server still sees ${server.seen.open.size} sockets open`))
  )

/** Finds processes started by the program, directly or not, by its environment; Linux only. */
const survivors = ({ root }: Place): Complaints<FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const pids = (yield* namesIn("/proc")).filter((name) => /^\d+$/.test(name))
    const environments = yield* Effect.forEach(
      pids,
      (pid) => Effect.orElseSucceed(fs.readFileString(`/proc/${pid}/environ`), () => ""),
      { concurrency: 16 }
    )
    const found = pids.filter((_, i) => environments[i]!.includes(`TMPDIR=${root}`))
    return unless(found.length === 0, `left processes running: ${found.join(", ")}`)
  })

/** Queries the database through a connection that does not wait for locks. */
const queried = <A>(
  { database }: Place,
  options: { readonly readOnly: boolean },
  ask: (sql: Effect.Effect.Success<ReturnType<typeof Sqlite.open>>) => Effect.Effect<A, unknown>
) =>
  owned(Sqlite.open({ name: "gate", path: database, busyTimeoutMs: 0, ...options })).pipe(
    Effect.flatMap(ask),
    Effect.scoped,
    Effect.provide(ResourceLedger.layer)
  )

const numberOf = (place: Place, query: string): Effect.Effect<number> =>
  queried(
    place,
    { readOnly: true },
    (sql) => Effect.map(sql.unsafe<{ readonly n: number }>(query), ([row]) => row?.n ?? 0)
  ).pipe(Effect.orElseSucceed(() => 0))

export const units = (place: Place) => numberOf(place, "SELECT count(*) AS n FROM units")
export const storedMessages = (place: Place) => numberOf(place, "SELECT count(*) AS n FROM message_rows")
export const claims = (place: Place) => numberOf(place, "SELECT count(*) AS n FROM work WHERE owner IS NOT NULL")

/** Runs the effect while a transaction of this process reads the database. */
export const whileReading = <A>(place: Place, effect: Effect.Effect<A>) =>
  queried(
    place,
    { readOnly: true },
    (sql) => sql.withTransaction(Effect.zipRight(sql.unsafe("SELECT count(*) FROM work"), effect))
  )

/** Checks that another process can write at once. */
const locks = (place: Place): Complaints<FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (!(yield* Effect.orElseSucceed(fs.exists(place.database), () => false))) return []
    return yield* queried(
      place,
      { readOnly: false },
      (sql) =>
        Sqlite.transaction(
          sql,
          Effect.zipRight(sql.unsafe("CREATE TABLE of_the_gate (x)"), sql.unsafe("DROP TABLE of_the_gate"))
        )
    ).pipe(
      (written) => Yardstick.within(written, AT_ONCE_MS),
      Effect.match({
        onFailure: (error) => [`the database can't be written at once: ${String(error)}`],
        onSuccess: (written) => unless(Option.isSome(written), "the database can't be written at once")
      })
    )
  })

/**
 * Checks files beside the database and in the temporary folder. SQLite lets a read-only connection create the log and
 * its index, but not remove them; then the log is empty. A hook that is ended while it calls a model does not wait to
 * fold the log of model costs. It also keeps the session's injections, and the reason why it could not answer.
 */
const files = ({ database, memory, temporary }: Place, onlyReads: boolean): Complaints<FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = yield* namesIn(memory)
    const logged = Number(
      (yield* Effect.option(fs.stat(`${database}-wal`))).pipe(Option.map(({ size }) => size), Option.getOrElse(() => 0))
    )
    const allowed = [
      "memory.db",
      "models.db",
      "openings",
      ...(onlyReads && logged === 0 ? ["memory.db-wal", "memory.db-shm"] : []),
      ...(onlyReads ? ["models.db-wal", "models.db-shm", "code-cache", "sessions", "hook-failures.jsonl"] : [])
    ]
    const beside = names.filter((name) => !allowed.includes(name))
    const left = yield* namesIn(temporary)
    return [
      ...unless(beside.length === 0, `left beside the database: ${beside.join(", ")}`),
      ...unless(left.length === 0, `left in the temporary folder: ${left.join(", ")}`)
    ]
  })

/** Checks for handles that were open at exit, after the finalizers. */
const handles = ({ root }: Place, program: Program): Complaints<FileSystem.FileSystem | Path.Path> =>
  Effect.map(
    program.atExit,
    Option.match({
      onNone: () => [],
      onSome: ({ children, files, sockets, workers }) => {
        const own = files.filter((file) => file.startsWith(root))
        return [
          ...unless(sockets === 0, `${sockets} sockets were open as it exited`),
          ...unless(workers === 0, `${workers} workers were running as it exited`),
          ...unless(children.length === 0, `${children.length} children were running as it exited`),
          ...unless(own.length === 0, `files were open as it exited: ${own.join(", ")}`)
        ]
      }
    })
  )

/**
 * For a process that died. The next process deals with its locks, files and claims, so nothing opens the database
 * before it.
 */
export const ofDead = (place: Place): Complaints<FileSystem.FileSystem> =>
  Effect.map(Effect.all([sockets(place), survivors(place)]), (all) => all.flat())

/** For a process that ended without all of its finalizers. */
export const ofAny = (place: Place): Complaints<FileSystem.FileSystem> =>
  Effect.map(Effect.all([ofDead(place), locks(place)]), (all) => all.flat())

const inOrder = (place: Place, onlyReads: boolean, claimed: string) =>
  Effect.gen(function*() {
    // Files come first, since opening the database creates files beside it for a moment.
    const left = yield* files(place, onlyReads)
    const count = yield* claims(place)
    return [...left, ...unless(count === 0, `${count} items of work are ${claimed}`), ...(yield* ofAny(place))]
  })

/** For a process that could run its finalizers. */
export const ofStopped = (
  place: Place,
  program: Program,
  onlyReads: boolean
): Complaints<FileSystem.FileSystem | Path.Path> =>
  Effect.zipWith(
    handles(place, program),
    inOrder(place, onlyReads, "claimed by a process that has stopped"),
    (open, left) => [...open, ...left]
  )

/** For the next process, which must have cleaned up after the dead one. */
export const ofNext = (place: Place, onlyReads: boolean): Complaints<FileSystem.FileSystem> =>
  inOrder(place, onlyReads, "still claimed by the dead")
