/**
 * Parses Markdown prose in English and Chinese into lines and sentences, and recognizes sentences without content.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK, IS_UNSPACED } from "../../domain/Cjk.ts"
import { isLeftOut } from "../../domain/Conversation.ts"
import { matchesIn } from "../../domain/Matches.ts"
import { memoized } from "../../domain/Memoized.ts"

export type LineKind = "prose" | "item" | "heading" | "code" | "table"

export interface Line {
  readonly kind: LineKind
  readonly text: string
}

const FENCE = /^\s*(```|~~~)/
const HEADING = /^\s{0,3}#{1,6}\s+\S/
/** A line that is bold from end to end serves as a heading, too. */
const BOLD_HEADING = /^\s{0,3}(?:\*\*|__)[^*_].{0,78}(?:\*\*|__):?\s*$/
const ITEM = /^\s*(?:[-*+•]|\d{1,3}[.)、])\s+\S/
const TABLE = /^\s*\|.*\|\s*$/

/** "**1. Fixed the unused variable**" is a list item in bold, not a heading. */
const isBoldItem = (line: string): boolean => /^\s*\*\*\d{1,2}[.)]/u.test(line) && line.trim().split(/\s+/).length >= 4

/** True when a section may begin at this line. */
export const isHead = ({ kind, text }: Line): boolean => kind === "heading" || BOLD_HEADING.test(text)

const lastLine = (text: string) => text.slice(text.lastIndexOf("\n") + 1)

