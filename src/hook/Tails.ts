/**
 * What the newest transcripts say beyond what is remembered, for the start of a session. A server that ends with its
 * session may not have captured the last of it.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Unremembered } from "../domain/Injection.ts"
import type { Files } from "../resources/Files.ts"
import * as Owner from "../resources/Owner.ts"
import type { MemoryStore } from "../store/MemoryStore.ts"

export interface TailsRequest {
  /** Transcript of the session that begins: those beside it are read. */
  readonly transcript: string
  /** The session that begins, of which nothing is read. */
  readonly sessionId: string
  /** Id of the project that is told of. */
  readonly projectId: string
  /** Time at which reading ends, in milliseconds since the epoch. What is read until then is returned. */
  readonly until: number
}

type Needed = FileSystem.FileSystem | Path.Path | Files | MemoryStore

/** Reads by modules that are loaded on first use, since most starts need none of them. */
export type Read = (request: TailsRequest) => Effect.Effect<Unremembered, unknown, Needed>

const NOTHING: Unremembered = { origins: [], units: [], branches: {} }

/** Reads nothing unless a layer is provided. */
export class Tails extends Context.Reference<Tails>()("claude-memory/Tails", {
  defaultValue: (): {
    /** Never fails: what can't be read is left out, and the start then tells what is remembered. */
    readonly read: (request: TailsRequest) => Effect.Effect<Unremembered>
  } => ({ read: () => Effect.succeed(NOTHING) })
}) {
  static readonly layer = (load: () => Promise<Read>) =>
    Layer.effect(
      this,
      Effect.map(Effect.context<Needed>(), (context) => ({
        read: (request) =>
          Effect.promise(load).pipe(
            Effect.flatMap((read) => read(request)),
            Owner.provideContext(context),
            Effect.catchAllCause(() => Effect.succeed(NOTHING))
          )
      }))
    )
}
