/**
 * What a person changes. All answers are asked for again afterwards, and what can be undone says so for some seconds.
 */
import { useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query"
import { useEffect, useRef } from "react"
import { say, sayProblem } from "../parts/Toasts.tsx"
import { draftOf, dropDraft } from "../state/Drafts.ts"
import { short } from "../texts/cut.ts"
import { useTexts } from "../texts/Texts.ts"
import { ask, type EditBody, type Failure, isProblem, Problem, send, type Unit } from "./Client.ts"
import { ANY, refresh } from "./Queries.ts"

/** Asks for all answers again. */
const useRefresh = () => {
  const client = useQueryClient()
  return () => refresh(client)
}

interface Edit {
  readonly id: string
  readonly etag: string
  readonly change: EditBody
}

const patch = ({ change, etag, id }: Edit) =>
  ask("patch", "/v1/units/{id}", { path: { id }, header: { "if-match": etag }, body: change })

type Titled = Pick<Unit, "title">

/** Names memories by the first of them. */
const useNames = () => {
  const t = useTexts()
  return ([first, ...others]: ReadonlyArray<Titled>): string => {
    return t.named(short(first?.title ?? ""), others.length)
  }
}

interface Undoing {
  /** Number of a change; the last one without it. */
  readonly operation?: number
  /** Message in whose place is said what came of it. */
  readonly toast?: number
  /** Name of what was changed, where the answer names nothing: what was forgotten may have been made anew meanwhile. */
  readonly named?: string | undefined
}

/**
 * What is to be done once a change is undone, by its number: from its message, from the list of changes or from the palette. Each is here until
 * then, or until the view goes away that it is for.
 */
const onUndone = new Map<number, () => void>()

/** Undoes a change. */
export const useUndo = () => {
  const t = useTexts()
  const names = useNames()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: ({ operation }: Undoing) =>
      ask("post", "/v1/undo", { body: operation === undefined ? {} : { operation } }),
    onSuccess: ({ kind, units }, { named, operation, toast }) => {
      const what = units.length > 0 ? names(units) : kind === "merge" ? "" : named
      const isKept = units[0]?.kept === true
      say(
        kind === null ? t.undo.nothing : what === undefined ? t.undo.bare : t.undo.done[kind](what, isKept),
        {},
        toast
      )
      if (operation === undefined) return
      onUndone.get(operation)?.()
      onUndone.delete(operation)
    },
    onError: (error, { toast }) => sayProblem(error, toast),
    onSettled: refreshed
  }).mutate
}

/** Returns what undoes the change of this number from its message; nothing where there is none. */
const useUndoing = () => {
  const t = useTexts()
  const undo = useUndo()
  const own = useRef(new Set<number>())
  useEffect(() => {
    const { current } = own
    return () => current.forEach((operation) => onUndone.delete(operation))
  }, [])
  return (operation: number | null | undefined, whenUndone?: () => void, named?: string) => {
    if (operation === null || operation === undefined) return {}
    if (whenUndone !== undefined) {
      own.current.add(operation)
      onUndone.set(operation, whenUndone)
    }
    return { action: { name: t.undo.name, run: (toast: number) => undo({ operation, toast, named }) } }
  }
}

/** Names what is saved of a memory, also where its form is left and come back to meanwhile. */
const saving = (what: "edit" | "rewrite", id: string) => ({ mutationKey: ["save", what, id] })

/** True for an edit of what was changed meanwhile. */
export const isStale = (error: unknown): boolean => isProblem(error, "changed-since")

/** A form whose words are saved. */
interface Form {
  /** True while it has words that are not saved. */
  readonly isUnsaved: () => boolean
  readonly onClose: () => void
}

interface Saving<Words, Saved> extends Form {
  readonly mutationFn: (words: Words) => Promise<Saved>
  readonly onSuccess: (saved: Saved) => void
}

/**
 * Saves the words of a form. Once they are saved, from this form or before it was left and come back to, it closes. The caller shows a
 * problem there; where the form is gone, it is said.
 */
