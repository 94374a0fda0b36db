/**
 * A tool of the MCP server: its arguments and its answer are Schemas, from which the JSON Schemas for clients are made.
 */
import type { CallToolResult, Tool as Description } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as JSONSchema from "effect/JSONSchema"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { defuse, fence, FENCE_CLOSE, FENCE_OPEN, TOOL_PREFIX } from "../domain/Injection.ts"
import type { Language } from "../domain/Language.ts"
import { advice } from "./Languages.ts"
import { type Failure, Refused, type Serving } from "./Serving.ts"

export interface Tool {
  readonly name: string
  /** Describes the tool to a client, for a memory in these languages; none when they are not known. */
  readonly describe: (languages: ReadonlyArray<Language>) => Description
  readonly call: (args: unknown) => Effect.Effect<CallToolResult, Failure, Serving>
}

/** The same answer as data and as text. Strings may hold what they will: they are defused before they leave. */
export interface Answer<A> {
  readonly data: A
  readonly text: string
}

export interface Definition<A, I, B, J, E> {
  /** Name without the prefix `claude_memory_`. */
  readonly name: string
  readonly title: string
  readonly description: string
  /** True when the tool takes a question, which finds most in the language of the memories. */
  readonly isAsked?: boolean
  readonly input: Schema.Schema<A, I>
  readonly output: Schema.Schema<B, J>
  /** Effect on the memory. */
  readonly effect: "reads" | "adds" | "changes" | "deletes"
  /** True when the answer holds text from the memory, which is fenced so that it is never captured again. */
  readonly quotesMemory: boolean
  readonly run: (args: A) => Effect.Effect<Answer<B>, E, Serving>
}

/** JSON Schema of an object. Effect's own for an empty struct does not have the type "object". */
const schemaOf = (schema: Schema.Schema.AnyNoContext): Description["inputSchema"] => {
  const { $defs, properties = {}, required = [] } = JSONSchema.make(schema) as Partial<JSONSchema.JsonSchema7Root> & {
    readonly properties?: object
    readonly required?: ReadonlyArray<string>
  }
  return {
    type: "object",
    properties: { ...properties },
    required: [...required],
    additionalProperties: false,
    ...($defs !== undefined && { $defs })
  }
}

/**
 * Claude Code shows Claude the data instead of the text, and writes it into the transcript as JSON with the properties
 * in order. The first and the last property fence the data there.
 */
export const fenced = <A extends Readonly<Record<string, unknown>>>(data: A) => ({
  begin: FENCE_OPEN,
  ...defused(data),
  end: FENCE_CLOSE
})

const fencedSchema = (
  { properties, required = [], ...rest }: Description["inputSchema"]
): Description["inputSchema"] => ({
  ...rest,
  properties: { begin: { const: FENCE_OPEN }, ...properties, end: { const: FENCE_CLOSE } },
  required: ["begin", ...required, "end"]
})

/** Describes everything that is wrong with the arguments, and names the known ones. */
const argumentErrors = (name: string, known: ReadonlyArray<string>, error: ParseResult.ParseError): string => {
  const issues = ParseResult.ArrayFormatter.formatErrorSync(error).map(({ _tag, message, path }) => {
    const argument = path.join(".")
    return _tag === "Missing"
      ? `${argument} is missing`
      : _tag === "Unexpected"
      ? `it has no argument ${argument}`
      : argument === ""
      ? message
      : `${argument}: ${message}`
  })
  return `${name}: ${issues.join("; ")}. Its arguments: ${known.join(", ") || "none"}.`
}

export const tool = <A, I, B extends Readonly<Record<string, unknown>>, J, E extends Failure>(
  definition: Definition<A, I, B, J, E>
): Tool & Pick<Definition<A, I, B, J, E>, "run"> => {
  const { description, effect, input, isAsked = false, output, quotesMemory, run, title } = definition
  const name = `${TOOL_PREFIX}${definition.name}`
  const decode = Schema.decodeUnknown(input, { errors: "all", onExcessProperty: "error" })
  return {
    name,
    run,
    describe: (languages) => ({
      name,
      title,
      description: isAsked ? `${description} ${advice(languages)}` : description,
      inputSchema: schemaOf(input),
      outputSchema: quotesMemory ? fencedSchema(schemaOf(output)) : schemaOf(output),
      annotations: {
        title,
        readOnlyHint: effect === "reads",
        destructiveHint: effect === "deletes",
        idempotentHint: true,
        openWorldHint: false
      }
    }),
    call: (args) =>
      Effect.gen(function*() {
        const decoded = yield* Effect.mapError(decode(withoutNulls(args)), (error) =>
          new Refused({ detail: argumentErrors(name, Object.keys(schemaOf(input).properties ?? {}), error) }))
        const { data, text } = yield* run(decoded)
        return {
          structuredContent: quotesMemory ? fenced(data) : { ...data },
          content: [{ type: "text" as const, text: quotesMemory ? fence(defuse(text)) : text }]
        }
      })
  }
}

/** Defuses all strings in some data. */
const defused = <A>(data: A): A =>
  (typeof data === "string"
    ? defuse(data)
    : Array.isArray(data)
    ? data.map(defused)
    : typeof data === "object" && data !== null
    ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key, defused(value)]))
    : data) as A

/** Drops arguments that are null: null means left out. */
const withoutNulls = (args: unknown): unknown =>
  typeof args === "object" && args !== null
    ? Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null))
    : args ?? {}
