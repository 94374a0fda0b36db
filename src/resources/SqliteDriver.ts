/**
 * Loads a driver of SQLite. Without Effect, since the hook's entry reads the memory too.
 */
import { createRequire } from "node:module"
import type { DatabaseSync } from "node:sqlite"

/** Copies the pages of a database into another file, `rate` of them at a time. An error of `progress` ends it. */
type Backup = (source: DatabaseSync, path: string, options: {
  readonly rate: number
  readonly progress: (pages: { readonly totalPages: number; readonly remainingPages: number }) => void
}) => Promise<unknown>

export interface Driver {
  readonly DatabaseSync: typeof DatabaseSync
  /** Node has it from 22.16 on. */
  readonly backup: Backup | undefined
  /** True if closing a database finalizes its statements; else only the garbage collector does, and frees the file. */
  readonly finalizesOnClose: boolean
}

/** Loads node:sqlite, if there is one, without the ExperimentalWarning of Node 22, which tells the user nothing. */
const loadQuietly = () => {
  const emitWarning = process.emitWarning
  process.emitWarning = (() => {}) as typeof process.emitWarning
  try {
    return process.getBuiltinModule("node:sqlite") as Omit<Driver, "finalizesOnClose"> | undefined
  } finally {
    process.emitWarning = emitWarning
  }
}

const hasFts5 = (driver: typeof DatabaseSync): boolean => {
  const database = new driver(":memory:")
  try {
    database.exec("CREATE VIRTUAL TABLE probe USING fts5(text)")
    return true
  } catch {
    return false
  } finally {
    database.close()
  }
}

/** Throws when there is none with FTS5. Requires the package, which loads in half the time of an import. */
export const load = (): Driver => {
  const builtIn = loadQuietly()
  if (builtIn !== undefined && hasFts5(builtIn.DatabaseSync)) {
    return { DatabaseSync: builtIn.DatabaseSync, backup: builtIn.backup, finalizesOnClose: true }
  }
  const other = createRequire(import.meta.url)("@photostructure/sqlite") as Omit<Driver, "finalizesOnClose">
  return { DatabaseSync: other.DatabaseSync, backup: other.backup, finalizesOnClose: false }
}
