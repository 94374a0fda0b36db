/**
 * Recognizes reports that Claude Code writes in a prompt's place: of background tasks, other agents and watched
 * resources.
 */
export const isReport = (prompt: string): boolean =>
  /^\s*(?:Another Claude session sent a message[^\n]{0,40}\n\s*)?<(?:task-notification|agent-message|cross-session-message|teammate-message|mcp-resource-update|mcp-polling-update|ci-monitor-event|github-webhook-activity)[\s>]/
    .test(prompt)
