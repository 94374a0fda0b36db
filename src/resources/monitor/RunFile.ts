/**
 * Reads and writes the report of a long-running process, in <home>/run/<pid>.json, by which other processes know it.
 *
 * Reads and writes are synchronous: a few kilobytes, on the disk of the database, whose calls are synchronous too, and
 * nothing is in flight when the program ends.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { lstatSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { makeFolder, replaceFile } from "../Disk.ts"
import { Drift } from "./Drift.ts"
import * as LeakProbe from "./LeakProbe.ts"
import * as ProcessStart from "./ProcessStart.ts"

/** Times are in milliseconds since the epoch. */
export const Report = Schema.Struct({
  version: Schema.Literal(1),
  host: Schema.String,
  pid: Schema.Int.pipe(Schema.positive()),
  /** Start of the process, from `ProcessStart.of`. */
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
/** Age after which an unreadable or temporary file is stale: a file is renamed as soon as it is whole. */
const TORN_MS = 10_000
/** Age after which the file of a process that can't be looked up is stale; a running process writes at least each ten seconds. */
const SILENT_MS = 60_000

const folderOf = (home: string) => join(home, "run")
const fileOf = (home: string, pid: number) => join(folderOf(home), `${pid}.json`)
const temporaryOf = (home: string, pid: number) => `${fileOf(home, pid)}.tmp`

const decodeReport = Schema.decodeUnknownOption(Schema.parseJson(Report))

/** Parses a run file; none when it is no report of the process `pid`. */
export const decode = (bytes: Uint8Array, pid: number): Option.Option<Report> =>
  Option.filter(decodeReport(new TextDecoder().decode(bytes)), (report) => report.pid === pid)

/** Replaces the run file of the report's process. */
export const write = (home: string, report: Report): Effect.Effect<void, RunFileError> =>
  Effect.try({
    try: () => {
      makeFolder(folderOf(home))
      replaceFile(fileOf(home, report.pid), JSON.stringify(report), temporaryOf(home, report.pid))
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

/** Removes the run file of this process, and the folder with the last file. */
export const remove = (home: string): Effect.Effect<void> =>
  Effect.sync(() => {
    attempt(() => rmSync(temporaryOf(home, process.pid), { force: true }))
    attempt(() => rmSync(fileOf(home, process.pid), { force: true }))
    attempt(() => rmdirSync(folderOf(home)))
  })

/** A file whose process has ended; it has been removed unless the file system refused. */
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
  const standing = host === hostname() ? ProcessStart.stateOf(pid, processStart) : "unknown"
  return standing === "ended"
    ? "its process has ended"
    : standing === "unknown" && now - updatedAt > SILENT_MS
    ? "its process has written nothing for a minute"
    : undefined
}

/** Returns the report of a running process, or the reason why the file is stale; undefined when neither is certain. */
const examine = (file: string, pid: number, isTemporary: boolean, now: number): Report | string | undefined => {
  try {
    const report = isTemporary ? Option.none() : read(file, pid)
    if (Option.isSome(report)) return whyStale(report.value, now) ?? report.value
    if (ageOf(file, now) <= TORN_MS) return undefined
    return isTemporary ? "it was never finished" : "it can't be read"
  } catch {
    // The file was removed meanwhile.
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

/** Returns the running processes of this home, by their run files; removes the files of processes that have ended. */
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
