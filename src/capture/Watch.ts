/**
 * Which transcripts may have changed: as the operating system tells it, and by looking again, which finds what that misses (folders
 * made meanwhile, network file systems, no watchers left to be had).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { watch as watchFolder } from "node:fs"
import { basename, dirname, join, sep } from "node:path"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import type { Cursor } from "../store/MemoryStore.ts"
import {
  codeOf,
  discover,
  EXTENSION,
  type Folder,
  folderAt,
  lookAgain,
  newest,
  toCaptureError,
  type TranscriptFile
} from "./Discovery.ts"

/** Transcripts that may hold what was not read yet, newest first, and how many more are known of. */
export interface Batch {
  readonly files: ReadonlyArray<TranscriptFile>
  readonly waiting: number
}

export interface Options {
  /** How many folders are watched at most; 0 is polling alone. */
  readonly watched: number
  /** How far these were read before. */
  readonly cursors: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, Cursor>>
}

/** Linux lets a user have some thousand watchers, for all programs. */
export const WATCHED = 64

/** What is told of in so short a time is looked at once. */
const SETTLES = "150 millis"
/** Those written lately are looked at so often, whoever watches them. */
const LOOKS_EVERY = "2 seconds"
const LATELY_MS = 10 * 60_000
const LATELY_AT_MOST = 32
/** All are looked at again after so many times as long as it took: a fifth of a percent of the time. */
const REST = 500
const SHORTEST_REST_MS = 5_000
const LONGEST_REST_MS = 5 * 60_000
/** Between two batches, what is being written has its turn. */
const BATCH_BYTES = 8 * 1024 * 1024

/** Folders beside transcripts that hold none. */
const OTHERS: ReadonlySet<string> = new Set(["memory", "tool-results"])

const isTranscript = (name: string) => name.endsWith(EXTENSION)

/** The folders below a root that lead to a file, the highest first. */
const foldersTo = (file: string, roots: ReadonlyArray<Folder>): ReadonlyArray<string> => {
  const root = roots.find(({ path }) => file.startsWith(path + sep))
  const found: Array<string> = []
  // Without one, a link led there.
  for (let at = dirname(file); root === undefined ? found.length === 0 : at !== root.path; at = dirname(at)) {
    found.unshift(at)
  }
  return found
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: " (fs.inotify.max_user_watches is used up)",
  EMFILE: " (fs.inotify.max_user_instances, or what this process may open, is used up)"
}

