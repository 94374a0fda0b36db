/**
 * Makes the two scripts of Chinese one: Traditional, written in Taiwan and Hong Kong, and Simplified. A character becomes one character, so
 * that places in a text stay the same. Words are left as they are: those of Taiwan are in the glossary.
 */
import characters from "opencc-js/dict/TSCharacters"

const FIRST = 0x4e00
const LAST = 0x9fff
const HAN = /[\u4e00-\u9fff]/
const HAN_RUN = /[\u4e00-\u9fff]+/g

/** What the table of OpenCC leaves to words, or to a variant of the character. */
const MORE = "著 着|祕 秘|祇 只|妳 你"

/** Characters that are another one's variant before a third alone: 甚麼, but 甚至. */
const IN_WORDS = ["甚什么", "瞭了解"]

let simplifiedOf: Uint16Array | undefined

// Made on first use, since most texts are English.
const tableOf = (): Uint16Array => {
  const table = Uint16Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i)
  for (const pair of `${characters}|${MORE}`.split("|")) {
    // Rarer characters take two UTF-16 units.
    if (pair.length === 3 && HAN.test(pair[0]!)) table[pair.charCodeAt(0) - FIRST] = pair.charCodeAt(2)
  }
  return table
}

/** Returns a text in Simplified characters, of the same length. */
export const simplified = (text: string): string => {
  if (!HAN.test(text)) return text
  const table = simplifiedOf ??= tableOf()
  const mapped = text.replace(HAN_RUN, (run) => {
    let made = ""
    for (let i = 0; i < run.length; i++) made += String.fromCharCode(table[run.charCodeAt(i) - FIRST]!)
    return made
  })
  return IN_WORDS.reduce((text, [variant, as, next]) => text.replaceAll(`${variant}${next}`, `${as}${next}`), mapped)
}

let traditionalOf: ReadonlyMap<string, string> | undefined

const variants = (): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  ;(simplifiedOf ??= tableOf()).forEach((code, i) => {
    const character = String.fromCharCode(code)
    if (code !== FIRST + i) found.set(character, (found.get(character) ?? "") + String.fromCharCode(FIRST + i))
  })
  return found
}

/** Returns an expression that is written in Simplified characters and matches Traditional ones too. */
export const inBothScripts = ({ flags, source }: RegExp): RegExp => {
  const known = traditionalOf ??= variants()
  let isInClass = false
  return new RegExp(
    IN_WORDS.reduce(
      (source, [variant, as, next]) => source.replaceAll(`${as}${next}`, `[${as}${variant}]${next}`),
      source
    ).replace(/\\.|[[\]\u4e00-\u9fff]/gu, (each) => {
      if (each === "[" || each === "]") isInClass = each === "["
      const others = known.get(each)
      return others === undefined ? each : isInClass ? each + others : `[${each}${others}]`
    }),
    flags
  )
}
