/**
 * Services that every call of a tool, a resource or a prompt uses: the memory, which the first call opens, and the
 * project of the Claude Code session that asks.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type { Project } from "../domain/Project.ts"
import type { SearchFilter } from "../domain/Search.ts"
import { oneLine } from "../inject/Render.ts"
import type { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { NotFound } from "../serve/NotFound.ts"
import type { ProjectError } from "../serve/Projects.ts"
import type { Prompting } from "../serve/Prompting.ts"
import type { StoreError } from "../store/MemoryStore.ts"
import type { State } from "./Supervised.ts"

/** An error with a message for the caller. */
export interface Failure {
  readonly message: string
}

/** The memory could not be opened; the next call tries again. */
export class OpenError extends Schema.TaggedError<OpenError>()("OpenError", {
  detail: Schema.String,
  /** True when there is no memory yet. */
  isMissing: Schema.optional(Schema.Boolean)
}) {
  override get message() {
    return `${this.detail}. The next call tries again.`
  }
}

/** The call can't be answered as asked; `detail` says why and what to do. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** Reaches the client as a JSON-RPC error with this code. */
export class ProtocolError extends Schema.TaggedError<ProtocolError>()("ProtocolError", {
  code: Schema.Number,
  detail: Schema.String,
  data: Schema.optional(Schema.Unknown)
}) {
  override get message() {
    return this.detail
  }
}

/** MCP's code: https://modelcontextprotocol.io/specification/2025-11-25/server/resources#error-handling. */
export const RESOURCE_NOT_FOUND = -32002
/** JSON-RPC's codes. */
export const INVALID_REQUEST = -32600
export const INVALID_PARAMS = -32602
export const INTERNAL_ERROR = -32603

/** The session that this process serves, and how to open its memory. */
export interface Opening {
  /** Claude Code's project folder. */
  readonly folder: string
  /** Claude Code's session. */
  readonly sessionId: string | undefined
  readonly isolation: "shared" | "strict"
  /** Folder of the memory's files, where the hook program finds this process; none when it is not to be found. */
  readonly home: Option.Option<string>
  /** Opens what prompts need, once. */
  readonly prompts: Effect.Effect<Prompts, Failure>
  /** True when harmless questions may be asked before the first prompt. */
  readonly isWarmed: boolean
  /** Opens the whole memory, once. */
  readonly memory: Effect.Effect<ClaudeMemory["Type"], Failure>
  /** Follows Claude Code's transcripts. One process per memory does it; the others wait to take over. */
  readonly capture: Effect.Effect<unknown, Failure>
}

/** Nobody said in which project Claude works. */
export class NoProject extends Schema.TaggedError<NoProject>()("NoProject", {}) {
  override get message() {
    return "nothing says in which project this session works, and no other is searched in its place. Over HTTP a client says it " +
      "by the header X-Claude-Memory-Project (a folder, or a project's name or id), which \"headersHelper\" can set where Claude " +
      "Code has this server configured, or else by its roots; this one did neither. For one call, project_id names a project"
  }
}

/** Folder of the project in which Claude works, or the project's id. */
export type Place = { readonly folder: string } | { readonly id: string }
export type PlaceError = NoProject | NotFound | ProjectError | StoreError

export interface Opened extends Pick<Opening, "isolation" | "sessionId"> {
  readonly memory: ClaudeMemory["Type"]
  readonly place: Effect.Effect<Place, PlaceError>
}

/** Answers the hooks of prompts. */
export type Prompts = Pick<ClaudeMemory["Type"], "hook" | "hookUnrecorded"> & Partial<Pick<Prompting["Type"], "warm">>

/** Counters of this process since its start; times are in milliseconds. */
export interface Tally {
  readonly startedAt: number
  readonly calls: number
  readonly errors: number
  readonly answeringMs: number
  /** Memories returned by searches and by `inject`, and calls of `inject` that returned any. */
  readonly retrieved: number
  readonly injected: number
  /** Memories that Claude had forgotten without the user being asked. */
  readonly forgotten: number
}

export class Serving extends Context.Tag("claude-memory/Serving")<Serving, {
  /** What answers prompts; the first use opens it. */
  readonly prompts: Effect.Effect<Prompts, OpenError>
  /** The memory; the first use opens it. */
  readonly opened: Effect.Effect<Opened, OpenError>
  /** The memory if it is open; never opens it. */
  readonly ifOpen: Effect.Effect<Option.Option<Opened>>
  readonly tally: Effect.Effect<Tally>
  readonly count: (more: Partial<Pick<Tally, "forgotten" | "injected" | "retrieved">>) => Effect.Effect<void>
  /** Numbers of what this session's Claude changed, the last one last. */
  readonly changes: Ref.Ref<ReadonlyArray<number>>
  /** States of the background work. */
  readonly background: Effect.Effect<ReadonlyArray<State>>
}>() {}

