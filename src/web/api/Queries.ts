/**
 * What views ask for, by name: an answer is kept until something in the memory changes (Live.ts).
 */
import { infiniteQueryOptions, keepPreviousData, type QueryClient, queryOptions } from "@tanstack/react-query"
import { ask, Problem, type SearchRequest, send, type UnitView } from "./Client.ts"

/** Answers of a page at a time. */
const SESSIONS = 40
const MESSAGES = 200
/** Number of the memories that are least worth keeping. */
export const LEAST = 50
/** Results that are asked for first, and most that are. */
export const RESULTS = 20
export const MOST_RESULTS = 100
/** In place of a revision: whichever there is. */
export const ANY = "*"

/** A problem of the request itself stays one, however often it is asked. */
export const retry = (failures: number, error: unknown): boolean =>
  failures < 2 && error instanceof Problem && (error.status === 503 || error.status === 429)

/** Marks what costs the server too much to be asked for again at each change. */
const STAYS = { stays: true } as const

/** Asks for the answers again that anything may have changed: those in view at once, others when they are looked at. */
export const refresh = (client: QueryClient): Promise<void> =>
  client.invalidateQueries({ predicate: ({ meta }) => meta?.["stays"] !== true })

export interface Filters {
  readonly projects: ReadonlyArray<string>
  readonly types: ReadonlyArray<NonNullable<SearchRequest["types"]>[number]>
  /** Milliseconds since the epoch. */
  readonly since: number | undefined
  readonly until: number | undefined
  readonly files: ReadonlyArray<string>
  readonly branches: ReadonlyArray<string>
}

const some = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> | undefined => list.length === 0 ? undefined : list

/** Projects of a list's address; all that are not excluded where there is none. */
const named = (projects: ReadonlyArray<string>): ReadonlyArray<string> => some(projects) ?? ["all"]

