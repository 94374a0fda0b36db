/**
 * The page's words in the language that a person chose, and numbers and times as that language writes them.
 */
import { type Language, prefer, preferences, usePreferences } from "../state/Preferences.ts"
import { en, type Texts } from "./en.ts"

/** Those that are loaded. */
const TEXTS: Partial<Record<Language, Texts>> = { en }
const LOCALES: Readonly<Record<Language, string>> = { en: "en-GB", zh: "zh-CN" }

/** Loads the words of a language, which are in a file of their own. Where that fails, the page speaks English. */
export const load = async (language: Language): Promise<void> => {
  if (language === "en") return
  try {
    TEXTS[language] ??= (await import("./zh.ts")).zh
  } catch {
    // The next choice tries again.
  }
}

/** Shows the page in a language, once its words are there. */
export const speak = async (language: Language): Promise<void> => {
  await load(language)
  prefer({ language })
}

export const useTexts = (): Texts => TEXTS[usePreferences().language] ?? en

/** Returns the words for what is said outside of a view. */
export const texts = (): Texts => TEXTS[preferences().language] ?? en

const STEPS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60]
] as const

export interface Format {
  readonly number: (n: number) => string
  /** With two digits after the point. */
  readonly fixed: (n: number, digits?: number) => string
  /** Without digits after the point, but for less than 10 %. */
  readonly percent: (share: number) => string
  /** As "3 weeks ago". */
  readonly ago: (millis: number, now: number) => string
  readonly date: (millis: number) => string
  /** The day of a date such as 2026-08-31, wherever the browser is. */
  readonly day: (date: string) => string
  readonly minute: (millis: number) => string
  readonly time: (millis: number) => string
  readonly bytes: (bytes: number) => string
  readonly usd: (usd: number) => string
  /** As "5 min"; the largest unit that fits. */
  readonly duration: (millis: number) => string
}

export const formatOf = (language: Language): Format => {
  const locale = LOCALES[language]
  const plain = new Intl.NumberFormat(locale)
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" })
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium" })
  const utcDay = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" })
  const minute = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" })
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "short" })
  return {
    number: plain.format,
    fixed: (n, digits = 2) =>
      n.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
    percent: (share) =>
      share.toLocaleString(locale, { style: "percent", ...(share < 0.1 && { maximumSignificantDigits: 2 }) }),
    ago: (millis, now) => {
      const seconds = (millis - now) / 1000
      const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ["minute", 60]
      return relative.format(Math.round(seconds / size), unit)
    },
    date: date.format,
    day: (date) => utcDay.format(Date.parse(date)),
    minute: minute.format,
    time: time.format,
    bytes: (bytes) => {
      const [unit, size] = bytes < 1e6
        ? ["kB", 1e3] as const
        : bytes < 1e9
        ? ["MB", 1e6] as const
        : ["GB", 1e9] as const
      return `${(bytes / size).toLocaleString(locale, { maximumFractionDigits: bytes / size < 100 ? 1 : 0 })} ${unit}`
    },
    usd: (usd) => usd.toLocaleString(locale, { style: "currency", currency: "USD", maximumFractionDigits: 4 }),
    duration: (millis) => {
      const seconds = Math.max(0, Math.round(millis / 1000))
      const [unit, size] = STEPS.find(([, size]) => seconds >= 2 * size) ?? ["second", 1]
      return Math.floor(seconds / size).toLocaleString(locale, { style: "unit", unit, unitDisplay: "short" })
    }
  }
}

const FORMATS: Readonly<Record<Language, Format>> = { en: formatOf("en"), zh: formatOf("zh") }

export const useFormat = (): Format => FORMATS[usePreferences().language]
