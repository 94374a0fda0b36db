/**
 * The whole way in, as one composition: lines → messages → segments → units → vectors.
 *
 * Capture writes messages and queues the segments they changed; the queue is then compressed, embedded and indexed batch by
 * batch; what a language model is to look at is compressed once more at the end, when it can be found already. Whatever is
 * interrupted between two batches is still in the queue at the next start.
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
import { type Captured, Collector, type TranscriptFile } from "./capture/Collector.ts"
import { type CompressionError, Compressor, Reviewer } from "./compress/Compressor.ts"
import type { Session } from "./domain/Conversation.ts"
import type { MemoryUnit } from "./domain/MemoryUnit.ts"
import { differences } from "./index/Differences.ts"
import { pointsOf } from "./index/Points.ts"
import { type IndexError, VectorIndex } from "./index/VectorIndex.ts"
import { CurrentProject } from "./models/CurrentProject.ts"
import { type ModelError, ModelManager } from "./models/ModelManager.ts"
import { forEach } from "./resources/Concurrent.ts"
import {
  MemoryStore,
  type ReviewRequest,
  type SegmentContext,
  type StoreError,
  type WorkItem
} from "./store/MemoryStore.ts"

export type Step =
  | { readonly _tag: "Captured"; readonly captured: Captured }
  | { readonly _tag: "Compressed"; readonly units: ReadonlyArray<MemoryUnit> }
  | { readonly _tag: "Indexed"; readonly units: number }
  /** The index was compared with the store: what is missing and what is too much is queued. */
  | { readonly _tag: "Compared"; readonly missing: number; readonly orphans: number }
  /** Units that a language model wrote, and of how many segments or sessions. */
  | { readonly _tag: "Reviewed"; readonly items: number; readonly units: ReadonlyArray<MemoryUnit> }
  /** A model or the index could not do its part: what is left of a kind of work waits in the queue for the next run. */
  | { readonly _tag: "Postponed"; readonly kind: WorkItem["kind"]; readonly error: Postponement }

type Postponement = ModelError | CompressionError | IndexError

export type PipelineError = StoreError
export type DrainServices = Compressor | MemoryStore | ModelManager | VectorIndex
export type PipelineServices = Collector | DrainServices

/**
 * Items claimed at once: what one transaction writes, what is in memory, and what a crash makes to be done again. A segment
 * holds up to 100 messages, a unit no more than a page.
 */
const BATCH: Readonly<Record<WorkItem["kind"], number>> = {
  segment: 8,
  session: 16,
  index: 128,
  review: 4,
  recap: 4,
  reconcile: 1
}

/** Work that takes longer without a pause lets signals and timers wait. */
const PATIENCE_MS = 50

/**
 * What to do after each batch: the work is synchronous, and an effect that yields only goes behind others, so that a signal
 * would be heard when all is done.
 */
const pauses = Effect.map(Effect.flatMap(Clock.currentTimeMillis, Ref.make), (last) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    if (now - (yield* Ref.get(last)) < PATIENCE_MS) return
    yield* Effect.sleep(0)
    yield* Ref.set(last, now)
  }))

const postponed =
  (kind: WorkItem["kind"]) => <R>(step: Effect.Effect<Option.Option<Step>, PipelineError | Postponement, R>) =>
    Effect.catchTag(
      step,
      "ModelError",
      "CompressionError",
      "IndexError",
      (error) => Effect.succeedSome<Step>({ _tag: "Postponed", kind, error })
    )

/** Up to the first part that can't be done. */
const unlessPostponed = Stream.takeUntil<Step>(({ _tag }) => _tag === "Postponed")

/**
 * Claims work of a kind until none is left; what a batch did not finish is given back, also when it is interrupted before its first
 * step. Where a model can't do its part it ends, for the next batch would need it too.
 */
