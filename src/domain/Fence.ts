/**
 * The fence around the text that is injected for Claude, which keeps this text from being captured again. Pure, and
 * without Effect, since the hook's entry writes it too.
 */

/** Longest hook output, in UTF-16 units: Claude Code moves a longer one to a file. */
export const MAX_HOOK_CHARS = 9_500

export const FENCE_OPEN = "<claude-memory>"
export const FENCE_CLOSE = "</claude-memory>"

/** Escapes the fence's tags in a memory's text, so that the text can neither open nor close the fence. */
export const defuse = (text: string): string => text.replace(/<(\/?)(claude-memory)/gi, "\u2039$1$2")

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
