/**
 * What a person is asked before something is done. A program that runs this one is asked nothing: it has said what it wants.
 */
import * as Options from "@effect/cli/Options"
import * as Prompt from "@effect/cli/Prompt"
import * as Effect from "effect/Effect"
import { writeStdout } from "../process/Process.ts"

export const options = {
  dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Show what would be changed, and change nothing")),
  yes: Options.boolean("yes").pipe(Options.withDescription("Ask nothing"))
}

/** Whether somebody is there to be asked. */
export const isAsked = ({ json, yes }: { readonly yes: boolean; readonly json: boolean }): boolean =>
  !yes && !json && process.stdin.isTTY === true && process.stdout.isTTY === true

/** Enter means `otherwise`; whoever goes away (Ctrl-C) means no. */
export const confirm = (message: string, otherwise: boolean) =>
  Prompt.run(Prompt.confirm({ message, initial: otherwise })).pipe(
    Effect.catchTag("QuitException", () => Effect.as(writeStdout("\n"), false))
  )
