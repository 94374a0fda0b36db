/**
 * Detects the language of a text by its letters.
 */
import { IS_CJK } from "./Cjk.ts"

const CJK = new RegExp(IS_CJK, "gu")
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
 * Above `CJK_FROM` a text counts as Chinese, Japanese or Korean. Such a text may have as little as `MIN_CJK`, since
 * its names and terms are Latin.
 */
const CJK_FROM = 0.3
const MIN_CJK = 0.15

/** Tests whether `text` is in a script that the author of `reference` reads. */
export const isReadable = (text: string, reference: string): boolean => {
  const [own, theirs] = [cjkShare(text), cjkShare(reference)]
  return !((theirs > CJK_FROM && own < MIN_CJK) || (theirs < 0.05 && own > CJK_FROM))
}

/** Languages of one script are not distinguished: `other` is English, German and so on. */
export type Language = "Chinese" | "Japanese" | "Korean" | "other"

export const languageOf = (text: string): Language => {
  if (cjkShare(text) <= CJK_FROM) return "other"
  // A few kana or hangul do not suffice: a Chinese text may contain a Japanese name.
  const isFrequent = (letters: RegExp) => 4 * count(text, letters) > count(text, CJK)
  return isFrequent(KANA) ? "Japanese" : isFrequent(HANGUL) ? "Korean" : "Chinese"
}

/** Tests whether a text may be in this language. */
export const mayBeIn = (text: string, language: Language): boolean =>
  language === "other" ? cjkShare(text) <= CJK_FROM : cjkShare(text) >= MIN_CJK
