/**
 * Checks the judgement of written units on hand-made ones; scripts/bench/faithfulness.ts reports more about the same
 * units.
 */
import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { isGood, originOf } from "../../../src/compress/abstractive/Quality.ts"
import { root } from "../../data.ts"

it("refuses most bad units and few good ones", () => {
  const { sources, units } = JSON.parse(readFileSync(join(root, "test", "fixtures", "faithfulness.json"), "utf8"))
  const refused = { good: 0, bad: 0 }
  for (const unit of units) {
    const { messages } = sources.find(({ id }: { id: string }) => id === unit.source)
    const origin = originOf(
      messages.map(({ text }: { text: string }) => text).join("\n\n"),
      messages.flatMap(({ kind, text }: { kind: string; text: string }) => kind === "text" ? [text] : []).join("\n\n")
    )
    const statements = unit.statements.map(({ sources, text }: { sources: ReadonlyArray<string>; text: string }) => ({
      text,
      from: messages.filter(({ ref }: { ref: string }) => sources.includes(ref)).map(({ role }: { role: string }) =>
        role
      )
    }))
    if (!isGood({ ...unit, statements }, origin)) refused[unit.verdict as "good" | "bad"]++
  }
  assert.strictEqual(units.length, 163)
  assert.isAtLeast(refused.bad, 60)
  assert.isAtMost(refused.good, 6)
})
