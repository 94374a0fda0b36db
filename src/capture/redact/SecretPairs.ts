/** Finds the password that stands beside its user (`admin:…`, `admin / …`) where the line tells of a login. */
import { matchesIn } from "../../domain/Matches.ts"
import type { Finding } from "./Secretlint.ts"
import { isMixed, isNumberedPhrase, isOrdinary, isPunctuated, isSigned, isUuid, isWords } from "./SecretValue.ts"

/** What may precede a user: no path, and no part of a longer `a:b:c` but `login:a:b`. */
const boundary =
  "(?:^|[\\s\"'`(*=“‘«\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uff0c\\uff1a-\\uffef]|[^\\x00-\\x7f]:|\\b(?:logins?|cred(?:ential)?s):)"
const sign = "(?:[:：] ?[\"'`]?| [:/] [\"'`]?|/(?=[^\\s/.]{6,64}(?![^\\s.]))| with )"
const unit = "(?!</)[^\\s\"'`“”‘’«»\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef]"
/** Longest password. */
const LONGEST = 128
/** Matches the sign; the groups are the user, its closing quote and all up to the next blank or quote. */
const pair = new RegExp(
  `${sign}(?<=${boundary}([\\w.@+-]{1,64})(["'\`]?)${sign})(?=((?:${unit}){6,${2 * LONGEST}}))`,
  "g"
)
const character = `(?:(?![,;:&<>{}[\\]])${unit}|[,&](?=[^\\s"'\`,;)])(?![\\w.@%+-]{1,64}[=:：]))`
/** Matches a password whose punctuation is unlike that of code. */
const usual = new RegExp(`^(?![/\\\\])${character}{6,${LONGEST}}(?!${character}|:\\S)`)

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
const near = new RegExp(login, "i")
/** Those words, and those that count only right before a pair: users have roles, agents and levels, too. */
const user = `(?:${login}|${anyOf(["users?|benutzer|usuario"], ["用[户戶]|ユーザー?"])})`
const opening = "[\\s\"'`(*“「『]{0,4}$"
const beside = new RegExp(user + opening, "i")
/** Matches what says that the pair follows: `login for grafana is `, `credentials: `, `登录用`. */
const telling = new RegExp(
  `${user}(?:` + [
    "(?:\\s(?:for|of|to|on|in|at|für|auf|bei|zu[mr])\\s[^:：]{1,40}?)?\\s?(?:[:：=→]|->|\\s(?:is|are|was|ist|sind|lautet|lauten|es|son)\\s)",
    "\\s?[是为為用は]"
  ].join("|") + ")" + opening,
  "i"
)
/** Matches what leads to the pair and to much else: `log in to it with `, but not `log in as jo with`; `账号 `. */
const leading = new RegExp(
  `(?:${user}(?<=in)\\s(?:(?:(?!as\\s)[^:：]|:(?=//)){1,40}?\\s)?(?:with|as|using)\\s|[账帐賬帳][号户號戶]\\s)` +
    opening,
  "i"
)

/** Matches after a pair that one logs in with it: `root/… 登录跳板机`, but no page and no interface of a login. */
const following =
  /^["'`)）]?\s?(?:(?:[来來去]|能|可以|直接|就能)\s?)?(?:登[录錄陆陸入](?![^，。\s]{0,2}[页頁接态態日逻邏模组組用分问問失成修]|[后後](?![台臺]))|(?:(?:can|to)\s)?(?:log|sign) in\b)/i

/** Characters before the user and after the password in which such a word is looked for. */
const NEAR = 100
/** Matches the beginning of an item in a list. */
const item = /^\s*(?:[-*•]|\d{1,2}[.)])\s/
/** Matches a blank line, a fence or another entry of a list below its heading. */
const entry = /^\s*(?:```\w*|(?:(?:[-*•]|\d{1,2}[.)])\s.*)|\S{1,64}(?:[:：] ?| \/ )\S{1,64})?\s*$/
const heading = /[:：]\**\s*$/

/**
 * Returns what precedes a user on its line, after the line above that announces the list in which it stands. A line that the
 * user does not begin is no entry of a list.
 */
const beforeOf = (text: string, from: number): string => {
  const lines = text.slice(Math.max(0, from - NEAR), from).split("\n")
  const line = lines.at(-1)!
  if (!item.test(line) && !/^[\s"'`(*]*$/.test(line)) return line
  const above = lines.slice(0, -1).findLast((other) => !entry.test(other) || heading.test(other))
  return above !== undefined && heading.test(above) && near.test(above) ? `${above}\n${line}` : line
}

/** Names that only users have. */
const account =
  /@|^1[3-9]\d{9}$|^\+\d{8,15}$|(?:^|[._-])(?:administrator|root|tester?|demo|guest|gast|svc|deploy(?:er)?|ops|dev|qa|staging|preview|\w*admin|(?:\w+|(?<=[._-]))(?:user|bot))\d*(?:$|[._-])/i
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

