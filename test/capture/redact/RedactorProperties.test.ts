import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { redact } from "../../../src/capture/redact/Redactor.ts"
import { times } from "../../data.ts"
import { anyCharacter } from "../../texts.ts"
import { one } from "./marked.ts"

const lower = "abcdefghijklmnopqrstuvwxyz"
const alphanumeric = `${lower}${lower.toUpperCase()}0123456789`
/** Mixed like generated keys, with many different characters. */
const generated = (alphabet: string, length: number): FastCheck.Arbitrary<string> =>
  FastCheck.array(FastCheck.constantFrom(...alphabet), { minLength: length, maxLength: length })
    .map((units) => units.join(""))
    .filter((text) => new Set(text).size >= Math.min(12, length / 2) && /\d/.test(text) && /[a-z]/.test(text))

const secret: FastCheck.Arbitrary<readonly [before: string, value: string, after: string]> = FastCheck.oneof(
  generated(alphanumeric, 36).map((value) => ["", `ghp_${value}`, ""] as const),
  generated("abcdef0123456789", 32).map((value) => ["", `sk-${value}`, ""] as const),
  generated(alphanumeric, 24).map((value) => ["", `sk_live_${value}`, ""] as const),
  generated(alphanumeric, 20).map((value) => ["", `glpat-${value}`, ""] as const),
  generated(alphanumeric, 30).map((value) => ["", `LTAI${value}`, ""] as const),
  generated(alphanumeric, 16).map((value) => ["password = \"", value, "\""] as const),
  generated(alphanumeric, 16).map((value) => ["DB_PASSWORD=", value, ""] as const),
  generated(alphanumeric, 16).map((value) => ["密码：", value, "，"] as const),
  generated(alphanumeric, 32).map((value) => ["Authorization: Bearer ", value, ""] as const),
  generated(alphanumeric, 16).map((value) => ["postgres://app:", value, "@db.acme.dev/app"] as const),
  generated(alphanumeric, 16).map((value) => ["mysql -uroot -p", value, " shop"] as const),
  generated(alphanumeric, 16).map((value) => ["<private>", value, "</private>"] as const)
)

const anyText = FastCheck.oneof(
  FastCheck.string({ unit: anyCharacter, maxLength: 200 }),
  FastCheck.string16bits({ maxLength: 60 }),
  FastCheck.lorem({ mode: "sentences" })
)

const words =
  ("the a we our code test build token password secret key function returns value when then and or not with from into " +
    "server client request response error fixed changed added removed file line user session cache index query table config default")
    .split(" ")
const chinese = "密码 令牌 密钥 我们 把 改成 了 服务器 客户端 测试 失败 因为 所以 配置 默认 用户 登录 不 能 为空 提交"
  .split(" ")
const sentences = FastCheck.array(
  FastCheck.oneof(
    FastCheck.array(FastCheck.constantFrom(...words), { minLength: 2, maxLength: 12 })
      .map((words) => `${words.join(" ")}.`),
    FastCheck.array(FastCheck.constantFrom(...chinese), { minLength: 2, maxLength: 12 })
      .map((words) => `${words.join("")}。`)
  ),
  { maxLength: 12 }
).chain((sentences) => FastCheck.constantFrom(" ", "\n").map((separator) => sentences.join(separator)))

describe("redact", () => {
  it.effect.prop("redacting twice is the same as once, for any text", [
    FastCheck.array(anyText, { maxLength: 6 }),
    secret
  ], (
    [texts, [before, value, after]]
  ) =>
    Effect.gen(function*() {
      const once = yield* redact([...texts, before + value + after, ...texts])
      assert.deepStrictEqual(yield* redact(once.texts), { texts: once.texts, counts: {} })
    }), { fastCheck: { numRuns: times(60) } })

  it.effect.prop("a secret at a word boundary of any text is gone", [anyText, secret, anyText], (
    [head, [before, value, after], tail]
  ) =>
    Effect.gen(function*() {
      for (const [opening, closing] of [["\n", "\n"], [" ", " "], ["\n- ", "\n"]] as const) {
        assert.notInclude(yield* one(head + opening + before + value + after + closing + tail), value)
      }
    }), { fastCheck: { numRuns: times(100) } })

  it.effect.prop("a secret cut by a line end is gone on both sides", [
    FastCheck.lorem({ mode: "sentences" }),
    generated(alphanumeric, 36),
    FastCheck.integer({ min: 8, max: 30 })
  ], ([text, value, at]) =>
    Effect.gen(function*() {
      const token = `ghp_${value}`
      const redacted = yield* one(`${text}\n${token.slice(0, at)}\n${token.slice(at)}\n${text}`)
      assert.notInclude(redacted, token.slice(4, at))
      assert.notInclude(redacted, token.slice(at))
    }), { fastCheck: { numRuns: times(60) } })

  it.effect.prop(
    "sentences stay as they are, also of passwords and tokens",
    [FastCheck.array(sentences)],
    ([texts]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* redact(texts), { texts, counts: {} })
      }),
    { fastCheck: { numRuns: times(100) } }
  )
})
