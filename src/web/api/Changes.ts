/**
 * What a person changes. All answers are asked for again afterwards, and what can be undone says so for some seconds.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { say, sayProblem } from "../parts/Toasts.tsx"
import { offerUndo } from "../state/Undoing.ts"
import { useTexts } from "../texts/Texts.ts"
import { ask, type EditBody, type Failure, isProblem, type Undoable, type Unit } from "./Client.ts"
import { ANY, refresh } from "./Queries.ts"

/** Asks for all answers again. */
const useRefresh = () => {
  const client = useQueryClient()
  return () => refresh(client)
}

export interface Edit {
  readonly id: string
  readonly etag: string
  readonly change: EditBody
}

const patch = ({ change, etag, id }: Edit) =>
  ask("patch", "/v1/units/{id}", { path: { id }, header: { "if-match": etag }, body: change })

/** What a person has just done and means to undo: what kind of change, and of which memory or project. */
export interface Meant {
  readonly kind: Undoable["kind"]
  /** Id of a memory, or name of a project. */
  readonly of: string
  readonly onUndone?: (() => void) | undefined
}

const isMeant = ({ actor, kind, projects, units }: Undoable, meant: Meant | undefined): boolean =>
  meant !== undefined && actor === "person" && kind === meant.kind &&
  (projects[0] === meant.of || units.some(({ id }) => id === meant.of))

/** Undoes what was changed last: at once where that is what the person means, otherwise after it was said what it is. */
export const useUndo = () => {
  const t = useTexts()
  const refreshed = useRefresh()
  const undo = useMutation({
    mutationFn: ({ operation }: Undoable) => ask("post", "/v1/undo", { query: { operation: operation.toString() } }),
    onSuccess: ({ kind }) => say(kind === null ? t.undo.nothing : t.undo.done[kind]),
    onError: (error) =>
      isProblem(error, "in-conflict") ? say(t.undo.changedMeanwhile, { kind: "problem" }) : sayProblem(error),
    onSettled: refreshed
  }).mutate
  return useMutation({
    mutationFn: async (meant: Meant | undefined) => ({ meant, ...await ask("get", "/v1/undo", {}) }),
    onSuccess: ({ meant, undoable }) => {
      if (undoable === null) return say(t.undo.nothing)
      if (isMeant(undoable, meant)) undo(undoable, { onSuccess: () => meant?.onUndone?.() })
      else offerUndo({ undoable, undo: () => undo(undoable) })
    },
    onError: sayProblem
  }).mutate
}

/** Changes a memory. The caller shows a problem beside the form. */
export const useEdit = () => {
  const t = useTexts()
  const undo = useUndo()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: patch,
    onSuccess: (_, { change: { content, title, type }, id }) => {
      if (content === undefined && title === undefined && type === undefined) return
      say(t.memory.saved, { action: { name: t.undo.name, run: () => undo({ kind: "edit", of: id }) } })
    },
    onSettled: refreshed
  })
}

/** True for an edit of what was changed meanwhile. */
export const isStale = (error: unknown): boolean => isProblem(error, "changed-since")

export const usePin = () => {
  const t = useTexts()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: ({ id, pinned }: Pick<Unit, "id" | "pinned">) => patch({ id, etag: ANY, change: { pinned } }),
    onSuccess: ({ pinned }) => say(pinned ? t.memory.pinnedNow : t.memory.unpinnedNow),
    onError: sayProblem,
    onSettled: refreshed
  }).mutate
}

interface Decided {
  readonly id: string
  readonly onUndone?: () => void
}

/** Keeps a memory, or has it judged like others again: what is kept is neither listed among the least nor let go. */
export const useKeep = () => {
  const t = useTexts()
  const undo = useUndo()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: ({ id, isOff = false }: Decided & { readonly isOff?: boolean }) =>
      patch({ id, etag: ANY, change: { kept: !isOff } }),
    onSuccess: (_, { id, isOff, onUndone }) =>
      say(isOff === true ? t.memory.keptNoMore : t.memory.keptNow, {
        action: { name: t.undo.name, run: () => undo({ kind: "keep", of: id, onUndone }) }
      }),
    onError: sayProblem,
    onSettled: refreshed
  }).mutate
}

/** Forgets a memory; it can be undone for seven days, and says so. */
export const useForget = () => {
  const t = useTexts()
  const undo = useUndo()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: ({ id }: Decided) => ask("delete", "/v1/units/{id}", { path: { id } }),
    onSuccess: ({ count }, { id, onUndone }) =>
      say(t.memory.forgotten(count), {
        action: { name: t.undo.name, run: () => undo({ kind: "forget", of: id, onUndone }) }
      }),
    onError: sayProblem,
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
  const undo = useUndo()
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
    onSuccess: ({ words }, { helps, id }) =>
      say(helps ? t.given.helped(words) : t.given.helpedNot(words), {
        action: { name: t.undo.name, run: () => undo({ kind: "feedback", of: id }) }
      }),
    onError: sayProblem,
    onSettled: refreshed
  }).mutate
}

/** Makes a change of projects, and says what was done. */
export const useProjectChange = () => {
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: ({ run }: { readonly run: () => Promise<unknown>; readonly done: string }) => run(),
    onSuccess: (_, { done }) => say(done),
    onError: sayProblem,
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
    onError: sayProblem,
    onSettled: refreshed
  })
}
