/**
 * Decides which text is deleted with a forgotten memory, and recognizes that text when it is captured again. Pure, so that every store
 * forgets alike.
 *
 * A memory holds sentences of its messages, shortened and recombined. Message sentences that share its words are deleted, so that no
 * compressor can produce the memory again. A deleted sentence is recognized by a keyed hash: of its words alone if they are specific
 * enough, otherwise of its words and those of the whole text around it.
 */
import { createHash, createHmac } from "node:crypto"
import { IS_UNSPACED } from "../domain/Cjk.ts"
import type { Block, BlockKind, Message } from "../domain/Conversation.ts"
import { matchesIn } from "../domain/Matches.ts"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import { isSummary } from "../domain/SessionSummary.ts"
import { lexemes } from "../domain/Tokenizer.ts"
import type { CaptureBatch } from "./MemoryStore.ts"

const END = /\n+|(?<![.!?…])[.!?…]+["'”’)\]`*_]*(?=\s)[^\S\n]*\n?|(?<![。！？；])[。！？；]+["'”’)\]`*_]*[^\S\n]*\n?/gu

/** Splits a text into sentences, each with its end mark and the space after it. Joined, the sentences are the text again. */
export const sentencesOf = (text: string): ReadonlyArray<string> => {
  const out: Array<string> = []
  let from = 0
  for (const { 0: end, index } of matchesIn(text, END)) {
    out.push(text.slice(from, index + end.length))
    from = index + end.length
  }
  return from < text.length ? [...out, text.slice(from)] : out
}

const WORD = /[\p{L}\p{N}_]+/gu

const wordsOf = (text: string): ReadonlyArray<string> => text.toLowerCase().match(WORD) ?? []

/** Distinct words from which on a sentence is unlikely to recur by chance. Two Chinese or Japanese characters count as a word. */
const SPECIFIC = 6

const isSpecific = (words: ReadonlyArray<string>): boolean => {
  let weight = 0
  for (const word of new Set(words)) weight += IS_UNSPACED.test(word) ? word.length / 2 : 1
  return weight >= SPECIFIC
}

/** A sentence that was cut from `text`. */
export interface Taken {
  readonly sentence: string
  readonly text: string
}

export interface Stripped {
  readonly message: Message
  /** Empty when the message is unchanged. */
  readonly taken: ReadonlyArray<Taken>
}

/** Returns the key by which a sentence is recognized; undefined when it has no word. */
const keyIn = (text: () => string) => (sentence: string): string | undefined => {
  const words = wordsOf(sentence)
  return words.length === 0
    ? undefined
    : isSpecific(words)
    ? `sentence ${words.join(" ")}`
    : `sentence ${words.join(" ")} in ${text()}`
}

/** Returns `keyIn` for a text; hashes the text at most once, and only if a sentence needs the hash. */
const keysIn = (text: string) => {
  let whole: string | undefined
  return keyIn(() => whole ??= createHash("sha256").update(wordsOf(text).join(" ")).digest("hex"))
}

export const titleKey = (title: string): string => `title ${wordsOf(title).join(" ")}`
const unitKey = ({ content, id }: MemoryUnit): string => `unit ${id} ${wordsOf(content).join(" ")}`

/** Returns the keys by which what is made of a forgotten unit's messages alone, under its id, is recognized. */
export const sourceKeys = (unit: MemoryUnit): ReadonlyArray<string> =>
  evidence(unit).map((uuid) => `source ${unit.id} ${uuid}`)

/** The passages of a unit's content, without the labels before them. */
const textsOf = ({ content, passages }: MemoryUnit): ReadonlyArray<string> =>
  passages.length === 0 ? [content] : passages.map(({ from, to }) => content.slice(from, to))

/** Returns the keys to remember as forgotten: those of the cut sentences, of the units, and of the units' sentences. */
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

/** Returns the keys of a unit; a unit with a forgotten key is not written. */
export const keysOfUnit = (unit: MemoryUnit): ReadonlyArray<string> => [
  unitKey(unit),
  ...[...textsOf(unit), unit.title, unit.summary].flatMap(sentencesOf).map(wordsOf).filter(isSpecific).map((words) =>
    `sentence ${words.join(" ")}`
  )
]

export const keysOfText = (text: string): ReadonlyArray<string> =>
  sentencesOf(text).map(keysIn(text)).filter((key) => key !== undefined)

export const keysOfMessage = ({ blocks }: Message): ReadonlyArray<string> =>
  blocks.flatMap(({ text }) => keysOfText(text))

const baseName = (file: string): string => file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1)

