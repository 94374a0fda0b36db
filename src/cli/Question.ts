/**
 * What a person is asked before something is done. A program that runs this one is asked nothing: it has said what it wants.
 */
import * as Options from "@effect/cli/Options"
import * as Terminal from "@effect/platform/Terminal"
import * as Effect from "effect/Effect"

export const options = {
  dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Show what would be changed, and change nothing")),
  yes: Options.boolean("yes").pipe(Options.withDescription("Ask nothing"))
}

/** Whether somebody is there to be asked. */
export const isAsked = ({ json, yes }: { readonly yes: boolean; readonly json: boolean }): boolean =>
  !yes && !json && process.stdin.isTTY === true && process.stdout.isTTY === true

/** Enter means `otherwise`; so does whoever goes away. */
export const confirm = (question: string, otherwise: boolean) =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    yield* Effect.orDie(terminal.display(`${question} ${otherwise ? "[Y/n]" : "[y/N]"} `))
    const answer = (yield* terminal.readLine).trim().toLowerCase()
    return answer === "" ? otherwise : answer === "y" || answer === "yes"
  }).pipe(Effect.catchTag("QuitException", () => Effect.succeed(false)))