const worked = <R>(
  kind: WorkItem["kind"],
  work: (items: ReadonlyArray<WorkItem>) => Effect.Effect<Step, PipelineError | Postponement, R>
): Stream.Stream<Step, PipelineError, R | MemoryStore> =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* MemoryStore
    const pause = yield* pauses
    const batch = Effect.acquireUseRelease(
      store.claim(kind, BATCH[kind]),
      (items) => items.length > 0 ? Effect.asSome(work(items)) : Effect.succeedNone,
      (items, exit) => Exit.isSuccess(exit) ? Effect.void : Effect.ignore(store.release(items))
    ).pipe(
      postponed(kind)
    )
    return unlessPostponed(Stream.filterMapWhile(Stream.repeatEffect(Effect.zipLeft(batch, pause)), identity))
  }))

/** Brings the index in line with the units written, changed or removed since. */
const index = (items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const vectors = yield* VectorIndex
    const models = yield* ModelManager
    yield* Effect.flatMap(models.embedding, vectors.ensure)
    const units = yield* store.units(items.map(({ key }) => key))
    const points = yield* pointsOf(models, units.filter(({ active }) => active))
    const present = new Set(points.map(({ unitId }) => unitId))
    const write = Effect.all([
      vectors.upsert(points),
      vectors.remove(items.map(({ key }) => key).filter((id) => !present.has(id))),
      store.done(items)
    ], { discard: true })
    yield* vectors.sharesStore ? store.transaction(write) : write
    return { _tag: "Indexed" as const, units: points.length }
  })

/** Queues what the index lacks, and what it holds too much. */
const compare = (items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const vectors = yield* VectorIndex
    const counts = yield* Stream.runFoldEffect(
      differences(store, vectors),
      { missing: 0, orphans: 0 },
      (sum, { missing, orphans }) =>
        Effect.as(
          missing.length + orphans.length === 0 ? Effect.void : store.queue("index", [...missing, ...orphans]),
          { missing: sum.missing + missing.length, orphans: sum.orphans + orphans.length }
        )
    )
    yield* store.done(items)
    return { _tag: "Compared" as const, ...counts }
  })

/** Sees to it that the index which is in use now follows the store; one that is new or another than before is compared as a whole. */
const attach = Effect.gen(function*() {
  const store = yield* MemoryStore
  const vectors = yield* VectorIndex
  const models = yield* ModelManager
  if (!vectors.sharesStore) yield* Effect.flatMap(models.embedding, vectors.ensure)
  yield* store.indexFor(yield* vectors.identity)
})

/** Reads what the items stand for, makes units of each, and writes them. */
const compress = <A>(
  read: (store: MemoryStore["Type"], keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<A>, StoreError>,
  make: (compressor: Compressor["Type"], one: A) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError>,
  written: (
    all: ReadonlyArray<A>,
    units: ReadonlyArray<ReadonlyArray<MemoryUnit>>
  ) => Effect.Effect<void, StoreError, MemoryStore>
) =>
(items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const compressor = yield* Compressor
    const all = yield* read(store, items.map(({ key }) => key))
    const pause = yield* pauses
    const made = yield* Effect.forEach(all, (one) => Effect.zipLeft(make(compressor, one), pause))
    const units = made.flat()
    yield* store.transaction(Effect.zipRight(store.commit(items, units), written(all, made)))
    return { _tag: "Compressed" as const, units }
  })

/** Queues what a language model is to look at. */
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
  (compressor, context) => compressor.compress(context),
  (contexts, made) =>
    queueReviews((isWanted) =>
      contexts.map((context, i) => ({
        sessionId: context.session.id,
        segmentIds: [context.segment.id],
        isWanted: isWanted(context, made[i]!)
      }))
    )
)

/** A session may change without its segments, by its title: what a model wrote of it has just been replaced. */
const summarizeSessions = compress(
  (store, ids) => store.outlines(ids),
  (compressor, outline) => compressor.summarize(outline),
  (outlines) =>
    queueReviews(() => outlines.map(({ session }) => ({ sessionId: session.id, segmentIds: [], isWanted: false })))
)

/** Claims lapse after a minute, and a language model may take longer. */
const RENEWED_EVERY = Duration.seconds(20)

/**
 * Has a language model make the units of what the items stand for. Each is written when it is made; what failed is tried again later,
 * and the first failure ends this kind of work for now. That nothing may be spent any more is no failure of the item.
 */
