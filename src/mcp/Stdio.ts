/**
 * MCP over two streams, one message per line. A malformed request is answered here. A line that is no message, or too long, is
 * skipped and reported to `onerror`. It neither breaks the connection nor takes more memory than a message may.
 */
import { deserializeMessage, serializeMessage } from "@modelcontextprotocol/sdk/shared/stdio.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Readable, Writable } from "node:stream"
import { promisify } from "node:util"
import { refusalOf } from "./Malformed.ts"

/** Longest line, in bytes; arguments of the tools are far shorter. */
export const MAX_LINE = 4 * 1024 * 1024

class LineError extends Schema.TaggedError<LineError>()("LineError", {
  reason: Schema.Literal("TooLong", "NoMessage"),
  bytes: Schema.Number,
  cause: Schema.Defect
}) {
  /** Never quotes the line, which may hold anything. */
  override get message() {
    return this.reason === "TooLong"
      ? `a line of ${this.bytes} bytes was left out: a message has at most ${MAX_LINE}`
      : `a line of ${this.bytes} bytes was left out: it is no JSON-RPC message`
  }
}

const NEWLINE = 0x0a

export interface Stdio extends Transport {
  /** Ends when each request that was read is answered, or was cancelled. */
  readonly answered: Effect.Effect<void>
}

/** Milliseconds between two looks at what is still to be answered. */
const LOOK_MS = 10

export const make = (input: Readable, output: Writable): Stdio => {
  const write = promisify((text: string, done: (error?: Error | null) => void) => {
    output.write(text, done)
  })
  const unanswered = new Set<unknown>()
  let parts: Array<Buffer> = []
  let size = 0

  const take = (part: Buffer) => {
    size += part.length
    if (size <= MAX_LINE) parts.push(part)
    else parts = []
  }
  const read = () => {
    const bytes = size
    const line = Buffer.concat(parts).toString("utf8")
    parts = []
    size = 0
    if (bytes > MAX_LINE) return transport.onerror?.(new LineError({ reason: "TooLong", bytes, cause: undefined }))
    if (line.trim() === "") return
    let message
    try {
      const refusal = refusalOf(JSON.parse(line))
      if (refusal !== undefined) return void transport.send(refusal).catch((error: Error) => transport.onerror?.(error))
      message = deserializeMessage(line)
    } catch (cause) {
      return transport.onerror?.(new LineError({ reason: "NoMessage", bytes, cause }))
    }
    if ("method" in message) {
      if ("id" in message) unanswered.add(message.id)
      else if (message.method === "notifications/cancelled") unanswered.delete(message.params?.["requestId"])
    }
    transport.onmessage?.(message)
  }
  const onData = (chunk: Buffer) => {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, at))
      read()
      from = at + 1
    }
    if (from < chunk.length) take(chunk.subarray(from))
  }

  const transport: Stdio = {
    start: async () => {
      // The last line may have no newline.
      input.on("data", onData).on("end", read)
    },
    send: async (message) => {
      await write(serializeMessage(message))
      if (!("method" in message)) unanswered.delete(message.id)
    },
    answered: Effect.asVoid(Effect.repeat(Effect.sleep(LOOK_MS), { until: () => unanswered.size === 0 })),
    close: async () => {
      input.off("data", onData).off("end", read).pause()
      transport.onclose?.()
    }
  }
  return transport
}
