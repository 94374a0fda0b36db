import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { samples, slow } from "../data.ts"
import { follow } from "./page.ts"

const page = await follow("add-a-provider")

const DIMENSION = 384

/** The server that the page assumes; it records its requests. */
const provider = Effect.gen(function*() {
  const asked: Array<{ readonly model: string; readonly input: ReadonlyArray<string> }> = []
  const listen = Effect.async<Server>((resume) => {
    const server = createServer(async (request, response) => {
      const question = JSON.parse(Buffer.concat(await request.toArray()).toString())
      asked.push(question)
      const data = question.input.map((text: string, index: number) => ({
        index,
        embedding: Array.from({ length: DIMENSION }, (_, i) => (text.charCodeAt(i % text.length) % 7) + 1)
      }))
      response.end(JSON.stringify({ data }))
    }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  })
  const server = yield* Effect.acquireRelease(listen, (server) => Effect.sync(() => server.close()))
  return { asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
})

slow(it.scoped)("runs as the page says", () =>
  Effect.gen(function*() {
    const { asked, origin } = yield* provider
    const { code, stderr, stdout } = yield* page.main(samples, page.temporary("memory"), origin)
    assert.strictEqual(code, 0, stderr)
    const [, vectors, results] = /all-minilm@384: (\d+) vectors, (\d+) results/.exec(stdout) ?? []
    assert.isAbove(Number(vectors), 10, stdout)
    assert.strictEqual(Number(results), 3)
    assert.strictEqual(asked.flatMap(({ input }) => input).length, Number(vectors) + 1)
    for (const { input, model } of asked) assert.isTrue(model === "all-minilm" && input.length <= 64)
  }))

slow(it.scoped)("says which model can't be asked when the server is away", () =>
  Effect.gen(function*() {
    const { code, stderr, stdout } = yield* page.main(samples, page.temporary("without"), "http://127.0.0.1:1")
    assert.strictEqual(code, 0, stderr)
    assert.match(stdout, /all-minilm@384: 0 vectors, 0 results/)
    assert.include(stdout + stderr, "model all-minilm: see that http://127.0.0.1:1 runs")
  }))
