/**
 * The error of every route, as RFC 9457 has it: application/problem+json.
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"

/** Codes that stay the same from version to version, and the HTTP status of each. */
export const STATUS = {
  "bad-request": 400,
  "no-project": 400,
  "no-token": 401,
  "wrong-code": 401,
  "foreign-host": 403,
  "foreign-origin": 403,
  "not-found": 404,
  "wrong-method": 405,
  "in-conflict": 409,
  "changed-since": 412,
  "too-large": 413,
  "wrong-type": 415,
  "no-revision": 428,
  "too-many-requests": 429,
  "unexpected": 500,
  "memory-away": 503,
  "memory-busy": 503,
  "overloaded": 503,
  "too-slow": 503
} as const

export type Code = keyof typeof STATUS

const TITLES: Readonly<Record<Code, string>> = {
  "bad-request": "The request can't be understood",
  "no-project": "The request names no project",
  "no-token": "The request has no valid token",
  "wrong-code": "The code is used or too old",
  "foreign-host": "The request is for another host",
  "foreign-origin": "The request is from another site",
  "not-found": "There is no such thing",
  "wrong-method": "The route does not take this method",
  "in-conflict": "The request contradicts what is there",
  "changed-since": "It was changed since it was read",
  "too-large": "The request is too large",
  "wrong-type": "The request is not JSON",
  "no-revision": "The request does not say which revision it changes",
  "too-many-requests": "There are too many requests",
  "unexpected": "The server failed",
  "memory-away": "The memory can't be used",
  "memory-busy": "Another program keeps the memory locked",
  "overloaded": "The server has too much to do",
  "too-slow": "The answer took too long"
}

export class Problem extends Schema.TaggedError<Problem>("Problem")("Problem", {
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  /** One of the codes of docs/http.md. */
  code: Schema.String,
  /** Says what to do. */
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

export const problem = (code: Code, detail: string): Problem =>
  new Problem({ type: "about:blank", title: TITLES[code], status: STATUS[code], code, detail })

/** The schema of a problem with this status. */
const ofStatus = (status: number) =>
  HttpApiSchema.withEncoding(
    Problem.annotations(HttpApiSchema.annotations({ status })),
    { kind: "Json", contentType: "application/problem+json" }
  )

export const Problems = Schema.Union(...[...new Set(Object.values(STATUS))].map(ofStatus))