const useSaving = <Words, Saved>(
  what: "edit" | "rewrite",
  id: string,
  { isUnsaved, mutationFn, onClose, onSuccess }: Saving<Words, Saved>
) => {
  const t = useTexts()
  const client = useQueryClient()
  const isSaving = useIsMutating(saving(what, id)) > 0
  const wasSaving = useRef(isSaving)
  useEffect(() => {
    if (wasSaving.current && !isSaving && !isUnsaved()) onClose()
    wasSaving.current = isSaving
  })
  const isShown = useRef(false)
  useEffect(() => {
    isShown.current = true
    return () => {
      isShown.current = false
    }
  }, [])
  const { error, mutate } = useMutation({
    ...saving(what, id),
    mutationFn,
    onSuccess,
    onError: (error) => {
      if (!isShown.current) sayProblem(isStale(error) ? t.memory.changedMeanwhile : error)
    },
    onSettled: () => refresh(client)
  })
  return {
    error,
    /** True while words are saved for the memory or in its place: what was typed meanwhile would be lost with the form. */
    isSaving,
    /** Saves, unless it is being saved: a key that is held, or pressed twice, comes before the form is drawn anew. */
    save: (words: Words) => {
      if (client.isMutating(saving(what, id)) === 0) mutate(words)
    }
  }
}

/** Changes what a memory says. */
export const useEdit = (id: string, onClose: () => void) => {
  const t = useTexts()
  const names = useNames()
  const undoing = useUndoing()
  return useSaving("edit", id, {
    isUnsaved: () => draftOf(id) !== undefined,
    onClose,
    mutationFn: (edit: Omit<Edit, "id">) => patch({ ...edit, id }),
    onSuccess: (unit) => {
      dropDraft(id)
      say(t.memory.saved(names([unit])), undoing(unit.operation))
    }
  })
}

/** Has another memory hold in place of one, or that itself again. The caller shows a problem. */
export const useReplace = () => {
  const refreshed = useRefresh()
  return useMutation({ mutationFn: patch, onSettled: refreshed })
}

interface Rewriting {
  readonly etag: string
  /** Words of the new memory. */
  readonly content: string
}

/**
 * Saves a memory and has it hold in place of another, with the type of that; a decision in place of a session's summary. Nothing is saved in place
 * of what was changed meanwhile. What is saved and could not take its place says so; the same words saved again are the same memory.
 */
export const useRewrite = (
  { id, projectId, type }: Pick<Unit, "id" | "projectId" | "type">,
  { onSaved, ...form }: Form & { readonly onSaved: () => void }
) => {
  const t = useTexts()
  return useSaving("rewrite", id, {
    ...form,
    mutationFn: async ({ content, etag }: Rewriting) => {
      const seen = await send("get", "/v1/units/{id}", { path: { id } })
      if (seen.headers.get("etag") !== etag) throw new Problem("changed-since", 412, "")
      const saved = await ask("post", "/v1/units", {
        body: { content, project: projectId, type: type === "archive" ? "decision" : type }
      })
      try {
        return await patch({ id, etag, change: { replacedBy: saved.id } })
      } catch (error) {
        throw new Error(t.memory.savedAlone, { cause: error })
      }
    },
    onSuccess: onSaved
  })
}

interface Pinning {
  readonly unit: Pick<Unit, "id">
  readonly pinned: boolean
  /** Message in whose place is said what was done. */
  readonly toast?: number
}

/** Pins a memory, or no longer; its message takes that back. */
export const usePin = () => {
  const t = useTexts()
  const refreshed = useRefresh()
  const { mutate } = useMutation({
    mutationFn: ({ pinned, unit: { id } }: Pinning) => patch({ id, etag: ANY, change: { pinned } }),
    onSuccess: ({ pinned }, { toast, unit }) =>
      say(
        pinned ? t.memory.pinnedNow : t.memory.unpinnedNow,
        toast === undefined
          ? { action: { name: t.undo.name, run: (toast) => mutate({ unit, pinned: !pinned, toast }) } }
          : {},
        toast
      ),
    onError: (error, { toast }) => sayProblem(error, toast),
    onSettled: refreshed
  })
  return mutate
}

interface Decided {
  readonly unit: Pick<Unit, "id" | "title">
  /** Called when it is decided no more: the change failed, but not because it is gone, or was undone. */
  readonly onUndecided?: () => void
  /** Called when it is forgotten, with the ids of those that went along with it, or are made anew without what it says. */
  readonly onAlso?: (ids: ReadonlyArray<string>) => void
}

