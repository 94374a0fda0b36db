/** Finds secrets by the name before them: `password = "…"`, `API_KEY=…`, `--token …`, `密码是…`. */
import type { Finding } from "./Secretlint.ts"
import { entropy, isMixed, isOrdinary, isPlaceholder, isRandom, isUuid, isWords } from "./SecretValue.ts"

const name = new RegExp(
  [
    "(?:pass(?:word|wort|wd|phrase|code|(?![a-z]))|pwd|\\bpw\\b|secret[_ -]key|secret|token|credentials?|_auth",
    "x-amz-signature|mnemonic|seed[_ -]?phrase|[a-z0-9]_key|[a-z0-9]_sk(?![a-z0-9_])|(?:unseal|recovery) key \\d{1,2}",
    "(?:api|access|private|encryption|signing|master|account|auth|storage|shared|app|service|license|subscription)[_ -]?key",
    "密码|口令|密钥|令牌|私钥|授权码)([\\w-]{0,32})"
  ].join("|"),
  "gi"
)

/** Words that make the name after them no secret's: `max_tokens`, `nextPageToken`, `compass`. */
const excludingPrefixes = new Set(
  "max min num total count page continuation hashed js by com encom sur tres over under".split(" ")
)
/** Words that make the name before them no secret's: `tokenUrl`, `password_file`, `secretName`. */
const excludingSuffixes = new Set(
  ("count type types kind limit length len size budget usage url urls uri path file dir ttl expiry expires expiration " +
    "issued hash name names label title field input column regex pattern prefix suffix placeholder arn at version " +
    "algorithm policy hint error message ref id ids izer izers ized").split(" ")
)

const publicKey = /publi(?:c|shable)[_-]?key/i

const wordsOf = (name: string): ReadonlyArray<string> =>
  name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[\s_.-]+/)

const passwordName = /pass|pwd|\bpw\b|密码|口令/i
/** Names of secrets that consist of several plain words. */
const phraseName = /passphrase|mnemonic|seed[_ -]?phrase/i

/**
 * Matches from the name to the value: a type annotation and `=`, `:`, `=>`, `:=`, or the value of an entry with that
 * name (`name: DB_PASSWORD, value: …`, `<add key="Password" value="…"`), an XML element, a default (`|| "…"`, `:-`),
 * bold Markdown, or the words "is" and "是".
 */
const connective = new RegExp(
  "[\"'`]?\\]?(?:" + [
    "\\*\\*\\s?[:：]\\s{0,2}|[:：]\\*\\*\\s{0,2}",
    ":-(?=[^\\s-])",
    "\\s{0,2}(?:\\|\\||\\?\\?)\\s{0,2}(?=[\"'`])",
    "\\s{0,8}(?::\\s{0,2}[A-Za-z][\\w.<>|?]{0,30}\\s{0,2}=(?!=)|=>|[:?|]{0,2}={1,3}|[:：])\\s{0,8}",
    ",?\\s{1,40}[\"']?value[\"']?\\s{0,4}[:=]\\s{0,8}",
    ">",
    "\\s{1,2}(?:is|was)\\s{0,2}:?\\s{1,2}",
    "\\s?(?:是|为)[:：]?\\s{0,2}",
    "（[^（）\\n]{0,20}）[:：]\\s{0,2}"
  ].join("|") + ")",
  "y"
)
/** Looser connectives, after which the value itself must look like a secret: `密码 …`, `the password for x is …`. */
const looseConnective = new RegExp(
  [
    "\\s{0,2}(?:→|->|\\|)\\s{0,2}",
    "[\"'`]\\s{0,16},\\s{0,2}(?=[\"'`])",
    "\\s{1,2}(?:for|of|to|on|in|at)\\s[^\\n.:;=!?]{1,40}?(?:\\s(?:is|was)|:)\\s{1,2}",
    "\\s(?:to|ist|es|est)\\s",
    "\\s?(?:改成了?|改为了?|设置?[为成]了?|换[为成]了?|重置[为成]了?|用的?是?|就是)\\s?",
    "[ \\t]{1,2}"
  ].join("|"),
  "y"
)
/** The blanks in `--password hunter2` and `PASSWORD 'hunter2'`. */
const argument = /\s{1,2}/y
const openingQuote = /[「『“‘«]/

