/** Finds the password that stands beside its user (`admin:…`, `admin / …`) where the line tells of a login. */
import type { Finding } from "./Secretlint.ts"
import { isMixed, isOrdinary, isUuid } from "./SecretValue.ts"

/** What may precede a user: no path, and no part of a longer `a:b:c` but `login:a:b`. */
const boundary =
  "(?:^|[\\s\"'`(*=“‘«\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uff0c\\uff1a-\\uffef]|[^\\x00-\\x7f]:|\\b(?:logins?|cred(?:ential)?s):)"
const sign = "(?:[:：][\"'`]?| [:/] [\"'`]?|/(?=[^\\s/.]{6,64}(?![^\\s.]))| with )"
const character =
  "(?:[^\\s\"'`,;:{}<>&[\\]“”‘’«»\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef]|[,&](?=[^\\s\"'`,;)])(?![\\w.@%+-]{1,64}[=:：]))"
/** Matches from the sign to the end of the password; the groups are the user, its closing quote and the password. */
const pair = new RegExp(
  `${sign}(?<=${boundary}([\\w.@+-]{1,64})(["'\`]?)${sign})((?![/\\\\])${character}{6,128})(?!${character}|:\\S)`,
  "g"
)

const letter = "a-zäöüßàçéèñа-я"
/** Matches words set apart by blanks, and those of languages without blanks. */
const anyOf = (apart: ReadonlyArray<string>, joined: ReadonlyArray<string>): string =>
  `(?:(?<![${letter}])(?:${apart.join("|")})(?![${letter}])|${joined.join("|")})`
/** Words beside which a user and a password may be. */
const login = anyOf([
  "(?:log|sign)(?:ged|ging|ed|ing)?[ -]?ins?|(?:basic[ _-]?)?auth(?:entication|enticate)?|credentials?|creds",
  "accounts?|usernames?|passwords?|htpasswd",
  "zugang|zugangsdaten|anmeld\\w{1,8}|einlog\\w{1,6}|benutzer\\w{1,8}|konto|kennw[oö]rt\\w{0,3}|passw[oö]rt\\w{0,3}",
  "identifiants|compte|mot de passe|credenciales|credenciais|credenziali|contraseña|cuenta|логин|парол[ьяи]|доступ"
], [
  "登[录錄陆陸入](?:信息|資訊)?|[账帐賬帳][号户號戶]|密[码碼]|用[户戶]名|口令|凭[据证]|憑[據證]|[认認][证證]|[鉴鑑][权權]",
  "ログイン(?:情報)?|認証(?:情報)?|アカウント|パスワード|ユーザー?名|로그인|계정|비밀번호|인증"
])
const telling = new RegExp(login, "i")
/** Those words, and those that count only right before a pair: users have roles, agents and levels, too. */
const user = `(?:${login}|${anyOf(["users?|benutzer|usuario"], ["用[户戶]|ユーザー?"])})`
const opening = "[\\s\"'`(*“「『]{0,4}$"
const beside = new RegExp(user + opening, "i")
/** Matches what leads straight to the pair: `login for grafana is `, `log in to it with `, `登录用`. */
const leading = new RegExp(
  `${user}(?:` + [
    "(?:\\s(?:for|of|to|on|in|at|für|auf|bei|zu[mr])\\s[^:：]{1,40}?)?\\s?(?:[:：=→]|->|\\s(?:is|are|was|ist|sind|lautet|lauten|es|son)\\s)",
    "\\s?[是为為用は]",
    "(?<=in)\\s(?:[^:：]{1,40}?\\s)?(?:with|as|using)\\s"
  ].join("|") + ")" + opening,
  "i"
)

/** Characters before the user and after the password in which such a word is looked for. */
const NEAR = 100
const item = /^\s*[-*•] /

/** Returns what precedes a user on its line, after the line that announces the list in which it stands. */
const beforeOf = (text: string, from: number): string => {
  const lines = text.slice(Math.max(0, from - NEAR), from).split("\n")
  const line = lines.at(-1)!
  const heading = item.test(line) ? lines.findLast((other) => !item.test(other)) : undefined
  return heading !== undefined && /[:：]\s*$/.test(heading) ? `${heading}\n${line}` : line
}

