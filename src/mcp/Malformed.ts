/**
 * Answers requests that are not as the protocol has them, in words. The SDK would answer some with its parser's report, as an
 * error of the server, and others not at all.
 */
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  GetPromptRequestSchema,
  InitializeRequestSchema,
  type JSONRPCMessage,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  PingRequestSchema,
  ReadResourceRequestSchema
} from "@modelcontextprotocol/sdk/types.js"
import { INVALID_PARAMS, INVALID_REQUEST } from "./Serving.ts"

const CALL = "tools/call"

interface Parser {
  readonly safeParse: (value: unknown) => {
    readonly error?:
      | { readonly issues: ReadonlyArray<{ readonly path: ReadonlyArray<PropertyKey>; readonly message: string }> }
      | undefined
  }
}

const SCHEMAS = new Map<string, Parser>([
  [CALL, CallToolRequestSchema],
  ["completion/complete", CompleteRequestSchema],
  ["initialize", InitializeRequestSchema],
  ["ping", PingRequestSchema],
  ["prompts/get", GetPromptRequestSchema],
  ["prompts/list", ListPromptsRequestSchema],
  ["resources/list", ListResourcesRequestSchema],
  ["resources/read", ReadResourceRequestSchema],
  ["resources/templates/list", ListResourceTemplatesRequestSchema],
  ["tools/list", ListToolsRequestSchema]
])

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Names the kind of a JSON value that is no object. */
const kindOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
    ? "a list"
    : typeof value === "boolean"
    ? "true or false"
    : `a ${typeof value}`

/** Describes what a request lacks: the path to it, and what is expected there. */
const faultOf = (method: string, request: unknown): string | undefined => {
  const { error } = SCHEMAS.get(method)?.safeParse(request) ?? {}
  if (error === undefined) return undefined
  const [issue] = error.issues
  const path = issue?.path.map(String).join(".") ?? ""
  return `${method}: ${path === "" ? "its params" : path}: ${
    (issue?.message ?? "invalid").replace(/^Invalid input: /, "")
  }`
}

/**
 * Returns the answer to a malformed request; undefined for what is well-formed, or can't be answered since it has no id.
 * Arguments of another form than an object are refused as a tool refuses those that it does not know.
 */
export const refusalOf = (value: unknown): JSONRPCMessage | undefined => {
  if (!isObject(value) || "result" in value || "error" in value) return undefined
  const { id, jsonrpc, method, params } = value
  if (typeof id !== "string" && !Number.isSafeInteger(id)) return undefined
  const answer = { jsonrpc: "2.0" as const, id: id as string | number }
  const refused = (code: number, message: string) => ({ ...answer, error: { code, message } })
  if (jsonrpc !== "2.0" || typeof method !== "string") {
    return refused(INVALID_REQUEST, "a request has \"jsonrpc\": \"2.0\", a \"method\" and an \"id\"")
  }
  if (params !== undefined && !isObject(params)) {
    return refused(INVALID_PARAMS, `${method}: its params are an object, not ${kindOf(params)}`)
  }
  const args = params?.["arguments"]
  if (method === CALL && typeof params?.["name"] === "string" && args !== undefined && !isObject(args)) {
    const text = `${params["name"]}: its arguments are an object, not ${kindOf(args)}`
    return { ...answer, result: { isError: true, content: [{ type: "text", text }] } }
  }
  const fault = faultOf(method, value)
  return fault === undefined ? undefined : refused(INVALID_PARAMS, fault)
}
