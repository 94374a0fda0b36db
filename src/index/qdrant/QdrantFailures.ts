/**
 * Turns the errors that Qdrant's client throws into messages that a person can act on.
 */
import { inspect } from "node:util"
import { tlsAdvice } from "../../resources/Tls.ts"
import { type QdrantAddress, show } from "../QdrantAddress.ts"
import { QdrantError } from "./Qdrant.ts"

export interface Failure {
  readonly error: QdrantError
  /** True where the same request may succeed a little later. */
  readonly isTransient: boolean
}

/** Greatest length of a message that contains the server's text, in characters. */
const SHOWN = 300

/** Fields that are read of a thrown value: the client does not export all of its error classes. */
interface Thrown {
  readonly name?: string
  readonly message?: string
  readonly status?: unknown
  readonly data?: unknown
  readonly retry_after?: unknown
  readonly cause?: {
    readonly name?: string
    readonly code?: string
    readonly message?: string
    readonly data?: string
  }
}

const oneLine = (text: string, key: string) =>
  (key === "" ? text : text.replaceAll(key, "…")).replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim().slice(
    0,
    SHOWN
  )

/** Tests whether the cause contains the API key: a server that does not speak HTTP may echo the request. */
const tellsKey = (cause: unknown, key: string) => key !== "" && inspect(cause, { depth: 5 }).includes(key)

/** Reads the server's message: `{ status: { error } }` from Qdrant, or a plain text from something else. */
const wordsOf = (data: unknown): { readonly words: string; readonly isQdrant: boolean } => {
  const error = (data as { readonly status?: { readonly error?: unknown } } | null)?.status?.error
  return typeof error === "string"
    ? { words: error, isQdrant: true }
    : { words: typeof data === "string" ? data : "", isQdrant: false }
}

/** First bytes of a TLS server's answer to a plain HTTP request: the header of an alert record. */
const TLS_ALERT = "\u0015\u0003"

const LOST = "no Qdrant is there; correct its URL, the path in it too"

const CLOSED = "it closed the connection"

const AWAY: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there; start Qdrant, or correct its URL",
  ENOTFOUND: "no host has that name; correct its URL",
  EAI_AGAIN: "the host's name can't be looked up now",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer to a connection",
  ECONNRESET: CLOSED,
  UND_ERR_SOCKET: CLOSED
}

const FULL = [
  "Full",
  false,
  "it has no room left, or a quota is used up; make room, what is not written waits"
] as const

/** Returns [reason, isTransient, message] for an HTTP status, and the server's words. */
const ofStatus = (status: number, words = ""): readonly [QdrantError["reason"], boolean, string] => {
  if (status === 500 && /no space left|WAL buffer size exceeds/i.test(words)) return FULL
  if (status === 500 && /\b\d+ of \d+ (?:read|write)? ?operations failed/i.test(words)) {
    return ["Away", true, "too few of its nodes are there; start the others"]
  }
  if (status === 403 && /manage access|read-?only/i.test(words)) {
    return ["Unauthorized", false, "the key may read and not write; set QDRANT_API_KEY to one that may"]
  }
  switch (status) {
    case 401:
    case 403:
      return ["Unauthorized", false, "it wants another API key; set QDRANT_API_KEY"]
    case 404:
      return ["NotFound", false, "there is no such thing"]
    case 407:
      return ["Proxy", false, "a proxy before it wants a password"]
    case 408:
      return ["TimedOut", true, "it took too long by its own account"]
    case 429:
      return ["RateLimited", true, "it has had too many requests"]
    case 507:
      return FULL
    default:
      return status >= 500
        ? ["Failed", true, "it failed; its log says why"]
        : ["Rejected", false, "it refuses the request"]
  }
}

export const toFailure = (address: QdrantAddress, operation: string, key: string) => (cause: unknown): Failure => {
  const thrown = (cause ?? {}) as Thrown
  const failure = (
    reason: QdrantError["reason"],
    detail: string,
    { isTransient = false, status }: { isTransient?: boolean; status?: number } = {}
  ): Failure => ({
    error: new QdrantError({
      reason,
      operation,
      address: show(address),
      detail: oneLine(detail, key),
      status,
      cause: tellsKey(thrown.cause, key) ? undefined : thrown.cause
    }),
    isTransient
  })
  // The client's error for a 429 with Retry-After; "Invalid" when the header's first character is no number.
  if (typeof thrown.retry_after === "number" || thrown.message?.startsWith("Invalid retryAfter value") === true) {
    const [reason, isTransient, means] = ofStatus(429)
    return failure(reason, `${means} (429)`, { isTransient, status: 429 })
  }
  if (typeof thrown.status === "number") {
    const { status } = thrown
    const { isQdrant, words } = wordsOf(thrown.data)
    const [reason, isTransient, means] = ofStatus(status, words)
    if ([502, 504].includes(status) || status === 503 && !isQdrant) {
      return failure("Proxy", `what stands before it answers in its place (${status}); is Qdrant running behind it?`, {
        isTransient: true,
        status
      })
    }
    if (status === 400 && /plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server/i.test(words)) {
      return failure("Tls", "it wants TLS; write https://", { status })
    }
    // Qdrant's own 404 has a message; without one, something other than Qdrant answered.
    if (status === 404 && !isQdrant) return failure("NotQdrant", `${LOST} (404)`, { status })
    const said = isQdrant || reason === "Unauthorized" ? words : ""
    return failure(reason, `${means} (${status})${said === "" ? "" : `: ${said}`}`, { isTransient, status })
  }
  if (thrown.message?.startsWith("Unexpected Response") === true) {
    const [status = "?"] = /\d{3}/.exec(thrown.message) ?? []
    return failure(
      "Damaged",
      `its answer is not one of Qdrant's (${status}); is Qdrant at that address?`
    )
  }
  if (thrown instanceof SyntaxError) {
    return failure("Damaged", "its answer is no JSON, or broke off", { isTransient: true })
  }
  const code = thrown.cause?.code ?? ""
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") return failure("Closed", "its client was released")
  const advice = tlsAdvice(code)
  if (advice !== undefined) return failure("Tls", `${advice} (${code})`)
  if (thrown.cause?.name === "HTTPParserError") {
    return thrown.cause.data?.startsWith(TLS_ALERT) === true
      ? failure("Tls", "it wants TLS; write https://")
      : failure("NotQdrant", "no HTTP server is there; the port for REST is 6333")
  }
  if (thrown.cause?.message === "unexpected redirect") {
    return failure("NotQdrant", "it answers with a redirect, which is not followed; write the address it leads to")
  }
  // Fetch reports a 407 as a network error, and as the only one without a code.
  if (
    thrown.message === "fetch failed" && /^(?:proxy authentication required)?$/.test(thrown.cause?.message ?? "-") &&
    code === ""
  ) {
    const [reason, isTransient, means] = ofStatus(407)
    return failure(reason, `${means} (407)`, { isTransient, status: 407 })
  }
  if (thrown.message === "fetch failed") {
    const known = AWAY[code]
    const advice = known === CLOSED && !address.https ? "; if it wants TLS, write https://" : ""
    return failure(
      "Away",
      known === undefined ? `it can't be reached (${code || thrown.cause?.message})` : `${known} (${code})${advice}`,
      {
        isTransient: true
      }
    )
  }
  if (thrown.message === "terminated") {
    return failure("Away", `its answer broke off (${code || "terminated"})`, { isTransient: true })
  }
  return failure("Damaged", thrown.message ?? String(cause))
}
