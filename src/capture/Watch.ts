/**
 * Finds the transcripts that may have changed: by file system events, and by polling, which finds what events miss
 * (folders made meanwhile, network file systems, no watchers left).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { basename, dirname, join, sep } from "node:path"
import type { PerCall } from "../resources/PerCall.ts"
import * as ScopeMap from "../resources/ScopeMap.ts"
import * as Watcher from "../resources/Watcher.ts"
import type { Cursor } from "../store/MemoryStore.ts"
import { discover, EXTENSION, type Folder, folderAt, newestFirst, statAgain, type TranscriptFile } from "./Discovery.ts"

/** Transcripts that may hold unread lines, newest first, and how many more are waiting. */
export interface Batch {
  readonly files: ReadonlyArray<TranscriptFile>
  readonly waiting: number
}

export interface Options {
  /** Most folders that are watched; 0 means polling alone. */
  readonly maxWatched: number
  /** Opens the watchers, for as long as the stream runs. */
  readonly perCall: PerCall
  /** Reads the stored cursors of these transcripts. */
  readonly cursors: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, Cursor>>
}

/** Default for `maxWatched`. Linux grants a user some thousand watches, shared by all programs. */
export const MAX_WATCHED = 64

/** Events within this time are handled together. */
const DEBOUNCE = "150 millis"
/** Transcripts written within `RECENT_MS`, at most `MAX_RECENT`, are polled at this interval, watched or not. */
const POLL_INTERVAL = "2 seconds"
const RECENT_MS = 10 * 60_000
const MAX_RECENT = 32
/** Pause after a full scan, as a multiple of its duration, so that scans use a fifth of a percent of the time. */
const PAUSE_FACTOR = 500
const MIN_PAUSE_MS = 5_000
const MAX_PAUSE_MS = 5 * 60_000
/** Bounds a batch, so that transcripts being written get their turn between two batches of a backlog. */
const BATCH_BYTES = 8 * 1024 * 1024

/** Folders beside transcripts that never hold transcripts. */
const NEVER_TRANSCRIPTS: ReadonlySet<string> = new Set(["memory", "tool-results"])

const isTranscript = (name: string) => name.endsWith(EXTENSION)

/** Returns the folders between the root and the file, the highest first. */
const foldersTo = (file: string, roots: ReadonlyArray<Folder>): ReadonlyArray<string> => {
  const root = roots.find(({ path }) => file.startsWith(path + sep))
  const found: Array<string> = []
  // A file below no root was reached by a link: only its own folder is returned.
  for (let at = dirname(file); root === undefined ? found.length === 0 : at !== root.path; at = dirname(at)) {
    found.unshift(at)
  }
  return found
}

/** Errors that concern one folder alone (gone, or not ours): others can still be watched. */
const FOLDER_ERRORS: ReadonlySet<string> = new Set(["EACCES", "ENOENT", "ENOTDIR", "EPERM"])

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: " (fs.inotify.max_user_watches is used up)",
  EMFILE: " (fs.inotify.max_user_instances, or what this process may open, is used up)"
}

