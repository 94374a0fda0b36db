/**
 * Answers the hooks of prompts over a memory that is only read. The MCP server opens it before all else.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { MAX_HOOK_CHARS } from "../domain/Injection.ts"
import * as Hook from "../hook/Hook.ts"
import { Injector } from "../inject/Injector.ts"
import { Files } from "../resources/Files.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import * as Owner from "../resources/Owner.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"

type Services = FileSystem.FileSystem | Path.Path | Injector | MemoryStore

const WARMING_TOKENS = 800

/**
 * Asks a prompt without words, which tells nothing and so records nothing, then for the newest memory by its title. Both
 * prepare the statements, load the models and compile the code that the first prompt needs.
 */
const warm = (folder: string) =>
  Effect.gen(function*() {
    yield* Hook.answer({ hook_event_name: "UserPromptSubmit", session_id: "", cwd: folder, prompt: "" })
    const store = yield* MemoryStore
    const injector = yield* Injector
    const [newest] = yield* store.recent({ projects: "all" }, 1)
    if (newest === undefined) return
    yield* injector.inject({
      prompt: newest.title,
      projects: [newest.projectId],
      mode: "balanced",
      isAsked: true,
      isImmediate: true,
      maxTokens: WARMING_TOKENS,
      maxChars: MAX_HOOK_CHARS
    })
  })

const make = Effect.gen(function*() {
  const context = Context.add(yield* Effect.context<Services>(), Files, yield* Files.make)
  const inFlight = yield* makeInFlight("Prompting")
  const run = <A, E>(effect: Effect.Effect<A, E, Files | Services>) => inFlight(Owner.provideContext(context)(effect))
  return {
    hook: (input, telling) => run(Hook.answer(input, telling)),
    hookUnrecorded: (input, telling) => run(Hook.unrecorded(input, telling)),
    warm: (folder) => run(warm(folder))
  } satisfies Prompting["Type"]
})

export class Prompting extends Context.Tag("claude-memory/Prompting")<Prompting, {
  /** Answers a hook of Claude Code with a text to inject, empty when nothing is relevant. */
  readonly hook: (input: Hook.HookInput, telling?: Hook.Telling) => Effect.Effect<string, StoreError>
  /** The same for another process, which may have given up waiting: who prints the text records it. */
  readonly hookUnrecorded: (input: Hook.HookInput, telling?: Hook.Telling) => Effect.Effect<Hook.Unrecorded, StoreError>
  /** Asks harmless questions from this folder, so that the first prompt is answered as soon as later ones. */
  readonly warm: (folder: string) => Effect.Effect<void, StoreError>
}>() {
  static readonly layer = Owner.layer(this, make)
}
