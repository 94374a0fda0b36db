/**
 * Reads what earlier sessions of projects left, for the text that is injected when a session begins.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { standsAlone } from "../compress/text/Lessons.ts"
import type { InjectionRequest, OpeningRequest, OpeningResponse, Unremembered } from "../domain/Injection.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { Left } from "../domain/OpeningFile.ts"
import { savedBy } from "../domain/SavedBy.ts"
import { isStanding, pointsBack } from "../domain/Standing.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { MemoryStore, StoreError } from "../store/MemoryStore.ts"
import { isToldAsOpen, withoutClosed } from "./OpenEnds.ts"
import { compose } from "./OpeningText.ts"
import { openList } from "./OpenList.ts"

/** Numbers of archives and decisions that are read, newest first. */
const READ_ARCHIVES = 12
const READ_DECISIONS = 24
/** Number of conversations that are read for the ends of sessions without an archive. */
const READ_CONVERSATIONS = 40
/** Number of pinned units that are read, of any time: more than a start has room for. */
const READ_PINNED = 30

const NOTHING: Unremembered = { origins: [], units: [], branches: {} }

/** Puts new units in the place of the remembered ones of their origins, newest first. */
const withNew = (
  remembered: ReadonlyArray<MemoryUnit>,
  type: MemoryUnit["type"],
  { origins, units }: Unremembered,
  since = -Infinity
): ReadonlyArray<MemoryUnit> => {
  const replaced = new Set(origins)
  const fresh = units.filter((unit) => unit.type === type && unit.occurredAt >= since)
  return [...fresh, ...remembered.filter(({ origin }) => !replaced.has(origin))]
    .sort((a, b) => b.occurredAt - a.occurredAt)
}

/** Matches what stands before Claude's words, where it is no more than their label. */
const CLAUDE = /^\n?Claude(?: explained)?: $/

/** Returns what Claude said in a conversation: of the prompt, the title tells enough; all where Claude said nothing. */
const answerOf = ({ content, passages }: MemoryUnit): string => {
  let isClaude = false
  const said = passages.filter(({ from, kind }, i) => {
    const label = content.slice(passages[i - 1]?.to ?? 0, from)
    if (label.trim() !== "") isClaude = CLAUDE.test(label)
    return isClaude && kind === "text"
  })
  return said.length === 0 ? content : said.map(({ from, to }) => content.slice(from, to)).join("\n")
}

/**
 * Returns the ends of the sessions without an archive, since they were of one request: Claude's words in the newest conversation of each,
 * under the title of its first. Older ones than all archives that were read are left out: theirs may not have been read.
 */
const endsOf = (
  conversations: ReadonlyArray<MemoryUnit>,
  archives: ReadonlyArray<MemoryUnit>
): ReadonlyArray<MemoryUnit> => {
  const archived = new Set(archives.map(({ sessionId }) => sessionId))
  const since = archives.length < READ_ARCHIVES ? -Infinity : archives.at(-1)!.occurredAt
  const ends = new Map<string, MemoryUnit>()
  for (const unit of conversations) {
    if (archived.has(unit.sessionId) || unit.occurredAt < since || savedBy(unit) !== undefined) continue
    ends.set(unit.sessionId, { ...(ends.get(unit.sessionId) ?? unit), title: unit.title })
  }
  return [...ends.values()].map((unit) => {
    const content = answerOf(unit)
    return { ...unit, content, tokens: Tokens.estimate(content) }
  })
}

/** Matches the label of who speaks. */
const SPEAKER = /^[A-Z][A-Za-z, ]{2,40}: /u

/** True for a decision that is understood without its session. */
const isClear = ({ content, title }: MemoryUnit): boolean =>
  !pointsBack(title) || isStanding(title) || content.split("\n").some((line) => standsAlone(line.replace(SPEAKER, "")))

type Store = Pick<MemoryStore["Type"], "count" | "recent" | "sessions" | "units">

/**
 * Leaves out what was replaced, unless the replacement is gone or was replaced by it in turn. One in another project does not count:
 * nothing would delete this project's file when that is forgotten.
 */
const holding = (store: Store, units: ReadonlyArray<MemoryUnit>) =>
  Effect.gen(function*() {
    const ids = units.flatMap(({ replacedBy }) => replacedBy ?? [])
    const instead = new Map((ids.length === 0 ? [] : yield* store.units(ids)).map((unit) => [unit.id, unit]))
    return units.filter(({ id, projectId, replacedBy }) => {
      const replacement = replacedBy === undefined ? undefined : instead.get(replacedBy)
      return replacement?.projectId !== projectId || replacement.replacedBy === id
    })
  })

