/**
 * Counts how often a memory of one session injects something, for questions that the session answers and for others. Each session of a
 * file's questions gets a memory of its own, which is asked every question.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { importFiles } from "../../src/cli/Import.ts"
import { answer, json } from "../../src/cli/Output.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { linesIn, main, progress, service, temporaryFolder } from "../../test/script.ts"

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
      const { units } = yield* importFiles(yield* memory.discover([transcript]), yield* Clock.currentTimeMillis)
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

const command = Cli.make("alone", {
  transcripts: Options.directory("transcripts", { exists: "yes" }).pipe(
    Options.withDescription("Folder of transcripts")
  ),
  questions: Options.file("questions", { exists: "yes" }).pipe(
    Options.withDescription("JSONL with the fields question, lang and evidence, whose file is one of the transcripts")
  ),
  json
}, ({ json, questions: file, transcripts }) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const questions = yield* linesIn(file, Question)
    const files = [...new Set(questions.flatMap(({ evidence }) => evidence.map((each) => each.file)))]
    const asked = (yield* Effect.forEach(files, (name, i) =>
      Effect.zipRight(
        progress(`session ${i + 1} of ${files.length}`),
        ask(path.join(transcripts, name), name, questions)
      ))).flat()
    yield* progress("")
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
    const told = ({ asked, injected }: { readonly asked: number; readonly injected: number }) =>
      `${injected} of ${asked}`.padStart(14)
    yield* answer(json, { rows }, () =>
      [
        `injects for a question that the session${" ".repeat(7)}answers      does not`,
        ...rows.map(({ answered, isSmall, lang, unanswered }) =>
          `${lang}, a session of ${isSmall ? `less than ${SMALL}` : `${SMALL} or more`} units`.padEnd(40) +
          told(answered) +
          told(unanswered)
        )
      ].join("\n"))
  }).pipe(Effect.scoped)).pipe(Cli.withDescription("Ask memories of one session each"))

main(command, "alone")
