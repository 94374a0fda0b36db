/**
 * Prints what a session was given by the hooks.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as App from "../App.ts"
import type { Injection } from "../hook/SessionRecords.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { sumOf } from "../serve/Injections.ts"
import { answer, json, minute, number, plural, table } from "./Output.ts"

const session = Args.text({ name: "session" }).pipe(
  Args.withDescription("A session's id or the beginning of one; without it, the session of the newest injection"),
  Args.optional
)

export const options = { json }

const STATES: Readonly<Record<Injection["state"], string>> = {
  arrived: "arrived",
  late: "too late",
  pending: "sent"
}

const whyOf = ({ event, isOpening, pointed, words }: Injection): string =>
  isOpening
    ? event === "SessionStart" ? "the session began" : "asked to go on"
    : `${pointed.length > 0 ? "a pointer, " : ""}for ${words.join(", ")}`

export const command = Command.make(
  "injections",
  { session, ...options },
  ({ json, session }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const { injections, sessionId, titles } = yield* memory.injections(Option.getOrUndefined(session))
      const { injections: count, tokens } = sumOf(injections)
      const data = { session: sessionId, injections, tokens }
      yield* answer(json, data, () =>
        [
          `Session ${sessionId} was given ${plural(count, "text")} of ${number(tokens)} tokens in all.`,
          ...injections.flatMap((each) => [
            "",
            ...table([[minute(each.at), STATES[each.state], `${number(each.tokens)} tokens`, whyOf(each)]]),
            ...[...each.ids, ...each.pointed].map((id) =>
              `  [${id.slice(0, 8)}] ${titles.get(id) ?? "(gone)"}${each.used.includes(id) ? " (used)" : ""}`
            )
          ])
        ].join("\n"))
    }).pipe(App.provide(App.reader))
).pipe(
  Command.withDescription(
    "Say what the hooks put in front of Claude in a session, when, why, what came too late, and what Claude used"
  )
)
