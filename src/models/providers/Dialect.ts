/**
 * What differs between the interfaces of providers: how a request is written and how its answer is read.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { CompletionRequest, Purpose, Ranked, Usage } from "../ModelManager.ts"
import type { Structure } from "../Presets.ts"

export interface Answer<A> {
  readonly value: A
  /** Which model answered, where it says so. */
  readonly model: string | null
  readonly usage: Usage
}

/** Why an answer is none: what came is wrong, or it says no. */
export interface Unusable {
  readonly reason: "Damaged" | "Refused"
  readonly detail: string
}

/** One request, and how its answer is read. */
export interface Exchange<A> {
  /** What follows the base URL. */
  readonly path: string
  readonly body: object
  readonly read: (text: string) => Either.Either<Answer<A>, Unusable>
}

export interface Dialect {
  readonly headers: (key: string) => Readonly<Record<string, string>>
  readonly complete?: (model: string, request: CompletionRequest, structure: Structure) => Exchange<string>
  /** Numbers for each text, in order. */
  readonly embed?: (
    model: string,
    texts: ReadonlyArray<string>,
    purpose: Purpose
  ) => Exchange<ReadonlyArray<ReadonlyArray<number>>>
  readonly rerank?: (
    model: string,
    query: string,
    documents: ReadonlyArray<string>
  ) => Exchange<ReadonlyArray<Ranked>>
}

export const damaged = (detail: string) => Either.left<Unusable>({ reason: "Damaged", detail })
export const refused = (detail: string) => Either.left<Unusable>({ reason: "Refused", detail })

/**
 * Reads JSON of this shape; made once for each shape, for making it takes longer than reading. Only what is needed should be in it:
 * providers add fields, leave out what they count as optional, and give null for what they don't have.
 */
export const reading = <S, I>(schema: Schema.Schema<S, I>, path: string) => {
  const decode = Schema.decodeUnknownEither(Schema.parseJson(schema))
  return <A>(read: (decoded: S) => Either.Either<Answer<A>, Unusable>): Exchange<A>["read"] => (text) =>
    Either.match(decode(text), {
      onLeft: () => damaged(`its answer is not what ${path} gives`),
      onRight: read
    })
}

/**
 * One or more numbers that are finite, also with 32 bits, so that their length is. A batch holds some hundred thousand: a Schema for
 * each of them would take several times as long as `JSON.parse`.
 */
export const Vector = Schema.declare((input: unknown): input is ReadonlyArray<number> =>
  Array.isArray(input) && input.length > 0 &&
  input.every((number) => Number.isFinite(number) && Number.isFinite(Math.fround(number)))
)

/** A field that may be missing or null. */
export const maybe = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optional(Schema.NullOr(schema))

/** Vectors in the order of the texts, by the index that each has. */
export const inOrder = (
  data: ReadonlyArray<{ readonly index: number; readonly embedding: ReadonlyArray<number> }>,
  texts: number
): Either.Either<ReadonlyArray<ReadonlyArray<number>>, Unusable> => {
  const sorted = [...data].sort((a, b) => a.index - b.index)
  return sorted.length === texts && sorted.every(({ index }, i) => index === i)
    ? Either.right(sorted.map(({ embedding }) => embedding))
    : damaged(`it gave ${data.length} vectors for ${texts} texts`)
}

/** Scores of some documents, each at most once, best first. */
export const ranked = (
  results: ReadonlyArray<{ readonly index: number; readonly relevance_score: number }>,
  documents: number
): Either.Either<ReadonlyArray<Ranked>, Unusable> => {
  const known = new Set(results.map(({ index }) => index))
  return known.size === results.length && results.every(({ index }) => index >= 0 && index < documents)
    ? Either.right(
      results.map(({ index, relevance_score: score }) => ({ index, score })).sort((a, b) => b.score - a.score)
    )
    : damaged(`it ranked documents that it was not given, or one twice, of ${documents}`)
}

/** A completion's text; `isCut` when it reached the limit of tokens. */
export const spoken = (
  text: string | null | undefined,
  isCut: boolean,
  { json, maxTokens }: CompletionRequest,
  rest: Omit<Answer<string>, "value">
): Either.Either<Answer<string>, Unusable> => {
  if (isCut && json !== undefined) {
    return damaged(`its answer is cut off after ${maxTokens ?? "its own limit of"} tokens`)
  }
  // Some send blanks where they have nothing to say.
  return text === null || text === undefined || text.trim() === ""
    ? damaged("its answer has no text")
    : Either.right({ ...rest, value: text.trim() })
}
