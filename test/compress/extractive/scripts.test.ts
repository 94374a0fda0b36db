import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { simplified } from "../../../src/domain/ChineseScripts.ts"
import { ClaudeMemory } from "../../../src/serve/ClaudeMemory.ts"
import { layer as memoryLayer } from "../../../src/testing.ts"
import { base } from "../../contract/layers.ts"
import { root } from "../../data.ts"
import { traditional } from "../../traditional.ts"

/** The sessions in Chinese among the fixtures. */
const chinese = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const fixtures = path.join(root, "test", "fixtures")
  const files = yield* fs.readDirectory(fixtures, { recursive: true })
  const read = files.filter((file) => /(?:-home-mei-work-----|speaking\/transcripts)\/.*\.jsonl$/.test(file))
  return (yield* Effect.forEach(read, (file) => fs.readFileString(path.join(fixtures, file))))
    .filter((text) => /[\u4e00-\u9fff]{4}/.test(text))
})

/** What is remembered of sessions, in Simplified characters. */
const remembered = (sessions: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const memory = yield* ClaudeMemory
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-scripts-" })
    yield* Effect.forEach(sessions, (text, i) => fs.writeFileString(path.join(folder, `${i}.jsonl`), text))
    yield* Stream.runDrain(memory.ingest(yield* memory.discover([folder])))
    return (yield* memory.recent({ projects: "all" }, 1_000))
      .map(({ content, title, type }) => simplified(`${type}: ${title}\n${content}`)).sort()
  }).pipe(Effect.scoped, Effect.provide(memoryLayer))

describe("sessions in Traditional characters", () => {
  it.effect("are remembered as those in Simplified ones", () =>
    Effect.gen(function*() {
      const sessions = yield* chinese
      const units = yield* remembered(sessions)
      assert.isAbove(units.length, 50)
      assert.deepStrictEqual(yield* remembered(sessions.map((text) => traditional(text))), units)
    }).pipe(Effect.provide(base)), 60_000)
})
