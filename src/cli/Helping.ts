/**
 * Says of a memory that was told that it helps at such prompts, or does not: two commands.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as App from "../App.ts"
import { advice } from "../process/Advice.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { Helped } from "../serve/Helping.ts"
import { promptsText } from "../serve/Wording.ts"
import { answer, json, minute, undoCommand } from "./Output.ts"
import { unitId } from "./Scope.ts"

export const options = {
  prompt: Options.text("prompt").pipe(
    Options.withDescription(
      "The prompt of which you say it; without it, the one at which the memory was told last, or every prompt if no session was " +
        "told it"
    ),
    Options.optional
  ),
  off: Options.boolean("off").pipe(
    Options.withDescription("Take back what you said so, with --prompt of that one alone")
  ),
  json
}

const text = (helps: boolean, isOff: boolean, { operation, toldAt, unit, words }: Helped): string => {
  const named = `${unit.id.slice(0, 8)} ${unit.title}`
  if (isOff) return `Taken back that it ${helps ? "helps" : "does not help"}: ${named}`
  const where = promptsText({ helps, words }, unit)
  return `${helps ? "Told sooner" : words.length === 0 ? "Told less" : "Not told any more"} ${where}${
    toldAt === undefined ? "" : `, as at ${minute(toldAt)}`
  }: ${named}\n` +
    advice(`\`${undoCommand(operation)}\` takes it back${helps ? "" : "; a search finds it as before"}.`)
}

const make = (name: "help" | "nohelp", helps: boolean, description: string) =>
  Command.make(name, { id: unitId, ...options }, ({ id, json, off, prompt }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const helped = yield* memory.feedback(
        id,
        { helps, prompt: Option.getOrUndefined(prompt), isOff: off },
        "person"
      )
      const { operation, toldAt, unit, words } = helped
      yield* answer(json, { unit, words, toldAt: toldAt ?? null, operation }, () => text(helps, off, helped))
    }).pipe(App.provide(App.service(name)))).pipe(Command.withDescription(description))

export const help = {
  command: make(
    "help",
    true,
    "Say that a memory helped: it is told sooner at prompts like the one at which it was told"
  ),
  options
}
export const nohelp = {
  command: make(
    "nohelp",
    false,
    "Say that a memory did not help: it is not told at prompts like the one at which it was told"
  ),
  options
}
