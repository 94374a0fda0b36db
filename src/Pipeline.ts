/**
 * The whole way from transcripts to memories, as one composition: lines → messages → segments → units → vectors.
 *
 * Capture writes messages and queues the segments they changed. The queue is then compressed, embedded and indexed
 * batch by batch. Reviews by a language model come last, when search already finds the units. Work that is interrupted
 * between two batches is still in the queue at the next start.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { type Captured, Collector, type Recognized, type TranscriptFile } from "./capture/Collector.ts"
import { type CompressionError, Compressor, Reviewer } from "./compress/Compressor.ts"
import { supersede } from "./compress/Supersession.ts"
import type { Session } from "./domain/Conversation.ts"
import { flawOf } from "./domain/Flaws.ts"
import { findById } from "./domain/KnownProjects.ts"
import type { MemoryUnit } from "./domain/MemoryUnit.ts"
import { differences } from "./index/Differences.ts"
import { pointsOf } from "./index/Points.ts"
import { IndexError, VectorIndex } from "./index/VectorIndex.ts"
import { CurrentProject } from "./models/CurrentProject.ts"
import { type ModelError, ModelManager, vectorsOf } from "./models/ModelManager.ts"
import { diedOf } from "./process/Died.ts"
import { forEach } from "./resources/Concurrent.ts"
import * as EventLoop from "./resources/EventLoop.ts"
import {
  MemoryStore,
  type ReviewRequest,
  type SegmentContext,
  type SessionOutline,
  type StoreError,
  type WorkItem
} from "./store/MemoryStore.ts"

/** A finished piece of work, emitted when its result is stored. */
export type Step =
  | { readonly _tag: "Captured"; readonly captured: Captured }
  /** Projects of folders that are gone: the sure ones were merged into their repositories'. */
  | ({ readonly _tag: "Recognized" } & Recognized)
  | { readonly _tag: "Compressed"; readonly units: ReadonlyArray<MemoryUnit> }
  | { readonly _tag: "Indexed"; readonly units: number }
  /** The index was compared with the store; missing units, and stale and orphaned points are queued. */
  | { readonly _tag: "Compared"; readonly missing: number; readonly orphans: number; readonly stale: number }
  /** Units that a language model wrote, and of how many segments or sessions. */
  | { readonly _tag: "Reviewed"; readonly items: number; readonly units: ReadonlyArray<MemoryUnit> }
  /** A model or the index failed: the rest of this kind of work waits in the queue for the next run. */
  | { readonly _tag: "Postponed"; readonly kind: WorkItem["kind"]; readonly error: Postponement }

type Postponement = ModelError | CompressionError | IndexError

export type PipelineError = StoreError
/** Services that queued work needs; reading transcripts needs the `Collector` besides. */
export type DrainServices = Compressor | MemoryStore | ModelManager | VectorIndex
export type PipelineServices = Collector | DrainServices

/**
 * Items claimed at once, which bounds a transaction, the use of memory, and the work that a crash repeats. A segment
 * holds up to 100 messages, a unit no more than a page.
 */
const BATCH: Readonly<Record<WorkItem["kind"], number>> = {
  segment: 8,
  session: 16,
  index: 128,
  review: 4,
  recap: 4,
  upgrade: 1,
  reconcile: 100
}

/** Longest work without a pause; signals and timers wait meanwhile. */
const MAX_BLOCKING_MS = 50

/**
 * Makes an effect that lets the event loop turn, at most once every `PATIENCE_MS`. The work is synchronous, and a plain
 * yield only lets other fibers run, so that a signal would be handled when all work is done.
 */
const makePause = Effect.map(Effect.flatMap(Clock.currentTimeMillis, Ref.make), (last) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    if (now - (yield* Ref.get(last)) < MAX_BLOCKING_MS) return
    yield* EventLoop.turn
    yield* Ref.set(last, now)
  }))

const postponeOnFailure =
  (kind: WorkItem["kind"]) => <R>(step: Effect.Effect<Option.Option<Step>, PipelineError | Postponement, R>) =>
    Effect.catchTag(
      step,
      "ModelError",
      "CompressionError",
      "IndexError",
      (error) => Effect.succeedSome<Step>({ _tag: "Postponed", kind, error })
    )

