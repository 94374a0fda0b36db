/**
 * Transcripts and memories that the cases use.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Settings from "../../src/settings/Settings.ts"
import { transcript } from "../fixtures/transcript.ts"

export const fixtures = Settings.packageFile("test", "fixtures", "projects")

/** Files that cases share, each made when it is first needed. */
export interface Samples {
  /** A transcript that keeps an import compressing for a while. */
  readonly long: Effect.Effect<string>
  /** A transcript with a line that takes more heap than a small heap has. */
  readonly heavy: Effect.Effect<string>
  /** Path of a memory of the fixtures; the preparation of the cases makes it. */
  readonly memory: string
}

/** A line of 27 MB, in a session of its own, which a small heap cannot hold. */
const heavyLine = () =>
  JSON.stringify({
    type: "user",
    uuid: "5f1d7a3e-0c44-4b9a-8a51-2f6f3b1c9d10",
    parentUuid: null,
    sessionId: "0b9e6c52-7d0f-4a43-9d6f-6a1a53f0c7e1",
    isSidechain: false,
    cwd: "/home/dev/work",
    timestamp: "2026-01-01T00:00:00.000Z",
    message: { role: "user", content: "the pool of connections was exhausted under load ".repeat(560_000) }
  })

export const make = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-gate-samples-" })
  const written = (name: string, lines: () => Iterable<string>) => {
    const file = path.join(folder, name)
    return Effect.suspend(() => fs.writeFileString(file, `${[...lines()].join("\n")}\n`)).pipe(
      Effect.orDie,
      Effect.as(file),
      Effect.cached
    )
  }
  const samples: Samples = {
    long: yield* written("long.jsonl", () => transcript(3, "normal")),
    heavy: yield* written("heavy.jsonl", () => [...transcript(1, "normal"), heavyLine()]),
    memory: path.join(folder, "memory")
  }
  return samples
})
