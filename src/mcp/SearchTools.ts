/**
 * Tools that search the memory.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InjectionMode } from "../domain/Injection.ts"
import { UnitType } from "../domain/MemoryUnit.ts"
import { includedIds } from "../domain/Project.ts"
import {
  emptyRange,
  Respelt,
  SearchMode,
  type SearchQuery,
  type SearchResponse,
  type SearchResult
} from "../domain/Search.ts"
import { asksWhatIsOpen } from "../domain/Unfinished.ts"
import { advice } from "../process/Advice.ts"
import type { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { missingIn, missingText } from "../serve/Marks.ts"
import { plural } from "../serve/Wording.ts"
import * as Injecting from "../settings/Injecting.ts"
import {
  count,
  countFitting,
  cursorAt,
  degraded,
  Found,
  foundOf,
  memoryText,
  nextCursor,
  notes,
  offsetOf
} from "./Answer.ts"
import * as Argument from "./Arguments.ts"
import { opened, progress, projectNames, projectsNamed, Refused, Serving } from "./Serving.ts"
import { tool } from "./Tool.ts"

/** Most results of one search, over all pages. */
const MAX_RESULTS = 100

/** Type names of this project's predecessor. */
const FORMER_TYPES: Readonly<Record<string, UnitType>> = { quick: "conversation", quick_mu: "conversation" }

const typeOf = (name: string) => {
  const word = name.trim().toLowerCase().replace(/[\s-]+/g, "_")
  const type = UnitType.literals.find((each) => each === word) ?? FORMER_TYPES[word]
  if (type !== undefined) return Effect.succeed(type)
  const hint = word.startsWith("global") ? " any more (project_id \"global\" looks in all projects)" : ""
  return Effect.fail(
    new Refused({ detail: `memory_types: there is no type ${name}${hint}; types are ${UnitType.literals.join(", ")}` })
  )
}

const filters = {
  memory_types: Argument.optional(
    Schema.Array(Schema.String.annotations({ jsonSchema: { type: "string", enum: UnitType.literals } })),
    "Only memories of these types; left out: all"
  ),
  since: Argument.optional(Argument.text, "Only from this day or time on, as in 2026-08-31 or yesterday"),
  until: Argument.optional(Argument.text, "Only up to this day or time"),
  files: Argument.optional(
    Schema.Array(Argument.text),
    "Only memories that touch one of these files (a path or the end of one)"
  ),
  mode: Argument.withDefault(SearchMode, "hybrid", "By words, by meaning, or both")
}

const filterOf = ({ files, memory_types = [], since, until }: {
  readonly files?: ReadonlyArray<string> | undefined
  readonly memory_types?: ReadonlyArray<string> | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}) =>
  Effect.gen(function*() {
    const types = yield* Effect.forEach(memory_types, typeOf)
    const times = {
      ...(since !== undefined && { since: yield* Argument.time("since", since) }),
      ...(until !== undefined && { until: yield* Argument.time("until", until, "last") })
    }
    const wrong = emptyRange(times)
    if (wrong !== undefined) return yield* new Refused({ detail: wrong })
    return {
      ...(types.length > 0 && { types }),
      ...times,
      ...(files !== undefined && { files })
    }
  })

const minScore = Argument.withDefault(
  Argument.fraction,
  0,
  "Leave out memories less sure than this to answer, 0 to 1 (a confidence, not a cosine)"
)

const Answer = Schema.Struct({
  memories: Schema.Array(Found),
  next_cursor: nextCursor,
  absent: Schema.Array(Schema.String).annotations({ description: "Words of the query that no memory contains" }),
  respelt: Schema.optional(Respelt.fields.words).annotations({
    description: "Words in whose place others were looked for, since no memory contains them"
  }),
  degraded
})

const resultTexts = (memories: ReadonlyArray<Found>): ReadonlyArray<string> =>
  memories.map((memory) => `${memoryText(memory, `score ${memory.score.toFixed(2)}`)}\n(${memory.why})`)

/** What a search says of its question, beside the memories, as data and as notes. */
const saidOf = (query: string, found: Pick<SearchResponse, "absent" | "degraded" | "respelt">) => {
  const absent = missingIn(query, found)
  return {
    data: {
      absent,
      ...(found.respelt !== undefined && { respelt: found.respelt.words }),
      degraded: found.degraded.map(advice)
    },
    notes: missingText(absent, found.respelt)
  }
}

