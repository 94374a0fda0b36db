/**
 * Folders of transcripts, and memories made of them.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { importFiles } from "../../../src/cli/Import.ts"
import { ClaudeMemory } from "../../../src/serve/ClaudeMemory.ts"

export const transcripts = Options.directory("transcripts", { exists: "yes" }).pipe(
  Options.withDescription("Folder of transcripts")
)

/** Imports them into the memory that is provided. `since`: when the import began, if not now. */
export const imported = (folder: string, since?: number) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    return yield* importFiles(yield* memory.discover([folder]), since ?? (yield* Clock.currentTimeMillis))
  })

/** Lists the transcripts in the folder and below, sorted. */
export const transcriptsIn = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = yield* fs.readDirectory(folder, { recursive: true })
    return names.filter((name) => name.endsWith(".jsonl")).sort().map((name) => path.join(folder, name))
  })
