/**
 * The overlay: what a person changed of memories, kept apart from what is derived of the sessions, so that it survives when
 * these are compressed again. Pure, so that every store applies it alike.
 */
import type { Feedback } from "../domain/Feedback.ts"
import { idOf } from "../domain/Ids.ts"
import { keywordsOf } from "../domain/Keywords.ts"
import { fieldsOf } from "../domain/Lexical.ts"
import { evidence, MAX_EVIDENCE, type MemoryUnit, type UnitType } from "../domain/MemoryUnit.ts"
import { isTitled, titleOf } from "../domain/Saved.ts"
import * as Tokens from "../domain/Tokens.ts"
import * as Duplicates from "./Duplicates.ts"

/** The fields of a unit that a change may replace, or that follow from those. */
const FIELDS = ["type", "title", "summary", "content", "keywords", "passages", "quality", "tokens"] as const

/** A unit's fields as they were derived, or saved, before anybody changed them. */
export type Derived = Pick<MemoryUnit, typeof FIELDS[number]>

/** Values that stand for the derived ones; null where the derived one stands. */
export interface Changed {
  readonly title: string | null
  readonly content: string | null
  readonly type: UnitType | null
  readonly pinned: boolean
  /** Id of the unit that says what holds now. */
  readonly replacedBy: string | null
  /** The thing that the unit chose and that unit replaces, where a rule saw that; null where a person said so. */
  readonly replacedFor: string | null
  readonly feedback: ReadonlyArray<Feedback>
  /** Number of sessions in which Claude used the unit as it was told, at most `MAX_USES`. */
  readonly uses: number
  /** Whether a person wants the unit kept: it is not let go. Says nothing of what the unit tells, and so makes no revision. */
  readonly kept: boolean
}

/** Values that change nothing. Those which an earlier version recorded lack some. */
export const UNCHANGED: Changed = {
  title: null,
  content: null,
  type: null,
  pinned: false,
  replacedBy: null,
  replacedFor: null,
  feedback: [],
  uses: 0,
  kept: false
}

/** A change of some values: null gives back the derived one. */
export type Change = { readonly [Name in keyof Changed]?: Changed[Name] | undefined }

export interface Overlay extends Changed {
  readonly unitId: string
  /** Number of changes by a person so far. */
  readonly revision: number
  readonly derived: Derived
}

export const derivedOf = (unit: MemoryUnit): Derived =>
  Object.fromEntries(FIELDS.map((field) => [field, unit[field]])) as unknown as Derived

/** Returns an overlay that changes nothing yet. */
export const overlayOf = (unit: MemoryUnit): Overlay => ({
  ...UNCHANGED,
  unitId: unit.id,
  revision: 0,
  derived: derivedOf(unit)
})

export const changedOf = (
  { content, feedback, kept, pinned, replacedBy, replacedFor, title, type, uses }: Changed
): Changed => ({ title, content, type, pinned, replacedBy, replacedFor, feedback, uses, kept })

/** Returns the change of values that makes the one of the other. */
export const difference = (from: Changed, to: Changed): Change =>
  Object.fromEntries(
    Object.entries(changedOf(to)).filter(([name, value]) =>
      JSON.stringify(value) !== JSON.stringify(from[name as keyof Changed])
    )
  )

const isEqual = (a: Changed, b: Changed): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Leaves out what makes no revision: what rules found and counted, and whether the unit is kept. */
const revised = (changed: Changed): Changed => ({
  ...changed,
  ...(changed.replacedFor !== null && { replacedBy: null, replacedFor: null }),
  uses: 0,
  kept: false
})

/**
 * Applies a change; returns the same overlay when it changes nothing. A value equal to the derived one is null. What a rule changes
 * makes no revision, and neither does keeping.
 */
export const change = (overlay: Overlay, changes: Change): Overlay => {
  const value = <Name extends "content" | "title" | "type">(name: Name): Changed[Name] => {
    const given: Change[Name] = changes[name]
    return given === undefined ? overlay[name] : given === overlay.derived[name] ? null : given as Changed[Name]
  }
  const next: Changed = {
    title: value("title"),
    content: value("content"),
    type: value("type"),
    pinned: changes.pinned ?? overlay.pinned,
    replacedBy: changes.replacedBy === undefined ? overlay.replacedBy : changes.replacedBy,
    replacedFor: changes.replacedBy === undefined ? overlay.replacedFor : changes.replacedFor ?? null,
    feedback: changes.feedback ?? overlay.feedback,
    uses: changes.uses ?? overlay.uses,
    kept: changes.kept ?? overlay.kept
  }
  if (isEqual(next, changedOf(overlay))) return overlay
  const isSame = isEqual(revised(next), revised(changedOf(overlay)))
  return { ...overlay, ...next, revision: overlay.revision + (isSame ? 0 : 1) }
}

/** Tests whether a person, and no rule, said that another unit holds in this one's place. */
export const isReplacedOnPurpose = ({ replacedBy, replacedFor }: Changed): boolean =>
  replacedBy !== null && replacedFor === null

/** Tests whether a person changed anything: such a unit stays where its origin is compressed again. */
export const isKept = <A extends Changed>(changed: A | null | undefined): changed is A =>
  changed !== null && changed !== undefined &&
  (changed.pinned || changed.kept || changed.content !== null || changed.title !== null ||
    changed.type !== null || isReplacedOnPurpose(changed) || changed.feedback.length > 0)

/** Returns the overlay for a unit as it is derived anew: what a rule found, or counted, in other words holds no more. */
export const rebased = (overlay: Overlay, unit: MemoryUnit): Overlay => {
  const isSame = overlay.derived.content === unit.content
  return {
    ...overlay,
    derived: derivedOf(unit),
    ...(!isSame && overlay.content === null && { uses: 0 }),
    ...(!isSame && overlay.replacedFor !== null && { replacedBy: null, replacedFor: null })
  }
}

