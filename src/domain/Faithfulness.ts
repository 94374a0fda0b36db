/**
 * Whether a text says what its source says, without a model: names, numbers, paths and code in it have to occur in the source, and
 * most of its words too. What is told in other words is not understood, nor whether something was denied.
 */
import { lexemes } from "./Tokenizer.ts"

export type ClaimKind = "number" | "path" | "code" | "name" | "statement"

/** Something in a text that its source does not have. */
export interface Unfounded {
  readonly kind: ClaimKind
  readonly text: string
}

/** A source, read once for many texts. */
export interface Source {
  readonly text: string
  readonly lower: string
  readonly words: ReadonlySet<string>
  readonly lexemes: ReadonlySet<string>
  readonly figures: ReadonlyArray<Figure>
  readonly numbers: ReadonlySet<number>
  /** Pairs of neighbouring tokens of code. */
  readonly pairs: ReadonlySet<string>
}

const WORD = /[\p{L}\p{N}_$]+/gu
const CODE_TOKEN = /[\p{L}_$][\p{L}\p{N}_$]*|\d+(?:\.\d+)?|[^\s\p{L}\p{N}_$]/gu

const pairsOf = (text: string): ReadonlyArray<string> => {
  const tokens = text.match(CODE_TOKEN) ?? []
  return tokens.slice(1).map((token, i) => `${tokens[i]} ${token}`)
}

// Numbers: digits with separators, a magnitude and a unit after them, and words for small ones.

