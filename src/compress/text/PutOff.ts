/**
 * Recognizes what a person puts off, and statements that say the same. Pure.
 */
import * as DateTime from "effect/DateTime"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { subjectLexemes } from "../../domain/EverydayWords.ts"
import { matchesIn } from "../../domain/Matches.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ")
const MONTH =
  "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
const DAYS = "(\\d{1,2})(?:st|nd|rd|th)?"
const DATES = [
  new RegExp(`\\b${MONTH}\\.? (?:the )?${DAYS}\\b`, "gi"),
  new RegExp(`\\b${DAYS} (?:of )?${MONTH}\\b`, "gi"),
  inBothScripts(/(?<!\d|年 ?)(\d{1,2}) ?月 ?(\d{1,2}) ?[日号]/gu)
]
/** A date that is so near, in milliseconds, is one on which something is to be done. */
const NEAR_MS = 60 * 86_400_000

/** True where a text names a day, without a year, that comes soon after a time. */
export const namesComingDay = (text: string, now: number): boolean =>
  DATES.some((dates, form) =>
    [...matchesIn(text, dates)].some(([, first, second]) => {
      const [month, date] = form === 1 ? [second!, first!] : [first!, second!]
      const named = /^\d/.test(month) ? Number(month) - 1 : MONTHS.indexOf(month.slice(0, 3).toLowerCase())
      const year = DateTime.getPartUtc(DateTime.unsafeMake(now), "year")
      return [year, year + 1].map((year) => Date.UTC(year, named, Number(date) + 1))
        .some((end) => end > now && end < now + NEAR_MS)
    })
  )

/** Matches a time to come, by its distance. */
const COMING = inBothScripts(
  /\b(?:tomorrow|tonight|next (?:week|month|time|sprint|release|year)|later (?:today|this week)|end of (?:the )?(?:day|week|month)|(?:on|by|until|till|before|after|next) (?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:not|\p{L}+n['’]t)\b.{0,60}\b(?:before|until|till)|not (?:now|today)|another (?:day|time))\b|明[天早晚]|后天|下个?(?:周|星期|礼拜|月|季度|版本|迭代|次(?!直接|就|都))|(?:这|本)?(?:周|星期|礼拜)[一二三四五六日天末](?!\s?(?:愉快|快乐|了|好$))|月[底中初]|年[底后]|节后|改天|回头|以后再|晚点|稍后|先(?:别|不(?!要?太)|放|留)/iu
)
/** Matches what has been, or only asks. */
const PAST = inBothScripts(
  /\b(?:was|were|did(?:n['’]t)?|had|happened|started|began|since|ago|last (?:week|month|night|\w+day))\b|[?？]\s*$|会不会|是不是|上个?(?:周|月|次)|昨|之前就/i
)

/** True for a sentence by which a person puts something off. */
export const isPutOff = (sentence: string, now: number): boolean =>
  !PAST.test(sentence) && (COMING.test(sentence) || namesComingDay(sentence, now))

/** Least share of the words of a statement that another one holds which says the same. */
const MOST = 0.6

/** True where a text holds most words of another one that say something. */
export const saysMost = (text: string, other: string, share = MOST): boolean => {
  const held = new Set(Tokenizer.lexemes(text))
  const lexemes = subjectLexemes(other)
  return lexemes.filter((lexeme) => held.has(lexeme)).length >= share * lexemes.length
}
