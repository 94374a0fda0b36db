/**
 * `Backups` of a memory in a SQLite file.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { type BackupKind, nameOf, temporaryOf } from "../../domain/BackupFile.ts"
import { version as program } from "../../process/version.ts"
import { rename, sizeOf, syncFile, syncFolder } from "../../resources/Disk.ts"
import { Files } from "../../resources/Files.ts"
import * as Owner from "../../resources/Owner.ts"
import * as PerCall from "../../resources/PerCall.ts"
import { copyPages, durably, open, type SqliteError, transaction } from "../../resources/Sqlite.ts"
import { type Backup, BackupError, Backups, DailyBackup, FORMAT, type Held, type Report } from "../Backups.ts"
import * as Forgetting from "../Forgetting.ts"
import type { StoreError } from "../MemoryStore.ts"
import { checkVersion } from "../sql/schemaVersion.ts"
import { SECRET } from "../sql/Statements.ts"
import * as BackupFolder from "./BackupFolder.ts"
import { pack, unpack } from "./BackupPacking.ts"
import * as ForgottenSince from "./ForgottenSince.ts"
import { currentVersion, dataVersion, LATEST, migrate } from "./migrations.ts"
import * as OpeningFiles from "./OpeningFiles.ts"
import { register } from "./Packs.ts"
import * as Replacement from "./Replacement.ts"
import { DATABASE, NOTHING_YET, openClients, toStoreError } from "./SqliteFile.ts"
import { UNWIPED } from "./Wiping.ts"

export interface SqliteBackupsOptions {
  /** Folder of the memory's file. */
  readonly folder: string
  readonly busyTimeoutMs: number
  /** Limits of the daily backups. */
  readonly limits: BackupFolder.Limits
}

/** Age of the newest backup from which the daily one is due, in milliseconds. */
const DAY_MS = 86_400_000

/** Attempts at what others' writes or forgetting make void. */
const ATTEMPTS = 3

const { use } = BackupFolder

type Failure = BackupError | SqlError | SqliteError | StoreError

const toFailure = (operation: string) => (cause: Failure): BackupError | StoreError =>
  cause instanceof BackupError ? cause : toStoreError(operation)(cause)

/** Runs an effect on a connection to the memory while no process writes. */
type Locked = <A, E>(
  effect: (sql: SqlClient) => Effect.Effect<A, E>
) => Effect.Effect<A, E | SqlError | SqliteError>

const silent: Report = () => Effect.void

const newer = (path: string, schema: number) =>
  new BackupError({
    reason: "Newer",
    path,
    detail: `schema ${schema}, this one knows ${LATEST}`,
    cause: undefined
  })

