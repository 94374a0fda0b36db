/** Finds secrets by the name before them: `password = "…"`, `API_KEY=…`, `--token …`, `密码是…`. */
import { matchesIn } from "../../domain/Matches.ts"
import type { Finding } from "./Secretlint.ts"
import { besideUser, changed, changing, secretBefore, statement } from "./SecretStatements.ts"
import {
  entropy,
  isIdentifier,
  isMixed,
  isMixedCase,
  isNumberedPhrase,
  isOrdinary,
  isPlaceholder,
  isPunctuated,
  isRandom,
  isSigned,
  isUuid,
  isWords
} from "./SecretValue.ts"

const name = new RegExp(
  [
    "(?:p(?:ass(?:word|wort|wd|phrase|code|(?![a-z]))|wd|swd?(?![a-z]|\\W{1,3}0x))|(?<![a-z]{13})pw(?![a-z0-9])",
    "secret[_ -]key|secret|token",
    "credentials?|_auth|x-amz-signature|mnemonic|seed[_ -]?phrase|[a-z0-9]_key|[a-z0-9]_sk(?![a-z0-9_])",
    "(?:unseal|recovery) key \\d{1,2}|mot\\sde\\spasse|contrase(?:ñ|n\\u0303?)a|kennwort|senha|wachtwoord|hasło|lösenord",
    "(?:api|access|private|encryption|signing|master|account|auth|storage|shared|app|service|license|subscription)[_ -]?key" +
    ")([\\w-]{0,32})",
    // Letters and digits right after such a name are no part of it: `密码s3cr3t`.
    "(?:密[码碼]|[密秘][钥鑰匙]|口令|令牌|權杖|私[钥鑰]|金[钥鑰]|授[权權][码碼]|助[记記][词詞]|パスワード|비밀번호|암호|парол[ья])" +
    "(?:\\d{1,2}(?=\\s?[:：=]))?"
  ].join("|"),
  "gi"
)
/** Names that are written without a blank before what follows them. */
const unspacedName = /[\u3040-\u9fff\uac00-\ud7af]\d{0,2}$/

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

/** Matches before "pass" where it means a run through something: `the second pass is …`. */
const ordinal = /\b(?:\d(?:st|nd|rd|th)|first|second|third|fourth|last|final|next|each|every|another|one|single)[ -]$/i

/** The program of that name, which keeps logins in vaults: `1Password:Servers2024`. */
const program = /^1password$/i

const publicKey = /publi(?:c|shable)[_-]?key/i

const wordsOf = (name: string): ReadonlyArray<string> =>
  name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[\s_.-]+/)

const passwordName =
  /pass|pswd?|pwd|pw(?![a-z0-9])|密[码碼]|口令|パスワード|비밀번호|암호|парол|contrase|kennwort|senha|wachtwoord|hasło|lösenord/i
/** Names of secrets that consist of several plain words. */
const phraseName = /passphrase|mnemonic|seed[_ -]?phrase|助[记記][词詞]/i
/** Names of keys by which something is found. */
const lookupName =
  /(?:^|_)(?:cache|primary|foreign|partition|sort|idempoten\w{1,4}|object|row|group|hash|map|lock|dedup\w{0,10}|routing|range|unique|index|job|query|public|s3)_key$/i

/**
 * Matches from the name to the value: a type annotation and `=`, `:`, `=>`, `:=`, a block of YAML, a prompt with what
 * it has so far (`[None]:`), an XML element, a default (`|| "…"`, `:-`), bold Markdown, or the words "is" and "是".
 */
