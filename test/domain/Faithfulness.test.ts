import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { sourceOf, unfoundedIn } from "../../src/domain/Faithfulness.ts"
import { slow } from "../data.ts"
import { anyText } from "../texts.ts"

const SOURCE = sourceOf(
  `The import of 2026-11-25 took 1,846.73 ms and 262144 bytes; 20 万 rows, three retries, 12 % slower.
We run node v20.19.0 and \`createAgent({ connections: 8 })\` in src/net/client.ts; (*TileCache).Evict() holds the lock.
Mei said that Redis Streams are enough. 连接池上限是 40，端口 5432。`
)

const found = (text: string) => unfoundedIn(text, SOURCE).map(({ kind, text }) => `${kind} ${text}`)

describe("what is founded", () => {
  it.each([
    "It took 1.85 s.",
    "It took 1,847 ms on 25 November 2026.",
    "256 KB were read.",
    "200,000 rows; 3 retries.",
    "It runs on v20.19.0.",
    "`createAgent` is called with connections: 8 in client.ts.",
    "TileCache.Evict holds the lock.",
    "Mei chose Redis.",
    "端口是 5432，上限 40。",
    ""
  ])("%s", (text) => assert.deepStrictEqual(found(text), []))
})

describe("what is not", () => {
  it.each([
    ["It took 1,947 ms.", "number 1,947"],
    ["There were 4 retries of the import.", "number 4"],
    ["It runs on node v20.19.1.", "code v20.19.1"],
    ["It is in src/net/pool.ts.", "path src/net/pool.ts"],
    ["See agent.ts for the import.", "path agent.ts"],
    ["`makeAgent` is called, said Mei.", "code makeAgent"],
    ["The import runs with --no-verify.", "code --no-verify"],
    ["The user asked Kafka and Mei.", "name Kafka"],
    ["端口是 5433。", "number 5433"],
    [
      "The weather was fine all day, and everybody went swimming.",
      "statement The weather was fine all day, and everybody went swimming."
    ]
  ])("%s", (text, claim) => assert.include(found(text), claim))
})

slow(it.effect.prop)(
  "every line of a source is founded by it",
  [FastCheck.array(anyText, { minLength: 1, maxLength: 8 })],
  ([texts]) =>
    Effect.sync(() => {
      const text = texts.join("\n")
      const source = sourceOf(text)
      for (const line of text.split("\n")) assert.deepStrictEqual(unfoundedIn(line, source), [], line)
    })
)
