/**
 * The UserPromptSubmit hook, answered by the process that already has the memory open.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import { tookLonger } from "../hook/FailureLog.ts"
import type { Unrecorded } from "../hook/Hook.ts"
import { outputOf } from "../hook/Output.ts"
import * as HookSettings from "../settings/Hooks.ts"
import type { StoreError } from "../store/MemoryStore.ts"
import type { Calls } from "./Calls.ts"
import type * as PromptSocket from "./PromptSocket.ts"
import { type Failure, type Prompts, Refused, Serving } from "./Serving.ts"
import type { Tool } from "./Tool.ts"

const Input = Schema.Struct({
  prompt: Schema.String.annotations({ description: "What was typed" }),
  session_id: Schema.String.annotations({ description: "The session's id" }),
  cwd: Schema.String.annotations({ description: "The session's folder" }),
  transcript_path: Schema.optional(Schema.String).annotations({ description: "The session's transcript" })
})

const decode = Schema.decodeUnknown(Input)

const NAME = "claude_memory_prompt"
const TITLE = "Answer the hook of a prompt"

/**
 * Records the failure for `doctor`, as the hook program does. Loads the module here, since starting must not wait for it.
 */
const recordFailure = (detail: string) =>
  Effect.gen(function*() {
    yield* Effect.logWarning(`a prompt was answered with nothing: ${detail}`)
    const [{ record }, Platform] = yield* Effect.promise(() =>
      Promise.all([import("../hook/Failures.ts"), import("../resources/Platform.ts")])
    )
    yield* Platform.provide(record("UserPromptSubmit", detail))
  })

/**
 * Returns what the memory answers; `nothing` when hooks are off, where there is no memory yet and on a timeout. Fails when
 * the memory can't be read. A hook program that asks has a time limit of its own: past it, it ends this answer, and answers itself.
 */
const answerBy = <A>(
  hookOf: (prompts: Prompts) => (...args: Parameters<Prompts["hook"]>) => Effect.Effect<A, StoreError>,
  input: typeof Input.Type,
  nothing: A,
  limitOfProgram?: number
): Effect.Effect<A, Failure, Serving> =>
  Effect.gen(function*() {
    const { telling, within } = yield* HookSettings.load
    if (telling === undefined) return nothing
    const { prompts, tally } = yield* Serving
    // The first call of a process, and so of a session, may have to wait until the memory is open.
    const { calls } = yield* tally
    const limit = limitOfProgram ?? (calls === 0 ? within.start : within.later)
    const answer = Effect.flatMap(
      prompts,
      (prompts) =>
        hookOf(prompts)({ ...input, hook_event_name: "UserPromptSubmit" }, HookSettings.inTime(telling, limit))
    )
    if (limitOfProgram !== undefined) return yield* answer
    return yield* Effect.timeoutTo(answer, {
      duration: limit,
      onSuccess: Effect.succeed,
      onTimeout: () => Effect.as(recordFailure(tookLonger(limit)), nothing)
    }).pipe(Effect.flatten)
  }).pipe(
    Effect.catchIf((error) => error._tag === "OpenError" && error.isMissing === true, () => Effect.succeed(nothing))
  )

/** Returns what the hook prints: empty when nothing is relevant, and on a failure, which is recorded. */
const printed = (input: typeof Input.Type) =>
  answerBy(({ hook }) => hook, input, "").pipe(
    Effect.catchAll(({ message }) => Effect.as(recordFailure(message), "")),
    Effect.map((text) => text === "" ? "" : outputOf("UserPromptSubmit", text))
  )

const NO_ANSWER: Unrecorded = { text: "", sent: undefined }

/** Answers hook programs as calls of their own. */
export const answering = (calls: Calls, serving: Serving["Type"]): PromptSocket.Answer => (input, limit) =>
  answerBy(({ hookUnrecorded }) => hookUnrecorded, input, NO_ANSWER, limit).pipe(
    Effect.tapError(({ message }) => Effect.logWarning(`a prompt was left to its hook program: ${message}`)),
    Effect.either,
    (answer) => calls.counted(answer, Either.isLeft),
    calls.permits,
    Effect.flatten,
    Effect.provideService(Serving, serving)
  )

/**
 * Tool for a UserPromptSubmit hook of type `mcp_tool`. Claude Code treats its text like the stdout of a command hook,
 * and ignores structured content.
 */
export const prompt: Tool = {
  name: NAME,
  describe: () => ({
    name: NAME,
    title: TITLE,
    description: "Called by Claude Code's UserPromptSubmit hook; not for Claude, which has claude_memory_inject.",
    inputSchema: JSONSchema.make(Input) as ReturnType<Tool["describe"]>["inputSchema"],
    annotations: {
      title: TITLE,
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false
    }
  }),
  call: (args) =>
    Effect.gen(function*() {
      const input = yield* Effect.mapError(decode(args), () =>
        new Refused({ detail: `${NAME}: it takes what Claude Code gives a hook: prompt, session_id and cwd` }))
      return { content: [{ type: "text", text: yield* printed(input) }] }
    })
}
