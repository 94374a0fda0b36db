/**
 * Parses one line of a Claude Code transcript, as any version from 1.0.98 on writes it. Total: any string gives a
 * result.
 *
 * The format is internal to Claude Code and changes; unknown line types are counted, never an error.
 */
import { type Block, leftOut, type Message, type SessionFacts } from "../../domain/Conversation.ts"
import { idOf } from "../../domain/Ids.ts"
import { removePassages, stripFence } from "../../domain/Injection.ts"
import { isJson } from "../../domain/Json.ts"
import { classify } from "./Prompt.ts"

/** Session and thread of a message seen before. */
export interface Place {
  readonly sessionId: string
  readonly thread: string
}

export type Line =
  | { readonly _tag: "Message"; readonly message: Message; readonly facts: SessionFacts }
  | { readonly _tag: "Facts"; readonly facts: SessionFacts }
  | { readonly _tag: "Skipped"; readonly reason: string }
  | { readonly _tag: "Malformed"; readonly reason: string }

/** Longest text of a block, in characters: its head and tail are kept. A tool's output is rarely worth more. */
export const MAX_BLOCK_LENGTH = 16_384

const MAX_TITLE_LENGTH = 200
const MAX_NAME_LENGTH = 4_096

/** Must run after redaction, like the two functions below: a cut through a secret would hide it from the rules. */
export const shorten = (value: string): string =>
  value.length <= MAX_BLOCK_LENGTH
    ? value
    : `${head(value, MAX_BLOCK_LENGTH * 0.75)}\n${leftOut(value.length - MAX_BLOCK_LENGTH)}\n${
      value.slice(-MAX_BLOCK_LENGTH * 0.25).replace(/^[\udc00-\udfff]/, "")
    }`

/** Returns one line. */
export const shortenTitle = (value: string): string =>
  head(value.replace(/[\s\u0000-\u001f\u007f]+/g, " ").trim(), MAX_TITLE_LENGTH)

/** Shortens a path, or the name of a tool or a branch. */
export const shortenName = (value: string): string => head(value, MAX_NAME_LENGTH)

/** Splits no surrogate pair. */
const head = (value: string, length: number): string =>
  value.length <= length ? value : value.slice(0, length).replace(/[\ud800-\udbff]$/, "")

type Json = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

/** Types of lines that hold nothing worth remembering; attachments and API requests also repeat injected memories. */
const SKIPPED_TYPES = new Set([
  "progress",
  "queue-operation",
  "attachment",
  "file-history-snapshot",
  "permission-mode",
  "agent-setting",
  "bridge-session",
  "worktree-state",
  "mode",
  "atis-latch",
  "frame-link",
  "api-request",
  "api-request-shape",
  "api-request-blob",
  "cost-state",
  "tools-used",
  "agent-name",
  "last-prompt",
  "pr-link"
])

/** Matches plausible type names of later versions; a type of any other form is counted without its name. */
const TYPE_NAME = /^[a-z]{1,20}(?:[-_][a-z]{1,20}){0,3}$/

/** Claude Code's own subagents, which get a copy of the session: one summarises, one guesses the next prompt. */
const INTERNAL_AGENT = /^a(?:compact|prompt_suggestion)-/

const skipped = (reason: string): Line => ({ _tag: "Skipped", reason })
const malformed = (reason: string): Line => ({ _tag: "Malformed", reason })

/** Claude Code's preview of an output of ours that is too long to be shown: the fence lacks its end. */
const PREVIEW = /<persisted-output>[^<]{0,2000}<claude-memory\b[^>]{0,200}>/

/** The rest of an answer of our MCP tools, which Claude Code writes as JSON, after its fence was stripped. */
const UNFENCED_ANSWER = /^\s*\{"begin":""\}\s*$/

/** Removes injected memories, Claude Code's reminders to Claude, and terminal colours. */
const clean = (value: string): string =>
  removePassages(
    removePassages(stripFence(value), PREVIEW, "</persisted-output>").replace(UNFENCED_ANSWER, ""),
    /<system-reminder>/,
    "</system-reminder>"
  )
    .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "")
    .replace(/\u0000/g, "")
    .replace(/\r\n?/g, "\n")
    .trimEnd()

const block = (
  kind: Block["kind"],
  value: string,
  rest: Partial<Pick<Block, "tool" | "toolUseId" | "file" | "isError">> = {}
): ReadonlyArray<Block> => {
  const cleaned = clean(value)
  return cleaned.trim() === "" ? [] : [{ kind, text: cleaned, ...rest }]
}

const FILE_KEYS = ["file_path", "notebook_path", "path"] as const

/** Never throws: a value that JSON.parse can read may be nested too deeply for JSON.stringify. */
const json = (value: unknown): string => {
  try {
    return JSON.stringify(value)
  } catch {
    return "[nested too deeply]"
  }
}

/** Renders a tool's input as text: strings as they are, because people search for them, the rest as JSON. */
const inputText = (input: Json): string =>
  Object.entries(input).map(([key, value]) => {
    const shown = typeof value === "string" ? value : json(value)
    return shown.includes("\n") ? `${key}:\n${shown}` : `${key}: ${shown}`
  }).join("\n")

