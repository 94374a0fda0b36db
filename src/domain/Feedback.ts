/**
 * What a person, or Claude for one, said of a memory that was told: that it helps at such prompts, or does not. Pure.
 */
import * as Schema from "effect/Schema"

/** `words` are the memory's own lexemes that the prompt named; none where it is said of every prompt. */
export const Feedback = Schema.Struct({ helps: Schema.Boolean, words: Schema.Array(Schema.String) })
export type Feedback = typeof Feedback.Type

/** Most notes that a memory keeps, the newest. */
export const MAX_NOTES = 16

/** Tests whether two notes speak of the same prompts. */
const isOfSame = (a: Feedback, b: Feedback): boolean =>
  a.words.length === b.words.length && a.words.every((word) => b.words.includes(word))

/** Adds a note; it takes the place of an earlier one of the same prompts, whatever that said. */
export const noted = (notes: ReadonlyArray<Feedback>, note: Feedback): ReadonlyArray<Feedback> =>
  [...notes.filter((other) => !isOfSame(other, note)), note].slice(-MAX_NOTES)

/** Takes off the notes that say the same as one: those of the same prompts, or of any where `words` is undefined. */
export const without = (
  notes: ReadonlyArray<Feedback>,
  { helps, words }: { readonly helps: boolean; readonly words: ReadonlyArray<string> | undefined }
): ReadonlyArray<Feedback> =>
  notes.filter((note) => note.helps !== helps || words !== undefined && !isOfSame(note, { helps, words }))