const quoted = /"\s{0,8}([^"\s]{6,512})|'\s{0,8}([^'\s]{6,512})|`\s{0,8}([^`\s]{6,512})/y
/** Stops at the characters that end a value in code, a query or a Chinese sentence. */
const bare = /(?:[^\s"'`,;&|(){}<>[\]“”‘’«»\u3000-\u9fff\uff00-\uffef]|&(?!&|[\w.%-]{1,40}=)){6,512}/y
/** Value in a line of a .env file or a shell, where punctuation belongs to the value. */
const bareEnvironment = /[^\s"'`<>]{6,512}/y
/** A phrase of several words, closed by the quote that opened it. */
const quotedPhrase = /(["'`])([^"'`\n]{8,200})\1/y
const functionWord = "the|for|and|with|not|are|was|must|used|use|your|from|this|that|will|can|should|when|you|is"
const barePhrase = new RegExp(
  `(?!(?:${functionWord})\\b)[a-z]{3,12}(?: (?!(?:${functionWord})\\b)[a-z]{3,12}){3,23}(?=[\\s.,"'\`]|$)`,
  "y"
)
const sentence = new RegExp(`\\b(?:${functionWord})\\b`)

const at = (pattern: RegExp, text: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index
  return pattern.exec(text)
}

/** Returns the part of an identifier before `index`, at most 40 characters. */
const prefixAt = (text: string, index: number): string =>
  /[\w.-]{0,40}$/.exec(text.slice(Math.max(0, index - 40), index))?.[0] ?? ""

/** Characters of a value that are judged; a secret's rest is masked with them. */
const JUDGED = 128

/** Recognizes a generated password without digits. */
const isMixedCase = (value: string): boolean =>
  value.length >= 10 && /[a-z].*[A-Z]/.test(value) && /[A-Z].*[a-z]/.test(value) && !isWords(value) &&
  entropy(value) >= 3

/** Recognizes words, digits and a sign in one: `summer24!rain`. */
const isSigned = (value: string): boolean => /[!@#$%^&*+?~]/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value)

type Style = "quoted" | "bare" | "environment"

const isSecret = (name: string, written: string, style: Style, isLoose: boolean): boolean => {
  // A secret may stand before the extension of a file's name.
  const value = written.slice(0, JUDGED).replace(/\.(?:txt|log|md)$/, "")
  if (isOrdinary(value) || entropy(value) < 2) return false
  const password = passwordName.test(name)
  if (value.length < 8) return password && !isLoose && /\d/.test(value) && /[A-Za-z]/.test(value)
  // The authorization code of a Chinese mail account is 16 lower-case letters.
  if (name === "授权码" && /^[a-z]{16}$/.test(value)) return true
  if (isLoose) {
    // Neither code nor the next assignment is a secret.
    const isOther = /[(){}]|^[A-Za-z_]\w{0,40}=[^=]/.test(value)
    if (isOther) return false
    if (password) return isMixed(value) || (isSigned(value) && !isPlaceholder(value))
    return isMixed(value) && isRandom(value) && !isUuid(value)
  }
  const namesSecret = /pass|secret|token|key|credential/i.test(value)
  if (/^\d+$/.test(value)) return password
  // "key" alone is a weak sign, as in `OPENAI_KEY=…`.
  if (/[a-z0-9]_(?:key|sk)$/i.test(name) && !/(?:api|access|private|secret|auth)_key$/i.test(name)) {
    return style !== "bare" && value.length >= 20 && isRandom(value)
  }
  if (isWords(value)) return !namesSecret && (style === "environment" || (password && /\d/.test(value)))
  if (/\d/.test(value)) return true
  if (/^[A-Za-z]+$/.test(value)) {
    if (style === "bare") return !namesSecret && (isRandom(value) || (password && isMixedCase(value)))
    return style === "environment" || password || isRandom(value)
  }
  if (style === "bare") {
    return ((password || /[+/=]/.test(value)) && isRandom(value)) || (password && isMixedCase(value))
  }
  return isRandom(value) || ((password || style === "environment") && /[!@#$%^&*+?~]/.test(value))
}

interface Value {
  readonly start: number
  readonly end: number
  readonly style: Style
}

const valueAt = (text: string, index: number, environment: boolean): Value | undefined => {
  const inQuotes = at(quoted, text, index)
  if (inQuotes !== null) {
    const value = inQuotes[1] ?? inQuotes[2] ?? inQuotes[3] ?? ""
    const end = quoted.lastIndex
    const closed = end === text.length || value.length === 512 || text[end] === inQuotes[0][0]
    return closed ? { start: end - value.length, end, style: "quoted" } : undefined
  }
  const pattern = environment ? bareEnvironment : bare
  const unquoted = at(pattern, text, index)
  if (unquoted === null) return undefined
  const end = pattern.lastIndex
  // Code such as `getToken()`, `tokens[0]` or `Option<string>` is no value.
  if (!environment && /^(?:[([{]|<(?!\/))/.test(text.slice(end, end + 2))) return undefined
  const trailing = /[.,;:)\\]*$/.exec(unquoted[0])?.[0].length ?? 0
  return { start: index, end: end - trailing, style: environment ? "environment" : "bare" }
}

const space = /[\s"'`]/

/** Extends a value that is longer than its pattern's bound to its end. */
const extended = (text: string, { end, start }: Value): number => {
  let index = end
  if (end - start >= 512) { while (index < text.length && !space.test(text.charAt(index))) index++ }
  return index
}

const netrc = /\blogin \S{1,64}\s{1,8}$/

interface Joint {
  readonly index: number
  readonly isLoose: boolean
}

/** Finds the index at which the value of the name that ends at `end` may begin, and how the two are joined. */
const jointAt = (text: string, end: number, prefix: string): Joint | undefined => {
  if (at(connective, text, end) !== null) {
    const index = connective.lastIndex
    // A value in another line than its name must be in quotes, or look like a secret itself.
    const isLoose = !/["'`]/.test(text.charAt(index)) && /=\s*\n|\n\s*\n/.test(text.slice(end, index))
    return { index, isLoose }
  }
  if (at(argument, text, end) !== null) {
    const expected = prefix.startsWith("--") || /["']/.test(text.charAt(argument.lastIndex)) ||
      netrc.test(text.slice(Math.max(0, end - 88), end - "password".length))
    if (expected) return { index: argument.lastIndex, isLoose: false }
  }
  return at(looseConnective, text, end) === null ? undefined : { index: looseConnective.lastIndex, isLoose: true }
}

/** Matches values of several words: `passphrase: four plain words here`, `SMTP_PASS='two words!'`. */
const phraseAt = (text: string, index: number, full: string, environment: boolean): Value | undefined => {
  const isPhrase = phraseName.test(full)
  if (!isPhrase && !(environment && passwordName.test(full))) return undefined
  const inQuotes = at(quotedPhrase, text, index)
  if (inQuotes !== null) {
    const value = inQuotes[2] ?? ""
    const words = value.split(" ")
    const looksSecret = isPhrase ? words.length >= 4 && !sentence.test(value) : /[\d!@#$%^&*+?~]/.test(value)
    return words.length > 1 && looksSecret && !isPlaceholder(value)
      ? { start: index + 1, end: quotedPhrase.lastIndex - 1, style: "quoted" }
      : undefined
  }
  const unquoted = isPhrase ? at(barePhrase, text, index) : null
  return unquoted === null ? undefined : { start: index, end: barePhrase.lastIndex, style: "bare" }
}

const kindOf = (name: string): string => {
  if (passwordName.test(name)) return "password"
  if (/secret/i.test(name)) return "secret"
  if (/key/i.test(name)) return "api-key"
  return /token|令牌/i.test(name) ? "token" : "secret"
}

/** Finds all these secrets in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  let judged = 0
  for (const match of text.matchAll(name)) {
    if (match.index < judged) continue
    const prefix = prefixAt(text, match.index)
    // The kind in an earlier mask (`[redacted:password]`) is no name of a secret.
    if (text.startsWith("[redacted:", match.index - prefix.length - "[redacted:".length)) continue
    const full = prefix + match[0]
    const end = match.index + match[0].length
    const environment = /^=\S/.test(text.slice(end, end + 2)) && /^[A-Z][A-Z0-9_]*$/.test(full)
    const joint = environment ? { index: end + 1, isLoose: false } : jointAt(text, end, prefix)
    if (joint === undefined) continue
    if (wordsOf(prefix).some((word) => excludingPrefixes.has(word)) || publicKey.test(full)) continue
    const after = wordsOf(match[1] ?? "")
    if (after.some((word) => excludingSuffixes.has(word)) && after.at(-1) !== "salt") continue
    const index = joint.index + (openingQuote.test(text.charAt(joint.index)) ? 1 : 0)
    const phrase = joint.isLoose ? undefined : phraseAt(text, index, full, environment)
    const value = phrase ?? valueAt(text, index, environment)
    if (value === undefined || value.end - value.start < 6) continue
    // Skips the names within a long value: each would be judged with the whole rest of that value.
    if (value.end - value.start >= 512) judged = value.end
    if (
      phrase === undefined && !isSecret(full, text.slice(value.start, value.end), value.style, joint.isLoose)
    ) continue
    judged = extended(text, value)
    found.push({ start: value.start, end: judged, kind: kindOf(match[0]) })
  }
  return found
}
