/**
 * Names of the headers that say for whom an HTTP client asks, for what sends them and what reads them.
 */

/** Names the project: a folder's path or its file: URL, or a project's id or name. */
export const PROJECT = "X-Claude-Memory-Project"
/** Names the session of Claude Code, which a memory that Claude saves comes from. */
export const SESSION = "X-Claude-Memory-Session"
