/**
 * Serves the page and the HTTP API until it is ended.
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { Server } from "../http/Server.ts"
import { advice } from "../process/Advice.ts"
import { listening, toListening } from "./Listening.ts"
import { answer, json } from "./Output.ts"

export const options = { ...listening, json }

export const command = Command.make("serve", options, ({ json, ...options }) =>
  Effect.gen(function*() {
    const listening = yield* toListening(options)
    return yield* Effect.gen(function*() {
      const { isSocket, url } = yield* Server
      yield* answer(json, { url, isSocket, pid: process.pid }, () =>
        advice([
          isSocket
            ? `Serving on the socket ${url}, for you alone.`
            : `Serving on ${url}. \`claude-memory open\` shows the page; \`claude-memory token\` prints the token for the API.`,
          "End it with Ctrl-C."
        ].join("\n")))
      return yield* Effect.never
    }).pipe(App.provide(App.http("serve", listening)))
  })).pipe(
    Command.withDescription("Serve the page and the HTTP API, until it is ended")
  )
