/**
 * Limits of the server, which docs/http.md states.
 */

export const LIMITS = {
  /** Bytes of a request's body. */
  bodyBytes: 2 * 1024 * 1024,
  /** Characters of an address. */
  addressChars: 8_192,
  /** Milliseconds within which the headers, the whole request, and the answer must be there; streams have no end. */
  headersMs: 10_000,
  requestMs: 30_000,
  answerMs: 30_000,
  /** Connections at a time. */
  connections: 512,
  /** Requests that are worked on at a time, and those that may wait for it. */
  running: 3,
  waiting: 256,
  /** Streams that are open at a time: pages that listen, and exports. */
  streams: 64,
  /** Requests in a second, on average; and how many more may come at once. */
  perSecond: 500,
  burst: 1_000,
  /** Milliseconds for requests in flight when the server ends. */
  closingMs: 5_000
} as const
