/**
 * MCP resources, which a client can attach to a conversation: the memory's status, its recent sessions, and each
 * session and memory by its id.
 */
import type { CompleteResult, ReadResourceResult, Resource, ResourceTemplate } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defuse, fence } from "../domain/Injection.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { oneLine } from "../inject/Render.ts"
import { isoDate } from "./Answer.ts"
import { get, timeline } from "./MemoryTools.ts"
import {
  type Failure,
  opened,
  type OpenError,
  type PlaceError,
  projectNames,
  projectsNamed,
  ProtocolError,
  type Refused,
  RESOURCE_NOT_FOUND,
  Serving
} from "./Serving.ts"
import { statusNow } from "./StatusTools.ts"
import { fenced } from "./Tool.ts"

/** Recent memories that are read, and how many of them and of their sessions are listed. */
const RECENT_LIMIT = 300
const MAX_LISTED = 20
/** Most values that MCP allows in one completion. */
const MAX_COMPLETIONS = 100

const RESOURCES: ReadonlyArray<Resource> = [
  {
    uri: "memory://status",
    name: "status",
    title: "Memory status",
    description: "How much is remembered, of which projects",
    mimeType: "application/json"
  },
  {
    uri: "memory://sessions",
    name: "sessions",
    title: "Recent sessions",
    description: "The latest Claude Code sessions of which something is remembered",
    mimeType: "application/json"
  }
]

export const TEMPLATES: ReadonlyArray<ResourceTemplate> = [
  {
    uriTemplate: "memory://units/{id}",
    name: "unit",
    title: "Memory",
    description: "One memory with the messages it comes from",
    mimeType: "text/markdown"
  },
  {
    uriTemplate: "memory://sessions/{id}",
    name: "session",
    title: "Session",
    description: "What is remembered of one Claude Code session",
    mimeType: "text/markdown"
  }
]

interface Session {
  readonly id: string
  readonly project_id: string
  readonly title: string
  readonly date: string | null
  readonly memories: number
}

/**
 * Groups memories by session, in their order. A session takes its title from its archive, else from its first memory.
 */
const sessionsOf = (units: ReadonlyArray<MemoryUnit>): ReadonlyArray<Session> => {
  const sessions = new Map<string, Session>()
  for (const { occurredAt, projectId, sessionId, title, type } of units) {
    const session = sessions.get(sessionId)
    sessions.set(sessionId, {
      id: sessionId,
      project_id: projectId,
      title: session === undefined || type === "archive" ? oneLine(title) : session.title,
      date: session?.date ?? isoDate(occurredAt),
      memories: (session?.memories ?? 0) + 1
    })
  }
  return [...sessions.values()]
}

/** Recent memories of this project, newest first. */
const recent = Effect.gen(function*() {
  const { memory } = yield* opened
  return yield* memory.recent({ projects: yield* projectsNamed([]) }, RECENT_LIMIT)
})

/** Recent memories of this project; none where nothing says which that is. */
const recentIfKnown = Effect.catchTag(recent, "NoProject", () => Effect.succeed<ReadonlyArray<MemoryUnit>>([]))

/** Lists the fixed resources and, once the memory is open, this project's recent sessions and memories. */
export const list = Effect.gen(function*() {
  const { ifOpen } = yield* Serving
  if (Option.isNone(yield* ifOpen)) return RESOURCES
  const units = yield* recentIfKnown
  return [
    ...RESOURCES,
    ...sessionsOf(units).slice(0, MAX_LISTED).map(({ date, id, memories, title }): Resource => ({
      uri: `memory://sessions/${encodeURIComponent(id)}`,
      name: defuse(title),
      description: `Session of ${date?.slice(0, 10) ?? "no known date"}, ${memories} memories`,
      mimeType: "text/markdown"
    })),
    ...units.slice(0, MAX_LISTED).map(({ id, title, type }): Resource => ({
      uri: `memory://units/${id}`,
      name: defuse(oneLine(title)),
      description: type,
      mimeType: "text/markdown"
    }))
  ]
})

const notFound = (uri: string) =>
  new ProtocolError({ code: RESOURCE_NOT_FOUND, detail: "Resource not found", data: { uri } })

const json = (data: unknown) => ({ mimeType: "application/json", text: JSON.stringify(data, null, 2) })
const markdown = (text: string) => ({ mimeType: "text/markdown", text })

/**
 * Parses the URI of a memory or a session. The id is matched before it is decoded, so no encoded "/" adds a path
 * segment.
 */
const idIn = (uri: string): { readonly kind: string; readonly id: string } | undefined => {
  const [, kind, id] = /^memory:\/\/(units|sessions)\/([^/?#]+)$/.exec(uri) ?? []
  if (kind === undefined || id === undefined) return undefined
  try {
    return { kind, id: decodeURIComponent(id) }
  } catch {
    return undefined
  }
}

type ReadError = OpenError | PlaceError | ProtocolError | Refused

const content = (uri: string) =>
  Effect.gen(function*() {
    if (uri === "memory://status") return json(fenced(yield* statusNow))
    if (uri === "memory://sessions") {
      const nameOf = yield* projectNames
      const sessions = sessionsOf(yield* recent).map(({ project_id, ...rest }) => ({
        ...rest,
        project: nameOf(project_id)
      }))
      return json(fenced({ sessions }))
    }
    const parsed = idIn(uri)
    if (parsed === undefined) return yield* notFound(uri)
    const answer: Effect.Effect<{ readonly text: string }, ReadError, Serving> = parsed.kind === "units"
      ? get.run({ id: parsed.id })
      : Effect.filterOrFail(
        timeline.run({ session_id: parsed.id, limit: 50 }),
        ({ data }) => data.memories.length > 0,
        () => notFound(uri)
      )
    const { text } = yield* Effect.catchTag(answer, "NotFound", () => notFound(uri))
    return markdown(fence(defuse(text)))
  })

export const read = (uri: string): Effect.Effect<ReadResourceResult, Failure, Serving> =>
  Effect.map(content(uri), (content) => ({ contents: [{ uri, ...content }] }))

/** Matches ids as Claude Code makes them. */
const PLAIN = /^[\w:.-]{1,200}$/

/** Completes the id of a memory or a session from this project's recent ones. */
export const complete = (uri: string, argument: string, value: string) =>
  Effect.gen(function*() {
    const template = TEMPLATES.find(({ uriTemplate }) => uriTemplate === uri)
    if (template === undefined || argument !== "id") return completion([])
    const units = yield* recentIfKnown
    const ids = template.name === "unit" ? units.map(({ id }) => id) : sessionsOf(units).map(({ id }) => id)
    return completion(ids.filter((id) => PLAIN.test(id) && id.startsWith(value)))
  })

export const completion = (values: ReadonlyArray<string>): CompleteResult => ({
  completion: {
    values: values.slice(0, MAX_COMPLETIONS),
    total: values.length,
    hasMore: values.length > MAX_COMPLETIONS
  }
})
