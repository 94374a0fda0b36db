/**
 * Recognizes which of the alternatives of a message a reply takes, and which it refuses. Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { matchesIn } from "../../domain/Matches.ts"
import { CHINESE_NUMBERS, type Name, nameOf, NOUN, STEMS } from "./Marks.ts"

/** Which of the alternatives a reply takes, in which words, and which it refuses. It takes all the others where it only names what it leaves. */
export interface Choice {
  readonly taken: ReadonlyArray<Name>
  readonly refused: ReadonlyArray<Name>
  readonly words: string
}

/** Words of assent, which may only say that a message was read. */
export const ASSENT = "(?:y|yes|yep|yea|yeah|yup|ya|aye|k|kk|ok(?:ay)?|okey|sure|perfect)(?![\\p{L}\\p{N}_])"
export const ASSENT_IN_CHINESE = "(?:好|可以|行|对|是|嗯|成|有道理)[的吧啊呀哈嘛嗯]*"

/** What may stand before the name of an alternative in a reply: assent, a topic, and "let's go with". */
const YES =
  `(?:(?:${ASSENT}|${ASSENT_IN_CHINESE}|hm+|well|so|then|no(?=[,，])|nah|good|fine|right|i think|那就?)[\\s,，.。!！]*)*`
const TOPIC = "(?:[^,，:：.。?？!！\\n]{1,24}[,，:：]\\s*)?"
const TAKING =
  "(?:(?:let's|lets|let us|i'd|id|i would|i'll|i|we'll|we|please|pls)\\s+)?(?:(?:do|go(?:\\s+(?:with|for))?|take|use|pick|choose|prefer|say|like|want)\\s+)?(?:就|选择?|用|按|走|要|做)?\\s*"

const ITS_NOUN = `(?:(?:the\\s+)?(?:${NOUN}|numbers?|plan|no\\.)\\s*|#)`
const PLACE =
  "(?:(?:the\\s+)?(?:first|1st|second|2nd|third|3rd|fourth|last)(?:\\s+(?:one|option|way|approach))?|the\\s+(?:former|latter)|第[一二三四1-4最后]|最后一?|前者|后者)"
const ID = `[a-f1-9${CHINESE_NUMBERS}${STEMS}]`
const ONE = `(?:${PLACE}|${ITS_NOUN}(?:[a-h1-9${CHINESE_NUMBERS}${STEMS}]|one|two|three|four)|${ID})`
const JOINT = "\\s*(?:(?:,\\s*)?\\b(?:and|plus)\\b|[,，、+&/]|和|跟|与)\\s*"
const SEVERAL = `${ONE}(?:${JOINT}${ONE})*`
/** The end of a clause, or what only belongs to a choice: "A.", "A please", "A 吧". */
const END =
  "\\s*(?:方案|[个种条套项](?:方案)?)?(?:\\s+(?:it is|(?:is|are) (?:fine|good|ok|better)|then|ones?|now|today))?(?=\\s*(?:$|[\\n,，。;；!！、)）–—]|[.:：-](?!\\d)|(?:please|pls|thanks|because|since|but|it is|with|without|not)\\b|and\\b(?!\\s*[a-f1-9]\\b)|吧|来|好了?|就[好行这]|\\p{Extended_Pictographic}))"

