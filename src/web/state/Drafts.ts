/**
 * Edits that are not saved yet, by the id of their memory: who goes elsewhere and comes back finds them. They last as long as the tab, and the
 * browser asks before it is closed or loaded anew.
 */
import type { Unit } from "../api/Client.ts"

type Words = Pick<Unit, "content" | "title" | "type">

export interface Draft extends Words {
  /** Revision that the edit began with. */
  readonly etag: string
  /** What that revision said. */
  readonly began: Words
}

/**
 * Returns the revision that an edit changes: the newest one, where that says what the edit began with, as after a pin or feedback; else that
 * one, which the server refuses.
 */
export const revisionOf = ({ began, etag }: Draft, unit: Words, newest: string): string =>
  unit.content === began.content && unit.title === began.title && unit.type === began.type ? newest : etag

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
