import { assert, describe, it, layer } from "@effect/vitest"
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { advice, languagesOf } from "../../src/mcp/Languages.ts"
import { connect, Remembered, until } from "./mcp.ts"

const english = { content: "The pool is exhausted because a client is never closed." }
const chinese = { content: "连接池耗尽，因为客户端没有关闭。" }
const times = (count: number, unit: { readonly content: string }) => Array.from({ length: count }, () => unit)

describe("the languages of memories", () => {
  it("are those of some share of them, the most frequent first", () => {
    assert.deepStrictEqual(languagesOf([]), [])
    assert.deepStrictEqual(languagesOf([english]), ["other"])
    assert.deepStrictEqual(languagesOf([chinese]), ["Chinese"])
    assert.deepStrictEqual(languagesOf([...times(5, english), ...times(7, chinese)]), ["Chinese", "other"])
    assert.deepStrictEqual(languagesOf([...times(58, english), ...times(2, chinese)]), ["other"])
    assert.deepStrictEqual(languagesOf([{ content: "プールが足りないので、接続を閉じるようにした。" }]), ["Japanese"])
  })

  it("are what a model is told to ask in", () => {
    assert.strictEqual(advice([]), "Ask in the language of the sessions.")
    assert.match(advice(["other"]), /in English .*ask in that/)
    assert.match(advice(["Chinese"]), /in Chinese: ask in that/)
    assert.match(advice(["Chinese", "other"]), /in Chinese and English .*ask in each/)
  })
})

describe("the tools that take a question", () => {
  layer(Remembered.layer, { excludeTestServices: true })((it) => {
    const asked = ["search", "cross_project_search", "inject"].map((name) => `claude_memory_${name}`)

    it.scoped("say the languages of the memory once it is open, and tell the client that they changed", () =>
      Effect.gen(function*() {
        const { client } = yield* connect()
        let changes = 0
        client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++)
        yield* until(Effect.sync(() => changes === 1))
        const { tools } = yield* Effect.promise(() => client.listTools())
        for (const { description = "", name } of tools) {
          assert.strictEqual(description.includes("The memories are in "), asked.includes(name), name)
          assert.isBelow(description.length, 500, name)
        }
      }))

    it.scoped("say nothing of the languages of an empty memory", () =>
      Effect.gen(function*() {
        const { memory } = yield* Remembered
        let read = 0
        const recent: typeof memory.recent = () =>
          Effect.sync(() => {
            read++
            return []
          })
        const { client } = yield* connect({ opened: { memory: { ...memory, recent } } })
        yield* until(Effect.sync(() => read > 0))
        const { tools } = yield* Effect.promise(() => client.listTools())
        const { description } = tools.find(({ name }) => name === asked[0])!
        assert.isTrue(description!.endsWith(advice([])))
      }))
  })
})
