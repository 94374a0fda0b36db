import { assert, describe, it } from "@effect/vitest"
import { isReadable, type Language, languageOf, mayBeIn } from "../../src/domain/Language.ts"

describe("the language of a text", () => {
  it.each<readonly [string, Language]>([
    ["", "other"],
    ["why is the pool kept at 20?", "other"],
    ["Warum bleibt der Pool bei 20?", "other"],
    ["连接池为什么是二十？", "Chinese"],
    ["修复 pool 的 bug，`src/connection/pool.ts` 里的 getConnectionTimeout", "Chinese"],
    ["页面上的「ガーデン」按钮为什么没有反应，昨天还是好的", "Chinese"],
    ["プールの上限はなぜ二十ですか", "Japanese"],
    ["연결 풀의 한도는 왜 20인가요?", "Korean"],
    ["rename 数据 to data in the importer and its tests", "other"]
  ])("%j is %s", (text, language) => {
    assert.strictEqual(languageOf(text), language)
    assert.isTrue(mayBeIn(text, language))
  })

  it("is another's where its reader can't read it", () => {
    const [english, chinese, mixed] = [
      "The pool is kept at 20.",
      "连接池保持在二十。",
      "连接池 (connection pool of Postgres) 保持"
    ]
    assert.deepStrictEqual([mayBeIn(english!, "Chinese"), mayBeIn(chinese!, "other"), mayBeIn(mixed!, "Chinese")], [
      false,
      false,
      true
    ])
    assert.deepStrictEqual([isReadable(english!, chinese!), isReadable(chinese!, english!)], [false, false])
    assert.deepStrictEqual([isReadable(english!, english!), isReadable(mixed!, chinese!)], [true, true])
  })
})
