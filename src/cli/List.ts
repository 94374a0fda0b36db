/**
 * Lists memories, newest first.
 */
import * as Command from "@effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, fittingTable, json, minute } from "./Output.ts"
import { filters, limitOf, scopeText, toFilter } from "./Scope.ts"
import { ago, language } from "./When.ts"

export const options = { ...filters, limit: limitOf(20, 1_000), json }

export const command = Command.make(
  "list",
  options,
  ({ json, limit, ...options }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const now = yield* Clock.currentTimeMillis
      const locale = language()
      const units = yield* memory.recent(yield* toFilter(options), limit)
      const names = new Map((yield* memory.projects.known).map(({ id, name }) => [id, name]))
      const isOfSeveral = new Set(units.map(({ projectId }) => projectId)).size > 1
      yield* answer(json, { memories: units }, () =>
        units.length === 0
          ? `No memories in ${scopeText(options)}.`
          : fittingTable(units.map(({ id, occurredAt, projectId, title, type }) => [
            ago(occurredAt, now, locale),
            minute(occurredAt),
            id.slice(0, 8),
            type,
            ...(isOfSeveral ? [names.get(projectId) ?? "?"] : []),
            title
          ])).join("\n"))
    }).pipe(App.provide(App.reader))
).pipe(Command.withDescription("List memories, newest first"))