/** Ends the stream after the first postponed step. */
const untilPostponed = Stream.takeUntil<Step>(({ _tag }) => _tag === "Postponed")

/** Kinds for which a model is paid. */
const PAID: ReadonlySet<WorkItem["kind"]> = new Set(["review", "recap"])

/**
 * Claims work of a kind until none is left, and none of a kind that costs a second time: what changed while a model worked on it would
 * be paid for again and again while a session goes on. Items that a batch did not finish are released, also when the batch is
 * interrupted before its first step. Ends after a postponed step, since the next batch would need the same model or
 * index.
 */
const drainKind = <R>(
  kind: WorkItem["kind"],
  work: (items: ReadonlyArray<WorkItem>) => Effect.Effect<Step, PipelineError | Postponement, R>
): Stream.Stream<Step, PipelineError, R | MemoryStore> =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* MemoryStore
    const pause = yield* makePause
    const paid = new Set<string>()
    const batch = Effect.acquireUseRelease(
      store.claim(kind, BATCH[kind]),
      (items) => {
        if (items.length === 0) return Effect.succeedNone
        if (items.some(({ key }) => paid.has(key))) return Effect.as(store.release(items), Option.none<Step>())
        if (PAID.has(kind)) { for (const { key } of items) paid.add(key) }
        return Effect.asSome(work(items))
      },
      (items, exit) => Exit.isSuccess(exit) ? Effect.void : Effect.ignore(store.release(items))
    ).pipe(
      postponeOnFailure(kind)
    )
    return untilPostponed(Stream.filterMapWhile(Stream.repeatEffect(Effect.zipLeft(batch, pause)), identity))
  }))

/** Interval of renewing leases, which lapse after a minute: a model may take longer. */
const RENEWAL_INTERVAL = Duration.seconds(20)

/** Renews the leases of claimed items as long as the effect runs. */
const renewing = (items: ReadonlyArray<WorkItem>) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(MemoryStore, (store) =>
    // After a failed renewal the lease still lasts for the rest of its minute.
    Effect.raceFirst(effect, Effect.forever(Effect.delay(Effect.ignore(store.renew(items)), RENEWAL_INTERVAL))))

/** Fails where another process has set another index meanwhile: this one's queue is that one's now. */
const ensureOwn = Effect.gen(function*() {
  const store = yield* MemoryStore
  const vectors = yield* VectorIndex
  if (yield* store.isIndexedBy(yield* vectors.identity)) return
  return yield* new IndexError({
    reason: "Mismatch",
    operation: "index",
    detail: "another process keeps it elsewhere; give all the same settings (CLAUDE_MEMORY_QDRANT_URL)",
    cause: undefined
  })
})

/** Writes the points of the items' active units, and removes those of all others. Returns the number of points. */
const indexTogether = (items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const vectors = yield* VectorIndex
    const models = yield* ModelManager
    const ensured = Effect.zipRight(ensureOwn, Effect.flatMap(models.embedding, vectors.ensure))
    const version = yield* ensured
    const units = yield* store.units(items.map(({ key }) => key))
    const points = yield* pointsOf(models, units.filter(({ active }) => active))
    const present = new Set(points.map(({ unitId }) => unitId))
    const absent = items.map(({ key }) => key).filter((id) => !present.has(id))
    // What came back while the model was asked may have its point again.
    const remove = Effect.flatMap(store.units(absent), (units) => {
      const back = new Set(units.flatMap(({ active, id }) => active ? [id] : []))
      return vectors.remove(absent.filter((id) => !back.has(id)))
    })
    const write = Effect.all([
      version.upsert(points),
      absent.length === 0 ? Effect.void : remove,
      // Where another version or index serves meanwhile, the items are to be done again.
      ensured,
      store.done(items)
    ], { discard: true })
    yield* vectors.sharesStore ? store.transaction(write) : write
    return points.length
  })

