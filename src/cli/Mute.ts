/**
 * Keeps the hooks from injecting anything into one session.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as App from "../App.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import * as Settings from "../settings/Settings.ts"
import { answer, json, refuse } from "./Output.ts"

const session = Args.text({ name: "session" }).pipe(
  Args.withDescription(
    "A session's id or the beginning of one; without it, that of the Claude Code session which runs this"
  ),
  Args.optional
)

const off = Options.boolean("off").pipe(Options.withDescription("Let it be told again"))

export const options = { off, json }

export const command = Command.make(
  "mute",
  { session, ...options },
  ({ json, off, session }) =>
    Effect.gen(function*() {
      const { sessionId } = yield* Settings.claudeSession
      const memory = yield* ClaudeMemory
      const id = Option.isSome(session) ? yield* memory.sessionIdMeant(session.value) : sessionId
      if (id === undefined) {
        return yield* refuse("which session? give its id, or run this in Claude Code: ! claude-memory mute")
      }
      yield* memory.mute(id, !off)
      yield* answer(
        json,
        { session: id, muted: !off },
        () =>
          off ? `The session ${id} is told again what it needs.` : `The hooks tell the session ${id} nothing any more.`
      )
    }).pipe(App.provide(App.reader))
).pipe(
  Command.withDescription("Keep the hooks from telling a session anything; what it says is remembered all the same")
)
