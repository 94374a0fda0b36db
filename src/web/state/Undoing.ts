/**
 * What is offered to be undone, until a person decides.
 */
import { useSyncExternalStore } from "react"
import type { Undoable } from "../api/Client.ts"

export interface Offer {
  readonly undoable: Undoable
  readonly undo: () => void
}

let offer: Offer | undefined
const listeners = new Set<() => void>()

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

/** Shows what would be undone; undefined when it is decided. */
export const offerUndo = (next: Offer | undefined): void => {
  offer = next
  for (const listener of listeners) listener()
}

export const useOffer = (): Offer | undefined => useSyncExternalStore(subscribe, () => offer)