/** Tests whether one text may be what a model fails at, while it takes others: some servers answer 500, or with a vector of NaN. */
const mayBeText = (error: ModelError | IndexError | StoreError): error is ModelError =>
  error._tag === "ModelError" && (error.reason === "Unavailable" || error.reason === "Damaged")

/** Failures after which a model is probed: it may be down again. */
const FAILURES_BEFORE_PROBE = 3

/** Fails where the model embeds nothing now. A question is never answered from the cache. */
const probe = Effect.flatMap(ModelManager, (models) => vectorsOf(models, ["Is the model there?"], "query")).pipe(
  Effect.catchIf(({ reason }) => reason === "Refused", () => Effect.void)
)

/**
 * Indexes halves of a batch at which the model has failed, down to single memories. These have failed, and are tried again later, once the
 * model is seen to take a short question. Where it does not, its error ends the batch, and what is left waits.
 */
const indexApart = (items: ReadonlyArray<WorkItem>, error: ModelError) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    let failures = 0
    let alone: Array<readonly [WorkItem, ModelError]> = []
    const record = Effect.gen(function*() {
      for (const [item, { message }] of alone) yield* store.fail([item], message)
      failures = 0
      alone = []
    })
    const confirm = Effect.zipRight(probe, record)
    const halves = (items: ReadonlyArray<WorkItem>, error: ModelError): ReturnType<typeof indexTogether> =>
      Effect.gen(function*() {
        if (items.length === 1) {
          alone.push([items[0]!, error])
          return 0
        }
        const middle = Math.ceil(items.length / 2)
        return (yield* half(items.slice(0, middle))) + (yield* half(items.slice(middle)))
      })
    const half = (items: ReadonlyArray<WorkItem>) =>
      Effect.catchIf(
        indexTogether(items),
        mayBeText,
        (error) =>
          Effect.zipRight(Effect.when(confirm, () => ++failures >= FAILURES_BEFORE_PROBE), halves(items, error))
      )
    yield* probe
    const units = yield* halves(items, error)
    yield* failures === 0 ? record : confirm
    return units
  })

/** Indexes the queued units. */
const index = (items: ReadonlyArray<WorkItem>) =>
  indexTogether(items).pipe(
    Effect.catchIf(mayBeText, (error) => indexApart(items, error)),
    Effect.map((units) => ({ _tag: "Indexed" as const, units })),
    renewing(items)
  )

/** Queues the units that the index lacks, and the points that have no unit, or another. One comparison serves all items. */
const compare = (items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const vectors = yield* VectorIndex
    yield* ensureOwn
    const counts = yield* Stream.runFoldEffect(
      differences(store, vectors),
      { missing: 0, orphans: 0, stale: 0 },
      (sum, { missing, orphans, stale }) =>
        Effect.as(
          Effect.when(
            store.queue("index", [...missing, ...orphans, ...stale]),
            () => missing.length + orphans.length + stale.length > 0
          ),
          {
            missing: sum.missing + missing.length,
            orphans: sum.orphans + orphans.length,
            stale: sum.stale + stale.length
          }
        )
    )
    yield* store.done(items)
    return { _tag: "Compared" as const, ...counts }
  })

/**
 * Names the index in use to the store. When it is new or another than before, the store queues a comparison of the
 * whole index.
 */
const attach = Effect.gen(function*() {
  const store = yield* MemoryStore
  const vectors = yield* VectorIndex
  const models = yield* ModelManager
  if (!vectors.sharesStore) yield* Effect.flatMap(models.embedding, vectors.ensure)
  yield* store.indexFor(yield* vectors.identity)
})

/** Fails work that died of a defect, most often a bug in a compressor, and tells of it. */
const failByBug = ({ fail }: MemoryStore["Type"], items: ReadonlyArray<WorkItem>, defect: unknown) => {
  const bug = diedOf(defect)
  const names = items.map(({ key, kind }) => `${kind} ${key}`).join(", ")
  return Effect.zipRight(Effect.logWarning(`${names} is passed over for now: ${bug}`), fail(items, bug))
}

type MakeUnits<A> = (
  compressor: Compressor["Type"],
  source: A
) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError | StoreError, MemoryStore>

