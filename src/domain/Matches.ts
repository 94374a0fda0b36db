/**
 * Finds all matches of a regular expression, as `String.matchAll` does. That makes a copy of the expression at each call, which V8 compiles
 * again once its cache has forgotten the source, and without optimizing it in a process that has compiled a megabyte of such code: a server
 * that had read some sessions would search all later ones for secrets ten times more slowly.
 */

/** Yields the matches of a global pattern in their order. */
export function* matchesIn(text: string, pattern: RegExp): Generator<RegExpExecArray, void, undefined> {
  for (let next = 0;;) {
    pattern.lastIndex = next
    const match = pattern.exec(text)
    if (match === null) return
    next = pattern.lastIndex
    if (match[0] === "") next += (text.codePointAt(next) ?? 0) > 0xffff ? 2 : 1
    pattern.lastIndex = 0
    yield match
  }
}
