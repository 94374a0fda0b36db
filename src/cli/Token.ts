/**
 * Prints the token of the HTTP server, also as the headers that Claude Code sends with it, or replaces it.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { pathToFileURL } from "node:url"
import * as Token from "../http/Token.ts"
import { PROJECT, SESSION } from "../mcp/CallerHeaders.ts"
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

export const command = Command.make("token", options, ({ headers, json, rotate }) =>
  Effect.gen(function*() {
    const { home } = yield* Settings.load
    const token = yield* rotate ? Token.rotate(home) : Token.read(home)
    if (!headers) return yield* answer(json, { token }, () => token)
    const all = yield* headersOf(token)
    yield* answer(json, all, () => JSON.stringify(all))
  })).pipe(Command.withDescription("Print the token that the HTTP API asks for"))