/** Dies of units that can't be stored, as of any other bug of a compressor's. */
const storable = <E, R>(made: Effect.Effect<ReadonlyArray<MemoryUnit>, E, R>) =>
  Effect.tap(made, (units) => {
    const flaw = flawOf(units)
    return flaw === undefined ? Effect.void : Effect.dieMessage(flaw)
  })

/** Tests whether what was to be written may be at fault, and not the database or its place. */
const mayBeUnits = (error: StoreError) => error.reason === "Other"

/**
 * Reads the segments or sessions of the items, compresses each into units, and writes them. An item whose compression dies,
 * or whose units the database refuses, fails alone: it would keep all others from being remembered, again at each start.
 */
const compress = <A>(
  read: (store: MemoryStore["Type"], keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<A>, StoreError>,
  keyOf: (source: A) => string,
  makeUnits: MakeUnits<A>,
  afterCommit: (
    sources: ReadonlyArray<A>,
    units: ReadonlyArray<ReadonlyArray<MemoryUnit>>
  ) => Effect.Effect<void, StoreError, MemoryStore>
) =>
(items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const compressor = yield* Compressor
    const sources = yield* read(store, items.map(({ key }) => key))
    const pause = yield* makePause
    const bugs = new Map<string, unknown>()
    const made = new Map<string, { readonly source: A; readonly units: ReadonlyArray<MemoryUnit> }>()
    for (const source of sources) {
      yield* storable(makeUnits(compressor, source)).pipe(
        Effect.map((units) => void made.set(keyOf(source), { source, units })),
        Effect.catchAllDefect((defect) => Effect.sync(() => void bugs.set(keyOf(source), defect))),
        Effect.zipLeft(pause)
      )
    }
    const write = (items: ReadonlyArray<WorkItem>) => {
      const whole = items.flatMap(({ key }) => made.get(key) ?? [])
      const units = whole.flatMap((each) => each.units)
      return store.transaction(Effect.gen(function*() {
        yield* store.commit(items.filter(({ key }) => !bugs.has(key)), units)
        yield* afterCommit(whole.map(({ source }) => source), whole.map((each) => each.units))
        for (const item of items) if (bugs.has(item.key)) yield* failByBug(store, [item], bugs.get(item.key))
        return units
      }))
    }
    const units = yield* Effect.catchIf(write(items), mayBeUnits, () =>
      Effect.map(
        Effect.forEach(
          items,
          (item) => Effect.catchIf(write([item]), mayBeUnits, (error) => Effect.as(failByBug(store, [item], error), []))
        ),
        (written) => written.flat()
      ))
    return { _tag: "Compressed" as const, units }
  })

/** Queues reviews, if there is a reviewer. */
const queueReviews = (
  requestsOf: (
    isWanted: (context: SegmentContext, units: ReadonlyArray<MemoryUnit>) => boolean
  ) => ReadonlyArray<ReviewRequest>
) =>
  Effect.gen(function*() {
    const reviewer = yield* Reviewer
    const store = yield* MemoryStore
    if (Option.isSome(reviewer)) yield* store.queueReviews(requestsOf(reviewer.value.isWanted))
  })

const compressSegments = compress(
  (store, ids) => store.segments(ids),
  ({ segment }) => segment.id,
  (compressor, context) => compressor.compress(context),
  (contexts, units) =>
    queueReviews((isWanted) =>
      contexts.map((context, i) => ({
        sessionId: context.session.id,
        segmentIds: [context.segment.id],
        isWanted: isWanted(context, units[i]!)
      }))
    )
)

/**
 * Sums up a session. Its decisions, all there by now, first take the place of those that they replace: a process that dies between the
 * two does both again.
 */
const summarize: MakeUnits<SessionOutline> = (compressor, outline) =>
  Effect.zipRight(supersede(outline.units), compressor.summarize(outline))

/**
 * Queues a recap too: a session may change without its segments, by its title, and this has just replaced the model's
 * recap.
 */
