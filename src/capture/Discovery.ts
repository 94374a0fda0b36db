/**
 * Finds transcript files.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Dirent, Stats } from "node:fs"
import { readdir, realpath, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { forEach } from "../resources/Concurrent.ts"

/** `Missing`: nothing is at the path. `Unreadable`: the system refuses it, and `cause` has its code. */
export class CaptureError extends Schema.TaggedError<CaptureError>()("CaptureError", {
  reason: Schema.Literal("Missing", "NoTranscript", "Unreadable"),
  path: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    switch (this.reason) {
      case "Missing":
        return `${this.path} does not exist; check the path. Claude Code makes the folder of its transcripts at the first session, in ` +
          "CLAUDE_CONFIG_DIR where that is set"
      case "NoTranscript":
        return `${this.path} is no transcript: none of its lines is one that Claude Code writes. Name a .jsonl file of its ` +
          "projects folder, or a folder of them"
      case "Unreadable":
        return `${this.path} can't be read; it is taken up again by the next import. Check its permissions`
    }
  }
}

/** `path` has no links, `size` is in bytes, and `modifiedAt` in milliseconds since the epoch. */
export interface TranscriptFile {
  readonly path: string
  readonly size: number
  readonly modifiedAt: number
}

export const EXTENSION = ".jsonl"
/** Begins the name of an agent's transcript, which older versions of Claude Code write beside its session's. */
const AGENT = "agent-"

/** Newest first. */
export const newestFirst = (a: TranscriptFile, b: TranscriptFile): number =>
  b.modifiedAt - a.modifiedAt || (a.path < b.path ? -1 : 1)

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code

const toCaptureError = (path: string) => (cause: unknown): CaptureError =>
  new CaptureError({ reason: codeOf(cause) === "ENOENT" ? "Missing" : "Unreadable", path, cause })

const fileOf = (path: string, { mtime, size }: Stats): TranscriptFile => ({ path, size, modifiedAt: mtime.getTime() })

/** Reads the sizes and modification times of these files again; leaves out files that are gone. */
export const statAgain = (paths: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<TranscriptFile>> =>
  Effect.map(
    Effect.promise(() => Promise.allSettled(paths.map((path) => stat(path)))),
    (infos) => infos.flatMap((info, i) => info.status === "fulfilled" ? [fileOf(paths[i]!, info.value)] : [])
  )

const use = <A>(path: string, ask: () => Promise<A>): Effect.Effect<A, CaptureError> =>
  Effect.tryPromise({ try: ask, catch: toCaptureError(path) })

/** Finds the transcripts in a folder, but none of those below it, newest first, at most `limit` whose name is wanted. */
export const newestIn = (folder: string, limit: number, isWanted: (name: string) => boolean) =>
  Effect.gen(function*() {
    const real = yield* use(folder, () => realpath(folder))
    const entries = yield* use(real, () => readdir(real, { withFileTypes: true }))
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
      .filter((name) => name.endsWith(EXTENSION) && !name.startsWith(AGENT) && isWanted(name))
    return (yield* statAgain(names.map((name) => join(real, name)))).toSorted(newestFirst).slice(0, limit)
  })

/**
 * Finds the transcripts beside that of a session, with it, newest first. It lies in a folder of its project, whose name only
 * Claude Code makes.
 */
export const besideSession = (folder: string, sessionId: string, limit: number) =>
  Effect.gen(function*() {
    const entries = yield* use(folder, () => readdir(folder, { withFileTypes: true }))
    const paths = entries.filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name, `${sessionId}${EXTENSION}`))
    const [found] = yield* statAgain(paths)
    return found === undefined ? [] : yield* newestIn(dirname(found.path), limit, () => true)
  })

/** `id` (device and inode) distinguishes a folder from a later one at the same path. */
export interface Folder {
  readonly path: string
  readonly id: string
}

/** Returns the folder with its real path, or none when the path is no readable folder. */
export const folderAt = (path: string): Effect.Effect<Option.Option<Folder>> =>
  Effect.gen(function*() {
    const real = yield* use(path, () => realpath(path))
    const info = yield* use(path, () => stat(real))
    return info.isDirectory() ? Option.some({ path: real, id: `${info.dev} ${info.ino}` }) : Option.none()
  }).pipe(Effect.orElseSucceed(Option.none))

/**
 * Finds the transcripts at these paths (files, or folders with all below), newest first. Follows each link once. Below
 * a folder, takes only files that end in `EXTENSION`, and skips unreadable entries with a warning. Fails when a given
 * path itself is missing or unreadable.
 */
export const discover = (
  paths: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<TranscriptFile>, CaptureError> =>
  Effect.gen(function*() {
    const seen = new Set<string>()
    const found: Array<TranscriptFile> = []

    const take = (path: string, info: Stats) => {
      if (seen.has(path)) return
      seen.add(path)
      found.push(fileOf(path, info))
    }
    const warnSkipped = ({ cause, path }: Pick<CaptureError, "cause" | "path">) =>
      Effect.logWarning(`passed over ${path}: ${codeOf(cause)}`)

    /** `folder` must be a real path: one without links. */
    const list = (folder: string): Effect.Effect<void, CaptureError> =>
      Effect.gen(function*() {
        if (seen.has(folder)) return
        seen.add(folder)
        const entries = yield* use(folder, () => readdir(folder, { withFileTypes: true }))
        const paths = (isWanted: (entry: Dirent) => boolean) =>
          entries.filter(isWanted).map(({ name }) => join(folder, name)).sort()
        const files = paths((entry) => entry.isFile() && entry.name.endsWith(EXTENSION))
        // One promise for all: a folder may hold thousands of files, and an effect for each is slow.
        const infos = yield* use(folder, () => Promise.allSettled(files.map((path) => stat(path))))
        for (const [i, info] of infos.entries()) {
          if (info.status === "fulfilled") take(files[i]!, info.value)
          else yield* warnSkipped({ path: files[i]!, cause: info.reason })
        }
        yield* forEach(paths((entry) => entry.isDirectory()), 16, (path) => Effect.catchAll(list(path), warnSkipped))
        yield* Effect.forEach(
          paths((entry) => entry.isSymbolicLink()),
          (path) => Effect.catchAll(follow(path, false), warnSkipped)
        )
      })
    const follow = (path: string, isNamed: boolean): Effect.Effect<void, CaptureError> =>
      Effect.gen(function*() {
        const real = yield* use(path, () => realpath(path))
        const info = yield* use(path, () => stat(real))
        if (info.isDirectory()) return yield* list(real)
        if (info.isFile() && (isNamed || real.endsWith(EXTENSION))) take(real, info)
      })

    yield* Effect.forEach(paths, (path) => follow(resolve(path), true), { discard: true })
    return found.sort(newestFirst)
  })
