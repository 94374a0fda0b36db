/**
 * What the hooks and their entry agree on. Without Effect.
 */

/** Budget of what a session's start is told, in tokens. */
export const OPENING_TOKENS = 800

/** Bytes of a transcript's beginning. */
export const HEAD_BYTES = 64 * 1024

/**
 * A fork's transcript begins with its parent's messages: `forkedFrom` names the parent, or the messages have its uuids.
 * Lines that are no messages, such as those of hooks, have uuids of their own.
 */
export const FORKED = /"forkedFrom":\s*\{[^{}]*"sessionId":\s*"([^"]{1,100})"/
export const UUIDS = /"uuid":\s*"([^"]{1,100})"/g
