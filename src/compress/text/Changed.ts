/**
 * Recognizes what Claude said of how things stand and what the next turn of the session changed.
 */
import { withApostrophes } from "../../domain/Apostrophes.ts"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import { isEveryday } from "../../domain/EverydayWords.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { isQuestion, isReason, isRecommendation } from "./Lessons.ts"
import { plain } from "./Prose.ts"
import { NEGATES } from "./Refuted.ts"

/** Matches what says of something that it is missing, or is so only for now. */
const AMISS = inBothScripts(
  /\b(?:still|yet|missing|(?:has|have|there(?:'s| is| are)) no)\b|还|尚|仍|缺/i
)
/** Matches the report that something was done. */
const DONE = inBothScripts(
  /\b(?:done|closed|fixed|mended|changed|pushed|committed|merged|added|removed|updated|renamed|replaced|moved|filed|wired|in place|now)\b|已|[好完]了|完成|改[好成为]|修[好复]/i
)
/** Matches what points to what was said before; and the wish to leave it, or to do it oneself. */
const POINTS = inBothScripts(/\b(?:it|that|this|them|those|these|both|all)\b|[这那它都两]/i)
const LEAVES = inBothScripts(
  /\b(?:leave|keep|ignore|skip|later|forget|wait|i(?:'ll| will))\b|别|先不|算了|留着|跳过|我[去会来]/i
)
/** Matches the beginning of a sentence that goes on about the things of the one before it, and of one about others. */
const SAME = inBothScripts(/^(?:both|all|each|they|it|this|that|these|those)\b|^[两都它这那]/i)
const OTHERS = inBothScripts(/^(?:the )?(?:others?|rest|remaining)\b|^(?:另|其[余他])/i)

const wordsOf = (sentence: string): string => withApostrophes(plain(sentence))

const namesIn = (text: string): ReadonlySet<string> =>
  new Set(
    Tokenizer.lexemes(text).filter((word) =>
      (word.length > 2 || IS_CJK.test(word) && word.length > 1) && /\p{L}/u.test(word) && !isEveryday(word)
    )
  )

/** Matches a statement, which asks for nothing. */
const STATES = inBothScripts(/\b(?:is|are|was|were|has|have|did)\b|已|了|在/i)

/** Names that what a person reports has of what was amiss. */
const REPORTED = 2

/** True for a statement that holds only until somebody changes it: no reason, advice or question. */
const isPassing = (sentence: string): boolean => {
  const words = wordsOf(sentence)
  return AMISS.test(words) && !isReason(sentence) && !isRecommendation(words) &&
    !isQuestion(words)
}

/**
 * Returns the sentences of an answer that say what is amiss and that the next turn changed: the person reports it, or asks for it and Claude
 * reports it. `next` holds the sentences with which Claude ended that turn, and the subjects of its commits.
 */
export const changedIn = (
  answer: ReadonlyArray<string>,
  prompt: ReadonlyArray<string>,
  next: ReadonlyArray<string>
): ReadonlySet<string> => {
  const told = prompt.map(wordsOf).filter((words) => !isQuestion(words) && !NEGATES.test(words) && !LEAVES.test(words))
  const isDone = next.map(wordsOf).some((words) => DONE.test(words) && !NEGATES.test(words))
  const isChanged = (sentence: string): boolean => {
    const names = namesIn(sentence)
    return told.some((words) => {
      const shared = [...namesIn(words)].filter((name) => names.has(name)).length
      return shared >= REPORTED && STATES.test(words) || shared > 0 && DONE.test(words) ||
        isDone && (shared > 0 || POINTS.test(words) && !OTHERS.test(wordsOf(sentence)))
    })
  }
  const changed = new Set<string>()
  for (const [i, sentence] of answer.entries()) {
    const goesOn = SAME.test(wordsOf(sentence)) && changed.has(answer[i - 1] ?? "")
    if (goesOn || isPassing(sentence) && isChanged(sentence)) changed.add(sentence)
  }
  return changed
}