const make = (folders: ReadonlyArray<string>, { cursors, maxWatched, perCall }: Options) =>
  Effect.gen(function*() {
    /** Open while `changed` holds a path. */
    const hasChanges = yield* Effect.makeLatch()
    const changed = new Set<string>()
    /** Size and modification time of each transcript when it was last found. */
    const known = new Map<string, Pick<TranscriptFile, "size" | "modifiedAt">>()
    const waiting = new Map<string, TranscriptFile>()
    /** Recently written transcripts, in the order in which their changes were found. */
    const recent = new Set<string>()
    let roots: ReadonlyArray<Folder> = []
    let nextFullScan = 0
    let isRefused = false
    let hasWarned = false

    const markChanged = (path: string) => {
      changed.add(path)
      hasChanges.unsafeOpen()
    }

    const watched = yield* perCall(ScopeMap.make({
      atMost: maxWatched,
      open: (folder: string) =>
        Watcher.open({
          folder,
          onEvent: (event, name) => {
            // An event with the folder's own name: the folder itself was moved or deleted.
            if (name === null || name === basename(folder)) markChanged(folder)
            if (name !== null && (event === "rename" || isTranscript(name))) markChanged(join(folder, name))
          },
          onError: () => markChanged(folder)
        })
    }))

    /** Stops watching the folder and all folders below it. */
    const unwatch = (folder: string) =>
      Effect.forEach(
        [...watched.keys()].filter((path) => path === folder || path.startsWith(folder + sep)),
        watched.remove,
        { discard: true }
      )

    const onRefused = ({ code, message }: Watcher.WatcherError) =>
      Effect.gen(function*() {
        if (FOLDER_ERRORS.has(code)) return
        isRefused = true
        if (hasWarned) return
        hasWarned = true
        yield* Effect.logWarning(
          `${message}${HINTS[code] ?? ""}. Nothing is lost: transcripts are looked at every few seconds instead`
        )
      })

    const watch = (folder: string) =>
      Effect.gen(function*() {
        if (watched.has(folder) || watched.size >= maxWatched || isRefused || NEVER_TRANSCRIPTS.has(basename(folder))) {
          return
        }
        yield* Effect.catchAll(watched.add(folder), onRefused)
      })

    const note = (file: TranscriptFile, now: number) => {
      const last = known.get(file.path)
      if (last?.size === file.size && last.modifiedAt === file.modifiedAt) return
      known.set(file.path, file)
      waiting.set(file.path, file)
      if (now - file.modifiedAt > RECENT_MS) return
      recent.delete(file.path)
      recent.add(file.path)
      for (const path of [...recent].slice(0, -MAX_RECENT)) recent.delete(path)
    }

    const forget = (path: string) => {
      for (const each of known.keys()) if (each === path || each.startsWith(path + sep)) known.delete(each)
    }

    const scan = (path: string, now: number) =>
      Effect.gen(function*() {
        if (!isTranscript(path)) {
          // A new folder may have taken the place of the watched one.
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

    const findRoots = Effect.map(Effect.forEach(folders, folderAt), (found) => found.flatMap(Option.toArray))

    const fullScan = Effect.gen(function*() {
      const start = yield* Clock.currentTimeMillis
      isRefused = false
      // A missing folder is no error: it may be made later.
      const found = yield* Effect.forEach(folders, (each) => Effect.orElseSucceed(discover([each]), () => []))
      const files = found.flat().sort(newestFirst)
      if (nextFullScan === 0) {
        for (const { modifiedAt, offset, path } of (yield* cursors(files.map(({ path }) => path))).values()) {
          known.set(path, { size: offset, modifiedAt })
        }
      }
      const room = Math.ceil(0.75 * maxWatched)
      const wanted = new Set(roots.map(({ path }) => path))
      for (const { path } of files) {
        for (const folder of foldersTo(path, roots)) if (wanted.size < room) wanted.add(folder)
      }
      // Folders made meanwhile, which hold no transcript yet, stay watched while there is room.
      const others = [...watched.keys()].filter((folder) => !wanted.has(folder))
      yield* Effect.forEach(others.slice(0, Math.max(0, wanted.size + others.length - room)), unwatch)
      yield* Effect.forEach(wanted, watch)
      const present = new Set(files.map(({ path }) => path))
      for (const path of known.keys()) if (!present.has(path)) known.delete(path)
      const now = yield* Clock.currentTimeMillis
      for (const file of files.toReversed()) note(file, now)
      nextFullScan = now + Math.min(Math.max((now - start) * PAUSE_FACTOR, MIN_PAUSE_MS), MAX_PAUSE_MS)
    })

    const take = (): Batch => {
      const files: Array<TranscriptFile> = []
      let bytes = 0
      for (const file of [...waiting.values()].sort(newestFirst)) {
        bytes += file.size
        if (files.length > 0 && bytes > BATCH_BYTES) break
        files.push(file)
        waiting.delete(file.path)
      }
      return { files, waiting: waiting.size }
    }

    const next = Effect.gen(function*() {
      if (waiting.size === 0 && nextFullScan > 0) {
        yield* Effect.timeoutOption(Effect.zipRight(hasChanges.await, Effect.sleep(DEBOUNCE)), POLL_INTERVAL)
      }
      yield* hasChanges.close
      const paths = [...changed]
      changed.clear()
      const now = yield* Clock.currentTimeMillis
      const before = roots
      roots = yield* findRoots
      const gone = before.filter(({ id }) => !roots.some((root) => root.id === id))
      yield* Effect.forEach(gone, ({ path }) => unwatch(path))
      for (const path of recent) if ((known.get(path)?.modifiedAt ?? 0) < now - RECENT_MS) recent.delete(path)
      if (now >= nextFullScan || gone.length > 0 || roots.length > before.length) yield* fullScan
      yield* Effect.forEach(paths, (path) => scan(path, now), { discard: true })
      for (const file of yield* statAgain([...recent])) note(file, now)
      return take()
    })
    return { next }
  })

/** Emits all unread transcripts first, then transcripts as they change. Ends only by interruption. */
export const watch = (folders: ReadonlyArray<string>, options: Options): Stream.Stream<Batch> =>
  Stream.unwrapScoped(Effect.map(make(folders, options), ({ next }) => Stream.repeatEffect(next))).pipe(
    Stream.zipWithIndex,
    // An empty first batch is emitted: it reports that there is nothing to read.
    Stream.filterMap(([batch, i]) => batch.files.length > 0 || i === 0 ? Option.some(batch) : Option.none())
  )
