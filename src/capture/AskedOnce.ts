/**
 * A file system for an effect that looks at many folders beside one another: each question about a path is asked once.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

const once = <A, E>(ask: (path: string) => Effect.Effect<A, E>) => {
  const answers = new Map<string, Effect.Effect<A, E>>()
  const known = (path: string, answer: Effect.Effect<A, E>) => Effect.sync(() => void answers.set(path, answer))
  return (path: string): Effect.Effect<A, E> =>
    Effect.suspend(() =>
      answers.get(path) ?? Effect.tapBoth(ask(path), {
        onFailure: (error) => known(path, Effect.fail(error)),
        onSuccess: (value) => known(path, Effect.succeed(value))
      })
    )
}

/** Gives the effect a file system that asks once whether a path exists, and for its real path. */
export const askedOnce = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.provideService(effect, FileSystem.FileSystem, {
      ...fs,
      exists: once(fs.exists),
      realPath: once(fs.realPath)
    }))
