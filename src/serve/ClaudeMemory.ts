/**
 * The whole service: what every way in (command line, hooks, and those to come) asks.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type CaptureError, Collector, type TranscriptFile } from "../capture/Collector.ts"
import type { Message } from "../domain/Conversation.ts"
import type { InjectionRequest, InjectionResponse } from "../domain/Injection.ts"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import type { SearchFilter, SearchQuery, SearchResponse } from "../domain/Search.ts"
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
  MemoryStore,
  type StoreError,
  type StoreStatus
} from "../store/MemoryStore.ts"
import { capture, type CaptureFailure, type CaptureStep } from "./Capture.ts"
import { work } from "./Worker.ts"

export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  what: Schema.Literal("unit", "project", "session"),
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    if (this.what === "session") {
      return this.known.length > 0
        ? `several sessions begin with ${this.name}: ${this.known.join(", ")}; give more of the id`
        : `no session has the id ${this.name}; \`claude-memory show\` prints the session of a memory`
    }
    return this.what === "unit"
      ? this.known.length > 0
        ? `several memories begin with ${this.name}: ${this.known.join(", ")}; give more of the id`
        : `no memory has the id ${this.name}; \`claude-memory search\` prints ids`
      : `no project is called ${this.name}; known: ${this.known.join(", ") || "none yet"}`
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
  /**
   * Follows the transcripts below these folders: what was written since they were last read, then what is written. Of several
   * processes over one memory one does, and another takes over when it ends. Until it is interrupted.
   */
  readonly capture: (folders: ReadonlyArray<string>) => Stream.Stream<CaptureStep, CaptureFailure>
  readonly search: (query: SearchQuery) => Effect.Effect<SearchResponse, StoreError>
  readonly inject: (request: InjectionRequest) => Effect.Effect<InjectionResponse, StoreError>
  /** A unit by its id or the beginning of one, with the messages it came from. */
  readonly show: (
    id: string
  ) => Effect.Effect<{ readonly unit: MemoryUnit; readonly messages: ReadonlyArray<Message> }, StoreError | NotFound>
  /** The newest memories that pass the filter, newest first. */
  readonly recent: (filter: SearchFilter, limit: number) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** The project of a folder. */
  readonly project: (folder: string) => Effect.Effect<Project.Project>
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

  const show = (id: string) =>
    Effect.gen(function*() {
      const units = yield* store.unitsByPrefix(id)
      const unit = units[0]
      if (unit === undefined || units.length > 1) {
        return yield* new NotFound({ what: "unit", name: id, known: units.map((each) => each.id) })
      }
      return { unit, messages: yield* store.messages(evidence(unit)) }
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

  const named = (names: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const projects = yield* store.projects
      return (yield* Effect.forEach(names, (name) => {
        const found = projects.filter((project) =>
          project.name === name || project.id === name || project.root === name
        )
        return found.length > 0
          ? Effect.succeed(found)
          : Effect.fail(new NotFound({ what: "project", name, known: projects.map((project) => project.name) }))
      })).flat()
    })

  return ClaudeMemory.of({
    discover: collector.discover,
    ingest: (files) => Stream.provideContext(Pipeline.ingest(files), context),
    review: (sessions) => Stream.provideContext(review(sessions), context),
    work: Stream.provideContext(work, context),
    capture: (folders) => Stream.provideContext(capture(folders), context),
    search: retriever.search,
    inject: injector.inject,
    show: (id) => inFlight(show(id)),
    recent: store.recent,
    project: (folder) => inFlight(Effect.provide(Project.resolve(folder), context)),
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
