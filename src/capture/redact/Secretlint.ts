/**
 * Runs secretlint's recommended rules in a small host of our own. `@secretlint/core` is not used, because:
 * - its profiler marks each rule of each call in the process's performance timeline and never clears it: it slows down
 *   with every call and, after some thousands, throws out of a timer;
 * - it cuts a byte order mark off the content, which shifts every range by one.
 */
import { creator as preset } from "@secretlint/secretlint-rule-preset-recommend"
import type { SecretLintRuleContext, SecretLintRuleCreator, SecretLintSourceCode } from "@secretlint/types"
import { isWords } from "./SecretValue.ts"

/** A secret from `start` (inclusive) to `end` (exclusive), in UTF-16 units. */
export interface Finding {
  readonly start: number
  readonly end: number
  readonly kind: string
}

/** Omitted rules. They are listed by name, so that rules added by a later version run. */
const omitted: ReadonlySet<string> = new Set([
  // This rule lets a text switch the masking off with a `secretlint-disable` comment.
  "@secretlint/secretlint-rule-filter-comments",
  // This rule needs whole files: it parses a .json, or reads a .p12 from disk. The key inside is found as a PEM block.
  "@secretlint/secretlint-rule-gcp",
  // These two rules report the whole URL, and skip a password that contains "password". SecretPatterns masks the
  // password.
  "@secretlint/secretlint-rule-basicauth",
  "@secretlint/secretlint-rule-database-connection-string"
])

const kindOf = (ruleId: string): string => {
  const name = ruleId.slice(ruleId.lastIndexOf("secretlint-rule-") + "secretlint-rule-".length)
  return name === "privatekey" ? "private-key" : name
}

const rules = preset.rules
  .filter((rule) => !omitted.has(rule.meta.id))
  .map((rule) => ({ rule, kind: kindOf(rule.meta.id) }))

/** What a text must hold for a rule to find anything, where its expression is slow because it begins with what may be left out. */
const needed: Readonly<Record<string, RegExp>> = { aws: /secret_?access_?key/i }

const unsupported = (): never => {
  throw new Error("A secretlint rule asked for a line and column, which this host does not compute")
}

// Without a path, each rule treats the content as a plain text file.
const sourceOf = (content: string): SecretLintSourceCode => ({
  hasBOM: false,
  content,
  filePath: undefined,
  physicalFilePath: undefined,
  contentType: "text",
  ext: "",
  getFilePath: () => undefined,
  getPhysicalFilePath: () => undefined,
  locationToRange: unsupported,
  rangeToLocation: unsupported,
  positionToIndex: unsupported,
  indexToPosition: unsupported
})

/**
 * Corrects a range's start. The rules for AWS secret keys and npm report a range with the secret's length that begins
 * at the secret's name, so that the end of the secret is left over. The message's data holds the secret itself, which
 * is searched for.
 */
const startOf = (content: string, [start, end]: readonly [number, number], data: object | undefined): number => {
  for (const value of Object.values(data ?? {})) {
    if (typeof value !== "string" || value.length !== end - start) continue
    const index = content.indexOf(value, start)
    if (index !== -1) return index
  }
  return start
}

const tokenCharacter = /[A-Za-z0-9_-]/

/** Extends a range to the end of its token: some rules stop at a maximum length (Slack at 40 per part). */
const endOf = (content: string, end: number): number => {
  let index = end
  while (index < content.length && tokenCharacter.test(content.charAt(index))) index++
  return index
}

const contextOf = (
  content: string,
  kind: string,
  report: (finding: Finding) => void
): SecretLintRuleContext => ({
  sharedOptions: {},
  createTranslator: () => (messageId, data) => ({ message: "", messageId: String(messageId), data }),
  ignore: () => {},
  report: ({ message, range }) => {
    const start = startOf(content, range, message.data)
    const end = endOf(content, start + range[1] - range[0])
    // The npm rule takes `npm_package_config_openapi_schema_remote` for a token.
    if (!isWords(content.slice(start, end))) report({ start, end, kind })
  }
})

/**
 * Replaces non-ASCII characters and percent escapes by blanks of the same length; no token contains either. A letter
 * before a token hides it from most rules, but a Chinese sentence has no blank before a token, and a percent escape may
 * end in a letter.
 */
const separated = (text: string): string =>
  text.replace(/[\u0080-\uffff]+|%[0-9A-Fa-f]{2}/g, (match) => " ".repeat(match.length))

/** Runs the rules over a text. Rejects when a rule throws. */
export const findings = async (text: string): Promise<ReadonlyArray<Finding>> => {
  const found: Array<Finding> = []
  const content = separated(text)
  const source = sourceOf(content)
  for (const { kind, rule } of rules) {
    if (needed[kind]?.test(content) === false) continue
    const creator: SecretLintRuleCreator<unknown> = rule
    await creator.create(contextOf(content, kind, (finding) => found.push(finding)), {}).file?.(source)
  }
  return found
}
