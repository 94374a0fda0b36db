import { assert, describe, it } from "vitest"
import { summaryOf } from "../../src/web/views/sessions/summary.ts"

describe("the summary of a session", () => {
  it("has each label's own lines, and no others", () => {
    assert.deepStrictEqual(
      summaryOf(
        "Aim: Mend the **webhook**\nsoon.\nAlso asked: And the mail?\nOutcome: Why: it waited.\nIt holds.\nRejected: Redis.\nOpen: docs"
      ),
      { aim: "Mend the **webhook** soon.", also: "And the mail?", outcome: "Why: it waited. It holds." }
    )
    // What came of it last, after what came of it first.
    assert.strictEqual(summaryOf("Outcome: Found.\nOutcome: Mended.\nOpen: docs").outcome, "Mended.")
    assert.deepStrictEqual(summaryOf("Without labels"), { aim: "", also: "", outcome: "" })
  })
})
