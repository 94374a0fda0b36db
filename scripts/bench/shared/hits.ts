/**
 * Counts the questions about transcripts that a search answers in its first results.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isJson } from "../../../src/domain/Json.ts"
import { linesIn } from "../../../test/prompts.ts"
import { transcriptsIn } from "./transcripts.ts"

const messages = Schema.optionalWith(Schema.Array(Schema.Struct({ uuid: Schema.String })), { default: () => [] })
/** Question with labels: the messages that answer it, and words of the answer. One without `evidence` has no answer. */
const Labelled = Schema.parseJson(Schema.Struct({
  id: Schema.String,
  lang: Schema.optionalWith(Schema.String, { default: () => "en" }),
  evidence: messages,
  also: messages,
  key_terms: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] })
}))

interface Answer {
  readonly id: string
  /** Best first, each with the messages that it cites. */
  readonly results: ReadonlyArray<{ readonly content: string; readonly evidence: ReadonlyArray<string> }>
}

const CUTS = [1, 5, 10, 25, 50]
/** Bounds of a result: a coarser one would count without finding anything. */
const MAX_CITED = 8
const MAX_TOKENS = 400
/** Characters in a row that a result shares with a message, when it holds only some words of the answer. */
const RUN = 40
const RUN_STEP = 5

const normal = (text: string) => text.toLowerCase().replace(/\s+/g, " ")

/** Takes a CJK character for a token, and 3.3 others for one, so that no tokenizer is favoured. */
const tokensOf = (text: string) => {
  const cjk = (text.match(/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]/g) ?? []).length
  return cjk + (text.length - cjk) / 3.3
}

const sharesRun = (content: string, message: string) => {
  for (let at = 0; at + RUN <= content.length; at += RUN_STEP) {
    if (message.includes(content.slice(at, at + RUN))) return true
  }
  return false
}

const stringsIn = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
    ? Object.values(value).flatMap(stringsIn)
    : []

interface Line {
  readonly uuid?: string
  readonly message?: { readonly content?: unknown }
}

/** Texts of these messages, by uuid. */
const textsOf = (folder: string, wanted: ReadonlySet<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const texts = new Map<string, string>()
    for (const file of yield* transcriptsIn(folder)) {
      for (const line of (yield* fs.readFileString(file)).split("\n").filter(isJson)) {
        const { message, uuid = "" } = JSON.parse(line) as Line
        if (wanted.has(uuid)) texts.set(uuid, normal(stringsIn(message?.content).join("\n")))
      }
    }
    return texts
  })

/**
 * Counts, by the language of the questions, those answered in the first 1, 5, 10, 25 and 50 results. A result answers when it
 * cites one of the messages and holds all words of the answer, or one of them and a run of characters of that message.
 */
export const hitsOf = (folder: string, questions: string, answers: ReadonlyArray<Answer>) =>
  Effect.gen(function*() {
    const labelled = (yield* linesIn(questions, Labelled)).filter(({ evidence }) => evidence.length > 0)
    const answering = ({ also, evidence }: typeof Labelled.Type) => [...evidence, ...also].map(({ uuid }) => uuid)
    const texts = yield* textsOf(folder, new Set(labelled.flatMap(answering)))
    const results = new Map(answers.map((answer) => [answer.id, answer.results]))
    const asked = labelled.map((question) => {
      const gold = new Set(answering(question))
      const terms = question.key_terms.map(normal)
      const index = (results.get(question.id) ?? []).findIndex(({ content, evidence }) => {
        if (evidence.length > MAX_CITED || tokensOf(content) > MAX_TOKENS) return false
        const text = normal(content)
        const held = terms.filter((term) => text.includes(term)).length
        return evidence.some((uuid) =>
          gold.has(uuid) && (held === terms.length || (held > 0 && sharesRun(text, texts.get(uuid) ?? "")))
        )
      })
      return { lang: question.lang, index: index < 0 ? Infinity : index }
    })
    const languages = [...new Set(asked.map(({ lang }) => lang))].sort()
    return Object.fromEntries(languages.map((language) => {
      const indices = asked.filter(({ lang }) => lang === language).map(({ index }) => index)
      const counts = CUTS.map((k) => [`hit${k}`, indices.filter((index) => index < k).length] as const)
      return [language, { n: indices.length, ...Object.fromEntries(counts) }]
    }))
  })
