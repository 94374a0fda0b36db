/**
 * Asks the hooks what they would put before Claude at each prompt of a file, with the memory that was there then. Sessions are
 * imported in the order in which they began: before each its prompts are asked, and its opening; at the end every prompt again, in
 * another project. A second memory holds each prompt's own session as well, up to the prompt, of which nothing may be told.
 */
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { InjectionMode } from "../../src/domain/Injection.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { type Asked, inOrder, linesIn, makeMemory, Projects, Prompt } from "../../test/prompts.ts"
import { mean, output, program, progress, round, row, service, temporaryFolder } from "../../test/script.ts"
import { transcripts } from "./shared/transcripts.ts"

/** Answers with what other sessions hold. */
const withOthers = (asked: Asked, openings: ReadonlyArray<Prompt>) =>
  Effect.gen(function*() {
    const memory = yield* makeMemory(asked)
    const injected = new Map<string, string>()
    const opened = new Map<string, string>()
    for (const { before, own, project, session } of inOrder(asked)) {
      yield* progress(`before session ${session?.session ?? "of tomorrow"}`)
      for (const prompt of [...before, ...own]) {
        const start = prompt.label === "opening" ? yield* memory.started(prompt) : ""
        injected.set(prompt.id, `${start}\n${yield* memory.prompted(prompt, prompt.project)}`.trim())
      }
      for (const opening of openings.filter((each) => each.session === session?.session)) {
        opened.set(opening.id, yield* memory.started(opening))
      }
      if (session !== undefined) yield* memory.add(project, session)
    }
    const cross = new Map<string, string>()
    for (const prompt of asked.prompts) {
      if (prompt.cross !== undefined) cross.set(prompt.id, yield* memory.prompted(prompt, prompt.cross))
    }
    return { injected, cross, opened }
  })

/** Answers with what the prompt's own session holds, too; only the prompts that were typed in one. */
const withOwn = (asked: Asked) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { show } = yield* ClaudeMemory
    const memory = yield* makeMemory(asked)
    const folder = yield* temporaryFolder
    const injected = new Map<string, string>()
    const ownWords = new Map<string, number>()
    for (const { own, project, session } of inOrder(asked)) {
      if (session === undefined) continue
      yield* progress(`within session ${session.session}`)
      const lines = (yield* fs.readFileString(path.join(asked.transcripts, session.file))).split("\n")
      const file = path.join(folder, path.basename(session.file))
      for (const prompt of own) {
        const end = lines.findIndex((line) => prompt.uuid !== null && line.includes(`"uuid":"${prompt.uuid}"`))
        yield* fs.writeFileString(file, lines.slice(0, Math.max(0, end)).map((line) => `${line}\n`).join(""))
        yield* memory.addFrom(project, session, file)
        const text = yield* memory.prompted(prompt, project, session.session)
        injected.set(prompt.id, text)
        const units = yield* Effect.forEach(
          [...text.matchAll(/\[([0-9a-f]{8})\]/g)],
          ([, id]) => Effect.option(show(id!))
        )
        ownWords.set(
          prompt.id,
          units.filter((each) => Option.exists(each, ({ unit }) => unit.sessionId === session.session)).length
        )
      }
      yield* fs.writeFileString(file, lines.join("\n"))
      yield* memory.addFrom(project, session, file)
    }
    return { injected, ownWords }
  })

const asLines = (fields: Readonly<Record<string, ReadonlyMap<string, string>>>) => {
  const ids = new Set(Object.values(fields).flatMap((map) => [...map.keys()]))
  return [...ids].map((id) =>
    `${
      JSON.stringify({
        id,
        ...Object.fromEntries(Object.entries(fields).map(([name, map]) => [name, map.get(id) ?? ""]))
      })
    }\n`
  ).join("")
}

const Quiet = Schema.Struct({
  n: Schema.Number,
  injected: Schema.Number,
  pointers: Schema.Number,
  tokensMean: Schema.Number
})
const Told = Schema.Struct({
  n: Schema.Number,
  injected: Schema.Number,
  answered800: Schema.Number,
  answered2k: Schema.Number
})
const Score = Schema.parseJson(Schema.Struct({ none: Quiet, cross: Quiet, recall: Told, opening: Told }))

