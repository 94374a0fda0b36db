import { assert, it } from "@effect/vitest"
import { diedOf } from "../../src/process/Died.ts"

it("a file of the program that is gone is told apart from a bug", async () => {
  const gone: unknown = await import("./chunk-that-an-update-took.mjs" as string).catch((error: unknown) => error)
  assert.match(diedOf(gone), /^a file of this program is gone, as after an update: start this session of Claude Code, /)
  assert.strictEqual(diedOf(new Error("no such letter")), "a bug: no such letter")
  assert.strictEqual(diedOf("no such letter"), "a bug: no such letter")
  assert.strictEqual(diedOf(null), "a bug: null")
})
