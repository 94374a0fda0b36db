/**
 * Parses the lines of a session's record. Without Effect, since the hook's entry reads them too.
 */
import type { InContext } from "../domain/Search.ts"

/** One injection, as it was sent to Claude Code. */
export interface Sent {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: "SessionStart" | "UserPromptSubmit"
  /** Bytes that the session's transcript had: what arrives of the injection is written after these. */
  readonly offset: number
  readonly tokens: number
  /** Ids of the units in the text, and of those that it only points to. */
  readonly ids: ReadonlyArray<string>
  readonly pointed: ReadonlyArray<string>
  /** True for what earlier sessions left. */
  readonly isOpening: boolean
  /** Words of the prompt that stand together in a memory. */
  readonly words: ReadonlyArray<string>
  /** Lexemes of the units that the prompt names; missing where it names none, and in records of earlier versions. */
  readonly named?: ReadonlyArray<string>
}

/** An injection is pending until the transcript shows that Claude got it, or that Claude answered without it. */
export interface Injection extends Sent {
  readonly state: "pending" | "arrived" | "late"
  /** Ids of the units that Claude then used. */
  readonly used: ReadonlyArray<string>
}

/** What a session had said when another was forked from it. */
export interface Parent extends InContext {
  readonly until: number
}

/** Lists what a session was told, as far as its context still holds it. */
export interface SessionRecord {
  /** All injections, oldest first. */
  readonly injections: ReadonlyArray<Injection>
  /** Ids of the injected units that are in the session's context: those that came too late are not. */
  readonly ids: ReadonlySet<string>
  /** Ids of the units that pointers in the session's context name. */
  readonly pointed: ReadonlySet<string>
  /** True when the session's context holds what earlier sessions left. */
  readonly isOpened: boolean
  /** What the sessions that this one was forked from had said by then, as far as it is in its context. */
  readonly parents: ReadonlyArray<Parent>
  /** Time of the last compaction, in milliseconds since the epoch; 0 without one. */
  readonly compactedAt: number
  readonly isMuted: boolean
  /** True when the session has no record yet. */
  readonly isNew: boolean
}

/** Parts of a record that another session takes over. */
export type Inherited = Pick<SessionRecord, "ids" | "isOpened" | "parents" | "pointed">

/** Folder of the records, in the memory's folder. */
export const FOLDER = "sessions"

/** Matches ids that are file names. Session ids are UUIDs; any other id is hashed, so that it can't lead elsewhere. */
export const PLAIN_ID = /^[\w-]{1,100}$/

/**
 * Begin the lines of an injection (JSON follows), of one that arrived or came too late (its time follows), of a
 * compaction, of units that were used (the injection's time and their ids follow), of a unit that an inherited pointer
 * names, of a session that this one was forked from (two times and its id follow), and of a unit that has said something
 * else since it was told. Other lines are words, or ids of inherited units.
 */
export const SENT = "{"
export const ARRIVED = "+"
export const LATE = "x"
export const RESET = "-"
export const USED = "*"
export const POINTED = "?"
export const PARENT = "^"
export const CHANGED = "!"
export const OPENED = "open"
export const MUTED = "off"
export const UNMUTED = "on"

/** Longest part of a record that is read, from its end: some hundred injections. */
export const MAX_BYTES = 128 * 1024

/** Encodes an injection as a line. */
export const encode = ({ at, event, ids, isOpening, named = [], offset, pointed, tokens, words }: Sent): string =>
  JSON.stringify({ at, event, offset, tokens, ids, pointed, isOpening, words, ...(named.length > 0 && { named }) })

const isString = (value: unknown): value is string => typeof value === "string"
export const areStrings = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every(isString)

/** Parses the line of an injection; undefined for another. */
export const decode = (line: string): Sent | undefined => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== "object" || value === null) return undefined
  const { at, event, ids, isOpening, named, offset, pointed, tokens, words } = value as Readonly<
    Record<string, unknown>
  >
  return typeof at === "number" && (event === "SessionStart" || event === "UserPromptSubmit") &&
      typeof offset === "number" && typeof tokens === "number" && areStrings(ids) && areStrings(pointed) &&
      typeof isOpening === "boolean" && areStrings(words)
    ? { at, event, offset, tokens, ids, pointed, isOpening, words, ...(areStrings(named) && { named }) }
    : undefined
}

