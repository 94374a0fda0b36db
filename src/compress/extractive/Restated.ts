/**
 * Finds the sentence in which Claude says again what a person has just ruled, mostly so that it stands alone: to "ok no, stays 6" it says
 * "Then **the PIN stays at 6 digits**, because the insurance demands it".
 */
import { withApostrophes } from "../../domain/Apostrophes.ts"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import type { Message } from "../../domain/Conversation.ts"
import { isBinding } from "../../domain/Standing.ts"
import { isGeneric } from "../text/Generic.ts"
import { isRecommendation, isWish } from "../text/Lessons.ts"
import { isAnnounced, plain, quotable } from "../text/Prose.ts"
import { shared } from "../text/Salience.ts"
import { isSelfContained, titleFrom } from "../text/Titles.ts"
import { isConsidered, isMereQuestion, isOver, isReport, isTask } from "../text/Undecided.ts"
import { textOf } from "./Steps.ts"

/** Matches how Claude takes up what was said. */
const TAKES_UP = inBothScripts(
  /^(?:(?:understood|noted|got it|clear|agreed|right|ok(?:ay)?|fair(?: enough)?|makes sense|then|so|明白了?|了解|收到|记[住下]了?|好的?|行|对|那)(?:[\s,.:;!，。：；！]|\s?[–—-])+)+/i
)

/** Sentences of Claude's answer among which it is looked for. */
const LOOKED_AT = 2
const MAX_LENGTH = 240

/** Returns a sentence without how it takes up what was said. */
export const withoutTakingUp = (sentence: string): string => plain(sentence).replace(TAKES_UP, "")

/** Matches what Claude emphasizes of a rule: the rule itself, but for a word or two. */
const EMPHASIZED = /\*\*([^*]{16,90})\*\*/

export const titleOfRestated = (sentence: string): string =>
  titleFrom(EMPHASIZED.exec(sentence)?.[1] ?? withoutTakingUp(sentence))

/** Returns the sentence with which an answer states a rule or a choice that shares words with what was said. */
export const restatedIn = (answer: Message | undefined, said: string): string | undefined =>
  quotable(textOf(answer)).slice(0, LOOKED_AT).find((sentence) => {
    const words = withApostrophes(withoutTakingUp(sentence))
    return TAKES_UP.test(plain(sentence)) && words.length <= MAX_LENGTH &&
      (isWish(words) || isGeneric(words) || isBinding(words)) &&
      isSelfContained(words) && shared(words, said) > 0 && !isRecommendation(words) && !isAnnounced(words) &&
      !isMereQuestion(words) && !isOver(words) && !isReport(words) && !isConsidered(words) && !isTask(words)
  })