const connective = new RegExp(
  "[\"'`]?\\]?(?:" + [
    "\\*\\*\\s?[:：]\\s{0,2}|[:：]\\*\\*\\s{0,2}",
    "\\s?\\[[^[\\]\\n]{0,32}\\][:：]\\s{0,8}",
    "[:：]\\s{0,2}[|>][+-]?[ \\t]{0,8}\\n\\s{1,24}",
    ":-(?=[^\\s-])",
    "\\s{0,2}(?:\\|\\||\\?\\?)\\s{0,2}(?=[\"'`])",
    "\\s{0,8}(?::\\s{0,2}[A-Za-z][\\w.<>|?]{0,30}(?:\\s{1,2}=(?!=)|=(?=\\s|[\"'`]))|=>|[:?|]{0,2}={1,3}|[:：])\\s{0,8}",
    ">",
    "\\s{1,2}(?:is|was)\\s{0,2}:?\\s{1,2}",
    "\\s?(?:是|为|為|は|[는은])[:：]?\\s{0,2}",
    "\\s?（[^（）\\n]{0,20}）[:：]\\s{0,2}"
  ].join("|") + ")",
  "y"
)
const field = "[,;\\s]{1,40}(?:[\"']\\s{0,8})?\\w[\\w-]{0,31}[\"']?\\s{0,8}[:=]\\s{0,8}" +
  "(?:[\"'][^\"'\\n]{0,64}[\"']|[\\w.-]{1,64})"
/**
 * Matches to the value of an entry with that name: `name: DB_PASSWORD, value: …`, `<add key="Password" value="…"`,
 * `"Password textbox", "ref": "e1", "text": "…"`.
 */
const entryValue = new RegExp(
  `(?: \\w{1,16}){0,3}["'\`]?(?:${field}){0,3}[,;\\s]{1,40}(?:["']\\s{0,8})?` +
    "(?:(?:parameter)?value|(text))[\"']?\\s{0,9}[:=]\\s{0,8}",
  "iy"
)
/** Matches to what a test types: `getByLabel("Password").fill("…")`, `fill("#password", "…")`. */
const typing = "(?:fill|type|pressSequentially|press_sequentially|sendKeys|send_keys|setValue|set_value)"
const typedAfter = new RegExp(`[^\\n;()]{0,40}\\)\\s{0,8}\\.${typing}\\(\\s{0,2}(?=["'\`])`, "y")
const typedInto = /["'`\]\s]{1,12},\s{0,2}(?=["'`])/y
const beforeTypedInto = new RegExp(`\\.${typing}\\(\\s{0,2}["'\`][^\\n()]{0,64}$`)
/** A remark between the name and the sign: `password (for staging): …`. */
const remark = /\s\([^()\n]{1,40}\)\s?[:=]\s{1,2}/y
/** Looser connectives, after which the value itself must look like a secret: `密码 …`, `the password for x is …`. */
const looseConnective = new RegExp(
  [
    "\\s{0,2}(?:→|->|\\|)\\s{0,2}",
    "[\"'`]\\s{0,16},\\s{0,2}(?=[\"'`])",
    "\\s{1,2}(?:for|of|to|on|in|at|für|von|vom|zu[mr])\\s[^\\n.:;=!?]{1,40}?(?:\\s(?:is|was|ist|lautet|(?:set|changed)\\sto)(?:\\s(?:now|still|jetzt))?|:)\\s{1,2}",
    "\\s(?:to|ist|es|est|é|è|jest|är)\\s",
    "\\s(?:changed\\s)?from\\s(?=\\S{4,64}\\s(?:to|→|->|=>)\\s)|\\s?[从從由]\\s?(?=\\S{4,64}?\\s?[改换換到变變更])",
    "[ \\t]{1,2}"
  ].join("|"),
  "y"
)
/** Matches a loose connective after which a value must follow: `for x is`, `→`, but no blank or list. */
const telling = /[^\s"'`,|]/
/** Matches those that say what the secret is. */
const stating = /\s(?:is|was|ist|lautet|(?:set|changed)\sto)(?:\s(?:now|still|jetzt))?\s{1,2}$/
/** Matches the name of a variable that holds a password. */
const passwordVariable = /^[A-Z][A-Z0-9_]*(?:PASS(?:WORD|WD)?|PWD|PS?W)$/
/** Matches before a name that a value follows: `with password …`, `and the password …`. */
const given = /\b(?:with|and|using|mit|und|avec|con)\s(?:the\s)?$/i
/** Matches from an old password to the new one: `from … to …`, `was … and is now …`. */
const renewal =
  /["'`」』”’»]?\s{0,2}(?:(?<=\s)(?:to|into|(?:and|but)(?:\sit['’]?s?|\sis){0,2}\snow(?:\sis)?)(?=\s)|→|->|=>|[，,]?\s?(?:我|[现現]在|后来|後來|已[经經]?|又){0,3}(?:[变變更修]{0,2}[改更][成为為]了?|[换換][成为為到]了?|到))\s{0,2}["'`「『“‘«]?/y
/** The blanks in `--password hunter2` and `PASSWORD 'hunter2'`. */
const argument = /\s{1,2}/y
const openingQuote = /[「『“‘«]/

const quoted = /"\s{0,8}([^"\s]{6,512})|'\s{0,8}([^'\s]{6,512})|`\s{0,8}([^`\s]{6,512})/y
/** Stops at the characters that end a value in code, a query or a Chinese sentence. */
const bareUnit =
  "(?:[^\\s\"'`,;&|(){}<>[\\]“”‘’«»\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef]|&(?!&|[\\w.%-]{1,40}=))"
