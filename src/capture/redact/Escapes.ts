/**
 * Finds secrets in text that is escaped: percent-encoded as in a URL, or with `\u` and `\x` escapes as in JSON and
 * JavaScript. The rules run once more over what stands around the escapes, decoded.
 */
import { matchesIn } from "../../domain/Matches.ts"
import { lastAtMost } from "./LineBreaks.ts"
import type { Finding } from "./Secretlint.ts"

/** A run of percent escapes, which may encode one character, or one other escape. */
const ESCAPES = /(?:%[0-9A-Fa-f]{2})+|\\{1,16}(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))/g
/** Characters of its line before and after an escape that the rules see, or more, up to a blank. */
const AROUND = 256
const MAX_AFTER = 2_048
/** Most times that a text is decoded: a URL within the query of a URL within another one. */
const MAX_LEVELS = 3

/** A text, and for each of its UTF-16 units, and for its end, the index in the content from which it was decoded. */
interface Decoded {
  readonly text: string
  readonly origins: Uint32Array
}

/** Decodes one character of UTF-8; a byte that begins none is a character of Latin-1. */
const characterAt = (
  bytes: ReadonlyArray<number>,
  at: number
): { readonly character: string; readonly length: number } => {
  const first = bytes[at]!
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1
  const rest = bytes.slice(at + 1, at + length)
  const isWhole = first < 0xf5 && rest.length === length - 1 && rest.every((byte) => byte >> 6 === 0b10)
  const code = rest.reduce((code, byte) => (code << 6) | (byte & 0x3f), first & (0xff >> (length + 1)))
  return length > 1 && isWhole && code < 0x11_0000
    ? { character: String.fromCodePoint(code), length }
    : { character: String.fromCharCode(first), length: 1 }
}

/** Decodes all escapes once. */
const decode = ({ origins, text }: Decoded): Decoded => {
  const parts: Array<string> = []
  const decoded = new Uint32Array(text.length + 1)
  let size = 0
  let from = 0
  const copy = (to: number) => {
    parts.push(text.slice(from, to))
    decoded.set(origins.subarray(from, to), size)
    size += to - from
  }
  const add = (character: string, index: number) => {
    parts.push(character)
    for (let i = 0; i < character.length; i++) decoded[size++] = origins[index]!
  }
  for (const { 0: match, 1: unit, 2: byte, index } of matchesIn(text, ESCAPES)) {
    copy(index)
    from = index + match.length
    const code = unit ?? byte
    if (code === undefined) {
      const bytes = match.slice(1).split("%").map((byte) => parseInt(byte, 16))
      for (let at = 0; at < bytes.length;) {
        const { character, length } = characterAt(bytes, at)
        add(character, index + 3 * at)
        at += length
      }
    } else add(String.fromCharCode(parseInt(code, 16)), index)
  }
  copy(text.length)
  decoded[size] = origins[text.length]!
  return { text: parts.join(""), origins: decoded.subarray(0, size + 1) }
}

interface Window {
  readonly start: number
  readonly end: number
}

/** Returns the text around escapes that are near to each other: parts of lines, in whole words. */
const windowsIn = (content: string): ReadonlyArray<Window> => {
  const windows: Array<Window> = []
  let group: Window | undefined
  const close = () => {
    if (group === undefined) return
    const before = content.slice(Math.max(windows.at(-1)?.end ?? 0, group.start - AROUND), group.start)
    const line = before.lastIndexOf("\n") + 1
    const word = line === 0 && before.length === AROUND ? before.search(/\s/) + 1 : line
    const after = content.slice(group.end, group.end + MAX_AFTER)
    const rest = /^[^\n]{0,256}\S*/.exec(after)![0].length
    windows.push({ start: group.start - before.length + word, end: group.end + rest })
  }
  for (const { 0: match, index } of matchesIn(content, ESCAPES)) {
    const end = index + match.length
    if (group !== undefined && index - group.end <= AROUND) {
      group = { ...group, end }
      continue
    }
    close()
    group = { start: index, end }
  }
  close()
  return windows
}

/** Returns a window decoded once, and again while it has escapes. */
const decodings = (content: string, { end, start }: Window): ReadonlyArray<Decoded> => {
  const levels: Array<Decoded> = []
  let last: Decoded = {
    text: content.slice(start, end),
    origins: Uint32Array.from({ length: end - start + 1 }, (_, i) => start + i)
  }
  while (levels.length < MAX_LEVELS && last.text.search(ESCAPES) !== -1) {
    last = decode(last)
    levels.push(last)
  }
  return levels
}

/** Finds with `rules` what the decoded windows hold. `separator` keeps the rules from matching across two of them. */
export const findings = async (
  content: string,
  separator: string,
  rules: (text: string) => Promise<ReadonlyArray<Finding>>
): Promise<ReadonlyArray<Finding>> => {
  if (content.search(ESCAPES) === -1) return []
  const all = windowsIn(content).flatMap((window) => decodings(content, window))
  const starts: Array<number> = []
  let size = 0
  for (const { text } of all) {
    starts.push(size)
    size += text.length + separator.length
  }
  const found = await rules(all.map(({ text }) => text).join(separator))
  return found.flatMap(({ end, kind, start }): ReadonlyArray<Finding> => {
    const at = lastAtMost(starts, start)
    const { origins, text } = all[at]!
    const [from, to] = [start - starts[at]!, Math.min(end - starts[at]!, text.length)]
    return from < to ? [{ start: origins[from]!, end: origins[to]!, kind }] : []
  })
}
