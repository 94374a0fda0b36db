/**
 * What goes with memories that are forgotten, and how it is known when it comes again. Pure, so that every store forgets alike.
 *
 * A memory tells sentences of its messages, shortened and put together anew: those go whose words it holds, so that nothing can be made
 * of them again. They are known again by keyed hashes, each sentence by its words alone if these are enough to be nobody else's, else
 * by those of the whole text that it stood in as well.
 */
import { createHash, createHmac } from "node:crypto"
import type { Block, BlockKind, Message } from "../domain/Conversation.ts"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import { lexemes } from "../domain/Tokenizer.ts"
import type { CaptureBatch } from "./MemoryStore.ts"

const END = /\n+|(?<![.!?…])[.!?…]+["'”’)\]`*_]*(?=\s)[^\S\n]*\n?|(?<![。！？；])[。！？；]+["'”’)\]`*_]*[^\S\n]*\n?/gu

/** Joined they are the text. Each ends as it does by itself, so that the others stay sentences when one goes. */
export const sentencesOf = (text: string): ReadonlyArray<string> => {
  const out: Array<string> = []
  let from = 0
  for (const { 0: end, index } of text.matchAll(END)) {
    out.push(text.slice(from, index + end.length))
    from = index + end.length
  }
  return from < text.length ? [...out, text.slice(from)] : out
}

const WORD = /[\p{L}\p{N}_]+/gu

const wordsOf = (text: string): ReadonlyArray<string> => text.toLowerCase().match(WORD) ?? []

/** Some words can be said by anybody, so many different ones in this order can't. Two Chinese characters are about a word. */
const SPECIFIC = 6

const isSpecific = (words: ReadonlyArray<string>): boolean => {
  let weight = 0
  for (const word of new Set(words)) weight += /[\u3040-\u30ff\u3400-\u9fff]/.test(word) ? word.length / 2 : 1
  return weight >= SPECIFIC
}

/** A sentence that was taken from a text. */
export interface Taken {
  readonly sentence: string
  readonly text: string
}

export interface Stripped {
  readonly message: Message
  /** Empty when the message is as it was. */
  readonly taken: ReadonlyArray<Taken>
}

/** What a sentence is known by; nothing when it has no word. */
const keyIn = (text: () => string) => (sentence: string): string | undefined => {
  const words = wordsOf(sentence)
  return words.length === 0
    ? undefined
    : isSpecific(words)
    ? `sentence ${words.join(" ")}`
    : `sentence ${words.join(" ")} in ${text()}`
}

/** The whole is hashed once, and only if a sentence needs it. */
const keysIn = (text: string) => {
  let whole: string | undefined
  return keyIn(() => whole ??= createHash("sha256").update(wordsOf(text).join(" ")).digest("hex"))
}

export const titleKey = (title: string): string => `title ${wordsOf(title).join(" ")}`
const unitKey = ({ content, id }: MemoryUnit): string => `unit ${id} ${wordsOf(content).join(" ")}`

/** The passages of a unit's content, without the labels before them. */
const textsOf = ({ content, passages }: MemoryUnit): ReadonlyArray<string> =>
  passages.length === 0 ? [content] : passages.map(({ from, to }) => content.slice(from, to))

/** What is not to be known again: what was taken, and what the units said. */
export const keysOfForgotten = (
  units: ReadonlyArray<MemoryUnit>,
  taken: ReadonlyArray<Taken>
): ReadonlySet<string> => {
  const keys = new Set<string>()
  for (const { sentence, text } of taken) {
    const key = keysIn(text)(sentence)
    if (key !== undefined) keys.add(key)
  }
  for (const unit of units) {
    keys.add(unitKey(unit))
    for (const text of textsOf(unit)) {
      for (const key of sentencesOf(text).map(keysIn(text))) if (key !== undefined) keys.add(key)
    }
  }
  return keys
}

/** What a unit would be known by; it is not written when any of these was forgotten. */
export const keysOfUnit = (unit: MemoryUnit): ReadonlyArray<string> => [
  unitKey(unit),
  ...[...textsOf(unit), unit.title, unit.summary].flatMap(sentencesOf).map(wordsOf).filter(isSpecific).map((words) =>
    `sentence ${words.join(" ")}`
  )
]

export const keysOfText = (text: string): ReadonlyArray<string> =>
  sentencesOf(text).map(keysIn(text)).filter((key) => key !== undefined)

/** What a message would be known by. */
export const keysOfMessage = ({ blocks }: Message): ReadonlyArray<string> =>
  blocks.flatMap(({ text }) => keysOfText(text))

const baseName = (file: string): string => file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1)

