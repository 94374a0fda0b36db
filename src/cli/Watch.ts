/**
 * Follows transcripts live, for users without the MCP server, which does the same.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { CaptureError } from "../capture/Discovery.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { transcriptsFolder } from "../settings/Reading.ts"
import * as Settings from "../settings/Settings.ts"
import { json } from "./Output.ts"
import { textArgument } from "./Scope.ts"
import { report } from "./StepReports.ts"

const paths = textArgument("path").pipe(
  Args.withDescription("Folders of transcripts; without any, Claude Code's own"),
  Args.repeated
)

export const options = { json }

export const command = Command.make("watch", { paths, ...options }, ({ json, paths }) =>
  Effect.gen(function*() {
    const settings = yield* Settings.load
    const memory = yield* ClaudeMemory
    const fs = yield* FileSystem.FileSystem
    // Claude Code's own folder may come later.
    const [path] = yield* Effect.filter(paths, (path) => Effect.negate(fs.exists(path)))
    if (path !== undefined) return yield* new CaptureError({ reason: "Missing", path, cause: undefined })
    const folders = paths.length > 0 ? paths : [transcriptsFolder(settings)]
    yield* report(memory.capture(folders), json, {
      waiting: "another process of Claude Memory does this; this one takes over when that one ends",
      following: `reading what is new in ${folders.join(", ")}; end it with Ctrl-C`,
      "caught up": `everything is read; following ${folders.join(", ")}; end it with Ctrl-C`
    })
  }).pipe(App.provide(App.watching))).pipe(
    Command.withDescription("Make memories of what Claude Code writes, while it is written, until it is ended")
  )
