import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { evidence } from "../domain/MemoryUnit.ts"
import { savedBy } from "../domain/SavedBy.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, json, minute } from "./Output.ts"

const id = Args.text({ name: "id" }).pipe(
  Args.withDescription("A memory's id, or the beginning of it, as `search` prints it")
)

export const options = { json }

const SAVERS = {
  person: ["saved by  you"],
  claude: ["saved by  Claude, by its own tool"],
  nobody: []
} as const

export const command = Command.make("show", { id, ...options }, ({ id, json }) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { messages, unit } = yield* memory.show(id)
    yield* answer(json, { unit, evidence: evidence(unit), messages }, () =>
      [
        unit.title,
        "",
        `id        ${unit.id}`,
        `type      ${unit.type}`,
        `date      ${minute(unit.occurredAt)}`,
        `session   ${unit.sessionId}`,
        ...SAVERS[savedBy(unit) ?? "nobody"],
        `tokens    ${unit.tokens}`,
        ...(unit.files.length === 0 ? [] : [`files     ${unit.files.join("\n          ")}`]),
        `keywords  ${unit.keywords.join(", ")}`,
        "",
        unit.content,
        ...(messages.length === 0
          ? []
          : ["", `It comes from ${messages.length} message${messages.length === 1 ? "" : "s"}:`]),
        ...messages.map((message) => `  ${message.uuid}  ${message.role.padEnd(9)}  ${minute(message.occurredAt)}`)
      ].join("\n"))
  }).pipe(App.provide(App.reader))).pipe(
    Command.withDescription("Show one memory whole, with the messages it comes from")
  )
