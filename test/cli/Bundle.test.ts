import { assert, it } from "@effect/vitest"
import { hiding } from "../../src/cli/Bundle.ts"

it("a folder of Windows is hidden however it is written", () => {
  const hide = hiding([["C:\\Users\\mei tanaka", "~"], ["C:\\Users\\mei tanaka\\.claude-memory", "MEMORY"], [
    "/home/mei",
    "HOME"
  ]])
  assert.strictEqual(
    hide(
      "at file:///C:/Users/mei%20tanaka/x.js, c:\\Users\\mei tanaka\\a, C:/Users/mei tanaka/b, C:\\Users\\mei tanaka\\.claude-memory, /home/mei/c"
    ),
    "at file:///~/x.js, ~\\a, ~/b, MEMORY, HOME/c"
  )
})
