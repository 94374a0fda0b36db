/**
 * The whole service, which the command line, the hooks and the MCP server call.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import {
  type CaptureError,
  Collector,
  type Recognized,
  type TranscriptFile,
  type Unread
} from "../capture/Collector.ts"
import type { Message, Session } from "../domain/Conversation.ts"
import type { EditRequest } from "../domain/Edited.ts"
import type { InjectionRequest, InjectionResponse } from "../domain/Injection.ts"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import type { SaveRequest } from "../domain/Saved.ts"
import type { SearchFilter, SearchQuery, SearchResponse } from "../domain/Search.ts"
import type { Timeline, TimelineRequest } from "../domain/Timeline.ts"
import * as Hook from "../hook/Hook.ts"
import { SessionRecords } from "../hook/SessionRecords.ts"
import { reindex, type ReindexStep, type Verification, verify } from "../index/Reindex.ts"
import { type IndexDescription, IndexError, type IndexVersion, VectorIndex } from "../index/VectorIndex.ts"
import { Injector } from "../inject/Injector.ts"
import { Openings } from "../inject/Openings.ts"
import { type ModelError, ModelManager } from "../models/ModelManager.ts"
import type { ForeignError, ForeignMemory } from "../moving/ForeignMemory.ts"
import { type Moved, moveIn } from "../moving/Moving.ts"
import * as Pipeline from "../Pipeline.ts"
import { Files } from "../resources/Files.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import * as Owner from "../resources/Owner.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import {
  type Actor,
  type DeadLetter,
  type ForgetOptions,
  type Forgetting,
  type Forgotten,
  type History,
  type KnownSession,
  MemoryStore,
  NO_LIMIT,
  type ProjectSummary,
  type RecentChange,
  type SessionFilter,
  type StoreError,
  type StoreStatus,
  type Undone,
  type Waiting,
  type WorkItem
} from "../store/MemoryStore.ts"
import { Retention, type Size } from "../store/Retention.ts"
import { afterwards, stepsAfterwards } from "./Afterwards.ts"
import * as Archive from "./Archive.ts"
import * as ArchiveFile from "./ArchiveFile.ts"
import { type Criteria, forgetSelected, select, type Selection, type TakenBy, takenBy } from "./Bulk.ts"
import { capture, type CaptureFailure, captureLast, type CaptureStep } from "./Capture.ts"
import { type Conversation, conversation, type Place } from "./Conversation.ts"
import { type Failure, failures, retry } from "./Failures.ts"
import { addProject, type GivenConversation, type GivenText, storeConversation, storeText } from "./Given.ts"
import { feedback, type FeedbackRequest, type Helped } from "./Helping.ts"
import { injectedSince, type InjectionIn, injectionsOf, type SessionInjections } from "./Injections.ts"
import type { InvalidRequest } from "./InvalidRequest.ts"
import { least } from "./Least.ts"
import { activeByPrefix, sessionByPrefix, sessionIdMeant, unitByPrefix } from "./Lookup.ts"
import { projectText } from "./Markdown.ts"
import type { NotFound } from "./NotFound.ts"
import * as Projects from "./Projects.ts"
import {
  type Conflict,
  edit,
  type Edited,
  forget,
  forgetAnswers,
  forgettable,
  forgetting,
  history,
  holdingAgain,
  type NotUndoable,
  save,
  undo
} from "./Remembering.ts"
import { timeline } from "./Timeline.ts"
import { noteUses } from "./Using.ts"
import { explain, type Explanation } from "./Why.ts"
import { work } from "./Worker.ts"

type Services = Pipeline.PipelineServices | FileSystem.FileSystem | Path.Path | Injector | Retriever

/** Retention of a session's record after its last entry; Claude Code deletes the transcript sooner. */
const SESSION_RETENTION_MS = 60 * 86_400_000

/** Longest wait for an index to say how it is. */
const INDEX_STATUS_WITHIN = Duration.seconds(5)

/** Id of no memory, whose point may be removed to see whether one may. */
const NOBODY = "00000000-0000-4000-8000-000000000000"

