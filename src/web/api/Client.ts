/**
 * Asks the server. Requests and answers are typed by the API's description (schema.d.ts), and each problem says what to do.
 */
import { texts } from "../texts/Texts.ts"
import type { components, paths } from "./schema.d.ts"
import * as Token from "./Token.ts"

type Schemas = components["schemas"]
export type Unit = Schemas["MemoryUnit"]
export type UnitType = Unit["type"]
export type Found = Schemas["Found"]
export type Excerpt = Schemas["Excerpt"]
export type SearchRequest = Schemas["SearchRequest"]
export type UnitView = Schemas["UnitView"]
export type Message = UnitView["messages"][number]
export type History = Schemas["HistoryView"]
export type SessionView = Schemas["SessionView"]
export type Conversation = Schemas["Conversation"]
export type Injection = Schemas["Injection"]
export type Why = Schemas["WhyAnswer"]
export type Project = Schemas["Project"]
export type Failure = Schemas["DeadLetters"]["failures"][number]
export type EditBody = Schemas["EditBody"]
export type LeastUnit = Schemas["Least"]["units"][number]
export type Forgotten = Schemas["Forgotten"]
export type RecentChange = Schemas["RecentChanges"]["changes"][number]

type Method = "get" | "post" | "patch" | "delete"

/** An operation as the description has it. */
interface Described {
  readonly parameters: { readonly query?: unknown; readonly path?: unknown; readonly header?: unknown }
  readonly requestBody?: unknown
  readonly responses: object
}

/** Paths that take a method. */
type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends { readonly [_ in M]: Described } ? P : never
}[keyof paths]

type Operation<M extends Method, P extends PathOf<M>> = paths[P] extends
  { readonly [_ in M]: infer O extends Described } ? O
  : never

/** A field for a part that the operation needs, or may have. */
type Part<Name extends string, Value> = [Exclude<Value, undefined>] extends [never] ?
  { readonly [_ in Name]?: undefined }
  : undefined extends Value ? { readonly [_ in Name]?: Value }
  : { readonly [_ in Name]: Value }

type BodyOf<O> = O extends { readonly requestBody: { readonly content: { readonly "application/json": infer Body } } } ?
  Body
  : never

export type Asked<O extends Described> =
  & Part<"path", O["parameters"]["path"]>
  & Part<"query", O["parameters"]["query"]>
  & Part<"header", O["parameters"]["header"]>
  & Part<"body", BodyOf<O>>
  & { readonly signal?: AbortSignal }

export type Answered<O extends Described> = O["responses"] extends
  { readonly [_ in 200 | 201]?: { readonly content: { readonly "application/json": infer A } } } ? A
  : never

/** A problem of the server (RFC 9457), or "no-answer" where there is none. */
export class Problem extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, detail: string) {
    super(detail)
    this.name = "Problem"
    this.code = code
    this.status = status
  }
}

export const isProblem = (error: unknown, code: string): boolean => error instanceof Problem && error.code === code

const problemOf = (body: unknown, status: number): Problem => {
  const { code, detail, title } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>
  const known = typeof code === "string" ? code : "unexpected"
  const said = typeof detail === "string" && detail !== ""
    ? detail
    : typeof title === "string"
    ? title
    : `HTTP ${status}`
  return new Problem(known, status, texts().problem(known, said))
}

const addressOf = (path: string, { path: values = {}, query = {} }: Loose): string => {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) search.append(name, String(each))
  }
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])))
  return search.size === 0 ? filled : `${filled}?${search.toString()}`
}

/** A request without its operation's types. */
interface Loose {
  readonly path?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/** Sends a request; fails with the answer's problem. */
export const send = async <M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  asked: Asked<Operation<M, P>>
): Promise<Response> => {
  const loose = asked as Loose
  const token = Token.token()
  const { body, header, signal } = loose
  let response: Response
  try {
    response = await fetch(addressOf(path, loose), {
      method: method.toUpperCase(),
      headers: {
        ...header,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal })
    })
  } catch (error) {
    if (signal?.aborted === true) throw error
    // What the browser says of it is in its own words.
    throw new Problem("no-answer", 0, texts().noAnswer)
  }
  if (response.ok) return response
  if (response.status === 401 && Token.token() === token) Token.drop()
  throw problemOf(await response.json().catch(() => undefined), response.status)
}

/** Sends a request and returns the data of its answer. */
export const ask = async <M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  asked: Asked<Operation<M, P>>
): Promise<Answered<Operation<M, P>>> => (await send(method, path, asked)).json()
