/**
 * The whole service: what every way in (command line, hooks, and those to come) asks.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type CaptureError, Collector, type TranscriptFile } from "../capture/Collector.ts"
import type { Message } from "../domain/Conversation.ts"
import type { InjectionRequest, InjectionResponse } from "../domain/Injection.ts"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import { type SaveRequest, unitOf } from "../domain/Saved.ts"
import type { SearchFilter, SearchQuery, SearchResponse } from "../domain/Search.ts"
import { decodeCursor, encodeCursor, type Place, type Timeline, type TimelineRequest } from "../domain/Timeline.ts"
import { reindex, type ReindexStep, type Verification, verify } from "../index/Reindex.ts"
import { type IndexDescription, type IndexError, type IndexVersion, VectorIndex } from "../index/VectorIndex.ts"
import { Injector } from "../inject/Injector.ts"
import { type ModelError, ModelManager } from "../models/ModelManager.ts"
import * as Pipeline from "../Pipeline.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import {
  type DeadLetter,
  type FailedWork,
  type Forgotten,
  MemoryStore,
  type ProjectSummary,
  type StoreError,
  type StoreStatus
} from "../store/MemoryStore.ts"
import { work } from "./Worker.ts"

export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  what: Schema.Literal("unit", "project", "session", "cursor"),
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    if (this.what === "session") {
      return this.known.length > 0
        ? `several sessions begin with ${this.name}: ${this.known.join(", ")}; give more of the id`
        : `no session has the id ${this.name}; \`claude-memory show\` prints the session of a memory`
    }
    if (this.what === "cursor") return `${this.name} is no cursor of a timeline; ask without it`
    return this.what === "unit"
      ? this.known.length > 0
        ? `several memories begin with ${this.name}: ${this.known.join(", ")}; give more of the id`
        : `no memory has the id ${this.name}; \`claude-memory search\` prints ids`
      : `no project is called ${this.name}; known: ${this.known.join(", ") || "none yet"}`
  }
}

export class ProjectError extends Schema.TaggedError<ProjectError>()("ProjectError", {
  /** `Same`: a project is to be merged into itself. `Several`: more than one is called so. */
  reason: Schema.Literal("Same", "Several"),
  name: Schema.String,
  /** The folders of those that are called so. */
  roots: Schema.Array(Schema.String)
}) {
  override get message() {
    return this.reason === "Same"
      ? `${this.name} can't be merged into itself; nothing was changed`
      : `several projects are called ${this.name}; say which by its folder: ${this.roots.join(", ")}`
  }
}

