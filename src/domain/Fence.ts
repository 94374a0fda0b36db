/**
 * The fence around the text that is injected for Claude, which keeps this text from being captured again. Pure, and
 * without Effect, since the hook's entry writes it too.
 */

/** Longest hook output, in UTF-16 units: Claude Code moves a longer one to a file. */
export const MAX_HOOK_CHARS = 9_500

export const FENCE_OPEN = "<claude-memory>"
export const FENCE_CLOSE = "</claude-memory>"

/** Characters that nobody sees and a model reads: controls, marks of direction, tags. */
export const UNSEEN = /(?![\t\n\r])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu

/** A sign that is read as "<", what may stand between it and a name, and the name with what it goes on with. */
const TAG =
  /[<\uff1c\ufe64]([\s\p{Cf}\p{M}\\/\uff0f!?"'`$*=~|.+#-]*)((?:[^\s!-,/;-@[-^`{-~\u2039\uff1c\ufe64]|\ufeff)+)/gu

/** Elements of pages, whose tags speak for nobody. */
const ELEMENTS = new Set(
  ("a abbr address article aside audio b blockquote body br button canvas caption cite code col dd del details dfn dialog div dl dt em " +
    "embed fieldset figcaption figure footer form g h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label legend li " +
    "link main mark meta nav noscript object ol optgroup option p param path picture pre q rect s samp script section select slot " +
    "small source span strong style sub sup svg table tbody td template textarea tfoot th thead time title tr track u ul var video wbr")
    .split(" ")
)
/** Beginnings of the names of tags by which Claude's client, a model's interface or a person speaks. */
const SPEAKING =
  /^(?:sys|claude|user|human|assistant|developer|tool|function|invoke|antml|hook|reminder|memory|prompt|command|channel|task|event|team|instruction|thinking|im(?:start|end))/
/** A component, or a type: code has these in angle brackets. */
const CAPITALIZED = /^[A-Z][A-Za-z0-9.]*$/
const ARGUMENT = /^[a-z][A-Za-z0-9]*$/
const WORD = /[A-Za-z0-9_\])]/

const mayStay = (between: string, name: string, before: string): boolean => {
  const letters = name.normalize("NFKD").replace(/[^\p{L}]/gu, "").toLowerCase()
  if (SPEAKING.test(letters) || between.startsWith("|") || /[^\x20-\x7e]/.test(name + between.replace(/\s/g, ""))) {
    return false
  }
  // After a blank it is a sign of comparison, unless the name speaks.
  if (/\s/.test(between) || /^[-0-9.][A-Za-z0-9.]*$/.test(name)) return true
  return ELEMENTS.has(name.toLowerCase()) || CAPITALIZED.test(name) || WORD.test(before) && ARGUMENT.test(name)
}

/**
 * Matches a text that has neither: of the letters, digits and signs of ASCII but "<", and Chinese and Japanese. It spares most texts
 * the two patterns above, whose compilation takes longer than all else of a session's start.
 */
const HARMLESS = /^[\t\n\r\x20-\x3b\x3d-\x7e\u2026\u3001-\u30ff\u4e00-\u9fff]*$/

/**
 * Escapes each "<" of a memory's text before what Claude might take for a tag of its client's, or for its end: the text
 * can neither open nor close the fence, nor speak as the system. "<" stays where it is known to be harmless: before the
 * elements of pages, components and types of code, and in comparisons. Removes characters that nobody sees.
 */
export const defuse = (text: string): string => {
  if (HARMLESS.test(text)) return text
  const seen = text.replace(UNSEEN, "")
  return seen.replace(
    TAG,
    (match, between: string, name: string, at: number) =>
      mayStay(between, name, seen[at - 1] ?? "") ? match : `\u2039${match.slice(1)}`
  )
}

/** Puts `body`, which must be defused, inside the fence. */
export const fence = (body: string): string => `${FENCE_OPEN}\n${body}\n${FENCE_CLOSE}`

/** Removes each passage from a match of `begin` to the next `end`; removes nothing without an end. Linear. */
export const removePassages = (text: string, begin: RegExp, end: string): string => {
  const pattern = new RegExp(begin.source, "g")
  let kept = ""
  for (let from = 0;;) {
    pattern.lastIndex = from
    const found = pattern.exec(text)
    const at = found === null ? -1 : text.indexOf(end, pattern.lastIndex)
    if (found === null || at < 0) return from === 0 ? text : kept + text.slice(from)
    kept += text.slice(from, found.index)
    from = at + end.length
  }
}

/** Removes all injected passages. */
export const stripFence = (text: string): string => removePassages(text, /<claude-memory\b[^>]{0,200}>/, FENCE_CLOSE)
