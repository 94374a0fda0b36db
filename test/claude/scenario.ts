/**
 * Scenarios of the real Claude Code with Claude Memory, each in a home of its own, and their common steps. Each step prints what it
 * asked and saw.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Client from "./Client.ts"
import { caughtUp, command, log, patient } from "./Memory.ts"
import { injectedText, uses } from "./MessagesApi.ts"
import * as story from "./story.ts"

export const MINUTES = 60_000

export const scenario = (
  name: string,
  test: (client: Client.Client) => Effect.Effect<void, unknown, FileSystem.FileSystem | Scope.Scope>,
  within = 5 * MINUTES
) =>
  it.live(name, () =>
    Effect.gen(function*() {
      yield* log(`\n== ${name}`)
      const client = yield* Client.make({ env: patient })
      yield* test(client)
      // A helper that the client has just started ends by itself.
      yield* client.running.pipe(
        Effect.repeat({ until: (running) => running.length === 0, schedule: Schedule.spaced("200 millis"), times: 25 })
      )
      assert.deepStrictEqual(yield* client.running, [], "something was left running")
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), within)

export const tool = (name: string, input: object, server = "claude-memory") =>
  uses(`mcp__${server}__claude_memory_${name}`, input)

/** Returns what was injected into Claude's first request, and logs it. */
export const seen = (what: string, answer: Client.Answer): Effect.Effect<string> => {
  const text = injectedText(answer.asked[0])
  return Effect.as(log(`asked${what}: ${answer.asked[0]?.prompt}`, text || "(memory added nothing)"), text)
}

export const asking = (client: Client.Client, prompt: string, options?: Client.Options) =>
  Effect.flatMap(client.ask(prompt, options), (answer) => seen("", answer))

/** Asserts that nothing is injected for an unrelated prompt. */
export const knowsNothing = (client: Client.Client) =>
  Effect.gen(function*() {
    const { asked } = yield* client.ask("Write a haiku about otters.")
    assert.strictEqual(injectedText(asked[0], "UserPromptSubmit"), "")
  })

/** Plays the story, and waits until the MCP servers of its sessions alone have captured all of it. */
export const lived = (client: Client.Client) =>
  Effect.gen(function*() {
    const { session } = yield* story.play(client)
    yield* caughtUp(client)
    yield* session.close
  })

/** Imports the last words of closed sessions, which otherwise the next session's server would capture. */
export const imported = (client: Client.Client) => Effect.zipRight(command(client, "import"), caughtUp(client))
