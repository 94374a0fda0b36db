/**
 * Recognizes numbers with their units, and whether two are the same. Pure.
 */
import { inBothScripts, simplified } from "../../domain/ChineseScripts.ts"
import { matchesIn } from "../../domain/Matches.ts"

/** A number and its unit. */
const AMOUNT = inBothScripts(
  /(?:\d+(?:[,_]\d{3})*(?:\.\d+)*(?:\s?(?:%|(?:ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|months?|years?|[kmgt]i?b|bytes?|px|rows?|times|x)\b|个?(?:毫秒|秒|分钟|小时|工作日|天|周|星期|月|年|次|条|个|行|页|倍|字节|兆)))?)/
).source
const WHOLE = new RegExp(`^${AMOUNT}$`, "i")
/** The same in a text, but for the number of an item, a line or a part of a name. */
const AMOUNTS = new RegExp(`(?<![\\w.:#/-])(?!(?<=^\\s*)\\d+[.)]\\s)${AMOUNT}(?![\\w:/-]*\\d)`, "gi")

/** Units of time by their abbreviations. */
const TIMES: Readonly<Record<string, string>> = {
  d: "day",
  h: "hour",
  hr: "hour",
  m: "minute",
  min: "minute",
  s: "second",
  sec: "second"
}

const SEPARATORS = inBothScripts(/[\s,_]|个(?=.)/gu)

/** Returns a number and its unit in one form: "1,000 rows" and "1000 row", "24h" and "24 hours". */
const formOf = (amount: string): string =>
  simplified(amount).toLowerCase().replace(SEPARATORS, "").replace(/(?<=[a-z])s$/u, "")
    .replace(/[a-z]+$/u, (unit) => TIMES[unit] ?? unit)

export const isAmount = (text: string): boolean => WHOLE.test(text)

/** Two numbers are the same where one of them has no unit. */
const isSameAmount = (a: string, b: string): boolean => {
  const [one, other] = [formOf(a), formOf(b)]
  return one === other ||
    Number.parseFloat(one) === Number.parseFloat(other) && [one, other].some((each) => /^[\d.]+$/.test(each))
}

/** Tests whether a text names an amount. */
export const holdsAmount = (text: string, amount: string): boolean =>
  [...matchesIn(text, AMOUNTS)].some(([each]) => isSameAmount(each, amount))

/** Matches what stands between a number and that which takes its place; and between one and that of which it takes the place. */
const BECOMES = inBothScripts(/^\s*(?:to|->|→|[改换调升降提增减延缩加][^，。；,;]{0,3})\s*$/i)
const INSTEAD = inBothScripts(/^[,，]?\s*(?:instead of|rather than|in place of|and not|not|而不是|不是)\s*$/i)

/** Returns a number with the unit of another, where it has none of its own. */
const withUnit = (amount: string, other: string): string =>
  /^[\d.,_]+$/.test(amount) ? `${amount}${other.replace(/^[\d.,_]+/, "")}` : amount

/**
 * Returns which numbers of a text may take the place of which others: those of which it says so, and of two in all each that of the other
 * where it does not.
 */
export const changesIn = (text: string): ReadonlyArray<{ readonly old: string; readonly now: string }> => {
  const amounts = [...matchesIn(text, AMOUNTS)].map(({ 0: amount, index }) => ({
    amount,
    from: index,
    to: index + amount.length
  }))
  const between = (a: { readonly to: number }, b: { readonly from: number }) => text.slice(a.to, b.from)
  return amounts.flatMap((old) =>
    amounts.filter((now) => {
      if (isSameAmount(old.amount, now.amount)) return false
      const isFirst = old.from < now.from
      const isSaid = isFirst ? BECOMES.test(between(old, now)) : INSTEAD.test(between(now, old))
      const isOpposite = isFirst ? INSTEAD.test(between(old, now)) : BECOMES.test(between(now, old))
      return isSaid || amounts.length === 2 && !isOpposite
    }).map((now) => ({ old: withUnit(old.amount, now.amount), now: now.amount }))
  )
}

export const withoutAmounts = (text: string): string => text.replace(AMOUNTS, " ")

/** Matches what is measured, of which a number is no decision. */
const MEASURED = inBothScripts(
  /\b(?:latency|p\d\d|throughput|coverage|usage|cpu|runtime|duration|(?:error|hit|failure) rate|(?:bundle|build|image) (?:size|time)|score)\b|延迟|耗时|覆盖率|占用|内存|体积|命中率|失败率|得分/i
)

/** Matches the bound of a measure, which is set. */
const BOUND = inBothScripts(
  /\b(?:threshold|limit|minimum|maximum|budget|target|gate|at (?:least|most))\b|门槛|要求|阈值|[上下]限|目标|预算/i
)

/** Tests whether a sentence is about something that is measured. */
export const tellsMeasure = (sentence: string): boolean => MEASURED.test(sentence) && !BOUND.test(sentence)