const make = Effect.gen(function*() {
  const collector = yield* Collector
  const retriever = yield* Retriever
  const injector = yield* Injector
  const records = yield* SessionRecords
  const store = yield* MemoryStore
  const vectors = yield* VectorIndex
  const models = yield* ModelManager
  const retention = yield* Retention
  const context = Context.add(yield* Effect.context<Services>(), Files, yield* Files.make)
  const inFlight = yield* makeInFlight("ClaudeMemory")

  const openings = yield* Openings
  const refresh = openings.refresh("missing")
  /** Writes what the start of a session is told, after each step that may have changed it. */
  const refreshing = <A extends CaptureStep, E, R>(steps: Stream.Stream<A, E, R>) =>
    Stream.tap(
      steps,
      ({ _tag }) =>
        _tag === "Compressed" || _tag === "Reviewed"
          ? refresh
          : _tag === "CaughtUp"
          ? openings.refresh("all")
          : Effect.void
    )

  /** Counts what the sessions used of what they were told, after each step that captured some of them. */
  const notingUses = <A extends CaptureStep, E, R>(steps: Stream.Stream<A, E, R>, isLast = false) =>
    Stream.tap(steps, (step) => step._tag === "Captured" ? noteUses(step.captured, isLast) : Effect.void)

  const run = <A, E>(effect: Effect.Effect<A, E, Files | Services>) => inFlight(Owner.provideContext(context)(effect))
  const provided = Owner.provideStream(context)

  const show = (id: string) =>
    Effect.flatMap(
      unitByPrefix(id),
      (unit) =>
        Effect.zipWith(
          store.messages(evidence(unit)),
          retention.letGoAt(unit.origin),
          (messages, letGoAt) => ({ unit, messages, letGoAt })
        )
    )

  const resolved = <F extends Pick<SearchFilter, "projects">>(filter: F) =>
    Effect.map(
      store.projects,
      (known): F => ({ ...filter, projects: Project.resolveRequested(known, filter.projects) })
    )

  const session = (prefix: string) =>
    Effect.flatMap(
      sessionByPrefix(prefix),
      (session) => Effect.map(store.transcriptsOf(session.id), (transcripts) => ({ session, transcripts }))
    )

  const review = (sessions: ReadonlyArray<string> | "all") =>
    Stream.unwrap(Effect.gen(function*() {
      yield* store.reviewAgain(
        sessions === "all"
          ? yield* store.unreviewed("all")
          : yield* Effect.forEach(sessions, (prefix) => Effect.map(sessionByPrefix(prefix), ({ id }) => id))
      )
      return Pipeline.review
    }))

  /** Formats the memories of projects as Markdown, one text for each project. */
  const markdown = (scope: Archive.Scope) =>
    Stream.fromIterableEffect(store.projects).pipe(
      Stream.filter(({ id }) => scope === "all" || scope.includes(id)),
      Stream.mapEffect(({ id, name }) =>
        Effect.zipWith(
          store.sessionsIn({ projects: [id] }, NO_LIMIT),
          store.recent({ projects: [id] }, NO_LIMIT),
          (sessions, units) => projectText(name, sessions, units)
        )
      )
    )

  const progress = (folder: string, until = Infinity) =>
    Effect.gen(function*() {
      const all = yield* Effect.orElseSucceed(collector.discover([folder]), () => [])
      const files = all.filter(({ modifiedAt }) => modifiedAt <= until)
      return { transcripts: yield* collector.unread(files), waiting: yield* store.waiting }
    })

  const archived = (scope: Archive.Scope, format: "lines" | "markdown") =>
    format === "lines" ? Archive.lines(scope) : Archive.unlessForgotten(markdown(scope))

  /** Deletes the records of sessions that nobody continues. */
  const forgetSessions = Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => Effect.ignore(records.deleteBefore(now - SESSION_RETENTION_MS))
  )

  const checkWriting = store.transaction(Effect.void)
  /** Fails for a reader, before anything is written beside the memory. What is in the way for now, capturing waits for. */
  const ensureWritable = Effect.catchIf(checkWriting, ({ reason }) => reason !== "ReadOnly", () => Effect.void)

  return {
    discover: collector.discover,
    ingest: (files) => Stream.concat(provided(notingUses(Pipeline.ingest(files))), Stream.execute(refresh)),
    review: (sessions) => Stream.concat(provided(review(sessions)), Stream.execute(refresh)),
    work: refreshing(provided(work)),
    capture: (folders) =>
      Stream.concat(
        Stream.execute(Effect.zipRight(ensureWritable, forgetSessions)),
        refreshing(provided(notingUses(capture(folders))))
      ),
    captureLast: (folder, sessionId) =>
      Stream.runDrain(
        refreshing(provided(notingUses(captureLast(folder, sessionId), true)))
      ),
    search: (query) => retriever.search({ ...query, respells: true }),
    inject: injector.inject,
    hook: (input, telling) => run(Hook.answer(input, telling)),
    hookUnrecorded: (input, telling) => run(Hook.unrecorded(input, telling)),
    sessionIdMeant: (prefix) => run(sessionIdMeant(prefix)),
    mute: records.mute,
    injections: (session) => run(injectionsOf(session)),
    injectedSince: (time) => run(injectedSince(time)),
    titles: (ids) => Effect.map(store.units(ids), (units) => new Map(units.map(({ id, title }) => [id, title]))),
    show: (id) => run(show(id)),
    active: (id) => run(activeByPrefix(id)),
    session: (id) => run(session(id)),
    conversation: (id, from, limit) => run(conversation(id, from, limit)),
    sessions: (filter, limit) => run(Effect.flatMap(resolved(filter), (filter) => store.sessionsIn(filter, limit))),
    recent: (filter, limit) => run(Effect.flatMap(resolved(filter), (filter) => store.recent(filter, limit))),
    least: (projects, limit) => run(Effect.flatMap(resolved({ projects }), ({ projects }) => least(projects, limit))),
    explain: (request) => run(explain(request)),
    timeline: (request) => run(timeline(request)),
    save: (request) => run(Effect.zipLeft(save(request), refresh)),
    edit: (id, request, by) => run(Effect.zipLeft(edit(id, request, by), refresh)),
    feedback: (id, request, by) => run(feedback(id, request, by)),
    history: (id) => run(history(id)),
    undo: (by, operation) => run(Effect.zipLeft(undo(by, operation), refresh)),
    recentChanges: store.recentChanges,
    moveIn: (foreign, isDryRun) => {
      const moved = moveIn(foreign, isDryRun)
      const whole = isDryRun
        ? moved
        : Stream.concat(Stream.concat(moved, Pipeline.catchUp), Stream.execute(openings.refresh("all")))
      return provided(whole)
    },
    given: {
      text: (given) => run(Effect.zipLeft(storeText(given), refresh)),
      conversation: (given) => run(Effect.zipLeft(storeConversation(given), refresh)),
      project: (name) => run(addProject(name))
    },
    holdingAgain: (ids) => run(holdingAgain(ids)),
    forgettable: (id, isNow) => run(forgettable(id, isNow)),
    forgetting: (ids, isNow) => run(forgetting(ids, isNow)),
    select: (criteria) => run(select(criteria)),
    takenBy: (criteria) => run(takenBy(criteria)),
    forgetSelected: (criteria, options) => {
      const withoutAnswers = Stream.execute(Owner.provideContext(context)(forgetAnswers))
      return withoutAnswers.pipe(
        Stream.concat(provided(forgetSelected(criteria, options, afterwards(Pipeline.settle)))),
        Stream.concat(withoutAnswers),
        Stream.concat(Stream.execute(refresh))
      )
    },
    forget: (ids, options) => run(Effect.zipLeft(forget(ids, options), refresh)),
    wipe: store.wipe,
    projects: {
      known: store.projects,
      list: Effect.map(store.status, ({ projects }) => projects),
      find: (project) => run(Projects.find(project)),
      recognize: run(collector.recognize),
      merge: (from, into) => run(Effect.zipLeft(Projects.merge(from, into), refresh)),
      split: (projects) => run(Effect.zipLeft(Projects.split(projects), refresh)),
      setDifferent: (projects) => run(Projects.setDifferent(projects)),
      rename: (project, name) => run(Projects.rename(project, name)),
      exclude: (project, isExcluded) => run(Effect.zipLeft(Projects.exclude(project, isExcluded), refresh))
    },
    project: (folder) => run(Projects.byFolder(folder)),
    projectsNamed: (names) => run(Projects.byName(names)),
    count: store.count({ projects: "all" }),
    status: store.status,
    progress: (folder, until) => run(progress(folder, until)),
    version: store.version,
    size: retention.size,
    checkWriting,
    indexStatus: Effect.timeoutFail(vectors.describe, {
      duration: INDEX_STATUS_WITHIN,
      onTimeout: () =>
        new IndexError({
          reason: "Unavailable",
          operation: "describe",
          detail: `${vectors.name} gives no answer within ${
            Duration.format(INDEX_STATUS_WITHIN)
          }; see what keeps it busy`,
          cause: undefined
        })
    }),
    index: {
      name: vectors.name,
      versions: vectors.versions,
      verify: run(Effect.zipRight(Effect.flatMap(models.embedding, vectors.check), verify(vectors))),
      repair: provided(Stream.concat(Stream.execute(store.queue("reconcile", [vectors.name])), Pipeline.catchUp)),
      reindex: provided(Stream.concat(reindex, Pipeline.catchUp)),
      drop: vectors.drop,
      check: Effect.zipRight(
        Effect.flatMap(models.embedding, vectors.check),
        Effect.when(vectors.remove([NOBODY]), () => !vectors.sharesStore)
      )
    },
    archive: {
      lines: (scope, format) => provided(archived(scope, format)),
      write: (path, scope, format) => run(ArchiveFile.write(path, archived(scope, format))),
      read: (path) =>
        Stream.concat(
          provided(
            Stream.concat(
              Stream.map(Archive.takeIn(ArchiveFile.read(path)), (taken) => ({ ...taken, indexed: 0 })),
              Stream.filterMap(stepsAfterwards(Pipeline.settle), (step) =>
                step._tag === "Indexed" ? Option.some({ ...Archive.NOTHING, indexed: step.units }) : Option.none())
            )
          ),
          Stream.execute(refresh)
        )
    },
    failures: (limit) => run(failures(limit)),
    deadLetters: store.deadLetters,
    retry: (item) => run(retry(item))
  } satisfies ClaudeMemory["Type"]
})

