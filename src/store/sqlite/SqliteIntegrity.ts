/**
 * `Integrity` of the SQLite files in the memory's folder.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { join } from "node:path"
import { sizeOf } from "../../resources/Disk.ts"
import * as Owner from "../../resources/Owner.ts"
import * as PerCall from "../../resources/PerCall.ts"
import { isLogAlone, open, reasonOf, SqliteError, transaction } from "../../resources/Sqlite.ts"
import { lookAtFolder } from "../Folder.ts"
import { type Finding, type Inspection, Integrity, type Notes, type Repaired, type Report } from "../Integrity.ts"
import { StoreError } from "../MemoryStore.ts"
import type { UnitBody } from "../sql/Dialect.ts"
import { checkVersion } from "../sql/schemaVersion.ts"
import * as Copies from "./Copies.ts"
import {
  type Damage,
  damagedPart,
  expectedObjects,
  findDifferences,
  findGone,
  findInPages,
  findUnreadable,
  lostTable,
  objectsIn,
  sentencesOf
} from "./Damage.ts"
import { currentVersion, dataVersion } from "./migrations.ts"
import { register } from "./Packs.ts"
import type { DatabaseParts } from "./Parts.ts"
import { planFor, rebuild } from "./Rebuild.ts"
import { toStoreError } from "./SqliteFile.ts"
import * as SqliteHeader from "./SqliteHeader.ts"
import { unitOf } from "./SqliteReads.ts"

export interface SqliteIntegrityOptions {
  readonly folder: string
  /** The files that are checked, the memory's own first where it is one. */
  readonly databases: ReadonlyArray<DatabaseParts>
  /** Name of the memory's file among them; undefined where the memory is on a server. */
  readonly memory: string | undefined
  readonly busyTimeoutMs: number
}

/** Size of a database up to which every page is read by each check: about a second. */
const SMALL_BYTES = 32 * 1024 * 1024

const ok = (name: string, detail: string): Finding => ({ name, state: "ok", detail })
const note = (name: string, detail: string): Finding => ({ name, state: "note", detail })
const wrong = (name: string, detail: string): Finding => ({ name, state: "wrong", detail })

/** Fails a transaction that is not meant to last. */
class Undone extends Data.TaggedError("Undone") {}

/** Returns the size of a database; undefined where there is none, and no log of one. */
const lookAtFile = (path: string): Effect.Effect<number | undefined, SqliteError> =>
  Effect.try({
    try: () => {
      if (isLogAlone(path)) throw new SqliteError({ reason: "LogAlone", path, cause: undefined })
      return sizeOf(path)
    },
    catch: (cause) => cause instanceof SqliteError ? cause : new SqliteError({ reason: "Denied", path, cause })
  })

/** What is known of a database: the damages that were found in it, and what is expected there, unless it can't be opened. */
interface Examined {
  readonly findings: ReadonlyArray<Finding>
  readonly damages: ReadonlyArray<Damage>
  readonly isUsable: boolean
  readonly isWhole: boolean
}

/** Parses the units of rows; a row that is no JSON counts as one that can't be read. */
const notesOf = (rows: ReadonlyArray<UnitBody>): Notes => {
  const units = rows.map((row) => Option.liftThrowable(unitOf)(row))
  return { units: units.flatMap(Option.toArray), unreadable: units.filter(Option.isNone).length }
}

/** Reads the saved units of these rows; halves the range where it can't be read. */
const savedBetween = (sql: SqlClient, from: number, to: number): Effect.Effect<Notes, SqlError> =>
  Effect.flatMap(
    Effect.either(
      sql<UnitBody>`SELECT body FROM units NOT INDEXED WHERE row BETWEEN ${from} AND ${to} AND origin LIKE 'saved:%'
        ORDER BY row`
    ),
    (rows) => {
      if (Either.isRight(rows)) return Effect.succeed(notesOf(rows.right))
      if (from === to) return Effect.succeed({ units: [], unreadable: 1 })
      const middle = Math.floor((from + to) / 2)
      return Effect.zipWith(savedBetween(sql, from, middle), savedBetween(sql, middle + 1, to), (a, b) => ({
        units: [...a.units, ...b.units],
        unreadable: a.unreadable + b.unreadable
      }))
    }
  )

