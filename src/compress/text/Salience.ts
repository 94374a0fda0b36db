/**
 * Extractive summarization: chooses the sentences that represent a text, by centrality, cues and novelty.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { memoized } from "../../domain/Memoized.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import { joined, withFullStop } from "./Prose.ts"

/** Cues of reasons, choices, outcomes, code and numbers, with the weight that each adds to a sentence's score. */
const CUES: ReadonlyArray<readonly [RegExp, number]> = [
  [
    inBothScripts(
      /\b(?:because|since|due to|caused by|root cause|reason|turns out|the (?:issue|problem|bug|cause|fix|solution) (?:is|was)|that's why)\b|因为|由于|原因|根因|问题(?:是|在于|出在)|导致/i
    ),
    0.5
  ],
  [
    inBothScripts(
      /\b(?:decid|chose|choos|instead of|rather than|prefer|recommend|must|never|always|should)\w*|决定|选择|而不是|建议|必须|改用|采用|统一/i
    ),
    0.35
  ],
  [
    inBothScripts(
      /\b(?:fixed|solved|resolved|works?|pass(?:es|ed|ing)?|succe\w+|complet\w+|implemented|added|removed|replaced|created|migrated|updated|found|pushed|merged|deployed)\b|已(?:经)?|完成|修复|解决|通过|成功|新增|删除|替换/i
    ),
    0.3
  ],
  [/`[^`]+`|\b[\w.-]+\/[\w./-]+\b|\b\w+\.(?:ts|js|tsx|py|go|rs|md|json|ya?ml|sql|sh|toml)\b/u, 0.2],
  [/\d/u, 0.1]
]

/** Matches questions and lines that end in a colon, which inform less than statements. */
const WEAK = /[?？]\s*$|^(?:would|could|should|do|does|is|are|can|what|which|how|want|shall)\b.*\?|[:：]\s*$/i

const cuesOf = memoized((sentence: string): number =>
  CUES.reduce((sum, [cue, weight]) => sum + (cue.test(sentence) ? weight : 0), 0) - (WEAK.test(sentence) ? 0.5 : 0)
)

/** Only the first 1,000 characters of a sentence are read: a longer one exceeds every `length` that callers pass. */
const SENTENCE = 1_000

const words = memoized((sentence: string): ReadonlySet<string> =>
  new Set(Tokenizer.lexemes(sentence.slice(0, SENTENCE)))
)

const overlap = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  let shared = 0
  for (const word of a) if (b.has(word)) shared++
  return shared / Math.max(1, Math.min(a.size, b.size))
}

/** Overlap with a chosen sentence, as a share of the shorter one's words, above which a sentence is redundant. */
const SAME = 0.6

export interface Choice {
  /** Maximum number of sentences; `length` is their maximum total in characters, the spaces between them included. */
  readonly count: number
  readonly length: number
  /** Topic: its words count as if they occurred once more in the text. */
  readonly about?: string
}

/** Counts the words that two texts have in common. */
export const shared = (a: string, b: string): number => {
  const words = new Set(Tokenizer.lexemes(b))
  return new Set(Tokenizer.lexemes(a).filter((word) => word.length > 1 && words.has(word))).size
}

/**
 * Returns the indices of the representative sentences, ascending. The score adds the frequency of a sentence's words in
 * the text (centrality, after Nenkova and Vanderwende 2005), its cues, and a bonus for the first and last place.
 * Sentences are taken greedily, best first, unless they are redundant.
 */
export const choose = (
  sentences: ReadonlyArray<string>,
  { about = "", count, length }: Choice
): ReadonlyArray<number> => {
  const sets = sentences.map(words)
  const frequency = new Map<string, number>()
  for (const set of [...sets, words(about)]) for (const word of set) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  const most = Math.max(1, ...frequency.values())
  const scored = sentences.map((sentence, i) => {
    const set = sets[i]!
    if (set.size === 0 || sentence.length > length) return { i, score: -Infinity }
    let sum = 0
    for (const word of set) sum += frequency.get(word)! / most
    const centrality = sum / Math.sqrt(set.size) / Math.sqrt(12)
    const isBrief = set.size < 4 ? -0.4 : 0
    const place = i === 0 ? 0.15 : i === sentences.length - 1 ? 0.1 : 0
    return { i, score: centrality + cuesOf(sentence) + isBrief + place }
  }).filter(({ score }) => score > -Infinity).sort((a, b) => b.score - a.score || a.i - b.i)
  const chosen: Array<number> = []
  let room = length
  for (const { i } of scored) {
    if (chosen.length === count) break
    if (sentences[i]!.length > room || chosen.some((other) => overlap(sets[i]!, sets[other]!) > SAME)) continue
    chosen.push(i)
    room -= sentences[i]!.length + 1
  }
  return chosen.sort((a, b) => a - b)
}

/** Returns the chosen sentences as one line. */
export const summarize = (sentences: ReadonlyArray<string>, choice: Choice): string =>
  joined(
    choose(sentences, choice).map((i, at, all) => at === all.length - 1 ? sentences[i]! : withFullStop(sentences[i]!))
  )