const TAKES = inBothScripts(
  new RegExp(`^\\s*(?:${YES}|${TOPIC})${TAKING}(?<names>${SEVERAL}(?!\\s*,\\s*[1-9]\\s+(?:are|were)\\b))${END}`, "iu")
)
const BEGINS = "(?:^|[,，.。;；!！\\n]|\\b(?:and|but)\\b)\\s*(?:(?:but|and|so|definitely|just|但是?|不过)[\\s,，]*)*"
/** Matches what a reply refuses: "not 2", "2 is out". */
const REFUSES = inBothScripts(
  new RegExp(
    `${BEGINS}(?:(?:not|no|without|skip|leave out|drop|forget|except|除了|不要|别[做要用选]?|不[用做选]|跳过)\\s*(?<before>${SEVERAL})${END}|` +
      `(?<after>${SEVERAL})\\s*(?:(?:is|are)\\s+)?(?:out|off|not|no|overkill|算了|不[要行用做]|不考虑)(?![\\p{L}\\d])(?!\\s+(?:only|just)\\b))`,
    "giu"
  )
)
/** Matches a reply that takes all but what it names: "all but 3". */
const TAKES_REST = inBothScripts(
  new RegExp(
    `^\\s*(?:${YES})${TAKING}(?:all(?: of them)?|everything|[都全][要做]?|全部都?[要做]?)\\s*[,，]?\\s*(?:but|except(?: for)?|besides|without|除了|不要|除)\\s*(?<names>${SEVERAL})${END}`,
    "iu"
  )
)
/** Matches a place that begins a list of steps, or speaks of something else, unless it is all that is said. */
const BARE_PLACE = /^(?:first|second|third|fourth|last)$/i

const PLACES: ReadonlyArray<readonly [RegExp, number]> = [
  [inBothScripts(/last|最后/i), -1],
  [/first|1|一|former|前者/i, 0],
  [inBothScripts(/second|2|二|latter|后者/i), 1],
  [/third|3|三/i, 2],
  [/fourth|4|四/i, 3]
]
const IS_PLACE = inBothScripts(new RegExp(`^${PLACE}$`, "i"))
const BETWEEN = inBothScripts(new RegExp(JOINT, "i"))
const OWN_NOUN = inBothScripts(new RegExp(`^${ITS_NOUN}`, "i"))

const named = (words: string): Name => {
  if (IS_PLACE.test(words)) return { by: "place", index: PLACES.find(([places]) => places.test(words))![1] }
  const id = words.replace(OWN_NOUN, "")
  const number = ["one", "two", "three", "four"].indexOf(id.toLowerCase())
  return number >= 0 ? { by: "number", index: number } : nameOf(id)
}
const namesIn = (words: string): ReadonlyArray<Name> => words.split(BETWEEN).map(named)

const isSame = (one: Name, other: Name): boolean => one.by === other.by && one.index === other.index

/** Returns which alternatives a short reply names: "A", "yes do B", "the second one please", "1 and 4, not 2", "all but 3", "那就 B 吧". */
export const choiceIn = (reply: string): Choice | undefined => {
  const rest = TAKES_REST.exec(reply)?.groups!["names"]
  if (rest !== undefined) return { taken: [], refused: namesIn(rest), words: rest }
  const found = TAKES.exec(reply)
  if (found === null) return undefined
  const words = found.groups!["names"]!
  const after = reply.slice(found[0].length)
  if (BARE_PLACE.test(words) && /[\p{L}\p{N}]/u.test(after)) return undefined
  const taken = namesIn(words)
  const refused = [...matchesIn(after, REFUSES)].flatMap(({ groups }) =>
    namesIn(groups!["before"] ?? groups!["after"]!)
  )
  return taken.some((name) => refused.some((other) => isSame(name, other))) ? undefined : { taken, refused, words }
}

/** Matches what a reply says of another of the alternatives: "3 maybe next year", "2 goes to Samir". */
const OF_ANOTHER = inBothScripts(
  new RegExp(
    `^\\s*(?:(?:and|but)\\s+)?(?:${PLACE}|${ITS_NOUN}?[A-Fb-f1-9${CHINESE_NUMBERS}${STEMS}])(?![\\p{L}\\p{N}_])`,
    "u"
  )
)

/** Returns a reply without the clauses that speak of other alternatives than the first does. */
export const withoutOthers = (reply: string): string =>
  reply.split(/(?<=[,，.。;；\n])/u).filter((clause, i) => i === 0 || !OF_ANOTHER.test(clause)).join("")
