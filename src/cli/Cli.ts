/**
 * All commands, and how they are run.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { runMain } from "../Process.ts"
import { version } from "../version.ts"
import * as Import from "./Import.ts"
import * as Search from "./Search.ts"

const command = Command.make("claude-memory").pipe(
  Command.withDescription("Long-term memory for Claude Code"),
  Command.withSubcommands([Import.command, Search.command])
)

const cli = Command.run(command, { name: "claude-memory", version })

export const run = (argv: ReadonlyArray<string>) =>
  runMain(
    cli(argv).pipe(
      Effect.provide(Layer.merge(NodeContext.layer, CliConfig.layer({ showBuiltIns: false, isCaseSensitive: true })))
    ),
    { deadline: "10 seconds" }
  )
