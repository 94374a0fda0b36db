/**
 * Changes units for a person, keeps the history of that, and undoes the last operation.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import {
  type Actor,
  type Doer,
  type EditResult,
  type OperationKind,
  UNDO_MS,
  UNDOABLE,
  type Undone
} from "../MemoryStore.ts"
import * as Overlay from "../Overlay.ts"
import type { BinWrites } from "./BinWrites.ts"
import type { SqlEffect } from "./Dialect.ts"
import type * as ProjectWrites from "./ProjectWrites.ts"
import type { OperationRow, Statements, StoredUnit } from "./Statements.ts"
import type { UnitWrites } from "./UnitWrites.ts"

/** What the operations of a unit record. */
export interface EditBody {
  readonly revision: number
  readonly before: Overlay.Changed
  readonly after: Overlay.Changed
}

/** Returns the values before an operation; an earlier version recorded fewer. */
const beforeOf = ({ before }: EditBody): Overlay.Changed => ({ ...Overlay.UNCHANGED, ...before })

/** What the merge of a project records. */
export interface MergeBody {
  readonly from: string
  readonly into: string
}

const parse = <A>({ body }: OperationRow): A => JSON.parse(body) as A

const changesWords = ({ content, title, type }: Overlay.Change): boolean =>
  content !== undefined || title !== undefined || type !== undefined

export const kindOf = (change: Overlay.Change): OperationKind =>
  changesWords(change)
    ? "edit"
    : change.feedback !== undefined
    ? "feedback"
    : change.uses !== undefined
    ? "use"
    : change.kept !== undefined
    ? "keep"
    : change.pinned !== undefined
    ? "pin"
    : "replace"

export const make = (
  db: Statements,
  { insert, mergeWithSame, remove, restore, update }: UnitWrites,
  bin: BinWrites,
  splitProject: ReturnType<typeof ProjectWrites.make>["splitProject"]
) => {
  /** Writes a changed unit; one whose words changed is indexed anew, and merged with what says the same now. */
  const write = ({ row, unit }: StoredUnit, before: Overlay.Overlay, after: Overlay.Overlay, isWorded: boolean) =>
    Effect.gen(function*() {
      yield* db.setOverlays([after])
      if (!isWorded) {
        const changed = Overlay.applied(Overlay.underneath(unit, before), after)
        yield* update([changed], [])
        return changed
      }
      const own = yield* db.ownProjects([unit.id])
      const back = yield* restore(yield* remove([row]))
      yield* insert([{ ...Overlay.underneath(unit, before), active: true, supersededBy: null }], own)
      yield* mergeWithSame([...back, unit.id])
      return (yield* db.unitsById([unit.id]))[0]!.unit
    })

  const apply = (stored: StoredUnit, change: Overlay.Change, by: Doer, kind: OperationKind, time?: number) =>
    Effect.gen(function*() {
      const { unit } = stored
      const before = (yield* db.overlays([unit.id])).get(unit.id) ?? Overlay.overlayOf(unit)
      const after = Overlay.change(before, change)
      if (after === before) return unit
      const at = time ?? (yield* Clock.currentTimeMillis)
      const body: EditBody = {
        revision: after.revision,
        before: Overlay.changedOf(before),
        after: Overlay.changedOf(after)
      }
      yield* db.insertOperation({ kind, unitId: unit.id, actor: by, at, body })
      return yield* write(stored, before, after, changesWords(change))
    })

  const edit = (
    id: string,
    change: Overlay.Change,
    by: Doer,
    revision?: number
  ): SqlEffect<EditResult | undefined> =>
    Effect.gen(function*() {
      yield* db.lockAll
      const [stored] = yield* db.unitsById([id])
      if (stored === undefined) return undefined
      if (revision !== undefined && revision !== (stored.unit.revision ?? 0)) {
        return { _tag: "Conflict", unit: stored.unit }
      }
      return { _tag: "Edited", unit: yield* apply(stored, change, by, kindOf(change)) }
    })

  const undo = (by?: Actor, number?: number): SqlEffect<Undone | undefined> =>
    Effect.gen(function*() {
      yield* db.lockAll
      const since = (yield* Clock.currentTimeMillis) - UNDO_MS
      const operation = yield* db.lastOperation(UNDOABLE, since)
      if (operation === undefined || by !== undefined && operation.actor !== by) return undefined
      if (number !== undefined && operation.id !== number) return undefined
      yield* db.setUndone(operation.id)
      const { at } = operation
      if (operation.kind === "forget") return { _tag: "Forget", at, ...(yield* bin.restore(operation.id)) }
      if (operation.kind === "merge") {
        const { from, into } = parse<MergeBody>(operation)
        yield* splitProject(from)
        return { _tag: "Merge", at, from, into }
      }
      const { content, feedback, kept, title, type } = beforeOf(parse<EditBody>(operation))
      const [tag, change] = operation.kind === "feedback"
        ? ["Feedback", { feedback }] as const
        : operation.kind === "keep"
        ? ["Keep", { kept }] as const
        : ["Edit", { content, title, type }] as const
      const unitId = operation.unitId!
      const [stored] = yield* db.unitsById([unitId])
      const unit = stored === undefined ? undefined : yield* apply(stored, change, operation.actor, "undo")
      return { _tag: tag, at, unitId, unit }
    })

  return { apply, edit, undo }
}
