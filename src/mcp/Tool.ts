/**
 * What a tool of the MCP server is: its arguments and its answer are Schemas, and the JSON Schemas that clients see come from these.
 */
import type { CallToolResult, Tool as Description } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as JSONSchema from "effect/JSONSchema"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { CLOSE, fence, OPEN, TOOL_PREFIX } from "../domain/Injection.ts"
import { type Failure, Refused, type Serving } from "./Serving.ts"

export interface Tool {
  readonly name: string
  readonly describe: () => Description
  readonly call: (args: unknown) => Effect.Effect<CallToolResult, Failure, Serving>
}

/** The same as data and as text. Words from the memory must have been defused. */
export interface Answer<A> {
  readonly data: A
  readonly text: string
}

interface Definition<A, I, B, J, E> {
  /** Without the `claude_memory_` that all have. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Schema.Schema<A, I>
  readonly output: Schema.Schema<B, J>
  /** What it does to the memory. */
  readonly effect: "reads" | "adds" | "deletes"
  /** Whether the answer holds words from the memory, which are fenced so that they are never captured again. */
  readonly isRemembered: boolean
  readonly run: (args: A) => Effect.Effect<Answer<B>, E, Serving>
}

/** JSON Schema of an object; an empty struct's own says nothing of its type. */
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
 * Claude Code gives Claude the data in place of the text, and writes it into the transcript as JSON, its properties in their order:
 * there it lies in the fence too.
 */
const fenced = <A extends Readonly<Record<string, unknown>>>(data: A) => ({ begin: OPEN, ...data, end: CLOSE })

const fencedSchema = (
  { properties, required = [], ...rest }: Description["inputSchema"]
): Description["inputSchema"] => ({
  ...rest,
  properties: { begin: { const: OPEN }, ...properties, end: { const: CLOSE } },
  required: ["begin", ...required, "end"]
})

/** What of the arguments is wrong, in one sentence. */
const complaint = (name: string, known: ReadonlyArray<string>, error: ParseResult.ParseError): string => {
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
  const { description, effect, input, isRemembered, output, run, title } = definition
  const name = `${TOOL_PREFIX}${definition.name}`
  const decode = Schema.decodeUnknown(input, { errors: "all", onExcessProperty: "error" })
  return {
    name,
    run,
    describe: () => ({
      name,
      title,
      description,
      inputSchema: schemaOf(input),
      outputSchema: isRemembered ? fencedSchema(schemaOf(output)) : schemaOf(output),
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
        const asked = yield* Effect.mapError(decode(given(args)), (error) =>
          new Refused({ detail: complaint(name, Object.keys(schemaOf(input).properties ?? {}), error) }))
        const { data, text } = yield* run(asked)
        return {
          structuredContent: isRemembered ? fenced(data) : { ...data },
          content: [{ type: "text" as const, text: isRemembered ? fence(text) : text }]
        }
      })
  }
}

/** An argument that is null was left out. */
const given = (args: unknown): unknown =>
  typeof args === "object" && args !== null
    ? Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null))
    : args ?? {}