/**
 * Cuts sentences from a block; the block is undefined when no word is left. Drops the block's `file` if only cut sentences named it.
 */
const without = (
  block: Block,
  isForgotten: (sentence: string) => boolean
): { block: Block | undefined; taken: ReadonlyArray<Taken> } => {
  const sentences = sentencesOf(block.text)
  const taken = sentences.filter(isForgotten)
  if (taken.length === 0) return { block, taken: [] }
  const text = sentences.filter((sentence) => !isForgotten(sentence)).join("").trimEnd()
  const { file, ...rest } = block
  const isNamed = file !== undefined && (text.includes(baseName(file)) || !block.text.includes(baseName(file)))
  return {
    block: wordsOf(text).length === 0 ? undefined : { ...rest, text, ...(isNamed && { file }) },
    taken: taken.map((sentence) => ({ sentence, text: block.text }))
  }
}

const withoutIn = (message: Message, isForgottenIn: (block: Block) => (sentence: string) => boolean): Stripped => {
  const stripped = message.blocks.map((block) => without(block, isForgottenIn(block)))
  const taken = stripped.flatMap((each) => each.taken)
  const blocks = stripped.flatMap(({ block }) => block === undefined ? [] : [block])
  return { message: taken.length === 0 ? message : { ...message, blocks }, taken }
}

/** Cuts the sentences with a known key. The shorter text may give the rest new keys that are known too. */
export const withoutKnown = (message: Message, isKnown: (key: string) => boolean): Stripped =>
  withoutIn(message, ({ text }) => {
    const key = keysIn(text)
    return (sentence) => {
      const own = key(sentence)
      return own !== undefined && isKnown(own)
    }
  })

/** Repeats `withoutKnown` until it cuts nothing more. */
export const withoutAllKnown = (message: Message, isKnown: (key: string) => boolean): Stripped => {
  const { message: rest, taken } = withoutKnown(message, isKnown)
  if (taken.length === 0) return { message, taken }
  const more = withoutAllKnown(rest, isKnown)
  return { message: more.message, taken: [...taken, ...more.taken] }
}

/** Returns the ids of the duplicates of `units`: the units that they superseded, and those that superseded them. */
export const linkedTo = (
  units: ReadonlyArray<MemoryUnit>,
  superseded: ReadonlyArray<MemoryUnit>
): ReadonlyArray<string> => [
  ...new Set([
    ...units.flatMap(({ supersededBy }) => supersededBy === null ? [] : [supersededBy]),
    ...superseded.map(({ id }) => id)
  ])
]

