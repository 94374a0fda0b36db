/**
 * For whom models are asked; what they cost is told by it.
 */
import * as Context from "effect/Context"

export class CurrentProject extends Context.Reference<CurrentProject>()("claude-memory/CurrentProject", {
  defaultValue: (): string | null => null
}) {}
