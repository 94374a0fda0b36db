/**
 * The faults of a machine: how each begins and ends, how programs are started meanwhile, and what must hold of it.
 */
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, renameSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Settings from "../../../src/settings/Settings.ts"
import { LATEST } from "../../../src/store/sqlite/migrations.ts"
import { fillDisk, overwriteLeaf, overwriteRoot, overwriteSchema, run, takeBack, truncate } from "../../e2e/damage.ts"

export interface Place {
  readonly home: string
  /** Folder of the memory. */
  readonly folder: string
  readonly database: string
}

export interface Fault {
  readonly name: string
  /** Options of a file system in memory that holds the home. */
  readonly disk?: string
  /** Owner of the home, and user of every program. */
  readonly uid?: number
  /** Most files that a program may open. */
  readonly files?: number
  readonly env?: (place: Place) => Readonly<Record<string, string>>
  /** True when a server is started before the fault begins. */
  readonly underServer: boolean
  readonly begin: (place: Place) => void
  /** Runs before each action. */
  readonly step?: (place: Place, index: number) => void
  /** Ends the fault, as the advice says where there is one. */
  readonly end?: (place: Place) => void
  /** What must be there afterwards of all that was acknowledged: all, what was acknowledged since it began, or nothing. */
  readonly keeps: "all" | "new" | "nothing"
  /** True for damage of pages, which only `doctor` reads: the server's health may not see it. */
  readonly isHidden?: boolean
  /** What `doctor` must say while it lasts; undefined when either answer is right. */
  readonly doctor?: "ok" | "wrong" | undefined
}

const NOBODY = 65_534
const YEAR_MS = 365 * 86_400_000
const LOGS = ["-wal", "-shm"]

const nothing = () => {}

const fillerOf = ({ home }: Place) => join(home, "filler")

/** Fills the disk of the home but for so many bytes. */
const fill = (left: number) => (place: Place) => {
  const filler = fillerOf(place)
  fillDisk(filler)
  truncateSync(filler, Math.max(0, statSync(filler).size - left))
}

const remount = (options: string) => ({ home }: Place) =>
  execFileSync("mount", ["-o", `remount,${options}`, home], { stdio: "ignore" })

const takeInodes = (place: Place) => {
  const { ffree, files } = statfsSync(place.home)
  remount(`nr_inodes=${files - ffree}`)(place)
}

const chown = (path: string, uid: number) => execFileSync("chown", ["-R", `${uid}:${uid}`, path])

const remove = (...ends: ReadonlyArray<string>) => ({ database }: Place) => {
  for (const end of ends) rmSync(`${database}${end}`, { force: true })
}

const move = (from: string, to: string, ...ends: ReadonlyArray<string>) => ({ database }: Place) => {
  for (const end of ends) {
    if (existsSync(`${database}${from}${end}`)) renameSync(`${database}${from}${end}`, `${database}${to}${end}`)
  }
}

const schema = (version: number) => ({ database }: Place) => run(`PRAGMA user_version = ${version}`)(database)

const clockOf = ({ home }: Place) => join(home, "clock")

/** Moves the clock of every program by so many milliseconds from now on. */
const moveClock = (ms: number) => (place: Place) => writeFileSync(clockOf(place), String(ms))

const clock = {
  env: (place: Place) => ({
    NODE_OPTIONS: `--import=file://${Settings.packageFile("test", "drills", "machine", "clock.mjs")}`,
    CLOCK_MS: clockOf(place)
  }),
  underServer: true,
  end: moveClock(0),
  keeps: "all",
  doctor: "ok"
} satisfies Partial<Fault>

const heap = (mebibytes: number) => () => ({ NODE_OPTIONS: `--max-old-space-size=${mebibytes}` })

/** Damages the database under a server; what can't be repaired is moved away in the end, as `doctor` says. */
const damaged = (name: string, damage: (path: string) => void, isRepairable: boolean): Fault => ({
  name,
  underServer: true,
  begin: ({ database }) => damage(database),
  ...(!isRepairable && { end: remove("", ...LOGS) }),
  keeps: isRepairable ? "all" : "nothing",
  isHidden: true,
  doctor: "wrong"
})

const onDisk = (name: string, begin: (place: Place) => void): Fault => ({
  name,
  disk: "size=24m",
  underServer: true,
  begin,
  end: (place) => rmSync(fillerOf(place)),
  keeps: "all"
})

/** What another user has got, and a mode that its files get then; it is given back in the end. */
const taken = (name: string, pathIn: (place: Place) => string, mode?: string): Fault => ({
  name,
  uid: NOBODY,
  underServer: false,
  begin: (place) => {
    chown(pathIn(place), 0)
    if (mode !== undefined) execFileSync("chmod", ["-R", mode, pathIn(place)])
  },
  end: (place) => chown(pathIn(place), NOBODY),
  keeps: "all",
  doctor: "wrong"
})

