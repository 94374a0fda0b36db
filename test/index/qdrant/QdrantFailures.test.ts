/**
 * Tests failures of Qdrant that a stand-in on a loopback port can't cause, from the errors that the client throws.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import type { QdrantError } from "../../../src/index/qdrant/Qdrant.ts"
import { toFailure } from "../../../src/index/qdrant/QdrantFailures.ts"
import { parse } from "../../../src/index/QdrantAddress.ts"

const KEY = "the-key"
const told = toFailure(Either.getOrThrow(parse("http://qdrant.example.com:6333")), "query", KEY)

const unreached = (cause: object) => Object.assign(new TypeError("fetch failed"), { cause })
const answered = (status: number, data: unknown) => Object.assign(new Error("Bad Request"), { status, data })

describe("a failure of Qdrant", () => {
  it.each<readonly [string, unknown, QdrantError["reason"], boolean, RegExp]>([
    ["a connection that is not taken", unreached({ code: "UND_ERR_CONNECT_TIMEOUT" }), "Away", true, /connection/],
    ["names that are not looked up", unreached({ code: "EAI_AGAIN" }), "Away", true, /looked up/],
    ["an unknown code", unreached({ code: "EHOSTUNREACH" }), "Away", true, /EHOSTUNREACH/],
    ["an old certificate", unreached({ code: "CERT_HAS_EXPIRED" }), "Tls", false, /renew/],
    ["another name", unreached({ code: "ERR_TLS_CERT_ALTNAME_INVALID" }), "Tls", false, /use that name/],
    ["no issuer", unreached({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }), "Tls", false, /NODE_EXTRA_CA_CERTS/],
    ["a released client", unreached({ code: "UND_ERR_DESTROYED" }), "Closed", false, /released/],
    [
      "the alert of a TLS server",
      unreached({ name: "HTTPParserError", data: "\u0015\u0003\u0001\u0000\u0002" }),
      "Tls",
      false,
      /write https/
    ],
    [
      "nginx that wants TLS",
      answered(400, "<html><center>The plain HTTP request was sent to HTTPS port</center></html>"),
      "Tls",
      false,
      /write https/
    ],
    ["a page (400)", answered(400, "<html>Bad Request</html>"), "Rejected", false, /refuses the request \(400\)$/],
    [
      "a full disk",
      answered(500, {
        status: {
          error: "Service internal error: No space left on device: WAL buffer size exceeds available disk space"
        }
      }),
      "Full",
      false,
      /no room left.*\(500\)/
    ],
    [
      "two of three nodes away",
      answered(500, { status: { error: "Service internal error: 2 of 2 read operations failed" } }),
      "Away",
      true,
      /too few of its nodes are there; start the others \(500\)/
    ],
    [
      "a key that may not write",
      answered(403, "Forbidden: Global manage access is required"),
      "Unauthorized",
      false,
      /may read and not write; set QDRANT_API_KEY/
    ],
    [
      "a text that repeats the key",
      answered(403, `${KEY}\n is\u0007 read-only`),
      "Unauthorized",
      false,
      /: … is read-only$/
    ]
  ])("%s", (_, thrown, reason, isTransient, words) => {
    const { error, ...rest } = told(thrown)
    assert.deepStrictEqual([error.reason, rest.isTransient], [reason, isTransient])
    assert.match(error.message, words)
    assert.match(error.message, /^Qdrant at http:\/\/qdrant\.example\.com:6333: /)
  })

  it.prop(
    "is told in one line of no great length, without the key, whatever was thrown",
    [
      FastCheck.oneof(FastCheck.string(), FastCheck.integer(), FastCheck.constantFrom(null, undefined)),
      FastCheck.string({ maxLength: 2_000 }),
      FastCheck.constantFrom(200, 400, 401, 404, 500, 503)
    ],
    ([anything, text, status]) => {
      const thrown: ReadonlyArray<unknown> = [
        anything,
        new Error(`${text}${KEY}`),
        unreached({ code: text, message: `${KEY}${text}` }),
        answered(status, { status: { error: `${text}${KEY}` } }),
        answered(status, `${KEY}${text}`)
      ]
      for (const each of thrown) {
        const { message } = told(each).error
        assert.notInclude(message, "\n")
        assert.notInclude(message, KEY)
        assert.isBelow(message.length, 400)
      }
    }
  )
})
