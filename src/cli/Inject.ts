import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as App from "../App.ts"
import { InjectionMode, MAX_HOOK_CHARS } from "../domain/Injection.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import * as Injecting from "../settings/Injecting.ts"
import { answer, json, resultJson } from "./Output.ts"
import { projectIds, projects, scopeText, wholeNumber } from "./Scope.ts"

export const options = {
  prompt: Options.text("prompt").pipe(Options.withDescription("What you would type to Claude")),
  ...projects,
  mode: Options.choice("mode", InjectionMode.literals).pipe(
    Options.withDescription(
      "How sure a memory must be: conservative gives the fewest, comprehensive the most (default: CLAUDE_MEMORY_INJECT)"
    ),
    Options.optional
  ),
  maxTokens: wholeNumber("max-tokens", 100, 8_000).pipe(
    Options.withDescription(
      "Budget of the whole text in tokens, 100 to 8000; with it, what Claude gets when it asks (default: what the hook " +
        "gives, within CLAUDE_MEMORY_INJECT_TOKENS)"
    ),
    Options.optional
  ),
  maxChars: wholeNumber("max-chars", 200, 100_000).pipe(
    Options.withDescription("And in characters, 200 to 100000; Claude Code takes 10,000 from a hook"),
    Options.withDefault(MAX_HOOK_CHARS)
  ),
  json
}

export const command = Command.make("inject", options, (options) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const injecting = yield* Injecting.load
    const mode = Option.getOrElse(options.mode, () => injecting.mode)
    if (mode === "off") {
      return yield* answer(options.json, { text: "", items: [] }, () =>
        "Nothing: CLAUDE_MEMORY_INJECT is off. --mode balanced shows what would be put in front of Claude.")
    }
    const request = {
      prompt: options.prompt,
      projects: yield* projectIds(options),
      mode,
      isAsked: Option.isSome(options.maxTokens),
      maxTokens: Option.getOrElse(options.maxTokens, () =>
        injecting.maxTokens),
      maxChars: options.maxChars
    }
    const response = yield* memory.inject(request)
    yield* answer(
      options.json,
      {
        ...response,
        items: response.items.map(resultJson),
        pointed: response.pointed.map(({ id, title }) => ({ id, title }))
      },
      () => {
        if (response.text !== "") {
          return response.text
        }
        const nothing = `Nothing in ${scopeText(options)}`
        const fits = `fits in ${request.maxTokens} tokens and ${request.maxChars} characters`
        if (request.isAsked) {
          return `${nothing} is telling enough for this prompt, or ${fits}.`
        }
        return response.verdict.tells === "nothing"
          ? `${nothing} is telling enough for this prompt.`
          : `${nothing} that is telling for this prompt ${fits}.`
      }
    )
  }).pipe(App.provide(App.reader))).pipe(
    Command.withDescription("Print what would be put in front of Claude for a prompt")
  )