const summarizeSessions = compress(
  (store, ids) => store.outlines(ids),
  ({ session }) => session.id,
  summarize,
  (outlines) =>
    queueReviews(() => outlines.map(({ session }) => ({ sessionId: session.id, segmentIds: [], isWanted: false })))
)

/**
 * Compresses a session's segments again, in one transaction, so that no part captured meanwhile is replaced by an older one, and has it
 * summed up anew. Asks for no review: an upgrade costs nothing.
 */
const upgradeSession = (items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const compressor = yield* Compressor
    const units: Array<MemoryUnit> = []
    const replace = (origin: string, made: ReadonlyArray<MemoryUnit>) =>
      Effect.zipRight(Effect.sync(() => units.push(...made)), store.replace(origin, made))
    yield* store.transaction(Effect.gen(function*() {
      // A review that was asked for since is not undone.
      for (const key of yield* store.unreviewed(items.map(({ key }) => key))) {
        const isCurrent = ({ compressor: by = 1 }: MemoryUnit) => by >= compressor.version
        for (const { projectId } of (yield* store.sessions([key])).values()) yield* store.holdUnits(projectId)
        // A memory that is new has had no earlier version.
        const outlines = yield* store.outlines([key])
        if (outlines.every(({ units }) => units.length > 0 && units.every(isCurrent))) continue
        for (const context of yield* store.segments(yield* store.segmentsOf(key))) {
          yield* replace(context.segment.id, yield* storable(compressor.compress(context)))
        }
        yield* store.queue("session", [key])
      }
      yield* store.done(items)
    })).pipe(Effect.catchAllDefect((defect) => failByBug(store, items, defect)))
    return { _tag: "Compressed" as const, units }
  })

/** Queues the sessions that an earlier version compressed, newest first, but for those that a model reviewed. */
const queueUpgrades = Effect.gen(function*() {
  const store = yield* MemoryStore
  const { version } = yield* Compressor
  const queue = Effect.flatMap(store.unreviewed("all"), (sessions) => store.queue("upgrade", sessions.toReversed()))
  yield* store.transaction(Effect.flatMap(store.compressedBy(version), (isHigher) => isHigher ? queue : Effect.void))
})

/** Memories whose words are looked at in one transaction. */
const RESPELLED_AT_ONCE = 50

/** Has memories of an earlier version be found by what they say in Traditional characters. */
const respell = Effect.gen(function*() {
  const store = yield* MemoryStore
  const pause = yield* makePause
  yield* Effect.repeat(Effect.zipLeft(store.respell(RESPELLED_AT_ONCE), pause), { while: (isMore) => isMore })
})

/**
 * Has a language model make the units of each item, and writes them item by item. A failed item is tried again later,
 * and the first failure ends this kind of work for now. An exhausted budget does not count as a failure of the item.
 */
const reviewBy = <A extends { readonly session: Session }>(
  compressor: Compressor["Type"],
  read: (store: MemoryStore["Type"], key: string) => Effect.Effect<ReadonlyArray<A>, StoreError>,
  makeUnits: MakeUnits<A>
) =>
(items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const review = (item: WorkItem) =>
      Effect.gen(function*() {
        const [source] = yield* read(store, item.key)
        if (source === undefined) return yield* Effect.as(store.done([item]), [])
        const { id, projectId } = source.session
        // Nothing of a project that was excluded meanwhile goes to a provider.
        if (findById(yield* store.projects, projectId)?.isExcluded === true) {
          return yield* Effect.as(store.done([item]), [])
        }
        const units = yield* Effect.provideService(storable(makeUnits(compressor, source)), CurrentProject, projectId)
        // The recap may have been written without this segment, if the segment had failed before. With it, or a process that is killed
        // between the two would leave the recap as it is, and another one that takes it up between them would have it done again.
        const recap = item.kind === "review" ? [{ sessionId: id, segmentIds: [], isWanted: false }] : []
        const write = store.transaction(Effect.zipRight(store.commit([item], units), store.queueReviews(recap)))
        return yield* Effect.catchIf(Effect.as(write, units), mayBeUnits, Effect.die)
      }).pipe(
        Effect.tapErrorTag(
          "CompressionError",
          ({ message, reason }) => reason === "Postponed" ? Effect.void : store.fail([item], message)
        ),
        Effect.catchAllDefect((defect) => Effect.as(failByBug(store, [item], defect), [])),
        Effect.either
      )
    const results = yield* renewing(items)(forEach(items, BATCH.review, review))
    const failed = results.find(Either.isLeft)
    if (failed !== undefined) return yield* failed.left
    const units = results.filter(Either.isRight).flatMap(({ right }) => right)
    return { _tag: "Reviewed" as const, items: items.length, units }
  })

