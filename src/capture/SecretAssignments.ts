/** Secrets told by a name before them: `password = "…"`, `API_KEY=…`, `--token …`, `Authorization: Bearer …`. */
import type { Finding } from "./Secretlint.ts"
import { entropy, isPlaceholder, isRandom, isWords } from "./SecretValue.ts"

const name = new RegExp(
  [
    "(?:pass(?:word|wd|phrase|code|(?![a-z]))|pwd|secret|token|credentials?|_auth|x-amz-signature|[a-z0-9]_key",
    "(?:api|access|private|encryption|signing|master|account|auth|storage|shared|app|service|license)[_-]?key",
    "密码|口令|密钥|令牌)([\\w-]{0,32})"
  ].join("|"),
  "gi"
)

/** Words before the telling one that make it something else: `max_tokens`, `nextPageToken`. */
const otherBefore = new Set("max min num total count page continuation hashed js".split(" "))
/** Words after it: `tokenUrl`, `password_file`, `secretName`. */
const otherAfter = new Set(
  ("count type types kind limit length len size budget usage url urls uri path file dir ttl expiry expires expiration " +
    "issued hash name names label title field input column regex pattern prefix suffix placeholder arn at version " +
    "algorithm policy hint error message ref id ids izer izers ized").split(" ")
)

const wordsOf = (name: string): ReadonlyArray<string> =>
  name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[\s_.-]+/)

const passwordName = /pass|pwd|密码|口令/i

/**
 * From the name to the value: a type annotation and `=`, `:`, `=>`, `:=`, or the value of an entry with that name
 * (`name: DB_PASSWORD, value: …`, `<add key="Password" value="…"`), an XML element, or the words "is" and "是".
 */
const connective = new RegExp(
  "[\"'`]?\\]?(?:" + [
    "\\s{0,8}(?::\\s{0,2}[A-Za-z][\\w.<>|?]{0,30}\\s{0,2}=(?!=)|=>|[:?|]{0,2}={1,3}|[:：])\\s{0,8}",
    ",?\\s{1,40}[\"']?value[\"']?\\s{0,4}[:=]\\s{0,8}",
    ">",
    "\\s{1,2}(?:is|was)\\s{0,2}:?\\s{1,2}",
    "(?:是|为)[:：]?\\s{0,2}"
  ].join("|") + ")",
  "y"
)
/** `--password hunter2`, `PASSWORD 'hunter2'` */
const argument = /\s{1,2}/y

