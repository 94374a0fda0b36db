/** Judges whether a string is a secret, or words, code or a placeholder. */
import { memoizedByWord } from "../../domain/Memoized.ts"

/** Returns the Shannon entropy in bits per UTF-16 unit, by the frequencies among the string's first 64 units. */
export const entropy = (value: string): number => {
  const counts = new Map<string, number>()
  const length = Math.min(value.length, 64)
  for (let index = 0; index < length; index++) {
    const unit = value.charAt(index)
    counts.set(unit, (counts.get(unit) ?? 0) + 1)
  }
  let bits = 0
  for (const count of counts.values()) bits -= (count / length) * Math.log2(count / length)
  return bits
}

/** Matches a variable by its sign; the group is a name that nothing closes, which a password may be: `$NAME`, `@name`. */
const variable = /^(?:[$@]([A-Za-z_]\w*)|\$\{\w+\}?|\$env:\w+|%\w+%)$/
const expression = /^\$\(|\$\{|\{\{|process\.env|os\.environ|getenv|import\.meta|secrets\./
const placeholderText = new RegExp(
  [
    "^(?:<[\\w\\s.:|/'-]+>|\\[[\\w\\s.:|-]*\\]|\\{[\\w\\s.-]+\\}|\\([\\w\\s.-]+\\)|<(?:your|my|the|password|token|secret))|\\[redacted:|\\*\\*\\*|\\.\\.\\.|…|x{5,}|(?:^|[-_])x{4,}|^your(?=[A-Z])",
    "^(?:my|the|some|to[-_]?do)[-_ ]|(?:^|[-_ ])(?:your|insert|replace|enter)[-_ ]",
    "example|placeholder|change[-_]?(?:me|it|this)|redacted|dummy|sample|undefined|not[-_]set"
  ].join("|"),
  "i"
)
const trivial =
  /^(?:pass|password|passwd|pwd|secret|token|key|apikey|user|username|null|none|true|false|x-oauth-basic)$/i

const parts = /[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[-_.$:/]/g
const consonants = /[bcdfghjklmnpqrstvwxz]{5}/i

/** Matches 8 letters or more of which a run, from a capital to the next, has fewer than 3.2 on average. */
const isShredded = (part: string): boolean => {
  const words = part.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? []
  const letters = words.join("").length
  return letters >= 8 && letters < 3.2 * words.length
}

/** Longest value of words. */
const MAX_WORDS = 96

const isMadeOfWords = (value: string): boolean => {
  if (/[a-z]{24}|[A-Z]{18}/.test(value) || consonants.test(value)) return false
  // Many short runs of letters in one part are no words either, whatever stands beside it: `nectar-AKbmZYHJ`.
  if (value.split(/[-_.$:/]/).some(isShredded)) return false
  // Letters that go on after a number are no words, except in short ones like `base64url`.
  if (value.split(/[-_.$:/]/).some((part) => part.length > 10 && /\d(?:[a-z]|[A-Z]{3})/.test(part))) return false
  const all = value.match(parts) ?? []
  const words = all.filter((part) => /[A-Za-z]/.test(part))
  const numbers = all.filter((part) => /\d/.test(part))
  const letters = words.join("").length
  const vowels = words.join("").replace(/[^aeiouy]/gi, "").length
  return all.join("").length === value.length && letters >= 3.2 * words.length && vowels >= 0.2 * letters &&
    vowels <= 0.6 * letters && numbers.length <= 2 && numbers.join("").length <= 6 && numbers.length <= words.length
}

/** Remembers only what is made of words: the rest may be secrets. */
const isMadeOfWordsOnce = memoizedByWord((value) => isMadeOfWords(value) || undefined, MAX_WORDS, 2_000)

/**
 * Matches values made of words and a few numbers, as identifiers, CSS classes and package names are: `accessToken2`,
 * `sk-circle-1`, `NoSubstitutionTemplateLiteral`. Takes 1 in 200 generated keys of 16 characters for words, 1 in 1000
 * of 20. Remembers those of words: identifiers recur.
 */
export const isWords = (value: string): boolean => value.length <= MAX_WORDS && isMadeOfWordsOnce(value) === true

/** Matches the name of a variable, a function or a folder that `isWords` is too strict for: `db`, `cfg2`, `i18n`, `dbUrl`. */
const shortName =
  /^(?:[a-z]{1,7}\d{0,3}|[A-Z]{2,5}(?:[A-Z][a-z]{2,9}){1,3}|[A-Z]{1,10}\d{0,3}|[a-z]\d{1,2}[a-z]|\d{1,4}|[A-Z][a-z]|(?:[a-z]{1,9}|[A-Z][a-z]{2,9})(?:[A-Z][a-z]{1,9}){0,3}\d{0,2})?$/
const isName = (part: string): boolean =>
  isWords(part) || part.split(/[_$-]/).every((piece) => shortName.test(piece) || isWords(piece))

/** Matches a value with a part, between signs, that is neither a name nor a number: `Rp8wLg(z3mK`, but not `get(a.b)`. */
const hasGeneratedPart = (value: string): boolean => value.split(/[^A-Za-z\d]+/).some((part) => !isName(part))

const isReference = (value: string): boolean => {
  const name = variable.exec(value)
  return name === null ? expression.test(value) : name[1] === undefined || isName(name[1])
}

/**
 * Matches a reference to a variable, `<your-key>`, `changeme`, `***`, "password", an earlier mask, or a string of fewer
 * than 3 different characters.
 */
export const isPlaceholder = (value: string): boolean =>
  isReference(value) || placeholderText.test(value) || trivial.test(value) || new Set(value.slice(0, 64)).size < 3

const location =
  /^(?:[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]{1,20}:\/\/|(?:data|npm|workspace|file|link|git|github|node|arn|urn):)/
const rooted = /^(?:~|\.{1,2}|\/(?:home|Users|root|etc|var|opt|usr|tmp|mnt|srv|run|data|app|workspaces?|private))\//
const extended = /\.[a-z]{1,5}\d?$/
const isLocated = (value: string): boolean => rooted.test(value) || extended.test(value)
const isPath = (value: string): boolean => {
  if (!/^[\w.@/~-]*\/[\w.@/~-]*$/.test(value)) return false
  // A known folder at the beginning, or an extension, vouches for parts such as `id_ed25519` and `e2e-flow.spec`.
  if (isLocated(value)) return value.split(/[/@._-]/).every((part) => part.length < 8 || isWords(part))
  return value.split(/[/@.~]/).every(isName)
}
/** Matches the name of an algorithm, a format or an encoding: `AES-256-GCM`, `JWT+RS256`, `argon2id`, `cl100k_base`. */
const algorithmPart = new RegExp(
  "^(?:(?:" + [
    "x?chacha|poly|aes|sha|shake|blake|md|rsa|ecdsa|eddsa|ecdhe?|ed|dsa|hmac|[hrep]s|jw[tsek]|jose|pbkdf|hkdf|kdf|scrypt",
    "[by]crypt|argon|id|gcm|cbc|ctr|ccm|ecb|xts|cmac|pkcs|oaep|pss|pem|der|with|and|base|url|utf|sm|des|totp|hotp|oauth",
    "oidc|tls|ssl|ssh|gpg|pgp|curve|secp|prime"
  ].join("|") + ")\\d{0,5}|x25519|x448|x509|p\\d{3}|[bksv]\\d?|[a-z]{1,2}\\d{2,3}k){1,3}$",
  "i"
)
const isAlgorithm = (value: string): boolean => {
  const pieces = value.length <= 40 ? value.split(/[-_+/.]/) : []
  return pieces.some((part) => /[a-z]{2}/i.test(part)) &&
    pieces.every((part) => /^\d{1,4}$/.test(part) || algorithmPart.test(part))
}
/** Matches a version, also of a package: `crypto-js@4.1.1`. */
const version = /^(?:(?:@[\w.-]{1,40}\/)?[a-z][a-z\d.-]{1,40}@)?[\^~>=<v]{0,2}\d+\.\d+(?:\.\d+)?[\w.+-]{0,20}$/
const date = /^\d{4}-\d\d-\d\d/
const goTest = /^Test[A-Z]\w*$/
/** Matches a call, a member, or code that begins after a quote which closes instead of opening. */
const code = /^(?:[A-Za-z_$][\w$.?!]*\(|[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)+!?$|[),;}\]])/
/** Tests code by its names: what precedes the first bracket of a call, else all. A password has parts that are none. */
const isCode = (value: string): boolean =>
  code.test(value) && (/^[^(]+\(/.exec(value)?.[0] ?? value).split(/[^\w$]+/).every(isName)

/** Matches a translated sentence. */
const prose = /[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef“”„]/

/** Matches a placeholder, location, number, version, date, code, algorithm or sentence; also as the name of a text file. */
export const isOrdinary = (value: string): boolean => {
  const stem = value.replace(/\.(?:txt|log|md)$/, "")
  return isPlaceholder(stem) || location.test(stem) || isPath(stem) || version.test(stem) || date.test(stem) ||
    isCode(stem) || goTest.test(stem) || prose.test(stem) || isAlgorithm(stem)
}

/** Matches 16 characters or more that are no placeholder, not made of words, and as mixed as a generated key. */
export const isRandom = (value: string): boolean =>
  value.length >= 16 && !isPlaceholder(value) && !isWords(value) && entropy(value) >= 3

/** Recognizes a password that no sign joins to its name: 8 characters or more that mix letters with digits. */
export const isMixed = (value: string): boolean =>
  value.length >= 8 && /[A-Za-z]/.test(value) && /\d/.test(value) && !isPlaceholder(value) && !isWords(value) &&
  entropy(value) >= 2.5

/** Recognizes a generated password without digits. */
export const isMixedCase = (value: string): boolean =>
  value.length >= 10 && /[a-z].*[A-Z]/.test(value) && /[A-Z].*[a-z]/.test(value) && !isWords(value) &&
  entropy(value) >= 3

/** Signs that code has at most before a name. */
const rareSign = /[^\s@#^%~$][@#^%~$]/
/** Tests whether letters of both cases stand in many short parts around rare signs, and no character class of a pattern. */
const isScattered = (value: string): boolean => {
  const parts = value.match(/[A-Za-z\d]+/g) ?? []
  return value.length >= 8 && rareSign.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value) && parts.length >= 3 &&
    parts.join("").length <= 3 * parts.length && !/^\/?\^|\\[dws]|[a-z]-[a-z]|[A-Z]-[A-Z]|\d-\d/.test(value)
}

/**
 * Recognizes a password with punctuation, by a part that is no name or by its many parts: `Rp8w(Lz3`, but not
 * `hash(a.b)`. Where nothing says that a password follows (`isLoose`), it must mix letters with digits.
 */
export const isPunctuated = (value: string, isLoose: boolean): boolean =>
  !isOrdinary(value) &&
  (isScattered(value) || (hasGeneratedPart(value) && (isMixed(value) || (!isLoose && isMixedCase(value)))))

/**
 * Recognizes words with a number of 3 digits or more, as people make passwords: `Sommer-2026`, `kiwi-4821-moon`. One word
 * in one case with a number is rather a ticket or a version.
 */
export const isNumberedPhrase = (value: string): boolean =>
  /\d{3}/.test(value) && /[a-z].*[A-Z]|[A-Z].*[a-z]|[a-z][-_.]\d+[-_.][a-z]/.test(value) && isWords(value) &&
  !isPlaceholder(value) && !value.split(/[-_.]/).some((part) => /\d/.test(part) && isAlgorithm(part))

/** Matches names of one case joined by signs, without a long number: `user_pwd2`, `k8s-secret-v2`. */
export const isIdentifier = (value: string): boolean =>
  /^(?:[a-z\d]+(?:[-_.][a-z\d]+)+|[A-Z\d]+(?:_[A-Z\d]+)+)$/.test(value) && !/\d{3}/.test(value) &&
  !hasGeneratedPart(value)

/** Recognizes words, digits and a sign in one: `summer24!rain`. */
export const isSigned = (value: string): boolean =>
  /[!@#$%^&*+?~]/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value)

export const isUuid = (value: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)

/** Matches what does not go on after a line's end: a UUID, an algorithm's name, a path from a known folder or to a file. */
export const isWhole = (value: string): boolean =>
  isUuid(value) || isAlgorithm(value) || (isLocated(value) && isPath(value))
