/**
 * Makes ids. An id is the UUIDv5 of its origin, so that importing twice adds nothing.
 */
import { v5 } from "uuid"

/** A transcript's ids may hold a lone surrogate, which uuid's own encoder refuses. */
const utf8 = new TextEncoder()

const NAMESPACE = "6f7c1f5e-3c0a-5d57-9b1b-1f0f5f3f8a11"

/** Makes an id. `kind` keeps ids of different kinds apart; NUL joins the parts, since none contains it. */
export const idOf = (
  kind: "project" | "segment" | "unit" | "message" | "dead-letter" | "answer" | "foreign",
  ...parts: ReadonlyArray<string>
) => v5(utf8.encode([kind, ...parts].join("\u0000")), NAMESPACE)