const quoted = /"\s{0,8}([^"\s]{8,512})|'\s{0,8}([^'\s]{8,512})|`\s{0,8}([^`\s]{8,512})/y
/** Ends at what ends a value in code, a query or a Chinese sentence. */
const bare = /(?:[^\s"'`,;&|(){}<>[\]\u3000-\u9fff\uff00-\uffef]|&(?!&|[\w.%-]{1,40}=)){8,512}/y
/** In a line of a .env file or a shell, punctuation is part of the value. */
const bareEnvironment = /[^\s"'`<>]{8,512}/y

const at = (pattern: RegExp, text: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index
  return pattern.exec(text)
}

/** The part of an identifier that precedes `index`, at most 40 characters. */
const prefixAt = (text: string, index: number): string =>
  /[\w.-]{0,40}$/.exec(text.slice(Math.max(0, index - 40), index))?.[0] ?? ""

const location =
  /^(?:[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]{1,20}:\/\/|(?:data|npm|workspace|file|link|git|github|node|arn|urn):)/
const isPath = (value: string): boolean =>
  /^[\w.@/~-]*\/[\w.@/~-]*$/.test(value) &&
  value.split("/").every((part) => part.length < 8 || isWords(part.replace("@", "")))
const version = /^[\^~>=<v]{0,2}\d+\.\d+(?:\.\d+)?[\w.+-]{0,20}$/
const date = /^\d{4}-\d\d-\d\d/
const call = /^[\w$.?!]+\(/
const member = /^[A-Za-z_$][\w$]{0,23}(?:\??\.[A-Za-z_$][\w$]{0,23})+!?$/

/** A translated sentence, or code after a quote that closes instead of opening. */
const prose = /[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef“”„]|^[),;}\]]/

const isSomethingElse = (value: string): boolean =>
  isPlaceholder(value) || location.test(value) || isPath(value) || version.test(value) || date.test(value) ||
  call.test(value) || member.test(value) || prose.test(value)

type Style = "quoted" | "bare" | "environment"

const isSecret = (name: string, value: string, style: Style): boolean => {
  if (isSomethingElse(value) || entropy(value) < 2) return false
  const password = passwordName.test(name)
  const telling = /pass|secret|token|key|credential/i.test(value)
  if (/^\d+$/.test(value)) return password
  // `OPENAI_KEY=…`: "key" alone says little.
  if (/[a-z0-9]_key$/i.test(name) && !/(?:api|access|private|secret|auth)_key$/i.test(name)) {
    return style !== "bare" && value.length >= 20 && isRandom(value)
  }
  if (isWords(value)) return !telling && (style === "environment" || (password && /\d/.test(value)))
  if (/\d/.test(value)) return true
  if (/^[A-Za-z]+$/.test(value)) {
    if (style === "bare") return !telling && isRandom(value)
    return style === "environment" || password || isRandom(value)
  }
  return style !== "bare" && (password || style === "environment") && /[!@#$%^&*+?~]/.test(value)
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
  // `getToken()`, `tokens[0]`, `Option<string>`
  if (!environment && /^(?:[([{]|<(?!\/))/.test(text.slice(end, end + 2))) return undefined
  const trailing = /[.,;:)\\]*$/.exec(unquoted[0])?.[0].length ?? 0
  return { start: index, end: end - trailing, style: environment ? "environment" : "bare" }
}

const space = /[\s"'`]/

/** A value longer than the bound of its pattern is masked to its end. */
const extended = (text: string, { end, start }: Value): number => {
  let index = end
  if (end - start >= 512) { while (index < text.length && !space.test(text.charAt(index))) index++ }
  return index
}

const netrc = /\blogin \S{1,64}\s{1,8}$/

/** Where the value of the name that ends at `end` may begin, or -1. */
const valueIndex = (text: string, end: number, prefix: string): number => {
  if (at(connective, text, end) !== null) return connective.lastIndex
  if (at(argument, text, end) === null) return -1
  const expected = prefix.startsWith("--") || /["']/.test(text.charAt(argument.lastIndex)) ||
    netrc.test(text.slice(Math.max(0, end - 88), end - "password".length))
  return expected ? argument.lastIndex : -1
}

const kindOf = (name: string): string => {
  if (passwordName.test(name)) return "password"
  if (/secret/i.test(name)) return "secret"
  if (/key/i.test(name)) return "api-key"
  return /token|令牌/i.test(name) ? "token" : "secret"
}

const assignments = (text: string, found: Array<Finding>): void => {
  for (const match of text.matchAll(name)) {
    const prefix = prefixAt(text, match.index)
    // The kind in a mask is no name.
    if (text.startsWith("[redacted:", match.index - prefix.length - "[redacted:".length)) continue
    const full = prefix + match[0]
    const end = match.index + match[0].length
    const environment = /^=\S/.test(text.slice(end, end + 2)) && /^[A-Z][A-Z0-9_]*$/.test(full)
    const index = environment ? end + 1 : valueIndex(text, end, prefix)
    if (index === -1) continue
    if (wordsOf(prefix).some((word) => otherBefore.has(word)) || /[a-z]pass$/.test(full)) continue
    if (wordsOf(match[1] ?? "").some((word) => otherAfter.has(word))) continue
    const value = valueAt(text, index, environment)
    if (value === undefined || value.end - value.start < 8) continue
    if (!isSecret(full, text.slice(value.start, value.end), value.style)) continue
    found.push({ start: value.start, end: extended(text, value), kind: kindOf(match[0]) })
  }
}

const authorization = new RegExp(
  "(?:" + [
    "authorization[\"'`]?\\s{0,8}[:=,]\\s{0,8}[\"'`]?\\s{0,8}(?:(?:bearer|basic|token|apikey|key)\\s{1,8})?",
    "\\bbearer(?:\\s|%20){1,8}",
    "\\bbasic\\s{1,8}"
  ].join("|") + ")([A-Za-z0-9._~+/=-]{8,})",
  "gi"
)

/** `user:password` in base64 */
const isCredentials = (value: string): boolean =>
  /^[A-Za-z0-9+/]+={0,2}$/.test(value) &&
  /^[\x20-\x7e]{1,128}:[\x20-\x7e]{1,512}$/.test(Buffer.from(value, "base64").toString("latin1"))

const isCredential = (matched: string, value: string): boolean => {
  if (/\bbasic\s/i.test(matched)) return false
  if (isRandom(value)) return true
  return /^authorization/i.test(matched) && /\d/.test(value) && !isSomethingElse(value) && !isWords(value)
}

const headers = (text: string, found: Array<Finding>): void => {
  for (const match of text.matchAll(authorization)) {
    const value = match[1] ?? ""
    const end = match.index + match[0].length
    const basic = isCredentials(value)
    if (basic || isCredential(match[0], value)) {
      found.push({ start: end - value.length, end, kind: basic ? "basic-auth" : "bearer" })
    }
  }
}

/** `curl -u user:password`, `sshpass -p password`, the signature of an Azure URL, SQL. Tried where the literal occurs. */
const elsewhere: ReadonlyArray<readonly [literal: string, kind: string, pattern: RegExp]> = [
  [
    "curl",
    "basic-auth",
    /\bcurl\b[^\n]{0,300}?\s(?:-u|--user|--proxy-user)[ =]?["']?[^\s:"'$]{1,64}:([^\s"'$]{3,})/g
  ],
  ["sshpass", "password", /\bsshpass\s+-p\s{0,4}["']?([^\s"'$]{3,})/g],
  ["sig=", "token", /[?&]sig=([A-Za-z0-9%+/=_-]{20,})/g],
  ["IDENTIFIED", "password", /\bIDENTIFIED\s{1,4}(?:WITH\s{1,4}\S{1,40}\s{1,4})?BY\s{1,4}["']([^"'\n]{6,})/g]
]

/** Finds all of the above in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  headers(text, found)
  for (const [literal, kind, pattern] of elsewhere) {
    if (!text.includes(literal)) continue
    for (const match of text.matchAll(pattern)) {
      const value = match[1] ?? ""
      const end = match.index + match[0].length
      if (!isPlaceholder(value) && !/^\d{1,6}$/.test(value)) found.push({ start: end - value.length, end, kind })
    }
  }
  assignments(text, found)
  return found
}
