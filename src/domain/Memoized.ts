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
