/**
 * The MCP server as a process, with a client that needs no library: for programs that time it, count with it or kill it.
 */
import * as Effect from "effect/Effect"
import type { StdioOptions } from "node:child_process"
import { BenchError, startNode } from "../script.ts"
import { CLIENT } from "./requests.ts"

export interface Message {
  readonly id?: number
  readonly error?: unknown
  readonly result?: { readonly isError?: boolean; readonly structuredContent?: unknown }
}

export interface Options {
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Destination of the server's log; this process's own by default. */
  readonly stderr?: "inherit" | "ignore"
}

/** Starts the server in this file and a client for it. A server that still runs when the scope closes is killed. */
export const start = (file: string, { stderr = "inherit", ...options }: Options) => {
  const stdio: StdioOptions = ["pipe", "pipe", stderr]
  return Effect.map(startNode([file], { ...options, stdio }), (child) => {
    const waiting = new Map<number, (message: Message) => void>()
    let rest = ""
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const lines = `${rest}${text}`.split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) {
        const message = JSON.parse(line) as Message
        if (message.id !== undefined) waiting.get(message.id)?.(message)
      }
    })
    let hasEnded = false
    child.stdin!.on("error", () => {})
    child.on("close", () => {
      hasEnded = true
      for (const answer of waiting.values()) answer({ error: "the server has ended" })
    })
    let last = 0
    const send = (message: object) => {
      child.stdin!.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
    }
    /** Sends a request; fails with an error of the protocol or of the tool, and when the server ends before its answer. */
    const request = (method: string, params: object = {}) =>
      Effect.async<Message, BenchError>((resume) => {
        const id = ++last
        const failed = (message: Message) =>
          resume(Effect.fail(new BenchError({ reason: "Program", detail: `${method}: ${JSON.stringify(message)}` })))
        if (hasEnded) return failed({ error: "the server has ended" })
        waiting.set(id, (message) => {
          waiting.delete(id)
          if (message.error === undefined && message.result?.isError !== true) resume(Effect.succeed(message))
          else failed(message)
        })
        send({ id, method, params })
      })
    const shake = Effect.gen(function*() {
      yield* request("initialize", CLIENT)
      send({ method: "notifications/initialized" })
      yield* request("tools/list")
    })
    /** Calls a tool by its name without the prefix; returns its data. */
    const call = (name: string, args: object) =>
      Effect.map(
        request("tools/call", { name: `claude_memory_${name}`, arguments: args }),
        ({ result }) => result?.structuredContent
      )
    return { child, request, shake, call }
  })
}

export type McpClient = Effect.Effect.Success<ReturnType<typeof start>>
