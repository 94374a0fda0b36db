/**
 * The official MCP client, connected to a spawned server.
 */
import { assert } from "@effect/vitest"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { environment } from "../data.ts"
import { mcp } from "./run.ts"

/** Connects the official client to a server over the memory in `home`. */
export const connect = (home: string, env: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [mcp],
      cwd: home,
      env: environment(home, env),
      stderr: "ignore"
    })
    const client = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const client = new Client({ name: "test", version: "0" })
        await client.connect(transport)
        await client.listTools()
        return client
      }),
      (client) => Effect.promise(() => client.close())
    )
    const call = (name: string, args: Record<string, unknown> = {}) =>
      Effect.promise(async () =>
        await client.callTool({ name: `claude_memory_${name}`, arguments: args }) as CallToolResult
      )
    return { client, call, pid: transport.pid ?? 0 }
  })

export const dataOf = ({ content, isError, structuredContent }: CallToolResult) => {
  assert.isNotTrue(isError, JSON.stringify(content))
  return structuredContent as Record<string, never>
}

export const textOf = ({ content: [block] }: CallToolResult) => block?.type === "text" ? block.text : ""