const NUMBER = /\d+(?:[,_]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?/g
/** More parts than a number has. */
const VERSION = /\bv?\d+(?:\.\d+){2,}(?:-[\w.]+)?/g
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

/** What one unit is in another of its kind. */
const SCALES: Readonly<Record<keyof typeof UNITS | "none", ReadonlyArray<number>>> = {
  time: [1e3, 1e6, 60, 3600, 24, 7],
  bytes: [1e3, 1e6, 1e9, 1024, 1024 ** 2, 1024 ** 3],
  share: [100],
  none: []
}

interface Figure {
  readonly text: string
  readonly value: number
  /** Digits that count. */
  readonly digits: number
  readonly unit: keyof typeof SCALES
}

const unitOf = (after: string): Figure["unit"] =>
  (Object.keys(UNITS) as Array<keyof typeof UNITS>).find((unit) => UNITS[unit].test(after)) ?? "none"

const figuresOf = (text: string): ReadonlyArray<Figure> =>
  [...text.matchAll(NUMBER)].flatMap((match) => {
    const digits = match[0].replace(/[,_]/g, "")
    const value = Number(digits)
    const after = text.slice(match.index + match[0].length, match.index + match[0].length + 12)
    const magnitude = /^\s?(百万|[千万亿])|^([kKM])(?![\p{L}\p{N}])/u.exec(after)
    const plain = { text: match[0], value, digits: digits.replace(/^0+|\./g, "").length, unit: unitOf(after) }
    const scaled = magnitude === null ? [] : [{ ...plain, value: value * MAGNITUDE[magnitude[1] ?? magnitude[2]!]! }]
    return [plain, ...scaled]
  })

const spelledOut = (text: string): ReadonlyArray<number> =>
  (text.toLowerCase().match(/[a-z]+|[零一二三四五六七八九十两半]/g) ?? []).flatMap((word) => {
    const month = MONTHS.indexOf(word.slice(0, 3))
    return [...(NUMBER_WORDS[word] === undefined ? [] : [NUMBER_WORDS[word]]), ...(month === -1 ? [] : [month + 1])]
  })

/** As many digits as the claim has. */
const isRounded = (exact: number, { digits, value }: Figure) =>
  digits >= 2 && value !== 0 && Math.abs(exact - value) / Math.abs(value) < 0.5 * 10 ** (1 - digits) + 1e-9

/** The same number, rounded, or in another unit of its kind; code seldom says the unit of a number. */
const isKnownNumber = (claim: Figure, { figures, numbers }: Source) =>
  numbers.has(claim.value) ||
  figures.some(({ unit, value }) =>
    (unit === claim.unit || unit === "none") && [1, ...SCALES[claim.unit]].some((scale) =>
      [value * scale, value / scale].some((exact) =>
        scale !== 1 && exact === claim.value ||
        unit === claim.unit && (scale !== 1 || !Number.isInteger(value)) && isRounded(exact, claim)
      )
    )
  )

// Paths, code, names.

const PATH = /(?:[A-Za-z]:\\|~?\/|\.{1,2}\/)?[\w@.+-]+(?:[/\\][\w@.+-]+)+\/?/g
const FILE =
  /\b[\w-]+(?:\.[\w-]+)*\.(?:ts|tsx|js|jsx|mjs|cjs|py|go|rs|java|kt|c|h|cc|cpp|cs|rb|php|swift|sql|sh|md|json|jsonl|ya?ml|toml|lock|ini|env|css|html|vue|txt|log|db|proto)\b/g
const SPAN = /`([^`\n]{1,400})`/g
const FLAG = /(?<![\w-])--?[A-Za-z][\w-]*/g
const IDENTIFIER = /[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*/g

const isCodeLike = (word: string) =>
  /[a-z\d][A-Z]|_|::|->|\.|\$|[A-Za-z]\d|\d[A-Za-z]/.test(word) && !/^(?:e\.g|i\.e|etc|vs)\.?$/i.test(word)

const isKnownPath = (path: string, { text }: Source) => {
  const bare = path.replace(/[/.]+$/, "").replace(/^\.\//, "")
  return text.includes(bare) || text.includes(bare.replaceAll("\\", "/")) || text.includes(bare.replaceAll("/", "\\"))
}

const isKnownCode = (word: string, { lower, words }: Source) =>
  lower.includes(word.toLowerCase()) ||
  // `TileCache.Evict` of `(*TileCache).Evict()`.
  (/[.>:]/.test(word) && word.split(/\.|::|->/).every((part) => words.has(part.toLowerCase())))

/** A name may be inflected, or joined with another. */
const isKnownName = (name: string, source: Source) => {
  const lower = name.toLowerCase()
  return source.words.has(lower) || source.words.has(lower.replace(/(?:'s|s)$/, "")) ||
    lexemes(name).every((lexeme) => source.lexemes.has(lexeme)) || source.lower.includes(lower)
}

const CJK = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/
/** Who is in every conversation. */
const SPEAKERS = new Set(["Claude", "Code", "User", "I"])

/** A capital that begins no sentence; in Chinese any word of Latin letters. */
const namesIn = (text: string): ReadonlyArray<string> =>
  (CJK.test(text)
    ? text.match(/[A-Za-z][A-Za-z]{2,}/g) ?? []
    : [...text.matchAll(/(?<=[\p{Ll}\p{N},;:)"] )\p{Lu}[\p{L}\p{N}]+/gu)].map(([name]) => name))
    .filter((name) => !SPEAKERS.has(name))

const without = (text: string, parts: Iterable<string>) => {
  let left = text
  for (const part of parts) left = left.replaceAll(part, " ")
  return left
}

const all = (text: string, pattern: RegExp, group = 0) => [...text.matchAll(pattern)].map((match) => match[group]!)

const CODE_PAIRS_FROM = 6
/** Of the pairs of tokens in a piece of code; one changed token takes two of them with it. */
const LEAST_PAIRS = 0.8

const isKnownSpan = (span: string, source: Source) => {
  const pairs = pairsOf(span)
  return source.text.includes(span) || pairs.length < CODE_PAIRS_FROM ||
    pairs.filter((pair) => source.pairs.has(pair)).length >= LEAST_PAIRS * pairs.length
}

/** Below this share of its words that the source has, a statement is somebody else's; bigrams change with each other word. */
const LEAST_WORDS = { cjk: 0.25, latin: 0.4 }
const WORDS_FROM = 4

/** Whether enough of its words are in the source. */
const isSupported = (text: string, source: Source): boolean => {
  const own = [...new Set(lexemes(text))]
  const shared = own.filter((lexeme) => source.lexemes.has(lexeme)).length
  return own.length < WORDS_FROM || shared >= LEAST_WORDS[CJK.test(text) ? "cjk" : "latin"] * own.length
}

export const sourceOf = (text: string): Source => {
  const figures = figuresOf(text)
  return {
    text,
    lower: text.toLowerCase(),
    words: new Set((text.match(WORD) ?? []).map((word) => word.toLowerCase())),
    lexemes: new Set(lexemes(text)),
    figures,
    numbers: new Set([...figures.map(({ value }) => value), ...spelledOut(text)]),
    pairs: new Set(pairsOf(text))
  }
}

/** What one statement claims and the source does not have. */
export const unfoundedIn = (statement: string, source: Source): ReadonlyArray<Unfounded> => {
  const unfounded: Array<Unfounded> = []
  const check = (kind: ClaimKind, texts: Iterable<string>, isKnown: (text: string, source: Source) => boolean) => {
    for (const text of new Set(texts)) if (!isKnown(text, source)) unfounded.push({ kind, text })
  }
  const spans = all(statement, SPAN, 1)
  const paths = [...all(statement, PATH).filter((path) => /[A-Za-z]/.test(path)), ...all(statement, FILE)]
  check("path", paths, isKnownPath)
  check("code", spans.filter((span) => /\s/.test(span)), isKnownSpan)
  const rest = without(statement, paths)
  check("code", all(rest, FLAG), (flag, { text }) => text.includes(flag))
  const versions = all(rest, VERSION)
  check("code", versions, (version, { text }) => text.includes(version.replace(/^v/, "")))
  const identifiers = [...versions, ...all(rest, IDENTIFIER).filter(isCodeLike)]
  check("code", identifiers.slice(versions.length), isKnownCode)
  const prose = without(without(rest, spans.map((span) => `\`${span}\``)), identifiers)
  check("name", namesIn(prose), isKnownName)
  const figures = new Map<string, Array<Figure>>()
  for (const figure of figuresOf(without(rest, identifiers))) {
    figures.set(figure.text, [...figures.get(figure.text) ?? [], figure])
  }
  for (const [text, forms] of figures) {
    if (!forms.some((figure) => isKnownNumber(figure, source))) unfounded.push({ kind: "number", text })
  }
  if (!isSupported(statement, source)) unfounded.push({ kind: "statement", text: statement })
  return unfounded
}
