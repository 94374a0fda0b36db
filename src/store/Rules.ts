/**
 * What every store decides alike, whatever it keeps its rows in. Pure.
 */
import type { Message, SessionFacts } from "../domain/Conversation.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { KnownProject, Project } from "../domain/Project.ts"
import type { CaptureBatch, LineSum } from "./MemoryStore.ts"

/** How much of a session its outline shows. */
export const OUTLINE = { prompts: 50, closing: 6, files: 30, units: 200 } as const

/** Whether a person or Claude says something in it. */
export const says = (message: Message): boolean =>
  message.role !== "system" && message.blocks.some(({ kind }) => kind === "text")

/** The messages that are neither known nor repeated. */
export const freshOf = (messages: ReadonlyArray<Message>, known: Iterable<string>): ReadonlyArray<Message> => {
  const seen = new Set(known)
  return messages.filter(({ uuid }) => {
    const isNew = !seen.has(uuid)
    seen.add(uuid)
    return isNew
  })
}

/** Sessions whose archive is out of date: those with new messages, and those that were given a title. */
export const sessionsChangedBy = (
  fresh: ReadonlyArray<Message>,
  facts: ReadonlyArray<SessionFacts>
): ReadonlyArray<string> => [
  ...fresh.map(({ sessionId }) => sessionId),
  ...facts.filter(({ title }) => title !== undefined).map(({ sessionId }) => sessionId)
]

export interface SessionChange {
  cwd?: string
  branch?: string
  version?: string
  title?: string
  /** The earliest and the latest time. */
  from?: number
  to?: number
}

/** A batch's facts as one change for each session. */
export const changesOf = (facts: ReadonlyArray<SessionFacts>): ReadonlyMap<string, SessionChange> => {
  const changes = new Map<string, SessionChange>()
  for (const fact of facts) {
    const change = changes.get(fact.sessionId) ?? {}
    changes.set(fact.sessionId, change)
    if (fact.cwd !== undefined) change.cwd ??= fact.cwd
    if (fact.branch !== undefined) change.branch = fact.branch
    if (fact.version !== undefined) change.version = fact.version
    if (fact.title !== undefined) change.title = fact.title
    if (fact.startedAt !== undefined) change.from = Math.min(change.from ?? Infinity, fact.startedAt)
    if (fact.endedAt !== undefined) change.to = Math.max(change.to ?? 0, fact.endedAt)
  }
  return changes
}

const SKIPPED = "skipped "

/** Lines by outcome, so that they sum up to the batch's lines. */
export const outcomesOf = (
  batch: CaptureBatch,
  stored: number,
  duplicates: number
): Readonly<Record<string, number>> => ({
  stored,
  "dead-letter": batch.deadLetters.length,
  ...Object.fromEntries(
    Object.entries({ ...batch.skipped, duplicate: (batch.skipped.duplicate ?? 0) + duplicates })
      .map(([reason, lines]) => [SKIPPED + reason, lines])
  )
})

export const lineSumOf = (outcomes: ReadonlyMap<string, number>): LineSum => ({
  total: [...outcomes.values()].reduce((sum, lines) => sum + lines, 0),
  stored: outcomes.get("stored") ?? 0,
  skipped: Object.fromEntries(
    [...outcomes].flatMap(([outcome, lines]) =>
      outcome.startsWith(SKIPPED) ? [[outcome.slice(SKIPPED.length), lines]] : []
    )
  ),
  deadLetter: outcomes.get("dead-letter") ?? 0
})

/** What a unit was made of: neither when, nor what became of it since. */
export const comparable = (unit: MemoryUnit): string =>
  JSON.stringify({ ...unit, createdAt: 0, also: [], active: true, supersededBy: null })

/** A project as a store keeps it; one that was merged into another is kept for what is captured of it later. */
export interface KeptProject extends Project {
  readonly isExcluded: boolean
  readonly mergedInto: string | null
}

/** By name. */
export const knownProjects = (kept: ReadonlyArray<KeptProject>): ReadonlyArray<KnownProject> => {
  const projectOf = ({ id, key, name, root }: Project): Project => ({ id, name, root, key })
  const all = kept.toSorted(ascending(({ name }) => name, ({ id }) => id))
  return all.filter(({ mergedInto }) => mergedInto === null).map((project) => ({
    ...projectOf(project),
    isExcluded: project.isExcluded,
    merged: all.filter(({ mergedInto }) => mergedInto === project.id).map(projectOf)
  }))
}

/** So many units are looked at for a question, whatever the memory's size: a hook waits for it. */
export const RECALL_DOCUMENTS = 5_000

/**
 * The terms that bring candidates: the rarest, as long as they bring few enough units; common ones only count in what those
 * bring. Unknown terms bring none.
 */
export const recalling = (
  terms: ReadonlyArray<string>,
  documentFrequency: ReadonlyMap<string, number>
): ReadonlyArray<string> => {
  let brought = 0
  return terms.filter((term) => documentFrequency.has(term))
    .sort((a, b) => documentFrequency.get(a)! - documentFrequency.get(b)!)
    .filter((term, i) => (brought += documentFrequency.get(term)!) <= RECALL_DOCUMENTS || i === 0)
}

export const present = <A>(values: ReadonlyArray<A | undefined>): ReadonlyArray<A> =>
  values.filter((value): value is A => value !== undefined)

/** An order by one key after the other. */
export const ascending = <A>(...keys: ReadonlyArray<(a: A) => string | number>) => (a: A, b: A): number => {
  const key = keys.find((key) => key(a) !== key(b))
  return key === undefined ? 0 : key(a) < key(b) ? -1 : 1
}
