/**
 * Checks requests and replies against the OpenAPI description of the server.
 *
 * As shipped, the description refuses next to nothing: `{ "nullable": true }` stands beside a reference in 263 unions
 * and lets anything pass, and objects are open. Both are corrected here, so that requests may hold only described
 * fields. Replies may hold more, since those of a newer server do.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root, testData } from "../../data.ts"

type Json = { readonly [key: string]: unknown }

interface Parameter {
  readonly name: string
  readonly in: "path" | "query"
  readonly required?: boolean
  readonly schema: Json
}

interface Body {
  readonly required?: boolean
  readonly content: { readonly "application/json"?: { readonly schema: Json } }
}

interface Operation {
  readonly operationId: string
  readonly parameters?: ReadonlyArray<Parameter>
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Partial<Body>>>
}

export interface OpenApi {
  readonly openapi: string
  readonly info: Json
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>> }
}

export interface Request {
  readonly method: string
  readonly url: URL
  /** Undefined for a request without a body. */
  readonly body: unknown
}

export interface Judged {
  /** Operation id; undefined where the description has no operation for the path and method. */
  readonly operation: string | undefined
  /** Parameters in the path. */
  readonly names: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly problems: ReadonlyArray<string>
}

export interface Contract {
  readonly judge: (request: Request) => Judged
  /** Returns the problems of an answer to the operation. */
  readonly judgeReply: (operation: string, status: number, body: unknown) => ReadonlyArray<string>
}

/** The part that our calls use (scripts/assets/qdrant-calls.ts), for runs without TEST_DATA. */
export const CALLS = join(root, "test", "fixtures", "qdrant-calls.json")
export const FULL = testData === undefined ? undefined : join(testData, "qdrant-openapi-1.19.json")

export const read = (file: string): OpenApi => JSON.parse(readFileSync(file, "utf8")) as OpenApi

const METHODS = ["get", "put", "post", "patch", "delete"]
const ID = "qdrant://api"
const ANNOTATIONS = new Set(["description", "example", "examples", "deprecated", "default", "title"])

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** Corrects a schema. Keys of `properties` are names of fields, even if they equal a keyword. */
const harden = (node: unknown, isClosed: boolean): unknown => {
  if (Array.isArray(node)) return node.map((each) => harden(each, isClosed))
  if (!isObject(node)) return node
  const entries = Object.entries(node).filter(([key]) => key !== "nullable" && !ANNOTATIONS.has(key)).map(
    ([key, value]): readonly [string, unknown] => {
      switch (key) {
        case "$ref":
          return [key, `${ID}${String(value)}`]
        case "properties":
          return [
            key,
            Object.fromEntries(Object.entries(value as Json).map(([name, each]) => [name, harden(each, isClosed)]))
          ]
        case "enum":
        case "required":
          return [key, value]
        // More than one of the open alternatives may match.
        case "oneOf":
          return ["anyOf", harden(value, isClosed)]
        default:
          return [key, harden(value, isClosed)]
      }
    }
  )
  const rest: Json = {
    ...Object.fromEntries(entries),
    ...(isClosed && node["properties"] !== undefined && node["additionalProperties"] === undefined &&
      { additionalProperties: false })
  }
  if (node["nullable"] !== true) return rest
  return entries.length === 0 ? { type: "null" } : { anyOf: [rest, { type: "null" }] }
}

const NUMBERS = ["uint", "uint8", "uint32", "uint64", "int64", "float", "double"]
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

const makeAjv = ({ components }: OpenApi, isClosed: boolean) => {
  const ajv = new Ajv2020({ strict: false, allErrors: false, verbose: false })
  for (const name of NUMBERS) {
    ajv.addFormat(name, {
      type: "number",
      validate: (value: number) => Number.isFinite(value)
    })
  }
  for (const name of ["binary", "date-time", "partial-date-time", "uri"]) ajv.addFormat(name, true)
  ajv.addFormat("uuid", UUID)
  ajv.addSchema({ $id: ID, components: harden(components, isClosed) as Json })
  const compiled = new Map<Json, ValidateFunction>()
  /** In a union every alternative reports problems; the deepest problem belongs to the intended alternative. */
  return (schema: Json, value: unknown, where: string): ReadonlyArray<string> => {
    const validate = compiled.get(schema) ?? ajv.compile(harden(schema, isClosed) as Json)
    compiled.set(schema, validate)
    if (validate(value)) return []
    const errors = validate.errors ?? []
    const depth = (path: string) => path.split("/").length
    const deepest = Math.max(...errors.map(({ instancePath }) => depth(instancePath)))
    return errors.filter(({ instancePath }) => depth(instancePath) === deepest).map(
      ({ instancePath, message = "is wrong", params }) =>
        `${where}${instancePath} ${message}${
          "additionalProperty" in params ? ` (${String(params["additionalProperty"])})` : ""
        }`
    )
  }
}

/** Parses the value of a URL's parameter. */
const valueOf = (text: string): unknown =>
  text === "true" || text === "false" ? text === "true" : /^-?\d+$/.test(text) ? Number(text) : text

export const make = (api: OpenApi): Contract => {
  const [closed, open] = [makeAjv(api, true), makeAjv(api, false)]
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      if (operation === undefined) return []
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
      const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "([^/]+)")}$`)
      return [{ method: method.toUpperCase(), names, pattern, operation }]
    })
  ).sort((a, b) => a.names.length - b.names.length)
  const byId = new Map(operations.map(({ operation }) => [operation.operationId, operation]))

  return {
    judge: ({ body, method, url }) => {
      const path = url.pathname.replace(/(?<=.)\/+$/, "")
      const found = operations.find((each) => each.method === method && each.pattern.test(path))
      if (found === undefined) {
        return { operation: undefined, names: {}, query: {}, problems: [`there is no ${method} ${path}`] }
      }
      const { operation: { operationId, parameters = [], requestBody }, pattern } = found
      const values = pattern.exec(path)!.slice(1).map(decodeURIComponent)
      const names = Object.fromEntries(found.names.map((name, i) => [name, values[i]!]))
      const query = Object.fromEntries([...url.searchParams].map(([name, text]) => [name, valueOf(text)]))
      const known = new Map(parameters.filter((each) => each.in === "query").map((each) => [each.name, each]))
      const schema = requestBody?.content["application/json"]?.schema
      return {
        operation: operationId,
        names,
        query,
        problems: [
          ...Object.keys(query).filter((name) => !known.has(name)).map((name) => `query ${name} is not known`),
          ...[...known.values()].flatMap(({ name, required, schema }) =>
            name in query
              ? closed(schema, query[name], `query ${name}`)
              : required === true
              ? [`query ${name} is missing`]
              : []
          ),
          ...(schema === undefined
            ? body === undefined ? [] : ["body is not wanted"]
            : body === undefined
            ? requestBody?.required === false ? [] : ["body is missing"]
            : closed(schema, body, "body"))
        ]
      }
    },
    judgeReply: (operation, status, body) => {
      const responses = byId.get(operation)?.responses ?? {}
      const response = responses[status] ?? responses[`${String(status)[0]}XX`] ?? responses["default"]
      const schema = response?.content?.["application/json"]?.schema
      return schema === undefined ? [`${operation} has no answer ${status}`] : open(schema, body, "answer")
    }
  }
}

let made: Contract | undefined

/** Checks against the whole description, or against the part for our calls where TEST_DATA is not set. */
export const contract = (): Contract => made ??= make(read(FULL ?? CALLS))
