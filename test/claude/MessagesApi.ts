/**
 * A fake of Anthropic's messages API on a loopback port. It answers with the scene that a test has set for a prompt,
 * and records each request, which is all that Claude would see.
 */
import * as Effect from "effect/Effect"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly name: string; readonly input: object }

/** Answers to a prompt, in order; after an answer that uses a tool comes the next one. */
export type Scene = ReadonlyArray<ReadonlyArray<Block> | ((asked: Asked) => ReadonlyArray<Block>)>

export const says = (text: string): Block => ({ type: "text", text })
export const uses = (name: string, input: object): Block => ({ type: "tool_use", name, input })

interface Part {
  readonly type: string
  readonly text?: string
  readonly content?: string | ReadonlyArray<Part>
}
interface Turn {
  readonly role: "user" | "assistant" | "system"
  readonly content: string | ReadonlyArray<Part>
}
interface Body {
  readonly model: string
  readonly stream?: boolean
  readonly system?: string | ReadonlyArray<Part>
  readonly messages: ReadonlyArray<Turn>
  readonly metadata: { readonly user_id: string }
}

/** A request to the model. */
export interface Asked {
  /** Id of Claude Code's session. */
  readonly session: string
  /** The person's last prompt. */
  readonly prompt: string
  /** Number of answers to that prompt so far. */
  readonly step: number
  /** Text of the whole request, in order. */
  readonly text: string
  /** Text from that prompt on, without that of earlier prompts of the session. */
  readonly turn: string
  /** Results of the last tool uses. */
  readonly results: string
  readonly at: number
}

export interface MessagesApi {
  readonly origin: string
  /** Scenes by a part of the prompt; the first match counts. Any other prompt is answered with "Understood." */
  readonly scenes: Map<string, Scene>
  readonly asked: Array<Asked>
}

/** Text that memory injected with this prompt, by all hooks or by one. */
export const injectedText = (asked: Asked | undefined, hook = "") =>
  [...asked?.turn.matchAll(/(\w+) hook additional context: (<claude-memory>[\s\S]*?<\/claude-memory>)/g) ?? []]
    .flatMap(([, event, text]) => hook === "" || hook === event ? [text] : []).join("\n")

const textOf = (content: string | ReadonlyArray<Part> | undefined): string =>
  typeof content === "string"
    ? content
    : content?.map((part) => part.text ?? textOf(part.content)).join("\n") ?? ""

/** The person's words in a turn, without tool results and Claude Code's own reminders. */
const promptOf = ({ content, role }: Turn): string | undefined => {
  if (role !== "user") return undefined
  if (typeof content === "string") return content
  if (content.some(({ type }) => type === "tool_result")) return undefined
  return content.findLast(({ text }) => text !== undefined && !text.startsWith("<system-reminder>"))?.text
}

const read = ({ messages, metadata, system }: Body): Asked => {
  const at = messages.findLastIndex((message) => promptOf(message) !== undefined)
  const turn = messages.slice(Math.max(at, 0))
  return {
    session: JSON.parse(metadata.user_id).session_id,
    prompt: at < 0 ? "" : promptOf(messages[at]!)!,
    step: turn.filter(({ role }) => role === "assistant").length,
    text: [textOf(system), ...messages.map(({ content }) => textOf(content))].join("\n"),
    turn: turn.map(({ content }) => textOf(content)).join("\n"),
    results: messages.filter(({ role }) => role !== "system").slice(-1).map(({ content }) => textOf(content)).join(
      "\n"
    ),
    at: performance.now()
  }
}

const usage = { input_tokens: 10, output_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }

/** Events of a streamed answer: https://docs.claude.com/en/docs/build-with-claude/streaming */
const events = (message: object, content: ReadonlyArray<Block & { readonly id?: string }>, stop_reason: string) => [
  { type: "message_start", message: { ...message, content: [], stop_reason: null, usage } },
  ...content.flatMap((block, index) => [
    {
      type: "content_block_start",
      index,
      content_block: block.type === "text" ? { ...block, text: "" } : { ...block, input: {} }
    },
    {
      type: "content_block_delta",
      index,
      delta: block.type === "text"
        ? { type: "text_delta", text: block.text }
        : { type: "input_json_delta", partial_json: JSON.stringify(block.input) }
    },
    { type: "content_block_stop", index }
  ]),
  { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage },
  { type: "message_stop" }
]

const respond = async (api: MessagesApi, request: IncomingMessage, response: ServerResponse) => {
  const path = (request.url ?? "").replace(/\?.*/, "")
  const body: Body = JSON.parse(Buffer.concat(await request.toArray()).toString() || "{}")
  const answer = (json: object) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(json))
  if (path === "/v1/messages/count_tokens") {
    answer({ input_tokens: Math.ceil(JSON.stringify(body).length / 4) })
    return
  }
  if (path !== "/v1/messages") {
    response.writeHead(404).end()
    return
  }
  const asked = read(body)
  const number = api.asked.push(asked)
  const scene = [...api.scenes].find(([words]) => asked.prompt.includes(words))?.[1] ?? [[says("Understood.")]]
  const answered = scene[Math.min(asked.step, scene.length - 1)] ?? []
  const content = (typeof answered === "function" ? answered(asked) : answered)
    .map((block, index) => block.type === "text" ? block : { ...block, id: `toolu_${number}_${index}` })
  const stopReason = content.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn"
  const message = { id: `msg_${number}`, type: "message", role: "assistant", model: body.model, stop_sequence: null }
  if (body.stream !== true) {
    answer({ ...message, content, stop_reason: stopReason, usage })
    return
  }
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (const event of events(message, content, stopReason)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  response.end()
}

const listen = Effect.async<{ readonly http: Server; readonly api: MessagesApi }>((resume) => {
  const scenes = new Map<string, Scene>()
  const asked: Array<Asked> = []
  const http = createServer((request, response) => {
    respond(api, request, response).catch(() => response.destroy())
  })
  const api = { origin: "", scenes, asked }
  http.listen({ port: 0, host: "127.0.0.1" }, () => {
    const { port } = http.address() as AddressInfo
    resume(Effect.succeed({ http, api: Object.assign(api, { origin: `http://127.0.0.1:${port}` }) }))
  })
})

export const messagesApi = Effect.map(
  Effect.acquireRelease(listen, ({ http }) =>
    Effect.async<void>((resume) => {
      http.close(() => resume(Effect.void))
      http.closeAllConnections()
    })),
  ({ api }) => api
)