/** Names that only users have. */
const account =
  /@|(?:^|[._-])(?:administrator|root|tester?|demo|guest|gast|svc|deploy(?:er)?|ops|dev|qa|staging|preview|\w*(?:user|admin|bot))\d*(?:$|[._-])/i
/** Names of what has an id, a hash, an address or a value, but no password. */
const field = new RegExp(
  "^(?:\\d{1,4}(?!\\d).*|v\\d+|.*(?:^|[._-])(?:" + [
    "u?u?id|sha\\d*|md5|h1|hash|digest|commit|rev|ref|etag|trace|span|request|session|version|image|tag|container|app",
    "colou?r|mailto|acct|sip|tel|https?|status|code|error|table|role|type|scope|ticket|issue|bug|job|region|iban"
  ].join("|") + "))$",
  "i"
)
/** Matches what names a pod, a class, a tag, a ticket or a variable: parts of one case, or letters around one number. */
const identifier =
  /^[!-]?(?:[a-z\d]+(?:[-_./,][a-z\d]+)+|[A-Z\d]+(?:[-_.][A-Z\d]+)*|[a-z]*\d+[a-z]*|[A-Za-z]+\d+(?:\.\d+)+|(?:[A-Z]+[a-z]{2,})+\d+(?:[A-Z]+[a-z]{2,})*)$/
/** Matches a word and a number, as people make passwords, but no type's name: `Winter2026`. */
const wordAndNumber =
  /^(?:(?:[A-Z][a-z]{2,}){1,2}(?!(?:16|32|64|128|256)$)\d{2,6}|[a-z]{4,}(?:(?:19|20)\d\d|123\d{0,3}))$/
/** Matches a port, a colour, or a tag that begins with its version. */
const numbered = /^(?:\d{1,5}(?:[/?#]|$)|#[0-9a-f]{3,8}$|\d+(?:[-.][a-z\d]+)+$)/i

/**
 * Returns where a pair needs a word of logins to be a user's password: `near` it, or `leading` to it. A sign that is
 * not usual, as in `admin/…`, needs both a name of a user and a generated password.
 */
const needOf = (user: string, value: string, isUsual: boolean): "near" | "leading" | undefined => {
  const bare = value.replace(/^\$/, "")
  if (
    field.test(user.replace(/([a-z])([A-Z])/g, "$1_$2")) || numbered.test(value) || isOrdinary(bare) || isUuid(value) ||
    user.includes("@") && value.includes("/")
  ) return undefined
  const isAccount = account.test(user)
  const isGenerated = isMixed(bare) && !identifier.test(bare)
  if (!isUsual) return isAccount && isGenerated && !value.includes("/") ? "leading" : undefined
  if (isGenerated || isAccount && wordAndNumber.test(value)) return "near"
  return bare === value && /\d/.test(value) && /[A-Za-z]/.test(value) &&
      (isAccount || !/[A-Z]/.test(user) && (wordAndNumber.test(value) || !identifier.test(value)))
    ? "leading"
    : undefined
}

/** Finds all these secrets in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const { 0: all, 1: user = "", 2: quote = "", 3: written = "", index } of text.matchAll(pair)) {
    const value = written.replace(/[.)*\\]+$/, "")
    const start = index + all.length - written.length
    const end = start + value.length
    const from = index - quote.length - user.length
    const isUsual = /^(?:[:：]| \/ ["'`]?)$/.test(all.slice(0, -written.length)) &&
      !/\w:/.test(text.slice(from - 2, from))
    const need = needOf(user, value, isUsual)
    if (need === undefined) continue
    const before = beforeOf(text, from)
    if (!leading.test(before) && !(account.test(user) && beside.test(before))) {
      const [after = ""] = text.slice(end, end + NEAR).split("\n", 1)
      if (need === "leading" || !(telling.test(before) || beside.test(before) || telling.test(after))) continue
    }
    found.push({ start, end, kind: "password" })
  }
  return found
}
