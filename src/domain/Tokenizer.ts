/**
 * Splits text into lexemes. Writing to the lexical lane and querying it share one function, so that the two can't
 * differ.
 *
 * Latin words are lower-cased, identifiers kept whole and split (camelCase, snake_case), English stemmed (Porter 1980).
 * Chinese, Japanese and Korean become the words of Intl.Segmenter and overlapping bigrams, in Simplified characters. A lexeme holds only letters,
 * digits and "_".
 */
import { stemmer } from "stemmer"
import { simplified } from "./ChineseScripts.ts"
import { memoized, memoizedByWord } from "./Memoized.ts"

const CHUNKS = /[\p{L}\p{N}_]+/gu
/** Lists ranges of letters, because the katakana block also contains "・". */
const CJK_RUN =
  /([\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufad9]+)/
const PARTS = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g
/** The same where a word has letters of other languages ("gelöscht"). */
const ANY_PARTS = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\d+|[^\x00-\x7f_]+/gu
/** Matches a part of an identifier that says nothing without the rest: the letters and figures of "i18n", "k8s" or "v2". */
const SCRAP = /^(?:.|\d\d)$/su
/** Matches a number with its unit, whose number is often written apart: "30s", "20MB". */
const MEASURE = /^\d{2,}[A-Za-zµ]{1,3}$/
const HIRAGANA = /[\u3041-\u309f]/
const SHORT_HIRAGANA = /^[\u3041-\u309f]{1,2}$/

/** Intl.Segmenter is superlinear on long strings. */
const SEGMENTER_LIMIT = 1_000
/** A longer run without a break is no word (base64, minified code), so only its head is kept. */
const MAX_WORD = 64

// Made on first use: this takes some milliseconds, which a purely Latin text need not pay.
let segmenter: Intl.Segmenter | undefined

const STOP_WORDS = new Set(
  ("a an and are as at be been being but by can could did do does doing for from had has have having he her him his i if in into is it " +
    "its just me my no nor not of on or our ours own she should so some such than that the their them then there these they this " +
    "those to too us very was we were will with would you your yours am about also any because before after again all each both " +
    "here only over same under until up down out off once let s t ve ll re d m don didn doesn isn wasn aren weren hasn haven hadn couldn shouldn wouldn won ain")
    .split(" ")
)

/** Also holds the words that make a sentence a question and say nothing about its subject. */
const QUESTION_STOP_WORDS = new Set([
  ...STOP_WORDS,
  ...("what which who whom whose when where why how did does do was were is are can could should would tell remind remember recall know " +
    "please again exactly actually ever").split(" ")
])

const CJK_STOP = new Set(
  "的 了 是 在 我 我们 你 你们 他 她 它 们 和 与 或 及 就 都 而 也 还 很 把 被 让 给 对 从 到 向 于 这 那 这个 那个 这些 那些 一个 一下 有 没有 不 吗 呢 吧 啊 什么 怎么 怎样 为什么 为何 哪 哪个 哪些 哪里 如何 多少 几 谁 时候 是否 请 问 当时 之前 之后 最后 里 中 上 下 时 要 会 能 可以 应该 以及 并 并且 但 但是 因为 所以 如果 然后"
    .split(" ")
)

/** Words that Porter's rules make one with others ("io", "on"). */
const UNSTEMMED = new Set(["ios", "one"])

const stems = new Map<string, string>()

const stem = (word: string): string => {
  if (word.length < 3 || UNSTEMMED.has(word) || !/^[a-z]+$/.test(word)) return word
  const known = stems.get(word)
  if (known !== undefined) return known
  if (stems.size > 50_000) stems.clear()
  const stemmed = stemmer(word)
  stems.set(word, stemmed)
  return stemmed
}

/** Returns the words of a run of Chinese, Japanese or Korean. */
const segmentsOf = memoizedByWord(
  (run: string): ReadonlyArray<string> => {
    segmenter ??= new Intl.Segmenter("zh", { granularity: "word" })
    const segments: Array<string> = []
    for (let start = 0; start < run.length; start += SEGMENTER_LIMIT) {
      for (const { segment } of segmenter.segment(run.slice(start, start + SEGMENTER_LIMIT))) segments.push(segment)
    }
    return segments
  },
  100,
  2_000
)

/** Returns the Chinese, Japanese and Korean words of a text, in Simplified characters. */
export const cjkWordsIn = (text: string): ReadonlySet<string> =>
  new Set(simplified(text).split(CJK_RUN).flatMap((part, i) => i % 2 === 1 ? segmentsOf(part) : []))

/** Single characters that say nothing and are hardly ever part of a word that Intl.Segmenter does not know, as others are: 对账, 在线, 还款. */
const PARTICLES = new Set("的了吗呢吧啊不你们这那谁")

/**
 * Returns where a run goes from or to a word that says nothing: two characters on both sides of it are no piece of a word. Two characters
 * alone may be a word.
 */
const edgesIn = (segments: ReadonlyArray<string>): ReadonlySet<number> => {
  const edges = new Set<number>()
  let at = 0
  segments.forEach((segment, i) => {
    const around = [segments[i - 1] ?? "", segment]
    const isWhole = around.some((each) => each.length > 1 || PARTICLES.has(each))
    if (isWhole && around.some((each) => CJK_STOP.has(each))) edges.add(at)
    at += segment.length
  })
  return edges
}

