/**
 * Memories that hooks told, and that Claude then used, as its transcript is captured.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import type { HookInput } from "../../src/hook/Hook.ts"
import { SessionRecords } from "../../src/hook/SessionRecords.ts"
import { MAX_USES } from "../../src/retrieve/Helping.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { layer } from "../../src/testing.ts"
import { slow } from "../data.ts"

const FOLDER = "/nowhere/shop"
const POOL = "PGPOOL_MAX stays at 320, since nightlyReport opens a client a query (src/reports/nightly.ts)."
const ANSWER = "That is nightlyReport again, in src/reports/nightly.ts: PGPOOL_MAX has to stay at 320."
const PROMPT = "why does the pool of nightly reports open a client a query again?"

/** A session of Claude Code with a transcript of its own. */
const session = (folder: string, n: number) => {
  const id = `66698404-81f4-4b9b-ac76-00000000000${n}`
  const file = join(folder, `${id}.jsonl`)
  let lines = 0
  const write = (type: "assistant" | "user", text: string) =>
    appendFileSync(
      file,
      `${
        JSON.stringify({
          type,
          uuid: `${id}-${lines++}`,
          parentUuid: null,
          sessionId: id,
          timestamp: `2026-11-29T10:0${n}:${10 + lines}.000Z`,
          cwd: FOLDER,
          message: { role: type, content: type === "user" ? text : [{ type: "text", text }] }
        })
      }\n`
    )
  const prompted = (prompt: string) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const input: HookInput = {
        hook_event_name: "UserPromptSubmit",
        session_id: id,
        cwd: FOLDER,
        transcript_path: file,
        prompt
      }
      yield* TestClock.adjust("1 minute")
      const text = yield* memory.hook(input)
      write("user", prompt)
      return text
    })
  const captured = Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    yield* Stream.runDrain(memory.ingest(yield* memory.discover([file])))
  })
  return { captured, id, prompted, write }
}

describe("capture of a session that was told a memory", () => {
  slow(it.scoped)("counts its use once a session, up to a bound, and says so", () =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const records = yield* SessionRecords
      const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
      const { id } = yield* memory.save({ content: POOL, project: { folder: FOLDER } })
      const uses = Effect.map(memory.show(id), ({ unit }) => unit.uses)
      const first = session(folder, 0)
      assert.include(yield* first.prompted(PROMPT), id.slice(0, 8))
      first.write("assistant", ANSWER)
      yield* first.captured
      yield* first.prompted("go on")
      first.write("assistant", ANSWER)
      yield* first.captured
      assert.strictEqual(yield* uses, 1)
      yield* first.prompted("and the tests")
      yield* first.captured
      assert.strictEqual(yield* uses, 1)
      assert.deepStrictEqual((yield* memory.injections(first.id)).injections.map(({ used }) => used), [[id]])
      const [told] = (yield* memory.injections(first.id)).injections
      // It is nobody's change.
      assert.isUndefined((yield* memory.show(id)).unit.revision)
      assert.isUndefined(yield* memory.undo())

      const unused = session(folder, 1)
      yield* unused.prompted(PROMPT)
      unused.write("assistant", "I see; the report needs a limit.")
      yield* unused.prompted("go on")
      yield* unused.captured
      assert.strictEqual(yield* uses, 1)
      assert.deepStrictEqual((yield* memory.injections(unused.id)).injections.map(({ used }) => used), [[]])

      for (let n = 2; n < 9; n++) {
        const next = session(folder, n)
        // What the earlier sessions said of it may be told in its place by now.
        yield* records.add(next.id, { ...told!, at: n })
        next.write("user", PROMPT)
        next.write("assistant", ANSWER)
        yield* next.prompted("go on")
        yield* next.captured
      }
      assert.strictEqual(yield* uses, MAX_USES)
      const { history } = yield* memory.history(id)
      assert.deepStrictEqual(
        history?.operations.map(({ actor, kind }) => `${actor} ${kind}`),
        Array.from({ length: MAX_USES }, () => "rule use")
      )
    }).pipe(Effect.provide(layer)))
})
