/**
 * One run of a hook: reads stdin and writes stdout, within a time budget.
 */
import type * as NodeContext from "@effect/platform-node/NodeContext"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { tookLonger } from "../hook/FailureLog.ts"
import * as HookFailures from "../hook/Failures.ts"
import { answer, HookInput, limitOf } from "../hook/Hook.ts"
import { MAX_INPUT, type Stdin } from "../hook/Input.ts"
import { outputOf } from "../hook/Output.ts"
import type { SessionRecords } from "../hook/SessionRecords.ts"
import type { Injector } from "../inject/Injector.ts"
import { readStdin, runMain, writeStdout } from "../process/Process.ts"
import type { Files } from "../resources/Files.ts"
import * as Platform from "../resources/Platform.ts"
import * as HookSettings from "../settings/Hooks.ts"
import type { MemoryStore, StoreError } from "../store/MemoryStore.ts"

const decode = Schema.decodeUnknown(Schema.parseJson(HookInput))

/** Returns the first line of the failure's message, which quotes nothing of the prompt. */
const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const message = error instanceof Error ? error.message : String(error)
  return message.split("\n")[0]!
}

/** True when there is no memory yet, which is no failure. */
const isMissingMemory = (cause: Cause.Cause<{ readonly _tag: string }>) =>
  Option.exists(
    Cause.failureOption(cause),
    (error) => error._tag === "StoreError" && (error as StoreError).reason === "Missing"
  )

/** Share of the time left that a start may take to read what is not remembered yet. */
const TAILS_SHARE = 0.3

type Services<E> = Layer.Layer<SessionRecords | Injector | MemoryStore | NodeContext.NodeContext | Files, E>

const hook = <E extends { readonly _tag: string }>(started: number, stdin: Stdin, services: Services<E>) =>
  Effect.gen(function*() {
    const { telling, within } = yield* HookSettings.load
    if (telling === undefined) return
    const remaining = (limit: number) => Math.max(1, limit - (performance.now() - started))

    const text = yield* Effect.timeoutOption(
      readStdin(MAX_INPUT, stdin),
      remaining(Math.max(within.start, within.later))
    )
    if (Option.isNone(text)) {
      return yield* HookFailures.record("unknown", "Claude Code did not end what it writes to the hook")
    }
    const input = yield* Effect.option(decode(text.value))
    if (Option.isNone(input)) {
      return yield* HookFailures.record("unknown", "what Claude Code wrote to the hook is of no known form")
    }
    const event = input.value.hook_event_name
    const limit = yield* limitOf(input.value, within)
    // Writes the answer before the services are closed, which takes a while.
    yield* Layer.build(services).pipe(
      Effect.flatMap((context) =>
        Effect.provide(
          Effect.suspend(() => {
            const left = remaining(limit)
            return answer(input.value, HookSettings.inTime(telling, left), Math.round(TAILS_SHARE * left))
          }),
          context
        )
      ),
      Effect.timeoutOption(remaining(limit)),
      Effect.flatMap(Option.match({
        onNone: () => HookFailures.record(event, tookLonger(limit)),
        onSome: (text) => text === "" ? Effect.void : writeStdout(outputOf(event, text))
      })),
      Effect.catchAllCause((cause) =>
        isMissingMemory(cause) ? Effect.void : HookFailures.record(event, messageOf(cause))
      ),
      Effect.scoped
    )
  }).pipe(
    Effect.catchAllCause((cause) => HookFailures.record("unknown", messageOf(cause))),
    Effect.provide(Platform.layer)
  )

/**
 * Runs the hook. `started` is `performance.now()` at the start of the process; the budget counts from there. `stdin` is
 * what has been read already.
 */
export const run = <E extends { readonly _tag: string }>(started: number, stdin: Stdin, services: Services<E>): void =>
  runMain(Effect.withTracerEnabled(hook(started, stdin, services), false), { deadline: "200 millis", failOpen: true })
