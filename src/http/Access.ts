/**
 * Answers the routes that give access, and those that say whether the server is alive.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { Api } from "./Api.ts"
import { Metrics } from "./Metrics.ts"
import { problem } from "./Problem.ts"
import { answering } from "./Requests.ts"
import { Service } from "./Service.ts"

export const access = HttpApiBuilder.group(Api, "access", (handlers) =>
  handlers
    .handle("exchange", ({ payload: { code } }) =>
      answering(Effect.gen(function*() {
        const { codes, issue } = yield* Service
        if (yield* codes.use(code)) return { token: yield* issue }
        return yield* problem(
          "wrong-code",
          "the link was used or is older than a minute: run `claude-memory open` again"
        )
      })))
    .handle("code", () => Effect.flatMap(Service, ({ codes }) => codes.make)))

export const alive = HttpApiBuilder.group(Api, "alive", (handlers) =>
  handlers
    .handle("livez", () => Effect.succeed("ok\n"))
    .handle("readyz", () => answering(Effect.flatMap(ClaudeMemory, ({ version }) => Effect.as(version, "ok\n"))))
    .handle("metrics", () => answering(Effect.flatMap(Metrics, ({ text }) => text))))
