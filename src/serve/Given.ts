/**
 * Stores what another program gives: a text, or a conversation, of a project by its name.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Collector } from "../capture/Collector.ts"
import { mask, maskTexts } from "../capture/redact/Masking.ts"
import type { Message, Role } from "../domain/Conversation.ts"
import { idOf } from "../domain/Ids.ts"
import { stripFence } from "../domain/Injection.ts"
import type { UnitType } from "../domain/MemoryUnit.ts"
import type * as Project from "../domain/Project.ts"
import type { Moved } from "../moving/Moving.ts"
import { EXCLUDED, moveIn } from "../moving/Moving.ts"
import { ownProject } from "../moving/Places.ts"
import { originOf } from "../moving/Units.ts"
import * as Pipeline from "../Pipeline.ts"
import { type CaptureBatch, MemoryStore } from "../store/MemoryStore.ts"
import { afterwards } from "./Afterwards.ts"
import * as Projects from "./Projects.ts"

const SOURCE = "predecessor"

/** Returns the known project of this name, id or folder, else one of its own, which has no folder. Fails for what is no name. */
export const projectCalled = (name: string) =>
  Effect.gen(function*() {
    const collector = yield* Collector
    const known = yield* Effect.catchTag(Projects.byName([name]), "NotFound", () => Effect.succeed([]))
    if (known.length > 0) return yield* Projects.singleOf(name, known)
    const [masked = ""] = yield* collector.mask([name])
    yield* Projects.checkName(masked.replace(/\s+/g, " "))
    return ownProject(SOURCE, masked)
  })

/** Adds the project of this name, if it is not known. */
export const addProject = (name: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const project = yield* projectCalled(name)
    yield* store.addProject(project)
    return project
  })

export interface GivenText {
  readonly project: string
  readonly content: string
  readonly type: UnitType
}

/**
 * Makes memories of a text, with its secrets masked: several of a long one. Storing it again changes nothing. Returns their origin, or
 * fails where the project is excluded.
 */
export const storeText = ({ content, project, type }: GivenText) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    // Masked before it is split: a private passage may have any number of paragraphs.
    const [masked = ""] = yield* maskTexts([stripFence(content)])
    const record = {
      _tag: "Record" as const,
      key: idOf("foreign", project, content),
      project,
      session: "",
      type,
      title: "",
      summary: "",
      paragraphs: masked.split(/\n{2,}/),
      keywords: [],
      files: [],
      occurredAt: now,
      expiresAt: null,
      quality: 1,
      cut: 0
    }
    const moved = yield* Stream.runFold(
      moveIn({
        source: SOURCE,
        place: "HTTP",
        total: 1,
        projects: [{ name: project, folders: [], files: [] }],
        left: {},
        records: Stream.make(record)
      }, false),
      [] as ReadonlyArray<Moved>,
      (all, step) => [...all, step]
    )
    if (moved.some(({ skipped }) => EXCLUDED in skipped)) return yield* Projects.excluded(project, project)
    yield* afterwards(Pipeline.catchUp)
    return { origin: originOf(SOURCE, record), units: moved.flatMap(({ units }) => units) }
  })

export interface GivenMessage {
  readonly role: Role
  readonly content: string
}

export interface GivenConversation {
  readonly project: string
  readonly title: string | undefined
  readonly messages: ReadonlyArray<GivenMessage>
}

const batchOf = (
  { messages, title }: GivenConversation,
  project: Project.Project,
  sessionId: string,
  now: number
): CaptureBatch => {
  const uuidOf = (i: number) => idOf("message", sessionId, String(i))
  return {
    cursor: {
      path: `http:${sessionId}`,
      offset: messages.length,
      fingerprint: "",
      tail: "",
      modifiedAt: now,
      sessionId
    },
    previous: undefined,
    project,
    lines: messages.length,
    messages: messages.map(({ content, role }, i): Message => ({
      uuid: uuidOf(i),
      parentUuid: i === 0 ? null : uuidOf(i - 1),
      sessionId,
      thread: "main",
      role,
      blocks: [{ kind: "text", text: stripFence(content) }],
      isPrompt: role === "human",
      isSummary: false,
      occurredAt: now + i
    })),
    facts: [{
      sessionId,
      cwd: project.root,
      branch: undefined,
      version: undefined,
      title,
      startedAt: now,
      endedAt: now + messages.length - 1
    }],
    factLines: 0,
    skipped: {},
    deadLetters: [],
    redactions: {}
  }
}

/**
 * Stores a conversation, with its secrets masked, and makes memories of it. Storing it again changes nothing. Returns its session, or
 * fails where the project is excluded.
 */
export const storeConversation = (given: GivenConversation) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const project = yield* projectCalled(given.project)
    yield* Projects.mustBeIncluded(project, project.root)
    const sessionId = idOf("foreign", project.id, JSON.stringify(given.messages))
    if ((yield* store.sessions([sessionId])).size > 0) return sessionId
    const now = yield* Clock.currentTimeMillis
    // Another that stores the same at the same time was first.
    yield* store.append(yield* mask(batchOf(given, project, sessionId, now)))
    yield* afterwards(Pipeline.settle)
    return sessionId
  })