/** Returns what the newest sessions left. */
export const left = (
  store: Store,
  { projects, since, unremembered = NOTHING }: Pick<OpeningRequest, "projects" | "since" | "unremembered">
): Effect.Effect<Left<MemoryUnit>, StoreError> =>
  Effect.gen(function*() {
    const newest = (type: MemoryUnit["type"], limit: number) =>
      Effect.map(
        store.recent({ projects, types: [type], ...(since !== undefined && { since }) }, limit),
        (remembered) => withNew(remembered, type, unremembered, since).slice(0, limit)
      )
    const pins = yield* store.recent({ projects, isPinned: true }, READ_PINNED)
    const all = pins.length < READ_PINNED ? pins.length : yield* store.count({ projects, isPinned: true })
    const pinned = yield* holding(store, pins)
    const isOther = ({ id }: MemoryUnit) => !pins.some((unit) => unit.id === id)
    const summed = yield* newest("archive", READ_ARCHIVES)
    const made = summed.filter(isOther)
    const conversations = yield* newest("conversation", READ_CONVERSATIONS)
    const newestDecisions = yield* newest("decision", READ_DECISIONS)
    const open = withoutClosed(made, [...made, ...conversations, ...newestDecisions])
    const archives = [...endsOf(conversations.filter(isOther), summed), ...open]
      .sort((a, b) => b.occurredAt - a.occurredAt)
    // What holds in its place is newer, and so among them too, unless it is gone.
    const isReplaced = ({ replacedBy }: MemoryUnit) => newestDecisions.some(({ id }) => id === replacedBy)
    const decisions = newestDecisions.filter((unit) =>
      isOther(unit) && !isReplaced(unit) && isClear(unit) && !isToldAsOpen(unit, summed)
    )
    const sessions = yield* store.sessions([...pinned, ...archives, ...decisions].map(({ sessionId }) => sessionId))
    return {
      pinned,
      unreadPins: all - pins.length,
      archives,
      decisions,
      branches: {
        ...Object.fromEntries(Array.from(sessions.values(), ({ branch, id }) => [id, branch])),
        ...unremembered.branches
      }
    }
  })

/** Share of the lexemes of a named work that its session holds. */
const NAMED_SHARE = 0.6

/** Keeps the newest session that holds what is asked for; nothing of others. */
const named = (
  { archives, branches }: Left<MemoryUnit>,
  { about = [], injectedIds = [], sessionId }: OpeningRequest
): Left<MemoryUnit> => {
  // A single word may stand anywhere: it has to be in what the session was for.
  const holds = ({ content, title }: MemoryUnit) => {
    const lexemes = new Set(Tokenizer.lexemes(`${title}\n${about.length > 1 ? content : content.split("\n")[0]!}`))
    return about.filter((lexeme) => lexemes.has(lexeme)).length >= NAMED_SHARE * about.length
  }
  const found = archives.find((unit) => unit.sessionId !== sessionId && holds(unit))
  const isNew = found !== undefined && !injectedIds.includes(found.id)
  return { pinned: [], unreadPins: 0, archives: isNew ? [found] : [], decisions: [], branches }
}

/** Numbers of archives, and of conversations and decisions by which their open points may be closed, that are read for the list of all. */
const READ_FOR_LIST = { archive: 60, conversation: 120, decision: 60 } as const

/** Lists what is open of one project, for who asks; nothing of the sessions that are in the request's context. */
export const unfinished = (
  store: Store,
  { inContext = [], maxChars, maxTokens, projects }: Pick<
    InjectionRequest,
    "inContext" | "maxChars" | "maxTokens" | "projects"
  >
): Effect.Effect<OpeningResponse, StoreError> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const newest = (type: keyof typeof READ_FOR_LIST) => store.recent({ projects, types: [type] }, READ_FOR_LIST[type])
    const summed = yield* newest("archive")
    const later = [...summed, ...yield* newest("conversation"), ...yield* newest("decision")]
    const isOwn = (unit: MemoryUnit) => inContext.some(({ sessionId }) => sessionId === unit.sessionId)
    const archives = withoutClosed(summed, later).filter((unit) => unit.supersededBy === null && !isOwn(unit))
    const sessions = yield* store.sessions(archives.map(({ sessionId }) => sessionId))
    const branches = Object.fromEntries(Array.from(sessions.values(), ({ branch, id }) => [id, branch]))
    const { kept, text, tokens } = openList(archives, branches, { maxChars, maxTokens }, now)
    return { text, tokens, units: [], pointed: kept }
  })

export const open = (store: Store, request: OpeningRequest): Effect.Effect<OpeningResponse, StoreError> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const all = yield* left(store, request)
    return compose(request.isNamed === true ? named(all, request) : all, request, now)
  })
