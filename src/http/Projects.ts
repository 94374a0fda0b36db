/**
 * Answers the routes of projects.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { labelsOf } from "../domain/ProjectLabels.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { ProjectSummary } from "../store/MemoryStore.ts"
import { Api } from "./Api.ts"
import { problem } from "./Problem.ts"
import { answering } from "./Requests.ts"
import type * as S from "./Schemas.ts"

/** Shows projects, each with a label that no other of them has. */
export const projectViews = (all: ReadonlyArray<ProjectSummary>): ReadonlyArray<typeof S.Project.Type> => {
  const labels = labelsOf(all)
  return all.map(({ id, isExcluded, merged, name, root, units }) => ({
    id,
    name,
    label: labels.get(id) ?? name,
    root,
    units,
    isExcluded,
    merged: merged.map(({ id, name, root }) => ({ id, name, root }))
  }))
}

const listed = Effect.flatMap(ClaudeMemory, ({ projects }) => Effect.map(projects.list, projectViews))

/** Returns a project as the list has it. */
const one = ({ id, name }: { readonly id: string; readonly name: string }) =>
  Effect.flatMap(listed, (all) => {
    const found = all.find((each) => each.id === id)
    return found === undefined
      ? Effect.fail(problem("not-found", `there is no project ${name} any more`))
      : Effect.succeed(found)
  })

export const layer = HttpApiBuilder.group(Api, "projects", (handlers) =>
  handlers
    .handle("projects", () => answering(Effect.map(listed, (projects) => ({ projects }))))
    .handle("merge", ({ payload: { from, into } }) =>
      answering(Effect.gen(function*() {
        const { projects } = yield* ClaudeMemory
        const merged = yield* projects.merge(from, into)
        return { ...(yield* one(merged)), operations: merged.operations }
      })))
    .handle("split", ({ payload: { projects: names } }) =>
      answering(Effect.gen(function*() {
        const { projects } = yield* ClaudeMemory
        const split = yield* projects.split(names)
        return {
          projects: yield* Effect.forEach(split, ({ project }) => one(project))
        }
      })))
    .handle("rename", ({ payload: { name, project } }) =>
      answering(Effect.flatMap(ClaudeMemory, ({ projects }) =>
        Effect.flatMap(projects.rename(project, name), one))))
    .handle("exclude", ({ payload: { isExcluded, project } }) =>
      answering(
        Effect.flatMap(ClaudeMemory, ({ projects }) =>
          Effect.flatMap(projects.exclude(project, isExcluded), one))
      )))
