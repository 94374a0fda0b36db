/**
 * What a long-running process says of itself, in <home>/run/<pid>.json, for other processes to read.
 *
 * Reads and writes are synchronous: a few kilobytes, on the disk whose database is used so too, and nothing is in flight when
 * the program ends.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { Drift } from "./Drift.ts"
import * as LeakProbe from "./LeakProbe.ts"
import * as ProcessStart from "./ProcessStart.ts"

/** Times are in milliseconds since the epoch. */
export const Report = Schema.Struct({
  version: Schema.Literal(1),
  host: Schema.String,
  pid: Schema.Int.pipe(Schema.positive()),
  /** As `ProcessStart` tells it. */
  processStart: Schema.NullOr(Schema.String),
  /** The subcommand's name. */
  command: Schema.String,
  startedAt: Schema.NonNegativeInt,
  updatedAt: Schema.NonNegativeInt,
  resources: Schema.Array(Schema.Struct({
    id: Schema.NonNegativeInt,
    kind: Schema.String,
    name: Schema.String,
    acquiredAt: Schema.NonNegativeInt,
    origin: Schema.String
  })),
  reading: LeakProbe.Reading,
  drift: Drift,
  heapBytes: Schema.NonNegativeInt,
  rssBytes: Schema.NonNegativeInt
})
export type Report = Schema.Schema.Type<typeof Report>

export class RunFileError extends Schema.TaggedError<RunFileError>()("RunFileError", { cause: Schema.Defect }) {
  override get message() {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the run file can't be written, so \`claude-memory resources\` does not show this process: ${why}`
  }
}

const MAX_BYTES = 4 * 1024 * 1024
/** Renaming makes a file whole at once, so one that can't be read and is older than this is nobody's. */
const TORN_MS = 10_000
/** Of a process that can't be looked up; one that runs writes each second. */
const SILENT_MS = 60_000

const folderOf = (home: string) => join(home, "run")
const fileOf = (home: string, pid: number) => join(folderOf(home), `${pid}.json`)
const temporaryOf = (home: string, pid: number) => `${fileOf(home, pid)}.tmp`

const decodeReport = Schema.decodeUnknownOption(Schema.parseJson(Report))

/** What the bytes of the file of that process say; none when that is not a report of it. */
export const decode = (bytes: Uint8Array, pid: number): Option.Option<Report> =>
  Option.filter(decodeReport(new TextDecoder().decode(bytes)), (report) => report.pid === pid)

/** Replaces the process's file. */
export const write = (home: string, report: Report): Effect.Effect<void, RunFileError> =>
  Effect.try({
    try: () => {
      const temporary = temporaryOf(home, report.pid)
      mkdirSync(folderOf(home), { recursive: true, mode: 0o700 })
      rmSync(temporary, { force: true })
      // Exclusively, so that a link in its place is not followed.
      writeFileSync(temporary, JSON.stringify(report), { mode: 0o600, flag: "wx" })
      renameSync(temporary, fileOf(home, report.pid))
    },
    catch: (cause) => new RunFileError({ cause })
  })

const attempt = (remove: () => void): boolean => {
  try {
    remove()
    return true
  } catch {
    return false
  }
}

/** Of this process; the folder goes with the last file. */
export const remove = (home: string): Effect.Effect<void> =>
  Effect.sync(() => {
    attempt(() => rmSync(temporaryOf(home, process.pid), { force: true }))
    attempt(() => rmSync(fileOf(home, process.pid), { force: true }))
    attempt(() => rmdirSync(folderOf(home)))
  })

/** A file whose process is no more, which has been removed unless the file system refused. */
export interface Stale {
  readonly file: string
  readonly reason: string
  readonly removed: boolean
}

export interface Survey {
  readonly running: ReadonlyArray<Report>
  readonly stale: ReadonlyArray<Stale>
}

const read = (file: string, pid: number): Option.Option<Report> => {
  const info = lstatSync(file)
  return info.isFile() && info.size <= MAX_BYTES ? decode(readFileSync(file), pid) : Option.none()
}

const ageOf = (file: string, now: number) => now - lstatSync(file).mtimeMs

const whyStale = ({ host, pid, processStart, updatedAt }: Report, now: number): string | undefined => {
  const standing = host === hostname() ? ProcessStart.standing(pid, processStart) : "unknown"
  return standing === "ended"
    ? "its process has ended"
    : standing === "unknown" && now - updatedAt > SILENT_MS
    ? "its process has written nothing for a minute"
    : undefined
}

/** The report of a process that runs, or why the file is stale. */
const examine = (file: string, pid: number, isTemporary: boolean, now: number): Report | string | undefined => {
  try {
    const report = isTemporary ? Option.none() : read(file, pid)
    if (Option.isSome(report)) return whyStale(report.value, now) ?? report.value
    if (ageOf(file, now) <= TORN_MS) return undefined
    return isTemporary ? "it was never finished" : "it can't be read"
  } catch {
    // It went while it was looked at.
    return undefined
  }
}

const list = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

/** Who runs over this home, by their files; those of processes that are no more are removed. */
export const survey = (home: string): Effect.Effect<Survey> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const running: Array<Report> = []
    const stale: Array<Stale> = []
    for (const name of list(folderOf(home))) {
      const [, pid, temporary] = /^([1-9]\d{0,9})\.json(\.tmp)?$/.exec(name) ?? []
      if (pid === undefined) continue
      const file = join(folderOf(home), name)
      const found = examine(file, Number(pid), temporary !== undefined, now)
      if (typeof found === "string") stale.push({ file, reason: found, removed: attempt(() => rmSync(file)) })
      else if (found !== undefined) running.push(found)
    }
    attempt(() => rmdirSync(folderOf(home)))
    return { running, stale }
  })