export const search = tool({
  name: "search",
  title: "Search memory",
  description:
    "Search what earlier Claude Code sessions in this project left in long-term memory: decisions and their reasons, " +
    "errors and their fixes, code, documentation, what was done. For \"last time\", \"as before\", \"why did we\"; before solving again " +
    "what was solved. 搜索记忆, 回忆以前的会话.",
  isAsked: true,
  effect: "reads",
  quotesMemory: true,
  input: Schema.Struct({
    query: Argument.text.annotations({ description: "What to look for, in your own words" }),
    project_id: Argument.projectId,
    limit: Argument.withDefault(Argument.integer(1, 20), 5, "How many memories"),
    min_score: minScore,
    ...filters,
    cursor: Argument.cursor
  }),
  output: Answer,
  run: ({ cursor, ...question }) =>
    Effect.gen(function*() {
      const offset = yield* offsetOf(question, cursor)
      const { count } = yield* Serving
      const { limit, min_score, mode, project_id, query } = question
      const filter = yield* filterOf(question)
      const projects = yield* projectsNamed(project_id === undefined ? [] : [project_id])
      yield* progress("searching")
      const { memory } = yield* opened
      const upTo = Math.min(MAX_RESULTS, offset + limit)
      const found = yield* memory.search({
        ...filter,
        projects,
        text: query,
        mode,
        minScore: min_score,
        limit: upTo
      })
      const nameOf = yield* projectNames
      const rest = found.results.slice(offset).map((result) => foundOf(result, nameOf))
      const memories = rest.slice(0, countFitting(rest))
      yield* count({ retrieved: memories.length })
      const hasMore = memories.length < rest.length || found.results.length === upTo && upTo < MAX_RESULTS
      const next = hasMore ? cursorAt(question, offset + memories.length) : null
      const said = saidOf(query, found)
      return {
        data: { memories, next_cursor: next, ...said.data },
        text: [
          ...(memories.length > 0 ? resultTexts(memories) : offset > 0 ? ["There is no more."] : [
            projects === "all"
              ? "Nothing found in any project."
              : "Nothing found in this project; project_id \"global\" looks in all of them."
          ]),
          ...said.notes,
          ...notes("search", next, found.degraded)
        ].join("\n\n")
      }
    })
})

/** Most searches; each one after the first leaves out the projects that already have enough results. */
const ROUNDS = 3

type Search = (projects: SearchQuery["projects"]) => ReturnType<ClaudeMemory["Type"]["search"]>

/** Returns at most `perProject` results of each project, best first; projects in the order of their best result. */
const resultsByProject = (search: Search, projects: SearchQuery["projects"], perProject: number) =>
  Effect.gen(function*() {
    const { memory } = yield* opened
    const found = new Map<string, Array<SearchResult>>()
    const notes = new Set<string>()
    let first: Pick<SearchResponse, "absent" | "respelt"> = {}
    let remaining = projects
    for (let round = 1; round <= ROUNDS; round++) {
      const { degraded, results, ...words } = yield* search(remaining)
      // The first round looks in all of them.
      if (round === 1) first = words
      for (const result of results) {
        const list = found.get(result.unit.projectId) ?? []
        found.set(result.unit.projectId, list)
        if (list.length < perProject) list.push(result)
      }
      for (const note of degraded) notes.add(note)
      const total = [...found.values()].reduce((sum, list) => sum + list.length, 0)
      yield* progress(`${total} memories in ${plural(found.size, "project")} so far`)
      if (results.length < MAX_RESULTS || total >= MAX_RESULTS) break
      // A project with many results may have crowded out others.
      const ids = remaining === "all" ? includedIds(yield* memory.projects.known) : remaining
      remaining = ids.filter((id) => (found.get(id)?.length ?? 0) < perProject)
      if (remaining.length === 0) break
    }
    return { found, ...first, degraded: [...notes] }
  })

const ORDERS = {
  score: (a: SearchResult, b: SearchResult) => b.score - a.score,
  time: (a: SearchResult, b: SearchResult) => b.unit.occurredAt - a.unit.occurredAt,
  /** Keeps the results grouped by project. */
  project: () => 0
}

