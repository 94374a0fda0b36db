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

/** Beginnings of the names of tags by which Claude's client, a model's interface or a person speaks. */
const SPEAKING =
  /^(?:sys|claude|user|human|assistant|developer|tool|function|invoke|antml|hook|reminder|memory|prompt|command|channel|task|event|team|instruction|thinking|env$|im(?:start|end))/
/** A placeholder, an element, a component, a type, or a number. */
const PLAIN = /^[-A-Za-z0-9.][A-Za-z0-9.]*$/

const mayStay = (between: string, name: string): boolean => {
  const letters = name.normalize("NFKD").replace(/[^\p{L}]/gu, "").toLowerCase()
  if (SPEAKING.test(letters) || between.startsWith("|") || /[^\x20-\x7e]/.test(name + between.replace(/\s/g, ""))) {
    return false
  }
  // After a blank it is a sign of comparison, unless the name speaks.
  return /\s/.test(between) || PLAIN.test(name)
}

/**
 * Matches a text that has neither: of the letters, digits and signs of ASCII but "<", and Chinese and Japanese. It spares most texts
 * the two patterns above, whose compilation takes longer than all else of a session's start.
 */
const HARMLESS = /^[\t\n\r\x20-\x3b\x3d-\x7e\u2026\u3001-\u30ff\u4e00-\u9fff]*$/

/**
 * Escapes each "<" of a memory's text before what Claude might take for a tag of its client's, or for its end: the text
 * can neither open nor close the fence, nor speak as the system. "<" stays where it is known to be harmless: before
 * names of letters, digits and dots that speak for nobody, and in comparisons. Removes characters that nobody sees.
 */
export const defuse = (text: string): string => {
  if (HARMLESS.test(text)) return text
  const seen = text.replace(UNSEEN, "")
  return seen.replace(
    TAG,
    (match, between: string, name: string) => mayStay(between, name) ? match : `\u2039${match.slice(1)}`
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