/** Encodes the parts of a record that another session takes over; nothing for an empty one. */
export const encodeInherited = ({ ids, isOpened, parents, pointed }: Inherited): ReadonlyArray<string> => [
  ...parents.map(({ sessionId, since, until }) => `${PARENT}${since} ${until} ${sessionId}`),
  ...(isOpened ? [OPENED] : []),
  ...ids,
  ...[...pointed].map((id) => POINTED + id)
]

/** Encodes whether the injection of this time arrived. */
export const encodeSettled = (at: number, hasArrived: boolean): string => `${hasArrived ? ARRIVED : LATE}${at}`

/** Encodes that a compaction at this time, in milliseconds since the epoch, took all out of the context. */
export const encodeReset = (at: number): string => `${RESET}${at}`

/** Encodes that units of the injection of this time were used. */
export const encodeUsed = (at: number, ids: ReadonlyArray<string>): string => `${USED}${[at, ...ids].join(" ")}`

/** Encodes which of these units the session has been told as they were; nothing where it was told none. */
export const encodeChanged = (lines: ReadonlyArray<string>, ids: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { ids: told, pointed } = read(lines)
  return ids.filter((id) => told.has(id) || pointed.has(id)).map((id) => CHANGED + id)
}

/** Joins lines for the end of a file. A line that a full disk cut off there takes none of them with it. */
export const joined = (lines: ReadonlyArray<string>): string => `\n${lines.map((line) => `${line}\n`).join("")}`

/** Splits the part of a record that is read into its lines. */
export const linesIn = (text: string): ReadonlyArray<string> => text.slice(-MAX_BYTES).split("\n")

/** Parses a record. */
export const read = (lines: ReadonlyArray<string>): SessionRecord => {
  let injections: ReadonlyArray<Injection> = []
  let beforeContext = 0
  /** How many injections were before a unit's last change. */
  const beforeChange = new Map<string, number>()
  const inherited = {
    ids: new Set<string>(),
    pointed: new Set<string>(),
    isOpened: false,
    parents: [] as Array<Parent>
  }
  let compactedAt = 0
  let isMuted = false
  for (const line of lines) {
    const rest = line.slice(1)
    if (line === MUTED || line === UNMUTED) isMuted = line === MUTED
    else if (line === OPENED) inherited.isOpened = true
    else if (line.startsWith(SENT)) {
      const sent = decode(line)
      if (sent !== undefined) injections = [...injections, { ...sent, state: "pending", used: [] }]
    } else if (line.startsWith(ARRIVED) || line.startsWith(LATE)) {
      const state = line.startsWith(ARRIVED) ? "arrived" : "late"
      injections = injections.map((each) =>
        each.at === Number(rest) && each.state === "pending" ? { ...each, state } : each
      )
    } else if (line.startsWith(USED)) {
      const [at, ...ids] = rest.split(" ")
      injections = injections.map((each) =>
        each.at === Number(at) ? { ...each, used: [...new Set([...each.used, ...ids])] } : each
      )
    } else if (line.startsWith(RESET)) {
      inherited.ids.clear()
      inherited.pointed.clear()
      inherited.isOpened = false
      inherited.parents = []
      compactedAt = Number(rest) || 0
      beforeContext = injections.length
    } else if (line.startsWith(CHANGED)) {
      inherited.ids.delete(rest)
      inherited.pointed.delete(rest)
      beforeChange.set(rest, injections.length)
    } else if (line.startsWith(POINTED)) inherited.pointed.add(rest)
    else if (line.startsWith(PARENT)) {
      const [since, until, ...id] = rest.split(" ")
      inherited.parents.push({ sessionId: id.join(" "), since: Number(since) || 0, until: Number(until) || 0 })
    } else if (line !== "") inherited.ids.add(line)
  }
  const inContext = injections.map((each, i) => {
    const isAsTold = (id: string) => i >= (beforeChange.get(id) ?? 0)
    return { ...each, ids: each.ids.filter(isAsTold), pointed: each.pointed.filter(isAsTold) }
  }).slice(beforeContext).filter(({ state }) => state !== "late")
  return {
    injections,
    ids: new Set([...inherited.ids, ...inContext.flatMap(({ ids }) => ids)]),
    pointed: new Set([...inherited.pointed, ...inContext.flatMap(({ pointed }) => pointed)]),
    isOpened: inherited.isOpened || inContext.some(({ isOpening }) => isOpening),
    parents: inherited.parents,
    compactedAt,
    isMuted,
    isNew: lines.length === 0
  }
}
