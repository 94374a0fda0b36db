/** What Claude Code takes from a hook as context: https://code.claude.com/docs/en/hooks. */
export const outputOf = (event: "SessionStart" | "UserPromptSubmit", text: string): string =>
  JSON.stringify({ hookSpecificOutput: { hookEventName: event, additionalContext: text } })
