/**
 * Saves a memory in a person's own words.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as App from "../App.ts"
import { UnitType } from "../domain/MemoryUnit.ts"
import { SaveRequest } from "../domain/Saved.ts"
import { advice } from "../process/Advice.ts"
import { readStdin, Unsuccessful, writeStderr } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, json } from "./Output.ts"

/** Bytes read from stdin: far more than a memory holds, so that a text that is too long is refused and not cut. */
const MAX_INPUT = 1_000_000

const words = Args.text({ name: "text" }).pipe(
  Args.withDescription("What to remember, in words that stand alone; - reads it from stdin"),
  Args.atLeast(1)
)

export const options = {
  title: Options.text("title").pipe(
    Options.withDescription("What it is called; without it, the first line of the text"),
    Options.optional
  ),
  type: Options.choice("type", UnitType.literals).pipe(
    Options.withDescription("What it is"),
    Options.withDefault("decision" as const)
  ),
  file: Options.text("file").pipe(
    Options.withDescription("A file that it is about; repeat it for several"),
    Options.repeated
  ),
  project: Options.text("project").pipe(
    Options.withDescription("The project that it belongs to, instead of the working directory's"),
    Options.optional
  ),
  json
}

const decode = Schema.decodeUnknown(SaveRequest)

export const command = Command.make(
  "save",
  { words, ...options },
  ({ file, json, project, title, type, words }) =>
    Effect.gen(function*() {
      const content = words.length === 1 && words[0] === "-" ? yield* readStdin(MAX_INPUT) : words.join(" ")
      const fields = { content, type, files: file, ...(Option.isSome(title) && { title: title.value }) }
      const request = yield* decode({ ...fields, project: { folder: process.cwd() } }).pipe(
        Effect.catchAll((error) =>
          Effect.zipRight(
            writeStderr(`not saved: ${ParseResult.ArrayFormatter.formatErrorSync(error)[0]!.message}\n`),
            Effect.fail(new Unsuccessful())
          )
        )
      )
      const before = yield* Clock.currentTimeMillis
      const { unit, name } = yield* Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const found = yield* Option.match(project, {
          onNone: () => memory.project(process.cwd()),
          onSome: memory.projects.find
        })
        const isKnown = (yield* memory.projects.list).some(({ id }) => id === found.id)
        const unit = yield* memory.save({ ...request, project: isKnown ? { id: found.id } : { folder: found.root } })
        return { unit, name: found.name }
      }).pipe(App.provide(App.service("save")))
      const saved = `in ${name} as ${unit.type} ${unit.id.slice(0, 8)}: ${unit.title}`
      yield* answer(json, { id: unit.id, unit }, () =>
        unit.createdAt < before
          ? `Already saved ${saved}`
          : `Saved ${saved}\n${advice(`\`claude-memory forget ${unit.id.slice(0, 8)}\` takes it out again.`)}`)
    })
).pipe(Command.withDescription("Remember something, in your own words"))
