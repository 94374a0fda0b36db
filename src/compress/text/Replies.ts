/**
 * Recognizes what a short reply says to a proposal: that it is taken, which option is, or that it is refused. Pure.
 */
import { withApostrophes } from "../../domain/Apostrophes.ts"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { ASSENT, ASSENT_IN_CHINESE, type Choice, choiceIn, withoutOthers } from "./Choices.ts"
import { shared } from "./Salience.ts"

/** Words that take a proposal, whatever follows them. */
const TAKES = inBothScripts(
  /(?:sure thing|sounds (?:good|great|right|fine|reasonable)|go (?:ahead|for it|with (?:that|it|this|yours))|do (?:it|that)|please do|(?:i )?agreed?|makes sense|let's (?:do|go with|try) (?:it|that|this)|let's go(?! (?:with|to|back|for)\b)|ship it|lgtm|sgtm|wfm|\+1|👍|approved|as you (?:say|suggest|propose)|your (?:call|way)|(?:同意|妥|都要|没(?:毛病|意见|问题)|[来搞改做]吧)[的吧啊呀哈嘛嗯]*)(?![\p{L}\p{N}_])|那?就(?:按|这样|这么)(?![问想])|[按用](?:你|这个)|听你的/u
).source
/** Words that do so at the end of a clause alone: "great idea" may go on with "but". */
const TAKES_ALONE = inBothScripts(
  /(?:both|(?:please|go|proceed|love it)(?=[\s.!]*$)|(?:that's|thats|all) (?:fine|good)|do so|fine(?: (?:by|with|for) me)|(?:that )?works(?: for me)?|(?:good|great|nice) (?:idea|plan|point)|deal|absolutely|definitely|of course|convinced|(?:hell|heck|oh) yes|(?:i'm|im) (?:ok|fine|good|happy) with (?:it|that|this)|(?:you're|youre|you are) right|why not)/u
).source
/** Words of assent: what follows them decides. */
const ASSENTS = inBothScripts(new RegExp(`(?:${ASSENT}|${ASSENT_IN_CHINESE}(?![\\p{L}\\p{N}_]))`, "u")).source
/** The same at the end of a clause alone. */
const ASSENTS_ALONE =
  /(?:exactly(?: what i .{1,30})?|alright(?: then)?|fine|great|cool|good|nice|correct|right|(?:good|great|nice) (?:call|catch))/u
    .source
/** The end of a clause. */
const END =
  /(?=\s*(?:$|[\n,.，。;；!！、:：)）–—-]|(?:please|pls|thanks)\b|吧|好了?|\p{Extended_Pictographic}|then\b))/u.source

const LEAD = "(?:(?:oh|ok|well|and|so)[,\\s]+)?"
const TAKING = new RegExp(`^\\s*${LEAD}(?:${TAKES}|${TAKES_ALONE}${END})`, "iu")
const BEGINS = new RegExp(`^\\s*(?:${ASSENTS}|${ASSENTS_ALONE}${END})[\\s,.，。!！-]*`, "iu")

/** Matches a reply that begins like one that takes a proposal, and goes on against it or to something else. */
const TURNS_AWAY = [
  /(?<!why )\bnot\b(?! (?:only|just)\b)|(?:^|[,.;!]\s*)(?:and )?(?:no|nope|nah)(?=\s*(?:[,.!;]|$))|\b(?:i|we|it|they|that|this) (?:don't|doesn't|can't|won't|didn't|cannot|isn't)\b|\b(?:skip|leave (?:it|that|things)|forget(?! to\b)|drop (?:it|that)|later|tomorrow|though|instead|rather|only (?:after|when|if)|if we)\b/i,
  /(?:^|[,.;!]\s*|\b(?:and|but|so)\s+|^\s*\w+\s+)(?:what(?:'s|s|ever)?|how|why(?! not)|where|who|which|let's see|next)\b|\bthanks? (?:for|you for)\b|\bthat was (?:all|it)\b|\bi have to\b/i,
  /\bbut (?!also|first|please|pls|make|only|keep|without|for|with|in|use|put|don't|do|add|let's|on|start\b)/i,
  inBothScripts(/(?<!要)不要|不用|不做|不了|算了|先[不别]|明天|以后再|回头|但是?(?!要|得|先|记得|别忘|加)|怎么/u),
  /\b(?:myself|ourselves)\b/i
]
/** Matches a reply that shows that it was read, or tells what fails: it takes nothing unless it says to go on. */
const READ =
  /^\s*(?:(?:oh|well)[,\s]+)?\w+[\s,.]+(?:i (?:know|guess|see|saw|tried|read|heard|get it|have seen)|thanks?)\b|\b(?:still|slow|fail(?:s|ed|ing)?|broken|crash\w*)\b/i
const GOES_ON = /\b(?:go ahead|do (?:it|that)|let's (?:do|go|try)|please|pls|go for it)\b/i
/** Matches what a person adds to what he takes. */
const ADDS = inBothScripts(
  /^(?:(?:and|but|also)(?! (?:it|they|that|we|i|you)\b)|because|since|as|it's|its|with|only|just|without|thanks?[\s.!]*$|no (?:problem|worries|objections?)|而且|不过|但|顺便|再(?!说)|记得|要|因为|就|\p{Extended_Pictographic})/iu
)

/** Matches a reply whose first sentence asks; a later one may ask of something else. */
const ASKS = inBothScripts(/^[^.。!！;；\n]*?(?:[?？]|吗\s*(?:[。!！]|$))/u)
/** Matches a reply that puts off the decision. */
const UNDECIDED = inBothScripts(
  /\b(?:hold on|hang on|wait|not (?:yet|now|sure)|let me (?:ask|think|check|see)|maybe|perhaps|ask me|next (?:week|month)|think about it)\b|(?<!\bthe )\bfirst\b|先(?:别|不|等|问|看|确认)|等(?:等|一下|会)|问一下|想一想|再想/i
)

const isOpen = (text: string): boolean => ASKS.test(text) || UNDECIDED.test(text)

const turnsAway = (words: string): boolean =>
  TURNS_AWAY.some((expression) => expression.test(words)) || READ.test(words) && !GOES_ON.test(words)

const MAX_REPLY = 200

/**
 * True for a short reply that takes what was proposed: "Yes", "ok do that". After a word that may only say that it was read ("ok", "right")
 * nothing follows, or what adds to the proposal, or speaks of the same.
 */
export const isAcceptance = (text: string, offer: string): boolean => {
  if (text.length > MAX_REPLY || isOpen(text) || turnsAway(withApostrophes(text))) return false
  if (TAKING.test(text)) return true
  let rest = text
  while (BEGINS.test(rest)) rest = rest.replace(BEGINS, "")
  if (rest === text) return false
  return rest === "" || TAKING.test(rest) || ADDS.test(rest) || GOES_ON.test(rest) || shared(rest, offer) > 0
}

/** True for words that take what was proposed, and say no more. */
export const isBareAssent = (text: string): boolean =>
  /^[\s.,!。，！]*$/u.test(text.replace(TAKING, "").replace(BEGINS, ""))

/** Matches what a reply names at its beginning: "postgres" of "ok postgres it is, less to run". */
const NAMES = new RegExp(
  `^\\s*(?:(?:${ASSENT}|hm+|so|then|no(?=,)|nah|let's|i'd|i'll|we'll|we|go(?: w(?:ith)?)?|take|use|do|pick|the)[\\s,]+)*(?<named>[^\\s,.;:!?()][^\\n,.;:!?()]{0,40}?)(?:\\s+(?:it is|then|please|pls|of course|for sure|imo|i guess|i think|sounds good))*\\s*(?:$|[\\n,.;:!])`,
  "iu"
)

/** Matches what names nothing: a pronoun, a question, a refusal, a statement. */
const NO_NAME =
  /^(?:not|no|is|are|does|do|which|what|why|how)\b|\b(?:it|this|that|these|those|them|all|both|everything|needs?|has|have|is|are|was|were|does)\b/i

/** Returns what a reply names of what was offered, as it names it. */
export const namedIn = (text: string, offer: string): string | undefined => {
  if (text.length > MAX_REPLY || isOpen(text)) return undefined
  const named = NAMES.exec(withApostrophes(text))?.groups?.["named"] ?? ""
  const offered = new Set(Tokenizer.lexemes(offer))
  const lexemes = Tokenizer.lexemes(named)
  return lexemes.length > 0 && !NO_NAME.test(named) &&
      named.split(/\s+/).length <= 4 && lexemes.every((lexeme) => offered.has(lexeme))
    ? named
    : undefined
}

/** Returns which of the listed alternatives a short reply names; what adds to it may follow. */
export const optionIn = (text: string): Choice | undefined =>
  text.length > MAX_REPLY || isOpen(withoutOthers(text)) ? undefined : choiceIn(text)

const REFUSAL = inBothScripts(
  /^\s*(?:(?:yeah|well|ok|hm+|uh)[,\s]+)?(?:no|nope|nah|no way|rather not|不(?:行|对|用了?|要)?)\s*(?:[,.!;，。！；、]|\s[-–—]\s)\s*(?<rest>\S[\s\S]{7,})$/i
)

/** Returns what a reply says after it refuses a proposal: "take date-fns" of "no, take date-fns". */
export const saidInstead = (text: string): string | undefined =>
  text.length > 400 || isOpen(text) ? undefined : REFUSAL.exec(text)?.groups?.["rest"]
