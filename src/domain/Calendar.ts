/**
 * Days and times as a clock in this process's time zone shows them, which on a laptop is the person's. Pure but for the zone.
 */
// @effect-diagnostics globalDate:off

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** Start of the year 10000, in milliseconds since the epoch: from then on ISO dates have another form. */
const TOO_LATE = 253_402_300_800_000

/** Shifts a time to the one at which a clock in UTC shows the same. */
const asShown = (millis: number): number => millis - (new Date(millis).getTimezoneOffset() || 0) * MINUTE_MS

const isoOf = (millis: number): string | undefined => {
  const shown = asShown(millis)
  return millis > 0 && shown < TOO_LATE ? new Date(shown).toISOString() : undefined
}

/** Formats the day of a time (milliseconds since the epoch) as "2026-08-31"; undefined for one that no transcript can have. */
export const day = (millis: number): string | undefined => isoOf(millis)?.slice(0, 10)

/** Formats as "2026-08-31 15:00"; undefined for a time that no transcript can have. */
export const minute = (millis: number): string | undefined => isoOf(millis)?.slice(0, 16).replace("T", " ")

/** Counts the midnights between two times. */
export const daysBetween = (then: number, now: number): number =>
  Math.floor(asShown(now) / DAY_MS) - Math.floor(asShown(then) / DAY_MS)

/** Returns the midnight with which a time's day began, or that of so many days before it. */
export const midnight = (millis: number, daysBefore = 0): number => new Date(millis).setHours(-24 * daysBefore, 0, 0, 0)

/** A time as a person writes it: a day, or a time of it, with a zone or, without one, in the clock's. */
const WRITTEN =
  /^(?<year>\d{4})(?<dash>[-/])(?<month>\d\d?)\k<dash>(?<date>\d\d?)(?:[T ] *(?<hour>\d\d?):(?<minutes>\d\d)(?::(?<seconds>\d\d)(?:\.(?<fraction>\d+))?)? *(?<zone>Z|[+-]\d\d:?\d\d)?)?$/i

const offsetOf = (zone: string): number => {
  if (zone.toUpperCase() === "Z") return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))]
  return (zone.startsWith("-") ? -1 : 1) * (60 * hours + minutes) * MINUTE_MS
}

/** Says how a time is written, for a message about one that is not. */
export const FORMS = "2026-08-31, 2026-08-31 15:00, 2026-08-31T15:00:00Z, yesterday or \"3 days ago\""

const NAMED_DAYS = new Map([["today", 0], ["今天", 0], ["yesterday", 1], ["昨天", 1], ["前天", 2]])
const AGO = /^(?<count>\d{1,4}) ?(?:days? ago|天前|(?<weeks>weeks? ago|[周週]前))$/

/** Returns how many days before today a day is that is named by its distance. */
const daysBefore = (name: string): number | undefined => {
  const { count, weeks } = AGO.exec(name)?.groups ?? {}
  return count === undefined ? NAMED_DAYS.get(name) : Number(count) * (weeks === undefined ? 1 : 7)
}

/**
 * Parses a written time, or a day by its distance from `now`. It stands for all of its last part: a day for the whole day, 15:00 for that
 * minute. Returns its first and last millisecond since the epoch; undefined for what is no time, such as 30 February.
 */
export const parse = (text: string, now: number): { readonly first: number; readonly last: number } | undefined => {
  const days = daysBefore(text.trim().toLowerCase())
  if (days !== undefined) return { first: midnight(now, days), last: midnight(now, days - 1) - 1 }
  const { date, fraction, hour, minutes, month, seconds, year, zone } = WRITTEN.exec(text.trim())?.groups ?? {}
  const [y, m, d, h, min, s] = [year, month, date, hour, minutes, seconds].map((part = "0") => Number(part))
  const millis = Number((fraction ?? "").padEnd(3, "0").slice(0, 3))
  const utc = new Date(Date.UTC(y!, m! - 1, d, h, min, s, millis))
  if (year === undefined || utc.getUTCFullYear() !== y || utc.getUTCMonth() !== m! - 1 || utc.getUTCDate() !== d) {
    return undefined
  }
  if (h! > 23 || min! > 59 || s! > 59) return undefined
  const first = zone === undefined
    ? new Date(y, m! - 1, d, h, min, s, millis).getTime()
    : utc.getTime() - offsetOf(zone)
  const after = hour === undefined
    ? new Date(y, m! - 1, d! + 1).getTime()
    : first + (seconds === undefined ? MINUTE_MS : fraction === undefined ? 1_000 : 1)
  return { first, last: after - 1 }
}
