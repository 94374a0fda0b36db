import { assert, describe, it } from "vitest"
import { addressOf, changed, fitting, type View, viewOf } from "../../src/web/state/Address.ts"

const VIEWS: ReadonlyArray<View> = [
  { name: "search" },
  { name: "sessions" },
  { name: "why" },
  { name: "least" },
  { name: "projects" },
  { name: "health" },
  { name: "session", id: "8915485d-4ee8-4973-a6f9-63a6a8c7c448" },
  { name: "memory", id: "a/b?c#d %" }
]

describe("Address", () => {
  it("finds each view by its path", () => {
    for (const view of VIEWS) assert.deepStrictEqual(viewOf(addressOf(view)), view)
  })

  it("knows no other path", () => {
    for (const path of ["/", "/app/nothing", "/app/memories", "/app/sessions/1/2", "/app/health/1", "/elsewhere/why"]) {
      assert.strictEqual(viewOf(path).name, "unknown", path)
    }
    assert.deepStrictEqual(viewOf("/app/memories/%E0%A4%A"), { name: "memory", id: "%E0%A4%A" })
  })

  it("keeps the filters that are not empty", () => {
    assert.strictEqual(
      addressOf({ name: "search" }, {
        q: "数据 & more",
        project: ["a", "", "b"],
        type: "",
        file: null,
        days: undefined
      }),
      "/app/?q=%E6%95%B0%E6%8D%AE+%26+more&project=a&project=b"
    )
  })

  it("takes as much of a text as the server takes in an address", () => {
    for (const text of ["why ".repeat(5_000), "数据库".repeat(5_000), "🦀".repeat(9_000), "\ud800".repeat(5_000)]) {
      const fit = fitting(text)
      assert.isTrue(text.startsWith(fit) && fit !== "")
      assert.match(fit.slice(-2), /^(?:🦀|[^🦀]+)$/u)
      const length = addressOf({ name: "why" }, { prompt: fit }).length
      assert.isTrue(length > 5_900 && length < 6_100, `${length}`)
      assert.strictEqual(fitting(fit), fit)
    }
    assert.strictEqual(fitting("short"), "short")
  })

  it("changes some values and leaves the others", () => {
    const query = new URLSearchParams("q=one&project=a&project=b&m=1")
    assert.strictEqual(changed(query, { m: null, project: ["c"] }).toString(), "q=one&project=c")
    assert.strictEqual(query.toString(), "q=one&project=a&project=b&m=1")
  })
})
