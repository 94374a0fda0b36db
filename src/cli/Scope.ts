/**
 * Options for the projects and the filters of a search, shared by several commands.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UnitType } from "../domain/MemoryUnit.ts"
import { inclusiveEnd, SearchMode } from "../domain/Search.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"

export const projects = {
  project: Options.text("project").pipe(
    Options.withDescription("Look in this project instead of the working directory's; repeat it for several"),
    Options.repeated
  ),
  allProjects: Options.boolean("all-projects").pipe(Options.withDescription("Look in every project"))
}

export const filters = {
  ...projects,
  type: Options.choice("type", UnitType.literals).pipe(
    Options.withDescription("Only memories of this type; repeat it for several"),
    Options.repeated
  ),
  since: Options.date("since").pipe(
    Options.withDescription("Only from this day on, as in 2026-08-31"),
    Options.optional
  ),
  until: Options.date("until").pipe(Options.withDescription("Only up to this day or time"), Options.optional),
  file: Options.text("file").pipe(
    Options.withDescription("Only memories that touch this file (its path or the end of it); repeat it for several"),
    Options.repeated
  ),
  mode: Options.choice("mode", SearchMode.literals).pipe(
    Options.withDescription("How to search: by words, by meaning, or both"),
    Options.withDefault("hybrid" as const)
  ),
  limit: Options.integer("limit").pipe(
    Options.withDescription("How many results, 1 to 100"),
    Options.withSchema(Schema.Int.pipe(Schema.between(1, 100, { message: () => "--limit takes 1 to 100" }))),
    Options.withDefault(5)
  )
}

type Values<A> = { readonly [K in keyof A]: A[K] extends Options.Options<infer V> ? V : never }

/** Returns the ids of the projects asked for; an unknown name is an error that lists the known ones. */
export const projectIds = (options: Values<typeof projects>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    if (options.allProjects) return "all" as const
    if (options.project.length > 0) return (yield* memory.projectsNamed(options.project)).map(({ id }) => id)
    return [(yield* memory.project(process.cwd())).id]
  })

export const toFilter = (options: Values<typeof filters>) =>
  Effect.map(projectIds(options), (ids) => ({
    projects: ids,
    ...(options.type.length > 0 && { types: options.type }),
    ...(Option.isSome(options.since) && { since: options.since.value.getTime() }),
    ...(Option.isSome(options.until) && { until: inclusiveEnd(options.until.value.getTime()) }),
    ...(options.file.length > 0 && { files: options.file }),
    mode: options.mode,
    limit: options.limit
  }))

/** Names the projects that were searched, for a message about an empty result. */
export const scopeText = (options: Values<typeof projects>): string =>
  options.allProjects
    ? "any project"
    : options.project.length > 0
    ? options.project.join(", ")
    : "this folder's project (--all-projects looks everywhere)"
