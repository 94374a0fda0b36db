/**
 * Recognizes what names something: code, a file, a version, a number. Pure.
 */

/** Extensions of files, as parts of a regular expression. */
export const EXTENSIONS =
  "ts|tsx|js|jsx|mjs|cjs|py|go|rs|java|kt|c|h|cc|cpp|cs|rb|php|swift|sql|sh|md|json|jsonl|ya?ml|toml|lock|ini|env|css|html|vue|txt|log|db|proto"

/** Matches a name in code, a path, a version or a number. */
export const SPECIFIC =
  /`[^`]+`|\b[\w.-]+\/[\w./-]+|\p{Ll}\p{Lu}|\w_\w|\b[\w-]+\.(?:ts|js|tsx|py|go|rs|md|json|ya?ml|sql|sh|toml)\b|\d/u
