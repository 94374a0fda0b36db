/**
 * Messages, batches and units for tests: complete defaults, which a test may override.
 */
import type { Message, SessionFacts } from "../../src/domain/Conversation.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import type { KnownProject, Project } from "../../src/domain/Project.ts"
import type { SearchFilter } from "../../src/domain/Search.ts"
import type { CaptureBatch, Cursor } from "../../src/store/MemoryStore.ts"

export const everything: SearchFilter = { projects: "all" }

export const project = (name: string): Project => ({
  id: `project-${name}`,
  name,
  root: `/work/${name}`,
  key: `path:/work/${name}`
})

/** A project as the store returns it. */
export const known = (name: string, overrides: Partial<KnownProject> = {}): KnownProject => ({
  ...project(name),
  isExcluded: false,
  merged: [],
  ...overrides
})

export const message = (uuid: string, overrides: Partial<Message> & { readonly text?: string } = {}): Message => {
  const { text = `text of ${uuid}`, ...rest } = overrides
  return {
    uuid,
    parentUuid: null,
    sessionId: "s1",
    thread: "main",
    role: "human",
    blocks: [{ kind: "text", text }],
    isPrompt: false,
    isSummary: false,
    occurredAt: 1_000,
    ...rest
  }
}

export const facts = (sessionId: string, overrides: Partial<SessionFacts> = {}): SessionFacts => ({
  sessionId,
  cwd: undefined,
  branch: undefined,
  version: undefined,
  title: undefined,
  startedAt: undefined,
  endedAt: undefined,
  ...overrides
})

export const cursor = (path: string, offset: number, overrides: Partial<Cursor> = {}): Cursor => ({
  path,
  offset,
  fingerprint: "f1",
  tail: `t${offset}`,
  modifiedAt: 1_000,
  sessionId: "s1",
  ...overrides
})

/** Makes a batch of messages from a file never read before, with facts of each message's session. */
export const batch = (messages: ReadonlyArray<Message>, overrides: Partial<CaptureBatch> = {}): CaptureBatch => {
  const made = {
    cursor: cursor("/t/a.jsonl", 100),
    previous: undefined,
    project: project("one"),
    messages,
    facts: messages.map(({ occurredAt, sessionId }) =>
      facts(sessionId, { cwd: "/work/one", startedAt: occurredAt, endedAt: occurredAt })
    ),
    factLines: 0,
    skipped: {},
    deadLetters: [],
    redactions: {},
    ...overrides
  }
  const skipped = Object.values(made.skipped).reduce((sum, n) => sum + n, 0)
  return { lines: messages.length + made.factLines + skipped + made.deadLetters.length, ...made }
}

/** Makes a unit whose `content` is one passage of `kind`, of the message `cites`. */
export const unit = (
  id: string,
  overrides: Partial<MemoryUnit> & { readonly kind?: MemoryUnit["passages"][number]["kind"]; readonly cites?: string } =
    {}
): MemoryUnit => {
  const { cites = `message-of-${id}`, content = `content of ${id}`, kind = "text", ...rest } = overrides
  return {
    id,
    projectId: "project-one",
    sessionId: "s1",
    origin: "origin",
    position: 1,
    type: "conversation",
    title: "",
    summary: "",
    content,
    keywords: [],
    files: [],
    also: [],
    passages: [{ uuid: cites, kind, from: 0, to: content.length }],
    quality: 0.5,
    tokens: 10,
    occurredAt: 1_000,
    createdAt: 2_000,
    expiresAt: null,
    supersededBy: null,
    pinned: false,
    active: true,
    ...rest
  }
}
