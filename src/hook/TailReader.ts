/**
 * Makes memories of what the newest transcripts of a folder say beyond what is remembered, as capture will, and writes
 * nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { basename, dirname } from "node:path"
import { newestIn, type TranscriptFile } from "../capture/Discovery.ts"
import { makeProjectOf } from "../capture/Exclude.ts"
import * as Tail from "../capture/Tail.ts"
import { Compressor } from "../compress/Compressor.ts"
import { assignSegments, type Message, type Session, threadKey } from "../domain/Conversation.ts"
import type { Unremembered } from "../domain/Injection.ts"
import type { MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import * as EventLoop from "../resources/EventLoop.ts"
import { MemoryStore, type SegmentContext, type SessionOutline } from "../store/MemoryStore.ts"
import { changesOf, hasText, OUTLINE, outlinePrompts, stepsAmong } from "../store/Rules.ts"
import type { TailsRequest } from "./Tails.ts"

/** Transcripts that are looked at, newest first. */
const MAX_TRANSCRIPTS = 3
/** Transcripts of the project whose state is asked for: more than are looked at, since a folder may hold others'. */
const MAX_KNOWN = 50
/** Segments of a session in which its open one is searched. */
const MAX_SEGMENTS = 4

const MAIN = "main"

const isClosing = (message: Message) => message.thread === MAIN && message.role === "assistant" && hasText(message)

/** Returns the session as it is once the facts are captured; none for one without messages. */
const sessionOf = (id: string, { facts, project }: Tail.Tail, stored: Session | undefined): Session => {
  const { branch, cwd, from = 0, title, to = 0 } = changesOf(facts).get(id) ?? {}
  return {
    id,
    projectId: stored?.projectId ?? project.id,
    title: title ?? stored?.title ?? null,
    cwd: stored?.cwd ?? cwd ?? project.root,
    branch: branch ?? stored?.branch ?? null,
    startedAt: stored === undefined || stored.startedAt === 0 ? from : stored.startedAt,
    endedAt: Math.max(to, stored?.endedAt ?? 0)
  }
}

/** Returns the session's outline as it is once the messages are captured and these segments compressed into these units. */
const outlineOf = (
  session: Session,
  messages: ReadonlyArray<Message>,
  stored: SessionOutline | undefined,
  segments: ReadonlySet<string>,
  made: ReadonlyArray<MemoryUnit>
): SessionOutline => ({
  session,
  units: [...(stored?.units ?? []).filter(({ origin }) => !segments.has(origin)), ...made]
    .sort((a, b) => a.occurredAt - b.occurredAt || a.position - b.position || (a.id < b.id ? -1 : 1))
    .slice(-OUTLINE.units),
  prompts: outlinePrompts([
    ...stored?.prompts ?? [],
    ...messages.filter(({ isPrompt, thread }) => isPrompt && thread === MAIN)
  ]),
  closing: [...stored?.closing ?? [], ...messages.filter(isClosing)].slice(-OUTLINE.closing),
  files: [
    ...new Set([
      ...stored?.files ?? [],
      ...messages.flatMap(({ blocks }) => blocks.flatMap(({ file }) => file === undefined ? [] : [file]))
    ])
  ].slice(0, OUTLINE.files),
  steps: stepsAmong([...stored?.steps ?? [], ...messages.filter(({ thread }) => thread === MAIN)]).slice(-OUTLINE.steps)
})

/** Returns the segments that the main thread's messages begin or go on, the open one with what it holds already. */
const segmentsOf = (
  session: Session,
  messages: ReadonlyArray<Message>,
  open: SegmentContext | undefined
): ReadonlyArray<SegmentContext> => {
  const fresh = messages.filter(({ thread }) => thread === MAIN)
  const held = open?.segment.messages ?? []
  const ids = assignSegments(
    fresh,
    new Map(open === undefined ? [] : [[threadKey(session.id, MAIN), { id: open.segment.id, messages: held.length }]])
  )
  const all = [...held, ...fresh]
  const idOf = (i: number) => i < held.length ? open!.segment.id : ids[i - held.length]!
  const earlier = open?.before ?? []
  return [...new Set(ids)].map((id) => {
    const first = all.findIndex((_, i) => idOf(i) === id)
    const before = [...earlier, ...all.slice(0, first)]
    return {
      segment: { id, sessionId: session.id, thread: MAIN, messages: all.filter((_, i) => idOf(i) === id) },
      session,
      position: (open?.position ?? 0) + first,
      before: first === 0 ? earlier : [
        before.findLast(({ isPrompt }) => isPrompt),
        before.findLast((message) => message.role === "assistant" && hasText(message))
      ].filter((message) => message !== undefined)
    }
  })
}

