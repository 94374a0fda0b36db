/** The views of the navigation, in its order. */
export const VIEWS = ["search", "sessions", "why", "least", "projects", "health"] as const
