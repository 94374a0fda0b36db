/**
 * Keeps what was forgotten in a bin until it can't be undone any more, and brings it back.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Message } from "../../domain/Conversation.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import { savedBy } from "../../domain/SavedBy.ts"
import * as Forgetting from "../Forgetting.ts"
import { type BinKind, UNDO_MS } from "../MemoryStore.ts"
import { applied, isKept, type Overlay, UNCHANGED, underneath } from "../Overlay.ts"
import type { KeptLetter } from "./Dialect.ts"
import type { Entombed } from "./Entombed.ts"
import type * as ProjectWrites from "./ProjectWrites.ts"
import { messageOf } from "./Rows.ts"
import type { BinEntry, OperationRow, Statements } from "./Statements.ts"
import type { UnitWrites } from "./UnitWrites.ts"

/** A forgotten unit, as it was derived, with all that is the person's of it. */
export interface BinnedUnit {
  readonly unit: MemoryUnit
  readonly own: string | null
  readonly overlay: Overlay | null
  readonly operations: ReadonlyArray<OperationRow>
}

/** Stands for the unit of the tombstones of a session of which all was forgotten. */
export const sessionTomb = (sessionId: string): string => `${TOMB}${sessionId}`

const TOMB = "session:"

/** Returns the session for which a tombstone stands; undefined for that of a unit. */
export const sessionOf = (unitId: string): string | undefined =>
  unitId.startsWith(TOMB) ? unitId.slice(TOMB.length) : undefined

/** A session and its title. */
interface Titled {
  readonly id: string
  readonly title: string
}

const NO_FACTS = { cwd: undefined, branch: undefined, version: undefined, startedAt: undefined, endedAt: undefined }

const formsOf = ({ overlay, unit }: BinnedUnit): ReadonlyArray<MemoryUnit> =>
  overlay === null ? [unit] : [unit, applied(unit, overlay)]

const parse = <A>({ body }: { readonly body: string }): A => JSON.parse(body) as A

/** Parses a unit; the overlay that an earlier version put there has fewer values. */
export const binnedUnit = (entry: { readonly body: string }): BinnedUnit => {
  const { overlay, ...rest } = parse<BinnedUnit>(entry)
  return { ...rest, overlay: overlay === null ? null : { ...UNCHANGED, ...overlay } }
}

/** Returns the session of a unit, message or title in the bin. */
export const sessionIn = (entry: BinEntry): string | undefined =>
  entry.kind === "unit"
    ? parse<BinnedUnit>(entry).unit.sessionId
    : entry.kind === "message"
    ? messageOf(entry).sessionId
    : entry.kind === "title"
    ? entry.key
    : undefined

/** Moves units to the projects that theirs were merged into. */
type InPlace = ReturnType<typeof ProjectWrites.make>["inPlace"]

export type BinWrites = ReturnType<typeof make>

