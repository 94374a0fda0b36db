import { assert, describe, it } from "vitest"
import { revisionOf } from "../../src/web/state/Drafts.ts"

describe("revisionOf", () => {
  const began = { content: "The port is 8080.", title: "Port", type: "decision" } as const
  const draft = { ...began, began, content: "The port is 9090.", etag: "one" }

  it("is the newest one where only a pin or feedback came in between", () => {
    assert.strictEqual(revisionOf(draft, began, "two"), "two")
  })

  it("is the one of the beginning, which is refused, where someone else changed words or type", () => {
    for (const change of [{ content: "The port is 7070." }, { title: "Ports" }, { type: "documentation" as const }]) {
      assert.strictEqual(revisionOf(draft, { ...began, ...change }, "two"), "one")
    }
  })
})
