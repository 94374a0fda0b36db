/**
 * Answers the routes of sessions and of the timeline.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import type { Message, Session } from "../domain/Conversation.ts"
import { resumeOf } from "../domain/Resume.ts"
import * as Tokens from "../domain/Tokens.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { BEGINNING, type Item } from "../serve/Conversation.ts"
import { typedIn } from "../serve/Marks.ts"
import { type KnownSession, NO_LIMIT } from "../store/MemoryStore.ts"
import { Api } from "./Api.ts"
import { fromCursor, toCursor } from "./Cursor.ts"
import { injectionOf } from "./Injections.ts"
import { problem } from "./Problem.ts"
import { answering, projectsOf, timesOf } from "./Requests.ts"
import type * as S from "./Schemas.ts"

const LISTED = 50
const SAID = 200
const AROUND = 20
/** Most characters of a block of a message that are shown: tools print whole files. */
const MAX_BLOCK = 8_000
const viewOf = ({ aim, archive, units, ...session }: KnownSession): typeof S.SessionView.Type => ({
  session,
  units,
  aim,
  archive,
  resume: resumeOf(session)
})

/** Returns a session with its number of memories, and the one that sums it up. */
export const knownOf = (session: Session) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const filter = { projects: [session.projectId], since: session.startedAt, until: session.endedAt }
    const known = (yield* memory.sessions(filter, NO_LIMIT)).find(({ id }) => id === session.id)
    return known ?? { ...session, units: 0, archive: null, aim: session.title }
  })

const listed = ({ branch, cursor, limit = LISTED, project, since, until }: typeof S.SessionsParams.Type) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const [from = 0] = yield* fromCursor(cursor, 0)
    const filter = { projects: yield* projectsOf(project), ...(yield* timesOf({ since, until })) }
    const found = branch === undefined
      ? yield* memory.sessions(filter, from + limit + 1)
      : (yield* memory.sessions(filter, NO_LIMIT)).filter((each) =>
        each.branch !== null && branch.includes(each.branch)
      )
    const end = from + limit
    return { sessions: found.slice(from, end).map(viewOf), next: found.length > end ? toCursor(end) : null }
  })

/** Cuts long blocks; a cut never parts a surrogate pair. */
const cut = (message: Message) => {
  const isLong = message.blocks.some(({ text }) => text.length > MAX_BLOCK)
  const blocks = message.blocks.map((block) =>
    block.text.length > MAX_BLOCK
      ? { ...block, text: block.text.slice(0, MAX_BLOCK).replace(/[\ud800-\udbff]$/, "") }
      : block
  )
  return { message: isLong ? { ...message, blocks } : message, isCut: isLong }
}

/** What a person said in a message. */
const saidIn = (item: Item): string =>
  item._tag === "Injection" || item.message.role !== "human"
    ? ""
    : item.message.blocks.map(({ kind, text }) => kind === "text" ? text : "").join("\n")

const itemOf = (viewOf: ReturnType<typeof injectionOf>) => (item: Item) =>
  item._tag === "Injection"
    ? { kind: "injection" as const, injection: viewOf(item.injection) }
    : {
      kind: "message" as const,
      ...cut(item.message),
      tokens: item.message.blocks.reduce((sum, { text }) => sum + Tokens.estimate(text), 0)
    }

export const layer = HttpApiBuilder.group(Api, "sessions", (handlers) =>
  handlers
    .handle("sessions", ({ urlParams }) => answering(listed(urlParams)))
    .handle("session", ({ path: { id } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const { session, transcripts } = yield* memory.session(id)
        return { ...viewOf(yield* knownOf(session)), transcripts }
      })))
    .handle("conversation", ({ path: { id }, urlParams: { cursor, limit = SAID } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const [segments = 0, time = BEGINNING.time] = yield* fromCursor(cursor, BEGINNING.segments, BEGINNING.time)
        const { items, next, session, titles } = yield* memory.conversation(id, { segments, time }, limit)
        const typed = typedIn(items.map(saidIn).join("\n"))
        return {
          session,
          items: items.map(itemOf(injectionOf(session.id, titles, typed))),
          next: next === undefined ? null : toCursor(next.segments, next.time)
        }
      })))
    .handle("timeline", ({ urlParams: { cursor, limit = AROUND, project, session, time, unit } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        if (unit !== undefined && time !== undefined) {
          return yield* problem("bad-request", "a timeline is around a unit or a time, not both")
        }
        const around = unit !== undefined ? { unit } : time !== undefined ? { time } : undefined
        // A memory and a session say of which project they are.
        const projects = project === undefined && (unit !== undefined || session !== undefined)
          ? undefined
          : yield* projectsOf(project)
        return yield* memory.timeline({ projects, sessionId: session, around, cursor, limit })
      }))))