export const make = (
  db: Statements,
  { enqueue, insert, mergeWithSame, remove, restore: bringBack }: UnitWrites,
  { permitted, unforgotten }: Entombed,
  inPlace: InPlace
) => {
  /** Puts what is forgotten into the bin: units, messages with all their sentences, titles of sessions, and lines. */
  const put = (operation: number, forgotten: {
    readonly units: ReadonlyArray<MemoryUnit>
    readonly messages: ReadonlyArray<Message>
    readonly titles: ReadonlyArray<Titled>
    readonly letters: ReadonlyArray<KeptLetter>
    /** Segments of which units were deleted that said it too. */
    readonly origins?: ReadonlyArray<string>
  }) =>
    Effect.gen(function*() {
      const ids = forgotten.units.map(({ id }) => id)
      const overlays = yield* db.overlays(ids)
      const own = yield* db.ownProjects(ids)
      const operations = yield* db.operationsOf(ids)
      const entries: ReadonlyArray<readonly [BinEntry["kind"], string, unknown]> = [
        ...forgotten.units.map((unit) =>
          [
            "unit",
            unit.id,
            {
              unit: underneath(unit, overlays.get(unit.id)),
              own: own.get(unit.id) ?? null,
              overlay: overlays.get(unit.id) ?? null,
              operations: operations.filter(({ unitId }) => unitId === unit.id)
            } satisfies BinnedUnit
          ] as const
        ),
        ...forgotten.messages.map((message) => ["message", message.uuid, message] as const),
        ...forgotten.titles.map((session) => ["title", session.id, session] as const),
        ...forgotten.letters.map((letter) =>
          ["letter", JSON.stringify([letter.path, letter.fingerprint, letter.offset]), letter] as const
        ),
        // A version that does not know these takes them for lines, of no text.
        ...(forgotten.origins ?? []).map((origin) => ["origin", origin, { line: "" }] as const)
      ]
      yield* db.insertBin(operation, entries.map(([kind, key, value]) => ({ kind, key, body: JSON.stringify(value) })))
    })

  /** Cuts what is forgotten for good out of the bin too. */
  const cut = (isKnown: (key: string) => boolean, strip: (message: Message) => Forgetting.Stripped) =>
    Effect.gen(function*() {
      for (const entry of yield* db.bin("all")) {
        const { kind, operation } = entry
        if (kind === "message") {
          const first = strip(messageOf(entry))
          const second = Forgetting.withoutAllKnown(first.message, isKnown)
          if (first.taken.length + second.taken.length > 0) {
            yield* db.updateBin(operation, { ...entry, body: JSON.stringify(second.message) })
          }
        } else if (kind !== "origin") {
          const keys = kind === "unit"
            ? formsOf(binnedUnit(entry)).flatMap(Forgetting.keysOfUnit)
            : kind === "title"
            ? [Forgetting.titleKey(parse<Titled>(entry).title)]
            : Forgetting.keysOfLine(parse<KeptLetter>(entry).line)
          if (keys.some(isKnown)) yield* db.deleteBinEntry(operation, entry)
        }
      }
    })

  /** Deletes all of sessions, and the lines of these transcripts, from the bin. */
  const cutSessions = (sessionIds: ReadonlyArray<string>, transcripts: ReadonlySet<string>) =>
    Effect.gen(function*() {
      for (const entry of yield* db.bin("all")) {
        const isOf = entry.kind === "letter"
          ? transcripts.has(parse<KeptLetter>(entry).path)
          : sessionIds.includes(sessionIn(entry) ?? "")
        if (isOf) yield* db.deleteBinEntry(entry.operation, entry)
      }
    })

  /** Brings back what an operation forgot, but for what another one forgot too. */
  const restore = (operation: number) =>
    Effect.gen(function*() {
      const entries = yield* db.bin(operation)
      const ofKind = (kind: BinKind) => entries.filter((entry) => entry.kind === kind)
      const of = <A>(kind: BinKind) => ofKind(kind).map((entry) => parse<A>(entry))
      const units = ofKind("unit").map(binnedUnit)
      const sessions = new Set(of<Message>("message").map(({ sessionId }) => sessionId))
      yield* db.deleteTombstones([...units.map(({ unit }) => unit.id), ...[...sessions].map(sessionTomb)])

      const letters = of<KeptLetter>("letter")
      const { deadLetters, facts, messages } = yield* unforgotten({
        messages: of<Message>("message"),
        facts: of<Titled>("title").map(({ id, title }) => ({ ...NO_FACTS, sessionId: id, title })),
        deadLetters: letters
      })
      const stored = yield* db.messagesBy(messages.map(({ uuid }) => uuid))
      if (messages.length > 0) yield* db.updateMessages(messages)
      const titles = facts.flatMap(({ sessionId: id, title }) => title === undefined ? [] : [{ id, title }])
      if (titles.length > 0) yield* db.setTitles(titles)
      if (letters.length > 0) {
        yield* db.setLetters(letters.map((letter, i) => ({ ...letter, line: deadLetters[i]!.line })))
      }

      // Since then another unit may have been derived under the id of one; it stays where a person changed it.
      const present = new Map(
        (yield* db.unitsById(units.map(({ unit }) => unit.id))).map(({ row, unit }) => [unit.id, row])
      )
      const changed = yield* db.overlays([...present.keys()])
      const isFree = ({ unit }: BinnedUnit) => !isKept(changed.get(unit.id))
      const allowed = new Set((yield* permitted(units.map(({ unit }) => unit))).map(({ id }) => id))
      const back = units.filter((each) => allowed.has(each.unit.id) && isFree(each))
      const others = yield* bringBack(
        yield* remove(back.flatMap(({ unit }) => present.has(unit.id) ? [present.get(unit.id)!] : []))
      )
      const overlays = back.flatMap(({ overlay }) => overlay === null ? [] : [overlay])
      if (overlays.length > 0) yield* db.setOverlays(overlays)
      const operations = back.flatMap(({ operations }) => operations)
      if (operations.length > 0) yield* db.insertOperations(operations)
      // A project may have been split meanwhile, and takes its session's units along.
      const owners = yield* db.ownProjectsOfSessions(
        back.flatMap(({ unit }) => savedBy(unit) === "person" ? [] : [unit.sessionId])
      )
      const { own: merged, placed } = yield* inPlace(back.map(({ own, unit }) => {
        const owner = savedBy(unit) === "person" ? undefined : owners.get(unit.sessionId)
        return { ...unit, projectId: owner ?? own ?? unit.projectId, active: true, supersededBy: null }
      }))
      yield* insert(placed, merged)
      yield* mergeWithSame([...others, ...placed.map(({ id }) => id)])
      // What the messages tell is derived again, of other units too.
      yield* enqueue("segment", [
        ...stored.map(({ segment_id }) => segment_id),
        ...ofKind("origin").map(({ key }) => key)
      ])
      yield* enqueue("session", messages.map(({ sessionId }) => sessionId))
      yield* db.deleteBin([operation])
      return {
        units: (yield* db.unitsById(placed.map(({ id }) => id))).map(({ unit }) => unit),
        messages: stored.length
      }
    })

  const unitsIn = (operation: number) =>
    Effect.map(
      db.bin(operation),
      (entries) => entries.filter(({ kind }) => kind === "unit").map((entry) => parse<BinnedUnit>(entry).unit)
    )

  /** Empties the bin of what can't be undone any more; returns the number of units. */
  const empty = Effect.gen(function*() {
    const operations = yield* db.binnedBefore((yield* Clock.currentTimeMillis) - UNDO_MS)
    if (operations.length === 0) return 0
    let count = 0
    for (const operation of operations) count += (yield* unitsIn(operation)).length
    yield* db.deleteBin(operations)
    return count
  })

  /** Empties the bin of all that was forgotten together with one of these units; returns those units. */
  const emptyOf = (unitIds: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const operations = yield* db.binnedBy(unitIds)
      const units: Array<MemoryUnit> = []
      for (const operation of operations) {
        units.push(...(yield* unitsIn(operation)))
        // Nothing is left of it that could be undone.
        yield* db.setUndone(operation)
      }
      if (operations.length > 0) yield* db.deleteBin(operations)
      return units
    })

  return { cut, cutSessions, empty, emptyOf, put, restore }
}
