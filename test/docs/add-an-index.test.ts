import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { samples, slow } from "../data.ts"
import { follow } from "./page.ts"

const page = await follow("add-an-index")

slow(it.scoped)("runs as the page says, and is still there the next time", () =>
  Effect.gen(function*() {
    const memory = page.temporary("memory")
    const outcomes = [yield* page.main(samples, memory), yield* page.main(samples, memory)]
    const vectors = outcomes.map(({ code, stderr, stdout }) => {
      assert.strictEqual(code, 0, stderr)
      return /(\d+) vectors, 3 results/.exec(stdout)?.[1]
    })
    assert.isAbove(Number(vectors[0]), 10, outcomes[0]?.stdout)
    assert.strictEqual(vectors[1], vectors[0])
    const names = readdirSync(join(memory, "vectors", "1"))
    assert.strictEqual(names.filter((name) => name.endsWith(".f32")).length, Number(vectors[0]))
    assert.isFalse(names.some((name) => name.endsWith(".part")))
  }))
