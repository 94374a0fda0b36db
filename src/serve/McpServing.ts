/**
 * What every call of a tool, a resource or a prompt stands on: the memory, which the first of them opens, and the project of the
 * Claude Code session that this process serves.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SearchFilter } from "../domain/Search.ts"
import type { StoreError } from "../store/MemoryStore.ts"
import type { ClaudeMemory, NotFound } from "./ClaudeMemory.ts"

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

export interface Opened {
  readonly memory: ClaudeMemory["Type"]
  /** Claude Code's project folder. */
  readonly folder: string
  /** Claude Code's session. */
  readonly sessionId: string | undefined
  readonly isolation: "shared" | "strict"
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

/** Work of the process beside its calls. */
export interface Background {
  readonly name: string
  readonly state: "runs" | "failed"
  /** Since when, in milliseconds since the epoch. */
  readonly since: number
  /** Why it failed last, also when it runs again. */
  readonly failure: string | null
  readonly failures: number
}

export class Serving extends Context.Tag("Serving")<Serving, {
  readonly opened: Effect.Effect<Opened, Unopened>
  readonly tally: Effect.Effect<Tally>
  readonly count: (more: Partial<Pick<Tally, "injected" | "retrieved">>) => Effect.Effect<void>
  readonly background: Effect.Effect<ReadonlyArray<Background>>
}>() {}

/** The memory, opened if it is not yet. */
export const opened = Effect.flatMap(Serving, ({ opened }) => opened)

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
    const own = (yield* memory.project(folder)).id
    if (names.length === 0) return [own]
    if (names.some(isGlobal)) return isolation === "strict" ? yield* STRICT : "all"
    const named = (yield* memory.named(names)).map(({ id }) => id)
    return isolation === "strict" && named.some((id) => id !== own) ? yield* STRICT : named
  })

/** Every project that may be asked for. */
export const projectsAllowed: Effect.Effect<Projects, Unopened, Serving> = Effect.gen(function*() {
  const { folder, isolation, memory } = yield* opened
  return isolation === "strict" ? [(yield* memory.project(folder)).id] : "all"
})

/** Names of projects by their ids. */
export const projectNames: Effect.Effect<(id: string) => string, StoreError | Unopened, Serving> = Effect.gen(
  function*() {
    const { memory } = yield* opened
    const names = new Map((yield* memory.status).projects.map(({ id, name }) => [id, name]))
    return (id) => names.get(id) ?? "unknown project"
  }
)
