/**
 * Recognizes what a short reply says to a proposal: that it is taken, which option is, or that it is refused. Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"

/** Words that take a proposal, whatever follows them. */
const TAKES = inBothScripts(
  /(?:y|yes|yep|yeah|yup|ok(?:ay)?|sure|sounds (?:good|great|right)|go (?:ahead|for it)|do (?:it|that)|please do|agreed?|perfect|makes sense|let's do (?:it|that|this)|ship it|lgtm|(?:好|可以|行|没问题|同意|对|是|嗯|成|都要|没毛病)[的吧啊呀哈嘛嗯]*)(?![\p{L}\p{N}_])|就(?:按|这样|这么)(?![问想])|按(?:你|这个)|听你的/u
)
  .source
/** Words that do so at the end of a clause alone: "the second" takes one, "first" begins a list of steps. */
const TAKES_ALONE = inBothScripts(
  /(?:option\s+\w{1,2}|the\s+(?:first|second|third|last)(?:\s+one)?|(?:first|second|third|last)(?:\s+one)?(?=\s*[.。!！]?\s*$)|exactly|both|[选用]?(?:第?[一二三四][个种套条]?|方案\s*[\p{L}\p{N}]))/u
)
  .source
/** The end of a clause, or what only belongs to a choice: "A.", "A please", "A 吧". */
const END = /(?=\s*(?:$|[\n,.，。;；!！、:：)）–—-]|(?:please|pls|thanks|because|since)\b|吧|好了?|就))/u.source
/** What a choice is about: "for the login, A". */
const TOPIC = /(?:[^,，:：.。?？!！\n]{1,24}[,，:：]\s*)?/u.source
const CHOOSES = inBothScripts(/(?:(?:option|the|i(?:'d| would)? (?:take|say)|take|选|用|就|方案|选项)\s*)*/u).source

/** Matches an option as an answer: "A", "Option 2", "方案 2", "for the login, A". */
const OPTION = new RegExp(`^\\s*${TOPIC}${CHOOSES}([a-d1-4])${END}`, "iu")

const ACCEPTANCE = new RegExp(
  `^\\s*(?:(?:oh|ok|well|and|so)[,\\s]+)?(?:${TAKES}|${TAKES_ALONE}${END})[\\s,.。!！]*.{0,160}$`,
  "isu"
)

/** Matches a reply whose first sentence asks; a later one may ask of something else. */
const ASKS = inBothScripts(/^[^.。!！;；\n]*?(?:[?？]|吗\s*(?:[。!！]|$))/u)
/** Matches a reply that puts off the decision. */
const UNDECIDED = inBothScripts(
  /\b(?:hold on|hang on|wait|not (?:yet|now|sure)|let me (?:ask|think|check|see))\b|(?<!\bthe )\bfirst\b|先(?:别|不|等|问|看|确认)|等(?:等|一下|会)|问一下|想一想|再想/iu
)

const isOpen = (text: string): boolean => ASKS.test(text) || UNDECIDED.test(text)

/** True for a short reply that takes what was proposed: "Yes", "the second", "A". */
export const isAcceptance = (text: string): boolean =>
  text.length <= 200 && (ACCEPTANCE.test(text) || OPTION.test(text)) && !isOpen(text)

/** Returns the letter or number of the option that a reply names. */
export const optionIn = (text: string): string | undefined => OPTION.exec(text)?.[1]

const REFUSAL = inBothScripts(
  /^\s*(?:no|nope|nah|no way|rather not|不(?:行|对|用了?|要)?)\s*(?:[,.!;，。！；、]|\s[-–—]\s)\s*(?<rest>\S[\s\S]{7,})$/iu
)

/** Returns what a reply says after it refuses a proposal: "take date-fns" of "no, take date-fns". */
export const saidInstead = (text: string): string | undefined =>
  text.length > 400 || isOpen(text) ? undefined : REFUSAL.exec(text)?.groups?.["rest"]
