import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { countTokens } from "gpt-tokenizer/encoding/o200k_base"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Tokens from "../../src/domain/Tokens.ts"
import { samples, slow, testData, times } from "../data.ts"
import { anyText, hostile, millis, splitsPair } from "../texts.ts"
import { textsIn } from "../transcripts.ts"

describe("estimate", () => {
  it.prop("is a whole number, 0 only for nothing", [anyText], ([text]) => {
    const tokens = Tokens.estimate(text)
    assert.isTrue(Number.isInteger(tokens))
    assert.strictEqual(tokens === 0, text === "")
  })

  it.prop("grows by what is added, and not by much more", [anyText, anyText], ([a, b]) => {
    const [both, apart] = [Tokens.estimate(a + b), Tokens.estimate(a) + Tokens.estimate(b)]
    assert.isAtMost(both, 1.5 * apart + 5)
    assert.isAtLeast(both, 0.6 * apart - 5)
  })

  it.prop("is that of the added weights of lines", [FastCheck.array(anyText, { maxLength: 5 })], ([texts]) => {
    const lines = texts.map((text) => `- ${text}\n`)
    const weight = lines.reduce((sum, line) => sum + Tokens.weigh(line), 0)
    assert.strictEqual(Tokens.tokensOf(weight), Tokens.estimate(lines.join("")))
  })

  it("takes linear time", () => {
    for (const text of hostile) assert.isBelow(millis(() => Tokens.estimate(text)), 500, text.slice(0, 20))
  })

  it("reads tens of megabytes a second", () => {
    const text =
      "The pool was exhausted: `client.release()` is never called when the query throws (src/db/pool.ts:42).\n"
        .repeat(20_000)
    Tokens.estimate(text)
    // 25 ms on an idle machine; the bound is for a busy one.
    assert.isBelow(Math.min(...[1, 2, 3, 4].map(() => millis(() => Tokens.estimate(text)))), 300)
  })
})

describe("truncate", () => {
  it.prop(
    "gives a prefix within both budgets, of whole characters, and the same of that",
    [anyText, FastCheck.integer({ min: -5, max: 300 }), FastCheck.integer({ min: -5, max: 300 })],
    ([text, tokens, chars]) => {
      const cut = Tokens.truncate(text, tokens, chars)
      assert.isTrue(text.startsWith(cut))
      assert.isAtMost(cut.length, Math.max(0, chars))
      assert.isAtMost(Tokens.estimate(cut), Math.max(0, tokens))
      assert.isFalse(cut !== text && splitsPair(text, cut.length))
      assert.strictEqual(Tokens.truncate(cut, tokens, chars), tokens < 0 || chars < 0 ? "" : cut)
    },
    { fastCheck: { numRuns: times(100) } }
  )

  it.prop("leaves out little that would fit", [anyText, FastCheck.integer({ min: 10, max: 300 })], ([text, tokens]) => {
    const cut = Tokens.truncate(text, tokens, Infinity)
    if (cut !== text) assert.isAtLeast(Tokens.estimate(text.slice(0, cut.length + 20)), 0.6 * tokens)
  })

  it("keeps what fits", () => {
    assert.strictEqual(Tokens.truncate("one two three", 4, 13), "one two three")
    assert.strictEqual(Tokens.truncate("a😀b", 100, 2), "a")
    assert.strictEqual(Tokens.truncate("a😀b", 100, 3), "a😀")
  })
})

describe("calibration against o200k", () => {
  const check = (name: string, all: ReadonlyArray<string>) => {
    const texts = all.filter(({ length }) => length >= 200)
    assert.isAbove(texts.length, 50, name)
    let [estimated, real] = [0, 0]
    for (const text of texts) {
      const [estimate, tokens] = [Tokens.estimate(text), countTokens(text, { disallowedSpecial: new Set() })]
      assert.isAtLeast(estimate / tokens, 0.95, `${name}: ${JSON.stringify(text.slice(0, 300))}`)
      estimated += estimate
      real += tokens
    }
    assert.isAtLeast(estimated / real, 1, name)
    assert.isAtMost(estimated / real, 1.25, name)
  }

  it.effect("on the sample sessions", () => Effect.map(textsIn(samples), (texts) => check("samples", texts)))

  const data = testData ?? ""
  const without = testData === undefined ? " (skipped: TEST_DATA is not set)" : ""

  slow(it.effect.skipIf(data === ""))(
    `on real transcripts${without}`,
    () => Effect.map(textsIn(join(data, "transcripts")), (texts) => check("transcripts", texts))
  )

  it.skipIf(data === "")(`on Chinese chat${without}`, () => {
    const users: ReadonlyArray<
      { readonly turns: ReadonlyArray<{ readonly user: string; readonly assistant: string }> }
    > = JSON.parse(readFileSync(join(data, "memorybank-zh", "memorybank_cn_labelled.json"), "utf8"))
    // Turns are short, so five of them make one text.
    const texts = users.flatMap(({ turns }) =>
      turns.map((_, i) => turns.slice(i, i + 5).map(({ assistant, user }) => `${user}\n${assistant}`).join("\n"))
    )
    check("Chinese chat", texts)
  })

  it("on what no transcript here holds", () => {
    const base64 = Buffer.from(Array.from({ length: 900 }, (_, i) => (i * i * 31 + i * 7) % 251)).toString("base64")
    const texts = [
      base64,
      Buffer.from(base64).toString("hex"),
      Array.from({ length: 20 }, (_, i) => `drwxr-xr-x@ ${i * 7}  jesse  staff  ${i * 53}  Oct 28  20${i + 10} .rvm\n`)
        .join(""),
      "3f2a9c1b-d04e-4c1a-9b7f-2a9c1bd04e77 8d7b33bc-4278-49e1-b843-700e8fc5ce5c\n".repeat(5),
      "设定を確認した後、接続管理のための追加ライブラリは使わないことに決めました。".repeat(6),
      "설정을 확인한 뒤 연결 관리를 위한 추가 라이브러리를 사용하지 않기로 결정했습니다. ".repeat(6),
      "После проверки конфигурации мы решили не использовать дополнительную библиотеку. ".repeat(4),
      "Après avoir vérifié la configuration, nous n'avons pas gardé la bibliothèque supplémentaire. ".repeat(4),
      "🚀 done 🎉🎉 👩‍👩‍👧 ✅ ok ❌ failed ⚠️ warn 🔧 fixing 🧪 tests 📦 build ".repeat(5),
      "\t\tif err != nil {\n\t\t\treturn fmt.Errorf(\"read %s: %w\", path, err)\n\t\t}\n".repeat(5),
      "function a(b,c){var d=b[c++];return d?e(d)&&f(d,b,c):(g=!0,h.i[j]=k(l)+m,n.o=p)}".repeat(5)
    ]
    for (const text of texts) {
      assert.isAtLeast(Tokens.estimate(text) / countTokens(text), 0.95, text.slice(0, 60))
    }
  })
})
