/**
 * Questions as a person asks them: from a file, and about the sample sessions.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { linesIn } from "../../../test/prompts.ts"

/** A message of a transcript, whose path is relative to their folder. */
const Source = Schema.Struct({ file: Schema.String, uuid: Schema.String })
const sources = Schema.optionalWith(Schema.Array(Source), { default: () => [] })

const Question = Schema.Struct({
  id: Schema.String,
  question: Schema.String,
  lang: Schema.optionalWith(Schema.String, { default: () => "en" }),
  /** Messages that answer it; none where nothing does. */
  evidence: sources,
  /** Other messages that say the same. */
  also: sources,
  /** Strings that an answer has, all of them. */
  key_terms: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] })
})
export type Question = typeof Question.Type

export const questionsIn = (file: string) => linesIn(file, Schema.parseJson(Question))

const Messages = Schema.Array(Schema.Struct({ uuid: Schema.String }))
const Labelled = Schema.parseJson(Schema.Struct({
  question: Schema.String,
  lang: Schema.String,
  session: Schema.NullOr(Schema.String),
  evidence: Messages,
  also: Messages,
  key_terms: Schema.Array(Schema.String)
}))

/** Questions about coding sessions that name the messages which answer them, and terms that are in each answer. */
export const labelledIn = (file: string) =>
  Effect.map(linesIn(file, Labelled), (lines) => lines.filter(({ evidence }) => evidence.length > 0))

/** Questions about the sample sessions in test/fixtures. */
export const QUESTIONS = [
  "why did we decide against Meilisearch?",
  "what exhausted the connection pool under load?",
  "why does max stay at 20 connections?",
  "not a char boundary panic in the snippet code",
  "should the reader mmap the segments?",
  "why is the coupon test flaky?",
  "customers get the order confirmation twice",
  "which rule did finance give for credits above 500 EUR?",
  "what must run before every commit?",
  "__memcpy_chk when linking for musl",
  "two watchers corrupt the index",
  "generation expression is not immutable",
  "为什么银行对账每天差几分钱？",
  "Too many parts 的原因是什么，怎么改的？",
  "为什么没有用 Iceberg？"
]
