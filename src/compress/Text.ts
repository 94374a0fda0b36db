/**
 * Cutting text where a reader would.
 */

const isLowSurrogate = (code: number) => code >= 0xdc00 && code <= 0xdfff

/** The last good place to cut at or before `limit`: after a paragraph, a line, a sentence, a word; else anywhere. */
const cutAt = (text: string, limit: number): number => {
  const head = text.slice(0, limit)
  const least = limit * 0.4
  for (const pattern of ["\n\n", "\n"]) {
    const at = head.lastIndexOf(pattern)
    if (at > least) return at + pattern.length
  }
  const sentence = Math.max(...[". ", "! ", "? ", "; ", "。", "！", "？", "；"].map((end) => {
    const at = head.lastIndexOf(end)
    return at < 0 ? -1 : at + end.length
  }))
  if (sentence > least) return sentence
  const space = head.lastIndexOf(" ")
  if (space > least) return space + 1
  return isLowSurrogate(text.charCodeAt(limit)) ? Math.max(1, limit - 1) : limit
}

/** Of the first character, in UTF-16 units. */
const firstLength = (text: string): number => (text.codePointAt(0)! > 0xffff ? 2 : 1)

/**
 * Cuts a text into pieces of at most `length` characters for which `fits` holds; nothing but white space around the cuts is
 * lost. A piece of one character is given even when it is too long or does not fit.
 */
export const pieces = (text: string, length: number, fits: (piece: string) => boolean): ReadonlyArray<string> => {
  const out: Array<string> = []
  let rest = text.trim()
  while (rest !== "") {
    const least = firstLength(rest)
    let end = rest.length <= length ? rest.length : Math.max(least, cutAt(rest, length))
    while (end > least && !fits(rest.slice(0, end).trimEnd())) {
      end = Math.max(least, cutAt(rest, Math.max(1, Math.floor(end * 0.8))))
    }
    out.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  return out
}

const SALIENT =
  /(error|exception)s?\b|\b(fail(ed|ure|s)?|panic(ked)?|warning|cannot|can't|not found|denied|undefined|expected|passed|assert\w*|exit code)\b|错误|失败|异常|✗|✓/i

/** "TypeError" too. */
const FAILURE =
  /(error|exception)\b|\b(fail(ed|ure)?|panicked|cannot|can't|not found|denied|no such|refused|fatal)\b|错误|失败|异常/i

/** The lines of a tool's output worth keeping, in order: its head and tail, and what looks like an outcome between them. */
export const salient = (text: string, length: number): string => {
  if (text.length <= length) return text
  const lines = text.split("\n").map((line) =>
    line.length > 300 ? `${line.slice(0, 300).replace(/[\ud800-\udbff]$/, "")}…` : line
  )
  const kept = new Set<number>()
  let room = length
  const keep = (i: number) => {
    const size = (lines[i]?.length ?? 0) + 1
    if (kept.has(i) || size > room) return
    kept.add(i)
    room -= size
  }
  for (let i = 0, end = room * 0.5; i < lines.length && room > end; i++) keep(i)
  for (let i = lines.length - 1, end = room * 0.5; i >= 0 && room > end; i--) keep(i)
  lines.forEach((line, i) => {
    if (SALIENT.test(line)) keep(i)
  })
  return [...kept].sort((a, b) => a - b).map((i) => lines[i]).join("\n")
}

/** The line of an output that says what went wrong: the first that looks like it, else the first with a word in it. */
export const headline = (text: string): string => {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => /\p{L}{3}/u.test(line))
  return lines.find((line) => FAILURE.test(line)) ?? lines[0] ?? text
}

/** The first sentence, at most `length` characters, without Markdown's marks. */
export const firstSentence = (text: string, length: number): string => {
  const plain = text.replace(/^[\s#>*`-]+/, "").replace(/\*\*/g, "")
  const end = /[.!?](?=\s)|[。！？]|\n/.exec(plain)
  const sentence = end === null ? plain : plain.slice(0, end.index + (end[0] === "\n" ? 0 : 1))
  return gist(sentence, length)
}

/** One line of at most `length` characters, ended by "…" when something was left out. */
export const gist = (text: string, length: number): string => {
  const line = text.replace(/\s+/g, " ").trim()
  if (line.length <= length) return line
  const head = line.slice(0, length - 1)
  const space = head.lastIndexOf(" ")
  return `${
    (space > length * 0.6
      ? head.slice(0, space)
      : isLowSurrogate(line.charCodeAt(length - 1))
      ? head.slice(0, -1)
      : head).trimEnd()
  }…`
}