export class ClaudeMemory extends Context.Tag("ClaudeMemory")<ClaudeMemory, {
  readonly discover: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<TranscriptFile>, CaptureError>
  /** Reads transcripts on from where they were left and makes memories of them; each step is given as it is done. */
  readonly ingest: (files: ReadonlyArray<TranscriptFile>) => Stream.Stream<Pipeline.Step, Pipeline.PipelineError>
  /**
   * Has a language model compress sessions again, by their ids or beginnings of those; "all" is those that none has looked at yet, and
   * without any it is what waits for that. It needs a `Reviewer`.
   */
  readonly review: (
    sessions: ReadonlyArray<string> | "all"
  ) => Stream.Stream<Pipeline.Step, Pipeline.PipelineError | NotFound>
  /** Makes memories of what others captured, and does what had to wait, until it is interrupted. */
  readonly work: Stream.Stream<Pipeline.Step, Pipeline.PipelineError>
  readonly search: (query: SearchQuery) => Effect.Effect<SearchResponse, StoreError>
  readonly inject: (request: InjectionRequest) => Effect.Effect<InjectionResponse, StoreError>
  /** A unit by its id or the beginning of one, with the messages it came from. */
  readonly show: (
    id: string
  ) => Effect.Effect<{ readonly unit: MemoryUnit; readonly messages: ReadonlyArray<Message> }, StoreError | NotFound>
  /** The newest memories that pass the filter, newest first. */
  readonly recent: (filter: SearchFilter, limit: number) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** What stands around a unit or a time, in the order of times. */
  readonly timeline: (request: TimelineRequest) => Effect.Effect<Timeline, StoreError | NotFound>
  /** Remembers what somebody says; secrets in it are masked. Saying it twice changes nothing. */
  readonly save: (request: SaveRequest) => Effect.Effect<MemoryUnit, StoreError | NotFound>
  /**
   * Deletes memories by their ids or beginnings of those, and whatever says the same, from the store and the index, and takes what they
   * tell from the messages that they came from. No later capture, compression or review brings it back; saving it does.
   */
  readonly forget: (ids: ReadonlyArray<string>) => Effect.Effect<Forgotten, StoreError | NotFound>
  readonly projects: {
    readonly list: Effect.Effect<ReadonlyArray<ProjectSummary>, StoreError>
    /** Gives all that is remembered of one to another, and what is captured of it from now on. */
    readonly merge: (from: string, into: string) => Effect.Effect<ProjectSummary, StoreError | NotFound | ProjectError>
    readonly rename: (project: string, name: string) => Effect.Effect<void, StoreError | NotFound | ProjectError>
    /** An excluded project's transcripts are not read, and its memories are given only to those who ask for them by its name. */
    readonly exclude: (
      project: string,
      isExcluded: boolean
    ) => Effect.Effect<Project.Project, StoreError | NotFound | ProjectError>
  }
  /** The project of a folder; what it was merged into, if it was. */
  readonly project: (folder: string) => Effect.Effect<Project.Project, StoreError>
  /** Projects by name, id or root folder. */
  readonly named: (names: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Project.Project>, StoreError | NotFound>
  readonly status: Effect.Effect<StoreStatus, StoreError>
  readonly indexStatus: Effect.Effect<IndexDescription, IndexError>
  readonly index: {
    /** Where it is. */
    readonly name: string
    /** The one that serves first. */
    readonly versions: Effect.Effect<ReadonlyArray<IndexVersion>, IndexError>
    /** Compares the one that serves with the store, and looks for a sample of the memories by their own vectors. */
    readonly verify: Effect.Effect<Verification, StoreError | IndexError | ModelError>
    /** Adds what it lacks and removes what it holds too much. */
    readonly repair: Stream.Stream<Pipeline.Step, Pipeline.PipelineError>
    /** Builds one for the model in use, and has it serve. */
    readonly reindex: Stream.Stream<ReindexStep | Pipeline.Step, StoreError | IndexError | ModelError>
    /** Deletes a version that does not serve. */
    readonly drop: (name: string) => Effect.Effect<void, IndexError>
  }
  /** Work that failed, that which is not tried again first. */
  readonly failures: (limit: number) => Effect.Effect<ReadonlyArray<FailedWork>, StoreError>
  readonly deadLetters: (limit: number) => Effect.Effect<ReadonlyArray<DeadLetter>, StoreError>
}>() {}

const make = Effect.gen(function*() {
  const collector = yield* Collector
  const retriever = yield* Retriever
  const injector = yield* Injector
  const store = yield* MemoryStore
  const vectors = yield* VectorIndex
  const models = yield* ModelManager
  const context = yield* Effect.context<Pipeline.PipelineServices | FileSystem.FileSystem | Path.Path>()
  const inFlight = yield* makeInFlight("ClaudeMemory")

  const unit = (id: string) =>
    Effect.gen(function*() {
      const units = yield* store.unitsByPrefix(id)
      const unit = units[0]
      if (unit === undefined || units.length > 1) {
        return yield* new NotFound({ what: "unit", name: id, known: units.map((each) => each.id) })
      }
      return unit
    })

  const show = (id: string) =>
    Effect.flatMap(unit(id), (unit) => Effect.map(store.messages(evidence(unit)), (messages) => ({ unit, messages })))

  const project = (folder: string) =>
    Effect.gen(function*() {
      const resolved = yield* Project.resolve(folder)
      return Project.knownAs(yield* store.projects, resolved.id) ?? resolved
    })

  const save = ({ project: place, ...request }: SaveRequest) =>
    Effect.gen(function*() {
      const known = "folder" in place
        ? yield* project(place.folder)
        : Project.knownAs(yield* store.projects, place.id)
      if (known === undefined) {
        return yield* new NotFound({ what: "project", name: (place as { id: string }).id, known: [] })
      }
      const now = yield* Clock.currentTimeMillis
      const { files = [], title = "" } = request
      const [content, maskedTitle, ...maskedFiles] = yield* collector.mask([request.content.trim(), title, ...files])
      const unit = unitOf({ ...request, content: content!, title: maskedTitle!, files: maskedFiles }, known.id, now)
      const saved = yield* store.save(unit, known)
      yield* Stream.runDrain(Pipeline.catchUp)
      return saved
    })

  const forget = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const units = yield* Effect.forEach(ids, unit)
      const forgotten = yield* store.forget(units.map(({ id }) => id))
      yield* Stream.runDrain(Pipeline.settle)
      return forgotten
    })

  const FIRST: Place = { occurredAt: Number.MIN_SAFE_INTEGER, position: 0, id: "" }
  const LAST: Place = { occurredAt: Number.MAX_SAFE_INTEGER, position: 0, id: "" }