const make = (folders: ReadonlyArray<string>, { cursors, watched: most }: Options) =>
  Effect.gen(function*() {
    const ledger = yield* ResourceLedger
    const scope = yield* Effect.scope
    /** Open while something is in `changed`. */
    const told = yield* Effect.makeLatch()
    const changed = new Set<string>()
    const watched = new Map<string, Scope.CloseableScope>()
    /** As they were last found. */
    const known = new Map<string, Pick<TranscriptFile, "size" | "modifiedAt">>()
    const waiting = new Map<string, TranscriptFile>()
    /** In the order in which they were found changed. */
    const lately = new Set<string>()
    let roots: ReadonlyArray<Folder> = []
    let nextLookAtAll = 0
    let isRefused = false
    let isTold = false

    const tell = (path: string) => {
      changed.add(path)
      told.unsafeOpen()
    }

    /** Also what is watched below it. */
    const unwatch = (folder: string) =>
      Effect.forEach([...watched], ([path, own]) => {
        if (path !== folder && !path.startsWith(folder + sep)) return Effect.void
        watched.delete(path)
        return Scope.close(own, Exit.void)
      }, { discard: true })

    const refused = (folder: string, cause: unknown) =>
      Effect.gen(function*() {
        const code = String(codeOf(cause))
        if (code === "ENOENT" || code === "ENOTDIR") return
        isRefused = true
        if (isTold) return
        isTold = true
        yield* Effect.logWarning(
          `${folder} can't be watched: ${code}${
            HINTS[code] ?? ""
          }. Nothing is lost: transcripts are looked at every few ` +
            "seconds instead"
        )
      })

    const watch = (folder: string) =>
      Effect.gen(function*() {
        if (watched.has(folder) || watched.size >= most || isRefused || OTHERS.has(basename(folder))) return
        const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
        const watcher = yield* ledger.acquire({
          kind: "watcher",
          name: folder,
          open: Effect.try({
            try: () =>
              watchFolder(folder, (event, name) => {
                // Its own name: it was moved or deleted itself.
                if (name === null || name === basename(folder)) tell(folder)
                if (name !== null && (event === "rename" || isTranscript(name))) tell(join(folder, name))
              }).on("error", () => tell(folder)),
            catch: toCaptureError(folder)
          }),
          close: (watcher) => Effect.sync(() => watcher.close()),
          within: "1 second"
        }).pipe(Scope.extend(own), Effect.either)
        if (watcher._tag === "Right") watched.set(folder, own)
        else {
          yield* Scope.close(own, Exit.void)
          yield* refused(folder, watcher.left._tag === "CaptureError" ? watcher.left.cause : watcher.left)
        }
      })

    const note = (file: TranscriptFile, now: number) => {
      const last = known.get(file.path)
      if (last?.size === file.size && last.modifiedAt === file.modifiedAt) return
      known.set(file.path, file)
      waiting.set(file.path, file)
      if (now - file.modifiedAt > LATELY_MS) return
      lately.delete(file.path)
      lately.add(file.path)
      for (const path of [...lately].slice(0, -LATELY_AT_MOST)) lately.delete(path)
    }

    const forget = (path: string) => {
      for (const each of known.keys()) if (each === path || each.startsWith(path + sep)) known.delete(each)
    }

    const lookAt = (path: string, now: number) =>
      Effect.gen(function*() {
        if (!isTranscript(path)) {
          // It may be another than the one that was watched.
          yield* unwatch(path)
          if (Option.isNone(yield* folderAt(path))) return forget(path)
          yield* watch(path)
        }
        const files = yield* discover([path])
        for (const file of files) {
          note(file, now)
          yield* Effect.forEach(foldersTo(file.path, roots), watch, { discard: true })
        }
      }).pipe(Effect.catchAll(({ reason }) => Effect.sync(() => reason === "Missing" ? forget(path) : undefined)))

    const rootsNow = Effect.map(Effect.forEach(folders, folderAt), (found) => found.flatMap(Option.toArray))

    const lookAtAll = Effect.gen(function*() {
      const start = yield* Clock.currentTimeMillis
      isRefused = false
      // A folder that is not there yet is waited for.
      const found = yield* Effect.forEach(folders, (each) => Effect.orElseSucceed(discover([each]), () => []))
      const files = found.flat().sort(newest)
      if (nextLookAtAll === 0) {
        for (const { modifiedAt, offset, path } of (yield* cursors(files.map(({ path }) => path))).values()) {
          known.set(path, { size: offset, modifiedAt })
        }
      }
      const room = Math.ceil(0.75 * most)
      const wanted = new Set(roots.map(({ path }) => path))
      for (const { path } of files) {
        for (const folder of foldersTo(path, roots)) if (wanted.size < room) wanted.add(folder)
      }
      // Some were made meanwhile, and hold no transcript yet.
      const others = [...watched.keys()].filter((folder) => !wanted.has(folder))
      yield* Effect.forEach(others.slice(0, Math.max(0, wanted.size + others.length - room)), unwatch)
      yield* Effect.forEach(wanted, watch)
      const present = new Set(files.map(({ path }) => path))
      for (const path of known.keys()) if (!present.has(path)) known.delete(path)
      const now = yield* Clock.currentTimeMillis
      for (const file of files.toReversed()) note(file, now)
      nextLookAtAll = now + Math.min(Math.max((now - start) * REST, SHORTEST_REST_MS), LONGEST_REST_MS)
    })

    const take = (): Batch => {
      const files: Array<TranscriptFile> = []
      let bytes = 0
      for (const file of [...waiting.values()].sort(newest)) {
        bytes += file.size
        if (files.length > 0 && bytes > BATCH_BYTES) break
        files.push(file)
        waiting.delete(file.path)
      }
      return { files, waiting: waiting.size }
    }

    const next = Effect.gen(function*() {
      if (waiting.size === 0 && nextLookAtAll > 0) {
        yield* Effect.timeoutOption(Effect.zipRight(told.await, Effect.sleep(SETTLES)), LOOKS_EVERY)
      }
      yield* told.close
      const paths = [...changed]
      changed.clear()
      const now = yield* Clock.currentTimeMillis
      const before = roots
      roots = yield* rootsNow
      const gone = before.filter(({ id }) => !roots.some((root) => root.id === id))
      yield* Effect.forEach(gone, ({ path }) => unwatch(path))
      for (const path of lately) if ((known.get(path)?.modifiedAt ?? 0) < now - LATELY_MS) lately.delete(path)
      if (now >= nextLookAtAll || gone.length > 0 || roots.length > before.length) yield* lookAtAll
      yield* Effect.forEach(paths, (path) => lookAt(path, now), { discard: true })
      for (const file of yield* lookAgain([...lately])) note(file, now)
      return take()
    })
    return { next }
  })

/** The first batches are all that was not read before; then those that changed, as they do. It ends only when it is interrupted. */
export const watch = (folders: ReadonlyArray<string>, options: Options): Stream.Stream<Batch, never, ResourceLedger> =>
  Stream.unwrapScoped(Effect.map(make(folders, options), ({ next }) => Stream.repeatEffect(next))).pipe(
    Stream.zipWithIndex,
    // The first says, if it is empty, that there is nothing.
    Stream.filterMap(([batch, i]) => batch.files.length > 0 || i === 0 ? Option.some(batch) : Option.none())
  )
