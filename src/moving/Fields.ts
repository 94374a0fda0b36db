/**
 * Parses fields of foreign records, which may hold anything. Pure and total.
 */

/** A row, each column as text; null where the column is missing or NULL. */
export type Row = Readonly<Record<string, string | null>>

/** Returns the text without white space around it; empty for null. */
export const textOf = (value: string | null | undefined): string => (value ?? "").replace(/\r\n?/g, "\n").trim()

const wordsOf = (item: unknown): string =>
  typeof item === "string" ? textOf(item) : item === null || item === undefined ? "" : JSON.stringify(item) ?? ""

/** Parses a list that is written as JSON, or with a line or a comma between its items. Keeps each item once. */
export const listOf = (value: string | null | undefined): ReadonlyArray<string> => {
  const text = textOf(value)
  if (text === "") return []
  let items: ReadonlyArray<string>
  try {
    const parsed: unknown = JSON.parse(text)
    items = Array.isArray(parsed) ? parsed.map(wordsOf) : [wordsOf(parsed)]
  } catch {
    items = text.split(text.includes("\n") ? "\n" : ",").map(textOf)
  }
  return [...new Set(items)].filter((item) => item !== "")
}

/** 2000-01-01 and 2100-01-01, in milliseconds since the epoch. */
const [EARLIEST, LATEST] = [946_684_800_000, 4_102_444_800_000]

const plausible = (millis: number): number | undefined =>
  millis >= EARLIEST && millis < LATEST ? Math.floor(millis) : undefined

/** A date of PostgreSQL or of Python without an offset, which means UTC here. */
const LOCAL = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$/

/**
 * Returns the first of these dates that lies between 2000 and 2100, in milliseconds since the epoch. A number counts seconds,
 * milliseconds or microseconds since the epoch.
 */
export const timeOf = (...dates: ReadonlyArray<string | null | undefined>): number | undefined => {
  for (const date of dates) {
    const text = textOf(date)
    const found = text === ""
      ? undefined
      : /^\d+(?:\.\d+)?$/.test(text)
      ? [1, 1_000, 0.001].map((factor) => plausible(Number(text) * factor)).find((millis) => millis !== undefined)
      // The parser of dates takes much for one.
      : /^\d{4}-\d\d-\d\d/.test(text)
      ? plausible(Date.parse(text.replace(LOCAL, "$1T$2Z")))
      : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** Returns a number between 0 and 1; `otherwise` for anything else. */
export const shareOf = (value: string | null | undefined, otherwise: number): number => {
  const text = textOf(value)
  const number = Number(text)
  return text !== "" && number >= 0 && number <= 1 ? number : otherwise
}

/** Tests for an absolute path, of Windows too. */
export const isAbsolute = (path: string): boolean => /^(?:\/|[A-Za-z]:[\\/])/.test(path)
