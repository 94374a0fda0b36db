/**
 * Client of one model at one provider. Requests are retried where that may help, within bounds, and aborted on the wire
 * when their caller is interrupted.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { HttpError, HttpPool, HttpResponse } from "../../resources/HttpPool.ts"
import type { Permits } from "../../resources/Permits.ts"
import * as Retry from "../../resources/Retry.ts"
import { tlsAdvice } from "../../resources/Tls.ts"
import type { Budget, Outcome } from "../Budget.ts"
import { ModelError } from "../ModelManager.ts"
import type { Endpoint, Preset, Role } from "../Presets.ts"
import type { Answer, Dialect, Exchange } from "./Dialect.ts"

export interface Patience {
  /** Longest duration of one attempt, for all roles together or for each. */
  readonly timeout: Duration.DurationInput | Readonly<Record<Role, Duration.DurationInput>>
  /** Number of retries after transient failures: 408, 429, 5xx, a broken connection. */
  readonly retries: number
  /** Longest wait before a retry; a server that asks for a longer one is not retried. */
  readonly maxDelay: Duration.DurationInput
}

/** Maximum bytes of an answer. */
const MAX_ANSWER = 64 * 1024 * 1024
/** Characters shown of a server's error message. */
const MAX_MESSAGE = 200

const HINTS: Readonly<Record<number, string>> = {
  401: "the key is refused; check it",
  402: "the account has no credit left",
  403: "the key may not use it",
  404: "there is no such model or path",
  408: "it waited too long for the request",
  413: "the request is too large",
  429: "too many requests, or the quota is used up",
  529: "it is overloaded"
}

const hintOf = (status: number) =>
  HINTS[status] ?? (status < 400 ? "it redirects, which is not followed; check its address" : "it answered")

const isTransient = (status: number, words: string) =>
  status === 408 || (status === 429 && !words.includes("insufficient_quota")) || status >= 500

/** Statuses with which a provider refuses whoever asks, whatever is asked; also redirects, and the end of a quota. */
const isRejection = (status: number) => status < 400 || [401, 402, 403, 404, 429].includes(status)

/** Errors of a connection that was made: the provider may have the request, and be at work. */
const SENT: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"])

/** Characters not allowed in header values (RFC 9110, 5.5), as in a key that was copied with its line break. */
const UNSENDABLE = /[^\t\u0020-\u007e\u0080-\u00ff]/

interface Failure extends Retry.Failure<ModelError> {
  /** True where the provider may charge for the attempt. */
  readonly isCharged: boolean
}

/** The least wait that a server asks for: in its header, or as Google words it in the answer ("retryDelay": "46s"). */
const retryAfter = (headers: HttpResponse["headers"], words: string, now: number): Option.Option<Duration.Duration> =>
  Option.orElse(
    Retry.parseRetryAfter(headers["retry-after"] ?? "", now),
    () =>
      Option.map(
        Option.fromNullable(/"retryDelay":\s*"(\d+(?:\.\d+)?)s"/.exec(words)?.[1]),
        (seconds) => Duration.seconds(Number(seconds))
      )
  )

const ErrorAnswer = Schema.parseJson(Schema.Struct({
  error: Schema.optional(Schema.Union(Schema.String, Schema.Struct({ message: Schema.String }))),
  message: Schema.optional(Schema.String),
  detail: Schema.optional(Schema.String)
}))

/** Extracts the error message from a body in any of the providers' forms; else returns the body. */
const errorMessageIn = (text: string): string =>
  Option.match(Schema.decodeUnknownOption(ErrorAnswer)(text), {
    onNone: () => text,
    onSome: ({ detail, error, message }) =>
      (typeof error === "object" ? error.message : error) ?? message ?? detail ?? text
  })

/** Shortens a text to one line, and masks the key, which some servers repeat. */
const oneLine = (text: string, key: string): string =>
  (key === "" ? text : text.replaceAll(key, "…")).replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim().slice(
    0,
    MAX_MESSAGE
  )

/** Size of a call: tokens of its input (by domain/Tokens) and of the longest answer. */
export interface Size {
  readonly input: number
  readonly output: number
  /** Longest duration of one attempt; overrides the role's `Patience`. */
  readonly timeout?: Duration.DurationInput | undefined
}

const timeoutOf = ({ timeout }: Patience, role: Role): Duration.DurationInput =>
  Predicate.hasProperty(timeout, role) ? timeout[role] : timeout as Duration.DurationInput

export interface Client {
  readonly endpoint: Endpoint
  readonly ask: <A>(exchange: Exchange<A>, size: Size) => Effect.Effect<Answer<A>, ModelError>
}

/** Maps the exit of an attempt to an outcome for the budget. The provider may charge for an interrupted one. */
const outcomeOf = <A>(exit: Exit.Exit<Answer<A>, Failure>): Outcome =>
  Exit.match(exit, {
    onSuccess: ({ model, usage }) => ({ outcome: "answered", model, usage, isCharged: true }),
    onFailure: (cause) => {
      const failure = Option.getOrUndefined(Cause.failureOption(cause))
      return {
        outcome: failure?.error.reason ?? "Interrupted",
        model: null,
        usage: undefined,
        isCharged: failure?.isCharged ?? true
      }
    }
  })

/** Fails with the failure of an attempt that has been made, and attempts it anew from the second run on. */
const failingFirst = <A>(failure: Failure, attempt: Effect.Effect<A, Failure>) => {
  let isFirst = true
  return Effect.suspend(() => {
    if (!isFirst) return attempt
    isFirst = false
    return Effect.fail(failure)
  })
}

