/**
 * Answers a prompt at once: with nothing where its words or the session's record decide that, and with what a memory
 * tells. Leaves the rest to the whole program; what was recorded until then, that would record too.
 */
// @effect-diagnostics globalDate:off
import { join } from "node:path"
import { notesInContext } from "../domain/NoteFolders.ts"
import { identityOf, locate } from "../domain/ProjectFiles.ts"
import { lazily, runAtOnce } from "../domain/Steps.ts"
import { asksWhatIsOpen } from "../domain/Unfinished.ts"
import { inject, type Memory } from "../inject/PromptText.ts"
import { uptime } from "../process/Uptime.ts"
import { evidence, NO_DENSE, search, searchLanes } from "../retrieve/Search.ts"
import type { Early } from "../settings/Early.ts"
import type { Reads } from "../store/Reads.ts"
import { answering } from "./AtOnce.ts"
import { DATABASE, FILES } from "./Entry.ts"
import { onPrompt, type Prompted, type PromptInput, record, unrecorded } from "./Prompt.ts"
import { append, leave, recordOf } from "./RecordFiles.ts"
import { encode, encodeInherited, encodeSettled } from "./RecordLines.ts"

/** A memory searched by words, without a model. */
const memoryOf = (store: Reads<never>): Memory<never> => ({
  store,
  evidence: (request) => evidence(store, request),
  search: (query) =>
    search({
      store,
      recall: (query, terms) => searchLanes(store, query, terms, NO_DENSE),
      rerank: undefined
    }, query),
  searchMode: "keyword",
  fuse: () => lazily(() => ({ degraded: [] })),
  now: Date.now()
})

/** Finds a folder's project among those that have memories. No other id has any. */
function* projectOf(store: Reads<never>, folder: string): Generator<never, string, never> {
  const { key } = answering(identityOf(answering(locate(folder))))
  const known = yield* store.projects
  return known.flatMap((project) => [project, ...project.merged]).find((project) => project.key === key)?.id ?? key
}

const sessionIn = (home: string): Omit<Prompted<never>, "inject" | "places" | "projectOf"> => ({
  ...FILES,
  recordOf: (sessionId) => lazily(() => recordOf(home, sessionId)),
  settle: (sessionId, at, hasArrived) => lazily(() => append(home, sessionId, [encodeSettled(at, hasArrived)])),
  inherit: (sessionId, parent) => lazily(() => append(home, sessionId, encodeInherited(parent))),
  add: (sessionId, sent) => lazily(() => append(home, sessionId, [encode(sent)])),
  now: lazily(() => Date.now()),
  notesOf: ({ cwd, transcript_path }) => lazily(() => answering(notesInContext(transcript_path, cwd))),
  open: () => lazily(leave)
})

/** What of an answer needs a memory. */
type Remembered = Pick<Prompted<never>, "inject" | "places" | "projectOf">

const rememberedIn = (store: Reads<never>): Remembered => ({
  places: store.places,
  projectOf: (folder) => projectOf(store, folder),
  // What is open is listed by the whole program.
  inject: (request) => asksWhatIsOpen(request.prompt) ? lazily(leave) : inject(memoryOf(store), request)
})

/** What is decided without a memory: nothing beyond silence. */
const UNREMEMBERED: Remembered = {
  places: () => lazily(leave),
  projectOf: () => lazily(leave),
  inject: () => lazily(leave)
}

/**
 * Gives the reads of the memory's file to a function; returns none where the file can't be read as it is. Throws where one would
 * begin after `until`, by `uptime`.
 */
export type UseMemory = (
  file: string,
  until: number,
  use: (store: Reads<never>) => string | undefined
) => string | undefined

const textWith = (
  { home, telling }: Early,
  input: PromptInput,
  until: number,
  remembered: Remembered
): string | undefined => {
  if (telling === undefined) return undefined
  const session: Prompted<never> = { ...sessionIn(home), ...remembered }
  const injection = runAtOnce(onPrompt(session, input, telling))
  if (uptime() > until) return undefined
  return runAtOnce(record(session, input, runAtOnce(unrecorded(session, input, injection, Date.now()))))
}

/**
 * Returns the text to inject at a prompt, once it is recorded; none where only the whole program knows it, or, without
 * `useMemory`, the memory, and after `until`, by `uptime`.
 */
export const promptText = (
  settings: Early,
  input: PromptInput,
  until: number,
  useMemory?: UseMemory
): string | undefined => {
  if (!settings.isPlain) return undefined
  try {
    return useMemory === undefined
      ? textWith(settings, input, until, UNREMEMBERED)
      : useMemory(
        join(settings.home, DATABASE),
        until,
        (store) => textWith(settings, input, until, rememberedIn(store))
      )
  } catch {
    return undefined
  }
}
