/**
 * The MCP server in this process, over an in-memory store of the sample sessions, and the official client.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { type CallToolResult, ElicitRequestSchema, type ElicitResult } from "@modelcontextprotocol/sdk/types.js"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Mcp from "../../src/mcp/Server.ts"
import type { Opening } from "../../src/mcp/Serving.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as testing from "../../src/testing.ts"
import { samples } from "../data.ts"

/** A memory that is open, and the session that asks. */
export interface Session extends Pick<Opening, "folder" | "isolation" | "sessionId"> {
  readonly memory: ClaudeMemory["Type"]
}

/** A memory of the samples, opened from the folder of the project shop-api. */
export class Remembered extends Context.Tag("test/Remembered")<Remembered, Session>() {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* Stream.runDrain(memory.ingest(yield* memory.discover([samples])))
      return { memory, folder: SHOP, sessionId: undefined, isolation: "shared" as const }
    })
  ).pipe(Layer.provideMerge(testing.layer))
}

/** Folder of the samples' largest project. */
export const SHOP = "/home/mei/work/shop-api"

export const until = <E>(holds: Effect.Effect<boolean, E>) =>
  Effect.repeat(holds, { until: (is) => is, schedule: Schedule.spaced("5 millis") })

export interface Connection {
  readonly client: Client
  /** Calls a tool, by its name without the common prefix. */
  readonly call: (name: string, args?: Record<string, unknown>) => Effect.Effect<CallToolResult>
  /** Calls a tool and returns the text of its answer. */
  readonly text: (name: string, args?: Record<string, unknown>) => Effect.Effect<string>
}

export const textOf = ({ content }: CallToolResult): string =>
  content.map((block) => block.type === "text" ? block.text : "").join("\n")

/** How to open a memory that is open. */
export const openingOf = ({ memory, ...session }: Session): Opening => ({
  ...session,
  home: Option.none(),
  isWarmed: true,
  prompts: Effect.succeed(memory),
  memory: Effect.succeed(memory),
  capture: Effect.never
})

/** Connects a client to a server over this memory. */
export const connect = (
  options: Partial<Omit<Mcp.Options, "transport">> & {
    readonly opened?: Partial<Session>
    /** Answers what the server asks its user. */
    readonly consent?: (question: string) => ElicitResult
  } = {}
) =>
  Effect.gen(function*() {
    const remembered = yield* Remembered
    const [serverSide, clientSide] = InMemoryTransport.createLinkedPair()
    yield* Layer.build(Mcp.layer({
      transport: serverSide,
      open: options.open ?? Effect.succeed(openingOf({ ...remembered, ...options.opened })),
      background: options.background ?? []
    }))
    const client = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const { consent } = options
        const capabilities = consent === undefined ? {} : { elicitation: {} }
        const client = new Client({ name: "test", version: "0" }, { capabilities })
        if (consent !== undefined) {
          client.setRequestHandler(ElicitRequestSchema, ({ params: { message } }) => consent(message))
        }
        await client.connect(clientSide)
        // From here on the client checks answers against the listed schemas.
        await client.listTools()
        return client
      }),
      (client) => Effect.promise(() => client.close())
    )
    const call = (name: string, args?: Record<string, unknown>) =>
      Effect.promise(async () =>
        await client.callTool({
          name: `claude_memory_${name}`,
          ...(args !== undefined && { arguments: args })
        }) as CallToolResult
      )
    const connection: Connection = { client, call, text: (name, args) => Effect.map(call(name, args), textOf) }
    return connection
  })
