/**
 * Serves the page, the HTTP API and MCP to all sessions until it is ended, and captures.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { Address } from "../http/Address.ts"
import { advice } from "../process/Advice.ts"
import { checkConnection } from "./Connection.ts"
import { listening, portText, toListening } from "./Listening.ts"
import { answer, json } from "./Output.ts"

export const options = {
  ...listening,
  noCapture: Options.boolean("no-capture").pipe(
    Options.withDescription("Make no memories of what Claude Code writes meanwhile")
  ),
  json
}

export const command = Command.make("serve", options, ({ json, noCapture, ...options }) =>
  Effect.gen(function*() {
    const listening = yield* toListening(options)
    return yield* Effect.gen(function*() {
      const address = yield* Address
      const { isSocket, url } = address
      yield* answer(json, { url, isSocket, pid: process.pid }, () =>
        advice([
          ...portText(address),
          isSocket
            ? `Serving on the socket ${url}, for you alone.`
            : `Serving on ${url}, MCP at ${url}/mcp. \`claude-memory open\` shows the page; \`claude-memory token\` prints the token for the rest.`,
          "End it with Ctrl-C."
        ].join("\n")))
      return yield* Effect.never
    }).pipe(App.provide(App.http("serve", listening, { captures: !noCapture, answersHooks: true, checkConnection })))
  })).pipe(
    Command.withDescription(
      "Serve the page, the HTTP API and MCP (at /mcp), and make memories meanwhile, until it is ended"
    )
  )
