/**
 * Small sessions for tests, built step by step, and the units made of them.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Compressor } from "../../src/compress/Compressor.ts"
import * as Extractive from "../../src/compress/extractive/Extractive.ts"
import type { Block, Message, Session } from "../../src/domain/Conversation.ts"
import type { UnitType } from "../../src/domain/MemoryUnit.ts"
import type { SegmentContext, SessionOutline } from "../../src/store/MemoryStore.ts"
import { base } from "../contract/layers.ts"
import { message } from "../contract/made.ts"

export const compressor = Layer.provide(Extractive.layer, base)

export const session: Session = {
  id: "s1",
  projectId: "project-one",
  title: null,
  cwd: "/work/one",
  branch: null,
  startedAt: 1,
  endedAt: 9_000
}

/** One step of a session, as messages without their place in it. */
export type Step = ReadonlyArray<Partial<Message> & { readonly text?: string }>

export const asks = (text: string): Step => [{ text, isPrompt: true }]

export const says = (text: string): Step => [{ text, role: "assistant" }]

export const thinks = (text: string): Step => [{ role: "assistant", blocks: [{ kind: "thinking", text }] }]

/** Text of a tool's input, in the form that capture stores. */
const inputText = (input: Readonly<Record<string, unknown>>) =>
  Object.entries(input).map(([key, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value)
    return `${key}:${text.includes("\n") ? "\n" : " "}${text}`
  }).join("\n")

let calls = 0

/** A tool call and its result. */
export const uses = (
  tool: string,
  input: Readonly<Record<string, unknown>>,
  result = "Done.",
  overrides: Partial<Block> = {}
): Step => {
  const toolUseId = `call-${++calls}`
  const file = input.file_path ?? input.notebook_path
  return [
    {
      role: "assistant",
      blocks: [{
        kind: "tool_use",
        tool,
        toolUseId,
        text: inputText(input),
        ...(typeof file === "string" && { file })
      }]
    },
    { blocks: [{ kind: "tool_result", tool, toolUseId, text: result, ...overrides }] }
  ]
}

export const runs = (command: string, printed = "(no output)") => uses("Bash", { command }, printed)

export const fails = (command: string, printed: string) => uses("Bash", { command }, printed, { isError: true })

export const edits = (file_path: string, old_string: string, new_string: string) =>
  uses("Edit", { file_path, old_string, new_string }, `The file ${file_path} has been updated.`)

/** Messages with their places: uuids u0, u1, …, a second between them. */
export const messagesOf = (steps: ReadonlyArray<Step>, prefix = "u"): ReadonlyArray<Message> =>
  steps.flat().map((says, i) => message(`${prefix}${i}`, { occurredAt: 1_000 * (i + 1), ...says }))

export const contextOf = (
  steps: ReadonlyArray<Step>,
  before: ReadonlyArray<Step> = [],
  overrides: Partial<Session> = {}
): SegmentContext => ({
  segment: { id: "segment-1", sessionId: "s1", thread: "main", messages: messagesOf(steps) },
  session: { ...session, ...overrides },
  position: 7,
  before: messagesOf(before, "b")
})

export const compress = (context: SegmentContext) =>
  Effect.flatMap(Compressor, ({ compress }) => compress(context)).pipe(Effect.provide(compressor))

/** Units of one type from a segment with these steps. */
export const unitsOf = (type: UnitType, steps: ReadonlyArray<Step>, before: ReadonlyArray<Step> = []) =>
  Effect.map(compress(contextOf(steps, before)), (units) => units.filter((unit) => unit.type === type))

export const summarize = (outline: Partial<SessionOutline>) =>
  Effect.flatMap(
    Compressor,
    ({ summarize }) => summarize({ session, units: [], prompts: [], closing: [], files: [], steps: [], ...outline })
  )
    .pipe(Effect.provide(compressor))
