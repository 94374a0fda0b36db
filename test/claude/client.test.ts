/**
 * Tests the harness: the real Claude Code talks to the fake model, and a hook's output is in the request.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import * as Client from "./Client.ts"
import { says, uses } from "./MessagesApi.ts"

const withClient = <A, E>(test: (client: Client.Client) => Effect.Effect<A, E>) =>
  Client.make().pipe(Effect.flatMap(test), Effect.scoped, Effect.provide(NodeContext.layer))

describe.skipIf(Client.without !== "")(`Claude Code${Client.without}`, () => {
  it.live("answers from the scene, uses tools, goes on where it was, and leaves no process", () =>
    withClient((client) =>
      Effect.gen(function*() {
        client.api.scenes.set("list the files", [
          [says("I look."), uses("Bash", { command: "echo ZEBRA", description: "echo" })],
          [says("There is a zebra.")]
        ])
        const first = yield* client.ask("Please list the files.", { args: ["--allowedTools", "Bash"] })
        assert.strictEqual(first.text, "There is a zebra.")
        assert.deepStrictEqual(first.asked.map(({ prompt, step }) => [prompt, step]), [
          ["Please list the files.", 0],
          ["Please list the files.", 1]
        ])
        assert.include(first.asked[1]!.results, "ZEBRA")

        const next = yield* client.ask("And now?", { args: ["--resume", first.session] })
        assert.strictEqual(next.session, first.session)
        assert.strictEqual(next.text, "Understood.")
        assert.include(next.asked[0]!.text, "ZEBRA")
        assert.notInclude(next.asked[0]!.turn, "ZEBRA")
        assert.deepStrictEqual(yield* client.running, [])
      })
    ))

  it.live("what a hook says is in the request, beside its prompt", () =>
    withClient((client) =>
      Effect.gen(function*() {
        const output = { hookSpecificOutput: { hookEventName: "UserPromptSubmit", additionalContext: "MARK" } }
        const command = { type: "command", command: "echo", args: [JSON.stringify(output)] }
        writeFileSync(client.settings, JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [command] }] } }))
        const { asked } = yield* client.ask("Hello")
        assert.include(asked[0]!.turn, "UserPromptSubmit hook additional context: MARK")
      })
    ))

  it.live("answers prompt after prompt in one process", () =>
    withClient((client) =>
      Effect.scoped(Effect.gen(function*() {
        client.api.scenes.set("count", [[uses("Bash", { command: "echo ONE", description: "count" })], [says("Two.")]])
        const session = yield* client.session({ args: ["--allowedTools", "Bash"] })
        const first = yield* session.say("Please count.")
        assert.strictEqual(first.text, "Two.")
        const second = yield* session.say("And now?")
        assert.strictEqual(second.session, first.session)
        assert.deepStrictEqual(second.asked.map(({ prompt, step }) => [prompt, step]), [["And now?", 0]])
        assert.strictEqual((yield* session.close).code, 0)
        assert.deepStrictEqual(yield* client.running, [])
      }))
    ))

  it.live("in a terminal", () =>
    withClient((client) =>
      Effect.scoped(Effect.gen(function*() {
        const terminal = yield* client.terminal()
        yield* terminal.waitForText("❯")
        yield* terminal.enter("Hello there")
        yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => client.api.asked.length > 0 })
        assert.strictEqual(client.api.asked[0]?.prompt, "Hello there")
        yield* terminal.waitForText("Understood.")
        yield* terminal.enter("/exit")
        const outcome = yield* Effect.timeout(terminal.ended, "10 seconds")
        assert.strictEqual(outcome.code, 0)
        assert.deepStrictEqual(yield* client.running, [])
      }))
    ))
})
