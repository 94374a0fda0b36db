/**
 * Tells the letters of Chinese, Japanese and Korean from others.
 */

export const IS_CJK = /[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]/u

/** Letters of Chinese and Japanese, which stand without blanks between words. */
export const IS_UNSPACED = /[\u3041-\u30ff\u3400-\u9fff]/u
const UNSPACED = new RegExp(IS_UNSPACED, "gu")

export const countUnspaced = (text: string): number => text.match(UNSPACED)?.length ?? 0