/** Returns the keys of the texts in a transcript line that could not be parsed; quotation marks and `\n` delimit the texts. */
export const keysOfLine = (line: string): ReadonlyArray<string> =>
  keysOfText(line.replace(/\\["nrt]|"/g, (end) => end === "\\n" || end === "\"" ? "\n" : " "))

/** What was said: messages, titles of sessions, and lines that could not be parsed. */
export type Said = Pick<CaptureBatch, "deadLetters" | "facts" | "messages">

export const keysOfSaid = ({ deadLetters, facts, messages }: Said): ReadonlyArray<string> => [
  ...messages.flatMap(keysOfMessage),
  ...facts.flatMap(({ title }) => title === undefined ? [] : [titleKey(title)]),
  ...deadLetters.flatMap(({ line }) => keysOfLine(line))
]

/** Cuts known sentences from messages, and drops known titles and the lines of dead letters with a known text. */
export const withoutForgotten = <S extends Said>(said: S, isKnown: (key: string) => boolean): S => ({
  ...said,
  messages: said.messages.map((message) => withoutAllKnown(message, isKnown).message),
  facts: said.facts.map((facts) =>
    facts.title !== undefined && isKnown(titleKey(facts.title)) ? { ...facts, title: undefined } : facts
  ),
  deadLetters: said.deadLetters.map((letter) =>
    keysOfLine(letter.line).some(isKnown) ? { ...letter, line: "" } : letter
  )
})

/** Two words that a message must contain to hold a certain sentence; selects messages in the database. */
export type Probe = readonly [string, string]

/** Returns the two longest words of each sentence, or of its whole text when the sentence alone is not specific. */
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

/** Returns the cited messages with the cited kinds of block; no kind for messages cited in `also`, which does not record it. */
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

/** Share of one sentence's lexemes that the other must contain: a compressor shortens or rewords a sentence. */
const SHARE = 0.8
/** Fewest lexemes of a partial sentence that count as a match; fewer match by chance. */
const LEAST = 3
/** Fewest lexemes of a partial sentence that is contained word for word. */
const LEAST_AS_IT_IS = 2

interface Sentence {
  readonly lexemes: ReadonlySet<string>
  /** The words in lower case, with a space around each. */
  readonly words: string
}

/** The sentences of units, to compare others with. */
export type Sentences = ReadonlyArray<Sentence>

const sentenceOf = (text: string): Sentence => ({
  lexemes: new Set(lexemes(text)),
  words: ` ${wordsOf(text).join(" ")} `
})

const parseSentences = (texts: ReadonlyArray<string>): Sentences =>
  texts.flatMap(sentencesOf).map(sentenceOf).filter(({ lexemes }) => lexemes.size > 0)

/** Returns the sentences that were cut. */
export const takenSentences = (taken: ReadonlyArray<Taken>): Sentences =>
  parseSentences(taken.map(({ sentence }) => sentence))

/** Returns the sentences of the units' contents. */
export const contentSentences = (units: ReadonlyArray<MemoryUnit>): Sentences => parseSentences(units.flatMap(textsOf))

/**
 * Returns the sentences of contents, titles and summaries. Titles and summaries may use words of messages that the units don't cite, and
 * words that occur elsewhere too.
 */
export const allSentences = (units: ReadonlyArray<MemoryUnit>): Sentences =>
  parseSentences(units.flatMap((unit) => [...textsOf(unit), unit.title, unit.summary]))

const sharedBy = (a: Sentence, b: Sentence): number => {
  let shared = 0
  for (const lexeme of a.lexemes) if (b.lexemes.has(lexeme)) shared++
  return shared
}

/** Returns true when one of the sentences contains nearly all of the text, or the text contains nearly all of one of them. */
export const overlaps = (text: string, sentences: Sentences): boolean => {
  const sentence = sentenceOf(text)
  const size = sentence.lexemes.size
  return size > 0 && sentences.some((other) => {
    const shared = sharedBy(sentence, other)
    return shared >= SHARE * size || (other.lexemes.size >= LEAST && shared >= SHARE * other.lexemes.size) ||
      (other.lexemes.size >= LEAST_AS_IT_IS && sentence.words.includes(other.words))
  })
}

/** Returns true when the text and one of the sentences have nearly the same lexemes. */
const repeats = (text: string, sentences: Sentences): boolean => {
  const sentence = sentenceOf(text)
  const size = sentence.lexemes.size
  return size > LEAST &&
    sentences.some((other) => sharedBy(sentence, other) >= SHARE * Math.max(size, other.lexemes.size))
}

/** Cuts the sentences that a test is true for. */
export const cutSentences = (message: Message, isCut: (sentence: string) => boolean): Stripped =>
  withoutIn(message, () => isCut)

/** Cuts all sentences. */
export const cutAll = (message: Message): Stripped => cutSentences(message, () => true)

/** Cuts the sentences that repeat one of `sentences` from a message, cited or not. */
export const cutRepeats = (message: Message, sentences: Sentences): Stripped =>
  cutSentences(message, (sentence) => repeats(sentence, sentences))

/**
 * Returns true when a unit contains forgotten text or cites a changed message, and so must be compressed again. One that a person has
 * changed stays unless it contains that text.
 */
export const isTouched = (
  unit: MemoryUnit,
  changed: Pick<ReadonlySet<string>, "has">,
  sentences: Sentences,
  isKept: boolean
): boolean =>
  unit.passages.length > 0 &&
  (!isKept && evidence(unit).some((uuid) => changed.has(uuid)) || says(unit, sentences))

/** Returns true when a unit says one of the sentences in its title, summary or content. */
export const says = ({ content, summary, title }: MemoryUnit, sentences: Sentences): boolean =>
  [title, summary, content].flatMap(sentencesOf).some((sentence) => overlaps(sentence, sentences))

/** A message before and after sentences were cut from it. */
export interface Cut {
  readonly before: Message
  readonly after: Message
}

/** Returns true when nothing is left of the texts that a unit quotes: it is not made anew. */
export const isEmptied = (unit: MemoryUnit, changed: ReadonlyMap<string, Cut>): boolean =>
  [...citedBy([unit])].every(([uuid, kinds]) => {
    const cut = changed.get(uuid)
    return cut !== undefined && !cut.after.blocks.some(({ kind }) => kinds.size === 0 || kinds.has(kind))
  })

/**
 * Returns those of deleted units that were not made anew. One that was is stored with its origin and type, and cites a message that it
 * cited. Each stands for one, first for that with its id: ids may count places, and so be of the neighbour now.
 */
export const notMadeAnew = (
  deleted: ReadonlyArray<MemoryUnit>,
  stored: ReadonlyArray<MemoryUnit>
): ReadonlyArray<MemoryUnit> => {
  const free = new Map(stored.map((unit) => [unit.id, unit]))
  const isAnew = (unit: MemoryUnit, other: MemoryUnit) =>
    other.origin === unit.origin && other.type === unit.type &&
    (isSummary(unit) || evidence(other).some((uuid) => evidence(unit).includes(uuid)))
  const takes = (unit: MemoryUnit, others: ReadonlyArray<MemoryUnit>) => {
    const anew = others.find((other) => isAnew(unit, other))
    return anew !== undefined && free.delete(anew.id)
  }
  const left = deleted.filter((unit) => !takes(unit, stored.filter(({ id }) => id === unit.id)))
  return left.filter((unit) => !takes(unit, [...free.values()]))
}

const filesIn = ({ blocks }: Message): ReadonlyArray<string> => blocks.flatMap(({ file }) => file ?? [])

/**
 * Returns true when nothing of what was cut is in the summary of a session: what it quotes of the changed messages is left in them word for
 * word, it says none of the sentences, and it names no file of theirs alone. A summary in a model's own words quotes nothing, and is intact
 * only if it cites none of these messages.
 */
export const isIntact = (summary: MemoryUnit, changed: ReadonlyMap<string, Cut>, sentences: Sentences): boolean => {
  const joined = (text: string) => ` ${wordsOf(text).join(" ")} `
  const isQuoteLeft = (uuid: string) => {
    const cut = changed.get(uuid)
    if (cut === undefined) return true
    const left = joined(cut.after.blocks.map(({ text }) => text).join("\n"))
    const quoted = summary.passages.filter((passage) => passage.uuid === uuid)
    return quoted.length > 0 &&
      quoted.flatMap(({ from, to }) => summary.content.slice(from, to).split("\n")).every((text) =>
        left.includes(joined(text))
      )
  }
  const areFilesLeft = ({ after, before }: Cut) => {
    const left = new Set(filesIn(after))
    return filesIn(before).every((file) => left.has(file) || !summary.files.includes(file))
  }
  return !says(summary, sentences) && evidence(summary).every(isQuoteLeft) && [...changed.values()].every(areFilesLeft)
}

/**
 * Cuts the sentences that overlap one of `sentences` from a cited message. When no sentence of the cited blocks does, cuts those blocks as
 * a whole, or all blocks if the message has none of a cited kind.
 */
export const cutCited = (message: Message, cited: ReadonlySet<BlockKind>, sentences: Sentences): Stripped => {
  const isCited = ({ kind }: Block) => cited.has(kind)
  const hasCited = message.blocks.some(isCited)
  const cut = cutSentences(message, (sentence) => overlaps(sentence, sentences))
  const wasFound = message.blocks.some((block) =>
    (isCited(block) || !hasCited) && sentencesOf(block.text).some((sentence) => overlaps(sentence, sentences))
  )
  return wasFound
    ? cut
    : withoutIn(message, (block) => (sentence) => isCited(block) || !hasCited || overlaps(sentence, sentences))
}

/** Returns 128 bits of a keyed hash: without the secret, the hash can't be checked against guessed words. */
export const hashesBy = (secret: string) => (key: string): string =>
  createHmac("sha256", secret).update(key).digest("hex").slice(0, 32)
