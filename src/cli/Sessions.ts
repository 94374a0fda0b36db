/**
 * Lists sessions, that which ended last first.
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { resumeOf } from "../domain/Resume.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { firstOf, listing, MOST_LISTED } from "./Listing.ts"
import { answer, json, memories } from "./Output.ts"
import { limitOf, projectIds, projects, scopeText, times, toTimes } from "./Scope.ts"

export const options = { ...projects, ...times, limit: limitOf(20, MOST_LISTED), json }

export const command = Command.make(
  "sessions",
  options,
  ({ json, limit, ...options }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const filter = { projects: yield* projectIds(options), ...(yield* toTimes(options)) }
      const { more, shown: sessions } = firstOf(yield* memory.sessions(filter, limit + 1), limit)
      const rows = yield* listing(sessions, ({ endedAt }) => endedAt, ({ aim, branch, units }) => [
        memories(units),
        `${aim ?? ""}${branch === null ? "" : ` (on ${branch})`}`
      ])
      yield* answer(
        json,
        { sessions: sessions.map((session) => ({ ...session, resume: resumeOf(session) })) },
        () =>
          sessions.length === 0
            ? `No sessions in ${scopeText(options)}.`
            : rows.split("\n").flatMap((row, i) => [row, `    ${resumeOf(sessions[i]!)}`]).join("\n") + more
      )
    }).pipe(App.provide(App.reader))
).pipe(
  Command.withDescription(
    "List sessions: when, on which branch, what for, how much is remembered of them, and how to go on with each"
  )
)
