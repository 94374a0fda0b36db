/**
 * When the memory speaks: invented sessions of six projects, with prompts that need a memory and prompts that need none.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as testing from "../../src/testing.ts"
import { slow } from "../data.ts"
import { judgedIn, type Kind, OWN } from "../prompts.ts"

slow(it.scoped)(
  "the judge keeps still where nothing helps, and speaks where an earlier session knows",
  () =>
    Effect.gen(function*() {
      const judged = yield* judgedIn(OWN, "balanced", false)
      const share = (kind: Kind) => {
        const all = judged.filter((each) => each.kind === kind)
        assert.isAbove(all.length, 50)
        return all.filter(({ verdict }) => verdict.tells === "memories").length / all.length
      }
      assert.isAtLeast(share("recall"), 0.7)
      assert.isAtMost(share("none"), 0.09)
      assert.isAtMost(share("another project"), 0.03)
      assert.isAtMost(share("harmless"), 0.02)
    }).pipe(Effect.provide(testing.layer)),
  120_000
)
