/**
 * The MCP server as a process, asked the benchmarks' questions, and processor time of processes.
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Settings from "../../../src/settings/Settings.ts"
import * as McpClient from "../../../test/e2e/mcpClient.ts"
import { environment } from "../../../test/script.ts"
import { QUESTIONS } from "./questions.ts"

/** Starts the server built in `dist` and a client for it. A server that still runs when the scope closes is killed. */
export const start = (home: string, dist = Settings.packageFile("dist")) =>
  Effect.map(McpClient.start(join(dist, "mcp.js"), { env: environment(home) }), ({ child, request, shake }) => {
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
  })

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
