/**
 * Requests to the MCP server as lines of its protocol, for tests that write to it themselves.
 */
export const request = (id: string | number, method: string, params?: unknown): string =>
  `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`

/** Calls a tool by its name without the prefix. */
export const call = (id: string | number, name: string, args: unknown): string =>
  request(id, "tools/call", { name: `claude_memory_${name}`, arguments: args })

export const CLIENT = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "probe", version: "0" } }

/** Request 0, and what is said after its answer. */
export const HELLO = `${request(0, "initialize", CLIENT)}${
  JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })
}\n`
