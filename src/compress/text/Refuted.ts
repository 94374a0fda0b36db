/**
 * Recognizes what Claude took for a cause and found to be wrong when it looked further.
 */
import { withApostrophes } from "../../domain/Apostrophes.ts"
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import { isEveryday } from "../../domain/EverydayWords.ts"
import { memoized } from "../../domain/Memoized.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { isFact, isHedged, isLesson, isQuestion, isReason } from "./Lessons.ts"
import { isAnnounced, plain } from "./Prose.ts"

/** Matches words that call something too much or too little, or blame it. */
const BLAMES = inBothScripts(
  /\btoo (?!late\b|bad\b)\p{L}+|\b(?:guilty|culprits?|suspicions?|suspects?|to blame|guess|hypothes[ie]s)\b|太[大小多少慢快长短旧新]|(?:猜|怀疑|嫌疑)/iu
)

/** Matches what clears a suspect, whatever was said of it: "it isn't the lock", "nothing to do with retries". */
const CLEARS = inBothScripts(
  /\b(?:it|this|that)(?:'s| is| was) not (?:the|an?)\b|\b(?:it|this|that) (?:isn|wasn)'t (?:the|an?)\b|\bnothing to do with\b|\brule[sd]? .{0,30}\bout\b|\bnot (?:the|a) (?:cause|reason|problem|issue|culprit)\b|\b(?:is|are|was|were|looks?) (?:fine|ok(?:ay)?|innocent|intact|healthy|not to blame)\b|不是|无关|没(?:有)?(?:什么)?(?:关系|问题)|排除|正常/i
)
/** Matches the admission, or the objection of a person, that what was supposed last is wrong. */
const ADMITS = inBothScripts(
  /^(?:no|nope), |^不(?:是|对)?[，,]|\b(?:not (?:it|that|this)(?: one)? either|(?:it|this|that)(?:'s| is| was) not (?:it|the (?:cause|reason|problem|issue|culprit))|(?:it|this|that) (?:isn|wasn)'t (?:it|the (?:cause|reason|problem|issue|culprit))|i was wrong|(?:guess|suspicion|theory|assumption|hypothesis) (?:is|was|turned out|proved) (?:to be )?wrong|wrong (?:track|guess|lead))\b|猜错|(?:方向|思路|判断|猜测|推测|假设)(?:是|就)?(?:不对|错)/i
)
/** Matches what Claude would do, which is no guess at a cause. */
const PROPOSES = inBothScripts(/\b(?:i|we)(?:['’]d|['’]ll| would| could| can| should)\b|我(?:会|可以|打算)/i)

const isAdmission = (sentence: string): boolean => ADMITS.test(withApostrophes(plain(sentence)))

/** True for a sentence that neither asks nor announces something. */
const isSaid = memoized((sentence: string): boolean => !isQuestion(plain(sentence)) && !isAnnounced(sentence))

/** True for a sentence that supposes or states a cause, and denies none. */
const isSupposed = memoized((sentence: string): boolean =>
  (isLesson(sentence) || isHedged(sentence) && !PROPOSES.test(plain(sentence)) || BLAMES.test(plain(sentence))) &&
  isSaid(sentence) && !isAdmission(sentence) && !CLEARS.test(withApostrophes(plain(sentence)))
)

/** Matches what negates. */
export const NEGATES = inBothScripts(
  /\b(?:no|not|never|none|nothing|neither|nor|cannot)\b|n't\b|没|不(?![过同仅只断少])|未|无/i
)
/** Matches what says of something that it is there, and that it is not. */
const PRESENT = inBothScripts(
  /\b(?:there(?:'s| is| are| was| were)|exists?|(?:is|are|was|were) (?:still |all |already )*(?:there|set|present|in place|enabled))\b|存在|[还都]在|已经?有|都有|是全的/i
)
const ABSENT = inBothScripts(
  /\b(?:missing|miss(?:es|ed)|lack(?:s|ed|ing)?|lost|gone|dropped|removed|deleted|without|absent|disabled)\b|缺|丢|删|漏/i
)

/** Matches where one clause ends and the next begins. */
const CLAUSE = inBothScripts(
  /[,;:，；：、。]\s*|\s[–—-]+\s|\b(?=(?:so|because|but|then|which|whereas|while) )|(?=因为|所以|但是?|而且)/u
)

const clausesOf = memoized((sentence: string): ReadonlyArray<string> =>
  withApostrophes(plain(sentence)).split(CLAUSE).filter((clause) => /\p{L}/u.test(clause))
)

/** Returns the words by which something is known again; of everyday, too, because the sentences stand near each other. */
const wordsIn = memoized((text: string): ReadonlySet<string> =>
  new Set(Tokenizer.lexemes(text).filter((word) => word.length > 2 || IS_CJK.test(word) && word.length > 1))
)

const sharedIn = (a: string, b: string): ReadonlyArray<string> => {
  const words = wordsIn(b)
  return [...wordsIn(a)].filter((word) => words.has(word))
}

/** Share of a clause's words which another has that says something of the same thing. */
const SAME = 0.5

const isOfSame = (shared: ReadonlyArray<string>, ...clauses: ReadonlyArray<string>): boolean =>
  clauses.some((clause) => shared.length >= SAME * wordsIn(clause).size)

/** Sentences at the beginning of a message that may deny what was said before it. */
const DENYING = 5
/** Most sentences of a remark between two steps: what follows a wrong cause in it builds on that cause. */
const REMARK = 5
/** Most messages after a supposed cause that are searched for its denial. */
const REACH = 5
/** Share of a supposed cause's words which a later sentence names that says it again. */
const AGAIN = 0.5

/** True where a later sentence says again most of what was supposed. */
const isUpheld = (supposed: string, later: ReadonlyArray<string>): boolean =>
  later.some((sentence) =>
    !NEGATES.test(sentence) && sharedIn(supposed, sentence).length >= AGAIN * wordsIn(supposed).size
  )

/** True for a clause that clears what another names: that is most of what it names. */
const isCleared = (clause: string, said: string): boolean => {
  if (!CLEARS.test(clause)) return false
  const cleared = clause.replace(CLEARS, " ")
  return sharedIn(said, cleared).length > SAME * wordsIn(cleared).size
}

/** True where Claude names another cause and no more what it denied. */
const isOther = (names: ReadonlyArray<string>, after: ReadonlyArray<string>): boolean =>
  after.some((sentence) => isReason(sentence) || isFact(sentence)) &&
  !after.some((sentence) => names.some((word) => wordsIn(sentence).has(word)))

/**
 * True for a clause that denies what one before it says: it clears what that one names, has that there which that one misses, or, in the
 * next message, negates something of it before another cause is named.
 */
const isDenial = (clause: string, said: string, after: (() => ReadonlyArray<string>) | undefined): boolean => {
  const words = sharedIn(said, clause)
  if (isCleared(clause, said)) return true
  const names = words.filter((word) => !isEveryday(word) && /\p{L}/u.test(word))
  if (names.length === 0) return false
  return NEGATES.test(clause)
    ? after !== undefined && !NEGATES.test(said) && isOther(names, after())
    : (NEGATES.test(said) || ABSENT.test(said)) && PRESENT.test(clause) && isOfSame(words, clause, said)
}

/** True where a later message denies what was supposed, or clears what is named in `rest`, which builds on it. */
const isRefuted = (
  supposed: string,
  rest: ReadonlyArray<string>,
  later: ReadonlyArray<ReadonlyArray<string>>
): boolean =>
  later.slice(0, REACH).some((sentences, text) =>
    sentences.slice(0, DENYING).some((sentence, i) => {
      if (!isSaid(sentence)) return false
      const after = () => [...sentences.slice(i + 1), ...later.slice(text + 1).flat()]
      const isNext = text === 0
      const isDenied = isNext && isAdmission(sentence) ||
        clausesOf(sentence).some((clause) =>
          clausesOf(supposed).some((said) => isDenial(clause, said, isNext ? after : undefined)) ||
          isNext && rest.some((said) => isCleared(clause, said))
        )
      return isDenied && !isUpheld(supposed, after())
    })
  )

/**
 * Returns the sentences that say or build on a cause which a later message refutes. Each text is the sentences of a message, and the
 * messages are in their order.
 */
export const refutedIn = (texts: ReadonlyArray<ReadonlyArray<string>>): ReadonlySet<string> =>
  new Set(texts.flatMap((sentences, at) => {
    const later = texts.slice(at + 1)
    const isRemark = sentences.length <= REMARK
    const isWrong = (sentence: string, i: number) =>
      later.length > 0 && isSupposed(sentence) &&
      isRefuted(sentence, isRemark ? sentences.slice(i + 1) : [], later)
    const first = sentences.findIndex(isWrong)
    return first < 0 ? [] : isRemark ? sentences.slice(first) : sentences.filter(isWrong)
  }))

/** Returns the text without sentences; a line of which none is left goes. */
export const withoutSentences = (text: string, sentences: ReadonlySet<string>): string => {
  let left = text
  for (const sentence of sentences) if (left.includes(sentence)) left = left.replaceAll(sentence, "")
  return left === text ? text : left.split("\n").filter((line) => /[\p{L}\p{N}]/u.test(line)).join("\n")
}
