/**
 * Sends traces, metrics and logs to an OpenTelemetry collector, by OTLP as JSON over HTTP.
 */
import * as Otlp from "@effect/opentelemetry/Otlp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as HttpPool from "./HttpPool.ts"
import * as Owner from "./Owner.ts"
import type { ResourceLedger } from "./ResourceLedger.ts"

export interface TelemetryOptions {
  /** Base URL of the collector, without `/v1/traces`. */
  readonly endpoint: string
  readonly version: string
  /** The subcommand, or "mcp". */
  readonly command: string
}

/** Bytes of an answer that are read, and the time for it: a collector says little. */
const MAX_BYTES = 64 * 1024
const TIMEOUT = "5 seconds"
/** Time that the end of a program waits for what was not sent yet. */
const ENDS_WITHIN = "1 second"

/** Makes a client that posts through a pool of the owner. */
const makeClient = (endpoint: string) =>
  Effect.map(
    HttpPool.make({ origin: new URL(endpoint).origin, connections: 3 }),
    (post) =>
      HttpClient.make((request, url) => {
        const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
        const headers = { ...request.headers, "content-type": request.body.contentType ?? "application/json" }
        return post({ url, headers, body, maxBytes: MAX_BYTES, timeout: TIMEOUT }).pipe(
          Effect.map(({ body, status }) =>
            HttpClientResponse.fromWeb(request, new Response(status === 204 ? null : body, { status }))
          ),
          Effect.mapError((cause) => new HttpClientError.RequestError({ request, reason: "Transport", cause }))
        )
      })
  )

/** Sends what the layers below it and their users trace, count and log. A collector that is away is left alone for a minute. */
export const layer = (
  { command, endpoint, version }: TelemetryOptions
): Layer.Layer<never, never, ResourceLedger> =>
  Otlp.layerJson({
    baseUrl: endpoint,
    resource: { serviceName: "claude-memory", serviceVersion: version, attributes: { "process.command": command } },
    shutdownTimeout: ENDS_WITHIN
  }).pipe(Layer.provide(Owner.layer(HttpClient.HttpClient, makeClient(endpoint))))
