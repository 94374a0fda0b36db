/**
 * The hook in the real Claude Code: after an import, a later session's prompt gets what an earlier session said.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { hook, main, run } from "../e2e/run.ts"
import * as Client from "./Client.ts"
import * as story from "./story.ts"

describe.skipIf(Client.without !== "")(`the hook${Client.without}`, () => {
  it.live("puts what fits the prompt beside it, and nothing beside one that it knows nothing of", () =>
    Effect.gen(function*() {
      const client = yield* Client.make({ env: { CLAUDE_MEMORY_HOOK_MS: "10000" } })
      const { session } = yield* story.play(client)
      yield* session.close
      const imported = yield* run([main, "import"], { home: client.home })
      assert.strictEqual(imported.code, 0, imported.stderr)
      const command = { type: "command", command: "node", args: [hook], timeout: 20 }
      writeFileSync(client.settings, JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [command] }] } }))
      const [first] = (yield* client.ask(story.QUESTION)).asked
      assert.include(first!.turn, story.CAUSE)
      const [other] = (yield* client.ask("Write a haiku about otters.")).asked
      assert.notInclude(other!.turn, "<claude-memory>")
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})
