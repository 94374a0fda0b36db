/**
 * One server over HTTP that all sessions of Claude Code share.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { main, start } from "../e2e/run.ts"
import * as Client from "./Client.ts"
import { log } from "./Memory.ts"
import { says } from "./MessagesApi.ts"
import { MINUTES, scenario, tool } from "./scenario.ts"

const serve = (client: Client.Client, port: string) =>
  Effect.gen(function*() {
    const program = yield* start([main, "serve", "--port", port, "--json"], {
      home: client.home,
      staysOpen: true,
      killAfterMs: 2 * 60_000
    })
    yield* program.waitForText("\n")
    return { ...program, url: (JSON.parse(yield* program.stdout) as { readonly url: string }).url }
  })

describe.skipIf(Client.without !== "")(`Claude Memory over HTTP${Client.without}`, () => {
  scenario(
    "sessions of two projects at one server, which is started again meanwhile",
    (client) =>
      Effect.gen(function*() {
        const first = yield* serve(client, "0")
        const configuration = {
          type: "http",
          url: `${first.url}/mcp`,
          headersHelper: `"${process.execPath}" "${main}" token --headers`
        }
        const added = yield* client.run([
          "mcp",
          "add-json",
          "--scope",
          "user",
          "claude-memory",
          JSON.stringify(configuration)
        ])
        assert.strictEqual(added.code, 0, added.stderr)
        const listed = yield* client.run(["mcp", "list"])
        yield* log("claude mcp list", listed.stdout)
        assert.include(listed.stdout, "Connected")

        const other = join(client.home, "other")
        mkdirSync(other)
        client.api.scenes.set("how much is remembered", [[tool("status", {})], [says("That much.")]])
        const args = ["--allowedTools", "mcp__claude-memory__claude_memory_status"]
        const asking = (session: Client.Session) =>
          Effect.map(session.say("how much is remembered?"), ({ asked }) => asked.at(-1)?.results ?? "")
        const here = yield* client.session({ args })
        const there = yield* client.session({ args, cwd: other })
        assert.include(yield* asking(here), "This project, 我的 shop:")
        assert.include(yield* asking(there), "This project, other:")

        yield* first.kill("SIGINT")
        const { code, stderr } = yield* first.ended
        assert.strictEqual(code, 130, stderr)
        const second = yield* serve(client, new URL(first.url).port)
        // Claude Code connects again by itself, after pauses that grow as long as the server is away.
        const askingAgain = (session: Client.Session) =>
          Effect.repeat(Effect.delay(asking(session), "1 second"), {
            until: (answer) => !answer.includes("is not connected"),
            times: 30
          })
        assert.include(yield* askingAgain(here), "This project, 我的 shop:")
        assert.include(yield* askingAgain(there), "This project, other:")
        // It captures: the sessions' own lines are there.
        assert.match(yield* asking(here), /of 2 sessions with \d+ messages/)
        for (const session of [here, there]) assert.strictEqual((yield* session.close).code, 0)
        yield* second.kill("SIGINT")
        assert.strictEqual((yield* second.ended).code, 130)
      }),
    2 * MINUTES
  )
})
