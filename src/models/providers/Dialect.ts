/**
 * The differences between the providers' APIs: how a request is encoded and how its answer is decoded.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { CompletionRequest, Purpose, Ranked, Usage } from "../ModelManager.ts"
import type { Structure } from "../Presets.ts"

export interface Answer<A> {
  readonly value: A
  /** Model named in the answer, if any. */
  readonly model: string | null
  readonly usage: Usage
}

/** The reason why an answer is unusable: it is malformed, or the model refused. */
export interface AnswerError {
  readonly reason: "Damaged" | "Refused"
  readonly detail: string
}

/** A request, with the decoder of its answer. */
export interface Exchange<A> {
  /** Path after the base URL. */
  readonly path: string
  readonly body: object
  readonly read: (text: string) => Either.Either<Answer<A>, AnswerError>
}

export interface Dialect {
  readonly headers: (key: string) => Readonly<Record<string, string>>
  readonly complete?: (model: string, request: CompletionRequest, structure: Structure) => Exchange<string>
  /** Asks for one vector for each text; they are decoded in the order of the texts. */
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

export const damaged = (detail: string) => Either.left<AnswerError>({ reason: "Damaged", detail })
export const refused = (detail: string) => Either.left<AnswerError>({ reason: "Refused", detail })

/**
 * Makes a decoder for JSON of this shape. Call it once per shape, because compiling takes longer than decoding. The
 * schema should hold only the fields that are needed: providers add fields, omit optional ones, and send null for those
 * that they lack.
 */
export const decoderOf = <S, I>(schema: Schema.Schema<S, I>, path: string) => {
  const decode = Schema.decodeUnknownEither(Schema.parseJson(schema))
  return <A>(read: (decoded: S) => Either.Either<Answer<A>, AnswerError>): Exchange<A>["read"] => (text) =>
    Either.match(decode(text), {
      onLeft: () => damaged(`its answer does not have the form of ${path}`),
      onRight: read
    })
}

/**
 * A non-empty array of numbers that are finite as 32-bit floats, too, so that the vector's length is finite. A batch
 * holds some hundred thousand numbers: a Schema for each would take several times as long as `JSON.parse`.
 */
export const Vector = Schema.declare((input: unknown): input is ReadonlyArray<number> =>
  Array.isArray(input) && input.length > 0 &&
  input.every((number) => Number.isFinite(number) && Number.isFinite(Math.fround(number)))
)

/** A field that may be missing or null. */
export const nullish = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optional(Schema.NullOr(schema))

/** Sorts vectors by their index into the order of the texts. `Damaged` unless each text has exactly one. */
export const inOrder = (
  data: ReadonlyArray<{ readonly index: number; readonly embedding: ReadonlyArray<number> }>,
  texts: number
): Either.Either<ReadonlyArray<ReadonlyArray<number>>, AnswerError> => {
  const sorted = [...data].sort((a, b) => a.index - b.index)
  return sorted.length === texts && sorted.every(({ index }, i) => index === i)
    ? Either.right(sorted.map(({ embedding }) => embedding))
    : damaged(`it gave ${data.length} vectors for ${texts} texts`)
}

/** Sorts scores of documents, best first; some may be missing. `Damaged` if a document is unknown or occurs twice. */
export const ranked = (
  results: ReadonlyArray<{ readonly index: number; readonly relevance_score: number }>,
  documents: number
): Either.Either<ReadonlyArray<Ranked>, AnswerError> => {
  const known = new Set(results.map(({ index }) => index))
  return known.size === results.length && results.every(({ index }) => index >= 0 && index < documents)
    ? Either.right(
      results.map(({ index, relevance_score: score }) => ({ index, score })).sort((a, b) => b.score - a.score)
    )
    : damaged(`it ranked documents that it was not given, or one twice, of ${documents}`)
}

/** Returns a completion's text. `isCut` says that it reached the token limit, which makes JSON `Damaged`. */
export const completionOf = (
  text: string | null | undefined,
  isCut: boolean,
  { json, maxTokens }: CompletionRequest,
  rest: Omit<Answer<string>, "value">
): Either.Either<Answer<string>, AnswerError> => {
  if (isCut && json !== undefined) {
    return damaged(`its answer is cut off after ${maxTokens ?? "its own limit of"} tokens`)
  }
  // Some models answer with white space instead of nothing.
  return text === null || text === undefined || text.trim() === ""
    ? damaged("its answer has no text")
    : Either.right({ ...rest, value: text.trim() })
}
