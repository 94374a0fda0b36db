/**
 * Decisions that all stores share, independent of the database. Pure.
 */
import { makeBest } from "../domain/Best.ts"
import type { Message, SessionFacts } from "../domain/Conversation.ts"
import { scoreOf } from "../domain/Lexical.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { KnownProject, Project } from "../domain/Project.ts"
import type { Candidate, CaptureBatch, LineSum } from "./MemoryStore.ts"

/** Largest number of each part in a session's outline; of the prompts there are as many first and as many last ones. */
export const OUTLINE = { prompts: 25, closing: 6, files: 30, units: 200, steps: 400 } as const

/** Returns a session's prompts as its outline has them, of all of them or of an earlier outline's and what came since. */
export const outlinePrompts = (prompts: ReadonlyArray<Message>): ReadonlyArray<Message> =>
  prompts.length <= 2 * OUTLINE.prompts
    ? prompts
    : [...prompts.slice(0, OUTLINE.prompts), ...prompts.slice(-OUTLINE.prompts)]

/** Tools whose calls tell what is to be done or what was changed. */
const STEPS = new Set("TodoWrite TaskCreate TaskUpdate Edit MultiEdit Write NotebookEdit".split(" "))
/** Matches what commands do with Git and with pull requests. */
const OF_GIT = /\bgit\b[^\n]*\b(?:stash|commit)\b|\b(?:gh pr|glab mr)\b/u

/** Returns the messages with calls that tell what is to be done or was done, and with their results. */
export const stepsAmong = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const isStep = ({ kind, text, tool = "" }: Message["blocks"][number]) =>
    kind === "tool_use" && (STEPS.has(tool) || tool === "Bash" && OF_GIT.test(text))
  const called = new Set(messages.flatMap(({ blocks }) => blocks.filter(isStep).map(({ toolUseId }) => toolUseId)))
  return messages.filter(({ blocks }) =>
    blocks.some((block) => isStep(block) || block.kind === "tool_result" && called.has(block.toolUseId))
  )
}

/** Returns true for a message with text by a person or Claude. */
export const hasText = (message: Message): boolean =>
  message.role !== "system" && message.blocks.some(({ kind }) => kind === "text")

/** Returns the messages that are not known, each once. */
export const freshOf = (messages: ReadonlyArray<Message>, known: Iterable<string>): ReadonlyArray<Message> => {
  const seen = new Set(known)
  return messages.filter(({ uuid }) => {
    const isNew = !seen.has(uuid)
    seen.add(uuid)
    return isNew
  })
}

/** Returns the sessions whose archive is out of date: those with new messages or a new title. May repeat ids. */
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
  /** Earliest start and latest end, in milliseconds since 1970. */
  from?: number
  to?: number
}

/** Combines a batch's facts into one change per session. */
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

/** Counts a batch's lines by outcome; the counts sum up to the batch's lines. */
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

/**
 * Serializes a unit without the fields that merging changes, its creation time and its compressor's version, to compare
 * old and new units: what two versions write alike stays, with its vector.
 */
export const comparable = (unit: MemoryUnit): string =>
  JSON.stringify({ ...unit, compressor: undefined, createdAt: 0, also: [], active: true, supersededBy: null })

/** A project's row. A project that was merged into another keeps its row, so that later captures of it find their project. */
export interface KeptProject extends Project {
  readonly isExcluded: boolean
  readonly mergedInto: string | null
}

/** Returns the projects that were not merged into another, by name, each with those merged into it. */
export const knownProjects = (kept: ReadonlyArray<KeptProject>): ReadonlyArray<KnownProject> => {
  const projectOf = ({ id, key, name, root }: Project): Project => ({ id, name, root, key })
  const all = kept.toSorted(ascending(({ name }) => name, ({ id }) => id))
  const merged = new Map<string, Array<KeptProject>>()
  for (const project of all) {
    const { mergedInto } = project
    const others = merged.get(mergedInto ?? "")
    if (others !== undefined) others.push(project)
    else if (mergedInto !== null) merged.set(mergedInto, [project])
  }
  return all.filter(({ mergedInto }) => mergedInto === null).map((project) => ({
    ...projectOf(project),
    isExcluded: project.isExcluded,
    merged: (merged.get(project.id) ?? []).map(projectOf)
  }))
}

/**
 * Returns the terms that select candidates: the rarest ones, up to so many units in all, and at least one. The others only count in the
 * ranking of these candidates. Skips unknown terms.
 */
export const recalling = (
  terms: ReadonlyArray<string>,
  documentFrequency: ReadonlyMap<string, number>,
  most: number
): ReadonlyArray<string> => {
  let brought = 0
  return terms.filter((term) => documentFrequency.has(term))
    .sort((a, b) => documentFrequency.get(a)! - documentFrequency.get(b)!)
    .filter((term, i) => (brought += documentFrequency.get(term)!) <= most || i === 0)
}

/** Returns the number of units whose words are counted, `more` for each of those that a lexical search returns. */
export const selectedFor = (limit: number, more: number): number => Math.max(64, Math.ceil(more * limit))

/** A candidate of a lexical search and its row, which grows with the time of insertion. */
export interface Counted extends Candidate {
  readonly row: number
}

/** Ranks candidates by their BM25F scores, best first; of the same score, the newest. */
export const rankedBy = (
  idf: ReadonlyArray<number>,
  averageLength: number,
  candidates: ReadonlyArray<Counted>,
  limit: number
): ReadonlyArray<Candidate> => {
  const best = makeBest(limit)
  for (const candidate of candidates) best.add({ row: candidate.row, score: scoreOf(idf, averageLength, candidate) })
  const candidateOf = new Map(candidates.map((candidate) => [candidate.row, candidate]))
  return best.sorted().map((found) => {
    const { row: _, ...candidate } = candidateOf.get(found.row)!
    return candidate
  })
}

export const present = <A>(values: ReadonlyArray<A | undefined>): ReadonlyArray<A> =>
  values.filter((value): value is A => value !== undefined)

/** Compares by the first key that differs. */
export const ascending = <A>(...keys: ReadonlyArray<(a: A) => string | number>) => (a: A, b: A): number => {
  const key = keys.find((key) => key(a) !== key(b))
  return key === undefined ? 0 : key(a) < key(b) ? -1 : 1
}
