/**
 * The same memory in the other ways of Claude Code: its MCP server answers prompts, a terminal, the plugin, many sessions.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { cpSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { times } from "../data.ts"
import { dist } from "../package.ts"
import * as Client from "./Client.ts"
import { found, init, log, patiently, until } from "./Memory.ts"
import { injectedText, says } from "./MessagesApi.ts"
import { asking, imported, knowsNothing, lived, MINUTES, scenario, seen, tool } from "./scenario.ts"
import * as story from "./story.ts"

describe.skipIf(Client.without !== "")(`Claude Memory in other ways of Claude Code${Client.without}`, () => {
  scenario("the prompt answered by the MCP server", (client) =>
    Effect.gen(function*() {
      yield* log("claude-memory init --yes --prompt-hook mcp", yield* init(client, "--prompt-hook", "mcp"))
      const { hooks } = JSON.parse(readFileSync(client.settings, "utf8"))
      assert.deepStrictEqual(
        hooks.UserPromptSubmit.map((each: { hooks: ReadonlyArray<{ type: string }> }) =>
          each.hooks.map(({ type }) => type)
        ),
        [["mcp_tool"]]
      )
      yield* lived(client)
      assert.include(yield* asking(client, story.QUESTION), story.CAUSE)
      yield* knowsNothing(client)
      yield* init(client, "--prompt-hook", "command")
      assert.include(yield* asking(client, story.QUESTION), story.CAUSE)
    }))

  scenario("in a terminal", (client) =>
    Effect.gen(function*() {
      yield* init(client)
      yield* lived(client)
      const before = client.api.asked.length
      const terminal = yield* client.terminal()
      yield* terminal.waitForText("❯")
      yield* terminal.enter(story.QUESTION)
      const asked = yield* until(
        Effect.sync(() => client.api.asked.slice(before).find(({ prompt }) => prompt === story.QUESTION)),
        (asked) => asked !== undefined
      )
      yield* log(`typed: ${story.QUESTION}`, injectedText(asked))
      assert.include(injectedText(asked), story.CAUSE)
      yield* terminal.waitForText("Understood.")
      yield* terminal.enter("/exit")
      assert.strictEqual((yield* terminal.ended).code, 0)
    }))

  scenario(
    "the plugin, from a folder and from a local marketplace, over the same memory",
    (client) =>
      Effect.gen(function*() {
        const plugin = join(client.home, "plugin of 记忆")
        cpSync(join(dist, "plugin"), plugin, { recursive: true })
        execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: plugin, stdio: "pipe" })
        patiently(join(plugin, "hooks", "hooks.json"))
        const valid = yield* client.run(["plugin", "validate", "--strict", plugin])
        yield* log("claude plugin validate --strict", valid.stdout)
        assert.strictEqual(valid.code, 0)

        const server = "plugin_memory_claude-memory"
        const loaded = { args: ["--plugin-dir", plugin, "--allowedTools", `mcp__${server}`] }
        client.api.scenes.set("gateway", [[
          says("The staging gateway listens on port 8443, behind the office's proxy.")
        ]])
        const session = yield* client.session(loaded)
        yield* session.say("Which port has the staging gateway?")
        yield* until(found(client, "gateway port"), (units) => units.length > 0)
        yield* session.close
        client.api.scenes.set("Look it up", [[tool("search", { query: "gateway port" }, server)], [
          says("It is 8443.")
        ]])
        const looked = yield* client.ask("Look it up.", loaded)
        yield* log("Claude searched its memory, and was answered", looked.asked[1]?.results)
        assert.include(looked.asked[1]?.results, "8443")

        for (const args of [["marketplace", "add", plugin], ["install", "memory@claude-memory"]]) {
          const outcome = yield* client.run(["plugin", ...args])
          yield* log(`claude plugin ${args.join(" ")}`, outcome.stdout)
          assert.strictEqual(outcome.code, 0, outcome.stdout + outcome.stderr)
        }
        const skill = yield* client.ask("/memory:memory search gateway port")
        yield* log("asked: /memory:memory search gateway port", skill.asked[0]?.turn.slice(0, 2_000))
        assert.include(skill.asked[0]?.turn, "claude_memory_search")
        yield* lived(client)
        const later = yield* client.ask(story.QUESTION)
        yield* seen("", later)
        assert.include(injectedText(later.asked[0], "UserPromptSubmit"), story.CAUSE)
        const removed = yield* client.run(["plugin", "uninstall", "memory@claude-memory"])
        assert.strictEqual(removed.code, 0)
        assert.strictEqual(yield* asking(client, story.QUESTION), "")
      })
  )

  const sessions = times(5)
  scenario(
    `${sessions} sessions that inject and capture leave as many memories as one`,
    (client) =>
      Effect.gen(function*() {
        yield* init(client)
        yield* lived(client)
        // The worst case for feedback: Claude repeats all that was injected.
        client.api.scenes.set(story.QUESTION, [(asked) => [says(`${injectedText(asked)}\nUnderstood.`)]])
        const total = Effect.map(imported(client), ({ units }) => units.total)
        const counts: Array<number> = []
        for (let i = 0; i < sessions; i++) {
          assert.include(yield* asking(client, story.QUESTION), story.CAUSE)
          if (i === 0 || i === sessions - 1) {
            counts.push(yield* total)
          }
        }
        yield* log(`memories after the first session and after the last of ${sessions}: ${counts.join(", ")}`)
        assert.strictEqual(counts[0], counts[1])
      }),
    sessions * MINUTES
  )
})