const file = (name: string, description: string) =>
  Options.file(name, { exists: "yes" }).pipe(Options.withDescription(description))

program("prompts", {
  description: "Ask the hooks at each prompt of a file, with the memory of that time, and score when they speak",
  options: {
    transcripts,
    prompts: file("prompts", "JSONL of prompts: id, project, session, uuid, at, text, cross"),
    projects: file("projects", "JSON: the sessions of each project, whose folders are one"),
    openings: file("openings", "JSONL of sessions that begin: id, project, session, at"),
    mode: Options.choice("mode", InjectionMode.literals).pipe(Options.withDefault("balanced")),
    answers: Options.text("answers").pipe(Options.withDescription("Folder for the answers, a file for each run")),
    score: file("score", "Script that scores a file of answers and prints one line of JSON").pipe(Options.optional)
  },
  run: (options) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const asked: Asked = {
        transcripts: options.transcripts,
        mode: options.mode,
        prompts: yield* linesIn(options.prompts, Schema.parseJson(Prompt)),
        projects: yield* Schema.decode(Schema.parseJson(Projects))(yield* fs.readFileString(options.projects))
      }
      const inMemory = <A, E>(run: Effect.Effect<A, E, ClaudeMemory | FileSystem.FileSystem | Path.Path>) =>
        Effect.flatMap(temporaryFolder, (home) => Effect.provide(run, service(home)))
      const openings = yield* linesIn(options.openings, Schema.parseJson(Prompt))
      const others = yield* inMemory(withOthers(asked, openings))
      const own = yield* inMemory(Effect.scoped(withOwn(asked)))

      yield* fs.makeDirectory(options.answers, { recursive: true })
      const written = (name: string, fields: Readonly<Record<string, ReadonlyMap<string, string>>>) =>
        Effect.as(
          fs.writeFileString(path.join(options.answers, name), asLines(fields)),
          path.join(options.answers, name)
        )
      const score = (prompts: string, answers: string) =>
        Option.match(options.score, {
          onNone: () => Effect.succeedNone,
          onSome: (script) =>
            output(Command.make(process.execPath, script, "--prompts", prompts, "--answers", answers)).pipe(
              Effect.flatMap(Schema.decode(Score)),
              Effect.asSome
            )
        })
      const scores = {
        others: yield* score(
          options.prompts,
          yield* written("others.jsonl", { injected: others.injected, cross: others.cross })
        ),
        own: yield* score(options.prompts, yield* written("own.jsonl", { injected: own.injected })),
        openings: yield* score(options.openings, yield* written("openings.jsonl", { injected: others.opened }))
      }
      const ownUnits = [...own.ownWords.values()].reduce((sum, n) => sum + n, 0)
      const openingTokens = round(mean([...others.opened.values()].map(Tokens.estimate)))
      const silent = ({ injected, n, pointers, tokensMean }: typeof Quiet.Type) =>
        `${injected} of ${n} got more than a pointer, ${pointers} a pointer; ${tokensMean} tokens a prompt`
      return {
        data: { prompts: asked.prompts.length, ownUnits, openingTokens, scores },
        text: () => [
          ...Option.match(scores.others, {
            onNone: () => [],
            onSome: ({ cross, none, opening, recall }) => [
              `needs no memory: ${silent(none)}`,
              `another project's memory: ${silent(cross)}`,
              row("", 9, ["spoken", "right@800", "right@2k", "prompts"], 12),
              row("recall", 9, [recall.injected, recall.answered800, recall.answered2k, recall.n], 12),
              row("opening", 9, [opening.injected, opening.answered800, opening.answered2k, opening.n], 12)
            ]
          }),
          ...Option.match(scores.own, {
            onNone: () => [],
            onSome: ({ none }) => [`with its own session too, needs no memory: ${silent(none)}`]
          }),
          `memories of its own session that a prompt got: ${ownUnits}`,
          ...Option.match(scores.openings, {
            onNone: () => [],
            onSome: (
              { opening }
            ) => [`starts of sessions: right ${opening.answered800} of ${opening.n}, ${openingTokens} tokens`]
          })
        ]
      }
    })
})
