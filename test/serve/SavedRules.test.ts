/**
 * What was saved on purpose, and questions for it that have only words of everyday work, through the whole service.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { HookInput } from "../../src/hook/Hook.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { layer } from "../../src/testing.ts"

const FOLDER = "/nowhere/mill"
const MERGE = "Merges wait for the release branch, and Ines is asked first."
const LOGS = "Wir bauen nachts. Logs are copied to the barn."
const ROLLBACK = "回滚之前先通知磨坊的值班人。"

const prompted = (prompt: string, session: string) =>
  Effect.flatMap(ClaudeMemory, (memory) => {
    const input: HookInput = { hook_event_name: "UserPromptSubmit", session_id: session, cwd: FOLDER, prompt }
    return memory.hook(input)
  })

it.scoped("a question of everyday words is answered by what was saved and holds them all", () =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    for (const content of [MERGE, LOGS, ROLLBACK]) yield* memory.save({ content, project: { folder: FOLDER } })
    for (
      const [prompt, content] of [
        ["how do we merge a release?", MERGE],
        ["where are the logs?", LOGS],
        ["怎么回滚?", ROLLBACK]
      ] as const
    ) {
      assert.include(yield* prompted(prompt, prompt), content)
      assert.strictEqual(yield* prompted(prompt, prompt), "", "told once")
    }
    for (
      const prompt of ["merge the release", "how do I test the release?", "where does this log go?", "什么时候提交"]
    ) {
      assert.strictEqual(yield* prompted(prompt, prompt), "", prompt)
    }
    const { modes, nearest, verdict } = yield* memory.explain({
      prompt: "where are the logs?",
      projects: "all",
      mode: "balanced",
      maxTokens: 800,
      maxChars: 9_500
    })
    assert.deepStrictEqual([modes.balanced, verdict.tells, nearest[0]?.tells], ["memories", "memories", "memories"])
  }).pipe(Effect.provide(layer)))
