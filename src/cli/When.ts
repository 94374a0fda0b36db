/**
 * Says how long ago a day was. Pure.
 */
import * as Calendar from "../domain/Calendar.ts"

/** Units of days, each with the number of days from which on it is used. */
const UNITS = [["day", 1, 0], ["week", 7, 7], ["month", 30, 30], ["year", 365, 365]] as const

/** The person's language where the program knows it: Chinese, else English. */
export const language = (): string => {
  const { locale } = Intl.DateTimeFormat().resolvedOptions()
  return locale.startsWith("zh") ? locale : "en"
}

/** Formats as "yesterday", "3 days ago", "last week", "上周"; times are milliseconds since the epoch, 0 for one that nobody knows. */
export const ago = (millis: number, now: number, locale: string): string => {
  if (millis === 0) return ""
  const days = Calendar.daysBetween(millis, now)
  const [unit, length] = UNITS.findLast(([, , from]) => Math.abs(days) >= from)!
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-Math.trunc(days / length), unit)
}
