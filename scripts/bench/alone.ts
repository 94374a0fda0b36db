/**
 * Counts how often a memory of one session injects something, for questions that the session answers and for others. Each session of a
 * file's questions gets a memory of its own, which is asked every question.
 */
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { linesIn } from "../../test/prompts.ts"
import { program, progress, row, service, temporaryFolder } from "../../test/script.ts"
import { imported, transcripts } from "./shared/transcripts.ts"

const Question = Schema.parseJson(Schema.Struct({
  question: Schema.String,
  lang: Schema.String,
  evidence: Schema.Array(Schema.Struct({ file: Schema.String }))
}))

/** A memory with fewer units counts as small. */
const SMALL = 30

interface Asked {
  readonly isSmall: boolean
  readonly lang: string
  readonly isAnswered: boolean
  readonly isInjected: boolean
}

const ask = (transcript: string, file: string, questions: ReadonlyArray<typeof Question.Type>) =>
  Effect.gen(function*() {
    const home = yield* temporaryFolder
    return yield* Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const { units } = yield* imported(transcript)
      return yield* Effect.forEach(questions, ({ evidence, lang, question }) =>
        Effect.map(
          memory.inject({ prompt: question, projects: "all", mode: "balanced", maxTokens: 2_000, maxChars: 20_000 }),
          ({ items }): Asked => ({
            isSmall: units.total < SMALL,
            lang,
            isAnswered: evidence.some((each) => each.file === file),
            isInjected: items.length > 0
          })
        ))
    }).pipe(Effect.provide(service(home)))
  }).pipe(Effect.scoped)

program("alone", {
  description: "Ask memories of one session each",
  options: {
    transcripts,
    questions: Options.file("questions", { exists: "yes" }).pipe(
      Options.withDescription("JSONL with the fields question, lang and evidence, whose file is one of the transcripts")
    )
  },
  run: ({ questions: file, transcripts }) =>
    Effect.gen(function*() {
      const path = yield* Path.Path
      const questions = yield* linesIn(file, Question)
      const files = [...new Set(questions.flatMap(({ evidence }) => evidence.map((each) => each.file)))]
      const asked = (yield* Effect.forEach(files, (name, i) =>
        Effect.zipRight(
          progress(`session ${i + 1} of ${files.length}`),
          ask(path.join(transcripts, name), name, questions)
        ))).flat()
      const rows = [true, false].flatMap((isSmall) =>
        [...new Set(questions.map(({ lang }) => lang))].sort().map((lang) => {
          const of = (isAnswered: boolean) =>
            asked.filter((each) => each.isSmall === isSmall && each.lang === lang && each.isAnswered === isAnswered)
          const share = (some: ReadonlyArray<Asked>) => ({
            asked: some.length,
            injected: some.filter(({ isInjected }) => isInjected).length
          })
          return { isSmall, lang, answered: share(of(true)), unanswered: share(of(false)) }
        })
      )
      const cell = ({ asked, injected }: { readonly asked: number; readonly injected: number }) =>
        `${injected} of ${asked}`
      return {
        data: { rows },
        text: () => [
          `injects for a question that the session${" ".repeat(7)}answers      does not`,
          ...rows.map(({ answered, isSmall, lang, unanswered }) =>
            row(
              `${lang}, a session of ${isSmall ? `less than ${SMALL}` : `${SMALL} or more`} units`,
              40,
              [cell(answered), cell(unanswered)],
              14
            )
          )
        ]
      }
    })
})
