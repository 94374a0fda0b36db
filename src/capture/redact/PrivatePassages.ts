/** Finds `<private>…</private>`, which marks passages that a person does not want remembered. */
import type { Finding } from "./Secretlint.ts"

/** Matches tags with attributes too; neither the `<Private>` of a generic type nor a placeholder (`<private key>`). */
const tag = new RegExp(
  "(?:<|\\\\u003c)\\s?(/?)\\s?(?:private|PRIVATE)(?:\\s[\\w-]{1,40}=[^<>\\n]{0,80})?\\s?(?:>|\\\\u003e)" +
    "|(?<!\\w)<(/?)Private>",
  "g"
)

interface Tag {
  readonly start: number
  readonly end: number
  readonly isOpening: boolean
}

/** Tests whether the range stands between two equal quotes, escaped or not, or in a regular expression. */
const isQuoted = (text: string, start: number, end: number): boolean => {
  const before = text.charAt(start - 1)
  const after = /^\\{0,16}(.?)/.exec(text.slice(end, end + 17))?.[1]
  return (/["'`/]/.test(before) && before === after) || (before === "“" && after === "”")
}

const tagsIn = (text: string): ReadonlyArray<Tag> =>
  Array.from(text.matchAll(tag), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
    isOpening: match[1] !== "/" && match[2] !== "/"
  })).filter(({ end, start }) => !isQuoted(text, start, end))

/** Matches what follows a tag that is only mentioned, as in "the <private> tag". */
const mention =
  /["'`]?[ -]?(?:tags?|blocks?|elements?|markers?|passages?|sections?|标签|标记|块)\b|["'`]?\s?(?:标签|标记|块)/y

const isMention = (text: string, { end, start }: Tag): boolean => {
  mention.lastIndex = end
  return mention.test(text) || text.startsWith("<Private>", start)
}

interface Passages {
  readonly closed: ReadonlyArray<Finding>
  /** Start of the first passage that nothing in the text closes, or -1. */
  readonly open: number
  /** End of the last tag that closes nothing in the text, or -1. */
  readonly orphan: number
}

const passagesIn = (text: string): Passages => {
  const opened: Array<Tag> = []
  const closed: Array<Finding> = []
  let orphan = -1
  for (const each of tagsIn(text)) {
    if (each.isOpening) {
      opened.push(each)
      continue
    }
    const begin = opened.pop()
    if (begin === undefined) orphan = each.end
    else if (/[^\s.…]/.test(text.slice(begin.end, each.start))) {
      closed.push({ start: begin.start, end: each.end, kind: "private" })
    }
  }
  return { closed, open: opened.find((each) => !isMention(text, each))?.start ?? -1, orphan }
}

/** Number of later texts in which a passage's closing tag is looked for: a message's blocks are separate texts. */
const REACH = 16

/**
 * Finds private passages. A passage that nothing closes reaches to the end of its text or, if one of the next `REACH`
 * texts closes it, through all texts up to that tag. A tag in quotes or backticks is ignored, and an unclosed tag that
 * a text only mentions opens nothing. Nested passages overlap in the result.
 *
 * @param starts index at which each text begins in the joined text, to which the ranges of the findings refer
 */
export const findings = (
  texts: ReadonlyArray<string>,
  starts: ReadonlyArray<number>
): ReadonlyArray<Finding> => {
  // Checked first, since hardly any text has a tag.
  if (!texts.some((text) => text.search(tag) !== -1)) return []
  const found: Array<Finding> = []
  const all = texts.map(passagesIn)
  for (const [index, { closed, open }] of all.entries()) {
    const start = starts[index] ?? 0
    for (const each of closed) found.push({ ...each, start: start + each.start, end: start + each.end })
    if (open === -1) continue
    const until = all.slice(index + 1, index + 1 + REACH).findIndex(({ orphan }) => orphan !== -1)
    const closing = until === -1 ? undefined : index + 1 + until
    found.push({
      start: start + open,
      end: closing === undefined
        ? start + (texts[index] ?? "").length
        : (starts[closing] ?? 0) + (all[closing]?.orphan ?? 0),
      kind: "private"
    })
  }
  return found
}
