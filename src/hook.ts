/**
 * What Claude Code runs when a prompt is submitted: puts the memories that it needs in front of Claude. Fails open: whatever
 * is wrong, it says nothing, takes no longer than its budget, and exits with 0.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as App from "./App.ts"
import { MAX_HOOK_CHARS } from "./domain/Injection.ts"
import * as Project from "./domain/Project.ts"
import { Injector } from "./inject/Injector.ts"
import { readStdin, runMain, writeStdout } from "./Process.ts"
import * as Settings from "./Settings.ts"

/** A prompt with a pasted file is that long; nothing of it is needed beyond. */
const MAX_INPUT = 1_000_000

/** https://code.claude.com/docs/en/hooks: what Claude Code writes to stdin; other events have other fields. */
const Input = Schema.parseJson(Schema.Struct({
  hook_event_name: Schema.Literal("UserPromptSubmit"),
  cwd: Schema.String,
  prompt: Schema.String
}))

const hook = Effect.gen(function*() {
  if (yield* Settings.disabled) return
  const input = yield* Effect.flatMap(readStdin(MAX_INPUT), Schema.decodeUnknown(Input))
  const answer = yield* Effect.gen(function*() {
    const injector = yield* Injector
    const { id } = yield* Project.resolve(input.cwd)
    return yield* injector.inject({
      prompt: input.prompt,
      projects: [id],
      mode: "balanced",
      maxTokens: 2_000,
      maxChars: MAX_HOOK_CHARS
    })
  }).pipe(Effect.provide(Layer.provideMerge(App.injector, App.base)))
  if (answer.text === "") return
  const output = { hookSpecificOutput: { hookEventName: "UserPromptSubmit", additionalContext: answer.text } }
  yield* writeStdout(JSON.stringify(output))
})

const withinBudget = Effect.flatMap(Settings.hookBudget, (milliseconds) => Effect.timeoutOption(hook, milliseconds))
  .pipe(
    Effect.catchAllCause(() => Effect.succeed(Option.none()))
  )

runMain(withinBudget, { deadline: "200 millis", failOpen: true })
