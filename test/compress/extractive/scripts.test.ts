import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import ts from "typescript"
import { inBothScripts, simplified } from "../../../src/domain/ChineseScripts.ts"
import { ClaudeMemory } from "../../../src/serve/ClaudeMemory.ts"
import { layer as memoryLayer } from "../../../src/testing.ts"
import { base } from "../../contract/layers.ts"
import { root, slow } from "../../data.ts"
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
  slow(it.effect)("are remembered as those in Simplified ones", () =>
    Effect.gen(function*() {
      const sessions = yield* chinese
      const units = yield* remembered(sessions)
      assert.isAbove(units.length, 50)
      assert.deepStrictEqual(yield* remembered(sessions.map((text) => traditional(text))), units)
    }).pipe(Effect.provide(base)), 60_000)
})

/** Expressions of a source file. */
const expressionsIn = (source: string) => {
  const found: Array<{ readonly text: string; readonly differs: boolean; readonly isInBoth: boolean }> = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const [, pattern = "", flags = ""] = /^\/(.*)\/(\w*)$/s.exec(node.text) ?? []
      const expression = new RegExp(pattern, flags)
      const isInBoth = [node.parent, node.parent.parent.parent].some((around) =>
        ts.isCallExpression(around) && /(?:^|\.map\()inBothScripts\b/.test(around.getText().replace(/\/.*\//s, ""))
      )
      found.push({ text: node.text, differs: inBothScripts(expression).source !== expression.source, isInBoth })
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile("", source, ts.ScriptTarget.Latest, true))
  return found
}

/** The source files in a folder. */
const sourcesIn = Effect.fn(function*(...names: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.join(root, ...names)
  const files = (yield* fs.readDirectory(folder, { recursive: true })).filter((file) => file.endsWith(".ts"))
  return yield* Effect.forEach(files, (file) => fs.readFileString(path.join(folder, file)))
})

describe("expressions", () => {
  it.effect("of the compressor match both scripts of Chinese", () =>
    Effect.gen(function*() {
      const found = (yield* sourcesIn("src", "compress")).flatMap(expressionsIn).filter(({ differs }) => differs)
      assert.isAbove(found.length, 50)
      assert.deepStrictEqual(found.filter(({ isInBoth }) => !isInBoth).map(({ text }) => text), [])
    }).pipe(Effect.provide(base)))

  it.effect("for a text in Simplified characters have no others, in Japanese neither", () =>
    Effect.gen(function*() {
      const found = (yield* sourcesIn("src"))
        .filter((source) => /^import \{.*\bsimplified\b/m.test(source)).flatMap(expressionsIn)
      assert.isAbove(found.filter(({ differs }) => differs).length, 10)
      assert.deepStrictEqual(found.map(({ text }) => text).filter((text) => simplified(text) !== text), [])
    }).pipe(Effect.provide(base)))
})
