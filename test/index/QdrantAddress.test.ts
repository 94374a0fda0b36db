/**
 * Tests the parser of a Qdrant server's address.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { isPrivate, parse, type QdrantAddress, show } from "../../src/index/QdrantAddress.ts"
import { times } from "../data.ts"

const shown = (text: string) => Either.map(parse(text), show)

describe("the address of Qdrant", () => {
  it.each<readonly [string, string]>([
    ["http://127.0.0.1:6333", "http://127.0.0.1:6333"],
    ["http://localhost", "http://localhost:6333"],
    ["https://qdrant.example.com", "https://qdrant.example.com:6333"],
    // The scheme's default port counts only when it is written.
    ["http://qdrant:80", "http://qdrant:80"],
    ["https://qdrant.example.com:443/", "https://qdrant.example.com:443"],
    ["https://qdrant.example.com:443/a/b", "https://qdrant.example.com:443/a/b"],
    ["HTTPS://Qdrant.Example.com:443", "https://qdrant.example.com:443"],
    ["http://h:6333/qdrant/", "http://h:6333/qdrant"],
    ["http://h/a//", "http://h:6333/a"],
    ["http://[::1]:6333", "http://[::1]:6333"],
    ["http://[::1]", "http://[::1]:6333"],
    ["https://[2001:db8::1]:443/q", "https://[2001:db8::1]:443/q"],
    ["  http://h:1  ", "http://h:1"],
    ["http://例え.jp", "http://xn--r8jz45g.jp:6333"],
    ["http://h:0080", "http://h:80"]
  ])("%s is %s", (text, address) => assert.deepStrictEqual(shown(text), Either.right(address)))

  it.each<readonly [string, RegExp]>([
    ["", /URL such as/],
    ["localhost:6333", /URL such as/],
    ["127.0.0.1", /URL such as/],
    ["ftp://h", /URL such as/],
    ["http://", /URL such as/],
    ["http:h", /URL such as/],
    ["http:///h", /URL such as/],
    ["http://h:99999", /URL such as/],
    ["http://h:0", /port/],
    ["http://name:secret@h:6333", /API key/],
    ["http://secret@h:6333", /API key/],
    ["http://h?api-key=secret", /nothing after/],
    ["http://h#secret", /nothing after/],
    ["http://h:6334", /6333/]
  ])("%s is none, and what is wrong is said without a secret", (text, words) => {
    const found = parse(text)
    assert.isTrue(Either.isLeft(found), JSON.stringify(found))
    const wrong = Either.getOrThrow(Either.flip(found))
    assert.match(wrong, words)
    assert.notInclude(wrong, "secret")
  })

  const part = FastCheck.oneof(
    FastCheck.string(),
    FastCheck.constantFrom(
      "http://",
      "https://",
      "user:secret@",
      "h",
      ":80",
      ":",
      "/",
      "?",
      "#",
      "[::1]",
      "[",
      "\\",
      "@",
      "%",
      "\u0000"
    )
  )
  it.prop(
    "is an address or none, whatever is written; one that is shown is the same address",
    [FastCheck.array(part, { maxLength: 8 }).map((parts) => parts.join(""))],
    ([text]) =>
      Either.match(parse(text), {
        onLeft: (wrong) => assert.notInclude(wrong, "secret"),
        onRight: (address) => {
          assert.isTrue(Number.isInteger(address.port) && address.port > 0 && address.port < 65_536)
          assert.deepStrictEqual(parse(show(address)), Either.right(address))
          assert.strictEqual(new URL(show(address)).username, "")
        }
      }),
    { fastCheck: { numRuns: times(100) } }
  )

  it.prop(
    "never shows a name or a password",
    [FastCheck.stringMatching(/^[a-z0-9]{8,20}$/), FastCheck.stringMatching(/^[a-z0-9]{8,20}$/)],
    ([name, password]) => {
      for (const text of [`http://${name}:${password}@h:6333`, `https://${name}@h`, `http://:${password}@h/p`]) {
        const found = JSON.stringify(shown(text))
        assert.notInclude(found, name)
        assert.notInclude(found, password)
      }
    }
  )

  it.each<readonly [string, boolean]>([
    ["https://qdrant.example.com", true],
    ["http://localhost", true],
    ["http://127.0.0.1", true],
    ["http://127.9.9.9", true],
    ["http://[::1]", true],
    ["http://127.0.0.1.example.com", false],
    ["http://qdrant", false],
    ["http://10.0.0.1", false]
  ])("%s can be read by nobody else: %s", (text, expected) => {
    const address: QdrantAddress = Either.getOrThrow(parse(text))
    assert.strictEqual(isPrivate(address), expected)
  })
})