export const crossProjectSearch = tool({
  name: "cross_project_search",
  title: "Search memory across projects",
  description:
    "Search the memories of several projects, or of all, at once, with at most so many results of each: how something was " +
    "done elsewhere, which project has it. 跨项目搜索记忆.",
  isAsked: true,
  effect: "reads",
  quotesMemory: true,
  input: Schema.Struct({
    query: Argument.text.annotations({ description: "What to look for, in your own words" }),
    project_ids: Argument.optional(Schema.Array(Argument.text), "Names, ids or folders of the projects"),
    include_all_projects: Argument.withDefault(
      Schema.Boolean,
      false,
      "Search every project; needed where project_ids is left out"
    ),
    limit: Argument.withDefault(Argument.integer(1, 100), 20, "How many memories in all"),
    max_results_per_project: Argument.withDefault(Argument.integer(1, 50), 10, "How many memories of one project"),
    merge_strategy: Argument.withDefault(
      Schema.Literal("score", "time", "project"),
      "score",
      "Order: the surest first, the newest first, or project by project"
    ),
    min_score: minScore,
    ...filters,
    user_id: Argument.optional(Schema.String, "Taken and ignored: a memory is one person's"),
    cursor: Argument.cursor
  }),
  output: Schema.Struct({
    ...Answer.fields,
    projects: Schema.Array(Schema.Struct({ name: Schema.String, id: Schema.String, found: count }))
  }),
  run: ({ cursor, ...question }) =>
    Effect.gen(function*() {
      const offset = yield* offsetOf(question, cursor)
      const { count } = yield* Serving
      const { include_all_projects, limit, max_results_per_project, merge_strategy, min_score, mode, query } = question
      const names = include_all_projects ? ["global"] : question.project_ids ?? []
      if (names.length === 0) {
        return yield* new Refused({
          detail:
            "say where to look: project_ids, or include_all_projects true (claude_memory_status lists the projects)"
        })
      }
      const filter = yield* filterOf(question)
      const projects = yield* projectsNamed(names)
      yield* progress("searching")
      const { memory } = yield* opened
      const { found, ...words } = yield* resultsByProject(
        (projects) =>
          memory.search({ ...filter, projects, text: query, mode, minScore: min_score, limit: MAX_RESULTS }),
        projects,
        max_results_per_project
      )
      const nameOf = yield* projectNames
      const all = [...found.values()].flat().sort(ORDERS[merge_strategy]).slice(0, MAX_RESULTS)
      const rest = all.slice(offset, offset + limit).map((result) => foundOf(result, nameOf))
      const memories = rest.slice(0, countFitting(rest))
      yield* count({ retrieved: memories.length })
      const next = offset + memories.length < all.length ? cursorAt(question, offset + memories.length) : null
      const summary = [...found].map(([id, list]) => ({ name: nameOf(id), id, found: list.length }))
      const said = saidOf(query, words)
      return {
        data: { memories, next_cursor: next, ...said.data, projects: summary },
        text: [
          ...(summary.length === 0 ? ["Nothing found."] : [
            `Found in ${summary.map(({ found, name }) => `${name} (${found})`).join(", ")}.`
          ]),
          ...resultTexts(memories),
          ...said.notes,
          ...notes("cross_project_search", next, words.degraded)
        ].join("\n\n")
      }
    })
})

/**
 * Longest text of an injection, in characters. The largest token budget (8,000) is the tighter limit for most texts.
 */
const MAX_INJECTED = 40_000

export const inject = tool({
  name: "inject",
  title: "Background for a prompt",
  description:
    "Put together what memory holds for a prompt, ready to read and within a token budget: the background to a task " +
    "before it is begun. 注入相关记忆作为上下文.",
  isAsked: true,
  effect: "reads",
  quotesMemory: false,
  input: Schema.Struct({
    original_prompt: Argument.text.annotations({ description: "The prompt or task that needs background" }),
    query_text: Argument.optional(Argument.text, "What to look for, where that is not the prompt"),
    context_hint: Argument.optional(Schema.String, "Words that say more of what is meant: files, subjects"),
    injection_mode: Argument.optional(
      InjectionMode,
      "How sure a memory must be: conservative gives the fewest, comprehensive the most; balanced unless the settings say otherwise"
    ),
    max_tokens: Argument.optional(
      Argument.integer(500, 8_000),
      "Budget of the whole text; 800 unless the settings say otherwise"
    ),
    project_id: Argument.projectId
  }),
  output: Schema.Struct({
    text: Schema.String.annotations({ description: "Empty when nothing is good enough; each item with its id" }),
    tokens: count,
    degraded
  }),
  run: ({ context_hint = "", injection_mode, max_tokens, original_prompt, project_id, query_text }) =>
    Effect.gen(function*() {
      const { count } = yield* Serving
      const projects = yield* projectsNamed(project_id === undefined ? [] : [project_id])
      const { memory } = yield* opened
      yield* progress("searching")
      const injecting = yield* Effect.mapError(Injecting.load, ({ message }) => new Refused({ detail: message }))
      const mode = injection_mode ?? injecting.mode
      const { degraded, items, text, tokens } = yield* memory.inject({
        prompt: asksWhatIsOpen(original_prompt)
          ? original_prompt
          : `${query_text ?? original_prompt}\n${context_hint}`.trim(),
        projects,
        // Off is for what nobody asked for.
        mode: mode === "off" ? "balanced" : mode,
        isAsked: true,
        maxTokens: max_tokens ?? injecting.maxTokens,
        maxChars: MAX_INJECTED
      })
      if (items.length > 0) yield* count({ injected: 1, retrieved: items.length })
      return {
        data: {
          text,
          tokens,
          degraded: degraded.map(advice)
        },
        text: [
          text === "" ? "Nothing that is remembered is good enough for this prompt." : text,
          ...notes("inject", null, degraded)
        ].join("\n\n")
      }
    })
})
