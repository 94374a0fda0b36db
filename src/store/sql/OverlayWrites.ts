/**
 * Changes units for a person, keeps the history of that, and undoes operations.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import { isSummary } from "../../domain/SessionSummary.ts"
import {
  type Actor,
  type Doer,
  type EditResult,
  type NotUndone,
  type OperationKind,
  UNDO_MS,
  UNDOABLE,
  type Undone
} from "../MemoryStore.ts"
import * as Overlay from "../Overlay.ts"
import type { BinWrites } from "./BinWrites.ts"
import type { SqlEffect } from "./Dialect.ts"
import type * as ProjectWrites from "./ProjectWrites.ts"
import type * as RecentChanges from "./RecentChanges.ts"
import type { OperationRow, Statements, StoredUnit } from "./Statements.ts"
import type { UnitWrites } from "./UnitWrites.ts"

/** What the operations of a unit record. */
export interface EditBody {
  readonly revision: number
  readonly before: Overlay.Changed
  readonly after: Overlay.Changed
}

/** Returns the change that gives back what an operation changed; an earlier version recorded fewer values. */
const reverse = ({ after, before }: EditBody): Overlay.Change =>
  Overlay.difference({ ...Overlay.UNCHANGED, ...after }, { ...Overlay.UNCHANGED, ...before })

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
  { enqueue, insert, mergeWithSame, remove, restore, update }: UnitWrites,
  bin: BinWrites,
  splitProject: ReturnType<typeof ProjectWrites.make>["splitProject"],
  recent: ReturnType<typeof RecentChanges.make>
) => {
  /**
   * Has the summary of a unit's session made anew, which may say what the unit said, where that was changed or replaced. A language model's
   * stays: it was paid for.
   */
  const summarizeAnew = (unit: MemoryUnit, before: Overlay.Overlay, after: Overlay.Overlay, isWorded: boolean) =>
    Effect.gen(function*() {
      const derived = Overlay.underneath(unit, before)
      const successorOf = (overlay: Overlay.Overlay) => Overlay.isReplacedOnPurpose(overlay) ? overlay.replacedBy : null
      const isQuoted = derived.passages.length > 0 && !isSummary(derived)
      if (!isQuoted || !isWorded && successorOf(before) === successorOf(after)) return
      if (!(yield* db.isReviewed(unit.sessionId))) yield* enqueue("session", [unit.sessionId])
    })

  /** Writes a changed unit; one whose words changed is indexed anew, and merged with what says the same now. */
  const write = ({ row, unit }: StoredUnit, before: Overlay.Overlay, after: Overlay.Overlay, isWorded: boolean) =>
    Effect.gen(function*() {
      yield* db.setOverlays([after])
      yield* summarizeAnew(unit, before, after, isWorded)
      if (!isWorded) {
        const changed = Overlay.applied(Overlay.underneath(unit, before), after)
        yield* update([changed], [])
        return changed
      }
      const own = yield* db.ownProjects([unit.id])
      const derived = Overlay.underneath(unit, before)
      const back = yield* restore(yield* remove([row]))
      yield* insert([{ ...derived, active: true, supersededBy: null }], own)
      yield* mergeWithSame([...back, unit.id])
      return (yield* db.unitsById([unit.id]))[0]!.unit
    })

  const apply = (stored: StoredUnit, change: Overlay.Change, by: Doer, kind: OperationKind, time?: number) =>
    Effect.gen(function*() {
      const { unit } = stored
      const before = (yield* db.overlays([unit.id])).get(unit.id) ?? Overlay.overlayOf(unit)
      const after = Overlay.change(before, change)
      if (after === before) return { unit, operation: null }
      const at = time ?? (yield* Clock.currentTimeMillis)
      const body: EditBody = {
        revision: after.revision,
        before: Overlay.changedOf(before),
        after: Overlay.changedOf(after)
      }
      const number = yield* db.insertOperation({ kind, unitId: unit.id, actor: by, at, body })
      const changed = yield* write(stored, before, after, changesWords(change))
      return { unit: changed, operation: UNDOABLE.some((each) => each === kind) ? number : null }
    })

  /** Tests whether a unit was replaced by another, over any number of steps. */
  const leadsTo = (from: string, to: string) =>
    Effect.gen(function*() {
      const seen = new Set<string>()
      let at: string | undefined = from
      while (at !== undefined && at !== to && !seen.has(at)) {
        seen.add(at)
        const [stored]: ReadonlyArray<StoredUnit> = yield* db.unitsById([at])
        at = stored?.unit.replacedBy
      }
      return at === to
    })

  const edit = (
    id: string,
    change: Overlay.Change,
    by: Doer,
    revisions?: ReadonlyArray<number>
  ): SqlEffect<EditResult | undefined> =>
    Effect.gen(function*() {
      yield* db.lockAll
      const [stored] = yield* db.unitsById([id])
      if (stored === undefined) return undefined
      if (revisions !== undefined && !revisions.includes(stored.unit.revision ?? 0)) {
        return { _tag: "Conflict", unit: stored.unit }
      }
      const { replacedBy } = change
      if (typeof replacedBy === "string" && replacedBy !== id && (yield* leadsTo(replacedBy, id))) {
        // A rule says nothing against what was said before it.
        if (by === "rule") return { _tag: "Edited", unit: stored.unit, operation: null }
        // Of two that each were said to hold in place of the other, the one that was said last holds.
        for (const holding of yield* db.unitsById([replacedBy])) {
          yield* apply(holding, { replacedBy: null }, by, "replace")
        }
      }
      return { _tag: "Edited", ...(yield* apply(stored, change, by, kindOf(change))) }
    })

  /** Finds the operation that is to be undone, or says why it can't be. */
  const undoable = (by: Actor | undefined, number: number | undefined) =>
    Effect.gen(function*() {
      const since = (yield* Clock.currentTimeMillis) - UNDO_MS
      const not = (reason: "Expired" | "Undone" | "Unknown"): NotUndone => ({ _tag: "NotUndone", reason })
      if (number === undefined) {
        const [newest] = yield* db.newestOperations(UNDOABLE, since, 1)
        return newest === undefined || by !== undefined && newest.actor !== by ? undefined : newest
      }
      const operation = yield* db.operation(number)
      if (operation === undefined) {
        const later = yield* recent.forgottenIn(number)
        return later === undefined ? not("Unknown") : { _tag: "NotUndone", reason: "Later", later } satisfies NotUndone
      }
      if (!UNDOABLE.some((kind) => kind === operation.kind) || by !== undefined && operation.actor !== by) {
        return not("Unknown")
      }
      if (operation.undone) return not("Undone")
      if (operation.at < since) return not("Expired")
      const later = yield* recent.laterThan(operation)
      return later === undefined ? operation : { _tag: "NotUndone", reason: "Later", later } satisfies NotUndone
    })

  /** Gives a unit back what an operation changed; where the unit is made anew just now, what is kept for it. */
  const takeBack = (operation: OperationRow) =>
    Effect.gen(function*() {
      const id = operation.unitId!
      const change = reverse(parse<EditBody>(operation))
      const [stored] = yield* db.unitsById([id])
      if (stored !== undefined) return (yield* apply(stored, change, operation.actor, "undo")).unit
      const overlay = (yield* db.overlays([id])).get(id)
      if (overlay !== undefined) yield* db.setOverlays([Overlay.change(overlay, change)])
      return undefined
    })

  const undo = (by?: Actor, number?: number): SqlEffect<NotUndone | Undone | undefined> =>
    Effect.gen(function*() {
      yield* db.lockAll
      const operation = yield* undoable(by, number)
      if (operation === undefined || "_tag" in operation) return operation
      yield* db.setUndone(operation.id)
      const { at } = operation
      if (operation.kind === "forget") return { _tag: "Forget", at, ...(yield* bin.restore(operation.id)) }
      if (operation.kind === "merge") {
        const { from, into } = parse<MergeBody>(operation)
        yield* splitProject(from)
        return { _tag: "Merge", at, from, into }
      }
      const { kind } = operation
      const unit = yield* takeBack(operation)
      return {
        _tag: kind === "feedback" ? "Feedback" : kind === "keep" ? "Keep" : "Edit",
        at,
        unitId: operation.unitId!,
        unit
      }
    })

  return { apply, edit, undo }
}
