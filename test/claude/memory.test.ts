/**
 * Claude Memory inside the real Claude Code, from installation to removal. Each step prints what it asked and saw.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { times } from "../data.ts"
import { dist } from "../package.ts"
import * as Client from "./Client.ts"
import { caughtUp, command, found, init, log, patient, patiently, uninstall, until } from "./Memory.ts"
import { type Asked, injectedText, says, uses } from "./MessagesApi.ts"
import * as story from "./story.ts"

const MINUTES = 60_000

const scenario = (
  name: string,
  test: (client: Client.Client) => Effect.Effect<void, unknown, FileSystem.FileSystem | Scope.Scope>,
  within = 5 * MINUTES
) =>
  it.live(name, () =>
    Effect.gen(function*() {
      yield* log(`\n== ${name}`)
      const client = yield* Client.make({ env: patient })
      yield* test(client)
      assert.deepStrictEqual(yield* client.running, [], "something was left running")
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), within)

const tool = (name: string, input: object, server = "claude-memory") =>
  uses(`mcp__${server}__claude_memory_${name}`, input)

/** Returns what was injected into Claude's first request, and logs it. */
const seen = (what: string, answer: Client.Answer): Effect.Effect<string> => {
  const text = injectedText(answer.asked[0])
  return Effect.as(log(`asked${what}: ${answer.asked[0]?.prompt}`, text || "(memory added nothing)"), text)
}

const asking = (client: Client.Client, prompt: string, options?: Client.Options) =>
  Effect.flatMap(client.ask(prompt, options), (answer) => seen("", answer))

/** Asserts that nothing is injected for an unrelated prompt. */
const knowsNothing = (client: Client.Client) =>
  Effect.gen(function*() {
    const { asked } = yield* client.ask("Write a haiku about otters.")
    assert.strictEqual(injectedText(asked[0], "UserPromptSubmit"), "")
  })

/** Plays the story, and waits until the MCP servers of its sessions alone have captured all of it. */
const lived = (client: Client.Client) =>
  Effect.gen(function*() {
    const { session } = yield* story.play(client)
    yield* caughtUp(client)
    yield* session.close
  })

/** Imports the last words of closed sessions, which otherwise the next session's server would capture. */
const imported = (client: Client.Client) => Effect.zipRight(command(client, "import"), caughtUp(client))

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

      const ids = [
        ...(yield* found(client, "export locale"))
          .filter(({ content }) => content.includes(story.CAUSE) || content.includes("C locale")),
        ...remembered
      ].map(({ id }) => id)
      client.api.scenes.set("Forget", [[tool("forget", { ids })], [says("It is forgotten.")]])
      const forgot = yield* client.ask("Forget the export.", { args: ["--allowedTools", "mcp__claude-memory"] })
      yield* log(
        "asked: Forget the export. Claude had its memory forget them, and was answered",
        forgot.asked[1]?.results
      )
      assert.include(forgot.asked[1]?.results, ids[0])
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
          const { asked } = yield* client.ask(story.QUESTION)
          assert.include(injectedText(asked[0]), story.CAUSE)
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