/** The block without some sentences; none when no word is left. A file that it named in them only is not named any more. */
const without = (
  block: Block,
  goes: (sentence: string) => boolean
): { block: Block | undefined; taken: ReadonlyArray<Taken> } => {
  const sentences = sentencesOf(block.text)
  const taken = sentences.filter(goes)
  if (taken.length === 0) return { block, taken: [] }
  const text = sentences.filter((sentence) => !goes(sentence)).join("").trimEnd()
  const { file, ...rest } = block
  const isNamed = file !== undefined && (text.includes(baseName(file)) || !block.text.includes(baseName(file)))
  return {
    block: wordsOf(text).length === 0 ? undefined : { ...rest, text, ...(isNamed && { file }) },
    taken: taken.map((sentence) => ({ sentence, text: block.text }))
  }
}

const withoutIn = (message: Message, goes: (block: Block) => (sentence: string) => boolean): Stripped => {
  const stripped = message.blocks.map((block) => without(block, goes(block)))
  const taken = stripped.flatMap((each) => each.taken)
  const blocks = stripped.flatMap(({ block }) => block === undefined ? [] : [block])
  return { message: taken.length === 0 ? message : { ...message, blocks }, taken }
}

/** A message without what is known of it. What is left may be known again. */
export const withoutKnown = (message: Message, isKnown: (key: string) => boolean): Stripped =>
  withoutIn(message, ({ text }) => {
    const key = keysIn(text)
    return (sentence) => {
      const own = key(sentence)
      return own !== undefined && isKnown(own)
    }
  })

/** The same, as often as it takes. */
export const withoutAllKnown = (message: Message, isKnown: (key: string) => boolean): Stripped => {
  const { message: rest, taken } = withoutKnown(message, isKnown)
  if (taken.length === 0) return { message, taken }
  const more = withoutAllKnown(rest, isKnown)
  return { message: more.message, taken: [...taken, ...more.taken] }
}

/** The ids of units that say the same as these: of those that they superseded, and those that superseded them. */
export const linkedTo = (
  units: ReadonlyArray<MemoryUnit>,
  superseded: ReadonlyArray<MemoryUnit>
): ReadonlyArray<string> => [
  ...new Set([
    ...units.flatMap(({ supersededBy }) => supersededBy === null ? [] : [supersededBy]),
    ...superseded.map(({ id }) => id)
  ])
]

