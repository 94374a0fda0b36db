/**
 * Recognizes what names something: code, a file, a version, a number. Pure.
 */

/** Matches a name in code, a path, a version or a number. */
export const SPECIFIC =
  /`[^`]+`|\b[\w.-]+\/[\w./-]+|\p{Ll}\p{Lu}|\w_\w|\b[\w-]+\.(?:ts|js|tsx|py|go|rs|md|json|ya?ml|sql|sh|toml)\b|\d/u
