/**
 * The project on whose behalf models are called; costs are broken down by project.
 */
import * as Context from "effect/Context"

export class CurrentProject extends Context.Reference<CurrentProject>()("claude-memory/CurrentProject", {
  defaultValue: (): string | null => null
}) {}
