/**
 * Watches a folder as a handle of the owner.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type FSWatcher, watch } from "node:fs"
import * as Owner from "./Owner.ts"

/** A folder that can't be watched. `code` is the system's: ENOSPC or EMFILE when no more can be. */
export class WatcherError extends Schema.TaggedError<WatcherError>()("WatcherError", {
  folder: Schema.String,
  code: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `${this.folder} can't be watched: ${this.code}`
  }
}

export interface WatcherOptions {
  readonly folder: string
  /** Called with the kind of the event, and the name within the folder; null where the system gives none. */
  readonly onEvent: (event: "rename" | "change", name: string | null) => void
  /** Called when the watcher has ended by itself. */
  readonly onError: (error: unknown) => void
}

/** Watches the folder itself, not the folders below it. */
export const open = (
  { folder, onError, onEvent }: WatcherOptions
): Effect.Effect<void, WatcherError, Owner.Owner> =>
  Effect.asVoid(Owner.open({
    kind: "watcher",
    name: folder,
    open: Effect.try({
      try: () => {
        const handle: { readonly watcher: FSWatcher; isClosed: boolean } = {
          watcher: watch(folder, onEvent),
          isClosed: false
        }
        handle.watcher.once("close", () => handle.isClosed = true).on("error", (error) => {
          // Node has closed it, and no "close" will come.
          handle.isClosed = true
          onError(error)
        })
        return handle
      },
      catch: (cause) => new WatcherError({ folder, code: (cause as NodeJS.ErrnoException).code ?? "unknown", cause })
    }),
    close: ({ watcher }) => Effect.sync(() => watcher.close()),
    isGone: ({ isClosed }) => isClosed,
    within: "1 second"
  }))
