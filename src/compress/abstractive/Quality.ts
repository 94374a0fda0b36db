/**
 * Scores a unit that a model wrote from 0 to 1, without asking a model. Units below their type's threshold are
 * discarded.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import type { Role } from "../../domain/Conversation.ts"
import { type Source, sourceOf, type Unfounded, unfoundedIn } from "../../domain/Faithfulness.ts"
import { isReadable } from "../../domain/Language.ts"
import { withoutInstructions } from "../../domain/MachineInstructions.ts"
import { MAX_CONTENT_LENGTH, type UnitType, weightedLength } from "../../domain/MemoryUnit.ts"
import { lexemes } from "../../domain/Tokenizer.ts"

export const THRESHOLDS: Readonly<Record<UnitType, number>> = {
  conversation: 0.7,
  error_log: 0.6,
  decision: 0.8,
  code_snippet: 0.7,
  documentation: 0.8,
  archive: 0.5
}

export interface Statement {
  readonly text: string
  /** Roles of the messages that the statement cites. */
  readonly from: ReadonlyArray<Role>
}

/** The text of a unit, to be judged. */
export interface Written {
  readonly type: UnitType
  readonly title: string
  readonly summary: string
  readonly statements: ReadonlyArray<Statement>
}

/** `score` is the product of `faithfulness`, `coverage`, `length` and `language`, each from 0 to 1. */
export interface Verdict {
  readonly score: number
  readonly faithfulness: number
  readonly coverage: number
  readonly length: number
  readonly language: number
  /** Statements that begin with one speaker's name but cite the other's messages alone. */
  readonly misattributed: ReadonlyArray<string>
  readonly unfounded: ReadonlyArray<Unfounded>
}

/** Factor on the faithfulness for each unfounded claim of a kind. */
const PENALTIES: Readonly<Record<Unfounded["kind"], number>> = {
  number: 0.45,
  path: 0.45,
  code: 0.45,
  name: 0.45,
  statement: 0.49
}

const MIN_RUN = 40

/** Returns the share of a text that is copied from the source, in runs of at least 40 characters. */
const copiedShare = (text: string, source: string): number => {
  const plain = text.replace(/\s+/g, " ")
  const from = source.replace(/\s+/g, " ")
  let count = 0
  for (let at = 0; at + MIN_RUN <= plain.length;) {
    if (!from.includes(plain.slice(at, at + MIN_RUN))) {
      at++
      continue
    }
    let end = at + MIN_RUN
    while (end < plain.length && from.includes(plain.slice(end - MIN_RUN + 1, end + 1))) end++
    count += end - at
    at = end
  }
  return count / Math.max(1, plain.length)
}

const MIN_LENGTH = 40
const MAX_COPIED_LENGTH = 700

const lengthOf = ({ statements, type }: Written, source: string): number => {
  const content = statements.map(({ text }) => text).join("\n")
  const length = weightedLength(content)
  if (length < MIN_LENGTH || length > MAX_CONTENT_LENGTH) return 0
  return type !== "code_snippet" && length > MAX_COPIED_LENGTH && copiedShare(content, source) > 0.7 ? 0.4 : 1
}

/**
 * Number of the source's most frequent words. A unit that uses none has no coverage; `MIN_COMMON` give full coverage.
 */
const COMMON = 40
const MIN_COMMON = 2

const coverageOf = (written: string, source: string): number => {
  const counts = new Map<string, number>()
  for (const lexeme of lexemes(source)) counts.set(lexeme, (counts.get(lexeme) ?? 0) + 1)
  const common = [...counts].sort(([, a], [, b]) => b - a).slice(0, COMMON).map(([lexeme]) => lexeme)
  const own = new Set(lexemes(written))
  return Math.min(1, common.filter((lexeme) => own.has(lexeme)).length / Math.min(MIN_COMMON, common.length))
}

const SPEAKERS: ReadonlyArray<readonly [Role, RegExp]> = [
  ["human", inBothScripts(/^(?:the )?user\b(?!')|^用户(?!名|数|表|界面|体验|端|的)/i)],
  ["assistant", /^(?:claude|the assistant)\b(?!'| code)|^(?:claude|助手)(?! code|的)/i]
]

/** Statements that cite a message of role "system" are never misattributed: its speaker is not known. */
const isMisattributed = ({ from, text }: Statement) =>
  SPEAKERS.some(([role, pattern]) =>
    pattern.test(text) && from.length > 0 && !from.includes(role) && !from.includes("system")
  )

/** Factor on the faithfulness for each misattributed statement. */
const MISATTRIBUTED_PENALTY = 0.45

/** The part of a conversation against which units are judged. */
export interface Origin {
  /** Everything that a statement may rest on. */
  readonly text: string
  /** The text of the person and of Claude alone, without tools; decides which language is expected. */
  readonly dialogue: string
  readonly source: Source
}

export const originOf = (text: string, dialogue: string): Origin => ({
  text,
  dialogue,
  source: sourceOf(withoutInstructions(text))
})

export const judge = (written: Written, { dialogue, source, text }: Origin): Verdict => {
  const parts = [written.title, written.summary, ...written.statements.map(({ text }) => text)].filter((part) =>
    part.trim() !== ""
  )
  // A title is too short for the check of its share of known words.
  const unfounded = parts.flatMap((part) => unfoundedIn(part, source)).filter(({ kind, text }) =>
    kind !== "statement" || text !== written.title
  )
  const distinct = new Map(unfounded.map((each) => [`${each.kind} ${each.text}`, each]))
  const misattributed = written.statements.filter(isMisattributed).map(({ text }) => text)
  const faithfulness = [...distinct.values()].reduce((left, { kind }) => left * PENALTIES[kind], 1) *
    MISATTRIBUTED_PENALTY ** misattributed.length
  const whole = parts.join("\n")
  const coverage = coverageOf(whole, source.text)
  const length = lengthOf(written, text)
  const language = isReadable(whole, dialogue) ? 1 : 0
  return {
    score: faithfulness * coverage * length * language,
    faithfulness,
    coverage,
    length,
    language,
    misattributed,
    unfounded: [...distinct.values()]
  }
}

export const isGood = (written: Written, origin: Origin): boolean =>
  judge(written, origin).score >= THRESHOLDS[written.type]
