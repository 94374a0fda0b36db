/**
 * Edits that are not saved yet, by the id of their memory: who goes elsewhere and comes back finds them. They last as long as the tab, and the
 * browser asks before it is closed or loaded anew.
 */
import type { Unit } from "../api/Client.ts"

export interface Draft extends Pick<Unit, "content" | "title" | "type"> {
  /** Revision that is changed. */
  readonly etag: string
}

const drafts = new Map<string, Draft>()

const warn = (event: BeforeUnloadEvent) => event.preventDefault()

export const draftOf = (id: string): Draft | undefined => drafts.get(id)

export const keepDraft = (id: string, draft: Draft): void => {
  drafts.set(id, draft)
  window.addEventListener("beforeunload", warn)
}

export const dropDraft = (id: string): void => {
  drafts.delete(id)
  if (drafts.size === 0) window.removeEventListener("beforeunload", warn)
}
