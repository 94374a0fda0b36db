/**
 * Prints the token of the HTTP server, also as the headers that Claude Code sends with it, or replaces it.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { pathToFileURL } from "node:url"
import * as Running from "../http/Running.ts"
import * as Token from "../http/Token.ts"
import { PROJECT, SESSION } from "../mcp/CallerHeaders.ts"
import { Unsuccessful, writeStderr } from "../process/Process.ts"
import * as Settings from "../settings/Settings.ts"
import { answer, json } from "./Output.ts"

export const options = {
  rotate: Options.boolean("rotate").pipe(
    Options.withDescription("Make a new one first; who has the old one is shut out at once")
  ),
  headers: Options.boolean("headers").pipe(
    Options.withDescription(
      "Print headers for Claude Code's headersHelper: the token, and the project and session it is run for"
    )
  ),
  json
}

/** Writes a path as a header can hold it: as a file: URL where it has more than ASCII. */
const inHeader = (path: string) => /^[\x20-\x7e]*$/.test(path) ? path : pathToFileURL(path).href

/**
 * Returns the headers of a client. The project is left out where it is not known for sure, as Claude Code runs the helper in a folder
 * of its own: the server then asks Claude Code for its roots.
 */
const headersOf = (token: string) =>
  Effect.map(Settings.sessionVariables, ({ folder, sessionId }) => ({
    Authorization: `Bearer ${token}`,
    ...(folder !== undefined && { [PROJECT]: inHeader(folder) }),
    ...(sessionId !== undefined && { [SESSION]: sessionId })
  }))

const originOf = (url: string): string => {
  try {
    return new URL(url).origin
  } catch {
    return url
  }
}

/** Refuses to send the token to whoever has taken the address of this memory's server. */
const checkServer = (home: string) =>
  Effect.gen(function*() {
    const url = yield* Settings.helpedServer
    if (url === undefined) return
    const running = Option.map(yield* Running.find(home), (found) => found.url)
    if (Option.contains(running, originOf(url))) return
    yield* writeStderr(
      `The token stays here: no server of this memory runs at ${url}. ` + Option.match(running, {
        onNone: () => "Start it with `claude-memory serve`.\n",
        onSome: (there) => `It runs at ${there}: name that, with /mcp.\n`
      })
    )
    return yield* Effect.fail(new Unsuccessful())
  })

export const command = Command.make("token", options, ({ headers, json, rotate }) =>
  Effect.gen(function*() {
    const { home } = yield* Settings.load
    if (headers) yield* checkServer(home)
    const token = yield* rotate ? Token.rotate(home) : Token.read(home)
    if (!headers) return yield* answer(json, { token }, () => token)
    const all = yield* headersOf(token)
    yield* answer(json, all, () => JSON.stringify(all))
  })).pipe(Command.withDescription("Print the token that the HTTP API asks for"))
