/** Formats text as a hook's `additionalContext` for Claude Code: https://code.claude.com/docs/en/hooks. */
export const outputOf = (event: "SessionStart" | "UserPromptSubmit", text: string): string =>
  JSON.stringify({ hookSpecificOutput: { hookEventName: event, additionalContext: text } })
