/**
 * Finds the sentence in which Claude says again what a person has just ruled, mostly so that it stands alone: to "ok no, stays 6" it says
 * "Then **the PIN stays at 6 digits**, because the insurance demands it".
 */
import { withApostrophes } from "../../domain/Apostrophes.ts"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import type { Message } from "../../domain/Conversation.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import { isBinding, pointsBack } from "../../domain/Standing.ts"
import { isGeneric } from "../text/Generic.ts"
import { isRecommendation, isWish } from "../text/Lessons.ts"
import { isAnnounced, plain, quotable } from "../text/Prose.ts"
import { shared } from "../text/Salience.ts"
import { isSelfContained, titleFrom } from "../text/Titles.ts"
import { isConsidered, isMereQuestion, isOver, isReport, isTask } from "../text/Undecided.ts"
import { textOf } from "./Steps.ts"

/** Matches how Claude takes up what was said. */
const TAKES_UP = inBothScripts(
  /^(?:(?:understood|noted|got it|clear|agreed|right|decision reversed|reversed|ok(?:ay)?|fair(?: enough)?|makes sense|then|so|明白了?|了解|收到|记[住下]了?|推翻[^，。：:]{0,16}|好的?|行|对|那)(?:[\s,.:;!，。：；！]|\s?[–—-])+)+/i
)

/** Sentences of Claude's answer among which it is looked for. */
const LOOKED_AT = 2
const MAX_LENGTH = 240

/** Returns a sentence without how it takes up what was said. */
export const withoutTakingUp = (sentence: string): string => plain(sentence).replace(TAKES_UP, "")

const EMPHASIS = /\*\*([^*]{8,90})\*\*/
const MIN_EMPHASIZED = 16

/** Returns what Claude emphasizes of a rule: the rule itself, but for a word or two. */
const emphasizedIn = (sentence: string): string | undefined => {
  const found = EMPHASIS.exec(sentence)?.[1]
  return found !== undefined && weightedLength(found) >= MIN_EMPHASIZED ? found : undefined
}

export const titleOfRestated = (sentence: string): string =>
  titleFrom(emphasizedIn(sentence) ?? withoutTakingUp(sentence))

/**
 * Returns the sentence with which an answer states a rule or a choice that shares words with what was said, or that it emphasizes where that
 * points to something said before.
 */
export const restatedIn = (answer: Message | undefined, said: string): string | undefined => {
  const isBack = pointsBack(said)
  return quotable(textOf(answer)).slice(0, LOOKED_AT).find((sentence) => {
    const words = withApostrophes(withoutTakingUp(sentence))
    const isRule = () => (isWish(words) || isGeneric(words) || isBinding(words)) && shared(words, said) > 0
    return TAKES_UP.test(plain(sentence)) && words.length <= MAX_LENGTH && isSelfContained(words) &&
      (isBack && emphasizedIn(sentence) !== undefined || isRule()) &&
      !isRecommendation(words) && !isAnnounced(words) &&
      !isMereQuestion(words) && !isOver(words) && !isReport(words) && !isConsidered(words) && !isTask(words)
  })
}
