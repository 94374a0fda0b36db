/**
 * What a person changes. All answers are asked for again afterwards, and what can be undone says so for some seconds.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { say, sayProblem } from "../parts/Toasts.tsx"
import { useTexts } from "../texts/Texts.ts"
import { ask, type EditBody, isProblem, type Unit } from "./Client.ts"
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

/** Undoes what was changed last. */
export const useUndo = () => {
  const t = useTexts()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: () => ask("post", "/v1/undo", {}),
    onSuccess: ({ kind }) => say(kind === null ? t.undo.nothing : t.undo.done[kind]),
    onError: sayProblem,
    onSettled: refreshed
  }).mutate
}

/** Changes a memory. The caller shows a problem beside the form. */
export const useEdit = () => {
  const t = useTexts()
  const undo = useUndo()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: patch,
    onSuccess: (_, { change: { content, title, type } }) => {
      if (content === undefined && title === undefined && type === undefined) return
      say(t.memory.saved, { action: { name: t.undo.name, run: undo } })
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

/**
 * Keeps a memory: what a person touched is not listed among the least, and is let go after all that nobody did. It is touched by pinning it
 * and taking the pin away.
 */
export const useKeep = () => {
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: async (id: string) => {
      await patch({ id, etag: ANY, change: { pinned: true } })
      return patch({ id, etag: ANY, change: { pinned: false } })
    },
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
    mutationFn: (id: string) => ask("delete", "/v1/units/{id}", { path: { id } }),
    onSuccess: ({ count }) => say(t.memory.forgotten(count), { action: { name: t.undo.name, run: undo } }),
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
    onSuccess: ({ words }, { helps }) =>
      say(helps ? t.given.helped(words) : t.given.helpedNot(words), { action: { name: t.undo.name, run: undo } }),
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

/** Has failed work done once more. */
export const useRetry = () => {
  const t = useTexts()
  const refreshed = useRefresh()
  return useMutation({
    mutationFn: () => ask("post", "/v1/failures/retry", {}),
    onSuccess: ({ queued }) => say(t.health.retried(queued)),
    onError: sayProblem,
    onSettled: refreshed
  })
}