/** Matches the name of a host. */
const host = /^(?:[a-z\d-]+\.)+[a-z]{2,}$/
const address = /^[\w.+-]+@[\w-]+\.\w/
/** Removes the extension of a text file. */
const stemOf = (value: string): string => value.replace(/\.(?:txt|log|md)$/, "")
/** Matches letters around one number, as names of a kind are that stand beside each other: `OAuth2 / SAML2bearer`. */
const numberedName = /^[A-Za-z]+\d+[A-Za-z]*$/
/** Matches a number of things; the group is their word: `admin / 5roles`. */
const count = /^\d{1,2}([a-z]+)\d?$/
/** Matches a hash or an id in hexadecimal digits. */
const hexadecimal = /^[0-9a-f]{12,}$/
/** Recognizes a word, a sign and a number as people type them: `Root998877!`, `admin@123`. */
const isTyped = (value: string): boolean => isSigned(value) && /[A-Z]|[!@$%^*]\d{3}/.test(value)
/** Matches two words or more with a number: `Kiwi-4821-Moon`. */
const isPhrase = (value: string): boolean => isNumberedPhrase(value) && (value.match(/[A-Z]?[a-z]+/g)?.length ?? 0) > 1

/**
 * What a pair needs to be a user's password: nothing, a login `near` it, one `beside` a user's name, one `leading` to
 * the pair, or words `telling` that it follows.
 */
type Need = "nothing" | "near" | "beside" | "leading" | "telling"

/** A pair in a text, and what stands around its sign. */
interface Pair {
  readonly user: string
  readonly value: string
  readonly isAccount: boolean
  /** The sign joins pairs as a rule: `:` or ` / `. */
  readonly isUsual: boolean
  readonly isSlash: boolean
}

const needOf = ({ isAccount, isSlash, isUsual, user, value }: Pair): Need | undefined => {
  const bare = value.replace(/^\$/, "")
  const [, counted = ""] = count.exec(value) ?? []
  if (
    numbered.test(value) || isSlash && counted !== "" && isWords(counted) || host.test(stemOf(value)) ||
    isOrdinary(bare) || isUuid(value) ||
    user.includes("@") && value.includes("/")
  ) return undefined
  const isGenerated = isMixed(bare) && !identifier.test(bare)
  if (field.test(user.replace(/([a-z])([A-Z])/g, "$1_$2"))) {
    return isUsual && isGenerated && !hexadecimal.test(value) && !address.test(value) ? "telling" : undefined
  }
  if (!isUsual) return isGenerated || isPhrase(value) ? "beside" : undefined
  if (isGenerated && !isSlash && /@[\w-]+\.\w/.test(user) && !/[./~]/.test(value)) return "nothing"
  if (isGenerated && hexadecimal.test(value)) return isAccount ? "beside" : "leading"
  if (isGenerated || isAccount && wordAndNumber.test(value)) return "near"
  if (bare !== value || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return undefined
  if (!isAccount) {
    return !/[A-Z]/.test(user) && (wordAndNumber.test(value) || !identifier.test(value)) ? "leading" : undefined
  }
  if (!identifier.test(value)) return "beside"
  if (isSlash) return "telling"
  return value.length >= 8 || /\d\d$/.test(value) ? "beside" : "leading"
}

/** Tests whether the pair is part of a list, as of versions or standards: alike names, or more than two with one number. */
const isList = ({ isSlash, user, value }: Pair, before: string, after: string): boolean =>
  isSlash && numberedName.test(stemOf(value)) && !wordAndNumber.test(value) &&
  (numberedName.test(user) || / \/ ["'`]?$/.test(before) || /^["'`]? \/ /.test(after))

/** Returns what leads to the pair on its line. */
const leadOf = (before: string, isAccount: boolean): Need | undefined => {
  if (telling.test(before)) return "telling"
  if (leading.test(before)) return "leading"
  return isAccount && beside.test(before) ? "beside" : undefined
}

const needs: ReadonlyArray<Need> = ["nothing", "near", "beside", "leading", "telling"]

/** Finds all these secrets in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const { 0: sign, 1: user = "", 2: quote = "", 3: run = "", index } of matchesIn(text, pair)) {
    const start = index + sign.length
    const from = index - quote.length - user.length
    const isAccount = account.test(user)
    const isUsual = /^(?:[:：]| \/ ["'`]?)$/.test(sign) && !/\w:/.test(text.slice(from - 2, from))
    if (!isUsual && !isAccount) continue
    const value = usual.exec(run)?.[0].replace(/[.)*\\]+$/, "")
    const given = { user, isAccount, isUsual, isSlash: sign.startsWith(" /") }
    const need = value === undefined ? undefined : needOf({ ...given, value })
    // A password with any punctuation, up to the next blank or quote.
    const long = run.length > LONGEST ? "" : run.replace(/[.,;:)\]}>|*\\]+$/, "")
    const isLonger = long.length > (value?.length ?? 0) && !isUuid(long)
    if (need === undefined && !isLonger) continue
    const before = beforeOf(text, from)
    const lead = leadOf(before, isAccount)
    if (isLonger && lead !== undefined && (isUsual || lead !== "beside") && isPunctuated(long, lead !== "telling")) {
      found.push({ start, end: start + long.length, kind: "password" })
      continue
    }
    if (need === undefined || value === undefined) continue
    const end = start + value.length
    if (isList({ ...given, value }, text.slice(from - 4, from), text.slice(end, end + 4))) continue
    if (needs.indexOf(lead ?? "nothing") < needs.indexOf(need)) {
      const [after = ""] = text.slice(end, end + NEAR).split("\n", 1)
      const isNear = need === "near" && (near.test(before) || beside.test(before) || near.test(after))
      if (
        !isNear && !(need === "beside" && isAccount && !user.startsWith("@") && isTyped(value) && following.test(after))
      ) continue
    }
    found.push({ start, end, kind: "password" })
  }
  return found
}
