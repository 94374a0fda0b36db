/**
 * The MCP server as a process, with a client, and processor time of processes.
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Settings from "../../../src/settings/Settings.ts"
import { BenchError, environment, startNode } from "../../../test/script.ts"
import { QUESTIONS } from "./questions.ts"

interface Message {
  readonly id?: number
  readonly error?: unknown
  readonly result?: { readonly isError?: boolean }
}

/** Starts the server built in `dist` and a client for it. A server that still runs when the scope closes is killed. */
export const start = (home: string, dist = Settings.packageFile("dist")) =>
  Effect.map(
    startNode([join(dist, "mcp.js")], {
      env: environment(home),
      stdio: ["pipe", "pipe", "inherit"]
    }),
    (child) => {
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
      let last = 0
      const send = (message: object) => child.stdin!.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
      const request = (method: string, params: object = {}) =>
        Effect.async<Message, BenchError>((resume) => {
          const id = ++last
          waiting.set(id, (message) => {
            waiting.delete(id)
            resume(
              message.error === undefined && message.result?.isError !== true
                ? Effect.succeed(message)
                : Effect.fail(new BenchError({ reason: "Program", detail: `${method}: ${JSON.stringify(message)}` }))
            )
          })
          send({ id, method, params })
        })
      const shake = Effect.gen(function*() {
        yield* request("initialize", {
          protocolVersion: "2025-11-25",
          capabilities: {},
          clientInfo: { name: "bench", version: "0" }
        })
        send({ method: "notifications/initialized" })
        yield* request("tools/list")
      })
      const search = (i: number) =>
        request("tools/call", {
          name: "claude_memory_search",
          arguments: { query: QUESTIONS[i % QUESTIONS.length], project_id: "global" }
        })
      /** Asks what Claude Code's hook asks at a prompt, each time in a session of its own. */
      const prompt = (i: number, cwd: string) =>
        request("tools/call", {
          name: "claude_memory_prompt",
          arguments: { prompt: QUESTIONS[i % QUESTIONS.length], session_id: `bench-${i}`, cwd }
        })
      return { child, shake, search, prompt }
    }
  )

/** Tick of the processor times below, on Linux. */
const TICK_MS = 10

const ticks = (pid: number | "self") => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ").map(Number)

/** Reads the processor time of a process in milliseconds (Linux). */
export const cpuOf = (pid: number): number => {
  const fields = ticks(pid)
  return (fields[11]! + fields[12]!) * TICK_MS
}

/** Reads the processor time of all processes that this one started and that have ended, in milliseconds (Linux). */
export const cpuOfEnded = (): number => {
  const fields = ticks("self")
  return (fields[13]! + fields[14]!) * TICK_MS
}
