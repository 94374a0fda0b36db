/**
 * The port of what checks and repairs the files in which a memory is kept. It also answers where they can't be opened.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { StoreError } from "./MemoryStore.ts"

/** A result of one check; a wrong one states what is lost and what to do. */
export interface Finding {
  readonly name: string
  readonly state: "ok" | "note" | "wrong"
  readonly detail: string
}

export interface Inspection {
  readonly findings: ReadonlyArray<Finding>
  /** False when the memory's own file has no memory that can be asked: the findings say all there is to say. */
  readonly isUsable: boolean
  /** True when every page was read. */
  readonly isWhole: boolean
}

/** Work on one of `total` parts, the `done` before it finished. */
export interface Step {
  readonly what: string
  readonly done: number
  readonly total: number
}

export type Report = (step: Step) => Effect.Effect<void>

/** What a repair did, and whether vectors are to be made again. */
export interface Repaired {
  readonly done: ReadonlyArray<string>
  readonly needsVectors: boolean
}

/** Units that were saved on purpose, and the number of rows that can't be read any more. */
export interface Notes {
  readonly units: ReadonlyArray<MemoryUnit>
  readonly unreadable: number
}

export class Integrity extends Context.Tag("claude-memory/Integrity")<Integrity, {
  /**
   * Checks the folder by a trial write that leaves nothing, the headers of the files, and that their tables, indexes and
   * triggers are there. Reads every page of small files only.
   */
  readonly look: Effect.Effect<Inspection>
  /** As `look`, and reads every page, and compares what is derived with what it is derived from. */
  readonly read: (report: Report) => Effect.Effect<Inspection>
  /** Makes again what can be made of the rest, after it has kept a copy of the file. Changes nothing where more is damaged. */
  readonly repair: (report: Report) => Effect.Effect<Repaired, StoreError>
  /** Reads the saved units around damaged pages. */
  readonly notes: Effect.Effect<Notes, StoreError>
}>() {}