const cjk = (run: string, isQuestion: boolean, out: Array<string>): void => {
  const isJapanese = HIRAGANA.test(run)
  const segments = segmentsOf(run)
  const edges = isQuestion ? edgesIn(segments) : undefined
  for (const segment of segments) {
    // A word of two characters is its own bigram, but for those with hiragana, which are mostly particles and endings.
    const isWord = isJapanese && HIRAGANA.test(segment) ? !SHORT_HIRAGANA.test(segment) : segment.length !== 2
    if (isWord && !CJK_STOP.has(segment)) out.push(segment)
  }
  for (let i = 0; i + 1 < run.length; i++) {
    const bigram = run.slice(i, i + 2)
    if (CJK_STOP.has(bigram) || isJapanese && HIRAGANA.test(bigram) || edges?.has(i + 1) === true) continue
    out.push(bigram)
  }
}

/** Drops combining marks that lower-casing adds: the dotted I of Turkish becomes two characters, one no letter. */
const lowerCase = (word: string): string => {
  const lower = word.toLowerCase()
  return lower.length === word.length ? lower : lower.replace(/\p{M}/gu, "")
}

const latin = (word: string, stop: ReadonlySet<string>, out: Array<string>): void => {
  const head = word.length > MAX_WORD ? word.slice(0, MAX_WORD).replace(/[\ud800-\udbff]$/, "") : word
  if (/^[A-Z]?[a-z]+$/.test(head)) {
    const lower = head.toLowerCase()
    if (!stop.has(lower)) out.push(stem(lower))
    return
  }
  const parts = head.match(/[^\x00-\x7f]/.test(head) ? ANY_PARTS : PARTS) ?? []
  if (parts.length > 1) out.push(lowerCase(head))
  for (const part of parts) {
    const small = lowerCase(part)
    const isScrap = parts.length > 1 && SCRAP.test(small) && !(small.length === 2 && MEASURE.test(head))
    if (!STOP_WORDS.has(small) && !isScrap) out.push(stem(small))
  }
}

/** Returns the lexemes of letters, digits and "_" that nothing parts. */
const inChunk = (chunk: string, stop: ReadonlySet<string>): ReadonlyArray<string> => {
  const out: Array<string> = []
  // Every second part is a run of Chinese, Japanese or Korean.
  chunk.split(CJK_RUN).forEach((part, i) => {
    if (i % 2 === 1) cjk(part, stop === QUESTION_STOP_WORDS, out)
    else if (part !== "") latin(part, stop, out)
  })
  return out
}

/** Remembers the lexemes of words, since few words make up most of a text. */
const inWord = memoizedByWord((chunk) => inChunk(chunk, STOP_WORDS), 24, 10_000)

/** Matches a letter or digit in the width of a Chinese character. */
const FULL_WIDTH = /[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]/g

/**
 * Returns the chunks of a text, in which a letter and its marks are one character (file names of macOS have them apart), letters and digits
 * have one width, and Chinese is in one script.
 */
const chunksIn = (text: string): ReadonlyArray<string> =>
  simplified(text.normalize("NFC").replace(FULL_WIDTH, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0)))
    .match(CHUNKS) ?? []

/** Returns the lexemes in the order of the text, repeats included. */
export const lexemes = (text: string): Array<string> => {
  const out: Array<string> = []
  for (const chunk of chunksIn(text)) for (const lexeme of inWord(chunk)) out.push(lexeme)
  return out
}

/** Does the same, for the texts that a prompt looks at twice: for what stands together in them, and for what they add. */
export const lexemesOnce: (text: string) => ReadonlyArray<string> = memoized(lexemes, Infinity, 256)

const QUESTION_LEXEMES = new Set([...QUESTION_STOP_WORDS].map(stem))

/** True for the lexeme of a word that only asks, which counts where a text has no other. */
export const isQuestionWord = (lexeme: string): boolean => QUESTION_LEXEMES.has(lexeme)

/** Removes the English question words from a question, for embedding; other scripts are left as they are. */
export const withoutQuestionWords = (text: string): string =>
  text.replace(/(?<![\w'])[A-Za-z']+(?!\w)/g, (word) => QUESTION_STOP_WORDS.has(word.toLowerCase()) ? " " : word)

/** Letters of the shortest word that may be an identifier of two words written as one. */
const LEAST_JOINED = 7

/**
 * Returns for the lexeme of a word the one that it has where its parts are marked otherwise: identifiers are kept whole, and words of one part
 * stemmed, so that "StripeHandler" and "stripehandler" have none in common.
 */
export const otherCasesIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    chunksIn(text).flatMap((chunk) => {
      if (chunk.length < LEAST_JOINED || chunk.length > MAX_WORD || !/^[A-Za-z]+$/.test(chunk)) return []
      const whole = chunk.toLowerCase()
      const stemmed = stem(whole)
      if (stemmed === whole) return []
      const [first] = inWord(chunk)
      return first === whole ? [[whole, stemmed]] : first === stemmed ? [[stemmed, whole]] : []
    })
  )

/** Returns the distinct lexemes of a question without question words; if none is left, those of the whole question. */
export const queryLexemes = (text: string): ReadonlyArray<string> => {
  const kept = new Set(chunksIn(text).flatMap((chunk) => inChunk(chunk, QUESTION_STOP_WORDS)))
  return [...(kept.size > 0 ? kept : new Set(lexemes(text)))]
}
