/**
 * Estimates tokens, for every budget. A test calibrates the estimate against the o200k tokenizer: it may exceed the
 * exact count but never undercuts it by more than 5 % on a text of some length.
 */

// Kinds of characters by which o200k splits a text before it looks for known pieces (openai/tiktoken,
// openai_public.py).
const BREAK = 0
const SPACE = 1
const DIGIT = 2
const UPPER = 3
const LOWER = 4
const MARK = 5
const LETTER = 6
const CJK = 7
const SYMBOL = 8

const asciiKind = (code: number): number => {
  if (code === 0x0a || code === 0x0d) return BREAK
  if (code === 0x20 || code >= 0x09 && code <= 0x0c) return SPACE
  if (code >= 0x30 && code <= 0x39) return DIGIT
  if (code >= 0x41 && code <= 0x5a) return UPPER
  return code >= 0x61 && code <= 0x7a ? LOWER : MARK
}

const ASCII = Uint8Array.from({ length: 0x80 }, (_, code) => asciiKind(code))

const kindOf = (code: number): number =>
  code < 0x80
    ? ASCII[code]!
    : code < 0xc0
    ? SYMBOL
    : code < 0x2000
    ? LETTER
    : (code >= 0x3000 && code < 0xd800) || code >= 0xf900
    ? CJK
    : SYMBOL

const VOWELS = [..."aeiou"].reduce((bits, vowel) => bits | (1 << (vowel.charCodeAt(0) & 31)), 0)
const isVowel = (code: number) => ((VOWELS >> (code & 31)) & 1) === 1

/**
 * Returns the mean tokens of a run of ASCII letters, measured on transcripts and rounded up. A known word is one token
 * with the space before it, seldom with a mark before it; abbreviations and capitals are cut into pieces.
 */
const wordWeight = (length: number, capitals: number, hasVowel: boolean, before: number): number => {
  if (length < 3) return before === MARK ? 1.15 : 1.02
  if (capitals > 1 && capitals < length) return 0.4 + 0.53 * length
  const joining = before === MARK ? 0.75 + 0.04 * length : before === SPACE ? 0 : 0.04 * Math.max(0, length - 4)
  const known = !hasVowel
    ? Math.max(1.15, 0.55 * length)
    : capitals === length
    ? 0.5 + 0.28 * length
    : 1 + 0.03 * Math.max(0, length - 5)
  // A run of more than 16 letters is no single word, so it is cut into pieces.
  return joining + known + 0.45 * Math.max(0, length - 16)
}

/** Returns the tokens of a run of punctuation; `changes` counts the marks that differ from the one before. */
const marksWeight = (length: number, changes: number): number =>
  changes === 0
    ? 1 + length / 16
    : length === 2
    ? 1.02
    : Math.max(0.3 + 0.35 * length, 0.75 * (changes + 1))

/**
 * Returns the additional tokens of letters and digits that alternate often: these are no words but a key, a hash or
 * base64, and each of their runs is cut again.
 */
const scrambled = (length: number, runs: number): number => runs > 4 && length < 3.5 * runs ? 0.13 * length : 0

const SAFETY = 1.03

/**
 * Weighs a text, in linear time: `tokensOf` makes tokens of weights. Those of texts that end where lines end add up to
 * the weight of all, unless one begins with a line break.
 */
export const weigh = (text: string): number => {
  let sum = 0
  let before = BREAK
  let length = 0
  let runs = 0
  for (let at = 0; at < text.length;) {
    const start = at
    const first = text.charCodeAt(at)
    const kind = kindOf(first)
    const isWord = kind === UPPER || kind === LOWER
    let code = first
    let changes = 0
    let hasVowel = false
    let capitals = 0
    if (isWord) {
      for (; at < text.length && kindOf(code = text.charCodeAt(at)) === UPPER; at++) hasVowel ||= isVowel(code)
      capitals = at - start
      for (; at < text.length && kindOf(code = text.charCodeAt(at)) === LOWER; at++) hasVowel ||= isVowel(code)
    } else {
      while (++at < text.length) {
        const next = text.charCodeAt(at)
        if (next === code) continue
        if (kindOf(next) !== kind) break
        changes++
        code = next
      }
    }
    const size = at - start
    const after = at < text.length ? kindOf(text.charCodeAt(at)) : BREAK

    if (isWord || kind === DIGIT) {
      length += size
      runs++
      sum += isWord ? wordWeight(size, capitals, hasVowel, before) : Math.ceil(size / 3)
      before = kind
      continue
    }
    sum += scrambled(length, runs)
    length = runs = 0
    const isJoined = kind === MARK && size === 1 && before !== SPACE && (after === UPPER || after === LOWER)
    switch (kind) {
      case BREAK:
        // A line break is one token with the blanks or marks before it.
        sum += before === MARK ? 0.1 : before === SPACE ? 0 : 1
        break
      case SPACE:
        // The last space is one token with the word or mark after it, but not with a digit.
        sum += (size > 1 ? 1 : 0) + (after === DIGIT || after === BREAK || code === 9 ? 1 : 0)
        break
      case MARK:
        if (!isJoined) sum += marksWeight(size, changes)
        break
      case LETTER:
        sum += 0.4 + 0.4 * size
        break
      case CJK:
        sum += 0.2 + 0.8 * size
        break
      default:
        sum += 1.3 * size
    }
    before = kind === MARK && !isJoined && after !== BREAK ? SYMBOL : kind
  }
  return sum + scrambled(length, runs)
}

/** Longest content of a unit. */
export const MAX_CONTENT_TOKENS = 400

/** Converts a weight to tokens; sums of the same weights in another order give the same. */
export const tokensOf = (weight: number): number => Math.max(0, Math.ceil(SAFETY * weight - 1e-6))

/** Estimates the tokens of a text, at least 0. */
export const estimate = (text: string): number => tokensOf(weigh(text))

/**
 * Groups items, in their order, into batches of at most `tokens` tokens and `maxItems` items. An item of more than
 * `tokens` has a batch of its own.
 */
export const batchesOf = <A>(
  items: ReadonlyArray<A>,
  tokensOf: (item: A) => number,
  tokens: number,
  maxItems = Number.POSITIVE_INFINITY
): ReadonlyArray<ReadonlyArray<A>> => {
  const batches: Array<Array<A>> = []
  let size = 0
  for (const item of items) {
    const more = tokensOf(item)
    const last = batches.at(-1)
    if (last === undefined || last.length >= maxItems || size + more > tokens) {
      batches.push([item])
      size = more
    } else {
      last.push(item)
      size += more
    }
  }
  return batches
}

const isHighSurrogate = (code: number) => code >= 0xd800 && code <= 0xdbff

/** Returns the longest prefix within `tokens` and `chars` (UTF-16 units); never splits a surrogate pair. */
export const truncate = (text: string, tokens: number, chars: number): string => {
  if (text.length <= chars && estimate(text) <= tokens) return text
  let low = 0
  let high = Math.min(text.length, Math.max(0, Math.floor(chars)))
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (estimate(text.slice(0, middle)) <= tokens) low = middle
    else high = middle - 1
  }
  return text.slice(0, low > 0 && isHighSurrogate(text.charCodeAt(low - 1)) ? low - 1 : low)
}
