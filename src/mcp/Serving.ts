/**
 * What every call of a tool, a resource or a prompt stands on: the memory, which the first of them opens, and the project of the
 * Claude Code session that this process serves.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SearchFilter } from "../domain/Search.ts"
import type { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { NotFound } from "../serve/NotFound.ts"
import type { StoreError } from "../store/MemoryStore.ts"
import type { State } from "./Supervised.ts"

/** What went wrong, for whoever called. */
export interface Failure {
  readonly message: string
}

/** The memory could not be opened; the next call tries again. */
export class Unopened extends Schema.TaggedError<Unopened>()("Unopened", { detail: Schema.String }) {
  override get message() {
    return `${this.detail}. Nothing is lost, and the next call tries again.`
  }
}

/** A call that can't be answered as it is asked: what is wrong, and what to do. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** An error of the protocol itself, by its code. */
export class ProtocolError extends Schema.TaggedError<ProtocolError>()("ProtocolError", {
  code: Schema.Number,
  detail: Schema.String,
  data: Schema.optional(Schema.Unknown)
}) {
  override get message() {
    return this.detail
  }
}

/** https://modelcontextprotocol.io/specification/2025-11-25/server/resources#error-handling, and JSON-RPC's own. */
export const RESOURCE_NOT_FOUND = -32002
export const INVALID_PARAMS = -32602

export interface Opened {
  readonly memory: ClaudeMemory["Type"]
  /** Claude Code's project folder. */
  readonly folder: string
  /** Claude Code's session. */
  readonly sessionId: string | undefined
  readonly isolation: "shared" | "strict"
  /** Follows Claude Code's transcripts; of the processes over a memory one does it, and the others wait to take over. */
  readonly capture: Effect.Effect<unknown, Failure>
}

/** What this process did so far; times are in milliseconds. */
export interface Tally {
  readonly startedAt: number
  readonly calls: number
  readonly errors: number
  readonly answeringMs: number
  /** Memories that were found for a question, and times that some were put together for a prompt. */
  readonly retrieved: number
  readonly injected: number
}

export class Serving extends Context.Tag("claude-memory/Serving")<Serving, {
  /** Opened by whoever needs it first. */
  readonly opened: Effect.Effect<Opened, Unopened>
  /** Nothing while it is not open. */
  readonly ifOpen: Effect.Effect<Option.Option<Opened>>
  readonly tally: Effect.Effect<Tally>
  readonly count: (more: Partial<Pick<Tally, "injected" | "retrieved">>) => Effect.Effect<void>
  /** Of the work beside the calls. */
  readonly background: Effect.Effect<ReadonlyArray<State>>
}>() {}

/** Tells a caller who asked for it how far the call has come. */
export class Progress extends Context.Reference<Progress>()("claude-memory/Progress", {
  defaultValue: () => (_message: string): Effect.Effect<void> => Effect.void
}) {}

export const progress = (message: string) => Effect.flatMap(Progress, (tell) => tell(message))

/** The memory, opened if it is not yet. */
export const opened: Effect.Effect<Opened, Unopened, Serving> = Effect.gen(function*() {
  const { ifOpen, opened } = yield* Serving
  if (Option.isNone(yield* ifOpen)) yield* progress("opening the memory")
  return yield* opened
})

/** "global" is every project. */
const isGlobal = (name: string) => ["global", "all", "*"].includes(name.trim().toLowerCase())

const STRICT = new Refused({
  detail:
    "CLAUDE_MEMORY_ISOLATION is strict, so only the memories of this project can be asked for: name no project, or have " +
    "the setting changed to shared"
})

type Projects = SearchFilter["projects"]

/** The projects of these names, ids or folders, by id, as far as isolation lets this one ask for them; without any, this one. */
export const projectsNamed = (
  names: ReadonlyArray<string>
): Effect.Effect<Projects, NotFound | Refused | StoreError | Unopened, Serving> =>
  Effect.gen(function*() {
    const { folder, isolation, memory } = yield* opened
    const own = yield* memory.project(folder)
    const isOwn = (name: string) => [own.id, own.name, own.root].includes(name)
    if (names.every(isOwn)) return [own.id]
    if (isolation === "strict") return yield* STRICT
    return names.some(isGlobal) ? "all" : (yield* memory.named(names)).map(({ id }) => id)
  })

/** Every project that may be asked for. */
export const projectsAllowed: Effect.Effect<Projects, StoreError | Unopened, Serving> = Effect.gen(function*() {
  const { folder, isolation, memory } = yield* opened
  return isolation === "strict" ? [(yield* memory.project(folder)).id] : "all"
})

/** A memory by its id or the beginning of one, with the messages it came from, if its project may be asked for. */
export const shown = (id: string) =>
  Effect.gen(function*() {
    const { memory } = yield* opened
    const found = yield* memory.show(id)
    const allowed = yield* projectsAllowed
    return allowed === "all" || allowed.includes(found.unit.projectId) ? found : yield* STRICT
  })

/** Names of projects by their ids. */
export const projectNames: Effect.Effect<(id: string) => string, StoreError | Unopened, Serving> = Effect.gen(
  function*() {
    const { memory } = yield* opened
    const names = new Map((yield* memory.projects.known).map(({ id, name }) => [id, name]))
    return (id) => names.get(id) ?? "unknown project"
  }
)