const DECIDING = {
  // One after another: what is forgotten takes others of its session along until they are made anew, which can't be kept meanwhile.
  scope: { id: "" },
  onError: (error: unknown, { onUndecided }: Decided) => {
    sayProblem(error)
    // What is there no more is not listed again.
    if (!isProblem(error, "not-found")) onUndecided?.()
  }
}

/** Keeps a memory, or has it judged like others again: what is kept is neither listed among the least nor let go. */
export const useKeep = () => {
  const t = useTexts()
  const undoing = useUndoing()
  const refreshed = useRefresh()
  return useMutation({
    ...DECIDING,
    mutationFn: ({ isOff = false, unit: { id } }: Decided & { readonly isOff?: boolean }) =>
      patch({ id, etag: ANY, change: { kept: !isOff } }),
    onSuccess: ({ operation }, { isOff, onUndecided }) =>
      say(
        isOff === true ? t.memory.keptNoMore : t.memory.keptNow,
        undoing(operation, onUndecided)
      ),
    onSettled: refreshed
  }).mutate
}

/** Forgets a memory; it can be undone for seven days, and says so. */
export const useForget = () => {
  const t = useTexts()
  const names = useNames()
  const undoing = useUndoing()
  const refreshed = useRefresh()
  return useMutation({
    ...DECIDING,
    mutationFn: ({ unit: { id } }: Decided) => ask("delete", "/v1/units/{id}", { path: { id } }),
    onSuccess: ({ also, holdAgain, operation, units }, { onAlso, onUndecided, unit }) => {
      onAlso?.([...units, ...also.units, ...also.gone].map(({ id }) => id))
      say(
        t.memory.forgotten(
          names([unit]),
          also.units.length,
          also.sessions.length,
          also.gone.length,
          holdAgain.map(({ title }) => short(title))
        ),
        undoing(operation, onUndecided, names([unit]))
      )
    },
    onSettled: refreshed
  }).mutate
}

export interface Said {
  readonly id: string
  readonly helps: boolean
  /** The prompt at which it was told; undefined where it was told for none, or nobody knows it. */
  readonly prompt: string | undefined
}

/** Says that a memory helped at a prompt, or did not: it is told sooner there, or not any more. */
export const useFeedback = () => {
  const t = useTexts()
  const names = useNames()
  const undoing = useUndoing()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: async ({ helps, id, prompt }: Said) => {
      const path = { id }
      try {
        return await ask("post", "/v1/units/{id}/feedback", {
          path,
          body: { helps, ...(prompt === undefined ? {} : { prompt }) }
        })
      } catch (error) {
        // The prompt holds no word of the memory that says much: then it is said of that at which the memory was told last.
        if (prompt === undefined || !isProblem(error, "not-found")) throw error
        return ask("post", "/v1/units/{id}/feedback", { path, body: { helps } })
      }
    },
    onSuccess: ({ operation, unit, words }, { helps }) =>
      say(`${names([unit])}: ${helps ? t.given.helped(words) : t.given.helpedNot(words)}`, undoing(operation)),
    onError: (error) => sayProblem(error),
    onSettled: refreshed
  }).mutate
}

export interface ProjectChange {
  /** Makes the change; answers the numbers of those that can be undone by them. */
  readonly run: () => Promise<{ readonly operations?: ReadonlyArray<number>; readonly [other: string]: unknown }>
  readonly done: string
  /** Undoes a change that has no number. */
  readonly back?: (toast: number) => void
  /** Message in whose place is said what was done. */
  readonly toast?: number
}

/** Makes a change of projects, and says what was done. */
export const useProjectChange = () => {
  const t = useTexts()
  const undoing = useUndoing()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: ({ run }: ProjectChange) => run(),
    onSuccess: ({ operations }, { back, done, toast }) =>
      say(
        done,
        back === undefined ? undoing(operations?.[0]) : { action: { name: t.undo.name, run: back } },
        toast
      ),
    onError: (error) => sayProblem(error),
    onSettled: refreshed
  }).mutate
}

/** Has failed work done once more: one item, or all. */
export const useRetry = () => {
  const t = useTexts()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: (item: Partial<Pick<Failure, "key" | "kind">>) => ask("post", "/v1/failures/retry", { query: item }),
    onSuccess: ({ queued }) => say(t.failed.retried(queued)),
    onError: (error) => sayProblem(error),
    onSettled: refreshed
  })
}
