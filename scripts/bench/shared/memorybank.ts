/**
 * The file format of MemoryBank's Chinese chats (Zhong et al., 2024) with labels: an exchange is a turn, and what a user said on a day
 * a session.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Chat, Question } from "./chats.ts"

const File = Schema.parseJson(Schema.Array(Schema.Struct({
  user: Schema.String,
  turns: Schema.Array(Schema.Struct({
    i: Schema.Int,
    date: Schema.String,
    user: Schema.String,
    assistant: Schema.String
  })),
  questions: Schema.Array(Schema.Struct({ q: Schema.String, gold: Schema.Array(Schema.Array(Schema.Int)) }))
})))

export const usersIn = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const users = yield* Schema.decode(File)(yield* fs.readFileString(file))
    return users.map(({ questions, turns, user }): Chat<Question> => ({
      id: user,
      sessions: [...new Set(turns.map(({ date }) => date))].map((title) => ({
        title,
        occurredAt: Date.parse(title),
        turns: turns.filter(({ date }) => date === title).map(({ assistant, i, user }) => ({
          id: String(i),
          // As the conversations that are made of transcripts.
          text: `User: ${user}\nClaude: ${assistant}`
        }))
      })),
      questions: questions.map(({ gold, q }) => ({ text: q, groups: gold.map((group) => group.map(String)) }))
    }))
  })
