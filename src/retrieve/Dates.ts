/**
 * Finds the dates that a question names, in English and in Chinese. Pure.
 */
// @effect-diagnostics globalDate:off
import { simplified } from "../domain/ChineseScripts.ts"

/** A date of which parts may be missing: without `year`, a day matches in any year. */
export interface NamedDate {
  readonly year?: number
  readonly month?: number
  readonly day?: number
}

/** Characters that are searched, and most dates that a question may name: a pasted log names more and asks for none. */
const SEARCHED_CHARS = 1_000
const MAX_DATES = 3

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ")
const DIGITS = "零一二三四五六七八九"

const YEAR = "(?<year>(?:19|20)\\d\\d)"
/** Matches "May" but not "may", which is a verb. */
const MONTH =
  "(?<month>[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|May|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?|" +
  "[Ss]ept?(?:ember)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\\b\\.?"
const DAY = "(?<day>\\d{1,2})(?:st|nd|rd|th)?\\b"
const WHEN =
  "(?<=\\b(?:in|since|during|until|before|after|last|this|early|mid|late|spring|summer|autumn|fall|winter)[ -])"
const ZH = (name: string) => `(?<${name}>\\d{1,2}|[一二三四五六七八九十]{1,3})`

/** Fuller patterns come first: a match is removed before the next pattern runs. */
const PATTERNS = [
  // A date followed by a time is that of a log line.
  `\\b${YEAR}([-/])(?<month>\\d{1,2})\\2(?<day>\\d{1,2})(?!\\d|T\\d|[ ,]+\\d+:)`,
  `\\b${YEAR}-(?<month>\\d{1,2})(?![\\d-])`,
  `(?:(?<year>\\d{4}) ?年 ?)?${ZH("month")} ?月 ?${ZH("day")} ?[日号號]`,
  `(?:(?<year>\\d{4}) ?年 ?)?${ZH("month")} ?月`,
  `(?<year>\\d{4}) ?年`,
  `\\b${DAY} (?:of )?${MONTH}(?:,? ${YEAR}\\b)?`,
  `\\b${MONTH} ${DAY}(?:,? ${YEAR}\\b)?`,
  `\\b${MONTH},? (?:of )?${YEAR}\\b`,
  `(?:${WHEN}|(?<=\\bof ))${MONTH}`,
  `${WHEN}${YEAR}\\b`
].map((pattern) => new RegExp(pattern, "g"))

/** Parses "7", "七", "十七" or "二十七". */
const numberOf = (text: string): number => {
  if (/^\d/.test(text)) return Number(text)
  const [tens, ones] = text.includes("十") ? text.split("十") : ["零", text]
  return 10 * (tens === "" ? 1 : DIGITS.indexOf(tens!)) + (ones === "" ? 0 : DIGITS.indexOf(ones!))
}

const monthOf = (text: string): number =>
  /^[a-z]/i.test(text) ? MONTHS.indexOf(text.slice(0, 3).toLowerCase()) + 1 : numberOf(text)

const isPossible = ({ day = 1, month = 1 }: NamedDate) => month >= 1 && month <= 12 && day >= 1 && day <= 31

/** Returns the dates and the text without them; no dates, and the whole text, when there are more than `MAX_DATES`. */
export const datesIn = (text: string): { readonly dates: ReadonlyArray<NamedDate>; readonly rest: string } => {
  const dates: Array<NamedDate> = []
  let head = text.slice(0, SEARCHED_CHARS)
  for (const pattern of PATTERNS) {
    head = head.replace(pattern, (found: string, ...rest: ReadonlyArray<unknown>) => {
      const { day, month, year } = rest.at(-1) as Readonly<Record<string, string | undefined>>
      const date = {
        ...(year === undefined ? {} : { year: Number(year) }),
        ...(month === undefined ? {} : { month: monthOf(month) }),
        ...(day === undefined ? {} : { day: numberOf(day) })
      }
      if (!isPossible(date)) return found
      dates.push(date)
      return " "
    })
  }
  return dates.length > MAX_DATES ? { dates: [], rest: text } : { dates, rest: head + text.slice(SEARCHED_CHARS) }
}

/** Tests whether a time, in milliseconds since the epoch, is on the date. */
export const isOn = (millis: number, { day, month, year }: NamedDate): boolean => {
  const on = new Date(millis)
  // A time beyond the range of dates is on no date.
  return !Number.isNaN(on.getTime()) && (year === undefined || on.getFullYear() === year) &&
    (month === undefined || on.getMonth() + 1 === month) && (day === undefined || on.getDate() === day)
}

/** Matches what is left of a question that asks for nothing but a day: "what did we do on", 做了什么. */
const ASKS =
  /^(?:[\s,.，。、?？!！]|\b(?:what|which|did|do|does|was|were|is|are|have|has|had|been|we|i|us|you|it|the|of|on|in|at|from|during|about|for|all|everything|anything|happen(?:ed|s)?|done|doing|work(?:ed)?|go|went|going|that|day|month|list|show|tell|me|summary|notes?|log|please)\b|我们|咱们|我|在|那天|当天|那个?月|都|到底|究竟|做|干|搞|写|发生|进行|有|了|过|些|什么|啥|哪|事情?|工作|活|内容|记录|总结|情况|的|请|列出|看看|一下|是|呢|吗)*$/i

/** True for what is left of a question, without its dates, that asks what there was then, and for nothing else. */
export const asksOnlyWhen = (rest: string): boolean => ASKS.test(simplified(rest))

/** Returns the first and the last millisecond of a date; without a year, of the latest such one that has begun. */
export const spanOf = (date: NamedDate, now: number): { readonly since: number; readonly until: number } => {
  const { day, month } = date
  const beginning = (year: number, after = 0) =>
    day !== undefined
      ? new Date(year, (month ?? 1) - 1, day + after).getTime()
      : month !== undefined
      ? new Date(year, month - 1 + after).getTime()
      : new Date(year + after, 0).getTime()
  const thisYear = new Date(now).getFullYear()
  const year = date.year ?? (beginning(thisYear) > now ? thisYear - 1 : thisYear)
  return { since: beginning(year), until: beginning(year, 1) - 1 }
}
