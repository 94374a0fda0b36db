import { assert, describe, it } from "@effect/vitest"
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { once } from "node:events"
import { PassThrough } from "node:stream"
import * as Stdio from "../../src/mcp/Stdio.ts"
import { withMillis } from "../texts.ts"

/** Returns the messages and errors that a transport makes of these pieces of input. */
const read = (pieces: ReadonlyArray<Buffer>) =>
  Effect.promise(async () => {
    const input = new PassThrough()
    const messages: Array<JSONRPCMessage> = []
    const errors: Array<Error> = []
    const transport = Stdio.make(input, new PassThrough())
    transport.onmessage = (message) => messages.push(message)
    transport.onerror = (error) => errors.push(error)
    await transport.start()
    for (const piece of pieces) input.write(piece)
    input.end()
    await once(input, "end")
    return { messages, errors: errors.map(({ message }) => message) }
  })

const cut = (bytes: Buffer, at: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const ends = [...at.map((n) => n % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)).filter(({ length }) => length > 0)
}

const request = FastCheck.record({
  jsonrpc: FastCheck.constant("2.0" as const),
  id: FastCheck.oneof(FastCheck.integer(), FastCheck.string({ unit: "grapheme" })),
  method: FastCheck.string({ unit: "grapheme" })
})

/** Lines that are not messages. */
const noMessage = FastCheck.oneof(
  FastCheck.string({ unit: "grapheme" }).map((text) => `x${text.replace(/\n/g, "")}`),
  FastCheck.constantFrom(
    "{}",
    "[]",
    "null",
    "1",
    "{\"jsonrpc\":\"2.0\"}",
    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]"
  )
)

describe("lines of stdin", () => {
  it.effect.prop("are messages, however they arrive; what is none is left out and reported", [
    FastCheck.array(FastCheck.oneof(request, noMessage), { maxLength: 8 }),
    FastCheck.array(FastCheck.nat(), { maxLength: 8 })
  ], ([lines, at]) =>
    Effect.gen(function*() {
      const text = lines.map((line, i) =>
        `${typeof line === "string" ? line : JSON.stringify(line)}${i % 2 ? "\r\n" : "\n\n"}`
      )
      const { errors, messages } = yield* read(cut(Buffer.from(text.join("")), at))
      assert.deepStrictEqual(messages, lines.filter((line) => typeof line !== "string"))
      assert.strictEqual(errors.length, lines.filter((line) => typeof line === "string").length)
    }), { fastCheck: { numRuns: 40 } })

  it.effect("may end without a newline", () =>
    Effect.gen(function*() {
      const ping = { jsonrpc: "2.0" as const, id: 1, method: "ping" }
      assert.deepStrictEqual((yield* read(cut(Buffer.from(JSON.stringify(ping)), [9]))).messages, [ping])
    }))

  it.effect("that are too long are left out, whatever they hold, and cost no time to speak of", () =>
    Effect.gen(function*() {
      const ping = { jsonrpc: "2.0" as const, id: 1, method: "ping" }
      const block = Buffer.alloc(65_536, "x")
      const [{ errors, messages }, millis] = yield* withMillis(read([
        ...Array.from({ length: 800 }, () => block),
        Buffer.from(`\n${JSON.stringify(ping)}\n`)
      ]))
      assert.isBelow(millis, 2_000)
      assert.deepStrictEqual(messages, [ping])
      assert.deepStrictEqual(errors, [
        `a line of ${800 * 65_536} bytes was left out: a message has at most ${Stdio.MAX_LINE}`
      ])
    }))

  it.effect("no part of a line is in the error, since it may hold anything", () =>
    Effect.gen(function*() {
      const { errors } = yield* read([Buffer.from("{\"password\": \"hunter2\"\n")])
      assert.deepStrictEqual(errors, ["a line of 22 bytes was left out: it is no JSON-RPC message"])
    }))
})

describe("what is written to stdout", () => {
  it.effect("is a line for each message, and a stream that has ended is an error", () =>
    Effect.promise(async () => {
      const output = new PassThrough()
      const transport = Stdio.make(new PassThrough(), output)
      await transport.send({ jsonrpc: "2.0", method: "a\nb" })
      assert.strictEqual(String(output.read()), "{\"jsonrpc\":\"2.0\",\"method\":\"a\\nb\"}\n")
      output.on("error", () => {}).end()
      await transport.send({ jsonrpc: "2.0", method: "late" }).then(
        () => assert.fail("it was told that this was written"),
        (error: Error) => assert.match(error.message, /write after end/)
      )
    }))
})
