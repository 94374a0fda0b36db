/**
 * Reads of a memory's file at once, for the hook's entry. Throws, or returns undefined, where the file is not
 * as this program writes it: then the whole program answers, and says why it can't.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs"
import type { KnownProject } from "../../domain/Project.ts"
import { lazily, noTurn, runAtOnce } from "../../domain/Steps.ts"
import type { Driver } from "../../resources/SqliteDriver.ts"
import type { Reads } from "../Reads.ts"
import { knownProjects } from "../Rules.ts"
import * as PromptReads from "../sql/PromptReads.ts"
import { LENGTH, parse } from "./HeaderBytes.ts"
import { register } from "./Packs.ts"
import * as SqlAtOnce from "./SqlAtOnce.ts"
import * as SqliteReads from "./SqliteReads.ts"
import * as TermLists from "./TermLists.ts"

/** Returns true for a file that is no database, or is cut off. */
const isDamaged = (file: string): boolean => {
  const opened = openSync(file, "r")
  try {
    const bytes = new Uint8Array(LENGTH)
    const header = readSync(opened, bytes, 0, LENGTH, 0) < LENGTH ? undefined : parse(bytes)
    // Checks the log first: if another process checkpoints it in between, the file gets longer, never shorter.
    return header === undefined || !existsSync(`${file}-wal`) && fstatSync(opened).size < header.size
  } finally {
    closeSync(opened)
  }
}

/**
 * Opens a file of the newest schema, and gives its reads to `use`. They wait `busyTimeoutMs` for another process's lock, and throw
 * after `until`, by `uptime`.
 */
export const using = <A>(
  { DatabaseSync }: Driver,
  file: string,
  { busyTimeoutMs, until }: { readonly busyTimeoutMs: number; readonly until: number },
  use: (reads: Reads<never>) => A
): A | undefined => {
  if (isDamaged(file)) return undefined
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    register(database)
    database.exec(TermLists.PLACES)
    database.exec("PRAGMA query_only = 1")
    const sql = SqlAtOnce.make(database, until)
    if (runAtOnce(SqliteReads.schemaVersion(sql)) !== SqliteReads.NEWEST) return undefined
    const { lexical, projects, ...dialect } = SqliteReads.make(sql, noTurn)
    const prompt = PromptReads.make(sql, { ...dialect, unitOf: SqliteReads.unitOf })
    let known: ReadonlyArray<KnownProject> | undefined
    return use({
      ...prompt,
      lexical,
      projects: lazily(() => known ??= knownProjects(runAtOnce(projects())))
    })
  } finally {
    database.close()
  }
}
