/**
 * A figure of the page: a picture and the table of its numbers.
 */
export const LANGUAGES = ["en", "zh"] as const
export type Language = typeof LANGUAGES[number]

/** Words in each language of the page. */
export type Words = Readonly<Record<Language, string>>

/** What is the same in both, such as a number. */
export const same = (words: string | number): Words => ({ en: String(words), zh: String(words) })

export interface Figure {
  /** Says in words what the picture shows. */
  readonly alt: Words
  readonly svg: string
  readonly heads: ReadonlyArray<Words>
  readonly rows: ReadonlyArray<ReadonlyArray<Words>>
}
