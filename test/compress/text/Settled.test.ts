import { assert, describe, it } from "@effect/vitest"
import { isDone, settled } from "../../../src/compress/text/Settled.ts"
import { worthOf } from "../../../src/compress/text/Worth.ts"

describe("what came of what Claude said", () => {
  it("is without its next steps, the options it offers and its questions", () => {
    assert.strictEqual(
      settled([
        "The export fails because the disk is full.",
        "Let me look at the nightly job.",
        "## Options:",
        "There are two options:",
        "- Delete old exports",
        "- Buy a larger disk",
        "Exports are kept for 90 days.",
        "Should I shorten that?"
      ].join("\n")),
      "The export fails because the disk is full.\nExports are kept for 90 days."
    )
  })

  it("keeps a numbered list whole of which half stays, and drops one of which less does", () => {
    const list = [
      "CI was failing because:",
      "1. **The PR is a merge commit** (our clean branch and main)",
      "2. **Main had linting errors** (the implicit `any` in auth.server.ts)",
      "3. **The merge commit inherits the faults of main**",
      "4. **Main is ready now**"
    ].join("\n")
    assert.strictEqual(settled(list), list)
    const withLines = list.replaceAll(/\n(\d.*)/g, "\n$1\n   See `auth.server.ts`.\n   - and its test")
    assert.strictEqual(settled(withLines), withLines)
    assert.strictEqual(
      settled("1. All tests pass\n2. The build is green\n3. `auth.server.ts` has no type for the session"),
      "3. `auth.server.ts` has no type for the session"
    )
    assert.strictEqual(settled("- All tests pass\n- `auth.server.ts` has no type"), "- `auth.server.ts` has no type")
  })

  it("keeps a step that says why, code, and a heading with something under it", () => {
    const text = [
      "## Cause",
      "I'll keep the old column because two clients still read it.",
      "```bash",
      "Should this stay?",
      "```"
    ].join("\n")
    assert.strictEqual(settled(text), text)
  })
})

describe("a finished step", () => {
  it("is a report of it without a reason", () => {
    for (const sentence of ["Added a field to the session", "1. **`state.go`** — Renamed the tag", "已更新配置文件"]) {
      assert.isTrue(isDone(sentence), sentence)
    }
    for (const sentence of ["Removed the cache because it hid failures.", "The pool has ten connections."]) {
      assert.isFalse(isDone(sentence), sentence)
    }
  })
})

describe("the worth of a text", () => {
  const of = (text: string, speaker: Parameters<typeof worthOf>[1] = "claude") => worthOf(text, speaker).worth

  it("is that of its reasons, limits and wishes, and none of what was done and of how it stands", () => {
    const reason = "The queue is drained before a deploy because open jobs would be lost."
    const limit = "The driver does not support prepared statements over the pooler."
    const fact = "The layout lives in `src/layout.ts` now."
    const worths = [of(reason), of(limit), of(fact), of("Added a field to the session table.")]
    assert.deepStrictEqual(worths, [...worths].sort((a, b) => b - a))
    assert.strictEqual(of(reason), 1)
    assert.strictEqual(of("All tests pass."), 0)
    assert.strictEqual(of("let's use SQLite instead", "person"), 1)
    assert.isBelow(of("error: no such table: sessions", "tool"), of(fact))
  })

  it("lies between those of its sentences", () => {
    const both = of("Added a field to the session table.\nIt is nullable because old clients don't send `tenant_id`.")
    assert.isAbove(both, 0)
    assert.isBelow(both, 1)
    assert.strictEqual(of(""), 0)
  })
})