/** Of the texts in a line of a transcript that could not be understood. */
export const keysOfLine = (line: string): ReadonlyArray<string> =>
  keysOfText(line.replace(/\\["nrt]|"/g, (end) => end === "\\n" || end === "\"" ? "\n" : " "))

/** What a batch would be known by. */
export const keysOfBatch = ({ deadLetters, facts, messages }: CaptureBatch): ReadonlyArray<string> => [
  ...messages.flatMap(keysOfMessage),
  ...facts.flatMap(({ title }) => title === undefined ? [] : [titleKey(title)]),
  ...deadLetters.flatMap(({ line }) => keysOfLine(line))
]

/** Of a batch what was not forgotten. */
export const withoutForgotten = (batch: CaptureBatch, isKnown: (key: string) => boolean): CaptureBatch => ({
  ...batch,
  messages: batch.messages.map((message) => withoutAllKnown(message, isKnown).message),
  facts: batch.facts.map((facts) =>
    facts.title !== undefined && isKnown(titleKey(facts.title)) ? { ...facts, title: undefined } : facts
  ),
  deadLetters: batch.deadLetters.map((letter) =>
    keysOfLine(letter.line).some(isKnown) ? { ...letter, line: "" } : letter
  )
})

/** Two words that a message holds in which a sentence can stand. */
export type Probe = readonly [string, string]

/** The longest words of each sentence, or of the whole text of those that are known by it. */
export const probesOf = (units: ReadonlyArray<MemoryUnit>, taken: ReadonlyArray<Taken>): ReadonlyArray<Probe> => {
  const said = units.flatMap(textsOf).flatMap((text) => sentencesOf(text).map((sentence) => ({ sentence, text })))
  const texts = new Set(
    [...taken, ...said].map(({ sentence, text }) => isSpecific(wordsOf(sentence)) ? sentence : text)
  )
  return [...texts].flatMap((text): ReadonlyArray<Probe> => {
    const [first, second = first] = [...new Set(text.match(WORD))].sort((a, b) => b.length - a.length)
    return first === undefined ? [] : [[first, second!]]
  })
}

/** The messages that units cite, and what kinds of text of each; of those that say the same as these the kind is not known. */
export const citedBy = (units: ReadonlyArray<MemoryUnit>): ReadonlyMap<string, ReadonlySet<BlockKind>> => {
  const cited = new Map<string, Set<BlockKind>>()
  const kindsOf = (uuid: string) => {
    const kinds = cited.get(uuid) ?? new Set()
    cited.set(uuid, kinds)
    return kinds
  }
  for (const { also, passages } of units) {
    for (const { kind, uuid } of passages) kindsOf(uuid).add(kind)
    for (const uuid of also) kindsOf(uuid)
  }
  return cited
}

/** This share of the words of one is in the other: what a compressor makes of a sentence, or leaves of it. */
const SHARE = 0.8
/** With fewer words than this a part of a sentence is in it by chance, unless it stands in it as it is. */
const LEAST = 3
const LEAST_AS_IT_IS = 2

interface Sentence {
  readonly lexemes: ReadonlySet<string>
  /** With a space around each. */
  readonly words: string
}

/** What units tell, sentence by sentence. */
export type Told = ReadonlyArray<Sentence>

const sentenceOf = (text: string): Sentence => ({
  lexemes: new Set(lexemes(text)),
  words: ` ${wordsOf(text).join(" ")} `
})

const toldIn = (texts: ReadonlyArray<string>): Told =>
  texts.flatMap(sentencesOf).map(sentenceOf).filter(({ lexemes }) => lexemes.size > 0)

/** What units hold of their messages. */
export const toldBy = (units: ReadonlyArray<MemoryUnit>): Told => toldIn(units.flatMap(textsOf))

/** Also what they are called, which may be the words of a message that they don't cite, and not theirs alone. */
export const describedBy = (units: ReadonlyArray<MemoryUnit>): Told =>
  toldIn(units.flatMap((unit) => [...textsOf(unit), unit.title, unit.summary]))

const sharedBy = (a: Sentence, b: Sentence): number => {
  let shared = 0
  for (const lexeme of a.lexemes) if (b.lexemes.has(lexeme)) shared++
  return shared
}

/** Whether units tell this, or a part of it. */
export const isTold = (text: string, told: Told): boolean => {
  const sentence = sentenceOf(text)
  const size = sentence.lexemes.size
  return size > 0 && told.some((other) => {
    const shared = sharedBy(sentence, other)
    return shared >= SHARE * size || (other.lexemes.size >= LEAST && shared >= SHARE * other.lexemes.size) ||
      (other.lexemes.size >= LEAST_AS_IT_IS && sentence.words.includes(other.words))
  })
}

/** Whether this says what units tell, no more and no less. */
const isToldAgain = (text: string, told: Told): boolean => {
  const sentence = sentenceOf(text)
  const size = sentence.lexemes.size
  return size > LEAST &&
    told.some((other) => sharedBy(sentence, other) >= SHARE * Math.max(size, other.lexemes.size))
}

/** A message of a session, cited or not, without the sentences that say what units of that session tell. */
export const withoutToldAgain = (message: Message, told: Told): Stripped =>
  withoutIn(message, () => (sentence) => isToldAgain(sentence, told))

/** Whether something that is forgotten is in a unit, or in messages that it cites: it is to be made again, if it can be. */
export const isTouched = (unit: MemoryUnit, changed: ReadonlySet<string>, told: Told): boolean =>
  unit.passages.length > 0 &&
  (evidence(unit).some((uuid) => changed.has(uuid)) ||
    [unit.title, unit.summary, unit.content].flatMap(sentencesOf).some((sentence) => isTold(sentence, told)))

/**
 * A message that units cite without what they tell of it. Where they tell nothing of it in its own words, the cited kinds of text go
 * whole.
 */
export const withoutTold = (message: Message, cited: ReadonlySet<BlockKind>, told: Told): Stripped => {
  const isCited = ({ kind }: Block) => cited.has(kind)
  const hasCited = message.blocks.some(isCited)
  const sentences = withoutIn(message, () => (sentence) => isTold(sentence, told))
  const wasFound = message.blocks.some((block) =>
    (isCited(block) || !hasCited) && sentencesOf(block.text).some((sentence) => isTold(sentence, told))
  )
  return wasFound
    ? sentences
    : withoutIn(message, (block) => (sentence) => isCited(block) || !hasCited || isTold(sentence, told))
}

/** 128 bits of a keyed hash: without the secret nobody can tell which words it is of. */
export const hashesBy = (secret: string) => (key: string): string =>
  createHmac("sha256", secret).update(key).digest("hex").slice(0, 32)
