/**
 * Requests by the API's own description, docs/openapi.json: those that it allows, and those that it does not.
 */
import * as FastCheck from "effect/FastCheck"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../data.ts"

export const DESCRIPTION = join(root, "docs", "openapi.json")

interface JsonSchema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<JsonSchema>
  readonly oneOf?: ReadonlyArray<JsonSchema>
  readonly allOf?: ReadonlyArray<JsonSchema>
  readonly items?: JsonSchema | ReadonlyArray<JsonSchema>
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: ReadonlyArray<string>
  readonly additionalProperties?: boolean | JsonSchema
  readonly minimum?: number
  readonly maximum?: number
}

interface Parameter {
  readonly name: string
  readonly in: "path" | "query" | "header"
  readonly required: boolean
  readonly schema: JsonSchema
}

interface Operation {
  readonly parameters: ReadonlyArray<Parameter>
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

export const description: Description = JSON.parse(readFileSync(DESCRIPTION, "utf8"))

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The body as text; undefined for none. */
  readonly body: string | undefined
}

/** Texts that have broken something somewhere, and ids that are there. */
const text = (known: ReadonlyArray<string>): FastCheck.Arbitrary<string> =>
  FastCheck.oneof(
    FastCheck.string({ unit: "binary" }),
    FastCheck.constantFrom(
      ...known,
      "",
      " ",
      "\\u0000",
      "'; DROP TABLE units; --",
      "%",
      "../../etc/passwd",
      "<script>alert(1)</script>",
      "\ud800",
      "重构 的 决定",
      "NaN",
      "1e999",
      "-1",
      "*",
      "all",
      "global",
      "__proto__",
      "a".repeat(2_000)
    )
  )

const arbitraryOf = (schema: JsonSchema, known: ReadonlyArray<string>, depth = 0): FastCheck.Arbitrary<unknown> => {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split("/").at(-1)!
    return arbitraryOf(description.components.schemas[name] ?? {}, known, depth)
  }
  if (schema.enum !== undefined) return FastCheck.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return FastCheck.oneof(...choices.map((each) => arbitraryOf(each, known, depth)))
  switch (schema.type) {
    case "string":
      return text(known)
    case "integer":
      return FastCheck.integer({ min: schema.minimum ?? -3, max: schema.maximum ?? 100 })
    case "number":
      return FastCheck.oneof(
        FastCheck.double({ noNaN: true, min: schema.minimum ?? -1e16, max: schema.maximum ?? 1e16 }),
        FastCheck.integer()
      )
    case "boolean":
      return FastCheck.boolean()
    case "array": {
      const items = Array.isArray(schema.items) ? schema.items[0] : schema.items
      return FastCheck.array(arbitraryOf((items ?? {}) as JsonSchema, known, depth + 1), { maxLength: 3 })
    }
    case "object": {
      const properties = Object.entries(schema.properties ?? {})
      return FastCheck.record(
        Object.fromEntries(properties.map(([name, each]) => [name, arbitraryOf(each, known, depth + 1)])),
        { requiredKeys: (schema.required ?? []).filter((name) => properties.some(([key]) => key === name)) }
      )
    }
    default:
      return FastCheck.jsonValue({ maxDepth: 2 })
  }
}

const queryText = (known: ReadonlyArray<string>, { name, schema }: Parameter): FastCheck.Arbitrary<string> => {
  const value = schema.type === "array" ? (schema.items as JsonSchema) : schema
  const some = value.enum !== undefined
    ? FastCheck.constantFrom(...value.enum.map(String))
    : FastCheck.oneof(
      text(known),
      FastCheck.integer({ min: -5, max: 300 }).map(String),
      FastCheck.constantFrom("true", "false")
    )
  return FastCheck.array(some, { minLength: 1, maxLength: 2 }).map((values) =>
    values.map((each) => `${encodeURIComponent(name)}=${encoded(each)}`).join("&")
  )
}

/** A lone surrogate has no encoding. */
const encoded = (value: string): string => encodeURIComponent(value.replace(/[\ud800-\udfff]/g, "?"))

/** Header values that a client can send at all. */
const headerText = (known: ReadonlyArray<string>) =>
  text(known).map((value) => value.replace(/[^\x20-\x7e]/g, "").trim().slice(0, 300))

/** Breaks a body that the description allows, in one place. */
const broken = (valid: FastCheck.Arbitrary<unknown>): FastCheck.Arbitrary<unknown> =>
  FastCheck.tuple(valid, FastCheck.nat(), FastCheck.jsonValue({ maxDepth: 1 })).map(([body, at, other]) => {
    if (typeof body !== "object" || body === null || Array.isArray(body)) return other
    const keys = Object.keys(body)
    return keys.length === 0 ? other : { ...body, [keys[at % keys.length]!]: other }
  })

/** Requests to one route; `known` are ids and names that are there. */
export const requestTo = (
  path: string,
  method: string,
  known: ReadonlyArray<string>
): FastCheck.Arbitrary<Request> => {
  const { parameters, requestBody } = description.paths[path]![method]!
  const of = (place: Parameter["in"]) => parameters.filter((each) => each.in === place)
  const places = FastCheck.tuple(...of("path").map(() => text(known).map(encoded)))
  const query = FastCheck.tuple(
    ...of("query").map((each) =>
      each.name === "project"
        ? FastCheck.oneof(FastCheck.constant("project=all"), queryText(known, each), FastCheck.constant(""))
        : FastCheck.oneof(FastCheck.constant(""), queryText(known, each))
    )
  )
  const headers = FastCheck.tuple(
    ...of("header").map(({ name }) =>
      FastCheck.tuple(FastCheck.constant(name), FastCheck.option(headerText(known), { nil: undefined }))
    )
  )
  const schema = requestBody?.content["application/json"]?.schema
  const valid = schema === undefined ? undefined : arbitraryOf(schema, known)
  const body = valid === undefined
    ? FastCheck.constant(undefined)
    : FastCheck.oneof(
      { weight: 5, arbitrary: valid.map((each) => JSON.stringify(each)) },
      { weight: 3, arbitrary: broken(valid).map((each) => JSON.stringify(each)) },
      { weight: 1, arbitrary: FastCheck.json() },
      { weight: 1, arbitrary: FastCheck.string() }
    )
  return FastCheck.tuple(places, query, headers, body).map(([places, query, headers, body]) => {
    let i = 0
    const place = path.replace(/\{\w+\}/g, () => places[i++] ?? "x")
    const asked = query.filter((each) => each !== "").join("&")
    const sent = headers.filter((each): each is [string, string] => each[1] !== undefined && each[1] !== "")
    return {
      method: method.toUpperCase(),
      path: asked === "" ? place : `${place}?${asked}`,
      headers: {
        ...Object.fromEntries(sent),
        ...(body !== undefined && { "content-type": "application/json" })
      },
      body
    }
  })
}

export const operations: ReadonlyArray<readonly [path: string, method: string]> = Object.entries(description.paths)
  .flatMap(([path, methods]) => Object.keys(methods).map((method) => [path, method] as const))