const reviewBy = <A extends { readonly session: Session }>(
  compressor: Compressor["Type"],
  read: (store: MemoryStore["Type"], key: string) => Effect.Effect<ReadonlyArray<A>, StoreError>,
  make: (compressor: Compressor["Type"], one: A) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError>
) =>
(items: ReadonlyArray<WorkItem>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const review = (item: WorkItem) =>
      Effect.gen(function*() {
        const [one] = yield* read(store, item.key)
        if (one === undefined) return yield* Effect.as(store.done([item]), [])
        const { id, projectId } = one.session
        const units = yield* Effect.provideService(make(compressor, one), CurrentProject, projectId)
        yield* store.commit([item], units)
        // Also when the session was told already, because this one had failed.
        if (item.kind === "review") yield* store.queueReviews([{ sessionId: id, segmentIds: [], isWanted: false }])
        return units
      }).pipe(
        Effect.tapErrorTag(
          "CompressionError",
          ({ message, reason }) => reason === "Budget" ? Effect.void : store.fail([item], message)
        ),
        Effect.either
      )
    // A renewal that fails leaves the rest of the minute.
    const renewed = Effect.forever(Effect.delay(Effect.ignore(store.renew(items)), RENEWED_EVERY))
    const made = yield* Effect.raceFirst(forEach(items, BATCH.review, review), renewed)
    const failed = made.find(Either.isLeft)
    if (failed !== undefined) return yield* failed.left
    const units = made.filter(Either.isRight).flatMap(({ right }) => right)
    return { _tag: "Reviewed" as const, items: items.length, units }
  })

/** Brings the index in line with the store. */
export const catchUp: Stream.Stream<Step, PipelineError, MemoryStore | VectorIndex | ModelManager> = Stream.fromEffect(
  postponed("index")(Effect.as(attach, Option.none()))
).pipe(
  Stream.filterMap(identity),
  Stream.concat(worked("reconcile", compare)),
  Stream.concat(worked("index", index)),
  unlessPostponed
)

/** What a language model is to look at: the segments, then the sessions, which are told by what was made of those. */
export const review: Stream.Stream<Step, PipelineError, MemoryStore | VectorIndex | ModelManager> = Stream.unwrap(
  Effect.map(
    Reviewer,
    Option.match({
      onNone: () => Stream.empty,
      onSome: ({ compressor }) =>
        worked(
          "review",
          reviewBy(
            compressor,
            (store, id) => store.segments([id]),
            (compressor, context) => compressor.compress(context)
          )
        ).pipe(
          Stream.concat(
            worked(
              "recap",
              reviewBy(
                compressor,
                (store, id) => store.outlines([id]),
                (compressor, outline) => compressor.summarize(outline)
              )
            )
          ),
          // A session is told when all that is to be told of it is: not while reviews wait.
          unlessPostponed,
          Stream.concat(catchUp)
        )
    })
  )
)

/** Makes memories of what was captured; they are found by their words from then on. */
export const remember: Stream.Stream<Step, PipelineError, Compressor | MemoryStore> = Stream.concat(
  worked("segment", compressSegments),
  worked("session", summarizeSessions)
)

/** Works off the queue but for what a language model is to look at. */
export const settle: Stream.Stream<Step, PipelineError, DrainServices> = Stream.concat(remember, catchUp)

/** Works off the queue, whoever filled it. */
export const drain: Stream.Stream<Step, PipelineError, DrainServices> = Stream.concat(settle, review)

/** Transcripts in, and what Claude Code keeps of their projects itself. One batch at a time: the next is read when the one before is written. */
export const capture = (files: ReadonlyArray<TranscriptFile>): Stream.Stream<Step, PipelineError, Collector> =>
  Stream.unwrap(Effect.map(Collector, (collector) =>
    Stream.concat(
      Stream.map(collector.sync(files), (captured): Step => ({ _tag: "Captured", captured })),
      Stream.map(collector.notes(files), (units): Step => ({ _tag: "Compressed", units }))
    )))

/** Transcripts in, memories out. */
export const ingest = (files: ReadonlyArray<TranscriptFile>): Stream.Stream<Step, PipelineError, PipelineServices> =>
  Stream.concat(capture(files), drain)
