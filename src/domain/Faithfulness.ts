/**
 * Checks without a model whether a source supports a text: the text's names, numbers, paths and code must occur in the
 * source, and enough of its words too. Paraphrase and negation are not understood.
 */
import { IS_CJK } from "./Cjk.ts"
import { type Figure, figuresOf, isKnownFigure, spelledOut } from "./Figures.ts"
import { matchesIn } from "./Matches.ts"
import { EXTENSIONS } from "./Specific.ts"
import { lexemes } from "./Tokenizer.ts"

export type ClaimKind = "number" | "path" | "code" | "name" | "statement"

/** A claim of a text that its source lacks. */
export interface Unfounded {
  readonly kind: ClaimKind
  readonly text: string
}

/** A source, analysed once for many texts. */
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

const PATH = /(?:[A-Za-z]:\\|~?\/|\.{1,2}\/)?[\w@.+-]+(?:[/\\][\w@.+-]+)+\/?/g
const FILE = new RegExp(`\\b[\\w-]+(?:\\.[\\w-]+)*\\.(?:${EXTENSIONS})\\b`, "g")
/** Three parts or more: a number has at most two. */
const VERSION = /\bv?\d+(?:\.\d+){2,}(?:-[\w.]+)?/g
const SPAN = /`([^`\n]{1,400})`/g
const FLAG = /(?<![\w-])--?[A-Za-z][\w-]*/g
const IDENTIFIER = /[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*/g

const isCodeLike = (word: string) =>
  /[a-z\d][A-Z]|_|::|->|\.|\$|[A-Za-z]\d|\d[A-Za-z]/.test(word) && !/^(?:e\.g|i\.e|etc|vs)\.?$/i.test(word)

const isKnownPath = (path: string, { text }: Source) => {
  const bare = path.replace(/^\.\//, "")
  return text.includes(bare) || text.includes(bare.replaceAll("\\", "/")) || text.includes(bare.replaceAll("/", "\\"))
}

const isKnownCode = (word: string, { lower, words }: Source) =>
  lower.includes(word.toLowerCase()) ||
  // `TileCache.Evict` may stand for `(*TileCache).Evict()`.
  (/[.>:]/.test(word) && word.split(/\.|::|->/).every((part) => words.has(part.toLowerCase())))

/** Tests whether the source has the name, also inflected, or joined with another name. */
const isKnownName = (name: string, source: Source) => {
  const lower = name.toLowerCase()
  return source.words.has(lower) || source.words.has(lower.replace(/(?:'s|s)$/, "")) ||
    lexemes(name).every((lexeme) => source.lexemes.has(lexeme)) || source.lower.includes(lower)
}

/** Capitalized words that are no names to check: the parties of every conversation, parts of numbers and dates. */
const NOT_NAMES =
  /^(?:Claude|Code|User|I|[KMGT]i?B|UTC|GMT|AM|PM|(?:January|February|March|April|May|June|July|August|September|October|November|December)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?)$/

/** Returns capitalized words that begin no sentence; in CJK text, all words of three Latin letters or more. */
const namesIn = (text: string): ReadonlyArray<string> =>
  (IS_CJK.test(text)
    ? text.match(/[A-Za-z][A-Za-z]{2,}/g) ?? []
    : [...matchesIn(text, /(?<=[\p{Ll}\p{N},;:)"] )\p{Lu}[\p{L}\p{N}]+/gu)].map(([name]) => name))
    .filter((name) => !NOT_NAMES.test(name))

const blankOut = (text: string, parts: Iterable<string>) => {
  let rest = text
  for (const part of parts) rest = rest.replaceAll(part, " ")
  return rest
}

const matchesOf = (text: string, pattern: RegExp, group = 0) =>
  [...matchesIn(text, pattern)].map((match) => match[group]!)

const MIN_PAIRS = 6
/** Least share of a code span's token pairs that the source must have; one changed token breaks two pairs. */
const MIN_PAIR_SHARE = 0.8

const isKnownSpan = (span: string, source: Source) => {
  const pairs = pairsOf(span)
  return source.text.includes(span) || pairs.length < MIN_PAIRS ||
    pairs.filter((pair) => source.pairs.has(pair)).length >= MIN_PAIR_SHARE * pairs.length
}

/**
 * Least share of a statement's lexemes that the source must have. It is lower for Chinese, Japanese and Korean, where a
 * different word also changes the bigrams around it.
 */
const MIN_LEXEME_SHARE = { cjk: 0.25, latin: 0.4 }
const MIN_LEXEMES = 4

/** Tests whether the source has enough of the text's lexemes; a text of fewer than `MIN_LEXEMES` passes. */
const isSupported = (text: string, source: Source): boolean => {
  const own = [...new Set(lexemes(text))]
  const shared = own.filter((lexeme) => source.lexemes.has(lexeme)).length
  return own.length < MIN_LEXEMES || shared >= MIN_LEXEME_SHARE[IS_CJK.test(text) ? "cjk" : "latin"] * own.length
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

/** Returns the claims of one statement that the source lacks. */
export const unfoundedIn = (statement: string, source: Source): ReadonlyArray<Unfounded> => {
  const unfounded: Array<Unfounded> = []
  const check = (kind: ClaimKind, texts: Iterable<string>, isKnown: (text: string, source: Source) => boolean) => {
    for (const text of new Set(texts)) if (!isKnown(text, source)) unfounded.push({ kind, text })
  }
  const spans = matchesOf(statement, SPAN, 1)
  const paths = [...matchesOf(statement, PATH).filter((path) => /[A-Za-z]/.test(path)), ...matchesOf(statement, FILE)]
    .map((path) => path.replace(/[./]+$/, ""))
  check("path", paths, isKnownPath)
  check("code", spans.filter((span) => /\s/.test(span)), isKnownSpan)
  const rest = blankOut(statement, paths)
  check("code", matchesOf(rest, FLAG), (flag, { text }) => text.includes(flag))
  const versions = matchesOf(rest, VERSION)
  check("code", versions, (version, { text }) => text.includes(version.replace(/^v/, "")))
  const identifiers = [...versions, ...matchesOf(rest, IDENTIFIER).filter(isCodeLike)]
  check("code", identifiers.slice(versions.length), isKnownCode)
  const prose = blankOut(blankOut(rest, spans.map((span) => `\`${span}\``)), identifiers)
  check("name", namesIn(prose), isKnownName)
  const figures = new Map<string, Array<Figure>>()
  for (const figure of figuresOf(blankOut(rest, identifiers))) {
    figures.set(figure.text, [...figures.get(figure.text) ?? [], figure])
  }
  for (const [text, forms] of figures) {
    if (!forms.some((figure) => isKnownFigure(figure, source))) unfounded.push({ kind: "number", text })
  }
  if (!isSupported(statement, source)) unfounded.push({ kind: "statement", text: statement })
  return unfounded
}