/** Brings the index in line with the store. */
export const catchUp: Stream.Stream<Step, PipelineError, MemoryStore | VectorIndex | ModelManager> = Stream.fromEffect(
  postponeOnFailure("index")(Effect.as(attach, Option.none()))
).pipe(
  Stream.filterMap(identity),
  Stream.concat(drainKind("reconcile", compare)),
  Stream.concat(drainKind("index", index)),
  untilPostponed
)

/** Has a language model review the queued segments, then recap their sessions from the reviewed units. */
export const review: Stream.Stream<Step, PipelineError, MemoryStore | VectorIndex | ModelManager> = Stream.unwrap(
  Effect.map(
    Reviewer,
    Option.match({
      onNone: () => Stream.empty,
      onSome: ({ compressor }) =>
        drainKind(
          "review",
          reviewBy(
            compressor,
            (store, id) => store.segments([id]),
            (compressor, context) => compressor.compress(context)
          )
        ).pipe(
          Stream.concat(
            drainKind(
              "recap",
              reviewBy(
                compressor,
                (store, id) => store.outlines([id]),
                summarize
              )
            )
          ),
          // A recap needs all segments of its session, so none is written while reviews wait.
          untilPostponed,
          Stream.concat(catchUp)
        )
    })
  )
)

/** Brings to this version what earlier ones wrote: the words of memories, then the memories, session by session. */
export const upgrade: Stream.Stream<Step, PipelineError, DrainServices> = Stream.execute(
  Effect.zipRight(respell, queueUpgrades)
).pipe(
  Stream.concat(drainKind("upgrade", upgradeSession)),
  Stream.concat(drainKind("session", summarizeSessions)),
  untilPostponed,
  Stream.concat(catchUp)
)

/** Compresses the captured segments and sessions; search then finds the units by their words. */
export const remember: Stream.Stream<Step, PipelineError, Compressor | MemoryStore> = Stream.concat(
  drainKind("segment", compressSegments),
  drainKind("session", summarizeSessions)
)

/** Works off the queue except for reviews. */
export const settle: Stream.Stream<Step, PipelineError, DrainServices> = Stream.concat(remember, catchUp)

/** Works off the queue, whoever filled it. */
export const drain: Stream.Stream<Step, PipelineError, DrainServices> = Stream.concat(settle, review)

/**
 * Reads transcripts, and Claude Code's own notes on their projects. Reads the next batch when the previous one is
 * written.
 */
export const capture = (files: ReadonlyArray<TranscriptFile>): Stream.Stream<Step, PipelineError, Collector> =>
  Stream.unwrap(Effect.map(Collector, (collector) =>
    Stream.concat(
      Stream.map(collector.sync(files), (captured): Step => ({ _tag: "Captured", captured })),
      Stream.map(collector.notes(files), (units): Step => ({ _tag: "Compressed", units }))
    )))

/** Recognizes the projects of folders that belong to a repository, and merges those into it that are sure. */
export const attachGone: Stream.Stream<Step, PipelineError, Collector> = Stream.unwrap(
  Effect.map(
    Effect.flatMap(Collector, (collector) => collector.attach),
    ({ alike, sure }) =>
      alike.length + sure.length === 0 ? Stream.empty : Stream.succeed<Step>({ _tag: "Recognized", alike, sure })
  )
)

/** Reads transcripts, then works off the whole queue. */
export const ingest = (files: ReadonlyArray<TranscriptFile>): Stream.Stream<Step, PipelineError, PipelineServices> =>
  capture(files).pipe(Stream.concat(attachGone), Stream.concat(drain))
