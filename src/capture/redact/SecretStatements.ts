/** Matches the words of a sentence that say what a secret is: `the password is now …`, `密码我统一改成了 …`. */
import { isIdentifier, isMixed, isOrdinary } from "./SecretValue.ts"

/** Verbs after which the value stands at once, and words of which two or more lead to it: `is now`, `has been reset to`. */
const verbs = "became|becomes|remains|stays|being|equals|lautete?|wäre|hei(?:ß|ss)t"
const words =
  `${verbs}|is|was|are|be|been|has|had|will|would|should|must|might|may|could|got|gets|now|still|just|simply|actually|` +
  "currently|probably|always|again|used|supposed|set|reset|changed|updated|rotated|switched|back|to|the|same|old|usual|default|one|" +
  "as|before|ist|war|jetzt|nun|noch|immer|wieder|est|maintenant|toujours|es|ahora"
/** Matches what is said of the name first: `the password that I chose is`. */
const clause = "\\s(?:i|we|you|they|it|that|which)(?:\\s[a-z]{1,10}){1,3}?\\s(?:is|was)"
/** Characters of Chinese pronouns, adverbs, verbs and particles: of no noun, such as 长度 and 字段, and of no place. */
const particles = [
  "我你他她咱们們给給把将將被已經经也又再先就才还還都刚剛昨今明天目前当當后後来來最",
  "统統一样樣全部律默认認预預设設置暂暫临臨时時直接其实實可能会會要需请請帮幫试試",
  "应應该該好像貌似概估计計仍然依旧舊记記得原初始化以没沒有不变變改动動错錯对對",
  "是为為成更新修換换替重调調整恢复復定到回退了过過写寫填叫用输輸入分别別的那个個这這老小大，, "
].join("")
/** Verbs and adverbs that lead to the value: `改成了`, `默认`. */
const leading =
  "[输輸]入|[换換改复復新退]到|[改换換]回|[是为為成叫用填写寫输輸改换換设設定了试試]|默[认認]|[预預][设設]|[统統]一|一[样樣]|[现現]在|目前"
/** Matches 是 or 为 between the name and its value. */
const onlyIs = "\\s?[是为為][^\\u4e00-\\u9fff]"
/** Matches `被运维改成了`, `我改成小写的`. */
const chinese =
  `(?:\\s?被[\\u4e00-\\u9fff]{2})?(?:[${particles}]|[现現]在){0,14}(?:${leading})(?:[\\u4e00-\\u9fff]{0,6}[的个個])?`

/** Matches from the name on to its value. The verb "is" alone is none of these: what follows it is rarely anything else. */
export const statement = new RegExp(
  [
    `(?:${clause}(?:\\s(?:${words})){0,3}|\\s{1,2}(?:${words})(?:\\s(?:${words})){1,5}|\\s{1,2}(?:${verbs}))[:,]?\\s{1,2}`,
    "['’]s\\s",
    "(?:\\swurde)?\\sauf\\s(?=\\S{6,64}\\s(?:(?:zurück)?ge(?:ändert|setzt|stellt)|setzen|ändern|stellen))",
    "\\s(?:теперь|сейчас)\\s",
    "\\s?を\\s?(?=\\S{6,64}?\\s?に(?:[変し]|設定))|\\s?は\\s?(?:今|現在)は?\\s?",
    "\\s?[를을]\\s?(?=\\S{6,64}?\\s?으?로)",
    `(?!${onlyIs})${chinese}\\s?[:：]?\\s?(?![\\u4e00-\\u9fff])`
  ].join("|"),
  "iy"
)

/** Matches to the value after a name that `changing` precedes: `to`, `of the database to`. */
export const changed =
  /(?:\s(?:env\s)?var(?:iable)?)?(?:\s(?:for|of|on|in|at)\s(?:[^\n.:;=!?]|\.(?=\S)){1,40}?)?\s(?:back\s)?to\s{1,2}/y
export const changing =
  /\b(?:(?:re)?set|change[ds]?|changing|update[ds]?|rotated?|switch(?:ed)?|setting)\s(?:[\w'’-]{1,20}\s){0,5}["'`]?$/i

/** Matches before a name that a user precedes: `user is root and `. */
export const besideUser =
  /\b(?:users?|username|login|account|root|admin|benutzer|konto)\b[^\n]{0,40}(?:,|\b(?:and|with|und|mit))\s(?:the\s)?$/i

const value = "([!#-&(-_a-~]{8,128})[\"'`」”]?"
/** Matches the words from a secret to its name, the secret being a group: `use … as the `, `用 … 作为 root 的`. */
const reversed = new RegExp(
  "(?:" + [
    `\\b(?:use|using|with|set) ["'\`]?${value} as (?:(?:the|my|a|its|your) )?(?:\\w{1,20} )?`,
    `(?:^|[\\s"'\`「“\\u4e00-\\u9fff])${value}(?:` + [
      " is (?:the|my|our) (?:\\w{1,20} ){0,2}",
      "\\s?(?:[当當]成?|[做作][为為]?|[设設]置?[成为為]|[改换換]?成|是)\\s?(?:[\\w.@-]{1,20}\\s?)?[\\u4e00-\\u9fff]{0,6}"
    ].join("|") + ")"
  ].join("|") + ")$"
)
/** Matches after a name that is part of a longer one: `the password field`, `密码字段`. */
const compound = new RegExp(
  " (?:field|hash|hasher|column|input|form|provider|manager|page|type|owner|component|replacement|policy|algorithm|" +
    "encoder|source|store|service|rule|format|name|label|key|variable)s?\\b|.?[字欄栏列哈算页頁框加规規编編方的]",
  "y"
)
/** Characters before a name in which its secret is looked for. */
const BEFORE = 192

/** Finds the secret before the name that lies from `start` to `end`; any word may be a token (`… is the next token`). */
export const secretBefore = (
  text: string,
  start: number,
  end: number,
  isPassword: boolean
): { readonly start: number; readonly end: number } | undefined => {
  const from = Math.max(0, start - BEFORE)
  const found = reversed.exec(text.slice(from, start))
  const value = found?.[1] ?? (isPassword ? found?.[2] : undefined)
  compound.lastIndex = end
  if (found === null || value === undefined || compound.test(text)) return undefined
  if (!isMixed(value) || isIdentifier(value) || isOrdinary(value)) return undefined
  // Neither a variable nor a selector is the password.
  if (found[1] === undefined && /^[$#.]/.test(value)) return undefined
  const at = from + found.index + found[0].indexOf(value)
  return { start: at, end: at + value.length }
}
