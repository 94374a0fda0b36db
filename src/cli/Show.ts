import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { evidence } from "../domain/MemoryUnit.ts"
import { resumeOf } from "../domain/Resume.ts"
import { savedBy } from "../domain/SavedBy.ts"
import { onBranch } from "../inject/Render.ts"
import { advice } from "../process/Advice.ts"
import { MAX_USES } from "../retrieve/Helping.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { feedbackText, plural, speakerOf, textOf } from "../serve/Wording.ts"
import { answer, beginning, indent, json, megabytes, minute } from "./Output.ts"
import { unitId } from "./Scope.ts"

export const options = { json }

/** Lines of each message that are shown. */
const MESSAGE_LINES = 12

/** The session of a memory that was saved in none, or in one that was never read. */
const NOT_CAPTURED = { session: null, transcripts: [] }

const SAVERS = {
  person: ["saved by  you"],
  claude: ["saved by  Claude, by its own tool"],
  nobody: []
} as const

/** Says what else was said is not in the memory any more, and where it may be. */
const letGoSentence = (at: number, limit: number, transcripts: ReadonlyArray<string>): string =>
  `What else was said around it was let go on ${minute(at).slice(0, 10)}${
    limit === 0 ? "" : ` to keep the memory below ${megabytes(limit)}`
  }${transcripts.length === 0 ? "" : `; transcript: ${transcripts.join(", ")}`}.`

export const command = Command.make("show", { id: unitId, ...options }, ({ id, json }) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { letGoAt, messages, unit } = yield* memory.show(id)
    const size = yield* memory.size
    const { session, transcripts } = yield* Effect.catchTag(
      memory.session(unit.sessionId),
      "NotFound",
      () => Effect.succeed(NOT_CAPTURED)
    )
    yield* answer(json, { unit, evidence: evidence(unit), session, transcripts, messages, letGoAt }, () =>
      [
        unit.title,
        "",
        `id        ${unit.id}`,
        `type      ${unit.type}`,
        `date      ${minute(unit.occurredAt)}`,
        `session   ${unit.sessionId}${onBranch(session?.branch)}`,
        ...(session === null ? [] : [`resume    ${resumeOf(session)}`]),
        ...transcripts.map((path) => `source    ${path}`),
        ...SAVERS[savedBy(unit) ?? "nobody"],
        `tokens    ${unit.tokens}`,
        ...(unit.files.length === 0 ? [] : [`files     ${unit.files.join("\n          ")}`]),
        ...(unit.keywords.length === 0 ? [] : [`keywords  ${unit.keywords.join(", ")}`]),
        ...(unit.pinned ? ["pinned    told at the start of each session"] : []),
        ...(unit.kept === true ? ["kept      never let go"] : []),
        ...(unit.revision === undefined
          ? []
          : [advice(`revision  ${unit.revision}; \`claude-memory history ${unit.id.slice(0, 8)}\` shows what it was`)]),
        ...(unit.uses === undefined
          ? []
          : [
            `used      in ${plural(unit.uses, "session")}${unit.uses === MAX_USES ? " or more" : ""}, as it was told`
          ]),
        ...(unit.feedback ?? []).map((note) => `feedback  ${feedbackText(note, unit)}`),
        ...(unit.supersededBy === null ? [] : [`merged    into ${unit.supersededBy}, which says the same`]),
        ...(unit.replacedBy === undefined
          ? []
          : [
            `replaced  by ${unit.replacedBy}${
              unit.replacedFor === undefined ? "" : `, by a rule: it replaces "${unit.replacedFor}"`
            }`
          ]),
        "",
        unit.content,
        ...(messages.length === 0
          ? []
          : ["", `It comes from ${messages.length} message${messages.length === 1 ? "" : "s"}:`]),
        ...messages.flatMap((message) => [
          "",
          `  ${minute(message.occurredAt)}  ${speakerOf(message)}  ${message.uuid}`,
          indent(beginning(textOf(message), MESSAGE_LINES), "  │ ")
        ]),
        ...(letGoAt === null ? [] : ["", letGoSentence(letGoAt, size?.limit ?? 0, transcripts)])
      ].join("\n"))
  }).pipe(App.provide(App.reader))).pipe(
    Command.withDescription("Show one memory whole, with what was said around it and how to go on with its session")
  )