/** Makes a client of an endpoint whose address can't be asked: each request fails, and names the setting. */
export const unaddressed = (endpoint: Endpoint, { baseUrl, baseUrlNames }: Preset): Client => ({
  endpoint,
  ask: () =>
    Effect.fail(
      new ModelError({
        reason: "Rejected",
        model: endpoint.model,
        detail: `its address is no URL such as ${baseUrl}; correct baseUrl${
          baseUrlNames.length === 0 ? "" : ` (${baseUrlNames[0]})`
        }`,
        cause: undefined
      })
    )
})

export interface ClientOptions {
  readonly endpoint: Endpoint
  readonly role: Role
  readonly budget: Budget["Type"]
  readonly dialect: Dialect
  readonly preset: Preset
  readonly patience: Patience
  /** The pool of the endpoint's origin. */
  readonly http: HttpPool
  /** Waits for a socket, so that this does not count as the server's time. */
  readonly permit: Permits
}

export const make = (
  { budget, dialect, endpoint, http, patience, permit, preset, role }: ClientOptions
): Client => {
  const { apiKey, baseUrl, model } = endpoint
  const origin = new URL(baseUrl).origin
  const key = Option.match(apiKey, { onNone: () => "", onSome: Redacted.value })
  const base = baseUrl.replace(/\/+$/, "")
  const headers = { "content-type": "application/json", ...(key === "" ? {} : dialect.headers(key)) }

  const failed = (reason: ModelError["reason"], detail: string, cause?: unknown) =>
    new ModelError({ reason, model, detail: `${origin}: ${detail}`, cause })
  const failure = (error: ModelError, isCharged: boolean, isTransient: boolean): Failure => ({
    error,
    isCharged,
    isTransient,
    retryAfter: Option.none()
  })
  /** Makes a failure that is not retried: the provider did the work, or may have, and may charge for each attempt. */
  const unusable = (error: ModelError) => failure(error, true, false)

  const read = <A>(
    { body, headers, status }: HttpResponse,
    exchange: Exchange<A>
  ): Effect.Effect<Answer<A>, Failure> => {
    if (status >= 200 && status < 300) {
      return Either.mapLeft(exchange.read(body), ({ detail, reason }) => unusable(failed(reason, oneLine(detail, key))))
    }
    const message = oneLine(errorMessageIn(body), key)
    const isRetried = isTransient(status, body)
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.fail<Failure>({
        error: failed(
          isRetried ? "Unavailable" : isRejection(status) ? "Rejected" : "Refused",
          `${hintOf(status)} (${status})${message === "" ? "" : `: ${message}`}`
        ),
        isCharged: false,
        isTransient: isRetried,
        retryAfter: retryAfter(headers, body, now)
      }))
  }

  const unanswered = ({ cause, code, reason }: HttpError, timeout: Duration.DurationInput): Failure => {
    switch (reason) {
      case "Unreachable": {
        const advice = tlsAdvice(code)
        if (advice !== undefined) return failure(failed("Unreachable", `${advice} (${code})`, cause), false, false)
        return SENT.has(code)
          ? failure(failed("Unavailable", `its connection broke (${code})`, cause), true, true)
          : failure(failed("Unreachable", `it can't be reached (${code})`, cause), false, true)
      }
      case "BrokenOff":
        return failure(failed("Unavailable", `its answer broke off (${code})`, cause), true, true)
      case "TooLong":
        return unusable(failed("Damaged", `its answer has more than ${MAX_ANSWER} bytes`))
      case "TimedOut":
        return unusable(failed("TimedOut", `no answer within ${Duration.format(timeout)}`))
    }
  }

  const send = <A>(exchange: Exchange<A>, timeout: Duration.DurationInput): Effect.Effect<Answer<A>, Failure> =>
    Effect.matchEffect(
      http({
        url: new URL(`${base}${exchange.path}`),
        headers,
        body: JSON.stringify(exchange.body),
        maxBytes: MAX_ANSWER,
        timeout
      }),
      {
        onFailure: (error) => Effect.fail(unanswered(error, timeout)),
        onSuccess: (response) => read(response, exchange)
      }
    )

  const counted = <A>(
    exchange: Exchange<A>,
    { input, output, timeout = timeoutOf(patience, role) }: Size
  ): Effect.Effect<Answer<A>, Failure> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.matchEffect(budget.begin({ endpoint, role, input, output }), {
        onFailure: (error) => Effect.fail(failure(error, false, false)),
        onSuccess: (end) =>
          Effect.flatMap(Effect.exit(restore(send(exchange, timeout))), (exit) =>
            Effect.zipRight(end(outcomeOf(exit)), exit))
      })
    )

  const attempt = <A>(exchange: Exchange<A>, size: Size) => permit(counted(exchange, size))

  /** Sets up the schedule of retries only after a failure that may pass, so that a call that succeeds does not pay for it. */
  const retried = <A>(attempt: Effect.Effect<A, Failure>) =>
    Effect.catchAll(attempt, (first) =>
      first.isTransient
        ? Retry.retry(failingFirst(first, attempt), { ...patience, firstDelay: "500 millis" })
        : Effect.fail(first.error))

  return {
    endpoint,
    ask: (exchange, size) =>
      preset.needsKey && key === ""
        ? Effect.fail(failed("Rejected", `it needs a key: set ${preset.keyNames[0]}`))
        : UNSENDABLE.test(key)
        ? Effect.fail(
          failed(
            "Rejected",
            `its key has a line break, or what else no header can hold; set ${preset.keyNames[0]} anew`
          )
        )
        : retried(attempt(exchange, size))
  }
}
