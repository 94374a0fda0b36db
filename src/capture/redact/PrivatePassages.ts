/** Finds `<private>…</private>`, which marks passages that a person does not want remembered. */
import { matchesIn } from "../../domain/Matches.ts"
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
  readonly isQuoted: boolean
}

/** Tests whether the range stands between two equal quotes, escaped or not, or in a regular expression. */
const isQuoted = (text: string, start: number, end: number): boolean => {
  const before = text.charAt(start - 1)
  const after = /^\\{0,16}(.?)/.exec(text.slice(end, end + 17))?.[1]
  return (/["'`/]/.test(before) && before === after) || (before === "“" && after === "”")
}

const tagsIn = (text: string): ReadonlyArray<Tag> =>
  Array.from(matchesIn(text, tag), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
    isOpening: match[1] !== "/" && match[2] !== "/",
    isQuoted: isQuoted(text, match.index, match.index + match[0].length)
  }))

/** Matches what follows a tag that is only mentioned, as in "the <private> tag". */
const mention =
  /["'`]?[ -]?(?:tags?|blocks?|elements?|markers?|passages?|sections?|标签|標籤|标记|標記|[块塊])\b|["'`]?\s?(?:标签|標籤|标记|標記|[块塊])/y

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

/** Pairs each closing tag with the last tag before it that is still open. */
const paired = (tags: ReadonlyArray<Tag>) => {
  const opened: Array<Tag> = []
  const orphans: Array<Tag> = []
  const pairs: Array<readonly [Tag, Tag]> = []
  for (const each of tags) {
    if (each.isOpening) {
      opened.push(each)
      continue
    }
    const begin = opened.pop()
    if (begin === undefined) orphans.push(each)
    else pairs.push([begin, each])
  }
  return { opened, orphans, pairs }
}

/** Tests whether a passage has content: more than an ellipsis or, with a quoted tag, than the punctuation of a list of tags. */
const hasContent = (text: string, [begin, end]: readonly [Tag, Tag]): boolean =>
  (begin.isQuoted || end.isQuoted ? /[^\s\p{P}`|]/u : /[^\s.…]/).test(text.slice(begin.end, end.start))

const passagesIn = (text: string): Passages => {
  const tags = tagsIn(text)
  const { opened, orphans, pairs } = paired(tags.filter(({ isQuoted }) => !isQuoted))
  // Quotes also stand around a passage and at the ends of its words, as in JSON: only a quoted tag without a counterpart is a mention.
  const unpaired = new Set([...opened, ...orphans])
  const quoted = paired(tags.filter((each) => each.isQuoted || unpaired.has(each))).pairs
  return {
    closed: [...pairs, ...quoted].filter((pair) => hasContent(text, pair))
      .map(([begin, end]) => ({ start: begin.start, end: end.end, kind: "private" })),
    open: opened.find((each) => !isMention(text, each))?.start ?? -1,
    orphan: orphans.at(-1)?.end ?? -1
  }
}

/** Number of later texts in which a passage's closing tag is looked for: a message's blocks are separate texts. */
const REACH = 16

/**
 * Finds private passages. A passage that nothing closes reaches to the end of its text or, if one of the next `REACH`
 * texts closes it, through all texts up to that tag. A tag in quotes or backticks counts only with a counterpart in its
 * text, and an unclosed tag that a text only mentions opens nothing. Passages may overlap in the result.
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