/** Leaves out what is undefined. */
const only = <A extends object>(values: A): { [K in keyof A]: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never

export const projects = queryOptions({
  queryKey: ["projects"],
  queryFn: async ({ signal }) => (await ask("get", "/v1/projects", { signal })).projects
})

/** Memories that answer a question. */
export const search = (text: string, { branches, files, projects, since, types, until }: Filters, limit: number) =>
  queryOptions({
    queryKey: ["search", text, projects, types, since, until, files, branches, limit],
    queryFn: ({ signal }) =>
      ask("post", "/v1/search", {
        body: {
          text,
          projects: some(projects) ?? "all",
          limit,
          ...only({ types: some(types), since, until, files: some(files), branches: some(branches) })
        },
        signal
      }),
    placeholderData: keepPreviousData
  })

/** The newest memories, for a search that asks for nothing yet. */
export const newest = ({ branches, files, projects, since, types, until }: Filters, limit: number) =>
  queryOptions({
    queryKey: ["newest", projects, types, since, until, files, branches, limit],
    queryFn: ({ signal }) =>
      ask("get", "/v1/units", {
        query: only({
          project: named(projects),
          type: some(types),
          since: since?.toString(),
          until: until?.toString(),
          file: some(files),
          branch: some(branches),
          limit: limit.toString()
        }),
        signal
      }),
    placeholderData: keepPreviousData
  })

export const unit = (id: string) =>
  queryOptions({
    queryKey: ["unit", id],
    queryFn: async ({ signal }) => {
      const answer = await send("get", "/v1/units/{id}", { path: { id }, signal })
      const view: UnitView = await answer.json()
      // The revision that was seen: a change of another one is refused.
      return { ...view, etag: answer.headers.get("etag") ?? ANY }
    }
  })

export const history = (id: string) =>
  queryOptions({
    queryKey: ["history", id],
    queryFn: ({ signal }) => ask("get", "/v1/units/{id}/history", { path: { id }, signal })
  })

export const sessions = (
  { branches, projects, since, until }: Pick<Filters, "branches" | "projects" | "since" | "until">
) =>
  infiniteQueryOptions({
    queryKey: ["sessions", projects, branches, since, until],
    queryFn: ({ pageParam, signal }) =>
      ask("get", "/v1/sessions", {
        query: only({
          project: named(projects),
          branch: some(branches),
          since: since?.toString(),
          until: until?.toString(),
          limit: SESSIONS.toString(),
          cursor: pageParam
        }),
        signal
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData
  })

export const session = (id: string) =>
  queryOptions({
    queryKey: ["session", id],
    queryFn: ({ signal }) => ask("get", "/v1/sessions/{id}", { path: { id }, signal })
  })

export const conversation = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["conversation", id],
    queryFn: ({ pageParam, signal }) =>
      ask("get", "/v1/sessions/{id}/conversation", {
        path: { id },
        query: only({ limit: MESSAGES.toString(), cursor: pageParam }),
        signal
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined
  })

/** Memories of a session, newest first. */
export const ofSession = (id: string) =>
  queryOptions({
    queryKey: ["of-session", id],
    queryFn: ({ signal }) =>
      ask("get", "/v1/units", { query: { project: named([]), session: [id], limit: "200" }, signal })
  })

export const why = (prompt: string, projects: ReadonlyArray<string>) =>
  queryOptions({
    queryKey: ["why", prompt, projects],
    queryFn: ({ signal }) => ask("post", "/v1/why", { body: { prompt, projects: some(projects) ?? "all" }, signal }),
    placeholderData: keepPreviousData
  })

/** The same for a prompt that nobody typed: it is there to compare with. */
export const whyBeside = (prompt: string, projects: ReadonlyArray<string>) =>
  queryOptions({ ...why(prompt, projects), queryKey: ["why-beside", prompt, projects], meta: STAYS })

export const injections = (since: number) =>
  queryOptions({
    queryKey: ["injections", since],
    queryFn: ({ signal }) => ask("get", "/v1/injections", { query: { since: since.toString() }, signal })
  })

/** What a session was given. */
export const given = (session: string) =>
  queryOptions({
    queryKey: ["given", session],
    queryFn: ({ signal }) => ask("get", "/v1/injections", { query: { session }, signal })
  })

export const daily = (days: number) =>
  queryOptions({
    queryKey: ["daily", days],
    queryFn: ({ signal }) => ask("get", "/v1/injections/daily", { query: { days: days.toString() }, signal })
  })

export const least = (projects: ReadonlyArray<string>) =>
  queryOptions({
    queryKey: ["least", projects],
    queryFn: ({ signal }) =>
      ask("get", "/v1/least", {
        query: only({ project: named(projects), limit: LEAST.toString() }),
        signal
      }),
    placeholderData: keepPreviousData,
    // It stays while it is in view. Whoever comes back finds it without what was decided, here or elsewhere.
    gcTime: 0,
    meta: STAYS
  })

/** Milliseconds for which a memory is looked at before it is asked what forgetting it takes: that costs the server a tenth of a second. */
const LOOKED_MS = 200

const pause = (millis: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = window.setTimeout(resolve, millis)
    signal.addEventListener("abort", () => {
      window.clearTimeout(timer)
      reject(signal.reason as Error)
    })
  })

/** What forgetting a memory would take from others, once so many are decided. */
export const taking = (id: string, decided: number) =>
  queryOptions({
    queryKey: ["taking", id, decided],
    queryFn: async ({ signal }) => {
      await pause(LOOKED_MS, signal)
      return ask("post", "/v1/forget", { body: { ids: [id], isDryRun: true }, signal })
    },
    meta: STAYS
  })

/** What can be undone, newest first. */
export const changes = queryOptions({
  queryKey: ["changes"],
  queryFn: async ({ signal }) => (await ask("get", "/v1/changes", { signal })).changes
})

export const stats = queryOptions({
  queryKey: ["stats"],
  queryFn: ({ signal }) => ask("get", "/v1/stats", { signal })
})

/** Milliseconds between two looks at an import that runs. */
const PROGRESS_MS = 2_000

export const progress = queryOptions({
  queryKey: ["progress"],
  queryFn: ({ signal }) => ask("get", "/v1/progress", { signal }),
  refetchInterval: ({ state: { data } }) =>
    data === undefined || data.transcripts.unread + data.waiting.compress + data.waiting.index === 0
      ? false
      : PROGRESS_MS
})

export const health = (language: "en" | "zh") =>
  queryOptions({
    queryKey: ["health", language],
    queryFn: ({ signal }) => ask("get", "/v1/health", { query: { language }, signal })
  })

export const deadLetters = queryOptions({
  queryKey: ["dead-letters"],
  queryFn: ({ signal }) => ask("get", "/v1/dead-letters", { signal })
})

export const cost = (days: number) =>
  queryOptions({
    queryKey: ["cost", days],
    queryFn: ({ signal }) => ask("get", "/v1/cost", { query: { by: "role", days: days.toString() }, signal })
  })

/** Milliseconds between two looks at what processes have open: each writes it down once a second. */
const RESOURCES_MS = 3_000

export const resources = queryOptions({
  queryKey: ["resources"],
  queryFn: ({ signal }) => ask("get", "/v1/resources", { signal }),
  refetchInterval: RESOURCES_MS
})
