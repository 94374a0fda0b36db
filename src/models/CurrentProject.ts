/**
 * The project on whose behalf models are called; costs are broken down by project.
 */
import * as Context from "effect/Context"

/** The project's id; null, the default, for calls on behalf of none. */
export class CurrentProject extends Context.Reference<CurrentProject>()("claude-memory/CurrentProject", {
  defaultValue: (): string | null => null
}) {}