  const timeline = (request: TimelineRequest) =>
    Effect.gen(function*() {
      const filter = { projects: Project.asked(yield* store.projects, request.projects), sessionId: request.sessionId }
      const side = (side: "before" | "after", place: Place, limit: number) =>
        limit === 0 ? Effect.succeed([]) : store.timeline(filter, side, place, limit)
      const { around, cursor, limit } = request
      const page = (units: ReadonlyArray<MemoryUnit>) =>
        Effect.gen(function*() {
          const [first, last] = [units[0], units.at(-1)]
          const before = first === undefined ? [] : yield* side("before", first, 1)
          const after = last === undefined ? [] : yield* side("after", last, 1)
          const placeOf = ({ id, occurredAt, position }: Place): Place => ({ occurredAt, position, id })
          return {
            units,
            previous: before.length === 0 ? null : encodeCursor(["before", placeOf(first!)]),
            next: after.length === 0 ? null : encodeCursor(["after", placeOf(last!)])
          }
        })
      if (cursor !== undefined) {
        const decoded = decodeCursor(cursor)
        if (Either.isLeft(decoded)) return yield* new NotFound({ what: "cursor", name: cursor, known: [] })
        const [direction, place] = decoded.right
        return yield* page(yield* side(direction, place, limit))
      }
      if (around === undefined) return yield* page(yield* side("before", LAST, limit))
      const middle = "unit" in around ? [yield* unit(around.unit)] : []
      const place = middle[0] ?? { ...FIRST, occurredAt: "time" in around ? around.time : 0 }
      const half = Math.floor((limit - middle.length) / 2)
      const before = yield* side("before", place, half)
      const after = yield* side("after", place, limit - middle.length - before.length)
      return yield* page([...before, ...middle, ...after])
    })

  const sessionOf = (prefix: string) =>
    Effect.flatMap(store.sessionsByPrefix(prefix), (found) => {
      const session = found.find(({ id }) => id === prefix) ?? (found.length === 1 ? found[0] : undefined)
      return session === undefined
        ? Effect.fail(new NotFound({ what: "session", name: prefix, known: found.map(({ id }) => id) }))
        : Effect.succeed(session.id)
    })

  const review = (sessions: ReadonlyArray<string> | "all") =>
    Stream.unwrap(Effect.gen(function*() {
      yield* store.reviewAgain(
        sessions === "all" ? yield* store.unreviewed : yield* Effect.forEach(sessions, sessionOf)
      )
      return Pipeline.review
    }))

  /** Those called so, else those that one called so was merged into. */
  const named = (names: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const projects = yield* store.projects
      const isCalled = (name: string) => (project: Project.Project) =>
        project.name === name || project.id === name || project.root === name
      return (yield* Effect.forEach(names, (name) => {
        const own = projects.filter(isCalled(name))
        const found = own.length > 0 ? own : projects.filter(({ merged }) => merged.some(isCalled(name)))
        return found.length > 0
          ? Effect.succeed(found)
          : Effect.fail(new NotFound({ what: "project", name, known: projects.map((project) => project.name) }))
      })).flat()
    })

  const one = (name: string) =>
    Effect.flatMap(named([name]), ([project, ...others]) =>
      others.length === 0
        ? Effect.succeed(project!)
        : Effect.fail(
          new ProjectError({ reason: "Several", name, roots: [project!, ...others].map(({ root }) => root) })
        ))

  const merge = (from: string, into: string) =>
    Effect.gen(function*() {
      const [a, b] = [yield* one(from), yield* one(into)]
      if (a.id === b.id) return yield* new ProjectError({ reason: "Same", name: from, roots: [] })
      yield* store.mergeProjects(a.id, b.id)
      yield* Stream.runDrain(Pipeline.catchUp)
      return (yield* store.status).projects.find(({ id }) => id === b.id)!
    })

  return ClaudeMemory.of({
    discover: collector.discover,
    ingest: (files) => Stream.provideContext(Pipeline.ingest(files), context),
    review: (sessions) => Stream.provideContext(review(sessions), context),
    work: Stream.provideContext(work, context),
    search: retriever.search,
    inject: injector.inject,
    show: (id) => inFlight(show(id)),
    recent: store.recent,
    timeline: (request) => inFlight(timeline(request)),
    save: (request) => inFlight(Effect.provide(save(request), context)),
    forget: (ids) => inFlight(Effect.provide(forget(ids), context)),
    projects: {
      list: Effect.map(store.status, ({ projects }) => projects),
      merge: (from, into) => inFlight(Effect.provide(merge(from, into), context)),
      rename: (project, name) => inFlight(Effect.flatMap(one(project), ({ id }) => store.renameProject(id, name))),
      exclude: (project, isExcluded) =>
        inFlight(Effect.tap(one(project), (found) => store.excludeProject(found, isExcluded)))
    },
    project: (folder) => inFlight(Effect.provide(project(folder), context)),
    named: (names) => inFlight(named(names)),
    status: store.status,
    indexStatus: vectors.describe,
    index: {
      name: vectors.name,
      versions: vectors.versions,
      verify: inFlight(Effect.provide(
        Effect.zipRight(Effect.flatMap(models.embedding, vectors.check), verify(vectors)),
        context
      )),
      repair: Stream.provideContext(
        Stream.concat(Stream.execute(store.queue("reconcile", [vectors.name])), Pipeline.catchUp),
        context
      ),
      reindex: Stream.provideContext(Stream.concat(reindex, Pipeline.catchUp), context),
      drop: vectors.drop
    },
    failures: store.failures,
    deadLetters: store.deadLetters
  })
})

export const layer = Layer.scoped(ClaudeMemory, make)
