/**
 * Detects the language of a text by its letters.
 */

const CJK = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g
const KANA = /[\u3041-\u3096\u30a1-\u30fa]/g
const HANGUL = /[\uac00-\ud7af]/g
const CODE = /`[^`\n]*`|[\w@.~-]*[/\\_][\w@./\\-]*|\b\w*(?:[a-z][A-Z]|\d)\w*\b/g

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

/** Returns the share, 0 to 1, of Chinese, Japanese and Korean letters in prose; each counts as 3.3 Latin letters. */
const cjkShare = (text: string): number => {
  const prose = text.replace(CODE, " ")
  const cjk = 3.3 * count(prose, CJK)
  const latin = count(prose, /[A-Za-z]/g)
  return cjk + latin === 0 ? 0 : cjk / (cjk + latin)
}

/**
 * Above `MOST_LATIN` a text counts as Chinese, Japanese or Korean. Such a text may have as little as `LEAST_CJK`, since
 * its names and terms are Latin.
 */
const MOST_LATIN = 0.3
const LEAST_CJK = 0.15

/** Tests whether `written` is in a script that the author of `said` reads. */
export const isReadable = (written: string, said: string): boolean => {
  const [own, theirs] = [cjkShare(written), cjkShare(said)]
  return !((theirs > MOST_LATIN && own < LEAST_CJK) || (theirs < 0.05 && own > MOST_LATIN))
}

/** Languages of one script are not distinguished: `other` is English, German and so on. */
export type Language = "Chinese" | "Japanese" | "Korean" | "other"

export const languageOf = (text: string): Language => {
  if (cjkShare(text) <= MOST_LATIN) return "other"
  // A few kana or hangul do not suffice: a Chinese text may contain a Japanese name.
  const isMuch = (letters: RegExp) => 4 * count(text, letters) > count(text, CJK)
  return isMuch(KANA) ? "Japanese" : isMuch(HANGUL) ? "Korean" : "Chinese"
}

/** Tests whether a text may be in this language. */
export const isIn = (text: string, language: Language): boolean =>
  language === "other" ? cjkShare(text) <= MOST_LATIN : cjkShare(text) >= LEAST_CJK
