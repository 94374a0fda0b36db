/**
 * MCP prompts, which a person picks; in Claude Code they are slash commands.
 */
import type { GetPromptResult, Prompt } from "@modelcontextprotocol/sdk/types.js"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { defuse, fence } from "../domain/Injection.ts"
import { countFitting, memoryOf, memoryText } from "./Answer.ts"
import { inject } from "./SearchTools.ts"
import {
  type Failure,
  INVALID_PARAMS,
  opened,
  projectNames,
  projectsNamed,
  ProtocolError,
  type Serving
} from "./Serving.ts"

export const PROMPTS: ReadonlyArray<Prompt> = [
  {
    name: "recall",
    title: "Recall",
    description: "What is remembered of a subject, put before Claude. 回忆",
    arguments: [{ name: "topic", description: "The subject, in your own words", required: true }]
  },
  {
    name: "review",
    title: "Review",
    description: "What was decided lately in this project, what failed, what was left open. 回顾",
    arguments: [{ name: "days", description: "How far back, 1 to 365; 7 when left out", required: false }]
  }
]

const DAY_MS = 86_400_000
/** Most memories in a review. */
const MAX_REVIEWED = 40

const invalid = (message: string) => new ProtocolError({ code: INVALID_PARAMS, detail: message })

const userMessage = (text: string): GetPromptResult => ({
  messages: [{ role: "user", content: { type: "text", text } }]
})

const recall = (topic: string) =>
  Effect.gen(function*() {
    if (topic.trim() === "") return yield* invalid("recall: topic is missing; say what to recall")
    const { data } = yield* inject.run({ original_prompt: topic, injection_mode: "comprehensive", max_tokens: 4_000 })
    return userMessage(
      data.text === ""
        ? `Nothing that is remembered of earlier sessions is about this: ${topic}\n\nSay so, and search with other words ` +
          "(claude_memory_search) if it is likely that there is something."
        : `${data.text}\n\nFrom the notes above, say what is known of this: ${topic}\n\nKeep to what they say, with dates and ids, and say ` +
          "what they leave open."
    )
  })

const review = (text: string) =>
  Effect.gen(function*() {
    const days = Number(text)
    if (!(Number.isInteger(days) && days >= 1 && days <= 365)) {
      return yield* invalid(`review: days is a whole number from 1 to 365, not ${text}`)
    }
    const { memory } = yield* opened
    const since = (yield* Clock.currentTimeMillis) - days * DAY_MS
    const projects = yield* projectsNamed([])
    const units = yield* memory.recent({ projects, since, types: ["decision", "error_log", "archive"] }, MAX_REVIEWED)
    if (units.length === 0) {
      return userMessage(`Nothing is remembered of this project from the last ${days} days. Say so.`)
    }
    const nameOf = yield* projectNames
    const memories = units.map((unit) => memoryOf(unit, nameOf))
    const shown = memories.slice(0, countFitting(memories))
    return userMessage(
      `${
        fence(defuse(shown.map((each) => memoryText(each)).join("\n\n")))
      }\n\nThese are notes of the last ${days} days in this project, the ` +
        "newest first. From them, say what was decided and why, what failed and how it was fixed, and what was left open, each with " +
        "its date and id."
    )
  })

export const get = (
  name: string,
  args: Readonly<Record<string, string>>
): Effect.Effect<GetPromptResult, Failure, Serving> =>
  name === "recall"
    ? recall(args["topic"] ?? "")
    : name === "review"
    ? review(args["days"] ?? "7")
    : invalid(`Prompt ${name} not found`)
