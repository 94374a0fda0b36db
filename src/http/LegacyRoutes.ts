/**
 * Answers the predecessor's routes.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Role } from "../domain/Conversation.ts"
import { MAX_HOOK_CHARS } from "../domain/Injection.ts"
import { type MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import { version } from "../process/version.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { memories, plural } from "../serve/Wording.ts"
import { Api } from "./Api.ts"
import { problem } from "./Problem.ts"
import { answering, NO_PROJECT, projectsOf } from "./Requests.ts"

const FOUND = 5
const MIN_SCORE = 0.3
const TOKENS = 2_000
/** There, the name that stood for all projects, and for the one of what names none. */
const GLOBAL = "global"

const scopeOf = (project: string | undefined) =>
  projectsOf(project === undefined ? undefined : project === GLOBAL ? "all" : [project])

const isUnitType = (type: unknown): type is UnitType => (UnitType.literals as ReadonlyArray<unknown>).includes(type)

const ROLES: Readonly<Record<string, Role>> = {
  human: "human",
  user: "human",
  assistant: "assistant",
  ai: "assistant",
  claude: "assistant",
  system: "system"
}

const roleOf = (name: string) => {
  const role = Object.hasOwn(ROLES, name.toLowerCase()) ? ROLES[name.toLowerCase()] : undefined
  return role === undefined
    ? Effect.fail(problem("bad-request", `"${name.slice(0, 40)}" is no role: human, assistant or system`))
    : Effect.succeed(role)
}

const elapsed = (since: bigint) => Effect.map(Clock.currentTimeNanos, (now) => Number(now - since) / 1e6)

const told = ({ content, id, summary, title, tokens, type }: MemoryUnit) => ({
  id,
  title,
  content,
  summary,
  type,
  token_count: tokens
})

export const layer = HttpApiBuilder.group(Api, "legacy", (handlers) =>
  handlers
    .handle("health", () => Effect.succeed({ status: "healthy", service: "claude-memory", version }))
    .handle("memorySearch", ({ payload: { limit = FOUND, memory_types, min_score = MIN_SCORE, project_id, query } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const start = yield* Clock.currentTimeNanos
        const { results } = yield* memory.search({
          text: query,
          projects: yield* scopeOf(project_id),
          ...(memory_types && memory_types.length > 0 && { types: memory_types }),
          limit,
          minScore: min_score,
          mode: "hybrid"
        })
        return {
          success: true,
          query,
          results: results.map(({ score, unit: { content, keywords, occurredAt, summary, title } }) => ({
            content,
            title,
            summary,
            score,
            keywords,
            created_at: DateTime.formatIso(DateTime.unsafeMake(occurredAt))
          })),
          count: results.length,
          search_time_ms: yield* elapsed(start)
        }
      })))
    .handle("memoryInject", ({ payload }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const start = yield* Clock.currentTimeNanos
        const { context_hint = "", injection_mode = "balanced", max_tokens = TOKENS, original_prompt } = payload
        const { items, text, tokens } = yield* memory.inject({
          prompt: [payload.query_text ?? original_prompt, context_hint].filter((part) =>
            part !== ""
          ).join("\n"),
          projects: yield* scopeOf(payload.project_id),
          mode: injection_mode,
          isAsked: true,
          maxTokens: max_tokens,
          maxChars: MAX_HOOK_CHARS
        })
        return {
          success: true,
          enhanced_prompt: text === "" ? original_prompt : `${text}\n\n${original_prompt}`,
          injected_memories: items.map(({ unit }) => told(unit)),
          tokens_used: tokens,
          processing_time_ms: yield* elapsed(start)
        }
      })))
    .handle("memoryStore", ({ payload: { content, metadata, project_id = GLOBAL } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        if (content.trim() === "") return yield* problem("bad-request", "there is nothing to store: content is empty")
        const type = metadata?.["type"] ?? metadata?.["unit_type"]
        const { origin, units } = yield* memory.given.text({
          project: project_id,
          content,
          type: isUnitType(type) ? type : "documentation"
        })
        return {
          success: true,
          conversation_id: origin,
          message: units.length === 0 ? "It was stored before" : `Stored as ${memories(units.length)}`
        }
      })))
    .handle("conversationStore", ({ payload: { messages, project_id, title } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        if (project_id === undefined) return yield* NO_PROJECT
        const said = yield* Effect.forEach(messages, ({ content, message_type, role }) =>
          Effect.map(roleOf(role ?? message_type ?? "human"), (role) => ({ role, content })))
        const session = yield* memory.given.conversation({ project: project_id, title, messages: said })
        return {
          success: true,
          conversation_id: session,
          message: `${plural(said.length, "message")} stored`
        }
      })))
    .handle("projectsList", () =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const projects = (yield* memory.projects.known).map(({ id, name, root }) => ({ id, name, description: root }))
        return { success: true, projects, count: projects.length }
      })))
    .handle("projectsCreate", ({ payload: { name, project_id } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const project = yield* memory.given.project(project_id)
        const named = name === undefined || name === project.name
          ? project
          : yield* memory.projects.rename(project.id, name)
        return { success: true, project: { id: named.id, name: named.name, description: named.root } }
      }))))
