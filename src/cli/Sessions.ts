/**
 * Lists sessions, that which ended last first.
 */
import * as Command from "@effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, fittingTable, json, minute, number } from "./Output.ts"
import { limitOf, projectIds, projects, scopeText, times, toTimes } from "./Scope.ts"
import { ago, language } from "./When.ts"

export const options = { ...projects, ...times, limit: limitOf(20, 1_000), json }

export const command = Command.make(
  "sessions",
  options,
  ({ json, limit, ...options }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const now = yield* Clock.currentTimeMillis
      const locale = language()
      const filter = { projects: yield* projectIds(options), ...toTimes(options) }
      const sessions = yield* memory.sessions(filter, limit)
      const names = new Map((yield* memory.projects.known).map(({ id, name }) => [id, name]))
      const isOfSeveral = new Set(sessions.map(({ projectId }) => projectId)).size > 1
      yield* answer(json, { sessions }, () =>
        sessions.length === 0
          ? `No sessions in ${scopeText(options)}.`
          : fittingTable(sessions.map(({ archive, branch, endedAt, id, projectId, title, units }) => [
            ago(endedAt, now, locale),
            minute(endedAt),
            id.slice(0, 8),
            units === 1 ? "1 memory" : `${number(units)} memories`,
            ...(isOfSeveral ? [names.get(projectId) ?? "?"] : []),
            `${archive?.title ?? title ?? ""}${branch === null ? "" : ` (on ${branch})`}`
          ])).join("\n"))
    }).pipe(App.provide(App.reader))
).pipe(Command.withDescription("List sessions: when, on which branch, what for, and how much is remembered of them"))
