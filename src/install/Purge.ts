/**
 * Deletes the files of Claude Memory in its home, and none that another program may have put there.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { FOLDER as BACKUPS } from "../domain/BackupFile.ts"
import { isCopy } from "../domain/DatabaseCopy.ts"
import { FOLDER as OPENINGS } from "../domain/OpeningFile.ts"
import { CODE_CACHE } from "../process/CodeCache.ts"
import { removeEmpty } from "./ConfigFile.ts"

const DATABASE = /^(?:memory|models)\.db(?:-wal|-shm|-journal)?$/
/** Locks of who captures, and what is left of a `doctor` and a `token` that were killed at once. */
const PASSING = /^(?:capture-[0-9a-f]+\.lock|\.trial-\d+\.tmp|token\.(?:\d+\.)?tmp)$/
const OTHER_FILES = [
  BACKUPS,
  CODE_CACHE,
  "config.json",
  "hook-failures.jsonl",
  "hook-failures.jsonl.1",
  "installed",
  OPENINGS,
  "prices.json",
  "run",
  "sessions",
  "token"
]

export interface Contents {
  readonly ours: ReadonlyArray<string>
  readonly others: ReadonlyArray<string>
  /**
   * True when the folder is a home of Claude Memory. In another folder, files with our names may belong to somebody
   * else.
   */
  readonly isOurs: boolean
  /** Size of the databases. */
  readonly bytes: number
}

/** Lists the files in the home; none when the folder does not exist. */
export const contents = (home: string): Effect.Effect<Contents, PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = (yield* fs.exists(home)) ? [...yield* fs.readDirectory(home)].sort() : []
    const isDatabase = (name: string) => DATABASE.test(name) || isCopy(name)
    const isOurs = (name: string) => isDatabase(name) || PASSING.test(name) || OTHER_FILES.includes(name)
    const databases = names.filter(isDatabase)
    const sizes = yield* Effect.forEach(databases, (name) => fs.stat(path.join(home, name)))
    return {
      ours: names.filter(isOurs),
      others: names.filter((name) => !isOurs(name)),
      isOurs: databases.length > 0 || names.includes("installed") || path.basename(home) === ".claude-memory",
      bytes: sizes.reduce((sum, { size }) => sum + Number(size), 0)
    }
  })

/** Deletes our files, and the home itself if it is empty then. */
export const purge = (home: string, { ours }: Contents) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* Effect.forEach(ours, (name) => fs.remove(path.join(home, name), { recursive: true, force: true }))
    yield* removeEmpty(home)
  })