const bare = new RegExp(`${bareUnit}{6,512}`, "y")
const bareRun = new RegExp(`${bareUnit}{1,128}`, "y")
/** Signs that end such a value, but not a password that goes on after them; there an entry, a tag or a quote begins. */
const within = /[,;&|(){}<>[\]]+(?!(?:\s?[A-Za-z_][\w.%-]{2,40})["'`]?[=:]|[\s"'`/]|$|(?<=<)[a-z]{1,10}\d?\s?\/?>)/y
/** Value in a line of a .env file or a shell, where punctuation belongs to the value. */
const bareEnvironment = /(?:[^\s"'`<>]|(?<=[^\s=][<>]{0,8})[<>]+(?=[^\s"'`/<>])){6,512}/y
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

/** Recognizes a password of one word and a number, but no type's name: `Walnut7`. */
const wordAndNumber = /^[A-Z][a-z]{4,}(?!(?:16|32|64|128|256)$)\d{1,4}$/

type Style = "quoted" | "bare" | "environment" | "punctuated"

interface Joint {
  readonly index: number
  readonly isLoose: boolean
  /** Whether words or a sign say that a value follows, so that it may hold any punctuation. */
  readonly isTold?: boolean
  /** Whether a sentence says what the secret is, so that a password may be a word and a number. */
  readonly isStated?: boolean
  /** Whether the name is that of a field into which the value is typed. */
  readonly isTyped?: boolean
}

/** Joins the new password to the old. */
const renewing: Joint = { index: 0, isLoose: true }

const isSecret = (
  name: string,
  written: string,
  style: Style,
  { isLoose, isStated = false, isTold = false }: Joint
): boolean => {
  // A secret may stand before the extension of a file's name.
  const value = written.slice(0, JUDGED).replace(/\.(?:txt|log|md)$/, "")
  if (isOrdinary(value) || entropy(value) < 2) return false
  const password = passwordName.test(name)
  if (value.length < 8) return password && !isLoose && /\d/.test(value) && /[A-Za-z]/.test(value)
  // The authorization code of a Chinese mail account is 16 lower-case letters.
  if (/^授[权權][码碼]$/.test(name) && /^[a-z]{16}$/.test(value)) return true
  if (isLoose) {
    // Neither code nor an option nor the next assignment is a secret.
    const isOther = /[(){}]|^(?:[A-Za-z_]\w{0,40}|--[a-z][\w-]{0,40})=[^=]/.test(value)
    if (isOther) return false
    if (password) {
      return (isMixed(value) && !isIdentifier(value)) || (isSigned(value) && !isPlaceholder(value)) ||
        (isTold && isNumberedPhrase(value)) || (isStated && wordAndNumber.test(value))
    }
    return isMixed(value) && isRandom(value) && !isUuid(value)
  }
  const namesSecret = /pass|secret|token|key|credential/i.test(value)
  if (/^\d+$/.test(value)) return password
  // "key" alone is a weak sign, as in `OPENAI_KEY=…`.
  if (/[a-z0-9]_(?:key|sk)$/i.test(name) && !/(?:api|access|private|secret|auth)_key$/i.test(name)) {
    return value.length >= 20 && isRandom(value) &&
      (style !== "bare" || (/^(?=.*\d)[\w-]+$/.test(value) && !isUuid(value) && !lookupName.test(name)))
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

/** Returns where the value that begins at `start` ends when it may hold any sign: at a blank, a quote or an entry. */
const punctuatedEnd = (text: string, start: number): number => {
  let end = start
  const step = (pattern: RegExp): boolean => {
    const found = end - start < 128 ? at(pattern, text, end) : null
    end += found?.[0].length ?? 0
    return found !== null
  }
  while (step(bareRun) || step(within)) { /* on to the end */ }
  return start + text.slice(start, end).replace(/[.,;:)\]}>|&\\]+$/, "").length
}

const punctuatedAt = (text: string, start: number, isLoose: boolean): Value | undefined => {
  const end = punctuatedEnd(text, start)
  return isPunctuated(text.slice(start, end), isLoose) ? { start, end, style: "punctuated" } : undefined
}

const space = /[\s"'`]/

/** Extends a value that is longer than its pattern's bound to its end. */
const extended = (text: string, { end, start }: Value): number => {
  let index = end
  if (end - start >= 512) { while (index < text.length && !space.test(text.charAt(index))) index++ }
  return index
}

const netrc = /\blogin \S{1,64}\s{1,8}$/

const typedAt = (text: string, start: number, end: number): Joint | undefined => {
  if (at(typedAfter, text, end) !== null) return { index: typedAfter.lastIndex, isLoose: false, isTyped: true }
  if (at(typedInto, text, end) === null || !beforeTypedInto.test(text.slice(Math.max(0, start - 100), start))) {
    return undefined
  }
  return { index: typedInto.lastIndex, isLoose: false, isTyped: true }
}

/** Finds the index at which the value of the name that ends at `end` may begin, and how the two are joined. */
const jointAt = (text: string, end: number, prefix: string, name: string): Joint | undefined => {
  if (at(statement, text, end) !== null) {
    return { index: statement.lastIndex, isLoose: true, isTold: true, isStated: true }
  }
  if (at(connective, text, end) !== null) {
    const index = connective.lastIndex
    // A value in another line than its name must be in quotes, or look like a secret itself.
    const isLoose = !/["'`]/.test(text.charAt(index)) && /=\s*\n|\n\s*\n/.test(text.slice(end, index))
    return { index, isLoose, isTold: true }
  }
  if (at(argument, text, end) !== null) {
    const expected = prefix.startsWith("--") || /["']/.test(text.charAt(argument.lastIndex)) ||
      netrc.test(text.slice(Math.max(0, end - 88), end - "password".length))
    if (expected) return { index: argument.lastIndex, isLoose: false }
  }
  const isPassword = passwordName.test(name)
  const entry = at(entryValue, text, end)
  if (entry !== null && (entry[1] === undefined || isPassword)) return { index: entryValue.lastIndex, isLoose: false }
  if (at(remark, text, end) !== null) return { index: remark.lastIndex, isLoose: !isPassword }
  const typed = isPassword ? typedAt(text, end - name.length, end) : undefined
  if (typed !== undefined) return typed
  const start = end - name.length
  const before = text.slice(Math.max(0, start - 100), start)
  if (at(changed, text, end) !== null && changing.test(before)) {
    return { index: changed.lastIndex, isLoose: !passwordVariable.test(name), isTold: true, isStated: true }
  }
  const loose = at(looseConnective, text, end)
  if (loose !== null) {
    const isBesideUser = besideUser.test(before)
    // `and pass options on` is a verb.
    const isVerb = /^pass$/i.test(name) && /\band\s$/i.test(before)
    return {
      index: looseConnective.lastIndex,
      isLoose: true,
      isTold: isBesideUser || (!isVerb && given.test(before)) || telling.test(loose[0]),
      isStated: (isBesideUser && !isVerb) || stating.test(loose[0])
    }
  }
  return unspacedName.test(name) ? { index: end, isLoose: true } : undefined
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
  return /token|令牌|權杖/i.test(name) ? "token" : "secret"
}

/** Tests whether the name is the kind of a resource in an ARN: `arn:aws:secretsmanager:…:secret:db`. */
const isInArn = (text: string, start: number): boolean => {
  if (text.charAt(start - 1) !== ":") return false
  const before = text.slice(Math.max(0, start - 128), start)
  const arn = before.lastIndexOf("arn:")
  return arn !== -1 && /^[\w:/.+@-]+$/.test(before.slice(arn))
}

/** Finds all these secrets in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  let judged = 0
  for (const match of matchesIn(text, name)) {
    if (match.index < judged) continue
    const prefix = prefixAt(text, match.index)
    // The kind in an earlier mask (`[redacted:password]`) is no name of a secret.
    if (text.startsWith("[redacted:", match.index - prefix.length - "[redacted:".length)) continue
    const full = prefix + match[0]
    const end = match.index + match[0].length
    const environment = /^=\S/.test(text.slice(end, end + 2)) && /^[A-Z][A-Z0-9_]*$/.test(full)
    const joint = environment ? { index: end + 1, isLoose: false } : jointAt(text, end, prefix, full)
    const isPassword = passwordName.test(full)
    const told = (match[1] ?? "") === "" && (isPassword || /^(?:secret|token)$/i.test(match[0]))
      ? secretBefore(text, match.index - prefix.length, end, isPassword)
      : undefined
    if (told !== undefined) found.push({ ...told, kind: kindOf(match[0]) })
    if (joint === undefined || isInArn(text, match.index - prefix.length)) continue
    if (wordsOf(prefix).some((word) => excludingPrefixes.has(word)) || publicKey.test(full) || program.test(full)) {
      continue
    }
    if (/^pass$/i.test(full) && ordinal.test(text.slice(Math.max(0, match.index - 12), match.index))) continue
    const after = wordsOf(match[1] ?? "")
    const isOther = after.some((word) => excludingSuffixes.has(word)) && after.at(-1) !== "salt"
    if (isOther && joint.isTyped !== true) continue
    const index = joint.index + (openingQuote.test(text.charAt(joint.index)) ? 1 : 0)
    const phrase = joint.isLoose ? undefined : phraseAt(text, index, full, environment)
    const mayBePunctuated = !environment && phrase === undefined && joint.isTold === true && isPassword
    const value = phrase ?? (mayBePunctuated ? punctuatedAt(text, index, joint.isLoose) : undefined) ??
      valueAt(text, index, environment)
    if (value === undefined || value.end - value.start < 6) continue
    // Skips the names within a long value: each would be judged with the whole rest of that value.
    if (value.end - value.start >= 512) judged = value.end
    const isFound = phrase !== undefined || value.style === "punctuated" ||
      isSecret(full, text.slice(value.start, value.end), value.style, joint)
    if (isFound) {
      judged = extended(text, value)
      found.push({ start: value.start, end: judged, kind: kindOf(match[0]) })
    }
    if (at(renewal, text, value.end) === null) continue
    const renewed = valueAt(text, renewal.lastIndex, false)
    if (renewed === undefined || !isSecret(full, text.slice(renewed.start, renewed.end), renewed.style, renewing)) {
      continue
    }
    judged = extended(text, renewed)
    found.push({ start: renewed.start, end: judged, kind: kindOf(match[0]) })
  }
  return found
}
