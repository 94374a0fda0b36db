/**
 * Arguments and options that several commands share: of a memory, of projects, and the filters of a search.
 */
import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Calendar from "../domain/Calendar.ts"
import { UnitType } from "../domain/MemoryUnit.ts"
import { emptyRange } from "../domain/Search.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { refuse } from "./Output.ts"

/** Argument for a text, which is refused when it is empty. */
export const textArgument = (name: string) =>
  Args.text({ name }).pipe(
    Args.mapEffect((text) =>
      text.trim() === ""
        ? Effect.fail(HelpDoc.p(`the argument ${name} is empty: give it a value, or leave it out`))
        : Effect.succeed(text)
    )
  )

export const projects = {
  project: Options.text("project").pipe(
    Options.withDescription("Look in this project instead of the working directory's; repeat it for several"),
    Options.repeated
  ),
  allProjects: Options.boolean("all-projects").pipe(Options.withDescription("Look in every project"))
}

/** Option for a day or a time; gives its first and last millisecond. */
export const time = (name: string) =>
  Options.text(name).pipe(
    Options.withPseudoName("time"),
    Options.mapEffect((text) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const parsed = Calendar.parse(text, now)
        return parsed === undefined
          ? Effect.fail(
            ValidationError.invalidValue(HelpDoc.p(`--${name}: ${text} is no date; write ${Calendar.FORMS}`))
          )
          : Effect.succeed(parsed)
      })
    )
  )

export const times = {
  since: time("since").pipe(
    Options.withDescription(
      "Only from this day or time on, as in 2026-08-31, \"2026-08-31 15:00\" or yesterday, by this machine's clock"
    ),
    Options.optional
  ),
  until: time("until").pipe(Options.withDescription("Only up to this day or time, all of it"), Options.optional)
}

export const filters = {
  ...projects,
  ...times,
  session: Options.text("session").pipe(
    Options.withDescription(
      "Only memories of this session, of whatever project if --project names none: its id or the beginning of it"
    ),
    Options.optional
  ),
  type: Options.choice("type", UnitType.literals).pipe(
    Options.withDescription("Only memories of this type; repeat it for several"),
    Options.repeated
  ),
  pinned: Options.boolean("pinned").pipe(Options.withDescription("Only memories that you pinned")),
  file: Options.text("file").pipe(
    Options.withDescription("Only memories that touch this file (its path or the end of it); repeat it for several"),
    Options.repeated
  )
}

/** Argument that names a memory. */
export const unitId = textArgument("id").pipe(
  Args.withDescription("A memory's id, or the beginning of it, as `search` prints it")
)

/** Option for a whole number of a range. */
export const wholeNumber = (name: string, least: number, most: number) =>
  Options.text(name).pipe(
    Options.withPseudoName("integer"),
    Options.withSchema(
      Schema.NumberFromString.pipe(Schema.int(), Schema.between(least, most)).annotations({
        message: ({ actual }) => ({ message: `--${name} takes ${least} to ${most}, not ${actual}`, override: true })
      })
    )
  )

/** Option for the number of things listed. */
export const limitOf = (otherwise: number, most: number) =>
  wholeNumber("limit", 1, most).pipe(
    Options.withDescription(`How many at most, 1 to ${most} (default: ${otherwise})`),
    Options.withDefault(otherwise)
  )

/** Values of options. */
export type Values<A> = { readonly [K in keyof A]: A[K] extends Options.Options<infer V> ? V : never }

/** Returns the ids of the projects asked for; an unknown name is an error that lists the known ones. */
export const projectIds = (options: Values<typeof projects>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    if (options.allProjects) return "all" as const
    if (options.project.length > 0) return (yield* memory.projectsNamed(options.project)).map(({ id }) => id)
    return [(yield* memory.project(process.cwd())).id]
  })

export const toTimes = ({ since, until }: Values<typeof times>) => {
  const range = {
    ...(Option.isSome(since) && { since: since.value.first }),
    ...(Option.isSome(until) && { until: until.value.last })
  }
  const wrong = emptyRange(range)
  return wrong === undefined ? Effect.succeed(range) : refuse(wrong)
}

export const toFilter = (options: Values<typeof filters>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const session = yield* Effect.transposeMapOption(options.session, memory.session)
    return {
      // A session says of which project it is.
      projects: Option.isSome(session) && options.project.length === 0 ? "all" as const : yield* projectIds(options),
      ...(Option.isSome(session) && { sessions: [session.value.session.id] }),
      ...(options.type.length > 0 && { types: options.type }),
      ...(options.pinned && { isPinned: true }),
      ...(yield* toTimes(options)),
      ...(options.file.length > 0 && { files: options.file })
    }
  })

/** Options of a filter that narrow what is looked at, beside its projects. */
const NARROWING = ["session", "type", "pinned", "file", "since", "until"] as const

/** Names the projects that were searched, and the options that narrowed the search, for a message about an empty result. */
export const scopeText = (options: Values<typeof projects> & Partial<Values<typeof filters>>): string => {
  const place = options.allProjects
    ? "any project"
    : options.project.length > 0
    ? options.project.join(", ")
    : options.session !== undefined && Option.isSome(options.session)
    ? "any project"
    : "this folder's project (--all-projects looks everywhere)"
  const isGiven = (value: boolean | ReadonlyArray<unknown> | Option.Option<unknown> | undefined) =>
    typeof value === "object" ? "length" in value ? value.length > 0 : Option.isSome(value) : value === true
  const narrowing = NARROWING.filter((name) => isGiven(options[name])).map((name) => `--${name}`)
  return narrowing.length === 0 ? place : `${place}, with ${narrowing.join(" and ")}`
}
