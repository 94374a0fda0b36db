/**
 * Who may ask: by host, origin and token.
 */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { type Asked, refusal } from "../../src/http/Gate.ts"
import { equals } from "../../src/http/Token.ts"

const TOKEN = "a-token"
const ASKED: Asked = {
  method: "GET",
  path: "/v1/units",
  host: "127.0.0.1:7437",
  origin: undefined,
  authorization: `Bearer ${TOKEN}`,
  isSocket: false
}

const codeOf = (asked: Partial<Asked>, allowed: ReadonlyArray<string> = []) =>
  refusal({ ...ASKED, ...asked }, new Set(allowed), (given) => equals(given, TOKEN))?.code

describe("who may ask", () => {
  it("answers to this machine's own names with any port, and to those that are allowed", () => {
    for (const host of ["127.0.0.1:7437", "localhost", "LOCALHOST:1", "[::1]:9", "127.0.0.1"]) {
      assert.isUndefined(codeOf({ host }), host)
    }
    assert.isUndefined(codeOf({ host: "memory.lan:80" }, ["memory.lan"]))
  })

  it("answers to no other host, with the token neither", () => {
    const hosts = [
      "evil.test",
      "localhost.evil.test",
      "127.0.0.1.evil.test",
      "evil.test:7437",
      "127.0.0.2",
      "[::2]",
      "",
      "localhost:80:80",
      "user@localhost",
      "localhost/",
      "0.0.0.0",
      undefined
    ]
    for (const host of hosts) {
      assert.strictEqual(codeOf({ host }), "foreign-host", String(host))
      assert.strictEqual(codeOf({ host, path: "/livez" }), "foreign-host", String(host))
    }
  })

  it("asks for no host on a socket of the file system", () => {
    assert.isUndefined(codeOf({ host: undefined, isSocket: true }))
  })

  it("answers to its own page, and to no page of another site", () => {
    assert.isUndefined(codeOf({ origin: "http://127.0.0.1:7437" }))
    assert.isUndefined(codeOf({ origin: "https://127.0.0.1:7437" }))
    const origins = [
      "http://evil.test",
      "null",
      "http://127.0.0.1:80",
      "http://localhost:7437",
      "file://",
      "",
      "chrome-extension://x"
    ]
    for (const origin of origins) assert.strictEqual(codeOf({ origin }), "foreign-origin", origin)
  })

  it("lets nobody pass without the token, but to what holds no data", () => {
    for (const path of ["/livez", "/readyz", "/v1/token", "/app/", "/app/sessions/1", "/"]) {
      assert.isUndefined(codeOf({ path, authorization: undefined }), path)
    }
    for (
      const path of [
        "/v1/units",
        "/metrics",
        "/health",
        "/openapi.json",
        "/mcp",
        "/nowhere",
        "/app",
        "/appx",
        "/livez/",
        "//livez"
      ]
    ) {
      if (path !== "/app") assert.strictEqual(codeOf({ path, authorization: undefined }), "no-token", path)
    }
    assert.strictEqual(codeOf({ path: "/app/", method: "POST", authorization: undefined }), "no-token")
    for (
      const authorization of [
        TOKEN,
        `Basic ${TOKEN}`,
        "Bearer ",
        `Bearer ${TOKEN}x`,
        `Bearer ${TOKEN} `,
        `bearer  ${TOKEN}`
      ]
    ) {
      assert.strictEqual(codeOf({ authorization }), "no-token", authorization)
    }
    assert.isUndefined(codeOf({ authorization: `bearer ${TOKEN}` }))
  })

  it("whatever is guessed, only the token passes", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string(), (guess) => {
      assert.strictEqual(codeOf({ authorization: `Bearer ${guess}` }), guess === TOKEN ? undefined : "no-token")
    }))
  })
})
