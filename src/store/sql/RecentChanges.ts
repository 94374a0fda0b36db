/**
 * Describes the operations that can be undone, and finds which of them touched the same.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type RecentChange, UNDO_MS, UNDOABLE, type UndoableKind } from "../MemoryStore.ts"
import { applied } from "../Overlay.ts"
import { binnedUnit, sessionIn, sessionTomb } from "./BinWrites.ts"
import type { SqlEffect } from "./Dialect.ts"
import type { EditBody, MergeBody } from "./OverlayWrites.ts"
import type { OperationRow, Statements } from "./Statements.ts"

/** Memories of an operation that are named. */
const NAMED = 5

const mergeOf = ({ body }: OperationRow): MergeBody => JSON.parse(body) as MergeBody

const titleIn = ({ body }: OperationRow): string => {
  const { after, before } = JSON.parse(body) as Partial<EditBody>
  return after?.title ?? before?.title ?? ""
}

export const make = (db: Statements) => {
  const describe = (operations: ReadonlyArray<OperationRow>): SqlEffect<ReadonlyArray<RecentChange>> =>
    Effect.gen(function*() {
      if (operations.length === 0) return []
      const numbers = operations.filter(({ kind }) => kind === "forget").map(({ id }) => id)
      const counts = yield* db.binCounts(numbers)
      const binned = yield* db.binnedUnits(numbers, NAMED)
      const titles = new Map(
        (yield* db.unitsById(operations.flatMap(({ unitId }) => unitId ?? []))).map(({ unit }) => [unit.id, unit.title])
      )
      const countOf = (operation: number, kind: string) =>
        counts.find((each) => each.operation === operation && each.kind === kind)?.count ?? 0
      return operations.map((row): RecentChange => {
        const { actor, at, id, unitId } = row
        const kind = row.kind as UndoableKind
        const named = unitId === null
          ? binned.filter(({ operation }) => operation === id).map((entry) => {
            const { overlay, unit } = binnedUnit(entry)
            return { id: unit.id, title: overlay === null ? unit.title : applied(unit, overlay).title }
          })
          : [{ id: unitId, title: titles.get(unitId) ?? titleIn(row) }]
        return {
          operation: id,
          kind,
          actor,
          at,
          until: at + UNDO_MS,
          named,
          units: unitId === null ? countOf(id, "unit") : 1,
          messages: countOf(id, "message"),
          merged: kind === "merge" ? mergeOf(row) : null
        }
      })
    })

  const recentChanges = (limit: number): SqlEffect<ReadonlyArray<RecentChange>> =>
    Effect.gen(function*() {
      if (!(yield* db.keepsOverlays)) return []
      const since = (yield* Clock.currentTimeMillis) - UNDO_MS
      return yield* describe(yield* db.newestOperations(UNDOABLE, since, limit))
    })

  /** Returns the last operation that touched what an earlier one did, and that is to be undone before it. */
  const laterThan = (operation: OperationRow): SqlEffect<RecentChange | undefined> =>
    Effect.gen(function*() {
      const later = yield* db.operationsAfter(UNDOABLE, operation)
      if (later.length === 0) return undefined
      const isTouching = yield* touching(operation, later)
      const found = later.findLast(isTouching)
      return found === undefined ? undefined : (yield* describe([found]))[0]
    })

  /** Returns those of these operations that forgot a session of which the bin holds messages for an operation. */
  const forgettingSessionsOf = (operation: number, later: ReadonlyArray<OperationRow>) =>
    Effect.gen(function*() {
      const sessions = new Set((yield* db.bin(operation)).flatMap((entry) => sessionIn(entry) ?? []))
      const forgotten = yield* db.forgottenAt([...sessions].map(sessionTomb))
      if (forgotten.size === 0) return []
      const found: Array<number> = []
      for (const { id, kind } of later) {
        const entries = kind === "forget" ? yield* db.bin(id) : []
        if (entries.some((entry) => forgotten.has(sessionTomb(sessionIn(entry) ?? "")))) found.push(id)
      }
      return found
    })

  const touching = (
    operation: OperationRow,
    later: ReadonlyArray<OperationRow>
  ): SqlEffect<(later: OperationRow) => boolean> =>
    Effect.gen(function*() {
      if (operation.kind === "merge") {
        const { from, into } = mergeOf(operation)
        return (later) => later.kind === "merge" && [from, into].includes(mergeOf(later).from)
      }
      if (operation.kind !== "forget") {
        return (later) => later.kind === operation.kind && later.unitId === operation.unitId
      }
      const units = new Set(yield* db.unitsBinnedBy(operation.id))
      const others = new Set([
        ...(yield* db.binningAlike(operation.id)),
        ...(yield* forgettingSessionsOf(operation.id, later))
      ])
      return (later) => later.unitId === null ? others.has(later.id) : units.has(later.unitId)
    })

  /** Returns the operation that forgot a unit with the history in which this one is. */
  const forgottenIn = (id: number): SqlEffect<RecentChange | undefined> =>
    Effect.gen(function*() {
      const entry = (yield* db.bin("all")).find((entry) =>
        entry.kind === "unit" && binnedUnit(entry).operations.some((operation) => operation.id === id)
      )
      const operation = entry === undefined ? undefined : yield* db.operation(entry.operation)
      return operation === undefined ? undefined : (yield* describe([operation]))[0]
    })

  return { forgottenIn, laterThan, recentChanges }
}