/** Notes what this session's Claude changed, so that it can take that back; null where nothing was. */
export const noted = (operation: number | null) =>
  Effect.flatMap(
    Serving,
    ({ changes }) => operation === null ? Effect.void : Ref.update(changes, (all) => [...all, operation])
  )

/** Reports a call's progress to a client that asked for it. */
export class Progress extends Context.Reference<Progress>()("claude-memory/Progress", {
  defaultValue: () => (_message: string): Effect.Effect<void> => Effect.void
}) {}

export const progress = (message: string) => Effect.flatMap(Progress, (report) => report(message))

/** A client that can't ask its user. */
export class Unasked extends Schema.TaggedError<Unasked>()("Unasked", {}) {}

/** Asks the user, whom no text that Claude reads can speak for, to agree to something. */
export class Consent extends Context.Reference<Consent>()("claude-memory/Consent", {
  defaultValue: () => (_question: string): Effect.Effect<boolean, Unasked> => Effect.fail(new Unasked())
}) {}

/** Opens the memory if necessary, and reports that as progress. */
export const opened: Effect.Effect<Opened, OpenError, Serving> = Effect.gen(function*() {
  const { ifOpen, opened } = yield* Serving
  if (Option.isNone(yield* ifOpen)) yield* progress("opening the memory")
  return yield* opened
})

/** These names stand for every project. */
const isGlobal = (name: string) => ["global", "all", "*"].includes(name.trim().toLowerCase())

const STRICT_ISOLATION = new Refused({
  detail:
    "CLAUDE_MEMORY_ISOLATION is strict, so only the memories of this project can be asked for: name no project, or have " +
    "the setting changed to shared"
})

type Projects = SearchFilter["projects"]
type ProjectsError = OpenError | PlaceError

/** Returns the project in which Claude works. */
export const ownProject: Effect.Effect<Project, ProjectsError, Serving> = Effect.gen(function*() {
  const { memory, place } = yield* opened
  const own = yield* place
  return yield* "folder" in own
    ? memory.project(own.folder)
    : Effect.map(memory.projectsNamed([own.id]), ([first]) => first!)
})

/**
 * Ids of the projects with these names, ids or folders; without any, this session's project. Strict isolation refuses
 * every other project.
 */
export const projectsNamed = (
  names: ReadonlyArray<string>
): Effect.Effect<Projects, ProjectsError | Refused, Serving> =>
  Effect.gen(function*() {
    const { isolation, memory } = yield* opened
    const own = yield* Effect.either(ownProject)
    if (Either.isLeft(own)) {
      // A call that names its projects needs no other.
      if (names.length === 0 || isolation === "strict") return yield* own.left
    } else {
      const { id, name, root } = own.right
      if (names.every((each) => [id, name, root].includes(each))) return [id]
    }
    if (isolation === "strict") return yield* STRICT_ISOLATION
    return names.some(isGlobal) ? "all" : (yield* memory.projectsNamed(names)).map(({ id }) => id)
  })

/** All projects whose memories isolation lets this session read. */
export const projectsAllowed: Effect.Effect<Projects, ProjectsError, Serving> = Effect.gen(function*() {
  const { isolation } = yield* opened
  return isolation === "strict" ? [(yield* ownProject).id] : "all"
})

/**
 * Returns a memory, by its id or a prefix of it, with its source messages; refuses when isolation forbids its project.
 */
export const show = (id: string) =>
  Effect.gen(function*() {
    const { memory } = yield* opened
    const found = yield* memory.show(id)
    const allowed = yield* projectsAllowed
    return allowed === "all" || allowed.includes(found.unit.projectId) ? found : yield* STRICT_ISOLATION
  })

/** Looks up a project's name by its id. */
export const projectNames: Effect.Effect<(id: string) => string, StoreError | OpenError, Serving> = Effect.gen(
  function*() {
    const { memory } = yield* opened
    const names = new Map((yield* memory.projects.known).map(({ id, name }) => [id, oneLine(name)]))
    return (id) => names.get(id) ?? "unknown project"
  }
)
