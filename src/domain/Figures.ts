/**
 * Finds numbers in a text: digits with separators, the magnitude and the unit after them, and words for small numbers.
 */
import { simplified } from "./ChineseScripts.ts"
import { matchesIn } from "./Matches.ts"

const NUMBER = /\d+(?:[,_]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?/g
const MAGNITUDE: Readonly<Record<string, number>> = { k: 1e3, K: 1e3, M: 1e6, 千: 1e3, 万: 1e4, 百万: 1e6, 亿: 1e8 }
const NUMBER_WORDS: Readonly<Record<string, number>> = Object.fromEntries([
  ..."zero one two three four five six seven eight nine ten eleven twelve".split(" ").map((word, i) => [word, i]),
  ...[..."零一二三四五六七八九十"].map((word, i) => [word, i]),
  ["两", 2],
  ["once", 1],
  ["twice", 2],
  ["both", 2],
  ["half", 0.5],
  ["半", 0.5],
  ["dozen", 12],
  ["first", 1],
  ["second", 2],
  ["third", 3],
  ["fourth", 4]
])
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ")

const UNITS = {
  time: /^[\s-]?(?:[nµum]?s\b|sec|min|h\b|hour|day|week|点|秒|毫秒|分|小时|天|ns\/op)/i,
  bytes: /^\s?(?:[kmgt]i?b\b|b\b|bytes?|字节)/i,
  share: /^\s?(?:%|percent|times|x\b|倍)/i
} as const

/** Factors between two units of a kind. */
const SCALES: Readonly<Record<keyof typeof UNITS | "none", ReadonlyArray<number>>> = {
  time: [1e3, 1e6, 60, 3600, 24, 7],
  bytes: [1e3, 1e6, 1e9, 1024, 1024 ** 2, 1024 ** 3],
  share: [100],
  none: []
}

export interface Figure {
  readonly text: string
  readonly value: number
  /** Number of significant digits. */
  readonly digits: number
  readonly unit: keyof typeof SCALES
}

const unitOf = (after: string): Figure["unit"] =>
  (Object.keys(UNITS) as Array<keyof typeof UNITS>).find((unit) => UNITS[unit].test(after)) ?? "none"

export const figuresOf = (text: string): ReadonlyArray<Figure> =>
  [...matchesIn(text, NUMBER)].flatMap((match) => {
    const digits = match[0].replace(/[,_]/g, "")
    const value = Number(digits)
    const after = simplified(text.slice(match.index + match[0].length, match.index + match[0].length + 12))
    const magnitude = /^\s?(百万|[千万亿])|^([kKM])(?![\p{L}\p{N}])/u.exec(after)
    const plain = { text: match[0], value, digits: digits.replace(/^0+|\./g, "").length, unit: unitOf(after) }
    const scaled = magnitude === null ? [] : [{ ...plain, value: value * MAGNITUDE[magnitude[1] ?? magnitude[2]!]! }]
    return [plain, ...scaled]
  })

/** Returns numbers written as words, and the numbers of months. */
export const spelledOut = (text: string): ReadonlyArray<number> =>
  (simplified(text).toLowerCase().match(/[a-z]+|[零一二三四五六七八九十两半]/g) ?? []).flatMap((word) => {
    const month = MONTHS.indexOf(word.slice(0, 3))
    return [...(NUMBER_WORDS[word] === undefined ? [] : [NUMBER_WORDS[word]]), ...(month === -1 ? [] : [month + 1])]
  })

/** Tests whether the claim is `exact` rounded to the claim's number of significant digits, 2 at least. */
const isRounded = (exact: number, { digits, value }: Figure) =>
  digits >= 2 && value !== 0 && Math.abs(exact - value) / Math.abs(value) < 0.5 * 10 ** (1 - digits) + 1e-9

/**
 * Tests whether the source has the claimed number: the same, rounded, or in another unit of its kind. A number without
 * a unit in the source matches any unit, because code seldom states units.
 */
export const isKnownFigure = (
  claim: Figure,
  { figures, numbers }: { readonly figures: ReadonlyArray<Figure>; readonly numbers: ReadonlySet<number> }
): boolean =>
  numbers.has(claim.value) ||
  figures.some(({ unit, value }) =>
    (unit === claim.unit || unit === "none") && [1, ...SCALES[claim.unit]].some((scale) =>
      [value * scale, value / scale].some((exact) =>
        scale !== 1 && exact === claim.value ||
        unit === claim.unit && (scale !== 1 || !Number.isInteger(value)) && isRounded(exact, claim)
      )
    )
  )
