import { assert, describe, it } from "vitest"
import { languageOf, parse } from "../../src/web/state/Preferences.ts"

describe("Preferences", () => {
  it("takes the first of the browser's languages that the page has", () => {
    assert.strictEqual(languageOf(["fr-FR", "zh-Hant-TW", "en"]), "zh")
    assert.strictEqual(languageOf(["EN-us", "zh"]), "en")
    assert.strictEqual(languageOf(["fr"]), "en")
    assert.strictEqual(languageOf([]), "en")
  })

  it("reads what was kept, and takes nothing unknown from it", () => {
    assert.deepStrictEqual(parse("{\"language\":\"zh\",\"theme\":\"dark\"}", ["en"]), { language: "zh", theme: "dark" })
    for (const kept of [null, "", "{", "null", "[]", "{\"language\":\"xx\",\"theme\":7}"]) {
      assert.deepStrictEqual(parse(kept, ["zh-CN"]), { language: "zh", theme: "system" }, String(kept))
    }
  })
})
