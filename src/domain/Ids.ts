/**
 * Ids of what we make. They are UUIDv5 of their origin, so that importing twice makes nothing new.
 */
import { v5 } from "uuid"

/** A transcript's ids may hold half a surrogate pair, which uuid's own encoder refuses. */
const utf8 = new TextEncoder()

const NAMESPACE = "6f7c1f5e-3c0a-5d57-9b1b-1f0f5f3f8a11"

/** `kind` keeps ids of different things apart; parts are joined by a character that none of them holds. */
export const idOf = (
  kind: "project" | "segment" | "unit" | "message" | "dead-letter" | "answer",
  ...parts: ReadonlyArray<string>
) => v5(utf8.encode([kind, ...parts].join("\u0000")), NAMESPACE)
