/**
 * The file format of LoCoMo (Maharana et al., 2024): long chats, and questions whose evidence is single turns.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { BenchError } from "../../../test/script.ts"
import type { Chat } from "./chats.ts"

const Turn = Schema.Struct({
  speaker: Schema.String,
  dia_id: Schema.String,
  text: Schema.String,
  blip_caption: Schema.optional(Schema.String)
})
const Question = Schema.Struct({
  question: Schema.String,
  category: Schema.Number,
  evidence: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] })
})
const File = Schema.parseJson(Schema.Array(Schema.Struct({
  sample_id: Schema.String,
  conversation: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  qa: Schema.Array(Question)
})))

/** Parses ids of turns. The data also write "D8:06" and "D:8:6" for "D8:6", and several ids in one string. */
const turnIds = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/D:?(\d+):(\d+)/g)].map(([, session, turn]) => `D${Number(session)}:${Number(turn)}`)

/** Parses "1:56 pm on 8 May, 2023" as UTC. */
const millisOf = (date: string) => {
  const [, hour, minute, half, day] = /^(\d+):(\d+) ([ap])m on (.+)$/.exec(date.trim()) ?? []
  const midnight = Date.parse(`${day} UTC`)
  return Number.isNaN(midnight)
    ? Effect.fail(new BenchError({ reason: "Input", detail: `a session's date can't be read: ${date}` }))
    : Effect.succeed(midnight + ((Number(hour) % 12 + (half === "p" ? 12 : 0)) * 60 + Number(minute)) * 60_000)
}

const sessionsOf = (conversation: Readonly<Record<string, unknown>>) =>
  Effect.forEach(
    Object.keys(conversation).filter((key) => /^session_\d+$/.test(key)),
    (key) =>
      Effect.gen(function*() {
        const turns = yield* Schema.decodeUnknown(Schema.Array(Turn))(conversation[key])
        const title = yield* Schema.decodeUnknown(Schema.String)(conversation[`${key}_date_time`])
        return {
          title,
          occurredAt: yield* millisOf(title),
          turns: turns.map(({ blip_caption: caption, dia_id, speaker, text }) => ({
            id: turnIds(dia_id)[0]!,
            text: `${speaker}: ${text}${caption === undefined ? "" : ` [${caption}]`}`
          }))
        }
      })
  )

/** Reads the conversations. A question is `leftOut` when no turn has the id of its evidence. */
export const conversationsIn = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const samples = yield* Schema.decode(File)(yield* fs.readFileString(file))
    const chats = yield* Effect.forEach(samples, ({ conversation, qa, sample_id: id }) =>
      Effect.map(sessionsOf(conversation), (sessions) => {
        const known = new Set(sessions.flatMap(({ turns }) =>
          turns.map(({ id }) => id)
        ))
        const questions = qa.map(({ category, evidence, question }) => ({
          category,
          text: question,
          groups: [...new Set(evidence.flatMap(turnIds))].filter((id) => known.has(id)).map((id) => [id])
        }))
        return { id, sessions, questions: questions.filter(({ groups }) => groups.length > 0) } satisfies Chat<
          typeof questions[number]
        >
      }))
    const kept = chats.reduce((sum, { questions }) => sum + questions.length, 0)
    return { chats, leftOut: samples.reduce((sum, { qa }) => sum + qa.length, 0) - kept }
  })