/** Note to Claude that Claude Code adds to an agent's answer. */
const AGENT_NOTE = /^agentId: \S+ \(for resuming\b/

const resultText = (content: unknown): string => {
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return ""
  return content.map((part) =>
    isObject(part) ? text(part.text) ?? (part.type === "image" ? "[image]" : "") : typeof part === "string" ? part : ""
  ).filter((part) => part !== "" && !AGENT_NOTE.test(part)).join("\n")
}

const blocksOf = (content: unknown): ReadonlyArray<Block> => {
  if (typeof content === "string") return block("text", content)
  if (!Array.isArray(content)) return []
  return content.flatMap((part): ReadonlyArray<Block> => {
    if (typeof part === "string") return block("text", part)
    if (!isObject(part)) return []
    switch (part.type) {
      case "text":
        return block("text", text(part.text) ?? "")
      case "thinking":
        return block("thinking", text(part.thinking) ?? "")
      case "tool_use": {
        const input = isObject(part.input) ? part.input : {}
        const file = FILE_KEYS.map((key) => text(input[key])).find((value) => value !== undefined)
        return block("tool_use", inputText(input) || (text(part.name) ?? "tool"), {
          tool: text(part.name) ?? "tool",
          ...(text(part.id) !== undefined && { toolUseId: text(part.id)! }),
          ...(file !== undefined && { file })
        })
      }
      case "tool_result":
        return block("tool_result", resultText(part.content), {
          ...(text(part.tool_use_id) !== undefined && { toolUseId: text(part.tool_use_id)! }),
          ...(part.is_error === true && { isError: true })
        })
      case "image":
        return block("text", "[image]")
      case "document":
        return block("text", "[document]")
      default:
        return []
    }
  })
}

/** Recognizes reports that Claude Code writes on the user's lines: a background task ended, a timer went off. */
const isReport = (line: Json): boolean => {
  const origin = isObject(line.origin) ? line.origin.kind : undefined
  return line.promptSource === "system" || origin === "task-notification" || origin === "peer"
}

/** Converts the blocks of a user's line: prompts become text, reports become tool results. */
const userBlocks = (line: Json, found: ReadonlyArray<Block>) => {
  const blocks: Array<Block> = []
  let hasPrompt = false
  let reason = "empty"
  for (const each of found) {
    if (each.kind !== "text") {
      blocks.push(each)
      continue
    }
    const read = classify(each.text, isReport(line))
    if (read._tag === "Skipped") reason = read.reason
    else if (read._tag === "Report") {
      blocks.push(...block("tool_result", read.text, read.toolUseId === undefined ? {} : { toolUseId: read.toolUseId }))
    } else {
      blocks.push(...block("text", read.text))
      hasPrompt ||= read._tag === "Prompt"
    }
  }
  return { blocks, reason, isPrompt: hasPrompt && blocks.every(({ kind }) => kind !== "tool_result") }
}

const factsOf = (line: Json, sessionId: string, occurredAt: number | undefined, title?: string): SessionFacts => ({
  sessionId,
  cwd: text(line.cwd),
  branch: text(line.gitBranch),
  version: text(line.version),
  title,
  startedAt: occurredAt,
  endedAt: occurredAt
})

const timeOf = (line: Json): number | undefined => {
  const time = typeof line.timestamp === "string" ? Date.parse(line.timestamp) : Number.NaN
  return Number.isFinite(time) ? time : undefined
}

/** How a line of a message begins; within a string its quotes would be escaped. */
const MESSAGE_BEGINS = "{\"parentUuid\":"

/**
 * Returns where in a line a whole one begins behind a torn one: Claude Code was ended while it wrote, and the session was resumed.
 * 0 for a line that is whole, or torn to its end.
 */
export const startOfWhole = (raw: string): number => {
  const at = raw.lastIndexOf(MESSAGE_BEGINS)
  return at > 0 && isJson(raw.slice(at)) && !isJson(raw.trim()) ? at : 0
}

/**
 * Parses a line.
 *
 * @param fileSession session named by the file, for lines that name no session
 * @param placeOf session and thread of a message seen before, by uuid; a side chain without an agent id needs it to
 * find its thread, and a summary to find its session
 */
export const parse = (
  raw: string,
  fileSession: string,
  placeOf: (uuid: string) => Place | undefined
): Line => {
  // `trim` also removes a byte order mark, which JSON.parse rejects.
  const trimmed = raw.trim()
  if (trimmed === "") return skipped("blank")
  let line: unknown
  try {
    line = JSON.parse(trimmed)
  } catch {
    return malformed("not JSON")
  }
  if (!isObject(line)) return malformed("not a JSON object")
  const type = text(line.type)
  if (type === undefined) return malformed("no line type")
  if (INTERNAL_AGENT.test(text(line.agentId) ?? "")) return skipped("internal agent")
  const sessionId = sessionOf(line) ?? fileSession
  const occurredAt = timeOf(line)

  switch (type) {
    case "summary": {
      // Claude Code writes summaries of earlier sessions into a newer one's file.
      const of = placeOf(text(line.leafUuid) ?? "")
      const title = text(clean(text(line.summary) ?? ""))
      return of === undefined || title === undefined
        ? skipped("summary of a session not seen yet")
        : { _tag: "Facts", facts: factsOf({}, of.sessionId, undefined, title) }
    }
    case "custom-title":
    case "ai-title": {
      const title = text(clean(text(line.customTitle) ?? text(line.aiTitle) ?? text(line.title) ?? ""))
      return title === undefined ? skipped(type) : { _tag: "Facts", facts: factsOf(line, sessionId, occurredAt, title) }
    }
    case "system":
      return systemLine(line, sessionId, occurredAt)
    case "attachment": {
      const prompt = queuedPrompt(line)
      return prompt === undefined ? skipped(type) : messageLine(prompt, "user", sessionId, occurredAt, placeOf)
    }
    case "user":
    case "assistant":
      return messageLine(line, type, sessionId, occurredAt, placeOf)
    default:
      return skipped(SKIPPED_TYPES.has(type) ? type : TYPE_NAME.test(type) ? `unknown type ${type}` : "unknown type")
  }
}

/**
 * Returns the session of a line. A fork's file begins with its parent's lines, under the fork's session id but with
 * their old uuids: these lines stay the parent's.
 */
const sessionOf = (line: Json): string | undefined => {
  const from = isObject(line.forkedFrom) && line.forkedFrom.messageUuid === line.uuid ? line.forkedFrom : line
  return text(from.sessionId) ?? text(line.sessionId)
}

/** Returns a prompt that was typed while Claude worked: it stands in no user's line, only in this attachment. */
const queuedPrompt = (line: Json): Json | undefined => {
  const queued = isObject(line.attachment) ? line.attachment : {}
  if (queued.type !== "queued_command" || queued.isMeta === true) return undefined
  const mode = text(queued.commandMode) ?? "prompt"
  if (mode !== "prompt" && mode !== "task-notification") return undefined
  return {
    ...line,
    message: { content: queued.prompt ?? "" },
    origin: mode === "prompt" ? queued.origin : { kind: mode }
  }
}

const systemLine = (line: Json, sessionId: string, occurredAt: number | undefined): Line => {
  if (line.subtype !== "api_error") {
    const subtype = text(line.subtype) ?? ""
    return skipped(`system ${TYPE_NAME.test(subtype) ? subtype : "other"}`)
  }
  const uuid = text(line.uuid)
  const error = isObject(line.error) ? text(line.error.message) ?? json(line.error) : text(line.content)
  if (uuid === undefined || error === undefined) return skipped("system api_error")
  const facts = factsOf(line, sessionId, occurredAt)
  return {
    _tag: "Message",
    facts,
    message: {
      uuid,
      parentUuid: text(line.parentUuid) ?? null,
      sessionId,
      thread: text(line.agentId) ?? "main",
      role: "system",
      blocks: block("text", `API error: ${error}`),
      isPrompt: false,
      isSummary: false,
      occurredAt: occurredAt ?? 0
    }
  }
}

/** Beginning of a compaction's summary, for lines that are not marked as such. */
const SUMMARY = /^\s*This session is being continued from a previous conversation that ran out of context/

const messageLine = (
  line: Json,
  type: "user" | "assistant",
  sessionId: string,
  occurredAt: number | undefined,
  placeOf: (uuid: string) => Place | undefined
): Line => {
  if (line.isMeta === true || line.isVisibleInTranscriptOnly === true && line.isCompactSummary !== true) {
    return skipped("meta")
  }
  if (!isObject(line.message)) return malformed(`${type} line without a message`)
  const content = line.message.content
  if (typeof content !== "string" && !Array.isArray(content)) return malformed(`${type} message without content`)
  const parentUuid = text(line.parentUuid) ?? null
  const uuid = text(line.uuid) ?? idOf("message", sessionId, String(parentUuid), json(line.timestamp), json(content))
  const isSide = line.isSidechain === true
  const agent = text(line.agentId)
  const thread = !isSide && agent === undefined
    ? "main"
    : agent ?? (parentUuid === null ? uuid : placeOf(parentUuid)?.thread ?? parentUuid)
  const facts = factsOf(line, sessionId, occurredAt)

  const found = blocksOf(content)
  const user = type === "user" && line.isCompactSummary !== true ? userBlocks(line, found) : undefined
  const blocks = user?.blocks ?? found
  if (blocks.length === 0) return skipped(user?.reason ?? "empty")
  const isSummary = type === "user" && (line.isCompactSummary === true || SUMMARY.test(blocks[0]!.text))
  return {
    _tag: "Message",
    facts,
    message: {
      uuid,
      parentUuid,
      sessionId,
      thread,
      role: type === "assistant"
        ? line.isApiErrorMessage === true || line.message.model === "<synthetic>" ? "system" : "assistant"
        : "human",
      blocks,
      isPrompt: !isSummary && user?.isPrompt === true,
      isSummary,
      occurredAt: occurredAt ?? 0
    }
  }
}