const newerSchema = (name: string, underServer: boolean): Fault => ({
  name,
  underServer,
  begin: schema(LATEST + 1),
  end: schema(LATEST),
  keeps: "all",
  doctor: "wrong"
})

export const faults: ReadonlyArray<Fault> = [
  { ...onDisk("a full disk", fill(0)), doctor: "wrong" },
  onDisk("a disk with 64 KiB left", fill(64 * 1_024)),
  onDisk("a disk with 1 MiB left", fill(1_024 * 1_024)),
  {
    ...onDisk("a disk without inodes left", takeInodes),
    // What a program has deleted may be taken again.
    step: takeInodes,
    end: remount("nr_inodes=0"),
    doctor: "wrong"
  },
  {
    name: "a read-only disk",
    disk: "size=24m",
    // A disk with a file that is open for writing does not become read-only.
    underServer: false,
    begin: remount("ro"),
    end: remount("rw"),
    keeps: "all",
    doctor: "wrong"
  },
  {
    name: "a folder that is read-only",
    uid: NOBODY,
    underServer: true,
    begin: ({ folder }) => chmodSync(folder, 0o500),
    end: ({ folder }) => chmodSync(folder, 0o700),
    keeps: "all",
    doctor: "wrong"
  },
  taken("a home of another user, closed", ({ home }) => home),
  taken("a home of another user, readable", ({ home }) => home, "a+rX"),
  taken("a database of another user in one's own folder", ({ database }) => database),
  { name: "a clock a year ahead", ...clock, begin: moveClock(YEAR_MS) },
  { name: "a clock a year behind", ...clock, begin: moveClock(-YEAR_MS) },
  { name: "a clock 56 years behind", ...clock, begin: moveClock(-56 * YEAR_MS) },
  {
    name: "a clock that jumps to and fro",
    ...clock,
    begin: nothing,
    step: (place, index) => moveClock(index % 2 === 0 ? YEAR_MS : -YEAR_MS)(place)
  },
  { name: "40 descriptors", files: 40, underServer: false, begin: nothing, keeps: "all" },
  { name: "64 descriptors", files: 64, underServer: false, begin: nothing, keeps: "all" },
  { name: "a heap of 128 MB", env: heap(128), underServer: false, begin: nothing, keeps: "all", doctor: "ok" },
  { name: "a heap of 64 MB", env: heap(64), underServer: false, begin: nothing, keeps: "all", doctor: "ok" },
  damaged("a page of the memories overwritten", overwriteLeaf("units"), false),
  damaged("a page of the index of words overwritten", overwriteLeaf("lexemes_data"), true),
  damaged("the sketches' root overwritten", overwriteRoot("sketches"), true),
  // A server that has the page in its log writes it again.
  { ...damaged("the list of tables overwritten", overwriteSchema, false), doctor: undefined },
  damaged("the database cut in half", truncate(0.5), false),
  damaged("the database emptied", truncate(0), false),
  damaged("the database's bytes replaced", (path) => writeFileSync(path, "no database ".repeat(1_000)), false),
  {
    name: "the database moved without its log",
    underServer: true,
    begin: move("", ".old", ""),
    end: move(".old", "", ""),
    keeps: "all",
    doctor: "wrong"
  },
  {
    name: "the database moved with its log",
    underServer: true,
    begin: move("", ".old", "", ...LOGS),
    keeps: "new"
  },
  {
    name: "the database deleted without its log",
    underServer: true,
    begin: remove(""),
    end: remove(...LOGS),
    keeps: "new",
    doctor: "wrong"
  },
  { name: "the database deleted with its log", underServer: true, begin: remove("", ...LOGS), keeps: "new" },
  {
    name: "the folder deleted",
    underServer: true,
    begin: ({ folder }) => rmSync(folder, { recursive: true }),
    keeps: "new"
  },
  {
    name: "the folder replaced by a copy",
    underServer: true,
    begin: ({ folder }) => {
      execFileSync("cp", ["-a", folder, `${folder}.copy`])
      renameSync(folder, `${folder}.old`)
      renameSync(`${folder}.copy`, folder)
    },
    keeps: "all"
  },
  { name: "the log deleted", underServer: true, begin: remove("-wal"), keeps: "new" },
  { name: "the log's index deleted", underServer: true, begin: remove("-shm"), keeps: "all" },
  { name: "log and index deleted", underServer: true, begin: remove(...LOGS), keeps: "new" },
  newerSchema("a newer schema", false),
  newerSchema("a newer schema under a server", true),
  {
    name: "an older schema",
    underServer: false,
    begin: ({ database }) => takeBack(database),
    keeps: "all"
  }
]
