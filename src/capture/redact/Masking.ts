/**
 * Masks every string read from a transcript, then bounds its length, before the store sees it.
 */
import * as Effect from "effect/Effect"
import { idOf } from "../../domain/Ids.ts"
import type { CaptureBatch } from "../../store/MemoryStore.ts"
import * as Transcript from "../transcript/Transcript.ts"

/** Loads the rules on first use: they are a third of the program, and mere searches don't need them. */
const loadRedactor = Effect.promise(() => import("./Redactor.ts"))

type Use = "text" | "title" | "name" | "id" | "line"

const DEAD_LETTER_LENGTH = 4_096

/** Ids of the forms that Claude Code makes (UUIDs; of agents, messages and tool calls); these are not redacted. */
const KNOWN_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|a?[0-9a-f]{6,32}|(?:toolu|msg)_\w{10,40}|main)$/i
const MAX_ID_LENGTH = 100

/**
 * Replaces an id that can't be kept by a hash of it, which still links the rows that share it. JSON escapes lone
 * surrogates, so that ids that differ only in these get different hashes.
 */
const id = (value: string, masked: string) =>
  value === masked && value.length <= MAX_ID_LENGTH && /^[\x21-\x7e]+$/.test(value)
    ? value
    : idOf("message", JSON.stringify(value))

/** Replaces NULs, which end a text in SQLite, and lone surrogates, which UTF-8 can't encode. */
const wellFormed = (value: string) => value.replace(/\u0000|\p{Surrogate}/gu, "\ufffd")

const bound: Readonly<Record<Use, (value: string, masked: string) => string>> = {
  text: (_, masked) => Transcript.shorten(masked),
  title: (_, masked) => Transcript.shortenTitle(wellFormed(masked)),
  name: (_, masked) => Transcript.shortenName(wellFormed(masked)),
  id,
  line: (_, masked) => masked.slice(0, DEAD_LETTER_LENGTH)
}

/**
 * Applies `change` to each string that was read from the transcript or from git's configuration. The transcript's own
 * path stays as it is, because its cursor is looked up by the path.
 */
const mapStrings = (batch: CaptureBatch, change: (value: string, use: Use) => string): CaptureBatch => {
  const ifString = <A>(value: string | A, use: Use) => typeof value === "string" ? change(value, use) : value
  return {
    ...batch,
    cursor: { ...batch.cursor, sessionId: change(batch.cursor.sessionId, "id") },
    project: {
      id: batch.project.id,
      name: change(batch.project.name, "name"),
      root: change(batch.project.root, "name"),
      key: change(batch.project.key, "name")
    },
    messages: batch.messages.map((message) => ({
      ...message,
      uuid: change(message.uuid, "id"),
      parentUuid: ifString(message.parentUuid, "id"),
      sessionId: change(message.sessionId, "id"),
      thread: change(message.thread, "id"),
      blocks: message.blocks.map((block) => ({
        ...block,
        text: change(block.text, "text"),
        ...(block.tool !== undefined && { tool: change(block.tool, "name") }),
        ...(block.toolUseId !== undefined && { toolUseId: change(block.toolUseId, "id") }),
        ...(block.file !== undefined && { file: change(block.file, "name") })
      }))
    })),
    facts: batch.facts.map((facts) => ({
      ...facts,
      sessionId: change(facts.sessionId, "id"),
      cwd: ifString(facts.cwd, "name"),
      branch: ifString(facts.branch, "name"),
      version: ifString(facts.version, "name"),
      title: ifString(facts.title, "title")
    })),
    deadLetters: batch.deadLetters.map((letter) => ({ ...letter, line: change(letter.line, "line") }))
  }
}

/** Masks and bounds a batch. A string that occurs several times is masked, and counted in `redactions`, once. */
export const mask = (batch: CaptureBatch): Effect.Effect<CaptureBatch> =>
  Effect.gen(function*() {
    const { redact } = yield* loadRedactor
    // Texts come first and stay side by side: a secret may be split over two of them.
    const blockTexts = new Set<string>()
    const others = new Set<string>()
    mapStrings(batch, (value, use) => {
      if (use === "text") blockTexts.add(value)
      else if (use !== "id" || !KNOWN_ID.test(value)) others.add(value)
      return value
    })
    const values = [...new Set([...blockTexts, ...others])]
    const { counts, texts } = yield* redact(values)
    const masked = new Map(values.map((value, i) => [value, texts[i]!]))
    return {
      ...mapStrings(batch, (value, use) => bound[use](value, masked.get(value) ?? value)),
      redactions: counts
    }
  })

/** Masks texts from outside transcripts, without bounding their length. */
export const maskTexts = (texts: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const { redact } = yield* loadRedactor
    return (yield* redact(texts)).texts.map(wellFormed)
  })

/** Separator of paragraphs that are masked as one text. */
const PARAGRAPH = "\n\u0000\n"

/** Masks texts of paragraphs, each as one text: a passage that is masked may begin in one paragraph and end in a later one. */
export const maskParagraphs = (
  texts: ReadonlyArray<ReadonlyArray<string>>
): Effect.Effect<
  {
    readonly texts: ReadonlyArray<ReadonlyArray<string>>
    readonly counts: Readonly<Record<string, number>>
  }
> =>
  Effect.gen(function*() {
    const { redact } = yield* loadRedactor
    const { counts, texts: masked } = yield* redact(
      texts.map((paragraphs) => paragraphs.map(wellFormed).join(PARAGRAPH))
    )
    return { texts: masked.map((text) => text.split(PARAGRAPH)), counts }
  })
