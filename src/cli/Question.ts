/**
 * Asks a person before something is changed. Programs are never asked: their arguments state what they want.
 */
import * as Options from "@effect/cli/Options"
import * as Prompt from "@effect/cli/Prompt"
import * as Effect from "effect/Effect"
import { writeStdout } from "../process/Process.ts"

export const options = {
  dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Show what would be changed, and change nothing")),
  yes: Options.boolean("yes").pipe(Options.withDescription("Ask nothing"))
}

/** True when a person can answer on a terminal, and neither --yes nor --json was given. */
export const isAsked = ({ json, yes }: { readonly yes: boolean; readonly json: boolean }): boolean =>
  !yes && !json && process.stdin.isTTY === true && process.stdout.isTTY === true

/** Asks a yes-or-no question. Enter means `otherwise`, Ctrl-C means no. */
export const confirm = (message: string, otherwise: boolean) =>
  Prompt.run(Prompt.confirm({ message, initial: otherwise })).pipe(
    Effect.catchTag("QuitException", () => Effect.as(writeStdout("\n"), false))
  )
