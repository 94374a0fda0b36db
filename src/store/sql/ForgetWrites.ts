/**
 * Forgets units, keeps forgotten text from being stored again, and saves units that a person or Claude wrote.
 */
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import type { Message } from "../../domain/Conversation.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { Project } from "../../domain/Project.ts"
import * as Forgetting from "../Forgetting.ts"
import type { CaptureBatch, Forgotten } from "../MemoryStore.ts"
import { ascending } from "../Rules.ts"
import type { SqlEffect } from "./Dialect.ts"
import { messageOf } from "./Rows.ts"
import { SECRET, type Statements, type StoredMessage, type StoredUnit } from "./Statements.ts"
import type { UnitWrites } from "./UnitWrites.ts"

/** Messages read at a time. */
const PAGE = 200

export const make = (db: Statements, { enqueue, insert, mergeWithSame, remove, restore }: UnitWrites) => {
  /** Returns a test for the forgotten ones among these keys. */
  const knownAmong = (secret: string, keys: Iterable<string>) => {
    const hashOf = Forgetting.hashesBy(secret)
    const hashes = new Map(Array.from(keys, (key) => [key, hashOf(key)]))
    return Effect.map(db.tombstonesOf([...new Set(hashes.values())]), (entombed) => {
      const found = new Set(entombed)
      return (key: string) => found.has(hashes.get(key) ?? "")
    })
  }

  /** Removes forgotten text from a batch. When nothing was ever forgotten, costs one query. */
  const unforgotten = (batch: CaptureBatch): SqlEffect<CaptureBatch> =>
    Effect.gen(function*() {
      const secret = yield* db.secret
      if (secret === undefined) return batch
      let rest = batch
      const asked = new Set<string>()
      // A cut changes the keys of the remaining text, which may be known too.
      for (let keys = Forgetting.keysOfBatch(batch); keys.length > 0;) {
        rest = Forgetting.withoutForgotten(rest, yield* knownAmong(secret, keys))
        for (const key of keys) asked.add(key)
        keys = Forgetting.keysOfBatch(rest).filter((key) => !asked.has(key))
      }
      return rest
    })

  /** Returns the units without forgotten text. */
  const withoutForgotten = (units: ReadonlyArray<MemoryUnit>): SqlEffect<ReadonlyArray<MemoryUnit>> =>
    Effect.gen(function*() {
      const secret = yield* db.secret
      if (secret === undefined || units.length === 0) return units
      const keys = units.map(Forgetting.keysOfUnit)
      const isKnown = yield* knownAmong(secret, keys.flat())
      return units.filter((_, i) => !keys[i]!.some(isKnown))
    })

  /** Returns these units and their duplicates: those they superseded or were superseded by, over all steps. */
  const withDuplicates = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const found = new Map<string, StoredUnit>()
      for (let next = ids; next.length > 0;) {
        const some = yield* db.unitsById(next)
        for (const each of some) found.set(each.unit.id, each)
        const others = yield* db.supersededBy(some.map(({ unit }) => unit.id))
        next = Forgetting.linkedTo(some.map(({ unit }) => unit), others).filter((id) => !found.has(id))
      }
      return [...found.values()].sort(ascending(({ unit }) => unit.id))
    })

  const forget = (ids: ReadonlyArray<string>): SqlEffect<Forgotten> =>
    Effect.gen(function*() {
      yield* db.lockAll
      const gone = yield* withDuplicates(ids)
      const units = gone.map(({ unit }) => unit)
      if (units.length === 0) return { units, messages: 0 }
      const contentSentences = Forgetting.contentSentences(units)
      const allSentences = Forgetting.allSentences(units)
      const cited = Forgetting.citedBy(units)
      const taken: Array<Forgetting.Taken> = []
      const changed = new Map<string, { readonly segmentId: string; readonly sessionId: string }>()

      const take = (rows: ReadonlyArray<StoredMessage>, strip: (message: Message) => Forgetting.Stripped) =>
        Effect.gen(function*() {
          const stripped = rows.map((row) => ({ segmentId: row.segment_id, ...strip(messageOf(row)) }))
            .filter((each) => each.taken.length > 0)
          for (const { message, segmentId, ...each } of stripped) {
            taken.push(...each.taken)
            changed.set(message.uuid, { segmentId, sessionId: message.sessionId })
          }
          if (stripped.length > 0) yield* db.updateMessages(stripped.map(({ message }) => message))
        })
      const takeFromAll = (
        read: (after: number) => SqlEffect<ReadonlyArray<StoredMessage>>,
        strip: (message: Message) => Forgetting.Stripped
      ) =>
        Effect.gen(function*() {
          for (let after = 0;;) {
            const rows = yield* read(after)
            yield* take(rows, strip)
            if (rows.length < PAGE) return
            after = rows.at(-1)!.seq
          }
        })

      yield* take(
        yield* db.messagesBy([...cited.keys()]),
        (message) => Forgetting.cutCited(message, cited.get(message.uuid)!, allSentences)
      )
      yield* takeFromAll(
        (after) => db.messagesOf([...new Set(units.map(({ sessionId }) => sessionId))], after, PAGE),
        (message) => Forgetting.cutRepeats(message, contentSentences)
      )
      const keys = new Set(Forgetting.keysOfForgotten(units, taken))
      const isKnown = (key: string) => keys.has(key)
      const probes = Forgetting.probesOf(units, taken)
      yield* takeFromAll(
        (after) => db.messagesHolding(probes, after, PAGE),
        (message) => Forgetting.withoutAllKnown(message, isKnown)
      )
      const letters = (yield* db.keptLetters).filter(({ line }) => Forgetting.keysOfLine(line).some(isKnown))
      if (letters.length > 0) yield* db.emptyLetters(letters)

      const sessions = [...new Set([...changed.values()].map(({ sessionId }) => sessionId))]
      const titled = (yield* db.titlesOf(sessions)).filter(({ title }) =>
        Forgetting.overlaps(title ?? "", allSentences)
      )
      for (const { title } of titled) keys.add(Forgetting.titleKey(title!))
      if (titled.length > 0) yield* db.removeTitles(titled.map(({ id }) => id))

      // Deletes other units of the changed messages, and queues their segments and sessions to be compressed again.
      const uuids = new Set(changed.keys())
      const touched = (yield* db.unitsOfSessions(sessions)).filter(({ unit }) =>
        Forgetting.isTouched(unit, uuids, contentSentences)
      )
      const back = yield* restore(yield* remove([...new Set([...gone, ...touched].map(({ row }) => row))], true))
      yield* mergeWithSame(back)
      const segments = new Set([
        ...[...changed.values()].map(({ segmentId }) => segmentId),
        ...touched.filter(({ unit }) => unit.origin !== unit.sessionId).map(({ unit }) => unit.origin)
      ])
      yield* enqueue("segment", segments)
      yield* enqueue("session", sessions)
      yield* db.raiseRevision("review", [...segments])
      yield* db.raiseRevision("recap", sessions)

      const secret = (yield* db.secret) ?? randomBytes(32).toString("hex")
      yield* db.setProperty(SECRET, secret)
      yield* db.insertTombstones(units.map(({ id }) => id), [...keys].map(Forgetting.hashesBy(secret)))
      return { units, messages: changed.size }
    })

  const save = (unit: MemoryUnit, project: Project) =>
    Effect.gen(function*() {
      yield* db.lockAll
      const [known] = yield* db.unitsById([unit.id])
      if (known !== undefined && (known.unit.pinned || !unit.pinned)) return known.unit
      if (known !== undefined) yield* remove([known.row])
      yield* db.setProject(project)
      const projectId = yield* db.projectFor(project.id)
      const saved = { ...unit, projectId }
      yield* db.deleteTombstones(saved.id)
      yield* insert([saved], new Map(projectId === project.id ? [] : [[saved.id, project.id]]))
      yield* mergeWithSame([saved.id])
      return saved
    })

  return {
    withDuplicates: (ids: ReadonlyArray<string>) =>
      Effect.map(withDuplicates(ids), (found) => found.map(({ unit }) => unit)),
    forget,
    permitted: withoutForgotten,
    save,
    unforgotten
  }
}