/** Deletes a database and the files of its log. */
const discard = (path: string) =>
  Effect.ignore(use(path, () => {
    for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${end}`, { force: true })
  }))

/** Makes an empty file for its owner only, in place of one that an ended process has left. */
const makeEmpty = (path: string) =>
  use(path, () => {
    rmSync(path, { force: true })
    writeFileSync(path, "", { flag: "wx", mode: 0o600 })
  })

/** Tombstones read at a time. */
const TOMBSTONES_AT_ONCE = 10_000

/** Hashes the tombstones, which each forgetting changes. */
const tombstonesOf = (sql: SqlClient) =>
  Effect.gen(function*() {
    const sum = createHash("sha256")
    for (let last = { hash: "", unit_id: "" };;) {
      const some = yield* sql<typeof last>`SELECT hash, unit_id FROM tombstones
        WHERE (hash, unit_id) > (${last.hash}, ${last.unit_id}) ORDER BY hash, unit_id LIMIT ${TOMBSTONES_AT_ONCE}`
      for (const { hash, unit_id } of some) sum.update(hash).update(unit_id)
      if (some.length < TOMBSTONES_AT_ONCE) return sum.digest("hex")
      last = some.at(-1)!
    }
  })

const property = (sql: SqlClient, name: string) =>
  Effect.map(sql<{ value: string }>`SELECT value FROM properties WHERE name = ${name}`, ([row]) => row?.value)

const countsOf = (sql: SqlClient) =>
  Effect.map(
    sql<Required<Held>>`SELECT
      (SELECT count(*) FROM units) AS units, (SELECT count(*) FROM units WHERE active) AS active,
      (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM messages) AS messages`,
    ([row]) => row!
  )

/**
 * Deletes what lies in the bin: a backup has none of it, so that its forgetting can't be undone there. SQLite writes over deleted
 * rows, and VACUUM over what they leave, also those that were forgotten for good.
 */
const emptyBin = (sql: SqlClient) =>
  Effect.gen(function*() {
    yield* sql`UPDATE operations SET undone = 1 WHERE id IN (SELECT operation FROM bin_entries)`
    const [row] = yield* sql<{ some: number }>`SELECT EXISTS (SELECT 1 FROM bin_entries)
      OR EXISTS (SELECT 1 FROM properties WHERE name = ${UNWIPED}) AS some`
    if (row?.some !== 1) return
    yield* sql`DELETE FROM bin_entries`
    yield* sql`DELETE FROM properties WHERE name = ${UNWIPED}`
    yield* sql.unsafe("VACUUM")
  })

const make = ({ busyTimeoutMs, folder: home, limits }: SqliteBackupsOptions) =>
  Effect.gen(function*() {
    const files = yield* Files.make
    const platform = Owner.provideContext(
      yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    )
    // The memory, a copy of it, one that is restored, and the connection that copies.
    const perCall = yield* PerCall.make(6)
    const database = join(home, DATABASE)
    const folder = BackupFolder.folderOf(database)

    const opening = (
      name: string,
      path: string,
      options: { readonly readOnly?: boolean; readonly writesSchema?: boolean } = {}
    ) =>
      perCall(open({
        name: `Sqlite ${name} of ${path}`,
        path,
        readOnly: false,
        busyTimeoutMs,
        newestSchema: LATEST,
        register,
        isApart: true,
        ...options
      }))

    /** Makes the memory where there is none, and brings an older one to the newest schema. */
    const made = Effect.scoped(Effect.asVoid(platform(perCall(
      openClients({ folder: home, readOnly: false, busyTimeoutMs, name: "Sqlite before" })
    ))))
    const current = Effect.suspend(() => (sizeOf(database) ?? 0) === 0 ? Effect.void : made)

    /** Copies the memory's database as it is now, without its bin, and describes the copy. */
    const copy = (to: string, createdAt: number, report: Report) =>
      Effect.gen(function*() {
        const total = sizeOf(database) ?? 0
        const progress = { done: 0, total: 1 }
        yield* Effect.raceFirst(
          Effect.scoped(perCall(copyPages({
            path: database,
            to,
            report: (done, total) => Object.assign(progress, { done, total })
          }))),
          Effect.forever(Effect.delay(
            Effect.suspend(() => report({ what: "copying", done: progress.done / progress.total * total, total })),
            "200 millis"
          ))
        )
        return yield* Effect.scoped(Effect.gen(function*() {
          const sql = yield* opening("copy", to)
          const schema = yield* currentVersion(sql)
          yield* checkVersion(schema, LATEST)
          yield* emptyBin(sql)
          const memory = yield* property(sql, "identity")
          const header = { format: FORMAT, schema, program, createdAt, memory: memory ?? "", ...(yield* countsOf(sql)) }
          return { header, tombstones: yield* tombstonesOf(sql) }
        }))
      })

    const locked: Locked = (effect) =>
      Effect.scoped(Effect.flatMap(opening("backup", database), (sql) => transaction(sql, effect(sql))))

    /** A first name that no file has. */
    const freeName = (kind: BackupKind, createdAt: number) =>
      use(folder, () => {
        let number = 1
        while (existsSync(join(folder, nameOf(kind, createdAt, number)))) number++
        return join(folder, nameOf(kind, createdAt, number))
      })

    const makeOnce = (path: string, createdAt: number, locked: Locked, report: Report) =>
      Effect.gen(function*() {
        const copied = temporaryOf(join(folder, basename(path)), process.pid, "copy")
        const packed = temporaryOf(path, process.pid, "part")
        let isPacked = false
        const finished = Effect.gen(function*() {
          const { header, tombstones } = yield* copy(copied, createdAt, report)
          const whole = yield* pack(files, { from: copied, to: packed, header, report })
          isPacked = existsSync(copied)
          yield* discard(copied)
          yield* use(packed, () => syncFile(packed))
          // Once it lies there, a process that forgets may delete it.
          const { size } = yield* use(packed, () => statSync(packed))
          const finish = use(path, () => {
            if (existsSync(path)) throw new BackupError({ reason: "Exists", path, detail: "", cause: undefined })
            rename(packed, path)
            syncFolder(dirname(path))
            return true
          })
          // A backup that a forgetting process did not see would hold what it has forgotten. So nobody forgets meanwhile.
          const isKept = yield* locked((sql) =>
            Effect.flatMap(tombstonesOf(sql), (now) => now === tombstones ? finish : Effect.succeed(false))
          )
          return isKept ? Option.some<Backup>({ path, size, header: whole }) : Option.none()
        })
        return yield* Effect.gen(function*() {
          yield* makeEmpty(packed)
          yield* makeEmpty(copied)
          return yield* Effect.catchAll(
            finished,
            // A process that forgets may have deleted what is being made.
            (error) => existsSync(packed) && (isPacked || existsSync(copied)) ? Effect.fail(error) : Effect.succeedNone
          )
        }).pipe(Effect.ensuring(Effect.zipRight(discard(copied), discard(packed))))
      })

    const makeKind = (kind: BackupKind, to: string | undefined, locked: Locked, report: Report) =>
      Effect.gen(function*() {
        if ((sizeOf(database) ?? 0) === 0) {
          return yield* NOTHING_YET
        }
        const createdAt = yield* Clock.currentTimeMillis
        yield* use(folder, () => BackupFolder.prepare(folder, createdAt))
        const isFolder = to !== undefined && (yield* use(to, () => existsSync(to) && statSync(to).isDirectory()))
        const path = to === undefined
          ? yield* freeName(kind, createdAt)
          : isFolder
          ? join(to, nameOf(kind, createdAt))
          : resolve(to)
        if (yield* use(path, () => existsSync(path))) {
          return yield* new BackupError({ reason: "Exists", path, detail: "", cause: undefined })
        }
        for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
          const made = yield* makeOnce(path, yield* Clock.currentTimeMillis, locked, report)
          if (Option.isNone(made)) continue
          if (to === undefined) yield* use(folder, () => BackupFolder.forgetFailure(folder))
          return made.value
        }
        return yield* new BackupError({ reason: "Busy", path, detail: "", cause: undefined })
      })

    const read = (path: string) =>
      Effect.gen(function*() {
        const backup = yield* use(path, () => BackupFolder.read(path))
        if (backup.header.schema > LATEST) return yield* newer(path, backup.header.schema)
        return backup
      })

    /** Unpacks a backup, gives it to `use` and deletes it: beside the memory, in whose folder nobody else reads it. */
    const unpacked = <A, E, R>(backup: Backup, report: Report, useIt: (path: string) => Effect.Effect<A, E, R>) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        yield* use(folder, () => BackupFolder.prepare(folder, now))
        const path = temporaryOf(join(folder, basename(backup.path)), process.pid, "restore")
        return yield* makeEmpty(path).pipe(
          Effect.zipRight(unpack(files, backup, path, report)),
          Effect.zipRight(useIt(path)),
          Effect.ensuring(discard(path))
        )
      })

    /** Checks every page, and that the backup holds what its header says. */
    const check = (sql: SqlClient, { header, path }: Backup) =>
      Effect.gen(function*() {
        const damaged = (detail: string) => new BackupError({ reason: "Damaged", path, detail, cause: undefined })
        const pages = yield* sql.unsafe<{ integrity_check: string }>("PRAGMA integrity_check(1)")
        if (pages[0]?.integrity_check !== "ok") return yield* damaged(pages[0]?.integrity_check ?? "its pages")
        const counts = yield* countsOf(sql)
        for (const what of ["units", "active", "sessions", "messages"] as const) {
          if (header[what] !== undefined && counts[what] !== header[what]) {
            return yield* damaged(`it holds ${counts[what]} ${what}, and its header says ${header[what]}`)
          }
        }
        const schema = yield* currentVersion(sql)
        const memory = yield* property(sql, "identity")
        if (schema !== header.schema || memory !== header.memory) {
          return yield* damaged("its header is that of another one")
        }
      })

    const newest = Effect.flatMap(use(folder, () => BackupFolder.list(folder)), ({ backups: [first] }) =>
      first === undefined
        ? Effect.fail(new BackupError({ reason: "None", path: folder, detail: "", cause: undefined }))
        : Effect.succeed(first.path))

    const verify = (wanted: string | undefined, report: Report) =>
      Effect.gen(function*() {
        const backup = yield* read(wanted ?? (yield* newest))
        yield* unpacked(backup, report, (path) =>
          Effect.gen(function*() {
            yield* report({ what: "checking", done: 0, total: backup.header.bytes })
            yield* Effect.scoped(Effect.flatMap(opening("backup", path), (sql) =>
              check(sql, backup)))
          }))
        return backup
      })

    /** Fails for a backup of another memory; returns how many forgotten texts only the present memory knows, when it is forced. */
    const checkMemory = (sql: SqlClient, other: SqlClient, path: string, isForced: boolean) =>
      Effect.gen(function*() {
        const [known] = yield* sql<{ isEmpty: number; forgotten: number }>`SELECT
          NOT EXISTS (SELECT 1 FROM projects) AND NOT EXISTS (SELECT 1 FROM units)
            AND NOT EXISTS (SELECT 1 FROM tombstones) AS isEmpty,
          (SELECT count(DISTINCT hash) FROM tombstones) AS forgotten`
        const isEmpty = known?.isEmpty === 1
        const identities = [yield* property(other, "identity"), yield* property(sql, "identity")]
        const secrets = [yield* property(other, SECRET), yield* property(sql, SECRET)]
        const isOtherSecret = secrets.every((secret) =>
          secret !== undefined
        ) && secrets[0] !== secrets[1]
        if (!isEmpty && !isForced && (identities[0] !== identities[1] || isOtherSecret)) {
          return yield* new BackupError({
            reason: "OtherMemory",
            path,
            detail: identities[0] === identities[1]
              ? "a copy of this one, which has forgotten other things since"
              : `${identities[0]}, and this one is ${identities[1]}`,
            cause: undefined
          })
        }
        return { isEmpty, lostTombstones: isOtherSecret ? known?.forgotten ?? 0 : 0 }
      })

    /** Cuts from the database `other` what the memory has forgotten. */
    const cutForgotten = (sql: SqlClient, other: SqlClient) =>
      Effect.gen(function*() {
        const secret = yield* property(sql, SECRET)
        if (secret === undefined) return ForgottenSince.NOTHING
        /** Hashes by the tombstones, each named by its hash and its unit. */
        const tombsIn = (database: SqlClient) =>
          Effect.map(
            database<{ hash: string; unit: string }>`SELECT hash, unit_id AS unit FROM tombstones`,
            (rows) => new Map(rows.map(({ hash, unit }) => [hash + unit, hash]))
          )
        const forgotten = yield* tombsIn(sql)
        const known = (yield* property(other, SECRET)) === secret ? yield* tombsIn(other) : new Map<string, string>()
        const since = [...forgotten].filter(([tomb]) => !known.has(tomb))
        if (since.length === 0) return ForgottenSince.NOTHING
        const hashOf = Forgetting.hashesBy(secret)
        const hashes = new Set(forgotten.values())
        const ids = new Set(since.map(([tomb, hash]) => tomb.slice(hash.length)))
        return yield* transaction(other, ForgottenSince.cut(other, ids, (key) => hashes.has(hashOf(key)), sql))
      })

    const add = (a: ForgottenSince.Cut, b: ForgottenSince.Cut): ForgottenSince.Cut => ({
      units: a.units + b.units,
      messages: a.messages + b.messages,
      titles: a.titles + b.titles,
      deadLetters: a.deadLetters + b.deadLetters
    })

    /** Puts the unpacked database in the place of the memory's. */
    const putInPlace = (backup: Backup, path: string, isForced: boolean, report: Report) =>
      Effect.gen(function*() {
        yield* report({ what: "checking", done: 0, total: backup.header.bytes })
        const other = yield* opening("restored", path)
        yield* check(other, backup)
        yield* migrate(other)
        yield* other`UPDATE work SET owner = NULL, until = NULL`
        yield* made
        const sql = yield* opening("restore", database, { writesSchema: true })
        yield* Replacement.attach(sql, path)
        const size = sizeOf(path) ?? 0
        let cut = ForgottenSince.NOTHING
        let before: string | undefined
        /** Checks the memory, and cuts from the backup what it has forgotten. */
        const look = Effect.gen(function*() {
          const { isEmpty, lostTombstones } = yield* checkMemory(sql, other, backup.path, isForced)
          const tombstones = yield* tombstonesOf(sql)
          cut = add(cut, yield* cutForgotten(sql, other))
          return { isEmpty, lostTombstones, tombstones }
        })
        const keep = (isEmpty: boolean, locked: Locked) =>
          Effect.gen(function*() {
            // One of an attempt that others' writes have made void.
            if (before !== undefined) yield* discard(before)
            before = isEmpty ? undefined : (yield* makeKind("before-restore", undefined, locked, report)).path
          })
        const replace = Effect.gen(function*() {
          yield* Replacement.replace(
            sql,
            (done, total) => report({ what: "replacing", done: done / total * size, total: size })
          )
          // They tell what was remembered before.
          yield* OpeningFiles.deleteAll(database)
          return yield* countsOf(sql)
        })
        for (let attempt = 1; attempt <= 2 * ATTEMPTS; attempt++) {
          // Others' writes have made some void: now none writes while the memory is backed up.
          const isAlone = attempt >= ATTEMPTS
          const seen = yield* dataVersion(sql)
          const { isEmpty, lostTombstones, tombstones } = yield* look
          if (!isAlone) yield* keep(isEmpty, (effect) => transaction(sql, effect(sql)))
          const done = yield* durably(transaction(
            sql,
            Effect.gen(function*() {
              // The backup can't be written in this transaction, so what is forgotten since can't be cut from it.
              const isSame = isAlone
                ? (yield* tombstonesOf(sql)) === tombstones
                : (yield* dataVersion(sql)) === seen
              if (!isSame) return undefined
              if (isAlone) {
                const { isEmpty } = yield* checkMemory(sql, other, backup.path, isForced)
                yield* keep(isEmpty, (effect) => effect(sql))
              }
              return { ...(yield* replace), lostTombstones }
            })
          ))
          if (done !== undefined) return { backup, before, cut, ...done }
        }
        return yield* new BackupError({ reason: "Busy", path: backup.path, detail: "", cause: undefined })
      }).pipe(Effect.scoped)

    const restore = (wanted: string, isForced: boolean, report: Report) =>
      Effect.gen(function*() {
        const backup = yield* read(wanted)
        return yield* unpacked(backup, report, (path) => putInPlace(backup, path, isForced, report))
      })

    const daily = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      // One that was made when the clock was wrong does not count.
      const isDue = Effect.map(
        use(folder, () => BackupFolder.list(folder).backups),
        (backups) => !backups.some(({ header }) => header.createdAt <= now && header.createdAt > now - DAY_MS)
      )
      if ((sizeOf(database) ?? 0) === 0 || !(yield* isDue)) return undefined
      const made = yield* makeKind("daily", undefined, locked, silent)
      const then = yield* Clock.currentTimeMillis
      yield* use(folder, () => BackupFolder.prune(folder, limits, then))
      return made
    })

    return Backups.of({
      folder,
      make: (to, report) =>
        Effect.mapError(
          Effect.zipRight(current, makeKind("memory", to, locked, report)),
          toFailure("backup")
        ),
      verify: (path, report) => Effect.mapError(verify(path, report), toFailure("verify")),
      list: use(folder, () => BackupFolder.list(folder)),
      restore: (path, isForced, report) => Effect.mapError(restore(path, isForced, report), toFailure("restore")),
      daily: Effect.mapError(daily, toFailure("backup"))
    })
  })

export const layer = (options: SqliteBackupsOptions) => Owner.layer(Backups, make(options))

/** Makes the daily backups of a process that runs for long, and records a failure beside them. */
export const layerDaily = (options: SqliteBackupsOptions) =>
  Layer.provide(
    Layer.effect(
      DailyBackup,
      Effect.map(Backups, ({ daily, folder }) => ({
        makeIfDue: daily.pipe(
          Effect.catchAll(({ message, reason }) =>
            // Another process writes: it is made in the next hour.
            reason === "Locked" || reason === "Busy" ? Effect.void : Effect.gen(function*() {
              yield* Effect.logWarning(`the daily backup failed: ${message}`)
              const now = yield* Clock.currentTimeMillis
              yield* Effect.ignore(use(folder, () => BackupFolder.recordFailure(folder, now, message)))
            })
          ),
          Effect.asVoid
        )
      }))
    ),
    layer(options)
  )