/** What is left of an import. */
export interface Progress {
  readonly transcripts: Unread
  readonly waiting: Waiting
}

/**
 * The whole service. A limit is a whole number from 0 on: a fraction is cut off, Infinity stands for all, and what is below 0 or no
 * number for none.
 */
export class ClaudeMemory extends Context.Tag("claude-memory/ClaudeMemory")<ClaudeMemory, {
  readonly discover: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<TranscriptFile>, CaptureError>
  /** Reads transcripts from their cursors on and makes memories of them; emits each step when it is done. */
  readonly ingest: (files: ReadonlyArray<TranscriptFile>) => Stream.Stream<Pipeline.Step, Pipeline.PipelineError>
  /**
   * Has a language model compress sessions again, by id or a prefix of it. "all" means those never reviewed; an empty
   * list means the reviews already queued. Needs a `Reviewer`.
   */
  readonly review: (
    sessions: ReadonlyArray<string> | "all"
  ) => Stream.Stream<Pipeline.Step, Pipeline.PipelineError | NotFound>
  /** Works off the queue, whoever filled it, until interrupted. */
  readonly work: Stream.Stream<Pipeline.Step, Pipeline.PipelineError>
  /**
   * Follows the transcripts below these folders until interrupted: first what was written since they were last read,
   * then new lines. One process per memory does it, and another takes over when it ends.
   */
  readonly capture: (folders: ReadonlyArray<string>) => Stream.Stream<CaptureStep, CaptureFailure>
  /** Reads and compresses what a session, whose transcript is somewhere in this folder, has written in the last minute. */
  readonly captureLast: (folder: string, sessionId: string) => Effect.Effect<void, Pipeline.PipelineError>
  readonly search: (query: SearchQuery) => Effect.Effect<SearchResponse, StoreError>
  readonly inject: (request: InjectionRequest) => Effect.Effect<InjectionResponse, StoreError>
  /** Answers a hook of Claude Code with a text to inject, empty when nothing is relevant. */
  readonly hook: (input: Hook.HookInput, telling?: Hook.Telling) => Effect.Effect<string, StoreError>
  /** The same for another process, which may have given up waiting: who prints the text records it. */
  readonly hookUnrecorded: (input: Hook.HookInput, telling?: Hook.Telling) => Effect.Effect<Hook.Unrecorded, StoreError>
  /** Reports what a session was given: by its id or the beginning of one, else the session of the newest injection. */
  readonly injections: (
    session: string | undefined
  ) => Effect.Effect<SessionInjections, NotFound | PlatformError | StoreError>
  /** Lists what all sessions were given since a time, in milliseconds since the epoch, oldest first. */
  readonly injectedSince: (time: number) => Effect.Effect<ReadonlyArray<InjectionIn>, PlatformError>
  /** Returns the titles of memories by id; skips unknown ids. */
  readonly titles: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, string>, StoreError>
  /** Returns the id of a session, by the beginning of it, for `mute`; a whole id may be of a session that is not remembered yet. */
  readonly sessionIdMeant: (prefix: string) => Effect.Effect<string, StoreError | NotFound | PlatformError>
  /** Stops the hooks from injecting anything into a session, or allows it again. */
  readonly mute: (sessionId: string, isMuted: boolean) => Effect.Effect<void, PlatformError>
  /**
   * Returns a unit, by id or a prefix of it, with its source messages, and when other messages around them were let go, in
   * milliseconds since the epoch.
   */
  readonly show: (
    id: string
  ) => Effect.Effect<
    { readonly unit: MemoryUnit; readonly messages: ReadonlyArray<Message>; readonly letGoAt: number | null },
    StoreError | NotFound
  >
  /** Returns the unit that `edit` and `feedback` change where they are given this one: that which stands for several that say the same. */
  readonly active: (id: string) => Effect.Effect<MemoryUnit, StoreError | NotFound>
  /** Returns a session, by id or a prefix of it, and its transcripts, that which was written last first. */
  readonly session: (
    id: string
  ) => Effect.Effect<{ readonly session: Session; readonly transcripts: ReadonlyArray<string> }, StoreError | NotFound>
  /** Returns what was said in a session, by id or a prefix of it, and what Claude was given, from a place on. */
  readonly conversation: (
    id: string,
    from: Place,
    limit: number
  ) => Effect.Effect<Conversation, StoreError | PlatformError | NotFound>
  /** Lists sessions that were open at some time of a range, those that ended last first. */
  readonly sessions: (filter: SessionFilter, limit: number) => Effect.Effect<ReadonlyArray<KnownSession>, StoreError>
  /** Returns the newest memories that pass the filter, newest first. */
  readonly recent: (filter: SearchFilter, limit: number) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Lists the memories that are worth least, the least first; neither archives nor what a person saved, edited, pinned or kept. */
  readonly least: (
    projects: SearchFilter["projects"],
    limit: number
  ) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Says what would be told at a prompt, and why; tells nobody. */
  readonly explain: (
    request: Pick<InjectionRequest, "maxChars" | "maxTokens" | "mode" | "projects" | "prompt">
  ) => Effect.Effect<Explanation, StoreError>
  /** Returns the memories around a unit or a time, oldest first. */
  readonly timeline: (request: TimelineRequest) => Effect.Effect<Timeline, StoreError | NotFound>
  /**
   * Saves a memory with its secrets masked. Saving the same twice changes nothing. Fails with `InvalidRequest` where the request is not
   * within the bounds of `SaveRequest`, or the project is excluded.
   */
  readonly save: (request: SaveRequest) => Effect.Effect<MemoryUnit, StoreError | NotFound | InvalidRequest>
  /**
   * Changes a memory, or that which stands for it, by id or a prefix of it, with its secrets masked. The change outlasts every later compression.
   * Fails with `InvalidRequest` where the request is not within the bounds of `EditRequest`.
   */
  readonly edit: (
    id: string,
    request: EditRequest,
    by: Actor
  ) => Effect.Effect<Edited, StoreError | NotFound | Conflict | InvalidRequest>
  /**
   * Notes whether a memory, by id or a prefix of it, helps at a prompt: it is told sooner, or not at all, at prompts that name the same of
   * it. A search finds it as before.
   */
  readonly feedback: (
    id: string,
    request: FeedbackRequest,
    by: Actor
  ) => Effect.Effect<Helped, StoreError | NotFound | Conflict>
  /** Returns a memory, by id or a prefix of it, and what was changed of it; undefined when nothing was. */
  readonly history: (
    id: string
  ) => Effect.Effect<{ readonly unit: MemoryUnit; readonly history: History | undefined }, StoreError | NotFound>
  /**
   * Undoes the newest edit, feedback, keeping, forgetting or merge of the last seven days, if `by` asked for it; undefined when there is
   * none. With the number of an operation, that one, unless a later one touched the same.
   */
  readonly undo: (by?: Actor, operation?: number) => Effect.Effect<Undone | undefined, NotUndoable | StoreError>
  /** Lists what can be undone, newest first. */
  readonly recentChanges: (limit: number) => Effect.Effect<ReadonlyArray<RecentChange>, StoreError>
  /**
   * Makes memories of another program's, with their secrets masked, and indexes them; emits each step when it is done. A dry run writes
   * nothing. What was brought in before, or is forgotten here, is not brought in again.
   */
  readonly moveIn: (
    foreign: ForeignMemory["Type"],
    isDryRun: boolean
  ) => Stream.Stream<Moved | Pipeline.Step, ForeignError | Pipeline.PipelineError>
  /** Stores what another program gives, with its secrets masked, for the project of a name, known or new. Again changes nothing. */
  readonly given: {
    /** Returns the origin of the memories that were made of the text, and those that were new. */
    readonly text: (
      given: GivenText
    ) => Effect.Effect<
      { readonly origin: string; readonly units: ReadonlyArray<MemoryUnit> },
      StoreError | ForeignError | InvalidRequest | NotFound
    >
    /** Returns the session that the conversation is now. */
    readonly conversation: (
      given: GivenConversation
    ) => Effect.Effect<string, StoreError | InvalidRequest | Projects.ProjectError>
    readonly project: (name: string) => Effect.Effect<Project.Project, StoreError | Projects.ProjectError>
  }
  /** Returns the memories in whose place one of these stands: they hold again when these are forgotten, and since they were. */
  readonly holdingAgain: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /**
   * Deletes memories, by id or a prefix of it, and those that say the same, from the store and the index, and cuts their sentences from
   * the source messages. No later capture, compression or review brings them back; saving does, and `undo` for seven days, unless
   * `isNow`: then no copy of them stays, not even of those that were forgotten before.
   */
  readonly forget: (
    ids: ReadonlyArray<string>,
    options?: ForgetOptions
  ) => Effect.Effect<Forgotten, StoreError | NotFound>
  /** Writes over the bytes that may be left of what was forgotten for good, as `MemoryStore.wipe` does. */
  readonly wipe: Effect.Effect<void, StoreError>
  /** Returns a memory, by id or a prefix of it, also one that is in the bin when it is to go from there. */
  readonly forgettable: (id: string, isNow: boolean) => Effect.Effect<MemoryUnit, StoreError | NotFound>
  /**
   * Returns memories, by id or a prefix of it, what `forget` deletes with them, what it takes from others, and the others that keep the
   * same words: those of which the words came otherwise.
   */
  readonly forgetting: (
    ids: ReadonlyArray<string>,
    isNow: boolean
  ) => Effect.Effect<
    Forgetting & { readonly named: ReadonlyArray<MemoryUnit>; readonly keeping: ReadonlyArray<MemoryUnit> },
    StoreError | NotFound
  >
  /** Says which memories the criteria select. */
  readonly select: (criteria: Criteria) => Effect.Effect<Selection, StoreError>
  /** Says what `forgetSelected` would delete, and take from others. */
  readonly takenBy: (criteria: Criteria) => Effect.Effect<TakenBy, StoreError>
  /** Forgets them as `forget` does, and with the sessions that are selected whole all that was said in those. */
  readonly forgetSelected: (criteria: Criteria, options: ForgetOptions) => Stream.Stream<Forgotten, StoreError>
  readonly archive: {
    /** Emits the lines of an archive of the memory, or of Markdown, without their ends. */
    readonly lines: (
      scope: Archive.Scope,
      format: "lines" | "markdown"
    ) => Stream.Stream<string, StoreError | Archive.ArchiveError>
    /** Writes an archive of the memory, or Markdown, into a new file; returns its bytes. */
    readonly write: (
      path: string,
      scope: Archive.Scope,
      format: "lines" | "markdown"
    ) => Effect.Effect<number, StoreError | PlatformError | Archive.ArchiveError>
    /** Takes in an archive; emits how far it has come. Again changes nothing. */
    readonly read: (
      path: string
    ) => Stream.Stream<
      Archive.Taking & { readonly indexed: number },
      StoreError | PlatformError | Archive.ArchiveError
    >
  }
  readonly projects: {
    /** Lists the projects by name, without counts, which take long in a large memory. */
    readonly known: Effect.Effect<ReadonlyArray<Project.KnownProject>, StoreError>
    readonly list: Effect.Effect<ReadonlyArray<ProjectSummary>, StoreError>
    /** Returns the project with this name, id or root folder, or the project of this folder, even one not known yet. */
    readonly find: (
      project: string
    ) => Effect.Effect<Project.Project, StoreError | NotFound | Projects.ProjectError>
    /** Recognizes the projects of folders that are gone (capture/GoneFolders.ts); changes nothing. */
    readonly recognize: Effect.Effect<Recognized, StoreError>
    /** Moves the memories of projects to another project, and whatever is captured of them later. */
    readonly merge: (
      from: ReadonlyArray<string>,
      into: string
    ) => Effect.Effect<Projects.Merged, StoreError | NotFound | Projects.ProjectError>
    /** Undoes merges, as `MemoryStore.splitProject` says; returns the projects and what each was merged into. */
    readonly split: (
      projects: ReadonlyArray<string>
    ) => Effect.Effect<
      ReadonlyArray<{ readonly project: Project.Project; readonly into: Project.KnownProject }>,
      StoreError | NotFound | Projects.ProjectError
    >
    /** Records that each two of these projects are different, so that `recognize` returns no pair of them. */
    readonly setDifferent: (
      projects: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<Project.Project>, StoreError | NotFound | Projects.ProjectError>
    readonly rename: (
      project: string,
      name: string
    ) => Effect.Effect<Project.Project, StoreError | NotFound | Projects.ProjectError>
    /**
     * Excludes a project or includes it again. While it is excluded, its transcripts are not read, and only a request
     * that names it returns its memories.
     */
    readonly exclude: (
      project: string,
      isExcluded: boolean
    ) => Effect.Effect<Project.Project, StoreError | NotFound | Projects.ProjectError>
  }
  /** Returns the project of a folder, or the project that it was merged into. */
  readonly project: (folder: string) => Effect.Effect<Project.Project, StoreError>
  /** Returns projects by name, id or root folder. */
  readonly projectsNamed: (
    names: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Project.Project>, StoreError | NotFound>
  /** Counts the memories of all projects, as `status` does, which takes long in a large memory. */
  readonly count: Effect.Effect<number, StoreError>
  readonly status: Effect.Effect<StoreStatus, StoreError>
  /**
   * Says how far the transcripts below a folder have been read, by whatever process, and what waits; a folder need not exist.
   *
   * @param until time in milliseconds; transcripts that were written later are left out
   */
  readonly progress: (folder: string, until?: number) => Effect.Effect<Progress, StoreError>
  /** Returns a text that is another one after anything was written, by whatever process. */
  readonly version: Effect.Effect<string, StoreError>
  /** Reports the memory's size and limit, and what was let go; undefined where a server keeps the memory. */
  readonly size: Effect.Effect<Size | undefined, StoreError>
  /** Begins to write and writes nothing; fails for a reader, and where another program has the database, or its schema, changed. */
  readonly checkWriting: Effect.Effect<void, StoreError>
  /** Describes the index; fails after 5 seconds without an answer. */
  readonly indexStatus: Effect.Effect<IndexDescription, IndexError>
  readonly index: {
    /** Names the index's place for people. */
    readonly name: string
    /** Lists the versions, the active one first. */
    readonly versions: Effect.Effect<ReadonlyArray<IndexVersion>, IndexError>
    /** Compares the active version with the store, and searches for a sample of the memories by their own vectors. */
    readonly verify: Effect.Effect<Verification, StoreError | IndexError | ModelError>
    /** Compares the index with the store, adds missing vectors and removes orphans. */
    readonly repair: Stream.Stream<Pipeline.Step, Pipeline.PipelineError>
    /** Builds a version for the model in use and activates it. */
    readonly reindex: Stream.Stream<ReindexStep | Pipeline.Step, StoreError | IndexError | ModelError>
    /** Deletes a version that is not active. */
    readonly drop: (name: string) => Effect.Effect<void, IndexError>
    /** Fails where this machine's model can't search the index that serves, or where the index may not be written. */
    readonly check: Effect.Effect<unknown, IndexError | ModelError>
  }
  /** Lists failed work; items that are not tried again come first. */
  readonly failures: (limit: number) => Effect.Effect<ReadonlyArray<Failure>, StoreError>
  readonly deadLetters: (limit: number) => Effect.Effect<ReadonlyArray<DeadLetter>, StoreError>
  /** Queues failed work once more, dead items too, all of it or one item; returns how many. Whoever works off the queue does it. */
  readonly retry: (item?: Pick<WorkItem, "key" | "kind">) => Effect.Effect<number, StoreError | NotFound>
}>() {
  static readonly layer = Owner.layer(this, make)
}
