/**
 * Translates requests for the memory, and its failures into problems.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import { emptyRange, type SearchFilter } from "../domain/Search.ts"
import type { IndexError } from "../index/VectorIndex.ts"
import type { ModelError } from "../models/ModelManager.ts"
import type { SpendingError } from "../models/Spending.ts"
import type { ForeignError } from "../moving/ForeignMemory.ts"
import { advice } from "../process/Advice.ts"
import type { ArchiveError } from "../serve/Archive.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { InvalidRequest } from "../serve/InvalidRequest.ts"
import type { NotFound } from "../serve/NotFound.ts"
import type { ProjectError } from "../serve/Projects.ts"
import type { Conflict, NotUndoable } from "../serve/Remembering.ts"
import { NO_LIMIT, type StoreError } from "../store/MemoryStore.ts"
import { Activity } from "./Activity.ts"
import { LIMITS } from "./Limits.ts"
import { type Problem, problem } from "./Problem.ts"
import type { TokenError } from "./Token.ts"

type Failure =
  | ArchiveError
  | Conflict
  | ForeignError
  | IndexError
  | InvalidRequest
  | ModelError
  | NotFound
  | NotUndoable
  | PlatformError
  | Problem
  | ProjectError
  | SpendingError
  | StoreError
  | TokenError

const toProblem = (failure: Failure): Problem => {
  const because = (code: Parameters<typeof problem>[0]) => problem(code, advice(failure.message))
  switch (failure._tag) {
    case "Problem":
      return failure
    case "NotFound":
      return because("not-found")
    case "InvalidRequest":
      return because("bad-request")
    case "Conflict":
      return because("changed-since")
    case "NotUndoable":
      return because(failure.reason === "Unknown" ? "not-found" : "in-conflict")
    case "ProjectError":
      return because(failure.reason === "Name" ? "bad-request" : "in-conflict")
    case "StoreError":
      return because(failure.reason === "Locked" ? "memory-busy" : "memory-away")
    default:
      return because("memory-away")
  }
}

const TOO_MANY_STREAMS = problem(
  "overloaded",
  `${LIMITS.streams} streams are open already; close a page, or wait`
)

/** Counts a stream while it is open; a problem when too many are. */
export const counted = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.flatMap(Activity, ({ open }) =>
    Effect.flatMap(
      open(stream),
      Option.match({ onNone: () => Effect.fail(TOO_MANY_STREAMS), onSome: (stream) => Effect.succeed(stream) })
    ))

/** Turns the memory's failures into problems. */
export const answering = <A, E extends Failure, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Problem, R> =>
  Effect.mapError(effect, toProblem)

export const NO_PROJECT = problem(
  "no-project",
  "say which projects: over HTTP there is no \"this project\"; \"all\" stands for all that are not excluded"
)

/** Returns the ids of projects by name, id or folder; a problem where a request names none. */
export const projectsOf = (names: "all" | ReadonlyArray<string> | undefined) =>
  names === undefined || names.length === 0
    ? Effect.fail(NO_PROJECT)
    : names === "all" || names.includes("all")
    ? Effect.succeed("all" as const)
    : Effect.flatMap(
      ClaudeMemory,
      (memory) => Effect.map(memory.projectsNamed(names), (found) => found.map(({ id }) => id))
    )

/** Returns the one project of this name; a problem where there are several. */
export const projectOf = (name: string) =>
  Effect.flatMap(
    ClaudeMemory,
    (memory) =>
      Effect.flatMap(memory.projectsNamed([name]), ([first, ...others]) =>
        others.length > 0
          ? Effect.fail(
            problem(
              "in-conflict",
              `several projects are called ${name}; name one by its id, as GET /v1/projects lists it`
            )
          )
          : Effect.succeed(first!))
  )

/** Returns the times that a request gives; a problem where nothing can be between them. */
export const timesOf = ({ since, until }: Pick<FilterRequest, "since" | "until">) => {
  const times = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) }
  const wrong = emptyRange(times)
  return wrong === undefined ? Effect.succeed(times) : Effect.fail(problem("bad-request", wrong))
}

export interface FilterRequest {
  readonly projects: "all" | ReadonlyArray<string> | undefined
  readonly types?: SearchFilter["types"]
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly files?: ReadonlyArray<string> | undefined
  readonly branches?: ReadonlyArray<string> | undefined
  readonly sessions?: ReadonlyArray<string> | undefined
  readonly isPinned?: boolean | undefined
}

export const filterOf = ({ branches, files, isPinned, projects, sessions, since, types, until }: FilterRequest) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const times = yield* timesOf({ since, until })
    const ids = yield* projectsOf(projects)
    const named = sessions &&
      (yield* Effect.forEach(sessions, (id) => Effect.map(memory.session(id), ({ session }) => session.id)))
    const onBranch = branches && (yield* memory.sessions({ projects: ids }, NO_LIMIT))
      .filter(({ branch }) => branch !== null && branches.includes(branch)).map(({ id }) => id)
    const within = named && onBranch ? named.filter((id) => onBranch.includes(id)) : named ?? onBranch
    return {
      projects: ids,
      ...(within && { sessions: within }),
      ...(types && types.length > 0 && { types }),
      ...times,
      ...(files && files.length > 0 && { files }),
      ...(isPinned === true && { isPinned })
    } satisfies SearchFilter
  })
