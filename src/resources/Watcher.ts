/**
 * Watches a folder as a handle of the owner.
 */
import * as Effect from "effect/Effect"
import { type FSWatcher, watch } from "node:fs"
import * as Owner from "./Owner.ts"

export interface WatcherOptions {
  readonly folder: string
  /** Most folders that the owner watches at a time. */
  readonly atMost: number
  /** Called with the kind of the event, and the name within the folder; null where the system gives none. */
  readonly onEvent: (event: "rename" | "change", name: string | null) => void
  /** Called when the watcher has ended by itself. */
  readonly onError: (error: unknown) => void
}

/** Fails with what the system refuses: ENOSPC and EMFILE when no more folders can be watched. */
export const open = (
  { atMost, folder, onError, onEvent }: WatcherOptions
): Effect.Effect<void, NodeJS.ErrnoException, Owner.Owner> =>
  Effect.asVoid(Owner.open({
    kind: "watcher",
    name: folder,
    site: "watchers",
    atMost,
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
      catch: (cause) => cause as NodeJS.ErrnoException
    }),
    close: ({ watcher }) => Effect.sync(() => watcher.close()),
    isGone: ({ isClosed }) => isClosed,
    within: "1 second"
  }))