/** Returns a unit as it was derived. */
export const underneath = (unit: MemoryUnit, overlay: Overlay | undefined): MemoryUnit => {
  if (overlay === undefined) return unit
  const { feedback: _, kept: __, replacedBy: ___, replacedFor: ____, revision: _____, uses: ______, ...rest } = unit
  return { ...rest, ...overlay.derived, pinned: false }
}

/**
 * Returns what a unit says with these changes. Over words that somebody wrote stands only a title that somebody wrote, when it was saved
 * or since, and that of a session.
 */
export const wordsOf = (
  { origin }: Pick<MemoryUnit, "origin">,
  derived: Derived,
  { content, title, type }: Changed
): Pick<MemoryUnit, "content" | "title" | "type"> => ({
  title: title ??
    (content === null || derived.type === "archive" || isTitled({ ...derived, origin })
      ? derived.title
      : titleOf(content)),
  content: content ?? derived.content,
  type: type ?? derived.type
})

/**
 * Returns a unit with the overlay's changes. A changed content is the person's words: it quotes no message, and still cites those that
 * the derived one came from.
 */
export const applied = (unit: MemoryUnit, overlay: Overlay): MemoryUnit => {
  const { content, derived, feedback, kept, pinned, replacedBy, replacedFor, revision, uses } = overlay
  const rest = underneath(unit, overlay)
  return {
    ...rest,
    ...(content !== null && {
      summary: "",
      keywords: keywordsOf(content),
      passages: [],
      also: evidence({ passages: derived.passages, also: rest.also }).slice(0, MAX_EVIDENCE),
      quality: 1,
      tokens: Tokens.estimate(content)
    }),
    ...wordsOf(unit, derived, overlay),
    pinned,
    ...(replacedBy !== null && { replacedBy }),
    ...(replacedFor !== null && { replacedFor }),
    ...(feedback.length > 0 && { feedback }),
    ...(uses > 0 && { uses }),
    ...(kept && { kept }),
    ...(revision > 0 && { revision })
  }
}

/** Returns all that a stored unit says: as it is shown, and as it was derived. */
export const formsOf = (unit: MemoryUnit, overlay: Overlay | undefined): ReadonlyArray<MemoryUnit> =>
  overlay === undefined ? [unit] : [unit, underneath(unit, overlay)]

/** Share of the words of the shorter of two units that the other has, where one was derived of what the other had been. */
const ALIKE = 0.5

const isAlike = (a: Duplicates.Worded, b: Duplicates.Worded): boolean =>
  a.unit.type === b.unit.type && Duplicates.sharedBy(a.words, b.words) >= ALIKE * Math.min(a.words.size, b.words.size)

/** Returns what a unit says beyond an earlier content, with the labels before it; undefined when that is nothing. */
const beyond = (unit: MemoryUnit, content: string): MemoryUnit | undefined => {
  const passages: Array<MemoryUnit["passages"][number]> = []
  let text = ""
  unit.passages.forEach((passage, i) => {
    if (content.includes(unit.content.slice(passage.from, passage.to))) return
    const label = unit.content.slice(unit.passages[i - 1]?.to ?? 0, passage.from).trimStart()
    text += (text === "" ? "" : "\n") + label
    const from = text.length
    text += unit.content.slice(passage.from, passage.to)
    passages.push({ ...passage, from, to: text.length })
  })
  return passages.length === 0
    ? undefined
    : { ...unit, id: idOf("unit", unit.id, "beyond"), content: text, passages, tokens: Tokens.estimate(text) }
}

/**
 * Places newly derived units beside those of the same origins that a person changed. A changed unit stays, and what says the same is
 * left out. Ids can be those of an earlier unit that said something else: then the new unit gets an id of its own. A unit whose content
 * the person wrote anew takes nothing in: what its origin has come to say since is a unit of its own.
 *
 * @param made as they were derived
 * @param held the stored units of the origins, as they were derived
 */
export const placeBeside = (
  made: ReadonlyArray<MemoryUnit>,
  held: ReadonlyArray<MemoryUnit>,
  overlays: ReadonlyMap<string, Overlay>
): { readonly made: ReadonlyArray<MemoryUnit>; readonly kept: ReadonlySet<string> } => {
  if (![...overlays.values()].some(isKept)) return { made, kept: new Set() }
  const worded = (unit: MemoryUnit): Duplicates.Worded => ({ unit, words: Duplicates.wordsOf(fieldsOf(unit)) })
  const heldBy = new Map(held.map((unit) => [unit.id, unit]))
  const placed = made.flatMap((unit) => {
    const overlay = overlays.get(unit.id)
    if (!isKept(overlay)) return [unit]
    const before = heldBy.get(unit.id)
    const earlier = before ?? underneath(unit, overlay)
    if (earlier.content !== unit.content && !isAlike(worded(earlier), worded(unit))) {
      return [{ ...unit, id: idOf("unit", unit.id, unit.content) }]
    }
    if (overlay.content === null) return [unit]
    const rest = earlier.content === unit.content ? undefined : beyond(unit, earlier.content)
    return [...(before === undefined ? [earlier] : []), ...(rest === undefined ? [] : [rest])]
  })
  const ids = new Set(placed.map(({ id }) => id))
  const kept = held.filter(({ id }) => !ids.has(id) && isKept(overlays.get(id)))
  const others = kept.map(worded)
  return {
    made: placed.filter((unit) => !others.some((other) => Duplicates.isSame(worded(unit), other))),
    kept: new Set(kept.map(({ id }) => id))
  }
}
