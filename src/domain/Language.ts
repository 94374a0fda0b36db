/**
 * The language of a text, as far as its letters tell it.
 */

const CJK = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g
const KANA = /[\u3041-\u3096\u30a1-\u30fa]/g
const HANGUL = /[\uac00-\ud7af]/g
const CODE = /`[^`\n]*`|[\w@.~-]*[/\\_][\w@./\\-]*|\b\w*(?:[a-z][A-Z]|\d)\w*\b/g

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

/** Of the letters of prose, those of Chinese, Japanese and Korean; each is worth some three Latin ones. */
const cjkShare = (text: string): number => {
  const prose = text.replace(CODE, " ")
  const cjk = 3.3 * count(prose, CJK)
  const latin = count(prose, /[A-Za-z]/g)
  return cjk + latin === 0 ? 0 : cjk / (cjk + latin)
}

/** Above this share a text is in one of the three; a text in them has at least `LEAST_CJK`, for names and terms are Latin. */
const MOST_LATIN = 0.3
const LEAST_CJK = 0.15

/** Whether a reader of `said` reads `written` too. */
export const isReadable = (written: string, said: string): boolean => {
  const [own, theirs] = [cjkShare(written), cjkShare(said)]
  return !((theirs > MOST_LATIN && own < LEAST_CJK) || (theirs < 0.05 && own > MOST_LATIN))
}

/** Those of one script are not told apart: `other` is English, and German too. */
export type Language = "Chinese" | "Japanese" | "Korean" | "other"

export const languageOf = (text: string): Language => {
  if (cjkShare(text) <= MOST_LATIN) return "other"
  // A Chinese text may name a Japanese thing.
  const isMuch = (letters: RegExp) => 4 * count(text, letters) > count(text, CJK)
  return isMuch(KANA) ? "Japanese" : isMuch(HANGUL) ? "Korean" : "Chinese"
}

/** Whether a text may be one in this language. */
export const isIn = (text: string, language: Language): boolean =>
  language === "other" ? cjkShare(text) <= MOST_LATIN : cjkShare(text) >= LEAST_CJK
