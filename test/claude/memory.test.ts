/**
 * Claude Memory inside the real Claude Code, from its installation to its removal. What each step asked and what was seen is
 * printed.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Client from "./Client.ts"
import { caughtUp, command, found, given, init, patient, tell, until } from "./Memory.ts"
import { type Asked, says, uses } from "./MessagesApi.ts"
import * as story from "./story.ts"

/** With all that it opens. */
const scenario = (
  name: string,
  test: (client: Client.Client) => Effect.Effect<void, unknown, FileSystem.FileSystem | Scope.Scope>
) =>
  it.live(name, () =>
    Effect.gen(function*() {
      yield* tell(`\n== ${name}`)
      yield* test(yield* Client.make({ env: patient }))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), 120_000)

const tool = (name: string, input: object) => uses(`mcp__claude-memory__claude_memory_${name}`, input)
const allowed = { args: ["--allowedTools", "mcp__claude-memory"] }

const injected = (client: Client.Client, prompt: string, options?: Client.Options) =>
  Effect.gen(function*() {
    const { asked } = yield* client.ask(prompt, options)
    yield* tell(`asked: ${prompt}`, given(asked[0]).join("\n") || "(nothing was given)")
    return given(asked[0]).join("\n")
  })

describe.skipIf(Client.without !== "")(`Claude Memory in Claude Code${Client.without}`, () => {
  scenario("from install to uninstall", (client) =>
    Effect.gen(function*() {
      const own =
        `{\n  "model": "opus",\n  "hooks": {\n    "Stop": [{ "hooks": [{ "type": "command", "command": "true" }] }]\n  }\n}\n`
      writeFileSync(client.settings, own)
      yield* tell("claude-memory init --yes", yield* init(client))
      const servers = yield* client.run(["mcp", "list"])
      yield* tell("claude mcp list", servers.stdout)
      assert.match(servers.stdout, /claude-memory: .*Connected/)

      // The MCP server of an open session captures what is said in it, and nothing else is run.
      const { answer, session } = yield* story.play(client)
      yield* tell(`asked: ${story.PROMPT}`, answer.text)
      const units = yield* until(
        found(client, `${story.CAUSE} export`),
        (units) => ["error_log", "decision"].every((type) => units.some((unit) => unit.type === type))
      )
      yield* tell(
        "remembered while the session is open",
        units.map(({ content, type }) => `${type}: ${content}`).join("\n")
      )
      assert.strictEqual((yield* session.close).code, 0)

      const later = yield* injected(client, story.QUESTION)
      assert.include(later, story.CAUSE)
      assert.include(later, "C locale")

      // Claude looks for more by itself.
      let got: Asked | undefined
      client.api.scenes.set("Look it up", [
        [says("I search my memory."), tool("search", { query: "nightly export locale" })],
        ({ results }) => [tool("get", { id: /"id":\s*"([0-9a-f-]{36})"/.exec(results)?.[1] ?? "none" })],
        (asked) => {
          got = asked
          return [says("It was the locale.")]
        }
      ])
      const looked = yield* client.ask("Look it up in your memory.", allowed)
      yield* tell("Claude searched its memory, and was answered", looked.asked[1]?.results)
      yield* tell("Claude got the first of these", got?.results)
      assert.include(looked.asked[1]?.results, story.CAUSE)
      assert.include(got?.results, story.CAUSE)
      assert.include(got?.results, "evidence")

      const toForget = yield* found(client, `${story.CAUSE} export`)
      for (const { id } of toForget) {
        yield* tell(`claude-memory forget ${id}`, yield* command(client, "forget", id, "--yes"))
      }
      yield* caughtUp(client)
      const third = yield* injected(client, story.QUESTION)
      assert.notInclude(third, story.CAUSE)

      yield* tell("claude-memory uninstall", yield* command(client, "uninstall", "--yes"))
      assert.strictEqual(readFileSync(client.settings, "utf8"), own)
      assert.strictEqual(
        JSON.parse(readFileSync(join(client.home, ".claude", ".claude.json"), "utf8")).mcpServers?.["claude-memory"],
        undefined
      )
      assert.strictEqual(yield* injected(client, story.QUESTION), "")
      assert.deepStrictEqual(yield* client.running, [])
      assert.isTrue(existsSync(join(client.home, ".claude-memory")))
    }))
})
