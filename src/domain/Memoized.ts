/** Copies a text: V8 keeps a long text in memory for a part of it that is longer than 12 characters. */
const copyOf = (text: string): string => text.length > 12 ? Buffer.from(text, "utf16le").toString("utf16le") : text

/**
 * Memoizes a function of words, which are parts of long texts, by copies of them. Words longer than `maxLength`, and those
 * for which it returns undefined, are not cached; the cache is emptied when it holds `maxEntries` entries.
 */
export const memoizedByWord = <A>(
  of: (word: string) => A,
  maxLength: number,
  maxEntries: number
): (word: string) => A => {
  const known = new Map<string, A>()
  return (word) => {
    if (word.length > maxLength) return of(word)
    const before = known.get(word)
    if (before !== undefined) return before
    const copy = copyOf(word)
    const made = of(copy)
    if (made === undefined) return made
    if (known.size >= maxEntries) known.clear()
    known.set(copy, made)
    return made
  }
}

/**
 * Memoizes a function of a text, for texts that are analysed again and again. Texts longer than `maxLength` are not
 * cached; the cache is emptied when it holds `maxEntries` entries.
 */
export const memoized = <A>(of: (text: string) => A, maxLength = 1_000, maxEntries = 1_500): (text: string) => A => {
  const known = new Map<string, A>()
  return (text) => {
    if (text.length > maxLength) return of(text)
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size >= maxEntries) known.clear()
    const made = of(text)
    known.set(text, made)
    return made
  }
}