/** True when `line` was hard-wrapped: it is long and ends within a sentence, which `next` continues. */
const isWrapped = (line: string, next: string) =>
  line.length >= 50 && !/[.!?:;。！？：；]["'”’)*_`]*\s*$/u.test(line) && /^\s*[\p{Ll}(`"'“]/u.test(next)

/**
 * Returns the lines of a text that are not blank, with their kinds; a hard-wrapped paragraph is one line. What capture says that it left
 * out is none.
 */
export const linesOf = memoized(
  (text: string): ReadonlyArray<Line> => {
    const lines: Array<Line> = []
    let isCode = false
    for (const line of text.split("\n")) {
      if (isLeftOut(line)) continue
      if (FENCE.test(line)) {
        isCode = !isCode
        lines.push({ kind: "code", text: line })
        continue
      }
      if (isCode) {
        lines.push({ kind: "code", text: line })
        continue
      }
      if (line.trim() === "") continue
      const isBold = BOLD_HEADING.test(line) && line.length <= 60 && !isBoldItem(line)
      const kind = HEADING.test(line) || (isBold && !/[.!?。！？](?:\*\*|__)\s*$/u.test(line))
        ? "heading"
        : ITEM.test(line)
        ? "item"
        : TABLE.test(line)
        ? "table"
        : "prose"
      const last = lines.at(-1)
      if (
        kind === "prose" && last !== undefined && (last.kind === "prose" || last.kind === "item") &&
        isWrapped(lastLine(last.text), line)
      ) {
        lines[lines.length - 1] = { kind: last.kind, text: `${last.text}\n${line.trimEnd()}` }
      } else lines.push({ kind, text: line.trimEnd() })
    }
    return lines
  },
  20_000,
  64
)

/** Returns the smallest parts of a text that stay whole: a fence with its code, a table, else a line. */
export const blocksOf = (text: string): ReadonlyArray<Line> => {
  const blocks: Array<Line> = []
  let isOpen = false
  for (const line of linesOf(text)) {
    const isFence = line.kind === "code" && FENCE.test(line.text)
    const last = blocks.at(-1)
    const isWith = last !== undefined && last.kind === line.kind &&
      (line.kind === "code" ? isOpen : line.kind === "table")
    if (isWith) blocks[blocks.length - 1] = { kind: line.kind, text: `${last.text}\n${line.text}` }
    else blocks.push(line)
    if (isFence) isOpen = !isOpen
  }
  return blocks
}

/**
 * Matches the end of a sentence: a mark before white space, but not after an abbreviation or a list's number. A Chinese
 * mark needs no white space.
 */
const END =
  /(?<!(?:^|[\s("“])(?:e\.g|i\.e|vs|etc|cf|approx|incl|excl|resp|max|min|Dr|Mr|Mrs|Ms|St|No)|(?:^[\s*_]*|[.!?]\s)\d{1,3}|[.!?…])[.!?…]+["'”’)\]`*_]*(?=\s)|[。！？!?；]+|(?<=[\u4e00-\u9fff])\.+(?=[\u4e00-\u9fff`“「])/gu
/** Matches a mark behind a sentence: one that only closes, or one that opens as it closes. */
const CLOSER = /[”’）」』)\]]|(?<either>\*\*|__|["'`*_])/y

/**
 * Returns a function that tells whether a mark is open before a place, in the sentence that begins at `from`. No place may be before
 * the last one: each character is read once.
 */
const openMarks = (line: string, from: number) => {
  const open = new Set<string>()
  const toggle = (mark: string) => open.delete(mark) || open.add(mark)
  let read = from
  let isSecond = false
  return (mark: string, at: number): boolean => {
    for (; read < at; read++) {
      const character = line[read]!
      isSecond = !isSecond && read > from && (character === "*" || character === "_") && line[read - 1] === character
      toggle(character)
      if (isSecond) toggle(character + character)
    }
    return open.has(mark)
  }
}

/** Returns where a sentence ends whose last mark ends at `end`, with the marks behind it that close what it has opened. */
const closedAt = (line: string, end: number, isOpen: ReturnType<typeof openMarks>): number => {
  for (let at = end;;) {
    CLOSER.lastIndex = at
    const closer = CLOSER.exec(line)
    const either = closer?.groups?.["either"]
    if (closer === null || either !== undefined && !isOpen(either, at)) return at
    at += closer[0].length
  }
}

/** Splits a line into its sentences, in order; only the white space between them is lost. */
export const sentencesOf = memoized((line: string): ReadonlyArray<string> => {
  const out: Array<string> = []
  const lastTick = line.lastIndexOf("`")
  let from = 0
  let isOpen = openMarks(line, from)
  for (const { 0: mark, index } of matchesIn(line, END)) {
    const end = closedAt(line, index + mark.length, isOpen)
    // "!" and "?" belong to code or to a URL where neither white space nor Chinese is after them.
    if (/^[!?]/.test(mark) && end < line.length && !/\s/.test(line[end]!) && !IS_CJK.test(line[end]!)) continue
    // Code does not end a sentence: "`SELECT … FOR UPDATE` locks it".
    if (end <= lastTick && isOpen("`", end)) continue
    const sentence = line.slice(from, end).trim()
    if (sentence !== "") out.push(sentence)
    from = end
    isOpen = openMarks(line, from)
  }
  const rest = line.slice(from).trim()
  if (rest !== "") out.push(rest)
  return out
})

/** Joins sentences into one line, with a space between them except after a Chinese mark. */
export const joined = (sentences: ReadonlyArray<string>): string =>
  sentences.reduce(
    (line, sentence) => line + (line === "" || /[。！？；：]["”’」）*_`]*$/u.test(line) ? "" : " ") + sentence,
    ""
  )

/** Adds a full stop to a sentence that ends without a mark. */
export const withFullStop = (sentence: string): string =>
  /[.!?…。！？；;:：]["'”’)\]`]*$/u.test(sentence)
    ? sentence
    : `${sentence}${IS_UNSPACED.test(sentence.at(-1) ?? "") ? "。" : "."}`

/** Matches a bold text; "src/**" begins none. */
const BOLD = /(?<![\w/*.\\])\*\*(?=[^\s*/])(.{1,300}?)(?<=[^\s*/])\*\*(?![\w/*])/gu
const UNDERLINED = /(?<!\w)__(?=\S)(.{1,300}?)(?<=\S)__(?!\w)/gu
/** Matches the mark of a bold text whose other one is in another sentence; "**kwargs" is a name. */
const HALF_BOLD = /^\*\*(?=[^\s*/])(?![a-z_]\w*\b)|(?<=[^\s*/])\*\*(?=[\s.,:;!?，。：；！？]|$)/gu

/** Strips Markdown marks, list signs and pictographs, and returns the rest on one line. Names as `__init__` stay. */
export const plain = memoized((text: string): string =>
  text.replace(/^[\s>#]*(?:(?:[-*+•]|\d{1,3}[.)、])\s+)?(?:\[[ x]\]\s+)?/, "")
    .replace(BOLD, "$1")
    .replace(UNDERLINED, (all, inner: string) => /^[\w.]+$/.test(inner) ? all : inner)
    .replace(/(?:[\p{Extended_Pictographic}❯✓✗✔✘→]|\ufe0f|\u200d)+\s*/gu, "")
    .replace(HALF_BOLD, "")
    .replace(/\[([^[\]]{1,120})\]\([^)\s]{1,300}\)/g, "$1")
    .replace(/\s+/g, " ").trim()
)

const OPENERS = inBothScripts(
  /^(?:(?:but|however|ok(?:ay)?|alright|right|great|perfect|good|excellent|awesome|nice|wonderful|fantastic|yes|yeah|sure|now|next(?! time)|first|then|finally|so|and|also|oh|well|hmm|wait|ah|done|interesting|absolutely|certainly|of course|understood|got it|i see|好[的吧]?|嗯+|行吧?|对|可以的?|是的|没错|漂亮|不错|完美|太好了|那么?|现在|接下来|首先|然后|最后|没问题|当然|明白了?|了解|懂了|知道了|有道理|等等|哦|噢|对了|还有|顺便(?:[说问]一?下)?|(?:跟你)?说一?下)(?![\p{L}\p{N}])[\s,，.。!！:：—–-]*|(?:另外|对了)[\s,，:：]*)+/iu
)

/** Strips opening words without content ("Okay, so", "好的"). */
export const withoutOpeners = (sentence: string): string => sentence.replace(OPENERS, "")

/** Matches an announcement of Claude's next action, which is redundant because the action itself is recorded. */
const INTENTION = inBothScripts(
  /^(?:let me|let's|let us|i'll|i will|i'm going to|i am going to|i need to|i should|we need to|we'll|time to|going to|让我们?|(?:现在|接下来|然后)?我(?:来|先|会|将|需要|现在|再|去|马上|这就)|先来?|来|再)\s*(?:also |now |first |quickly |just |then |start by |begin by |try |to |again |continue |carefully |actually |go ahead and |先|再|来|去|看|一下|继续|并行)*\s*(?:check|look|see|focus|resolv|double-check|dive|dig|grab|pull|open|compar|make sure|consolidat|refactor|clarif|simplif|trac|read|examin|explor|search|find|verify|run|re-?run|test|try|view|inspect|review|list|get|start|begin|proceed|fetch|analy[sz]|investigat|confirm|understand|identif|creat|add|fix|updat|writ|implement|mak|commit|push|build|do|mark|mov|remov|delet|set up|clean|wait|apply|use the|launch|help|continue|take|gather|provide|show|know|think|address|finish|handl|stage|install|query|break|discover|查|看|检查|读|确认|运行|跑|试|搜|找|分析|修|改|写|加|创建|更新|添加|实现|处理|提交|执行|验证|测试|了解|帮)|^我(?:看|查|检查|确认|跑|试|搜|找|读)(?:一?下|看|一遍)/i
)

/** Matches a line that announces a tool call: "Now add the type to the port:". */
const ANNOUNCEMENT = inBothScripts(
  /^(?:(?:also |now |task \d+\b.{0,4}|step \d+\b.{0,4}|starting with |adding |updating |fixing |creating |checking )+.{0,120}|(?:add|updat|fix|creat|remov|implement|writ|verify|check|commit|run|test|try|stage)\w*\b.{0,120})[:：]$|^(?:现在|接下来|然后).{0,40}[:：]$|^starting (?:with|by)\b/i
)

/** Matches a purpose, a means or a source, which makes an announcement worth keeping. */
const PURPOSE =
  /.{30,}\b(?:to (?!the\b|do\b|see\b|understand\b|check\b|verify\b|find\b|make sure\b)|by |from )\w+|.{20,} [-–—] .{12,}/i
const LOOKING =
  /^(?:let me|let's|i'll|i will|i'm going to|i need to|i should|we need to|we'll)\s+(?:also |now |first |quickly |just |start by |begin by )*(?:check|look|see|read|examin|explor|search|find|verify|run|re-?run|test|try|view|inspect|review|list|get|start|begin|proceed|fetch|analy[sz]|investigat|confirm|understand|identif|continue|show|know|think)/i

/** Matches praise, thanks, apologies and offers to help. */
const COURTESY = inBothScripts(
  /^(?:you(?:['’]re| are) (?:absolutely |completely |totally |quite |not wrong|right|(?:very |most |always )?welcome\b)|my pleasure|(?:great|good|excellent|fair|nice|perfect|valuable|helpful) (?:feedback|review|question|catch|point|idea|choice|call|eye|find|finds|news)|i (?:apologi[sz]e|understand|see)\b|(?:my )?apolog(?:y|ies)|sorry|thank|thanks|thx|(?:have|enjoy) (?:a|an|your|the) (?:\w+ )?(?:day|evening|night|weekend|holiday|trip)\b|see you\b|(?:good ?)?bye\b|good ?night\b|happy to|glad|let me know|feel free|please let me|is there anything|if you (?:need|have|want|'d like)|hope (?:this|that)|here(?:'s| is| are)\b.{0,80}:$|this (?:looks|is) (?:great|good|perfect)|(?:looks|sounds) (?:great|good)|(?:that|this|it) works[.!]*$|will do|no problem|api error:|(?:很|真)?抱歉|对不起|不好意思|非常抱歉|谢谢|好问题|问得好|不客气|不用(?:谢|客气)|别客气|你说得对|您说得对|很好|太好了|如果(?:你|您)(?:还)?(?:有|需要)|请告诉我|有什么|辛苦了|晚安|早安|祝(?:你|您|玩|一切)|早点(?:休息|睡)|注意(?:休息|身体|安全|防暑|保暖)|哈哈|加油|恭喜|玩得|再见(?!到)|拜拜|周末(?:愉快|快乐)|路上小心|(?:明天|周一|回头)见(?=[，。,.！!\s]|$)|(?:收工|下班)(?:了|吧)?(?=[，。,.!！\s]|$)|(?:收到|没事)(?=[，。,.！!]|$))/i
)

/** Matches an apology that states the correction. */
const CORRECTION = inBothScripts(/^(?:(?:my )?apolog|sorry|.{0,3}抱歉|对不起|不好意思).*[\d`]/i)

/** Matches reasons, choices and findings, which make a sentence worth keeping however it begins. */
const SUBSTANCE = inBothScripts(
  /\b(?:because|since|instead|rather than|so that|due to|root cause|turns out|unless|although|decided|chose|breaks?|broke|missing|wrong|fails?|failed|bug|prefer|never|always|recommend|in order to)\b|因为|由于|所以|而不是|原因|否则|不然|导致|决定|建议|必须/i
)

/** Matches a report of success that does not name what succeeded. */
const CLOSING = inBothScripts(
  /^(?:done|fixed|pushed|committed|all (?:good|set|done)|working|ready|pushed successfully)\b[^\d`/]*$|^(?:已?(?:经)?\s?(?:完成|提交|推送|合并|发布|commit|push)|搞定|(?:改|修|弄|加|写|删|推|提交|合并)(?:好|完|掉|上去)?了)[了啦]?[^\d`/]{0,6}[。！!\s]*$/i
)

/** True for a sentence that announces Claude's next action, whatever else it says. */
export const isAnnounced = (sentence: string): boolean => INTENTION.test(withoutOpeners(plain(sentence)))

const MAX_CHATTER = 200

const NUMBERED = /^(?:step|phase|part|stage) \d{1,2}\s*[:.–—-]\s*/i

/** Strips the number of a heading or a list item. */
export const withoutNumber = (heading: string): string => heading.replace(/^\d{1,2}[.)]\s*/, "").replace(NUMBERED, "")

/** True for a heading like "Step 3: Check the branch", which announces an action of Claude's. */
export const isStep = (heading: string): boolean =>
  NUMBERED.test(heading) && INTENTION.test(`let me ${heading.replace(NUMBERED, "")}`)

/** True for a sentence that only accompanies the work: an announcement, praise, an apology, an offer, or no word. */
export const isChatter = memoized((sentence: string): boolean => {
  const words = withoutOpeners(plain(sentence))
  if (!/\p{L}{2}/u.test(words)) return true
  if (isStep(words)) return true
  if (/\bTodoWrite\b|\btodo list\b/u.test(words) && INTENTION.test(words)) return true
  if (words.length > MAX_CHATTER || SUBSTANCE.test(words) || CORRECTION.test(words)) return false
  if (INTENTION.test(words)) return !PURPOSE.test(words) || LOOKING.test(words)
  return COURTESY.test(words) || COURTESY.test(plain(sentence)) || ANNOUNCEMENT.test(words) ||
    (words.length < 24 && CLOSING.test(words))
})

/** Removes a bold mark whose other half stood in a dropped sentence. */
const withoutHalfBold = (text: string): string =>
  (text.match(/\*\*/g)?.length ?? 0) % 2 === 0 ? text : text.replace(/^\*\*\s*|(?<!\s)\s*\*\*$/, "")

/**
 * Removes the chatter from a text: whole sentences, never parts of one. Code, tables and headings stay, except headings
 * of mere steps and headings at the end with nothing under them. Blank lines are dropped.
 */
export const condense = memoized(
  (text: string): string => {
    const lines = linesOf(text)
    const kept = lines.map(({ kind, text }, i) => {
      if (kind === "heading" && isStep(plain(text))) return ""
      if (kind !== "prose" && kind !== "item") return text
      const sentences = sentencesOf(text)
      // A colon at the very end of a text announced a tool call.
      const worth = sentences.filter((sentence, s) =>
        !isChatter(sentence) &&
        !(i === lines.length - 1 && s === sentences.length - 1 && /[:：][*_]*$/.test(sentence) &&
          !SUBSTANCE.test(sentence))
      )
      return worth.length === sentences.length ? text : withoutHalfBold(joined(worth))
    })
    // A heading at the end has lost its section; bold words there may be a statement and stay.
    const leads = (line: string) => HEADING.test(line) || /[:：][*_\s]*$/u.test(line)
    const end = kept.findLastIndex((line, i) => line.trim() !== "" && !(lines[i]!.kind === "heading" && leads(line)))
    return kept.slice(0, end + 1).filter((line) => line.trim() !== "").join("\n")
  },
  20_000,
  64
)

/** Returns the sentences of a text verbatim, without code, tables and headings. */
export const quotable = (text: string): ReadonlyArray<string> =>
  linesOf(text).flatMap(({ kind, text }) => kind === "prose" || kind === "item" ? sentencesOf(text) : [])

/** Returns the sentences that a summary can be built from: as `quotable`, but stripped of Markdown marks. */
export const statements = (text: string): ReadonlyArray<string> =>
  quotable(text).map(plain).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence))

/** Matches the line that introduces a list of options. */
const OFFERING = inBothScripts(
  /\b(?:options?|choices|alternatives|should (?:i|we)|do you (?:want|prefer)|would you|(?:can|could) either)\b[^.]{0,80}[:：][*_\s]*$|(?:选项|方案)[:：][*_\s]*$/i
)
const OPTION = /^[\s*_-]*[A-D][).]\s/u

/** True for the line that introduces a list of options. */
export const isOffering = (line: string): boolean => OFFERING.test(line)

/** True for an option with its letter: "A) Start locally". */
export const isOption = (line: string): boolean => OPTION.test(line)

/** Returns the statements with content: no chatter, no options offered for choice, no sentence that ends in a colon. */
export const informativeStatements = (text: string): ReadonlyArray<string> => {
  let isOffered = false
  const lines = linesOf(text).filter(({ kind, text }) => {
    if (kind !== "item") isOffered = OFFERING.test(text)
    return !(kind === "item" && isOffered) && !OPTION.test(text)
  })
  return statements(lines.map(({ text }) => text).join("\n")).filter((sentence) =>
    !isChatter(sentence) && !/[:：]$/.test(sentence)
  )
}