/** Returns the open segment of the session's main thread. */
const openSegmentOf = (sessionId: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const ids = (yield* store.segmentsOf(sessionId)).slice(-MAX_SEGMENTS)
    return (yield* store.segments(ids)).findLast(({ segment }) => segment.thread === MAIN)
  })

/** Types of the units of segments that the start of a session tells. */
const TOLD: ReadonlyArray<UnitType> = ["decision", "conversation"]

/** Compresses a session: its archive, and the decisions and conversations of its new messages. */
const unitsOf = (sessionId: string, tail: Tail.Tail) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const compressor = yield* Compressor
    const [stored] = yield* store.outlines([sessionId])
    const session = sessionOf(sessionId, tail, stored?.session)
    const messages = tail.messages.filter((message) => message.sessionId === sessionId)
    const open = stored === undefined ? undefined : yield* openSegmentOf(sessionId)
    const segments = segmentsOf(session, messages, open)
    const ids = segments.map(({ segment }) => segment.id)
    const compressed = yield* Effect.forEach(segments, (segment) =>
      Effect.zipLeft(compressor.compress(segment), EventLoop.turn))
    const made = yield* store.permitted(compressed.flat())
    const archive = yield* compressor.summarize(outlineOf(session, messages, stored, new Set(ids), made))
    return {
      origins: [sessionId, ...ids],
      units: yield* store.permitted([
        ...archive,
        ...made.filter(({ type }) =>
          TOLD.includes(type)
        )
      ]),
      branch: session.branch
    }
  })

interface Told extends Unremembered {
  readonly origins: Array<string>
  readonly units: Array<MemoryUnit>
  readonly branches: Record<string, string | null>
}

/** Adds what transcripts say beyond what is remembered to `told`, newest first, whatever comes of the rest. */
const readInto = (
  told: Told,
  { projectId, sessionId, transcript }: TailsRequest
) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const own = new Set([basename(transcript), `${sessionId}.jsonl`])
    const files = yield* newestIn(dirname(transcript), MAX_TRANSCRIPTS, (name) => !own.has(name))
    const cursors = yield* store.cursors(files.map(({ path }) => path))
    const known = yield* store.projects
    const idOf = (id: string) => Project.findById(known, id)?.id ?? id
    const transcripts = yield* store.transcripts(idOf(projectId), MAX_KNOWN)
    const isPending = ({ path }: TranscriptFile) =>
      transcripts.some((each) => each.path === path && each.remembered === 0)
    const projectOf = yield* makeProjectOf
    for (const file of files) {
      const cursor = cursors.get(file.path)
      if (cursor?.offset === file.size && !isPending(file)) continue
      const tail = Option.getOrUndefined(yield* Tail.read(file, cursor, projectOf))
      if (tail === undefined || idOf(tail.project.id) !== idOf(projectId)) continue
      const isChanged = ({ title }: Tail.Tail["facts"][number]) => title !== undefined
      const changed = new Set([
        ...tail.messages.map((message) => message.sessionId),
        ...tail.facts.filter(isChanged).map((facts) => facts.sessionId),
        ...(isPending(file) ? [cursor!.sessionId] : [])
      ])
      changed.delete(sessionId)
      for (const id of changed) {
        yield* EventLoop.turn
        const { branch, origins, units } = yield* unitsOf(id, tail)
        told.origins.push(...origins)
        told.units.push(...units)
        told.branches[id] = branch
      }
    }
  })

export const read = (request: TailsRequest) =>
  Effect.gen(function*() {
    const told: Told = { origins: [], units: [], branches: {} }
    const left = request.until - (yield* Clock.currentTimeMillis)
    if (left > 0) yield* Effect.ignore(Effect.timeoutOption(readInto(told, request), left))
    return told
  })
