/**
 * Prints the token of the HTTP server, or replaces it.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Token from "../http/Token.ts"
import * as Settings from "../settings/Settings.ts"
import { answer, json } from "./Output.ts"

export const options = {
  rotate: Options.boolean("rotate").pipe(
    Options.withDescription("Make a new one first; who has the old one is shut out at once")
  ),
  json
}

export const command = Command.make("token", options, ({ json, rotate }) =>
  Effect.gen(function*() {
    const { home } = yield* Settings.load
    const token = yield* rotate ? Token.rotate(home) : Token.read(home)
    yield* answer(json, { token }, () => token)
  })).pipe(Command.withDescription("Print the token that the HTTP API asks for"))