const make = ({ busyTimeoutMs, databases, folder, memory }: SqliteIntegrityOptions) =>
  Effect.gen(function*() {
    // The database that is examined, a copy of it, and one in memory.
    const perCall = yield* PerCall.make(4)

    const reading = <A, E>(path: string, use: (sql: SqlClient) => Effect.Effect<A, E, Owner.Owner>) =>
      Effect.scoped(perCall(Effect.flatMap(
        open({ name: `Sqlite check of ${path}`, path, readOnly: true, busyTimeoutMs, register }),
        use
      )))

    /** Finds the damages of an open database. Compares what is derived only where the comparison meets no damage. */
    const damagesIn = (
      sql: SqlClient,
      parts: DatabaseParts,
      version: number,
      isWhole: boolean,
      report: Report
    ): Effect.Effect<ReadonlyArray<Damage>, SqlError | SqliteError, Owner.Owner> =>
      Effect.gen(function*() {
        const found = yield* objectsIn(sql)
        const gone = findGone(yield* expectedObjects(parts.steps.slice(0, version)), found)
        const damaged = isWhole ? yield* findInPages(sql, found, report) : yield* findUnreadable(sql, found)
        const isComparable = version === parts.steps.length && damaged.every(({ _tag }) => _tag === "FreeList") &&
          gone.every((damage) => damagedPart(parts, damage) === undefined)
        const differences = isComparable ? yield* Effect.either(findDifferences(sql, parts, isWhole)) : Either.right([])
        if (Either.isRight(differences)) return [...gone, ...damaged, ...differences.right]
        if (isWhole || reasonOf(differences.left) !== "Damaged") return yield* differences.left
        // A comparison has come upon a page that the quick look did not read.
        return yield* damagesIn(sql, parts, version, true, report)
      })

    /** Begins to write, and takes it back. */
    const tryTransaction = (path: string, parts: DatabaseParts) =>
      Effect.mapError(
        Effect.scoped(perCall(Effect.flatMap(
          open({
            name: `Sqlite trial of ${path}`,
            path,
            readOnly: false,
            busyTimeoutMs,
            newestSchema: parts.steps.length,
            register
          }),
          (sql) =>
            transaction(
              sql,
              Effect.gen(function*() {
                // A change is needed: in a file that can't be written, SQLite begins a transaction that only reads.
                yield* sql.unsafe(`PRAGMA user_version = ${yield* currentVersion(sql)}`)
                return yield* new Undone()
              })
            ).pipe(Effect.catchTag("Undone", () => Effect.void))
        ))),
        (cause) => {
          const error = toStoreError("open")(cause)
          return error.reason === "Denied"
            ? new StoreError({
              ...error,
              detail:
                `${path} can't be written, so nothing more can be remembered: give it to yourself (chown), or run chmod u+rw ${path}*`
            })
            : error
        }
      )

    const examine = (
      parts: DatabaseParts,
      isDeep: boolean,
      isWritable: boolean,
      report: Report
    ): Effect.Effect<Examined> => {
      const path = join(folder, parts.name)
      const refused = (detail: string): Examined => ({
        findings: [wrong(parts.title, detail)],
        damages: [],
        isUsable: false,
        isWhole: isDeep
      })
      // A disk that is full when a file of models is made leaves it so.
      const begun: Examined = {
        findings: [note(parts.title, `${path} holds nothing: no model was asked yet, or what was known of it is gone`)],
        damages: [],
        isUsable: true,
        isWhole: true
      }
      return Effect.gen(function*() {
        const size = yield* lookAtFile(path)
        // A reader says that nothing is remembered yet.
        if (size === undefined) return { findings: [], damages: [], isUsable: true, isWhole: true }
        if (size === 0 && parts.name !== memory) return begun
        if (size === 0) {
          return refused(
            `${path} is empty, and what was in it is lost. Put a copy of it back if you have one; otherwise run ` +
              "`claude-memory import`, which reads your transcripts again"
          )
        }
        const header = yield* SqliteHeader.read(path)
        const isWhole = isDeep || size <= SMALL_BYTES
        const damages = yield* reading(path, (sql) =>
          Effect.gen(function*() {
            const version = yield* currentVersion(sql)
            yield* checkVersion(version, parts.steps.length)
            if (version > 0 || header === undefined) return yield* damagesIn(sql, parts, version, isWhole, report)
            return parts.name !== memory && (yield* objectsIn(sql)).length === 0 ? "begun" : undefined
          }))
        if (damages === "begun") return begun
        if (damages === undefined) return refused(`${path} is a database, but none of Claude Memory's; move it away`)
        if (damages.length > 0) {
          return {
            findings: sentencesOf(parts, path, damages).map((detail) => wrong(parts.title, detail)),
            damages,
            isUsable: damages.every((damage) =>
              damage._tag !== "Gone" || !["table", "view"].includes(damage.object.type)
            ),
            isWhole
          }
        }
        if (isWritable) yield* tryTransaction(path, parts)
        const detail = isWhole
          ? `every page of ${path} is whole, and nothing is missing`
          : `no table, index or trigger of ${path} is missing`
        return { findings: [ok(parts.title, detail)], damages, isUsable: true, isWhole }
      }).pipe(
        Effect.mapError(toStoreError("open")),
        Effect.catchAll((error) =>
          Effect.succeed(
            error.reason === "Damaged"
              ? refused(
                `${path} is cut off, damaged where it lists its tables, or not a database; it was left untouched. What was in it ` +
                  `is lost, unless you have a copy. ${parts.remedy(path, false)}`
              )
              : error.reason === "Locked"
              ? { ...refused(""), findings: [note(parts.title, error.message)], isUsable: true }
              : isWritable
              ? refused(error.message)
              : {
                ...refused(""),
                findings: [note(parts.title, `${path} can't be read before the folder can be written`)]
              }
          )
        )
      )
    }

    const inspect = (isDeep: boolean, report: Report): Effect.Effect<Inspection> =>
      Effect.gen(function*() {
        const place = lookAtFolder(folder)
        if (place === undefined) return { findings: [], isUsable: true, isWhole: true }
        if (!place.isFolder) return { findings: [place.finding], isUsable: false, isWhole: true }
        const isWritable = place.finding.state === "ok"
        const examined = yield* Effect.forEach(databases, (parts) => examine(parts, isDeep, isWritable, report))
        return {
          findings: [place.finding, ...examined.flatMap(({ findings }) => findings)],
          isUsable: databases.every(({ name }, i) => name !== memory || examined[i]!.isUsable),
          isWhole: examined.every(({ isWhole }) => isWhole)
        }
      })

    const repairOne = (parts: DatabaseParts, report: Report): Effect.Effect<Repaired, StoreError> => {
      const path = join(folder, parts.name)
      return Effect.gen(function*() {
        const { damages } = yield* examine(parts, true, true, report)
        if (damages.length === 0 || damages.some((damage) => lostTable(parts, damage) !== undefined)) {
          return { done: [], needsVectors: false }
        }
        const plan = planFor(parts, damages)
        const copied = yield* Effect.scoped(perCall(Effect.gen(function*() {
          const sql = yield* open({
            name: `Sqlite repair of ${path}`,
            path,
            readOnly: false,
            busyTimeoutMs,
            newestSchema: parts.steps.length,
            writesSchema: true,
            register
          })
          const before = yield* dataVersion(sql)
          const copy = yield* Copies.keepDamaged(path)
          const assertCopied = Effect.flatMap(dataVersion(sql), (now): Effect.Effect<void, SqlError | StoreError> =>
            now === before ? Effect.void : Effect.fail(
              new StoreError({
                reason: "Locked",
                operation: "repair",
                detail:
                  `another process has written to ${path} meanwhile, so nothing was changed. End all sessions of Claude Code, ` +
                  "and run this again",
                cause: undefined
              })
            ))
          // The next writer migrates.
          const expected = yield* expectedObjects(parts.steps.slice(0, yield* currentVersion(sql)))
          yield* rebuild(sql, parts, plan, expected, assertCopied, report)
          return copy
        })))
        const made = new Set(damages.flatMap((damage) =>
          damagedPart(parts, damage)?.holds ?? []
        ))
        const smaller = damages.flatMap((damage) => {
          if (damage._tag === "Gone" && damage.object.type !== "table") {
            return [`the ${damage.object.type} ${damage.object.name}`]
          }
          return damage._tag === "Pages" && damage.index !== undefined ? [`the index ${damage.index}`] : []
        })
        const free = plan.isFreeListDamaged ? ["the list of free pages"] : []
        return {
          done: [
            `${[...made, ...smaller, ...free].join(", ")} in ${path}; the file as it was before is kept in ${copied}`
          ],
          needsVectors: [...plan.parts, ...plan.mended].some(parts.needsVectors)
        }
      }).pipe(Effect.mapError(toStoreError("repair")))
    }

    return Integrity.of({
      look: inspect(false, () => Effect.void),
      read: (report) => inspect(true, report),
      repair: (report) =>
        Effect.map(Effect.forEach(databases, (parts) => repairOne(parts, report)), (repaired) => ({
          done: repaired.flatMap(({ done }) => done),
          needsVectors: repaired.some(({ needsVectors }) => needsVectors)
        })),
      notes: memory === undefined
        ? Effect.succeed({ units: [], unreadable: 0 })
        : reading(join(folder, memory), (sql) =>
          Effect.gen(function*() {
            const [last] = yield* sql<
              { row: number | null }
            >`SELECT seq AS row FROM sqlite_sequence WHERE name = 'units'`
            return yield* savedBetween(sql, 1, last?.row ?? 0)
          })).pipe(Effect.mapError(toStoreError("notes")))
    })
  })

export const layer = (options: SqliteIntegrityOptions) => Owner.layer(Integrity, make(options))
