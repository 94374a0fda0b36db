/** Finds the password that stands beside its user (`admin:…`, `admin / …`) where the line tells of a login. */
import type { Finding } from "./Secretlint.ts"
import { isMixed, isOrdinary, isUuid } from "./SecretValue.ts"

/** What may precede a user: no path, and no part of a longer `a:b:c`. */
const boundary = "(?:^|[\\s\"'`(*=“‘«\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uff0c\\uff1a-\\uffef]|[^\\x00-\\x7f]:)"
const sign = "(?:[:：]| / [\"'`]?)"
const character = "(?:[^\\s\"'`,;:{}<>&[\\]“”‘’«»\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef]|&(?![\\w.%-]{1,40}=))"
/** Matches from the sign to the end of the password; the groups are the user, its closing quote and the password. */
const pair = new RegExp(
  `${sign}(?<=${boundary}([\\w.@+-]{1,64})(["'\`]?)${sign})((?![/\\\\])${character}{6,128})(?!${character}|:\\S)`,
  "g"
)

const letter = "a-zäöüßàçéèñа-я"
/** Words set apart by blanks, and those of languages without blanks, beside which a user and a password may be. */
const login = `(?:(?<![${letter}])(?:${
  [
    "(?:log|sign)(?:ged|ging|ed|ing)?[ -]?ins?|(?:basic[ _-]?)?auth(?:entication|enticate)?|credentials?|creds",
    "accounts?|user(?:s|name)?|passwords?|htpasswd",
    "zugang|zugangsdaten|anmeld\\w{1,8}|einlog\\w{1,6}|benutzer\\w{0,8}|konto|kennw[oö]rt\\w{0,3}|passw[oö]rt\\w{0,3}",
    "identifiants|compte|mot de passe|credenciales|credenciais|credenziali|usuario|contraseña|cuenta|логин|парол[ьяи]|доступ"
  ].join("|")
})(?![${letter}])|${
  [
    "登[录錄陆陸入]|[账帐賬帳][号户號戶]|密[码碼]|用[户戶]名?|口令|凭[据证]|憑[據證]|[认認][证證]|[鉴鑑][权權]",
    "ログイン(?:情報)?|認証(?:情報)?|アカウント|パスワード|ユーザー?名?|로그인|계정|비밀번호|인증"
  ].join("|")
})`
const telling = new RegExp(login, "i")
/** Matches what leads straight to the pair: `login for grafana is `, `log in to it with `, `登录用`. */
const leading = new RegExp(
  `${login}(?:` + [
    "(?:\\s(?:for|of|to|on|in|at|für|auf|bei|zu[mr])\\s[^:：]{1,40}?)?\\s?(?:[:：=→]|->|\\s(?:is|are|was|ist|sind|lautet|lauten|es|son)\\s)",
    "\\s?[是为為用は]",
    "(?<=in)\\s(?:[^:：]{1,40}?\\s)?(?:with|as|using)\\s"
  ].join("|") + ")[\\s\"'`(*“「『]{0,4}$",
  "i"
)

/** Characters before the user and after the password in which such a word is looked for, on the same line. */
const NEAR = 100

/** Names of what has an id, a hash, an address or a value, but no password. */
const field = new RegExp(
  "^(?:\\d{1,4}(?!\\d).*|v\\d+|.*(?:^|[._-])(?:" + [
    "u?u?id|sha\\d*|md5|h1|hash|digest|commit|rev|ref|etag|trace|span|request|session|version|image|tag|container",
    "colou?r|mailto|acct|sip|tel|https?|status|code|error|table|role|type|scope|ticket|issue|bug|job|region|iban"
  ].join("|") + "))$",
  "i"
)
/** Matches what names a pod, a class, a tag, a ticket or a variable: parts of one case, or words with a number. */
const identifier = /^(?:[a-z\d]+(?:[-_./][a-z\d]+)+|[A-Z\d]+(?:[-_.][A-Z\d]+)+|[a-z]+\d{1,3}|[a-z]{4,}\d+[a-z]{4,})$/
/** Matches a word and a number, as people make passwords, but no type's name: `Winter2026`. */
const wordAndNumber =
  /^(?:(?:[A-Z][a-z]{2,}){1,2}(?!(?:16|32|64|128|256)$)\d{2,6}|[a-z]{4,}(?:(?:19|20)\d\d|123\d{0,3}))$/
/** Matches a port, a colour, or a tag that begins with its version. */
const numbered = /^(?:\d{1,5}(?:[/?#]|$)|#[0-9a-f]{3,8}$|\d+(?:[-.][a-z\d]+)+$)/i

const isPassword = (user: string, value: string, leads: boolean): boolean => {
  if (
    field.test(user.replace(/([a-z])([A-Z])/g, "$1_$2")) || numbered.test(value) || isOrdinary(value) || isUuid(value)
  ) return false
  if (user.includes("@") && value.includes("/")) return false
  return leads
    ? /\d/.test(value) && /[A-Za-z]/.test(value)
    : (isMixed(value) && !identifier.test(value)) || wordAndNumber.test(value)
}

/** Finds all these secrets in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const { 0: all, 1: user = "", 2: quote = "", 3: written = "", index } of text.matchAll(pair)) {
    const value = written.replace(/[.)*\\]+$/, "")
    const start = index + all.length - written.length
    const end = start + value.length
    if (!isPassword(user, value, true)) continue
    const from = index - quote.length - user.length
    const before = text.slice(Math.max(0, from - NEAR), from).split("\n").at(-1) ?? ""
    if (!leading.test(before)) {
      const [after = ""] = text.slice(end, end + NEAR).split("\n", 1)
      if (!isPassword(user, value, false) || !(telling.test(before) || telling.test(after))) continue
    }
    found.push({ start, end, kind: "password" })
  }
  return found
}
