/**
 * Recognizes what a short reply says to a proposal: that it is taken, which option is, or that it is refused. Pure.
 */
import { withApostrophes } from "../../domain/Apostrophes.ts"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"

/** Words that take a proposal, whatever follows them. */
const TAKES = inBothScripts(
  /(?:y|yes|yep|yea|yeah|yup|ya|aye|k|kk|ok(?:ay)?|okey|sure(?: thing)?|sounds (?:good|great|right|fine|reasonable)|go (?:ahead|for it|with (?:that|it|this|yours))|do (?:it|that)|please do|(?:i )?agreed?|perfect|makes sense|let's (?:do|go with|try) (?:it|that|this)|let's go(?! (?:with|to|back|for)\b)|ship it|lgtm|sgtm|wfm|\+1|👍|approved|as you (?:say|suggest|propose)|your (?:call|way)|(?:好|可以|行|没问题|同意|对|是|嗯|成|妥|都要|没(?:毛病|意见)|(?:来|搞)吧)[的吧啊呀哈嘛嗯]*)(?![\p{L}\p{N}_])|那?就(?:按|这样|这么)(?![问想])|按(?:你|这个)|听你的/u
)
  .source
/** Words that do so at the end of a clause alone: "the second" takes one, "first" begins a list of steps, "great idea" may go on with "but". */
const TAKES_ALONE = inBothScripts(
  /(?:option\s+\w{1,2}|the\s+(?:first|second|third|last)(?:\s+one)?|(?:first|second|third|last)(?:\s+one)?(?=\s*[.。!！]?\s*$)|exactly|both|alright(?: then)?|(?:good|nice|correct|right|please|go|proceed|love it)(?=[\s.!]*$)|(?:that's|thats|all) (?:fine|good)|do so|fine(?: (?:by|with|for) me)?|(?:that )?works(?: for me)?|(?:good|great|nice) (?:idea|call|plan|point)|great|cool|deal|absolutely|definitely|of course|convinced|(?:hell|heck|oh) yes|(?:i'm|im) (?:ok|fine|good|happy) with (?:it|that|this)|(?:you're|youre|you are) right|why not|[选用]?(?:第?[一二三四][个种套条]?|方案\s*[\p{L}\p{N}]))/u
)
  .source
/** The end of a clause, or what only belongs to a choice: "A.", "A please", "A 吧". */
const END =
  /(?=\s*(?:$|[\n,.，。;；!！、:：)）–—-]|(?:please|pls|thanks|because|since)\b|吧|好了?|就|\p{Extended_Pictographic}|then\b))/u
    .source
/** What a choice is about: "for the login, A". */
const TOPIC = /(?:[^,，:：.。?？!！\n]{1,24}[,，:：]\s*)?/u.source
const CHOOSES = inBothScripts(/(?:(?:option|the|i(?:'d| would)? (?:take|say)|take|选|用|就|方案|选项)\s*)*/u).source

/** Matches an option as an answer: "A", "Option 2", "方案 2", "for the login, A". */
const OPTION = new RegExp(`^\\s*${TOPIC}${CHOOSES}([a-d1-4])${END}`, "iu")

const ACCEPTANCE = new RegExp(
  `^\\s*(?:(?:oh|ok|well|and|so)[,\\s]+)?(?:${TAKES}|${TAKES_ALONE}${END})[\\s,.。!！]*.{0,160}$`,
  "isu"
)

/** Matches a reply that begins like one that takes a proposal, and goes on against it or to something else. */
const TURNS_AWAY = [
  /(?<!why )\bnot\b(?! (?:only|just)\b)|(?:^|[,.;!]\s*)(?:and )?(?:no|nope|nah)(?=\s*(?:[,.!;]|$))|\b(?:i|we|it|they|that|this) (?:don't|doesn't|can't|won't|didn't|cannot|isn't)\b|\b(?:skip|leave (?:it|that|things)|forget(?! to\b)|drop (?:it|that)|later|tomorrow|though|instead|rather|only (?:after|when|if)|if we)\b/iu,
  /(?:^|[,.;!]\s*|\b(?:and|but|so)\s+|^\s*\w+\s+)(?:what(?:'s|s|ever)?|how|why(?! not)|where|who|which|let's see|next)\b|\bthanks? (?:for|you for)\b|\bthat was (?:all|it)\b|\bi have to\b/iu,
  /\bbut (?!also|first|please|pls|make|only|keep|without|for|with|in|use|put|don't|do|add|let's|on|start\b)/iu,
  inBothScripts(/(?<!要)不要|不用|不做|不了|算了|先[不别]|明天|以后再|回头|但是?(?!要|得|先|记得|别忘|加)|怎么/u)
]
/** Matches a reply that shows that it was read, or tells what fails: it takes nothing unless it says to go on. */
const READ =
  /^\s*(?:(?:oh|well)[,\s]+)?\w+[\s,.]+(?:i (?:know|guess|see|saw|tried|read|heard|get it)|thanks?)\b|\b(?:still|slow|fail(?:s|ed|ing)?|broken|crash\w*)\b/iu
const GOES_ON = /\b(?:go ahead|do (?:it|that)|let's|please|pls|go for it)\b/iu

/** Matches a reply whose first sentence asks; a later one may ask of something else. */
const ASKS = inBothScripts(/^[^.。!！;；\n]*?(?:[?？]|吗\s*(?:[。!！]|$))/u)
/** Matches a reply that puts off the decision. */
const UNDECIDED = inBothScripts(
  /\b(?:hold on|hang on|wait|not (?:yet|now|sure)|let me (?:ask|think|check|see)|maybe|perhaps|ask me|next (?:week|month)|think about it)\b|(?<!\bthe )\bfirst\b|先(?:别|不|等|问|看|确认)|等(?:等|一下|会)|问一下|想一想|再想/iu
)

const isOpen = (text: string): boolean => ASKS.test(text) || UNDECIDED.test(text)

const turnsAway = (words: string): boolean =>
  TURNS_AWAY.some((expression) => expression.test(words)) || READ.test(words) && !GOES_ON.test(words)

/** True for a short reply that takes what was proposed: "Yes", "the second", "A". */
export const isAcceptance = (text: string): boolean =>
  text.length <= 200 && (ACCEPTANCE.test(text) || OPTION.test(text)) && !isOpen(text) &&
  !turnsAway(withApostrophes(text))

/** Matches what a reply names at its beginning: "postgres" of "ok postgres it is, less to run". */
const NAMES =
  /^\s*(?:(?:ok(?:ay)?|yes|yeah|yep|sure|hm+|so|then|no(?=,)|nah|let's|i'd|i'll|we'll|we|go(?: w(?:ith)?)?|take|use|do|pick|the)[\s,]+)*(?<named>[^\s,.;:!?()][^\n,.;:!?()]{0,40}?)(?:\s+(?:it is|then|please|pls|of course|for sure|imo|i guess|i think|sounds good))*\s*(?:$|[\n,.;:!])/iu

/** Matches what names nothing: a pronoun, a question, a refusal, a statement. */
const NO_NAME =
  /^(?:not|no|is|are|does|do|which|what|why|how)\b|\b(?:it|this|that|these|those|them|all|both|everything|needs?|has|have|is|are|was|were|does)\b/iu

/** Returns what a reply names of what was offered, as it names it. */
export const namedIn = (text: string, offer: string): string | undefined => {
  if (text.length > 200 || isOpen(text)) return undefined
  const named = NAMES.exec(withApostrophes(text))?.groups?.["named"] ?? ""
  const offered = new Set(Tokenizer.lexemes(offer))
  const lexemes = Tokenizer.lexemes(named)
  return lexemes.length > 0 && !NO_NAME.test(named) &&
      named.split(/\s+/).length <= 4 && lexemes.every((lexeme) => offered.has(lexeme))
    ? named
    : undefined
}

/** Returns the letter or number of the option that a reply names. */
export const optionIn = (text: string): string | undefined => OPTION.exec(text)?.[1]

const REFUSAL = inBothScripts(
  /^\s*(?:(?:yeah|well|ok|hm+|uh)[,\s]+)?(?:no|nope|nah|no way|rather not|不(?:行|对|用了?|要)?)\s*(?:[,.!;，。！；、]|\s[-–—]\s)\s*(?<rest>\S[\s\S]{7,})$/iu
)

/** Returns what a reply says after it refuses a proposal: "take date-fns" of "no, take date-fns". */
export const saidInstead = (text: string): string | undefined =>
  text.length > 400 || isOpen(text) ? undefined : REFUSAL.exec(text)?.groups?.["rest"]
