/**
 * Answers every request: checks who asks and how much, serves the page's files, and passes the rest to the routes, whose failures it
 * turns into problems.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import { RequestError, RouteNotFound } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { HttpSessions } from "../mcp/HttpSessions.ts"
import * as Owner from "../resources/Owner.ts"
import { Activity } from "./Activity.ts"
import { Api, isOpen } from "./Api.ts"
import { refusal } from "./Gate.ts"
import { LIMITS } from "./Limits.ts"
import * as Mcp from "./Mcp.ts"
import { Metrics } from "./Metrics.ts"
import { Pages } from "./Pages.ts"
import { Problem, problem } from "./Problem.ts"
import { Service } from "./Service.ts"
import { Traffic } from "./Traffic.ts"

/** A route of the API: its path as the API writes it, and what matches it. */
interface Route {
  readonly method: string
  readonly path: string
  readonly pattern: RegExp
}

const ROUTES: ReadonlyArray<Route> = (() => {
  const found: Array<Route> = []
  HttpApi.reflect(Api, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint: { method, path } }) => {
      found.push({ method, path, pattern: new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`) })
    }
  })
  return found
})()

const OPEN_API = "/openapi.json"
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY"
}

const encodeProblem = Schema.encodeSync(Problem)

const answerTo = (failure: Problem) =>
  HttpServerResponse.unsafeJson(
    encodeProblem(failure),
    {
      status: failure.status,
      contentType: "application/problem+json",
      headers: failure.status === 401
        ? { "www-authenticate": "Bearer" }
        : failure.status === 429 || failure.status === 503
        ? { "retry-after": "1" }
        : {}
    }
  )

const TOO_LARGE = problem("too-large", `a request has at most ${LIMITS.bodyBytes / 1024 / 1024} MiB`)

/** Most issues of a request that are named. */
const ISSUES = 5

const malformed = (
  issues: ReadonlyArray<{ readonly path: ReadonlyArray<PropertyKey>; readonly message: string }>
): Problem => {
  // An optional value may be undefined too, which nobody can send.
  const said = issues.filter(({ message }) => !message.startsWith("Expected undefined")).slice(0, ISSUES)
  return problem(
    "bad-request",
    said.map(({ message, path }) => path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`).join(
      "; "
    )
      .slice(0, 1_000)
  )
}

/** Says what is wrong with a request, as far as the failure of a route is one. */
const problemIn = (failure: unknown): Problem | undefined => {
  if (failure instanceof Problem) return failure
  // The router looks for no name that is very long, or not encoded as one.
  if (failure instanceof RouteNotFound) return problem("not-found", "there is nothing of this name")
  if (failure instanceof HttpApiDecodeError) return malformed(failure.issues)
  if (failure instanceof RequestError) {
    return failure.cause instanceof Error && /maxBytes/i.test(failure.cause.message)
      ? TOO_LARGE
      : problem("bad-request", "the body can't be read: it must be JSON")
  }
  return undefined
}

const refuse = (route: string, failure: Problem) => ({ route, response: answerTo(failure) })

/** Finds the route of a request, or says why there is none. */
const routeOf = (method: string, path: string): Route | Problem => {
  const matching = ROUTES.filter(({ pattern }) => pattern.test(path))
  const asked = method === "HEAD" ? "GET" : method
  const route = matching.find((each) => each.method === asked)
  if (route !== undefined) return route
  return matching.length > 0
    ? problem("wrong-method", `${path} takes ${matching.map((each) => each.method).join(", ")}`)
    : problem("not-found", `there is no route ${path.slice(0, 200)}; /openapi.json lists them`)
}

/** Says what is wrong with the size or the kind of a body. */
const bodyProblem = ({ headers, method }: HttpServerRequest.HttpServerRequest): Problem | undefined => {
  if (Number(headers["content-length"] ?? 0) > LIMITS.bodyBytes) return TOO_LARGE
  const hasBody = Number(headers["content-length"] ?? 0) > 0 || headers["transfer-encoding"] !== undefined
  return hasBody && method !== "GET" && !/^application\/json\b/i.test(headers["content-type"] ?? "")
    ? problem("wrong-type", "send JSON, with `Content-Type: application/json`")
    : undefined
}

/** Bounds bodies, and answers with a problem whatever fails in a route. */
const answered = <E, R>(route: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  route.pipe(
    HttpIncomingMessage.withMaxBodySize(Option.some(LIMITS.bodyBytes)),
    Effect.catchAllCause((cause) => {
      const known = [...Cause.failures(cause), ...Cause.defects(cause)].map(problemIn)
        .find((each) => each !== undefined)
      if (known !== undefined) return Effect.succeed(answerTo(known))
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      return Effect.as(
        Effect.logError("a request failed", cause),
        answerTo(problem("unexpected", "the server failed; its log says why. Please report it"))
      )
    })
  )

/** Stands before the routes' own answers to failures. */
export const problems = HttpApiBuilder.middleware(answered)

export interface SiteOptions {
  /** Names of hosts, beside those of this machine for itself, to which it answers. */
  readonly allowedHosts: ReadonlySet<string>
  readonly isSocket: boolean
}

/** Makes the whole application; its requirements are taken now. */
export const make = (options: SiteOptions) =>
  Effect.gen(function*() {
    const routes = yield* HttpApiBuilder.httpApp
    const mcp = Owner.provideContext(yield* Effect.context<HttpSessions | Service>())(answered(Mcp.answer))
    const { accepts } = yield* Service
    const pages = yield* Pages
    const metrics = yield* Metrics
    const activity = yield* Activity
    const traffic = yield* Traffic
    const openApi = HttpServerResponse.unsafeJson(OpenApi.fromApi(Api))

    /** Returns the route, as the API writes it, and the answer. */
    const app = Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      const { headers, method, url } = request
      const [path = "/"] = url.split("?")
      const isToken = yield* Effect.either(accepts)
      if (Either.isLeft(isToken)) return refuse("other", problem("memory-away", isToken.left.message))
      const asked = {
        method,
        path,
        host: headers["host"],
        origin: headers["origin"],
        authorization: headers["authorization"],
        isSocket: options.isSocket
      }
      const refused = refusal(asked, options.allowedHosts, isToken.right)
      if (refused !== undefined) return refuse("other", refused)
      if (url.length > LIMITS.addressChars) {
        return refuse("other", problem("too-large", `an address has at most ${LIMITS.addressChars} characters`))
      }
      const isRead = method === "GET" || method === "HEAD"
      const page = isRead ? yield* pages.file(path) : Option.none()
      if (Option.isSome(page)) return { route: "/app/", response: page.value }
      activity.use(yield* Clock.currentTimeMillis)
      if (path === OPEN_API && isRead) return { route: OPEN_API, response: openApi }
      const route = path === Mcp.PATH ? { path } : routeOf(method, path)
      if (route instanceof Problem) return refuse("other", route)
      const wrong = bodyProblem(request)
      if (wrong !== undefined) return refuse(route.path, wrong)
      const answering = path === Mcp.PATH ? mcp : routes
      const response = isOpen(path)
        ? yield* answering
        : yield* Effect.catchAll(traffic.admit(answering), (failure) => Effect.succeed(answerTo(failure)))
      return { route: route.path, response }
    })

    const counted = Effect.gen(function*() {
      const start = yield* Clock.currentTimeNanos
      const request = yield* HttpServerRequest.HttpServerRequest
      const { response, route } = yield* app
      const seconds = Number((yield* Clock.currentTimeNanos) - start) / 1e9
      metrics.count(request.method, route, response.status, seconds)
      return yield* HttpServerResponse.setHeaders(response, { ...HEADERS, ...response.headers })
    })

    return { app: counted }
  })
