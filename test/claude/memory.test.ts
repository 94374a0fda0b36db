/**
 * Claude Memory inside the real Claude Code, from installation to removal.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Client from "./Client.ts"
import { caughtUp, command, found, init, log, uninstall, until } from "./Memory.ts"
import { type Asked, says } from "./MessagesApi.ts"
import { asking, imported, knowsNothing, lived, scenario, seen, tool } from "./scenario.ts"
import * as story from "./story.ts"

describe.skipIf(Client.without !== "")(`Claude Memory in Claude Code${Client.without}`, () => {
  scenario("from install to uninstall", (client) =>
    Effect.gen(function*() {
      const own =
        `{\n  "model": "opus",\n  "hooks": {\n    "Stop": [{ "hooks": [{ "type": "command", "command": "true" }] }]\n  }\n}\n`
      writeFileSync(client.settings, own)
      yield* log("claude-memory init --yes", yield* init(client))
      const servers = yield* client.run(["mcp", "list"])
      yield* log("claude mcp list", servers.stdout)
      assert.match(servers.stdout, /claude-memory: .*Connected/)

      // The MCP server of an open session captures what is said in it; nothing else runs.
      const { answer, session } = yield* story.play(client)
      yield* log(`asked: ${story.PROMPT}`, answer.text)
      for (const type of ["error_log", "decision"]) {
        const [unit] = yield* until(found(client, "export locale", type), (units) => units.length > 0)
        yield* log(`remembered while that session is open: ${type}`, unit?.content)
      }
      assert.strictEqual((yield* session.close).code, 0)

      const later = yield* asking(client, story.QUESTION)
      assert.include(later, story.CAUSE)
      assert.include(later, "C locale")
      yield* knowsNothing(client)

      // Claude searches its memory by itself.
      let got: Asked | undefined
      client.api.scenes.set("Look it up", [
        [says("I search my memory."), tool("search", { query: "nightly export locale" })],
        ({ results }) => [tool("get", { id: /"id":\s*"([0-9a-f-]{36})"/.exec(results)?.[1] ?? "none" })],
        (asked) => {
          got = asked
          return [says("It was the locale.")]
        }
      ])
      const looked = yield* client.ask("Look it up in your memory.", { args: ["--allowedTools", "mcp__claude-memory"] })
      yield* log("Claude searched its memory, and was answered", looked.asked[1]?.results)
      yield* log("Claude got the first of these", got?.results)
      assert.include(looked.asked[1]?.results, story.CAUSE)
      assert.include(got?.results, story.CAUSE)

      // A saved text is also in the transcript, as the tool's input.
      const rule = "Sums in the tills are rounded to five centimes."
      client.api.scenes.set("Save it", [[tool("save", { content: rule })], [says("It is saved.")]])
      const saved = yield* client.ask("Save it in your memory.", { args: ["--allowedTools", "mcp__claude-memory"] })
      yield* log("Claude saved a rule, and was answered", saved.asked[1]?.results)
      yield* imported(client)
      const rules = Effect.map(
        found(client, "tills rounded centimes"),
        (units) => units.filter(({ content }) => content.includes(rule))
      )
      const remembered = yield* rules
      assert.lengthOf(remembered, 1)

      const ruleId = remembered[0]!.id
      const exportIds = (yield* found(client, "export locale"))
        .filter(({ content }) => content.includes(story.CAUSE) || content.includes("C locale")).map(({ id }) => id)
      const forget = (ids: ReadonlyArray<string>, prompt: string) =>
        Effect.gen(function*() {
          client.api.scenes.set(prompt, [[tool("forget", { ids })], [says("It is done.")]])
          const { asked } = yield* client.ask(prompt, { args: ["--allowedTools", "mcp__claude-memory"] })
          yield* log(`asked: ${prompt} Claude had its memory forget them, and was answered`, asked[1]?.results)
          return asked[1]?.results
        })
      assert.include(yield* forget([ruleId], "Forget the rule."), ruleId)
      // With those that go along five are forgotten: for one more Claude has to ask the user, who isn't there.
      assert.include(yield* forget(exportIds, "Forget the export."), exportIds[0])
      const { lines } = yield* imported(client)
      assert.isEmpty(Object.keys(lines.skipped).filter((reason) => reason.startsWith("unknown")))
      assert.isEmpty(yield* rules)
      assert.isEmpty((yield* found(client, "export locale")).filter(({ content }) => content.includes(story.CAUSE)))
      const third = yield* asking(client, story.QUESTION)
      assert.notInclude(third, story.CAUSE)
      assert.notInclude(third, "C locale")

      yield* log("claude-memory uninstall --yes", yield* uninstall(client))
      assert.strictEqual(readFileSync(client.settings, "utf8"), own)
      assert.notInclude(readFileSync(join(client.home, ".claude", ".claude.json"), "utf8"), "claude-memory/dist")
      assert.strictEqual(yield* asking(client, story.QUESTION), "")
      assert.isTrue(existsSync(join(client.home, ".claude-memory")))
    }))

  scenario(
    "a session that is resumed, or forked, is injected nothing twice, and the same again after it was compacted",
    (client) =>
      Effect.gen(function*() {
        yield* init(client)
        yield* lived(client)
        const first = yield* client.ask(story.QUESTION)
        assert.include(yield* seen("", first), story.CAUSE)
        const resumed = { args: ["--resume", first.session] }
        const second = yield* client.ask(story.QUESTION, resumed)
        assert.strictEqual(second.session, first.session)
        assert.notInclude(yield* seen(" in the same session, resumed", second), story.CAUSE)
        // At its first prompt a fork cannot be recognized, because its transcript is written later.
        const forked = yield* client.ask(story.QUESTION, { args: [...resumed.args, "--fork-session"] })
        assert.notStrictEqual(forked.session, first.session)
        const again = yield* client.ask(story.QUESTION, { args: ["--resume", forked.session] })
        assert.notInclude(yield* seen(" again in a fork of it", again), story.CAUSE)
        yield* client.ask("/compact", resumed)
        const third = yield* client.ask(story.QUESTION, resumed)
        assert.include(yield* seen(" after it was compacted", third), story.CAUSE)
        yield* imported(client)
      })
  )

  scenario(
    "two sessions at once: each line is read once, and who is left goes on when the other is killed",
    (client) =>
      Effect.gen(function*() {
        yield* init(client)
        client.api.scenes.set("gateway", [[
          says("The staging gateway listens on port 8443, behind the proxy of the office.")
        ]])
        client.api.scenes.set("avatars", [[
          says("Safari scales the avatars from 32 pixels; we serve 96 pixel avatars now.")
        ]])
        client.api.scenes.set("webhook", [[
          says("The webhook sender gives up on a 410, because the receiver is gone for good.")
        ]])
        const one = yield* client.session()
        const other = yield* client.session()
        yield* Effect.all([one.say("Which port has the gateway?"), other.say("Why are the avatars blurred?")], {
          concurrency: "unbounded"
        })
        yield* caughtUp(client)
        assert.lengthOf(
          (yield* found(client, "gateway", "conversation")).filter(({ content }) => content.includes("gateway")),
          1
        )
        assert.lengthOf(
          (yield* found(client, "avatars", "conversation")).filter(({ content }) => content.includes("avatars")),
          1
        )
        const servers = (yield* client.running).filter(({ command }) => command.includes("mcp.js"))
        yield* log(`${servers.length} servers; the first session and its server are killed`)
        assert.lengthOf(servers, 2)
        yield* one.kill("SIGKILL")
        process.kill(servers.find(({ parent }) => parent === one.pid)!.pid, "SIGKILL")
        yield* one.ended
        yield* other.say("When does the webhook sender give up?")
        yield* until(
          found(client, "webhook receiver"),
          (units) => units.some(({ content }) => content.includes("gone for good"))
        )
        yield* caughtUp(client)
        yield* other.close
      })
  )

  scenario(
    "what was said before everything was killed is remembered at the next start",
    (client) =>
      Effect.gen(function*() {
        yield* init(client)
        const { session } = yield* story.play(client)
        const killed = yield* client.running
        for (const { pid } of killed) process.kill(pid, "SIGKILL")
        yield* session.ended
        yield* log(`killed: ${killed.map(({ command }) => command.slice(0, 60)).join("; ")}`)
        const next = yield* client.session()
        yield* next.say("Hello again.")
        yield* caughtUp(client)
        for (const type of ["error_log", "decision"]) {
          assert.isNotEmpty(yield* found(client, "export locale", type))
        }
        const health = yield* command(client, "doctor")
        yield* log("claude-memory doctor", health)
        yield* next.close
      })
  )
})
