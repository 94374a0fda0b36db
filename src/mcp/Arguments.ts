/**
 * Schemas of tool arguments. Each yields a JSON Schema without references.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Calendar from "../domain/Calendar.ts"
import { Refused } from "./Serving.ts"

export const text = Schema.String.pipe(
  Schema.filter((value) => value.trim() === "" ? "it is empty" : undefined, { jsonSchema: { minLength: 1 } })
)

const numbers = (type: "integer" | "number", least: number, most: number) =>
  Schema.Number.annotations({ jsonSchema: { type } }).pipe(
    Schema.filter(
      (value) =>
        least <= value && value <= most && (type === "number" || Number.isInteger(value))
          ? undefined
          : `it takes ${type === "integer" ? "a whole" : "a"} number from ${least} to ${most}, not ${value}`,
      { jsonSchema: { minimum: least, maximum: most } }
    )
  )

export const integer = (least: number, most: number) => numbers("integer", least, most)
export const fraction = numbers("number", 0, 1)

export const optional = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optionalWith(schema.annotations({ description }), { exact: true })

export const withDefault = <A, I>(schema: Schema.Schema<A, I>, value: NoInfer<A>, description: string) =>
  Schema.optionalWith(schema.annotations({ description, default: value }), { exact: true, default: () => value })

export const projectId = optional(
  text,
  "Name, id or folder of another project; \"global\" is all projects. Left out: the project of this session."
)

export const cursor = optional(
  text,
  "next_cursor of the answer before, with the other arguments as they were: gives what comes after it"
)

/** Parses an argument that is a day or a time, in milliseconds since the epoch: its first or last. */
export const time = (argument: string, value: string, end: "first" | "last" = "first") =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const parsed = Calendar.parse(value, now)
    return parsed === undefined
      ? Effect.fail(new Refused({ detail: `${argument}: ${value} is no date; write ${Calendar.FORMS}` }))
      : Effect.succeed(parsed[end])
  })
